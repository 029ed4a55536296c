//! `registries/replications`: the regions a Premium registry is in. Its home region is one of them,
//! although nobody creates it.

use serde_json::{Value, json};

use super::{child, registries};
use crate::arm::kind::Kind;
use crate::arm::shape::{self, Asked, Holds::*, Rule};
use crate::arm::{Answer, Call, json};
use crate::views::registry_view::{REPLICATION as KIND, replicas_of};
use crate::wire::ids::location_key;
use crate::world::{Resource, World};

pub(super) const REPLICATION: Kind = Kind {
    put: Some(put),
    patch: Some(patch),
    get: Some(get),
    list: Some(list),
    delete: Some(delete),
    settle: Some(ready),
    ..Kind::new(KIND)
};

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    child::check_name(call.target.name(), (5, 50), "")?;
    let registry = child::registry(call)?;
    child::check_premium(&registry, "Geo-replication")?;
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    check_place(call, &registry, &location)?;
    let given = json::properties(body)?;
    let mut properties = json!({
        "provisioningState": "Creating", "status": { "timestamp": call.now().to_string() },
        "regionEndpointEnabled": true, "zoneRedundancy": "Disabled",
    });
    if let Some(old) = &existing {
        properties = old.body["properties"].clone();
    }
    apply(call, &mut properties, &given)?;
    let mut made = child::Child::of(properties);
    made.location = Some(location);
    registries::remember_replication(call.world, &registry.id);
    Ok(child::write(call, existing.as_ref(), made))
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let mut properties = existing.body["properties"].clone();
    apply(call, &mut properties, &json::properties(call.object()?)?)?;
    let mut made = child::Child::of(properties);
    made.location = existing.text("/location").map(str::to_owned);
    Ok(child::write(call, Some(&existing), made))
}

const RULES: &[Rule] = &[
    ("regionEndpointEnabled", Flag),
    ("zoneRedundancy", OneOf(&["Enabled", "Disabled"])),
];

fn apply(call: &Call<'_>, properties: &mut Value, given: &Value) -> Result<(), Answer> {
    let id = call.id();
    let asked = Asked::about(call.world, &id);
    json::overlay(properties, &shape::closed(RULES, &asked, given)?);
    Ok(())
}

/// A region holds a registry once; the home region holds it already.
fn check_place(call: &Call<'_>, registry: &Resource, location: &str) -> Result<(), Answer> {
    let place = location_key(location);
    let home = location_key(registry.text("/location").unwrap_or_default());
    let taken = replicas_of(call.world, &registry.id)
        .into_iter()
        .any(|other| {
            location_key(other.text("/location").unwrap_or_default()) == place
                && !json::same(&other.id, &call.id())
        });
    if place != home && !taken {
        return Ok(());
    }
    let message = format!(
        "The replication '{}' cannot be created: the registry {} is already replicated to '{place}'.",
        call.target.name(),
        registry.name()
    );
    Err(Answer::error(409, "ReplicationAlreadyExists", message))
}

fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    if let Some(found) = call.existing() {
        return Ok(Answer::ok(found.body));
    }
    let registry = child::registry(call)?;
    home(&registry)
        .filter(|home| json::same(json::text(&home["name"]), call.target.name()))
        .map(Answer::ok)
        .ok_or_else(|| call.not_found())
}

fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let registry = call.required()?;
    let mut all: Vec<Value> = replicas_of(call.world, &registry.id)
        .into_iter()
        .map(|r| r.body)
        .collect();
    all.extend(home(&registry));
    all.sort_by_key(|one| json::text(&one["name"]).to_owned());
    Ok(Answer::list(all))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let registry = child::registry(call)?;
    let is_home = json::same(
        &location_key(registry.text("/location").unwrap_or_default()),
        call.target.name(),
    );
    if is_home && call.existing().is_none() {
        let message = format!(
            "The replication '{}' is in the home region of the registry {} and cannot be deleted.",
            call.target.name(),
            registry.name()
        );
        return Err(Answer::error(
            400,
            "HomeReplicationDeleteNotAllowed",
            message,
        ));
    }
    child::delete(call)
}

/// The replica of the home region, which follows the registry. Only Premium registries show it.
fn home(registry: &Resource) -> Option<Value> {
    if registry.text("/sku/name") != Some("Premium") {
        return None;
    }
    let place = location_key(registry.text("/location").unwrap_or_default());
    Some(json!({
        "type": KIND, "id": format!("{}/replications/{place}", registry.id), "name": place, "location": place, "tags": {},
        "systemData": registry.body["systemData"],
        "properties": {
            "provisioningState": "Succeeded",
            "status": { "displayStatus": "Ready", "timestamp": registry.body["properties"]["creationDate"] },
            "regionEndpointEnabled": true, "zoneRedundancy": registry.body["properties"]["zoneRedundancy"],
        },
    }))
}

fn ready(world: &World, replication: &Resource) {
    world.update(&replication.id, |replication| {
        let status = json!({ "displayStatus": "Ready", "timestamp": world.now().to_string() });
        json::set(&mut replication.body["properties"], "status", status);
    });
}
