//! How long operations usually take. Only the order of the ready queue depends
//! on it, so a wrong figure costs time and nothing else.

use std::time::Duration;

use lazuli_core::Lifecycle;

/// Type and seconds to create, update and delete: medians of recorded traffic
/// with Azure, until the resource is ready; deletions partly guessed.
const SECONDS: [(&str, [u64; 3]); 22] = [
    ("Microsoft.Authorization/roleAssignments", [3, 3, 2]),
    ("Microsoft.ContainerRegistry/registries", [11, 8, 10]),
    ("Microsoft.KeyVault/vaults", [30, 10, 10]),
    (
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        [3, 2, 2],
    ),
    ("Microsoft.Network/networkSecurityGroups", [5, 5, 10]),
    ("Microsoft.Network/privateDnsZones", [30, 10, 30]),
    (
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        [50, 30, 60],
    ),
    ("Microsoft.Network/privateEndpoints", [55, 30, 40]),
    (
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        [15, 15, 15],
    ),
    ("Microsoft.Network/virtualNetworks", [6, 6, 12]),
    ("Microsoft.Network/virtualNetworks/subnets", [5, 5, 12]),
    ("Microsoft.Resources/resourceGroups", [2, 2, 45]),
    ("Microsoft.Web/serverfarms", [12, 10, 5]),
    ("Microsoft.Web/sites", [25, 8, 8]),
    ("Microsoft.Web/sites/slots", [25, 8, 8]),
    ("Lazuli.Azure/existing", [1, 1, 0]),
    ("Lazuli.Azure/imageBuilds", [45, 45, 0]),
    ("Lazuli.Azure/imageImports", [30, 30, 0]),
    ("Lazuli.Azure/registryCredentials", [1, 1, 0]),
    ("Lazuli.Azure/registryLocks", [8, 8, 0]),
    ("Lazuli.Azure/slotSwaps", [60, 60, 0]),
    ("Lazuli.Azure/tokenCredentials", [5, 5, 0]),
];

const OTHER: [u64; 3] = [15, 10, 15];

pub(super) fn of(ty: &str, lifecycle: Lifecycle) -> Duration {
    let row = SECONDS.iter().find(|(of, _)| of.eq_ignore_ascii_case(ty));
    let [create, update, delete] = row.map_or(OTHER, |(_, seconds)| *seconds);
    Duration::from_secs(match lifecycle {
        Lifecycle::Create => create,
        Lifecycle::Update => update,
        Lifecycle::Delete => delete,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slow_ones_are_known_to_be_slow() {
        let create = |ty| of(ty, Lifecycle::Create);
        assert!(create("microsoft.network/privateendpoints") > create("Microsoft.Web/serverfarms"));
        assert_eq!(
            of("Microsoft.X/y", Lifecycle::Update),
            Duration::from_secs(10)
        );
    }
}
