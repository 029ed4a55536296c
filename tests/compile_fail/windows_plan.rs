//! An image that is pulled through a network runs on Linux, so the plan must.

use lazuli::prelude::*;
use lazuli_components::{Image, IntegratedWebApp};

fn declare(group: &ResourceGroup, subnet: &IntegrationSubnet, image: &Image) {
    let plan = ServicePlan::builder(group, "plan")
        .os(Os::WindowsContainer)
        .sku(PlanSku::P1V3)
        .build();
    IntegratedWebApp::builder(group, "app")
        .plan(&plan)
        .subnet(subnet)
        .image(image)
        .build();
}

fn main() {}
