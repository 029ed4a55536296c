//! The shared client in the shape that clients of `azure_core` take.
//!
//! Those clients read a body to its end, sit out any `Retry-After`, and add whatever lifetime a token claims to the
//! clock. What reaches them from here is bounded: the body by the limit that holds for every answer, the wait and the
//! lifetime by what an honest service says.

use std::sync::Arc;
use std::time::Duration;

use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
use serde_json::Value;

use crate::answer::Answer;
use crate::error::{ArmError, ArmErrorKind};
use crate::exchange::exchange;
use crate::transport::Transport;

/// The longest wait that `azure_core` is let know of; a longer one is left to its own delays.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The longest lifetime of a token that is believed, in seconds: Entra ID gives at most a day.
const LONGEST_LIFETIME_S: i64 = 24 * 60 * 60;
/// Names of the headers that ask for a wait.
const WAITS: [&str; 3] = ["retry-after", "retry-after-ms", "x-ms-retry-after-ms"];
/// The member of a token's answer that says how long it lives, in seconds.
const LIFETIME: &str = "expires_in";

impl Transport {
    /// The same client, in the shape that clients of `azure_core` take. Answers are read up to the limit that holds
    /// for every answer, and a `Retry-After` of more than a minute is not passed on.
    #[must_use]
    pub fn for_azure_core(&self) -> azure_core::http::Transport {
        azure_core::http::Transport::new(Arc::new(BoundedHttp::new(self.http().clone())))
    }

    /// The same for endpoints that give tokens, whose lifetimes are bounded, too.
    pub(crate) fn for_tokens(&self) -> azure_core::http::Transport {
        azure_core::http::Transport::new(Arc::new(BoundedHttp::for_tokens(self.http().clone())))
    }
}

/// Sends requests of `azure_core` through the shared client.
#[derive(Debug)]
pub(crate) struct BoundedHttp {
    http: reqwest::Client,
    /// Whether successful answers are tokens.
    tokens: bool,
}

impl BoundedHttp {
    /// For any service.
    pub(crate) fn new(http: reqwest::Client) -> Self {
        Self {
            http,
            tokens: false,
        }
    }

    /// For endpoints that give tokens.
    pub(crate) fn for_tokens(http: reqwest::Client) -> Self {
        Self { http, tokens: true }
    }
}

#[async_trait::async_trait]
impl HttpClient for BoundedHttp {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let failed = |kind, error| azure_core::Error::new(kind, error);
        let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes())
            .map_err(|error| failed(ErrorKind::Other, error.to_string()))?;
        let mut sent = self.http.request(method, request.url().clone());
        for (name, value) in request.headers().iter() {
            sent = sent.header(name.as_str(), value.as_str());
        }
        let Body::Bytes(body) = request.body() else {
            let message = "a body that is a stream cannot be sent here".to_owned();
            return Err(failed(ErrorKind::Other, message));
        };
        let answer = exchange(sent.body(body.clone()))
            .await
            .map_err(|error| azure_core::Error::new(kind_of(&error), error))?;
        let body = if self.tokens && answer.is_success() {
            token(&answer)?
        } else {
            answer.body().to_vec()
        };
        let headers = headers(&answer);
        Ok(AsyncRawResponse::from_bytes(
            answer.status().into(),
            headers,
            body,
        ))
    }
}

/// `azure_core` repeats what is `Io` or `Connection`, and nothing else.
fn kind_of(error: &ArmError) -> ErrorKind {
    match error.kind() {
        ArmErrorKind::Unreachable => ErrorKind::Connection,
        ArmErrorKind::Interrupted | ArmErrorKind::Timeout => ErrorKind::Io,
        ArmErrorKind::Tls => ErrorKind::Credential,
        _ => ErrorKind::Other,
    }
}

/// The headers, without a wait that is too long to be sat out.
fn headers(answer: &Answer) -> Headers {
    let too_long = answer.retry_after().is_some_and(|wait| wait > LONGEST_WAIT);
    let mut headers = Headers::new();
    for (name, value) in answer.headers() {
        if !(too_long && WAITS.contains(&name)) {
            headers.insert(name.to_owned(), value.to_owned());
        }
    }
    headers
}

/// A token's answer with a lifetime that can be counted with. What holds no token is worth another attempt: something
/// on the way has answered.
fn token(answer: &Answer) -> azure_core::Result<Vec<u8>> {
    let refused = |kind, message: String| azure_core::Error::with_message(kind, message);
    let mut body: Value = answer
        .json()
        .map_err(|error| refused(ErrorKind::Io, error.message().to_owned()))?;
    if body.get("access_token").and_then(Value::as_str).is_none() {
        let message = "the answer of the token endpoint has no `access_token`".to_owned();
        return Err(refused(ErrorKind::Io, message));
    }
    let Some(lifetime) = body.get_mut(LIFETIME) else {
        return Ok(answer.body().to_vec());
    };
    match seconds(lifetime) {
        Some(seconds) if seconds < 0.0 => {
            let message =
                format!("the token endpoint's `{LIFETIME}` is {lifetime}, which is before now");
            return Err(refused(ErrorKind::DataConversion, message));
        }
        #[expect(clippy::cast_precision_loss, reason = "a day in seconds is exact")]
        Some(seconds) if seconds > LONGEST_LIFETIME_S as f64 => {
            *lifetime = Value::from(LONGEST_LIFETIME_S);
        }
        _ => return Ok(answer.body().to_vec()),
    }
    Ok(body.to_string().into_bytes())
}

/// A number, or a number in a text, as some identity endpoints write it.
fn seconds(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
    use serde_json::json;

    use super::*;

    fn answer(headers: &[(&'static str, &'static str)], body: &str) -> Answer {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        Answer::new(200, headers, body.as_bytes().to_vec())
    }

    #[test]
    fn lifetimes_are_bounded_and_what_holds_no_token_is_refused() {
        let read = |lifetime: Value| {
            let body = json!({"access_token": "t", "expires_in": lifetime}).to_string();
            let read = token(&answer(&[], &body)).ok()?;
            let value: Value = serde_json::from_slice(&read).ok()?;
            value.get(LIFETIME).cloned()
        };
        assert_eq!(read(json!(3600)), Some(json!(3600)));
        assert_eq!(read(json!("3600")), Some(json!("3600")));
        assert_eq!(read(json!(i64::MAX)), Some(json!(LONGEST_LIFETIME_S)));
        assert_eq!(read(json!(u64::MAX)), Some(json!(LONGEST_LIFETIME_S)));
        assert_eq!(read(json!(1e300)), Some(json!(LONGEST_LIFETIME_S)));
        assert_eq!(read(json!(-99_999_999_999_999_i64)), None);
        let kind = |body: &str| token(&answer(&[], body)).map_err(|error| error.kind().clone());
        for broken in ["<html>login</html>", "{}", "[]", ""] {
            assert!(matches!(kind(broken), Err(ErrorKind::Io)), "{broken}");
        }
        let past = kind(r#"{"access_token":"t","expires_in":-1}"#);
        assert!(matches!(past, Err(ErrorKind::DataConversion)), "{past:?}");
    }

    #[test]
    fn a_wait_that_is_too_long_is_not_passed_on() {
        let passed = |value: &'static str| {
            let headers = headers(&answer(&[("retry-after", value), ("x", "y")], ""));
            assert!(headers.iter().any(|(name, _)| name.as_str() == "x"));
            headers
                .iter()
                .any(|(name, _)| name.as_str() == "retry-after")
        };
        assert!(passed("0") && passed("60"));
        assert!(!passed("61") && !passed("31536000") && !passed("99999999999999999999999"));
    }
}
