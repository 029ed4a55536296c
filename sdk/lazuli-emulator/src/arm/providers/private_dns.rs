//! `Microsoft.Network/privateDnsZones` and their links: 202 with an empty object, visible when done.

use http::StatusCode;
use serde_json::{Value, json};

use super::record_sets;
use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::lro::{self, Effect};
use crate::arm::{Answer, Call, ids, json, rbac};
use crate::wire::dialect::{Dialect, Token};
use crate::world::{Resource, World};

pub(crate) const ZONE: &str = "Microsoft.Network/privateDnsZones";
pub(crate) const LINK: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";
/// 202 `{}` with both headers; polls answer HTTP 202 while running.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "PrivateDns",
    status: "{group}/providers/Microsoft.Network/privateDnsOperationStatuses",
    result: "{group}/providers/Microsoft.Network/privateDnsOperationResults",
    token: Token::Encoded,
    running: (StatusCode::ACCEPTED, "InProgress"),
    wait_s: 30,
    ..Dialect::USUAL
};

pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        put: Some(put_zone),
        patch: Some(patch),
        get: Some(get_zone),
        list: Some(list_zones),
        delete: Some(delete_zone),
        view: Some(view_zone),
        settle: Some(settle_zone),
        ..Kind::new(ZONE)
    },
    Kind {
        put: Some(put_link),
        patch: Some(patch),
        get: Some(get_link),
        delete: Some(delete),
        ..Kind::new(LINK)
    },
];

/// Whether a link is in effect.
const STATE: &str = "virtualNetworkLinkState";

fn put_zone(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    check_global(call, body)?;
    check_zone_name(call.target.name())?;
    let mut zone = json!({
        "id": call.id(), "name": call.target.name(), "type": ZONE, "etag": call.uuid().to_string(), "location": "global",
        "properties": {
            "maxNumberOfRecordSets": 25000, "maxNumberOfVirtualNetworkLinks": 1000,
            "maxNumberOfVirtualNetworkLinksWithRegistration": 100, "provisioningState": "Succeeded",
            "internalId": internal_id(call),
        },
    });
    if let Some(tags) = call.tags() {
        json::set(&mut zone, "tags", tags);
    }
    Ok(accept(call, zone))
}

/// From this version on a zone shows its internal identifier.
const SHOWS_INTERNAL_ID_SINCE: &str = "2020-01-01";

fn get_zone(call: &Call<'_>) -> Result<Answer, Answer> {
    let zone = call.required()?;
    let etag = zone.text("/etag").unwrap_or_default().to_owned();
    Ok(Answer::ok(shown(call, &zone)).with("etag", etag))
}

fn list_zones(call: &Call<'_>) -> Result<Answer, Answer> {
    let all = call.world.under(&call.target.scope).into_iter();
    let zones = all.filter(|one| one.kind == ZONE);
    Ok(Answer::list(zones.map(|zone| shown(call, &zone)).collect()))
}

fn shown(call: &Call<'_>, zone: &Resource) -> Value {
    let mut body = lifecycle::present(call.world, zone);
    if call.api_version.as_str() < SHOWS_INTERNAL_ID_SINCE {
        json::unset(&mut body["properties"], "internalId");
    }
    body
}

/// An opaque identifier that stays with the zone.
fn internal_id(call: &Call<'_>) -> String {
    use base64::Engine;
    let kept = call
        .existing()
        .and_then(|zone| zone.text("/properties/internalId").map(str::to_owned));
    kept.unwrap_or_else(|| {
        let plain = format!("SW1tdXRhYmxlWm9uZUlkZW50aXR5;{};0", call.uuid());
        base64::engine::general_purpose::STANDARD.encode(plain)
    })
}

fn put_link(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    check_global(call, body)?;
    let given = json::properties(body)?;
    let network = network_of_link(call, &given)?;
    rbac::check_linked(
        call,
        "Microsoft.Network/virtualNetworks/join/action",
        &network,
    )?;
    let registration = given["registrationEnabled"].as_bool().unwrap_or(false);
    if let Some(effect) = conflict(call, &network, registration) {
        return Ok(accept_with(call, effect));
    }
    let policy = resolution_policy(&given)?;
    let starts = registration && !call.existing().is_some_and(|link| registers(&link));
    let state = if starts { "InProgress" } else { "Completed" };
    let mut properties = json!({
        "provisioningState": "Succeeded", "registrationEnabled": registration, "virtualNetwork": { "id": network },
        STATE: state,
    });
    if call.api_version.as_str() >= "2024-06-01" {
        json::set(
            &mut properties,
            "resolutionPolicy",
            policy.unwrap_or("Default"),
        );
    }
    let mut link = json!({
        "id": call.id(), "name": call.target.name(), "type": LINK, "etag": format!("\"{}\"", call.uuid()),
        "location": "global", "properties": properties,
    });
    if let Some(tags) = call.tags() {
        json::set(&mut link, "tags", tags);
    }
    Ok(accept(call, link))
}

fn check_global(call: &Call<'_>, body: &Value) -> Result<(), Answer> {
    let location = body["location"]
        .as_str()
        .or_else(|| call.world.contains(&call.id()).then_some("global"));
    match location {
        Some(text) if json::same(text, "global") => Ok(()),
        Some(text) => {
            let message = format!(
                "The provided location '{text}' is not available for resource type '{}'. List of available regions for the resource type is 'global'.",
                call.target.kind,
            );
            Err(Answer::error(
                400,
                "LocationNotAvailableForResourceType",
                message,
            ))
        }
        None => Err(Answer::error(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        )),
    }
}

/// 2 to 34 labels of 1 to 63 characters: letters, digits, `_` and `-`.
fn check_zone_name(name: &str) -> Result<(), Answer> {
    let labels: Vec<&str> = name.split('.').collect();
    let good = |label: &&str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    };
    if (2..=34).contains(&labels.len()) && labels.iter().all(good) {
        return Ok(());
    }
    Err(Answer::error(
        400,
        "BadRequest",
        format!(
            "The zone name '{name}' is not valid: it must have 2 to 34 labels of letters, digits, '_' and '-'."
        ),
    ))
}

fn network_of_link(call: &Call<'_>, given: &Value) -> Result<String, Answer> {
    let id = given["virtualNetwork"]["id"]
        .as_str()
        .filter(|id| !id.is_empty());
    let stored = call.existing().and_then(|link| {
        link.text("/properties/virtualNetwork/id")
            .map(str::to_owned)
    });
    match (id, stored) {
        (Some(id), Some(stored)) if !json::same(id, &stored) => Err(Answer::error(
            409,
            "Conflict",
            "The virtual network of a link cannot be changed; delete the link and create it again.",
        )),
        (Some(id), _) if call.world.contains(id) => Ok(id.to_owned()),
        (Some(id), _) => {
            let message = format!("The virtual network resource '{id}' was not found.");
            Err(Answer::error(400, "BadRequest", message))
        }
        (None, Some(stored)) => Ok(stored),
        (None, None) => Err(Answer::error(
            400,
            "BadRequest",
            "The virtual network link must name its virtualNetwork.id.",
        )),
    }
}

fn all_links(world: &World, network: &str) -> Vec<Resource> {
    let links = world.of_kind(LINK).into_iter();
    links
        .filter(|link| {
            link.text("/properties/virtualNetwork/id")
                .is_some_and(|id| json::same(id, network))
        })
        .collect()
}

/// What conflicts with a link: another zone of the same name in the network, or another zone that
/// registers its machines. The service accepts the request and fails the operation.
fn conflict(call: &Call<'_>, network: &str, registration: bool) -> Option<Effect> {
    let id = call.id();
    let zone = ids::name_of(ids::parent(&id)).to_owned();
    let others = all_links(call.world, network).into_iter();
    let others: Vec<Resource> = others.filter(|other| !json::same(&other.id, &id)).collect();
    let overlapping = others
        .iter()
        .map(|other| ids::name_of(ids::parent(&other.id)))
        .find(|other| json::same(other, &zone));
    if let Some(other) = overlapping {
        let message = format!(
            "A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network with '{zone}' and '{other}' zones."
        );
        return Some(fail("BadRequest", message));
    }
    let registering = others.iter().find(|other| registers(other));
    let registering = registering.filter(|_| registration)?;
    let message = format!(
        "A virtual network can only be linked to 1 Private DNS zone(s) with auto-registration enabled; conflicting Private DNS zone is '{}'.",
        ids::parent(&registering.id).to_lowercase(),
    );
    Some(fail("Conflict", message))
}

fn fail(code: &str, message: String) -> Effect {
    Effect::Fail {
        code: code.into(),
        message,
    }
}

fn registers(link: &Resource) -> bool {
    link.at("/properties/registrationEnabled") == Some(&Value::Bool(true))
}

/// Tags of both; registration and resolution policy of links, whose network stays what it is.
fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let mut body = existing.body.clone();
    if let Some(tags) = call.tags() {
        json::set(&mut body, "tags", tags);
    }
    let given = &call.body["properties"];
    if call.target.kind == LINK {
        let network = network_of_link(call, given)?;
        let enables = given["registrationEnabled"] == true && !registers(&existing);
        if let Some(effect) = enables.then(|| conflict(call, &network, true)).flatten() {
            return Ok(accept_with(call, effect));
        }
        if let Some(registration) = given["registrationEnabled"].as_bool() {
            json::set(&mut body["properties"], "registrationEnabled", registration);
        }
        if let Some(policy) = resolution_policy(given)? {
            json::set(&mut body["properties"], "resolutionPolicy", policy);
        }
        if enables {
            json::set(&mut body["properties"], STATE, "InProgress");
        }
    }
    let etag = call.uuid().to_string();
    let quoted = call.target.kind == LINK;
    json::set(
        &mut body,
        "etag",
        if quoted { format!("\"{etag}\"") } else { etag },
    );
    Ok(accept(call, body))
}

fn resolution_policy(given: &Value) -> Result<Option<&'static str>, Answer> {
    json::one_of(
        &given["resolutionPolicy"],
        "resolutionPolicy",
        &["Default", "NxDomainRedirect"],
    )
}

/// A link that starts to register machines is still at it when its operation ended (recorded); whoever
/// looks again finds it done.
fn get_link(call: &Call<'_>) -> Result<Answer, Answer> {
    let link = call.required()?;
    call.world.update(&link.id, |link| {
        json::set(&mut link.body["properties"], STATE, "Completed");
    });
    let etag = link.text("/etag").unwrap_or_default().to_owned();
    Ok(lifecycle::shown(call.world, &link).with("etag", etag))
}

/// 202, `{}`, both headers; the resource takes its new form when the operation ends. A condition that
/// does not hold is accepted too, and fails the operation.
fn accept(call: &Call<'_>, body: Value) -> Answer {
    let resource = Resource {
        id: call.id(),
        kind: call.target.kind.clone(),
        body,
        private: Value::Null,
    };
    accept_with(call, Effect::Store(Box::new(resource)))
}

fn accept_with(call: &Call<'_>, effect: Effect) -> Answer {
    let effect = failed_condition(call).unwrap_or(effect);
    let addresses = lro::start(call, &DIALECT, effect);
    Answer::json(StatusCode::ACCEPTED, json!({}))
        .with("azure-asyncoperation", addresses.status)
        .with("location", addresses.result)
        .with("retry-after", "0")
}

fn failed_condition(call: &Call<'_>) -> Option<Effect> {
    let existing = call.existing();
    let etag = existing
        .as_ref()
        .and_then(|resource| resource.text("/etag"));
    let header = |name: &str| call.incoming.header(name).map(str::to_owned);
    let bare = |text: &str| text.trim_matches('"').to_owned();
    let none_match =
        header("if-none-match").is_some_and(|value| value.trim() == "*" && existing.is_some());
    let wanted = header("if-match").filter(|value| !value.is_empty());
    let no_match = wanted.is_some_and(|value| match etag {
        None => true,
        Some(etag) => value.trim() != "*" && bare(&value) != bare(etag),
    });
    let message = if none_match {
        format!(
            "The {} {} exists already and hence cannot be created again.",
            call.target.kind,
            call.target.name()
        )
    } else {
        format!(
            "The condition '{}' in the If-Match header was not satisfied. The current was '{}'.",
            header("if-match").unwrap_or_default(),
            etag.unwrap_or("none")
        )
    };
    (none_match || no_match).then(|| Effect::Fail {
        code: "PreconditionFailed".into(),
        message,
    })
}

fn settle_zone(world: &World, zone: &Resource) {
    record_sets::ensure_soa(world, zone);
}

fn links_of(world: &World, zone: &str) -> Vec<Resource> {
    world
        .under(zone)
        .into_iter()
        .filter(|child| child.kind == LINK)
        .collect()
}

/// The name of a link that is gone and still counts.
fn lingering_link(call: &Call<'_>, zone: &str) -> Option<String> {
    let links = format!("{zone}/virtualNetworkLinks");
    let lingering = call.conditions.lingering_below(&links)?;
    lingering.rsplit('/').next().map(str::to_owned)
}

fn delete_zone(call: &Call<'_>) -> Result<Answer, Answer> {
    let first = links_of(call.world, &call.id()).into_iter().next();
    let blocking = first
        .map(|link| link.name().to_owned())
        .or_else(|| lingering_link(call, &call.id()));
    if let Some(link) = blocking {
        let message = format!(
            "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '{ZONE}/{}/virtualNetworkLinks/{}'. Please delete all nested resources before deleting this resource.",
            call.target.name(),
            link,
        );
        return Err(Answer::error(409, "CannotDeleteResource", message));
    }
    delete(call)
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    if call.existing().is_none() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let effect = failed_condition(call).unwrap_or(Effect::Remove);
    let addresses = lro::start(call, &DIALECT, effect);
    Ok(Answer::empty(StatusCode::ACCEPTED)
        .with("azure-asyncoperation", addresses.status)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}

fn view_zone(world: &World, body: &mut Value) {
    let children = world.under(json::text(&body["id"]));
    let links: Vec<&Resource> = children.iter().filter(|child| child.kind == LINK).collect();
    let registering = links.iter().filter(|link| registers(link)).count();
    let (link_count, records) = (links.len(), children.len() - links.len());
    let properties = &mut body["properties"];
    json::set(properties, "numberOfRecordSets", records);
    json::set(properties, "numberOfVirtualNetworkLinks", link_count);
    json::set(
        properties,
        "numberOfVirtualNetworkLinksWithRegistration",
        registering,
    );
}
