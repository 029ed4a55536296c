//! A plain subnet is not delegated to App Service.

use lazuli::prelude::*;
use lazuli_components::{Image, IntegratedWebApp};

fn declare(group: &ResourceGroup, subnet: &Subnet, plan: &LinuxPlan, image: &Image) {
    IntegratedWebApp::builder(group, "app")
        .plan(plan)
        .subnet(subnet)
        .image(image)
        .build();
}

fn main() {}
