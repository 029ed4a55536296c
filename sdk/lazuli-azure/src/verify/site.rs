//! Rules of apps: how an image is written, settings, references, environments.

use lazuli_core::{Diagnostic, Value};

use super::endpoints;
use super::graph::{Node, WithRelated};
use super::reach::app::{App, PROPERTY, ROUTING};
use super::reach::model::{Known, Model};
use super::reach::{Reference, is_reference};
use crate::generated::types;

/// Seconds that a container may take to start (App Service settings).
const LONGEST_START: u32 = 1800;
const USER: &str = "DOCKER_REGISTRY_SERVER_USERNAME";
const PASSWORD: &str = "DOCKER_REGISTRY_SERVER_PASSWORD";

pub(super) fn verify(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for app in &model.apps {
        findings.extend(image(app));
        findings.extend(two_ways(app));
        findings.extend(references(app));
        findings.extend(numbers(app));
        findings.extend(environment(app));
        findings.extend(principal(app));
        findings.extend(own_dns(model, app));
    }
    endpoints::environment(model, findings);
}

/// Whether a plan's tier cannot be integrated with a network.
pub(crate) fn without_integration(plan: Node<'_>) -> bool {
    plan.says("sku.name", &["F1", "D1", "FREE", "SHARED", "Y1"])
}

/// LZ2049.
fn image(app: &App<'_>) -> Option<Diagnostic> {
    let text = |member: &str| match app.config(member) {
        Known::Is(value) => value.as_str().filter(|text| !text.is_empty()),
        Known::Pending | Known::Absent => None,
    };
    let (linux, windows) = (text("linuxFxVersion"), text("windowsFxVersion"));
    let message = match (linux, windows) {
        (Some(linux), Some(windows)) => {
            format!("the app has an image for Linux (`{linux}`) and one for Windows (`{windows}`)")
        }
        (Some(version), None) | (None, Some(version)) => {
            let bare = version.eq_ignore_ascii_case("SITECONTAINERS");
            if bare || version.contains('|') {
                return None;
            }
            format!("`{version}` names neither an image nor a runtime")
        }
        (None, None) => return None,
    };
    Some(app.node.finding(
        "LZ2049",
        message,
        "write `DOCKER|host/repository:tag` into `linuxFxVersion`, or into `windowsFxVersion`",
    ))
}

/// LZ2050.
fn two_ways(app: &App<'_>) -> Option<Diagnostic> {
    let by_identity = app.config_switch("acrUseManagedIdentityCreds") == Some(true);
    let names: Vec<&str> = app.settings().into_iter().map(|(name, _)| name).collect();
    let given = [USER, PASSWORD]
        .into_iter()
        .find(|name| names.iter().any(|given| given.eq_ignore_ascii_case(name)))?;
    by_identity.then(|| {
        app.node.finding(
            "LZ2050",
            format!("the app pulls with its identity, but also has `{given}`"),
            "leave user name and password out; App Service fills in what it needs",
        )
    })
}

/// LZ2053. The value may hold more than a reference, so it is not shown.
fn references(app: &App<'_>) -> impl Iterator<Item = Diagnostic> {
    let broken = app
        .texts()
        .filter(|(_, value)| is_reference(value) && Reference::parse(value).is_none());
    broken.map(|(name, _)| {
        app.node.finding(
            "LZ2053",
            format!("the setting `{name}` is meant as a Key Vault reference, but cannot be read as one"),
            "write `@Microsoft.KeyVault(SecretUri=https://VAULT.vault.azure.net/secrets/NAME)` or `@Microsoft.KeyVault(VaultName=VAULT;SecretName=NAME)`",
        )
    })
}

/// LZ2062.
fn numbers(app: &App<'_>) -> impl Iterator<Item = Diagnostic> {
    let limits = [
        ("WEBSITES_PORT", 1, u32::from(u16::MAX)),
        ("WEBSITES_CONTAINER_START_TIME_LIMIT", 1, LONGEST_START),
    ];
    limits.into_iter().filter_map(|(name, least, most)| {
        let (_, text) = app
            .texts()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))?;
        let fits = text
            .trim()
            .parse::<u32>()
            .is_ok_and(|number| (least..=most).contains(&number));
        (!fits).then(|| {
            app.node.finding(
                "LZ2062",
                format!("the app setting `{name}` is `{text}`"),
                format!("give a number from {least} to {most}"),
            )
        })
    })
}

/// LZ2067. A client id is a GUID; users of registries are not called so.
fn principal(app: &App<'_>) -> Option<Diagnostic> {
    let user = app
        .texts()
        .find(|(name, _)| name.eq_ignore_ascii_case(USER))?;
    let is_principal = lazuli_arm::Uuid::parse_str(user.1).is_ok();
    let by_identity = app.config_switch("acrUseManagedIdentityCreds") != Some(false);
    (app.is_windows() && is_principal && !by_identity).then(|| {
        app.node.finding(
            "LZ2067",
            "the app signs in to its registry as a service principal, which App Service does not do for Windows containers",
            "pull with the app's identity: `acrUseManagedIdentityCreds`, and the role AcrPull",
        )
    })
}

/// LZ2068. The first sizes of isolated plans are those of version 2.
fn own_dns(model: &Model<'_>, app: &App<'_>) -> Option<Diagnostic> {
    app.image()?;
    let plan = app.plan?;
    if !plan.says("sku.name", &["I1", "I2", "I3"]) {
        return None;
    }
    let environment = plan.reference("properties.hostingEnvironmentProfile.id")?;
    let environment = model.graph.find(&environment)?;
    let within = environment.reference("properties.virtualNetwork.id")?;
    let network = model
        .graph
        .find(&within)
        .filter(|node| node.is(types::VIRTUAL_NETWORK));
    let network = network.or_else(|| model.graph.find(&within.parent()?))?;
    if network.list("properties.dhcpOptions.dnsServers").is_empty() {
        return None;
    }
    let finding = app.node.finding(
        "LZ2068",
        format!(
            "the app is in an App Service Environment of version 2, which cannot find a registry by the DNS servers of its network {}",
            network.called()
        ),
        "move to version 3 (sizes such as I1v2), or pull from a registry that Azure's own DNS resolves",
    );
    let finding = finding.with(network, "names its own DNS servers");
    Some(finding.with(environment, "the environment"))
}

/// LZ2059 and LZ2060.
fn environment(app: &App<'_>) -> Vec<Diagnostic> {
    if !app.is_in_environment() {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let Known::Is(subnet) = app.subnet() {
        let finding = app.node.finding(
            "LZ2059",
            format!("the app is in an App Service Environment, and so in its network; it cannot be integrated with `{}` as well", subnet.name()),
            "leave the subnet out",
        );
        found.push(finding.with(app.plan, "the isolated plan"));
    }
    let off = [PROPERTY, ROUTING[0]]
        .into_iter()
        .find(|path| app.node.value(path).and_then(Value::as_bool) == Some(false));
    if let Some(path) = off {
        let finding = app.node.finding(
            "LZ2060",
            format!(
                "`{path}` is off, but an app in an App Service Environment pulls over its network"
            ),
            "switch it on, or leave it out",
        );
        found.push(finding.with(app.plan, "the isolated plan"));
    }
    found
}
