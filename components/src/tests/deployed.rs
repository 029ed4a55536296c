//! Deployed to an embedded Azure: what only a whole round shows.

use lazuli::prelude::*;
use lazuli::testing::Embedded;

use crate::*;

/// An app whose image is pushed from this machine.
async fn pushed(stack: Stack) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "pushed")
        .location("westeurope")
        .build();
    let network = VirtualNetwork::builder(&group, "net")
        .address_space(["10.0.0.0/16"])
        .build();
    let integration = IntegrationSubnet::builder(&network, "apps")
        .address_prefix("10.0.0.0/24")
        .build();
    let registry = PublicRegistry::builder(&group, "pushedacr2021").build();
    let site = registry.push_image("team/site:v1", "image");
    let plan = LinuxPlan::builder(&group, "plan").sku(LinuxSku::B1).build();
    let app = IntegratedWebApp::builder(&group, "pushed2021")
        .plan(&plan)
        .subnet(&integration)
        .image(&site)
        .build();
    stack.export("url", app.url());
    Ok(())
}

#[tokio::test]
async fn an_image_out_of_a_folder_is_pushed_and_served() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/custom-registry");
    let azure = Embedded::start(folder).await.unwrap();
    azure.up(pushed).await.unwrap();
    let page = azure.page("https://pushed2021.azurewebsites.net/").await;
    let log = azure.container_log("pushed2021");
    assert!(
        page.text.contains("Hello Linux v1 from custom registry"),
        "{log}"
    );
    let again = azure.up(pushed).await.unwrap();
    assert_eq!((again.created, again.updated), (0, 0));
}

/// An app whose site is written with a version of the API.
async fn switched(stack: Stack, version: Option<&'static str>) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "switched")
        .location("westeurope")
        .build();
    let network = VirtualNetwork::builder(&group, "net")
        .address_space(["10.0.0.0/16"])
        .build();
    let integration = IntegrationSubnet::builder(&network, "apps")
        .address_prefix("10.0.0.0/24")
        .build();
    let endpoints = EndpointSubnet::builder(&network, "endpoints")
        .address_prefix("10.0.1.0/24")
        .build();
    let dns = PrivateDnsLink::builder(&network, "dns")
        .service(PrivateLink::Registry)
        .build();
    let registry = PrivateRegistry::builder(&group, "switchedacr2021")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .build();
    let site = registry.build_image("site:v1", "v1");
    let plan = LinuxPlan::builder(&group, "plan").sku(LinuxSku::B1).build();
    let app = IntegratedWebApp::builder(&group, "switched2021")
        .plan(&plan)
        .subnet(&integration)
        .image(&site);
    match version {
        Some(version) => app.api_version(version).build(),
        None => app.build(),
    };
    Ok(())
}

#[tokio::test]
async fn each_generation_of_the_switch_pulls_out_of_the_closed_registry() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/private-webapp/source"
    );
    for version in [None, Some("2024-04-01"), Some("2021-02-01")] {
        let azure = Embedded::start(folder).await.unwrap();
        let program = move |stack| switched(stack, version);
        azure.up(program).await.unwrap();
        let page = azure.page("https://switched2021.azurewebsites.net/").await;
        let log = azure.container_log("switched2021");
        assert_eq!(page.status, 200, "{version:?}: {log}");
        assert!(log.contains("from VNET"), "{version:?}: {log}");
    }
}
