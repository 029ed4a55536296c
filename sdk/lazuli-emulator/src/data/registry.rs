//! A container registry on its own host name, `{name}.azurecr.io`: firewall, sign-in, content.
//!
//! Layers are served from the login server itself; the real service redirects to its data endpoint.
//! That the data endpoint's name resolves is judged for sites in `web::pull`.

use std::net::IpAddr;

use axum::body::Body;
use http::{Request, Response, StatusCode, header};
use serde_json::{Value, json};

use super::access;
use super::auth::{self, Caller};
use super::distribution::{self, error_response};
use super::oci_store::OciStore;
use super::route::{Route, Scope};
use crate::world::{Resource, World};

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
/// the folder carries the time of its creation.
pub(crate) fn store(world: &World, registry: &Resource) -> OciStore {
    let created = registry
        .text("/properties/creationDate")
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
    )
}

/// The firewall's answer, word for word.
pub(crate) fn denied_message(address: &str) -> String {
    format!(
        "client with IP '{address}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."
    )
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
    let Some(registry) = by_host(world, &host) else {
        return error_response(
            StatusCode::NOT_FOUND,
            "NAME_UNKNOWN",
            &format!("no registry answers for {host}"),
            Value::Null,
        );
    };
    if !is_private(client) && !access::admits(&registry.body["properties"], client) {
        return error_response(
            StatusCode::FORBIDDEN,
            "DENIED",
            &denied_message(&client.to_string()),
            Value::Null,
        );
    }
    if request.uri().path().starts_with("/oauth2/") {
        return auth::handle(world, &registry, request).await;
    }
    let Some(route) = Route::parse(request.uri().path()) else {
        return error_response(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "no such resource in a registry",
            Value::Null,
        );
    };
    let caller = auth::caller(world, &registry, request.headers());
    let scope = route.scope(request.method());
    if !may(world, &registry, &caller, scope.as_ref()) {
        return challenge(&host, scope.as_ref());
    }
    let may_mount = |repository: &str| {
        let scope = Scope {
            kind: "repository",
            name: repository.to_owned(),
            action: "pull",
        };
        caller.may(world, &registry, &scope)
    };
    let store = store(world, &registry);
    distribution::serve(&store, &route, &may_mount, request).await
}

fn may(world: &World, registry: &Resource, caller: &Caller, scope: Option<&Scope>) -> bool {
    match scope {
        Some(scope) => caller.may(world, registry, scope),
        None => caller.is_known(),
    }
}

fn is_private(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.is_private())
}

fn challenge(host: &str, scope: Option<&Scope>) -> Response<Body> {
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
    let value = format!("Bearer realm=\"https://{host}/oauth2/token\",service=\"{host}\"{wanted}");
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
