//! Rules of private zones: links, registration, and what endpoints keep in them.

use std::collections::HashMap;

use lazuli_arm::ResourceId;
use lazuli_core::Diagnostic;

use super::endpoints::leads_to;
use super::graph::{Node, WithRelated};
use super::reach::model::{Link, Model};
use super::reach::zone_fits;

const REGISTERS: &str = "properties.registrationEnabled";
/// Links of one zone, and those with registration (limits of Azure DNS).
const MOST_LINKS: usize = 1000;
const MOST_REGISTRATIONS: usize = 100;

pub(super) fn verify(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    linked_once(model, findings);
    registration(model, findings);
    limits(model, findings);
    zones(model, findings);
}

/// LZ2020.
fn linked_once(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<(String, &ResourceId), Node<'_>> = HashMap::new();
    for link in &model.links {
        let Some(network) = link.network.is() else {
            continue;
        };
        let zone = link.zone.name().to_ascii_lowercase();
        if let Some(other) = seen.insert((zone.clone(), network), link.node) {
            let finding = link.node.finding(
                "LZ2020",
                format!(
                    "the network `{}` is linked to a zone {zone} already, by {}",
                    network.name(),
                    other.called()
                ),
                "keep one link: a network can be linked to one zone of a name",
            );
            findings.push(finding.with(other, "the other link"));
        }
    }
}

/// LZ2038.
fn registration(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&ResourceId, Node<'_>> = HashMap::new();
    for link in model.links.iter().filter(|link| link.node.flag(REGISTERS)) {
        let Some(network) = link.network.is() else {
            continue;
        };
        if let Some(other) = seen.insert(network, link.node) {
            let finding = link.node.finding(
                "LZ2038",
                format!(
                    "the network `{}` registers its machines already, through {}",
                    network.name(),
                    other.called()
                ),
                "switch `registrationEnabled` on for one link of a network",
            );
            findings.push(finding.with(other, "the other link with registration"));
        }
    }
}

/// LZ2039.
fn limits(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    let mut zones: HashMap<&ResourceId, Vec<&Link<'_>>> = HashMap::new();
    for link in &model.links {
        zones.entry(&link.zone).or_default().push(link);
    }
    for links in zones.values() {
        let registrations = links
            .iter()
            .filter(|link| link.node.flag(REGISTERS))
            .count();
        let breach = if links.len() > MOST_LINKS {
            format!("{} links, and it takes {MOST_LINKS}", links.len())
        } else if registrations > MOST_REGISTRATIONS {
            format!("{registrations} links with registration, and it takes {MOST_REGISTRATIONS}")
        } else {
            continue;
        };
        findings.push(links[0].node.finding(
            "LZ2039",
            format!("the zone `{}` has {breach}", links[0].zone.name()),
            "link networks to zones of several groups, or resolve names in a hub",
        ));
    }
}

/// LZ2040.
fn zones(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for endpoint in &model.endpoints {
        let Some(group) = leads_to(endpoint) else {
            continue;
        };
        for (node, zone) in &endpoint.zones {
            let Some(zone) = zone.is() else { continue };
            let Some(Err(right)) = zone_fits(&group, zone.name()) else {
                continue;
            };
            let finding = node.finding(
                "LZ2040",
                format!("the zone `{}` is not the private one of `{group}` endpoints, so no records are kept in it", zone.name()),
                format!("name the zone `{right}` (or your cloud's); `PrivateLink::zone_name` knows it"),
            );
            let declared = model.graph.find(zone);
            findings.push(
                finding
                    .with(endpoint.node, "the endpoint")
                    .with(declared, "the zone"),
            );
        }
    }
}
