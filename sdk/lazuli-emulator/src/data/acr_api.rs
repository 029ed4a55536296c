//! The registry's own API beside the distribution protocol, `/acr/v1/…`: catalog, repositories, tags and
//! manifests with their attributes. The Azure CLI and the Azure SDKs use it for everything but push and pull.
//!
//! Paths and bodies follow the published definition of the service.

use axum::body::Body;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};

use super::acr_bodies::{manifest_body, repository_body, tag_body};
use super::attributes::Item;
use super::blob::percent_decode;
use super::digest::Digest;
use super::distribution::{Query, error_response, json_response};
use super::locks;
use super::oci_store::OciStore;
use super::route::Scope;
use super::store_error::StoreError;

const MAX_BODY_BYTES: usize = 64 * 1024;
const DEFAULT_PAGE: usize = 100;

/// What a path below `/acr/v1/` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AcrRoute {
    Catalog,
    Repository(String),
    Tags(String),
    Tag(String, String),
    Manifests(String),
    Manifest(String, String),
}

impl AcrRoute {
    pub(super) fn parse(path: &str) -> Option<Self> {
        let path = percent_decode(path);
        let rest = path.strip_prefix("/acr/v1/")?.trim_end_matches('/');
        if rest == "_catalog" {
            return Some(Self::Catalog);
        }
        // Names of repositories have no component that starts with an underscore.
        for (word, many, one) in [
            (
                "/_tags",
                Self::Tags as fn(String) -> Self,
                Self::Tag as fn(String, String) -> Self,
            ),
            ("/_manifests", Self::Manifests, Self::Manifest),
        ] {
            if let Some((name, tail)) = rest.split_once(word) {
                return Some(match tail.strip_prefix('/') {
                    Some(item) => one(name.to_owned(), item.to_owned()),
                    None => many(name.to_owned()),
                });
            }
        }
        (!rest.is_empty() && !rest.starts_with('_')).then(|| Self::Repository(rest.to_owned()))
    }

    fn repository(&self) -> Option<&str> {
        match self {
            Self::Catalog => None,
            Self::Repository(name) | Self::Tags(name) | Self::Manifests(name) => Some(name),
            Self::Tag(name, _) | Self::Manifest(name, _) => Some(name),
        }
    }

    /// The right that a request needs.
    pub(super) fn scope(&self, method: &Method) -> Scope {
        let action = match *method {
            Method::DELETE => "delete",
            Method::PATCH => "metadata_write",
            _ => "metadata_read",
        };
        match self.repository() {
            None => Scope {
                kind: "registry",
                name: "catalog".into(),
                action: "*",
            },
            Some(name) => Scope {
                kind: "repository",
                name: name.to_owned(),
                action,
            },
        }
    }
}

/// A registry's content and the name it is shown under.
pub(super) struct Shelf<'a> {
    pub(super) store: &'a OciStore,
    pub(super) login_server: &'a str,
}

type Answer = Result<Response<Body>, StoreError>;

/// Answers a request that was allowed.
pub(super) async fn serve(
    shelf: &Shelf<'_>,
    route: &AcrRoute,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
        return error_response(
            StatusCode::BAD_REQUEST,
            "UNSUPPORTED",
            "the body is too large or was cut off",
            Value::Null,
        );
    };
    let given: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
    let query = Query::of(parts.uri.query());
    let answer = match parts.method.as_str() {
        "GET" => read(shelf, route, &query),
        "PATCH" => change(shelf, route, &given),
        "DELETE" => delete(shelf, route),
        _ => return unsupported(),
    };
    answer.unwrap_or_else(|error| {
        let (status, code) = error.code();
        error_response(status, code, &error.to_string(), error.detail())
    })
}

fn unsupported() -> Response<Body> {
    error_response(
        StatusCode::METHOD_NOT_ALLOWED,
        "UNSUPPORTED",
        "The operation is unsupported.",
        Value::Null,
    )
}

fn read(shelf: &Shelf<'_>, route: &AcrRoute, query: &Query) -> Answer {
    let store = shelf.store;
    match route {
        AcrRoute::Catalog => {
            let listed = |name: &String| {
                store
                    .attributes(name, Item::Repository)
                    .is_ok_and(|a| a.list_enabled)
            };
            let names = store.repositories().into_iter().filter(listed);
            let entries = names.map(|name| Entry {
                key: name.clone(),
                time: None,
                body: name.into(),
            });
            page(
                query,
                "/acr/v1/_catalog",
                entries.collect(),
                &|names| json!({ "repositories": names }),
            )
        }
        AcrRoute::Repository(name) => Ok(json_response(
            StatusCode::OK,
            &repository_body(shelf, name)?,
        )),
        AcrRoute::Tag(name, tag) => {
            let body = framed(shelf, name, "tag", tag_body(store, name, tag)?);
            Ok(json_response(StatusCode::OK, &body))
        }
        AcrRoute::Manifest(name, reference) => {
            let digest = find(store, name, reference)?;
            let body = framed(
                shelf,
                name,
                "manifest",
                manifest_body(store, name, &digest)?,
            );
            Ok(json_response(StatusCode::OK, &body))
        }
        AcrRoute::Tags(name) => {
            let wanted = query.get("digest").unwrap_or_default();
            let bodies = store
                .tags(name)?
                .into_iter()
                .map(|tag| tag_body(store, name, &tag));
            let bodies = bodies.collect::<Result<Vec<_>, _>>()?.into_iter();
            let entries = bodies
                .filter(|tag| wanted.is_empty() || tag["digest"] == wanted)
                .filter_map(|tag| Entry::of(tag, "name"));
            page(
                query,
                &format!("/acr/v1/{name}/_tags"),
                entries.collect(),
                &|tags| framed(shelf, name, "tags", json!(tags)),
            )
        }
        AcrRoute::Manifests(name) => {
            let bodies = store
                .manifests(name)?
                .into_iter()
                .map(|digest| manifest_body(store, name, &digest));
            let bodies = bodies.collect::<Result<Vec<_>, _>>()?.into_iter();
            let entries = bodies.filter_map(|manifest| Entry::of(manifest, "digest"));
            page(
                query,
                &format!("/acr/v1/{name}/_manifests"),
                entries.collect(),
                &|all| framed(shelf, name, "manifests", json!(all)),
            )
        }
    }
}

fn framed(shelf: &Shelf<'_>, name: &str, key: &str, inner: Value) -> Value {
    json!({ "registry": shelf.login_server, "imageName": name, key: inner })
}

fn find(store: &OciStore, name: &str, reference: &str) -> Result<Digest, StoreError> {
    Ok(store.manifest(name, reference)?.digest)
}

fn change(shelf: &Shelf<'_>, route: &AcrRoute, given: &Value) -> Answer {
    let store = shelf.store;
    let digest;
    let (name, item) = match route {
        AcrRoute::Repository(name) => {
            store.tags(name)?;
            (name, Item::Repository)
        }
        AcrRoute::Tag(name, tag) => {
            tag_body(store, name, tag)?;
            (name, Item::Tag(tag))
        }
        AcrRoute::Manifest(name, reference) => {
            digest = find(store, name, reference)?;
            (name, Item::Manifest(&digest))
        }
        _ => return Ok(unsupported()),
    };
    let mut attributes = store.attributes(name, item)?;
    attributes.change(given);
    store.set_attributes(name, item, &attributes)?;
    read(shelf, route, &Query::of(None))
}

fn delete(shelf: &Shelf<'_>, route: &AcrRoute) -> Answer {
    let store = shelf.store;
    match route {
        AcrRoute::Repository(name) => {
            store.tags(name)?;
            if !locks::may_delete_all(store, name) {
                return Ok(locks::disallowed());
            }
            let (manifests, tags) = store.delete_repository(name)?;
            let manifests: Vec<&str> = manifests.iter().map(Digest::as_str).collect();
            let body = json!({ "manifestsDeleted": manifests, "tagsDeleted": tags });
            Ok(json_response(StatusCode::ACCEPTED, &body))
        }
        AcrRoute::Tag(name, tag) => {
            tag_body(store, name, tag)?;
            if !locks::may_delete(store, name, tag) {
                return Ok(locks::disallowed());
            }
            store.delete_manifest(name, tag)?;
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::ACCEPTED;
            Ok(response)
        }
        _ => Ok(unsupported()),
    }
}

/// One member of a list: what it is found by, when it last changed, and how it is shown.
struct Entry {
    key: String,
    time: Option<String>,
    body: Value,
}

impl Entry {
    /// `None` for what may not be listed.
    fn of(body: Value, key: &str) -> Option<Entry> {
        let hidden = body["changeableAttributes"]["listEnabled"] == false;
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let (key, time) = (text(key), Some(text("lastUpdateTime")));
        (!hidden).then_some(Entry { key, time, body })
    }
}

/// One page of a list in the order that was asked for (`timedesc`, `timeasc`, or by name), with the `Link`
/// to the next as the service writes it.
fn page(
    query: &Query,
    path: &str,
    mut entries: Vec<Entry>,
    body: &dyn Fn(Vec<Value>) -> Value,
) -> Answer {
    let order = query.get("orderby").unwrap_or_default();
    match order {
        "timedesc" => entries.sort_by(|a, b| b.time.cmp(&a.time)),
        "timeasc" => entries.sort_by(|a, b| a.time.cmp(&b.time)),
        _ => entries.sort_by(|a, b| a.key.cmp(&b.key)),
    }
    let size = query
        .get("n")
        .and_then(|n| n.parse().ok())
        .unwrap_or(DEFAULT_PAGE);
    let after = query.get("last").unwrap_or_default();
    let by_time = order.starts_with("time");
    let start = match entries.iter().position(|entry| entry.key == after) {
        Some(at) => at + 1,
        None if by_time || after.is_empty() => 0,
        None => entries.partition_point(|entry| entry.key.as_str() <= after),
    };
    let total = entries.len();
    let shown: Vec<Entry> = entries.into_iter().skip(start).take(size).collect();
    let next = shown
        .last()
        .map(|entry| entry.key.clone())
        .filter(|_| start + shown.len() < total);
    let mut response = json_response(
        StatusCode::OK,
        &body(shown.into_iter().map(|entry| entry.body).collect()),
    );
    if let Some(last) = next {
        let last: String = url::form_urlencoded::byte_serialize(last.as_bytes()).collect();
        let link = format!("<{path}?last={last}&n={size}&orderby={order}>; rel=\"next\"");
        if let Ok(link) = link.parse() {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}

#[cfg(test)]
#[path = "acr_api_tests.rs"]
mod tests;
