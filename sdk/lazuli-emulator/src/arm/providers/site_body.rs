//! What a site's properties become: the caller's wishes, and what Azure makes itself.

use serde_json::{Value, json};
use uuid::Uuid;

use super::plans;
use crate::arm::{Call, json};
use crate::world::Resource;

/// The three places where one wish about traffic stands: site flag and `outboundVnetRouting`.
const ROUTING: [(&str, &str); 4] = [
    ("vnetRouteAllEnabled", "applicationTraffic"),
    ("vnetImagePullEnabled", "imagePullTraffic"),
    ("vnetContentShareEnabled", "contentShareTraffic"),
    ("vnetBackupRestoreEnabled", "backupRestoreTraffic"),
];

/// Takes over what a caller can set; nulls and read-only properties in the request do not count.
pub(crate) fn apply(properties: &mut Value, given: &Value) {
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

/// `siteConfig.vnetRouteAllEnabled` is the same wish again.
pub(crate) fn sync_route_all(private: &mut Value, properties: &mut Value, given: &Value) {
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

pub(crate) fn kind(wanted: Option<&str>, linux: bool, config: &Value) -> String {
    let wanted = wanted.unwrap_or_default().to_lowercase();
    let base = match () {
        () if wanted.contains("workflowapp") => "functionapp,workflowapp",
        () if wanted.contains("functionapp") => "functionapp",
        () => "app",
    };
    let stack = json::text(&config["linuxFxVersion"]).to_uppercase();
    let container = ["DOCKER|", "COMPOSE|", "KUBE|", "SITECONTAINERS"]
        .iter()
        .any(|prefix| stack.starts_with(prefix));
    let windows_container = config["windowsFxVersion"]
        .as_str()
        .is_some_and(|stack| !stack.is_empty());
    match (linux, container) {
        (true, true) => format!("{base},linux,container"),
        (true, false) => format!("{base},linux"),
        _ if windows_container => format!("{base},container,windows"),
        _ => base.to_owned(),
    }
}

/// What Azure makes itself: host names, addresses, the plan's traits.
pub(crate) fn compute(
    call: &Call<'_>,
    existing: Option<&Resource>,
    properties: &mut Value,
    plan: &Resource,
    private: &Value,
) {
    let name = call.target.name();
    let (host, scm) = (
        format!("{}.azurewebsites.net", name.to_lowercase()),
        format!("{}.scm.azurewebsites.net", name.to_lowercase()),
    );
    let linux = plan.at("/properties/reserved") == Some(&Value::Bool(true));
    let display = plan.text("/location").unwrap_or_default();
    let space = plans::web_space(call.target.group().unwrap_or_default(), display, linux);
    let subscription = &call.world.settings().subscription;
    let last = Uuid::new_v5(
        &Uuid::NAMESPACE_URL,
        call.id().to_ascii_lowercase().as_bytes(),
    )
    .as_bytes()[0];
    let inbound = format!("20.69.0.{last}");
    let outbound = format!("20.69.1.{last},20.69.2.{last},20.69.3.{last},{inbound}");
    let ssl = |name: &str, kind: &str| {
        json!({
            "name": name, "sslState": "Disabled", "ipBasedSslResult": null, "virtualIP": null, "virtualIPv6": null, "thumbprint": null,
            "certificateResourceId": null, "toUpdate": null, "toUpdateIpBasedSsl": null, "ipBasedSslState": "NotConfigured", "hostType": kind,
        })
    };
    let state = existing
        .and_then(|old| old.text("/properties/state"))
        .unwrap_or("Running")
        .to_owned();
    let verification = format!(
        "{}{}",
        Uuid::new_v5(&Uuid::NAMESPACE_OID, subscription.as_bytes()).simple(),
        Uuid::new_v5(&Uuid::NAMESPACE_DNS, subscription.as_bytes()).simple()
    )
    .to_uppercase();
    let computed = json!({
        "name": name, "state": state, "hostNames": [host], "webSpace": space,
        "selfLink": format!("https://waws-prod-emu-001.api.azurewebsites.windows.net:454/subscriptions/{subscription}/webspaces/{space}/sites/{name}"),
        "repositorySiteName": name, "enabledHostNames": [host, scm], "hostNameSslStates": [ssl(&host, "Standard"), ssl(&scm, "Repository")],
        "siteProperties": { "metadata": null, "properties": [
            { "name": "LinuxFxVersion", "value": private["config"]["linuxFxVersion"] },
            { "name": "WindowsFxVersion", "value": private["config"]["windowsFxVersion"] },
        ], "appSettings": null },
        "serverFarmId": plan.id, "reserved": linux, "isXenon": plan.body["properties"]["isXenon"], "hyperV": plan.body["properties"]["hyperV"],
        "lastModifiedTimeUtc": plans::timestamp(), "deploymentId": name, "sku": plan.body["sku"]["tier"], "customDomainVerificationId": verification,
        "inboundIpAddress": inbound, "possibleInboundIpAddresses": inbound, "inboundIpv6Address": "2603:1030:504:3::3",
        "possibleInboundIpv6Addresses": "2603:1030:504:3::3", "ftpUsername": format!("{name}\\${name}"),
        "ftpsHostName": "ftps://waws-prod-emu-001.ftp.azurewebsites.windows.net/site/wwwroot",
        "outboundIpAddresses": outbound, "possibleOutboundIpAddresses": outbound, "outboundIpv6Addresses": "2603:1030:501::44d",
        "possibleOutboundIpv6Addresses": "2603:1030:501::44d", "homeStamp": "waws-prod-emu-001", "resourceGroup": call.target.group(),
        "defaultHostName": host,
    });
    for (key, value) in computed.as_object().into_iter().flatten() {
        json::set(properties, key, value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::providers::sites::DEFAULTS;

    #[test]
    fn kinds_follow_platform_and_stack() {
        let check = |wanted: Option<&str>, linux: bool, stack: &str, expect: &str| {
            assert_eq!(
                kind(wanted, linux, &json!({ "linuxFxVersion": stack })),
                expect
            );
        };
        check(None, true, "DOCKER|nginx", "app,linux,container");
        check(Some("app"), true, "NODE|20-lts", "app,linux");
        check(
            Some("functionapp"),
            true,
            "DOCKER|x",
            "functionapp,linux,container",
        );
        check(None, false, "", "app");
    }

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
