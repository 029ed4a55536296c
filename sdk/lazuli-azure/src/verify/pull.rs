//! Rules on the way of images: the broken hops of the proof, and what is around it.

use lazuli_arm::ResourceId;
use lazuli_core::Diagnostic;

use super::graph::{Node, WithRelated};
use super::reach::app::{App, PROPERTY, ROUTING, SETTING};
use super::reach::model::{Known, Model};
use super::reach::pull::build_of;
use super::reach::{Exposure, exposure, walks};
use crate::generated::types;

pub(super) fn verify(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for walk in walks(model) {
        findings.extend(walk.findings);
    }
    for app in &model.apps {
        findings.extend(one_switch(app));
        findings.extend(order(model, app));
    }
    for build in model.graph.of_type(types::IMAGE_BUILD) {
        findings.extend(let_in(model, build));
    }
}

/// LZ2017.
fn one_switch(app: &App<'_>) -> Option<Diagnostic> {
    let setting = app.setting(SETTING) != Known::Absent && named(app, SETTING);
    let routing = ROUTING.iter().any(|path| app.node.value(path).is_some());
    let ways = [
        (setting, format!("app setting `{SETTING}`")),
        (
            app.node.value(PROPERTY).is_some(),
            "`vnetImagePullEnabled`".to_owned(),
        ),
        (routing, "`outboundVnetRouting`".to_owned()),
    ];
    let used = ways.into_iter().filter(|(used, _)| *used);
    let used: Vec<String> = used.map(|(_, name)| name).collect();
    (used.len() > 1).then(|| {
        app.node.finding(
            "LZ2017",
            format!(
                "pulling over the network is set in more than one way: {}",
                used.join(" and ")
            ),
            "keep `outboundVnetRouting`, which is the newest, and leave the others out",
        )
    })
}

/// A list of settings that is not known yet names none.
fn named(app: &App<'_>, name: &str) -> bool {
    app.settings()
        .iter()
        .any(|(key, _)| key.eq_ignore_ascii_case(name))
}

/// LZ2016.
fn order(model: &Model<'_>, app: &App<'_>) -> Option<Diagnostic> {
    let (build, image) = build_of(model, app)?;
    let waits = [Some(app.node), app.config].into_iter().flatten();
    if waits
        .into_iter()
        .any(|node| model.graph.comes_after(node, build))
    {
        return None;
    }
    let message = format!(
        "the app does not wait for the build of its image `{image}`, so its first pulls may fail"
    );
    let help =
        "pass the image build itself instead of its name, or name it with `.depends_on(&build)`";
    let finding = app.node.finding("LZ2016", message, help);
    Some(finding.with(build, "the image is built here"))
}

/// LZ2023.
fn let_in(model: &Model<'_>, build: Node<'_>) -> Option<Diagnostic> {
    let registry = model
        .graph
        .find(&ResourceId::parse(build.text("registryId")?).ok()?)?;
    let bypass = "properties.networkRuleBypassAllowedForTasks";
    let trusted = "properties.networkRuleBypassOptions";
    let off = registry.says(trusted, &["None"]);
    if exposure(registry, false) != Exposure::Closed || registry.is_unknown(bypass) {
        return None;
    }
    // Machines of one's own come through their network, if they are in one.
    if build.value("agentPool").is_some() {
        return None;
    }
    if registry.flag(bypass) && !off {
        return None;
    }
    let finding = build.finding(
        "LZ2023",
        format!("the registry {} is closed to the public network, and so to its own builds", registry.called()),
        match off {
            true => "set `networkRuleBypassOptions` to AzureServices, and `networkRuleBypassAllowedForTasks`; or import the image",
            false => "set `networkRuleBypassAllowedForTasks` on the registry, build on an agent pool in its network, or import the image",
        },
    );
    Some(finding.with(registry, "closed to the public network here"))
}
