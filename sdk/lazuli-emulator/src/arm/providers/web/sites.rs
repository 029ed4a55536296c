//! `Microsoft.Web/sites` and `sites/slots`: apps. PUT takes its time, answers 200, with a
//! part of the resource.
//!
//! The whole configuration lives in the app's private part (see [`crate::world`]); `siteConfig` is a
//! summary of it, because clients echo that summary in their next PUT and must not lose anything.

use http::StatusCode;
use serde_json::{Value, json};

use super::naming::AppName;
use super::traits::{App, Traits};
use super::{actions, body, config, echo, listing, network, plans, skus, versions};
use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::providers::{identities, role_assignments};
use crate::arm::{Answer, Call, errors, ids, json};
use crate::views::site_view;
pub(crate) use crate::views::site_view::{SITE as KIND, SLOT as SLOT_KIND};
use crate::wire::locations;
use crate::world::{Resource, World};

pub(super) const KINDS: [Kind; 2] = [app_kind(KIND), app_kind(SLOT_KIND)];

const fn app_kind(name: &'static str) -> Kind {
    Kind {
        put: Some(put),
        patch: Some(patch),
        get: Some(get),
        delete: Some(delete),
        action: Some(actions::action),
        list: Some(list),
        view: Some(view),
        ..Kind::new(name)
    }
}

/// Properties every app has, with the values a new one starts with.
pub(super) const DEFAULTS: &str = include_str!("defaults/site.json");
/// The names in an app's `siteConfig`; nearly all are null there.
const SUMMARY: &str = include_str!("defaults/site_config_summary.json");
const SUMMARY_VALUES: [&str; 11] = [
    "numberOfWorkers",
    "linuxFxVersion",
    "windowsFxVersion",
    "acrUseManagedIdentityCreds",
    "acrUserManagedIdentityID",
    "alwaysOn",
    "http20Enabled",
    "functionAppScaleLimit",
    "minimumElasticInstanceCount",
    "clusteringEnabled",
    "webJobsEnabled",
];

pub(super) fn new_etag(call: &Call<'_>) -> String {
    format!(
        "\"{}\"",
        &call.uuid().simple().to_string().to_uppercase()[..15]
    )
}

fn is_on(app: &Resource, plan: &str) -> bool {
    app.text("/properties/serverFarmId")
        .is_some_and(|id| json::same(id, plan))
}

/// The sites on a plan, without slots.
pub(super) fn on_plan(world: &World, plan: &str) -> Vec<Resource> {
    let sites = world.of_kind(KIND).into_iter();
    sites.filter(|site| is_on(site, plan)).collect()
}

/// Sites and slots on a plan.
pub(super) fn all_on_plan(world: &World, plan: &str) -> Vec<Resource> {
    let apps = site_view::all(world).into_iter();
    apps.filter(|app| is_on(app, plan)).collect()
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    let existing = call.existing();
    let given = json::properties(body)?;
    let site = parent_site(call)?;
    check_name(call.target.name())?;
    check_free(call)?;
    let location = call.location(existing.as_ref().or(site.as_ref()))?;
    let app = write(call, existing.as_ref(), &location, &given)?;
    let mut shown = lifecycle::present(call.world, &app);
    let location = body["location"].as_str().unwrap_or(&location);
    echo::alter(&mut shown, location);
    if existing.is_none() {
        echo::alter_new(&mut shown, App::of(body["kind"].as_str()), &given);
    }
    let shown = versions::shape(&call.api_version, shown);
    Ok(Answer::ok(shown).with("etag", new_etag(call)))
}

fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = call.required()?;
    Ok(Answer::ok(shown(call, &app)))
}

/// The app as the version of the request shows it.
pub(super) fn shown(call: &Call<'_>, app: &Resource) -> Value {
    versions::shape(&call.api_version, lifecycle::present(call.world, app))
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let given = json::properties(call.object()?)?;
    let location = existing.text("/location").unwrap_or_default().to_owned();
    let app = write(call, Some(&existing), &location, &given)?;
    Ok(Answer::ok(shown(call, &app)).with("etag", new_etag(call)))
}

fn write(
    call: &Call<'_>,
    existing: Option<&Resource>,
    location: &str,
    given: &Value,
) -> Result<Resource, Answer> {
    let parent = parent_site(call)?;
    let old = existing.map(|old| old.body.clone()).unwrap_or_default();
    let kind = call.body["kind"].as_str().or(old["kind"].as_str());
    let kind = kind.or(parent.as_ref().and_then(|site| site.text("/kind")));
    let plan = plan(call, existing.or(parent.as_ref()), given, location, kind)?;
    let traits = Traits::of(kind, &plan);
    let identity = identities::merge(call, &call.body["identity"], &old["identity"])?;
    let cloned = parent.as_ref().filter(|_| clones(existing, given));
    let mut private = match (existing, cloned) {
        (Some(old), _) => old.private.clone(),
        (None, Some(site)) => config::cloned_private(call, &site.private),
        (None, None) => config::new_private(call, &traits),
    };
    config::apply(&mut private, &given["siteConfig"])?;
    if existing.is_none() {
        config::fill_settings(&mut private, &traits);
        check_slots(call, &plan)?;
    }
    check_config(&private["config"], &plan)?;
    let mut properties = match existing {
        Some(old) => old.body["properties"].clone(),
        None => new_properties(&traits, parent.as_ref()),
    };
    if let Some(site) = cloned {
        body::take_network(&mut properties, &site.body["properties"]);
    }
    body::apply(&mut properties, given);
    if let Some(subnet) = given["virtualNetworkSubnetId"]
        .as_str()
        .filter(|id| !id.is_empty())
    {
        network::check(call, subnet, &plan)?;
    }
    body::sync_route_all(&mut private, &mut properties, given);
    body::compute(call, &mut properties, &plan, &traits, &private["config"]);
    let kind = traits.kind(&private["config"]);
    json::set(&mut properties, "kind", kind.clone());
    let mut body = json!({
        "id": call.id(), "name": AppName::of_target(&call.target).resource(), "type": call.target.kind, "kind": kind,
        "location": locations::display_name(location),
    });
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
    Ok(lifecycle::store(call, body, private))
}

/// A new slot that says nothing of its configuration starts with that of its site.
fn clones(existing: Option<&Resource>, given: &Value) -> bool {
    existing.is_none() && given["siteConfig"].is_null()
}

/// A new app answers on https only unless its creator says otherwise; a slot does as its site.
fn new_properties(traits: &Traits, site: Option<&Resource>) -> Value {
    let mut properties: Value = serde_json::from_str(DEFAULTS).unwrap_or_else(|_| json!({}));
    json::overlay(&mut properties, &traits.properties());
    let inherited = site.and_then(|site| site.at("/properties/httpsOnly").cloned());
    json::set(
        &mut properties,
        "httpsOnly",
        inherited.unwrap_or(Value::Bool(true)),
    );
    properties
}

/// 1 to 60 letters, digits and hyphens, none at the edges.
pub(super) fn check_name(name: &str) -> Result<(), Answer> {
    let good = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if (1..=60).contains(&name.len()) && good && !name.starts_with('-') && !name.ends_with('-') {
        return Ok(());
    }
    let message = format!(
        "The parameter name has an invalid value: '{name}' must be 1 to 60 letters, digits and hyphens, not starting or ending with a hyphen."
    );
    Err(Answer::web(400, "BadRequest", message))
}

pub(super) fn owner_of_name(world: &World, name: &str) -> Option<Resource> {
    let mut sites = world.of_kind(KIND).into_iter();
    sites.find(|site| json::same(site.name(), name))
}

/// Host names are unique in all of Azure, whether a site has them or a slot.
fn check_free(call: &Call<'_>) -> Result<(), Answer> {
    let name = AppName::of_target(&call.target);
    let taken = site_view::all(call.world)
        .into_iter()
        .find(|app| !json::same(&app.id, &call.id()) && AppName::of(app).host() == name.host());
    match taken {
        None => Ok(()),
        Some(_) => {
            let message = format!("Website with given name {} already exists.", name.shown());
            Err(Answer::web(409, "Conflict", message))
        }
    }
}

/// The site that a slot's path names; nothing for a site.
fn parent_site(call: &Call<'_>) -> Result<Option<Resource>, Answer> {
    if call.target.kind != SLOT_KIND {
        return Ok(None);
    }
    let id = call.target.parent_id().unwrap_or_default();
    match call.world.get(&id) {
        Some(site) => Ok(Some(site)),
        None => Err(errors::parent_not_found("write", SLOT_KIND, &id)),
    }
}

fn check_slots(call: &Call<'_>, plan: &Resource) -> Result<(), Answer> {
    if call.target.kind != SLOT_KIND {
        return Ok(());
    }
    let site = call.target.parent_id().unwrap_or_default();
    let there = call.world.under(&site).into_iter();
    let there = there.filter(|one| one.kind == SLOT_KIND).count();
    if there < skus::slots(plan) {
        return Ok(());
    }
    let message = format!(
        "Cannot complete the operation because the site will exceed the number of slots allowed for the '{}' SKU.",
        plan.text("/sku/tier").unwrap_or_default()
    );
    Err(Answer::web(409, "Conflict", message))
}

/// The plan the app is to run on. A function app without one gets a Consumption plan.
fn plan(
    call: &Call<'_>,
    existing: Option<&Resource>,
    given: &Value,
    location: &str,
    kind: Option<&str>,
) -> Result<Resource, Answer> {
    let wanted = given["serverFarmId"].as_str().filter(|id| !id.is_empty());
    let stored = existing.and_then(|old| old.text("/properties/serverFarmId"));
    let Some(wanted) = wanted.or(stored) else {
        if App::of(kind) == App::Function {
            let linux =
                given["reserved"] == true || kind.is_some_and(|kind| kind.contains("linux"));
            return Ok(plans::consumption(call, location, linux));
        }
        let message = "The site must name its plan in properties.serverFarmId; this emulator makes no plan of its own for a web app.";
        return Err(Answer::web(400, "BadRequest", message));
    };
    let plan = plans::resolve(call, wanted)?;
    let place = plan.text("/location").unwrap_or_default();
    if locations::same_location(place, location) {
        return Ok(plan);
    }
    let message = format!(
        "The site is in '{location}' but its plan '{}' is in '{place}'; they must be in the same region.",
        plan.name()
    );
    Err(Answer::web(400, "BadRequest", message))
}

/// What a configuration asks of the plan.
///
/// # Errors
/// Always On on a tier without it, and a Linux stack that is none.
pub(super) fn check_config(config: &Value, plan: &Resource) -> Result<(), Answer> {
    let shared = skus::of_plan(plan).is_some_and(|tier| tier.is_shared() || tier.is_consumption());
    if config["alwaysOn"] == true && shared {
        let message = "There was a conflict. AlwaysOn cannot be set for this site as the plan does not allow it. For more information on pricing and features, please see: https://aka.ms/appservicepricingdetails";
        return Err(Answer::web(409, "Conflict", message));
    }
    let linux = plan.at("/properties/reserved") == Some(&Value::Bool(true));
    let stack = json::text(&config["linuxFxVersion"]).trim();
    if linux && !stack.is_empty() && !stack.contains('|') && !json::same(stack, "SITECONTAINERS") {
        let message = format!(
            "The parameter LinuxFxVersion has an invalid value. '{stack}' is not RUNTIME|VERSION or DOCKER|image."
        );
        return Err(Answer::web(400, "BadRequest", message));
    }
    Ok(())
}

/// The kind follows the stack, also when only `config/web` was written.
pub(super) fn refresh_kind(world: &World, app: &mut Resource) {
    let plan = world.get(app.text("/properties/serverFarmId").unwrap_or_default());
    let Some(plan) = plan else { return };
    let kind = Traits::of(app.text("/kind"), &plan).kind(&app.private["config"]);
    json::set(&mut app.body, "kind", kind.clone());
    json::set(&mut app.body["properties"], "kind", kind);
}

/// The list of slots says more of a slot's plan than the slot does.
fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let member = call.target.member_kind(call.world).unwrap_or_default();
    let above = if call.target.names.is_empty() {
        call.target.scope.clone()
    } else {
        call.required()?.id
    };
    let apps = call.world.under(&above).into_iter();
    let rows = apps.filter(|app| app.kind == member).map(|app| {
        let mut row = shown(call, &app);
        if app.kind == SLOT_KIND {
            json::set(&mut row["properties"], "siteMode", "Limited");
            json::set(&mut row["properties"], "computeMode", "Dedicated");
        }
        row
    });
    Ok(listing(rows.collect()))
}

fn view(world: &World, body: &mut Value) {
    let id = json::text(&body["id"]).to_owned();
    let Some(app) = world.get(&id) else { return };
    let config = &app.private["config"];
    let names: Vec<String> = serde_json::from_str(SUMMARY).unwrap_or_default();
    let mut summary = json!({});
    for name in &names {
        let value = if SUMMARY_VALUES.contains(&name.as_str()) {
            config[name].clone()
        } else {
            Value::Null
        };
        json::set(&mut summary, name, value);
    }
    if summary["functionAppScaleLimit"].is_null() {
        json::set(&mut summary, "functionAppScaleLimit", 0);
    }
    let properties = &mut body["properties"];
    json::set(properties, "siteConfig", summary);
    json::set(
        &mut properties["siteProperties"],
        "properties",
        body::stacks(config),
    );
    let connection = format!("{}/privateEndpointConnections", app.kind);
    let connections = world.under(&id).into_iter();
    let connections = connections.filter(|child| child.kind == connection);
    let connections: Vec<Value> = connections.map(|one| one.body).collect();
    json::set(properties, "privateEndpointConnections", connections);
}

/// The last site takes its plan with it, unless the caller says `deleteEmptyServerFarm=false`.
fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let Some(app) = call.existing() else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    let plan = app
        .text("/properties/serverFarmId")
        .unwrap_or_default()
        .to_owned();
    lifecycle::remove(call.world, &app.id);
    role_assignments::forget_scope(call.world, &app.id);
    let keep = call
        .incoming
        .query_value("deleteEmptyServerFarm")
        .is_some_and(|value| value.eq_ignore_ascii_case("false"));
    if !keep && all_on_plan(call.world, &plan).is_empty() {
        lifecycle::remove(call.world, &plan);
    }
    Ok(Answer::empty(StatusCode::OK).with("etag", new_etag(call)))
}

/// The app that a path names or lies below, or its 404.
pub(super) fn site_of(call: &Call<'_>) -> Result<Resource, Answer> {
    let name = AppName::of_target(&call.target);
    let site = format!("{}/providers/{KIND}/{}", call.target.scope, name.site);
    let (id, kind) = match &name.slot {
        Some(slot) => (format!("{site}/slots/{slot}"), SLOT_KIND),
        None => (site, KIND),
    };
    let names: Vec<String> = [Some(name.site), name.slot].into_iter().flatten().collect();
    call.world
        .get(&id)
        .ok_or_else(|| errors::resource_not_found(kind, &names, ids::group_of(&id)))
}

/// The production site of an app as it is now: itself, or the site that the slot belongs to.
pub(super) fn production_of(world: &World, app: &Resource) -> Option<Resource> {
    match AppName::of(app).slot {
        None => world.get(&app.id),
        Some(_) => world.get(ids::parent(&app.id)),
    }
}
