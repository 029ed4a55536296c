//! `storageAccounts`: created by an operation (202 and an address), changed at once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::{ACCOUNT, CONNECTION, by_name, check_name, taken};
use crate::arm::lifecycle;
use crate::arm::lro::{self, Effect};
use crate::arm::providers::key_vault::now_ms;
use crate::arm::shape::{self, Asked, Holds::*, Rule};
use crate::arm::{Answer, Call, errors, json};
use crate::wire::dialect::Dialect;
use crate::world::{Resource, World};

/// 202 with `Location`, ending in 200 with the account.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "Storage",
    status: "{subscription}/providers/Microsoft.Storage/locations/{location}/asyncoperations",
    result: "{subscription}/providers/Microsoft.Storage/locations/{location}/asyncoperations",
    ..Dialect::USUAL
};

const KINDS: &[&str] = &[
    "StorageV2",
    "Storage",
    "BlobStorage",
    "FileStorage",
    "BlockBlobStorage",
];
const SKUS: &[&str] = &[
    "Standard_LRS",
    "Standard_GRS",
    "Standard_RAGRS",
    "Standard_ZRS",
    "Standard_GZRS",
    "Standard_RAGZRS",
    "Premium_LRS",
    "Premium_ZRS",
    "StandardV2_LRS",
    "StandardV2_ZRS",
    "StandardV2_GRS",
    "StandardV2_GZRS",
    "PremiumV2_LRS",
    "PremiumV2_ZRS",
];
/// What a request may say; the rest of it is laid on the properties as it is.
#[rustfmt::skip]
const RULES: &[Rule] = &[
    ("provisioningState", Computed), ("creationTime", Computed), ("keyCreationTime", Computed),
    ("primaryEndpoints", Computed), ("secondaryEndpoints", Computed), ("primaryLocation", Computed),
    ("secondaryLocation", Computed), ("statusOfPrimary", Computed), ("statusOfSecondary", Computed),
    ("privateEndpointConnections", Computed),
    ("minimumTlsVersion", OneOf(&["TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"])),
    ("accessTier", OneOf(&["Hot", "Cool", "Cold", "Premium"])),
    ("publicNetworkAccess", OneOf(&["Enabled", "Disabled", "SecuredByPerimeter"])),
];

pub(super) fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let name = call.target.name();
    check_name(name).map_err(|message| Answer::error(400, "AccountNameInvalid", message))?;
    let given = writable(call)?;
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let sku = sku(&call.body["sku"], existing.as_ref())?;
    let kind = kind(call, existing.as_ref())?;
    if existing.is_none() && by_name(call.world, name).is_some() {
        return Err(Answer::error(
            409,
            "StorageAccountAlreadyTaken",
            taken(name),
        ));
    }
    let mut properties = match &existing {
        Some(old) => old.body["properties"].clone(),
        None => defaults(call, kind, &sku, &location),
    };
    json::overlay(&mut properties, &given);
    let mut body = json!({ "sku": sku, "kind": kind, "id": call.id(), "name": name, "type": ACCOUNT, "location": location });
    json::set(&mut body, "tags", call.tags().unwrap_or_else(|| json!({})));
    if !call.body["identity"].is_null() {
        let stored = existing
            .as_ref()
            .map(|old| old.body["identity"].clone())
            .unwrap_or_default();
        let identity =
            crate::arm::providers::identities::merge(call, &call.body["identity"], &stored)?;
        json::set(&mut body, "identity", identity);
    }
    json::set(&mut body, "properties", properties);
    let private = match &existing {
        Some(old) => old.private.clone(),
        None => json!({ "keys": [key(call), key(call)] }),
    };
    let resource = Resource {
        id: call.id(),
        kind: ACCOUNT.into(),
        body,
        private,
    };
    if existing.is_some() {
        call.world.put(resource.clone());
        return Ok(lifecycle::shown(call.world, &resource));
    }
    let addresses = lro::start(call, &DIALECT, Effect::Store(Box::new(resource)));
    Ok(Answer::empty(StatusCode::ACCEPTED)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}

fn writable(call: &Call<'_>) -> Result<Value, Answer> {
    let id = call.id();
    let asked = Asked::about(call.world, &id);
    shape::apply(RULES, &asked, &json::properties(call.object()?)?)
}

fn sku(given: &Value, existing: Option<&Resource>) -> Result<Value, Answer> {
    let stored = existing.map(|old| old.body["sku"].clone());
    let name = json::one_of(&given["name"], "sku.name", SKUS)?;
    match (name, stored) {
        (Some(name), _) => {
            let tier = if name.starts_with("Premium") {
                "Premium"
            } else {
                "Standard"
            };
            Ok(json!({ "name": name, "tier": tier }))
        }
        (None, Some(stored)) => Ok(stored),
        (None, None) => Err(Answer::error(
            400,
            "InvalidRequestPropertyValue",
            "The storage account must have sku.name.",
        )),
    }
}

fn kind(call: &Call<'_>, existing: Option<&Resource>) -> Result<&'static str, Answer> {
    let given = json::one_of(&call.body["kind"], "kind", KINDS)?;
    let stored = existing.and_then(|old| old.text("/kind"));
    let stored = stored.and_then(|stored| KINDS.iter().find(|kind| **kind == stored));
    match (given, stored) {
        (Some(given), _) => Ok(given),
        (None, Some(stored)) => Ok(stored),
        (None, None) => Err(Answer::error(
            400,
            "InvalidRequestPropertyValue",
            "The storage account must have a kind, for example StorageV2.",
        )),
    }
}

/// What a new account answers beyond the request, as the service does.
fn defaults(call: &Call<'_>, kind: &str, sku: &Value, location: &str) -> Value {
    let (name, now) = (call.target.name(), now_ms(call));
    let services: &[&str] = match kind {
        "BlobStorage" => &["dfs", "blob", "table"],
        "BlockBlobStorage" => &["dfs", "web", "blob"],
        "FileStorage" => &["file"],
        _ => &["dfs", "web", "blob", "queue", "table", "file"],
    };
    let endpoints = |suffix: &str| -> serde_json::Map<String, Value> {
        services
            .iter()
            .filter(|service| suffix.is_empty() || **service != "file")
            .map(|service| {
                let zone = if *service == "web" {
                    "z1.web".to_owned()
                } else {
                    (*service).to_owned()
                };
                (
                    (*service).to_owned(),
                    format!("https://{name}{suffix}.{zone}.core.windows.net/").into(),
                )
            })
            .collect()
    };
    let enabled = json!({ "keyType": "Account", "enabled": true, "lastEnabledTime": now });
    let mut made = json!({
        "keyCreationTime": { "key1": now, "key2": now }, "privateEndpointConnections": [], "minimumTlsVersion": "TLS1_0",
        "allowBlobPublicAccess": false, "allowSharedKeyAccess": true, "supportsHttpsTrafficOnly": true,
        "networkAcls": { "ipv6Rules": [], "bypass": "AzureServices", "virtualNetworkRules": [], "ipRules": [], "defaultAction": "Allow" },
        "encryption": { "services": { "file": enabled, "blob": enabled }, "keySource": "Microsoft.Storage" },
        "accessTier": "Hot", "provisioningState": "Succeeded", "creationTime": now,
        "primaryEndpoints": endpoints(""), "primaryLocation": location, "statusOfPrimary": "available",
    });
    let redundancy = json::text(&sku["name"]);
    if redundancy.contains("GRS") || redundancy.contains("GZRS") {
        json::set(&mut made, "secondaryLocation", pair(location));
        json::set(&mut made, "statusOfSecondary", "available");
        if redundancy.contains("RA") {
            json::set(&mut made, "secondaryEndpoints", endpoints("-secondary"));
        }
    }
    made
}

/// The paired region of the commonest ones; others are paired with themselves here.
fn pair(location: &str) -> &str {
    const PAIRS: &[(&str, &str)] = &[
        ("eastus", "westus"),
        ("eastus2", "centralus"),
        ("westus2", "westcentralus"),
        ("northeurope", "westeurope"),
        ("uksouth", "ukwest"),
        ("southeastasia", "eastasia"),
        ("northcentralus", "southcentralus"),
        ("canadacentral", "canadaeast"),
        ("japaneast", "japanwest"),
        ("australiaeast", "australiasoutheast"),
    ];
    let found = PAIRS.iter().find_map(|(left, right)| match location {
        place if place == *left => Some(*right),
        place if place == *right => Some(*left),
        _ => None,
    });
    found.unwrap_or(location)
}

/// 64 random bytes.
fn key(call: &Call<'_>) -> String {
    STANDARD.encode(call.world.random::<64>(&call.id()))
}

pub(super) fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = writable(call)?;
    let existing = call.required()?;
    let sku = sku(&call.body["sku"], Some(&existing))?;
    let kind = kind(call, Some(&existing))?;
    call.world.update(&call.id(), |account| {
        json::overlay(&mut account.body["properties"], &given);
        json::set(&mut account.body, "sku", sku);
        json::set(&mut account.body, "kind", kind);
        if let Some(tags) = call.tags() {
            json::set(&mut account.body, "tags", tags);
        }
    });
    Ok(lifecycle::shown(call.world, &call.required()?))
}

pub(super) fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let account = call.required()?;
    match word.to_ascii_lowercase().as_str() {
        "listkeys" => Ok(keys(&account)),
        "regeneratekey" => {
            let name = json::one_of(&call.object()?["keyName"], "keyName", &["key1", "key2"])?;
            let Some(name) = name else {
                return Err(errors::invalid_content("'keyName' must be key1 or key2."));
            };
            let (fresh, at) = (key(call), usize::from(name == "key2"));
            call.world.update(&call.id(), |stored| {
                stored.private["keys"][at] = fresh.into();
                json::set(
                    &mut stored.body["properties"]["keyCreationTime"],
                    name,
                    now_ms(call),
                );
            });
            Ok(keys(&call.required()?))
        }
        _ => Err(errors::not_modelled(&format!(
            "The action '{word}' of storage accounts"
        ))),
    }
}

fn keys(account: &Resource) -> Answer {
    let entry = |(at, value): (usize, &Value)| {
        let name = format!("key{}", at + 1);
        let made = &account.body["properties"]["keyCreationTime"][&name];
        json!({ "creationTime": made, "keyName": name, "value": value, "permissions": "Full" })
    };
    let all: Vec<Value> = json::items(&account.private["keys"])
        .enumerate()
        .map(entry)
        .collect();
    Answer::ok(json!({ "keys": all }))
}

pub(super) fn view(world: &World, shown: &mut Value) {
    let below = world.under(json::text(&shown["id"])).into_iter();
    let connections: Vec<Value> = below
        .filter(|one| one.kind == CONNECTION)
        .map(|one| one.body)
        .collect();
    json::set(
        &mut shown["properties"],
        "privateEndpointConnections",
        connections,
    );
}

pub(super) fn private_link_resources(call: &Call<'_>) -> Result<Answer, Answer> {
    let id = call.required()?.id;
    let entry = |group: &&str| {
        json!({
            "id": format!("{id}/privateLinkResources/{group}"), "name": group,
            "type": "Microsoft.Storage/storageAccounts/privateLinkResources",
            "properties": {
                "groupId": group, "requiredMembers": [group], "requiredZoneNames": [format!("privatelink.{group}.core.windows.net")],
            },
        })
    };
    let groups = ["blob", "table", "queue", "file", "web", "dfs"];
    Ok(Answer::list(groups.iter().map(entry).collect()))
}
