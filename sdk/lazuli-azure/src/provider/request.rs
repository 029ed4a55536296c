//! From declared inputs to a request's body, and from an answer to outputs.

use lazuli_arm::ResourceType;
use lazuli_core::value::Reveal;
use lazuli_core::{Observed, ProviderError, Value};
use serde_json::Value as Json;

use super::{error, location};
use crate::generated::record;

/// The reserved input that chooses a version; it is no part of the body.
const API_VERSION: &str = "apiVersion";

/// The body of a request, with secrets in clear.
pub(super) fn body(inputs: &Value) -> Result<Json, ProviderError> {
    if inputs.contains_unknown() {
        return Err(error::refused(
            "an input is not known yet, although the resource is being deployed",
        ));
    }
    let mut body = inputs.to_json(Reveal::Yes);
    if let Some(members) = body.as_object_mut() {
        members.shift_remove(API_VERSION);
    }
    Ok(body)
}

/// What an answer leaves behind. What was declared secret, or is so by the
/// schema, stays secret when Azure says it back.
pub(super) fn created<'a>(
    ty: impl Into<ResourceType<'a>>,
    id: &str,
    mut answer: Json,
    inputs: &Value,
) -> Observed {
    if let Some(Json::String(text)) = answer.get_mut("location") {
        *text = spelled(text, inputs);
    }
    let mut outputs = Value::from(answer);
    for path in record(ty).map_or(&[][..], |record| record.secret) {
        outputs = veil_path(outputs, path);
    }
    Observed {
        id: id.to_owned(),
        outputs: mark_secret(outputs, inputs),
    }
}

/// A location in the program's own spelling if it is the declared one, else in
/// the normal form: Azure's spelling is never a difference.
fn spelled(answered: &str, inputs: &Value) -> String {
    let declared = inputs.at("location").and_then(Value::as_str);
    let same = declared.filter(|declared| location::normal(declared) == location::normal(answered));
    same.map_or_else(|| location::normal(answered), str::to_owned)
}

/// Marks in `outputs` what is secret in `inputs`.
pub(super) fn mark_secret(outputs: Value, inputs: &Value) -> Value {
    match (outputs, inputs) {
        (Value::Null, _) => Value::Null,
        (outputs, Value::Secret(_)) => outputs.into_secret(),
        (Value::Map(outputs), Value::Map(inputs)) => {
            let veiled = |(key, value): (String, Value)| match inputs.get(&key) {
                Some(input) => (key, mark_secret(value, input)),
                None => (key, value),
            };
            Value::Map(outputs.into_iter().map(veiled).collect())
        }
        // Azure may answer in another order, so that one secret makes all of the list secret.
        (Value::List(outputs), Value::List(inputs))
            if inputs.iter().any(Value::contains_secret) =>
        {
            Value::List(outputs).into_secret()
        }
        (outputs, _) => outputs,
    }
}

fn veil_path(value: Value, path: &str) -> Value {
    let (key, rest) = path
        .split_once('.')
        .map_or((path, None), |(key, rest)| (key, Some(rest)));
    let below = |value: Value| match (rest, value) {
        (_, Value::Null) => Value::Null,
        (Some(rest), value) => veil_path(value, rest),
        (None, value) => value.into_secret(),
    };
    match value {
        Value::Map(members) => {
            let each = |(name, value)| match key == "*" || key == name {
                true => (name, below(value)),
                false => (name, value),
            };
            Value::Map(members.into_iter().map(each).collect())
        }
        Value::List(items) if key == "*" => Value::List(items.into_iter().map(below).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_reserved_key_is_not_sent_and_secrets_are() {
        let Value::Map(mut inputs) = Value::from(json!({"apiVersion": "2024-01-01", "kind": "x"}))
        else {
            unreachable!()
        };
        inputs.insert("password".into(), Value::from("hunter2").into_secret());
        let inputs = Value::Map(inputs);
        assert_eq!(
            body(&inputs),
            Ok(json!({"kind": "x", "password": "hunter2"}))
        );
        let unknown = Value::Unknown(vec!["a".to_owned()].into());
        assert!(body(&Value::Map([("x".to_owned(), unknown)].into())).is_err());
    }

    #[test]
    fn what_was_declared_secret_comes_back_secret() {
        let secret = || Value::from("hunter2").into_secret();
        let inputs = Value::Map(
            [
                ("password".to_owned(), secret()),
                ("list".to_owned(), Value::List(vec![secret()])),
            ]
            .into(),
        );
        let answer =
            json!({"location": "West US", "password": "hunter2", "list": ["hunter2"], "open": 1});
        let created = created("x", "/x", answer, &inputs);
        assert!(!format!("{created:?}").contains("hunter2"), "{created:?}");
        assert_eq!(created.outputs.at("location"), Some(&Value::from("westus")));
        assert_eq!(created.outputs.at("open"), Some(&Value::from(1_i64)));
    }

    #[test]
    fn azures_spelling_of_a_location_is_no_difference() {
        for (declared, answered, expected) in [
            ("West US", "westus", "West US"),
            ("westus", "West US", "westus"),
            ("eastus", "West US", "westus"),
        ] {
            let inputs = Value::from(json!({"location": declared}));
            let created = created("x", "/x", json!({"location": answered}), &inputs);
            assert_eq!(created.outputs.at("location"), Some(&Value::from(expected)));
        }
    }

    #[test]
    fn the_schema_says_what_is_secret() {
        let accounts =
            json!({"a": {"accessKey": "hunter2", "type": "AzureFiles"}, "b": {"accessKey": null}});
        let answer = json!({"properties": {"siteConfig": {"azureStorageAccounts": accounts}}});
        let created = created("Microsoft.Web/sites", "/x", answer, &Value::map());
        assert!(!format!("{created:?}").contains("hunter2"), "{created:?}");
        assert!(
            created
                .outputs
                .is_secret_at("properties.siteConfig.azureStorageAccounts.a.accessKey")
        );
        assert!(
            !created
                .outputs
                .is_secret_at("properties.siteConfig.azureStorageAccounts.b")
        );
    }
}
