//! The persisted forms, version 1: separate structs, so that inner types may
//! change without touching files that exist.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lazuli_core::{SourceLocation, Urn, Value};
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::op::Op;
use crate::secrets::DataKey;
use crate::state::{Entry, InFlight, Outcome, Resource, State};

pub(super) const VERSION: u32 = 1;
const MARK: &str = "$lazuli";

#[derive(Serialize, Deserialize)]
pub(super) struct ResourceV1 {
    urn: String,
    provider: String,
    id: String,
    inputs: Json,
    outputs: Json,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    protect: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    retain_on_delete: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    uncertain: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_with: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    delete_after: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    tainted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trigger: Option<Json>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secret_outputs: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delete_timeout_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    delete_hooks: bool,
    file: String,
    line: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) struct InFlightV1 {
    op: String,
    resource: ResourceV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<Json>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub(super) enum EntryV1 {
    Started {
        operation: u64,
        in_flight: InFlightV1,
    },
    Accepted {
        operation: u64,
        token: Json,
    },
    Ended {
        operation: u64,
        outcome: String,
        resource: Option<ResourceV1>,
    },
    Noted {
        from: Option<String>,
        resource: ResourceV1,
    },
    Forgotten {
        urn: String,
        id: String,
    },
    Exports {
        values: BTreeMap<String, Json>,
    },
}

/// A state that is written without its written form being built.
pub(super) struct WrittenState<'a> {
    codec: &'a Codec,
    state: &'a State,
}

impl Serialize for WrittenState<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (codec, state) = (self.codec, self.state);
        let mut written = serializer.serialize_map(None)?;
        written.serialize_entry("serial", &state.serial)?;
        written.serialize_entry("resources", &Resources(codec, &state.resources))?;
        if !state.superseded.is_empty() {
            written.serialize_entry("superseded", &Resources(codec, &state.superseded))?;
        }
        if !state.in_flight.is_empty() {
            let in_flight: Read<BTreeMap<_, _>> = state
                .in_flight
                .iter()
                .map(|(number, op)| Ok((*number, codec.in_flight(op)?)))
                .collect();
            written.serialize_entry("in_flight", &in_flight.map_err(S::Error::custom)?)?;
        }
        if !state.exports.is_empty() {
            let exports = codec.exports(&state.exports).map_err(S::Error::custom)?;
            written.serialize_entry("exports", &exports)?;
        }
        written.end()
    }
}

/// The values of a map of resources, as a list.
struct Resources<'a, K>(&'a Codec, &'a BTreeMap<K, Arc<Resource>>);

impl<K> Serialize for Resources<'_, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.1.len()))?;
        for resource in self.1.values() {
            let wire = self.0.resource(resource).map_err(S::Error::custom)?;
            list.serialize_element(&wire)?;
        }
        list.end()
    }
}

/// A state that is read without its written form being built: the forms of its
/// resources are several times as large as the resources.
struct ReadState<'a>(&'a Codec);

impl<'de> DeserializeSeed<'de> for ReadState<'_> {
    type Value = State;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<State, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReadState<'_> {
    type Value = State;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a state")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<State, A::Error> {
        let codec = self.0;
        let (mut state, mut serial, mut complete) = (State::default(), None, false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "serial" => serial = Some(map.next_value()?),
                "resources" => {
                    complete = true;
                    let into = &mut state.resources;
                    let add = |r: Resource| drop(into.insert(r.urn.clone(), r.into()));
                    map.next_value_seed(ReadResources(codec, add))?;
                }
                "superseded" => {
                    let into = &mut state.superseded;
                    let add = |r: Resource| drop(into.insert(r.id.clone(), r.into()));
                    map.next_value_seed(ReadResources(codec, add))?;
                }
                "in_flight" => {
                    let wire: BTreeMap<u64, InFlightV1> = map.next_value()?;
                    let read = |(number, op)| Ok((number, codec.read_in_flight(op)?));
                    let read = wire.into_iter().map(read).collect::<Read<_>>();
                    state.in_flight = read.map_err(A::Error::custom)?;
                }
                "exports" => {
                    let read = codec.read_exports(map.next_value()?);
                    state.exports = read.map_err(A::Error::custom)?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        state.share_urns();
        state.serial = serial.ok_or_else(|| A::Error::missing_field("serial"))?;
        if complete {
            Ok(state)
        } else {
            Err(A::Error::missing_field("resources"))
        }
    }
}

/// A list of resources, each handed on as soon as it is read.
struct ReadResources<'a, F>(&'a Codec, F);

impl<'de, F: FnMut(Resource)> DeserializeSeed<'de> for ReadResources<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Resource)> Visitor<'de> for ReadResources<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of resources")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(wire) = list.next_element()? {
            let resource = self.0.read_resource(wire).map_err(A::Error::custom)?;
            (self.1)(resource);
        }
        Ok(())
    }
}

/// Converts between inner and persisted forms, sealing and opening secrets.
pub(crate) struct Codec {
    pub(crate) key: Option<Arc<DataKey>>,
}

type Read<T> = Result<T, String>;

impl Codec {
    pub(super) fn value(&self, value: &Value) -> Read<Json> {
        Ok(match value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => Json::Number(number.clone()),
            Value::String(text) => Json::String(text.clone()),
            Value::List(list) => Json::Array(
                list.iter()
                    .map(|item| self.value(item))
                    .collect::<Read<_>>()?,
            ),
            Value::Map(map) => {
                let members = map
                    .iter()
                    .map(|(key, item)| Ok((key.clone(), self.value(item)?)));
                let object = Json::Object(members.collect::<Read<Map<_, _>>>()?);
                if map.contains_key(MARK) {
                    marked("map", object)
                } else {
                    object
                }
            }
            Value::Secret(inner) => {
                let plain = self.value(inner)?.to_string();
                let key = self
                    .key
                    .as_ref()
                    .ok_or("there is no key to seal a secret with")?;
                marked(
                    "secret",
                    Json::String(key.seal(&plain).ok_or("a secret cannot be sealed")?),
                )
            }
            Value::Unknown(_) => {
                return Err("a value that is not known cannot be recorded".to_owned());
            }
        })
    }

    pub(super) fn read_value(&self, json: Json) -> Read<Value> {
        Ok(match json {
            Json::Array(list) => {
                let list = list.into_iter().map(|item| self.read_value(item));
                let mut list = list.collect::<Read<Vec<_>>>()?;
                // It may lie where the much larger items of the JSON lay.
                list.shrink_to_fit();
                Value::List(list)
            }
            Json::Object(object) => self.read_object(object)?,
            plain => Value::from(plain),
        })
    }

    fn read_object(&self, mut object: Map<String, Json>) -> Read<Value> {
        match object.get(MARK).and_then(Json::as_str) {
            Some("map") => match object.remove("v") {
                Some(Json::Object(inner)) => self.read_members(inner),
                _ => Err(format!("a `{MARK}: map` without members")),
            },
            Some("secret") => {
                let sealed = object.get("v").and_then(Json::as_str).unwrap_or_default();
                let key = self
                    .key
                    .as_ref()
                    .ok_or("the key file is missing, secrets cannot be opened")?;
                let plain = key
                    .open(sealed)
                    .ok_or("a secret cannot be opened with this key")?;
                let json = serde_json::from_str(&plain).map_err(|_| "a secret holds no value")?;
                Ok(self.read_value(json)?.into_secret())
            }
            _ => self.read_members(object),
        }
    }

    fn read_members(&self, object: Map<String, Json>) -> Read<Value> {
        let members = object
            .into_iter()
            .map(|(key, item)| Ok((key, self.read_value(item)?)));
        Ok(Value::Map(members.collect::<Read<_>>()?))
    }

    fn resource(&self, resource: &Resource) -> Read<ResourceV1> {
        Ok(ResourceV1 {
            urn: resource.urn.to_string(),
            provider: resource.provider.to_string(),
            id: resource.id.clone(),
            inputs: self.value(&resource.inputs)?,
            outputs: self.value(&resource.outputs)?,
            depends_on: resource.depends_on.iter().map(Urn::to_string).collect(),
            parent: resource.parent.as_ref().map(Urn::to_string),
            protect: resource.protect,
            retain_on_delete: resource.retain_on_delete,
            uncertain: resource.uncertain,
            deleted_with: resource.deleted_with.as_ref().map(Urn::to_string),
            delete_after: resource.delete_after.iter().map(Urn::to_string).collect(),
            tainted: resource.tainted,
            container_id: resource.container_id.clone(),
            trigger: resource
                .trigger
                .as_ref()
                .map(|trigger| self.value(trigger))
                .transpose()?,
            secret_outputs: resource.secret_outputs.clone(),
            delete_timeout_ms: resource
                .delete_timeout
                .map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)),
            delete_hooks: resource.delete_hooks,
            file: resource.location.file.to_string(),
            line: resource.location.line,
        })
    }

    fn read_resource(&self, wire: ResourceV1) -> Read<Resource> {
        Ok(Resource {
            urn: urn(&wire.urn)?,
            provider: wire.provider.into(),
            id: wire.id,
            inputs: self.read_value(wire.inputs)?,
            outputs: self.read_value(wire.outputs)?,
            depends_on: urns(&wire.depends_on)?,
            parent: wire.parent.as_deref().map(urn).transpose()?,
            protect: wire.protect,
            retain_on_delete: wire.retain_on_delete,
            uncertain: wire.uncertain,
            deleted_with: wire.deleted_with.as_deref().map(urn).transpose()?,
            delete_after: urns(&wire.delete_after)?,
            tainted: wire.tainted,
            container_id: wire.container_id,
            trigger: wire
                .trigger
                .map(|trigger| self.read_value(trigger))
                .transpose()?,
            secret_outputs: wire.secret_outputs,
            delete_timeout: wire.delete_timeout_ms.map(Duration::from_millis),
            delete_hooks: wire.delete_hooks,
            location: SourceLocation::new(&wire.file, wire.line),
        })
    }

    fn in_flight(&self, in_flight: &InFlight) -> Read<InFlightV1> {
        Ok(InFlightV1 {
            op: in_flight.op.as_str().to_owned(),
            resource: self.resource(&in_flight.resource)?,
            token: in_flight
                .token
                .as_ref()
                .map(|token| self.value(token))
                .transpose()?,
            members: in_flight
                .members
                .iter()
                .map(|(urn, id)| (urn.to_string(), id.clone()))
                .collect(),
        })
    }

    fn read_in_flight(&self, wire: InFlightV1) -> Read<InFlight> {
        Ok(InFlight {
            op: op(&wire.op)?,
            resource: self.read_resource(wire.resource)?.into(),
            token: wire.token.map(|token| self.read_value(token)).transpose()?,
            members: wire
                .members
                .into_iter()
                .map(|(text, id)| Ok((urn(&text)?, id)))
                .collect::<Read<_>>()?,
        })
    }

    pub(super) fn entry(&self, entry: &Entry) -> Read<EntryV1> {
        Ok(match entry {
            Entry::Started {
                operation,
                in_flight,
            } => EntryV1::Started {
                operation: *operation,
                in_flight: self.in_flight(in_flight)?,
            },
            Entry::Accepted { operation, token } => EntryV1::Accepted {
                operation: *operation,
                token: self.value(token)?,
            },
            Entry::Ended { operation, outcome } => {
                let resource = match outcome {
                    Outcome::Is(resource) | Outcome::Superseded(resource) => {
                        Some(self.resource(resource)?)
                    }
                    Outcome::Gone | Outcome::Nothing => None,
                };
                EntryV1::Ended {
                    operation: *operation,
                    outcome: outcome.as_str().to_owned(),
                    resource,
                }
            }
            Entry::Noted { from, resource } => EntryV1::Noted {
                from: from.as_ref().map(Urn::to_string),
                resource: self.resource(resource)?,
            },
            Entry::Forgotten { urn, id } => EntryV1::Forgotten {
                urn: urn.to_string(),
                id: id.clone(),
            },
            Entry::Exports { values } => EntryV1::Exports {
                values: self.exports(values)?,
            },
        })
    }

    pub(super) fn read_entry(&self, wire: EntryV1) -> Read<Entry> {
        Ok(match wire {
            EntryV1::Started {
                operation,
                in_flight,
            } => Entry::Started {
                operation,
                in_flight: Box::new(self.read_in_flight(in_flight)?),
            },
            EntryV1::Accepted { operation, token } => Entry::Accepted {
                operation,
                token: self.read_value(token)?,
            },
            EntryV1::Ended {
                operation,
                outcome,
                resource,
            } => {
                let resource = resource
                    .map(|wire| self.read_resource(wire))
                    .transpose()?
                    .map(Arc::new);
                let outcome = match (outcome.as_str(), resource) {
                    ("is", Some(resource)) => Outcome::Is(resource),
                    ("superseded", Some(resource)) => Outcome::Superseded(resource),
                    ("gone", None) => Outcome::Gone,
                    ("nothing", None) => Outcome::Nothing,
                    _ => return Err(format!("an operation cannot end with {outcome:?}")),
                };
                Entry::Ended { operation, outcome }
            }
            EntryV1::Noted { from, resource } => Entry::Noted {
                from: from.as_deref().map(urn).transpose()?,
                resource: Arc::new(self.read_resource(resource)?),
            },
            EntryV1::Forgotten { urn: text, id } => Entry::Forgotten {
                urn: urn(&text)?,
                id,
            },
            EntryV1::Exports { values } => Entry::Exports {
                values: self.read_exports(values)?,
            },
        })
    }

    fn exports(&self, values: &BTreeMap<String, Value>) -> Read<BTreeMap<String, Json>> {
        values
            .iter()
            .map(|(name, value)| Ok((name.clone(), self.value(value)?)))
            .collect()
    }

    fn read_exports(&self, values: BTreeMap<String, Json>) -> Read<BTreeMap<String, Value>> {
        values
            .into_iter()
            .map(|(name, json)| Ok((name, self.read_value(json)?)))
            .collect()
    }

    /// The state in its written form, made while it is written.
    pub(super) fn written<'a>(&'a self, state: &'a State) -> WrittenState<'a> {
        WrittenState { codec: self, state }
    }

    /// Reads what [`Codec::written`] wrote.
    pub(super) fn read_state(&self, text: &[u8]) -> serde_json::Result<State> {
        let mut json = serde_json::Deserializer::from_slice(text);
        let state = ReadState(self).deserialize(&mut json)?;
        json.end()?;
        Ok(state)
    }
}

fn marked(kind: &str, value: Json) -> Json {
    serde_json::json!({ MARK: kind, "v": value })
}

fn urn(text: &str) -> Read<Urn> {
    Urn::parse(text).map_err(|error| error.to_string())
}

fn urns(texts: &[String]) -> Read<Vec<Urn>> {
    texts.iter().map(|text| urn(text)).collect()
}

fn op(text: &str) -> Read<Op> {
    [
        Op::Create,
        Op::Update,
        Op::Delete,
        Op::CreateReplacement,
        Op::DeleteReplaced,
        Op::Import,
    ]
    .into_iter()
    .find(|op| op.as_str() == text)
    .ok_or_else(|| format!("{text:?} is not an operation"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_survive_with_secrets_sealed_and_marks_escaped() {
        let key = crate::secrets::PlainKey::from_bytes(&[7; 32]).unwrap();
        let key = Some(Arc::new(DataKey::new(&key, "a").unwrap()));
        let codec = Codec { key };
        let mut map = BTreeMap::new();
        map.insert(
            "password".to_owned(),
            Value::List(vec![Value::from("hunter2")]).into_secret(),
        );
        map.insert(MARK.to_owned(), Value::from("mine"));
        map.insert("n".to_owned(), Value::from(json!([1, null, {"a": true}])));
        let value = Value::from(map);
        let wire = codec.value(&value).unwrap();
        assert!(!wire.to_string().contains("hunter2"));
        assert_eq!(codec.read_value(wire.clone()).unwrap(), value);
        let keyless = Codec { key: None };
        assert!(
            keyless
                .read_value(wire)
                .unwrap_err()
                .contains("key file is missing")
        );
    }

    #[test]
    fn an_unknown_is_never_recorded() {
        let codec = Codec { key: None };
        assert!(codec.value(&Value::Unknown([].into())).is_err());
    }
}
