//! `vaults/privateEndpointConnections` and `privateLinkResources`.
//!
//! Connections are stored as `Microsoft.Network/privateEndpoints` makes them; this module shows them in
//! the vault's own way.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};

use super::{bad_request, vaults};
use crate::arm::lro::{self, Effect};
use crate::arm::providers::private_endpoints;
use crate::arm::{Answer, Call, json};
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.KeyVault/vaults/privateEndpointConnections";

fn of(world: &World, vault: &str) -> Vec<Resource> {
    let below = world.under(vault).into_iter();
    below.filter(|one| one.kind == KIND).collect()
}

/// Only what the vault says of a connection; an approval of the service's own has no description.
fn properties(connection: &Resource) -> Value {
    let state = &connection.body["properties"]["privateLinkServiceConnectionState"];
    let mut shown = json!({ "status": state["status"] });
    let description = json::text(&state["description"]);
    if !description.is_empty() && !description.starts_with("Auto") {
        json::set(&mut shown, "description", description);
    }
    json::set(&mut shown, "actionsRequired", "None");
    json!({
        "provisioningState": connection.body["properties"]["provisioningState"],
        "privateEndpoint": connection.body["properties"]["privateEndpoint"],
        "privateLinkServiceConnectionState": shown,
    })
}

/// The connections inside the vault's own body.
pub(super) fn summaries(world: &World, vault: &str) -> Vec<Value> {
    let all = of(world, vault);
    all.iter()
        .map(|one| with_etag(one, json!({ "id": one.id })))
        .collect()
}

fn with_etag(connection: &Resource, mut start: Value) -> Value {
    if let Some(etag) = connection.text("/etag") {
        json::set(&mut start, "etag", etag);
    }
    json::set(&mut start, "properties", properties(connection));
    start
}

fn shown(call: &Call<'_>, connection: &Resource) -> Value {
    let place = vaults::parent(call).map(|vault| vault.body["location"].clone());
    let start = json!({
        "id": connection.id, "name": connection.name(), "type": KIND, "location": place.unwrap_or_default(),
    });
    with_etag(connection, start)
}

pub(super) fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::ok(shown(call, &call.required()?)))
}

pub(super) fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let place = call.required()?.body["location"].clone();
    let all = of(call.world, &call.id());
    let entry = |one: &Resource| {
        let start = json!({ "id": one.id, "name": one.name(), "type": KIND, "location": place });
        with_etag(one, start)
    };
    Ok(Answer::list(all.iter().map(entry).collect()))
}

/// Approves or rejects.
pub(super) fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let given = json::properties(call.object()?)?;
    let mut state = given["privateLinkServiceConnectionState"].clone();
    let known = ["Approved", "Rejected", "Pending", "Disconnected"];
    let Some(status) = json::one_of(&state["status"], "status", &known)? else {
        return Err(bad_request(
            "privateLinkServiceConnectionState.status is not specified.",
        ));
    };
    json::set(&mut state, "status", status);
    let endpoint = existing
        .text("/properties/privateEndpoint/id")
        .unwrap_or_default();
    private_endpoints::reflect(call.world, endpoint, &state);
    call.world.update(&call.id(), |one| {
        json::set(&mut one.body, "etag", call.uuid().simple().to_string());
        json::set(&mut one.body["properties"], "provisioningState", "Updating");
        json::set(
            &mut one.body["properties"],
            "privateLinkServiceConnectionState",
            state,
        );
    });
    lro::start(call, &vaults::DIALECT, Effect::Settle);
    let decided = call.required()?;
    Ok(Answer::ok(shown(call, &decided))
        .with("azure-asyncoperation", own_address(call, &decided, status))
        .with("retry-after", "0"))
}

/// As recorded: where to ask is the connection itself, with a note of what was asked for. Its provisioning
/// state is the answer.
fn own_address(call: &Call<'_>, connection: &Resource, status: &str) -> String {
    let verb = match status {
        "Approved" => "approve",
        "Rejected" => "reject",
        _ => "update",
    };
    let note = json!({
        "code": format!("privateEndpointConnections/{verb}"), "st": call.now().to_string(),
        "etag": connection.text("/etag"),
    });
    let note = URL_SAFE_NO_PAD.encode(note.to_string());
    let (base, version) = (&call.incoming.base, &call.api_version);
    format!(
        "{base}{}?api-version={version}&kv-operation={note}",
        connection.id
    )
}

pub(super) fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    if call.existing().is_none() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let addresses = lro::start(call, &vaults::DIALECT, Effect::Remove);
    Ok(Answer::empty(StatusCode::ACCEPTED)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}

pub(super) fn private_link_resources(call: &Call<'_>) -> Result<Answer, Answer> {
    let vault = call.required()?;
    Ok(Answer::list(vec![json!({
        "id": format!("{}/privateLinkResources/vault", vault.id), "name": "vault",
        "type": "Microsoft.KeyVault/vaults/privateLinkResources",
        "properties": {
            "groupId": "vault", "requiredMembers": ["default"], "requiredZoneNames": ["privatelink.vaultcore.azure.net"],
        },
    })]))
}
