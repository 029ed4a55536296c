//! The connection between a private endpoint and its target, seen from both sides.
//!
//! The endpoint holds it as `privateLinkServiceConnections[0]`, the target as a resource of its own,
//! `…/privateEndpointConnections/{name}`, through which its owner approves or rejects.

use serde_json::{Value, json};
use uuid::Uuid;

use super::networking::private_link::{self, Group, Naming, Service};
use super::{network, private_endpoints};
use crate::arm::{Answer, Call, ids, json, rbac};
use crate::views::registry_view;
use crate::world::{Resource, World};

/// One `privateLinkServiceConnections` entry of a request.
pub(crate) struct Connection {
    pub(crate) name: String,
    pub(crate) target: String,
    pub(crate) service: &'static Service,
    /// The group id as the answer shows it; link services have none.
    pub(crate) group: Option<(String, &'static Group)>,
    /// Whether the target's owner decides.
    pub(crate) manual: bool,
    pub(crate) message: Value,
}

impl Connection {
    /// The property of the endpoint that holds it.
    pub(crate) fn word(&self) -> &'static str {
        if self.manual {
            "manualPrivateLinkServiceConnections"
        } else {
            "privateLinkServiceConnections"
        }
    }
}

/// Reads the one connection an endpoint must have.
///
/// # Errors
/// None or several, a target that is not there, or a group it does not have.
pub(crate) fn requested(call: &Call<'_>, properties: &Value) -> Result<Connection, Answer> {
    let automatic =
        json::items(&properties["privateLinkServiceConnections"]).map(|one| (one, false));
    let manual =
        json::items(&properties["manualPrivateLinkServiceConnections"]).map(|one| (one, true));
    let all: Vec<_> = automatic.chain(manual).collect();
    let [(one, manual)] = all[..] else {
        let message = format!(
            "Private endpoint {} must have exactly one private link service connection, it has {}.",
            call.id(),
            all.len()
        );
        return Err(Answer::network(
            400,
            "PrivateEndpointMustHaveExactlyOneConnection",
            message,
        ));
    };
    let id = ids::normalise(
        json::text(&one["properties"]["privateLinkServiceId"]),
        call.world,
    );
    let service = service_of(call, &id)?;
    let group = group(call.world, service, &id, one)?;
    Ok(Connection {
        name: json::text(&one["name"]).to_owned(),
        target: id,
        service,
        group,
        manual,
        message: one["properties"]["requestMessage"].clone(),
    })
}

fn service_of(call: &Call<'_>, id: &str) -> Result<&'static Service, Answer> {
    let target = ids::Target::parse(&ids::segments(id).unwrap_or_default(), call.world);
    let kind = target.map(|target| target.kind).unwrap_or_default();
    let Some(service) = private_link::find(&kind) else {
        return Err(crate::wire::errors::not_modelled(&format!(
            "A private endpoint to '{kind}' ({id})"
        )));
    };
    let modelled = service.is_held && call.world.control().knows(service.kind);
    if modelled && !call.world.contains(id) {
        return Err(network::invalid_reference(id, &call.id()));
    }
    Ok(service)
}

fn group(
    world: &World,
    service: &'static Service,
    target: &str,
    one: &Value,
) -> Result<Option<(String, &'static Group)>, Answer> {
    let given: Vec<&str> = json::items(&one["properties"]["groupIds"])
        .filter_map(Value::as_str)
        .collect();
    if !service.has_groups() && given.is_empty() {
        return Ok(None);
    }
    let found = match given[..] {
        [id] => service.group(id),
        _ => None,
    };
    let Some(found) = found else {
        let message = format!(
            "Call to {} failed. Error message: the group ids [{}] are not valid for {target}; an endpoint takes one of: {}.",
            service.kind,
            given.join(", "),
            service.group_ids(),
        );
        return Err(Answer::network(400, "InvalidPrivateLinkGroupId", message));
    };
    check_tier(world, target)?;
    Ok(Some(found))
}

/// Registries offer endpoints in their highest tier only.
fn check_tier(world: &World, target: &str) -> Result<(), Answer> {
    let Some(registry) = world
        .get(target)
        .filter(|it| it.kind == registry_view::REGISTRY)
    else {
        return Ok(());
    };
    let sku = registry.text("/sku/name").unwrap_or_default();
    if sku == "Premium" {
        return Ok(());
    }
    let message = format!(
        "Call to {} failed. Error message: Private endpoint connections are not supported for the registry {} of SKU {sku}; the Premium SKU is needed.",
        registry.kind,
        registry.name(),
    );
    Err(Answer::network(
        400,
        "PrivateEndpointConnectionNotSupportedForSku",
        message,
    ))
}

/// Connections that approve themselves need the approval right on the target.
///
/// # Errors
/// `LinkedAuthorizationFailed`, as the service words it.
pub(crate) fn check_approval(call: &Call<'_>, connection: &Connection) -> Result<(), Answer> {
    let action = format!(
        "{}/privateEndpointConnectionsApproval/action",
        connection.service.kind
    );
    let principal = &call.caller.principal;
    if connection.manual || rbac::allowed(call.world, principal, &action, &connection.target) {
        return Ok(());
    }
    let done = format!("{}/write", private_endpoints::KIND);
    Err(rbac::refuse_linked(
        call,
        &done,
        &action,
        &connection.target,
    ))
}

/// Stores the connection as the target sees it.
pub(crate) fn store(call: &Call<'_>, connection: &Connection) {
    let target = &connection.target;
    let Some(held) = call.world.get(target) else {
        return;
    };
    let kind = format!("{}/privateEndpointConnections", connection.service.kind);
    let guid = ordered_guid(call);
    let (resource, endpoint) = (held.name(), call.target.name());
    let name = match connection.service.naming() {
        Naming::ResourceAndDigits => format!("{resource}.{}", guid.simple()),
        Naming::ResourceAndGuid => format!("{resource}.{guid}"),
        Naming::EndpointDashGuid => format!("{endpoint}-{guid}"),
        Naming::EndpointAndResourceGuid => format!("{endpoint}.{}", resource_guid(call)),
        Naming::Connection => connection.name.clone(),
    };
    let id = format!("{target}/privateEndpointConnections/{name}");
    let body = shown_by_target(call, connection, &held, (&id, &name, &kind));
    call.world.put(Resource {
        id,
        kind,
        body,
        private: Value::Null,
    });
}

/// The GUID that the endpoint of this call shows as its own.
fn resource_guid(call: &Call<'_>) -> String {
    let endpoint = call.existing();
    let guid = endpoint
        .as_ref()
        .and_then(|held| held.text("/properties/resourceGuid"));
    guid.map_or_else(|| call.uuid().to_string(), str::to_owned)
}

/// A GUID that sorts by the time it was made, so that lists show connections in their order.
fn ordered_guid(call: &Call<'_>) -> Uuid {
    let mut bytes = call.uuid().into_bytes();
    let now = call.now().as_microsecond().to_be_bytes();
    // The first byte of the microseconds since 1970 is 0 until the year 4253.
    bytes[..6].copy_from_slice(&now[1..7]);
    Uuid::from_bytes(bytes)
}

fn shown_by_target(
    call: &Call<'_>,
    connection: &Connection,
    held: &Resource,
    (id, name, kind): (&str, &str, &str),
) -> Value {
    let endpoint = json!({ "id": call.id() });
    let state = |description: &str| {
        let status = if connection.manual {
            "Pending"
        } else {
            "Approved"
        };
        json!({ "status": status, "description": description, "actionsRequired": "None" })
    };
    match connection.service.naming() {
        Naming::Connection => {
            let mut state = state("");
            json::unset(&mut state, "description");
            json!({
                "id": id, "name": name, "type": kind, "location": held.body["location"],
                "properties": {
                    "provisioningState": "Succeeded", "privateEndpoint": endpoint, "privateLinkServiceConnectionState": state,
                },
            })
        }
        _ if connection.group.is_none() => {
            let link = call.uuid().as_u128() % 1_000_000_000;
            let mut connection = network::child(
                id,
                kind,
                json!({
                    "provisioningState": "Succeeded", "privateEndpoint": endpoint,
                    "privateLinkServiceConnectionState": state("Auto Approved"), "linkIdentifier": link.to_string(),
                }),
            );
            network::touch(call.world, &mut connection.body);
            connection.body
        }
        _ => {
            let groups: Vec<&str> = connection.group.iter().map(|(id, _)| id.as_str()).collect();
            let state = if connection.manual {
                json!({ "status": "Pending" })
            } else {
                state("Auto-Approved")
            };
            json!({
                "type": kind, "id": id, "name": name,
                "properties": {
                    "privateEndpoint": endpoint, "groupIds": groups,
                    "privateLinkServiceConnectionState": state, "provisioningState": "Succeeded",
                },
            })
        }
    }
}

/// The connection objects below a target.
pub(crate) fn below(world: &World, target: &str) -> Vec<Resource> {
    let children = world.under(target).into_iter();
    children
        .filter(|child| child.kind.ends_with("/privateEndpointConnections"))
        .collect()
}

/// The endpoint's connection objects below its target.
pub(crate) fn of_endpoint(world: &World, endpoint: &Resource) -> Vec<Resource> {
    let words = [
        "privateLinkServiceConnections",
        "manualPrivateLinkServiceConnections",
    ];
    let targets = words.iter().filter_map(|word| {
        endpoint.text(&format!(
            "/properties/{word}/0/properties/privateLinkServiceId"
        ))
    });
    targets
        .flat_map(|target| below(world, target))
        .filter(|one| {
            one.text("/properties/privateEndpoint/id")
                .is_some_and(|id| json::same(id, &endpoint.id))
        })
        .collect()
}

/// What the owner decides in a PUT of the connection: a state with a known status.
///
/// # Errors
/// No status, or one that does not exist.
pub(crate) fn decided(call: &Call<'_>) -> Result<Value, Answer> {
    let given = json::properties(call.object()?)?;
    let state = &given["privateLinkServiceConnectionState"];
    let known = ["Approved", "Rejected", "Pending", "Disconnected"];
    let Some(status) = json::one_of(&state["status"], "status", &known)? else {
        let message = "privateLinkServiceConnectionState.status is required.";
        return Err(Answer::error(400, "InvalidParameter", message));
    };
    let mut decided = state.clone();
    json::set(&mut decided, "status", status);
    Ok(decided)
}

/// Says on the endpoint of a connection what its target's owner decided.
pub(crate) fn reflect_on_endpoint(world: &World, connection: &Resource, state: &Value) {
    let endpoint = connection.text("/properties/privateEndpoint/id");
    private_endpoints::reflect(world, endpoint.unwrap_or_default(), state);
}

/// An endpoint whose connection its target removed is disconnected for good.
pub(crate) fn disconnected(world: &World, connection: &Resource) {
    let state = json!({ "status": "Disconnected", "description": "Deleted state", "actionsRequired": "None" });
    reflect_on_endpoint(world, connection, &state);
}
