//! `Microsoft.ContainerRegistry/registries`: the registry as a resource. What is *in* it belongs to
//! the data plane.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Kind, identities, registry_actions, registry_connections};
use crate::arm::lro::{self, Dialect, Effect};
use crate::arm::{Answer, Call, json};
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.ContainerRegistry/registries";
const CONNECTION: &str = "Microsoft.ContainerRegistry/registries/privateEndpointConnections";
pub(crate) const KINDS: [Kind; 5] = [
    Kind {
        put: Some(put),
        patch: Some(patch),
        delete: Some(delete),
        action: Some(registry_actions::action),
        view: Some(view),
        removed: Some(removed),
        ..Kind::new(KIND)
    },
    Kind {
        put: Some(registry_connections::put_connection),
        delete: Some(registry_connections::delete_connection),
        removed: Some(registry_connections::disconnected),
        ..Kind::new(CONNECTION)
    },
    Kind {
        get: Some(registry_actions::run),
        list: Some(registry_actions::run),
        action: Some(registry_actions::run_action),
        ..Kind::new("Microsoft.ContainerRegistry/registries/runs")
    },
    Kind {
        list: Some(registry_actions::link_resources),
        ..Kind::new("Microsoft.ContainerRegistry/registries/privateLinkResources")
    },
    Kind {
        list: Some(registry_actions::usages),
        ..Kind::new("Microsoft.ContainerRegistry/registries/listUsages")
    },
];

pub(crate) const MAX_IP_RULES: usize = 200;
const SKUS: [&str; 3] = ["Basic", "Standard", "Premium"];

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    check_name(call.target.name())?;
    check_free(call)?;
    let given = json::properties(body)?;
    let sku = sku(&body["sku"], existing.as_ref())?;
    let old = existing
        .as_ref()
        .map(|old| old.body.clone())
        .unwrap_or_default();
    let mut properties = match &existing {
        Some(old) => old.body["properties"].clone(),
        None => defaults(call, sku),
    };
    apply(&mut properties, &given, sku)?;
    let identity = identities::merge(call, &body["identity"], &old["identity"])?;
    let tags = call.tags().unwrap_or_else(|| json!({}));
    write(
        call,
        existing,
        Parts {
            location,
            sku,
            tags,
            identity,
            properties,
        },
    )
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let body = call.object()?;
    let sku = sku(&body["sku"], Some(&existing))?;
    let mut properties = existing.body["properties"].clone();
    apply(&mut properties, &json::properties(body)?, sku)?;
    let identity = identities::merge(call, &body["identity"], &existing.body["identity"])?;
    let tags = call.tags().unwrap_or_else(|| existing.body["tags"].clone());
    let location = existing.text("/location").unwrap_or_default().to_owned();
    write(
        call,
        Some(existing),
        Parts {
            location,
            sku,
            tags,
            identity,
            properties,
        },
    )
}

struct Parts {
    location: String,
    sku: &'static str,
    tags: Value,
    identity: Value,
    properties: Value,
}

/// Creation is an operation; so is an update of identity, anonymous pull or export policy. The rest is
/// done when the answer leaves, as recorded.
fn write(call: &Call<'_>, existing: Option<Resource>, parts: Parts) -> Result<Answer, Answer> {
    let now = Timestamp::now().to_string();
    let creator = json!({
        "createdBy": call.caller.client, "createdByType": "Application", "createdAt": now,
        "lastModifiedBy": call.caller.client, "lastModifiedByType": "Application", "lastModifiedAt": now,
    });
    let mut system_data = existing
        .as_ref()
        .map(|old| old.body["systemData"].clone())
        .filter(Value::is_object)
        .unwrap_or(creator);
    json::set(&mut system_data, "lastModifiedAt", now);
    let slow = existing
        .as_ref()
        .is_none_or(|old| is_slow(&old.body, &parts));
    let mut properties = parts.properties;
    let state = match (&existing, slow) {
        (None, _) => "Creating",
        (Some(_), true) => "Updating",
        (Some(_), false) => "Succeeded",
    };
    json::set(&mut properties, "provisioningState", state);
    let mut body = json!({
        "sku": { "name": parts.sku, "tier": parts.sku }, "type": KIND, "id": call.id(), "name": call.target.name(),
        "location": parts.location, "tags": parts.tags, "systemData": system_data,
    });
    if !parts.identity.is_null() {
        json::set(&mut body, "identity", parts.identity);
    }
    json::set(&mut body, "properties", properties);
    let private = existing.map_or_else(
        || json!({ "passwords": [password(), password()] }),
        |old| old.private,
    );
    let stored = super::store(call, body, private);
    let shown = super::present(call.world, &stored);
    if !slow {
        return Ok(Answer::ok(shown));
    }
    let addresses = lro::start(call, Dialect::Registry, Effect::Settle);
    Ok(Answer::json(StatusCode::CREATED, shown)
        .with("azure-asyncoperation", addresses.status)
        .with("retry-after", "0"))
}

fn is_slow(old: &Value, parts: &Parts) -> bool {
    let (before, after) = (&old["properties"], &parts.properties);
    let changed = |pointer: &str| before.pointer(pointer) != after.pointer(pointer);
    old["identity"] != parts.identity
        || changed("/anonymousPullEnabled")
        || changed("/policies/exportPolicy/status")
}

pub(crate) fn password() -> String {
    // 52 characters, as real ones; no registry outside this process knows it.
    format!(
        "{}{}",
        Uuid::new_v4().simple(),
        &Uuid::new_v4().simple().to_string()[..20]
    )
}

/// 5 to 50 letters and digits.
pub(crate) fn check_name(name: &str) -> Result<(), Answer> {
    if (5..=50).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    let message = format!(
        "The specified resource name '{name}' is invalid. Registry names may contain alpha numeric characters only and must be between 5 and 50 characters."
    );
    Err(Answer::error(400, "InvalidResourceName", message))
}

fn check_free(call: &Call<'_>) -> Result<(), Answer> {
    match owner_of_name(call.world, call.target.name()) {
        Some(owner) if !json::same(&owner.id, &call.id()) => {
            let message = format!(
                "The registry DNS name {}.azurecr.io is already in use. You can check if the name is already claimed using following API: https://docs.microsoft.com/en-us/rest/api/containerregistry/registries/checknameavailability",
                call.target.name()
            );
            Err(Answer::error(409, "AlreadyInUse", message))
        }
        _ => Ok(()),
    }
}

pub(crate) fn owner_of_name(world: &World, name: &str) -> Option<Resource> {
    world
        .of_kind(KIND)
        .into_iter()
        .find(|registry| json::same(registry.name(), name))
}

fn sku(given: &Value, existing: Option<&Resource>) -> Result<&'static str, Answer> {
    let stored = existing.and_then(|old| old.text("/sku/name"));
    let name = given["name"].as_str().or(stored).unwrap_or_default();
    SKUS.into_iter()
        .find(|known| json::same(known, name))
        .ok_or_else(|| {
            let message = format!(
                "The SKU '{name}' is not valid. Allowed SKUs: {}.",
                SKUS.join(", ")
            );
            Answer::error(400, "InvalidSku", message)
        })
}

fn defaults(call: &Call<'_>, sku: &str) -> Value {
    let now = Timestamp::now().to_string();
    let name = call.target.name();
    let mut properties = json!({
        "loginServer": format!("{}.azurecr.io", name.to_lowercase()), "creationDate": now, "provisioningState": "Creating",
        "adminUserEnabled": false,
    });
    if sku == "Premium" {
        json::set(
            &mut properties,
            "networkRuleSet",
            json!({ "defaultAction": "Allow", "ipRules": [] }),
        );
    }
    let rest = json!({
        "policies": {
            "quarantinePolicy": { "status": "disabled" }, "trustPolicy": { "type": "Notary", "status": "disabled" },
            "retentionPolicy": { "days": 7, "lastUpdatedTime": now, "status": "disabled" }, "exportPolicy": { "status": "enabled" },
            "azureADAuthenticationAsArmPolicy": { "status": "enabled" },
            "softDeletePolicy": { "retentionDays": 7, "lastUpdatedTime": now, "status": "disabled" },
        },
        "encryption": { "status": "disabled" }, "dataEndpointEnabled": false, "dataEndpointHostNames": [],
        "privateEndpointConnections": [], "publicNetworkAccess": "Enabled", "networkRuleBypassOptions": "AzureServices",
        "networkRuleBypassAllowedForTasks": false, "zoneRedundancy": "Disabled", "anonymousPullEnabled": false,
        "metadataSearch": "Disabled", "roleAssignmentMode": "LegacyRegistryPermissions", "autoGeneratedDomainNameLabelScope": "Unsecure",
    });
    json::overlay(&mut properties, &rest);
    properties
}

/// Lays the request on the properties, in canonical casing, and checks what the SKU allows.
fn apply(properties: &mut Value, given: &Value, sku: &str) -> Result<(), Answer> {
    let mut given = given.clone();
    for (key, allowed) in [
        ("publicNetworkAccess", &["Enabled", "Disabled"][..]),
        ("networkRuleBypassOptions", &["AzureServices", "None"][..]),
        ("zoneRedundancy", &["Enabled", "Disabled"][..]),
        (
            "roleAssignmentMode",
            &["LegacyRegistryPermissions", "AbacRepositoryPermissions"][..],
        ),
    ] {
        if let Some(value) = json::one_of(&given[key], key, allowed)? {
            json::set(&mut given, key, value);
        }
    }
    for key in [
        "loginServer",
        "creationDate",
        "provisioningState",
        "privateEndpointConnections",
        "dataEndpointHostNames",
        "status",
    ] {
        json::unset(&mut given, key);
    }
    check_rules(&given)?;
    let premium_only = [
        (
            "networkRuleSet",
            given["networkRuleSet"]["defaultAction"] == "Deny"
                || json::items(&given["networkRuleSet"]["ipRules"])
                    .next()
                    .is_some(),
        ),
        (
            "publicNetworkAccess",
            given["publicNetworkAccess"] == "Disabled",
        ),
        ("dataEndpointEnabled", given["dataEndpointEnabled"] == true),
        (
            "retentionPolicy",
            given["policies"]["retentionPolicy"]["status"] == "enabled",
        ),
        (
            "exportPolicy",
            given["policies"]["exportPolicy"]["status"] == "disabled",
        ),
        ("encryption", given["encryption"]["status"] == "enabled"),
    ];
    if let Some((feature, _)) = premium_only
        .into_iter()
        .find(|(_, wanted)| *wanted && sku != "Premium")
    {
        return Err(not_in_sku(feature, sku, "Premium"));
    }
    if given["anonymousPullEnabled"] == true && sku == "Basic" {
        return Err(not_in_sku(
            "anonymousPullEnabled",
            sku,
            "Standard or Premium",
        ));
    }
    if sku == "Premium" && properties["networkRuleSet"].is_null() {
        json::set(
            properties,
            "networkRuleSet",
            json!({ "defaultAction": "Allow", "ipRules": [] }),
        );
    }
    if sku != "Premium" {
        json::unset(properties, "networkRuleSet");
        json::unset(&mut given, "networkRuleSet");
    }
    let exports_off = given["policies"]["exportPolicy"]["status"] == "disabled";
    let public = given["publicNetworkAccess"]
        .as_str()
        .or(properties["publicNetworkAccess"].as_str())
        == Some("Enabled");
    if exports_off && public {
        let message = "Export policy can be disabled only when public network access is disabled.";
        return Err(Answer::error(400, "ExportPolicyDisableNotAllowed", message));
    }
    json::overlay(properties, &given);
    Ok(())
}

fn check_rules(given: &Value) -> Result<(), Answer> {
    let rules: Vec<&Value> = json::items(&given["networkRuleSet"]["ipRules"]).collect();
    let valid = |rule: &&Value| {
        let value = json::text(&rule["value"]);
        value.parse::<ipnet::Ipv4Net>().is_ok() || value.parse::<std::net::Ipv4Addr>().is_ok()
    };
    json::one_of(
        &given["networkRuleSet"]["defaultAction"],
        "networkRuleSet.defaultAction",
        &["Allow", "Deny"],
    )?;
    if rules.len() > MAX_IP_RULES {
        let message = format!(
            "A registry can have at most {MAX_IP_RULES} IP rules; {} were given.",
            rules.len()
        );
        return Err(Answer::error(400, "TooManyIpRules", message));
    }
    match rules.iter().find(|rule| !valid(rule)) {
        None => Ok(()),
        Some(rule) => {
            let message = format!(
                "The IP rule value '{}' is not a valid IPv4 address or CIDR range.",
                json::text(&rule["value"])
            );
            Err(Answer::error(400, "InvalidIpRule", message))
        }
    }
}

fn not_in_sku(feature: &str, sku: &str, needed: &str) -> Answer {
    let message =
        format!("The property '{feature}' is not supported for the SKU {sku}; it needs {needed}.");
    Answer::error(400, "SkuFeatureNotSupported", message)
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    if call.existing().is_none() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    super::remove(call.world, &call.id());
    Ok(Answer::empty(StatusCode::OK))
}

/// The role assignments of a registry go with it; its content is kept under its creation and so is not found again.
fn removed(world: &World, registry: &Resource) {
    super::role_assignments::forget_scope(world, &registry.id);
}

/// The connections below a registry, and the data endpoints' names when they are on.
fn view(world: &World, body: &mut Value) {
    let connections = world
        .under(json::text(&body["id"]))
        .into_iter()
        .filter(|child| child.kind == CONNECTION);
    let connections: Vec<Value> = connections.map(|one| one.body).collect();
    let place = crate::arm::ids::location_key(json::text(&body["location"]));
    let name = json::text(&body["name"]).to_lowercase();
    let hosts = if body["properties"]["dataEndpointEnabled"] == true {
        json!([format!("{name}.{place}.data.azurecr.io")])
    } else {
        json!([])
    };
    json::set(&mut body["properties"], "dataEndpointHostNames", hosts);
    json::set(
        &mut body["properties"],
        "privateEndpointConnections",
        connections,
    );
}
