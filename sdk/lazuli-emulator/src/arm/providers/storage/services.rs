//! The services below an account (`blobServices/default` and so on), and what is declared in them.

use http::StatusCode;
use serde_json::{Value, json};

use crate::arm::lifecycle;
use crate::arm::{Answer, Call, json};
use crate::world::{Resource, World};

pub(super) const BLOB: &str = "Microsoft.Storage/storageAccounts/blobServices";
pub(super) const FILE: &str = "Microsoft.Storage/storageAccounts/fileServices";
pub(super) const QUEUE: &str = "Microsoft.Storage/storageAccounts/queueServices";
pub(super) const TABLE: &str = "Microsoft.Storage/storageAccounts/tableServices";

/// Every account has its services from the start.
pub(super) fn furnish(world: &World, account: &Resource) {
    for kind in [BLOB, FILE, QUEUE, TABLE] {
        let service = kind.rsplit('/').next().unwrap_or_default();
        let id = format!("{}/{service}/default", account.id);
        if world.contains(&id) {
            continue;
        }
        let body = json!({
            "sku": account.body["sku"], "id": id, "name": "default", "type": kind, "properties": defaults(kind),
        });
        world.put(Resource {
            id,
            kind: kind.into(),
            body,
            private: Value::Null,
        });
    }
}

fn defaults(kind: &str) -> Value {
    match kind {
        BLOB => {
            json!({ "cors": { "corsRules": [] }, "deleteRetentionPolicy": { "allowPermanentDelete": false, "enabled": false } })
        }
        FILE => json!({
            "protocolSettings": { "smb": {} }, "cors": { "corsRules": [] },
            "shareDeleteRetentionPolicy": { "enabled": true, "days": 7 },
        }),
        _ => json!({ "cors": { "corsRules": [] } }),
    }
}

pub(super) fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    if !json::same(call.target.name(), "default") {
        return Err(Answer::error(
            400,
            "InvalidResourceName",
            format!("The service {} must be named 'default'.", call.id()),
        ));
    }
    call.required()?;
    call.world.update(&call.id(), |service| {
        json::overlay(&mut service.body["properties"], &given);
    });
    Ok(Answer::ok(call.required()?.body))
}

/// Containers, shares, queues and tables: declared, empty.
pub(super) fn put_item(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = match &call.body {
        Value::Null => json!({}),
        _ => json::properties(call.object()?)?,
    };
    check_name(call)?;
    let existing = call.existing();
    if existing.is_none() && call.method() == "PATCH" {
        return Err(call.not_found());
    }
    let mut properties = match &existing {
        Some(old) => old.body["properties"].clone(),
        None => initial(&call.target.kind),
    };
    json::overlay(&mut properties, &given);
    let etag = format!(
        "\"0x{}\"",
        &call.uuid().simple().to_string().to_uppercase()[..15]
    );
    let body = json!({
        "id": call.id(), "name": call.target.name(), "type": call.target.kind, "etag": etag, "properties": properties,
    });
    lifecycle::store(call, body.clone(), Value::Null);
    Ok(Answer::created(existing.is_none(), body))
}

fn initial(kind: &str) -> Value {
    match kind.rsplit('/').next().unwrap_or_default() {
        "containers" => json!({
            "deleted": false, "remainingRetentionDays": 0, "defaultEncryptionScope": "$account-encryption-key",
            "denyEncryptionScopeOverride": false, "publicAccess": "None", "leaseStatus": "Unlocked", "leaseState": "Available",
            "hasImmutabilityPolicy": false, "hasLegalHold": false,
        }),
        "shares" => json!({
            "leaseStatus": "unlocked", "leaseState": "available", "accessTier": "TransactionOptimized", "shareQuota": 5120,
            "enabledProtocols": "SMB",
        }),
        _ => json!({}),
    }
}

/// 3 to 63 small letters, digits and single hyphens; tables take letters and digits.
fn check_name(call: &Call<'_>) -> Result<(), Answer> {
    let name = call.target.name();
    let table = call.target.kind.ends_with("/tables");
    let good = |c: char| {
        if table {
            c.is_ascii_alphanumeric()
        } else {
            c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '$'
        }
    };
    let edge = !name.starts_with('-') && !name.ends_with('-') && !name.contains("--");
    if (3..=63).contains(&name.len()) && name.chars().all(good) && edge {
        return Ok(());
    }
    let message = format!(
        "The specified resource name '{name}' contains invalid characters or is not 3 to 63 characters long."
    );
    Err(Answer::error(400, "InvalidResourceName", message))
}

pub(super) fn delete_item(call: &Call<'_>) -> Result<Answer, Answer> {
    if call.existing().is_none() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    lifecycle::remove(call.world, &call.id());
    Ok(Answer::empty(StatusCode::OK))
}
