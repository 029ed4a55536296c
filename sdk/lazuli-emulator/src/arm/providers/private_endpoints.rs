//! `Microsoft.Network/privateEndpoints` which stand for a service inside a network.

use serde_json::{Value, json};

use super::network::{self, inline_child, invalid_reference};
use super::networking::APPLICATION_GROUP;
use super::networking::private_link;
use super::private_connections::{self, Connection};
use super::{interfaces, subnets};
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, ids, json, lro, rbac};
pub(crate) use crate::views::network_view::PRIVATE_ENDPOINT as KIND;
use crate::wire::locations;
use crate::world::{Resource, World};

pub(crate) const KINDS: [Kind; 1] = [Kind {
    put: Some(put),
    patch: Some(network::patch_tags),
    delete: Some(delete),
    view: Some(view),
    settle: Some(settle),
    removed: Some(removed),
    ..Kind::new(KIND)
}];

/// From this version on an endpoint says which addresses it has.
const SHOWS_IP_VERSION_SINCE: &str = "2025-01-01";

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let properties = json::properties(call.object()?)?;
    let subnet = subnet(call, existing.as_ref(), &properties, &location)?;
    let connection = private_connections::requested(call, &properties)?;
    check_target_kept(call, existing.as_ref(), &connection)?;
    private_connections::check_approval(call, &connection)?;
    for group in json::items(&properties["applicationSecurityGroups"]) {
        network::referenced(
            call.world,
            json::text(&group["id"]),
            APPLICATION_GROUP,
            &call.id(),
        )?;
    }
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
        private_connections::store(call, &connection);
    }
    Ok(answer)
}

fn check_target_kept(
    call: &Call<'_>,
    existing: Option<&Resource>,
    connection: &Connection,
) -> Result<(), Answer> {
    let word = connection.word();
    let old = existing.and_then(|old| {
        old.text(&format!(
            "/properties/{word}/0/properties/privateLinkServiceId"
        ))
    });
    if existing.is_none() || old.is_some_and(|old| json::same(old, &connection.target)) {
        return Ok(());
    }
    let message = format!(
        "Cannot change the private link service connection of the existing private endpoint {}. Delete the endpoint and create it again.",
        call.id(),
    );
    Err(Answer::network(
        400,
        "CannotChangePrivateLinkConnectionOnPrivateEndpoint",
        message,
    ))
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
        .is_some_and(|place| !locations::same_location(place, location))
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
    check_settled(call, &subnet)?;
    rbac::check_linked(call, subnets::JOIN, &subnet.id)?;
    Ok(subnet)
}

/// A subnet that is being written cannot be referred to yet.
fn check_settled(call: &Call<'_>, subnet: &Resource) -> Result<(), Answer> {
    if !lro::busy(call.world, &subnet.id) {
        return Ok(());
    }
    let message = format!(
        "Cannot proceed with operation because resource {} used by resource {} is not in Succeeded state. Resource is in Updating state and the last operation that updated/is updating the resource is PutSubnetOperation.",
        subnet.id,
        call.id(),
    );
    Err(Answer::network(
        400,
        "ReferencedResourceNotProvisioned",
        message,
    ))
}

fn build(
    call: &Call<'_>,
    existing: Option<&Resource>,
    location: &str,
    given: &Value,
    (subnet, connection, nic): (&str, &Connection, &str),
) -> Resource {
    let old = existing
        .map(|old| &old.body["properties"])
        .unwrap_or(&Value::Null);
    let shown = vec![shown(call, connection, old)];
    let (automatic, manual) = if connection.manual {
        (Vec::new(), shown)
    } else {
        (shown, Vec::new())
    };
    let mut all = json!({
        "provisioningState": "Updating", "resourceGuid": network::resource_guid(call, existing),
        "privateLinkServiceConnections": automatic, "manualPrivateLinkServiceConnections": manual,
        "customNetworkInterfaceName": json::text(&given["customNetworkInterfaceName"]),
        "subnet": { "id": subnet }, "ipConfigurations": ip_configurations(call, given, old),
        "networkInterfaces": [{ "id": nic }],
    });
    if json::items(&given["applicationSecurityGroups"])
        .next()
        .is_some()
    {
        json::set(
            &mut all,
            "applicationSecurityGroups",
            given["applicationSecurityGroups"].clone(),
        );
    }
    let configs = old["customDnsConfigs"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    json::set(&mut all, "customDnsConfigs", configs);
    let version = given["ipVersionType"]
        .as_str()
        .or_else(|| old["ipVersionType"].as_str());
    if version.is_some() || call.api_version.as_str() >= SHOWS_IP_VERSION_SINCE {
        json::set(&mut all, "ipVersionType", version.unwrap_or("IPv4"));
    }
    network::tracked(call, location, all)
}

/// The connection as the endpoint shows it; what was decided about it stays.
fn shown(call: &Call<'_>, connection: &Connection, old: &Value) -> Value {
    let word = connection.word();
    let decided = &old[word][0]["properties"]["privateLinkServiceConnectionState"];
    let state = match decided {
        Value::Object(_) => decided.clone(),
        _ if connection.manual => {
            json!({ "status": "Pending", "description": "Awaiting Approval", "actionsRequired": "None" })
        }
        _ => {
            json!({ "status": "Approved", "description": "Auto Approved", "actionsRequired": "None" })
        }
    };
    let mut properties = json!({
        "provisioningState": "Succeeded", "privateLinkServiceId": connection.target,
    });
    if let Some((group, _)) = &connection.group {
        json::set(&mut properties, "groupIds", json!([group]));
    }
    if connection.message.is_string() {
        json::set(
            &mut properties,
            "requestMessage",
            connection.message.clone(),
        );
    }
    json::set(&mut properties, "privateLinkServiceConnectionState", state);
    let kind = format!("{KIND}/{word}");
    inline_child(&call.id(), word, &kind, &connection.name, properties)
}

/// Addresses given by hand are set once; an update without them keeps them.
fn ip_configurations(call: &Call<'_>, given: &Value, old: &Value) -> Vec<Value> {
    let list = match &given["ipConfigurations"] {
        Value::Array(list) if !list.is_empty() => list,
        _ => {
            return old["ipConfigurations"]
                .as_array()
                .cloned()
                .unwrap_or_default();
        }
    };
    let one = |config: &Value| {
        let wanted = &config["properties"];
        let properties = json!({
            "provisioningState": "Succeeded", "groupId": wanted["groupId"], "memberName": wanted["memberName"],
            "privateIPAddress": wanted["privateIPAddress"],
        });
        let kind = format!("{KIND}/ipConfigurations");
        inline_child(
            &call.id(),
            "ipConfigurations",
            &kind,
            json::text(&config["name"]),
            properties,
        )
    };
    list.iter().map(one).collect()
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
    if let Some(endpoint) = world.get(endpoint) {
        settle(world, &endpoint);
    }
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(network::delete(call, None))
}

fn removed(world: &World, endpoint: &Resource) {
    for nic in json::items(&endpoint.body["properties"]["networkInterfaces"]) {
        world.remove(json::text(&nic["id"]));
    }
    for connection in private_connections::of_endpoint(world, endpoint) {
        world.remove(&connection.id);
    }
}

/// The names an endpoint stands for are returned once it is approved.
fn settle(world: &World, endpoint: &Resource) {
    if status(&endpoint.body) == "Pending" {
        return;
    }
    let names = interfaces::names_behind(world, &endpoint.body).into_iter();
    let configs = names.map(|(fqdn, ip)| json!({ "fqdn": fqdn, "ipAddresses": [ip] }));
    let configs: Vec<Value> = configs.collect();
    world.update(&endpoint.id, |endpoint| {
        json::set(
            &mut endpoint.body["properties"],
            "customDnsConfigs",
            configs,
        );
    });
}

fn status(endpoint: &Value) -> &str {
    let properties = &endpoint["properties"];
    let state = |word: &str| {
        properties[word][0]["properties"]["privateLinkServiceConnectionState"]["status"].as_str()
    };
    state("privateLinkServiceConnections")
        .or_else(|| state("manualPrivateLinkServiceConnections"))
        .unwrap_or_default()
}

/// `customDnsConfigs` is empty once a zone group looks after the names; GET words an automatic
/// approval in another way than PUT, by service (recorded).
fn view(world: &World, body: &mut Value) {
    let id = json::text(&body["id"]).to_owned();
    if json::text(&body["properties"]["provisioningState"]) != "Updating" {
        settle_description(world, body);
    }
    let below = world.under(&id);
    if below
        .iter()
        .any(|child| child.kind == super::zone_groups::KIND)
    {
        json::set(&mut body["properties"], "customDnsConfigs", json!([]));
    }
}

fn settle_description(world: &World, body: &mut Value) {
    for word in [
        "privateLinkServiceConnections",
        "manualPrivateLinkServiceConnections",
    ] {
        let Some(properties) = body.pointer_mut(&format!("/properties/{word}/0/properties")) else {
            continue;
        };
        let target = json::text(&properties["privateLinkServiceId"]);
        let segments = ids::segments(target).unwrap_or_default();
        let target = ids::Target::parse(&segments, world);
        let service = target.and_then(|target| private_link::find(&target.kind));
        let state = &mut properties["privateLinkServiceConnectionState"];
        match json::text(&state["description"]) {
            "Auto Approved" => {
                let approved = service.map_or("Auto-Approved", |service| service.approved);
                json::set(state, "description", approved);
            }
            "Awaiting Approval" => json::set(state, "description", ""),
            _ => {}
        }
    }
}
