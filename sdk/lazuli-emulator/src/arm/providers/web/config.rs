//! `sites/config/*`: the configuration of an app under its many addresses.
//!
//! `config/web` and the app's `siteConfig` are two views of the app's private part. This file routes by
//! the part's name and knows `config/web`; `settings`, `parts` and `publishing` know the others.

use serde_json::{Value, json};

use super::naming::AppName;
use super::traits::Traits;
use super::{network, parts, publishing, settings, sites};
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, errors, json};
use crate::world::Resource;

pub(super) const KIND: &str = "Microsoft.Web/sites/config";
pub(super) const KINDS: [Kind; 4] = [
    config_kind(KIND),
    config_kind("Microsoft.Web/sites/slots/config"),
    Kind {
        list: Some(settings::references),
        ..Kind::new("Microsoft.Web/sites/config/appsettings")
    },
    Kind {
        list: Some(settings::references),
        ..Kind::new("Microsoft.Web/sites/slots/config/appsettings")
    },
];

const fn config_kind(name: &'static str) -> Kind {
    Kind {
        put: Some(put),
        patch: Some(patch),
        get: Some(get),
        list: Some(list),
        delete: Some(delete),
        action: Some(action),
        ..Kind::new(name)
    }
}

const DEFAULTS: &str = include_str!("defaults/config_web.json");
/// The name of a rule is made of these when the platform adds it at the end of a list.
const LAST_PRIORITY: u64 = 2_147_483_647;

/// The private part of a new app.
pub(super) fn new_private(call: &Call<'_>, traits: &Traits) -> Value {
    let mut config: Value = serde_json::from_str(DEFAULTS).unwrap_or_else(|_| json!({}));
    for (name, value) in traits.config().as_object().into_iter().flatten() {
        json::set(&mut config, name, value.clone());
    }
    json!({
        "config": config, "appSettings": {}, "connectionStrings": {}, "metadata": {}, "azureStorageAccounts": {},
        "slotConfigNames": {}, "restarts": 0, "containerLog": [], "publishingPassword": call.uuid().simple().to_string(),
    })
}

/// The private part of a slot that starts as a copy of its site; what ran there does not run here yet.
pub(super) fn cloned_private(call: &Call<'_>, site: &Value) -> Value {
    let mut private = json!({
        "metadata": {}, "slotConfigNames": {}, "restarts": 0, "containerLog": [],
        "publishingPassword": call.uuid().simple().to_string(),
    });
    for key in [
        "config",
        "appSettings",
        "connectionStrings",
        "azureStorageAccounts",
    ] {
        json::set(&mut private, key, site[key].clone());
    }
    private
}

/// The settings a new app has without its creator's doing.
pub(super) fn fill_settings(private: &mut Value, traits: &Traits) {
    for (name, value) in traits.app_settings() {
        if private["appSettings"][name].is_null() {
            json::set(&mut private["appSettings"], name, *value);
        }
    }
}

/// The restriction list of an app that restricts nothing.
pub(super) fn open_door() -> Value {
    json!([{ "ipAddress": "Any", "action": "Allow", "priority": LAST_PRIORITY, "name": "Allow all", "description": "Allow all access" }])
}

/// Lays a `siteConfig` (or the properties of `config/web`) on the private part.
///
/// # Errors
/// When it is not an object.
pub(super) fn apply(private: &mut Value, given: &Value) -> Result<(), Answer> {
    if given.is_null() {
        return Ok(());
    }
    if !given.is_object() {
        return Err(errors::invalid_content(
            "The request content was invalid and could not be deserialized: 'siteConfig' must be an object.",
        ));
    }
    let mut given = given.clone();
    settings::take(private, &mut given);
    json::unset(&mut given, "metadata");
    // The summary in a site's PUT answer shows an empty stack; sent back, it means "as it was".
    if given["linuxFxVersion"] == "" {
        json::unset(&mut given, "linuxFxVersion");
    }
    // App Service answers the version of the runtime, not the one that was asked for.
    if json::text(&given["netFrameworkVersion"]).starts_with("v4") {
        json::set(&mut given, "netFrameworkVersion", "v4.0");
    }
    for list in ["ipSecurityRestrictions", "scmIpSecurityRestrictions"] {
        if given[list].is_array() {
            let rules = restrictions(&given[list]);
            json::set(&mut given, list, rules);
        }
    }
    json::overlay(&mut private["config"], &given);
    complete(&mut private["config"]);
    Ok(())
}

/// Properties that follow from others, and what the platform fills in inside of lists.
fn complete(config: &mut Value) {
    let preload = config["alwaysOn"] == true;
    if let Some(applications) = config["virtualApplications"].as_array_mut() {
        for (at, one) in applications.iter_mut().enumerate() {
            if one["virtualDirectories"].is_null() {
                json::set(one, "virtualDirectories", Value::Null);
            }
            if at == 0 {
                json::set(one, "preloadEnabled", preload);
            }
        }
    }
    if config["cors"].is_object() && config["cors"]["supportCredentials"].is_null() {
        json::set(&mut config["cors"], "supportCredentials", false);
    }
    if config["requestTracingEnabled"] == true {
        json::set(
            config,
            "requestTracingExpirationTime",
            "9999-12-31T23:59:00Z",
        );
    } else {
        json::unset(config, "requestTracingExpirationTime");
    }
}

/// Rules in the order they are asked, with the platform's own last one: who restricts anything denies
/// the rest, who restricts nothing lets everybody in.
fn restrictions(given: &Value) -> Value {
    let own = |rule: &&Value| {
        rule["ipAddress"] == "Any" && rule["priority"].as_u64() == Some(LAST_PRIORITY)
    };
    let mut rules: Vec<Value> = json::items(given)
        .filter(|rule| !own(rule))
        .cloned()
        .collect();
    if rules.is_empty() {
        return open_door();
    }
    for rule in &mut rules {
        // The Azure CLI sends it as text; the service reads a number all the same.
        let number = rule["priority"].as_str().map(str::parse::<u64>);
        if let Some(Ok(number)) = number {
            json::set(rule, "priority", number);
        }
    }
    rules.sort_by_key(|rule| rule["priority"].as_u64().unwrap_or(LAST_PRIORITY));
    rules.push(json!({ "ipAddress": "Any", "action": "Deny", "priority": LAST_PRIORITY, "name": "Deny all", "description": "Deny all access" }));
    Value::Array(rules)
}

/// The part's name as clients write it, in lower case.
pub(super) fn part(call: &Call<'_>) -> String {
    call.target.name().to_ascii_lowercase()
}

fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    match part(call).as_str() {
        "web" => Ok(Answer::ok(web(call, &app))),
        "slotconfignames" => settings::slot_names(call, &app),
        part if settings::is_map(part) => Err(only_by_list(call, part)),
        part => parts::get(call, &app, part),
    }
}

/// Whatever may hold secrets is read with POST, so that a reader's role does not see it.
pub(super) fn only_by_list(call: &Call<'_>, part: &str) -> Answer {
    let message = format!(
        "The '{part}' of a site are read with POST {}/list.",
        call.id()
    );
    Answer::web(405, "MethodNotAllowed", message)
}

fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    Ok(super::listing(vec![web(call, &app)]))
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    let given = json::properties(call.object()?)?;
    match part(call).as_str() {
        "web" => write_web(call, &app, &given),
        "slotconfignames" => settings::put_slot_names(call, &app, &given),
        part if settings::is_map(part) => settings::put(call, &app, part, &given),
        part => parts::put(call, &app, part, &given),
    }
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    let given = json::properties(call.object()?)?;
    match part(call).as_str() {
        "web" => write_web(call, &app, &given),
        _ => Err(errors::method_not_allowed(&call.incoming.method, KIND)),
    }
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    parts::delete(call, &app, &part(call))
}

/// `POST …/config/{part}/list`
fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    let part = part(call);
    if !json::same(word, "list") {
        return Err(errors::not_modelled(&format!(
            "The action '{word}' of the site configuration '{part}'"
        )));
    }
    match part.as_str() {
        part if settings::is_map(part) => Ok(settings::list(&app, part)),
        "publishingcredentials" => Ok(publishing::credentials(&app)),
        part => parts::list(&app, part),
    }
}

fn write_web(call: &Call<'_>, app: &Resource, given: &Value) -> Result<Answer, Answer> {
    let mut private = app.private.clone();
    apply(&mut private, given)?;
    let plan = app.text("/properties/serverFarmId").unwrap_or_default();
    if let Some(plan) = call.world.get(plan) {
        sites::check_config(&private["config"], &plan)?;
    }
    if private["config"]["remoteDebuggingVersion"].is_null() {
        json::set(&mut private["config"], "remoteDebuggingVersion", "VS2019");
    }
    let mut changed = app.clone();
    changed.private = private;
    sites::refresh_kind(call.world, &mut changed);
    if let Some(route_all) = given["vnetRouteAllEnabled"].as_bool() {
        let properties = &mut changed.body["properties"];
        json::set(properties, "vnetRouteAllEnabled", route_all);
        json::set(
            &mut properties["outboundVnetRouting"],
            "applicationTraffic",
            route_all,
        );
    }
    call.world.put(changed.clone());
    let mut shown = web(call, &changed);
    // What a write answers calls itself the app.
    json::set(&mut shown, "id", changed.id.clone());
    json::set(&mut shown, "name", AppName::of(&changed).resource());
    json::set(&mut shown, "type", changed.kind.clone());
    Ok(Answer::ok(shown).with("etag", sites::new_etag(call)))
}

/// `config/web`, which names itself after the site.
fn web(call: &Call<'_>, app: &Resource) -> Value {
    let name = AppName::of(app);
    let mut properties = app.private["config"].clone();
    json::set(
        &mut properties,
        "publishingUsername",
        format!("${}", name.user()),
    );
    if let Some(subnet) = app.text("/properties/virtualNetworkSubnetId") {
        let connection = network::connection_name(call.world, subnet);
        json::set(&mut properties, "vnetName", connection);
    }
    envelope(app, "web", &name.site, properties)
}

/// The resource around a part of the configuration; slots do not show in its type.
pub(super) fn envelope(app: &Resource, part: &str, name: &str, properties: Value) -> Value {
    let mut body = json!({
        "id": format!("{}/config/{part}", app.id), "name": name, "type": KIND, "location": app.body["location"],
    });
    if let Some(tags) = app.at("/tags") {
        json::set(&mut body, "tags", tags.clone());
    }
    json::set(&mut body, "properties", properties);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private() -> Value {
        let config: Value = serde_json::from_str(DEFAULTS).expect("defaults are JSON");
        json!({ "config": config, "appSettings": {}, "connectionStrings": {} })
    }

    #[test]
    fn settings_inside_site_config_replace_and_nulls_do_not_count() {
        let mut private = private();
        let first = json!({ "appSettings": [{ "name": "A", "value": "1" }, { "name": "B" }], "linuxFxVersion": "DOCKER|x", "alwaysOn": true });
        apply(&mut private, &first).expect("valid");
        assert_eq!(private["appSettings"], json!({ "A": "1", "B": "" }));
        assert_eq!(
            private["config"]["virtualApplications"][0]["preloadEnabled"],
            true
        );
        apply(
            &mut private,
            &json!({ "appSettings": null, "linuxFxVersion": "", "minTlsVersion": null }),
        )
        .expect("valid");
        assert_eq!(private["appSettings"], json!({ "A": "1", "B": "" }));
        assert_eq!(private["config"]["linuxFxVersion"], "DOCKER|x");
        assert_eq!(private["config"]["minTlsVersion"], "1.2");
        assert!(apply(&mut private, &json!(3)).is_err());
    }

    #[test]
    fn restrictions_end_with_the_platforms_own_rule() {
        let rule = json!({ "ipAddress": "130.220.0.0/27", "action": "Allow", "priority": 200, "name": "d" });
        let check = |given: Value, count: usize, last: &str| {
            let mut private = private();
            apply(&mut private, &json!({ "ipSecurityRestrictions": given })).expect("valid");
            let rules = &private["config"]["ipSecurityRestrictions"];
            assert_eq!(rules.as_array().map(Vec::len), Some(count), "{rules}");
            assert_eq!(rules[count - 1]["name"], last);
        };
        check(json!([]), 1, "Allow all");
        check(open_door(), 1, "Allow all");
        check(json!([rule]), 2, "Deny all");
        check(json!([open_door()[0], rule]), 2, "Deny all");
    }

    #[test]
    fn priorities_are_numbers_and_rules_stand_in_their_order() {
        let mut private = private();
        let rule = |name: &str, priority: Value| json!({ "ipAddress": "130.220.0.0/27", "action": "Allow", "priority": priority, "name": name });
        let given = json!([
            rule("second", "200".into()),
            rule("first", "100".into()),
            rule("third", 300.into())
        ]);
        apply(&mut private, &json!({ "ipSecurityRestrictions": given })).expect("valid");
        let rules = json::items(&private["config"]["ipSecurityRestrictions"]);
        let shown: Vec<_> = rules
            .map(|rule| (json::text(&rule["name"]), rule["priority"].as_u64()))
            .collect();
        let expect = [
            ("first", 100),
            ("second", 200),
            ("third", 300),
            ("Deny all", LAST_PRIORITY),
        ];
        assert_eq!(shown, expect.map(|(name, priority)| (name, Some(priority))));
    }

    #[test]
    fn lists_are_completed() {
        let mut private = private();
        let given = json!({
            "virtualApplications": [{ "virtualPath": "/", "physicalPath": "site\\wwwroot" }],
            "cors": { "allowedOrigins": ["https://x"] }, "requestTracingEnabled": true,
        });
        apply(&mut private, &given).expect("valid");
        let config = &private["config"];
        assert!(
            config["virtualApplications"][0]
                .as_object()
                .is_some_and(|one| one.contains_key("virtualDirectories"))
        );
        assert_eq!(config["cors"]["supportCredentials"], false);
        assert_eq!(
            config["requestTracingExpirationTime"],
            "9999-12-31T23:59:00Z"
        );
    }
}
