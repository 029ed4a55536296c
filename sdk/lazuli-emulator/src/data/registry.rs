//! A container registry on its own host name, `{name}.azurecr.io`: firewall, sign-in, content.
//!
//! Layers come from another address, see [`super::data_endpoint`]. That its name resolves is judged for sites in
//! `web::pull`.

use std::net::IpAddr;

use axum::body::Body;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::acr_api::{self, AcrRoute, Shelf};
use super::auth::{self, Caller};
use super::digest::Digest;
use super::distribution::{self, error_response};
use super::news::News;
use super::oci_store::OciStore;
use super::route::{Route, Scope};
use super::{access, data_endpoint, locks};
use crate::world::{Resource, World};

/// More than any chunk that clients send at once.
const MAX_UNWANTED_BYTES: usize = 256 << 20;
const REGISTRIES: &str = "Microsoft.ContainerRegistry/registries";

/// The registry whose login server is `host`.
pub(crate) fn by_host(world: &World, host: &str) -> Option<Resource> {
    world
        .of_kind(REGISTRIES)
        .into_iter()
        .find(|registry| login_server(registry).eq_ignore_ascii_case(host))
}

/// The login server, in lower case.
pub(crate) fn login_server(registry: &Resource) -> String {
    registry.body["properties"]["loginServer"]
        .as_str()
        .unwrap_or_default()
        .to_lowercase()
}

/// The registry's name, in lower case: its folder, and the name of its admin user.
pub(crate) fn name_of(registry: &Resource) -> String {
    registry.name().to_lowercase()
}

/// The content of a registry. A registry that was deleted and made again is another one, and empty, so
/// the folder carries a name drawn when it was made (before there were such names: its time).
pub(crate) fn store(world: &World, registry: &Resource) -> OciStore {
    let made = registry.private["content"].as_str();
    let created = made
        .or(registry.text("/properties/creationDate"))
        .unwrap_or_default();
    let created: String = created
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let incarnation = if created.is_empty() {
        "content".to_owned()
    } else {
        created
    };
    OciStore::at(
        world
            .data_dir()
            .join("registries")
            .join(name_of(registry))
            .join(incarnation),
        world.origin(),
    )
}

/// The firewall's answer, word for word.
pub(crate) fn denied_message(address: &str) -> String {
    format!(
        "client with IP '{address}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."
    )
}

/// Whether a host name is a registry's: its login server, or one of its data endpoints.
pub(crate) fn serves(world: &World, host: &str) -> bool {
    by_host(world, host).is_some() || data_endpoint::by_host(world, host).is_some()
}

/// Answers a request to a registry's host. `client` is the caller's public address, or the private one
/// of a caller that comes through a private endpoint.
pub(crate) async fn handle(
    world: &World,
    host: &str,
    client: IpAddr,
    request: Request<Body>,
) -> Response<Body> {
    let host = host.to_lowercase();
    if let Some(registry) = data_endpoint::by_host(world, &host) {
        return data_endpoint::handle(world, &registry, client, request).await;
    }
    let Some(registry) = by_host(world, &host) else {
        let message = format!("no registry answers for {host}");
        let answer = error_response(StatusCode::NOT_FOUND, "NAME_UNKNOWN", &message, Value::Null);
        return refused(request, answer).await;
    };
    if !is_private(client) && !access::admits(&registry.body["properties"], client) {
        let message = denied_message(&client.to_string());
        let answer = error_response(StatusCode::FORBIDDEN, "DENIED", &message, Value::Null);
        return refused(request, answer).await;
    }
    if request.uri().path().starts_with("/oauth2/") {
        return auth::handle(world, &registry, request).await;
    }
    let caller = auth::caller(world, &registry, request.headers());
    if let Some(route) = AcrRoute::parse(request.uri().path()) {
        return own_api(world, &registry, &caller, &route, request).await;
    }
    let Some(route) = Route::parse(request.uri().path()) else {
        if let Some(answer) = not_modelled(request.uri().path()) {
            return refused(request, answer).await;
        }
        let message = "no such resource in a registry";
        let answer = error_response(StatusCode::NOT_FOUND, "NOT_FOUND", message, Value::Null);
        return refused(request, answer).await;
    };
    protocol(world, &registry, &caller, &route, request).await
}

async fn own_api(
    world: &World,
    registry: &Resource,
    caller: &Caller,
    route: &AcrRoute,
    request: Request<Body>,
) -> Response<Body> {
    let scope = route.scope(request.method());
    let host = login_server(registry);
    if !caller.may(world, registry, &scope) {
        return refused(request, challenge(&host, Some(&scope), caller)).await;
    }
    let shelf = Shelf {
        store: &store(world, registry),
        login_server: &host,
    };
    let before = News::of(&request, None);
    let response = acr_api::serve(&shelf, route, request).await;
    before.tell(world, registry, &response);
    response
}

async fn protocol(
    world: &World,
    registry: &Resource,
    caller: &Caller,
    route: &Route,
    request: Request<Body>,
) -> Response<Body> {
    let scope = route.scope(request.method());
    if !may(world, registry, caller, route, scope.as_ref()) {
        let answer = challenge(&login_server(registry), scope.as_ref(), caller);
        return refused(request, answer).await;
    }
    let may_mount = |repository: &str| {
        let scope = Scope {
            kind: "repository",
            name: repository.to_owned(),
            action: "pull",
        };
        caller.may(world, registry, &scope)
    };
    let store = store(world, registry);
    if let Some(refusal) = locks::refusal(&store, route, request.method()) {
        return refused(request, refusal).await;
    }
    if *request.method() == Method::GET
        && let Route::Blob(name, digest) = route
        && let Some(digest) = Digest::parse(digest)
        && store.blob(name, &digest).is_ok()
    {
        return data_endpoint::redirect(world, registry, &request, &digest);
    }
    let news = News::of(&request, Some((&store, route)));
    let response = distribution::serve(&store, route, &may_mount, request).await;
    news.tell(world, registry, &response);
    response
}

/// Real paths of the service that the emulator has no answer to.
fn not_modelled(path: &str) -> Option<Response<Body>> {
    let known = ["/acr/v1/_deleted", "/acr/v1/_", "/helm/v1/"];
    let prefix = known.into_iter().find(|known| path.starts_with(known))?;
    let message = format!(
        "Requests below {prefix} are not modelled by this emulator: it has no soft-deleted artifacts and no helm repository."
    );
    let code = "NotModelledByEmulator";
    Some(error_response(
        StatusCode::NOT_IMPLEMENTED,
        code,
        &message,
        Value::Null,
    ))
}

/// Reads what the client still sends before it is refused: many clients push first and ask for a token when
/// that fails, and one that cannot finish its request never sees the answer.
async fn refused(request: Request<Body>, answer: Response<Body>) -> Response<Body> {
    let mut body = request.into_body();
    let mut left = MAX_UNWANTED_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, |data| data.len());
        match left.checked_sub(size) {
            Some(rest) => left = rest,
            None => break,
        }
    }
    answer
}

/// Listing tags is reading metadata, and clients of the protocol ask for it with the right to pull.
fn may(
    world: &World,
    registry: &Resource,
    caller: &Caller,
    route: &Route,
    scope: Option<&Scope>,
) -> bool {
    let Some(scope) = scope else {
        return caller.is_known();
    };
    let metadata = || Scope {
        action: "metadata_read",
        ..scope.clone()
    };
    caller.may(world, registry, scope)
        || (matches!(route, Route::Tags(_)) && caller.may(world, registry, &metadata()))
}

pub(super) fn is_private(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.is_private())
}

/// The refusal with the way to a token. It says so when the given token does not suffice.
fn challenge(host: &str, scope: Option<&Scope>, caller: &Caller) -> Response<Body> {
    let wanted = scope
        .map(|s| format!(",scope=\"{}:{}:{}\"", s.kind, s.name, s.action))
        .unwrap_or_default();
    let detail = scope.map_or(
        Value::Null,
        |s| json!([{ "Type": s.kind, "Name": s.name, "Action": s.action }]),
    );
    let mut response = error_response(
        StatusCode::UNAUTHORIZED,
        "UNAUTHORIZED",
        "authentication required, visit https://aka.ms/acr/authorization for more information.",
        detail,
    );
    let error = if caller.is_known() {
        ",error=\"insufficient_scope\""
    } else {
        ""
    };
    let value =
        format!("Bearer realm=\"https://{host}/oauth2/token\",service=\"{host}\"{wanted}{error}");
    if let Ok(value) = value.parse() {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
