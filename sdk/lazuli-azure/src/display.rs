//! What a picture of a topology shows of Azure: groups, networks and subnets as
//! boxes with what lies in them, and kinds by their common names.
//!
//! Called through [`lazuli_core::Schema::display`]. Pure over the declarations.

pub(crate) mod title;

use std::collections::HashMap;

use lazuli_arm::ResourceId;
use lazuli_core::{Category, DeclaredNode, NodeStyle, Value};

use crate::generated::behaviours::behaviour;
use crate::generated::{record, types};

/// What matters, whatever the type: a name for it, and the paths where it may stand.
const FACTS: [(&str, &[&str]); 17] = [
    (
        "range",
        &[
            "properties.addressPrefix",
            "properties.addressPrefixes",
            "properties.addressSpace.addressPrefixes",
        ],
    ),
    ("size", &["sku.name"]),
    ("location", &["location"]),
    (
        "image",
        &[
            "properties.siteConfig.linuxFxVersion",
            "properties.siteConfig.windowsFxVersion",
            "image",
        ],
    ),
    ("public access", &["properties.publicNetworkAccess"]),
    (
        "delegated to",
        &["properties.delegations.0.properties.serviceName"],
    ),
    (
        "service",
        &[
            "properties.privateLinkServiceConnections.0.properties.groupIds",
            "properties.manualPrivateLinkServiceConnections.0.properties.groupIds",
        ],
    ),
    ("identity", &["identity.type"]),
    (
        "pull over the network",
        &[
            "properties.outboundVnetRouting.imagePullTraffic",
            "properties.vnetImagePullEnabled",
        ],
    ),
    (
        "all traffic over the network",
        &["properties.outboundVnetRouting.allTraffic"],
    ),
    ("DNS servers", &["properties.dhcpOptions.dnsServers"]),
    ("admin user", &["properties.adminUserEnabled"]),
    ("roles decide", &["properties.enableRbacAuthorization"]),
    ("registration", &["properties.registrationEnabled"]),
    ("kind", &["kind"]),
    ("principal type", &["properties.principalType"]),
    ("from", &["source", "context"]),
];

/// Paths of the resource that something was asked of, or made for.
const BELONGS: [&str; 2] = ["registryId", "resourceId"];

pub(crate) fn display(declared: &[DeclaredNode]) -> Vec<NodeStyle> {
    let by_id = declared.iter().enumerate().rev().filter_map(|(at, one)| {
        let id = one.desired.id.as_deref()?;
        Some((ResourceId::parse(id).ok()?, at))
    });
    let by_id: HashMap<ResourceId, usize> = by_id.collect();
    let looks = declared.iter().enumerate();
    let looks = looks.map(|(at, one)| look(one, within(at, one, &by_id)));
    looks.collect()
}

/// The type of what exists without the program is among its inputs.
fn ty(declared: &DeclaredNode) -> &str {
    let own = declared.desired.urn.ty();
    match types::EXISTING == own {
        true => text(declared, "type").unwrap_or(own),
        false => own,
    }
}

fn text<'a>(declared: &'a DeclaredNode, path: &str) -> Option<&'a str> {
    match declared.desired.inputs.at(path)? {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    }
}

/// The declared resource that one lies in: an endpoint in its subnet, what was
/// asked of a resource in that, and everything else in what is above its id.
fn within(at: usize, declared: &DeclaredNode, by_id: &HashMap<ResourceId, usize>) -> Option<usize> {
    let named = |path: &str| ResourceId::parse(text(declared, path)?).ok();
    let find = |id: ResourceId| by_id.get(&id).copied().filter(|found| *found != at);
    let displayed = record(ty(declared)).and_then(|record| record.display);
    let inside = displayed.map_or(&[][..], |display| display.within);
    let inside = inside.iter().copied().filter_map(named);
    let belongs = BELONGS.into_iter().filter_map(named);
    if let Some(found) = inside.chain(belongs).find_map(find) {
        return Some(found);
    }
    let mut above = ResourceId::parse(declared.desired.id.as_deref()?)
        .ok()?
        .parent();
    while let Some(id) = above {
        above = id.parent();
        if let Some(found) = find(id) {
            return Some(found);
        }
    }
    None
}

fn look(declared: &DeclaredNode, within: Option<usize>) -> NodeStyle {
    let ty = ty(declared);
    let known = record(ty).and_then(|record| record.display);
    let category = known.map_or(Category::Plain, |display| display.category);
    let title = behaviour(ty).title.and_then(|title| title(declared));
    let kind = title.unwrap_or_else(|| match known {
        Some(display) => display.called.to_owned(),
        None => words(ty),
    });
    let facts = FACTS.iter().filter_map(|(name, paths)| {
        let value = paths
            .iter()
            .find_map(|path| plain(declared.desired.inputs.at(path)?));
        Some(((*name).to_owned(), value?))
    });
    let facts: Vec<(String, String)> = facts.collect();
    let captions: &[&str] = match category {
        Category::Group => &["location"],
        _ => &["range", "size", "service"],
    };
    let caption = facts
        .iter()
        .find(|(name, _)| captions.contains(&name.as_str()));
    NodeStyle {
        kind,
        category,
        caption: caption.map(|(_, value)| value.clone()).unwrap_or_default(),
        within,
        is_room: known.is_some_and(|display| display.is_box),
        facts,
    }
}

/// The last segment of a type in words: `Microsoft.X/flexibleServers` is a `flexible servers`.
fn words(ty: &str) -> String {
    let last = ty.rsplit(['/', ':', '.']).next().unwrap_or(ty);
    let mut words = String::new();
    let mut before = ' ';
    for letter in last.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.extend(match before {
            ' ' => vec![letter],
            _ => letter.to_lowercase().collect(),
        });
        before = letter;
    }
    words
}

/// A value that is known and no secret, in a few words.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Bool(flag) => Some(if *flag { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::List(list) if !list.is_empty() => {
            let items: Option<Vec<String>> = list.iter().map(plain).collect();
            Some(items?.join(", "))
        }
        _ => None,
    }
}
