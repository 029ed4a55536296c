//! Components: resources that are declared together, under one name.

use std::panic::Location;

use super::handle::{AsResource, Handle};
use super::scope::Scope;
use crate::input::Exportable;
use crate::options::Options;
use crate::output::Output;
use crate::registration::RegistrationKind;

/// A component: a named scope whose children are declared under it.
#[derive(Clone)]
pub struct Component {
    scope: Scope,
    handle: Handle,
}

/// What a component can be declared under: a scope, or a resource whose children
/// then belong to the component.
pub trait ComponentParent: Clone {
    /// Where the component itself is declared.
    fn as_scope(&self) -> &Scope;

    /// The same parent, but what is declared under it from here on belongs to the component.
    #[must_use]
    fn inside(&self, component: &Component) -> Self;
}

impl ComponentParent for Scope {
    fn as_scope(&self) -> &Scope {
        self
    }

    fn inside(&self, component: &Component) -> Self {
        component.scope.clone()
    }
}

impl ComponentParent for Handle {
    fn as_scope(&self) -> &Scope {
        Handle::as_scope(self)
    }

    fn inside(&self, component: &Component) -> Self {
        Handle::inside(self, component)
    }
}

impl Handle {
    /// The same resource, but its children are declared inside the component.
    #[must_use]
    pub fn inside(&self, component: &Component) -> Self {
        Self {
            scope: component.scope.clone(),
            ..self.clone()
        }
    }
}

impl Component {
    /// Declares a component under a parent. `ty` is its type, for example
    /// `lazuli:components:PrivateDnsLink`.
    #[track_caller]
    pub fn new(parent: &Scope, ty: &str, name: &str) -> Self {
        Self::with_options(parent, ty, name, Options::default())
    }

    /// The same with options; those that are inherited go to its children.
    #[track_caller]
    pub fn with_options(parent: &Scope, ty: &str, name: &str, options: Options) -> Self {
        let at = Location::caller();
        let options = options.0.inherit(&parent.inherited);
        let inherited = parent.inherited_by_children(&options);
        let added = parent.add(RegistrationKind::Component, ty, name, options, at);
        let path = parent.child_path(name);
        let token = parent.core.open(&path);
        let scope = Scope {
            core: parent.core.clone(),
            path: path.into(),
            token,
            parent: Some(added.index),
            inherited,
            former_paths: added.former_paths,
        };
        let handle = Handle {
            index: added.index,
            id: Output::of(added.urn.to_string()),
            urn: added.urn,
            early: Output(added.cells.early),
            full: Output(added.cells.full),
            scope: scope.clone(),
            at,
        };
        Self { scope, handle }
    }

    /// Declares a component under a resource, the group that it is built in for
    /// example. The second half of the answer is that resource again: what is declared
    /// under it belongs to the component.
    ///
    /// ```
    /// use lazuli_core::{Component, Handle};
    /// fn declare(group: &Handle, name: &str) -> Component {
    ///     let (component, group) = Component::under(group, "shop:Storefront", name);
    ///     // Declare the parts under `group`.
    ///     component
    /// }
    /// ```
    #[track_caller]
    pub fn under<P: ComponentParent>(parent: &P, ty: &str, name: &str) -> (Self, P) {
        Self::under_with(parent, ty, name, Options::default())
    }

    /// The same with options; those that are inherited go to its children.
    #[track_caller]
    pub fn under_with<P: ComponentParent>(
        parent: &P,
        ty: &str,
        name: &str,
        options: Options,
    ) -> (Self, P) {
        let component = Self::with_options(parent.as_scope(), ty, name, options);
        let inside = parent.inside(&component);
        (component, inside)
    }

    /// Publishes an output of the component: an output of the stack under
    /// `COMPONENT/NAME`, where `COMPONENT` is its address. `output COMPONENT/NAME` prints it.
    #[track_caller]
    pub fn export(&self, name: &str, value: impl Exportable) {
        let name = format!("{}/{name}", self.scope.path());
        self.scope.core.export(&name, value.into_export());
    }

    /// Where children are declared.
    pub fn as_scope(&self) -> &Scope {
        &self.scope
    }
}

impl AsResource for Component {
    fn handle(&self) -> &Handle {
        &self.handle
    }
}
