//! Deeds: what is asked of a resource rather than declared of it, such as
//! its credentials, or a change that must come after others.
//!
//! In a stack a action is a resource of this crate's own type. Its inputs say what
//! is asked of whom (`resourceId`, `apiVersion`, and `action` or `patch`); it is
//! asked when it is new and when its inputs change. Deleting it undoes nothing.

use std::panic::Location;

use lazuli_core::{
    AsResource, Handle, Input, IntoInput, Options, Output, Property, ResourceSpec, Scope, Value,
};

use crate::generated::{Registry, WebAppSlot, api_version, types};
use crate::resources::ArmResource;
use crate::resources::declaration::{AzureResource, PROVIDER, Resource};

/// An action in the making.
pub(crate) struct Action {
    ty: &'static str,
    scope: Scope,
    of: Resource,
    inputs: Property,
}

impl Action {
    /// An action of a type, asked of a resource.
    pub(crate) fn new(ty: &'static str, of: &Resource) -> Self {
        let mut inputs = Property::map();
        inputs.set("resourceId", Input::Output(of.id()).into_property());
        let version = api_version(of.ty()).unwrap_or_default();
        inputs.set("apiVersion", Property::Value(Value::from(version)));
        Self {
            ty,
            scope: of.handle().as_scope().clone(),
            of: of.clone(),
            inputs,
        }
    }

    /// Sets an input.
    pub(crate) fn set(mut self, path: &str, property: Property) -> Self {
        self.inputs.set(path, property);
        self
    }

    /// Sets an input that is a text.
    pub(crate) fn text(self, path: &str, text: &str) -> Self {
        self.set(path, Property::Value(Value::from(text)))
    }

    /// Registers the action. Its id is below the resource that it is asked of, and
    /// its own in the stack, since two programs' parts may ask the same.
    #[track_caller]
    pub(crate) fn declare(self, name: &str, options: Options) -> Handle {
        let kind = self.ty.rsplit('/').next().unwrap_or_default();
        let path = format!("{kind}/{}", self.scope.path().replace('/', "."));
        let last = name.to_owned();
        let id = self.of.id().map(move |id| format!("{id}/{path}.{last}"));
        let options = options.depends_on(self.of.handle());
        self.scope.register(ResourceSpec {
            provider: PROVIDER,
            ty: self.ty.to_owned(),
            name: name.to_owned(),
            id: Some(id),
            inputs: self.inputs,
            options,
            at: Location::caller(),
        })
    }
}

/// Handles of actions.
macro_rules! action {
    ($($name:ident),*) => {$(
        impl AsResource for $name {
            fn handle(&self) -> &Handle {
                &self.handle
            }
        }
    )*};
}
action!(
    RegistryCredentials,
    TokenCredentials,
    RegistryLock,
    SlotSwap
);

/// User name and password of a registry's admin user, which must be enabled.
#[derive(Clone)]
pub struct RegistryCredentials {
    handle: Handle,
}

impl RegistryCredentials {
    /// The type of the resource.
    pub const TYPE: &'static str = types::REGISTRY_CREDENTIALS.as_str();

    /// Asks the registry for them.
    #[track_caller]
    pub fn of(registry: &Registry, name: &str) -> Self {
        let action = Action::new(Self::TYPE, registry.resource()).text("action", "listCredentials");
        Self {
            handle: action.declare(name, Options::default()),
        }
    }

    /// The user's name.
    #[track_caller]
    pub fn username(&self) -> Output<String> {
        self.handle.property("username")
    }

    /// The first of the two passwords; a secret.
    #[track_caller]
    pub fn password(&self) -> Output<String> {
        self.handle.property("passwords.0.value")
    }
}

/// Passwords of a registry's token. They are made when this is new, and nobody
/// can read them again: they are in the stack's state, sealed.
#[derive(Clone)]
pub struct TokenCredentials {
    handle: Handle,
}

impl TokenCredentials {
    /// The type of the resource.
    pub const TYPE: &'static str = types::TOKEN_CREDENTIALS.as_str();

    /// Has passwords made for `token`, a `registries/tokens` of the registry.
    #[track_caller]
    pub fn of(registry: &Registry, token: &ArmResource, name: &str) -> Self {
        let token = Input::Output(token.id()).into_property();
        let action = Action::new(Self::TYPE, registry.resource())
            .text("action", "generateCredentials")
            .set("body.tokenId", token);
        Self {
            handle: action.declare(name, Options::default()),
        }
    }

    /// The token's name.
    #[track_caller]
    pub fn username(&self) -> Output<String> {
        self.handle.property("username")
    }

    /// The first of the two passwords; a secret.
    #[track_caller]
    pub fn password(&self) -> Output<String> {
        self.handle.property("passwords.0.value")
    }
}

/// Takes a registry's public access away, after what is named in its options.
///
/// A registry that is declared with `publicNetworkAccess` is closed from the
/// start, which is right for a new one. One that is in use must stay open until
/// those who pull from it know another way; then its declaration says nothing of
/// public access, and the lock comes last.
#[derive(Clone)]
pub struct RegistryLock {
    handle: Handle,
}

impl RegistryLock {
    /// The type of the resource.
    pub const TYPE: &'static str = types::REGISTRY_LOCK.as_str();

    /// Locks the registry once everything in `options` that it depends on is as declared.
    #[track_caller]
    pub fn of(registry: &Registry, name: &str, options: Options) -> Self {
        let closed = Property::Value(Value::from("Disabled"));
        let action = Action::new(Self::TYPE, registry.resource());
        let action = action.set("patch.properties.publicNetworkAccess", closed);
        Self {
            handle: action.declare(name, options),
        }
    }
}

/// Swaps a slot with the app's production slot when it is new, and again
/// whenever `trigger` changes.
///
/// A swap exchanges what is declared of both: the app then runs what the slot was
/// declared with. Declare the next version on the slot, and leave the app's own
/// declaration as it is.
#[derive(Clone)]
pub struct SlotSwap {
    handle: Handle,
}

impl SlotSwap {
    /// The type of the resource.
    pub const TYPE: &'static str = types::SLOT_SWAP.as_str();

    /// Swaps `slot` into production; `trigger` is what a release is known by,
    /// for example the digest of its image.
    #[track_caller]
    pub fn of(slot: &WebAppSlot, name: &str, trigger: impl IntoInput<String>) -> Self {
        // Production is the target, as it is where the action goes.
        let body = Property::Value(Value::Map(
            [
                ("targetSlot".to_owned(), Value::from("production")),
                ("preserveVnet".to_owned(), Value::from(true)),
            ]
            .into(),
        ));
        let action = Action::new(Self::TYPE, slot.resource())
            .text("action", "slotsswap")
            .set("body", body)
            .set("trigger", trigger.into_input().into_property());
        Self {
            handle: action.declare(name, Options::default()),
        }
    }
}
