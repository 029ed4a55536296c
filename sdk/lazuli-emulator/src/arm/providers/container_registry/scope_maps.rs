//! `registries/scopeMaps`: named sets of repository permissions, and the ones each registry is born with.

use serde_json::{Value, json};

use super::child::{self, Child};
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, json};
use crate::views::registry_view::{
    PERMISSIONS, SCOPE_MAP as KIND, SYSTEM_SCOPE_MAPS as SYSTEM, everywhere, parse, tokens_of,
};
use crate::world::{Resource, World};

pub(super) const SCOPE_MAP: Kind = Kind {
    put: Some(put),
    patch: Some(patch),
    get: Some(get),
    list: Some(list),
    delete: Some(delete),
    ..Kind::new(KIND)
};

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    child::check_name(call.target.name(), (5, 50), "-_")?;
    check_not_system(call)?;
    check_actions(&given)?;
    let existing = call.existing();
    let created = existing
        .as_ref()
        .map(|old| old.body["properties"]["creationDate"].clone())
        .unwrap_or_else(|| call.now().to_string().into());
    let mut properties = json!({
        "type": "UserDefined", "creationDate": created, "provisioningState": "Creating", "actions": given["actions"],
    });
    if given["description"].is_string() {
        json::set(&mut properties, "description", given["description"].clone());
    }
    Ok(child::write(call, existing.as_ref(), Child::of(properties)))
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    check_not_system(call)?;
    let existing = call.required()?;
    let given = json::properties(call.object()?)?;
    let mut properties = existing.body["properties"].clone();
    if !given["actions"].is_null() {
        check_actions(&given)?;
        json::set(&mut properties, "actions", given["actions"].clone());
    }
    if given["description"].is_string() {
        json::set(&mut properties, "description", given["description"].clone());
    }
    Ok(child::write(call, Some(&existing), Child::of(properties)))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    check_not_system(call)?;
    let registry = child::registry(call)?;
    let here = call.id();
    let user = tokens_of(call.world, &registry.id)
        .into_iter()
        .find(|token| {
            token
                .text("/properties/scopeMapId")
                .is_some_and(|id| json::same(id, &here))
        });
    if let Some(token) = user {
        let message = format!(
            "The scope map '{}' cannot be deleted because it is associated with the token '{}'.",
            call.target.name(),
            token.name()
        );
        return Err(Answer::error(409, "ScopeMapInUse", message));
    }
    child::delete(call)
}

fn check_not_system(call: &Call<'_>) -> Result<(), Answer> {
    if SYSTEM
        .iter()
        .all(|(name, ..)| !json::same(name, call.target.name()))
    {
        return Ok(());
    }
    let message = format!(
        "The scope map '{}' is defined by the system and cannot be changed.",
        call.target.name()
    );
    Err(Answer::error(400, "SystemScopeMapNotModifiable", message))
}

fn check_actions(given: &Value) -> Result<(), Answer> {
    let actions: Vec<&str> = json::items(&given["actions"]).map(json::text).collect();
    if actions.is_empty() {
        return Err(child::invalid("A scope map must have at least one action."));
    }
    match actions.iter().find(|action| parse(action).is_none()) {
        None => Ok(()),
        Some(action) => Err(child::invalid(format!(
            "The action '{action}' is not valid. An action is 'repositories/NAME/PERMISSION' or 'gateway/NAME/PERMISSION', where a repository's PERMISSION is one of {}.",
            PERMISSIONS.join(", ")
        ))),
    }
}

fn system(registry: &Resource) -> Vec<Value> {
    let map = |(name, description, permissions): &(&str, &str, &[&str])| {
        let actions: Vec<String> = permissions.iter().map(|one| everywhere(one)).collect();
        json!({
            "type": KIND, "id": format!("{}/scopeMaps/{name}", registry.id), "name": name,
            "systemData": registry.body["systemData"],
            "properties": {
                "description": description, "type": "SystemDefined", "provisioningState": "Succeeded",
                "creationDate": registry.body["properties"]["creationDate"], "actions": actions,
            },
        })
    };
    SYSTEM.iter().map(map).collect()
}

/// Whether a scope map is there.
pub(super) fn exists(world: &World, registry: &Resource, id: &str) -> bool {
    let is_system = system(registry)
        .iter()
        .any(|map| json::same(json::text(&map["id"]), id));
    is_system || world.get(id).is_some_and(|found| found.kind == KIND)
}

fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    if let Some(found) = call.existing() {
        return Ok(Answer::ok(found.body));
    }
    let maps = system(&child::registry(call)?).into_iter();
    let mut named = maps.filter(|map| json::same(json::text(&map["name"]), call.target.name()));
    named.next().map(Answer::ok).ok_or_else(|| call.not_found())
}

fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let registry = call.required()?;
    let mut all = system(&registry);
    let below = call.world.under(&registry.id).into_iter();
    all.extend(below.filter(|child| child.kind == KIND).map(|map| map.body));
    Ok(Answer::list(all))
}
