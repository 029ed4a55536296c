//! The program against mocks, and deployed to an embedded Azure.

use lazuli::testing::{Embedded, Mocks, principal_of};

use super::topology;

#[tokio::test]
async fn the_host_owns_its_blobs_and_the_app_may_pull() {
    let mocks = Mocks::new().folder(env!("CARGO_MANIFEST_DIR"));
    let stack = mocks.up(topology).await.unwrap();
    for (role, identity) in [
        ("host", "secureacrfunc2021-host"),
        ("pull", "secureacrfunc2021"),
    ] {
        let ty = "Microsoft.Authorization/roleAssignments";
        let assignment = stack.resource(ty, role).unwrap();
        let principal = assignment.input("properties.principalId");
        assert_eq!(principal, Some(principal_of(identity).into()), "{role}");
    }
    let plan = stack
        .resource("Microsoft.Web/serverfarms", "secureacrplan")
        .unwrap();
    assert_eq!(plan.input("sku.name"), Some("EP1".into()));
}

#[tokio::test]
async fn what_is_deployed_stays_as_it_is_and_goes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let azure = Embedded::start(folder).await.unwrap();
    azure.up(topology).await.unwrap();
    // The embedded Azure runs no functions. It pulls the app's image over the network, and serves the files of the stand-in.
    let page = azure
        .page("https://secureacrfunc2021.azurewebsites.net/")
        .await;
    let log = azure.container_log("secureacrfunc2021");
    assert!(log.contains("from VNET"), "{log}");
    assert!(page.text.contains(r#""version": "2.0""#), "{log}");
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
