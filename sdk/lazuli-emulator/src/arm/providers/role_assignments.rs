//! `Microsoft.Authorization/roleAssignments`: an extension of any scope.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::groups::conditions;
use super::{Kind, identities, role_definitions};
use crate::arm::{Answer, Call, ids, json};
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Authorization/roleAssignments";
pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        put: Some(put),
        get: Some(get),
        list: Some(list),
        delete: Some(delete),
        ..Kind::new(KIND)
    },
    Kind {
        put: Some(role_definitions::put),
        get: Some(role_definitions::get),
        list: Some(role_definitions::list),
        delete: Some(role_definitions::delete),
        ..Kind::new(role_definitions::KIND)
    },
];

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    let name = call.target.name();
    if Uuid::parse_str(name).is_err() {
        let message = format!(
            "The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID."
        );
        return Err(Answer::error(400, "InvalidRoleAssignmentId", message));
    }
    let scope = scope(call)?;
    let (role, principal) = (
        json::text(&given["roleDefinitionId"]),
        json::text(&given["principalId"]),
    );
    if role_definitions::find(call.world, role).is_none() {
        return Err(role_definitions::missing(ids::name_of(role)));
    }
    if Uuid::parse_str(principal).is_err() {
        let message =
            format!("The principal ID '{principal}' is not valid. Principal ID must be a GUID.");
        return Err(Answer::error(400, "InvalidPrincipalId", message));
    }
    check_known(call, &given, principal)?;
    check_unique(call, &scope, role, principal)?;
    let existing = call.existing();
    check_unchanged(existing.as_ref(), role, principal)?;
    let body = build(call, existing.as_ref(), &scope, &given);
    super::store(call, body.clone(), Value::Null);
    // The answer to the PUT does not say yet who created the assignment; GET does.
    let mut shown = body;
    json::set(&mut shown["properties"], "createdBy", Value::Null);
    Ok(Answer::json(StatusCode::CREATED, shown))
}

/// Without `principalType` the directory is asked, and it may not know the principal (yet).
fn check_known(call: &Call<'_>, given: &Value, principal: &str) -> Result<(), Answer> {
    if given["principalType"].is_string() || identities::is_known_principal(call.world, principal) {
        return Ok(());
    }
    let plain = principal.replace('-', "");
    let message = format!(
        "Principal {plain} does not exist in the directory {}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
        call.world.settings().tenant,
    );
    Err(Answer::error(400, "PrincipalNotFound", message))
}

fn check_unique(call: &Call<'_>, scope: &str, role: &str, principal: &str) -> Result<(), Answer> {
    let same = |assignment: &Resource, pointer: &str, value: &str| {
        assignment
            .text(pointer)
            .is_some_and(|text| json::same(text, value))
    };
    let twin = call.world.of_kind(KIND).into_iter().find(|one| {
        let role_id = one
            .text("/properties/roleDefinitionId")
            .map(ids::name_of)
            .unwrap_or_default()
            .to_owned();
        same(one, "/properties/scope", scope)
            && same(one, "/properties/principalId", principal)
            && json::same(&role_id, ids::name_of(role))
            && !json::same(one.name(), call.target.name())
    });
    match twin {
        None => Ok(()),
        Some(twin) => {
            let message = format!(
                "The role assignment already exists. The ID of the existing role assignment is {}.",
                twin.name().replace('-', "")
            );
            Err(Answer::error(409, "RoleAssignmentExists", message))
        }
    }
}

fn check_unchanged(existing: Option<&Resource>, role: &str, principal: &str) -> Result<(), Answer> {
    let Some(old) = existing else { return Ok(()) };
    let same_principal = old
        .text("/properties/principalId")
        .is_some_and(|id| json::same(id, principal));
    let same_role = old
        .text("/properties/roleDefinitionId")
        .is_some_and(|id| json::same(ids::name_of(id), ids::name_of(role)));
    if same_principal && same_role {
        return Ok(());
    }
    let message =
        "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
    Err(Answer::error(
        400,
        "RoleAssignmentUpdateNotPermitted",
        message,
    ))
}

fn scope(call: &Call<'_>) -> Result<String, Answer> {
    let scope = call.target.scope.clone();
    let is_subscription = scope.matches('/').count() <= 2;
    if is_subscription || call.world.contains(&scope) {
        return Ok(if scope.is_empty() { "/".into() } else { scope });
    }
    let segments = ids::segments(&scope).unwrap_or_default();
    match ids::Target::parse(&segments) {
        Some(target) => Err(crate::arm::errors::resource_not_found(
            &target.kind,
            &target.names,
            target.group(),
        )),
        None => Err(crate::arm::errors::group_not_found(ids::name_of(&scope))),
    }
}

fn build(call: &Call<'_>, existing: Option<&Resource>, scope: &str, given: &Value) -> Value {
    let now = Timestamp::now().to_string();
    let created = existing
        .and_then(|old| old.text("/properties/createdOn"))
        .unwrap_or(&now)
        .to_owned();
    json!({
        "properties": {
            "roleDefinitionId": given["roleDefinitionId"], "principalId": given["principalId"],
            "principalType": given["principalType"].as_str().unwrap_or("ServicePrincipal"), "scope": scope,
            "condition": given["condition"], "conditionVersion": given["conditionVersion"],
            "createdOn": created, "updatedOn": now, "createdBy": call.caller.principal, "updatedBy": call.caller.principal,
            "delegatedManagedIdentityResourceId": given["delegatedManagedIdentityResourceId"], "description": given["description"],
        },
        "id": call.id(), "type": KIND, "name": call.target.name(),
    })
}

fn missing(call: &Call<'_>) -> Answer {
    let message = format!("The role assignment '{}' is not found.", call.target.name());
    Answer::error(404, "RoleAssignmentNotFound", message)
}

fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    call.existing()
        .map(|one| Answer::ok(one.body))
        .ok_or_else(|| missing(call))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    match call.world.remove(&call.id()) {
        Some(removed) => Ok(Answer::ok(removed.body)),
        None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}

/// Assignments on the scope, above it and below it; `atScope()` leaves out those below.
fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let scope = call.target.scope.to_ascii_lowercase();
    let filter = call.incoming.query_value("$filter").unwrap_or_default();
    let at_scope = filter.to_lowercase().contains("atscope()");
    let assigned_to = filter
        .split("assignedTo('")
        .nth(1)
        .and_then(|rest| rest.split('\'').next())
        .map(str::to_owned);
    let principal = conditions(&filter)
        .into_iter()
        .find(|(field, _)| field == "principalid")
        .map(|(_, id)| id)
        .or(assigned_to);
    let fits = |one: &Resource| {
        let own = one
            .text("/properties/scope")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let above = scope == own || scope.starts_with(&format!("{}/", own.trim_end_matches('/')));
        let below = own.starts_with(&format!("{scope}/"));
        let wanted = principal.as_deref().is_none_or(|id| {
            one.text("/properties/principalId")
                .is_some_and(|own| json::same(own, id))
        });
        (above || (below && !at_scope)) && wanted
    };
    Ok(Answer::list(
        call.world
            .of_kind(KIND)
            .into_iter()
            .filter(fits)
            .map(|one| one.body)
            .collect(),
    ))
}

/// Assignments go with the scope they were made on.
pub(crate) fn forget_scope(world: &World, scope: &str) {
    for one in world.of_kind(KIND) {
        if one
            .text("/properties/scope")
            .is_some_and(|own| json::same(own, scope))
        {
            world.remove(&one.id);
        }
    }
}
