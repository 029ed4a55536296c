//! The roles of this Azure: the built-in ones, and custom ones by their definitions in the world.

use serde_json::{Value, json};

use super::role_catalog::{MORE_ROLES, ROLES, Role};
use crate::world::World;

/// The type of role assignments.
pub(crate) const ASSIGNMENT: &str = "Microsoft.Authorization/roleAssignments";
/// The type of role definitions.
pub(crate) const DEFINITION: &str = "Microsoft.Authorization/roleDefinitions";

pub(crate) const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
#[cfg(test)]
pub(crate) const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

/// Every built-in role.
pub(crate) fn catalog() -> impl Iterator<Item = &'static Role> {
    ROLES.iter().chain(MORE_ROLES)
}

/// A built-in role as its definition.
pub(crate) fn built_in(role: &Role, subscription: &str) -> Value {
    json!({
        "properties": {
            "roleName": role.name, "type": "BuiltInRole", "description": role.about, "assignableScopes": ["/"],
            "permissions": [{ "actions": role.actions, "notActions": role.not_actions, "dataActions": role.data_actions, "notDataActions": role.not_data_actions }],
            "createdOn": "2015-02-02T21:55:09.8806423Z", "updatedOn": "2021-11-11T20:13:47.8628684Z", "createdBy": null, "updatedBy": null,
        },
        "id": format!("/subscriptions/{subscription}/providers/{DEFINITION}/{}", role.id), "type": DEFINITION, "name": role.id,
    })
}

/// The definition an id ends in, built-in or custom.
pub(crate) fn find(world: &World, id: &str) -> Option<Value> {
    let name = id.rsplit('/').next()?;
    let known = catalog().find(|role| role.id.eq_ignore_ascii_case(name));
    known
        .map(|role| built_in(role, &world.settings().subscription))
        .or_else(|| {
            let custom = world
                .of_kind(DEFINITION)
                .into_iter()
                .find(|role| role.name().eq_ignore_ascii_case(name));
            custom.map(|role| role.body)
        })
}
