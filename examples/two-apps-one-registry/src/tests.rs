//! The program against mocks, and deployed beside a network of somebody else's to an embedded Azure.

use lazuli::prelude::*;
use lazuli::testing::{Embedded, Mocks};
use lazuli_components::PrivateDnsLink;

use super::topology;

/// The other program, which keeps the network.
async fn network(stack: Stack) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "hub")
        .location("westcentralus")
        .build();
    let network = VirtualNetwork::builder(&group, "hub-net")
        .address_space(["10.0.0.0/16"])
        .build();
    IntegrationSubnet::builder(&network, "apps")
        .address_prefix("10.0.0.0/24")
        .build();
    EndpointSubnet::builder(&network, "endpoints")
        .address_prefix("10.0.1.0/24")
        .build();
    PrivateDnsLink::builder(&network, "hub")
        .service(PrivateLink::Registry)
        .build();
    stack.export("network", network.id());
    Ok(())
}

#[tokio::test]
async fn nothing_of_the_network_is_declared_but_referred_to() {
    let id = "/subscriptions/another/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub-net";
    let mocks = Mocks::new().folder(env!("CARGO_MANIFEST_DIR"));
    let stack = mocks.config("network", id).up(topology).await.unwrap();
    let is_foreign =
        |one: &&lazuli::testing::MockResource| one.id.contains("/subscriptions/another/");
    assert_eq!(stack.resources.iter().find(is_foreign), None);
    let network = stack.existing.iter().find(|one| one.id == id);
    assert!(network.is_some(), "{:?}", stack.existing);
    assert!(stack.existing.iter().all(|one| is_foreign(&one)));
    let app = stack.resource("Microsoft.Web/sites", "office2021").unwrap();
    let subnet = app.input("properties.virtualNetworkSubnetId");
    assert_eq!(subnet, Some(format!("{id}/subnets/apps").into()));
}

#[tokio::test]
async fn both_pages_are_served_and_the_network_outlives_them() {
    let azure = Embedded::start(env!("CARGO_MANIFEST_DIR")).await.unwrap();
    let hub = azure.beside("hub");
    hub.up(network).await.unwrap();
    let id = hub.output("network").unwrap().unwrap();
    let azure = azure.config("network", id);
    azure.up(topology).await.unwrap();
    for name in ["shop", "office"] {
        let page = azure
            .page(&format!("https://{name}2021.azurewebsites.net/"))
            .await;
        let log = azure.container_log(&format!("{name}2021"));
        assert!(
            page.text.contains(&format!("Hello from the {name}")),
            "{log}"
        );
    }
    azure.destroy(topology).await.unwrap();
    let left = azure.resources();
    assert!(
        left.iter()
            .any(|id| id.ends_with("/virtualNetworks/hub-net")),
        "{left:?}"
    );
    hub.destroy(network).await.unwrap();
}
