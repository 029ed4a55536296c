//! From a request to the handler that answers it: sign-in, checks that hold for every provider, dispatch.

use http::{Method, StatusCode};
use serde_json::Value;

use super::kind::Kind;
use super::providers::{self, groups, locks, subscription};
use super::{Call, entra, lifecycle, lro, own_paths, rbac, registration};
use crate::conditions::{Allowance, Asking, Conditions, Subject};
#[cfg(feature = "az")]
use crate::wire::Caller;
use crate::wire::errors::{invalid_content, method_not_allowed, not_modelled};
use crate::wire::ids::{self, Target};
use crate::wire::json::same;
use crate::wire::{Answer, Incoming};
use crate::world::World;

/// Answers one request of the control plane; [`super::turn`] says when.
pub(crate) fn answer(world: &World, conditions: &Conditions, incoming: &Incoming) -> Answer {
    let mut allowance = None;
    let answer =
        decide(world, conditions, incoming, &mut allowance).unwrap_or_else(|refusal| refusal);
    let answer = match world.storage_error() {
        Some(reason) => Answer::error(
            500,
            "InternalServerError",
            format!("The emulator could not store its state: {reason}"),
        ),
        None => answer,
    };
    with_standard_headers(world, incoming, allowance, answer)
}

fn decide(
    world: &World,
    conditions: &Conditions,
    incoming: &Incoming,
    allowance: &mut Option<Allowance>,
) -> Result<Answer, Answer> {
    let segments = ids::segments(&incoming.path)
        .ok_or_else(|| Answer::error(400, "InvalidUri", "The request path is not valid UTF-8."))?;
    if is_graph(&segments) {
        return Ok(graph(world, incoming, &segments));
    }
    if let Some(answer) = entra::answer(world, incoming, &segments) {
        return Ok(answer);
    }
    let caller = entra::caller(world, incoming)?;
    *allowance = Some(conditions.admit(&Asking {
        subscription: &world.settings().subscription,
        principal: &caller.principal,
        method: &incoming.method,
        kind: &Subject::kind_of_path(&segments, world),
    })?);
    let api_version = api_version(incoming)?;
    if lro::is_poll(world, &segments) && [Method::GET, Method::HEAD].contains(&incoming.method) {
        let query = if incoming.query.is_empty() {
            String::new()
        } else {
            format!("?{}", incoming.query)
        };
        return Ok(lro::poll(
            world,
            &segments,
            &incoming.base,
            &format!("{}{query}", incoming.path),
        ));
    }
    let body = body(world, incoming, &segments)?;
    let call = Call {
        world,
        conditions,
        incoming,
        target: nowhere(),
        api_version,
        body,
        caller,
    };
    route(call, &segments)
}

/// Microsoft Graph has a host of its own in Azure; here it is known by its paths.
fn is_graph(segments: &[String]) -> bool {
    let first = segments.first().map(|part| part.to_ascii_lowercase());
    matches!(first.as_deref(), Some("v1.0" | "beta"))
}

#[cfg(feature = "az")]
fn graph(world: &World, incoming: &Incoming, segments: &[String]) -> Answer {
    super::graph::answer(world, incoming, segments)
}

#[cfg(not(feature = "az"))]
fn graph(_: &World, _: &Incoming, _: &[String]) -> Answer {
    crate::wire::errors::left_out("Microsoft Graph is")
}

/// Any well-formed date is accepted: clients are newer than every list of versions.
fn api_version(incoming: &Incoming) -> Result<String, Answer> {
    let Some(version) = incoming
        .query_value("api-version")
        .filter(|version| !version.is_empty())
    else {
        let message =
            "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(Answer::error(400, "MissingApiVersionParameter", message));
    };
    let (date, suffix) = version.split_at_checked(10).unwrap_or((&version, ""));
    let is_date = date.len() == 10 && date.parse::<jiff::civil::Date>().is_ok();
    let preview = suffix.is_empty()
        || (suffix.starts_with('-')
            && suffix.len() > 1
            && suffix[1..].chars().all(|c| c.is_ascii_alphanumeric()));
    if is_date && preview {
        return Ok(version);
    }
    let message = format!(
        "The api-version '{version}' is invalid. The supported versions are dates: 'YYYY-MM-DD' or 'YYYY-MM-DD-preview'."
    );
    Err(Answer::error(400, "InvalidApiVersionParameter", message))
}

fn body(world: &World, incoming: &Incoming, segments: &[String]) -> Result<Value, Answer> {
    let text = incoming
        .body
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(&incoming.body);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    let read =
        Target::parse(segments, world).and_then(|target| providers::find(&target.kind)?.read);
    if let Some(value) = read.and_then(|read| read(&String::from_utf8_lossy(text))) {
        return Ok(value);
    }
    serde_json::from_slice(text).map_err(|error| {
        invalid_content(format!(
            "The request content was invalid and could not be deserialized: '{error}'."
        ))
    })
}

/// A request from inside, such as a deployment makes for each of its resources: signed in already,
/// and checked like any other.
#[cfg(feature = "az")]
pub(crate) fn inside(
    (world, conditions): (&World, &Conditions),
    from: (&Caller, &str),
    method: Method,
    path: &str,
    api_version: &str,
    body: Value,
) -> Answer {
    let (caller, base) = from;
    let incoming = Incoming {
        method,
        path: path.to_owned(),
        query: format!("api-version={api_version}"),
        headers: http::HeaderMap::new(),
        body: Vec::new(),
        base: base.to_owned(),
    };
    let call = Call {
        world,
        conditions,
        incoming: &incoming,
        target: nowhere(),
        api_version: api_version.to_owned(),
        body,
        caller: caller.clone(),
    };
    // Names may hold spaces and the like; ids are not percent-encoded.
    let segments: Vec<String> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    route(call, &segments).unwrap_or_else(|refusal| refusal)
}

fn nowhere() -> Target {
    Target {
        scope: String::new(),
        kind: String::new(),
        names: Vec::new(),
        word: None,
    }
}

fn route(mut call: Call<'_>, segments: &[String]) -> Result<Answer, Answer> {
    let lower: Vec<String> = segments
        .iter()
        .map(|part| part.to_ascii_lowercase())
        .collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["subscriptions"] => subscription::read_only(&call, "subscriptions")
            .map(|()| Answer::list(vec![subscription::subscription(&call)])),
        ["tenants"] => {
            subscription::read_only(&call, "tenants").map(|()| subscription::tenants(&call))
        }
        ["providers"] => {
            subscription::read_only(&call, "providers").map(|()| subscription::providers(&call))
        }
        ["providers", namespace] => subscription::one_provider(&call, namespace, None),
        ["subscriptions", rest @ ..] => {
            check_subscription(&call, &segments[1])?;
            own_paths::in_subscription(call, segments, rest)
        }
        ["providers", ..] => {
            call.target =
                Target::parse(segments, call.world).ok_or_else(|| no_such_path(segments))?;
            dispatch(&call)
        }
        _ => Err(no_such_path(segments)),
    }
}

pub(super) fn no_such_path(segments: &[String]) -> Answer {
    Answer::error(
        404,
        "InvalidResourceType",
        format!("No resource or operation is at '/{}'.", segments.join("/")),
    )
}

fn check_subscription(call: &Call<'_>, given: &str) -> Result<(), Answer> {
    if same(given, &call.world.settings().subscription) {
        return Ok(());
    }
    Err(Answer::error(
        404,
        "SubscriptionNotFound",
        format!("The subscription '{given}' could not be found."),
    ))
}

/// What a method does, in the words of role definitions.
pub(super) fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET | Method::HEAD => "read",
        Method::DELETE => "delete",
        Method::POST => "action",
        _ => "write",
    }
}

/// Calls the handler of the target's type, after the checks ARM makes itself.
pub(super) fn dispatch(call: &Call<'_>) -> Result<Answer, Answer> {
    registration::check(call)?;
    check_group(call)?;
    match (&call.target.word, call.incoming.method.as_str()) {
        (Some(word), "POST") => action(call, word),
        (Some(_), _) => collection(call),
        (None, _) => instance(call),
    }
}

fn check_group(call: &Call<'_>) -> Result<(), Answer> {
    let Some(group) = call.target.group() else {
        return Ok(());
    };
    let id = ids::group_id(&call.target.scope).unwrap_or_default();
    groups::required(call.world, &id, group).map(|_| ())
}

fn known(kind: &str) -> Result<&'static Kind, Answer> {
    providers::find(kind).ok_or_else(|| not_modelled(&format!("The resource type '{kind}'")))
}

fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let kind = &call.target.kind;
    rbac::check(call, &format!("{kind}/{word}/action"), &call.id())?;
    if call.target.names.is_empty() {
        let of_namespace = providers::namespace_of(kind).and_then(|namespace| namespace.action);
        return match of_namespace {
            Some(action) => action(call, word),
            None => Err(not_modelled(&format!("The action '{word}' of {kind}"))),
        };
    }
    locks::guard_call(call)?;
    let handler = known(kind)?
        .action
        .ok_or_else(|| not_modelled(&format!("The action '{word}' of '{kind}'")))?;
    handler(call, word)
}

fn collection(call: &Call<'_>) -> Result<Answer, Answer> {
    let member = call.target.member_kind(call.world).unwrap_or_default();
    let kind = known(&member)?;
    if call.incoming.method != Method::GET {
        return Err(method_not_allowed(&call.incoming.method, &member));
    }
    let above = call.id();
    let scope = if call.target.names.is_empty() {
        call.target.scope.clone()
    } else {
        above.clone()
    };
    // What belongs to the tenant, such as the list of runtimes, is open to whoever signed in.
    if !scope.is_empty() {
        rbac::check(call, &format!("{}/read", kind.name), &scope)?;
    }
    // A location is a place, not a resource that somebody made.
    let is_place = call.target.kind.ends_with("/locations");
    let finds_parents = missing_parent(call).is_none();
    let is_below = !call.target.names.is_empty() && !is_place && !finds_parents;
    if is_below && !call.world.contains(&above) {
        return Err(call.not_found());
    }
    if let Some(list) = kind.list {
        return list(call);
    }
    let members = call.world.of_kind_under(kind.name, &scope);
    Ok(Answer::list(
        members
            .into_iter()
            .map(|resource| lifecycle::present(call.world, &resource))
            .collect(),
    ))
}

fn instance(call: &Call<'_>) -> Result<Answer, Answer> {
    let kind = known(&call.target.kind)?;
    let method = &call.incoming.method;
    if !kind.is_own {
        rbac::check(call, &format!("{}/{}", kind.name, verb(method)), &call.id())?;
    }
    check_parent(call)?;
    locks::guard_call(call)?;
    let handler = match *method {
        Method::GET => return get(call, kind),
        Method::HEAD => {
            let status = if call.existing().is_some() {
                StatusCode::NO_CONTENT
            } else {
                StatusCode::NOT_FOUND
            };
            return Ok(Answer::empty(status));
        }
        Method::PUT => kind.put,
        Method::PATCH => kind.patch,
        Method::DELETE => kind.delete,
        _ => None,
    };
    handler.ok_or_else(|| method_not_allowed(method, kind.name))?(call)
}

fn get(call: &Call<'_>, kind: &Kind) -> Result<Answer, Answer> {
    lro::asked_by_reading(call.world, &call.id());
    if let Some(get) = kind.get {
        return get(call);
    }
    let Some(found) = call.existing() else {
        return Err(missing(call));
    };
    let etag = found.text("/etag").map(str::to_owned);
    let answer = lifecycle::shown(call.world, &found);
    Ok(match etag {
        Some(etag) => answer.with("etag", etag),
        None => answer,
    })
}

fn missing(call: &Call<'_>) -> Answer {
    match providers::namespace_of(&call.target.kind) {
        Some(namespace) => (namespace.missing)(call),
        None => call.not_found(),
    }
}

fn missing_parent(call: &Call<'_>) -> Option<fn(&Call<'_>, &str, &str) -> Answer> {
    providers::namespace_of(&call.target.kind)?.missing_parent
}

/// Children need their parent; how ARM says so depends on the verb and on the provider.
fn check_parent(call: &Call<'_>) -> Result<(), Answer> {
    let (Some(parent), Some(missing_parent)) = (call.target.parent_id(), missing_parent(call))
    else {
        return Ok(());
    };
    let in_location = call.target.kind.contains("/locations/");
    if in_location || call.world.contains(&parent) {
        return Ok(());
    }
    Err(missing_parent(call, verb(&call.incoming.method), &parent))
}

/// Headers of every answer. `allowance` is what is left of the caller's requests, where that was counted.
pub(crate) fn with_standard_headers(
    world: &World,
    incoming: &Incoming,
    allowance: Option<Allowance>,
    mut answer: Answer,
) -> Answer {
    let request_id = world
        .uuid(&format!("{} {}", incoming.method, incoming.path))
        .to_string();
    let correlation = incoming
        .header("x-ms-correlation-request-id")
        .map_or_else(|| request_id.clone(), str::to_owned);
    let routing = format!(
        "{ROUTING_REGION}:{}:{request_id}",
        world.now().strftime("%Y%m%dT%H%M%SZ")
    );
    if let Some(allowance) = allowance {
        allowance.add_to(&mut answer);
    }
    let asks_for_its_id = incoming
        .header("x-ms-return-client-request-id")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let own_id = incoming
        .header("x-ms-client-request-id")
        .filter(|_| asks_for_its_id);
    wait_a_second_in_python(incoming, &mut answer);
    answer
        .headers
        .extend(own_id.map(|id| ("x-ms-client-request-id", id.to_owned())));
    answer
        .with("x-ms-routing-request-id", routing)
        .with("x-ms-request-id", request_id)
        .with("x-ms-correlation-request-id", correlation)
        .with("cache-control", "no-cache")
        .with("pragma", "no-cache")
        .with("expires", "-1")
        .with(
            "strict-transport-security",
            "max-age=31536000; includeSubDomains",
        )
        .with("x-content-type-options", "nosniff")
        .with("x-cache", "CONFIG_NOCACHE")
}

/// Where the front door of this ARM would be; real ones name the region that routed the request.
const ROUTING_REGION: &str = "EMULATOR";
/// The Python SDK, and the Azure CLI with it, takes a `Retry-After` of 0 for none and waits for half a
/// minute before each poll. It gets one second, the least that works.
fn wait_a_second_in_python(incoming: &Incoming, answer: &mut Answer) {
    let agent = incoming.header("user-agent").unwrap_or_default();
    if !agent.contains("azsdk-python") {
        return;
    }
    for (name, value) in &mut answer.headers {
        if *name == "retry-after" && value == "0" {
            *value = "1".to_owned();
        }
    }
}

#[cfg(test)]
#[path = "router_tests.rs"]
mod tests;
