//! Inputs: what a setter of a typed builder takes. Anything that takes a `T`
//! takes a value, an output, a reference to one, and the handle of the right
//! resource, without a wrapper at the call site.
//!
//! The compiler recommends none of the conversions: the notes of the traits say what is
//! taken, and a list of every kind of resource would hide them.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use crate::error::{Error, Result};
use crate::executor;
use crate::output::{Output, OutputValue};
use crate::property::{Property, ToProperty, flatten, resolve};
use crate::value::{FromValue, Value};

/// A value or an output of that type.
pub enum Input<T: 'static> {
    /// Known from the start.
    Value(T),
    /// To be resolved.
    Output(Output<T>),
}

impl<T: Clone + 'static> Clone for Input<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Value(value) => Self::Value(value.clone()),
            Self::Output(output) => Self::Output(output.clone()),
        }
    }
}

impl<T: OutputValue> std::fmt::Debug for Input<T> {
    /// Never prints the value: it may stem from a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Input(value)"),
            Self::Output(output) => output.fmt(f),
        }
    }
}

impl<T: OutputValue> Input<T> {
    /// The same as an output.
    #[track_caller]
    pub fn into_output(self) -> Output<T> {
        match self {
            Self::Value(value) => Output::of(value),
            Self::Output(output) => output,
        }
    }
}

impl<T: ToProperty + OutputValue> Input<T> {
    /// The property tree of this input. A value that was made from something
    /// awaited carries what was awaited.
    pub fn into_property(self) -> Property {
        match self {
            Self::Value(value) => tainted(value.to_property()),
            Self::Output(output) => Property::of(output),
        }
    }
}

/// After an `.await`, plain values of the same task may stem from what was
/// awaited; if that was secret they must stay secret.
fn tainted(property: Property) -> Property {
    match property {
        Property::Value(value) if executor::ambient().secret => {
            Property::Value(value.into_secret())
        }
        other => other,
    }
}

/// Conversion into an input of `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used where {T} is wanted",
    label = "this is not {T}, nor an output or a handle of one",
    note = "an input takes a value, an `Output`, an `&Output`, or the handle of the right resource",
    note = "a builder becomes a handle with `.build()`"
)]
pub trait IntoInput<T: 'static> {
    /// Converts.
    fn into_input(self) -> Input<T>;
}

#[diagnostic::do_not_recommend]
impl<T: OutputValue> IntoInput<T> for T {
    fn into_input(self) -> Input<T> {
        Input::Value(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: OutputValue> IntoInput<T> for Input<T> {
    fn into_input(self) -> Input<T> {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T: OutputValue> IntoInput<T> for Output<T> {
    fn into_input(self) -> Input<T> {
        Input::Output(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: OutputValue> IntoInput<T> for &Output<T> {
    fn into_input(self) -> Input<T> {
        Input::Output(self.clone())
    }
}

#[diagnostic::do_not_recommend]
impl IntoInput<String> for &str {
    fn into_input(self) -> Input<String> {
        Input::Value(self.to_owned())
    }
}

#[diagnostic::do_not_recommend]
impl IntoInput<String> for &String {
    fn into_input(self) -> Input<String> {
        Input::Value(self.clone())
    }
}

#[diagnostic::do_not_recommend]
impl IntoInput<f64> for i32 {
    fn into_input(self) -> Input<f64> {
        Input::Value(f64::from(self))
    }
}

/// A list input: elements that resolve one by one, or one output of all.
#[derive(Clone, Debug)]
pub struct List<T>(Property, PhantomData<fn() -> T>);

/// A map input: members that resolve one by one, or one output of all.
#[derive(Clone, Debug)]
pub struct Map<T>(Property, PhantomData<fn() -> T>);

impl<T: ToProperty + OutputValue> List<T> {
    fn new(property: Property) -> Self {
        Self(property, PhantomData)
    }

    /// An empty list.
    pub fn empty() -> Self {
        Self::new(Property::List(Vec::new()))
    }

    /// Adds an element. Used by [`list!`](crate::list!).
    #[must_use]
    pub fn push<V: IntoInput<T>>(mut self, item: V) -> Self {
        if let Property::List(items) = &mut self.0 {
            items.push(item.into_input().into_property());
        }
        self
    }
}

impl<T> List<T> {
    /// The property tree.
    pub fn into_property(self) -> Property {
        self.0
    }
}

impl<T> Default for List<T> {
    /// An empty list.
    fn default() -> Self {
        Self(Property::List(Vec::new()), PhantomData)
    }
}

impl<T> Default for Map<T> {
    /// A map without members.
    fn default() -> Self {
        Self::new(Property::map())
    }
}

impl<T: ToProperty + OutputValue> Map<T> {
    /// Sets a member. A map that is one output keeps the members it has.
    pub fn insert(&mut self, key: &str, value: impl IntoInput<T>) {
        let value = value.into_input().into_property();
        match &mut self.0 {
            Property::Map(members) => {
                members.insert(key.to_owned(), value);
            }
            whole => {
                let before = std::mem::replace(whole, Property::map());
                let key = key.to_owned();
                let both = resolve(before).zip(&resolve(value));
                *whole = Property::Output(both.map(move |(before, value)| {
                    let mut members = before.as_map().cloned().unwrap_or_default();
                    members.insert(key, value);
                    Value::Map(members)
                }));
            }
        }
    }
}

impl<T: FromValue + OutputValue> Map<T> {
    /// The members, sorted by key: for a component that declares something for each.
    ///
    /// # Errors
    /// The map is one output: its keys are not known while the program runs.
    #[track_caller]
    pub fn entries(self) -> Result<Vec<(String, Input<T>)>> {
        match self.0 {
            Property::Map(members) => {
                let members = members.into_iter();
                Ok(members
                    .map(|(key, member)| (key, Input::Output(resolve(member).typed())))
                    .collect())
            }
            _ => Err(Error::with_help(
                "the keys of this map are not known while the program runs: it is an output",
                "pass pairs whose values are outputs: `[(\"key\", &output)]`",
            )),
        }
    }
}

impl<T> Map<T> {
    fn new(property: Property) -> Self {
        Self(property, PhantomData)
    }

    /// The property tree.
    pub fn into_property(self) -> Property {
        self.0
    }
}

/// Conversion into a list input of `T`: arrays, vectors, outputs of vectors, [`list!`](crate::list!).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used where a list of {T} is wanted",
    note = "write an array (`[a, b]`), a `Vec`, an `Output<Vec<_>>`, or `list![a, &output]` for mixed elements"
)]
pub trait IntoList<T> {
    /// Converts.
    fn into_list(self) -> List<T>;
}

#[diagnostic::do_not_recommend]
impl<T> IntoList<T> for List<T> {
    fn into_list(self) -> List<T> {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T, V, const N: usize> IntoList<T> for [V; N]
where
    T: ToProperty + OutputValue,
    V: IntoInput<T>,
{
    fn into_list(self) -> List<T> {
        List::new(Property::List(
            self.into_iter()
                .map(|item| item.into_input().into_property())
                .collect(),
        ))
    }
}

#[diagnostic::do_not_recommend]
impl<T, V> IntoList<T> for Vec<V>
where
    T: ToProperty + OutputValue,
    V: IntoInput<T>,
{
    fn into_list(self) -> List<T> {
        List::new(Property::List(
            self.into_iter()
                .map(|item| item.into_input().into_property())
                .collect(),
        ))
    }
}

#[diagnostic::do_not_recommend]
impl<T, V> IntoList<T> for &[V]
where
    T: ToProperty + OutputValue,
    V: IntoInput<T> + Clone,
{
    fn into_list(self) -> List<T> {
        self.to_vec().into_list()
    }
}

#[diagnostic::do_not_recommend]
impl<T: ToProperty + OutputValue> IntoList<T> for Output<Vec<T>> {
    fn into_list(self) -> List<T> {
        List::new(Property::Output(flatten(self)))
    }
}

#[diagnostic::do_not_recommend]
impl<T: ToProperty + OutputValue> IntoList<T> for &Output<Vec<T>> {
    fn into_list(self) -> List<T> {
        self.clone().into_list()
    }
}

/// Conversion into a map input of `T`: arrays of pairs, `BTreeMap`, outputs of maps.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used where a map of {T} is wanted",
    note = "write pairs (`[(\"key\", value)]`), a `BTreeMap<String, _>`, or an output of one"
)]
pub trait IntoMap<T> {
    /// Converts.
    fn into_map(self) -> Map<T>;
}

#[diagnostic::do_not_recommend]
impl<T> IntoMap<T> for Map<T> {
    fn into_map(self) -> Map<T> {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T, K, V, const N: usize> IntoMap<T> for [(K, V); N]
where
    T: ToProperty + OutputValue,
    K: Into<String>,
    V: IntoInput<T>,
{
    fn into_map(self) -> Map<T> {
        let members = self
            .into_iter()
            .map(|(key, value)| (key.into(), value.into_input().into_property()));
        Map::new(Property::Map(members.collect()))
    }
}

#[diagnostic::do_not_recommend]
impl<T, K, V> IntoMap<T> for Vec<(K, V)>
where
    T: ToProperty + OutputValue,
    K: Into<String>,
    V: IntoInput<T>,
{
    fn into_map(self) -> Map<T> {
        let members = self
            .into_iter()
            .map(|(key, value)| (key.into(), value.into_input().into_property()));
        Map::new(Property::Map(members.collect()))
    }
}

#[diagnostic::do_not_recommend]
impl<T, V> IntoMap<T> for BTreeMap<String, V>
where
    T: ToProperty + OutputValue,
    V: IntoInput<T>,
{
    fn into_map(self) -> Map<T> {
        let members = self
            .into_iter()
            .map(|(key, value)| (key, value.into_input().into_property()));
        Map::new(Property::Map(members.collect()))
    }
}

#[diagnostic::do_not_recommend]
impl<T: ToProperty + OutputValue> IntoMap<T> for Output<BTreeMap<String, T>> {
    fn into_map(self) -> Map<T> {
        Map::new(Property::Output(flatten(self)))
    }
}

/// A list input of mixed values, outputs and handles: `list!["10.0.0.0/16", &more]`.
/// The element type is that of the setter it is passed to.
#[macro_export]
macro_rules! list {
    ($($item:expr),* $(,)?) => {
        $crate::List::empty()$(.push($item))*
    };
}

/// What a stack can publish: an output, a reference to one, or a plain value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be exported",
    note = "export an `Output`, a text, a number, a boolean, or a `Value`"
)]
pub trait Exportable {
    /// The property tree to publish.
    fn into_export(self) -> Property;
}

impl<T: ToProperty + OutputValue> Exportable for Output<T> {
    fn into_export(self) -> Property {
        Input::Output(self).into_property()
    }
}

impl<T: ToProperty + OutputValue> Exportable for &Output<T> {
    fn into_export(self) -> Property {
        self.clone().into_export()
    }
}

macro_rules! exportable {
    ($($ty:ty),*) => {$(
        impl Exportable for $ty {
            fn into_export(self) -> Property {
                Input::Value(self).into_property()
            }
        }
    )*};
}
exportable!(String, bool, i32, i64, u16, u32, f64, Value);

impl Exportable for &str {
    fn into_export(self) -> Property {
        self.to_owned().into_export()
    }
}
