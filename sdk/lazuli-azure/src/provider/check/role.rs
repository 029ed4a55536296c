//! Checks of role assignments.

use lazuli_arm::{ResourceId, Uuid};

use super::Findings;
use crate::generated::types;

/// LZ1009.
pub(crate) fn role(findings: &mut Findings<'_>) {
    if let Some(principal) = findings.text("properties.principalId")
        && Uuid::try_parse(principal).is_err()
    {
        let message =
            format!("`properties.principalId` is `{principal}`, which is not an object id");
        findings.error("LZ1009", message, "give the object id of the identity's principal (a GUID), not its resource id nor its client id");
    }
    if let Some(role) = findings.text("properties.roleDefinitionId")
        && !is_role(role)
    {
        let message =
            format!("`properties.roleDefinitionId` is `{role}`, which is not the id of a role");
        findings.error(
            "LZ1009",
            message,
            "give `/subscriptions/{id}/providers/Microsoft.Authorization/roleDefinitions/{guid}`",
        );
    }
    if let Some(name) = findings
        .desired
        .id
        .as_deref()
        .and_then(|id| id.rsplit('/').next())
        && Uuid::try_parse(name).is_err()
    {
        let message = format!("`{name}` cannot be the name of a role assignment");
        findings.error("LZ1009", message, "Azure wants a GUID: leave the name out, and one that follows from scope, role and principal is taken");
    }
    let kinds = [
        "User",
        "Group",
        "ServicePrincipal",
        "ForeignGroup",
        "Device",
    ];
    if let Some(kind) = findings.text("properties.principalType")
        && !kinds.iter().any(|known| known.eq_ignore_ascii_case(kind))
    {
        let message = format!("`properties.principalType` is `{kind}`");
        findings.error(
            "LZ1009",
            message,
            format!("write one of {}", kinds.join(", ")),
        );
    }
}

fn is_role(id: &str) -> bool {
    ResourceId::parse(id)
        .is_ok_and(|id| id.is_of(types::ROLE_DEFINITION) && Uuid::try_parse(id.name()).is_ok())
}
