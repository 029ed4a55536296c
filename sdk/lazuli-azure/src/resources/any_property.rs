//! Values for properties that have no typed setter: `.property("a.b", value)`.

use lazuli_core::output::OutputValue;
use lazuli_core::{Input, Output, Property, ToProperty, Value};

/// Anything that can stand at some place of a request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a property",
    note = "a property takes a text, a number, a boolean, a list, a `Value`, or an output of one; \
            a handle is named by its `.id()`"
)]
pub trait AnyProperty {
    /// The property tree.
    fn into_property(self) -> Property;
}

macro_rules! plain {
    ($($ty:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl AnyProperty for $ty {
            fn into_property(self) -> Property {
                Input::Value(self).into_property()
            }
        }
    )*};
}
plain!(bool, i32, i64, f64, String, Value);

#[diagnostic::do_not_recommend]
impl AnyProperty for &str {
    fn into_property(self) -> Property {
        self.to_owned().into_property()
    }
}

#[diagnostic::do_not_recommend]
impl AnyProperty for serde_json::Value {
    fn into_property(self) -> Property {
        Value::from(self).into_property()
    }
}

#[diagnostic::do_not_recommend]
impl AnyProperty for Property {
    fn into_property(self) -> Property {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T: ToProperty + OutputValue> AnyProperty for Output<T> {
    fn into_property(self) -> Property {
        Input::Output(self).into_property()
    }
}

#[diagnostic::do_not_recommend]
impl<T: ToProperty + OutputValue> AnyProperty for &Output<T> {
    fn into_property(self) -> Property {
        Input::Output(self.clone()).into_property()
    }
}

#[diagnostic::do_not_recommend]
impl<T: AnyProperty> AnyProperty for Vec<T> {
    fn into_property(self) -> Property {
        Property::List(self.into_iter().map(T::into_property).collect())
    }
}

#[diagnostic::do_not_recommend]
impl<T: AnyProperty, const N: usize> AnyProperty for [T; N] {
    fn into_property(self) -> Property {
        Property::List(self.into_iter().map(T::into_property).collect())
    }
}
