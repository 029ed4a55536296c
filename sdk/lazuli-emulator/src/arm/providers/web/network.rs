//! How apps join virtual networks: the subnet property, `networkConfig/virtualNetwork`, and what a
//! site says about its connections. Property and `networkConfig` are two views of one thing.

use http::StatusCode;
use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::{plans, sites, skus};
use crate::arm::kind::Kind;
use crate::arm::providers::network::{network_of, prefixes, range};
use crate::arm::{Answer, Call, errors, ids, json};
use crate::views::network_view;
use crate::wire::locations;
use crate::world::{Resource, World};

pub(super) const KINDS: [Kind; 4] = [
    config_kind("Microsoft.Web/sites/networkConfig"),
    config_kind("Microsoft.Web/sites/slots/networkConfig"),
    connection_kind("Microsoft.Web/sites/virtualNetworkConnections"),
    connection_kind("Microsoft.Web/sites/slots/virtualNetworkConnections"),
];

const fn config_kind(name: &'static str) -> Kind {
    Kind {
        put: Some(put),
        patch: Some(put),
        get: Some(get),
        delete: Some(delete),
        ..Kind::new(name)
    }
}

const fn connection_kind(name: &'static str) -> Kind {
    Kind {
        get: Some(connection),
        list: Some(connections),
        ..Kind::new(name)
    }
}

/// App Service asks for a subnet of at least /28.
const SMALLEST_SUBNET: u8 = 28;

/// Checks that a site on `plan` can be integrated in `subnet`.
pub(super) fn check(call: &Call<'_>, subnet: &str, plan: &Resource) -> Result<(), Answer> {
    let bad = |message: String| Err(Answer::web(400, "BadRequest", message));
    let Some(found) = call
        .world
        .get(subnet)
        .filter(|found| found.kind == network_view::SUBNET)
    else {
        let message = format!(
            "Subnet '{}' in virtual network '{}' was not found ({subnet}).",
            ids::name_of(subnet),
            ids::name_of(network_of(subnet))
        );
        return Err(Answer::web(404, "NotFound", message));
    };
    let name = found.name();
    if !network_view::is_delegated(&found, network_view::WEB_DELEGATION) {
        return bad(format!(
            "Subnet {name} is missing required delegation: it must be delegated to {} before apps can be integrated with it.",
            network_view::WEB_DELEGATION
        ));
    }
    let place = call
        .world
        .get(network_of(subnet))
        .and_then(|network| network.text("/location").map(str::to_owned))
        .unwrap_or_default();
    if !locations::same_location(&place, plan.text("/location").unwrap_or_default()) {
        return bad(format!(
            "Virtual network of subnet {name} is in '{place}' and the plan '{}' is in '{}'; they must be in the same region.",
            plan.name(),
            plan.text("/location").unwrap_or_default(),
        ));
    }
    if !skus::can_integrate(plan) {
        let tier = plan.text("/sku/tier").unwrap_or_default();
        return Err(Answer::web(
            409,
            "Conflict",
            format!(
                "The plan '{}' is in the {tier} tier, which does not support virtual network integration.",
                plan.name()
            ),
        ));
    }
    let ranges: Vec<Ipv4Net> = prefixes(&found.body["properties"])
        .into_iter()
        .filter_map(range)
        .collect();
    if ranges.iter().all(|net| net.prefix_len() > SMALLEST_SUBNET) {
        return bad(format!(
            "Subnet {name} is too small for integration; it must be /{SMALLEST_SUBNET} or larger."
        ));
    }
    let endpoints = call.world.of_kind(network_view::PRIVATE_ENDPOINT);
    match endpoints.iter().find(|one| {
        one.text("/properties/subnet/id")
            .is_some_and(|id| json::same(id, subnet))
    }) {
        Some(endpoint) => bad(format!(
            "Subnet {name} holds the private endpoint {} and cannot be used for integration.",
            endpoint.name()
        )),
        None => Ok(()),
    }
}

/// `{resourceGuid of the network}_{subnet name}`
pub(super) fn connection_name(world: &World, subnet: &str) -> String {
    let network = world.get(network_of(subnet));
    let guid = network
        .and_then(|network| network.text("/properties/resourceGuid").map(str::to_owned))
        .unwrap_or_default();
    format!("{guid}_{}", ids::name_of(subnet))
}

fn only_virtual_network(call: &Call<'_>) -> Result<Resource, Answer> {
    if json::same(call.target.name(), "virtualNetwork") {
        return sites::site_of(call);
    }
    Err(errors::not_modelled(&format!(
        "The network configuration '{}' of a site",
        call.target.name()
    )))
}

fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    let site = only_virtual_network(call)?;
    Ok(Answer::ok(shown(&site)))
}

fn shown(site: &Resource) -> Value {
    json!({
        "id": format!("{}/networkConfig/virtualNetwork", site.id), "name": "virtualNetwork", "type": "Microsoft.Web/sites/networkConfig",
        "location": site.body["location"],
        "properties": { "subnetResourceId": site.body["properties"]["virtualNetworkSubnetId"], "swiftSupported": true },
    })
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let site = only_virtual_network(call)?;
    let subnet = json::text(&call.object()?["properties"]["subnetResourceId"]).to_owned();
    let plan = plans::resolve(
        call,
        site.text("/properties/serverFarmId").unwrap_or_default(),
    )?;
    check(call, &subnet, &plan)?;
    call.world.update(&site.id, |site| {
        json::set(
            &mut site.body["properties"],
            "virtualNetworkSubnetId",
            subnet,
        )
    });
    Ok(Answer::ok(shown(&sites::site_of(call)?)))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let site = only_virtual_network(call)?;
    call.world.update(&site.id, |site| {
        json::set(
            &mut site.body["properties"],
            "virtualNetworkSubnetId",
            Value::Null,
        );
        json::set(&mut site.private["config"], "vnetName", "");
    });
    Ok(Answer::empty(StatusCode::OK).with("etag", sites::new_etag(call)))
}

/// The connection of an integrated app; the platform answers it under any name's casing.
fn connection_of(world: &World, app: &Resource) -> Option<Value> {
    let subnet = app.text("/properties/virtualNetworkSubnetId")?;
    let name = connection_name(world, subnet);
    Some(json!({
        "id": format!("{}/virtualNetworkConnections/{name}", app.id), "name": name, "type": "Microsoft.Web/sites/virtualNetworkConnections",
        "location": app.body["location"],
        "properties": {
            "vnetResourceId": subnet, "certThumbprint": null, "certBlob": null, "routes": null, "resyncRequired": false,
            "dnsServers": null, "isSwift": true,
        },
    }))
}

/// A bare array, not a list object.
fn connections(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    let found: Vec<Value> = connection_of(call.world, &app).into_iter().collect();
    Ok(Answer::ok(Value::Array(found)))
}

fn connection(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    connection_of(call.world, &app)
        .filter(|found| json::same(json::text(&found["name"]), call.target.name()))
        .map(Answer::ok)
        .ok_or_else(|| call.not_found())
}
