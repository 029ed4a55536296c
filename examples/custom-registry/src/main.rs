//! A web app that pulls its image from a docker registry of one's own, which App Service hosts behind a private endpoint. A
//! registry elsewhere is `CustomRegistry::at("https://registry.example.com")?`.

use lazuli::prelude::*;
use lazuli_components::{HostedRegistry, IntegratedWebApp, PrivateDnsLink};

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
    let dns = PrivateDnsLink::builder(&network, "websites-zonelink")
        .service(PrivateLink::Sites)
        .build();
    let plan = LinuxPlan::builder(&group, "secureacrplan")
        .sku(LinuxSku::P1V3)
        .build();

    // It is filled while it is open (`--set open_registry=true`), or from inside of the network.
    let open = stack.config().get("open_registry")?.unwrap_or(false);
    let registry = HostedRegistry::builder(&group, "secureacrwebregistry2021")
        .plan(&plan)
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .open(open)
        .build();
    if open {
        registry.push_image("customwebsite:lnx-v1", "image");
        registry.push_image("customwebsite:lnx-v2", "image-v2");
    }
    let tag = stack.config().get_or("image_tag", "lnx-v1")?;
    let app = IntegratedWebApp::builder(&group, "secureacrweb2021")
        .plan(&plan)
        .subnet(&integration)
        .image(&registry.image(&format!("customwebsite:{tag}")))
        .build();

    stack.export("url", app.url());
    stack.export("registry", registry.app.default_host_name());
    Ok(())
}

#[cfg(test)]
mod tests;
