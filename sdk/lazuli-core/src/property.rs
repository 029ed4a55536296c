//! The declared inputs of a resource: a tree of plain values and outputs.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use crate::executor;
use crate::members::Members;
use crate::node::{Deps, NodeId, Provenance};
use crate::output::{Cell, Node, Output, OutputValue, Peek, Roots, roots};
use crate::value::Value;
use crate::{OutputError, SourceLocation};

/// A property as the program declared it.
#[derive(Clone, Debug)]
pub enum Property {
    /// Known from the start.
    Value(Value),
    /// To be resolved.
    Output(Output<Value>),
    /// To be resolved, and of another type until then.
    Typed(Typed),
    /// A list whose elements resolve one by one.
    List(Vec<Property>),
    /// An object whose members resolve one by one.
    Map(Members<Property>),
}

/// An output of any type that can be an input. It is looked at where it is: most
/// inputs of a large program are ids of other resources, and a cell for each
/// would be what most of its memory goes to.
#[derive(Clone)]
pub struct Typed(Arc<dyn AnyOutput>);

/// An output that can be looked at as a value, whatever its type.
trait AnyOutput: Send + Sync {
    fn peek_value(self: Arc<Self>) -> Peek<Value>;
    fn provenance(self: Arc<Self>) -> Option<Provenance>;
    /// Itself, as what others wait for.
    fn root(self: Arc<Self>) -> Weak<dyn Node>;
    /// An output of the value.
    fn flat(self: Arc<Self>) -> Output<Value>;
}

impl std::fmt::Debug for Typed {
    /// Never prints the value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Output")
    }
}

impl<T: ToProperty + OutputValue> AnyOutput for Cell<T> {
    fn peek_value(self: Arc<Self>) -> Peek<Value> {
        match Output(self.clone()).peek() {
            Peek::Pending => Peek::Pending,
            Peek::Failed(error) => Peek::Failed(error),
            Peek::Known(value) => match plain(value.to_property()) {
                Ok(value) => Peek::Known(value),
                // Says the same in the form that failed outputs have.
                Err(_) => match flatten(Output(self)).peek() {
                    Peek::Failed(error) => Peek::Failed(error),
                    _ => Peek::Pending,
                },
            },
        }
    }

    fn provenance(self: Arc<Self>) -> Option<Provenance> {
        Output(self).provenance()
    }

    fn root(self: Arc<Self>) -> Weak<dyn Node> {
        Output(self).node()
    }

    fn flat(self: Arc<Self>) -> Output<Value> {
        flatten(Output(self))
    }
}

pub(crate) fn flatten<T: ToProperty + OutputValue>(output: Output<T>) -> Output<Value> {
    output.try_map(|value| plain(value.to_property()))
}

/// The value of a tree without outputs.
pub(crate) fn plain(property: Property) -> crate::Result<Value> {
    match property {
        Property::Value(value) => Ok(value),
        Property::List(list) => Ok(Value::List(
            list.into_iter().map(plain).collect::<crate::Result<_>>()?,
        )),
        Property::Map(map) => {
            let members = map.into_iter().map(|(key, value)| Ok((key, plain(value)?)));
            Ok(Value::Map(members.collect::<crate::Result<_>>()?))
        }
        Property::Output(_) | Property::Typed(_) => Err(crate::Error::with_help(
            "an output inside of an output cannot be an input",
            "combine them first, with `Output::zip` or `Output::all`",
        )),
    }
}

/// What a tree of properties is right now.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Resources that the known parts stem from and the unknown parts wait for.
    pub deps: Vec<NodeId>,
    /// What the unknown parts wait for.
    pub roots: Roots,
    /// The first failed part.
    pub failure: Option<OutputError>,
    /// Dotted paths of parts that stem from resources, or wait for them.
    pub derived: Vec<(Arc<str>, Deps)>,
    /// Dotted paths of unknown parts, with what they wait for in words.
    pub pending: Vec<(Arc<str>, Arc<[String]>)>,
}

impl Property {
    /// An output as an input. Made after an await it carries what was awaited,
    /// for which it takes an output of its own.
    #[track_caller]
    pub fn of<T: ToProperty + OutputValue>(output: Output<T>) -> Self {
        if executor::ambient() == Provenance::default() {
            Self::Typed(Typed(output.0))
        } else {
            Self::Output(flatten(output))
        }
    }

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

    /// The same with every part that holds no output made one plain value, which
    /// all who look at it then share.
    pub(crate) fn collapsed(self) -> Self {
        match self {
            Self::List(list) => {
                let list: Vec<_> = list.into_iter().map(Self::collapsed).collect();
                if list.iter().all(Self::is_value) {
                    Self::Value(Value::List(
                        list.into_iter().filter_map(Self::into_value).collect(),
                    ))
                } else {
                    Self::List(list)
                }
            }
            Self::Map(map) => {
                let map: Members<_> = map
                    .into_iter()
                    .map(|(key, member)| (key, member.collapsed()))
                    .collect();
                let is_plain = map.values().all(Self::is_value);
                if is_plain {
                    Self::Value(Value::Map(
                        map.into_iter()
                            .filter_map(|(key, member)| Some((key, member.into_value()?)))
                            .collect(),
                    ))
                } else {
                    Self::Map(map)
                }
            }
            other => other,
        }
    }

    /// Whether a plain text of the tree contains this one.
    pub(crate) fn has_text(&self, text: &str) -> bool {
        fn inside(value: &Value, text: &str) -> bool {
            match value {
                Value::String(found) => found.contains(text),
                Value::List(list) => list.iter().any(|item| inside(item, text)),
                Value::Map(map) => map.values().any(|member| inside(member, text)),
                Value::Secret(value) => inside(value, text),
                _ => false,
            }
        }
        match self {
            Self::Value(value) => inside(value, text),
            Self::List(list) => list.iter().any(|item| item.has_text(text)),
            Self::Map(map) => map.values().any(|member| member.has_text(text)),
            Self::Output(_) | Self::Typed(_) => false,
        }
    }

    fn is_value(&self) -> bool {
        matches!(self, Self::Value(_))
    }

    fn into_value(self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The value as known right now; pending parts become [`Value::Unknown`].
    /// `name` turns a resource and a property path into words.
    pub fn peek(&self, name: &dyn Fn(NodeId, &str) -> String, snapshot: &mut Snapshot) -> Value {
        self.peek_at(&mut String::new(), name, snapshot)
    }

    fn peek_at(
        &self,
        path: &mut String,
        name: &dyn Fn(NodeId, &str) -> String,
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
            Self::Output(output) => {
                let now = (output.peek(), output.provenance());
                let waits_for = || output.waits_for();
                peek_output(now, waits_for, path, name, snapshot)
            }
            Self::Typed(Typed(output)) => {
                let now = (output.clone().peek_value(), output.clone().provenance());
                let waits_for = || roots([output.clone().root()]);
                peek_output(now, waits_for, path, name, snapshot)
            }
        }
    }

    fn member(
        &self,
        path: &mut String,
        key: &str,
        name: &dyn Fn(NodeId, &str) -> String,
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
    (now, provenance): (Peek<Value>, Option<Provenance>),
    waits_for: impl FnOnce() -> Roots,
    path: &str,
    name: &dyn Fn(NodeId, &str) -> String,
    snapshot: &mut Snapshot,
) -> Value {
    let provenance = provenance.unwrap_or_default();
    let path: Arc<str> = path.into();
    let (value, deps) = match now {
        Peek::Pending => {
            let waits = waits_for();
            let words = waits.resources.iter().map(|(id, path)| name(*id, path));
            let words: Arc<[String]> = words
                .chain(waits.program.iter().map(SourceLocation::to_string))
                .collect();
            let deps = Deps::from_ids(waits.resources.iter().map(|(id, _)| *id).collect());
            snapshot.roots.resources.extend(waits.resources);
            snapshot.roots.program.extend(waits.program);
            snapshot.pending.push((path.clone(), words.clone()));
            (Value::Unknown(words), deps)
        }
        Peek::Failed(error) => {
            snapshot.failure.get_or_insert(error);
            (Value::Null, provenance.deps)
        }
        Peek::Known(value) => {
            let value = if provenance.secret {
                value.into_secret()
            } else {
                value
            };
            (value, provenance.deps)
        }
    };
    if deps != Deps::None {
        snapshot.deps.extend(deps.as_slice());
        snapshot.derived.push((path, deps));
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
            Provenance {
                deps: Deps::None,
                secret: false,
            },
        ),
        Property::Output(output) => mark(output),
        Property::Typed(Typed(output)) => mark(output.flat()),
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
            let secret = source
                .provenance()
                .is_some_and(|provenance| provenance.secret);
            if secret { value.into_secret() } else { value }
        })
        .reveal()
}
