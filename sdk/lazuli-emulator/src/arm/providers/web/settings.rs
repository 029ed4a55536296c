//! App settings, connection strings and other named values: read only with `POST …/list`, replaced as a
//! whole by PUT. And `slotConfigNames`: which of them stay with a slot when slots are exchanged.

use serde_json::{Value, json};

use super::config::envelope;
use super::naming::AppName;
use super::sites;
use crate::arm::{Answer, Call, json};
use crate::web::key_vault;
use crate::web::site::Site;
use crate::world::Resource;

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

fn key(part: &str) -> Option<&'static str> {
    MAPS.iter()
        .find(|(known, _)| *known == part)
        .map(|(_, key)| *key)
}

pub(super) fn is_map(part: &str) -> bool {
    key(part).is_some()
}

/// Moves the lists of settings inside a `siteConfig` to where settings live.
pub(super) fn take(private: &mut Value, given: &mut Value) {
    if let Some(list) = json::unset(given, "appSettings").filter(Value::is_array) {
        let value = |one: &Value| json!(json::text(&one["value"]));
        json::set(private, "appSettings", named(&list, value));
    }
    if let Some(list) = json::unset(given, "connectionStrings").filter(Value::is_array) {
        let value = |one: &Value| json!({ "value": one["connectionString"], "type": one["type"] });
        json::set(private, "connectionStrings", named(&list, value));
    }
    // A mount replaces the one of its name; the rest is managed by `config/azurestorageaccounts`.
    if let Some(mounts) = json::unset(given, "azureStorageAccounts").filter(Value::is_object) {
        json::overlay(&mut private["azureStorageAccounts"], &mounts);
    }
}

fn named(list: &Value, value: impl Fn(&Value) -> Value) -> Value {
    let mut map = json!({});
    for one in json::items(list) {
        json::set(&mut map, json::text(&one["name"]), value(one));
    }
    map
}

pub(super) fn put(
    call: &Call<'_>,
    app: &Resource,
    part: &str,
    given: &Value,
) -> Result<Answer, Answer> {
    let checked = checked(part, given)?;
    let key = key(part).unwrap_or("appSettings");
    call.world.update(&app.id, |app| {
        json::set(&mut app.private, key, checked.clone())
    });
    Ok(Answer::ok(envelope(app, part, part, checked)).with("etag", sites::new_etag(call)))
}

pub(super) fn list(app: &Resource, part: &str) -> Answer {
    let key = key(part).unwrap_or("appSettings");
    Answer::ok(envelope(app, part, part, app.private[key].clone()))
}

/// Values of app settings are strings; null and numbers are what clients get wrong.
fn checked(part: &str, given: &Value) -> Result<Value, Answer> {
    let mut checked = given.clone();
    if part == "azurestorageaccounts" {
        mount(&mut checked);
    }
    if !["appsettings", "metadata"].contains(&part) {
        return Ok(checked);
    }
    for (name, value) in given.as_object().into_iter().flatten() {
        match value {
            Value::String(_) => {}
            Value::Null => json::set(&mut checked, name, ""),
            Value::Number(_) | Value::Bool(_) => json::set(&mut checked, name, value.to_string()),
            Value::Object(_) | Value::Array(_) => {
                let message = format!("The setting '{name}' must be a string.");
                return Err(Answer::web(400, "BadRequest", message));
            }
        }
    }
    Ok(checked)
}

/// What App Service says of a mount by itself. Nothing is mounted here, and nobody tries the key.
fn mount(mounts: &mut Value) {
    for mount in mounts
        .as_object_mut()
        .into_iter()
        .flatten()
        .map(|(_, mount)| mount)
    {
        let protocol = match json::text(&mount["type"]) {
            "AzureBlob" => "Http",
            _ => "Smb",
        };
        if mount["protocol"].is_null() {
            json::set(mount, "protocol", protocol);
        }
        json::set(mount, "state", "Ok");
    }
}

/// Sticky names are the production site's, also when a slot is asked. The answer has no id and calls
/// itself a site.
pub(super) fn slot_names(call: &Call<'_>, app: &Resource) -> Result<Answer, Answer> {
    let site = sites::production_of(call.world, app).ok_or_else(|| call.not_found())?;
    let stored = &site.private["slotConfigNames"];
    let mut properties = json!({});
    for name in SLOT_NAMES {
        json::set(&mut properties, name, stored[name].clone());
    }
    let name = AppName::of(&site).site;
    Ok(Answer::ok(
        json!({ "id": null, "name": name, "type": sites::KIND, "location": site.body["location"], "properties": properties }),
    ))
}

pub(super) fn put_slot_names(
    call: &Call<'_>,
    app: &Resource,
    given: &Value,
) -> Result<Answer, Answer> {
    let site = sites::production_of(call.world, app).ok_or_else(|| call.not_found())?;
    let mut names = json!({});
    for name in SLOT_NAMES {
        let list = given[name].as_array().cloned().unwrap_or_default();
        json::set(&mut names, name, list);
    }
    call.world.update(&site.id, |site| {
        json::set(&mut site.private, "slotConfigNames", names)
    });
    slot_names(call, app)
}

/// `config/configreferences/appsettings`: what became of settings that refer to a Key Vault.
pub(super) fn references(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    if !json::same(call.target.name(), "configreferences") {
        return Err(call.not_found());
    }
    let Some(site) = Site::get(call.world, &app.id) else {
        return Err(call.not_found());
    };
    let settings = app.private["appSettings"].as_object();
    let rows = settings.into_iter().flatten().filter_map(|(name, value)| {
        let found = key_vault::judge(call.world, &site, value.as_str()?)?;
        let id = format!("{}/config/configreferences/appsettings/{name}", app.id);
        Some(
            json!({ "id": id, "name": name, "type": "Microsoft.Web/sites/config/configreferences", "location": app.body["location"], "properties": found.to_json() }),
        )
    });
    Ok(super::listing(rows.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalar_settings_become_strings() {
        let given = json!({ "A": 1, "B": true, "C": null, "D": "d" });
        let expect = json!({ "A": "1", "B": "true", "C": "", "D": "d" });
        assert_eq!(checked("appsettings", &given), Ok(expect));
        assert!(checked("appsettings", &json!({ "A": {} })).is_err());
        let string = json!({ "A": { "value": "x", "type": "MySql" } });
        assert_eq!(checked("connectionstrings", &string), Ok(string.clone()));
    }
}
