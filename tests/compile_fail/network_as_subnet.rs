//! An app is integrated with a subnet, not with a whole network.

use lazuli::prelude::*;
use lazuli_components::{Image, IntegratedWebApp};

fn declare(group: &ResourceGroup, network: &VirtualNetwork, plan: &LinuxPlan, image: &Image) {
    IntegratedWebApp::builder(group, "app")
        .plan(plan)
        .subnet(network)
        .image(image)
        .build();
}

fn main() {}
