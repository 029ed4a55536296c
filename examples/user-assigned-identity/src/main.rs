//! A web app that pulls its image with a user-assigned identity, which has its role before the app exists and can serve
//! further apps.

use lazuli::prelude::*;
use lazuli_components::{IntegratedWebApp, PrivateDnsLink, PrivateRegistry};

#[tokio::main]
async fn main() -> ExitCode {
    lazuli::run(topology).await
}

async fn topology(stack: Stack) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "secureacrsetup")
        .location("westcentralus")
        .build();
    let network = VirtualNetwork::builder(&group, "secureacr-vnet")
        .address_space(["10.0.0.0/16"])
        .build();
    let integration = IntegrationSubnet::builder(&network, "vnet-integration-subnet")
        .address_prefix("10.0.0.0/24")
        .build();
    let endpoints = EndpointSubnet::builder(&network, "private-endpoint-subnet")
        .address_prefix("10.0.1.0/24")
        .build();
    let dns = PrivateDnsLink::builder(&network, "acr-zonelink")
        .service(PrivateLink::Registry)
        .build();
    let registry = PrivateRegistry::builder(&group, "secureacr2021")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .build();
    let site = registry.build_image("privatewebsite:lnx-v1", "source");

    let identity = UserAssignedIdentity::builder(&group, "secureacr-identity").build();
    let plan = LinuxPlan::builder(&group, "secureacrplan")
        .sku(LinuxSku::P1V3)
        .build();
    let app = IntegratedWebApp::builder(&group, "secureacrweb2021")
        .plan(&plan)
        .subnet(&integration)
        .image(&site.pulled_by(&identity))
        .build();

    stack.export("url", app.url());
    Ok(())
}

#[cfg(test)]
mod tests;
