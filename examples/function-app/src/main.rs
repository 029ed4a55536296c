//! A function app that runs a container out of a locked-down registry, on an Elastic Premium plan. It reaches its storage
//! with an identity: there is no key.

use lazuli::prelude::*;
use lazuli_components::{IntegratedFunctionApp, PrivateDnsLink, PrivateRegistry};

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
    let image = registry.build_image("functions:v1", "source");

    let storage = StorageAccount::builder(&group, "secureacrstore2021")
        .sku(StorageSku::StandardLRS)
        .kind(StorageKind::StorageV2)
        .allow_shared_key_access(false)
        .build();
    let plan = ElasticPlan::builder(&group, "secureacrplan")
        .sku(ElasticSku::EP1)
        .build();
    let app = IntegratedFunctionApp::builder(&group, "secureacrfunc2021")
        .plan(&plan)
        .subnet(&integration)
        .storage(&storage)
        .image(&image)
        .build();

    stack.export("url", app.url());
    Ok(())
}

#[cfg(test)]
mod tests;
