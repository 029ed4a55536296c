//! Rules of private endpoints: where they are, what they lead to.

use std::collections::BTreeMap;

use ipnet::IpNet;
use lazuli_arm::ResourceType;
use lazuli_core::{Diagnostic, Value};

use super::graph::{Node, WithRelated};
use super::reach::groups_of;
use super::reach::model::{Endpoint, Known, Model, Subnet};
use crate::generated::types;

/// Addresses that Azure keeps of each subnet (network limits).
const KEPT: u64 = 5;
/// Endpoints of one registry (registry tiers).
const MOST: usize = 200;

pub(super) fn verify(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for endpoint in &model.endpoints {
        findings.extend(connections(endpoint));
        findings.extend(premium(model, endpoint));
        findings.extend(delegated(model, endpoint));
        findings.extend(group(model, endpoint));
        findings.extend(approval(endpoint));
    }
    capacity(model, findings);
    number(model, findings);
}

fn target<'a>(model: &Model<'a>, endpoint: &Endpoint<'a>) -> Option<Node<'a>> {
    endpoint.target.is().and_then(|id| model.graph.find(id))
}

/// LZ2025.
fn connections(endpoint: &Endpoint<'_>) -> Option<Diagnostic> {
    let lists = [
        "properties.privateLinkServiceConnections",
        "properties.manualPrivateLinkServiceConnections",
    ];
    let is_pending = |path: &&str| matches!(endpoint.node.value(path), Some(Value::Unknown(_)));
    let count: usize = lists
        .iter()
        .map(|path| endpoint.node.list(path).len())
        .sum();
    (count != 1 && !lists.iter().any(is_pending)).then(|| {
        endpoint.node.finding(
            "LZ2025",
            format!("the endpoint has {count} connections"),
            "give it one: each target has an endpoint of its own",
        )
    })
}

/// LZ2006.
fn premium(model: &Model<'_>, endpoint: &Endpoint<'_>) -> Option<Diagnostic> {
    let registry = target(model, endpoint).filter(|node| node.is(types::REGISTRY))?;
    let sku = registry
        .text("sku.name")
        .filter(|sku| !sku.eq_ignore_ascii_case("Premium"))?;
    let finding = registry.finding(
        "LZ2006",
        format!(
            "the registry's tier is {sku}, but the private endpoint {} needs Premium",
            endpoint.node.called()
        ),
        "set the registry's tier to Premium, or leave the private endpoint out",
    );
    Some(finding.with(endpoint.node, "the private endpoint"))
}

/// LZ2032. LZ2005 speaks of subnets that an app is integrated with.
fn delegated(model: &Model<'_>, endpoint: &Endpoint<'_>) -> Option<Diagnostic> {
    let id = endpoint.subnet.is()?;
    let subnet = model.subnet(id)?;
    let service = subnet.delegations()?.into_iter().next()?;
    if model.is_integrated(id) {
        return None;
    }
    let finding = endpoint.node.finding(
        "LZ2032",
        format!(
            "the subnet `{}` is handed to {service}, and takes no private endpoints",
            subnet.name()
        ),
        "put the endpoint into a subnet without delegation: an `EndpointSubnet`",
    );
    Some(finding.with(subnet.node, "delegated here"))
}

/// LZ2034.
fn group(model: &Model<'_>, endpoint: &Endpoint<'_>) -> Option<Diagnostic> {
    let id = endpoint.target.is()?;
    let known = groups_of(ResourceType::new(&id.resource_type()));
    let given = endpoint.groups.is()?;
    // Slots of an app have group ids of their own, `sites-staging`.
    let fits = |group: &&str| {
        known.iter().any(|known| {
            let group = group.to_ascii_lowercase();
            group == *known || group.starts_with(&format!("{known}-"))
        })
    };
    if known.is_empty() || (given.len() == 1 && given.iter().all(fits)) {
        return None;
    }
    let named = if given.is_empty() {
        "none".to_owned()
    } else {
        given.join(", ")
    };
    let finding = endpoint.node.finding(
        "LZ2034",
        format!(
            "the endpoint names the group ids [{named}], but a {} has {}",
            id.resource_type(),
            known.join(", ")
        ),
        "name exactly one: `.group(PrivateLink::..)` of the target's service",
    );
    Some(finding.with(target(model, endpoint), "the endpoint's target"))
}

/// LZ2063.
fn approval(endpoint: &Endpoint<'_>) -> Option<Diagnostic> {
    endpoint.is_manual.then(|| {
        endpoint.node.finding(
            "LZ2063",
            "the endpoint asks for approval: until somebody gives it, nothing gets through",
            "have the target's owner approve it; within your own rights, `privateLinkServiceConnections` approves itself",
        )
    })
}

/// What an endpoint takes of its subnet: a registry has an address for its name, one
/// for its data, and one for each replica.
fn addresses(model: &Model<'_>, endpoint: &Endpoint<'_>) -> u64 {
    let Some(registry) = target(model, endpoint).filter(|node| node.is(types::REGISTRY)) else {
        return 1;
    };
    let replicas = |id| {
        model
            .graph
            .children(&id, types::REGISTRY_REPLICATION)
            .count() as u64
    };
    2 + registry.id().map(replicas).unwrap_or_default()
}

/// LZ2035.
fn capacity(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for subnet in &model.subnets {
        let endpoints: Vec<_> = model.endpoints_in(&subnet.id).collect();
        let wanted: u64 = endpoints
            .iter()
            .map(|endpoint| addresses(model, endpoint))
            .sum();
        let free = free(subnet);
        if free.is_some_and(|free| wanted > free) {
            let free = free.unwrap_or_default();
            let finding = subnet.node.finding(
                "LZ2035",
                format!("the private endpoints in the subnet `{}` need {wanted} addresses, and it has {free}", subnet.name()),
                "make it larger: Azure keeps 5 addresses of each subnet; /27 or more leaves room for replicas",
            );
            let related = endpoints.into_iter();
            findings.push(related.fold(finding, |finding, endpoint| {
                finding.with(endpoint.node, "takes addresses of it")
            }));
        }
    }
}

/// The addresses that a subnet can give; none where its IPv4 range is not known.
fn free(subnet: &Subnet<'_>) -> Option<u64> {
    let ranges = subnet.ranges();
    let sizes = ranges.iter().filter_map(|range| match range {
        IpNet::V4(range) => Some(1_u64 << (32 - range.prefix_len())),
        IpNet::V6(_) => None,
    });
    let sizes: Vec<u64> = sizes.map(|size| size.saturating_sub(KEPT)).collect();
    (!sizes.is_empty()).then(|| sizes.iter().sum())
}

/// LZ2036.
fn number(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for endpoint in &model.endpoints {
        if let Some(registry) = target(model, endpoint).filter(|node| node.is(types::REGISTRY)) {
            *counts.entry(registry.at).or_default() += 1;
        }
    }
    let too_many = model.graph.of_type(types::REGISTRY).filter_map(|node| {
        let count = counts.get(&node.at).filter(|count| **count > MOST)?;
        Some(node.finding(
            "LZ2036",
            format!("{count} private endpoints lead to the registry, and it takes {MOST}"),
            "let networks share endpoints through peering",
        ))
    });
    findings.extend(too_many);
}

/// LZ2061: the endpoints of apps in an environment that is declared here.
pub(super) fn environment(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    let allows = "properties.networkingConfiguration.properties.allowNewPrivateEndpointConnections";
    for endpoint in &model.endpoints {
        let app = endpoint.target.is().and_then(|id| model.app(id));
        let Some(app) = app else { continue };
        let profile = "properties.hostingEnvironmentProfile.id";
        let plan = app.plan.and_then(|plan| plan.reference(profile));
        let environment = plan.or_else(|| app.node.reference(profile));
        let environment = environment
            .and_then(|id| model.graph.find(&id))
            .filter(|node| node.is(types::HOSTING_ENVIRONMENT));
        let Some(environment) = environment else {
            continue;
        };
        if environment.switch(allows) == Some(false)
            && !matches!(
                environment.value("properties.networkingConfiguration"),
                Some(Value::Unknown(_))
            )
        {
            let finding = endpoint.node.finding(
                "LZ2061",
                format!(
                    "the App Service Environment {} does not allow new private endpoints",
                    environment.called()
                ),
                "set `networkingConfiguration.properties.allowNewPrivateEndpointConnections` on it",
            );
            findings.push(finding.with(environment, "the environment"));
        }
    }
}

/// Whether an endpoint leads to an id.
pub(super) fn leads_to(endpoint: &Endpoint<'_>) -> Option<String> {
    match &endpoint.groups {
        Known::Is(groups) => groups.first().map(|group| (*group).to_owned()),
        Known::Pending | Known::Absent => None,
    }
}
