//! Rules of registries: what a tier has, and what address rules can say.

use lazuli_core::{Diagnostic, Value};

use super::graph::{Node, WithRelated};
use super::reach::model::Model;
use crate::generated::types;

const ACCESS: &str = "properties.publicNetworkAccess";
const ACTION: &str = "properties.networkRuleSet.defaultAction";
const RULES: &str = "properties.networkRuleSet.ipRules";
const EXPORT: &str = "properties.policies.exportPolicy.status";
/// Address rules of one registry (registry firewall).
const MOST_RULES: usize = 200;

pub(super) fn verify(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for registry in model.graph.of_type(types::REGISTRY) {
        findings.extend(features(registry));
        findings.extend(rules(registry));
        findings.extend(export(registry));
        findings.extend(idle(registry));
        findings.extend(words(registry));
    }
    replicas(model, findings);
}

/// Features that only Premium has, by the switch that uses them.
const PREMIUM: [(&str, &str, &str); 6] = [
    (ACCESS, "Disabled", "closing the public network"),
    (ACTION, "Deny", "address rules"),
    (
        "properties.policies.retentionPolicy.status",
        "enabled",
        "retention of manifests",
    ),
    (EXPORT, "disabled", "switching exports off"),
    (
        "properties.encryption.status",
        "enabled",
        "keys of one's own",
    ),
    ("properties.zoneRedundancy", "Enabled", "zone redundancy"),
];

/// LZ2041.
fn features(registry: Node<'_>) -> Vec<Diagnostic> {
    let Some(sku) = registry.text("sku.name") else {
        return Vec::new();
    };
    let lacks = |feature: &str, needed: &str| {
        registry.finding(
            "LZ2041",
            format!("the registry's tier is {sku}, which does not allow {feature}"),
            format!("set the tier to {needed}, or leave that out"),
        )
    };
    let mut found = Vec::new();
    if !sku.eq_ignore_ascii_case("Premium") {
        let used = PREMIUM
            .iter()
            .filter(|(path, word, _)| registry.says(path, &[word]));
        found.extend(used.map(|(_, _, feature)| lacks(feature, "Premium")));
        if registry.flag("properties.dataEndpointEnabled") {
            found.push(lacks("data endpoints of its own", "Premium"));
        }
        if !registry.list(RULES).is_empty() && !registry.says(ACTION, &["Deny"]) {
            found.push(lacks("address rules", "Premium"));
        }
    }
    if sku.eq_ignore_ascii_case("Basic") && registry.flag("properties.anonymousPullEnabled") {
        found.push(lacks("anonymous pulls", "Standard or Premium"));
    }
    found
}

/// LZ2041 for replicas, which are resources of their own.
fn replicas(model: &Model<'_>, findings: &mut Vec<Diagnostic>) {
    for replica in model.graph.of_type(types::REGISTRY_REPLICATION) {
        let registry = replica.parent().and_then(|id| model.graph.find(&id));
        let Some(registry) = registry else { continue };
        let Some(sku) = registry
            .text("sku.name")
            .filter(|sku| !sku.eq_ignore_ascii_case("Premium"))
        else {
            continue;
        };
        let finding = registry.finding(
            "LZ2041",
            format!(
                "the registry's tier is {sku}, which has no replicas, but {} is one",
                replica.called()
            ),
            "set the tier to Premium, or leave the replica out",
        );
        findings.push(finding.with(replica, "the replica"));
    }
}

/// LZ2042.
fn rules(registry: Node<'_>) -> Vec<Diagnostic> {
    let rules = registry.list(RULES);
    let mut found = Vec::new();
    if rules.len() > MOST_RULES {
        found.push(registry.finding(
            "LZ2042",
            format!(
                "the registry has {} address rules, and it takes {MOST_RULES}",
                rules.len()
            ),
            "join addresses into ranges, or use private endpoints",
        ));
    }
    let is_range = |value: &&str| {
        value.parse::<ipnet::Ipv4Net>().is_err() && value.parse::<std::net::Ipv4Addr>().is_err()
    };
    let values = rules
        .iter()
        .filter_map(|rule| rule.at("value").and_then(Value::as_str));
    found.extend(values.filter(is_range).map(|value| {
        registry.finding(
            "LZ2042",
            format!("the address rule `{value}` is no IPv4 address or range"),
            "write an address, `203.0.113.7`, or a range, `203.0.113.0/24`",
        )
    }));
    found
}

/// LZ2043.
fn export(registry: Node<'_>) -> Option<Diagnostic> {
    let is_open = !registry.is_unknown(ACCESS) && !registry.says(ACCESS, &["Disabled"]);
    (registry.says(EXPORT, &["disabled"]) && is_open).then(|| {
        registry.finding(
            "LZ2043",
            "exports are switched off, but the registry's public access is on",
            "set `publicNetworkAccess` to Disabled, or leave exports on",
        )
    })
}

/// LZ2044.
fn idle(registry: Node<'_>) -> Option<Diagnostic> {
    if registry.list(RULES).is_empty() {
        return None;
    }
    let why = if registry.says(ACCESS, &["Disabled"]) {
        "public access is off altogether"
    } else if registry.is_unknown(ACTION) || registry.says(ACTION, &["Deny"]) {
        return None;
    } else {
        "every address is allowed already"
    };
    Some(registry.finding(
        "LZ2044",
        format!("the registry's address rules have no effect: {why}"),
        "set `publicNetworkAccess` to Enabled and `defaultAction` to Deny, or leave the rules out; rules never apply to private endpoints",
    ))
}

/// Switches and the words that Azure knows for them.
const WORDS: [(&str, &[&str]); 5] = [
    (ACCESS, &["Enabled", "Disabled", "SecuredByPerimeter"]),
    (ACTION, &["Allow", "Deny"]),
    (
        "properties.networkRuleBypassOptions",
        &["AzureServices", "None"],
    ),
    (
        "properties.roleAssignmentMode",
        &["LegacyRegistryPermissions", "AbacRepositoryPermissions"],
    ),
    ("sku.name", &["Basic", "Standard", "Premium"]),
];

/// LZ2066.
fn words(registry: Node<'_>) -> impl Iterator<Item = Diagnostic> {
    WORDS.iter().filter_map(move |(path, words)| {
        let value = registry.text(path)?;
        (!registry.says(path, words)).then(|| {
            registry.finding(
                "LZ2066",
                format!("`{path}` is `{value}`, which this version does not know"),
                format!("write one of {}", words.join(", ")),
            )
        })
    })
}
