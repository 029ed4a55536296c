//! The request log: one JSON object a line for every control-plane exchange, without secrets.
//!
//! It is what schema checkers and people read afterwards. What looks like a secret is replaced before
//! the line is made, never after.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::arm::{Answer, Body, Incoming};

const REDACTED: &str = "REDACTED";

/// An open log. Lines are written whole, one at a time.
pub(crate) struct RequestLog {
    file: Mutex<File>,
}

impl RequestLog {
    pub(crate) fn open(path: &Path) -> io::Result<RequestLog> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(RequestLog {
            file: Mutex::new(file),
        })
    }

    /// Writes one exchange; a log that cannot be written is reported and does not fail the request.
    pub(crate) fn write(&self, incoming: &Incoming, answer: &Answer) {
        let mut line = entry(incoming, answer).to_string();
        line.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::warn!(%error, "the request log cannot be written");
        }
    }
}

fn entry(incoming: &Incoming, answer: &Answer) -> Value {
    let headers: Map<String, Value> = answer
        .headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::String(without_signature(value))))
        .collect();
    let is_settings = is_settings(&incoming.path);
    let response = match &answer.body {
        Body::Empty => Value::Null,
        Body::Json(body) => redact(body, is_settings),
        Body::Text { .. } => REDACTED.into(),
    };
    json!({
        "method": incoming.method.as_str(), "path": path(incoming), "api_version": incoming.query_value("api-version"),
        "request_body": request_body(incoming, is_settings), "status": answer.status.as_u16(),
        "response_headers": headers, "response_body": response,
    })
}

fn path(incoming: &Incoming) -> String {
    let pairs = incoming.query.split('&').filter(|pair| !pair.is_empty());
    let kept = pairs.filter(|pair| !pair.to_ascii_lowercase().starts_with("api-version="));
    let query: Vec<&str> = kept.collect();
    let text = if query.is_empty() {
        incoming.path.clone()
    } else {
        format!("{}?{}", incoming.path, query.join("&"))
    };
    without_signature(&text)
}

fn request_body(incoming: &Incoming, is_settings: bool) -> Value {
    if incoming.body.is_empty() {
        return Value::Null;
    }
    let is_form = incoming
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if is_form {
        let fields = url::form_urlencoded::parse(&incoming.body).into_owned();
        let form: Map<String, Value> = fields
            .map(|(name, value)| (name, Value::String(value)))
            .collect();
        return redact(&Value::Object(form), false);
    }
    if is_deployment(&incoming.path)
        && let Some(shown) = deployment(&incoming.body)
    {
        return redact(&shown, is_settings);
    }
    match serde_json::from_slice::<Value>(&incoming.body) {
        Ok(mut body) => {
            if is_vault_secret(&incoming.path)
                && let Some(value) = body.pointer_mut("/properties/value")
            {
                *value = REDACTED.into();
            }
            redact(&body, is_settings)
        }
        Err(_) => REDACTED.into(),
    }
}

/// Paths whose `properties` are names and values of the user's own.
fn is_settings(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [
        "/config/appsettings",
        "/config/connectionstrings",
        "/config/azurestorageaccounts",
        "/config/metadata",
    ]
    .iter()
    .any(|part| path.contains(part))
}

/// A deployment without the values of its secure parameters; `None` when it cannot be read.
#[cfg(feature = "az")]
fn deployment(body: &[u8]) -> Option<Value> {
    use crate::arm::{providers::deployments, template::text};

    let document = text::read(&String::from_utf8_lossy(body)).ok()?;
    Some(deployments::without_secrets(&document.value, REDACTED))
}

/// Which parameters are secure is not known here, so nothing of a deployment is shown.
#[cfg(not(feature = "az"))]
fn deployment(_: &[u8]) -> Option<Value> {
    Some(REDACTED.into())
}

fn is_deployment(path: &str) -> bool {
    path.to_ascii_lowercase()
        .contains("/microsoft.resources/deployments/")
}

/// Secrets that templates write through ARM.
fn is_vault_secret(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.contains("/microsoft.keyvault/vaults/") && path.contains("/secrets/")
}

fn redact(value: &Value, is_settings: bool) -> Value {
    match value {
        Value::Object(object) => {
            let named = object
                .get("name")
                .and_then(Value::as_str)
                .is_some_and(looks_secret);
            let pair = |(name, inner): (&String, &Value)| {
                let hidden = is_secret_key(name)
                    || (is_settings && looks_secret(name))
                    || (named && name == "value")
                    || name == "connectionString";
                let shown = if hidden && is_scalar(inner) {
                    REDACTED.into()
                } else {
                    redact(inner, is_settings)
                };
                (name.clone(), shown)
            };
            Value::Object(object.iter().map(pair).collect())
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| redact(item, is_settings)).collect())
        }
        Value::String(text) => Value::String(without_signature(text)),
        other => other.clone(),
    }
}

fn is_scalar(value: &Value) -> bool {
    value.is_string() || value.is_number()
}

/// Keys of the wire protocols that always carry a secret.
fn is_secret_key(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "client_secret",
        "client_assertion",
        "access_token",
        "refresh_token",
        "password",
        "publishingpassword",
        "userpwd",
        "clientsecret",
        "secrettext",
    ]
    .contains(&name.as_str())
}

/// Names under which users keep secrets.
fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    [
        "PASSWORD",
        "SECRET",
        "KEY",
        "TOKEN",
        "CONNECTIONSTRING",
        "CONNECTION_STRING",
        "CREDENTIAL",
        "PWD",
    ]
    .iter()
    .any(|word| name.contains(word))
}

/// `sig=…` of a signed address, and the three kilobytes of certificate and signature of a poll address.
fn without_signature(text: &str) -> String {
    if let (Some(start), true) = (text.find("&c=MII"), text.contains("&s=")) {
        return format!("{}&c={REDACTED}&s={REDACTED}&h={REDACTED}", &text[..start]);
    }
    let Some(at) = text
        .find("sig=")
        .filter(|at| *at == 0 || [b'?', b'&'].contains(&text.as_bytes()[at - 1]))
    else {
        return text.to_owned();
    };
    let rest = &text[at + 4..];
    let end = rest.find('&').unwrap_or(rest.len());
    format!("{}sig={REDACTED}{}", &text[..at], &rest[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_and_the_rest_stays() {
        let check = |given: Value, is_settings: bool, expect: Value| {
            assert_eq!(redact(&given, is_settings), expect)
        };
        check(
            json!({ "client_secret": "s", "grant_type": "g" }),
            false,
            json!({ "client_secret": REDACTED, "grant_type": "g" }),
        );
        let passwords = json!({ "passwords": [{ "name": "password2", "value": "s" }] });
        check(
            passwords,
            false,
            json!({ "passwords": [{ "name": "password2", "value": REDACTED }] }),
        );
        let settings = json!({ "properties": { "DB_PASSWORD": "s", "WEBSITES_PORT": "80" } });
        check(
            settings,
            true,
            json!({ "properties": { "DB_PASSWORD": REDACTED, "WEBSITES_PORT": "80" } }),
        );
        let inline = json!({ "appSettings": [{ "name": "API_KEY", "value": "s" }, { "name": "A", "value": "b" }] });
        check(
            inline,
            false,
            json!({ "appSettings": [{ "name": "API_KEY", "value": REDACTED }, { "name": "A", "value": "b" }] }),
        );
        check(
            json!("https://h/c/b?sv=1&sig=abc%3D&se=2"),
            false,
            json!("https://h/c/b?sv=1&sig=REDACTED&se=2"),
        );
        check(
            json!({ "keyVaultReferenceIdentity": "SystemAssigned" }),
            false,
            json!({ "keyVaultReferenceIdentity": "SystemAssigned" }),
        );
    }
}
