//! The way of an app to another app whose host one of its settings names.

use super::app::App;
use super::model::{Known, Model};
use super::private::{self, Codes, Exposure, final_exposure};
use super::subnet::subnet;
use super::target::{Target, server};
use super::{Destination, HopKind, Steps, Violation, Walk};
use crate::generated::types;
use crate::verify::graph::Node;

const CODES: Codes = Codes {
    endpoint: "LZ2065",
    link: "LZ2065",
    records: "LZ2065",
};

pub(super) fn walks<'a>(model: &Model<'a>, app: &App<'a>) -> Vec<Walk> {
    let mut walks = Vec::new();
    for (setting, value) in app.texts() {
        let Some(host) = host_of(value) else {
            continue;
        };
        // The registry's address is judged with the image.
        if setting
            .to_ascii_uppercase()
            .starts_with("DOCKER_REGISTRY_SERVER")
        {
            continue;
        }
        let other = server(&model.graph, types::SITE, host);
        if let Some(other) = other.filter(|other| other.at != app.node.at) {
            walks.extend(walk(model, app, setting, host, other));
        }
    }
    walks
}

/// The host of an address, or of what looks like one.
fn host_of(value: &str) -> Option<&str> {
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let host = rest.split(['/', ':', '?']).next()?;
    host.contains('.').then_some(host)
}

fn walk<'a>(
    model: &Model<'a>,
    app: &App<'a>,
    setting: &str,
    host: &str,
    other: Node<'a>,
) -> Option<Walk> {
    let mut steps = Steps::new(model, app);
    let target = Target::site(other, Some(host))?;
    steps.towards(other);
    let exposure = final_exposure(model, &target);
    match subnet(&mut steps) {
        Known::Is(network) => private::walk(&mut steps, &target, &network, &CODES),
        Known::Pending => {}
        Known::Absent if exposure == Exposure::Closed => steps.broken(HopKind::Route, Violation {
            code: "LZ2065",
            is_certain: false,
            at: app.node,
            message: format!("the setting `{setting}` names the app {}, which is closed to the public network, and the app is in no other", target.called()),
            fix: "integrate the app into the network of the other's private endpoint".to_owned(),
            related: vec![(other, "closed to the public network here")],
        }),
        Known::Absent => private::public(&mut steps, exposure),
    }
    Some(steps.end(Destination::Call {
        setting: setting.to_owned(),
        host: host.to_owned(),
    }))
}
