//! `Microsoft.Network/privateEndpoints` which stand for a service inside a network.

use serde_json::{Value, json};
use uuid::Uuid;

use super::network::{self, inline_child, invalid_reference};
use super::{Kind, interfaces, registries, subnets};
use crate::arm::{Answer, Call, ids, json, rbac};
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Network/privateEndpoints";
pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        put: Some(put),
        patch: Some(patch),
        delete: Some(delete),
        view: Some(view),
        removed: Some(removed),
        ..Kind::new(KIND)
    },
    Kind::new(interfaces::KIND),
];

/// One `privateLinkServiceConnections` entry of a request.
pub(crate) struct Connection {
    name: String,
    pub(crate) target: Resource,
    pub(crate) group: String,
    manual: bool,
    message: Value,
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let properties = json::properties(call.object()?)?;
    let subnet = subnet(call, existing.as_ref(), &properties, &location)?;
    let connection = connection(call, &properties)?;
    check_approval(call, &connection)?;
    let nic = match &existing {
        Some(old) => json::text(&old.body["properties"]["networkInterfaces"][0]["id"]).to_owned(),
        None => interfaces::make(call, &properties, &location, &subnet, &connection)?,
    };
    let resource = build(
        call,
        existing.as_ref(),
        &location,
        &properties,
        (&subnet.id, &connection, &nic),
    );
    let answer = network::write(call, None, resource);
    if existing.is_none() {
        add_connection(call, &connection);
    }
    Ok(answer)
}

fn subnet(
    call: &Call<'_>,
    existing: Option<&Resource>,
    properties: &Value,
    location: &str,
) -> Result<Resource, Answer> {
    let id = json::text(&properties["subnet"]["id"]);
    if id.is_empty() {
        return Err(Answer::network(
            400,
            "SubnetNotSpecified",
            format!("Private endpoint {} must name a subnet.", call.id()),
        ));
    }
    if existing
        .and_then(|old| old.text("/properties/subnet/id"))
        .is_some_and(|old| !json::same(old, id))
    {
        let message = format!(
            "Cannot change the subnet of the existing private endpoint {}.",
            call.id()
        );
        return Err(Answer::network(
            400,
            "CannotChangeSubnetOnExistingPrivateEndpoint",
            message,
        ));
    }
    let subnet = call
        .world
        .get(id)
        .filter(|found| found.kind == subnets::KIND)
        .ok_or_else(|| invalid_reference(id, &call.id()))?;
    let network = call.world.get(network::network_of(id));
    if network
        .as_ref()
        .and_then(|n| n.text("/location"))
        .is_some_and(|place| !super::same_location(place, location))
    {
        return Err(invalid_reference(id, &call.id()));
    }
    if let Some(one) = json::items(&subnet.body["properties"]["delegations"]).next() {
        let message = format!(
            "Private endpoint {} cannot be created in subnet {id} as it is delegated to {}.",
            call.id(),
            json::text(&one["properties"]["serviceName"]),
        );
        return Err(Answer::network(
            400,
            "PrivateEndpointCreationNotAllowedAsSubnetIsDelegated",
            message,
        ));
    }
    Ok(subnet)
}

fn connection(call: &Call<'_>, properties: &Value) -> Result<Connection, Answer> {
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
    let id = json::text(&one["properties"]["privateLinkServiceId"]);
    let kind = ids::Target::parse(&ids::segments(id).unwrap_or_default())
        .map(|target| target.kind)
        .unwrap_or_default();
    if ![registries::KIND, super::sites::KIND].contains(&kind.as_str()) {
        return Err(crate::arm::errors::not_modelled(&format!(
            "A private endpoint to '{kind}' ({id})"
        )));
    }
    let target = call
        .world
        .get(id)
        .ok_or_else(|| invalid_reference(id, &call.id()))?;
    let group = group(&target, one)?;
    let message = one["properties"]["requestMessage"].clone();
    Ok(Connection {
        name: json::text(&one["name"]).to_owned(),
        target,
        group,
        manual,
        message,
    })
}

fn group(target: &Resource, one: &Value) -> Result<String, Answer> {
    let wanted = if target.kind == registries::KIND {
        "registry"
    } else {
        "sites"
    };
    let given: Vec<&str> = json::items(&one["properties"]["groupIds"])
        .filter_map(Value::as_str)
        .collect();
    if given.len() != 1 || !json::same(given[0], wanted) {
        let message = format!(
            "Call to {} failed. Error message: the group ids [{}] are not valid for {}; the valid group id is {wanted}.",
            target.kind,
            given.join(", "),
            target.id,
        );
        return Err(Answer::network(400, "InvalidPrivateLinkGroupId", message));
    }
    let sku = target.text("/sku/name").unwrap_or_default();
    if target.kind == registries::KIND && sku != "Premium" {
        let message = format!(
            "Call to {} failed. Error message: Private endpoint connections are not supported for the registry {} of SKU {sku}; the Premium SKU is needed.",
            target.kind,
            target.name(),
        );
        return Err(Answer::network(
            400,
            "PrivateEndpointConnectionNotSupportedForSku",
            message,
        ));
    }
    Ok(wanted.to_owned())
}

/// Connections that approve themselves need the approval right on the target.
fn check_approval(call: &Call<'_>, connection: &Connection) -> Result<(), Answer> {
    let action = format!(
        "{}/privateEndpointConnectionsApproval/action",
        connection.target.kind
    );
    if connection.manual
        || rbac::allowed(
            call.world,
            &call.caller.principal,
            &action,
            &connection.target.id,
        )
    {
        return Ok(());
    }
    let message = format!(
        "The client '{}' with object id '{}' has permission to perform action '{KIND}/write' on scope '{}'; however, it does not have permission to perform action(s) '{action}' on the linked scope(s) '{}' (respectively) or the linked scope(s) are invalid.",
        call.caller.client,
        call.caller.principal,
        call.id(),
        connection.target.id,
    );
    Err(Answer::error(403, "LinkedAuthorizationFailed", message))
}

fn build(
    call: &Call<'_>,
    existing: Option<&Resource>,
    location: &str,
    given: &Value,
    parts: (&str, &Connection, &str),
) -> Resource {
    let (subnet, connection, nic) = parts;
    let old = existing
        .map(|old| old.body["properties"].clone())
        .unwrap_or_default();
    let word = if connection.manual {
        "manualPrivateLinkServiceConnections"
    } else {
        "privateLinkServiceConnections"
    };
    let state = match existing {
        Some(_) => old[word][0]["properties"]["privateLinkServiceConnectionState"].clone(),
        None if connection.manual => {
            json!({ "status": "Pending", "description": "Awaiting Approval", "actionsRequired": "None" })
        }
        None => {
            json!({ "status": "Approved", "description": "Auto Approved", "actionsRequired": "None" })
        }
    };
    let mut properties = json!({
        "provisioningState": "Succeeded", "privateLinkServiceId": connection.target.id, "groupIds": [connection.group],
        "privateLinkServiceConnectionState": state,
    });
    if connection.message.is_string() {
        json::set(
            &mut properties,
            "requestMessage",
            connection.message.clone(),
        );
    }
    let shown = vec![inline_child(
        &call.id(),
        word,
        &format!("{KIND}/{word}"),
        &connection.name,
        properties,
    )];
    let (automatic, manual) = if connection.manual {
        (Vec::new(), shown)
    } else {
        (shown, Vec::new())
    };
    let guid = old["resourceGuid"]
        .as_str()
        .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
    let mut all = json!({
        "provisioningState": "Updating", "resourceGuid": guid,
        "privateLinkServiceConnections": automatic, "manualPrivateLinkServiceConnections": manual,
        "customNetworkInterfaceName": json::text(&given["customNetworkInterfaceName"]),
        "subnet": { "id": subnet }, "ipConfigurations": given["ipConfigurations"].as_array().cloned().unwrap_or_default(),
        "networkInterfaces": [{ "id": nic }], "customDnsConfigs": [],
    });
    if let Some(version) = given["ipVersionType"].as_str() {
        json::set(&mut all, "ipVersionType", version);
    }
    let mut body = json!({ "name": call.target.name(), "id": call.id(), "etag": "", "type": KIND, "location": location });
    if let Some(tags) = call.tags() {
        json::set(&mut body, "tags", tags);
    }
    json::set(&mut body, "properties", all);
    Resource {
        id: call.id(),
        kind: KIND.into(),
        body,
        private: Value::Null,
    }
}

/// The connection as the target sees it.
fn add_connection(call: &Call<'_>, connection: &Connection) {
    let target = &connection.target;
    let kind = format!("{}/privateEndpointConnections", target.kind);
    let name = if target.kind == registries::KIND {
        format!("{}.{}", target.name(), Uuid::new_v4().simple())
    } else {
        format!("{}-{}", call.target.name(), Uuid::new_v4())
    };
    let id = format!("{}/privateEndpointConnections/{name}", target.id);
    let state = if connection.manual {
        json!({ "status": "Pending" })
    } else {
        json!({ "status": "Approved", "description": "Auto-Approved", "actionsRequired": "None" })
    };
    let body = json!({
        "type": kind, "id": id, "name": name,
        "properties": {
            "privateEndpoint": { "id": call.id() }, "groupIds": [connection.group],
            "privateLinkServiceConnectionState": state, "provisioningState": "Succeeded",
        },
    });
    // Targets list their connections in the order they were made.
    let made = call.world.of_kind(&kind);
    let last = made
        .iter()
        .filter_map(|one| one.private["number"].as_u64())
        .max();
    let number = last.map_or(0, |last| last + 1);
    call.world.put(Resource {
        id,
        kind,
        body,
        private: json!({ "number": number }),
    });
}

/// The endpoint's connection objects below its target.
pub(crate) fn connections_of(world: &World, endpoint: &str) -> Vec<Resource> {
    let kinds = [registries::KIND, super::sites::KIND]
        .map(|kind| format!("{kind}/privateEndpointConnections"));
    let all = kinds.iter().flat_map(|kind| world.of_kind(kind));
    all.filter(|one| {
        one.text("/properties/privateEndpoint/id")
            .is_some_and(|id| json::same(id, endpoint))
    })
    .collect()
}

/// Says on the endpoint what its target's owner decided.
pub(crate) fn reflect(world: &World, endpoint: &str, state: &Value) {
    world.update(endpoint, |resource| {
        for word in [
            "privateLinkServiceConnections",
            "manualPrivateLinkServiceConnections",
        ] {
            let list = resource.body["properties"][word].as_array_mut();
            for one in list.into_iter().flatten() {
                json::set(
                    &mut one["properties"],
                    "privateLinkServiceConnectionState",
                    state.clone(),
                );
            }
        }
    });
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    call.required()?;
    if let Some(tags) = call.tags() {
        call.world.update(&call.id(), |endpoint| {
            json::set(&mut endpoint.body, "tags", tags)
        });
    }
    Ok(super::shown(call.world, &call.required()?))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(network::delete(call, None))
}

fn removed(world: &World, endpoint: &Resource) {
    for nic in json::items(&endpoint.body["properties"]["networkInterfaces"]) {
        world.remove(json::text(&nic["id"]));
    }
    for connection in connections_of(world, &endpoint.id) {
        world.remove(&connection.id);
    }
}

/// `customDnsConfigs` is empty while pending and once a zone group looks after the names; GET says
/// `Auto-Approved` where PUT said `Auto Approved`.
fn view(world: &World, body: &mut Value) {
    let id = json::text(&body["id"]).to_owned();
    let state = json::text(&body["properties"]["provisioningState"]).to_owned();
    let settled = state != "Updating";
    let mut pending = false;
    for (word, status, description) in [
        ("privateLinkServiceConnections", "Approved", "Auto-Approved"),
        ("manualPrivateLinkServiceConnections", "Pending", ""),
    ] {
        let pointer = format!("/properties/{word}/0/properties/privateLinkServiceConnectionState");
        if let Some(shown) = body
            .pointer_mut(&pointer)
            .filter(|shown| shown["status"] == status)
        {
            pending |= status == "Pending";
            if settled {
                json::set(shown, "description", description);
            }
        }
    }
    let grouped = world
        .under(&id)
        .iter()
        .any(|child| child.kind == super::zone_groups::KIND);
    if state == "Succeeded" && !grouped && !pending {
        let configs = interfaces::names_behind(world, body)
            .into_iter()
            .map(|(fqdn, ip)| json!({ "fqdn": fqdn, "ipAddresses": [ip] }));
        let configs: Vec<Value> = configs.collect();
        json::set(&mut body["properties"], "customDnsConfigs", configs);
    }
}
