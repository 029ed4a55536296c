//! `Microsoft.ContainerRegistry/registries`: the registry as a resource. What is *in* it belongs to
//! the data plane.

use http::StatusCode;
use serde_json::{Value, json};

use super::registry_body::{apply, check_name, defaults, sku};
use super::{actions, child, connections, versions};
use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::lro::{self, Effect};
use crate::arm::providers::{identities, role_assignments};
use crate::arm::{Answer, Call, json};
use crate::views::registry_view;
pub(crate) use crate::views::registry_view::REGISTRY as KIND;
use crate::world::{Resource, World};

pub(super) const REGISTRY: Kind = Kind {
    put: Some(put),
    patch: Some(patch),
    get: Some(get),
    list: Some(list),
    delete: Some(delete),
    action: Some(actions::action),
    view: Some(view),
    removed: Some(removed),
    ..Kind::new(KIND)
};

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    check_name(call.target.name())?;
    check_free(call)?;
    let given = json::properties(body)?;
    let sku = sku(&body["sku"], existing.as_ref())?;
    let old = existing
        .as_ref()
        .map(|old| old.body.clone())
        .unwrap_or_default();
    let mut properties = match &existing {
        Some(old) => old.body["properties"].clone(),
        None => defaults(call, sku),
    };
    allow_exports(&mut properties);
    apply(call, &mut properties, &given, sku)?;
    let identity = identities::merge(call, &body["identity"], &old["identity"])?;
    let tags = call.tags().unwrap_or_else(|| json!({}));
    write(
        call,
        existing,
        Parts {
            location,
            sku,
            tags,
            identity,
            properties,
        },
    )
}

/// A PUT that says nothing about exports allows them; a PATCH leaves them as they are.
fn allow_exports(properties: &mut Value) {
    json::set(
        &mut properties["policies"],
        "exportPolicy",
        json!({ "status": "enabled" }),
    );
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let body = call.object()?;
    let sku = sku(&body["sku"], Some(&existing))?;
    let mut properties = existing.body["properties"].clone();
    apply(call, &mut properties, &json::properties(body)?, sku)?;
    let identity = identities::merge(call, &body["identity"], &existing.body["identity"])?;
    let tags = call.tags().unwrap_or_else(|| existing.body["tags"].clone());
    let location = existing.text("/location").unwrap_or_default().to_owned();
    write(
        call,
        Some(existing),
        Parts {
            location,
            sku,
            tags,
            identity,
            properties,
        },
    )
}

struct Parts {
    location: String,
    sku: &'static str,
    tags: Value,
    identity: Value,
    properties: Value,
}

/// As recorded: creation through a preview version of the API is an operation, through a stable version it
/// is done when the answer leaves. An update of identity, anonymous pull or export policy is an operation
/// in every version, and the rest never is.
fn write(call: &Call<'_>, existing: Option<Resource>, parts: Parts) -> Result<Answer, Answer> {
    let system_data = child::system_data(call, existing.as_ref());
    let slow = match &existing {
        None => call.api_version.ends_with("-preview"),
        Some(old) => is_slow(&old.body, &parts),
    };
    let mut properties = parts.properties;
    let state = match (&existing, slow) {
        (None, true) => "Creating",
        (Some(_), true) => "Updating",
        (_, false) => "Succeeded",
    };
    json::set(&mut properties, "provisioningState", state);
    let mut body = json!({
        "sku": { "name": parts.sku, "tier": parts.sku }, "type": KIND, "id": call.id(), "name": call.target.name(),
        "location": parts.location, "tags": parts.tags, "systemData": system_data,
    });
    if !parts.identity.is_null() {
        json::set(&mut body, "identity", parts.identity);
    }
    json::set(&mut body, "properties", properties);
    let private = existing.map_or_else(
        || json!({ "passwords": [password(call), password(call)], "content": call.uuid().simple().to_string() }),
        |old| old.private,
    );
    let stored = lifecycle::store(call, body, private);
    let shown = shown(call, &stored);
    if !slow {
        return Ok(Answer::ok(shown));
    }
    let addresses = lro::start(call, &child::DIALECT, Effect::Settle);
    Ok(Answer::json(StatusCode::CREATED, shown)
        .with("azure-asyncoperation", addresses.status)
        .with("retry-after", "0"))
}

fn is_slow(old: &Value, parts: &Parts) -> bool {
    let (before, after) = (&old["properties"], &parts.properties);
    let changed = |pointer: &str| before.pointer(pointer) != after.pointer(pointer);
    old["identity"] != parts.identity
        || changed("/anonymousPullEnabled")
        || changed("/policies/exportPolicy/status")
}

pub(crate) fn password(call: &Call<'_>) -> String {
    // 52 characters, as real ones; no registry outside this process knows it.
    format!(
        "{}{}",
        call.uuid().simple(),
        &call.uuid().simple().to_string()[..20]
    )
}

fn check_free(call: &Call<'_>) -> Result<(), Answer> {
    match owner_of_name(call.world, call.target.name()) {
        Some(owner) if !json::same(&owner.id, &call.id()) => {
            let message = format!(
                "The registry DNS name {}.azurecr.io is already in use. You can check if the name is already claimed using following API: https://docs.microsoft.com/en-us/rest/api/containerregistry/registries/checknameavailability",
                call.target.name()
            );
            Err(Answer::error(409, "AlreadyInUse", message))
        }
        _ => Ok(()),
    }
}

pub(crate) fn owner_of_name(world: &World, name: &str) -> Option<Resource> {
    world
        .of_kind(KIND)
        .into_iter()
        .find(|registry| json::same(registry.name(), name))
}

fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::ok(shown(call, &call.required()?)))
}

/// The registries of a group, or of the subscription.
fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let all = call.world.under(&call.target.scope).into_iter();
    let registries = all.filter(|one| one.kind == KIND);
    Ok(Answer::list(
        registries.map(|one| shown(call, &one)).collect(),
    ))
}

/// The body as the version of the request shows it.
fn shown(call: &Call<'_>, registry: &Resource) -> Value {
    let mut body = lifecycle::present(call.world, registry);
    versions::shape(&call.api_version, &mut body);
    body
}

/// A registry that was ever replicated takes its time; others are gone when the answer leaves.
fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let Some(registry) = call.existing() else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    if registry.private["wasReplicated"] != true {
        lifecycle::remove(call.world, &call.id());
        return Ok(Answer::empty(StatusCode::OK));
    }
    let addresses = lro::start(call, &child::DIALECT, Effect::Remove);
    call.world.update(&call.id(), |registry| {
        json::set(
            &mut registry.body["properties"],
            "provisioningState",
            "Deleting",
        );
    });
    let shown = shown(call, &call.required()?);
    Ok(Answer::json(StatusCode::ACCEPTED, shown)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}

/// Remembers that a registry is, or was, in more than one region.
pub(super) fn remember_replication(world: &World, registry: &str) {
    world.update(registry, |registry| {
        json::set(&mut registry.private, "wasReplicated", true)
    });
}

/// The role assignments of a registry go with it; its content is kept under a name of its own and so is not found again.
fn removed(world: &World, registry: &Resource) {
    role_assignments::forget_scope(world, &registry.id);
}

/// The connections below a registry, and the data endpoints' names when they are on.
fn view(world: &World, body: &mut Value) {
    let id = json::text(&body["id"]);
    let connections: Vec<Value> = connections::of(world, id)
        .into_iter()
        .map(|one| one.body)
        .collect();
    let hosts = if body["properties"]["dataEndpointEnabled"] == true {
        data_endpoints(world, id, body)
    } else {
        Vec::new()
    };
    let properties = &mut body["properties"];
    json::set(properties, "dataEndpointHostNames", hosts);
    json::set(properties, "privateEndpointConnections", connections);
}

/// One name per region: `{registry}.{region}.data.azurecr.io`.
fn data_endpoints(world: &World, id: &str, body: &Value) -> Vec<String> {
    let name = json::text(&body["name"]).to_lowercase();
    let places = registry_view::places(world, id, json::text(&body["location"]));
    places
        .iter()
        .map(|place| format!("{name}.{place}.data.azurecr.io"))
        .collect()
}
