//! Resources that exist already: `VirtualNetwork::existing(&group, "hub")`.
//!
//! They are read when the program is deployed, so that their properties can be
//! used, and are never changed nor deleted. In the stack each is a resource of
//! this crate's own type, [`TYPE`], whose id is the real one: what is declared
//! under it, or refers to it, waits until it has been found.

use std::panic::Location;

use lazuli_core::{Input, Output, Property, ResourceSpec, Scope, Value};

use crate::generated::{api_version, record, types};
use crate::resources::declaration::{PROVIDER, Resource};
use crate::resources::target::Target;

/// The type, in a stack, of what exists outside of it.
pub const TYPE: &str = types::EXISTING.as_str();

/// Which existing resource is meant: its name under a parent, or its id, in
/// whatever group or subscription it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which {K} is meant under `{P}`",
    note = "under its parent, name it: `VirtualNetwork::existing(&group, \"hub\")`; \
            under the stack, give its id: `VirtualNetwork::existing(&stack, VirtualNetworkId::parse(\"/subscriptions/..\")?)`"
)]
pub trait Lookup<K, P> {
    /// Registers it.
    #[track_caller]
    fn find(self, parent: &P) -> Resource;
}

/// One of a parent's children, by its name.
#[track_caller]
pub(crate) fn child(parent: &Resource, ty: &'static str, name: &str) -> Resource {
    let below = ty
        .rsplit_once('/')
        .filter(|(above, _)| *above == parent.ty());
    let path = match below {
        Some((_, segment)) => format!("{segment}/{name}"),
        None => format!("providers/{ty}/{name}"),
    };
    let id = parent.id().map(move |parent| format!("{parent}/{path}"));
    let found = register(parent.handle().as_scope(), ty, name, id);
    found.grouped(parent.parent_ref())
}

/// A resource group of the run's own subscription, by its name.
#[track_caller]
pub(crate) fn group(scope: &Scope, ty: &'static str, name: &str) -> Resource {
    let subscription = Target::of(scope).subscription();
    let id = format!("{subscription}/resourceGroups/{name}");
    register(scope, ty, name, Output::of(id))
}

/// A resource anywhere, by its id.
#[track_caller]
pub(crate) fn by_id(scope: &Scope, ty: &'static str, id: &str) -> Resource {
    let name = id.rsplit('/').next().unwrap_or(id);
    register(scope, ty, name, Output::of(id.to_owned()))
}

#[track_caller]
fn register(scope: &Scope, ty: &'static str, name: &str, id: Output<String>) -> Resource {
    let text = |text: &str| Property::Value(Value::from(text));
    let mut inputs = Property::map();
    inputs.set("type", text(ty));
    inputs.set("apiVersion", text(api_version(ty).unwrap_or_default()));
    let handle = scope.existing(ResourceSpec {
        provider: PROVIDER,
        ty: TYPE.to_owned(),
        name: name.to_owned(),
        id: Some(id),
        inputs,
        options: lazuli_core::Options::default(),
        at: Location::caller(),
    });
    // Types without a location of their own have none to hand down.
    let located = record(ty).is_some_and(|record| record.required.contains(&"location"));
    let location = located.then(|| Input::Output(handle.property("location")));
    Resource::found(handle, ty, name, location)
}

/// `existing` of what is declared under another resource.
macro_rules! under {
    ($name:ident, $id:ident, $parent:ident) => {
        impl $crate::resources::existing::Lookup<$name, $parent> for &str {
            #[track_caller]
            fn find(self, parent: &$parent) -> $crate::resources::Resource {
                let parent = $crate::resources::AzureResource::resource(parent);
                $crate::resources::existing::child(parent, $name::TYPE, self)
            }
        }

        $crate::resources::existing::anywhere!($name, $id);
    };
}

/// `existing` of resource groups.
macro_rules! at_the_top {
    ($name:ident, $id:ident) => {
        impl<P: $crate::resources::DeclaredIn> $crate::resources::existing::Lookup<$name, P>
            for &str
        {
            #[track_caller]
            fn find(self, parent: &P) -> $crate::resources::Resource {
                $crate::resources::existing::group(parent.as_scope(), $name::TYPE, self)
            }
        }

        $crate::resources::existing::anywhere!($name, $id);
    };
}

/// `existing` by id.
macro_rules! anywhere {
    ($name:ident, $id:ident) => {
        impl<P: $crate::resources::DeclaredIn> $crate::resources::existing::Lookup<$name, P>
            for $crate::ids::$id
        {
            #[track_caller]
            fn find(self, parent: &P) -> $crate::resources::Resource {
                $crate::resources::existing::by_id(parent.as_scope(), $name::TYPE, self.as_str())
            }
        }

        impl $name {
            /// One that exists already, by its name under its parent, or by its id
            /// under the stack, in whatever resource group or subscription it is.
            /// It is read, and never changed nor deleted.
            #[track_caller]
            pub fn existing<P>(
                parent: &P,
                which: impl $crate::resources::existing::Lookup<Self, P>,
            ) -> Self {
                Self {
                    resource: which.find(parent),
                }
            }
        }
    };
}

pub(crate) use {anywhere, at_the_top, under};
