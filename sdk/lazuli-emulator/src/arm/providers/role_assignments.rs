//! `Microsoft.Authorization/roleAssignments`: an extension of any scope.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::role_definitions;
use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::roles::{self, ASSIGNMENT as KIND};
use crate::arm::{Answer, Call, directory, ids, json, rbac};
use crate::wire::filter;
use crate::world::{Resource, World};

pub(crate) const KINDS: [Kind; 5] = [
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
        ..Kind::new(roles::DEFINITION)
    },
    Kind {
        list: Some(permissions),
        ..Kind::new("Microsoft.Authorization/permissions")
    },
    // Nobody can make one of these here, so the lists are empty, as they mostly are.
    Kind {
        list: Some(none),
        ..Kind::new("Microsoft.Authorization/denyAssignments")
    },
    Kind {
        list: Some(none),
        ..Kind::new("Microsoft.Authorization/classicAdministrators")
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
    // A custom role is not seen outside of its assignable scopes.
    roles::find(call.world, role)
        .filter(|found| role_definitions::is_assignable(found, &scope))
        .ok_or_else(|| role_definitions::missing(ids::name_of(role)))?;
    if Uuid::parse_str(principal).is_err() {
        let message =
            format!("The principal ID '{principal}' is not valid. Principal ID must be a GUID.");
        return Err(Answer::error(400, "InvalidPrincipalId", message));
    }
    let kind = principal_type(call, &given, principal)?;
    check_unique(call, &scope, role, principal)?;
    let existing = call.existing();
    check_unchanged(existing.as_ref(), role, principal)?;
    let body = build(call, existing.as_ref(), &scope, &given, &kind);
    let private = existing.map_or(Value::Null, |old| old.private);
    lifecycle::store(call, body.clone(), private);
    // The answer to the PUT does not say yet who created the assignment; GET does.
    let mut shown = body;
    json::set(&mut shown["properties"], "createdBy", Value::Null);
    Ok(Answer::json(StatusCode::CREATED, shown))
}

/// The directory is asked for the principal, and may not know it (yet). A request that says the type
/// is believed then, and only then.
fn principal_type(call: &Call<'_>, given: &Value, principal: &str) -> Result<String, Answer> {
    let known = [
        "User",
        "Group",
        "ServicePrincipal",
        "ForeignGroup",
        "Device",
    ];
    let said = json::one_of(&given["principalType"], "principalType", &known)?;
    match (said, directory::principal_type(call.world, principal)) {
        (Some(said), Some(found)) if said != found => {
            let message = format!(
                "The PrincipalId '{}' has type '{found}' , which is different from specified PrinciaplType '{said}'.",
                principal.replace('-', ""),
            );
            Err(Answer::error(400, "UnmatchedPrincipalType", message))
        }
        (Some(said), _) => Ok(said.to_owned()),
        (None, Some(found)) => Ok(found.to_owned()),
        (None, None) => Err(unknown_principal(call, principal)),
    }
}

fn unknown_principal(call: &Call<'_>, principal: &str) -> Answer {
    let message = format!(
        "Principal {} does not exist in the directory {}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
        principal.replace('-', ""),
        call.world.settings().tenant,
    );
    Answer::error(400, "PrincipalNotFound", message)
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
    match ids::Target::parse(&segments, call.world) {
        Some(target) => Err(crate::wire::errors::resource_not_found(
            &target.kind,
            &target.names,
            target.group(),
        )),
        None => Err(crate::wire::errors::group_not_found(ids::name_of(&scope))),
    }
}

fn build(
    call: &Call<'_>,
    existing: Option<&Resource>,
    scope: &str,
    given: &Value,
    kind: &str,
) -> Value {
    let now = call.now().to_string();
    let created = existing
        .and_then(|old| old.text("/properties/createdOn"))
        .unwrap_or(&now)
        .to_owned();
    json!({
        "properties": {
            "roleDefinitionId": given["roleDefinitionId"], "principalId": given["principalId"],
            "principalType": kind, "scope": scope,
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
    let of_principal = filter::terms(&filter)
        .into_iter()
        .find(|(field, _)| field == "principalid")
        .map(|(_, id)| vec![id]);
    // `assignedTo` also asks for the groups of the principal.
    let wanted = of_principal.or(assigned_to.map(|id| directory::memberships(call.world, &id)));
    let fits = |one: &Resource| {
        let own = one
            .text("/properties/scope")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let above = scope == own || scope.starts_with(&format!("{}/", own.trim_end_matches('/')));
        let below = own.starts_with(&format!("{scope}/"));
        let principal = one.text("/properties/principalId").unwrap_or_default();
        let is_wanted = wanted
            .as_ref()
            .is_none_or(|ids| ids.iter().any(|id| json::same(id, principal)));
        (above || (below && !at_scope)) && is_wanted
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

/// What the caller may do on the scope, role by role.
fn permissions(call: &Call<'_>) -> Result<Answer, Answer> {
    let principal = &call.caller.principal;
    Ok(Answer::list(rbac::permissions(
        call.world,
        principal,
        &call.target.scope,
    )))
}

fn none(_: &Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::list(Vec::new()))
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
