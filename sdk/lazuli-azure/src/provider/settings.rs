//! The settings of a web app: app settings and connection strings.
//!
//! A site is created with them inline. Afterwards Azure shows them only in
//! answer to a POST, and takes them only as a whole (seen in real traffic), so a
//! change is read, merged and written: what others have set stays, what this
//! stack had set and no longer declares goes.

use std::collections::BTreeMap;

use lazuli_core::value::Reveal;
use lazuli_core::{ProviderError, Value};
use serde_json::{Map, Value as Json, json};

use super::call::Call;

/// The two dictionaries of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settings {
    App,
    ConnectionStrings,
}

pub(super) const ALL: [Settings; 2] = [Settings::App, Settings::ConnectionStrings];

impl Settings {
    /// The member of `siteConfig`.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::App => "appSettings",
            Self::ConnectionStrings => "connectionStrings",
        }
    }

    /// The name below `config`.
    fn segment(self) -> &'static str {
        match self {
            Self::App => "appsettings",
            Self::ConnectionStrings => "connectionstrings",
        }
    }

    fn path(self) -> String {
        format!("properties.siteConfig.{}", self.member())
    }

    /// What inputs declare, by name; `None` when they say nothing of it.
    fn declared(self, inputs: &Value) -> Option<BTreeMap<String, Value>> {
        let list = inputs.at(&self.path())?.as_list()?;
        let name = |entry: &Value| entry.at("name").and_then(Value::as_str).map(str::to_owned);
        Some(
            list.iter()
                .filter_map(|entry| Some((name(entry)?, self.value(entry))))
                .collect(),
        )
    }

    /// The value of an entry of `siteConfig`, in the dictionary's form.
    fn value(self, entry: &Value) -> Value {
        let of = |key: &str| entry.at(key).cloned().unwrap_or(Value::Null);
        match self {
            Self::App => of("value"),
            Self::ConnectionStrings => Value::Map(
                [
                    ("value".to_owned(), of("connectionString")),
                    ("type".to_owned(), of("type")),
                ]
                .into(),
            ),
        }
    }

    /// An entry of `siteConfig`, from the dictionary's form.
    fn entry(self, name: &str, value: Value) -> Value {
        let mut entry = BTreeMap::from([("name".to_owned(), Value::from(name))]);
        match (self, value) {
            (Self::ConnectionStrings, Value::Map(mut members)) => {
                let text = members.remove("value").unwrap_or(Value::Null);
                entry.insert("connectionString".to_owned(), text);
                entry.insert(
                    "type".to_owned(),
                    members.remove("type").unwrap_or(Value::Null),
                );
            }
            (_, value) => {
                entry.insert("value".to_owned(), value);
            }
        }
        Value::from(entry)
    }

    async fn list(self, call: &Call<'_>) -> Result<Map<String, Json>, ProviderError> {
        let mut answer = call
            .post(&format!("config/{}/list", self.segment()))
            .await?;
        match answer.get_mut("properties").map(Json::take) {
            Some(Json::Object(settings)) => Ok(settings),
            _ => Ok(Map::new()),
        }
    }
}

/// Brings a dictionary to what is declared; writes only when that changes
/// something, and says whether it did.
pub(super) async fn update(
    call: &Call<'_>,
    settings: Settings,
    before: &Value,
    inputs: &Value,
) -> Result<bool, ProviderError> {
    let (before, declared) = (settings.declared(before), settings.declared(inputs));
    if before.is_none() && declared.is_none() {
        return Ok(false);
    }
    let (before, declared) = (before.unwrap_or_default(), declared.unwrap_or_default());
    let current = settings.list(call).await?;
    let wanted = merged(current.clone(), &before, &declared);
    if wanted == current {
        return Ok(false);
    }
    call.put_child(
        ["config", settings.segment()],
        &json!({ "properties": wanted }),
    )
    .await?;
    Ok(true)
}

fn merged(
    mut current: Map<String, Json>,
    before: &BTreeMap<String, Value>,
    declared: &BTreeMap<String, Value>,
) -> Map<String, Json> {
    current.retain(|name, _| declared.contains_key(name) || !before.contains_key(name));
    for (name, value) in declared {
        current.insert(name.clone(), value.to_json(Reveal::Yes));
    }
    current
}

/// The declared settings as they are now, in the form of the inputs; `None` when
/// none are declared. A value that is not the declared one may be anybody's
/// secret, and is treated as one.
pub(super) async fn read(
    call: &Call<'_>,
    settings: Settings,
    inputs: &Value,
) -> Result<Option<Value>, ProviderError> {
    let Some(declared) = settings
        .declared(inputs)
        .filter(|declared| !declared.is_empty())
    else {
        return Ok(None);
    };
    let mut current = settings.list(call).await?;
    let entry = |(name, declared): (&String, &Value)| {
        let value = Value::from(current.remove(name)?);
        let value = if value == *declared {
            value
        } else {
            hidden(settings, value)
        };
        Some(settings.entry(name, value))
    };
    Ok(Some(Value::List(
        declared.iter().filter_map(entry).collect(),
    )))
}

fn hidden(settings: Settings, value: Value) -> Value {
    match (settings, value) {
        (Settings::ConnectionStrings, Value::Map(mut members)) => {
            if let Some(text) = members.remove("value") {
                members.insert("value".to_owned(), text.into_secret());
            }
            Value::Map(members)
        }
        (_, value) => value.into_secret(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_others_stay_and_retired_ones_go() {
        let current = json!({"theirs": "1", "kept": "old", "retired": "1"});
        let Json::Object(current) = current else {
            unreachable!()
        };
        let before =
            [("kept", "old"), ("retired", "1")].map(|(k, v)| (k.to_owned(), Value::from(v)));
        let secret = Value::from("new").into_secret();
        let declared = BTreeMap::from([
            ("kept".to_owned(), secret),
            ("added".to_owned(), Value::from("1")),
        ]);
        let merged = merged(current, &before.into(), &declared);
        assert_eq!(
            Json::Object(merged),
            json!({"theirs": "1", "kept": "new", "added": "1"})
        );
    }

    #[test]
    fn entries_have_the_form_of_the_inputs() {
        let entry = json!({"name": "db", "connectionString": "x", "type": "SQLAzure"});
        let inputs =
            Value::from(json!({"properties": {"siteConfig": {"connectionStrings": [entry]}}}));
        let declared = Settings::ConnectionStrings.declared(&inputs).unwrap();
        assert_eq!(
            declared["db"].to_json(Reveal::No),
            json!({"value": "x", "type": "SQLAzure"})
        );
        let back = Settings::ConnectionStrings.entry("db", declared["db"].clone());
        assert_eq!(back, Value::from(entry));
        assert_eq!(Settings::App.declared(&inputs), None);
    }
}
