//! The declared inputs of a resource: a tree of plain values and outputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::executor::{Deps, ResId, Taint};
use crate::members::Members;
use crate::output::{Output, Peek, Roots, roots};
use crate::value::Value;
use crate::{OutputError, SourcePlace};

/// A property as the program declared it.
#[derive(Clone, Debug)]
pub enum Property {
    /// Known from the start.
    Value(Value),
    /// To be resolved.
    Output(Output<Value>),
    /// A list whose elements resolve one by one.
    List(Vec<Property>),
    /// An object whose members resolve one by one.
    Map(Members<Property>),
}

/// What a tree of properties is right now.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Resources that the known parts stem from and the unknown parts wait for.
    pub deps: Vec<ResId>,
    /// What the unknown parts wait for.
    pub roots: Roots,
    /// The first failed part.
    pub failure: Option<OutputError>,
    /// Dotted paths of parts that stem from resources, or wait for them.
    pub derived: Vec<(String, Deps)>,
    /// Dotted paths of unknown parts, with what they wait for in words.
    pub pending: Vec<(String, Arc<[String]>)>,
}

impl Property {
    /// An empty object.
    pub fn map() -> Self {
        Self::Map(Members::new())
    }

    /// Sets a member at a dotted path, making objects on the way. Used by typed builders.
    pub fn set(&mut self, path: &str, property: Property) {
        let (key, rest) = match path.split_once('.') {
            Some((key, rest)) => (key, Some(rest)),
            None => (path, None),
        };
        if !matches!(self, Self::Map(_)) {
            *self = Self::map();
        }
        if let Self::Map(map) = self {
            match rest {
                None => {
                    map.insert(key.to_owned(), property);
                }
                Some(rest) => map
                    .entry(key.to_owned())
                    .or_insert_with(Property::map)
                    .set(rest, property),
            }
        }
    }

    /// The member at a dotted path, as declared.
    pub fn get(&self, path: &str) -> Option<&Property> {
        path.split('.')
            .try_fold(self, |property, key| match property {
                Self::Map(map) => map.get(key),
                Self::List(list) => key.parse::<usize>().ok().and_then(|index| list.get(index)),
                _ => None,
            })
    }

    /// The value as known right now; pending parts become [`Value::Unknown`].
    /// `name` turns a resource and a property path into words.
    pub fn peek(&self, name: &dyn Fn(ResId, &str) -> String, snapshot: &mut Snapshot) -> Value {
        self.peek_at(&mut String::new(), name, snapshot)
    }

    fn peek_at(
        &self,
        path: &mut String,
        name: &dyn Fn(ResId, &str) -> String,
        snapshot: &mut Snapshot,
    ) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::List(list) => {
                let items = list.iter().enumerate();
                Value::List(
                    items
                        .map(|(index, item)| item.member(path, &index.to_string(), name, snapshot))
                        .collect(),
                )
            }
            Self::Map(map) => {
                let members = map
                    .iter()
                    .map(|(key, item)| (key.clone(), item.member(path, key, name, snapshot)));
                Value::Map(members.collect())
            }
            Self::Output(output) => peek_output(output, path, name, snapshot),
        }
    }

    fn member(
        &self,
        path: &mut String,
        key: &str,
        name: &dyn Fn(ResId, &str) -> String,
        snapshot: &mut Snapshot,
    ) -> Value {
        let length = path.len();
        if length > 0 {
            path.push('.');
        }
        path.push_str(key);
        let value = self.peek_at(path, name, snapshot);
        path.truncate(length);
        value
    }
}

fn peek_output(
    output: &Output<Value>,
    path: &str,
    name: &dyn Fn(ResId, &str) -> String,
    snapshot: &mut Snapshot,
) -> Value {
    let (value, deps) = match output.peek() {
        Peek::Pending => {
            let waits = output.waits_for();
            let words = waits.resources.iter().map(|(id, path)| name(*id, path));
            let words: Arc<[String]> = words
                .chain(waits.program.iter().map(SourcePlace::to_string))
                .collect();
            let deps = Deps::from_ids(waits.resources.iter().map(|(id, _)| *id).collect());
            snapshot.roots.resources.extend(waits.resources);
            snapshot.roots.program.extend(waits.program);
            snapshot.pending.push((path.to_owned(), words.clone()));
            (Value::Unknown(words), deps)
        }
        Peek::Failed(error) => {
            snapshot.failure.get_or_insert(error);
            (Value::Null, output.taint().unwrap_or_default().deps)
        }
        Peek::Known(value) => {
            let taint = output.taint().unwrap_or_default();
            (
                if taint.secret {
                    value.into_secret()
                } else {
                    value
                },
                taint.deps,
            )
        }
    };
    if deps != Deps::None {
        snapshot.deps.extend(deps.as_slice());
        snapshot.derived.push((path.to_owned(), deps));
    }
    value
}

/// What several pending outputs wait for together.
pub fn waits_for(outputs: &[Output<Value>]) -> Roots {
    roots(outputs.iter().map(Output::node))
}

/// A type that can be an input: plain data, a typed id, or a nested block.
pub trait ToProperty: Sized {
    /// The property tree of this value.
    fn to_property(self) -> Property;
}

impl ToProperty for Property {
    fn to_property(self) -> Property {
        self
    }
}

macro_rules! plain {
    ($($ty:ty),*) => {$(
        impl ToProperty for $ty {
            fn to_property(self) -> Property {
                Property::Value(Value::from(self))
            }
        }
    )*};
}
plain!(bool, String, i32, i64, u16, u32, f64);

impl ToProperty for Value {
    fn to_property(self) -> Property {
        Property::Value(self)
    }
}

impl<T: ToProperty> ToProperty for Vec<T> {
    fn to_property(self) -> Property {
        Property::List(self.into_iter().map(ToProperty::to_property).collect())
    }
}

impl<T: ToProperty> ToProperty for BTreeMap<String, T> {
    fn to_property(self) -> Property {
        Property::Map(
            self.into_iter()
                .map(|(key, value)| (key, value.to_property()))
                .collect(),
        )
    }
}

/// Turns a tree into one output that settles when all of it has.
#[track_caller]
pub fn resolve(property: Property) -> Output<Value> {
    match property {
        Property::Value(value) => Output::settled(
            Ok(value),
            Taint {
                deps: Deps::None,
                secret: false,
            },
        ),
        Property::Output(output) => mark(output),
        Property::List(list) => Output::all(list.into_iter().map(resolve)).map(Value::List),
        Property::Map(map) => {
            let keys: Arc<[String]> = map.keys().cloned().collect();
            Output::all(map.into_values().map(resolve))
                .map(move |values| Value::Map(keys.iter().cloned().zip(values).collect()))
        }
    }
}

/// A secret output becomes a plain output of a secret value, so that one secret
/// member does not make the whole tree secret.
fn mark(output: Output<Value>) -> Output<Value> {
    let source = output.clone();
    output
        .map(move |value| {
            let secret = source.taint().is_some_and(|taint| taint.secret);
            if secret { value.into_secret() } else { value }
        })
        .reveal()
}
