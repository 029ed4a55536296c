//! `Microsoft.Network/privateLinkServices`: a service of one's own behind private endpoints.
//!
//! Nothing answers behind the load balancer; the connections and what their owner decides are real.

use serde_json::{Value, json};

use super::{LINK_SERVICE, LOAD_BALANCER, addresses};
use crate::arm::kind::Kind;
use crate::arm::lro::{self, Effect};
use crate::arm::providers::network::{self, inline_child};
use crate::arm::providers::{interfaces, private_connections};
use crate::arm::{Answer, Call, ids, json};
use crate::world::{Resource, World};

pub(crate) const CONNECTION: &str =
    "Microsoft.Network/privateLinkServices/privateEndpointConnections";
pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        put: Some(put),
        patch: Some(network::patch_tags),
        delete: Some(delete),
        view: Some(view),
        removed: Some(removed),
        ..Kind::new(LINK_SERVICE)
    },
    Kind {
        put: Some(decide),
        delete: Some(disconnect),
        removed: Some(private_connections::disconnected),
        ..Kind::new(CONNECTION)
    },
];

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let given = json::properties(call.object()?)?;
    let fronts = frontends(call, &given)?;
    let configs = configurations(call, &given, &location)?;
    let alias = existing
        .as_ref()
        .and_then(|old| old.text("/properties/alias"));
    let alias = alias.map_or_else(
        || {
            format!(
                "{}.{}.{location}.azure.privatelinkservice",
                call.target.name(),
                call.uuid()
            )
        },
        str::to_owned,
    );
    let mut properties = json!({
        "provisioningState": "Updating", "resourceGuid": network::resource_guid(call, existing.as_ref()),
        "fqdns": given["fqdns"].as_array().cloned().unwrap_or_default(), "alias": alias,
        "enableProxyProtocol": given["enableProxyProtocol"].as_bool().unwrap_or(false),
        "loadBalancerFrontendIpConfigurations": fronts, "ipConfigurations": configs,
        "networkInterfaces": [{ "id": interface(call, existing.as_ref(), &location) }],
    });
    for list in ["visibility", "autoApproval"] {
        if given[list].is_object() {
            json::set(&mut properties, list, given[list].clone());
        }
    }
    let resource = network::tracked(call, &location, properties);
    Ok(network::write(call, Some(&call.id()), resource))
}

/// The balancers' configurations, with ids as their balancers write them.
fn frontends(call: &Call<'_>, given: &Value) -> Result<Vec<Value>, Answer> {
    let one = |front: &Value| {
        let id = json::text(&front["id"]);
        let balancer = network::referenced(call.world, ids::parent(id), LOAD_BALANCER, &call.id())?;
        json::items(&balancer.body["properties"]["frontendIPConfigurations"])
            .find(|known| json::same(json::text(&known["id"]), id))
            .map(|known| json!({ "id": known["id"] }))
            .ok_or_else(|| network::invalid_reference(id, &call.id()))
    };
    json::items(&given["loadBalancerFrontendIpConfigurations"])
        .map(one)
        .collect()
}

fn configurations(call: &Call<'_>, given: &Value, location: &str) -> Result<Vec<Value>, Answer> {
    let mut made = Vec::new();
    for (index, one) in json::items(&given["ipConfigurations"]).enumerate() {
        let wanted = &one["properties"];
        let subnet = addresses::subnet(call, json::text(&wanted["subnet"]["id"]), location)?;
        if subnet.text("/properties/privateLinkServiceNetworkPolicies") != Some("Disabled") {
            let message = format!(
                "Private link service {} cannot be created in a subnet {} since it has private link service network policies enabled.",
                call.id(),
                subnet.id,
            );
            let code = "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled";
            return Err(Answer::network(400, code, message));
        }
        let address = wanted["privateIPAddress"].as_str();
        let mut properties = json!({ "provisioningState": "Succeeded" });
        if let Some(address) = address {
            json::set(&mut properties, "privateIPAddress", address);
        }
        let method = if address.is_some() {
            "Static"
        } else {
            "Dynamic"
        };
        json::set(&mut properties, "privateIPAllocationMethod", method);
        json::set(&mut properties, "subnet", json!({ "id": subnet.id }));
        let primary = wanted["primary"].as_bool().unwrap_or(index == 0);
        json::set(&mut properties, "primary", primary);
        json::set(&mut properties, "privateIPAddressVersion", "IPv4");
        let kind = format!("{LINK_SERVICE}/ipConfigurations");
        let name = json::text(&one["name"]);
        made.push(inline_child(
            &call.id(),
            "ipConfigurations",
            &kind,
            name,
            properties,
        ));
    }
    if made.is_empty() {
        let message = format!(
            "Private link service {} must have at least one IP configuration.",
            call.id()
        );
        return Err(Answer::network(400, "InvalidRequestFormat", message));
    }
    Ok(made)
}

/// The hidden interface of a service; made once.
fn interface(call: &Call<'_>, existing: Option<&Resource>, location: &str) -> String {
    let kept = existing.and_then(|old| old.text("/properties/networkInterfaces/0/id"));
    if let Some(kept) = kept {
        return kept.to_owned();
    }
    let name = format!("{}.nic.{}", call.target.name(), call.uuid());
    let id = format!(
        "{}/providers/{}/{name}",
        call.target.scope,
        interfaces::KIND
    );
    let owner = json!({ "privateLinkService": { "id": call.id() } });
    interfaces::store_hidden(call.world, &id, location, Vec::new(), owner);
    id
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let connections = private_connections::below(call.world, &call.id());
    if let Some(one) = connections.first() {
        let message = format!(
            "Private link service {} cannot be deleted because it has private endpoint connections: {}. Delete them first.",
            call.id(),
            one.id,
        );
        return Err(Answer::network(
            400,
            "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted",
            message,
        ));
    }
    Ok(network::delete(call, Some(&call.id())))
}

fn removed(world: &World, service: &Resource) {
    for nic in json::items(&service.body["properties"]["networkInterfaces"]) {
        world.remove(json::text(&nic["id"]));
    }
}

fn view(world: &World, body: &mut Value) {
    let connections = private_connections::below(world, json::text(&body["id"])).into_iter();
    let shown: Vec<Value> = connections.map(|one| one.body).collect();
    json::set(&mut body["properties"], "privateEndpointConnections", shown);
}

/// The owner approves or rejects.
fn decide(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let decided = private_connections::decided(call)?;
    private_connections::reflect_on_endpoint(call.world, &existing, &decided);
    let mut after = existing;
    json::set(
        &mut after.body["properties"],
        "privateLinkServiceConnectionState",
        decided,
    );
    network::mark(&mut after.body, "Updating");
    Ok(network::write(call, None, after))
}

fn disconnect(call: &Call<'_>) -> Result<Answer, Answer> {
    if call.existing().is_none() {
        return Ok(Answer::empty(http::StatusCode::NO_CONTENT));
    }
    let addresses = lro::start(call, &network::DIALECT, Effect::Remove);
    Ok(Answer::empty(http::StatusCode::ACCEPTED)
        .with("azure-asyncoperation", addresses.status)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}
