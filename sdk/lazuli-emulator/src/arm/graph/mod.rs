//! A part of Microsoft Graph, `/v1.0/…`: applications, service principals, users and groups, as far as
//! `az ad sp create-for-rbac` and `az role assignment` need them.
//!
//! Reading is free for everybody who is signed in. Writing needs the seeded service principal, which
//! stands for the administrator of the directory; others get `Authorization_RequestDenied`.

mod applications;
mod filter;
mod people;

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Caller, Incoming, directory, entra};
use crate::wire::Body;
use crate::world::World;

/// One call of Graph, signed in.
pub(super) struct Query<'a> {
    pub(super) world: &'a World,
    pub(super) incoming: &'a Incoming,
    pub(super) body: Value,
    pub(super) caller: Caller,
}

/// Answers a call of Graph; `segments` are those of the path.
pub(crate) fn answer(world: &World, incoming: &Incoming, segments: &[String]) -> Answer {
    let answer = signed_in(world, incoming).and_then(|query| route(&query, &segments[1..]));
    answer.unwrap_or_else(|refusal| dated(world, incoming, refusal))
}

/// Every refusal of Graph carries its time and the request's id.
fn dated(world: &World, incoming: &Incoming, mut refusal: Answer) -> Answer {
    if let Body::Json(body) = &mut refusal.body
        && body["error"]["innerError"].is_object()
    {
        let request = world.uuid(&incoming.path).to_string();
        body["error"]["innerError"] = json!({
            "date": world.now().strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            "request-id": request, "client-request-id": request,
        });
    }
    refusal
}

impl Query<'_> {
    /// A new GUID for something that this request makes.
    fn uuid(&self) -> Uuid {
        self.world.uuid(&self.incoming.path)
    }
}

fn signed_in<'a>(world: &'a World, incoming: &'a Incoming) -> Result<Query<'a>, Answer> {
    let caller = entra::graph_caller(world, incoming)?;
    let text = &incoming.body;
    let body = if text.iter().all(u8::is_ascii_whitespace) {
        Value::Null
    } else {
        serde_json::from_slice(text).map_err(|error| {
            refuse(
                400,
                "BadRequest",
                &format!("Unable to read JSON request payload: {error}."),
            )
        })?
    };
    let query = Query {
        world,
        incoming,
        body,
        caller,
    };
    let reads = incoming.method == http::Method::GET
        || incoming.path.to_ascii_lowercase().ends_with("getbyids")
        || incoming.path.to_ascii_lowercase().ends_with("groups");
    if !reads && query.caller.principal != world.settings().principal {
        let message = "Insufficient privileges to complete the operation.";
        return Err(refuse(403, "Authorization_RequestDenied", message));
    }
    Ok(query)
}

fn route(query: &Query<'_>, segments: &[String]) -> Result<Answer, Answer> {
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let Some((first, rest)) = lower.split_first() else {
        return Err(unsupported(query));
    };
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (first.as_str(), rest.as_slice()) {
        ("applications", rest) => applications::application(query, rest),
        ("serviceprincipals", rest) => applications::principal(query, rest),
        ("users", rest) => people::users(query, rest),
        ("groups", rest) => people::groups(query, rest),
        ("directoryobjects", rest) => people::objects(query, rest),
        ("me", _) => Err(refuse(
            400,
            "BadRequest",
            "/me request is only valid with delegated authentication flow.",
        )),
        ("organization", []) => Ok(organization(query)),
        _ => Err(unsupported(query)),
    }
}

fn organization(query: &Query<'_>) -> Answer {
    let tenant = &query.world.settings().tenant;
    list(vec![json!({
        "id": tenant, "displayName": "Lazuli",
        "verifiedDomains": [{ "name": domain(query.world), "isDefault": true, "isInitial": true, "type": "Managed" }],
    })])
}

/// The tenant's domain.
fn domain(world: &World) -> String {
    let short = world
        .settings()
        .tenant
        .split('-')
        .next()
        .unwrap_or_default();
    format!("lazuli{short}.onmicrosoft.com")
}

fn unsupported(query: &Query<'_>) -> Answer {
    let what = format!(
        "Microsoft Graph '{} {}'",
        query.incoming.method, query.incoming.path
    );
    super::errors::not_modelled(&what)
}

/// Graph's error shape; `dated` completes it.
fn refuse(status: u16, code: &str, message: &str) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    Answer::json(
        status,
        json!({ "error": { "code": code, "message": message, "innerError": {} } }),
    )
}

fn missing(id: &str) -> Answer {
    let message = format!(
        "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    );
    refuse(404, "Request_ResourceNotFound", &message)
}

fn required(property: &str, of: &str) -> Answer {
    let message = format!("A value is required for property '{property}' of resource '{of}'.");
    refuse(400, "Request_BadRequest", &message)
}

fn list(value: Vec<Value>) -> Answer {
    Answer::ok(json!({ "value": value }))
}

/// The objects of a collection that the request's `$filter` wants.
fn filtered(query: &Query<'_>, all: Vec<Value>) -> Result<Answer, Answer> {
    let text = query.incoming.query_value("$filter").unwrap_or_default();
    let terms = filter::parse(&text).ok_or_else(|| {
        refuse(
            400,
            "Request_UnsupportedQuery",
            &format!("Unsupported or invalid query filter clause: {text}"),
        )
    })?;
    let fits = |object: &Value| terms.iter().all(|term| term.fits(object));
    Ok(list(all.into_iter().filter(fits).collect()))
}

fn no_content() -> Answer {
    Answer::empty(StatusCode::NO_CONTENT)
}

/// The object id that a `$ref` body names at the end of its address.
fn referenced(query: &Query<'_>) -> Result<String, Answer> {
    let id = query.body["@odata.id"]
        .as_str()
        .and_then(|url| url.rsplit('/').next());
    let id = id.filter(|id| directory::object(query.world, id).is_some());
    id.map(str::to_owned).ok_or_else(|| {
        refuse(
            400,
            "Request_BadRequest",
            "One or more added object references do not exist in the directory.",
        )
    })
}
