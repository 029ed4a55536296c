//! A long-running operation that Azure has accepted, in a form that outlives this process.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::method::Method;

/// A URL to poll, kept byte for byte: its query is signed, and any re-encoding would break the signature.
///
/// `Debug` leaves the query out, because whoever has it can read the operation's result.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PollUrl(String);

impl PollUrl {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The URL with its signature. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PollUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once('?') {
            Some((path, _)) => write!(f, "{path}?[redacted]"),
            None => f.write_str(&self.0),
        }
    }
}

/// Which of ARM's ways of reporting progress an operation uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum PollKind {
    /// The `Azure-AsyncOperation` header: a document with a `status`.
    AsyncOperation,
    /// The `Location` header: 202 while it runs, then the final answer.
    Location,
    /// No header: the resource's own `provisioningState`.
    Resource,
}

/// What is needed to go on with an accepted operation, also in another process.
///
/// Serialised it is complete; treat it as confidential, like the state it is kept in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OperationToken {
    /// How progress is reported.
    pub kind: PollKind,
    /// The method of the request that was accepted.
    pub method: Method,
    /// Where progress is reported.
    pub poll_url: PollUrl,
    /// Where an action leaves its result, if that is another place than `poll_url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_url: Option<PollUrl>,
    /// The id of the resource that the operation is about.
    pub resource_id: String,
    /// The API version of the request.
    pub api_version: String,
}

impl fmt::Debug for OperationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationToken")
            .field("kind", &self.kind)
            .field("method", &self.method)
            .field("resource_id", &self.resource_id)
            .field("api_version", &self.api_version)
            .field("poll_url", &self.poll_url)
            .field("result_url", &self.result_url)
            .finish()
    }
}

/// Where an operation reports to while it runs.
pub trait Progress: Send + Sync {
    /// The operation was accepted; called before the first poll, so that a journal can note it. It may be called
    /// again when the operation had to be repeated.
    fn operation_started(&self, token: &OperationToken);

    /// A short text for people: the state that Azure reports, or what is waited for.
    fn status(&self, text: &str);
}

/// A [`Progress`] for callers who do not watch.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn operation_started(&self, _: &OperationToken) {}

    fn status(&self, _: &str) {}
}

/// `status` of an operation, or `provisioningState` of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OperationState {
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl OperationState {
    /// There are three terminal states, in any casing; whatever else a provider invents is still running.
    pub(crate) fn of(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed,
            "canceled" | "cancelled" => Self::Cancelled,
            _ => Self::Running,
        }
    }

    /// The state of a resource; one that reports none is finished (ARM contract).
    pub(crate) fn of_resource(body: &Value) -> Self {
        provisioning_state(body).map_or(Self::Succeeded, Self::of)
    }
}

pub(crate) fn provisioning_state(body: &Value) -> Option<&str> {
    body.get("properties")?.get("provisioningState")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "https://management.azure.com:443/op/1?api-version=1&t=6389%2f1&c=MIIH%2bz&s=a-_%3D&h=Zz%2F==";

    fn token() -> OperationToken {
        OperationToken {
            kind: PollKind::AsyncOperation,
            method: Method::Put,
            poll_url: PollUrl::new(SIGNED),
            result_url: Some(PollUrl::new(SIGNED)),
            resource_id: "/subscriptions/s/resourceGroups/rg".to_owned(),
            api_version: "2024-01-01".to_owned(),
        }
    }

    #[test]
    fn debug_hides_signatures_and_serde_keeps_every_byte() {
        let shown = format!("{:?}", token());
        assert!(
            shown.contains("/op/1?[redacted]") && !shown.contains("MIIH") && !shown.contains("h="),
            "{shown}"
        );
        let text = serde_json::to_string(&token()).unwrap();
        let read: OperationToken = serde_json::from_str(&text).unwrap();
        assert_eq!(read, token());
        assert_eq!(read.poll_url.expose(), SIGNED);
    }

    #[test]
    fn states() {
        let cases = [
            ("Succeeded", OperationState::Succeeded),
            ("succeeded", OperationState::Succeeded),
            ("Failed", OperationState::Failed),
            ("Canceled", OperationState::Cancelled),
            ("Cancelled", OperationState::Cancelled),
            ("InProgress", OperationState::Running),
            ("RegisteringDns", OperationState::Running),
            ("", OperationState::Running),
        ];
        for (text, state) in cases {
            assert_eq!(OperationState::of(text), state, "{text}");
        }
        assert_eq!(
            OperationState::of_resource(&serde_json::json!({"properties": {}})),
            OperationState::Succeeded
        );
        assert_eq!(
            OperationState::of_resource(&Value::Null),
            OperationState::Succeeded
        );
    }
}
