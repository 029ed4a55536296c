//! Two apps that share a registry and the identity that pulls from it. The network and its zone are there already: this
//! program refers to them, and never changes them. They may be in another group or subscription.

use lazuli::prelude::*;
use lazuli_components::{IntegratedWebApp, PrivateDnsLink, PrivateRegistry};

#[tokio::main]
async fn main() -> ExitCode {
    lazuli::run(topology).await
}

async fn topology(stack: Stack) -> Result<()> {
    let hub: String = stack.config().require("network")?;
    let network = VirtualNetwork::existing(&stack, VirtualNetworkId::parse(&hub)?);
    let integration = IntegrationSubnet::existing(&network, "apps");
    let endpoints = EndpointSubnet::existing(&network, "endpoints");
    let zone = PrivateDnsZone::existing(&network.group(), "privatelink.azurecr.io");
    let link = VirtualNetworkLink::existing(&zone, "hub");
    let dns = PrivateDnsLink {
        zone,
        link,
        further: Vec::new(),
    };

    let group = ResourceGroup::builder(&stack, "apps")
        .location("westcentralus")
        .build();
    let registry = PrivateRegistry::builder(&group, "sharedacr2021")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .build();
    let identity = UserAssignedIdentity::builder(&group, "puller").build();
    let plan = LinuxPlan::builder(&group, "sharedplan")
        .sku(LinuxSku::P1V3)
        .build();
    for name in ["shop", "office"] {
        let image = registry.build_image(&format!("{name}:v1"), name);
        let app = IntegratedWebApp::builder(&group, &format!("{name}2021"))
            .plan(&plan)
            .subnet(&integration)
            .image(&image.pulled_by(&identity))
            .build();
        stack.export(name, app.url());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
