//! Errors of ARM that more than one provider answers, in its wording.

use super::answer::Answer;

pub(crate) fn resource_not_found(kind: &str, names: &[String], group: Option<&str>) -> Answer {
    let group = group
        .map(|group| format!(" under resource group '{group}'"))
        .unwrap_or_default();
    let message = format!(
        "The Resource '{kind}/{}'{group} was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        names.join("/"),
    );
    Answer::error(404, "ResourceNotFound", message)
}

pub(crate) fn group_not_found(group: &str) -> Answer {
    Answer::error(
        404,
        "ResourceGroupNotFound",
        format!("Resource group '{group}' could not be found."),
    )
}

/// `verb` is `write` or `delete`; the type is named without its namespace, as ARM does.
pub(crate) fn parent_not_found(verb: &str, kind: &str, parent: &str) -> Answer {
    let short = kind.split_once('/').map_or(kind, |(_, rest)| rest);
    let message = format!(
        "Failed to perform '{verb}' on resource(s) of type '{short}', because the parent resource '{parent}' could not be found."
    );
    Answer::error(404, "ParentResourceNotFound", message)
}

pub(crate) fn invalid_content(message: impl AsRef<str>) -> Answer {
    Answer::error(400, "InvalidRequestContent", message)
}

pub(crate) fn method_not_allowed(method: &http::Method, kind: &str) -> Answer {
    let message =
        format!("The requested resource of type '{kind}' does not support http method '{method}'.");
    Answer::error(405, "UnsupportedHttpMethod", message)
}

/// The emulator never pretends: what it does not model says so.
pub(crate) fn not_modelled(what: &str) -> Answer {
    let message = format!(
        "{what} is not modelled by this emulator. Modelled are: {}. Use the real Azure for it, or leave it out of the topology you test here.",
        MODELLED.join(", "),
    );
    Answer::error(501, "NotModelledByEmulator", message)
}

/// The answer of a build that leaves out what the feature `az` has.
#[cfg(not(feature = "az"))]
pub(crate) fn left_out(what: &str) -> Answer {
    let message = format!(
        "{what} left out of this build of the emulator. Build it with the feature `az` (`emulator-az` of the crate `lazuli`), or use the server `lazuli-emulator`."
    );
    Answer::error(501, "NotModelledByEmulator", message)
}

/// The types as messages name them.
const MODELLED: &[&str] = &[
    "Microsoft.Resources/resourceGroups",
    "Microsoft.Network/virtualNetworks (subnets, virtualNetworkPeerings)",
    "Microsoft.Network/networkSecurityGroups, routeTables, natGateways, publicIPAddresses, applicationSecurityGroups, loadBalancers, networkInterfaces",
    "Microsoft.Network/privateEndpoints (privateDnsZoneGroups), privateLinkServices",
    "Microsoft.Network/privateDnsZones (virtualNetworkLinks, record sets)",
    "Microsoft.ContainerRegistry/registries (builds and all types below, without connected registries)",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.Authorization/roleDefinitions, roleAssignments",
    "Microsoft.Web/serverfarms",
    "Microsoft.Web/sites and sites/slots (config, networkConfig, sourcecontrols, hostNameBindings, privateEndpointConnections)",
    #[cfg(feature = "az")]
    "Microsoft.Resources/deployments (templates inside the request)",
    "Microsoft.Storage/storageAccounts (blob and file services, keys; no content)",
    "Microsoft.Authorization/locks, Microsoft.Resources/tags",
    "Microsoft.KeyVault/vaults (secrets, keys as records, accessPolicies, deletedVaults)",
    "Microsoft.OperationalInsights/workspaces (no content)",
];
