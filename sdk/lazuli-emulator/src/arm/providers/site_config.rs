//! `sites/config/*`: the configuration of a site under its many addresses.
//!
//! `config/web`, the site's `siteConfig` and `config/appsettings` are views of the site's private
//! part. App settings are never read with GET, only with `POST …/list`, and a PUT replaces them all.

use serde_json::{Value, json};
use uuid::Uuid;

use super::sites;
use crate::arm::{Answer, Call, errors, json};
use crate::world::Resource;

const DEFAULTS: &str = include_str!("defaults/config_web.json");

/// Settings kept as objects of names, and where they live in the private part.
const MAPS: [(&str, &str); 4] = [
    ("appsettings", "appSettings"),
    ("connectionstrings", "connectionStrings"),
    ("metadata", "metadata"),
    ("azurestorageaccounts", "azureStorageAccounts"),
];
const SLOT_NAMES: [&str; 3] = [
    "connectionStringNames",
    "appSettingNames",
    "azureStorageConfigNames",
];

/// The private part of a new site.
pub(crate) fn new_private() -> Value {
    let config: Value = serde_json::from_str(DEFAULTS).unwrap_or_else(|_| json!({}));
    json!({
        "config": config, "appSettings": {}, "connectionStrings": {}, "metadata": {}, "azureStorageAccounts": {},
        "slotConfigNames": {}, "restarts": 0, "containerLog": [], "publishingPassword": Uuid::new_v4().simple().to_string(),
    })
}

/// Lays a `siteConfig` (or the properties of `config/web`) on the private part.
pub(crate) fn apply(private: &mut Value, given: &Value) -> Result<(), Answer> {
    if given.is_null() {
        return Ok(());
    }
    if !given.is_object() {
        return Err(errors::invalid_content(
            "The request content was invalid and could not be deserialized: 'siteConfig' must be an object.",
        ));
    }
    let mut given = given.clone();
    if let Some(settings) = json::unset(&mut given, "appSettings").filter(Value::is_array) {
        json::set(
            private,
            "appSettings",
            named(&settings, |one| one["value"].clone()),
        );
    }
    if let Some(strings) = json::unset(&mut given, "connectionStrings").filter(Value::is_array) {
        let value = |one: &Value| json!({ "value": one["connectionString"], "type": one["type"] });
        json::set(private, "connectionStrings", named(&strings, value));
    }
    json::unset(&mut given, "metadata");
    // The summary in a site's PUT answer shows an empty stack; sent back, it means "as it was".
    if given["linuxFxVersion"] == "" {
        json::unset(&mut given, "linuxFxVersion");
    }
    // App Service answers the version of the runtime, not the one that was asked for.
    if json::text(&given["netFrameworkVersion"]).starts_with("v4") {
        json::set(&mut given, "netFrameworkVersion", "v4.0");
    }
    json::overlay(&mut private["config"], &given);
    let preload = private["config"]["alwaysOn"] == true;
    if let Some(first) = private["config"].pointer_mut("/virtualApplications/0") {
        json::set(first, "preloadEnabled", preload);
    }
    Ok(())
}

fn named(list: &Value, value: impl Fn(&Value) -> Value) -> Value {
    let mut map = json!({});
    for one in json::items(list) {
        json::set(&mut map, json::text(&one["name"]), value(one));
    }
    map
}

fn part(call: &Call<'_>) -> String {
    call.target.name().to_ascii_lowercase()
}

pub(crate) fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    let site = sites::site_of(call)?;
    match part(call).as_str() {
        "web" => Ok(Answer::ok(web(call, &site, "Microsoft.Web/sites/config"))),
        "slotconfignames" => Ok(Answer::ok(slot_names(&site))),
        "logs" => Ok(Answer::ok(envelope(&site, "logs", logs(&site)))),
        part if MAPS.iter().any(|(known, _)| *known == part) => {
            let message = format!(
                "The '{part}' of a site are read with POST {}/list.",
                call.id()
            );
            Err(Answer::web(405, "MethodNotAllowed", message))
        }
        other => Err(errors::not_modelled(&format!(
            "The site configuration '{other}'"
        ))),
    }
}

pub(crate) fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let site = sites::site_of(call)?;
    Ok(Answer::list(vec![web(
        call,
        &site,
        "Microsoft.Web/sites/config",
    )]))
}

pub(crate) fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let site = sites::site_of(call)?;
    let given = json::properties(call.object()?)?;
    let part = part(call);
    if let Some((_, key)) = MAPS.iter().find(|(known, _)| *known == part) {
        let settings = checked_map(&part, &given)?;
        call.world.update(&site.id, |site| {
            json::set(&mut site.private, key, settings.clone())
        });
        return Ok(Answer::ok(envelope(&site, &part, settings)).with("etag", sites::new_etag()));
    }
    match part.as_str() {
        "web" => write_web(call, &site, &given, "Microsoft.Web/sites/config"),
        "slotconfignames" => {
            let mut names = json!({});
            for name in SLOT_NAMES {
                let list = if given[name].is_array() {
                    given[name].clone()
                } else {
                    json!([])
                };
                json::set(&mut names, name, list);
            }
            call.world.update(&site.id, |site| {
                json::set(&mut site.private, "slotConfigNames", names)
            });
            Ok(Answer::ok(slot_names(&sites::site_of(call)?)))
        }
        "logs" => {
            let mut all = logs(&site);
            json::overlay(&mut all, &given);
            call.world.update(&site.id, |site| {
                json::set(&mut site.private, "logs", all.clone())
            });
            Ok(Answer::ok(envelope(&site, "logs", all)))
        }
        other => Err(errors::not_modelled(&format!(
            "The site configuration '{other}'"
        ))),
    }
}

pub(crate) fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let site = sites::site_of(call)?;
    let given = json::properties(call.object()?)?;
    match part(call).as_str() {
        // The answer to this PATCH calls itself a site.
        "web" => write_web(call, &site, &given, "Microsoft.Web/sites"),
        _ => Err(errors::method_not_allowed(
            &call.incoming.method,
            "Microsoft.Web/sites/config",
        )),
    }
}

fn write_web(
    call: &Call<'_>,
    site: &Resource,
    given: &Value,
    kind: &str,
) -> Result<Answer, Answer> {
    let mut private = site.private.clone();
    apply(&mut private, given)?;
    if private["config"]["remoteDebuggingVersion"].is_null() {
        json::set(&mut private["config"], "remoteDebuggingVersion", "VS2019");
    }
    call.world.update(&site.id, |site| {
        site.private = private;
        sites::refresh_kind(site);
        if let Some(route_all) = given["vnetRouteAllEnabled"].as_bool() {
            json::set(
                &mut site.body["properties"],
                "vnetRouteAllEnabled",
                route_all,
            );
            json::set(
                &mut site.body["properties"]["outboundVnetRouting"],
                "applicationTraffic",
                route_all,
            );
        }
    });
    let site = sites::site_of(call)?;
    Ok(Answer::ok(web(call, &site, kind)).with("etag", sites::new_etag()))
}

/// Values of app settings are strings; null and numbers are what clients get wrong.
fn checked_map(part: &str, given: &Value) -> Result<Value, Answer> {
    let mut checked = given.clone();
    for (name, value) in given.as_object().into_iter().flatten() {
        match (part, value) {
            ("appsettings" | "metadata", Value::Number(_) | Value::Bool(_)) => {
                json::set(&mut checked, name, value.to_string())
            }
            ("appsettings" | "metadata", Value::Object(_) | Value::Array(_)) => {
                return Err(Answer::web(
                    400,
                    "BadRequest",
                    format!("The setting '{name}' must be a string."),
                ));
            }
            _ => {}
        }
    }
    Ok(checked)
}

/// `config/web`, which names itself after the site.
fn web(call: &Call<'_>, site: &Resource, kind: &str) -> Value {
    let mut properties = site.private["config"].clone();
    json::set(
        &mut properties,
        "publishingUsername",
        format!("${}", site.name()),
    );
    if let Some(subnet) = site.text("/properties/virtualNetworkSubnetId") {
        json::set(
            &mut properties,
            "vnetName",
            super::site_network::connection_name(call.world, subnet),
        );
    }
    let id = if kind == "Microsoft.Web/sites" {
        site.id.clone()
    } else {
        format!("{}/config/web", site.id)
    };
    let mut body =
        json!({ "id": id, "name": site.name(), "type": kind, "location": site.body["location"] });
    if let Some(tags) = site.at("/tags") {
        json::set(&mut body, "tags", tags.clone());
    }
    json::set(&mut body, "properties", properties);
    body
}

/// slotConfigNames has no id and calls itself a site.
fn slot_names(site: &Resource) -> Value {
    let stored = &site.private["slotConfigNames"];
    let properties = json!({
        "connectionStringNames": stored["connectionStringNames"], "appSettingNames": stored["appSettingNames"],
        "azureStorageConfigNames": stored["azureStorageConfigNames"],
    });
    json!({ "id": null, "name": site.name(), "type": "Microsoft.Web/sites", "location": site.body["location"], "properties": properties })
}

fn logs(site: &Resource) -> Value {
    if site.private["logs"].is_object() {
        return site.private["logs"].clone();
    }
    json!({
        "applicationLogs": {
            "fileSystem": { "level": "Off" }, "azureTableStorage": { "level": "Off", "sasUrl": null },
            "azureBlobStorage": { "level": "Off", "sasUrl": null, "retentionInDays": null },
        },
        "httpLogs": {
            "fileSystem": { "retentionInMb": 35, "retentionInDays": null, "enabled": false },
            "azureBlobStorage": { "sasUrl": null, "retentionInDays": null, "enabled": false },
        },
        "failedRequestsTracing": { "enabled": false }, "detailedErrorMessages": { "enabled": false },
    })
}

fn envelope(site: &Resource, part: &str, properties: Value) -> Value {
    let mut body = json!({
        "id": format!("{}/config/{part}", site.id), "name": part, "type": "Microsoft.Web/sites/config", "location": site.body["location"],
    });
    if let Some(tags) = site.at("/tags") {
        json::set(&mut body, "tags", tags.clone());
    }
    json::set(&mut body, "properties", properties);
    body
}

/// `POST …/config/{part}/list`
pub(crate) fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let site = sites::site_of(call)?;
    let part = part(call);
    if !json::same(word, "list") {
        return Err(errors::not_modelled(&format!(
            "The action '{word}' of the site configuration '{part}'"
        )));
    }
    if let Some((_, key)) = MAPS.iter().find(|(known, _)| *known == part) {
        return Ok(Answer::ok(envelope(
            &site,
            &part,
            site.private[*key].clone(),
        )));
    }
    match part.as_str() {
        "publishingcredentials" => {
            let scm = format!("https://{}.scm.azurewebsites.net", site.name());
            let properties = json!({
                "name": null, "publishingUserName": format!("${}", site.name()), "publishingPassword": site.private["publishingPassword"],
                "publishingPasswordHash": null, "publishingPasswordHashSalt": null, "metadata": null, "isDeleted": false, "scmUri": scm,
            });
            let mut body = envelope(&site, "publishingcredentials", properties);
            json::set(
                &mut body,
                "id",
                format!("{}/publishingcredentials/${}", site.id, site.name()),
            );
            json::set(
                &mut body,
                "type",
                "Microsoft.Web/sites/publishingcredentials",
            );
            Ok(Answer::ok(body))
        }
        other => Err(errors::not_modelled(&format!(
            "The list of the site configuration '{other}'"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_inside_site_config_replace_and_nulls_do_not_count() {
        let mut private = new_private();
        let first = json!({ "appSettings": [{ "name": "A", "value": "1" }], "linuxFxVersion": "DOCKER|x", "alwaysOn": true });
        apply(&mut private, &first).expect("valid");
        assert_eq!(private["appSettings"], json!({ "A": "1" }));
        assert_eq!(
            private["config"]["virtualApplications"][0]["preloadEnabled"],
            true
        );
        apply(
            &mut private,
            &json!({ "appSettings": null, "linuxFxVersion": "", "minTlsVersion": null }),
        )
        .expect("valid");
        assert_eq!(private["appSettings"], json!({ "A": "1" }));
        assert_eq!(private["config"]["linuxFxVersion"], "DOCKER|x");
        assert_eq!(private["config"]["minTlsVersion"], "1.2");
        assert!(apply(&mut private, &json!(3)).is_err());
    }

    #[test]
    fn scalar_settings_become_strings() {
        assert_eq!(
            checked_map("appsettings", &json!({ "A": 1, "B": true })),
            Ok(json!({ "A": "1", "B": "true" }))
        );
        assert!(checked_map("appsettings", &json!({ "A": {} })).is_err());
    }
}
