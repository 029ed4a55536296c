//! `Microsoft.KeyVault`: vaults, what was deleted of them, and their secrets and keys as ARM sees them.
//!
//! Secrets, deleted secrets and keys live in the vault's `private` value, so that they go to the bin and
//! come back with their vault. The data plane ([`crate::vault`]) reads and writes the same value.

pub(crate) mod body;
pub(crate) mod children;
pub(crate) mod connections;
pub(crate) mod deleted;
pub(crate) mod policies;
pub(crate) mod vaults;

use serde_json::{Value, json};

use crate::arm::kind::{Kind, Namespace};
use crate::arm::{Answer, Call, errors, json};
pub(crate) use crate::views::vault_view::{VAULT, by_name, recovery_level, retention_days, uri};
use crate::world::World;

pub(crate) static NAMESPACE: Namespace = Namespace {
    versions: &[(
        "",
        &[
            "2026-02-01",
            "2025-05-01",
            "2024-11-01",
            "2023-07-01",
            "2023-02-01",
            "2022-07-01",
        ],
    )],
    dialects: &[&vaults::DIALECT],
    action: Some(namespace_action),
    ..Namespace::new("Microsoft.KeyVault", &[&KINDS])
};

const KINDS: [Kind; 10] = [
    Kind {
        put: Some(vaults::put),
        patch: Some(vaults::patch),
        delete: Some(vaults::delete),
        view: Some(vaults::view),
        removed: Some(deleted::keep),
        ..Kind::new(VAULT)
    },
    Kind {
        put: Some(policies::put),
        ..Kind::new("Microsoft.KeyVault/vaults/accessPolicies")
    },
    Kind {
        put: Some(connections::put),
        get: Some(connections::get),
        list: Some(connections::list),
        delete: Some(connections::delete),
        removed: Some(super::private_connections::disconnected),
        ..Kind::new(connections::KIND)
    },
    Kind {
        list: Some(connections::private_link_resources),
        ..Kind::new("Microsoft.KeyVault/vaults/privateLinkResources")
    },
    Kind {
        put: Some(children::put_secret),
        patch: Some(children::put_secret),
        get: Some(children::get_secret),
        list: Some(children::list_secrets),
        ..Kind::new(children::SECRET)
    },
    Kind {
        put: Some(children::put_key),
        get: Some(children::get_key),
        list: Some(children::list_keys),
        ..Kind::new(children::KEY)
    },
    Kind {
        get: Some(deleted::get),
        action: Some(deleted::action),
        ..Kind::new(deleted::KIND)
    },
    Kind {
        list: Some(deleted::list),
        ..Kind::new("Microsoft.KeyVault/deletedVaults")
    },
    hsm("Microsoft.KeyVault/managedHSMs"),
    hsm("Microsoft.KeyVault/deletedManagedHSMs"),
];

/// There are none, and none can be made; clients list them beside the vaults.
const fn hsm(name: &'static str) -> Kind {
    Kind {
        put: Some(no_hsm),
        list: Some(no_hsms),
        ..Kind::new(name)
    }
}

fn no_hsm(_: &Call<'_>) -> Result<Answer, Answer> {
    Err(errors::not_modelled("A managed HSM"))
}

fn no_hsms(_: &Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::list(Vec::new()))
}

/// `POST /subscriptions/{s}/providers/Microsoft.KeyVault/checkNameAvailability`.
fn namespace_action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let of_hsm = json::same(word, "checkMhsmNameAvailability");
    if !of_hsm && !json::same(word, "checkNameAvailability") {
        return Err(errors::not_modelled(&format!(
            "The action '{word}' of Microsoft.KeyVault"
        )));
    }
    let name = json::text(&call.object()?["name"]);
    let refusal = check_name(name)
        .err()
        .map(|message| ("AccountNameInvalid", message));
    // There are no managed HSMs here, so none has the name.
    let taken = || {
        taken(call.world, name)
            .filter(|_| !of_hsm)
            .map(|message| ("AlreadyExists", message))
    };
    Ok(Answer::ok(match refusal.or_else(taken) {
        None => json!({ "nameAvailable": true }),
        Some((reason, message)) => {
            json!({ "nameAvailable": false, "reason": reason, "message": message })
        }
    }))
}

/// Why a name is taken, `None` when it is free.
fn taken(world: &World, name: &str) -> Option<String> {
    if by_name(world, name).is_some() {
        return Some(already_exists(name));
    }
    deleted::by_name(world, name).map(|_| {
        format!(
            "The vault name '{name}' is already in use. A vault of this name is in a deleted but recoverable state; recover or purge it first."
        )
    })
}

/// The wording of the service.
pub(crate) fn already_exists(name: &str) -> String {
    format!(
        "The vault name '{name}' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a recoverable state. If the vault is in a recoverable state then the vault will need to be purged before reusing the name. For more information about VaultAlreadyExists, soft delete and purging a vault follow this link https://go.microsoft.com/fwlink/?linkid=2147740."
    )
}

/// 3 to 24 letters, digits and single hyphens, starting with a letter, not ending with a hyphen.
///
/// # Errors
/// The service's sentence about the name.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let good = (3..=24).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.ends_with('-')
        && !name.contains("--");
    if good {
        return Ok(());
    }
    Err(format!(
        "The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742"
    ))
}

/// Milliseconds, as ARM writes `systemData`.
pub(crate) fn now_ms(call: &Call<'_>) -> String {
    call.now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// `systemData` after a write of the caller.
pub(crate) fn system_data(call: &Call<'_>, old: &Value) -> Value {
    let now = now_ms(call);
    let kept = |name: &str, new: &str| match old[name].as_str() {
        Some(text) => text.to_owned(),
        None => new.to_owned(),
    };
    json!({
        "createdBy": kept("createdBy", &call.caller.client), "createdByType": kept("createdByType", "Application"),
        "createdAt": kept("createdAt", &now),
        "lastModifiedBy": call.caller.client, "lastModifiedByType": "Application", "lastModifiedAt": now,
    })
}

pub(crate) fn bad_request(message: impl AsRef<str>) -> Answer {
    Answer::error(400, "BadRequest", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |name: &str, good: bool| assert_eq!(check_name(name).is_ok(), good, "{name}");
        check("kv1", true);
        check("cli-test-kv-sd-000002", true);
        for bad in [
            "kv",
            "1kv",
            "kv-",
            "k--v",
            "kv_1",
            "a-name-of-twenty-five-cha",
        ] {
            check(bad, false);
        }
    }
}
