//! Several arguments are missing; all are named at once.

use lazuli::prelude::*;
use lazuli_components::IntegratedWebApp;

fn declare(group: &ResourceGroup, endpoints: &Subnet) {
    PrivateEndpoint::builder(group, "endpoint")
        .subnet(endpoints)
        .build();
    IntegratedWebApp::builder(group, "app").build();
}

fn main() {}
