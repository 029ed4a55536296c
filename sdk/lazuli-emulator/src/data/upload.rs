//! Pushing blobs: mounts, uploads in one piece and in chunks.

use axum::body::Body;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt;

use super::distribution::{Answer, Query, Refusal, created, parse_digest};
use super::oci_store::OciStore;
use super::store_error::StoreError;

pub(super) async fn begin_upload(
    store: &OciStore,
    name: &str,
    query: &Query,
    may_mount: &(dyn Fn(&str) -> bool + Sync),
    request: Request<Body>,
) -> Answer {
    if let (Some(digest), Some(from)) = (query.get("mount"), query.get("from")) {
        let digest = parse_digest(digest)?;
        if may_mount(from) && store.mount(from, name, &digest)? {
            return created(&format!("/v2/{name}/blobs/{digest}"), &digest);
        }
    }
    let id = store.begin_upload(name)?;
    if let Some(digest) = query.get("digest") {
        receive(store, name, &id, request).await?;
        return finish(store, name, &id, digest);
    }
    progress(StatusCode::ACCEPTED, name, &id, 0)
}

/// Appends the body as it arrives; answers the size of the upload.
pub(super) async fn receive(
    store: &OciStore,
    name: &str,
    id: &str,
    request: Request<Body>,
) -> Result<u64, Refusal> {
    let (parts, mut body) = request.into_parts();
    let mut size = store.upload_size(name, id)?;
    if let Some(sent) = chunk_start(&parts.headers)?
        && sent != size
    {
        return Err(StoreError::UploadOutOfOrder { have: size, sent }.into());
    }
    while let Some(frame) = body.frame().await {
        let cut_off = |e: axum::Error| {
            Refusal::Protocol(
                StatusCode::BAD_REQUEST,
                "BLOB_UPLOAD_INVALID",
                format!("the upload was cut off: {e}"),
            )
        };
        if let Ok(bytes) = frame.map_err(cut_off)?.into_data() {
            size = store.append(name, id, Some(size), &bytes)?;
        }
    }
    Ok(size)
}

/// First byte of a chunk, from `Content-Range: {first}-{last}`; its length must be that of the body.
fn chunk_start(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let Some(text) = headers
        .get(header::CONTENT_RANGE)
        .and_then(|value| value.to_str().ok())
    else {
        return Ok(None);
    };
    let invalid = || {
        Refusal::Protocol(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "BLOB_UPLOAD_INVALID",
            format!("invalid Content-Range {text:?}"),
        )
    };
    let plain = text
        .trim_start_matches("bytes")
        .trim_start_matches(['=', ' ']);
    let plain = plain.split('/').next().unwrap_or(plain);
    let (first, last) = plain.split_once('-').ok_or_else(invalid)?;
    let (first, last): (u64, u64) = (
        first.parse().map_err(|_| invalid())?,
        last.parse().map_err(|_| invalid())?,
    );
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let fits = last >= first && length.is_none_or(|length| length == last - first + 1);
    if fits {
        Ok(Some(first))
    } else {
        Err(invalid())
    }
}

pub(super) fn finish(store: &OciStore, name: &str, id: &str, digest: &str) -> Answer {
    let digest = store.finish_upload(name, id, digest)?;
    created(&format!("/v2/{name}/blobs/{digest}"), &digest)
}

pub(super) fn progress(status: StatusCode, name: &str, id: &str, size: u64) -> Answer {
    Ok(Response::builder()
        .status(status)
        .header(header::LOCATION, format!("/v2/{name}/blobs/uploads/{id}"))
        .header(header::RANGE, format!("0-{}", size.saturating_sub(1)))
        .header("docker-upload-uuid", id)
        .header(header::CONTENT_LENGTH, 0)
        .body(Body::empty())?)
}
