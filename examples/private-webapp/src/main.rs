//! A Linux web app that pulls its image from a locked-down registry, through the network, without a secret.

use std::process::ExitCode;

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
    let v1 = registry.build_image("privatewebsite:lnx-v1", "source/v1");
    let v2 = registry.build_image("privatewebsite:lnx-v2", "source/v2");
    let site = match stack.config().get::<String>("image_tag")?.as_deref() {
        None | Some("lnx-v1") => v1,
        Some("lnx-v2") => v2,
        Some(tag) => {
            let problem = format!("no image is built with the tag `{tag}`");
            return Err(Error::with_help(
                problem,
                "set image_tag to lnx-v1 or lnx-v2",
            ));
        }
    };

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
