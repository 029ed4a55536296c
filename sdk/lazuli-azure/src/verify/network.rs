//! Rules of networks, endpoints and regions.

use std::collections::HashMap;

use ipnet::IpNet;
use lazuli_arm::ResourceId;
use lazuli_core::{Diagnostic, Value};

use super::graph::{Graph, Node};
use crate::provider::location;

pub(super) const SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets";
pub(super) const ENDPOINT: &str = "Microsoft.Network/privateEndpoints";
pub(super) const LINK: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";
pub(super) const REGISTRY: &str = "Microsoft.ContainerRegistry/registries";
pub(super) const SITE: &str = "Microsoft.Web/sites";
pub(super) const SITE_SUBNET: &str = "properties.virtualNetworkSubnetId";
const PLAN: &str = "Microsoft.Web/serverfarms";

pub(super) fn verify(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for subnet in graph.of_type(SUBNET) {
        findings.extend(inside(graph, subnet));
    }
    overlaps(graph, findings);
    for site in graph.of_type(SITE) {
        integration(graph, site, findings);
        tier(graph, site, findings);
    }
    for endpoint in graph.of_type(ENDPOINT) {
        findings.extend(premium(graph, endpoint));
    }
    linked_once(graph, findings);
    regions(graph, findings);
}

fn subnet_ranges(subnet: Node<'_>) -> Vec<IpNet> {
    let mut ranges = subnet.ranges("properties.addressPrefix");
    ranges.extend(subnet.ranges("properties.addressPrefixes"));
    ranges
}

/// LZ2001.
fn inside(graph: &Graph<'_>, subnet: Node<'_>) -> Option<Diagnostic> {
    let network = graph.find(&subnet.parent()?)?;
    let space = "properties.addressSpace.addressPrefixes";
    let spaces = network.ranges(space);
    if network.is_unknown(space) || spaces.is_empty() {
        return None;
    }
    let outside = subnet_ranges(subnet)
        .into_iter()
        .find(|range| !spaces.iter().any(|space| space.contains(range)))?;
    let spaces = joined(&spaces);
    Some(subnet.error(
        "LZ2001",
        format!(
            "the subnet's range {outside} is not inside of its network {}, which has {spaces}",
            network.called()
        ),
        format!("choose a range inside of {spaces}, or widen the network's address space"),
    ))
}

/// LZ2002.
fn overlaps(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    let mut taken: HashMap<ResourceId, Vec<(IpNet, String)>> = HashMap::new();
    for subnet in graph.of_type(SUBNET) {
        let Some(network) = subnet.parent() else {
            continue;
        };
        let others = taken.entry(network).or_default();
        for range in subnet_ranges(subnet) {
            let clash = others
                .iter()
                .find(|(other, _)| other.contains(&range) || range.contains(other));
            if let Some((other, called)) = clash {
                findings.push(subnet.error(
                    "LZ2002",
                    format!("the subnet's range {range} overlaps {other} of {called}"),
                    "give each subnet of a network a range of its own",
                ));
            }
        }
        others.extend(
            subnet_ranges(subnet)
                .into_iter()
                .map(|range| (range, subnet.called())),
        );
    }
}

/// LZ2003 to LZ2005.
fn integration(graph: &Graph<'_>, site: Node<'_>, findings: &mut Vec<Diagnostic>) {
    let Some(id) = site.reference(SITE_SUBNET) else {
        return;
    };
    let endpoint = graph
        .of_type(ENDPOINT)
        .find(|endpoint| endpoint.reference("properties.subnet.id").as_ref() == Some(&id));
    if let Some(endpoint) = endpoint {
        findings.push(site.error(
            "LZ2005",
            format!(
                "the app's integration subnet `{}` also holds the private endpoint {}",
                id.name(),
                endpoint.called()
            ),
            "give private endpoints a subnet of their own",
        ));
    }
    let Some(subnet) = graph.find(&id) else {
        return;
    };
    if !subnet.is_unknown("properties.delegations") && !is_delegated(subnet) {
        findings.push(subnet.error(
            "LZ2003",
            format!("the subnet is used by the app {}, but is not delegated to App Service", site.called()),
            "delegate it: `.delegation(Delegation::WebServerFarms)`, or declare an `IntegrationSubnet`",
        ));
    }
    for range in subnet_ranges(subnet) {
        if matches!(range, IpNet::V4(range) if range.prefix_len() > 28) {
            findings.push(subnet.error(
                "LZ2004",
                format!(
                    "the subnet's range {range} is too small for the app {}",
                    site.called()
                ),
                "make it /28 or larger; /26 leaves room to scale, and the size cannot change later",
            ));
        }
    }
}

fn is_delegated(subnet: Node<'_>) -> bool {
    subnet
        .list("properties.delegations")
        .iter()
        .any(|delegation| {
            let service = delegation
                .at("properties.serviceName")
                .and_then(Value::as_str);
            service.is_some_and(|service| service.eq_ignore_ascii_case("Microsoft.Web/serverFarms"))
        })
}

/// LZ2007.
fn tier(graph: &Graph<'_>, site: Node<'_>, findings: &mut Vec<Diagnostic>) {
    let plan = site
        .reference("properties.serverFarmId")
        .and_then(|id| graph.find(&id));
    let (Some(_), Some(plan)) = (site.value(SITE_SUBNET), plan) else {
        return;
    };
    if plan.says("sku.name", &["F1", "D1", "FREE", "SHARED", "Y1"]) {
        findings.push(plan.error(
            "LZ2007",
            format!(
                "the plan's tier {} has no virtual network integration, which the app {} needs",
                plan.text("sku.name").unwrap_or_default(),
                site.called()
            ),
            "choose B1 or higher, for example P1v3",
        ));
    }
}

/// Where a private endpoint leads to.
pub(super) fn targets(endpoint: Node<'_>) -> impl Iterator<Item = ResourceId> {
    let connections = endpoint
        .list("properties.privateLinkServiceConnections")
        .iter();
    let manual = endpoint
        .list("properties.manualPrivateLinkServiceConnections")
        .iter();
    connections.chain(manual).filter_map(|connection| {
        ResourceId::parse(connection.at("properties.privateLinkServiceId")?.as_str()?).ok()
    })
}

/// LZ2006.
fn premium(graph: &Graph<'_>, endpoint: Node<'_>) -> Option<Diagnostic> {
    let registry = targets(endpoint)
        .filter_map(|id| graph.find(&id))
        .find(|node| node.is(REGISTRY))?;
    let sku = registry
        .text("sku.name")
        .filter(|sku| !sku.eq_ignore_ascii_case("Premium"))?;
    Some(registry.error(
        "LZ2006",
        format!(
            "the registry's tier is {sku}, but the private endpoint {} needs Premium",
            endpoint.called()
        ),
        "set the registry's tier to Premium, or leave the private endpoint out",
    ))
}

/// LZ2020.
fn linked_once(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<(String, ResourceId), String> = HashMap::new();
    for link in graph.of_type(LINK) {
        let network = link.reference("properties.virtualNetwork.id");
        let (Some(zone), Some(network)) = (link.parent(), network) else {
            continue;
        };
        let zone = zone.name().to_ascii_lowercase();
        if let Some(other) = seen.insert((zone.clone(), network.clone()), link.called()) {
            findings.push(link.error(
                "LZ2020",
                format!(
                    "the network `{}` is linked to a zone {zone} already, by {other}",
                    network.name()
                ),
                "keep one link: a network can be linked to one zone of a name",
            ));
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
            let Some(id) = node.reference(path) else {
                continue;
            };
            let whole = if id.resource_type().eq_ignore_ascii_case(SUBNET) {
                id.parent()
            } else {
                Some(id)
            };
            let Some(other) = whole.and_then(|id| graph.find(&id)) else {
                continue;
            };
            let (Some(here), Some(there)) = (node.text("location"), other.text("location")) else {
                continue;
            };
            if location::normal(here) != location::normal(there) {
                let kind = if other.is(PLAN) { "plan" } else { "network" };
                findings.push(node.error(
                    "LZ2021",
                    format!(
                        "it is in {here}, but its {kind} {} is in {there}",
                        other.called()
                    ),
                    format!(
                        "put both into one region: Azure does not connect it to a {kind} of another"
                    ),
                ));
            }
        }
    }
}

fn joined(ranges: &[IpNet]) -> String {
    ranges
        .iter()
        .map(IpNet::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
