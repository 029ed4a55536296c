//! Secrets in a vault: versions, attributes, the bin. Pure changes of the vault's `private` value.
//!
//! `private.secrets.{name}` holds `{name, versions}`, newest last; `private.deletedSecrets.{name}` holds
//! the same with the dates of the bin. Names are keyed in small letters.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::views::vault_view::{recovery_level, retention_days, uri};
use crate::wire::json;
use crate::world::{Resource, World};

/// The longest value the service takes, in bytes.
pub(crate) const MAX_VALUE_BYTES: usize = 25_600;

/// What a request says of a secret. Nulls stand for what it leaves out.
pub(crate) struct Given<'a> {
    pub(crate) value: Option<&'a str>,
    pub(crate) content_type: &'a Value,
    pub(crate) attributes: &'a Value,
    pub(crate) tags: &'a Value,
}

/// 1 to 127 letters, digits and hyphens.
///
/// # Errors
/// The service's sentence about the name.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if (1..=127).contains(&name.len()) && name.chars().all(good) {
        return Ok(());
    }
    Err(format!("The request URI contains an invalid name: {name}"))
}

fn entry<'a>(vault: &'a Resource, bin: &str, name: &str) -> Option<&'a Value> {
    let found = &vault.private[bin][name.to_ascii_lowercase()];
    (!found.is_null()).then_some(found)
}

/// All versions, oldest first; empty when there is no such secret.
pub(crate) fn versions(vault: &Resource, name: &str) -> Vec<Value> {
    let found = entry(vault, "secrets", name);
    found
        .and_then(|secret| secret["versions"].as_array())
        .cloned()
        .unwrap_or_default()
}

pub(crate) fn newest(vault: &Resource, name: &str) -> Option<Value> {
    versions(vault, name).pop()
}

pub(crate) fn version(vault: &Resource, name: &str, version: &str) -> Option<Value> {
    let all = versions(vault, name);
    all.into_iter()
        .find(|one| json::same(json::text(&one["version"]), version))
}

/// Names as they were first written, sorted.
pub(crate) fn names(vault: &Resource) -> Vec<String> {
    listed(vault, "secrets")
}

pub(crate) fn deleted_names(vault: &Resource) -> Vec<String> {
    listed(vault, "deletedSecrets")
}

fn listed(vault: &Resource, bin: &str) -> Vec<String> {
    let all = vault.private[bin].as_object().into_iter().flatten();
    let mut names: Vec<String> = all
        .map(|(_, secret)| json::text(&secret["name"]).to_owned())
        .collect();
    names.sort();
    names
}

/// Adds a version, or changes the newest one when the request brings no value.
///
/// # Errors
/// A secret of that name lies in the bin.
pub(crate) fn write(
    world: &World,
    vault: &mut Resource,
    name: &str,
    given: &Given<'_>,
) -> Result<(), String> {
    if entry(vault, "deletedSecrets", name).is_some() {
        return Err(in_bin(name));
    }
    let Some(value) = given.value else {
        if let Some(last) = newest(vault, name) {
            change(
                world.now(),
                vault,
                name,
                json::text(&last["version"]),
                given,
            );
        }
        return Ok(());
    };
    let now = world.now().as_second();
    let version = world.uuid(&format!("{}/secrets/{name}", vault.id));
    let mut attributes = json!({ "enabled": true, "created": now, "updated": now });
    lay(&mut attributes, given.attributes);
    let mut made = json!({ "version": version.simple().to_string(), "value": value, "attributes": attributes });
    if given.content_type.is_string() {
        json::set(&mut made, "contentType", given.content_type.clone());
    }
    if given.tags.is_object() {
        json::set(&mut made, "tags", given.tags.clone());
    }
    let mut all = versions(vault, name);
    all.push(made);
    let first = entry(vault, "secrets", name).map(|old| json::text(&old["name"]).to_owned());
    let first = first.unwrap_or_else(|| name.to_owned());
    let secret = json!({ "name": first, "versions": all });
    put(vault, "secrets", name, Some(secret));
    Ok(())
}

/// The service's sentence about a name that is taken by a deleted secret.
pub(crate) fn in_bin(name: &str) -> String {
    format!(
        "Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged."
    )
}

/// Changes one version; false when there is no such version.
pub(crate) fn change(
    now: Timestamp,
    vault: &mut Resource,
    name: &str,
    version: &str,
    given: &Given<'_>,
) -> bool {
    let key = name.to_ascii_lowercase();
    let Some(all) = vault.private["secrets"][&key]["versions"].as_array_mut() else {
        return false;
    };
    let found = all
        .iter_mut()
        .find(|one| json::same(json::text(&one["version"]), version));
    let Some(found) = found else {
        return false;
    };
    lay(&mut found["attributes"], given.attributes);
    json::set(&mut found["attributes"], "updated", now.as_second());
    if given.content_type.is_string() {
        json::set(found, "contentType", given.content_type.clone());
    }
    if given.tags.is_object() {
        json::set(found, "tags", given.tags.clone());
    }
    true
}

fn lay(attributes: &mut Value, given: &Value) {
    for name in ["enabled", "nbf", "exp"] {
        if !given[name].is_null() {
            json::set(attributes, name, given[name].clone());
        }
    }
}

fn put(vault: &mut Resource, bin: &str, name: &str, value: Option<Value>) {
    let key = name.to_ascii_lowercase();
    match value {
        Some(value) => json::set(&mut vault.private[bin], &key, value),
        None => {
            json::unset(&mut vault.private[bin], &key);
        }
    }
}

/// Moves a secret to the bin; false when there is none.
pub(crate) fn delete(now: Timestamp, vault: &mut Resource, name: &str) -> bool {
    let Some(mut secret) = entry(vault, "secrets", name).cloned() else {
        return false;
    };
    let now = now.as_second();
    json::set(&mut secret, "deletedDate", now);
    json::set(
        &mut secret,
        "scheduledPurgeDate",
        now + retention_days(vault) * 86_400,
    );
    put(vault, "secrets", name, None);
    put(vault, "deletedSecrets", name, Some(secret));
    true
}

/// Takes a secret out of the bin; false when it is not there.
pub(crate) fn recover(vault: &mut Resource, name: &str) -> bool {
    let Some(secret) = entry(vault, "deletedSecrets", name).cloned() else {
        return false;
    };
    put(vault, "deletedSecrets", name, None);
    let kept = json!({ "name": secret["name"], "versions": secret["versions"] });
    put(vault, "secrets", name, Some(kept));
    true
}

/// Forgets a secret in the bin; false when it is not there.
pub(crate) fn purge(vault: &mut Resource, name: &str) -> bool {
    let found = entry(vault, "deletedSecrets", name).is_some();
    put(vault, "deletedSecrets", name, None);
    found
}

/// A version as the data plane shows it, without its value.
pub(crate) fn item(vault: &Resource, name: &str, version: &Value, with_version: bool) -> Value {
    let mut id = format!("{}/secrets/{name}", uri(vault.name()));
    if with_version {
        id = format!("{id}/{}", json::text(&version["version"]));
    }
    let mut attributes = version["attributes"].clone();
    json::set(&mut attributes, "recoveryLevel", recovery_level(vault));
    json::set(&mut attributes, "recoverableDays", retention_days(vault));
    let mut shown = json!({ "id": id, "attributes": attributes });
    for name in ["contentType", "tags"] {
        if !version[name].is_null() {
            json::set(&mut shown, name, version[name].clone());
        }
    }
    shown
}

/// A version with its value: what `GET` and `PUT` answer.
pub(crate) fn bundle(vault: &Resource, name: &str, version: &Value) -> Value {
    let mut shown = json!({ "value": version["value"] });
    json::overlay(&mut shown, &item(vault, name, version, true));
    if shown["tags"].is_null() {
        json::set(&mut shown, "tags", json!({}));
    }
    shown
}

/// A secret in the bin, `None` when it is not there.
pub(crate) fn deleted_item(vault: &Resource, name: &str, with_version: bool) -> Option<Value> {
    let secret = entry(vault, "deletedSecrets", name)?;
    let last = json::items(&secret["versions"]).last()?;
    let name = json::text(&secret["name"]);
    let mut shown = json!({
        "recoveryId": format!("{}/deletedsecrets/{name}", uri(vault.name())),
        "deletedDate": secret["deletedDate"], "scheduledPurgeDate": secret["scheduledPurgeDate"],
    });
    json::overlay(&mut shown, &item(vault, name, last, with_version));
    Some(shown)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::world;

    pub(crate) fn vault() -> Resource {
        Resource {
            id: "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv1".into(),
            kind: "Microsoft.KeyVault/vaults".into(),
            body: json!({ "location": "westus", "properties": { "tenantId": "t", "accessPolicies": [] } }),
            private: json!({ "secrets": {}, "deletedSecrets": {}, "keys": {} }),
        }
    }

    pub(crate) fn set(vault: &mut Resource, name: &str, value: &str) -> Result<(), String> {
        let given = Given {
            value: Some(value),
            content_type: &Value::Null,
            attributes: &Value::Null,
            tags: &Value::Null,
        };
        write(&world::tests::empty(), vault, name, &given)
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn value(vault: &Resource, name: &str) -> Option<String> {
        newest(vault, name).map(|one| json::text(&one["value"]).to_owned())
    }

    #[test]
    fn a_secret_goes_to_the_bin_and_comes_back_with_all_versions() {
        let mut vault = vault();
        set(&mut vault, "Db", "one").expect("free");
        set(&mut vault, "db", "two").expect("free");
        assert_eq!(names(&vault), ["Db"]);
        assert_eq!(versions(&vault, "DB").len(), 2);
        assert_eq!(value(&vault, "db").as_deref(), Some("two"));
        assert!(delete(NOW, &mut vault, "db") && !delete(NOW, &mut vault, "db"));
        assert_eq!(value(&vault, "db"), None);
        assert!(set(&mut vault, "db", "three").is_err());
        assert!(recover(&mut vault, "db") && !recover(&mut vault, "db"));
        assert_eq!(value(&vault, "db").as_deref(), Some("two"));
        assert!(
            delete(NOW, &mut vault, "db") && purge(&mut vault, "db") && !purge(&mut vault, "db")
        );
        set(&mut vault, "db", "four").expect("free again");
        assert_eq!(versions(&vault, "db").len(), 1);
    }

    #[test]
    fn lists_never_show_values() {
        let mut vault = vault();
        set(&mut vault, "db", "hidden").expect("free");
        let version = newest(&vault, "db").expect("there");
        assert!(
            !item(&vault, "db", &version, true)
                .to_string()
                .contains("hidden")
        );
        assert_eq!(bundle(&vault, "db", &version)["value"], "hidden");
        assert!(delete(NOW, &mut vault, "db"));
        let gone = deleted_item(&vault, "db", true).expect("in the bin");
        assert!(!gone.to_string().contains("hidden"));
    }
}
