//! What a registry does besides being there: credentials, name check, usages, and the way to builds.

use http::StatusCode;
use serde_json::{Value, json};

use super::registries::{KIND, MAX_IP_RULES, check_name, owner_of_name, password};
use crate::arm::{Answer, Call, errors, json};
use crate::build::tasks;
use crate::world::Resource;

pub(crate) fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    if call.target.names.is_empty() {
        return namespace_action(call, word);
    }
    let registry = call.required()?;
    match word.to_ascii_lowercase().as_str() {
        "listcredentials" => credentials(&registry),
        "regeneratecredential" => regenerate(call),
        "listusages" => usages(call),
        _ => build_action(call, &registry.id, &[word]),
    }
}

/// `POST …/providers/Microsoft.ContainerRegistry/checkNameAvailability`
pub(crate) fn namespace_action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    if !json::same(word, "checkNameAvailability") {
        return Err(errors::not_modelled(&format!(
            "The action '{word}' of Microsoft.ContainerRegistry"
        )));
    }
    let name = json::text(&call.object()?["name"]);
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

fn build_action(call: &Call<'_>, registry: &str, path: &[&str]) -> Result<Answer, Answer> {
    let action = tasks::Action {
        registry,
        method: &call.incoming.method,
        path,
        body: &call.body,
        base_url: &call.incoming.base,
    };
    let answer = tasks::action(call.world, &action);
    let answer = answer.ok_or_else(|| {
        errors::not_modelled(&format!("The action '{}' of a registry", path.join("/")))
    })?;
    // Recorded: `scheduleRun` answers 200 although the run only starts; the Azure CLI takes no 202.
    let status = if answer.status == StatusCode::ACCEPTED {
        StatusCode::OK
    } else {
        answer.status
    };
    Ok(Answer::json(status, answer.body))
}

/// `GET …/runs` and `GET …/runs/{id}`
pub(crate) fn run(call: &Call<'_>) -> Result<Answer, Answer> {
    let names: Vec<&str> = call.target.names.iter().map(String::as_str).collect();
    let scope = &call.target.scope;
    let registry = format!("{scope}/providers/{KIND}/{}", names.first().unwrap_or(&""));
    match names.get(1) {
        Some(id) => build_action(call, &registry, &["runs", id]),
        None => build_action(call, &registry, &["runs"]),
    }
}

pub(crate) fn run_action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let registry = call.target.parent_id().unwrap_or_default();
    build_action(call, &registry, &["runs", call.target.name(), word])
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
            *slot = password().into();
        }
    });
    credentials(&call.required()?)
}

pub(crate) fn usages(call: &Call<'_>) -> Result<Answer, Answer> {
    // Sizes as the documentation gives them for Premium; what is stored is not counted.
    let usage = |name: &str, limit: u64, unit: &str| json!({ "name": name, "limit": limit, "currentValue": 0, "unit": unit });
    call.required().map(|_| {
        Answer::list(vec![
            usage("Size", 536_870_912_000, "Bytes"),
            usage("Webhooks", 500, "Count"),
            usage("Geo-replications", 100, "Count"),
            usage("IPRules", MAX_IP_RULES as u64, "Count"),
            usage("VNetRules", 100, "Count"),
            usage("PrivateEndpointConnections", 200, "Count"),
            usage("ScopeMaps", 50_000, "Count"),
            usage("Tokens", 50_000, "Count"),
        ])
    })
}

pub(crate) fn link_resources(call: &Call<'_>) -> Result<Answer, Answer> {
    let registry = call.required()?;
    let place = registry.text("/location").unwrap_or_default().to_owned();
    let id = format!("{}/privateLinkResources/registry", registry.id);
    Ok(Answer::list(vec![json!({
        "type": format!("{KIND}/privateLinkResources"), "id": id, "name": "registry",
        "properties": {
            "groupId": "registry", "requiredMembers": ["registry", format!("registry_data_{place}")],
            "requiredZoneNames": ["privatelink.azurecr.io"],
        },
    })]))
}
