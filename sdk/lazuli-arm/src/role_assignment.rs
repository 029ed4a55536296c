//! Deterministic names for role assignments.

use uuid::Uuid;

/// Fixed for ever: another value would rename every assignment of every stack.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_4b0e_52d7_4d0a_9a35_7e0b_5a1f_c2d4);

/// The GUID that names the assignment of a role to a principal on a scope.
///
/// The same three inputs always give the same name, so that a second run finds the first one's assignment. The
/// principal is part of it because a recreated identity has a new one, and Azure refuses to move an assignment to
/// another principal (`RoleAssignmentUpdateNotPermitted`). Casing of ids does not matter.
#[must_use]
pub fn role_assignment_name(scope: &str, principal_id: &str, role_definition_id: &str) -> Uuid {
    // Role definitions are known by their GUID under any scope, so only that part takes part.
    let role = role_definition_id
        .rsplit('/')
        .next()
        .unwrap_or(role_definition_id);
    let seed = [scope.trim_end_matches('/'), principal_id, role]
        .join("|")
        .to_ascii_lowercase();
    Uuid::new_v5(&NAMESPACE, seed.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: &str =
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/r";
    const ROLE: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

    #[test]
    fn each_input_matters_and_casing_does_not() {
        let name = role_assignment_name(SCOPE, "p1", ROLE);
        assert_eq!(
            name,
            role_assignment_name(&SCOPE.to_uppercase(), "P1", &ROLE.to_uppercase())
        );
        let full =
            format!("/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{ROLE}");
        assert_eq!(name, role_assignment_name(SCOPE, "p1", &full));
        assert_ne!(name, role_assignment_name(SCOPE, "p2", ROLE));
        assert_ne!(name, role_assignment_name("/subscriptions/s", "p1", ROLE));
        assert_ne!(name, role_assignment_name(SCOPE, "p1", "other"));
    }

    #[test]
    fn the_name_never_changes_between_releases() {
        let name = role_assignment_name("/subscriptions/s", "p", "r");
        assert_eq!(
            name.to_string(),
            Uuid::new_v5(&NAMESPACE, b"/subscriptions/s|p|r").to_string()
        );
        assert_eq!(name.get_version_num(), 5);
    }
}
