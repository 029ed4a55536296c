//! `registries/privateEndpointConnections`: how a registry's owner decides about private endpoints.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::private_endpoints;
use crate::arm::lro::{self, Dialect, Effect};
use crate::arm::{Answer, Call, json};
use crate::world::{Resource, World};

/// Approves or rejects a connection.
pub(crate) fn put_connection(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let given = json::properties(call.object()?)?;
    let state = &given["privateLinkServiceConnectionState"];
    let status = json::one_of(
        &state["status"],
        "status",
        &["Approved", "Rejected", "Pending", "Disconnected"],
    )?;
    let Some(status) = status else {
        return Err(Answer::error(
            400,
            "InvalidParameter",
            "privateLinkServiceConnectionState.status is required.",
        ));
    };
    let mut decided = state.clone();
    json::set(&mut decided, "status", status);
    let mut after = existing.clone();
    json::set(
        &mut after.body["properties"],
        "privateLinkServiceConnectionState",
        decided.clone(),
    );
    let endpoint = existing
        .text("/properties/privateEndpoint/id")
        .unwrap_or_default()
        .to_owned();
    let mut shown = existing.body.clone();
    let now = Timestamp::now().to_string();
    let system_data = json!({
        "createdBy": call.caller.client, "createdByType": "Application", "createdAt": now,
        "lastModifiedBy": call.caller.client, "lastModifiedByType": "Application", "lastModifiedAt": now,
    });
    json::set(&mut shown, "systemData", system_data);
    json::set(&mut shown["properties"], "provisioningState", "Updating");
    private_endpoints::reflect(call.world, &endpoint, &decided);
    let addresses = lro::start(call, Dialect::Registry, Effect::Store(Box::new(after)));
    Ok(Answer::json(StatusCode::CREATED, shown)
        .with("azure-asyncoperation", addresses.status)
        .with("retry-after", "0"))
}

pub(crate) fn delete_connection(call: &Call<'_>) -> Result<Answer, Answer> {
    if call.existing().is_none() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let addresses = lro::start(call, Dialect::Registry, Effect::Remove);
    Ok(Answer::json(StatusCode::ACCEPTED, Value::Null)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}

/// An endpoint whose connection its target removed is disconnected for good.
pub(crate) fn disconnected(world: &World, connection: &Resource) {
    let endpoint = connection
        .text("/properties/privateEndpoint/id")
        .unwrap_or_default();
    let state = json!({ "status": "Disconnected", "description": "Deleted state", "actionsRequired": "None" });
    private_endpoints::reflect(world, endpoint, &state);
}
