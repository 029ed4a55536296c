//! The program against mocks, and deployed to an embedded Azure.

use lazuli::engine::EngineError;
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
async fn without_its_image_the_import_fails_and_the_app_is_not_made() {
    let azure = Embedded::start(env!("CARGO_MANIFEST_DIR")).await.unwrap();
    // The embedded Azure holds no Windows images, and says so: the app waits for its image.
    let Err(EngineError::Steps { failures, summary }) = azure.up(topology).await else {
        panic!("the import has nothing to import")
    };
    let failed: Vec<_> = failures.iter().map(|one| one.urn.name()).collect();
    assert_eq!(failed, ["parkingpage:v1"]);
    assert_eq!(failures[0].code.as_deref(), Some("ManifestUnknown"));
    let missing = "mcr.microsoft.com/azure-app-service/windows/parkingpage:latest was not found";
    assert!(failures[0].message.contains(missing), "{failures:?}");
    assert_eq!(summary.created, 3, "group, registry and plan");
    let ids = azure.resources();
    let is_there = |end: &str| ids.iter().any(|id| id.ends_with(end));
    assert!(is_there("/serverfarms/windowsplan"), "{ids:?}");
    assert!(!is_there("/sites/windowsweb2021"), "{ids:?}");
    azure.destroy(topology).await.unwrap();
}
