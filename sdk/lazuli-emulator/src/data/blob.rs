//! The storage endpoint behind builds: sources go in, logs come out.
//!
//! Addresses are path style on the emulator's own host, `/{account}/{container}/{blob}`, and carry a
//! signed query instead of an `Authorization` header, as shared access signatures do. Only what the
//! build clients use is here: one account, whole block blobs, reads with ranges.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use axum::body::Body;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};

use super::data_endpoint;
use super::digest::Digest;
use super::oci_store::write_atomically;
use super::signing::SigningKey;
use crate::build::image::clean_path;
use crate::world::World;

/// The one storage account; its name cannot clash with the first segment of an ARM or Entra path.
pub(super) const ACCOUNT: &str = "acrtaskemulator";
/// The same account under a name of its own, as clients reach it through the proxy.
pub(crate) const STORAGE_HOST: &str = "acrtaskemulator.blob.core.windows.net";
const VERSION: &str = "2026-04-06";
/// Larger sources than this do not belong into a test world.
const MAX_UPLOAD_BYTES: usize = 256 << 20;
const VALID_SECONDS: i64 = 3600;

/// Where a blob is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlobName {
    pub(crate) container: String,
    /// Clean path inside the container.
    pub(crate) path: String,
}

/// Metadata of a blob, as `x-ms-meta-*` headers carry it.
pub(crate) type Metadata = BTreeMap<String, String>;

/// Whether a request path is a blob's; such requests carry no `Authorization`.
pub(crate) fn is_blob_path(path: &str) -> bool {
    name_of(path).is_some() || layer_of(path).is_some()
}

/// A layer of a registry, which lies in the account under an address of its own.
fn layer_of(path: &str) -> Option<(String, Digest)> {
    let inner = path.strip_prefix('/')?.strip_prefix(ACCOUNT)?;
    data_endpoint::layer_of(inner)
}

fn name_of(path: &str) -> Option<BlobName> {
    let decoded = percent_decode(path.trim_start_matches('/'));
    let mut parts = decoded.splitn(3, '/');
    let (account, container, blob) = (parts.next()?, parts.next()?, parts.next()?);
    let path = clean_path(blob).filter(|path| !path.is_empty())?;
    let plain = !container.is_empty()
        && container
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (account == ACCOUNT && plain).then(|| BlobName {
        container: container.to_owned(),
        path,
    })
}

/// Decodes `%XX`; an invalid escape stays.
pub(crate) fn percent_decode(text: &str) -> String {
    // A plus sign does not mean a blank in a path, so it is protected from the query decoder.
    let protected = format!("p={}", text.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = url::form_urlencoded::parse(protected.as_bytes());
    pairs
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// An address that lets its holder do what `permissions` says (`r`, `w`, or both) for an hour.
///
/// # Errors
/// When the world's signing key cannot be read.
pub(crate) fn signed_url(
    world: &World,
    base_url: &str,
    name: &BlobName,
    permissions: &str,
) -> io::Result<String> {
    let key = SigningKey::of(world)?;
    let expiry = (world.now().as_second() + VALID_SECONDS).to_string();
    let signature = key.sign(&text_to_sign(name, permissions, &expiry));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("sv", VERSION),
            ("sr", "b"),
            ("sp", permissions),
            ("se", &expiry),
            ("sig", &signature),
        ])
        .finish();
    Ok(format!(
        "{}/{ACCOUNT}/{}/{}?{query}",
        base_url.trim_end_matches('/'),
        name.container,
        name.path
    ))
}

fn text_to_sign(name: &BlobName, permissions: &str, expiry: &str) -> String {
    format!(
        "{VERSION}\n{permissions}\n{expiry}\n/blob/{ACCOUNT}/{}/{}",
        name.container, name.path
    )
}

/// Stores a blob with its metadata.
///
/// # Errors
/// A disk that fails.
pub(crate) fn write(
    world: &World,
    name: &BlobName,
    bytes: &[u8],
    metadata: &Metadata,
) -> io::Result<()> {
    set_metadata(world, name, metadata)?;
    write_atomically(&file(world, "content", name), bytes)
}

/// Adds to the end of a blob that is there.
///
/// # Errors
/// `NotFound` when it was never written, or a disk that fails.
pub(crate) fn append(world: &World, name: &BlobName, bytes: &[u8]) -> io::Result<()> {
    let mut content = fs::OpenOptions::new()
        .append(true)
        .open(file(world, "content", name))?;
    content.write_all(bytes)
}

/// Replaces the metadata of a blob.
///
/// # Errors
/// A disk that fails.
pub(crate) fn set_metadata(world: &World, name: &BlobName, metadata: &Metadata) -> io::Result<()> {
    let pairs = serde_json::to_vec(metadata).map_err(io::Error::other)?;
    write_atomically(&file(world, "metadata", name), &pairs)
}

/// Reads a blob's content.
///
/// # Errors
/// `NotFound` when it was never written.
pub(crate) fn read(world: &World, name: &BlobName) -> io::Result<Vec<u8>> {
    fs::read(file(world, "content", name))
}

fn metadata(world: &World, name: &BlobName) -> Metadata {
    let bytes = fs::read(file(world, "metadata", name)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn file(world: &World, kind: &str, name: &BlobName) -> PathBuf {
    world
        .data_dir()
        .join("blobs")
        .join(&name.container)
        .join(kind)
        .join(&name.path)
}

/// Answers a request to [`STORAGE_HOST`], where the account is not part of the path.
pub(crate) async fn handle_host(world: &World, mut request: Request<Body>) -> Response<Body> {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    match format!("/{ACCOUNT}{path}").parse() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(_) => return StorageError::invalid_uri().response(),
    }
    handle(world, request).await
}

/// Answers a request for a blob.
pub(crate) async fn handle(world: &World, request: Request<Body>) -> Response<Body> {
    if let Some(layer) = layer_of(request.uri().path()) {
        return data_endpoint::from_storage(world, layer, request).await;
    }
    match answer(world, request).await {
        Ok(response) => response,
        Err(error) => error.response(),
    }
}

async fn answer(world: &World, request: Request<Body>) -> Result<Response<Body>, StorageError> {
    let name = name_of(request.uri().path()).ok_or_else(StorageError::invalid_uri)?;
    let query = request.uri().query().unwrap_or_default().to_owned();
    let needed = if request.method() == Method::PUT {
        'w'
    } else {
        'r'
    };
    authorize(world, &name, &query, needed)?;
    if query.split('&').any(|pair| pair.starts_with("comp=")) {
        return Err(StorageError::not_modelled());
    }
    match request.method().as_str() {
        "PUT" => put(world, &name, request).await,
        "GET" | "HEAD" => get(world, &name, request.method(), request.headers()),
        _ => Err(StorageError::not_modelled()),
    }
}

fn authorize(
    world: &World,
    name: &BlobName,
    query: &str,
    needed: char,
) -> Result<(), StorageError> {
    let pairs: BTreeMap<_, _> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let value = |key: &str| pairs.get(key).map(String::as_str).unwrap_or_default();
    let (permissions, expiry) = (value("sp"), value("se"));
    let key = SigningKey::of(world)?;
    let text = text_to_sign(name, permissions, expiry);
    let in_time = expiry
        .parse()
        .is_ok_and(|second: i64| second > world.now().as_second());
    if !in_time || !key.holds(&text, value("sig")) {
        return Err(StorageError::authentication_failed());
    }
    if !permissions.contains(needed) {
        return Err(StorageError::permission_mismatch());
    }
    Ok(())
}

async fn put(
    world: &World,
    name: &BlobName,
    request: Request<Body>,
) -> Result<Response<Body>, StorageError> {
    let (parts, body) = request.into_parts();
    if parts
        .headers
        .get("x-ms-blob-type")
        .is_none_or(|kind| kind != "BlockBlob")
    {
        return Err(StorageError::missing_blob_type());
    }
    let body = Limited::new(body, MAX_UPLOAD_BYTES).collect().await;
    let bytes = body.map_err(|_| StorageError::too_large())?.to_bytes();
    write(world, name, &bytes, &metadata_headers(&parts.headers))?;
    Ok(common(
        world,
        (&Method::PUT, name),
        Response::builder().status(StatusCode::CREATED),
        &etag(&bytes),
    )
    .body(Body::empty())?)
}

fn metadata_headers(headers: &HeaderMap) -> Metadata {
    let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let name = name.as_str().strip_prefix("x-ms-meta-")?;
        Some((name.to_owned(), value.to_str().ok()?.to_owned()))
    };
    headers.iter().filter_map(pair).collect()
}

fn get(
    world: &World,
    name: &BlobName,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response<Body>, StorageError> {
    // The mark of a finished log is read before the log, so that whoever sees it has all of it.
    let metadata = metadata(world, name);
    let bytes = read(world, name)?;
    let total = bytes.len() as u64;
    let kind = if name.path.ends_with(".log") {
        "AppendBlob"
    } else {
        "BlockBlob"
    };
    let mut response = common(world, (method, name), Response::builder(), &etag(&bytes))
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::ACCEPT_RANGES, "bytes")
        .header("x-ms-blob-type", kind);
    for (key, value) in metadata {
        response = response.header(format!("x-ms-meta-{key}"), value);
    }
    // The storage protocol prefers its own header; ranges mean nothing to HEAD.
    let range = headers.get("x-ms-range").or(headers.get(header::RANGE));
    let range = range
        .and_then(|value| value.to_str().ok())
        .filter(|_| method == Method::GET);
    let Some(range) = range else {
        let body = if method == Method::HEAD {
            Body::empty()
        } else {
            bytes.into()
        };
        return Ok(response.header(header::CONTENT_LENGTH, total).body(body)?);
    };
    let (first, last) = byte_range(range, total).ok_or_else(StorageError::invalid_range)?;
    let part = bytes[first as usize..=last as usize].to_vec();
    let response = response.status(StatusCode::PARTIAL_CONTENT).header(
        header::CONTENT_RANGE,
        format!("bytes {first}-{last}/{total}"),
    );
    Ok(response.body(part.into())?)
}

/// First and last byte of a `bytes=` range over `total` bytes; `None` when it cannot be satisfied.
pub(crate) fn byte_range(text: &str, total: u64) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let end = total.checked_sub(1)?;
    let (first, last) = match (first, last) {
        ("", suffix) => (
            total.saturating_sub(suffix.parse().ok().filter(|n| *n > 0)?),
            end,
        ),
        (first, "") => (first.parse().ok()?, end),
        (first, last) => (first.parse().ok()?, last.parse::<u64>().ok()?.min(end)),
    };
    (first <= last).then_some((first, last))
}

fn etag(bytes: &[u8]) -> String {
    format!("\"0x{}\"", Digest::of(bytes).hex()[..15].to_uppercase())
}

fn common(
    world: &World,
    asked: (&Method, &BlobName),
    response: http::response::Builder,
    etag: &str,
) -> http::response::Builder {
    let (method, name) = asked;
    let request = world.uuid(&format!("{method} {}", name.path)).to_string();
    response
        .header(header::ETAG, etag)
        .header("x-ms-version", VERSION)
        .header("x-ms-request-id", request)
}

/// A refusal in the storage service's XML.
#[derive(Debug)]
struct StorageError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl StorageError {
    fn new(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self {
            status,
            code,
            message: message.to_owned(),
        }
    }

    fn authentication_failed() -> Self {
        let message = "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.";
        Self::new(StatusCode::FORBIDDEN, "AuthenticationFailed", message)
    }

    fn permission_mismatch() -> Self {
        let message =
            "This request is not authorized to perform this operation using this permission.";
        Self::new(
            StatusCode::FORBIDDEN,
            "AuthorizationPermissionMismatch",
            message,
        )
    }

    fn missing_blob_type() -> Self {
        let message = "An HTTP header that's mandatory for this request is not specified: x-ms-blob-type must be BlockBlob.";
        Self::new(StatusCode::BAD_REQUEST, "MissingRequiredHeader", message)
    }

    fn too_large() -> Self {
        let message = format!(
            "The request body could not be read or is larger than {MAX_UPLOAD_BYTES} bytes."
        );
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestBodyTooLarge",
            &message,
        )
    }

    fn invalid_range() -> Self {
        let message = "The range specified is invalid for the current size of the resource.";
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", message)
    }

    fn invalid_uri() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "InvalidUri",
            "The requested URI does not represent any resource on the server.",
        )
    }

    fn not_modelled() -> Self {
        let message = "The emulator's storage reads and writes whole block blobs only.";
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    fn response(self) -> Response<Body> {
        let body = format!(
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{}</Code><Message>{}</Message></Error>",
            self.code,
            self.message.replace('&', "&amp;").replace('<', "&lt;")
        );
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/xml"),
        );
        headers.insert("x-ms-error-code", http::HeaderValue::from_static(self.code));
        response
    }
}

impl From<io::Error> for StorageError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            return Self::new(
                StatusCode::NOT_FOUND,
                "BlobNotFound",
                "The specified blob does not exist.",
            );
        }
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            &error.to_string(),
        )
    }
}

impl From<http::Error> for StorageError {
    fn from(error: http::Error) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "InvalidMetadata",
            &error.to_string(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blob_paths_are_taken() {
        let cases = [
            ("/acrtaskemulator/registry-1/logs/cs1/rawtext.log", true),
            ("/acrtaskemulator/registry-1/a%20b", true),
            ("/acrtaskemulator/registry-1/%2e%2e/%2e%2e/x", false),
            ("/acrtaskemulator/../x", false),
            ("/acrtaskemulator/registry-1", false),
            ("/subscriptions/1/resourceGroups/x", false),
        ];
        for (path, expect) in cases {
            assert_eq!(is_blob_path(path), expect, "{path}");
        }
    }

    #[test]
    fn ranges_follow_the_header_grammar() {
        let cases = [
            ("bytes=0-4095", 10, Some((0, 9))),
            ("bytes=2-3", 10, Some((2, 3))),
            ("bytes=4-", 10, Some((4, 9))),
            ("bytes=-3", 10, Some((7, 9))),
            ("bytes=10-", 10, None),
            ("bytes=0-", 0, None),
            ("bytes=5-2", 10, None),
            ("bytes=x-2", 10, None),
        ];
        for (text, total, expect) in cases {
            assert_eq!(byte_range(text, total), expect, "{text} of {total}");
        }
    }
}
