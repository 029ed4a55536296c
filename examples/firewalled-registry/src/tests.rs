//! The program against mocks, and deployed to an embedded Azure.

use lazuli::testing::{Embedded, Mocks};

use super::topology;

#[tokio::test]
async fn one_address_is_let_in_and_nobody_else() {
    let mocks = Mocks::new().config("my_ip", "203.0.113.7");
    let stack = mocks.up(topology).await.unwrap();
    let registry = stack
        .resource("Microsoft.ContainerRegistry/registries", "secureacr2021")
        .unwrap();
    for (path, expected) in [
        ("properties.publicNetworkAccess", "Enabled"),
        ("properties.networkRuleSet.defaultAction", "Deny"),
        ("properties.networkRuleSet.ipRules.0.value", "203.0.113.7"),
    ] {
        assert_eq!(registry.input(path), Some(expected.into()), "{path}");
    }
    let without = Mocks::new().up(topology).await.unwrap_err();
    assert!(format!("{without:?}").contains("my_ip"), "{without:?}");
}

#[tokio::test]
async fn the_page_is_served_out_of_an_imported_image() {
    let azure = Embedded::start(env!("CARGO_MANIFEST_DIR")).await.unwrap();
    let azure = azure.config("my_ip", "203.0.113.7");
    azure.up(topology).await.unwrap();
    let page = azure
        .page("https://secureacrweb2021.azurewebsites.net/")
        .await;
    let log = azure.container_log("secureacrweb2021");
    assert_eq!(page.status, 200, "{log}");
    azure.destroy(topology).await.unwrap();
}
