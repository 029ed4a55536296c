//! A Linux web app that pulls its image from a locked-down registry, through the network, without a secret.

use lazuli::prelude::*;
use lazuli_components::{IntegratedWebApp, PrivateDnsLink, PrivateRegistry};

#[tokio::main]
async fn main() -> ExitCode {
    lazuli::run(topology).await
}

async fn topology(stack: Stack) -> Result<()> {
    // 1. Create network infrastructure
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

    // 2. Set up Azure Container Registry
    let registry = PrivateRegistry::builder(&group, "secureacr2021")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .build();
    let versions = [("lnx-v1", "source/v1"), ("lnx-v2", "source/v2")];
    let images = registry.build_images("privatewebsite", versions);
    let site = images.tagged(&stack.config().get_or("image_tag", "lnx-v1")?)?;

    // 3. Create network integrated web app
    let plan = LinuxPlan::builder(&group, "secureacrplan")
        .sku(LinuxSku::P1V3)
        .build();
    let app = IntegratedWebApp::builder(&group, "secureacrweb2021")
        .plan(&plan)
        .subnet(&integration)
        // 4. Pull from private registry
        .image(&site)
        .build();

    stack.export("url", app.url());
    stack.export("login_server", registry.login_server());
    stack.export("image", site.digest());
    Ok(())
}

#[cfg(test)]
mod tests;
