//! `vaults/secrets` and `vaults/keys` through ARM: made by templates, shown without their values.
//!
//! ARM can create and read them, not delete them; that is what the data plane is for. Keys are records
//! without key material.

use serde_json::{Value, json};

use super::{bad_request, recovery_level, uri, vaults};
use crate::arm::{Answer, Call, json};
use crate::vault::secrets;
use crate::world::Resource;

pub(crate) const SECRET: &str = "Microsoft.KeyVault/vaults/secrets";
pub(crate) const KEY: &str = "Microsoft.KeyVault/vaults/keys";

pub(super) fn put_secret(call: &Call<'_>) -> Result<Answer, Answer> {
    let vault = vaults::parent(call)?;
    let given = json::properties(call.object()?)?;
    let name = call.target.name();
    secrets::check_name(name).map_err(bad_request)?;
    let existing = secrets::newest(&vault, name);
    if given["value"].as_str().is_none() && existing.is_none() {
        return Err(bad_request(format!(
            "The secret '{name}' must have a value."
        )));
    }
    let tags = call.tags();
    let value = given["value"].as_str();
    let written = secrets::Given {
        value,
        content_type: &given["contentType"],
        attributes: &given["attributes"],
        tags: tags.as_ref().unwrap_or(&Value::Null),
    };
    let changed = call.world.update(&vault.id, |stored| {
        secrets::write(call.world, stored, name, &written)
    });
    match changed {
        Some(Ok(())) => get_secret(call),
        Some(Err(message)) => Err(Answer::error(409, "Conflict", message)),
        None => Err(call.not_found()),
    }
}

pub(super) fn get_secret(call: &Call<'_>) -> Result<Answer, Answer> {
    let vault = vaults::parent(call)?;
    let version = secrets::newest(&vault, call.target.name()).ok_or_else(|| call.not_found())?;
    Ok(Answer::ok(secret(&vault, call.target.name(), &version)))
}

fn secret(vault: &Resource, name: &str, version: &Value) -> Value {
    let base = format!("{}/secrets/{name}", uri(vault.name()));
    let mut attributes = json!({});
    for part in ["enabled", "nbf", "exp", "created", "updated"] {
        if !version["attributes"][part].is_null() {
            json::set(&mut attributes, part, version["attributes"][part].clone());
        }
    }
    let mut properties = json!({
        "attributes": attributes, "secretUri": base,
        "secretUriWithVersion": format!("{base}/{}", json::text(&version["version"])),
    });
    if let Some(kind) = version["contentType"].as_str() {
        json::set(&mut properties, "contentType", kind);
    }
    json!({
        "id": format!("{}/secrets/{name}", vault.id), "name": name, "type": SECRET,
        "location": vault.body["location"], "tags": version["tags"].as_object().cloned().unwrap_or_default(),
        "properties": properties,
    })
}

pub(super) fn list_secrets(call: &Call<'_>) -> Result<Answer, Answer> {
    let vault = call.required()?;
    let names = secrets::names(&vault);
    let shown = names.iter().filter_map(|name| {
        let version = secrets::newest(&vault, name)?;
        Some(secret(&vault, name, &version))
    });
    Ok(Answer::list(shown.collect()))
}

/// A key that exists stays as it is, whatever the request says: recorded, and documented for templates.
pub(super) fn put_key(call: &Call<'_>) -> Result<Answer, Answer> {
    let vault = vaults::parent(call)?;
    let given = json::properties(call.object()?)?;
    let name = call.target.name();
    let slot = name.to_ascii_lowercase();
    if vault.private["keys"][&slot].is_null() {
        let made = key(call, &vault, name, &given)?;
        call.world.update(&vault.id, |stored| {
            json::set(&mut stored.private["keys"], &slot, made);
        });
    }
    get_key(call)
}

fn key(call: &Call<'_>, vault: &Resource, name: &str, given: &Value) -> Result<Value, Answer> {
    let kinds = ["EC", "EC-HSM", "RSA", "RSA-HSM"];
    let Some(kty) = json::one_of(&given["kty"], "kty", &kinds)? else {
        return Err(bad_request(
            "The property \"kty\" of a key is not specified.",
        ));
    };
    let now = call.now().as_second();
    let base = format!("{}/keys/{name}", uri(vault.name()));
    let elliptic = kty.starts_with("EC");
    let operations: &[&str] = if elliptic {
        &["sign", "verify"]
    } else {
        &[
            "encrypt",
            "decrypt",
            "sign",
            "verify",
            "wrapKey",
            "unwrapKey",
        ]
    };
    let mut properties = json!({
        "attributes": {
            "enabled": given["attributes"]["enabled"].as_bool().unwrap_or(true), "created": now, "updated": now,
            "recoveryLevel": recovery_level(vault), "exportable": false,
        },
        "kty": kty, "keyOps": operations,
    });
    if let Some(list) = given["keyOps"].as_array() {
        json::set(&mut properties, "keyOps", list.clone());
    }
    if elliptic {
        json::set(
            &mut properties,
            "curveName",
            given["curveName"].as_str().unwrap_or("P-256"),
        );
    } else {
        let size = given["keySize"].as_i64().unwrap_or(2048);
        if ![2048, 3072, 4096].contains(&size) {
            return Err(bad_request(format!(
                "The key size {size} is not valid: use 2048, 3072 or 4096."
            )));
        }
        json::set(&mut properties, "keySize", size);
    }
    json::set(&mut properties, "keyUri", base.clone());
    let version = call.uuid().simple().to_string();
    json::set(
        &mut properties,
        "keyUriWithVersion",
        format!("{base}/{version}"),
    );
    let mut made = json!({
        "id": format!("{}/keys/{name}", vault.id), "name": name, "type": KEY, "location": vault.body["location"],
        "properties": properties,
    });
    if let Some(tags) = call.tags() {
        json::set(&mut made, "tags", tags);
    }
    Ok(made)
}

pub(super) fn get_key(call: &Call<'_>) -> Result<Answer, Answer> {
    let vault = vaults::parent(call)?;
    let found = &vault.private["keys"][call.target.name().to_ascii_lowercase()];
    if found.is_null() {
        return Err(call.not_found());
    }
    Ok(Answer::ok(found.clone()))
}

pub(super) fn list_keys(call: &Call<'_>) -> Result<Answer, Answer> {
    let vault = call.required()?;
    let all = vault.private["keys"].as_object().into_iter().flatten();
    Ok(Answer::list(all.map(|(_, key)| key.clone()).collect()))
}
