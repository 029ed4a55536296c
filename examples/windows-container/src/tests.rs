//! The program against mocks, and deployed to an embedded Azure.

use lazuli::testing::{Embedded, Mocks};

use super::topology;

#[tokio::test]
async fn the_image_is_imported_and_pulled_over_the_internet() {
    let stack = Mocks::new().up(topology).await.unwrap();
    let import = stack
        .resource("Lazuli.Azure/imageImports", "parkingpage:v1")
        .unwrap();
    for (path, expected) in [
        ("body.source.registryUri", "mcr.microsoft.com"),
        (
            "body.source.sourceImage",
            "azure-app-service/windows/parkingpage:latest",
        ),
        ("body.targetTags.0", "parkingpage:v1"),
    ] {
        assert_eq!(import.input(path), Some(expected.into()), "{path}");
    }
    let app = stack
        .resource("Microsoft.Web/sites", "windowsweb2021")
        .unwrap();
    assert_eq!(
        app.input("properties.siteConfig.windowsFxVersion"),
        Some("DOCKER|windowsacr2021.azurecr.io/parkingpage:v1".into())
    );
    assert_eq!(app.input("properties.outboundVnetRouting"), None);
}

#[tokio::test]
async fn the_plan_and_the_app_are_deployed_as_windows_ones() {
    let azure = Embedded::start(env!("CARGO_MANIFEST_DIR")).await.unwrap();
    let plan = azure.up(topology).await;
    // The embedded Azure holds no Windows images: what it says then is what counts.
    if let Err(error) = plan {
        assert!(format!("{error:?}").contains("parkingpage"), "{error:?}");
    }
    let ids = azure.resources();
    assert!(
        ids.iter()
            .any(|id| id.ends_with("/serverfarms/windowsplan")),
        "{ids:?}"
    );
    azure.destroy(topology).await.unwrap();
}
