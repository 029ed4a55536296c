//! The program against mocks of every resource: the real engine, no server.

use lazuli::testing::{MockedStack, Mocks, principal_of};

use super::topology;

fn mocks() -> Mocks {
    Mocks::new().folder(env!("CARGO_MANIFEST_DIR"))
}

fn image_of(stack: &MockedStack) -> String {
    let app = stack
        .resource("Microsoft.Web/sites", "secureacrweb2021")
        .unwrap();
    let image = app.input("properties.siteConfig.linuxFxVersion").unwrap();
    image.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_app_runs_the_first_version_unless_told_otherwise() {
    let stack = mocks().up(topology).await.unwrap();
    assert_eq!(
        image_of(&stack),
        "DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v1"
    );
    let url = stack.output("url").and_then(|url| url.as_str());
    assert_eq!(url, Some("https://secureacrweb2021.azurewebsites.net"));
    let stack = mocks()
        .config("image_tag", "lnx-v2")
        .up(topology)
        .await
        .unwrap();
    assert!(image_of(&stack).ends_with(":lnx-v2"));
}

#[tokio::test]
async fn the_registry_is_closed_and_the_app_may_pull() {
    let stack = mocks().up(topology).await.unwrap();
    let registry = stack
        .resource("Microsoft.ContainerRegistry/registries", "secureacr2021")
        .unwrap();
    assert_eq!(
        registry.input("properties.publicNetworkAccess"),
        Some("Disabled".into())
    );
    let role = stack
        .resource("Microsoft.Authorization/roleAssignments", "pull")
        .unwrap();
    assert_eq!(
        role.input("properties.principalId"),
        Some(principal_of("secureacrweb2021").into())
    );
}

#[tokio::test]
async fn an_unknown_tag_and_a_refusing_cloud_end_in_errors() {
    let unknown = mocks().config("image_tag", "lnx-v9").up(topology).await;
    assert!(unknown.unwrap_err().to_string().contains("lnx-v9"));
    let refusing = mocks().answering(|resource| match resource.ty.as_str() {
        "Microsoft.Web/sites" => Err("the name is taken".to_owned()),
        _ => Ok(lazuli::core::Value::map()),
    });
    let error = refusing.up(topology).await.unwrap_err();
    assert!(format!("{error:?}").contains("the name is taken"));
}
