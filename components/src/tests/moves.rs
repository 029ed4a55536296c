//! Changes to a stack that serves, deployed: at no moment could the running app not pull.

use lazuli::prelude::*;
use lazuli::testing::Embedded;

use super::fixture::Network;
use crate::*;

const APP: &str = "moving2021";

/// How the app comes to its image.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pull {
    /// Over the internet, with the identity of its own.
    Own,
    /// Over the internet, with an identity that it is given.
    Given(&'static str),
    /// Through an endpoint, with the identity of its own; the registry is closed at last.
    Private,
}

async fn program(stack: Stack, pull: Pull) -> Result<()> {
    let net = Network::of(&stack, "moving");
    let plan = LinuxPlan::builder(&net.group, "plan")
        .sku(LinuxSku::B1)
        .build();
    let app = IntegratedWebApp::builder(&net.group, APP)
        .plan(&plan)
        .subnet(&net.integration);
    if pull == Pull::Private {
        let endpoints = net.endpoints();
        let dns = net.dns();
        let registry = PrivateRegistry::builder(&net.group, "movingacr2021")
            .endpoint_subnet(&endpoints)
            .dns(&dns)
            .lock_later(true)
            .build();
        let site = registry.build_image("site:v1", "v1");
        let app = app.image(&site).build();
        registry.lock_after([&app]);
        return Ok(());
    }
    let registry = PublicRegistry::builder(&net.group, "movingacr2021")
        .sku(RegistrySku::Premium)
        .build();
    let site = registry.build_image("site:v1", "v1");
    match pull {
        Pull::Given(name) => {
            let identity = UserAssignedIdentity::builder(&net.group, name).build();
            app.image(&site.pulled_by(&identity)).build();
        }
        _ => {
            app.image(&site).build();
        }
    }
    Ok(())
}

/// Deploys with one pull and then with the other, and looks at the app after each step of the
/// second: each look pulls anew, and what fails is in the log.
async fn check(from: Pull, to: Pull) {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/private-webapp/source"
    );
    let azure = Embedded::start(folder).await.unwrap();
    azure.up(move |stack| program(stack, from)).await.unwrap();
    let before = azure.container_log(APP);
    assert!(before.contains("Pull Image successful"), "{before}");
    let mut steps = Vec::new();
    let look = |place: &str| {
        let log = azure.container_log(APP);
        let fresh = log.strip_prefix(before.as_str()).unwrap_or(&log);
        steps.push((place.to_owned(), fresh.contains("CAUSE"), fresh.to_owned()));
    };
    azure
        .up_watching(move |stack| program(stack, to), look)
        .await
        .unwrap();
    assert!(steps.len() > 2, "{steps:?}");
    let broken = steps.iter().find(|(_, is_broken, _)| *is_broken);
    assert!(broken.is_none(), "{broken:#?}\nof {steps:?}");
    let page = azure
        .page(&format!("https://{APP}.azurewebsites.net/"))
        .await;
    assert!(page.text.contains("Hello Linux v1"), "{page:?}");
}

#[tokio::test]
async fn an_app_that_moves_to_an_endpoint_pulls_at_every_moment_and_the_lock_comes_last() {
    check(Pull::Own, Pull::Private).await;
}

#[tokio::test]
async fn an_app_that_moves_to_another_identity_pulls_at_every_moment() {
    check(Pull::Given("old"), Pull::Given("new")).await;
}

#[tokio::test]
async fn an_app_that_moves_from_its_own_identity_to_another_pulls_at_every_moment() {
    check(Pull::Own, Pull::Given("new")).await;
}
