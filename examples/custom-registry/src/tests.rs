//! The program against mocks, and deployed to an embedded Azure.

use lazuli::testing::{Embedded, Mocks};

use super::topology;

#[tokio::test]
async fn the_registry_is_closed_unless_it_is_being_filled() {
    for (open, access) in [(false, "Disabled"), (true, "Enabled")] {
        let mocks = Mocks::new().folder(env!("CARGO_MANIFEST_DIR"));
        let mocks = mocks.config("open_registry", open);
        let stack = mocks.up(topology).await.unwrap();
        let registry = stack.resource("Microsoft.Web/sites", "secureacrwebregistry2021");
        let found = registry.unwrap().input("properties.publicNetworkAccess");
        assert_eq!(found, Some(access.into()));
        let app = stack
            .resource("Microsoft.Web/sites", "secureacrweb2021")
            .unwrap();
        let host = "secureacrwebregistry2021.azurewebsites.net";
        assert_eq!(
            app.input("properties.siteConfig.linuxFxVersion"),
            Some(format!("DOCKER|{host}/customwebsite:lnx-v1").into())
        );
    }
}

#[tokio::test]
async fn the_page_is_served_after_the_registry_was_filled_and_closed() {
    let azure = Embedded::start(env!("CARGO_MANIFEST_DIR")).await.unwrap();
    let open = azure.clone().config("open_registry", true);
    open.up(topology).await.unwrap();
    azure.up(topology).await.unwrap();
    let page = azure
        .page("https://secureacrweb2021.azurewebsites.net/")
        .await;
    let log = azure.container_log("secureacrweb2021");
    assert!(
        page.text.contains("Hello Linux v1 from custom registry"),
        "{log}"
    );
    let second = azure.clone().config("image_tag", "lnx-v2");
    assert_eq!(second.up(topology).await.unwrap().updated, 1);
    let page = azure
        .page("https://secureacrweb2021.azurewebsites.net/")
        .await;
    let log = azure.container_log("secureacrweb2021");
    assert!(
        page.text.contains("Hello Linux v2 from custom registry"),
        "{log}"
    );
}

#[tokio::test]
async fn what_is_deployed_stays_as_it_is_and_goes() {
    let azure = Embedded::start(env!("CARGO_MANIFEST_DIR")).await.unwrap();
    azure.up(topology).await.unwrap();
    let again = azure.up(topology).await.unwrap();
    assert_eq!((again.created, again.updated), (0, 0));
    azure.destroy(topology).await.unwrap();
    assert!(
        !azure
            .resources()
            .iter()
            .any(|id| id.contains("secureacrsetup"))
    );
}
