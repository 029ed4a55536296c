//! The program against mocks, and deployed to an embedded Azure.

use lazuli::testing::{Embedded, Mocks, client_of, principal_of};

use super::topology;

#[tokio::test]
async fn the_identity_has_its_role_and_the_app_uses_it() {
    let mocks = Mocks::new().folder(env!("CARGO_MANIFEST_DIR"));
    let stack = mocks.up(topology).await.unwrap();
    let app = stack
        .resource("Microsoft.Web/sites", "secureacrweb2021")
        .unwrap();
    let client = app.input("properties.siteConfig.acrUserManagedIdentityID");
    assert_eq!(client, Some(client_of("secureacr-identity").into()));
    let ty = "Microsoft.Authorization/roleAssignments";
    let role = stack.resource(ty, "pull-secureacr-identity").unwrap();
    let principal = role.input("properties.principalId");
    assert_eq!(principal, Some(principal_of("secureacr-identity").into()));
}

#[tokio::test]
async fn the_page_is_served_out_of_the_closed_registry() {
    let azure = Embedded::start(env!("CARGO_MANIFEST_DIR")).await.unwrap();
    azure.up(topology).await.unwrap();
    let page = azure
        .page("https://secureacrweb2021.azurewebsites.net/")
        .await;
    let log = azure.container_log("secureacrweb2021");
    assert!(page.text.contains("user-assigned identity"), "{log}");
    assert_eq!(azure.up(topology).await.unwrap().updated, 0);
    azure.destroy(topology).await.unwrap();
    assert!(
        !azure
            .resources()
            .iter()
            .any(|id| id.contains("secureacrsetup"))
    );
}
