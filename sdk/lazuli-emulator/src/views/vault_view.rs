//! A key vault as its data plane and its users see it.

use crate::wire::json;
use crate::world::{Resource, World};

/// The type of vaults.
pub(crate) const VAULT: &str = "Microsoft.KeyVault/vaults";

/// A vault of this name anywhere in the world: names are the first label of a host name.
pub(crate) fn by_name(world: &World, name: &str) -> Option<Resource> {
    world
        .of_kind(VAULT)
        .into_iter()
        .find(|vault| json::same(vault.name(), name))
}

/// `https://NAME.vault.azure.net`, without a final slash.
pub(crate) fn uri(name: &str) -> String {
    format!("https://{}.vault.azure.net", name.to_ascii_lowercase())
}

/// What becomes of deleted things, in the words of the data plane.
pub(crate) fn recovery_level(vault: &Resource) -> &'static str {
    let properties = &vault.body["properties"];
    let protected = properties["enablePurgeProtection"] == true;
    let customised = properties["softDeleteRetentionInDays"]
        .as_i64()
        .is_some_and(|days| days < 90);
    match (customised, protected) {
        (true, true) => "CustomizedRecoverable",
        (true, false) => "CustomizedRecoverable+Purgeable",
        (false, true) => "Recoverable",
        (false, false) => "Recoverable+Purgeable",
    }
}

/// Days that deleted things are kept; 90 unless the vault says otherwise.
pub(crate) fn retention_days(vault: &Resource) -> i64 {
    vault.body["properties"]["softDeleteRetentionInDays"]
        .as_i64()
        .unwrap_or(90)
}
