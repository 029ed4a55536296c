//! `Microsoft.Web/serverfarms`: App Service plans. PUT takes its time and answers 200.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Kind, locations, sites};
use crate::arm::{Answer, Call, ids, json};
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Web/serverfarms";
pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        put: Some(put),
        patch: Some(patch),
        get: Some(get),
        delete: Some(delete),
        view: Some(view),
        ..Kind::new(KIND)
    },
    Kind {
        list: Some(plan_sites),
        ..Kind::new("Microsoft.Web/serverfarms/sites")
    },
];

/// A pricing tier: names, tier, family, workers at most, worker size.
struct Tier {
    names: &'static [&'static str],
    tier: &'static str,
    family: &'static str,
    workers: u32,
}

const TIERS: &[Tier] = &[
    Tier {
        names: &["F1"],
        tier: "Free",
        family: "F",
        workers: 1,
    },
    Tier {
        names: &["D1"],
        tier: "Shared",
        family: "D",
        workers: 1,
    },
    Tier {
        names: &["Y1"],
        tier: "Dynamic",
        family: "Y",
        workers: 0,
    },
    Tier {
        names: &["B1", "B2", "B3"],
        tier: "Basic",
        family: "B",
        workers: 3,
    },
    Tier {
        names: &["S1", "S2", "S3"],
        tier: "Standard",
        family: "S",
        workers: 10,
    },
    Tier {
        names: &["P1v2", "P2v2", "P3v2"],
        tier: "PremiumV2",
        family: "Pv2",
        workers: 30,
    },
    Tier {
        names: &["P0v3", "P1v3", "P2v3", "P3v3"],
        tier: "PremiumV3",
        family: "Pv3",
        workers: 30,
    },
    Tier {
        names: &["P1mv3", "P2mv3", "P3mv3", "P4mv3", "P5mv3"],
        tier: "PremiumMV3",
        family: "Pmv3",
        workers: 30,
    },
    Tier {
        names: &["P0v4", "P1v4", "P2v4", "P3v4"],
        tier: "PremiumV4",
        family: "Pv4",
        workers: 30,
    },
    Tier {
        names: &["P1mv4", "P2mv4", "P3mv4", "P4mv4", "P5mv4"],
        tier: "PremiumMV4",
        family: "Pmv4",
        workers: 30,
    },
    Tier {
        names: &["EP1", "EP2", "EP3"],
        tier: "ElasticPremium",
        family: "EP",
        workers: 20,
    },
    Tier {
        names: &["WS1", "WS2", "WS3"],
        tier: "WorkflowStandard",
        family: "WS",
        workers: 20,
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

fn tier(name: &str) -> Option<(&'static str, &'static Tier)> {
    TIERS.iter().find_map(|tier| {
        tier.names
            .iter()
            .find(|known| json::same(known, name))
            .map(|known| (*known, tier))
    })
}

/// Whether a plan of this tier can join a virtual network (Basic and up, not Consumption).
pub(crate) fn can_integrate(plan: &Resource) -> bool {
    !["Free", "Shared", "Dynamic"].contains(&plan.text("/sku/tier").unwrap_or_default())
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    let existing = call.existing();
    let location = call.location(existing.as_ref())?;
    let given = json::properties(body)?;
    check_name(call.target.name())?;
    let sku = sku(&body["sku"], existing.as_ref())?;
    check_platform(existing.as_ref(), &given)?;
    let stored = build(call, existing.as_ref(), &location, &given, &sku);
    call.world.put(stored.clone());
    let mut shown = super::present(call.world, &stored);
    // The answer to a PUT lies: the location as given, the SKU twice, and no workers yet for a new plan.
    json::set(
        &mut shown,
        "location",
        body["location"].as_str().unwrap_or(&location),
    );
    json::set(&mut shown["properties"], "sku", sku);
    if existing.is_none() {
        json::set(&mut shown["properties"], "maximumNumberOfWorkers", 0);
        json::set(&mut shown["properties"], "vnetConnectionsUsed", Value::Null);
        json::set(&mut shown["properties"], "vnetConnectionsMax", Value::Null);
    }
    Ok(Answer::ok(shown).with("etag", sites::new_etag()))
}

fn check_name(name: &str) -> Result<(), Answer> {
    if (1..=60).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    {
        return Ok(());
    }
    Err(Answer::web(
        400,
        "BadRequest",
        format!(
            "The parameter name has an invalid value: '{name}' must be 1 to 60 letters, digits, '-' and '_'."
        ),
    ))
}

fn sku(given: &Value, existing: Option<&Resource>) -> Result<Value, Answer> {
    let stored = existing
        .map(|old| old.body["sku"].clone())
        .unwrap_or_default();
    let name = given["name"]
        .as_str()
        .or(stored["name"].as_str())
        .unwrap_or("F1");
    let Some((name, tier)) = tier(name) else {
        let names: Vec<&str> = TIERS.iter().flat_map(|tier| tier.names).copied().collect();
        let message = format!(
            "The parameter SKU has an invalid value: '{name}'. Known names: {}.",
            names.join(", ")
        );
        return Err(Answer::web(400, "BadRequest", message));
    };
    let capacity = given["capacity"].as_u64().or(stored["capacity"].as_u64());
    let capacity = capacity.unwrap_or(u64::from(
        tier.workers > 0 && tier.tier != "Free" && tier.tier != "Shared",
    ));
    if capacity > u64::from(tier.workers).max(1) {
        let message = format!(
            "The number of workers {capacity} is above the maximum of {} for the {} tier.",
            tier.workers, tier.tier
        );
        return Err(Answer::web(400, "BadRequest", message));
    }
    Ok(
        json!({ "name": name, "tier": tier.tier, "size": name, "family": tier.family, "capacity": capacity }),
    )
}

/// A plan cannot change between Linux and Windows.
fn check_platform(existing: Option<&Resource>, given: &Value) -> Result<(), Answer> {
    let stored = existing.and_then(|old| old.at("/properties/reserved").cloned());
    match (stored, given["reserved"].as_bool()) {
        (Some(Value::Bool(old)), Some(new)) if old != new => Err(Answer::web(
            409,
            "Conflict",
            "The plan cannot be changed between Linux and Windows; create a new plan.",
        )),
        _ => Ok(()),
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
    let wished = |key: &str| given[key].as_bool().or(old[key].as_bool()).unwrap_or(false);
    let (reserved, hyper_v) = (wished("reserved"), wished("hyperV") || wished("isXenon"));
    let tier = json::text(&sku["tier"]);
    let kind = match (tier, reserved) {
        ("ElasticPremium", _) => "elastic",
        ("Dynamic", _) => "functionapp",
        (_, true) => "linux",
        _ if hyper_v => "xenon",
        _ => "app",
    };
    let display = locations::display_name(location);
    let space = web_space(call.target.group().unwrap_or_default(), &display, reserved);
    let number = farm_number(&call.id());
    let (size, size_id) = if tier.starts_with("Premium") {
        ("D1", 3)
    } else {
        ("Default", 0)
    };
    let shared = ["Free", "Shared"].contains(&tier);
    let workers = sku["capacity"].clone();
    let created = old["createdTime"]
        .as_str()
        .map_or_else(timestamp, str::to_owned);
    let mut properties: Value = serde_json::from_str(DEFAULTS).unwrap_or_else(|_| json!({}));
    json::overlay(&mut properties, &old);
    for key in SETTABLE {
        json::overlay(&mut properties[key], &given[key]);
    }
    if given["elasticScaleEnabled"].is_null() && existing.is_none() {
        json::set(
            &mut properties,
            "elasticScaleEnabled",
            tier == "ElasticPremium",
        );
    }
    let made = json!({
        "serverFarmId": number, "name": call.target.name(), "workerSize": size, "workerSizeId": size_id, "numberOfWorkers": workers,
        "currentWorkerSize": size, "currentWorkerSizeId": size_id, "currentNumberOfWorkers": workers, "webSpace": space,
        "subscription": call.world.settings().subscription, "computeMode": if shared { "Shared" } else { "Dedicated" },
        "geoRegion": display, "kind": kind, "resourceGroup": call.target.group(), "reserved": reserved, "isXenon": hyper_v,
        "hyperV": hyper_v, "mdmId": format!("waws-prod-emu-001_{number}"), "createdTime": created,
    });
    json::overlay(&mut properties, &made);
    json::set(&mut properties, "tags", call.tags().unwrap_or(Value::Null));
    let mut body = json!({ "id": call.id(), "name": call.target.name(), "type": KIND, "kind": kind, "location": display });
    if let Some(tags) = call.tags() {
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

/// `{group}-{Region}webspace[-Linux]`
pub(crate) fn web_space(group: &str, display: &str, linux: bool) -> String {
    let region: String = display.split_whitespace().collect();
    format!(
        "{group}-{region}webspace{}",
        if linux { "-Linux" } else { "" }
    )
}

/// A stable number for a plan, in the range real ones have.
fn farm_number(id: &str) -> u64 {
    let digest = uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_URL,
        id.to_ascii_lowercase().as_bytes(),
    );
    10_000 + digest.as_u64_pair().0 % 50_000
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let sku = sku(&call.body["sku"], Some(&existing))?;
    let given = json::properties(&call.body)?;
    check_platform(Some(&existing), &given)?;
    let location = existing.text("/location").unwrap_or_default().to_owned();
    let mut stored = build(call, Some(&existing), &location, &given, &sku);
    if call.tags().is_none() && !existing.body["tags"].is_null() {
        json::set(&mut stored.body, "tags", existing.body["tags"].clone());
    }
    call.world.put(stored.clone());
    Ok(super::shown(call.world, &stored))
}

fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    match call.existing() {
        Some(plan) => Ok(super::shown(call.world, &plan)),
        // ARM spells the type with a capital F when it misses one.
        None => Err(crate::arm::errors::resource_not_found(
            "Microsoft.Web/serverFarms",
            &call.target.names,
            call.target.group(),
        )),
    }
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
    super::remove(call.world, &plan.id);
    Ok(Answer::empty(StatusCode::OK))
}

fn plan_sites(call: &Call<'_>) -> Result<Answer, Answer> {
    let plan = call.required()?;
    Ok(Answer::list(
        sites::on_plan(call.world, &plan.id)
            .iter()
            .map(|site| super::present(call.world, site))
            .collect(),
    ))
}

fn view(world: &World, body: &mut Value) {
    let id = json::text(&body["id"]).to_owned();
    let apps = sites::on_plan(world, &id);
    let mut subnets: Vec<String> = apps
        .iter()
        .filter_map(|site| {
            site.text("/properties/virtualNetworkSubnetId")
                .map(str::to_ascii_lowercase)
        })
        .collect();
    subnets.sort();
    subnets.dedup();
    let workers = tier(json::text(&body["sku"]["name"])).map_or(0, |(_, tier)| tier.workers);
    let properties = &mut body["properties"];
    json::set(properties, "numberOfSites", apps.len());
    json::set(properties, "vnetConnectionsUsed", subnets.len());
    json::set(properties, "maximumNumberOfWorkers", workers);
}

/// A plan by full id, or by bare name in the caller's group, as App Service accepts it.
pub(crate) fn resolve(call: &Call<'_>, given: &str) -> Result<Resource, Answer> {
    let id = if given.contains('/') {
        ids::normalise(given)
    } else {
        let group = ids::group_id(&call.id()).unwrap_or_default();
        format!("{group}/providers/{KIND}/{given}")
    };
    call.world
        .get(&id)
        .filter(|plan| plan.kind == KIND)
        .ok_or_else(|| {
            let name = ids::name_of(given);
            let message = format!("Cannot find serverFarm with name {name}.");
            let mut answer = Answer::web(404, "NotFound", message);
            if let crate::arm::Body::Json(body) = &mut answer.body
                && let Some(entity) = body.pointer_mut("/Details/2/ErrorEntity")
            {
                json::set(entity, "ExtendedCode", "51004");
                json::set(entity, "MessageTemplate", "Cannot find {0} with name {1}.");
                json::set(entity, "Parameters", json!(["serverFarm", name]));
            }
            answer
        })
}

/// Now, as App Service prints times.
pub(crate) fn timestamp() -> String {
    Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%7f")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skus_are_read_without_case_and_written_as_azure_does() {
        let check = |given: Value, name: &str, tier: &str, family: &str| {
            let sku = sku(&given, None).expect("a known SKU");
            assert_eq!(
                (
                    json::text(&sku["name"]),
                    json::text(&sku["tier"]),
                    json::text(&sku["family"])
                ),
                (name, tier, family)
            );
        };
        check(
            json!({ "name": "P1V3", "tier": "PREMIUMV3", "capacity": 1 }),
            "P1v3",
            "PremiumV3",
            "Pv3",
        );
        check(json!({ "name": "b1" }), "B1", "Basic", "B");
        assert!(sku(&json!({ "name": "Z9" }), None).is_err());
        assert!(sku(&json!({ "name": "B1", "capacity": 4 }), None).is_err());
    }

    #[test]
    fn web_spaces() {
        assert_eq!(
            web_space("g", "West Central US", true),
            "g-WestCentralUSwebspace-Linux"
        );
    }
}
