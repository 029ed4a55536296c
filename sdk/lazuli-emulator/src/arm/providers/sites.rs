//! `Microsoft.Web/sites`: web apps. PUT takes its time, answers 200, and does not tell the whole truth.
//!
//! The whole configuration lives in the site's private part (see [`crate::world`]); `siteConfig` is a
//! summary of it, because clients echo that summary in their next PUT and must not lose anything.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Kind, identities, locations, plans, site_actions, site_body, site_config, site_network,
};
use crate::arm::{Answer, Call, errors, ids, json};
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Web/sites";
pub(crate) const KINDS: [Kind; 6] = [
    Kind {
        put: Some(put),
        patch: Some(patch),
        delete: Some(delete),
        action: Some(site_actions::action),
        view: Some(view),
        ..Kind::new(KIND)
    },
    Kind {
        put: Some(site_config::put),
        patch: Some(site_config::patch),
        get: Some(site_config::get),
        list: Some(site_config::list),
        action: Some(site_config::action),
        ..Kind::new("Microsoft.Web/sites/config")
    },
    Kind {
        put: Some(site_network::put),
        patch: Some(site_network::put),
        get: Some(site_network::get),
        delete: Some(site_network::delete),
        ..Kind::new("Microsoft.Web/sites/networkConfig")
    },
    Kind {
        list: Some(site_network::connections),
        ..Kind::new("Microsoft.Web/sites/virtualNetworkConnections")
    },
    Kind {
        list: Some(site_network::link_resources),
        ..Kind::new("Microsoft.Web/sites/privateLinkResources")
    },
    Kind {
        removed: Some(site_network::disconnected),
        ..Kind::new("Microsoft.Web/sites/privateEndpointConnections")
    },
];

/// Properties every site has, with the values a new one starts with.
pub(crate) const DEFAULTS: &str = include_str!("defaults/site.json");
/// The names in a site's `siteConfig`; nearly all are null there.
const SUMMARY: &str = include_str!("defaults/site_config_summary.json");
const SUMMARY_VALUES: [&str; 9] = [
    "numberOfWorkers",
    "linuxFxVersion",
    "windowsFxVersion",
    "acrUseManagedIdentityCreds",
    "acrUserManagedIdentityID",
    "alwaysOn",
    "http20Enabled",
    "functionAppScaleLimit",
    "minimumElasticInstanceCount",
];
pub(crate) fn new_etag() -> String {
    format!(
        "\"{}\"",
        &Uuid::new_v4().simple().to_string().to_uppercase()[..15]
    )
}

/// The sites on a plan.
pub(crate) fn on_plan(world: &World, plan: &str) -> Vec<Resource> {
    let sites = world.of_kind(KIND).into_iter();
    sites
        .filter(|site| {
            site.text("/properties/serverFarmId")
                .is_some_and(|id| json::same(id, plan))
        })
        .collect()
}

/// The plans whose sites are integrated in a subnet.
pub(crate) fn integrated_in(world: &World, subnet: &str) -> Vec<String> {
    let sites = world.of_kind(KIND).into_iter();
    let inside = sites.filter(|site| {
        site.text("/properties/virtualNetworkSubnetId")
            .is_some_and(|id| json::same(id, subnet))
    });
    inside
        .filter_map(|site| site.text("/properties/serverFarmId").map(str::to_owned))
        .collect()
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    let existing = call.existing();
    let given = json::properties(body)?;
    check_name(call.target.name())?;
    check_free(call)?;
    let location = call.location(existing.as_ref())?;
    let site = write(call, existing.as_ref(), &location, &given)?;
    let mut shown = super::present(call.world, &site);
    lie(&mut shown, body["location"].as_str().unwrap_or(&location));
    Ok(Answer::ok(shown).with("etag", new_etag()))
}

/// What the answer to a PUT says differently from the next GET, as recorded.
fn lie(shown: &mut Value, location: &str) {
    json::set(shown, "location", location);
    let rules = json!([{ "ipAddress": "Any", "action": "Allow", "priority": 2_147_483_647, "name": "Allow all", "description": "Allow all access" }]);
    let config = &mut shown["properties"]["siteConfig"];
    json::set(config, "linuxFxVersion", "");
    json::set(config, "alwaysOn", false);
    json::set(config, "http20Enabled", false);
    json::set(config, "functionAppScaleLimit", Value::Null);
    json::set(config, "elasticWebAppScaleLimit", 0);
    json::set(config, "ipSecurityRestrictions", rules.clone());
    json::set(config, "scmIpSecurityRestrictions", rules);
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let given = json::properties(call.object()?)?;
    let location = existing.text("/location").unwrap_or_default().to_owned();
    let site = write(call, Some(&existing), &location, &given)?;
    Ok(super::shown(call.world, &site).with("etag", new_etag()))
}

fn write(
    call: &Call<'_>,
    existing: Option<&Resource>,
    location: &str,
    given: &Value,
) -> Result<Resource, Answer> {
    let plan = plan(call, existing, given, location)?;
    let old = existing.map(|old| old.body.clone()).unwrap_or_default();
    let identity = identities::merge(call, &call.body["identity"], &old["identity"])?;
    let mut private = existing.map_or_else(site_config::new_private, |old| old.private.clone());
    site_config::apply(&mut private, &given["siteConfig"])?;
    check_config(&private["config"], &plan)?;
    let mut properties = match existing {
        Some(old) => old.body["properties"].clone(),
        None => serde_json::from_str(DEFAULTS).unwrap_or_else(|_| json!({})),
    };
    site_body::apply(&mut properties, given);
    if let Some(subnet) = given["virtualNetworkSubnetId"]
        .as_str()
        .filter(|id| !id.is_empty())
    {
        site_network::check(call, subnet, &plan)?;
    }
    site_body::sync_route_all(&mut private, &mut properties, given);
    site_body::compute(call, existing, &mut properties, &plan, &private);
    let linux = properties["reserved"] == true;
    let kind = site_body::kind(
        call.body["kind"].as_str().or(old["kind"].as_str()),
        linux,
        &private["config"],
    );
    json::set(&mut properties, "kind", kind.clone());
    let mut body = json!({ "id": call.id(), "name": call.target.name(), "type": KIND, "kind": kind, "location": locations::display_name(location) });
    let tags = call
        .tags()
        .or_else(|| existing.and_then(|old| old.at("/tags").cloned()));
    json::set(&mut properties, "tags", tags.clone().unwrap_or(Value::Null));
    if let Some(tags) = tags {
        json::set(&mut body, "tags", tags);
    }
    json::set(&mut body, "properties", properties);
    if !identity.is_null() {
        json::set(&mut body, "identity", identity);
    }
    Ok(super::store(call, body, private))
}

/// 1 to 60 letters, digits and hyphens, none at the edges.
pub(crate) fn check_name(name: &str) -> Result<(), Answer> {
    let good = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if (1..=60).contains(&name.len()) && good && !name.starts_with('-') && !name.ends_with('-') {
        return Ok(());
    }
    let message = format!(
        "The parameter name has an invalid value: '{name}' must be 1 to 60 letters, digits and hyphens, not starting or ending with a hyphen."
    );
    Err(Answer::web(400, "BadRequest", message))
}

pub(crate) fn owner_of_name(world: &World, name: &str) -> Option<Resource> {
    world
        .of_kind(KIND)
        .into_iter()
        .find(|site| json::same(site.name(), name))
}

fn check_free(call: &Call<'_>) -> Result<(), Answer> {
    match owner_of_name(call.world, call.target.name()) {
        Some(owner) if !json::same(&owner.id, &call.id()) => Err(Answer::web(
            409,
            "Conflict",
            format!(
                "Website with given name {} already exists.",
                call.target.name()
            ),
        )),
        _ => Ok(()),
    }
}

fn plan(
    call: &Call<'_>,
    existing: Option<&Resource>,
    given: &Value,
    location: &str,
) -> Result<Resource, Answer> {
    let stored = existing.and_then(|old| old.text("/properties/serverFarmId"));
    let Some(wanted) = given["serverFarmId"]
        .as_str()
        .filter(|id| !id.is_empty())
        .or(stored)
    else {
        let message = "The site must name its plan in properties.serverFarmId; this emulator makes no plan of its own.";
        return Err(Answer::web(400, "BadRequest", message));
    };
    let plan = plans::resolve(call, wanted)?;
    let place = plan.text("/location").unwrap_or_default();
    if super::same_location(place, location) {
        return Ok(plan);
    }
    let message = format!(
        "The site is in '{location}' but its plan '{}' is in '{place}'; they must be in the same region.",
        plan.name()
    );
    Err(Answer::web(400, "BadRequest", message))
}

fn check_config(config: &Value, plan: &Resource) -> Result<(), Answer> {
    let tier = plan.text("/sku/tier").unwrap_or_default();
    if config["alwaysOn"] == true && ["Free", "Shared"].contains(&tier) {
        let message = "There was a conflict. AlwaysOn cannot be set for this site as the plan does not allow it. For more information on pricing and features, please see: https://aka.ms/appservicepricingdetails";
        return Err(Answer::web(409, "Conflict", message));
    }
    let linux = plan.at("/properties/reserved") == Some(&Value::Bool(true));
    let stack = json::text(&config["linuxFxVersion"]);
    if linux && !stack.is_empty() && !stack.contains('|') && !json::same(stack, "SITECONTAINERS") {
        let message = format!(
            "The parameter LinuxFxVersion has an invalid value. '{stack}' is not RUNTIME|VERSION or DOCKER|image."
        );
        return Err(Answer::web(400, "BadRequest", message));
    }
    Ok(())
}

/// The kind follows the stack, also when only `config/web` was written.
pub(crate) fn refresh_kind(site: &mut Resource) {
    let linux = site.at("/properties/reserved") == Some(&Value::Bool(true));
    let kind = site_body::kind(site.text("/kind"), linux, &site.private["config"]);
    json::set(&mut site.body, "kind", kind.clone());
    json::set(&mut site.body["properties"], "kind", kind);
}

fn view(world: &World, body: &mut Value) {
    let id = json::text(&body["id"]).to_owned();
    let Some(site) = world.get(&id) else { return };
    let names: Vec<String> = serde_json::from_str(SUMMARY).unwrap_or_default();
    let mut summary = json!({});
    for name in &names {
        let value = if SUMMARY_VALUES.contains(&name.as_str()) {
            site.private["config"][name].clone()
        } else {
            Value::Null
        };
        json::set(&mut summary, name, value);
    }
    if summary["functionAppScaleLimit"].is_null() {
        json::set(&mut summary, "functionAppScaleLimit", 0);
    }
    json::set(&mut body["properties"], "siteConfig", summary);
    let stack = json!([
        { "name": "LinuxFxVersion", "value": site.private["config"]["linuxFxVersion"] },
        { "name": "WindowsFxVersion", "value": site.private["config"]["windowsFxVersion"] },
    ]);
    json::set(
        &mut body["properties"]["siteProperties"],
        "properties",
        stack,
    );
    let connections = world
        .under(&id)
        .into_iter()
        .filter(|child| child.kind.ends_with("/privateEndpointConnections"));
    let connections: Vec<Value> = connections.map(|one| one.body).collect();
    json::set(
        &mut body["properties"],
        "privateEndpointConnections",
        connections,
    );
}

/// The last site takes its plan with it, unless the caller says `deleteEmptyServerFarm=false`.
fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let Some(site) = call.existing() else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    let plan = site
        .text("/properties/serverFarmId")
        .unwrap_or_default()
        .to_owned();
    super::remove(call.world, &site.id);
    super::role_assignments::forget_scope(call.world, &site.id);
    let keep = call
        .incoming
        .query_value("deleteEmptyServerFarm")
        .is_some_and(|value| value.eq_ignore_ascii_case("false"));
    if !keep && on_plan(call.world, &plan).is_empty() {
        super::remove(call.world, &plan);
    }
    Ok(Answer::empty(StatusCode::OK).with("etag", new_etag()))
}

/// The site a child path belongs to, or its 404.
pub(crate) fn site_of(call: &Call<'_>) -> Result<Resource, Answer> {
    let id = format!(
        "{}/providers/{KIND}/{}",
        call.target.scope,
        call.target
            .names
            .first()
            .map(String::as_str)
            .unwrap_or_default()
    );
    call.world.get(&id).ok_or_else(|| {
        errors::resource_not_found(
            KIND,
            &call.target.names[..call.target.names.len().min(1)],
            ids::group_of(&id),
        )
    })
}
