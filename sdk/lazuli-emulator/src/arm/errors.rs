//! What ARM answers: the [`Answer`] every handler makes, and Azure's error shapes and wordings.

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

pub(crate) fn resource_not_found(kind: &str, names: &[String], group: Option<&str>) -> Answer {
    let group = group
        .map(|group| format!(" under resource group '{group}'"))
        .unwrap_or_default();
    let message = format!(
        "The Resource '{kind}/{}'{group} was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        names.join("/"),
    );
    Answer::error(404, "ResourceNotFound", message)
}

pub(crate) fn group_not_found(group: &str) -> Answer {
    Answer::error(
        404,
        "ResourceGroupNotFound",
        format!("Resource group '{group}' could not be found."),
    )
}

/// `verb` is `write` or `delete`; the type is named without its namespace, as ARM does.
pub(crate) fn parent_not_found(verb: &str, kind: &str, parent: &str) -> Answer {
    let short = kind.split_once('/').map_or(kind, |(_, rest)| rest);
    let message = format!(
        "Failed to perform '{verb}' on resource(s) of type '{short}', because the parent resource '{parent}' could not be found."
    );
    Answer::error(404, "ParentResourceNotFound", message)
}

pub(crate) fn invalid_content(message: impl AsRef<str>) -> Answer {
    Answer::error(400, "InvalidRequestContent", message)
}

pub(crate) fn method_not_allowed(method: &http::Method, kind: &str) -> Answer {
    let message =
        format!("The requested resource of type '{kind}' does not support http method '{method}'.");
    Answer::error(405, "UnsupportedHttpMethod", message)
}

/// The emulator never pretends: what it does not model says so.
pub(crate) fn not_modelled(what: &str) -> Answer {
    let message = format!(
        "{what} is not modelled by this emulator. Modelled are: {}. Use the real Azure for it, or leave it out of the topology you test here.",
        super::providers::MODELLED.join(", "),
    );
    Answer::error(501, "NotModelledByEmulator", message)
}
