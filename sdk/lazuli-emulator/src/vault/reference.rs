//! References in app settings: `@Microsoft.KeyVault(SecretUri=…)` and `(VaultName=…;SecretName=…)`.
//!
//! The web front calls [`resolve`] for every setting that [`is_reference`]. The words for what failed are
//! those that App Service shows for a setting (`config/configreferences`).

use serde_json::Value;
use url::Url;

use super::access::{self, Operation, Origin, Principal};
use super::secrets;
use crate::views::vault_view;
use crate::wire::json;
use crate::world::{Resource, World};

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) vault: String,
    pub(crate) secret: String,
    pub(crate) version: Option<String>,
}

/// Why a reference has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// `InvalidSyntax`, `MSINotEnabled`, `VaultNotFound`, `SecretNotFound`, `SecretVersionNotFound`,
    /// `AccessToKeyVaultDenied` or `OtherReasons`.
    pub(crate) status: &'static str,
    /// What failed and what to do about it.
    pub(crate) detail: String,
}

fn unresolved(status: &'static str, detail: impl Into<String>) -> Unresolved {
    Unresolved {
        status,
        detail: detail.into(),
    }
}

/// Whether a setting's value is meant as a reference, well written or not.
pub(crate) fn is_reference(value: &str) -> bool {
    value
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("@microsoft.keyvault(")
}

/// Reads a reference.
///
/// # Errors
/// `InvalidSyntax`, with what is wrong.
pub(crate) fn parse(value: &str) -> Result<Reference, Unresolved> {
    let wrong = |why: &str| {
        unresolved(
            "InvalidSyntax",
            format!("The Key Vault reference is not valid: {why}."),
        )
    };
    let inner = value
        .trim()
        .split_once('(')
        .filter(|_| is_reference(value))
        .and_then(|(_, rest)| rest.strip_suffix(')'))
        .ok_or_else(|| wrong("it must be @Microsoft.KeyVault(…)"))?;
    let (mut uri, mut vault, mut secret, mut version) = (None, None, None, None);
    for part in inner.split(';').filter(|part| !part.trim().is_empty()) {
        let (name, text) = part
            .split_once('=')
            .ok_or_else(|| wrong("its parts must be NAME=VALUE"))?;
        let slot = match name.trim().to_ascii_lowercase().as_str() {
            "secreturi" => &mut uri,
            "vaultname" => &mut vault,
            "secretname" => &mut secret,
            "secretversion" => &mut version,
            _ => {
                return Err(wrong(
                    "it may name SecretUri, or VaultName, SecretName and SecretVersion",
                ));
            }
        };
        *slot = Some(text.trim().to_owned());
    }
    match (uri, vault, secret) {
        (Some(uri), None, None) => from_uri(&uri).ok_or_else(|| wrong("SecretUri must be https://VAULT.vault.azure.net/secrets/NAME, with a version or without")),
        (None, Some(vault), Some(secret)) if !vault.is_empty() && !secret.is_empty() => Ok(Reference {
            vault,
            secret,
            version: version.filter(|text| !text.is_empty()),
        }),
        _ => Err(wrong("it needs either SecretUri or both VaultName and SecretName")),
    }
}

fn from_uri(uri: &str) -> Option<Reference> {
    let uri = Url::parse(uri).ok().filter(|uri| uri.scheme() == "https")?;
    let vault = uri.host_str()?.strip_suffix(".vault.azure.net")?.to_owned();
    let parts: Vec<&str> = uri
        .path_segments()?
        .filter(|part| !part.is_empty())
        .collect();
    let (secret, version) = match parts.as_slice() {
        ["secrets", secret] => (*secret, None),
        ["secrets", secret, version] => (*secret, Some((*version).to_owned())),
        _ => return None,
    };
    Some(Reference {
        vault,
        secret: secret.to_owned(),
        version,
    })
}

/// The vault a reference names, for whoever has to find the way to it first.
pub(crate) fn vault_of(world: &World, reference: &Reference) -> Option<Resource> {
    vault_view::by_name(world, &reference.vault)
}

/// The value behind a reference, read as `principal` from `origin`.
///
/// # Errors
/// The first thing that stands in the way, in App Service's words.
pub(crate) fn resolve(
    world: &World,
    value: &str,
    principal: Option<&Principal>,
    origin: Origin<'_>,
) -> Result<String, Unresolved> {
    let reference = parse(value)?;
    let Some(who) = principal else {
        return Err(unresolved(
            "MSINotEnabled",
            "The app has no identity to read the vault with: assign one, or set keyVaultReferenceIdentity to an identity that is attached to the app.",
        ));
    };
    let Some(vault) = vault_of(world, &reference) else {
        return Err(unresolved(
            "VaultNotFound",
            format!("There is no key vault '{}'.", reference.vault),
        ));
    };
    access::decide(
        world,
        &vault,
        who,
        origin,
        Operation::Get,
        Some(&reference.secret),
    )
    .map_err(|denied| unresolved("AccessToKeyVaultDenied", denied.message))?;
    let version = find(&vault, &reference)?;
    if version["attributes"]["enabled"] == false {
        return Err(unresolved(
            "OtherReasons",
            format!(
                "The secret '{}' of key vault '{}' is disabled.",
                reference.secret, reference.vault
            ),
        ));
    }
    Ok(json::text(&version["value"]).to_owned())
}

fn find(vault: &Resource, reference: &Reference) -> Result<Value, Unresolved> {
    let (name, place) = (&reference.secret, &reference.vault);
    let newest = secrets::newest(vault, name).ok_or_else(|| {
        unresolved(
            "SecretNotFound",
            format!("Key vault '{place}' has no secret '{name}'."),
        )
    })?;
    let Some(wanted) = &reference.version else {
        return Ok(newest);
    };
    secrets::version(vault, name, wanted).ok_or_else(|| {
        unresolved(
            "SecretVersionNotFound",
            format!("The secret '{name}' of key vault '{place}' has no version '{wanted}'."),
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world;

    #[test]
    fn both_spellings_are_read() {
        let check = |text: &str, expect: Option<(&str, &str, Option<&str>)>| {
            let expect = expect.map(|(vault, secret, version)| Reference {
                vault: vault.into(),
                secret: secret.into(),
                version: version.map(str::to_owned),
            });
            assert_eq!(parse(text).ok(), expect, "{text}");
        };
        check(
            "@Microsoft.KeyVault(SecretUri=https://kv1.vault.azure.net/secrets/db/)",
            Some(("kv1", "db", None)),
        );
        check(
            "@Microsoft.KeyVault(SecretUri=https://kv1.vault.azure.net/secrets/db/v1)",
            Some(("kv1", "db", Some("v1"))),
        );
        check(
            "@microsoft.keyvault(VaultName=kv1;SecretName=db)",
            Some(("kv1", "db", None)),
        );
        check(
            "@Microsoft.KeyVault(VaultName=kv1;SecretName=db;SecretVersion=v1)",
            Some(("kv1", "db", Some("v1"))),
        );
        for bad in [
            "@Microsoft.KeyVault(SecretUri=https://kv1.example.com/secrets/db)",
            "@Microsoft.KeyVault(SecretUri=https://kv1.vault.azure.net/keys/db)",
            "@Microsoft.KeyVault(VaultName=kv1)",
            "@Microsoft.KeyVault(VaultName=kv1;SecretName=db",
            "@Microsoft.KeyVault(Vault=kv1;SecretName=db)",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn each_failure_has_its_word() {
        let world = world::tests::empty();
        let mut vault = secrets::tests::vault();
        vault.body["properties"]["accessPolicies"] =
            json!([{ "objectId": "me", "permissions": { "secrets": ["get"] } }]);
        secrets::tests::set(&mut vault, "db", "the value").expect("free");
        world.put(vault);
        let me = Principal {
            object: "me".into(),
            application: String::new(),
        };
        let other = Principal {
            object: "other".into(),
            application: String::new(),
        };
        let check = |text: &str, who: Option<&Principal>, expect: Result<&str, &str>| {
            let found = resolve(&world, text, who, Origin::PrivateEndpoint);
            assert_eq!(found.as_deref().map_err(|why| why.status), expect, "{text}");
        };
        let good = "@Microsoft.KeyVault(VaultName=KV1;SecretName=DB)";
        check(good, Some(&me), Ok("the value"));
        check(good, Some(&other), Err("AccessToKeyVaultDenied"));
        check(good, None, Err("MSINotEnabled"));
        check(
            "@Microsoft.KeyVault(VaultName=kv2;SecretName=db)",
            Some(&me),
            Err("VaultNotFound"),
        );
        check(
            "@Microsoft.KeyVault(VaultName=kv1;SecretName=no)",
            Some(&me),
            Err("SecretNotFound"),
        );
        check(
            "@Microsoft.KeyVault(VaultName=kv1;SecretName=db;SecretVersion=v)",
            Some(&me),
            Err("SecretVersionNotFound"),
        );
        check("@Microsoft.KeyVault()", Some(&me), Err("InvalidSyntax"));
    }
}
