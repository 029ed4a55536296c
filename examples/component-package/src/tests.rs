//! The component in a program: what it declares, that it works, and that two of them do not get into each other's way.

use lazuli::prelude::*;
use lazuli::testing::{Embedded, Mocks};

use super::StaticSite;

async fn two_sites(stack: Stack) -> Result<()> {
    for name in ["contosoblue", "contosogreen"] {
        let group = ResourceGroup::builder(&stack, &format!("{name}-group"))
            .location("westeurope")
            .build();
        let site = StaticSite::builder(&group, name).folder("site").build();
        stack.export(name, site.url());
    }
    Ok(())
}

fn folder() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests")
}

#[tokio::test]
async fn each_site_has_its_own_of_everything() {
    let mocks = Mocks::new().folder(folder());
    let stack = mocks.up(two_sites).await.unwrap();
    let ids: std::collections::BTreeSet<_> = stack.resources.iter().map(|r| &r.id).collect();
    assert_eq!(ids.len(), stack.resources.len());
    let apps = stack
        .resources
        .iter()
        .filter(|r| r.ty == "Microsoft.Web/sites");
    assert_eq!(apps.count(), 2);
}

#[tokio::test]
async fn the_folder_is_served() {
    let azure = Embedded::start(folder()).await.unwrap();
    azure.up(two_sites).await.unwrap();
    for name in ["contosoblue", "contosogreen"] {
        let page = azure
            .page(&format!("https://{name}.azurewebsites.net/"))
            .await;
        assert!(
            page.text.contains("Hello from a component"),
            "{}",
            azure.container_log(name)
        );
    }
    azure.destroy(two_sites).await.unwrap();
}
