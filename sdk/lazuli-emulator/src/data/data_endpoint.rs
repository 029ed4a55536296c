//! Where layers come from: a GET of a blob is sent on (307) to an address that carries its own permission.
//!
//! A registry with dedicated data endpoints, or with a private endpoint, sends to
//! `{registry}.{region}.data.azurecr.io`, which stands behind the same firewall. Any other sends to a storage
//! account, which has no firewall. As documented under "endpoint reference" and recorded from pulls.

use std::net::IpAddr;

use axum::body::Body;
use http::{Request, Response, StatusCode, header};
use serde_json::Value;

use super::access;
use super::blob;
use super::digest::Digest;
use super::distribution::{self, error_response};
use super::oci_store::OciStore;
use super::registry::{self, denied_message, is_private, name_of};
use super::signing::SigningKey;
use crate::views::registry_view;
use crate::wire::ids::location_key;
use crate::world::{Resource, World};

const VERSION: &str = "2018-11-09";
const VALID_SECONDS: i64 = 20 * 60;
const REGISTRIES: &str = "Microsoft.ContainerRegistry/registries";

/// The registry behind a data endpoint's name, if the name is one and is in use.
pub(crate) fn by_host(world: &World, host: &str) -> Option<Resource> {
    let host = host.to_lowercase();
    let (name, place) = host.strip_suffix(".data.azurecr.io")?.split_once('.')?;
    let all = world.of_kind(REGISTRIES).into_iter();
    let mut named = all.filter(|registry| name_of(registry) == name);
    named.find(|registry| {
        is_dedicated(world, registry) && places(world, registry).iter().any(|p| p == place)
    })
}

/// Switched on, or there by itself with the first private endpoint.
fn is_dedicated(world: &World, registry: &Resource) -> bool {
    let connected = || {
        let below = world.under(&registry.id).into_iter();
        below
            .filter(|one| one.kind.ends_with("/privateEndpointConnections"))
            .count()
            > 0
    };
    registry.body["properties"]["dataEndpointEnabled"] == true || connected()
}

fn places(world: &World, registry: &Resource) -> Vec<String> {
    let home = registry.text("/location").unwrap_or_default();
    registry_view::places(world, &registry.id, home)
}

/// Sends a client on to where a blob is.
pub(super) fn redirect(
    world: &World,
    registry: &Resource,
    request: &Request<Body>,
    digest: &Digest,
) -> Response<Body> {
    let Ok(query) = signed_query(world, registry, digest) else {
        return failed();
    };
    let port = port_of(request);
    let hex = digest.hex();
    let path = format!(
        "/{}//docker/registry/v2/blobs/sha256/{}/{hex}/data",
        container(registry),
        &hex[..2]
    );
    let location = if is_dedicated(world, registry) {
        let place = location_key(registry.text("/location").unwrap_or_default());
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        format!(
            "https://{}.{place}.data.azurecr.io{port}{path}?{query}",
            name_of(registry)
        )
    } else if port.is_some() {
        // A client that knows the emulator's own address gets storage there, as build sources do.
        format!(
            "{}/{}{path}?{query}",
            world.settings().base(),
            blob::ACCOUNT
        )
    } else {
        format!("https://{}{path}?{query}", blob::STORAGE_HOST)
    };
    let response = Response::builder()
        .status(StatusCode::TEMPORARY_REDIRECT)
        .header(header::LOCATION, location)
        .header("docker-content-digest", digest.as_str())
        .header(header::CONTENT_LENGTH, 0)
        .body(Body::empty());
    response.unwrap_or_else(|_| failed())
}

fn failed() -> Response<Body> {
    let message = "the emulator could not sign the address of a blob";
    error_response(
        StatusCode::INTERNAL_SERVER_ERROR,
        "UNKNOWN",
        message,
        Value::Null,
    )
}

/// The port in the address that the client used; none behind the proxy, where everything is on 443.
fn port_of(request: &Request<Body>) -> Option<u16> {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = host.and_then(|host| host.parse::<http::uri::Authority>().ok());
    let port = authority
        .as_ref()
        .or(request.uri().authority())
        .and_then(|a| a.port_u16());
    port.filter(|port| *port != 443)
}

/// One container per registry, as long as it is the same registry.
fn container(registry: &Resource) -> String {
    let created = registry
        .text("/properties/creationDate")
        .unwrap_or_default();
    Digest::of(format!("{} {created}", registry.id.to_lowercase()).as_bytes()).hex()[..32]
        .to_owned()
}

fn signed_query(world: &World, registry: &Resource, digest: &Digest) -> std::io::Result<String> {
    let expiry = (world.now().as_second() + VALID_SECONDS).to_string();
    let key = SigningKey::of(world)?;
    let signature = key.sign(&text_to_sign(&container(registry), digest, &expiry));
    let pairs = [
        ("se", expiry.as_str()),
        ("sig", &signature),
        ("sp", "r"),
        ("spr", "https"),
        ("sr", "b"),
        ("sv", VERSION),
    ];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    Ok(query.extend_pairs(pairs).finish())
}

fn text_to_sign(container: &str, digest: &Digest, expiry: &str) -> String {
    format!("layer\n{container}\n{digest}\n{expiry}")
}

/// Container and digest of a layer's address.
pub(super) fn layer_of(path: &str) -> Option<(String, Digest)> {
    let (container, rest) = path
        .trim_start_matches('/')
        .split_once("//docker/registry/v2/blobs/sha256/")?;
    let hex = rest.split('/').nth(1)?;
    let digest = Digest::parse(&format!("sha256:{hex}"))?;
    Some((container.to_owned(), digest))
}

/// Answers a request to a data endpoint: the registry's firewall, then the signed address.
pub(super) async fn handle(
    world: &World,
    registry: &Resource,
    client: IpAddr,
    request: Request<Body>,
) -> Response<Body> {
    if !is_private(client) && !access::admits(&registry.body["properties"], client) {
        let message = denied_message(&client.to_string());
        return error_response(StatusCode::FORBIDDEN, "DENIED", &message, Value::Null);
    }
    match layer_of(request.uri().path()) {
        Some((name, digest)) if name == container(registry) => {
            serve(world, registry, &digest, request).await
        }
        _ => not_authorized(),
    }
}

/// Answers a request for a layer in the storage account.
pub(super) async fn from_storage(
    world: &World,
    (name, digest): (String, Digest),
    request: Request<Body>,
) -> Response<Body> {
    let registries = world.of_kind(REGISTRIES);
    match registries
        .iter()
        .find(|registry| container(registry) == name)
    {
        Some(registry) => serve(world, registry, &digest, request).await,
        None => not_authorized(),
    }
}

async fn serve(
    world: &World,
    registry: &Resource,
    digest: &Digest,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    if !is_signed(
        world,
        registry,
        digest,
        parts.uri.query().unwrap_or_default(),
    ) {
        return not_authorized();
    }
    let store: OciStore = registry::store(world, registry);
    distribution::content(&store, digest, &parts.headers, &parts.method).await
}

fn is_signed(world: &World, registry: &Resource, digest: &Digest, query: &str) -> bool {
    let pairs: std::collections::BTreeMap<_, _> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let value = |key: &str| pairs.get(key).map(String::as_str).unwrap_or_default();
    let text = text_to_sign(&container(registry), digest, value("se"));
    let in_time = value("se")
        .parse()
        .is_ok_and(|second: i64| second > world.now().as_second());
    in_time && SigningKey::of(world).is_ok_and(|key| key.holds(&text, value("sig")))
}

fn not_authorized() -> Response<Body> {
    let message = "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.";
    error_response(
        StatusCode::FORBIDDEN,
        "AuthenticationFailed",
        message,
        Value::Null,
    )
}
