//! Deployed to an embedded Azure: what only a whole round shows.

use lazuli::prelude::*;
use lazuli::testing::Embedded;

use super::fixture::Network;
use crate::*;

/// An app whose image is pushed from this machine.
async fn pushed(stack: Stack) -> Result<()> {
    let net = Network::of(&stack, "pushed");
    let registry = PublicRegistry::builder(&net.group, "pushedacr2021").build();
    let site = registry.push_image("team/site:v1", "image");
    let plan = LinuxPlan::builder(&net.group, "plan")
        .sku(LinuxSku::B1)
        .build();
    let app = IntegratedWebApp::builder(&net.group, "pushed2021")
        .plan(&plan)
        .subnet(&net.integration)
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
    let net = Network::of(&stack, "switched");
    let endpoints = net.endpoints();
    let dns = net.dns();
    let registry = PrivateRegistry::builder(&net.group, "switchedacr2021")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .build();
    let site = registry.build_image("site:v1", "v1");
    let plan = LinuxPlan::builder(&net.group, "plan")
        .sku(LinuxSku::B1)
        .build();
    let app = IntegratedWebApp::builder(&net.group, "switched2021")
        .plan(&plan)
        .subnet(&net.integration)
        .image(&site);
    match version {
        Some(version) => app.api_version(version).build(),
        None => app.build(),
    };
    Ok(())
}

#[tokio::test]
async fn each_generation_of_the_switch_pulls_out_of_the_closed_registry() {
    for version in [None, Some("2024-04-01"), Some("2021-02-01")] {
        let azure = Embedded::start(ARTICLE).await.unwrap();
        let program = move |stack| switched(stack, version);
        azure.up(program).await.unwrap();
        let page = azure.page("https://switched2021.azurewebsites.net/").await;
        let log = azure.container_log("switched2021");
        assert_eq!(page.status, 200, "{version:?}: {log}");
        assert!(log.contains("from VNET"), "{version:?}: {log}");
    }
}

/// A closed registry that lets no shared builds in, filled from inside of its network.
async fn pooled(stack: Stack, later: bool) -> Result<()> {
    let net = Network::of(&stack, "pooled");
    let endpoints = net.endpoints();
    let builders = Subnet::builder(&net.network, "builders")
        .address_prefix("10.0.2.0/24")
        .build();
    let dns = net.dns();
    let registry = PrivateRegistry::builder(&net.group, "pooledacr2021")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .task_bypass(false)
        .build();
    if later {
        let pool = AgentPool::builder(&registry.registry, "builders")
            .count(1)
            .subnet(&builders)
            .build();
        let site = registry.build_image_on(&pool, "site:v1", "v1");
        let plan = LinuxPlan::builder(&net.group, "plan")
            .sku(LinuxSku::B1)
            .build();
        IntegratedWebApp::builder(&net.group, "pooled2021")
            .plan(&plan)
            .subnet(&net.integration)
            .image(&site)
            .build();
    }
    Ok(())
}

#[tokio::test]
async fn an_agent_pool_builds_after_the_lock_down_and_the_page_is_served() {
    let azure = Embedded::start(ARTICLE).await.unwrap();
    azure.up(|stack| pooled(stack, false)).await.unwrap();
    azure.up(|stack| pooled(stack, true)).await.unwrap();
    let page = azure.page("https://pooled2021.azurewebsites.net/").await;
    let log = azure.container_log("pooled2021");
    assert!(page.text.contains("Hello Linux v1"), "{log}");
    let again = azure.up(|stack| pooled(stack, true)).await.unwrap();
    assert_eq!((again.created, again.updated), (0, 0));
}

/// The folder of the article's two pages.
const ARTICLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/private-webapp/source"
);

/// An app, and a slot with the next version.
async fn slotted(stack: Stack) -> Result<()> {
    let net = Network::of(&stack, "slotted");
    let endpoints = net.endpoints();
    let dns = net.dns();
    let registry = PrivateRegistry::builder(&net.group, "slottedacr2021")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .build();
    let images = registry.build_images("site", [("v1", "v1"), ("v2", "v2")]);
    let plan = LinuxPlan::builder(&net.group, "plan")
        .sku(LinuxSku::S1)
        .build();
    let app = IntegratedWebApp::builder(&net.group, "slotted2021")
        .plan(&plan)
        .subnet(&net.integration)
        .image(&images.tagged("v1")?)
        .build();
    let slot = app.slot("staging", &images.tagged("v2")?);
    if let Some(release) = stack.config().get::<String>("release")? {
        slot.swap(release);
    }
    stack.export("staging", slot.url());
    Ok(())
}

#[tokio::test]
async fn a_swap_brings_the_slots_page_into_production_and_the_old_one_out() {
    let azure = Embedded::start(ARTICLE).await.unwrap();
    azure.up(slotted).await.unwrap();
    let staging = azure.output("staging").unwrap().unwrap();
    let staging = staging.as_str().unwrap().to_owned();
    let production = "https://slotted2021.azurewebsites.net/";
    let pages = async || {
        let first = azure.page(production).await.text;
        let second = azure.page(&staging).await.text;
        let version =
            |page: &str| ["v1", "v2"].map(|version| page.contains(&format!("Linux {version}")));
        (version(&first), version(&second))
    };
    let (first, second) = ([true, false], [false, true]);
    let log = || azure.container_log("slotted2021");
    assert_eq!(pages().await, (first, second), "{}", log());
    let release = azure.clone().config("release", "v2");
    release.up(slotted).await.unwrap();
    assert_eq!(pages().await, (second, first), "{}", log());
    let again = release.up(slotted).await.unwrap();
    assert_eq!(
        (again.created, again.updated),
        (0, 0),
        "the swap causes no drift"
    );
    assert_eq!(pages().await, (second, first), "{}", log());
}

/// A Windows container out of a registry that is open to the internet.
async fn windows(stack: Stack) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "windows")
        .location("westeurope")
        .build();
    let registry = PublicRegistry::builder(&group, "windowsacr2021").build();
    let site = registry.push_image("site:v1", "image");
    let plan = WindowsContainerPlan::builder(&group, "plan")
        .sku(WindowsContainerSku::P1V3)
        .build();
    WindowsWebApp::builder(&group, "windows2021")
        .plan(&plan)
        .image(&site)
        .build();
    Ok(())
}

/// The embedded Azure runs no Windows program, but reports that the image is pulled
/// over the internet and with the app's identity.
#[tokio::test]
async fn a_windows_containers_image_is_pulled_from_the_internet() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/windows-container/tests"
    );
    let azure = Embedded::start(folder).await.unwrap();
    azure.up(windows).await.unwrap();
    let log = azure.container_log("windows2021");
    assert!(log.contains("Pull Image successful"), "{log}");
    assert!(!log.contains("from VNET"), "{log}");
    let page = azure.page("https://windows2021.azurewebsites.net/").await;
    assert_ne!(page.status, 200, "nobody pretends that it runs");
    let again = azure.up(windows).await.unwrap();
    assert_eq!((again.created, again.updated), (0, 0));
}
