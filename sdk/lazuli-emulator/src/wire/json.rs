//! Small operations on JSON bodies that several providers share.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::errors::invalid_content;

/// RFC 7396: objects merge, null removes, everything else replaces.
pub(crate) fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Value::Object(object) = target else {
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            object.shift_remove(name);
        } else {
            merge_patch(object.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

/// Lays `over` on `base`: nulls in `over` do not count, objects merge, everything else replaces.
pub(crate) fn overlay(base: &mut Value, over: &Value) {
    match (base, over) {
        (_, Value::Null) => {}
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                overlay(base.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// Sets a property of an object that is known to be one; turns anything else into an object first.
pub(crate) fn set(target: &mut Value, name: &str, value: impl Into<Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(object) = target {
        object.insert(name.to_owned(), value.into());
    }
}

/// Removes a property; anything but an object stays as it is.
pub(crate) fn unset(target: &mut Value, name: &str) -> Option<Value> {
    target.as_object_mut()?.shift_remove(name)
}

/// The request's `properties`, an empty object when there are none.
pub(crate) fn properties(body: &Value) -> Result<Value, Answer> {
    match &body["properties"] {
        Value::Null => Ok(json!({})),
        Value::Object(_) => Ok(body["properties"].clone()),
        _ => Err(invalid_content(
            "The request content was invalid and could not be deserialized: 'properties' must be an object.",
        )),
    }
}

/// The same object without the nulls in it; what is deeper stays.
pub(crate) fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(object) = &mut value {
        object.retain(|_, value| !value.is_null());
    }
    value
}

/// The elements of an array, none for anything else.
pub(crate) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A string, empty for anything else.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Whether two JSON strings name the same thing in ARM's case-insensitive eyes.
pub(crate) fn same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

/// A value of an enumeration in its canonical casing, or Azure's complaint about it.
pub(crate) fn one_of(
    value: &Value,
    property: &str,
    allowed: &[&'static str],
) -> Result<Option<&'static str>, Answer> {
    let Some(given) = value.as_str() else {
        return if value.is_null() {
            Ok(None)
        } else {
            Err(invalid_content(format!("'{property}' must be a string.")))
        };
    };
    match allowed.iter().find(|candidate| same(candidate, given)) {
        Some(found) => Ok(Some(found)),
        None => {
            let message = format!(
                "The value '{given}' of '{property}' is not valid. Allowed values: {}.",
                allowed.join(", ")
            );
            Err(Answer::error(400, "InvalidParameter", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merge_patch_follows_the_rfc() {
        let check = |mut target: Value, patch: Value, expect: Value| {
            merge_patch(&mut target, &patch);
            assert_eq!(target, expect);
        };
        check(
            json!({"a": 1, "b": {"c": 1, "d": 2}}),
            json!({"b": {"c": null}}),
            json!({"a": 1, "b": {"d": 2}}),
        );
        check(json!({"a": [1]}), json!({"a": [2]}), json!({"a": [2]}));
        check(json!(1), json!({"a": {"b": null}}), json!({"a": {}}));
    }

    #[test]
    fn overlay_ignores_nulls() {
        let mut base = json!({"a": 1, "b": {"c": 1}});
        overlay(&mut base, &json!({"a": null, "b": {"d": 2}, "e": []}));
        assert_eq!(base, json!({"a": 1, "b": {"c": 1, "d": 2}, "e": []}));
    }

    #[test]
    fn enumerations_are_case_insensitive() {
        assert_eq!(
            one_of(&json!("disabled"), "x", &["Enabled", "Disabled"]),
            Ok(Some("Disabled"))
        );
        assert_eq!(one_of(&Value::Null, "x", &["Enabled"]), Ok(None));
        assert!(one_of(&json!("off"), "x", &["Enabled"]).is_err());
        assert!(one_of(&json!(3), "x", &["Enabled"]).is_err());
    }
}
