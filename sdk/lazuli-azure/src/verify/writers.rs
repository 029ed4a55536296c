//! Rules on who writes what: two declarations of one thing undo each other's
//! work. That two have the same id is the engine's to find (LZ0004).

use lazuli_arm::ResourceId;
use lazuli_core::{Diagnostic, Value};

use super::graph::WithRelated;
use super::reach::app::{App, SITE_SUBNET};
use super::reach::model::Model;
use crate::generated::types;

const CONFIG: &str = "properties.siteConfig";

pub(super) fn verify(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for app in &model.apps {
        settings(app, findings);
        findings.extend(integration(app));
    }
    subnets(model, findings);
}

/// LZ2026: a write of settings replaces all of them.
fn settings(app: &App<'_>, findings: &mut Vec<Diagnostic>) {
    let own = app.node.value(&format!("{CONFIG}.appSettings")).is_some();
    if let Some(writer) = app.settings.filter(|_| own) {
        let finding = writer.finding(
            "LZ2026",
            format!("the settings of {} are declared here and in the app itself, and each write replaces all of them", app.node.called()),
            "declare all settings in one place: `SiteConfig::builder().app_settings([..])`",
        );
        findings.push(finding.with(app.node, "declares settings as well"));
    }
    let Some(writer) = app.config else { return };
    let here = app.node.value(CONFIG).and_then(Value::as_map);
    let there = writer.value("properties").and_then(Value::as_map);
    let (Some(here), Some(there)) = (here, there) else {
        return;
    };
    let both: Vec<&str> = here
        .keys()
        .filter(|key| there.contains_key(key))
        .map(String::as_str)
        .collect();
    if !both.is_empty() {
        let finding = writer.finding(
            "LZ2026",
            format!(
                "the configuration of {} is declared here and in the app itself: {}",
                app.node.called(),
                both.join(", ")
            ),
            "declare each member in one place",
        );
        findings.push(finding.with(app.node, "declares them as well"));
    }
}

/// LZ2027.
fn integration(app: &App<'_>) -> Option<Diagnostic> {
    let writer = app
        .network
        .filter(|_| app.node.value(SITE_SUBNET).is_some())?;
    let finding = writer.finding(
        "LZ2027",
        format!(
            "the integration of {} is declared here and in the app itself",
            app.node.called()
        ),
        "keep `virtualNetworkSubnetId` of the app, and leave `networkConfig` out",
    );
    Some(finding.with(app.node, "declares its subnet as well"))
}

/// LZ2028.
fn subnets(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for network in model.graph.of_type(types::VIRTUAL_NETWORK) {
        if network.list("properties.subnets").is_empty() {
            continue;
        }
        let own = |id: ResourceId| model.graph.children(&id, types::SUBNET).next();
        if let Some(own) = network.id().and_then(own) {
            let finding = network.finding(
                "LZ2028",
                format!("the network lists its subnets, and {} is declared by itself: the list removes what it does not name", own.called()),
                "declare all subnets by themselves: `Subnet::builder(&network, ..)`",
            );
            findings.push(finding.with(own, "the subnet that is declared by itself"));
        }
    }
}
