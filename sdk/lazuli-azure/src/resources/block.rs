//! Nested objects of a request, such as the configuration of a web app.

use lazuli_core::output::OutputValue;
use lazuli_core::property::resolve;
use lazuli_core::{IntoInput, IntoList, IntoMap, Property, ToProperty, Value};

/// A nested object in the making, and the finished one.
#[derive(Debug, Clone)]
pub struct Block {
    properties: Property,
}

impl Default for Block {
    fn default() -> Self {
        Self {
            properties: Property::map(),
        }
    }
}

impl Block {
    /// Sets a member at a dotted path.
    pub fn put(&mut self, path: &str, property: Property) {
        self.properties.set(path, property);
    }

    /// Adds to the list at a dotted path.
    pub fn extend(&mut self, path: &str, further: Property) {
        let list = match self.properties.get(path).cloned() {
            Some(before) => joined(before, further),
            None => further,
        };
        self.put(path, list);
    }

    /// Sets a value at a dotted path.
    pub fn set<T: ToProperty + OutputValue>(&mut self, path: &str, value: impl IntoInput<T>) {
        self.put(path, value.into_input().into_property());
    }

    /// Sets a list at a dotted path.
    pub fn set_list<T>(&mut self, path: &str, values: impl IntoList<T>) {
        self.put(path, values.into_list().into_property());
    }

    /// Sets a map at a dotted path.
    pub fn set_map<T>(&mut self, path: &str, values: impl IntoMap<T>) {
        self.put(path, values.into_map().into_property());
    }
}

impl ToProperty for Block {
    fn to_property(self) -> Property {
        self.properties
    }
}

/// Two lists as one.
fn joined(before: Property, further: Property) -> Property {
    match (before, further) {
        (Property::List(mut before), Property::List(further)) => {
            before.extend(further);
            Property::List(before)
        }
        (before, further) => {
            let both = resolve(before).zip(&resolve(further));
            Property::Output(both.map(|(before, further)| {
                let items = |list: Value| list.as_list().unwrap_or_default().to_vec();
                Value::List([items(before), items(further)].concat())
            }))
        }
    }
}
