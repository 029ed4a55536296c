//! `Microsoft.Network/routeTables` and their routes: kept, checked and shown; they steer nothing here.

use serde_json::{Value, json};

use super::ROUTE_TABLE;
use super::children::{Children, subnets_with};
use crate::arm::kind::Kind;
use crate::arm::providers::network;
use crate::arm::{Answer, Call, ids, json};
use crate::world::{Resource, World};

const ROUTE: &str = "Microsoft.Network/routeTables/routes";

pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        put: Some(put),
        patch: Some(network::patch_tags),
        delete: Some(delete),
        view: Some(view),
        ..Kind::new(ROUTE_TABLE)
    },
    Kind {
        put: Some(put_route),
        delete: Some(delete_route),
        ..Kind::new(ROUTE)
    },
];

const ROUTES: Children = Children {
    word: "routes",
    kind: ROUTE,
    build: route,
    check: check_prefix,
};

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let given = json::properties(call.object()?)?;
    let routes = ROUTES.inline(call, &given)?;
    let shown: Vec<Value> = routes
        .iter()
        .map(|route| route.body["properties"].clone())
        .collect();
    let properties = json!({
        "provisioningState": "Updating", "resourceGuid": network::resource_guid(call, existing.as_ref()),
        "disableBgpRoutePropagation": given["disableBgpRoutePropagation"].as_bool().unwrap_or(false),
        "routes": shown,
    });
    let resource = network::tracked(call, &location, properties);
    ROUTES.store(call, routes);
    Ok(network::write(call, Some(&call.id()), resource))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let id = call.id();
    let users = subnets_with(call.world, "routeTable", &id);
    if users.is_empty() {
        return Ok(network::delete(call, Some(&id)));
    }
    let message = format!(
        "Route table {} is in use and cannot be deleted.",
        call.target.name(),
    );
    Err(Answer::network(
        400,
        "InUseRouteTableCannotBeDeleted",
        message,
    ))
}

fn put_route(call: &Call<'_>) -> Result<Answer, Answer> {
    ROUTES.put(call)
}

fn delete_route(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(ROUTES.delete(call))
}

fn route(_: &World, id: &str, given: &Value) -> Result<Value, Answer> {
    let hops = [
        "VirtualNetworkGateway",
        "VnetLocal",
        "Internet",
        "VirtualAppliance",
        "None",
    ];
    let refuse = |message: String| Answer::network(400, "InvalidRequestFormat", message);
    let name = ids::name_of(id);
    let hop = json::one_of(&given["nextHopType"], "nextHopType", &hops)?
        .ok_or_else(|| refuse(format!("Route {name} must have a nextHopType.")))?;
    let prefix = json::text(&given["addressPrefix"]);
    if prefix.is_empty() {
        return Err(refuse(format!("Route {name} must have an addressPrefix.")));
    }
    let address = json::text(&given["nextHopIpAddress"]);
    if (hop == "VirtualAppliance") == address.is_empty() {
        let message = format!(
            "Route {name} of type {hop} must have a nextHopIpAddress exactly when it is VirtualAppliance."
        );
        return Err(refuse(message));
    }
    let mut properties = json!({
        "provisioningState": "Updating", "addressPrefix": prefix, "nextHopType": hop, "hasBgpOverride": false,
    });
    if !address.is_empty() {
        json::set(&mut properties, "nextHopIpAddress", address);
    }
    Ok(properties)
}

/// One route per prefix.
fn check_prefix(route: &Resource, siblings: &[Resource]) -> Result<(), Answer> {
    let prefix = |one: &Resource| one.body["properties"]["addressPrefix"].clone();
    let Some(twin) = siblings.iter().find(|other| prefix(other) == prefix(route)) else {
        return Ok(());
    };
    let message = format!(
        "Routes {} and {} have the same address prefix {}. Each route of a table must have its own.",
        route.name(),
        twin.name(),
        prefix(route),
    );
    Err(Answer::network(400, "RouteConflict", message))
}

fn view(world: &World, body: &mut Value) {
    ROUTES.view(world, body);
    let users = subnets_with(world, "routeTable", json::text(&body["id"]));
    if !users.is_empty() {
        json::set(
            &mut body["properties"],
            "subnets",
            network::references(users),
        );
    }
}
