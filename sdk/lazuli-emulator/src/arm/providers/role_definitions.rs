//! `Microsoft.Authorization/roleDefinitions`: the built-in roles, and custom ones.

use http::StatusCode;
use serde_json::{Value, json};

use crate::arm::roles::{ASSIGNMENT, DEFINITION as KIND, built_in, catalog, find};
use crate::arm::{Answer, Call, json};
use crate::wire::filter;
use crate::world::{Resource, World};

pub(crate) fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let subscription = call.world.settings().subscription.clone();
    let custom = custom(call.world)
        .filter(|role| is_assignable(&role.body, &call.target.scope))
        .map(|role| role.body);
    let all = catalog()
        .map(|role| built_in(role, &subscription))
        .chain(custom);
    let filter = call.incoming.query_value("$filter").unwrap_or_default();
    let wanted = filter::terms(&filter);
    let fits = |role: &Value| {
        wanted.iter().all(|(field, value)| match field.as_str() {
            "rolename" => json::same(json::text(&role["properties"]["roleName"]), value),
            "type" => json::same(json::text(&role["properties"]["type"]), value),
            _ => true,
        })
    };
    Ok(Answer::list(all.filter(fits).collect()))
}

fn custom(world: &World) -> impl Iterator<Item = Resource> {
    world.of_kind(KIND).into_iter()
}

/// Whether a role may be assigned on a scope: built-in ones anywhere, custom ones where they say, and
/// below.
pub(crate) fn is_assignable(role: &Value, scope: &str) -> bool {
    let scope = scope.to_ascii_lowercase();
    json::items(&role["properties"]["assignableScopes"]).any(|one| {
        let one = json::text(one).trim_end_matches('/').to_ascii_lowercase();
        scope == one || scope.starts_with(&format!("{one}/"))
    })
}

pub(crate) fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    find(call.world, call.target.name())
        .map(Answer::ok)
        .ok_or_else(|| missing(call.target.name()))
}

pub(crate) fn missing(name: &str) -> Answer {
    let message = format!("The specified role definition with ID '{name}' does not exist.");
    Answer::error(404, "RoleDefinitionDoesNotExist", message)
}

/// A custom role.
pub(crate) fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    let name = call.target.name();
    if catalog().any(|role| role.id.eq_ignore_ascii_case(name)) {
        let message = format!("The role definition '{name}' is built in and cannot be changed.");
        return Err(Answer::error(
            403,
            "RoleDefinitionUpdateNotPermitted",
            message,
        ));
    }
    if json::text(&given["roleName"]).is_empty()
        || json::items(&given["assignableScopes"]).next().is_none()
    {
        let message =
            "The role definition must have a roleName and at least one of assignableScopes.";
        return Err(Answer::error(400, "InvalidRoleDefinition", message));
    }
    check_name_free(call, json::text(&given["roleName"]))?;
    let permission = |one: &Value| {
        let list = |key: &str| one[key].as_array().cloned().unwrap_or_default();
        json!({
            "actions": list("actions"), "notActions": list("notActions"),
            "dataActions": list("dataActions"), "notDataActions": list("notDataActions"),
        })
    };
    let permissions: Vec<Value> = json::items(&given["permissions"]).map(permission).collect();
    let now = call.now().to_string();
    let subscription = &call.world.settings().subscription;
    let id = format!("/subscriptions/{subscription}/providers/{KIND}/{name}");
    let old = call.world.get(&id);
    let created = old
        .as_ref()
        .and_then(|old| old.text("/properties/createdOn"));
    let created = created.unwrap_or(&now).to_owned();
    let body = json!({
        "properties": {
            "roleName": given["roleName"], "type": "CustomRole", "description": given["description"],
            "assignableScopes": given["assignableScopes"], "permissions": permissions,
            "createdOn": created, "updatedOn": now, "createdBy": call.caller.principal, "updatedBy": call.caller.principal,
        },
        "id": id, "type": KIND, "name": name,
    });
    call.world.put(Resource {
        id,
        kind: KIND.into(),
        body: body.clone(),
        private: Value::Null,
    });
    let mut shown = body;
    json::set(&mut shown["properties"], "createdBy", Value::Null);
    Ok(Answer::json(StatusCode::CREATED, shown))
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let found = call
        .world
        .of_kind(KIND)
        .into_iter()
        .find(|role| json::same(role.name(), call.target.name()));
    if let Some(role) = &found {
        check_unassigned(call.world, role)?;
    }
    match found.and_then(|role| call.world.remove(&role.id)) {
        Some(role) => Ok(Answer::ok(role.body)),
        None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}

/// Names of custom roles are unique in the directory.
fn check_name_free(call: &Call<'_>, name: &str) -> Result<(), Answer> {
    let has_name = |role: &Resource| {
        role.text("/properties/roleName")
            .is_some_and(|own| json::same(own, name))
    };
    let mut twins = custom(call.world)
        .filter(|role| has_name(role) && !json::same(role.name(), call.target.name()));
    if twins.next().is_none() && !catalog().any(|role| json::same(role.name, name)) {
        return Ok(());
    }
    let message = format!(
        "A custom role with the same name '{name}' already exists in this directory. Use a different name."
    );
    Err(Answer::error(
        409,
        "RoleDefinitionWithSameNameExists",
        message,
    ))
}

fn check_unassigned(world: &World, role: &Resource) -> Result<(), Answer> {
    let mut assignments = world.of_kind(ASSIGNMENT).into_iter().filter(|one| {
        one.text("/properties/roleDefinitionId")
            .is_some_and(|id| json::same(crate::wire::ids::name_of(id), role.name()))
    });
    if assignments.next().is_none() {
        return Ok(());
    }
    let message = format!(
        "There are existing role assignments referencing role '{}'. Delete them before the role.",
        role.name()
    );
    Err(Answer::error(400, "RoleDefinitionHasAssignments", message))
}
