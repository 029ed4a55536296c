//! `registries/cacheRules` and `registries/credentialSets`: which public repositories a registry mirrors.
//!
//! The resources are complete; a pull of a cached repository is answered with what the registry holds,
//! because the emulator reaches no upstream.

use serde_json::{Value, json};

use super::child::{self, Child};
use crate::arm::kind::Kind;
use crate::arm::providers::identities;
use crate::arm::{Answer, Call, json};
use crate::world::Resource;

pub(super) const CACHE_RULE: Kind = Kind {
    put: Some(put_rule),
    patch: Some(patch_rule),
    delete: Some(child::delete),
    ..Kind::new("Microsoft.ContainerRegistry/registries/cacheRules")
};
pub(super) const CREDENTIAL_SET: Kind = Kind {
    put: Some(write_set),
    patch: Some(write_set),
    delete: Some(child::delete),
    ..Kind::new("Microsoft.ContainerRegistry/registries/credentialSets")
};

fn put_rule(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    child::check_name(call.target.name(), (5, 50), "-")?;
    let registry = child::registry(call)?;
    for key in ["sourceRepository", "targetRepository"] {
        if given[key].as_str().is_none_or(str::is_empty) {
            return Err(child::invalid(format!("A cache rule must name its {key}.")));
        }
    }
    let taken = call.world.under(&registry.id).into_iter().find(|other| {
        other.kind == CACHE_RULE.name
            && !json::same(&other.id, &call.id())
            && other.body["properties"]["targetRepository"] == given["targetRepository"]
    });
    if let Some(other) = taken {
        let message = format!(
            "The target repository '{}' is already used by the cache rule '{}'.",
            json::text(&given["targetRepository"]),
            other.name()
        );
        return Err(Answer::error(409, "CacheRuleConflict", message));
    }
    let existing = call.existing();
    let created = existing
        .as_ref()
        .map(|old| old.body["properties"]["creationDate"].clone());
    let mut properties = json!({
        "sourceRepository": given["sourceRepository"], "targetRepository": given["targetRepository"],
        "creationDate": created.unwrap_or_else(|| call.now().to_string().into()), "provisioningState": "Creating",
    });
    set_credentials(call, &mut properties, &given)?;
    let made = with_identity(call, properties, existing.as_ref())?;
    Ok(child::write(call, existing.as_ref(), made))
}

fn patch_rule(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let mut properties = existing.body["properties"].clone();
    set_credentials(call, &mut properties, &json::properties(call.object()?)?)?;
    let made = with_identity(call, properties, Some(&existing))?;
    Ok(child::write(call, Some(&existing), made))
}

/// The child with the identity that the request wants, or that it had.
fn with_identity(
    call: &Call<'_>,
    properties: Value,
    existing: Option<&Resource>,
) -> Result<Child, Answer> {
    let stored = existing.map_or(Value::Null, |old| old.body["identity"].clone());
    let mut made = Child::of(properties);
    made.identity = identities::merge(call, &call.object()?["identity"], &stored)?;
    Ok(made)
}

fn set_credentials(call: &Call<'_>, properties: &mut Value, given: &Value) -> Result<(), Answer> {
    match given.get("credentialSetResourceId") {
        None => {}
        Some(Value::Null) => {
            json::unset(properties, "credentialSetResourceId");
        }
        Some(id) => {
            if !call.world.contains(json::text(id)) {
                let message = format!("The credential set '{}' was not found.", json::text(id));
                return Err(Answer::error(404, "CredentialSetNotFound", message));
            }
            json::set(properties, "credentialSetResourceId", id.clone());
        }
    }
    Ok(())
}

fn write_set(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    let given = json::properties(body)?;
    child::check_name(call.target.name(), (5, 50), "-")?;
    let existing = match call.method() {
        "PATCH" => Some(call.required()?),
        _ => call.existing(),
    };
    let mut properties = match &existing {
        Some(old) => old.body["properties"].clone(),
        None => {
            json!({ "creationDate": call.now().to_string(), "provisioningState": "Creating" })
        }
    };
    for key in ["loginServer", "authCredentials"] {
        if !given[key].is_null() {
            json::set(&mut properties, key, given[key].clone());
        }
    }
    if properties["loginServer"].as_str().is_none_or(str::is_empty) {
        return Err(child::invalid(
            "A credential set must name its loginServer.",
        ));
    }
    let made = with_identity(call, properties, existing.as_ref())?;
    Ok(child::write(call, existing.as_ref(), made))
}
