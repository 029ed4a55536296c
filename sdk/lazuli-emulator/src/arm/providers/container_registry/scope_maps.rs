//! `registries/scopeMaps`: named sets of repository permissions, and the ones each registry is born with.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::child::{self, Child};
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, json};
use crate::world::{Resource, World};

const KIND: &str = "Microsoft.ContainerRegistry/registries/scopeMaps";
pub(super) const SCOPE_MAP: Kind = Kind {
    put: Some(put),
    patch: Some(patch),
    get: Some(get),
    list: Some(list),
    delete: Some(delete),
    ..Kind::new(KIND)
};

/// The system-defined maps, as the documentation of repository-scoped permissions lists them.
const SYSTEM: [(&str, &str, &[&str]); 5] = [
    (
        "_repositories_admin",
        "Can perform all read, write and delete operations on the registry",
        &[
            "metadata/read",
            "metadata/write",
            "content/read",
            "content/write",
            "content/delete",
        ],
    ),
    (
        "_repositories_pull",
        "Can pull any repository of the registry",
        &["content/read"],
    ),
    (
        "_repositories_pull_metadata_read",
        "Can perform all read operations on the registry",
        &["content/read", "metadata/read"],
    ),
    (
        "_repositories_push",
        "Can push to any repository of the registry",
        &["content/read", "content/write"],
    ),
    (
        "_repositories_push_metadata_write",
        "Can perform all read and write operations on the registry",
        &[
            "metadata/read",
            "metadata/write",
            "content/read",
            "content/write",
        ],
    ),
];
const PERMISSIONS: [&str; 7] = [
    "content/read",
    "content/write",
    "content/delete",
    "metadata/read",
    "metadata/write",
    "deleted/read",
    "deleted/restore",
];

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    child::check_name(call.target.name(), (5, 50), "-_")?;
    check_not_system(call)?;
    check_actions(&given)?;
    let existing = call.existing();
    let created = existing
        .as_ref()
        .map(|old| old.body["properties"]["creationDate"].clone())
        .unwrap_or_else(|| Timestamp::now().to_string().into());
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
    let user = super::tokens::of(call.world, &registry.id)
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

/// Repository pattern and permission of `repositories/a/b/content/read`. Actions on gateways are for
/// connected registries and give nothing here.
fn parse(action: &str) -> Option<(&str, &str)> {
    if let Some(gateway) = action.strip_prefix("gateway/") {
        return gateway.contains('/').then_some(("", ""));
    }
    let rest = action.strip_prefix("repositories/")?;
    let (head, verb) = rest.rsplit_once('/')?;
    let (name, area) = head.rsplit_once('/')?;
    let permission = &rest[rest.len() - area.len() - verb.len() - 1..];
    (!name.is_empty() && PERMISSIONS.contains(&permission)).then_some((name, permission))
}

/// Whether one of the actions gives `permission` on `repository`. A pattern may end in `*`, and then
/// holds for every repository that begins as it does.
pub(crate) fn allows(actions: &[String], repository: &str, permission: &str) -> bool {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => repository.starts_with(prefix),
        None => pattern == repository,
    };
    actions
        .iter()
        .filter_map(|action| parse(action))
        .any(|(pattern, given)| given == permission && !repository.is_empty() && fits(pattern))
}

/// The actions behind a scope map's id, whether stored or system-defined.
pub(crate) fn actions(world: &World, id: &str) -> Vec<String> {
    let name = crate::wire::ids::name_of(id);
    if let Some((.., permissions)) = SYSTEM.iter().find(|(system, ..)| json::same(system, name)) {
        return permissions
            .iter()
            .map(|permission| everywhere(permission))
            .collect();
    }
    let stored = world.get(id);
    let actions = stored
        .iter()
        .flat_map(|map| json::items(&map.body["properties"]["actions"]));
    actions
        .map(|action| json::text(action).to_owned())
        .collect()
}

fn everywhere(permission: &str) -> String {
    format!("repositories/*/{permission}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_name_repositories_with_and_without_wildcards() {
        let check = |action: &str, repository: &str, permission: &str, expect: bool| {
            let actions = [action.to_owned()];
            assert_eq!(
                allows(&actions, repository, permission),
                expect,
                "{action} on {repository}"
            );
        };
        check("repositories/a/b/content/read", "a/b", "content/read", true);
        check("repositories/a/b/content/read", "a", "content/read", false);
        check(
            "repositories/a/b/content/read",
            "a/b",
            "content/write",
            false,
        );
        check(
            "repositories/team/*/content/read",
            "team/web",
            "content/read",
            true,
        );
        check(
            "repositories/team/*/content/read",
            "teamster",
            "content/read",
            false,
        );
        check(
            "repositories/*/metadata/read",
            "any/thing",
            "metadata/read",
            true,
        );
        check("repositories/*/content/read", "", "content/read", false);
        check(
            "repositories/a/content/everything",
            "a",
            "content/everything",
            false,
        );
        check("gateway/edge/config/read", "", "", false);
    }
}
