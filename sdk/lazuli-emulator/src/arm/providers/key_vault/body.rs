//! The `properties` of a vault: what a request may say, what the service makes of it.
//!
//! Defaults and the left-out properties follow recorded answers of the service, per api-version.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bad_request;
use crate::arm::{Answer, Call, json};
use crate::world::Resource;

/// The first version whose vaults speak of `publicNetworkAccess`.
const PUBLIC_NETWORK_SINCE: &str = "2021-06-01";
/// The first version whose new vaults use role assignments unless set otherwise.
const RBAC_BY_DEFAULT_SINCE: &str = "2026-02-01";

/// Properties copied as they are when a request names them.
const SWITCHES: &[&str] = &[
    "enabledForDeployment",
    "enabledForDiskEncryption",
    "enabledForTemplateDeployment",
];

/// The stored properties after a PUT (whole) or a PATCH (`old` laid under the given ones).
///
/// # Errors
/// The service's refusal of a property.
pub(super) fn build(
    call: &Call<'_>,
    given: &Value,
    old: Option<&Resource>,
) -> Result<Value, Answer> {
    let before = old
        .map(|vault| vault.body["properties"].clone())
        .unwrap_or_default();
    let tenant = guid(&given["tenantId"], "tenantId")?;
    let mut built = json!({ "sku": sku(&given["sku"])?, "tenantId": tenant });
    if let Some(rules) = network_rules(call, &given["networkAcls"])? {
        json::set(&mut built, "networkAcls", rules);
    }
    json::set(
        &mut built,
        "accessPolicies",
        policies(call, given, &tenant)?,
    );
    for name in SWITCHES {
        match &given[*name] {
            Value::Bool(on) => json::set(&mut built, name, *on),
            Value::Null if *name == SWITCHES[0] => json::set(&mut built, name, false),
            Value::Null => {}
            _ => return Err(not_a("boolean", name)),
        }
    }
    soft_delete(given, &before, old.is_none(), &mut built)?;
    if let Some(on) = rbac(call, given, &before, old.is_none())? {
        json::set(&mut built, "enableRbacAuthorization", on);
    }
    purge_protection(given, &before, &mut built)?;
    json::set(
        &mut built,
        "vaultUri",
        format!("{}/", super::uri(call.target.name())),
    );
    json::set(&mut built, "provisioningState", "Succeeded");
    public_access(call, given, &before, &mut built)?;
    Ok(built)
}

fn sku(given: &Value) -> Result<Value, Answer> {
    let name = json::one_of(&given["name"], "sku.name", &["standard", "premium"])?;
    let family = json::one_of(&given["family"], "sku.family", &["A"])?;
    match (family, name) {
        (Some(family), Some(name)) => Ok(json!({ "family": family, "name": name })),
        _ => Err(bad_request(
            "The parameter sku is not specified: it needs 'family' and 'name'.",
        )),
    }
}

fn guid(given: &Value, property: &str) -> Result<String, Answer> {
    let text = json::text(given);
    if Uuid::try_parse(text).is_ok() && text.len() == 36 {
        return Ok(text.to_owned());
    }
    Err(bad_request(format!(
        "The parameter {property} is not specified or is not a GUID: '{text}'."
    )))
}

fn policies(call: &Call<'_>, given: &Value, tenant: &str) -> Result<Value, Answer> {
    let list = match &given["accessPolicies"] {
        Value::Array(list) => list.clone(),
        Value::Null if given["enableRbacAuthorization"] == true || rbac_by_default(call) => {
            Vec::new()
        }
        Value::Null => {
            return Err(bad_request(
                "The parameter accessPolicies is not specified.",
            ));
        }
        _ => return Err(not_a("list", "accessPolicies")),
    };
    let made: Result<Vec<Value>, Answer> = list.iter().map(|one| policy(one, tenant)).collect();
    made.map(Value::from)
}

/// One entry of `accessPolicies`; application ids come back in small letters.
///
/// # Errors
/// A missing id, another tenant, or permissions that are not lists of words.
pub(super) fn policy(given: &Value, tenant: &str) -> Result<Value, Answer> {
    let own = guid(&given["tenantId"], "accessPolicies.tenantId")?;
    if !json::same(&own, tenant) {
        return Err(bad_request(format!(
            "An invalid value was provided for 'accessPolicies': the tenant ID {own} is not the vault's, {tenant}."
        )));
    }
    let object = json::text(&given["objectId"]);
    if object.is_empty() {
        return Err(bad_request(
            "An invalid value was provided for 'accessPolicies': objectId is not specified.",
        ));
    }
    let mut made = json!({ "tenantId": own, "objectId": object });
    if let Some(application) = given["applicationId"].as_str() {
        json::set(&mut made, "applicationId", application.to_ascii_lowercase());
    }
    json::set(
        &mut made,
        "permissions",
        permissions(&given["permissions"])?,
    );
    Ok(made)
}

fn permissions(given: &Value) -> Result<Value, Answer> {
    let Some(all) = given.as_object() else {
        return Err(bad_request(
            "An invalid value was provided for 'accessPolicies': permissions is not specified.",
        ));
    };
    let mut made = json!({});
    for (what, words) in all {
        let known = ["keys", "secrets", "certificates", "storage"].contains(&what.as_str());
        match words {
            Value::Null => {}
            Value::Array(list) if known && list.iter().all(Value::is_string) => {
                json::set(&mut made, what, words.clone());
            }
            _ => {
                return Err(bad_request(format!(
                    "An invalid value was provided for 'accessPolicies': permissions.{what} must be a list of permissions."
                )));
            }
        }
    }
    Ok(made)
}

/// Soft delete cannot be turned off; its retention is said once, and shown when somebody said it or
/// when the request left soft delete to the service.
fn soft_delete(given: &Value, before: &Value, new: bool, built: &mut Value) -> Result<(), Answer> {
    let asked = &given["enableSoftDelete"];
    if !asked.is_null() && !asked.is_boolean() {
        return Err(not_a("boolean", "enableSoftDelete"));
    }
    if !new && *asked == false {
        return Err(bad_request(
            "The property \"enableSoftDelete\" can be set to false only for creating new vault. Enabling the 'soft delete' functionality is an irreversible action.",
        ));
    }
    json::set(built, "enableSoftDelete", true);
    let days = &given["softDeleteRetentionInDays"];
    let kept = &before["softDeleteRetentionInDays"];
    match (days.as_i64(), kept.as_i64()) {
        (Some(days), Some(kept)) if days != kept => Err(bad_request(
            "The property \"softDeleteRetentionInDays\" has been set already and it can't be modified.",
        )),
        (Some(days), _) if !(7..=90).contains(&days) => Err(bad_request(format!(
            "The property \"softDeleteRetentionInDays\" has an invalid value {days}: it must be between 7 and 90."
        ))),
        (Some(days), _) | (None, Some(days)) => {
            json::set(built, "softDeleteRetentionInDays", days);
            Ok(())
        }
        (None, None) if !days.is_null() => Err(not_a("number", "softDeleteRetentionInDays")),
        (None, None) => {
            if new && asked.is_null() {
                json::set(built, "softDeleteRetentionInDays", 90);
            }
            Ok(())
        }
    }
}

fn rbac_by_default(call: &Call<'_>) -> bool {
    call.api_version.as_str() >= RBAC_BY_DEFAULT_SINCE
}

fn rbac(call: &Call<'_>, given: &Value, before: &Value, new: bool) -> Result<Option<bool>, Answer> {
    match &given["enableRbacAuthorization"] {
        Value::Bool(on) => Ok(Some(*on)),
        Value::Null if new => Ok(rbac_by_default(call).then_some(true)),
        Value::Null => Ok(before["enableRbacAuthorization"].as_bool()),
        _ => Err(not_a("boolean", "enableRbacAuthorization")),
    }
}

fn purge_protection(given: &Value, before: &Value, built: &mut Value) -> Result<(), Answer> {
    match &given["enablePurgeProtection"] {
        Value::Bool(false) => Err(bad_request(
            "The property \"enablePurgeProtection\" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.",
        )),
        Value::Bool(true) => {
            json::set(built, "enablePurgeProtection", true);
            Ok(())
        }
        Value::Null => {
            if before["enablePurgeProtection"] == true {
                json::set(built, "enablePurgeProtection", true);
            }
            Ok(())
        }
        _ => Err(not_a("boolean", "enablePurgeProtection")),
    }
}

fn public_access(
    call: &Call<'_>,
    given: &Value,
    before: &Value,
    built: &mut Value,
) -> Result<(), Answer> {
    let asked = json::one_of(
        &given["publicNetworkAccess"],
        "publicNetworkAccess",
        &["Enabled", "Disabled"],
    )?;
    let kept = before["publicNetworkAccess"].as_str().map(str::to_owned);
    let value = asked.map(str::to_owned).or(kept);
    let speaks = call.api_version.as_str() >= PUBLIC_NETWORK_SINCE;
    if let Some(value) = value.or_else(|| speaks.then(|| "Enabled".to_owned())) {
        json::set(built, "publicNetworkAccess", value);
    }
    Ok(())
}

/// Rules as the service stores them; `None` for rules that let everybody in, which it does not answer.
fn network_rules(call: &Call<'_>, given: &Value) -> Result<Option<Value>, Answer> {
    if given.is_null() {
        return Ok(None);
    }
    let bypass = json::one_of(
        &given["bypass"],
        "networkAcls.bypass",
        &["AzureServices", "None"],
    )?;
    let action = json::one_of(
        &given["defaultAction"],
        "networkAcls.defaultAction",
        &["Allow", "Deny"],
    )?;
    let addresses: Result<Vec<Value>, Answer> = json::items(&given["ipRules"])
        .map(|rule| address(json::text(&rule["value"])))
        .collect();
    let subnets: Result<Vec<Value>, Answer> = json::items(&given["virtualNetworkRules"])
        .map(|rule| subnet(call, rule))
        .collect();
    let (addresses, subnets) = (addresses?, subnets?);
    let open = action != Some("Deny") && addresses.is_empty() && subnets.is_empty();
    if open && bypass != Some("None") {
        return Ok(None);
    }
    Ok(Some(json!({
        "bypass": bypass.unwrap_or("AzureServices"), "defaultAction": action.unwrap_or("Allow"),
        "ipRules": addresses, "virtualNetworkRules": subnets,
    })))
}

/// A single address is stored as a range of one.
fn address(given: &str) -> Result<Value, Answer> {
    let single = given.parse::<IpAddr>().map(IpNet::from).ok();
    match single.or_else(|| given.parse().ok()) {
        Some(range) => Ok(json!({ "value": range.to_string() })),
        None => Err(bad_request(format!(
            "An invalid value was provided for 'ipRules': '{given}' is neither an IPv4 address nor a range in CIDR notation."
        ))),
    }
}

fn subnet(call: &Call<'_>, rule: &Value) -> Result<Value, Answer> {
    let id = json::text(&rule["id"]);
    let found = call
        .world
        .get(id)
        .filter(|subnet| subnet.kind == crate::views::network_view::SUBNET);
    if found.is_none() {
        return Err(Answer::error(
            400,
            "VirtualNetworkNotValid",
            format!(
                "The virtual network rule of vault {} names the subnet '{id}', which does not exist.",
                call.target.name()
            ),
        ));
    }
    let mut made = json!({ "id": id.to_ascii_lowercase() });
    if let Some(ignore) = rule["ignoreMissingVnetServiceEndpoint"].as_bool() {
        json::set(&mut made, "ignoreMissingVnetServiceEndpoint", ignore);
    }
    Ok(made)
}

fn not_a(what: &str, property: &str) -> Answer {
    bad_request(format!("The property \"{property}\" must be a {what}."))
}
