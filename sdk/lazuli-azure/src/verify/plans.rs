//! Rules of plans: sizes, operating systems, and what runs where.

use lazuli_core::Diagnostic;

use super::graph::{Node, WithRelated};
use super::reach::app::App;
use super::reach::model::{Known, Model};
use super::site::without_integration;
use crate::generated::types;

const SKU: &str = "sku.name";
const ENVIRONMENT: &str = "properties.hostingEnvironmentProfile";

/// Sizes of App Service, in capitals (App Service plans; Terraform provider's list).
const SIZES: &[&str] = &[
    "F1", "FREE", "D1", "SHARED", "B1", "B2", "B3", "S1", "S2", "S3", "P1", "P2", "P3", "P1V2",
    "P2V2", "P3V2", "P0V3", "P1V3", "P2V3", "P3V3", "P1MV3", "P2MV3", "P3MV3", "P4MV3", "P5MV3",
    "P0V4", "P1V4", "P2V4", "P3V4", "P1MV4", "P2MV4", "P3MV4", "P4MV4", "P5MV4", "EP1", "EP2",
    "EP3", "FC1", "Y1", "WS1", "WS2", "WS3", "I1", "I2", "I3", "I1V2", "I2V2", "I3V2", "I4V2",
    "I5V2", "I6V2", "I1MV2", "I2MV2", "I3MV2", "I4MV2", "I5MV2", "PC2", "PC3", "PC4",
];

pub(super) fn verify(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for plan in model.graph.of_type(types::SERVICE_PLAN) {
        findings.extend(size(plan));
        findings.extend(isolated(plan));
    }
    for app in &model.apps {
        let Some(plan) = app.plan else { continue };
        findings.extend(integration(app, plan));
        findings.extend(system(app, plan));
        findings.extend(functions(app, plan));
        findings.extend(always_on(app, plan));
    }
}

fn sku(plan: Node<'_>) -> Option<String> {
    plan.text(SKU).map(str::to_ascii_uppercase)
}

/// LZ2033.
fn size(plan: Node<'_>) -> Option<Diagnostic> {
    let sku = sku(plan).filter(|sku| !SIZES.contains(&sku.as_str()))?;
    Some(plan.finding(
        "LZ2033",
        format!("this version knows no plan of the size {sku}"),
        "look for a typing error; sizes are written like B1, S1, P1v3, EP1, I1v2",
    ))
}

/// LZ2047.
fn isolated(plan: Node<'_>) -> Option<Diagnostic> {
    let sku = sku(plan)?;
    let mut letters = sku.chars();
    let is_isolated =
        letters.next() == Some('I') && letters.next().is_some_and(|c| c.is_ascii_digit());
    let (message, help) = match (is_isolated, plan.value(ENVIRONMENT).is_some()) {
        (true, false) => (
            format!(
                "a plan of the size {sku} is in an App Service Environment, and this one names none"
            ),
            "name the environment in `hostingEnvironmentProfile`, or choose a size such as P1v3",
        ),
        (false, true) => (
            format!(
                "the plan is in an App Service Environment, which has no plans of the size {sku}"
            ),
            "choose an isolated size, I1v2 for example",
        ),
        _ => return None,
    };
    Some(plan.finding("LZ2047", message, help))
}

/// LZ2007.
fn integration(app: &App<'_>, plan: Node<'_>) -> Option<Diagnostic> {
    if app.subnet() == Known::Absent || !without_integration(plan) {
        return None;
    }
    let finding = plan.finding(
        "LZ2007",
        format!(
            "the plan's tier {} has no virtual network integration, which the app {} needs",
            plan.text(SKU).unwrap_or_default(),
            app.node.called()
        ),
        "choose B1 or higher, for example P1v3",
    );
    Some(finding.with(app.node, "the app that is integrated with a network"))
}

/// LZ2045. `reserved` means Linux, whatever `kind` says (ARM contract of App Service).
fn system(app: &App<'_>, plan: Node<'_>) -> Option<Diagnostic> {
    let linux = plan.switch("properties.reserved")?;
    let hyper = plan.switch("properties.hyperV")?;
    let image = app.image()?;
    let image = image.is()?;
    let (message, help) = match image.is_windows {
        false if !linux => (
            format!(
                "the app {} runs a Linux container, but the plan is not for Linux: `reserved` is not set",
                app.node.called()
            ),
            "declare a `LinuxPlan`, or `.os(Os::Linux)`",
        ),
        true if linux => (
            format!(
                "the app {} runs a Windows container, but the plan is for Linux",
                app.node.called()
            ),
            "declare the plan with `.os(Os::WindowsContainer)`",
        ),
        true if !hyper => (
            format!(
                "the app {} runs a Windows container, but the plan has no `hyperV`",
                app.node.called()
            ),
            "declare the plan with `.os(Os::WindowsContainer)`",
        ),
        _ => return None,
    };
    Some(
        plan.finding("LZ2045", message, help)
            .with(app.node, "the app"),
    )
}

/// LZ2046.
fn functions(app: &App<'_>, plan: Node<'_>) -> Option<Diagnostic> {
    let sku =
        sku(plan).filter(|sku| sku.starts_with("EP") || matches!(sku.as_str(), "Y1" | "FC1"))?;
    let kind = app
        .node
        .text("kind")
        .unwrap_or_default()
        .to_ascii_lowercase();
    if kind.contains("functionapp") || kind.contains("workflowapp") {
        return None;
    }
    let finding = plan.finding(
        "LZ2046",
        format!(
            "plans of the size {sku} run functions, and {} is none",
            app.node.called()
        ),
        "choose a size such as P1v3, or give the app the kind `functionapp,linux,container`",
    );
    Some(finding.with(app.node, "the app"))
}

/// LZ2048.
fn always_on(app: &App<'_>, plan: Node<'_>) -> Option<Diagnostic> {
    let sku = sku(plan).filter(|sku| matches!(sku.as_str(), "F1" | "FREE" | "D1" | "SHARED"))?;
    if app.config_switch("alwaysOn") != Some(true) {
        return None;
    }
    let finding = app.node.finding(
        "LZ2048",
        format!("`alwaysOn` is on, which the plan's size {sku} does not have"),
        "leave `alwaysOn` out, or choose B1 or higher",
    );
    Some(finding.with(plan, "the plan"))
}
