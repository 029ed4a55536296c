//! A registry that apps reach through the network, and people from a few addresses: those of the config value `my_ip`. Its
//! image is imported, which works whatever the firewall says.

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
    let my_ip: String = stack.config().require("my_ip")?;
    let registry = PrivateRegistry::builder(&group, "secureacr2021")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .allow([my_ip.as_str()])
        .build();
    let source = ImageSource::public("mcr.microsoft.com/appsvc/staticsite:latest")?;
    let site = registry.import_image("staticsite:v1", source);

    let plan = LinuxPlan::builder(&group, "secureacrplan")
        .sku(LinuxSku::P1V3)
        .build();
    let app = IntegratedWebApp::builder(&group, "secureacrweb2021")
        .plan(&plan)
        .subnet(&integration)
        .image(&site)
        .build();

    stack.export("url", app.url());
    stack.export("login_server", registry.login_server());
    Ok(())
}

#[cfg(test)]
mod tests;
