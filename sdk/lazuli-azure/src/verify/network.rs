//! Rules of networks: address spaces, peerings, regions.

use std::collections::HashMap;

use ipnet::IpNet;
use lazuli_arm::ResourceId;
use lazuli_core::Diagnostic;

use super::graph::{Graph, Node, WithRelated};
use super::reach::app::SITE_SUBNET;
use super::reach::model::{ENDPOINT, Model, PLAN, SITE, SUBNET, Subnet};
use crate::provider::location;

const SPACE: &str = "properties.addressSpace.addressPrefixes";

pub(super) fn verify(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for subnet in &model.subnets {
        findings.extend(inside(&model.graph, subnet));
    }
    overlaps(model, findings);
    peerings(model, findings);
    regions(&model.graph, findings);
}

/// LZ2001.
fn inside(graph: &Graph<'_>, subnet: &Subnet<'_>) -> Option<Diagnostic> {
    let network = graph.find(&subnet.network)?;
    let spaces = network.ranges(SPACE);
    if network.is_unknown(SPACE) || spaces.is_empty() {
        return None;
    }
    let ranges = subnet.ranges();
    let outside = ranges
        .iter()
        .find(|range| !spaces.iter().any(|space| space.contains(*range)))?;
    let spaces = joined(&spaces);
    let finding = subnet.node.finding(
        "LZ2001",
        format!("the range {outside} of the subnet `{}` is not inside of its network {}, which has {spaces}", subnet.name(), network.called()),
        format!("choose a range inside of {spaces}, or widen the network's address space"),
    );
    Some(finding.with(network, "the network's address space"))
}

/// LZ2002.
fn overlaps(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    let mut taken: HashMap<&ResourceId, Vec<(IpNet, &Subnet<'_>)>> = HashMap::new();
    for subnet in &model.subnets {
        let others = taken.entry(&subnet.network).or_default();
        for range in subnet.ranges() {
            let clash = others
                .iter()
                .find(|(other, holder)| meet(other, &range) && holder.id != subnet.id);
            if let Some((other, holder)) = clash {
                let finding = subnet.node.finding(
                    "LZ2002",
                    format!(
                        "the range {range} of the subnet `{}` overlaps {other} of {}",
                        subnet.name(),
                        holder.node.called()
                    ),
                    "give each subnet of a network a range of its own",
                );
                findings.push(finding.with(holder.node, "the subnet that has the range already"));
            }
        }
        others.extend(subnet.ranges().into_iter().map(|range| (range, subnet)));
    }
}

fn meet(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

/// LZ2037.
fn peerings(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for (peering, network, remote) in model.peerings() {
        let remote = remote.is().and_then(|id| model.graph.find(id));
        let (Some(here), Some(there)) = (model.graph.find(&network), remote) else {
            continue;
        };
        let theirs = there.ranges(SPACE);
        let spaces = here.ranges(SPACE);
        let clash = spaces.iter().find_map(|one| {
            let other = theirs.iter().find(|other| meet(one, other))?;
            Some((one, other))
        });
        if let Some((one, other)) = clash {
            let finding = peering.finding(
                "LZ2037",
                format!("{one} of the network {} overlaps {other} of {}, and networks that overlap cannot be peered", here.called(), there.called()),
                "give the networks address spaces that have nothing in common",
            );
            findings.push(
                finding
                    .with(here, "one network")
                    .with(there, "the other network"),
            );
        }
    }
}

/// Type, the reference that must be in the same region, and whether its network is meant.
const TOGETHER: [(&str, &str); 3] = [
    (SITE, "properties.serverFarmId"),
    (SITE, SITE_SUBNET),
    (ENDPOINT, "properties.subnet.id"),
];

/// LZ2021. A subnet is where its network is.
fn regions(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for (ty, path) in TOGETHER {
        for node in graph.of_type(ty) {
            findings.extend(apart(graph, node, path));
        }
    }
}

fn apart(graph: &Graph<'_>, node: Node<'_>, path: &str) -> Option<Diagnostic> {
    let id = node.reference(path)?;
    let whole = match id.resource_type().eq_ignore_ascii_case(SUBNET) {
        true => id.parent()?,
        false => id,
    };
    let other = graph.find(&whole)?;
    let (here, there) = (node.text("location")?, other.text("location")?);
    if location::normal(here) == location::normal(there) {
        return None;
    }
    let kind = if other.is(PLAN) { "plan" } else { "network" };
    let finding = node.finding(
        "LZ2021",
        format!(
            "it is in {here}, but its {kind} {} is in {there}",
            other.called()
        ),
        format!("put both into one region: Azure does not connect it to a {kind} of another"),
    );
    Some(finding.with(other, "in another region"))
}

fn joined(ranges: &[IpNet]) -> String {
    ranges
        .iter()
        .map(IpNet::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
