//! What builders register: ids and inputs, before anything is deployed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use lazuli_core::output::Peek;
use lazuli_core::program::{Environment, Program, Registration, RegistrationKind, Report, launch};
use lazuli_core::property::Snapshot;
use lazuli_core::value::Reveal;
use lazuli_core::{Component, Options, Result, Stack};
use serde_json::{Value as Json, json};

use crate::*;

mod kinds;
mod tables;

const G: &str = "/subscriptions/s1/resourceGroups/shop";

fn environment(target: &[(&str, &str)], folder: &Path) -> Environment {
    let facts = target
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Environment {
        stack: "dev".into(),
        project: "shop".into(),
        target: Arc::new(facts.collect()),
        folder: folder.to_owned(),
        ..Environment::default()
    }
}

/// A report, and the program that its outputs wait in.
struct Run {
    report: Report,
    _program: Program,
}

fn run_in(environment: Environment, topology: impl FnOnce(&Stack) -> Result<()> + 'static) -> Run {
    let (mut program, _remote) = launch(environment, |stack| async move { topology(&stack) });
    let mut context = Context::from_waker(Waker::noop());
    match program.poll_report(&mut context) {
        Poll::Ready(report) => Run {
            report,
            _program: program,
        },
        Poll::Pending => panic!("the program did not come to rest"),
    }
}

/// A declared resource as the engine would preview it.
#[derive(Debug, PartialEq)]
struct Seen {
    ty: String,
    id: Option<String>,
    inputs: Json,
    failure: Option<String>,
}

fn seen(registration: &Registration) -> Option<Seen> {
    let RegistrationKind::Resource {
        id,
        inputs,
        provider,
        ..
    } = &registration.kind
    else {
        return None;
    };
    assert_eq!(&**provider, "azure");
    let mut snapshot = Snapshot::default();
    let name = |_, path: &str| path.to_owned();
    let inputs = inputs.peek(&name, &mut snapshot).to_json(Reveal::No);
    let id = id.as_ref().and_then(|id| match id.peek() {
        Peek::Known(id) => Some(id),
        _ => None,
    });
    Some(Seen {
        ty: registration.urn.ty().to_owned(),
        id,
        inputs,
        failure: snapshot.failure.map(|error| error.to_string()),
    })
}

fn declared(topology: impl FnOnce(&Stack) -> Result<()> + 'static) -> BTreeMap<String, Seen> {
    let Run { report, _program } = run_in(
        environment(&[("subscription", "s1")], Path::new("")),
        topology,
    );
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    let all = report.registrations.iter();
    all.filter_map(|registration| Some((registration.urn.name().to_owned(), seen(registration)?)))
        .collect()
}

fn group(stack: &Stack) -> ResourceGroup {
    ResourceGroup::builder(stack, "shop")
        .location("westeurope")
        .build()
}

/// Compares one resource with what it should be.
fn check(all: &BTreeMap<String, Seen>, name: &str, ty: &str, id: &str, inputs: Json) {
    let expected = Seen {
        ty: ty.to_owned(),
        id: Some(format!("{G}{id}")),
        inputs,
        failure: None,
    };
    assert_eq!(all.get(name), Some(&expected), "{name}");
}

#[test]
fn dependencies_of_several_types_are_named_in_one_list() {
    let report = run_in(environment(&[], Path::new("")), |stack| {
        let group = group(stack);
        let zone = PrivateDnsZone::builder(&group, "internal").build();
        let user = UserAssignedIdentity::builder(&group, "puller").build();
        VirtualNetwork::builder(&group, "net")
            .address_space(["10.0.0.0/16"])
            .options(Options::new().depends_on((&zone, &user)))
            .build();
        Ok(())
    })
    .report;
    let [group, zone, user, network] = report.registrations.as_slice() else {
        panic!("four declarations");
    };
    let expected = [zone.index, user.index, group.index];
    assert_eq!(network.options.depends_on, expected);
}

#[test]
fn names_of_azure_and_locations_may_differ() {
    let all = declared(|stack| {
        let group = group(stack);
        let network = VirtualNetwork::builder(&group, "net")
            .name("vnet-prod")
            .location("northeurope")
            .address_space(["10.0.0.0/16"])
            .build();
        Subnet::builder(&network, "one")
            .address_prefix("10.0.0.0/24")
            .build();
        Ok(())
    });
    let net = "/providers/Microsoft.Network/virtualNetworks/vnet-prod";
    assert_eq!(all["net"].id, Some(format!("{G}{net}")));
    assert_eq!(all["net"].inputs["location"], "northeurope");
    assert_eq!(all["one"].id, Some(format!("{G}{net}/subnets/one")));
}

#[test]
fn hosts_and_zones_follow_the_cloud() {
    let target = [
        ("cloud", "usgov"),
        ("suffix.acrLoginServer", "azurecr.us"),
        ("suffix.websites", "azurewebsites.us"),
    ];
    let Run { report, _program } = run_in(environment(&target, Path::new("")), |stack| {
        let group = group(stack);
        let registry = Registry::builder(&group, "Contoso")
            .sku(RegistrySku::Basic)
            .build();
        let plan = LinuxPlan::builder(&group, "plan").sku(LinuxSku::B1).build();
        let app = WebApp::builder(&group, "Shop").plan(&plan).build();
        let hashed = WebApp::builder(&group, "Hashed")
            .plan(&plan)
            .auto_generated_domain_name_label_scope(DomainNameLabelScope::TenantReuse)
            .build();
        stack.export("registry", registry.login_server());
        stack.export("app", app.default_host_name());
        stack.export("hashed", hashed.default_host_name());
        stack.export("id", group.id());
        for (name, link) in [
            ("acr", PrivateLink::Registry),
            ("vault", PrivateLink::Vault),
            ("blob", PrivateLink::Blob),
        ] {
            stack.export(name, link.zone_name(stack.as_scope()));
        }
        Ok(())
    });
    let exports: BTreeMap<_, _> = report
        .exports
        .iter()
        .map(|export| {
            let value = match export.value.peek() {
                Peek::Known(value) => value.to_string(),
                Peek::Failed(error) => error.to_string(),
                Peek::Pending => "pending".to_owned(),
            };
            (export.name.as_str(), value)
        })
        .collect();
    for (name, expected) in [
        ("registry", "contoso.azurecr.us"),
        ("app", "shop.azurewebsites.us"),
        ("hashed", "pending"),
        (
            "id",
            "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop",
        ),
        ("acr", "privatelink.azurecr.us"),
        ("vault", "privatelink.vaultcore.usgovcloudapi.net"),
        ("blob", "privatelink.blob.core.usgovcloudapi.net"),
    ] {
        assert_eq!(exports[name], expected, "{name}");
    }
}

#[test]
fn an_image_build_is_known_before_it_runs_and_follows_its_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("source")).unwrap();
    std::fs::write(folder.path().join("source/Dockerfile"), "FROM nginx").unwrap();
    let Run { report, _program } = run_in(
        environment(&[("subscription", "s1")], folder.path()),
        |stack| {
            let registry = Registry::builder(&group(stack), "acr2021")
                .sku(RegistrySku::Premium)
                .build();
            let build = ImageBuild::builder(&registry, "site:v1")
                .context("source")
                .build();
            ImageBuild::builder(&registry, "site:v2")
                .context("sauce")
                .build();
            stack.export("reference", build.reference());
            Ok(())
        },
    );
    let all: BTreeMap<_, _> = report
        .registrations
        .iter()
        .filter_map(|registration| Some((registration.urn.name(), seen(registration)?)))
        .collect();
    let acr = format!("{G}/providers/Microsoft.ContainerRegistry/registries/acr2021");
    let v1 = &all["site:v1"];
    assert_eq!(v1.ty, "Lazuli.Azure/imageBuilds");
    assert_eq!(v1.id, Some(format!("{acr}/imageBuilds/site:v1")));
    assert_eq!(
        v1.inputs,
        json!({"registryId": acr, "image": "site:v1", "context": "source", "dockerfile": "Dockerfile",
            "platform": "linux/amd64",
            "contextDigest": "efddca78ed9a97bc4bc383392be62892bfdb8a22fd94a9a38c49e676b68a74f2"})
    );
    let failure = all["site:v2"].failure.clone().unwrap_or_default();
    let tried = folder.path().join("sauce").display().to_string();
    assert!(
        failure.contains("`sauce`") && failure.contains(&tried),
        "{failure}"
    );
    assert!(failure.contains("create the folder"), "{failure}");
    let Peek::Known(reference) = report.exports[0].value.peek() else {
        panic!("the reference is not known early");
    };
    assert_eq!(reference.to_string(), "acr2021.azurecr.io/site:v1");
}

#[test]
fn diagnostics_name_the_line_of_the_program_and_parents_come_first() {
    let Run { report, _program } = run_in(environment(&[], Path::new("")), |stack| {
        let component = Component::new(stack.as_scope(), "test:Part", "part");
        let group = group(stack).inside(&component);
        VirtualNetwork::builder(&group, "net")
            .address_space(["10.0.0.0/16"])
            .options(Options::new().protect())
            .build();
        Ok(())
    });
    let [component, group, network] = report.registrations.as_slice() else {
        panic!("three declarations");
    };
    assert_eq!(network.at.file(), file!());
    assert_eq!(network.at.line(), component.at.line() + 2);
    assert_eq!(network.urn.path(), "part");
    assert_eq!(network.parent, Some(component.index));
    assert!(network.options.depends_on.contains(&group.index));
    assert_eq!(network.options.protect, Some(true));
}

#[test]
fn versions_are_pinned_and_read_only_properties_known() {
    for (ty, version) in [
        ("microsoft.containerregistry/REGISTRIES", Some("2025-11-01")),
        ("Microsoft.Web/sites", Some("2025-03-01")),
        ("Microsoft.X/y", None),
    ] {
        assert_eq!(api_version(ty), version, "{ty}");
    }
    let facts = record("Microsoft.Web/sites").unwrap();
    for path in ["id", "properties.defaultHostName", "identity.principalId"] {
        assert!(facts.read_only.contains(&path), "{path}");
    }
    assert!(facts.required.contains(&"location"));
    assert!(
        facts
            .write_only
            .contains(&"properties.siteConfig.appSettings")
    );
}
