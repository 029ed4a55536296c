//! Several networks, deployed: peered ones, zones with several links, own DNS
//! servers.

use lazuli::prelude::*;
use lazuli::testing::Embedded;

use crate::*;

/// What a program of this file varies.
#[derive(Clone, Copy)]
struct Variant {
    /// Which networks the zone of the registry is linked to.
    linked_to_spoke: bool,
    /// The DNS server that the app's network names.
    server: Option<&'static str>,
}

/// A registry with its endpoint in a hub, and an app in a network that is peered with it.
async fn hub_and_spoke(stack: Stack, variant: Variant) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "peered")
        .location("westeurope")
        .build();
    let hub = VirtualNetwork::builder(&group, "hub")
        .address_space(["10.0.0.0/16"])
        .build();
    let mut spoke = VirtualNetwork::builder(&group, "spoke").address_space(["10.1.0.0/16"]);
    if let Some(server) = variant.server {
        spoke = spoke.dns_servers([server]);
    }
    let spoke = spoke.build();
    let there = VirtualNetworkPeering::builder(&spoke, "to-hub")
        .remote(&hub)
        .build();
    let back = VirtualNetworkPeering::builder(&hub, "to-spoke")
        .remote(&spoke)
        .options(Options::new().depends_on(&there))
        .build();
    let endpoints = EndpointSubnet::builder(&hub, "endpoints")
        .address_prefix("10.0.1.0/24")
        .build();
    let integration = IntegrationSubnet::builder(&spoke, "apps")
        .address_prefix("10.1.0.0/24")
        .build();
    let dns = PrivateDnsLink::builder(&hub, "dns").service(PrivateLink::Registry);
    let dns = if variant.linked_to_spoke {
        dns.also([&spoke]).build()
    } else {
        dns.build()
    };
    let registry = PrivateRegistry::builder(&group, "peeredacr2021")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .build();
    let site = registry.build_image("site:v1", "v1");
    let plan = LinuxPlan::builder(&group, "plan").sku(LinuxSku::B1).build();
    IntegratedWebApp::builder(&group, "peered2021")
        .plan(&plan)
        .subnet(&integration)
        .image(&site)
        .options(Options::new().depends_on(&back))
        .build();
    Ok(())
}

async fn served(variant: Variant) -> (bool, String) {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/private-webapp/source"
    );
    let azure = Embedded::start(folder).await.unwrap();
    azure
        .up(move |stack| hub_and_spoke(stack, variant))
        .await
        .unwrap();
    let page = azure.page("https://peered2021.azurewebsites.net/").await;
    let log = azure.container_log("peered2021");
    (page.text.contains("Hello Linux v1"), log)
}

#[tokio::test]
async fn an_app_pulls_through_a_peering_where_the_zone_is_linked_to_both_networks() {
    let variant = Variant {
        linked_to_spoke: true,
        server: None,
    };
    let (is_served, log) = served(variant).await;
    assert!(is_served, "{log}");
    assert!(log.contains("from VNET"), "{log}");
}

/// A forwarder in the hub sees the zone that the hub is linked to.
#[tokio::test]
async fn a_dns_server_in_the_hub_answers_for_the_zone_that_is_linked_there() {
    let variant = Variant {
        linked_to_spoke: false,
        server: Some("10.0.9.4"),
    };
    let (is_served, log) = served(variant).await;
    assert!(is_served, "{log}");
    let unknown = Variant {
        server: Some("203.0.113.53"),
        ..variant
    };
    let (is_served, log) = served(unknown).await;
    assert!(!is_served, "{log}");
    assert!(log.contains("DNS server 203.0.113.53"), "{log}");
}
