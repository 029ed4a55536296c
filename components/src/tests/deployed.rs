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
