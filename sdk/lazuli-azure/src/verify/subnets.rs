//! Rules of the subnets that apps are integrated with.

use std::collections::BTreeMap;

use ipnet::IpNet;
use lazuli_arm::ResourceId;
use lazuli_core::Diagnostic;

use super::graph::WithRelated;
use super::reach::app::App;
use super::reach::model::{Known, Model, Subnet};
use crate::generated::types;

/// The smallest subnet that an app can be integrated with.
const SMALLEST: u8 = 28;
/// What several plans in one subnet should have at least.
const SHARED: u8 = 26;

pub(super) fn verify(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for app in &model.apps {
        integration(model, app, findings);
    }
    shared(model, findings);
}

/// LZ2003 to LZ2005, LZ2030 and LZ2031.
fn integration(model: &Model<'_>, app: &App<'_>, findings: &mut Vec<Diagnostic>) {
    let Known::Is(id) = app.subnet() else { return };
    if let Some(endpoint) = model.endpoints_in(&id).next() {
        let finding = app.node.finding(
            "LZ2005",
            format!(
                "the app's integration subnet `{}` also holds the private endpoint {}",
                id.name(),
                endpoint.node.called()
            ),
            "give private endpoints a subnet of their own",
        );
        findings.push(finding.with(endpoint.node, "the private endpoint in the same subnet"));
    }
    let Some(subnet) = model.subnet(&id) else {
        return;
    };
    findings.extend(delegation(app, subnet));
    findings.extend(size(app, subnet));
    findings.extend(policies(app, subnet));
}

/// Whether a subnet is handed to App Service; none where that is not known.
pub(crate) fn is_delegated(subnet: &Subnet<'_>) -> Option<bool> {
    let services = subnet.delegations()?;
    Some(
        services
            .iter()
            .any(|service| types::SERVICE_PLAN_DELEGATION == **service),
    )
}

/// LZ2003.
fn delegation(app: &App<'_>, subnet: &Subnet<'_>) -> Option<Diagnostic> {
    if is_delegated(subnet) != Some(false) {
        return None;
    }
    let finding = subnet.node.finding(
        "LZ2003",
        format!(
            "the subnet `{}` is used by the app {}, but is not delegated to App Service",
            subnet.name(),
            app.node.called()
        ),
        "delegate it: `.delegation(Delegation::WebServerFarms)`, or declare an `IntegrationSubnet`",
    );
    Some(finding.with(app.node, "the app that is integrated with it"))
}

/// The range that is too small for an app, where none is large enough.
pub(crate) fn too_small(subnet: &Subnet<'_>) -> Option<IpNet> {
    let ranges = subnet.ranges();
    let mut v4 = ranges.iter().filter(|range| matches!(range, IpNet::V4(_)));
    let small = v4
        .clone()
        .find(|range| range.prefix_len() > SMALLEST)
        .copied();
    small.filter(|_| v4.all(|range| range.prefix_len() > SMALLEST))
}

/// LZ2004 and LZ2030.
fn size(app: &App<'_>, subnet: &Subnet<'_>) -> Option<Diagnostic> {
    let ranges = subnet.ranges();
    let finding = match too_small(subnet) {
        Some(range) => subnet.node.finding(
            "LZ2004",
            format!(
                "the range {range} of the subnet `{}` is too small for the app {}",
                subnet.name(),
                app.node.called()
            ),
            "make it /28 or larger; /26 leaves room to scale, and the size cannot change later",
        ),
        None if !ranges.is_empty() && ranges.iter().all(|range| matches!(range, IpNet::V6(_))) => {
            subnet.node.finding(
                "LZ2030",
                format!(
                    "the subnet `{}` has no IPv4 range, which the app {} needs",
                    subnet.name(),
                    app.node.called()
                ),
                "give it an IPv4 range of /28 or larger",
            )
        }
        None => return None,
    };
    Some(finding.with(app.node, "the app that is integrated with it"))
}

/// LZ2031.
fn policies(app: &App<'_>, subnet: &Subnet<'_>) -> Option<Diagnostic> {
    let policies = subnet.property("serviceEndpointPolicies");
    let is_empty = policies.is()?.as_list().is_none_or(<[_]>::is_empty);
    let finding = (!is_empty).then(|| {
        subnet.node.finding(
            "LZ2031",
            format!("the subnet `{}` has service endpoint policies, which the app {} cannot be integrated with", subnet.name(), app.node.called()),
            "take the policies off this subnet, or give the app another",
        )
    })?;
    Some(finding.with(app.node, "the app that is integrated with it"))
}

/// LZ2029.
fn shared(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    let mut plans: BTreeMap<ResourceId, BTreeMap<usize, &App<'_>>> = BTreeMap::new();
    for app in &model.apps {
        if let (Known::Is(id), Some(plan)) = (app.subnet(), app.plan) {
            plans.entry(id).or_default().entry(plan.at).or_insert(app);
        }
    }
    for (id, apps) in plans {
        let Some(subnet) = model.subnet(&id) else {
            continue;
        };
        let small =
            |range: &IpNet| matches!(range, IpNet::V4(range) if range.prefix_len() > SHARED);
        if apps.len() < 2 || !subnet.ranges().iter().all(small) || subnet.ranges().is_empty() {
            continue;
        }
        let finding = subnet.node.finding(
            "LZ2029",
            format!("{} plans share the subnet `{}`, which is smaller than /{SHARED}", apps.len(), subnet.name()),
            format!("make it /{SHARED} or larger: each instance takes an address, and twice as many while it scales"),
        );
        let apps = apps.into_values();
        findings.push(apps.fold(finding, |finding, app| {
            finding.with(app.plan, "a plan in it")
        }));
    }
}
