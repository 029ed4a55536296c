//! `Microsoft.KeyVault/vaults`: create, recover, update, delete.
//!
//! Recorded: PUT answers 200 also for a new vault, `RegisteringDns` with an address without a final
//! slash, and no address of an operation; the vault itself says when it is done.

use http::StatusCode;
use serde_json::{Value, json};

use super::{VAULT, already_exists, bad_request, body, by_name, check_name, deleted, system_data};
use crate::arm::lifecycle;
use crate::arm::lro::{self, Effect};
use crate::arm::{Answer, Call, json};
use crate::wire::dialect::Dialect;
use crate::wire::locations;
use crate::world::{Resource, World};

/// 202 with `Location`, or 200 with `Azure-AsyncOperation`.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "Vault",
    status: "{subscription}/providers/Microsoft.KeyVault/locations/{location}/operationStatuses",
    result: "{subscription}/providers/Microsoft.KeyVault/locations/{location}/operationResults",
    ..Dialect::USUAL
};

pub(super) fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    check_name(call.target.name())
        .map_err(|message| Answer::error(400, "VaultNameNotValid", message))?;
    let mode = json::one_of(&given["createMode"], "createMode", &["default", "recover"])?;
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    if existing.is_some() {
        return update(call, &given, existing.as_ref(), &location);
    }
    if mode == Some("recover") {
        return recover(call, &given, &location);
    }
    check_free(call)?;
    let mut properties = body::build(call, &given, None)?;
    json::set(&mut properties, "provisioningState", "RegisteringDns");
    let tags = call.tags().unwrap_or_else(|| json!({}));
    let vault = compose(call, &location, tags, &Value::Null, properties);
    lifecycle::store(call, vault, empty());
    lro::start(call, &DIALECT, Effect::Settle);
    shown(call)
}

/// Nothing in it yet.
fn empty() -> Value {
    json!({ "secrets": {}, "deletedSecrets": {}, "keys": {} })
}

fn compose(
    call: &Call<'_>,
    location: &str,
    tags: Value,
    system: &Value,
    properties: Value,
) -> Value {
    json!({
        "id": call.id(), "name": call.target.name(), "type": VAULT, "location": location, "tags": tags,
        "systemData": system_data(call, system), "properties": properties,
    })
}

fn shown(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(lifecycle::shown(call.world, &call.required()?))
}

fn check_free(call: &Call<'_>) -> Result<(), Answer> {
    let name = call.target.name();
    if by_name(call.world, name).is_some() {
        return Err(Answer::error(
            409,
            "VaultAlreadyExists",
            already_exists(name),
        ));
    }
    if deleted::by_name(call.world, name).is_none() {
        return Ok(());
    }
    let message = "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.";
    Err(Answer::error(409, "ConflictError", message))
}

fn update(
    call: &Call<'_>,
    given: &Value,
    existing: Option<&Resource>,
    location: &str,
) -> Result<Answer, Answer> {
    // Documented for templates: recovering a vault that is there keeps what the request leaves out.
    let mut whole = given.clone();
    if json::same(json::text(&given["createMode"]), "recover") {
        whole = existing
            .map(|vault| vault.body["properties"].clone())
            .unwrap_or_default();
        json::overlay(&mut whole, given);
    }
    let properties = body::build(call, &whole, existing)?;
    let tags = call.tags().unwrap_or_else(|| json!({}));
    replace(call, location, tags, properties);
    shown(call)
}

fn replace(call: &Call<'_>, location: &str, tags: Value, properties: Value) {
    call.world.update(&call.id(), |vault| {
        let system = vault.body["systemData"].clone();
        vault.body = compose(call, location, tags, &system, properties);
    });
}

/// Takes the vault out of the bin; what the request says of its policies counts, the rest comes back.
fn recover(call: &Call<'_>, given: &Value, location: &str) -> Result<Answer, Answer> {
    let name = call.target.name();
    let Some(found) = deleted::by_name(call.world, name) else {
        return Err(deleted::missing(name));
    };
    let old = deleted::vault_in(&found);
    if !json::same(&old.id, &call.id())
        || !locations::same_location(json::text(&old.body["location"]), location)
    {
        let message = format!(
            "The vault '{name}' was deleted as {} in {}. It can be recovered only under the same id and location.",
            old.id,
            json::text(&old.body["location"]),
        );
        return Err(Answer::error(409, "ConflictError", message));
    }
    let mut merged = old.body["properties"].clone();
    let mut changes = given.clone();
    json::unset(&mut changes, "createMode");
    json::overlay(&mut merged, &changes);
    let properties = body::build(call, &merged, Some(&old))?;
    call.world.remove(&found.id);
    call.world.put(old.clone());
    let tags = call.tags().unwrap_or_else(|| old.body["tags"].clone());
    replace(call, location, tags, properties);
    shown(call)
}

pub(super) fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    let existing = call.required()?;
    let mut merged = existing.body["properties"].clone();
    if !given["networkAcls"].is_null() {
        json::unset(&mut merged, "networkAcls");
    }
    json::overlay(&mut merged, &given);
    let properties = body::build(call, &merged, Some(&existing))?;
    let location = json::text(&existing.body["location"]).to_owned();
    let tags = call.tags().unwrap_or_else(|| existing.body["tags"].clone());
    replace(call, &location, tags, properties);
    shown(call)
}

pub(super) fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    if call.existing().is_none() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    lifecycle::remove(call.world, &call.id());
    Ok(Answer::empty(StatusCode::OK))
}

/// Adds the connections, and takes the final slash off the address of a vault that has no DNS name yet.
pub(super) fn view(world: &World, shown: &mut Value) {
    let id = json::text(&shown["id"]).to_owned();
    let connections = super::connections::summaries(world, &id);
    let properties = &mut shown["properties"];
    if properties["provisioningState"] == "RegisteringDns" {
        let uri = json::text(&properties["vaultUri"])
            .trim_end_matches('/')
            .to_owned();
        json::set(properties, "vaultUri", uri);
    }
    if !connections.is_empty() {
        json::set(properties, "privateEndpointConnections", connections);
    }
}

/// Refuses changes to something below a vault that is not there; ARM has checked the vault's group.
pub(super) fn parent(call: &Call<'_>) -> Result<Resource, Answer> {
    let id = call.target.parent_id().unwrap_or_else(|| call.id());
    call.world
        .get(&id)
        .filter(|vault| vault.kind == VAULT)
        .ok_or_else(|| bad_request(format!("The vault {id} does not exist.")))
}
