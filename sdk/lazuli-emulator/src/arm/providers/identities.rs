//! `Microsoft.ManagedIdentity/userAssignedIdentities`: synchronous; a principal for life.

use serde_json::{Value, json};

pub(crate) use crate::arm::directory::USER_ASSIGNED_IDENTITY as KIND;
use crate::arm::kind::{Kind, Namespace};
use crate::arm::lifecycle;
use crate::arm::shape::{self, Asked, Holds::*, Rule, guid};
use crate::arm::{Answer, Call, directory, ids, json, rbac};
use crate::world::Resource;

const FEDERATED: &str =
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
/// The identity a resource has itself, as an extension of it.
const SYSTEM: &str = "Microsoft.ManagedIdentity/identities";
pub(crate) static NAMESPACE: Namespace = Namespace {
    versions: &[("", &["2024-11-30", "2023-01-31", "2018-11-30"])],
    ..Namespace::new("Microsoft.ManagedIdentity", &[&KINDS])
};

const KINDS: [Kind; 4] = [
    Kind {
        put: Some(put),
        patch: Some(patch),
        delete: Some(lifecycle::delete),
        action: Some(action),
        ..Kind::new(KIND)
    },
    Kind {
        get: Some(get_system),
        ..Kind::new(SYSTEM)
    },
    Kind {
        put: Some(put_federated),
        get: Some(get_federated),
        delete: Some(lifecycle::delete),
        ..Kind::new(FEDERATED)
    },
    Kind {
        list: Some(operations),
        ..Kind::new("Microsoft.ManagedIdentity/operations")
    },
];

/// The operations of this provider: what they are on, the verb, and what they do.
const OPERATIONS: [(&str, &str, &str); 10] = [
    (
        "identities",
        "read",
        "Gets an existing system assigned identity",
    ),
    (
        "userAssignedIdentities",
        "read",
        "Gets an existing user assigned identity",
    ),
    (
        "userAssignedIdentities",
        "write",
        "Creates a new user assigned identity or updates its tags",
    ),
    (
        "userAssignedIdentities",
        "delete",
        "Deletes an existing user assigned identity",
    ),
    (
        "userAssignedIdentities",
        "assign/action",
        "Assigns an existing user assigned identity to a resource",
    ),
    (
        "userAssignedIdentities",
        "listAssociatedResources/action",
        "Lists the resources that use an identity",
    ),
    (
        "userAssignedIdentities/federatedIdentityCredentials",
        "read",
        "Gets or lists federated identity credentials",
    ),
    (
        "userAssignedIdentities/federatedIdentityCredentials",
        "write",
        "Adds or updates a federated identity credential",
    ),
    (
        "userAssignedIdentities/federatedIdentityCredentials",
        "delete",
        "Deletes a federated identity credential",
    ),
    ("operations", "read", "Lists the operations of the provider"),
];

fn operations(_: &Call<'_>) -> Result<Answer, Answer> {
    let entry = |(resource, verb, description): &(&str, &str, &str)| {
        json!({
            "name": format!("Microsoft.ManagedIdentity/{resource}/{verb}"),
            "display": {
                "provider": "Microsoft Managed Identity", "resource": resource, "operation": verb, "description": description,
            },
        })
    };
    Ok(Answer::list(OPERATIONS.iter().map(entry).collect()))
}

const RULES: &[Rule] = &[
    (
        "tenantId",
        Made(|asked| asked.world.settings().tenant.clone().into()),
    ),
    ("principalId", Made(guid)),
    ("clientId", Made(guid)),
    ("isolationScope", Given),
];

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    call.object()?;
    check_name(call.target.name())?;
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let old = existing.as_ref().map(|old| old.body["properties"].clone());
    let mut properties = old.unwrap_or_else(|| json!({}));
    let id = call.id();
    let asked = Asked {
        old: &properties.clone(),
        ..Asked::about(call.world, &id)
    };
    let given = shape::closed(RULES, &asked, &call.body["properties"])?;
    json::overlay(&mut properties, &given);
    let body = json!({
        // This provider writes `resourcegroups` in small letters, whatever the request said.
        "id": id.replacen("/resourceGroups/", "/resourcegroups/", 1),
        "name": call.target.name(), "type": KIND, "location": location, "tags": call.tags().unwrap_or_else(|| json!({})),
        "properties": properties,
    });
    lifecycle::store(call, body.clone(), Value::Null);
    let answer = Answer::created(existing.is_none(), body);
    let here = call.id();
    Ok(if existing.is_none() {
        answer.with("location", here)
    } else {
        answer
    })
}

/// 3 to 128 characters: letters, digits, `-` and `_`, starting with a letter or digit.
fn check_name(name: &str) -> Result<(), Answer> {
    let good = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if (3..=128).contains(&name.len())
        && good
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        return Ok(());
    }
    let message = format!(
        "The resource name '{name}' is invalid: 3 to 128 letters, digits, '-' and '_', starting with a letter or digit."
    );
    Err(Answer::error(400, "BadRequest", message))
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    call.required()?;
    if let Some(tags) = call.tags() {
        call.world.update(&call.id(), |identity| {
            json::set(&mut identity.body, "tags", tags)
        });
    }
    Ok(lifecycle::shown(call.world, &call.required()?))
}

fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let identity = call.required()?;
    if !json::same(word, "listAssociatedResources") {
        return Err(crate::wire::errors::not_modelled(&format!(
            "The action '{word}' of '{KIND}'"
        )));
    }
    let uses = |resource: &crate::world::Resource| {
        let used = resource.body["identity"]["userAssignedIdentities"].as_object();
        used.is_some_and(|used| used.keys().any(|id| json::same(id, &identity.id)))
    };
    let all = call.world.under("/subscriptions").into_iter().filter(uses);
    let shown = all.map(|resource| {
        json!({
            "id": resource.id, "name": resource.name(), "type": resource.kind,
            "resourceGroup": ids::group_of(&resource.id), "subscriptionId": call.world.settings().subscription,
            "subscriptionDisplayName": "Lazuli",
        })
    });
    let shown: Vec<Value> = shown.collect();
    Ok(Answer::ok(
        json!({ "totalCount": shown.len(), "value": shown }),
    ))
}

/// The identity that a resource has itself, by the address every resource has.
fn get_system(call: &Call<'_>) -> Result<Answer, Answer> {
    let owner = call.world.get(&call.target.scope);
    let principal = owner
        .as_ref()
        .and_then(|owner| owner.text("/identity/principalId"));
    let (Some(owner), Some(principal)) = (&owner, principal) else {
        let message = format!(
            "The Resource '{}' has no system-assigned identity.",
            call.target.scope
        );
        return Err(Answer::error(404, "ResourceNotFound", message));
    };
    Ok(Answer::ok(json!({
        "id": call.id(), "name": call.target.name(), "type": SYSTEM, "location": owner.body["location"],
        "properties": {
            "tenantId": call.world.settings().tenant, "principalId": principal,
            "clientId": directory::client_of(principal), "clientSecretUrl": "",
        },
    })))
}

/// A trust in tokens of another issuer. Nobody signs in with one here; it is kept and answered.
fn put_federated(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    let missing = ["issuer", "subject"]
        .into_iter()
        .find(|key| json::text(&given[*key]).is_empty());
    if let Some(missing) = missing {
        return Err(Answer::error(
            400,
            "BadRequest",
            format!("The federated identity credential must have '{missing}'."),
        ));
    }
    let owner = call.target.parent_id().unwrap_or_default();
    let others = call.world.of_kind_under(FEDERATED, &owner).into_iter();
    let same = |one: &Resource| {
        !json::same(&one.id, &call.id())
            && ["issuer", "subject"]
                .iter()
                .all(|key| one.body["properties"][*key] == given[*key])
    };
    if others.into_iter().any(|one| same(&one)) {
        let message = "Issuer and subject combination already exists for this Managed Identity.";
        return Err(Answer::error(409, "Conflict", message));
    }
    let new = call.existing().is_none();
    let body = json!({
        "id": call.id().replacen("/resourceGroups/", "/resourcegroups/", 1), "name": call.target.name(), "type": FEDERATED,
        "properties": { "issuer": given["issuer"], "subject": given["subject"], "audiences": given["audiences"] },
    });
    lifecycle::store(call, body.clone(), Value::Null);
    let answer = Answer::created(new, body);
    Ok(if new {
        answer.with("location", call.id())
    } else {
        answer
    })
}

/// This type says "not found" in its own words.
fn get_federated(call: &Call<'_>) -> Result<Answer, Answer> {
    let id = call
        .id()
        .replacen("/resourceGroups/", "/resourcegroups/", 1);
    let missing = || Answer::error(404, "NotFound", format!("Resource '{id}' was not found."));
    call.existing()
        .map(|one| Answer::ok(one.body))
        .ok_or_else(missing)
}

/// Fills `userAssignedIdentities` of a resource's identity with the ids of the identities it names.
pub(crate) fn attach(call: &Call<'_>, given: &Value) -> Result<Value, Answer> {
    let mut attached = json!({});
    for (id, entry) in given.as_object().into_iter().flatten() {
        if entry.is_null() {
            continue;
        }
        let Some(identity) = call.world.get(id).filter(|found| found.kind == KIND) else {
            let message = format!("The identity(ids) {id} of {} were not found.", call.id());
            return Err(Answer::error(400, "FailedIdentityOperation", message));
        };
        rbac::check_linked(call, &format!("{KIND}/assign/action"), &identity.id)?;
        let properties = &identity.body["properties"];
        json::set(
            &mut attached,
            id,
            json!({ "principalId": properties["principalId"], "clientId": properties["clientId"] }),
        );
    }
    Ok(attached)
}

/// The `identity` a request asks for, given the one stored: principals never change while they stay.
///
/// # Errors
/// An unknown identity type or a user-assigned identity that does not exist.
pub(crate) fn merge(call: &Call<'_>, given: &Value, stored: &Value) -> Result<Value, Answer> {
    if given.is_null() {
        return Ok(stored.clone());
    }
    let kind: Vec<String> = json::text(&given["type"])
        .split(',')
        .map(|part| part.trim().to_owned())
        .collect();
    let has = |word: &str| kind.iter().any(|part| json::same(part, word));
    if !kind.iter().all(|part| {
        ["SystemAssigned", "UserAssigned", "None"]
            .iter()
            .any(|known| json::same(part, known))
    }) {
        let message = format!(
            "The identity type '{}' of {} is not valid.",
            json::text(&given["type"]),
            call.id()
        );
        return Err(Answer::error(400, "InvalidIdentityType", message));
    }
    if has("None") {
        return Ok(Value::Null);
    }
    let (system, user) = (has("SystemAssigned"), has("UserAssigned"));
    let name = match (system, user) {
        (true, true) => "SystemAssigned, UserAssigned",
        (true, false) => "SystemAssigned",
        _ => "UserAssigned",
    };
    let mut identity = json!({ "type": name });
    if system {
        let kept = stored["principalId"].as_str().map(str::to_owned);
        let kept = kept.unwrap_or_else(|| call.uuid().to_string());
        json::set(&mut identity, "principalId", kept);
        json::set(
            &mut identity,
            "tenantId",
            call.world.settings().tenant.clone(),
        );
    }
    if user {
        json::set(
            &mut identity,
            "userAssignedIdentities",
            attach(call, &given["userAssignedIdentities"])?,
        );
    }
    Ok(identity)
}
