//! What stands for a declared resource.

use std::panic::Location;

use super::scope::Scope;
use crate::node::NodeId;
use crate::output::{Cell as OutputCell, Output, OutputValue, Source};
use crate::urn::Urn;
use crate::value::{FromValue, Value};

/// An untyped handle of a declared resource; typed resources wrap it.
#[derive(Clone)]
pub struct Handle {
    pub(super) index: NodeId,
    pub(super) urn: Urn,
    pub(super) id: Output<String>,
    pub(super) early: Output<Value>,
    pub(super) full: Output<Value>,
    pub(super) scope: Scope,
    pub(super) at: &'static Location<'static>,
}

impl Handle {
    /// What the graph of this run knows it by.
    pub(crate) fn index(&self) -> NodeId {
        self.index
    }

    /// Identity across runs.
    pub fn urn(&self) -> &Urn {
        &self.urn
    }

    /// The cloud's id: known at once where it follows from names, else once the
    /// resource exists. Knowing it does not mean that it exists, see [`Handle::ready`].
    pub fn id(&self) -> Output<String> {
        self.id.clone()
    }

    /// Where children of this resource are declared.
    pub fn as_scope(&self) -> &Scope {
        &self.scope
    }

    /// Where the program declares it.
    pub fn at(&self) -> &'static Location<'static> {
        self.at
    }

    /// A typed property of the resource's answer, at a dotted path. Known early
    /// when an update cannot change it.
    #[track_caller]
    pub fn property<T: OutputValue + FromValue>(&self, path: &str) -> Output<T> {
        self.property_as(path, T::from_value)
    }

    /// The same, read by a function of the caller; the reason that it gives for a
    /// failure names what was found instead, never the value itself.
    #[track_caller]
    pub(crate) fn property_as<T: OutputValue>(
        &self,
        path: &str,
        read: fn(&Value) -> std::result::Result<T, String>,
    ) -> Output<T> {
        let path = self.scope.core.text(path);
        let source = Source::Resource(self.index, path.clone());
        let target = OutputCell::pending(source, Location::caller());
        let cell = target.clone();
        let (urn, full) = (self.urn.clone(), self.full.clone());
        // `early` settles first; what it does not hold comes with the full answer.
        self.early.on_settled(move |early| {
            if matches!(&early.value, Ok(value) if value.at(&path).is_some()) {
                return cell.settle(early.property(&urn, &path, read));
            }
            full.on_settled(move |data| cell.settle(data.property(&urn, &path, read)));
        });
        Output(target)
    }

    /// All of the resource's answer, in the provider's shape.
    pub fn outputs(&self) -> Output<Value> {
        self.full.clone()
    }

    /// Opens when the resource exists as declared; in a preview, when nothing
    /// about it changes.
    #[track_caller]
    pub fn ready(&self) -> Output<()> {
        self.full.map(|_| ())
    }
}

/// Anything that stands for one declared resource or component.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a declared resource",
    label = "this is not the handle of a resource",
    note = "pass a reference to a handle: `&network`; a builder becomes one with `.build()`"
)]
pub trait AsResource {
    /// The untyped handle.
    fn handle(&self) -> &Handle;
}

impl AsResource for Handle {
    fn handle(&self) -> &Handle {
        self
    }
}

impl<T: AsResource + ?Sized> AsResource for &T {
    fn handle(&self) -> &Handle {
        (**self).handle()
    }
}

/// One resource or several: `&network`, `[&first, &second]` of one type, or
/// `(&network, &registry)` of several types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a resource nor several",
    label = "these are not handles of resources",
    note = "pass a handle `&network`, an array of one type `[&first, &second]`, or a tuple `(&network, &registry)`",
    note = "a builder becomes a handle with `.build()`"
)]
pub trait Resources {
    /// Calls `visit` with the handle of each.
    #[doc(hidden)]
    fn each(&self, visit: &mut dyn FnMut(&Handle));
}

impl<T: AsResource + ?Sized> Resources for &T {
    fn each(&self, visit: &mut dyn FnMut(&Handle)) {
        visit((**self).handle());
    }
}

impl<T: AsResource, const N: usize> Resources for [T; N] {
    fn each(&self, visit: &mut dyn FnMut(&Handle)) {
        self.as_slice().each(visit);
    }
}

impl<T: AsResource> Resources for Vec<T> {
    fn each(&self, visit: &mut dyn FnMut(&Handle)) {
        self.as_slice().each(visit);
    }
}

impl<T: AsResource> Resources for &Vec<T> {
    fn each(&self, visit: &mut dyn FnMut(&Handle)) {
        self.as_slice().each(visit);
    }
}

impl<T: AsResource> Resources for &[T] {
    fn each(&self, visit: &mut dyn FnMut(&Handle)) {
        for resource in *self {
            visit(resource.handle());
        }
    }
}

impl<T: AsResource> Resources for Option<T> {
    fn each(&self, visit: &mut dyn FnMut(&Handle)) {
        self.as_slice().each(visit);
    }
}

macro_rules! tuple {
    ($($part:ident),+) => {
        impl<$($part: Resources),+> Resources for ($($part,)+) {
            fn each(&self, visit: &mut dyn FnMut(&Handle)) {
                #[expect(non_snake_case, reason = "a macro names the parts after their types")]
                let ($($part,)+) = self;
                $($part.each(visit);)+
            }
        }
    };
}
tuple!(A, B);
tuple!(A, B, C);
tuple!(A, B, C, D);
tuple!(A, B, C, D, E);
tuple!(A, B, C, D, E, F);
