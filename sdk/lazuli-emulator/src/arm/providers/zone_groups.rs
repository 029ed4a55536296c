//! `privateEndpoints/privateDnsZoneGroups`: keeps the records of an endpoint in private zones.

use serde_json::{Value, json};

use super::network::{self, inline_child, invalid_reference};
use super::networking::private_link;
use super::{interfaces, private_dns, record_sets};
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, ids, json, rbac};
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";
pub(crate) const KINDS: [Kind; 1] = [Kind {
    put: Some(put),
    delete: Some(delete),
    settle: Some(settle),
    removed: Some(removed),
    ..Kind::new(KIND)
}];

/// The TTL of the records, in seconds.
const TTL_S: u32 = 10;
const CONFIG_KIND: &str =
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/privateDnsZoneConfigs";

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let properties = json::properties(call.object()?)?;
    let id = call.id();
    let others = call.world.under(ids::parent(&id));
    if others
        .iter()
        .any(|other| other.kind == KIND && !json::same(&other.id, &id))
    {
        let message = format!(
            "Private endpoint {} already has a private DNS zone group; it can have one.",
            ids::name_of(ids::parent(&id))
        );
        return Err(Answer::network(
            400,
            "PrivateDnsZoneGroupLimitReached",
            message,
        ));
    }
    let configs: Result<Vec<Value>, Answer> = json::items(&properties["privateDnsZoneConfigs"])
        .map(|config| zone_config(call, config))
        .collect();
    let body = json!({
        "name": call.target.name(), "id": id, "etag": "", "type": KIND,
        "properties": { "provisioningState": "Updating", "privateDnsZoneConfigs": configs? },
    });
    let old = call.existing();
    let resource = Resource {
        id,
        kind: KIND.into(),
        body,
        private: Value::Null,
    };
    let answer = network::write(call, None, resource);
    if let Some(old) = old {
        forget_zones(call, &old);
    }
    Ok(answer)
}

fn zone_config(call: &Call<'_>, config: &Value) -> Result<Value, Answer> {
    let zone = json::text(&config["properties"]["privateDnsZoneId"]);
    if call
        .world
        .get(zone)
        .is_none_or(|found| found.kind != private_dns::ZONE)
    {
        return Err(invalid_reference(zone, &call.id()));
    }
    rbac::check_linked(call, "Microsoft.Network/privateDnsZones/join/action", zone)?;
    let mut records = planned(call.world, &call.id(), zone);
    for record in &mut records {
        json::set(record, "provisioningState", "Updating");
    }
    let properties = json!({
        "provisioningState": "Updating", "privateDnsZoneId": zone, "recordSets": records,
    });
    Ok(inline_child(
        &call.id(),
        "privateDnsZoneConfigs",
        CONFIG_KIND,
        json::text(&config["name"]),
        properties,
    ))
}

/// Takes back the records in zones that an update no longer names.
fn forget_zones(call: &Call<'_>, old: &Resource) {
    let new = call
        .existing()
        .map(|now| now.body["properties"]["privateDnsZoneConfigs"].clone())
        .unwrap_or_default();
    let kept = |zone: &str| {
        json::items(&new)
            .any(|config| json::same(json::text(&config["properties"]["privateDnsZoneId"]), zone))
    };
    for config in json::items(&old.body["properties"]["privateDnsZoneConfigs"]) {
        if !kept(json::text(&config["properties"]["privateDnsZoneId"])) {
            remove_records(call.world, config);
        }
    }
}

/// Writes the records and says so.
fn settle(world: &World, group: &Resource) {
    let mut configs = group.body["properties"]["privateDnsZoneConfigs"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for config in &mut configs {
        let zone = json::text(&config["properties"]["privateDnsZoneId"]).to_owned();
        let records = planned(world, &group.id, &zone);
        for record in &records {
            record_sets::add_addresses(world, &zone, record, TTL_S);
        }
        json::set(&mut config["properties"], "provisioningState", "Succeeded");
        json::set(&mut config["properties"], "recordSets", records);
    }
    world.update(&group.id, |group| {
        json::set(
            &mut group.body["properties"],
            "privateDnsZoneConfigs",
            configs,
        )
    });
}

/// The records that the names behind the group's endpoint ask for in a zone, as the group shows them.
fn planned(world: &World, group: &str, zone: &str) -> Vec<Value> {
    let endpoint = world.get(ids::parent(group));
    let names = endpoint
        .map(|endpoint| interfaces::names_behind(world, &endpoint.body))
        .unwrap_or_default();
    let zone_name = ids::name_of(zone);
    let record = |(fqdn, address): &(String, String)| {
        let label = private_link::label(zone_name, fqdn)?;
        Some(json!({
            "recordType": "A", "recordSetName": label, "fqdn": format!("{label}.{zone_name}"), "ttl": TTL_S,
            "provisioningState": "Succeeded", "ipAddresses": [address],
        }))
    };
    names.iter().filter_map(record).collect()
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(network::delete(call, None))
}

fn removed(world: &World, group: &Resource) {
    for config in json::items(&group.body["properties"]["privateDnsZoneConfigs"]) {
        remove_records(world, config);
    }
}

/// Takes the group's own addresses out of its records; those of others stay.
fn remove_records(world: &World, config: &Value) {
    let zone = json::text(&config["properties"]["privateDnsZoneId"]);
    for record in json::items(&config["properties"]["recordSets"]) {
        record_sets::take_addresses(world, zone, record);
    }
}
