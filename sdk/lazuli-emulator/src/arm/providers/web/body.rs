//! What an app's properties become: the caller's wishes, and what Azure makes itself.

use serde_json::{Value, json};
use uuid::Uuid;

use super::naming::AppName;
use super::plans;
use super::traits::Traits;
use crate::arm::{Call, json};
use crate::world::Resource;

/// The three places where one setting about traffic stands: site flag and `outboundVnetRouting`.
pub(super) const ROUTING: [(&str, &str); 4] = [
    ("vnetRouteAllEnabled", "applicationTraffic"),
    ("vnetImagePullEnabled", "imagePullTraffic"),
    ("vnetContentShareEnabled", "contentShareTraffic"),
    ("vnetBackupRestoreEnabled", "backupRestoreTraffic"),
];

/// Takes over what a caller can set; nulls and read-only properties in the request do not count.
pub(super) fn apply(properties: &mut Value, given: &Value) {
    const READ_ONLY: [&str; 14] = [
        "siteConfig",
        "serverFarmId",
        "reserved",
        "isXenon",
        "hyperV",
        "usageState",
        "availabilityState",
        "sslCertificates",
        "inProgressOperationId",
        "defaultHostNameScope",
        "redundancyMode",
        "eligibleLogCategories",
        "inFlightFeatures",
        "outboundVnetRouting",
    ];
    let before = properties.clone();
    let known: Vec<String> = properties
        .as_object()
        .map(|all| all.keys().cloned().collect())
        .unwrap_or_default();
    for key in known
        .iter()
        .filter(|key| !READ_ONLY.contains(&key.as_str()))
    {
        if !given[key].is_null() {
            json::set(properties, key, given[key].clone());
        }
    }
    // An empty subnet id ends the integration; null means "as it was".
    if properties["virtualNetworkSubnetId"] == "" {
        json::set(properties, "virtualNetworkSubnetId", Value::Null);
    }
    route(properties, &before, given);
}

/// A flag and its twin in `outboundVnetRouting` follow the one that the request changes.
fn route(properties: &mut Value, before: &Value, given: &Value) {
    let mut routing = before["outboundVnetRouting"].clone();
    json::overlay(&mut routing, &given["outboundVnetRouting"]);
    for (flag, word) in ROUTING {
        let old = before["outboundVnetRouting"][word] == true;
        let in_routing = given["outboundVnetRouting"][word].as_bool();
        let in_flag = given[flag].as_bool();
        let wanted = in_routing
            .filter(|new| *new != old)
            .or(in_flag)
            .or(in_routing)
            .unwrap_or(old);
        json::set(&mut routing, word, wanted);
        json::set(properties, flag, wanted);
    }
    json::set(properties, "outboundVnetRouting", routing);
}

/// A slot that copies its site joins the site's network as well.
pub(super) fn take_network(properties: &mut Value, site: &Value) {
    for key in ["virtualNetworkSubnetId", "outboundVnetRouting"]
        .into_iter()
        .chain(ROUTING.map(|(flag, _)| flag))
    {
        json::set(properties, key, site[key].clone());
    }
}

/// `siteConfig.vnetRouteAllEnabled` is the same setting again.
pub(super) fn sync_route_all(private: &mut Value, properties: &mut Value, given: &Value) {
    if let Some(wanted) = given["siteConfig"]["vnetRouteAllEnabled"].as_bool() {
        json::set(properties, "vnetRouteAllEnabled", wanted);
        json::set(
            &mut properties["outboundVnetRouting"],
            "applicationTraffic",
            wanted,
        );
    }
    let route_all = properties["vnetRouteAllEnabled"].clone();
    json::set(&mut private["config"], "vnetRouteAllEnabled", route_all);
}

/// What Azure makes itself: names and hosts, addresses, the plan's traits.
pub(super) fn compute(
    call: &Call<'_>,
    properties: &mut Value,
    plan: &Resource,
    traits: &Traits,
    config: &Value,
) {
    let name = AppName::of_target(&call.target);
    let parts = [
        names(&name),
        place(call, &name, plan, traits),
        addresses(call),
        state(call, properties, config, traits),
    ];
    for part in &parts {
        for (key, value) in part.as_object().into_iter().flatten() {
            json::set(properties, key, value.clone());
        }
    }
}

fn names(name: &AppName) -> Value {
    let (host, scm) = (name.host(), name.scm_host());
    let ssl = |name: &str, kind: &str| {
        json!({
            "name": name, "sslState": "Disabled", "ipBasedSslResult": null, "virtualIP": null, "virtualIPv6": null, "thumbprint": null,
            "certificateResourceId": null, "toUpdate": null, "toUpdateIpBasedSsl": null, "ipBasedSslState": "NotConfigured", "hostType": kind,
        })
    };
    let user = name.user();
    json!({
        "name": name.shown(), "hostNames": [host], "enabledHostNames": [host, scm], "repositorySiteName": name.site,
        "hostNameSslStates": [ssl(&host, "Standard"), ssl(&scm, "Repository")], "defaultHostName": host, "hostNamePrivateStates": [],
        "deploymentId": user, "ftpUsername": format!("{user}\\${user}"),
        "ftpsHostName": "ftps://waws-prod-emu-001.ftp.azurewebsites.windows.net/site/wwwroot", "homeStamp": "waws-prod-emu-001",
    })
}

fn place(call: &Call<'_>, name: &AppName, plan: &Resource, traits: &Traits) -> Value {
    let group = call.target.group().unwrap_or_default();
    let display = plan.text("/location").unwrap_or_default();
    let space = plans::web_space(group, display, traits.linux, traits.hyper_v);
    let subscription = &call.world.settings().subscription;
    let hash = |space: &Uuid| Uuid::new_v5(space, subscription.as_bytes()).simple();
    let verification = format!(
        "{}{}",
        hash(&Uuid::NAMESPACE_OID),
        hash(&Uuid::NAMESPACE_DNS)
    );
    json!({
        "webSpace": space, "resourceGroup": group, "customDomainVerificationId": verification.to_uppercase(),
        "selfLink": format!(
            "https://waws-prod-emu-001.api.azurewebsites.windows.net:454/subscriptions/{subscription}/webspaces/{space}/sites/{}",
            name.site
        ),
        "serverFarmId": plan.id, "sku": plan.body["sku"]["tier"], "reserved": traits.linux, "isXenon": traits.hyper_v,
        "hyperV": traits.hyper_v,
    })
}

/// Made-up addresses, of a range that is Azure's; the same app has the same ones.
fn addresses(call: &Call<'_>) -> Value {
    let id = call.id().to_ascii_lowercase();
    let last = Uuid::new_v5(&Uuid::NAMESPACE_URL, id.as_bytes()).as_bytes()[0];
    let inbound = format!("20.69.0.{last}");
    let outbound = format!("20.69.1.{last},20.69.2.{last},20.69.3.{last},{inbound}");
    let (inbound6, outbound6) = ("2603:1030:504:3::3", "2603:1030:501::44d");
    json!({
        "inboundIpAddress": inbound, "possibleInboundIpAddresses": inbound, "inboundIpv6Address": inbound6,
        "possibleInboundIpv6Addresses": inbound6, "outboundIpAddresses": outbound, "possibleOutboundIpAddresses": outbound,
        "outboundIpv6Addresses": outbound6, "possibleOutboundIpv6Addresses": outbound6,
    })
}

/// A disabled app is `Disabled`, a stopped one stays `Stopped`.
fn state(call: &Call<'_>, properties: &Value, config: &Value, traits: &Traits) -> Value {
    let state = match properties["state"].as_str() {
        _ if properties["enabled"] == false => "Disabled",
        Some("Stopped") => "Stopped",
        _ => "Running",
    };
    json!({
        "state": state, "lastModifiedTimeUtc": plans::timestamp(call), "eligibleLogCategories": traits.log_categories(),
        "siteProperties": { "metadata": null, "properties": stacks(config), "appSettings": null },
    })
}

/// The stacks as `siteProperties` repeats them.
pub(super) fn stacks(config: &Value) -> Value {
    json!([
        { "name": "LinuxFxVersion", "value": config["linuxFxVersion"] },
        { "name": "WindowsFxVersion", "value": config["windowsFxVersion"] },
    ])
}

#[cfg(test)]
mod tests {
    use super::super::sites::DEFAULTS;
    use super::*;

    #[test]
    fn routing_follows_the_side_that_changed() {
        let start: Value = serde_json::from_str(DEFAULTS).expect("defaults are JSON");
        let check = |given: Value, expect: bool| {
            let mut properties = start.clone();
            apply(&mut properties, &given);
            assert_eq!(properties["vnetRouteAllEnabled"], expect, "{given}");
            assert_eq!(
                properties["outboundVnetRouting"]["applicationTraffic"], expect,
                "{given}"
            );
        };
        check(json!({ "vnetRouteAllEnabled": true }), true);
        check(
            json!({ "vnetRouteAllEnabled": false, "outboundVnetRouting": { "applicationTraffic": true } }),
            true,
        );
        check(
            json!({ "vnetRouteAllEnabled": true, "outboundVnetRouting": { "applicationTraffic": false } }),
            true,
        );
        check(json!({}), false);
    }
}
