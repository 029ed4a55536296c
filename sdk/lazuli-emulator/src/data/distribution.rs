//! The OCI distribution protocol over a content store: pull, push, tags, catalog.
//!
//! Used by `registry` behind its firewall and sign-in, and by `web::front` for a web app that runs the
//! open-source registry. Follows the distribution specification; where that leaves a choice, the
//! answers are those of the Docker registry.

use std::path::PathBuf;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::blob::byte_range;
use super::digest::Digest;
use super::oci_store::{Blob, Manifest, OciStore};
use super::referrers;
use super::route::Route;
use super::store_error::StoreError;
use super::upload::{begin_upload, finish, progress, receive};

const MAX_MANIFEST_BYTES: usize = 4 << 20;
const CHUNK_BYTES: u64 = 256 * 1024;
const DEFAULT_PAGE: usize = 100;
const DIGEST_HEADER: &str = "docker-content-digest";

/// A refusal: of the store, or of the protocol.
pub(super) enum Refusal {
    Store(StoreError),
    Protocol(StatusCode, &'static str, String),
    Status(StatusCode),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<http::Error> for Refusal {
    fn from(error: http::Error) -> Self {
        Self::Protocol(StatusCode::BAD_REQUEST, "UNSUPPORTED", error.to_string())
    }
}

pub(super) type Answer = Result<Response<Body>, Refusal>;

/// Answers a request that was allowed. `may_mount` says whether the caller may read another repository.
pub(crate) async fn serve(
    store: &OciStore,
    route: &Route,
    may_mount: &(dyn Fn(&str) -> bool + Sync),
    request: Request<Body>,
) -> Response<Body> {
    let is_head = request.method() == Method::HEAD;
    let mut response = answered(answer(store, route, may_mount, request).await);
    if is_head {
        *response.body_mut() = Body::empty();
    }
    response.headers_mut().insert(
        "docker-distribution-api-version",
        http::HeaderValue::from_static("registry/2.0"),
    );
    response
}

fn answered(answer: Answer) -> Response<Body> {
    match answer {
        Ok(response) => response,
        Err(Refusal::Store(error)) => {
            let (status, code) = error.code();
            error_response(status, code, &error.to_string(), error.detail())
        }
        Err(Refusal::Protocol(status, code, message)) => {
            error_response(status, code, &message, Value::Null)
        }
        Err(Refusal::Status(status)) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status;
            response
        }
    }
}

async fn answer(
    store: &OciStore,
    route: &Route,
    may_mount: &(dyn Fn(&str) -> bool + Sync),
    request: Request<Body>,
) -> Answer {
    let query = Query::of(request.uri().query());
    match (request.method().as_str(), route) {
        ("GET" | "HEAD", Route::Base) => Ok(json_response(StatusCode::OK, &json!({}))),
        ("GET", Route::Catalog) => page(
            &query,
            "/v2/_catalog",
            store.repositories(),
            &|names| json!({ "repositories": names }),
        ),
        ("GET", Route::Tags(name)) => {
            let tags = store.tags(name)?;
            page(
                &query,
                &format!("/v2/{name}/tags/list"),
                tags,
                &|tags| json!({ "name": name, "tags": tags }),
            )
        }
        ("GET" | "HEAD", Route::Manifest(name, reference)) => {
            manifest(store.manifest(name, reference)?, request.headers())
        }
        ("PUT", Route::Manifest(name, reference)) => {
            put_manifest(store, name, reference, request).await
        }
        ("DELETE", Route::Manifest(name, reference)) => {
            store.delete_manifest(name, reference)?;
            Ok(Response::builder()
                .status(StatusCode::ACCEPTED)
                .body(Body::empty())?)
        }
        ("GET" | "HEAD", Route::Blob(name, digest)) => {
            let digest = parse_digest(digest)?;
            blob(store.blob(name, &digest)?, &digest, request.headers()).await
        }
        ("GET", Route::Referrers(name, digest)) => {
            let wanted = query.get("artifactType");
            let index = referrers::index(store, name, &parse_digest(digest)?, wanted)?;
            let mut response = json_response(StatusCode::OK, &index);
            let kind = http::HeaderValue::from_static(referrers::INDEX);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            if wanted.is_some() {
                let applied = http::HeaderValue::from_static("artifactType");
                response
                    .headers_mut()
                    .insert("oci-filters-applied", applied);
            }
            Ok(response)
        }
        ("DELETE", Route::Blob(name, digest)) => {
            store.delete_blob(name, &parse_digest(digest)?)?;
            Ok(Response::builder()
                .status(StatusCode::ACCEPTED)
                .body(Body::empty())?)
        }
        ("POST", Route::Uploads(name)) => {
            begin_upload(store, name, &query, may_mount, request).await
        }
        ("GET" | "HEAD", Route::Upload(name, id)) => progress(
            StatusCode::NO_CONTENT,
            name,
            id,
            store.upload_size(name, id)?,
        ),
        ("PATCH", Route::Upload(name, id)) => {
            let size = receive(store, name, id, request).await?;
            progress(StatusCode::ACCEPTED, name, id, size)
        }
        ("PUT", Route::Upload(name, id)) => {
            receive(store, name, id, request).await?;
            finish(store, name, id, query.get("digest").unwrap_or_default())
        }
        ("DELETE", Route::Upload(name, id)) => {
            store.cancel_upload(name, id)?;
            Ok(Response::builder()
                .status(StatusCode::NO_CONTENT)
                .body(Body::empty())?)
        }
        _ => Err(Refusal::Protocol(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            "The operation is unsupported.".into(),
        )),
    }
}

// Manifests

fn manifest(manifest: Manifest, headers: &HeaderMap) -> Answer {
    let accepted: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let accepted = accepted.join(",");
    let kind = &manifest.media_type;
    let fits = accepted.is_empty() || accepted.contains("*/*") || accepted.contains(kind.as_str());
    // Old clients that send no OCI type in Accept must not get an OCI document.
    if !fits && kind.starts_with("application/vnd.oci.") {
        let message = format!("OCI manifest found, but accept header does not support {kind}");
        return Err(Refusal::Protocol(
            StatusCode::NOT_FOUND,
            "MANIFEST_UNKNOWN",
            message,
        ));
    }
    Ok(Response::builder()
        .header(header::CONTENT_TYPE, kind)
        .header(header::CONTENT_LENGTH, manifest.bytes.len())
        .header(header::ETAG, format!("\"{}\"", manifest.digest))
        .header(DIGEST_HEADER, manifest.digest.as_str())
        .body(manifest.bytes.into())?)
}

async fn put_manifest(
    store: &OciStore,
    name: &str,
    reference: &str,
    request: Request<Body>,
) -> Answer {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_MANIFEST_BYTES).collect().await;
    let bytes = body
        .map_err(|_| {
            StoreError::ManifestInvalid(format!(
                "larger than {MAX_MANIFEST_BYTES} bytes, or cut off"
            ))
        })?
        .to_bytes();
    let declared = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let inside = || {
        serde_json::from_slice::<Value>(&bytes).ok()?["mediaType"]
            .as_str()
            .map(str::to_owned)
    };
    let media_type = declared
        .filter(|kind| is_manifest_type(kind))
        .or_else(inside);
    let media_type = media_type
        .filter(|kind| is_manifest_type(kind))
        .ok_or_else(|| StoreError::ManifestInvalid("unknown media type".into()))?;
    let digest = store.put_manifest(name, reference, &media_type, &bytes)?;
    let mut response = created(&format!("/v2/{name}/manifests/{digest}"), &digest)?;
    if let Some(subject) = referrers::subject(&bytes) {
        let value = subject.as_str().parse().map_err(http::Error::from)?;
        response.headers_mut().insert("oci-subject", value);
    }
    Ok(response)
}

fn is_manifest_type(kind: &str) -> bool {
    const TYPES: [&str; 4] = [
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    ];
    TYPES.contains(&kind.split(';').next().unwrap_or(kind).trim())
}

// Blobs

async fn blob(blob: Blob, digest: &Digest, headers: &HeaderMap) -> Answer {
    let response = Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, format!("\"{digest}\""))
        .header(DIGEST_HEADER, digest.as_str());
    let wanted = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    let (status, first, last) = match wanted {
        None => (StatusCode::OK, 0, blob.size.saturating_sub(1)),
        Some(range) => {
            let (first, last) = byte_range(range, blob.size)
                .ok_or(Refusal::Status(StatusCode::RANGE_NOT_SATISFIABLE))?;
            (StatusCode::PARTIAL_CONTENT, first, last)
        }
    };
    let length = if blob.size == 0 { 0 } else { last - first + 1 };
    let mut response = response
        .status(status)
        .header(header::CONTENT_LENGTH, length);
    if status == StatusCode::PARTIAL_CONTENT {
        response = response.header(
            header::CONTENT_RANGE,
            format!("bytes {first}-{last}/{}", blob.size),
        );
    }
    Ok(response.body(stream(blob.path, first, length).await?)?)
}

/// Answers content by its digest alone; the caller has checked the permission in the address.
pub(super) async fn content(
    store: &OciStore,
    digest: &Digest,
    headers: &HeaderMap,
    method: &Method,
) -> Response<Body> {
    let answer = match store.any_blob(digest) {
        Ok(found) => blob(found, digest, headers).await,
        Err(error) => Err(error.into()),
    };
    let mut response = answered(answer);
    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

/// Reads a part of a file as it is sent.
async fn stream(path: PathBuf, first: u64, length: u64) -> Result<Body, StoreError> {
    let mut file = tokio::fs::File::open(&path)
        .await
        .map_err(StoreError::io(&path))?;
    file.seek(std::io::SeekFrom::Start(first))
        .await
        .map_err(StoreError::io(&path))?;
    let chunks = futures::stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let mut buffer = vec![0; left.min(CHUNK_BYTES) as usize];
        file.read_exact(&mut buffer).await?;
        let left = left - buffer.len() as u64;
        Ok::<_, std::io::Error>(Some((Bytes::from(buffer), (file, left))))
    });
    Ok(Body::from_stream(chunks))
}

pub(super) fn created(location: &str, digest: &Digest) -> Answer {
    Ok(Response::builder()
        .status(StatusCode::CREATED)
        .header(header::LOCATION, location)
        .header(DIGEST_HEADER, digest.as_str())
        .header(header::CONTENT_LENGTH, 0)
        .body(Body::empty())?)
}

pub(super) fn parse_digest(text: &str) -> Result<Digest, StoreError> {
    Digest::parse(text).ok_or_else(|| StoreError::DigestInvalid(text.to_owned()))
}

// Lists

pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(text: Option<&str>) -> Self {
        Self(
            url::form_urlencoded::parse(text.unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
        )
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, value)| value.as_str())
    }
}

/// One page of a sorted list, with the `Link` to the next as the service writes it.
fn page(
    query: &Query,
    path: &str,
    names: Vec<String>,
    body: &dyn Fn(&[String]) -> Value,
) -> Answer {
    let invalid = || {
        Refusal::Protocol(
            StatusCode::BAD_REQUEST,
            "PAGINATION_NUMBER_INVALID",
            "invalid number of results requested".into(),
        )
    };
    let size = query
        .get("n")
        .map_or(Ok(DEFAULT_PAGE), |n| n.parse().map_err(|_| invalid()))?;
    let after = query.get("last").unwrap_or_default();
    let rest: Vec<String> = names
        .into_iter()
        .filter(|name| after.is_empty() || name.as_str() > after)
        .collect();
    let shown = &rest[..size.min(rest.len())];
    let mut response = json_response(StatusCode::OK, &body(shown));
    if let (true, Some(last)) = (shown.len() < rest.len(), shown.last()) {
        let last: String = url::form_urlencoded::byte_serialize(last.as_bytes()).collect();
        let link = format!("<{path}?last={last}&n={size}&orderby=>; rel=\"next\"");
        response
            .headers_mut()
            .insert(header::LINK, link.parse().map_err(http::Error::from)?);
    }
    Ok(response)
}

/// A JSON answer.
pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

/// A refusal in the distribution specification's form.
pub(crate) fn error_response(
    status: StatusCode,
    code: &str,
    message: &str,
    detail: Value,
) -> Response<Body> {
    let mut error = json!({ "code": code, "message": message });
    if !detail.is_null() {
        error["detail"] = detail;
    }
    json_response(status, &json!({ "errors": [error] }))
}

#[cfg(test)]
#[path = "distribution_tests.rs"]
mod tests;
