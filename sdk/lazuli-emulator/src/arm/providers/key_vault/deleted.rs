//! `locations/deletedVaults`: the bin of vaults. Nothing leaves it before its day, unless it is purged.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{VAULT, retention_days, vaults};
use crate::arm::lro::{self, Effect};
use crate::arm::{Answer, Call, errors, json};
use crate::wire::ids::location_key;
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.KeyVault/locations/deletedVaults";
const TYPE: &str = "Microsoft.KeyVault/deletedVaults";

/// Called when a vault goes away, also with its group.
pub(super) fn keep(world: &World, vault: &Resource) {
    let subscription = vault.id.split('/').nth(2).unwrap_or_default();
    let place = vault
        .text("/location")
        .map(location_key)
        .unwrap_or_default();
    let id = format!(
        "/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{place}/deletedVaults/{}",
        vault.name()
    );
    let now = world.now();
    let purge = now + SignedDuration::from_hours(24 * retention_days(vault));
    let mut properties = json!({
        "vaultId": vault.id, "location": place, "tags": vault.body["tags"],
        "deletionDate": seconds(now), "scheduledPurgeDate": seconds(purge),
    });
    if vault.body["properties"]["enablePurgeProtection"] == true {
        json::set(&mut properties, "purgeProtectionEnabled", true);
    }
    let body = json!({ "id": id, "name": vault.name(), "type": TYPE, "properties": properties });
    world.put(Resource {
        id,
        kind: KIND.into(),
        body,
        private: json!({ "id": vault.id, "body": vault.body, "private": vault.private }),
    });
}

fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The vault that lies in the bin, as it was.
pub(super) fn vault_in(deleted: &Resource) -> Resource {
    Resource {
        id: json::text(&deleted.private["id"]).to_owned(),
        kind: VAULT.into(),
        body: deleted.private["body"].clone(),
        private: deleted.private["private"].clone(),
    }
}

pub(crate) fn by_name(world: &World, name: &str) -> Option<Resource> {
    kept(world)
        .into_iter()
        .find(|vault| json::same(vault.name(), name))
}

/// What lies in the bin today; what is overdue is removed.
fn kept(world: &World) -> Vec<Resource> {
    let now = world.now();
    let overdue = |vault: &Resource| {
        let day = vault.text("/properties/scheduledPurgeDate");
        day.and_then(|text| text.parse::<Timestamp>().ok())
            .is_some_and(|day| day <= now)
    };
    let (gone, kept) = world
        .of_kind(KIND)
        .into_iter()
        .partition::<Vec<_>, _>(overdue);
    for vault in gone {
        world.remove(&vault.id);
    }
    kept
}

pub(super) fn missing(name: &str) -> Answer {
    let message = format!(
        "The specified deleted vault '{name}' does not exist. Ensure that the vault was indeed deleted and that it is in recoverable state. If soft delete was not enabled then the vault is permanently deleted. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2149745"
    );
    Answer::error(404, "DeletedVaultNotFound", message)
}

fn required(call: &Call<'_>) -> Result<Resource, Answer> {
    kept(call.world)
        .into_iter()
        .find(|vault| json::same(&vault.id, &call.id()))
        .ok_or_else(|| missing(call.target.name()))
}

pub(super) fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    required(call).map(|vault| Answer::ok(vault.body))
}

pub(super) fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let all = kept(call.world).into_iter();
    Ok(Answer::list(all.map(|vault| vault.body).collect()))
}

pub(super) fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    if !json::same(word, "purge") {
        return Err(errors::not_modelled(&format!(
            "The action '{word}' of deleted vaults"
        )));
    }
    let vault = required(call)?;
    if vault.body["properties"]["purgeProtectionEnabled"] == true {
        let message = format!(
            "Operation 'DeletedVaultPurge' is not allowed: the vault '{}' has purge protection and is kept until {}.",
            vault.name(),
            vault
                .text("/properties/scheduledPurgeDate")
                .unwrap_or_default(),
        );
        return Err(Answer::error(405, "MethodNotAllowed", message));
    }
    let now = call.now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let done: Value =
        json!({ "createdDateTime": now, "lastActionDateTime": now, "status": "Succeeded" });
    let addresses = lro::start_answering(call, &vault.id, &vaults::DIALECT, Effect::Remove, done);
    Ok(Answer::empty(StatusCode::ACCEPTED)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}
