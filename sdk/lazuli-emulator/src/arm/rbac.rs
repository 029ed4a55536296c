//! Who may do what: role assignments along the scope, evaluated as Azure does.
//!
//! The control plane asks before every handler; the registry's data plane asks for `…/pull/read`.
//! Deny assignments and conditions are not modelled.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Call, directory, json, roles};
use crate::world::{Resource, World};

/// Whether `principal` may perform `action` (such as
/// `Microsoft.ContainerRegistry/registries/pull/read`) on `scope`, an ARM id.
pub(crate) fn allowed(world: &World, principal: &str, action: &str, scope: &str) -> bool {
    decide(world, principal, action, scope, Plane::Control)
}

/// The same question for data actions, such as
/// `Microsoft.ContainerRegistry/registries/repositories/content/read`.
pub(crate) fn allowed_data(world: &World, principal: &str, action: &str, scope: &str) -> bool {
    decide(world, principal, action, scope, Plane::Data)
}

#[derive(Clone, Copy)]
enum Plane {
    Control,
    Data,
}

fn decide(world: &World, principal: &str, action: &str, scope: &str, plane: Plane) -> bool {
    roles_of(world, principal, scope).any(|role| grants(&role, action, plane))
}

/// The roles a principal has on a scope, its own and those of its groups, from there and from above.
/// Assignments whose news has not spread yet give none.
fn roles_of(world: &World, principal: &str, scope: &str) -> impl Iterator<Item = Value> {
    let principals = directory::memberships(world, principal);
    let assignments = assignments_along(world, scope).into_iter();
    let counts = move |assignment: &Resource| {
        let text = |pointer: &str| assignment.text(pointer).unwrap_or_default();
        principals
            .iter()
            .any(|id| id.eq_ignore_ascii_case(text("/properties/principalId")))
            && covers(text("/properties/scope"), scope)
            && has_effect(world, assignment)
    };
    assignments.filter(counts).filter_map(|assignment| {
        roles::find(world, assignment.text("/properties/roleDefinitionId")?)
    })
}

/// The field of an assignment's record that delays its effect, in milliseconds since 1970.
const EFFECT_FROM: &str = "effectFromMs";

/// Delays the effect of an assignment, as it takes time to spread in Azure. Nothing else has one.
pub(crate) fn counts_from(world: &World, assignment: &str, from_ms: i64) {
    world.update(assignment, |record| {
        if record.kind == roles::ASSIGNMENT {
            json::set(&mut record.private, EFFECT_FROM, from_ms);
        }
    });
}

fn has_effect(world: &World, assignment: &Resource) -> bool {
    let from_ms = assignment.private[EFFECT_FROM].as_i64();
    from_ms.is_none_or(|from_ms| from_ms <= world.clock().now_ms())
}

/// The permissions a principal has on a scope, one entry per role.
pub(crate) fn permissions(world: &World, principal: &str, scope: &str) -> Vec<Value> {
    let entries = roles_of(world, principal, scope).flat_map(|role| {
        let all = &role["properties"]["permissions"];
        all.as_array().cloned().unwrap_or_default()
    });
    let mut seen: Vec<Value> = Vec::new();
    for entry in entries {
        if !seen.contains(&entry) {
            seen.push(entry);
        }
    }
    seen
}

/// The assignments on a scope and on everything above it; others are not even looked at.
fn assignments_along(world: &World, scope: &str) -> Vec<Resource> {
    let ends = scope.match_indices('/').map(|(at, _)| at);
    let above = ends.chain([scope.len()]).map(|end| &scope[..end]);
    above
        .flat_map(|scope| {
            let place = format!("{scope}/providers/Microsoft.Authorization");
            world.of_kind_under(roles::ASSIGNMENT, &place)
        })
        .collect()
}

/// An assignment counts on its scope and on everything below it.
fn covers(assigned: &str, asked: &str) -> bool {
    let assigned = assigned.trim_end_matches('/').to_ascii_lowercase();
    let asked = asked.to_ascii_lowercase();
    asked == assigned || asked.starts_with(&format!("{assigned}/"))
}

fn grants(role: &Value, action: &str, plane: Plane) -> bool {
    let (yes, no) = match plane {
        Plane::Control => ("actions", "notActions"),
        Plane::Data => ("dataActions", "notDataActions"),
    };
    let any = |permission: &Value, list: &str| {
        let patterns = permission[list].as_array().into_iter().flatten();
        patterns
            .filter_map(Value::as_str)
            .any(|pattern| matches(pattern, action))
    };
    let permissions = role["properties"]["permissions"]
        .as_array()
        .into_iter()
        .flatten();
    permissions
        .into_iter()
        .any(|permission| any(permission, yes) && !any(permission, no))
}

/// `*` stands for any text, also across slashes.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = action.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// Refuses a call that its caller may not make, in Azure's words.
pub(crate) fn check(call: &Call<'_>, action: &str, scope: &str) -> Result<(), Answer> {
    if allowed(call.world, &call.caller.principal, action, scope) {
        return Ok(());
    }
    Err(refuse(
        &call.caller.client,
        &call.caller.principal,
        action,
        scope,
    ))
}

pub(crate) fn refuse(client: &str, principal: &str, action: &str, scope: &str) -> Answer {
    let message = format!(
        "The client '{client}' with object id '{principal}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
    );
    Answer::error(403, "AuthorizationFailed", message)
}

/// Checks the right to use `linked` (a subnet, an identity, a zone) in what the call writes.
///
/// # Errors
/// `LinkedAuthorizationFailed`, as the service words it.
pub(crate) fn check_linked(call: &Call<'_>, action: &str, linked: &str) -> Result<(), Answer> {
    if allowed(call.world, &call.caller.principal, action, linked) {
        return Ok(());
    }
    let done = format!("{}/write", call.target.kind);
    Err(refuse_linked(call, &done, action, linked))
}

/// Refuses a call that may be made, but not with the resource it refers to.
pub(crate) fn refuse_linked(call: &Call<'_>, done: &str, missing: &str, linked: &str) -> Answer {
    let message = format!(
        "The client '{}' with object id '{}' has permission to perform action '{done}' on scope '{}'; however, it does not have permission to perform action(s) '{missing}' on the linked scope(s) '{linked}' (respectively) or the linked scope(s) are invalid.",
        call.caller.client,
        call.caller.principal,
        call.id(),
    );
    Answer::error(403, "LinkedAuthorizationFailed", message)
}

/// Makes the seeded service principal Owner of the subscription, once per world.
pub(crate) fn seed(world: &World) {
    let settings = world.settings();
    let scope = format!("/subscriptions/{}", settings.subscription);
    let name = Uuid::new_v5(
        &Uuid::NAMESPACE_URL,
        format!("{scope}/{}/owner", settings.principal).as_bytes(),
    )
    .to_string();
    let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}");
    if world.contains(&id) {
        return;
    }
    let role = format!(
        "{scope}/providers/Microsoft.Authorization/roleDefinitions/{}",
        roles::OWNER
    );
    let body = json!({
        "id": id, "name": name, "type": roles::ASSIGNMENT,
        "properties": {
            "roleDefinitionId": role, "principalId": settings.principal, "principalType": "ServicePrincipal", "scope": scope,
            "condition": null, "conditionVersion": null, "createdOn": "2026-01-01T00:00:00.0000000Z",
            "updatedOn": "2026-01-01T00:00:00.0000000Z", "createdBy": settings.principal, "updatedBy": settings.principal,
            "delegatedManagedIdentityResourceId": null, "description": null,
        },
    });
    world.put(Resource {
        id,
        kind: roles::ASSIGNMENT.into(),
        body,
        private: Value::Null,
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::{Clock, VirtualClock};
    use crate::world;

    #[test]
    fn an_assignment_whose_effect_is_delayed_counts_later() {
        let clock = VirtualClock::new();
        let world = world::tests::at(Clock::Virtual(clock.clone()));
        let id = "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/a";
        let reader = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7";
        world.put(Resource {
            id: id.into(),
            kind: roles::ASSIGNMENT.into(),
            body: json!({ "properties": {
                "principalId": "p", "scope": "/subscriptions/s", "roleDefinitionId": reader,
            } }),
            private: Value::Null,
        });
        let may = || {
            allowed(
                &world,
                "p",
                "Microsoft.Web/sites/read",
                "/subscriptions/s/x",
            )
        };
        assert!(may());
        counts_from(&world, id, world.clock().now_ms() + 60_000);
        clock.advance(Duration::from_secs(59));
        assert!(!may());
        clock.advance(Duration::from_secs(1));
        assert!(may());
    }

    #[test]
    fn patterns() {
        let check = |pattern: &str, action: &str, expect: bool| {
            assert_eq!(matches(pattern, action), expect, "{pattern} {action}")
        };
        check("*", "Microsoft.Web/sites/write", true);
        check("*/read", "Microsoft.Web/sites/read", true);
        check("*/read", "Microsoft.Web/sites/write", false);
        check(
            "Microsoft.Web/*",
            "microsoft.web/sites/config/list/action",
            true,
        );
        check(
            "Microsoft.Web/*/config/*/action",
            "Microsoft.Web/sites/config/list/action",
            true,
        );
        check(
            "Microsoft.Web/sites/read",
            "Microsoft.Web/sites/readers",
            false,
        );
        check(
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/roleAssignments/write",
            true,
        );
    }

    #[test]
    fn assignments_count_below_their_scope_only() {
        let world = world::tests::empty();
        seed(&world);
        let settings = world.settings();
        let group = format!("/subscriptions/{}/resourceGroups/g", settings.subscription);
        assert!(allowed(
            &world,
            &settings.principal,
            "Microsoft.Web/sites/write",
            &group
        ));
        assert!(!allowed(
            &world,
            &settings.principal,
            "Microsoft.Web/sites/write",
            "/subscriptions/other"
        ));
        assert!(!allowed(
            &world,
            "somebody",
            "Microsoft.Web/sites/read",
            &group
        ));
        let acr = format!("{group}/providers/Microsoft.ContainerRegistry/registries/r");
        let id = format!("{acr}/providers/Microsoft.Authorization/roleAssignments/x");
        let role = format!(
            "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{}",
            roles::ACR_PULL
        );
        let body = json!({ "properties": { "principalId": "puller", "scope": acr, "roleDefinitionId": role } });
        world.put(Resource {
            id,
            kind: roles::ASSIGNMENT.into(),
            body,
            private: Value::Null,
        });
        assert!(allowed(
            &world,
            "PULLER",
            "Microsoft.ContainerRegistry/registries/pull/read",
            &acr
        ));
        assert!(!allowed(
            &world,
            "puller",
            "Microsoft.ContainerRegistry/registries/push/write",
            &acr
        ));
        assert!(!allowed(
            &world,
            "puller",
            "Microsoft.ContainerRegistry/registries/pull/read",
            &format!("{acr}2")
        ));
    }
}
