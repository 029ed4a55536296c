//! Plain data with two additions: secrets, which no formatter prints, and
//! unknowns, which say what they wait for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::members::Members;
use serde_json::{Number, Value as Json};

/// A property value of a resource: JSON plus secrets and unknowns.
#[derive(Clone, Default, PartialEq)]
pub enum Value {
    /// JSON null. Not the same as an absent property.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, integral or not.
    Number(Number),
    /// A text.
    String(String),
    /// An ordered list.
    List(Vec<Value>),
    /// An object; keys are kept sorted so that output is deterministic.
    Map(Members<Value>),
    /// A value that no log, error, event, diff or `Debug` shows.
    Secret(Box<Value>),
    /// Not known before deployment; the texts name what it waits for.
    Unknown(Arc<[String]>),
}

/// How [`Value::to_json`] treats what JSON has no form for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reveal {
    /// Secrets become `"(secret)"`, unknowns `"(known after ...)"`.
    No,
    /// Secrets appear in clear. Only for the wire.
    Yes,
}

impl Value {
    /// An empty object.
    pub fn map() -> Self {
        Self::Map(Members::new())
    }

    /// Follows a dotted path (`properties.loginServer`, `items.0.name`), looking through secrets.
    pub fn at(&self, path: &str) -> Option<&Value> {
        path.split('.')
            .try_fold(self, |value, key| value.child(key))
    }

    fn child(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Map(map) => map.get(key),
            Self::List(list) => key.parse::<usize>().ok().and_then(|index| list.get(index)),
            Self::Secret(inner) => inner.child(key),
            _ => None,
        }
    }

    /// Whether a secret is on the way to, at, or inside the value at a path.
    pub fn is_secret_at(&self, path: &str) -> bool {
        let mut value = self;
        for key in path.split('.') {
            if matches!(value, Self::Secret(_)) {
                return true;
            }
            match value.child(key) {
                Some(next) => value = next,
                None => return false,
            }
        }
        value.contains_secret()
    }

    /// The text, if it is one (or a secret one).
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Secret(inner) => inner.as_str(),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Secret(inner) => inner.as_bool(),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(list) => Some(list),
            Self::Secret(inner) => inner.as_list(),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn as_map(&self) -> Option<&Members<Value>> {
        match self {
            Self::Map(map) => Some(map),
            Self::Secret(inner) => inner.as_map(),
            _ => None,
        }
    }

    /// Whether an unknown is anywhere inside.
    pub fn contains_unknown(&self) -> bool {
        self.any(&|value| matches!(value, Self::Unknown(_)))
    }

    /// Whether a secret is anywhere inside.
    pub fn contains_secret(&self) -> bool {
        self.any(&|value| matches!(value, Self::Secret(_)))
    }

    fn any(&self, test: &dyn Fn(&Value) -> bool) -> bool {
        test(self)
            || match self {
                Self::List(list) => list.iter().any(|item| item.any(test)),
                Self::Map(map) => map.values().any(|item| item.any(test)),
                Self::Secret(inner) => inner.any(test),
                _ => false,
            }
    }

    /// The value with every secret mark taken off. Secrets never decide a
    /// difference, so comparisons use this form.
    #[must_use]
    pub fn unwrapped(&self) -> Value {
        match self {
            Self::Secret(inner) => inner.unwrapped(),
            Self::List(list) => Self::List(list.iter().map(Value::unwrapped).collect()),
            Self::Map(map) => Self::Map(
                map.iter()
                    .map(|(key, value)| (key.clone(), value.unwrapped()))
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    /// Marks a value secret, once.
    #[must_use]
    pub fn into_secret(self) -> Value {
        match self {
            secret @ Self::Secret(_) => secret,
            plain => Self::Secret(Box::new(plain)),
        }
    }

    /// JSON for a person ([`Reveal::No`]) or for the wire ([`Reveal::Yes`]).
    pub fn to_json(&self, reveal: Reveal) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Number(value) => Json::Number(value.clone()),
            Self::String(value) => Json::String(value.clone()),
            Self::List(list) => Json::Array(list.iter().map(|item| item.to_json(reveal)).collect()),
            Self::Map(map) => Json::Object(
                map.iter()
                    .map(|(key, value)| (key.clone(), value.to_json(reveal)))
                    .collect(),
            ),
            Self::Secret(inner) if reveal == Reveal::Yes => inner.to_json(reveal),
            Self::Secret(_) => Json::String("(secret)".to_owned()),
            Self::Unknown(_) => Json::String(self.to_string()),
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(value) => Self::Number(value),
            Json::String(value) => Self::String(value),
            Json::Array(list) => Self::List(list.into_iter().map(Value::from).collect()),
            Json::Object(map) => Self::Map(
                map.into_iter()
                    .map(|(key, value)| (key, Value::from(value)))
                    .collect(),
            ),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str("(secret)"),
            Self::Unknown(waits) if waits.is_empty() => f.write_str("(known after deployment)"),
            Self::Unknown(waits) => write!(f, "(known after {})", waits.join(", ")),
            Self::String(text) => f.write_str(text),
            other => write!(f, "{}", other.to_json(Reveal::No)),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_json(Reveal::No))
    }
}

/// A type that can be read out of a [`Value`]; the way outputs become typed.
pub trait FromValue: Sized {
    /// Converts, looking through secrets.
    ///
    /// # Errors
    /// A sentence that says what was found instead (never the value itself).
    fn from_value(value: &Value) -> std::result::Result<Self, String>;
}

/// What kind of value this is, for messages: never its content.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "an object",
        Value::Secret(inner) => kind(inner),
        Value::Unknown(_) => "a value not yet known",
    }
}

impl FromValue for Value {
    fn from_value(value: &Value) -> std::result::Result<Self, String> {
        Ok(value.clone())
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> std::result::Result<Self, String> {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| format!("a text was expected, {} was found", kind(value)))
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> std::result::Result<Self, String> {
        value
            .as_bool()
            .ok_or_else(|| format!("a boolean was expected, {} was found", kind(value)))
    }
}

macro_rules! numbers {
    ($($ty:ty),*) => {$(
        impl FromValue for $ty {
            fn from_value(value: &Value) -> std::result::Result<Self, String> {
                match value {
                    Value::Secret(inner) => Self::from_value(inner),
                    Value::Number(number) => number
                        .as_i64()
                        .and_then(|wide| <$ty>::try_from(wide).ok())
                        .ok_or_else(|| concat!("the number does not fit ", stringify!($ty)).to_owned()),
                    other => Err(format!("a number was expected, {} was found", kind(other))),
                }
            }
        }
        impl From<$ty> for Value {
            fn from(value: $ty) -> Self {
                Self::Number(value.into())
            }
        }
    )*};
}
numbers!(i32, i64, u16, u32);

impl FromValue for f64 {
    fn from_value(value: &Value) -> std::result::Result<Self, String> {
        match value {
            Value::Secret(inner) => Self::from_value(inner),
            Value::Number(number) => number
                .as_f64()
                .ok_or_else(|| "the number does not fit f64".to_owned()),
            other => Err(format!("a number was expected, {} was found", kind(other))),
        }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: &Value) -> std::result::Result<Self, String> {
        let list = value
            .as_list()
            .ok_or_else(|| format!("a list was expected, {} was found", kind(value)))?;
        list.iter().map(T::from_value).collect()
    }
}

impl<T: FromValue> FromValue for BTreeMap<String, T> {
    fn from_value(value: &Value) -> std::result::Result<Self, String> {
        let map = value
            .as_map()
            .ok_or_else(|| format!("an object was expected, {} was found", kind(value)))?;
        map.iter()
            .map(|(key, item)| Ok((key.clone(), T::from_value(item)?)))
            .collect()
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> std::result::Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<f64> for Value {
    /// NaN and the infinities have no JSON form and become null.
    fn from(value: f64) -> Self {
        Number::from_f64(value).map_or(Self::Null, Self::Number)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(list: Vec<T>) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<BTreeMap<String, T>> for Value {
    fn from(map: BTreeMap<String, T>) -> Self {
        Self::Map(
            map.into_iter()
                .map(|(key, value)| (key, value.into()))
                .collect(),
        )
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_in_no_text_form_at_any_depth() {
        let value = Value::from(json!({"a": [1, {"b": "x"}]}));
        let Value::Map(mut map) = value else {
            unreachable!()
        };
        map.insert("password".into(), Value::from("hunter2").into_secret());
        map.insert(
            "nested".into(),
            Value::List(vec![Value::from("hunter2").into_secret()]),
        );
        let value = Value::Map(map);
        for text in [
            format!("{value}"),
            format!("{value:?}"),
            value.to_json(Reveal::No).to_string(),
        ] {
            assert!(!text.contains("hunter2"), "{text}");
            assert!(text.contains("(secret)"), "{text}");
        }
        assert_eq!(value.to_json(Reveal::Yes)["password"], json!("hunter2"));
    }

    #[test]
    fn paths_reach_into_lists_and_secrets() {
        let value = Value::from(json!({"items": [{"name": "x"}]}));
        assert_eq!(value.at("items.0.name").and_then(Value::as_str), Some("x"));
        assert_eq!(value.at("items.1.name"), None);
        let secret = Value::Map([("creds".to_owned(), value.into_secret())].into());
        assert_eq!(
            secret.at("creds.items.0.name").and_then(Value::as_str),
            Some("x")
        );
        assert!(secret.is_secret_at("creds.items.0.name"));
        assert!(!secret.is_secret_at("other"));
    }

    #[test]
    fn typed_reads_say_what_was_found() {
        assert_eq!(u16::from_value(&Value::from(80_i64)), Ok(80));
        assert_eq!(
            u16::from_value(&Value::from(70_000_i64)),
            Err("the number does not fit u16".into())
        );
        assert_eq!(
            String::from_value(&Value::Null),
            Err("a text was expected, null was found".into())
        );
        assert_eq!(Option::<String>::from_value(&Value::Null), Ok(None));
        assert_eq!(
            Vec::<bool>::from_value(&Value::from(vec![true])),
            Ok(vec![true])
        );
    }
}
