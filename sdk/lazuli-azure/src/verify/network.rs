//! Rules of networks: address spaces, peerings, regions.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use ipnet::IpNet;
use lazuli_arm::{ResourceId, ResourceType};
use lazuli_core::Diagnostic;

use super::graph::{Graph, Node, WithRelated};
use super::reach::app::SITE_SUBNET;
use super::reach::model::{Model, Subnet};
use crate::generated::types;
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
    let mut taken: HashMap<&ResourceId, Taken<'_, '_>> = HashMap::new();
    for subnet in &model.subnets {
        let others = taken.entry(&subnet.network).or_default();
        for range in subnet.ranges() {
            let clash = others.meeting(range);
            if let Some((other, holder)) = clash.filter(|(_, holder)| holder.id != subnet.id) {
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
        for range in subnet.ranges() {
            others
                .0
                .entry((range.network(), range.prefix_len()))
                .or_insert(subnet);
        }
    }
}

/// The ranges of a network that subnets have, by their first address.
#[derive(Default)]
struct Taken<'m, 'a>(BTreeMap<(IpAddr, u8), &'m Subnet<'a>>);

impl<'m, 'a> Taken<'m, 'a> {
    /// One that has addresses in common with a range: two blocks either have none,
    /// or one is inside of the other.
    fn meeting(&self, range: IpNet) -> Option<(IpNet, &'m Subnet<'a>)> {
        let around = std::iter::successors(Some(range.trunc()), IpNet::supernet);
        let mut around = around.filter_map(|above| {
            let holder = self.0.get(&(above.network(), above.prefix_len()))?;
            Some((above, *holder))
        });
        let first = (range.network(), range.prefix_len());
        let inside = || self.0.range(first..=(range.broadcast(), u8::MAX)).next();
        around.next().or_else(|| {
            let ((address, length), holder) = inside()?;
            Some((IpNet::new(*address, *length).ok()?, *holder))
        })
    }
}

fn meet(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

/// LZ2037.
fn peerings(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for peering in &model.peerings {
        let remote = peering.remote.is().and_then(|id| model.graph.find(id));
        let (Some(here), Some(there)) = (model.graph.find(&peering.network), remote) else {
            continue;
        };
        let theirs = there.ranges(SPACE);
        let spaces = here.ranges(SPACE);
        let clash = spaces.iter().find_map(|one| {
            let other = theirs.iter().find(|other| meet(one, other))?;
            Some((one, other))
        });
        if let Some((one, other)) = clash {
            let finding = peering.node.finding(
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
const TOGETHER: [(ResourceType<'static>, &str); 3] = [
    (types::SITE, "properties.serverFarmId"),
    (types::SITE, SITE_SUBNET),
    (types::PRIVATE_ENDPOINT, "properties.subnet.id"),
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
    let whole = match id.is_of(types::SUBNET) {
        true => id.parent()?,
        false => id,
    };
    let other = graph.find(&whole)?;
    let (here, there) = (node.text("location")?, other.text("location")?);
    if location::normal(here) == location::normal(there) {
        return None;
    }
    let kind = if other.is(types::SERVICE_PLAN) {
        "plan"
    } else {
        "network"
    };
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
