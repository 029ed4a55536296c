//! `Microsoft.Web/serverfarms`: App Service plans. PUT takes its time and answers 200.

use http::StatusCode;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{actions, listing, sites, skus};
use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::{Answer, Body, Call, errors, ids, json};
use crate::wire::locations;
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Web/serverfarms";
pub(super) const KINDS: [Kind; 2] = [
    Kind {
        put: Some(put),
        patch: Some(patch),
        get: Some(get),
        list: Some(list),
        delete: Some(delete),
        action: Some(action),
        view: Some(view),
        ..Kind::new(KIND)
    },
    Kind {
        list: Some(plan_sites),
        ..Kind::new("Microsoft.Web/serverfarms/sites")
    },
];

/// Properties every plan has.
const DEFAULTS: &str = include_str!("defaults/plan.json");
/// What a caller can set besides SKU and platform.
const SETTABLE: [&str; 7] = [
    "perSiteScaling",
    "elasticScaleEnabled",
    "maximumElasticWorkerCount",
    "isSpot",
    "targetWorkerCount",
    "targetWorkerSizeId",
    "zoneRedundant",
];
/// Basic plans on Linux are free for this long.
const FREE_DAYS: i64 = 30;

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let given = json::properties(body)?;
    check_name(call.target.name())?;
    let stored = existing.as_ref().map(|old| old.body["sku"].clone());
    let sku = skus::choose(&body["sku"], &stored.unwrap_or_default())?;
    check_change(call, existing.as_ref(), &given, &sku)?;
    let stored = build(call, existing.as_ref(), &location, &given, &sku);
    call.world.put(stored.clone());
    let mut shown = lifecycle::present(call.world, &stored);
    let given = body["location"].as_str().unwrap_or(&location);
    lie(&mut shown, given, sku, existing.is_none());
    Ok(Answer::ok(shown).with("etag", sites::new_etag(call)))
}

/// The answer to a PUT has the location as given, the SKU twice, and no workers yet for a new plan.
fn lie(shown: &mut Value, location: &str, sku: Value, new: bool) {
    json::set(shown, "location", location);
    json::set(&mut shown["properties"], "sku", sku);
    if new {
        json::set(&mut shown["properties"], "maximumNumberOfWorkers", 0);
        json::set(&mut shown["properties"], "vnetConnectionsUsed", Value::Null);
        json::set(&mut shown["properties"], "vnetConnectionsMax", Value::Null);
    }
}

fn check_name(name: &str) -> Result<(), Answer> {
    let good = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if (1..=60).contains(&name.len()) && name.chars().all(good) {
        return Ok(());
    }
    let message = format!(
        "The parameter name has an invalid value: '{name}' must be 1 to 60 letters, digits, '-' and '_'."
    );
    Err(Answer::web(400, "BadRequest", message))
}

/// A plan keeps its platform, and cannot lose what its sites use.
fn check_change(
    call: &Call<'_>,
    existing: Option<&Resource>,
    given: &Value,
    sku: &Value,
) -> Result<(), Answer> {
    let Some(old) = existing else { return Ok(()) };
    let conflict = |message: String| Err(Answer::web(409, "Conflict", message));
    if let (Some(Value::Bool(before)), Some(after)) =
        (old.at("/properties/reserved"), given["reserved"].as_bool())
        && *before != after
    {
        return conflict(
            "The plan cannot be changed between Linux and Windows; create a new plan.".into(),
        );
    }
    let tier = skus::find(json::text(&sku["name"])).map(|(_, tier)| tier);
    let narrow = tier.is_some_and(|tier| tier.is_shared() || tier.is_consumption());
    let integrated = sites::all_on_plan(call.world, &old.id)
        .into_iter()
        .find(|site| site.text("/properties/virtualNetworkSubnetId").is_some());
    match integrated.filter(|_| narrow) {
        Some(site) => conflict(format!(
            "The plan '{}' cannot be scaled to {}: site '{}' is integrated in a virtual network.",
            old.name(),
            json::text(&sku["name"]),
            site.name()
        )),
        None => Ok(()),
    }
}

fn build(
    call: &Call<'_>,
    existing: Option<&Resource>,
    location: &str,
    given: &Value,
    sku: &Value,
) -> Resource {
    let old = existing
        .map(|old| old.body["properties"].clone())
        .unwrap_or_default();
    let mut properties: Value = serde_json::from_str(DEFAULTS).unwrap_or_else(|_| json!({}));
    json::overlay(&mut properties, &old);
    for key in SETTABLE {
        json::overlay(&mut properties[key], &given[key]);
    }
    json::overlay(&mut properties, &platform(call, &old, location, given, sku));
    scale(&mut properties, sku);
    if given["perSiteScaling"] == true {
        json::set(&mut properties, "targetWorkerSku", "");
    }
    let tags = call
        .tags()
        .or_else(|| existing.and_then(|old| old.at("/tags").cloned()));
    json::set(&mut properties, "tags", tags.clone().unwrap_or(Value::Null));
    let mut body = json!({
        "id": call.id(), "name": call.target.name(), "type": KIND, "kind": properties["kind"],
        "location": locations::display_name(location),
    });
    if let Some(tags) = tags {
        json::set(&mut body, "tags", tags);
    }
    json::set(&mut body, "properties", properties);
    json::set(&mut body, "sku", sku.clone());
    Resource {
        id: call.id(),
        kind: KIND.into(),
        body,
        private: Value::Null,
    }
}

/// Who and where a plan is, and on which platform.
fn platform(call: &Call<'_>, old: &Value, location: &str, given: &Value, sku: &Value) -> Value {
    let wished = |key: &str| given[key].as_bool().or(old[key].as_bool()).unwrap_or(false);
    let (linux, hyper_v) = (wished("reserved"), wished("hyperV") || wished("isXenon"));
    let display = locations::display_name(location);
    let number = farm_number(&call.id());
    let created = old["createdTime"]
        .as_str()
        .map_or_else(|| timestamp(call), str::to_owned);
    let mut made = json!({
        "serverFarmId": number, "name": call.target.name(), "subscription": call.world.settings().subscription,
        "webSpace": web_space(call.target.group().unwrap_or_default(), &display, linux, hyper_v),
        "geoRegion": display, "kind": kind(json::text(&sku["tier"]), linux, hyper_v),
        "resourceGroup": call.target.group(), "reserved": linux, "isXenon": hyper_v, "hyperV": hyper_v,
        "mdmId": format!("waws-prod-emu-001_{number}"), "createdTime": created,
    });
    if linux && sku["name"] == "B1" && old["freeOfferExpirationTime"].is_null() {
        let end = call.now().checked_add((FREE_DAYS * 24).hours());
        json::set(
            &mut made,
            "freeOfferExpirationTime",
            end.map(stamp).unwrap_or_default(),
        );
    }
    made
}

fn kind(tier: &str, linux: bool, hyper_v: bool) -> &'static str {
    match (tier, linux, hyper_v) {
        ("ElasticPremium" | "WorkflowStandard", ..) => "elastic",
        ("Dynamic", false, _) => "functionapp",
        (_, true, _) => "linux",
        (_, _, true) => "windows",
        _ => "app",
    }
}

/// What follows from the SKU.
fn scale(properties: &mut Value, sku: &Value) {
    let Some((name, tier)) = skus::find(json::text(&sku["name"])) else {
        return;
    };
    let (size, size_id) = tier.size(name);
    let workers = sku["capacity"].clone();
    let elastic = tier.is_elastic() || properties["elasticScaleEnabled"] == true;
    let compute = if tier.is_shared() {
        "Shared"
    } else if tier.is_consumption() {
        "Dynamic"
    } else {
        "Dedicated"
    };
    let mode = match tier.tier {
        "Free" => json!("Limited"),
        "Shared" => json!("Basic"),
        _ => Value::Null,
    };
    let zones = if tier.tier == "Free" { (3, 0) } else { (1, 1) };
    let made = json!({
        "workerSize": size, "workerSizeId": size_id, "currentWorkerSize": size, "currentWorkerSizeId": size_id,
        "numberOfWorkers": workers, "currentNumberOfWorkers": workers, "computeMode": compute, "siteMode": mode,
        "elasticScaleEnabled": elastic, "maximumNumberOfZones": zones.0, "currentNumberOfZonesUtilized": zones.1,
    });
    for (key, value) in made.as_object().into_iter().flatten() {
        json::set(properties, key, value.clone());
    }
    // The elastic maximum is never below the workers a plan always has.
    let least = workers.as_u64().unwrap_or_default().max(1);
    if properties["maximumElasticWorkerCount"]
        .as_u64()
        .is_some_and(|most| most < least)
    {
        json::set(properties, "maximumElasticWorkerCount", least);
    }
}

/// `{group}-{Region}webspace[-Linux|-Xenon]`
pub(super) fn web_space(group: &str, display: &str, linux: bool, hyper_v: bool) -> String {
    let region: String = display.split_whitespace().collect();
    let suffix = match (linux, hyper_v) {
        (true, _) => "-Linux",
        (_, true) => "-Xenon",
        _ => "",
    };
    format!("{group}-{region}webspace{suffix}")
}

fn farm_number(id: &str) -> u64 {
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_URL, id.to_ascii_lowercase().as_bytes());
    10_000 + digest.as_u64_pair().0 % 50_000
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let sku = skus::choose(&call.body["sku"], &existing.body["sku"])?;
    let given = json::properties(&call.body)?;
    check_change(call, Some(&existing), &given, &sku)?;
    let location = existing.text("/location").unwrap_or_default().to_owned();
    let stored = build(call, Some(&existing), &location, &given, &sku);
    call.world.put(stored.clone());
    Ok(lifecycle::shown(call.world, &stored))
}

fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    match call.existing() {
        Some(plan) => Ok(lifecycle::shown(call.world, &plan)),
        // ARM spells the type with a capital F when it misses one.
        None => Err(errors::resource_not_found(
            "Microsoft.Web/serverFarms",
            &call.target.names,
            call.target.group(),
        )),
    }
}

fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let plans = call.world.under(&call.target.scope).into_iter();
    let plans = plans.filter(|plan| plan.kind == KIND);
    Ok(listing(
        plans
            .map(|plan| lifecycle::present(call.world, &plan))
            .collect(),
    ))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let Some(plan) = call.existing() else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    let apps = sites::on_plan(call.world, &plan.id);
    if !apps.is_empty() {
        let names: Vec<&str> = apps.iter().map(Resource::name).collect();
        let message = format!(
            "Server farm '{}' cannot be deleted because it has web app(s) {} assigned to it.",
            plan.name(),
            names.join(", ")
        );
        return Err(Answer::web(409, "Conflict", message));
    }
    lifecycle::remove(call.world, &plan.id);
    Ok(Answer::empty(StatusCode::OK))
}

/// `POST …/restartSites`: every app on the plan, slots included.
fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let plan = call.required()?;
    if !json::same(word, "restartSites") {
        return Err(errors::not_modelled(&format!(
            "The action '{word}' of an App Service plan"
        )));
    }
    for app in sites::all_on_plan(call.world, &plan.id) {
        actions::restart(call, &app.id);
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn plan_sites(call: &Call<'_>) -> Result<Answer, Answer> {
    let plan = call.world.get(&call.id()).ok_or_else(|| call.not_found())?;
    let apps = sites::on_plan(call.world, &plan.id);
    Ok(listing(
        apps.iter().map(|site| sites::shown(call, site)).collect(),
    ))
}

fn view(world: &World, body: &mut Value) {
    let id = json::text(&body["id"]).to_owned();
    let apps = sites::all_on_plan(world, &id);
    let mut subnets: Vec<String> = apps
        .iter()
        .filter_map(|site| {
            site.text("/properties/virtualNetworkSubnetId")
                .map(str::to_ascii_lowercase)
        })
        .collect();
    subnets.sort();
    subnets.dedup();
    let workers = skus::find(json::text(&body["sku"]["name"])).map_or(0, |(_, tier)| tier.workers);
    let properties = &mut body["properties"];
    json::set(properties, "numberOfSites", apps.len());
    json::set(properties, "vnetConnectionsUsed", subnets.len());
    json::set(properties, "maximumNumberOfWorkers", workers);
}

/// A plan by full id, or by bare name in the caller's group, as App Service accepts it.
pub(super) fn resolve(call: &Call<'_>, given: &str) -> Result<Resource, Answer> {
    let id = if given.contains('/') {
        ids::normalise(given, call.world)
    } else {
        let group = ids::group_id(&call.id()).unwrap_or_default();
        format!("{group}/providers/{KIND}/{given}")
    };
    let found = call.world.get(&id).filter(|plan| plan.kind == KIND);
    found.ok_or_else(|| missing(ids::name_of(given)))
}

fn missing(name: &str) -> Answer {
    let message = format!("Cannot find serverFarm with name {name}.");
    let mut answer = Answer::web(404, "NotFound", message);
    if let Body::Json(body) = &mut answer.body
        && let Some(entity) = body.pointer_mut("/Details/2/ErrorEntity")
    {
        json::set(entity, "ExtendedCode", "51004");
        json::set(entity, "MessageTemplate", "Cannot find {0} with name {1}.");
        json::set(entity, "Parameters", json!(["serverFarm", name]));
    }
    answer
}

/// The Consumption plan that App Service makes for a function app without one, one per region,
/// platform and group.
pub(super) fn consumption(call: &Call<'_>, location: &str, linux: bool) -> Resource {
    let region: String = locations::display_name(location)
        .split_whitespace()
        .collect();
    let name = format!("{region}{}Plan", if linux { "LinuxDynamic" } else { "" });
    let group = ids::group_id(&call.id()).unwrap_or_default();
    let id = format!("{group}/providers/{KIND}/{name}");
    if let Some(plan) = call.world.get(&id) {
        return plan;
    }
    let target = ids::Target {
        scope: group,
        kind: KIND.into(),
        names: vec![name],
        word: None,
    };
    let own = Call {
        world: call.world,
        conditions: call.conditions,
        incoming: call.incoming,
        target,
        api_version: call.api_version.clone(),
        body: Value::Null,
        caller: call.caller.clone(),
    };
    let sku = skus::choose(&json!({ "name": "Y1" }), &Value::Null).unwrap_or_default();
    let plan = build(&own, None, location, &json!({ "reserved": linux }), &sku);
    call.world.put(plan.clone());
    plan
}

/// Now, as App Service prints times.
pub(super) fn timestamp(call: &Call<'_>) -> String {
    stamp(call.now())
}

fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%7f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_spaces() {
        let check = |linux: bool, hyper_v: bool, expect: &str| {
            assert_eq!(web_space("g", "West Central US", linux, hyper_v), expect);
        };
        check(true, false, "g-WestCentralUSwebspace-Linux");
        check(false, true, "g-WestCentralUSwebspace-Xenon");
        check(false, false, "g-WestCentralUSwebspace");
    }

    #[test]
    fn the_sku_decides_scale_and_mode() {
        let check = |sku: Value, most: u64, expect: Value| {
            let sku = skus::choose(&sku, &Value::Null).expect("a known SKU");
            let mut properties =
                json!({ "maximumElasticWorkerCount": most, "elasticScaleEnabled": false });
            scale(&mut properties, &sku);
            for (key, value) in expect.as_object().into_iter().flatten() {
                assert_eq!(&properties[key], value, "{sku} {key}");
            }
        };
        check(
            json!({ "name": "B1", "capacity": 2 }),
            1,
            json!({ "maximumElasticWorkerCount": 2, "elasticScaleEnabled": false, "siteMode": null }),
        );
        check(
            json!({ "name": "EP1" }),
            12,
            json!({ "maximumElasticWorkerCount": 12, "elasticScaleEnabled": true, "workerSize": "D1" }),
        );
        check(
            json!({ "name": "F1" }),
            1,
            json!({ "numberOfWorkers": 0, "siteMode": "Limited", "computeMode": "Shared" }),
        );
    }
}
