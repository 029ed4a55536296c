//! `whatIf`: what a deployment would change, without changing it.
//!
//! Properties that a template leaves out are taken to keep their values, as most providers do; tags are
//! replaced as a whole, so tags that are left out are shown as deleted.

use serde_json::{Value, json};

use super::{Prepared, run, show};
use crate::arm::lifecycle;
use crate::arm::template::Planned;
use crate::arm::{Call, json};
use crate::wire::ids::location_key;
use crate::world::Resource;

/// Parts of an answer that requests do not carry.
const NOISE: &[&str] = &[
    "etag",
    "systemData",
    "provisioningState",
    "resourceGuid",
    "creationTime",
    "keyCreationTime",
];

/// The final answer of the operation.
pub(super) fn predict(call: &Call<'_>, prepared: &Prepared) -> Value {
    let brief = json::same(
        json::text(&call.body["properties"]["whatIfSettings"]["resultFormat"]),
        "ResourceIdOnly",
    );
    let made = prepared.plan.resources.iter().filter(|one| !one.existing);
    let mut changes: Vec<Value> = made.map(|one| change(call, prepared, one, brief)).collect();
    let planned = |id: &str| {
        prepared
            .plan
            .resources
            .iter()
            .any(|one| json::same(&one.id, id))
    };
    if call.target.group().is_some() {
        for rest in run::tracked(call.world, &prepared.base) {
            if planned(&rest.id) {
                continue;
            }
            let kind = if prepared.mode == "Complete" {
                "Delete"
            } else {
                "Ignore"
            };
            let mut shown = json!({ "resourceId": rest.id, "changeType": kind });
            if !brief {
                json::set(&mut shown, "before", before(&rest, "2021-04-01", call));
            }
            changes.push(shown);
        }
    }
    changes.sort_by_key(|change| json::text(&change["resourceId"]).to_ascii_lowercase());
    json!({ "status": "Succeeded", "properties": { "correlationId": show::correlation(&call.id(), prepared), "changes": changes } })
}

fn change(call: &Call<'_>, prepared: &Prepared, one: &Planned, brief: bool) -> Value {
    if brief {
        return json!({ "resourceId": one.id, "changeType": "Deploy" });
    }
    let body = match one.body(&prepared.inputs.scope()) {
        Ok(body) => body,
        Err(error) if error.too_early => {
            let reason = format!(
                "Changes to the resource declared at '{}' cannot be analyzed because its properties can be known only while the deployment runs: {}",
                one.id, error.message
            );
            return json!({ "resourceId": one.id, "changeType": "Unsupported", "unsupportedReason": reason });
        }
        Err(error) => {
            return json!({ "resourceId": one.id, "changeType": "Unsupported", "unsupportedReason": error.message });
        }
    };
    let existing = call.world.get(&one.id).filter(|_| !one.is_deployment());
    let Some(existing) = existing else {
        return json!({ "resourceId": one.id, "changeType": "Create", "after": identified(body, one) });
    };
    let before = before(&existing, &one.api_version, call);
    let mut after = before.clone();
    json::overlay(&mut after, &body);
    if body["tags"].is_object() {
        json::set(&mut after, "tags", body["tags"].clone());
    }
    let mut delta = Vec::new();
    compare(&before, &body, "", &mut delta);
    tags(&before["tags"], &body["tags"], &mut delta);
    let kind = if delta.is_empty() {
        "NoChange"
    } else {
        "Modify"
    };
    let mut shown = json!({ "resourceId": one.id, "changeType": kind, "before": before, "after": identified(after, one) });
    if !delta.is_empty() {
        json::set(&mut shown, "delta", delta);
    }
    shown
}

fn identified(mut body: Value, one: &Planned) -> Value {
    let name = one.name.rsplit('/').next().unwrap_or_default();
    let own =
        json!({ "apiVersion": one.api_version, "id": one.id, "name": name, "type": one.kind });
    json::overlay(&mut body, &own);
    if let Some(place) = body["location"].as_str().map(location_key) {
        json::set(&mut body, "location", place);
    }
    body
}

fn before(existing: &Resource, api_version: &str, call: &Call<'_>) -> Value {
    let mut shown = lifecycle::present(call.world, existing);
    for name in NOISE {
        json::unset(&mut shown, name);
        json::unset(&mut shown["properties"], name);
    }
    json::set(&mut shown, "apiVersion", api_version);
    if let Some(place) = shown["location"].as_str().map(location_key) {
        json::set(&mut shown, "location", place);
    }
    shown
}

/// Only what the request names is compared.
fn compare(before: &Value, after: &Value, path: &str, delta: &mut Vec<Value>) {
    for (name, wanted) in after.as_object().into_iter().flatten() {
        let here = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let found = &before[name.as_str()];
        match (found, wanted) {
            (_, Value::Null) => {}
            (Value::Object(_), Value::Object(_)) if here != "tags" => compare(found, wanted, &here, delta),
            _ if here == "tags" || equal(found, wanted, &here) => {}
            (Value::Null, _) => delta.push(json!({ "path": here, "propertyChangeType": "Create", "before": null, "after": wanted })),
            (Value::Array(_), Value::Array(_)) => {
                delta.push(json!({ "path": here, "propertyChangeType": "Array", "before": found, "after": wanted, "children": elements(found, wanted) }));
            }
            _ => delta.push(json!({ "path": here, "propertyChangeType": "Modify", "before": found, "after": wanted })),
        }
    }
}

fn elements(before: &Value, after: &Value) -> Vec<Value> {
    let (old, new): (Vec<&Value>, Vec<&Value>) =
        (json::items(before).collect(), json::items(after).collect());
    let mut children = Vec::new();
    for at in 0..old.len().max(new.len()) {
        let path = at.to_string();
        match (old.get(at), new.get(at)) {
            (Some(old), None) => children.push(json!({ "path": path, "propertyChangeType": "Delete", "before": old, "after": null })),
            (None, Some(new)) => children.push(json!({ "path": path, "propertyChangeType": "Create", "before": null, "after": new })),
            (Some(old), Some(new)) if !covers(old, new) => {
                children.push(json!({ "path": path, "propertyChangeType": "Modify", "before": old, "after": new }));
            }
            _ => {}
        }
    }
    children
}

/// Whether `found` already says everything that `wanted` asks for. Ids, locations and enumerations do
/// not differ by their casing.
fn covers(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (_, Value::Null) => true,
        (Value::Object(_), Value::Object(all)) => all
            .iter()
            .all(|(name, one)| covers(&found[name.as_str()], one)),
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| covers(old, new))
        }
        (Value::String(found), Value::String(wanted)) => json::same(found, wanted),
        _ => found == wanted,
    }
}

fn equal(found: &Value, wanted: &Value, path: &str) -> bool {
    match (path, found, wanted) {
        ("location", Value::String(found), Value::String(wanted)) => {
            location_key(found) == location_key(wanted)
        }
        _ => covers(found, wanted),
    }
}

fn tags(before: &Value, after: &Value, delta: &mut Vec<Value>) {
    if after.is_null() && before.as_object().is_none_or(|all| all.is_empty()) {
        return;
    }
    let (old, new) = (
        before.as_object().cloned().unwrap_or_default(),
        after.as_object().cloned().unwrap_or_default(),
    );
    for (name, value) in &old {
        let path = format!("tags.{name}");
        match new.get(name) {
            None => delta.push(json!({ "path": path, "propertyChangeType": "Delete", "before": value, "after": null })),
            Some(now) if now != value => delta.push(json!({ "path": path, "propertyChangeType": "Modify", "before": value, "after": now })),
            Some(_) => {}
        }
    }
    for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        delta.push(json!({ "path": format!("tags.{name}"), "propertyChangeType": "Create", "before": null, "after": value }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_a_change() {
        let check = |before: Value, after: Value, expect: &[(&str, &str)]| {
            let mut delta = Vec::new();
            compare(&before, &after, "", &mut delta);
            tags(&before["tags"], &after["tags"], &mut delta);
            let found: Vec<(&str, &str)> = delta
                .iter()
                .map(|one| {
                    (
                        json::text(&one["path"]),
                        json::text(&one["propertyChangeType"]),
                    )
                })
                .collect();
            assert_eq!(found, expect, "{before} {after}");
        };
        let before = json!({ "location": "westus2", "sku": { "name": "A", "tier": "T" }, "tags": { "a": "1" }, "properties": { "list": [1, 2], "on": true } });
        check(
            before.clone(),
            json!({ "location": "West US 2", "sku": { "name": "a" }, "tags": { "a": "1" } }),
            &[],
        );
        check(
            before.clone(),
            json!({ "sku": { "name": "B" }, "tags": { "a": "2" } }),
            &[("sku.name", "Modify"), ("tags.a", "Modify")],
        );
        check(
            before.clone(),
            json!({ "properties": { "list": [1], "new": 1 } }),
            &[
                ("properties.list", "Array"),
                ("properties.new", "Create"),
                ("tags.a", "Delete"),
            ],
        );
    }
}
