//! Exchanging two deployment slots, and trying the exchange first.
//!
//! What an app *runs* changes places: image, stack, settings, connection strings, mounts, and with them
//! the running container. What belongs to the *address* stays: host names, identity, network, access
//! rules, scaling, publishing, and the settings that `slotConfigNames` or their name marks as sticky.
//! The lists are those of the App Service documentation.

use http::StatusCode;
use serde_json::{Value, json};

use super::naming::AppName;
use super::{containers, sites};
use crate::arm::lro::{self, Effect};
use crate::arm::{Answer, Call, json};
use crate::wire::dialect::Dialect;
use crate::world::{Resource, World};

/// 202 with `Location` only, below the resource itself, ending in the resource.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "Web",
    status: "{resource}/operationstatuses",
    result: "{resource}/operationresults",
    ..Dialect::USUAL
};

/// Properties of `config/web` that stay with a slot.
const STICKY_CONFIG: [&str; 19] = [
    "alwaysOn",
    "scmType",
    "autoSwapSlotName",
    "ipSecurityRestrictions",
    "ipSecurityRestrictionsDefaultAction",
    "scmIpSecurityRestrictions",
    "scmIpSecurityRestrictionsDefaultAction",
    "scmIpSecurityRestrictionsUseMain",
    "cors",
    "publicNetworkAccess",
    "vnetName",
    "vnetRouteAllEnabled",
    "numberOfWorkers",
    "minTlsVersion",
    "scmMinTlsVersion",
    "minTlsCipherSuite",
    "experiments",
    "keyVaultReferenceIdentity",
    "acrUserManagedIdentityID",
];
/// Parts of the private half of an app that stay with a slot.
const STICKY_PRIVATE: [&str; 6] = [
    "publishingPassword",
    "publishingPolicies",
    "slotConfigNames",
    "sourceControl",
    "config:logs",
    "appliedFrom",
];
/// Named values, and the list of `slotConfigNames` that marks them.
const NAMED: [(&str, &str); 3] = [
    ("appSettings", "appSettingNames"),
    ("connectionStrings", "connectionStringNames"),
    ("azureStorageAccounts", "azureStorageConfigNames"),
];

/// The slot that the request's `targetSlot` names; `production` is the site itself.
fn target(call: &Call<'_>, app: &Resource) -> Result<Resource, Answer> {
    let wanted = json::text(&call.object()?["targetSlot"]).to_owned();
    let missing = |what: String| Err(Answer::web(404, "NotFound", what));
    let Some(site) = sites::production_of(call.world, app) else {
        return missing(format!("The site of '{}' is gone.", app.name()));
    };
    if wanted.is_empty() || json::same(&wanted, "production") {
        return Ok(site);
    }
    match call.world.get(&format!("{}/slots/{wanted}", site.id)) {
        Some(slot) => Ok(slot),
        None => missing(format!(
            "Cannot find slot '{wanted}' of site '{}'.",
            site.name()
        )),
    }
}

/// `POST …/slotsswap`: 202, and `Location` answers the source slot at the end.
pub(super) fn swap(call: &Call<'_>, app: &Resource) -> Result<Answer, Answer> {
    let other = target(call, app)?;
    if json::same(&app.id, &other.id) {
        let message = format!(
            "Slot '{}' cannot be swapped with itself.",
            AppName::of(app).shown()
        );
        return Err(Answer::web(400, "BadRequest", message));
    }
    let (mut source, mut destination) = (unapplied(app), unapplied(&other));
    let sticky = sticky_names(call.world, app);
    exchange(&mut source, &mut destination, &sticky);
    containers::exchange(call.world, &source, &destination);
    let status = json!({
        "timestampUtc": call.now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "sourceSlotName": slot_name(app), "destinationSlotName": slot_name(&other),
    });
    for mut one in [source, destination] {
        let properties = &mut one.body["properties"];
        json::set(properties, "slotSwapStatus", status.clone());
        json::set(properties, "targetSwapSlot", Value::Null);
        sites::refresh_kind(call.world, &mut one);
        call.world.put(one);
    }
    let addresses = lro::start(call, &DIALECT, Effect::Nothing);
    Ok(Answer::empty(StatusCode::ACCEPTED)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}

/// How `slotSwapStatus` calls a slot.
fn slot_name(app: &Resource) -> String {
    AppName::of(app)
        .slot
        .unwrap_or_else(|| "Production".to_owned())
}

/// The names that stay, of each list, from the production site.
fn sticky_names(world: &World, app: &Resource) -> Value {
    sites::production_of(world, app)
        .map(|site| site.private["slotConfigNames"].clone())
        .unwrap_or_default()
}

fn is_sticky(sticky: &Value, list: &str, name: &str) -> bool {
    let marked = json::items(&sticky[list]).any(|one| json::same(json::text(one), name));
    marked || name.to_ascii_uppercase().ends_with("_EXTENSION_VERSION")
}

fn exchange(left: &mut Resource, right: &mut Resource, sticky: &Value) {
    let (before_left, before_right) = (left.private.clone(), right.private.clone());
    left.private = moved(&before_left, &before_right, sticky);
    right.private = moved(&before_right, &before_left, sticky);
}

/// The private half of an app that keeps what is sticky and takes the rest from the other one.
fn moved(own: &Value, other: &Value, sticky: &Value) -> Value {
    let mut result = other.clone();
    for key in STICKY_PRIVATE {
        keep(&mut result, own, key);
    }
    for key in STICKY_CONFIG {
        keep(&mut result["config"], &own["config"], key);
    }
    // The platform rewrites this one on both sides.
    json::set(
        &mut result["config"],
        "azureMonitorLogCategories",
        json!([""]),
    );
    let preload = result["config"]["alwaysOn"] == true;
    if let Some(first) = result["config"].pointer_mut("/virtualApplications/0") {
        json::set(first, "preloadEnabled", preload);
    }
    for (map, list) in NAMED {
        let values = named(&own[map], &other[map], |name| is_sticky(sticky, list, name));
        json::set(&mut result, map, values);
    }
    result
}

fn keep(result: &mut Value, own: &Value, key: &str) {
    match own.get(key) {
        Some(value) => json::set(result, key, value.clone()),
        None => {
            json::unset(result, key);
        }
    }
}

/// The other one's values, but the sticky ones are one's own.
fn named(own: &Value, other: &Value, stays: impl Fn(&str) -> bool) -> Value {
    let mut values = json!({});
    let pick = |from: &Value, sticky: bool, into: &mut Value| {
        for (name, value) in from.as_object().into_iter().flatten() {
            if stays(name) == sticky {
                json::set(into, name, value.clone());
            }
        }
    };
    pick(other, false, &mut values);
    pick(own, true, &mut values);
    values
}

/// `POST …/applySlotConfig`: the first half of a swap with preview. The slot gets the target's sticky
/// settings and restarts; the target shows who wants its place.
pub(super) fn apply_config(call: &Call<'_>, app: &Resource) -> Result<Answer, Answer> {
    let other = target(call, app)?;
    let sticky = sticky_names(call.world, app);
    let mut before = json!({});
    for (map, list) in NAMED {
        json::set(&mut before, map, app.private[map].clone());
        let values = named(&other.private[map], &app.private[map], |name| {
            is_sticky(&sticky, list, name)
        });
        call.world.update(&app.id, |app| {
            json::set(&mut app.private, map, values);
        });
    }
    call.world.update(&app.id, |app| {
        json::set(&mut app.private, "appliedFrom", before);
    });
    call.world.update(&other.id, |other| {
        json::set(
            &mut other.body["properties"],
            "targetSwapSlot",
            slot_name(app),
        );
    });
    Ok(Answer::empty(StatusCode::OK))
}

/// `POST …/resetSlotConfig`: takes the preview back, on every slot that has one.
pub(super) fn reset_config(call: &Call<'_>, app: &Resource) -> Answer {
    let site = sites::production_of(call.world, app);
    let site = site.map_or_else(|| app.id.clone(), |site| site.id);
    let apps = call.world.under(&site).into_iter();
    let apps = apps.chain(call.world.get(&site));
    for one in apps.filter(|one| [sites::KIND, sites::SLOT_KIND].contains(&one.kind.as_str())) {
        let mut reset = unapplied(&one);
        json::set(&mut reset.body["properties"], "targetSwapSlot", Value::Null);
        call.world.put(reset);
    }
    Answer::empty(StatusCode::OK)
}

/// The app as it was before a preview gave it another slot's settings.
fn unapplied(app: &Resource) -> Resource {
    let mut app = app.clone();
    if let Some(before) = json::unset(&mut app.private, "appliedFrom") {
        for (map, values) in before.as_object().into_iter().flatten() {
            json::set(&mut app.private, map, values.clone());
        }
    }
    app
}

/// `POST …/slotsdiffs`: what a swap would change.
pub(super) fn differences(call: &Call<'_>, app: &Resource) -> Result<Answer, Answer> {
    let other = target(call, app)?;
    let sticky = sticky_names(call.world, app);
    let mut rows = Vec::new();
    let mut row = |setting: &str, name: &str, rule: &str, left: &Value, right: &Value| {
        if left == right {
            return;
        }
        rows.push(json!({
            "id": null, "name": name, "type": "Microsoft.Web/sites/slotsdiffs",
            "properties": { "level": "Information", "settingType": setting, "settingName": name, "diffRule": rule,
                "valueInCurrentSlot": left, "valueInTargetSlot": right, "description": format!("'{name}' differs between the slots.") },
        }));
    };
    for (map, list) in NAMED {
        let (left, right) = (&app.private[map], &other.private[map]);
        let names = [left, right]
            .into_iter()
            .filter_map(Value::as_object)
            .flat_map(|all| all.keys());
        let mut names: Vec<&String> = names.collect();
        names.sort();
        names.dedup();
        for name in names {
            let rule = if is_sticky(&sticky, list, name) {
                "SettingsWillBeStickyToSlot"
            } else {
                "SettingsWillBeSwapped"
            };
            let known = |side: &Value| json!(if side[name].is_null() { "" } else { "(set)" });
            if left[name] != right[name] {
                let (a, b) = (known(left), known(right));
                let b = if a == b { json!("(other)") } else { b };
                row(map, name, rule, &a, &b);
            }
        }
    }
    let stack = |app: &Resource| app.private["config"]["linuxFxVersion"].clone();
    row(
        "General",
        "linuxFxVersion",
        "SettingsWillBeSwapped",
        &stack(app),
        &stack(&other),
    );
    Ok(super::listing(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(id: &str, private: Value) -> Resource {
        Resource {
            id: id.into(),
            kind: sites::KIND.into(),
            body: json!({}),
            private,
        }
    }

    #[test]
    fn what_runs_changes_places_and_what_is_sticky_stays() {
        let mut site = app(
            "/sites/web",
            json!({
                "config": { "linuxFxVersion": "DOCKER|v1", "alwaysOn": true }, "publishingPassword": "site",
                "appSettings": { "A": "1", "S": "site" }, "connectionStrings": { "c": 1 },
                "container": { "running": "v1" },
            }),
        );
        let mut slot = app(
            "/sites/web/slots/staging",
            json!({
                "config": { "linuxFxVersion": "DOCKER|v2", "alwaysOn": false }, "publishingPassword": "slot",
                "appSettings": { "A": "2", "FUNCTIONS_EXTENSION_VERSION": "~4" }, "connectionStrings": {},
                "container": { "running": "v2" },
            }),
        );
        let sticky = json!({ "appSettingNames": ["s"], "connectionStringNames": null });
        exchange(&mut slot, &mut site, &sticky);
        let check = |app: &Resource, image: &str, always: bool, settings: Value, user: &str| {
            assert_eq!(app.private["config"]["linuxFxVersion"], image);
            assert_eq!(app.private["config"]["alwaysOn"], always);
            assert_eq!(app.private["appSettings"], settings);
            assert_eq!(app.private["publishingPassword"], user);
        };
        check(
            &site,
            "DOCKER|v2",
            true,
            json!({ "A": "2", "S": "site" }),
            "site",
        );
        check(
            &slot,
            "DOCKER|v1",
            false,
            json!({ "A": "1", "FUNCTIONS_EXTENSION_VERSION": "~4" }),
            "slot",
        );
        assert_eq!(site.private["container"]["running"], "v2");
        assert_eq!(slot.private["connectionStrings"], json!({ "c": 1 }));
    }
}
