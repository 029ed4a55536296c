//! In which order things are done: what a plan's edges say.

use std::collections::BTreeSet;

use lazuli::engine::{Plan, Step};
use lazuli::prelude::*;
use lazuli::testing::Mocks;

use super::fixture::Network;
use crate::*;

/// What a program of this file may vary.
#[derive(Clone, Copy, Default)]
struct Variant {
    /// The identity that pulls.
    identity: Option<&'static str>,
    /// The registry is reached through its endpoint, and locked at last.
    private: bool,
}

fn program(stack: &Stack, variant: Variant) -> Result<()> {
    let net = Network::of(stack, "shop");
    let plan = LinuxPlan::builder(&net.group, "plan")
        .sku(LinuxSku::B1)
        .build();
    let app = IntegratedWebApp::builder(&net.group, "app")
        .plan(&plan)
        .subnet(&net.integration);
    if variant.private {
        let endpoints = net.endpoints();
        let dns = net.dns();
        let registry = PrivateRegistry::builder(&net.group, "theacr")
            .endpoint_subnet(&endpoints)
            .dns(&dns)
            .lock_later(true)
            .build();
        let site = registry.build_image("site:v1", "v1");
        let next = registry.build_image("site:v2", "v2");
        let app = app.image(&site).build();
        registry.lock_after([&app, &next]);
    } else {
        let registry = PublicRegistry::builder(&net.group, "theacr")
            .sku(RegistrySku::Premium)
            .build();
        let image = registry.image("site:v1");
        match variant.identity {
            Some(name) => {
                let identity = UserAssignedIdentity::builder(&net.group, name).build();
                app.image(&image.pulled_by(&identity)).build();
            }
            None => {
                app.image(&image).build();
            }
        }
    }
    Ok(())
}

fn mocks() -> Mocks {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/private-webapp/source"
    );
    Mocks::new().folder(folder)
}

/// The plan that leads from one variant to another.
async fn between(from: Option<Variant>, to: Variant) -> Plan {
    let mut mocks = mocks();
    if let Some(from) = from {
        let before = mocks
            .up(move |stack: Stack| async move { program(&stack, from) })
            .await
            .unwrap();
        mocks = mocks.after(&before);
    }
    mocks
        .preview(move |stack: Stack| async move { program(&stack, to) })
        .await
        .unwrap()
}

/// The position of the step on a resource of that name.
fn step(plan: &Plan, name: &str, which: impl Fn(&Step) -> bool) -> usize {
    let found = plan
        .steps
        .iter()
        .position(|step| step.urn.name() == name && which(step));
    let steps: Vec<_> = plan.steps.iter().map(|s| (s.op, s.urn.address())).collect();
    found.unwrap_or_else(|| panic!("no such step on {name}: {steps:?}"))
}

/// Whether a step waits for another, directly or not.
fn waits(plan: &Plan, step: usize, target: usize) -> bool {
    let (mut open, mut seen) = (vec![step], BTreeSet::new());
    while let Some(at) = open.pop() {
        if at == target {
            return true;
        }
        if seen.insert(at) {
            open.extend(&plan.steps[at].after);
        }
    }
    false
}

fn any(_: &Step) -> bool {
    true
}

#[tokio::test]
async fn another_identity_has_its_role_before_the_app_moves_and_the_old_role_goes_after() {
    let variant = |identity| Variant {
        identity: Some(identity),
        private: false,
    };
    let plan = between(Some(variant("old")), variant("new")).await;
    let app = step(&plan, "app", |step| step.urn.ty() == "Microsoft.Web/sites");
    assert!(waits(&plan, app, step(&plan, "pull-new", any)));
    let removed = step(&plan, "pull-old", |step| step.op.is_delete());
    assert!(
        waits(&plan, removed, app),
        "the old role stays until the app has moved"
    );
    let identity = step(&plan, "old", |step| step.op.is_delete());
    assert!(waits(&plan, identity, removed));
}

#[tokio::test]
async fn the_role_of_an_apps_own_identity_stays_until_the_app_has_moved_to_another() {
    let own = Variant::default();
    let given = Variant {
        identity: Some("new"),
        private: false,
    };
    let plan = between(Some(own), given).await;
    let app = step(&plan, "app", |step| step.urn.ty() == "Microsoft.Web/sites");
    let removed = step(&plan, "pull", |step| step.op.is_delete());
    assert!(waits(&plan, removed, app));
    assert!(waits(&plan, app, step(&plan, "pull-new", any)));
}

#[tokio::test]
async fn a_registry_in_use_is_locked_after_everything_that_pulls_knows_the_private_way() {
    let private = Variant {
        identity: None,
        private: true,
    };
    for from in [None, Some(Variant::default())] {
        let plan = between(from, private).await;
        let lock = step(&plan, "lock", any);
        for before in ["app", "theacr-pe", "theacr-zg", "dns", "site:v2"] {
            assert!(waits(&plan, lock, step(&plan, before, any)), "{before}");
        }
        let is_closed = |step: &&Step| {
            let access = step.inputs.at("properties.publicNetworkAccess");
            access.and_then(|access| access.as_str()) == Some("Disabled")
        };
        assert_eq!(plan.steps.iter().filter(is_closed).count(), 0);
    }
}

#[tokio::test]
async fn an_app_starts_when_endpoint_names_and_image_are_there() {
    let private = Variant {
        identity: None,
        private: true,
    };
    let plan = between(None, private).await;
    let app = step(&plan, "app", |step| step.urn.ty() == "Microsoft.Web/sites");
    for before in ["theacr-pe", "theacr-zg", "dns", "apps", "plan", "site:v1"] {
        assert!(waits(&plan, app, step(&plan, before, any)), "{before}");
    }
    let role = step(&plan, "pull", any);
    assert!(waits(&plan, role, app), "its identity comes with it");
}
