//! The id of a network is not the id of a subnet.

use lazuli::prelude::*;

fn declare(group: &ResourceGroup, network: &VirtualNetwork, plan: &ServicePlan) {
    WebApp::builder(group, "app")
        .plan(plan)
        .virtual_network_subnet(network)
        .build();
}

fn main() {}
