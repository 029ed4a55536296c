//! What handlers answer: status, headers and a body, and the error shapes that Azure uses.

use http::StatusCode;
use serde_json::{Value, json};

/// A response before it meets HTTP.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

/// A response body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Text {
        content_type: &'static str,
        text: String,
    },
}

impl Answer {
    pub(crate) fn json(status: StatusCode, body: Value) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Body::Json(body),
        }
    }

    pub(crate) fn ok(body: Value) -> Answer {
        Answer::json(StatusCode::OK, body)
    }

    pub(crate) fn empty(status: StatusCode) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Body::Empty,
        }
    }

    /// 201 for what is new, 200 for what was there.
    pub(crate) fn created(new: bool, body: Value) -> Answer {
        Answer::json(
            if new {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            },
            body,
        )
    }

    /// `{"value": […]}`
    pub(crate) fn list(value: Vec<Value>) -> Answer {
        Answer::ok(json!({ "value": value }))
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    /// `{"error": {"code", "message"}}`, the contract's shape.
    pub(crate) fn error(status: u16, code: &str, message: impl AsRef<str>) -> Answer {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Answer::json(
            status,
            json!({ "error": { "code": code, "message": message.as_ref() } }),
        )
    }

    /// The Network provider adds `details` to every error.
    pub(crate) fn network(status: u16, code: &str, message: impl AsRef<str>) -> Answer {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Answer::json(
            status,
            json!({ "error": { "code": code, "message": message.as_ref(), "details": [] } }),
        )
    }

    /// App Service's own shape, with capital letters and the message said three times.
    pub(crate) fn web(status: u16, code: &str, message: impl AsRef<str>) -> Answer {
        let message = message.as_ref();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Answer::json(
            status,
            json!({
                "Code": code, "Message": message, "Target": null,
                "Details": [{ "Message": message }, { "Code": code }, { "ErrorEntity": {
                    "Code": code, "Message": message, "ExtendedCode": null, "MessageTemplate": message, "Parameters": [],
                } }],
                "Innererror": null,
            }),
        )
    }
}
