//! The article's topology, declared with components: what is registered, under
//! which names, and what waits for what.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::{IntegratedWebApp, PrivateDnsLink, PrivateRegistry};
use lazuli::core::output::Peek;
use lazuli::core::program::{Environment, RegistrationKind, Report, launch};
use lazuli::core::property::Snapshot;
use lazuli::core::value::Reveal;
use lazuli::core::{Property, Value};
use lazuli::prelude::*;

async fn topology(stack: Stack) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "secureacrsetup")
        .location("westcentralus")
        .build();
    let network = VirtualNetwork::builder(&group, "secureacr-vnet")
        .address_space(["10.0.0.0/16"])
        .build();
    let integration = IntegrationSubnet::builder(&network, "vnet-integration-subnet")
        .address_prefix("10.0.0.0/24")
        .build();
    let endpoints = EndpointSubnet::builder(&network, "private-endpoint-subnet")
        .address_prefix("10.0.1.0/24")
        .build();
    let dns = PrivateDnsLink::builder(&network, "acr-zonelink")
        .service(PrivateLink::Registry)
        .build();
    let registry = PrivateRegistry::builder(&group, "secureacr2021")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .build();
    let site = registry.build_image("privatewebsite:lnx-v1", "source/v1");
    let plan = LinuxPlan::builder(&group, "secureacrplan")
        .sku(LinuxSku::P1V3)
        .build();
    let app = IntegratedWebApp::builder(&group, "secureacrweb2021")
        .plan(&plan)
        .subnet(&integration)
        .image(&site)
        .app_settings([("GREETING", "hello")])
        .options(Options::new().protect())
        .build();
    stack.export("url", app.url());
    stack.export("login_server", registry.login_server());
    stack.export("image", site.digest());
    Ok(())
}

/// Runs the topology up to its first rest and looks at it.
fn look(check: impl FnOnce(&Report)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/private-webapp");
    let environment = Environment {
        stack: "dev".into(),
        project: "article".into(),
        target: Arc::new([("subscription".to_owned(), "s1".to_owned())].into()),
        folder,
        ..Environment::default()
    };
    let (mut program, _remote) = launch(environment, topology);
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(report) = program.poll_report(&mut context) else {
        panic!("the program did not come to rest");
    };
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    check(&report);
}

fn inputs<'a>(report: &'a Report, place: &str) -> (&'a Property, Snapshot, Value) {
    let found = report
        .registrations
        .iter()
        .find_map(|registration| match &registration.kind {
            RegistrationKind::Resource { inputs, .. } if registration.urn.address() == place => {
                Some(inputs)
            }
            _ => None,
        });
    let inputs = found.unwrap_or_else(|| panic!("{place} is not declared"));
    let mut snapshot = Snapshot::default();
    let value = inputs.peek(&|_, path| path.to_owned(), &mut snapshot);
    (inputs, snapshot, value)
}

#[test]
fn everything_is_declared_under_what_it_belongs_to() {
    look(|report| {
        let places: Vec<_> = report
            .registrations
            .iter()
            .map(|r| r.urn.address())
            .collect();
        assert_eq!(
            places,
            [
                "secureacrsetup",
                "secureacrsetup/secureacr-vnet",
                "secureacrsetup/secureacr-vnet/vnet-integration-subnet",
                "secureacrsetup/secureacr-vnet/private-endpoint-subnet",
                "secureacrsetup/secureacr-vnet/acr-zonelink",
                "secureacrsetup/secureacr-vnet/acr-zonelink/privatelink.azurecr.io",
                "secureacrsetup/secureacr-vnet/acr-zonelink/privatelink.azurecr.io/acr-zonelink",
                "secureacrsetup/secureacr2021",
                "secureacrsetup/secureacr2021/secureacr2021",
                "secureacrsetup/secureacr2021/secureacr2021-pe",
                "secureacrsetup/secureacr2021/secureacr2021-pe/secureacr2021-zg",
                "secureacrsetup/secureacr2021/secureacr2021/privatewebsite:lnx-v1",
                "secureacrsetup/secureacrplan",
                "secureacrsetup/secureacrweb2021",
                "secureacrsetup/secureacrweb2021/secureacrweb2021",
                "secureacrsetup/secureacrweb2021/pull",
            ]
        );
        // Diagnostics about the inside of a component name the program's line.
        assert!(report.registrations.iter().all(|r| r.at.file() == file!()));
    });
}

#[test]
fn the_app_says_how_it_pulls_and_waits_for_the_path() {
    look(|report| {
        let place = "secureacrsetup/secureacrweb2021/secureacrweb2021";
        let (_, snapshot, value) = inputs(report, place);
        assert!(snapshot.failure.is_none(), "{:?}", snapshot.failure);
        let group = "/subscriptions/s1/resourceGroups/secureacrsetup/providers";
        let expected = [
            ("kind", Value::from("app,linux,container")),
            ("location", Value::from("westcentralus")),
            ("identity.type", Value::from("SystemAssigned")),
            ("properties.httpsOnly", Value::from(true)),
            (
                "properties.outboundVnetRouting.imagePullTraffic",
                Value::from(true),
            ),
            (
                "properties.siteConfig.acrUseManagedIdentityCreds",
                Value::from(true),
            ),
            (
                "properties.siteConfig.appSettings.0.name",
                Value::from("GREETING"),
            ),
            (
                "properties.siteConfig.linuxFxVersion",
                Value::from("DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v1"),
            ),
            (
                "properties.serverFarmId",
                Value::from(format!("{group}/Microsoft.Web/serverfarms/secureacrplan")),
            ),
            (
                "properties.virtualNetworkSubnetId",
                Value::from(format!(
                    "{group}/Microsoft.Network/virtualNetworks/secureacr-vnet/subnets/vnet-integration-subnet"
                )),
            ),
        ];
        for (path, expected) in expected {
            assert_eq!(value.at(path), Some(&expected), "{path}");
        }
        let by_place: BTreeMap<_, _> = report
            .registrations
            .iter()
            .map(|r| (r.urn.name(), r))
            .collect();
        let app = by_place["secureacrweb2021"];
        for needed in ["acr-zonelink", "secureacr2021-zg", "privatewebsite:lnx-v1"] {
            let index = by_place[needed].index;
            assert!(app.options.depends_on.contains(&index), "{needed}");
        }
        assert_eq!(
            app.options.protect,
            Some(true),
            "options reach what is inside"
        );
    });
}

#[test]
fn the_registry_is_closed_from_the_start_and_its_own_tasks_may_build() {
    look(|report| {
        let (_, _, value) = inputs(report, "secureacrsetup/secureacr2021/secureacr2021");
        let expected = r#"{"location":"westcentralus","properties":{"networkRuleBypassAllowedForTasks":true,"publicNetworkAccess":"Disabled"},"sku":{"name":"Premium"}}"#;
        assert_eq!(value.to_json(Reveal::No).to_string(), expected);
        let build = "secureacrsetup/secureacr2021/secureacr2021/privatewebsite:lnx-v1";
        let (_, snapshot, value) = inputs(report, build);
        assert!(snapshot.failure.is_none(), "{:?}", snapshot.failure);
        let digest = value.at("contextDigest").and_then(Value::as_str);
        assert_eq!(digest.map(str::len), Some(64));
    });
}

#[test]
fn addresses_are_known_before_anything_is_deployed() {
    look(|report| {
        let exports: Vec<_> = report
            .exports
            .iter()
            .map(|export| match export.value.peek() {
                Peek::Known(value) => (export.name.as_str(), value.to_string()),
                Peek::Failed(error) => (export.name.as_str(), error.to_string()),
                Peek::Pending => (export.name.as_str(), "pending".to_owned()),
            })
            .collect();
        assert_eq!(
            exports,
            [
                (
                    "url",
                    "https://secureacrweb2021.azurewebsites.net".to_owned()
                ),
                ("login_server", "secureacr2021.azurecr.io".to_owned()),
                ("image", "pending".to_owned()),
            ]
        );
    });
}
