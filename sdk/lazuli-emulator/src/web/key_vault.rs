//! Key Vault references in app settings: `@Microsoft.KeyVault(…)`, what became of them, and for whom.
//!
//! App Service resolves a reference with an identity of the app when the app starts. A reference that
//! fails stays in the environment as it was written, so a registry gets the text instead of the password;
//! the status says why (`config/configreferences/appsettings`).

use serde_json::{Value, json};

use super::site::{Identity, Site};
use crate::world::World;

/// A reference and what became of it. `Debug` would show the secret, so there is none.
pub(crate) struct Reference {
    text: String,
    identity: Result<Identity, String>,
    outcome: Result<String, Unresolved>,
}

/// Why a reference has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// App Service's word for it, such as `VaultNotFound`.
    pub(crate) status: &'static str,
    /// What failed and what to do about it.
    pub(crate) detail: String,
}

/// Judges a setting's value; `None` when it is no reference.
pub(crate) fn judge(world: &World, site: &Site, value: &str) -> Option<Reference> {
    let trimmed = value.trim();
    let start = trimmed.get(.."@Microsoft.KeyVault(".len())?;
    if !start.eq_ignore_ascii_case("@Microsoft.KeyVault(") {
        return None;
    }
    let identity = site.vault_identity();
    let outcome = resolve(world, site, trimmed, &identity);
    Some(Reference {
        text: value.to_owned(),
        identity,
        outcome,
    })
}

impl Reference {
    /// The secret, or why there is none.
    pub(crate) fn value(&self) -> Result<&str, &Unresolved> {
        self.outcome.as_deref()
    }

    /// The properties of a row of `configreferences`. The secret is not among them.
    pub(crate) fn to_json(&self) -> Value {
        let (vault, secret) = named(&self.text).unwrap_or_default();
        let identity = match &self.identity {
            Ok(identity) if identity.what.starts_with("user") => "UserAssigned",
            _ => "SystemAssigned",
        };
        let (status, detail) = match &self.outcome {
            Ok(_) => ("Resolved", "Reference has been successfully resolved."),
            Err(why) => (why.status, why.detail.as_str()),
        };
        json!({
            "reference": self.text, "status": status, "vaultName": vault, "secretName": secret, "secretVersion": null,
            "identityType": { "type": identity }, "details": detail, "source": "KeyVault", "activeVersion": null,
        })
    }
}

/// Asks the vault. This is the one place that knows where vaults live in this world.
fn resolve(
    world: &World,
    site: &Site,
    text: &str,
    identity: &Result<Identity, String>,
) -> Result<String, Unresolved> {
    let unresolved = |status, detail| Err(Unresolved { status, detail });
    let Some((vault, _)) = named(text) else {
        let detail = "The reference must be @Microsoft.KeyVault(SecretUri=https://VAULT.vault.azure.net/secrets/NAME) or (VaultName=VAULT;SecretName=NAME).";
        return unresolved("InvalidSyntax", detail.to_owned());
    };
    if let Err(why) = identity {
        return unresolved("MSINotEnabled", why.clone());
    }
    let known = world.of_kind("Microsoft.KeyVault/vaults");
    if known
        .iter()
        .any(|one| one.name().eq_ignore_ascii_case(&vault))
    {
        let detail = format!(
            "{} cannot read key vault '{vault}': the emulator keeps no secrets for it.",
            site.name()
        );
        return unresolved("AccessToKeyVaultDenied", detail);
    }
    unresolved(
        "VaultNotFound",
        format!("There is no key vault '{vault}'; create it, or correct the name in the setting."),
    )
}

/// Vault and secret that a reference names.
fn named(text: &str) -> Option<(String, String)> {
    let (_, inner) = text.split_once('(')?;
    let inner = inner.strip_suffix(')')?;
    let part = |name: &str| {
        inner.split(';').find_map(|part| {
            let (key, value) = part.split_once('=')?;
            let value = value.trim();
            (key.trim().eq_ignore_ascii_case(name) && !value.is_empty()).then(|| value.to_owned())
        })
    };
    if let Some(uri) = part("SecretUri") {
        let uri = url::Url::parse(&uri).ok()?;
        let vault = uri.host_str()?.split('.').next()?.to_owned();
        let mut path = uri.path_segments()?;
        let (word, secret) = (path.next()?, path.next()?);
        return (word == "secrets" && !secret.is_empty()).then(|| (vault, secret.to_owned()));
    }
    Some((part("VaultName")?, part("SecretName")?))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::*;

    #[test]
    fn references_are_recognised_and_read() {
        let check = |text: &str, expect: Option<(&str, &str)>| {
            let expect = expect.map(|(vault, secret)| (vault.to_owned(), secret.to_owned()));
            assert_eq!(named(text), expect, "{text}");
        };
        check(
            "@Microsoft.KeyVault(SecretUri=https://kv1.vault.azure.net/secrets/db/v1)",
            Some(("kv1", "db")),
        );
        check(
            "@microsoft.keyvault(VaultName=kv1;SecretName=db)",
            Some(("kv1", "db")),
        );
        check("@Microsoft.KeyVault(VaultName=kv1)", None);
        check(
            "@Microsoft.KeyVault(SecretUri=https://kv1.vault.azure.net/keys/db)",
            None,
        );
    }

    #[test]
    fn a_reference_says_what_became_of_it() {
        let world = article();
        let site = Site::get(&world, &site_id()).expect("the site");
        let status = |text: &str| judge(&world, &site, text).map(|one| one.to_json());
        assert_eq!(status("plain"), None);
        let found = status("@Microsoft.KeyVault(VaultName=kv1;SecretName=db)").expect("one");
        assert_eq!(found["status"], "VaultNotFound");
        assert_eq!(found["vaultName"], "kv1");
        let found = status("@Microsoft.KeyVault()").expect("one");
        assert_eq!(found["status"], "InvalidSyntax");
    }
}
