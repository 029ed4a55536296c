//! What an error body says, in any of the shapes that Azure uses.
//!
//! The contract has `{"error": {code, message, details}}`. Seen in real traffic besides: the flat object, App
//! Service's capitalised keys, the status document of an operation, Entra's `error_description`, JSON inside the
//! message, and whatever a proxy on the way answers.

use serde_json::{Map, Value};

use crate::error::ErrorDetail;

const SNIPPET_CHARS: usize = 300;
const MAX_DETAILS: usize = 32;
const MAX_DEPTH: usize = 16;

/// Who seems to have written the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One of Azure's shapes.
    Arm,
    /// Nothing at all.
    Empty,
    /// Something else: a page, a text, JSON without a code.
    Foreign,
}

pub(crate) struct ErrorBody {
    pub(crate) shape: Shape,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) details: Vec<ErrorDetail>,
}

pub(crate) fn parse(body: &[u8]) -> ErrorBody {
    if body.iter().all(u8::is_ascii_whitespace) {
        return bare(Shape::Empty, "the answer has no body".to_owned());
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => parse_value(&value),
        Err(_) => bare(
            Shape::Foreign,
            format!("the answer is not JSON: {}", snippet(body)),
        ),
    }
}

pub(crate) fn parse_value(value: &Value) -> ErrorBody {
    let mut chain = Vec::new();
    if let Some(object) = error_object(value) {
        flatten(object, &mut chain, 0);
    }
    if chain.is_empty() {
        let (shape, text) = match value {
            Value::Null => (Shape::Empty, "no reason was given".to_owned()),
            other => (Shape::Foreign, snippet(other.to_string().as_bytes())),
        };
        return bare(shape, text);
    }
    let first = chain.remove(0);
    let message = if first.message.is_empty() {
        "no message was given".to_owned()
    } else {
        first.message
    };
    let code = Some(first.code).filter(|code| !code.is_empty());
    let shape = if code.is_some() {
        Shape::Arm
    } else {
        Shape::Foreign
    };
    ErrorBody {
        shape,
        code,
        message,
        details: chain,
    }
}

/// A readable, short form of a body that is not Azure's: tags and runs of blanks go.
pub(crate) fn snippet(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(64 * 1024)]);
    let mut plain = String::new();
    let mut in_tag = false;
    for c in text.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                plain.push(' ');
            }
            c if !in_tag => plain.push(if c.is_control() { ' ' } else { c }),
            _ => {}
        }
    }
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(SNIPPET_CHARS).collect();
    if short.len() < words.len() {
        short + "…"
    } else {
        short
    }
}

fn bare(shape: Shape, message: String) -> ErrorBody {
    ErrorBody {
        shape,
        code: None,
        message,
        details: Vec::new(),
    }
}

/// The object with the code: inside `error`, inside `properties.error`, or the whole.
fn error_object(value: &Value) -> Option<&Map<String, Value>> {
    let object = match value {
        Value::Array(items) => items.first()?.as_object()?,
        other => other.as_object()?,
    };
    match field(object, "error") {
        Some(Value::Object(inner)) => Some(inner),
        Some(_) => Some(object),
        None => {
            let nested = field(object, "properties")
                .and_then(Value::as_object)
                .and_then(|p| field(p, "error"));
            Some(nested.and_then(Value::as_object).unwrap_or(object))
        }
    }
}

/// Puts the object and everything below it into the chain, outer before inner.
fn flatten(object: &Map<String, Value>, chain: &mut Vec<ErrorDetail>, depth: usize) {
    if depth > MAX_DEPTH || chain.len() >= MAX_DETAILS {
        return;
    }
    let detail = ErrorDetail {
        code: text(object, &["code", "error", "errorCode"]),
        message: text(object, &["message", "error_description", "errorMessage"]),
        target: Some(text(object, &["target"])).filter(|target| !target.is_empty()),
    };
    let nested = embedded(&detail.message);
    let repeated = chain
        .iter()
        .any(|known| known.code == detail.code && known.message == detail.message);
    let says_nothing = detail.code.is_empty() && detail.message.is_empty();
    if !repeated && !says_nothing {
        chain.push(detail);
    }
    if let Some(inner) = nested.as_ref().and_then(error_object) {
        flatten(inner, chain, depth + 1);
    }
    for key in ["details", "innererror", "errorEntity"] {
        match field(object, key) {
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(error_object)
                .for_each(|o| flatten(o, chain, depth + 1)),
            Some(Value::Object(inner)) => flatten(inner, chain, depth + 1),
            _ => {}
        }
    }
}

/// Deployments put the inner error, as JSON, into the outer message.
fn embedded(message: &str) -> Option<Value> {
    message
        .trim_start()
        .starts_with('{')
        .then(|| serde_json::from_str(message).ok())
        .flatten()
}

fn text(object: &Map<String, Value>, keys: &[&str]) -> String {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    keys.iter()
        .filter_map(|key| field(object, key).and_then(scalar))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

fn field<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).or_else(|| {
        object
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value)
    })
}
