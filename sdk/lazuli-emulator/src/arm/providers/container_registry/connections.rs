//! `registries/privateEndpointConnections`: how a registry's owner decides about private endpoints.

use http::StatusCode;
use serde_json::Value;

use super::child;
use crate::arm::kind::Kind;
use crate::arm::lro::{self, Effect};
use crate::arm::providers::private_connections;
use crate::arm::{Answer, Call, json};
use crate::world::{Resource, World};

const KIND: &str = "Microsoft.ContainerRegistry/registries/privateEndpointConnections";
pub(super) const CONNECTION: Kind = Kind {
    put: Some(put),
    list: Some(list),
    delete: Some(child::delete),
    view: Some(view),
    removed: Some(private_connections::disconnected),
    ..Kind::new(KIND)
};

/// A registry has one group, and does not name it in its connections.
fn view(_: &World, body: &mut Value) {
    json::unset(&mut body["properties"], "groupIds");
}

/// The connections of a registry as GET shows them, oldest first.
pub(super) fn of(world: &World, registry: &str) -> Vec<Resource> {
    let below = world.under(registry).into_iter();
    let mut found: Vec<Resource> = below.filter(|child| child.kind == KIND).collect();
    found.sort_by_key(|one| one.private["number"].as_u64());
    for one in &mut found {
        view(world, &mut one.body);
    }
    found
}

fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let all = of(call.world, &call.required()?.id);
    Ok(Answer::list(all.into_iter().map(|one| one.body).collect()))
}

/// Approves or rejects a connection.
fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let decided = private_connections::decided(call)?;
    let mut after = existing.clone();
    json::set(
        &mut after.body["properties"],
        "privateLinkServiceConnectionState",
        decided.clone(),
    );
    let mut shown = existing.body.clone();
    let system_data = child::system_data(call, None);
    view(call.world, &mut shown);
    json::set(&mut shown, "systemData", system_data);
    json::set(&mut shown["properties"], "provisioningState", "Updating");
    private_connections::reflect_on_endpoint(call.world, &existing, &decided);
    let addresses = lro::start(call, &child::DIALECT, Effect::Store(Box::new(after)));
    Ok(Answer::json(StatusCode::CREATED, shown)
        .with("azure-asyncoperation", addresses.status)
        .with("retry-after", "0"))
}
