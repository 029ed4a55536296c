//! Answers as HTTP, whole or broken on purpose.

use std::fmt;

use axum::body::Body as HttpBody;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt;

use super::answer::{Answer, Body};

/// A connection that is ended on purpose: hyper closes it without an answer.
#[derive(Debug)]
pub(crate) struct ConnectionDropped;

impl fmt::Display for ConnectionDropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was dropped on purpose, as the fault file asks")
    }
}

impl std::error::Error for ConnectionDropped {}

/// Announces the whole body and sends half of it.
pub(crate) async fn truncated(response: Response<HttpBody>) -> Response<HttpBody> {
    let (mut parts, body) = response.into_parts();
    let whole = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Response::from_parts(parts, HttpBody::empty()),
    };
    if whole.is_empty() {
        return Response::from_parts(parts, HttpBody::empty());
    }
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let half = whole.slice(..whole.len() / 2);
    // A stream has no length of its own, so the announced one stands.
    let pieces = [Ok::<_, ConnectionDropped>(half)];
    let body = HttpBody::from_stream(futures::stream::iter(pieces));
    Response::from_parts(parts, body)
}

/// An answer as HTTP; also for the data planes that make [`Answer`]s.
pub(crate) fn http_response(answer: Answer) -> Response<HttpBody> {
    let (content_type, body) = match answer.body {
        Body::Empty => (None, HttpBody::empty()),
        Body::Json(value) => (
            Some("application/json; charset=utf-8"),
            HttpBody::from(value.to_string()),
        ),
        Body::Text { content_type, text } => (Some(content_type), HttpBody::from(text)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    if let Some(content_type) = content_type.filter(|_| answer.status != StatusCode::NO_CONTENT) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in answer.headers {
        // Values come from requests too; what cannot stand in a header is left out.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}
