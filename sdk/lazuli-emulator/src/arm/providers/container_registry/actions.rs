//! What a registry does besides being there: credentials, name check, usages, and the way to builds.

use serde_json::{Value, json};

use super::registries::{KIND, owner_of_name, password};
use super::registry_body::{check_label_scope, check_name};
use super::{child, connections, import, runs, tokens};
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, errors, json};
use crate::data::registry;
use crate::views::registry_view;
use crate::world::Resource;

pub(super) const LINK_RESOURCE: Kind = Kind {
    list: Some(link_resources),
    get: Some(link_resource),
    ..Kind::new("Microsoft.ContainerRegistry/registries/privateLinkResources")
};
pub(super) const USAGE: Kind = Kind {
    list: Some(usages),
    ..Kind::new("Microsoft.ContainerRegistry/registries/listUsages")
};
pub(super) const OPERATION: Kind = Kind {
    list: Some(operations),
    ..Kind::new("Microsoft.ContainerRegistry/operations")
};

pub(crate) fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    if call.target.names.is_empty() {
        return namespace_action(call, word);
    }
    let registry = call.required()?;
    match word.to_ascii_lowercase().as_str() {
        "listcredentials" => credentials(&registry),
        "regeneratecredential" => regenerate(call),
        "listusages" => usages(call),
        "importimage" => import::import_image(call),
        "generatecredentials" => tokens::generate(call),
        _ => runs::build_action(call, &registry.id, &[word]),
    }
}

/// `POST …/providers/Microsoft.ContainerRegistry/checkNameAvailability`
pub(crate) fn namespace_action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    if !json::same(word, "checkNameAvailability") {
        return Err(errors::not_modelled(&format!(
            "The action '{word}' of Microsoft.ContainerRegistry"
        )));
    }
    let body = call.object()?;
    let name = json::text(&body["name"]);
    check_label_scope(body)?;
    Ok(Answer::ok(
        match (check_name(name), owner_of_name(call.world, name)) {
            (Err(_), _) => {
                json!({ "nameAvailable": false, "reason": "Invalid", "message": format!("The specified registry name {name} is invalid.") })
            }
            (_, Some(_)) => {
                json!({ "nameAvailable": false, "reason": "AlreadyExists", "message": format!("The registry {name} is already in use.") })
            }
            (_, None) => json!({ "nameAvailable": true }),
        },
    ))
}

fn credentials(registry: &Resource) -> Result<Answer, Answer> {
    if registry.at("/properties/adminUserEnabled") != Some(&Value::Bool(true)) {
        let message = format!(
            "Admin user is disabled on registry {}. Enable it to list its credentials.",
            registry.name()
        );
        return Err(Answer::error(
            400,
            "UnAuthorizedForCredentialOperations",
            message,
        ));
    }
    let passwords = &registry.private["passwords"];
    Ok(Answer::ok(json!({
        "username": registry.name(),
        "passwords": [{ "name": "password", "value": passwords[0] }, { "name": "password2", "value": passwords[1] }],
    })))
}

fn regenerate(call: &Call<'_>) -> Result<Answer, Answer> {
    let index = match json::text(&call.object()?["name"]) {
        "password" => 0,
        "password2" => 1,
        other => {
            let message = format!(
                "The password name '{other}' is not valid: it is 'password' or 'password2'."
            );
            return Err(Answer::error(400, "InvalidParameter", message));
        }
    };
    call.world.update(&call.id(), |registry| {
        if let Some(slot) = registry.private.pointer_mut(&format!("/passwords/{index}")) {
            *slot = password(call).into();
        }
    });
    credentials(&call.required()?)
}

/// Limits as recorded for Premium, and as documented for the other tiers.
fn usages(call: &Call<'_>) -> Result<Answer, Answer> {
    let registry = call.required()?;
    let below = call.world.under(&registry.id);
    let of_type = |name: &str| {
        below
            .iter()
            .filter(|one| one.kind == format!("{KIND}/{name}"))
            .count() as u64
    };
    let rules =
        json::items(&registry.body["properties"]["networkRuleSet"]["ipRules"]).count() as u64;
    let stored = registry::store(call.world, &registry).bytes_stored();
    let (size, webhooks, scopes) = match registry.text("/sku/name") {
        Some("Basic") => (10_737_418_240, 2, 100),
        Some("Standard") => (107_374_182_400, 10, 500),
        _ => (536_870_912_000, 500, 50_000),
    };
    let usage = |name: &str, limit: i64, current: u64, unit: &str| json!({ "name": name, "limit": limit, "currentValue": current, "unit": unit });
    let mut all = vec![
        usage("Size", size, stored, "Bytes"),
        usage("Webhooks", webhooks, of_type("webhooks"), "Count"),
    ];
    if registry.text("/sku/name") == Some("Premium") {
        let connections = connections::of(call.world, &registry.id).len() as u64;
        all.extend([
            usage("Geo-replications", -1, of_type("replications"), "Count"),
            usage("IPRules", 100, rules, "Count"),
            usage("VNetRules", 100, 0, "Count"),
            usage("PrivateEndpointConnections", 200, connections, "Count"),
        ]);
    }
    all.extend([
        usage("ScopeMaps", scopes, of_type("scopeMaps"), "Count"),
        usage("Tokens", scopes, of_type("tokens"), "Count"),
    ]);
    Ok(Answer::list(all))
}

fn link_resources(call: &Call<'_>) -> Result<Answer, Answer> {
    let registry = call.required()?;
    Ok(Answer::list(vec![registry_group(call, &registry)]))
}

fn link_resource(call: &Call<'_>) -> Result<Answer, Answer> {
    let registry = child::registry(call)?;
    if !json::same(call.target.name(), "registry") {
        return Err(call.not_found());
    }
    Ok(Answer::ok(registry_group(call, &registry)))
}

/// The one group of a registry: its login server, and a data endpoint per region.
fn registry_group(call: &Call<'_>, registry: &Resource) -> Value {
    let home = registry.text("/location").unwrap_or_default();
    let places = registry_view::places(call.world, &registry.id, home).into_iter();
    let mut members: Vec<String> = places
        .map(|place| format!("registry_data_{place}"))
        .collect();
    members.push("registry".to_owned());
    json!({
        "type": format!("{KIND}/privateLinkResources"), "id": format!("{}/privateLinkResources/registry", registry.id),
        "name": "registry",
        "properties": {
            "groupId": "registry", "requiredMembers": members, "requiredZoneNames": ["privatelink.azurecr.io"],
        },
    })
}

/// `GET /providers/Microsoft.ContainerRegistry/operations`: the rights that roles are made of.
fn operations(_: &Call<'_>) -> Result<Answer, Answer> {
    let entry = |(name, is_data, description): &(&str, bool, &str)| {
        let resource = name.rsplit_once('/').map_or("", |(head, _)| head);
        let verb = name.rsplit('/').next().unwrap_or_default();
        json!({
            "name": format!("Microsoft.ContainerRegistry/{name}"), "isDataAction": is_data,
            "display": {
                "provider": "Microsoft Azure Container Registry", "resource": resource, "operation": verb,
                "description": description,
            },
        })
    };
    Ok(Answer::list(OPERATIONS.iter().map(entry).collect()))
}

/// The operations that the built-in roles of the documentation name.
const OPERATIONS: [(&str, bool, &str); 12] = [
    (
        "registries/read",
        false,
        "Gets the properties of a container registry or lists them.",
    ),
    (
        "registries/write",
        false,
        "Creates or updates a container registry.",
    ),
    ("registries/delete", false, "Deletes a container registry."),
    (
        "registries/pull/read",
        false,
        "Pulls or gets images from a container registry.",
    ),
    (
        "registries/push/write",
        false,
        "Pushes or writes images to a container registry.",
    ),
    (
        "registries/artifacts/delete",
        false,
        "Deletes an artifact of a container registry.",
    ),
    (
        "registries/importImage/action",
        false,
        "Imports an image to a container registry.",
    ),
    (
        "registries/listCredentials/action",
        false,
        "Lists the login credentials of a container registry.",
    ),
    (
        "registries/privateEndpointConnectionsApproval/action",
        false,
        "Auto-approves a private endpoint connection.",
    ),
    (
        "registries/repositories/content/read",
        true,
        "Pulls or gets content of a repository.",
    ),
    (
        "registries/repositories/content/write",
        true,
        "Pushes content to a repository.",
    ),
    (
        "registries/repositories/metadata/read",
        true,
        "Gets the metadata of a repository.",
    ),
];
