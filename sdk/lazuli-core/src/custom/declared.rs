//! The program's side of a custom resource: what its builder collects, and how
//! its outputs become typed. Called by derived code.

use std::panic::Location;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Inputs;
use crate::executor;
use crate::output::OutputValue;
use crate::property::{Property, ToProperty};
use crate::value::Value;
use crate::{AsResource, Error, Handle, Input, List, Map, Options, Output, Scope};
use crate::{ResourceSpec, Resources, Stack};

/// Where a resource can be declared: under the stack, a component or any resource.
#[diagnostic::on_unimplemented(
    message = "nothing can be declared under `{Self}`",
    label = "this is neither the stack, nor a component, nor a resource"
)]
pub trait Parent {
    /// Where its children are declared.
    fn as_scope(&self) -> &Scope;
}

impl Parent for Stack {
    fn as_scope(&self) -> &Scope {
        Stack::as_scope(self)
    }
}

impl<T: AsResource> Parent for T {
    fn as_scope(&self) -> &Scope {
        self.handle().as_scope()
    }
}

/// What a builder has collected for one resource.
#[derive(Clone)]
pub struct Draft {
    ty: &'static str,
    place: Scope,
    name: String,
    inputs: Property,
    options: Options,
    after: Vec<Handle>,
    at: &'static Location<'static>,
}

impl Draft {
    /// Begins a resource; the caller's line is where it is declared.
    #[track_caller]
    pub fn new<I: Inputs>(parent: &impl Parent, name: &str) -> Self {
        Self {
            ty: I::TYPE,
            place: parent.as_scope().clone(),
            name: name.to_owned(),
            inputs: Property::map(),
            options: Options::default(),
            after: Vec::new(),
            at: Location::caller(),
        }
    }

    /// Sets an input of any serde type.
    pub fn set<T: Serialize + OutputValue>(&mut self, key: &str, input: Input<T>) {
        let property = match input {
            Input::Value(value) => known(value),
            Input::Output(output) => Property::Output(output.try_map(to_value)),
        };
        self.put(key, property);
    }

    /// Sets an input that is a list; its elements may become known one by one.
    pub fn set_list<T: ToProperty + OutputValue>(&mut self, key: &str, list: List<T>) {
        self.put(key, list.into_property());
    }

    /// Sets an input that is a map; its members may become known one by one.
    pub fn set_map<T: ToProperty + OutputValue>(&mut self, key: &str, map: Map<T>) {
        self.put(key, map.into_property());
    }

    /// A key is one member, whatever characters it has.
    fn put(&mut self, key: &str, property: Property) {
        if let Property::Map(members) = &mut self.inputs {
            members.insert(key.to_owned(), property);
        }
    }

    /// Sets the options.
    pub fn options(&mut self, options: Options) {
        self.options = options;
    }

    /// Adds resources that must exist first, whatever the options are.
    pub fn depends_on(&mut self, resources: impl Resources) {
        resources.each(&mut |handle| self.after.push(handle.clone()));
    }

    /// Declares the resource.
    pub fn declare(self) -> Handle {
        self.place.register(ResourceSpec {
            provider: self.ty,
            ty: self.ty.to_owned(),
            name: self.name,
            id: None,
            inputs: self.inputs,
            options: self.options.depends_on(self.after),
            at: self.at,
        })
    }
}

fn to_value<T: Serialize>(value: T) -> crate::Result<Value> {
    let json = serde_json::to_value(value);
    Ok(Value::from(json.map_err(|error| {
        Error::new(format!("it has no JSON form: {error}"))
    })?))
}

/// A value made from an awaited secret stays secret.
fn known<T: Serialize>(value: T) -> Property {
    match to_value(value) {
        Ok(value) if executor::ambient().secret => Property::Value(value.into_secret()),
        Ok(value) => Property::Value(value),
        // Fails the resource, not the program: the finding then names it.
        Err(error) => Property::Output(Output::of(()).try_map(move |()| Err(error))),
    }
}

/// An output of a resource, read as any serde type.
#[track_caller]
pub fn output<T: DeserializeOwned + OutputValue>(handle: &Handle, key: &str) -> Output<T> {
    handle.property_as(key, super::typed)
}
