//! What a typed builder collects, and how it becomes a registered resource.
//!
//! Generated builders put values into a [`Declaration`] and finish it with
//! [`Declaration::declare`]; the [`Resource`] that comes out is what every typed
//! handle wraps. Ids follow from the parent's id and names, so they are known
//! before anything is deployed (ARM contract).

use std::borrow::Cow;
use std::panic::Location;
use std::rc::Rc;

use lazuli_core::{
    AsResource, Component, Handle, Input, IntoInput, IntoList, IntoMap, Options, Output, Property,
    ResourceSpec, Resources, Scope, Stack, ToProperty, output::OutputValue,
};

use crate::generated::types;
use crate::resources::target::Target;

/// The name of the provider that serves every resource of this crate.
pub const PROVIDER: &str = "azure";

/// The type of resource groups.
const GROUP: &str = types::RESOURCE_GROUP.as_str();

/// What is fixed for a type of resource when it is declared.
#[derive(Debug, Clone)]
pub struct Kind {
    /// The ARM type.
    pub ty: Cow<'static, str>,
    /// How the id goes on from the parent's.
    pub path: IdPath,
    /// Where `location` comes from when the program does not set it.
    pub location: LocationRule,
}

/// How an id goes on from the parent's (ARM contract).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdPath {
    /// `/subscriptions/{subscription}/resourceGroups/{name}`.
    Group,
    /// `{parent}/providers/{type}/{name}`: in a group, or an extension of any resource.
    Provider,
    /// `{parent}/{last part of the type}/{name}`.
    Child,
}

/// Where a resource lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocationRule {
    /// In its group's location.
    Group,
    /// Everywhere: the service wants the word `global`.
    Global,
    /// The type has no location, or the program must say it.
    None,
}

/// A scope at the top of a program: the stack, or a component.
#[diagnostic::on_unimplemented(
    message = "a resource group cannot be declared under `{Self}`",
    label = "this is neither the stack nor a component"
)]
pub trait DeclaredIn {
    /// Where resources are declared.
    fn as_scope(&self) -> &Scope;
}

impl DeclaredIn for Stack {
    fn as_scope(&self) -> &Scope {
        Stack::as_scope(self)
    }
}

impl DeclaredIn for Component {
    fn as_scope(&self) -> &Scope {
        Component::as_scope(self)
    }
}

/// Any typed handle of an Azure resource.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resource of Azure",
    note = "pass a reference to a handle, for example `&registry`"
)]
pub trait AzureResource: AsResource {
    /// What the handle wraps.
    fn resource(&self) -> &Resource;
}

/// What every typed handle wraps: the handle, and what children inherit.
#[derive(Clone)]
pub struct Resource {
    handle: Handle,
    ty: Cow<'static, str>,
    id: Output<String>,
    name: Output<String>,
    location: Option<Input<String>>,
    group: Option<Rc<Resource>>,
    /// The service puts a hash into the host name, so that it cannot be told early.
    pub(crate) hashed_host: bool,
}

impl Resource {
    /// The untyped handle.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The ARM type.
    pub fn ty(&self) -> &str {
        &self.ty
    }

    /// The ARM id.
    pub fn id(&self) -> Output<String> {
        self.id.clone()
    }

    /// The name in Azure.
    pub fn name(&self) -> Output<String> {
        self.name.clone()
    }

    /// The declared location, its own or its group's.
    pub fn location(&self) -> Option<Input<String>> {
        self.location.clone()
    }

    /// The group it lives in; a group is its own.
    pub fn group(&self) -> Option<Resource> {
        self.group.as_deref().cloned()
    }

    /// What exists already. Its group follows from its id.
    pub(crate) fn found(
        handle: Handle,
        ty: &'static str,
        name: &str,
        location: Option<Input<String>>,
    ) -> Self {
        let mut found = Self {
            id: handle.id(),
            handle,
            ty: ty.into(),
            name: Output::of(name.to_owned()),
            location,
            group: None,
            hashed_host: false,
        };
        if !found.is_group() {
            found.group = Some(Rc::new(found.group_of_id()));
        }
        found
    }

    /// The group that the id names. It comes to be known with the resource itself.
    fn group_of_id(&self) -> Self {
        // `/subscriptions/{id}/resourceGroups/{name}` (ARM contract).
        let id = self.id.map(|id| {
            let parts: Vec<&str> = id.split('/').take(5).collect();
            parts.join("/")
        });
        Self {
            ty: GROUP.into(),
            name: id.map(|id| id.rsplit('/').next().unwrap_or_default().to_owned()),
            id,
            ..self.clone()
        }
    }

    /// The same resource, in the group that a parent hands down.
    pub(crate) fn grouped(self, parent_ref: ParentRef) -> Self {
        Self {
            group: parent_ref.group.or(self.group),
            location: self.location.or(parent_ref.location),
            ..self
        }
    }

    /// Facts about the target of this run.
    pub(crate) fn target(&self) -> Target<'_> {
        Target::of(self.handle.as_scope())
    }

    /// The same resource, but its children are declared inside the component.
    #[must_use]
    pub fn inside(&self, component: &Component) -> Self {
        Self {
            handle: self.handle.inside(component),
            ..self.clone()
        }
    }

    /// Where a child of this resource begins.
    pub fn parent_ref(&self) -> ParentRef {
        let group = match self.is_group() {
            true => Some(Rc::new(self.clone())),
            false => self.group.clone(),
        };
        ParentRef {
            scope: self.handle.as_scope().clone(),
            id: Some(self.id()),
            parent: Some(self.handle.clone()),
            location: self.location.clone(),
            group,
        }
    }

    fn is_group(&self) -> bool {
        self.ty == GROUP
    }
}

/// What a declaration begins from: a scope, and an Azure parent if there is one.
#[derive(Clone)]
pub struct ParentRef {
    scope: Scope,
    id: Option<Output<String>>,
    parent: Option<Handle>,
    location: Option<Input<String>>,
    group: Option<Rc<Resource>>,
}

impl ParentRef {
    /// The top of a program or of a component.
    pub fn top(scope: &impl DeclaredIn) -> Self {
        Self {
            scope: scope.as_scope().clone(),
            id: None,
            parent: None,
            location: None,
            group: None,
        }
    }
}

/// A resource in the making.
#[derive(Clone)]
pub struct Declaration {
    kind: Kind,
    parent_ref: ParentRef,
    logical_name: String,
    azure_name: Option<Input<String>>,
    inputs: Property,
    options: Options,
    after: Vec<Handle>,
    at: &'static Location<'static>,
}

impl Declaration {
    /// Begins a declaration; the caller's scope is what diagnostics name.
    #[track_caller]
    pub fn new(kind: Kind, parent_ref: ParentRef, name: &str) -> Self {
        Self {
            kind,
            parent_ref,
            logical_name: name.to_owned(),
            azure_name: None,
            inputs: Property::map(),
            options: Options::default(),
            after: Vec::new(),
            at: Location::caller(),
        }
    }

    /// Sets a property at a dotted path of the request.
    pub fn put(&mut self, path: &str, property: Property) {
        self.inputs.set(path, property);
    }

    /// Sets a value at a dotted path of the request.
    pub fn set<T: ToProperty + OutputValue>(&mut self, path: &str, value: impl IntoInput<T>) {
        self.put(path, value.into_input().into_property());
    }

    /// Sets a list at a dotted path of the request.
    pub fn set_list<T>(&mut self, path: &str, values: impl IntoList<T>) {
        self.put(path, values.into_list().into_property());
    }

    /// Sets a map at a dotted path of the request.
    pub fn set_map<T>(&mut self, path: &str, values: impl IntoMap<T>) {
        self.put(path, values.into_map().into_property());
    }

    /// Whether a property is set at a dotted path of the request.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.inputs.get(path).is_some()
    }

    /// Gives it another name in Azure than in the program.
    pub fn rename(&mut self, name: impl IntoInput<String>) {
        self.azure_name = Some(name.into_input());
    }

    /// Sets the options.
    pub fn options(&mut self, options: Options) {
        self.options = options;
    }

    /// Adds resources that must exist first, whatever the options are.
    pub fn depends_on(&mut self, resources: impl Resources) {
        resources.each(&mut |handle| self.after.push(handle.clone()));
    }

    /// Whether the program gave it a name of its own in Azure.
    pub(crate) fn is_renamed(&self) -> bool {
        self.azure_name.is_some()
    }

    /// The name in Azure.
    pub(crate) fn azure_name(&self) -> Output<String> {
        match &self.azure_name {
            Some(name) => name.clone().into_output(),
            None => Output::of(self.logical_name.clone()),
        }
    }

    /// The id of the Azure parent.
    pub(crate) fn parent_id(&self) -> Option<&Output<String>> {
        self.parent_ref.id.as_ref()
    }

    /// Where it is declared.
    pub(crate) fn as_scope(&self) -> &Scope {
        &self.parent_ref.scope
    }

    /// Facts about the target of this run.
    pub(crate) fn target(&self) -> Target<'_> {
        Target::of(&self.parent_ref.scope)
    }

    /// Registers the resource. Its parent in Azure comes first even where the
    /// two are declared in different scopes.
    pub fn declare(mut self) -> Resource {
        let location = self.settle_location();
        let (name, id) = (self.azure_name(), self.id());
        let hashed_host = self
            .inputs
            .get("properties.autoGeneratedDomainNameLabelScope")
            .is_some();
        let options = self
            .options
            .depends_on((self.after, self.parent_ref.parent));
        let handle = self.parent_ref.scope.register(ResourceSpec {
            provider: PROVIDER,
            ty: self.kind.ty.to_string(),
            name: self.logical_name,
            id: Some(id),
            inputs: self.inputs,
            options,
            at: self.at,
        });
        Resource {
            id: handle.id(),
            handle,
            ty: self.kind.ty,
            name,
            location,
            group: self.parent_ref.group,
            hashed_host,
        }
    }

    /// The declared location, else the one that the parent hands down. Only
    /// what is put into the request here is ever sent.
    fn settle_location(&mut self) -> Option<Input<String>> {
        if let Some(declared) = self.inputs.get("location") {
            return Some(text_input(declared));
        }
        match self.kind.location {
            LocationRule::Global => self.set::<String>("location", "global"),
            LocationRule::Group => {
                if let Some(location) = self.parent_ref.location.clone() {
                    self.set::<String>("location", location);
                }
            }
            LocationRule::None => {}
        }
        self.parent_ref.location.clone()
    }

    fn id(&self) -> Output<String> {
        let name = self.azure_name();
        let ty = self.kind.ty.clone();
        match (&self.parent_ref.id, self.kind.path) {
            (Some(parent), IdPath::Child) => parent.zip(&name).map(move |(parent, name)| {
                let segment = ty.rsplit('/').next().unwrap_or_default();
                format!("{parent}/{segment}/{name}")
            }),
            (Some(parent), _) => parent
                .zip(&name)
                .map(move |(parent, name)| format!("{parent}/providers/{ty}/{name}")),
            (None, _) => {
                let subscription = self.target().subscription();
                name.map(move |name| format!("{subscription}/resourceGroups/{name}"))
            }
        }
    }
}

/// A declared text as an input again.
fn text_input(property: &Property) -> Input<String> {
    match property {
        Property::Value(value) => Input::Value(value.as_str().unwrap_or_default().to_owned()),
        other => Input::Output(
            lazuli_core::property::resolve(other.clone()).try_map(|value| {
                value
                    .as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| lazuli_core::Error::new("the location is not a text"))
            }),
        ),
    }
}

/// What every typed handle offers.
macro_rules! azure_resource {
    ($name:ident, $id:ident, at the top) => {
        $crate::resources::declaration::azure_resource!($name, $id);
        $crate::resources::existing::at_the_top!($name, $id);
    };
    ($name:ident, $id:ident, under $parent:ident) => {
        $crate::resources::declaration::azure_resource!($name, $id);
        $crate::resources::existing::under!($name, $id, $parent);
    };
    ($name:ident, $id:ident) => {
        impl lazuli_core::AsResource for $name {
            fn handle(&self) -> &lazuli_core::Handle {
                self.resource.handle()
            }
        }

        impl $crate::resources::AzureResource for $name {
            fn resource(&self) -> &$crate::resources::Resource {
                &self.resource
            }
        }

        impl lazuli_core::ComponentParent for $name {
            fn as_scope(&self) -> &lazuli_core::Scope {
                self.resource.handle().as_scope()
            }

            fn inside(&self, component: &lazuli_core::Component) -> Self {
                $name::inside(self, component)
            }
        }

        impl $name {
            /// The ARM id. Known at once; that does not mean that the resource exists,
            /// see [`ready`](Self::ready).
            pub fn id(&self) -> lazuli_core::Output<$crate::ids::$id> {
                self.resource.id().map($crate::ids::TrustedId::trusted)
            }

            /// The name in Azure.
            pub fn name(&self) -> lazuli_core::Output<String> {
                self.resource.name()
            }

            /// A property of Azure's answer, at a dotted path.
            #[track_caller]
            pub fn property<T>(&self, path: &str) -> lazuli_core::Output<T>
            where
                T: lazuli_core::output::OutputValue + lazuli_core::FromValue,
            {
                self.resource.handle().property(path)
            }

            /// Opens when the resource exists as declared.
            #[track_caller]
            pub fn ready(&self) -> lazuli_core::Output<()> {
                self.resource.handle().ready()
            }

            /// The same resource, but its children are declared inside the component.
            #[must_use]
            pub fn inside(&self, component: &lazuli_core::Component) -> Self {
                Self {
                    resource: self.resource.inside(component),
                }
            }
        }

        #[diagnostic::do_not_recommend]
        impl lazuli_core::IntoInput<$crate::ids::AnyResourceId> for &$name {
            fn into_input(self) -> lazuli_core::Input<$crate::ids::AnyResourceId> {
                let id = self.resource.id();
                lazuli_core::Input::Output(id.map($crate::ids::TrustedId::trusted))
            }
        }

        $crate::resources::declaration::stands_for!($name, $id);
    };
}

/// A handle that may be used where an id of that kind is wanted.
macro_rules! stands_for {
    ($name:ident, $id:ident) => {
        #[diagnostic::do_not_recommend]
        impl lazuli_core::IntoInput<$crate::ids::$id> for &$name {
            fn into_input(self) -> lazuli_core::Input<$crate::ids::$id> {
                let id = self.resource.id();
                lazuli_core::Input::Output(id.map($crate::ids::TrustedId::trusted))
            }
        }
    };
}

pub(crate) use {azure_resource, stands_for};
