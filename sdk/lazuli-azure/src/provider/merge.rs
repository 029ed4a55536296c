//! What an update sends: the declared inputs on top of what others have set.
//!
//! A PUT replaces the resource as a whole (ARM contract), while an absent input
//! is no opinion. So an update reads first and carries over what it has no
//! opinion on. Only what the type's record names is carried: an answer also holds what
//! Azure computes, and what it computes must not become a wish.

use lazuli_arm::ResourceType;
use lazuli_core::Value;
use lazuli_core::value::Reveal;
use serde_json::{Value as Json, json};

use super::json::{at, overlay, put, strip, take, without_nulls};
use crate::generated::record;

/// Whether an update of the type reads before it writes.
pub(super) fn carries(ty: ResourceType<'_>) -> bool {
    record(ty).is_some_and(|record| !record.carries.is_empty())
}

/// The body of an update. `before` holds the inputs of the last operation: a
/// tag that was declared then and is not now goes away, one of somebody else's stays.
pub(super) fn body(ty: ResourceType<'_>, current: Json, before: &Value, declared: &Json) -> Json {
    let Some(record) = record(ty).filter(|record| !record.carries.is_empty()) else {
        return declared.clone();
    };
    let mut base = json!({});
    for member in [
        "location",
        "kind",
        "tags",
        "sku",
        "identity",
        "extendedLocation",
    ] {
        carry(&current, &mut base, member);
    }
    for property in record.carries {
        if !(record.premium_only.contains(property) && is_below_premium(&current, declared)) {
            carry(&current, &mut base, &format!("properties.{property}"));
        }
    }
    for path in record.read_only.iter().chain(record.computed) {
        strip(&mut base, path);
    }
    drop_rivals(record.rivals, &mut base, declared);
    drop_replaced(&mut base, declared);
    for tag in retired(before, declared, "tags") {
        strip_key(&mut base, "tags", &tag);
    }
    overlay(without_nulls(base), declared)
}

fn carry(current: &Json, base: &mut Json, path: &str) {
    if let Some(value) = at(current, path).filter(|value| !value.is_null()) {
        put(base, path, value.clone());
    }
}

fn is_below_premium(current: &Json, declared: &Json) -> bool {
    let sku = at(declared, "sku.name")
        .or_else(|| at(current, "sku.name"))
        .and_then(Json::as_str);
    sku.is_some_and(|sku| ["basic", "standard"].contains(&sku.to_ascii_lowercase().as_str()))
}

fn drop_rivals(rivals: &[(&str, &str)], base: &mut Json, declared: &Json) {
    for (old, new) in rivals {
        let (old_declared, new_declared) =
            (at(declared, old).is_some(), at(declared, new).is_some());
        if new_declared || (!old_declared && at(base, new).is_some()) {
            take(base, old);
        } else if old_declared {
            take(base, new);
        }
    }
}

/// Identities and sizes are one thing: a part of the old does not fit the new.
fn drop_replaced(base: &mut Json, declared: &Json) {
    for member in ["identity", "sku"] {
        if at(declared, member).is_some() {
            let capacity = take(base, &format!("{member}.capacity"));
            take(base, member);
            if let Some(capacity) = capacity {
                put(base, &format!("{member}.capacity"), capacity);
            }
        }
    }
    let Some(Json::Object(identities)) = at(base, "identity.userAssignedIdentities").cloned()
    else {
        return;
    };
    let bare = identities
        .into_iter()
        .map(|(id, _)| (id, json!({})))
        .collect();
    put(base, "identity.userAssignedIdentities", Json::Object(bare));
}

fn strip_key(base: &mut Json, path: &str, key: &str) {
    if let Some(members) = base.get_mut(path).and_then(Json::as_object_mut) {
        members.shift_remove(key);
    }
}

/// Keys of an object that were declared before and are not now.
pub(super) fn retired(before: &Value, declared: &Json, path: &str) -> Vec<String> {
    let before = before.at(path).map(|value| value.to_json(Reveal::No));
    let Some(Json::Object(before)) = before else {
        return Vec::new();
    };
    let still = |key: &String| {
        at(declared, path)
            .and_then(|now| now.get(key.as_str()))
            .is_some()
    };
    before
        .into_iter()
        .map(|(key, _)| key)
        .filter(|key| !still(key))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ty: &str, current: Json, before: Json, declared: Json, expected: Json) {
        assert_eq!(
            body(ty.into(), current, &Value::from(before), &declared),
            expected,
            "{ty}"
        );
    }

    #[test]
    fn a_network_keeps_what_others_set_and_never_lists_its_subnets() {
        check(
            "Microsoft.Network/virtualNetworks",
            json!({
                "id": "/x", "etag": "1", "location": "westus", "tags": {"policy": "1", "mine": "1"},
                "properties": {
                    "provisioningState": "Succeeded", "resourceGuid": "g", "enableDdosProtection": false,
                    "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "dhcpOptions": {"dnsServers": ["10.0.0.4"]},
                    "subnets": [{"name": "a"}], "virtualNetworkPeerings": [],
                },
            }),
            json!({"tags": {"mine": "1"}}),
            json!({"location": "westus", "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}}),
            json!({
                "location": "westus", "tags": {"policy": "1"},
                "properties": {
                    "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "dhcpOptions": {"dnsServers": ["10.0.0.4"]},
                    "enableDdosProtection": false,
                },
            }),
        );
    }

    #[test]
    fn a_lesser_registry_is_not_told_what_premium_may() {
        let current = |sku: &str| {
            json!({"sku": {"name": sku, "tier": sku}, "properties": {
                "loginServer": "x", "adminUserEnabled": true, "publicNetworkAccess": "Enabled",
                "policies": {"softDeletePolicy": {"status": "disabled", "lastUpdatedTime": "now"}}}})
        };
        let declared =
            json!({"sku": {"name": "Standard"}, "properties": {"adminUserEnabled": false}});
        let lesser = json!({"sku": {"name": "Standard"},
            "properties": {"adminUserEnabled": false, "publicNetworkAccess": "Enabled"}});
        let ty = "Microsoft.ContainerRegistry/registries";
        check(ty, current("Standard"), json!({}), declared, lesser);
        let premium = json!({"sku": {"name": "Premium"}, "properties": {"adminUserEnabled": true,
            "publicNetworkAccess": "Disabled", "policies": {"softDeletePolicy": {"status": "disabled"}}}});
        let declared = json!({"properties": {"publicNetworkAccess": "Disabled"}});
        check(ty, current("Premium"), json!({}), declared, premium);
    }

    #[test]
    fn one_spelling_of_a_thing_displaces_the_other() {
        let current =
            json!({"properties": {"addressPrefixes": ["10.0.0.0/24"], "routeTable": {"id": "/r"}}});
        let declared = json!({"properties": {"addressPrefix": "10.0.1.0/24"}});
        let expected =
            json!({"properties": {"addressPrefix": "10.0.1.0/24", "routeTable": {"id": "/r"}}});
        check(
            "Microsoft.Network/virtualNetworks/subnets",
            current,
            json!({}),
            declared,
            expected,
        );
    }

    #[test]
    fn an_identity_is_replaced_as_a_whole() {
        let current = json!({"identity": {"type": "SystemAssigned, UserAssigned", "principalId": "p",
            "userAssignedIdentities": {"/a": {"clientId": "c", "principalId": "p"}}}});
        let kept = json!({"identity": {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {"/a": {}}}});
        check(
            "Microsoft.Web/sites",
            current.clone(),
            json!({}),
            json!({}),
            kept,
        );
        let declared = json!({"identity": {"type": "SystemAssigned"}});
        check(
            "Microsoft.Web/sites",
            current,
            json!({}),
            declared.clone(),
            declared,
        );
    }

    #[test]
    fn types_without_a_record_are_sent_as_declared() {
        let declared = json!({"properties": {"a": 1}});
        check(
            "Microsoft.X/y",
            json!({"properties": {"b": 1}}),
            json!({}),
            declared.clone(),
            declared,
        );
    }
}
