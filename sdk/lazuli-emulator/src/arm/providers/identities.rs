//! `Microsoft.ManagedIdentity/userAssignedIdentities`: synchronous; a principal for life.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Kind;
use crate::arm::{Answer, Call, json};
use crate::world::World;

pub(crate) const KIND: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
const FEDERATED: &str =
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        put: Some(put),
        patch: Some(patch),
        delete: Some(delete),
        ..Kind::new(KIND)
    },
    Kind {
        put: Some(put_federated),
        get: Some(get_federated),
        delete: Some(delete),
        ..Kind::new(FEDERATED)
    },
];

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    call.object()?;
    check_name(call.target.name())?;
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let properties = match &existing {
        Some(old) => old.body["properties"].clone(),
        None => json!({
            "tenantId": call.world.settings().tenant, "principalId": Uuid::new_v4().to_string(), "clientId": Uuid::new_v4().to_string(),
        }),
    };
    let mut body = json!({
        // This provider writes `resourcegroups` in small letters, whatever the request said.
        "id": call.id().replacen("/resourceGroups/", "/resourcegroups/", 1),
        "name": call.target.name(), "type": KIND, "location": location, "tags": call.tags().unwrap_or_else(|| json!({})),
        "properties": properties,
    });
    if call.body["properties"]["isolationScope"].is_string() {
        json::set(
            &mut body["properties"],
            "isolationScope",
            call.body["properties"]["isolationScope"].clone(),
        );
    }
    super::store(call, body.clone(), Value::Null);
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
    Ok(super::shown(call.world, &call.required()?))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    if call.existing().is_none() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    super::remove(call.world, &call.id());
    Ok(Answer::empty(StatusCode::OK))
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
    let new = call.existing().is_none();
    let body = json!({
        "id": call.id().replacen("/resourceGroups/", "/resourcegroups/", 1), "name": call.target.name(), "type": FEDERATED,
        "properties": { "issuer": given["issuer"], "subject": given["subject"], "audiences": given["audiences"] },
    });
    super::store(call, body.clone(), Value::Null);
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
        let kept = stored["principalId"]
            .as_str()
            .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
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

/// Whether the directory knows a principal.
pub(crate) fn is_known_principal(world: &World, principal: &str) -> bool {
    let same = |value: Option<&str>| value.is_some_and(|id| id.eq_ignore_ascii_case(principal));
    same(Some(&world.settings().principal))
        || world
            .of_kind(KIND)
            .iter()
            .any(|identity| same(identity.text("/properties/principalId")))
        || [
            super::sites::KIND,
            super::sites::SLOT_KIND,
            super::registries::KIND,
        ]
        .iter()
        .any(|kind| {
            world
                .of_kind(kind)
                .iter()
                .any(|owner| same(owner.text("/identity/principalId")))
        })
}
