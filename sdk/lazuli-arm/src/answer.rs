//! One HTTP answer, read to its end.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::error::{ArmError, ArmErrorKind, Result};

/// The largest answer that is read. ARM's own limit (ARM contract).
pub(crate) const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Status, headers and body of an answer of any status.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)?
            .to_str()
            .ok()
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    /// The headers that are text.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// The body without the byte-order mark that some providers put in front (seen in real traffic).
    pub(crate) fn body(&self) -> &[u8] {
        self.body.strip_prefix(BOM).unwrap_or(&self.body)
    }

    /// The body as JSON; an empty one is `null`.
    pub(crate) fn json(&self) -> Result<Value> {
        let body = self.body();
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(body).map_err(|error| {
            let shown = crate::error_body::snippet(body);
            let message = format!(
                "the answer (HTTP {}) is not JSON ({error}): {shown}",
                self.status
            );
            ArmError::new(ArmErrorKind::BadAnswer, message)
        })
    }

    /// How long the service wants to be left alone: whole seconds, or an HTTP date.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        // Some throttled answers carry milliseconds instead (seen in real traffic).
        let millis = self
            .header("retry-after-ms")
            .or_else(|| self.header("x-ms-retry-after-ms"));
        if let Some(millis) = millis.and_then(|text| text.parse().ok()) {
            return Some(Duration::from_millis(millis));
        }
        parse_retry_after(self.header("retry-after")?, SystemTime::now())
    }
}

fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        // More than can be counted is a wait nevertheless.
        Err(_) if digits => Some(Duration::MAX),
        Err(_) => httpdate::parse_http_date(text)
            .ok()
            .map(|at| at.duration_since(now).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_in_both_forms() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:00 GMT").unwrap();
        assert_eq!(
            parse_retry_after("99999999999999999999999", now),
            Some(Duration::MAX)
        );
        let cases = [
            ("0", Some(0)),
            ("17", Some(17)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("18446744073709551615", Some(u64::MAX)),
        ];
        for (text, seconds) in cases {
            assert_eq!(
                parse_retry_after(text, now),
                seconds.map(Duration::from_secs),
                "{text}"
            );
        }
    }

    #[test]
    fn json_tolerates_a_mark_and_emptiness_only() {
        let json = |body: &[u8]| Answer::new(200, HeaderMap::new(), body.to_vec()).json();
        assert_eq!(json(b"").unwrap(), Value::Null);
        assert_eq!(
            json(b"\xef\xbb\xbf{\"a\":1}").unwrap(),
            serde_json::json!({"a": 1})
        );
        let error = json(b"<html>").unwrap_err();
        assert_eq!(error.kind(), ArmErrorKind::BadAnswer);
    }
}
