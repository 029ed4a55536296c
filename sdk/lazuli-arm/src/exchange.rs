//! One request sent and its answer read to the end, and what a failure below HTTP means.

use crate::answer::{Answer, MAX_BODY_BYTES};
use crate::error::{ArmError, ArmErrorKind, Result};

/// Sends a request and reads the whole answer, up to ARM's own limit.
pub(crate) async fn exchange(request: reqwest::RequestBuilder) -> Result<Answer> {
    let mut response = request.send().await.map_err(transport_error)?;
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            let message = format!(
                "the answer (HTTP {status}) is larger than {} MB",
                MAX_BODY_BYTES / 1024 / 1024
            );
            return Err(ArmError::new(ArmErrorKind::BadAnswer, message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer::new(status, headers, body))
}

/// What a failure below HTTP means. The URL is left out: it may be signed.
fn transport_error(error: reqwest::Error) -> ArmError {
    let error = error.without_url();
    let causes = causes(&error);
    let kind = if mentions_certificate(&causes) {
        ArmErrorKind::Tls
    } else if error.is_connect() {
        ArmErrorKind::Unreachable
    } else if error.is_timeout() {
        ArmErrorKind::Timeout
    } else if error.is_builder() {
        ArmErrorKind::InvalidInput
    } else {
        ArmErrorKind::Interrupted
    };
    let what = match kind {
        ArmErrorKind::Tls => "the endpoint's certificate is not trusted",
        ArmErrorKind::Unreachable => "the endpoint cannot be reached",
        ArmErrorKind::Timeout => "no answer within the time allowed",
        ArmErrorKind::InvalidInput => "the request cannot be built",
        _ => "the connection broke before the answer was complete",
    };
    ArmError::new(kind, format!("{what}: {}", causes.join(": ")))
}

pub(crate) fn mentions_certificate(causes: &[String]) -> bool {
    causes
        .iter()
        .any(|cause| cause.contains("invalid peer certificate") || cause.contains("UnknownIssuer"))
}

/// The chain of causes, each said once.
pub(crate) fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !causes.iter().any(|known| known.contains(&text)) {
            causes.push(text);
        }
        next = cause.source();
    }
    causes
}
