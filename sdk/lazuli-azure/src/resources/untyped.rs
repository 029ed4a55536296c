//! Any type and version that has no builder of its own.

use lazuli_core::output::OutputValue;
use lazuli_core::{
    AsResource, Component, Error, FromValue, Handle, Input, IntoInput, Options, Output, Property,
    Resources,
};
use typed_builder::TypedBuilder;

use crate::ids::{AnyResourceId, TrustedId};
use crate::resources::{
    AnyProperty, AzureResource, Declaration, IdPath, Kind, LocationRule, Resource,
};

/// A resource of any ARM type: `ArmResource::builder(&parent, "Microsoft.X/y@2024-01-01", "name")`.
///
/// Everything of the request is said with `property`; nothing is inherited from
/// the parent but the id. The version travels in the inputs, under the reserved
/// key `apiVersion`, which is not a part of the request's body.
#[derive(Clone)]
pub struct ArmResource {
    pub(crate) resource: Resource,
}

impl ArmResource {
    /// Begins a resource of a type at a version. Under a resource of the type
    /// `Microsoft.X/y`, a `Microsoft.X/y/z` is its child; every other type is
    /// declared in a group or extends the parent.
    #[track_caller]
    pub fn builder(
        parent: &impl AzureResource,
        ty: &str,
        name: &str,
    ) -> ArmResourceBuilder<((Declaration,),)> {
        let (ty, version) = match ty.split_once('@') {
            Some((ty, version)) => (ty, Some(version)),
            None => (ty, None),
        };
        let parent_ref = parent.resource().parent_ref();
        let kind = Kind {
            ty: ty.to_owned().into(),
            path: path_below(parent.resource().ty(), ty),
            location: LocationRule::None,
        };
        let mut declaration = Declaration::new(kind, parent_ref, name);
        declaration.put("apiVersion", version_property(ty, version));
        Args::start().__declaration(declaration)
    }

    /// The same resource, but its children are declared inside the component.
    #[must_use]
    pub fn inside(&self, component: &Component) -> Self {
        Self {
            resource: self.resource.inside(component),
        }
    }

    /// The ARM id. Known at once; that does not mean that the resource exists.
    pub fn id(&self) -> Output<AnyResourceId> {
        self.resource.id().map(TrustedId::trusted)
    }

    /// A property of Azure's answer, at a dotted path.
    #[track_caller]
    pub fn property<T: OutputValue + FromValue>(&self, path: &str) -> Output<T> {
        self.resource.handle().property(path)
    }
}

impl AsResource for ArmResource {
    fn handle(&self) -> &Handle {
        self.resource.handle()
    }
}

impl AzureResource for ArmResource {
    fn resource(&self) -> &Resource {
        &self.resource
    }
}

#[diagnostic::do_not_recommend]
impl IntoInput<AnyResourceId> for &ArmResource {
    fn into_input(self) -> Input<AnyResourceId> {
        Input::Output(self.id())
    }
}

fn path_below(parent: &str, ty: &str) -> IdPath {
    let above = ty.rsplit_once('/').map_or("", |(above, _)| above);
    match above.eq_ignore_ascii_case(parent) {
        true => IdPath::Child,
        false => IdPath::Provider,
    }
}

/// A missing version fails the resource, not the program: the finding then names it.
#[track_caller]
fn version_property(ty: &str, version: Option<&str>) -> Property {
    let given = Output::of(version.unwrap_or_default().to_owned());
    if version.is_some_and(|version| !version.is_empty()) {
        return given.into_property();
    }
    let error = Error::with_help(
        format!("the type `{ty}` has no version; write it as `{ty}@2024-01-01`"),
        "versions of a type are listed in its reference, and by `az provider show`",
    );
    let failed: Output<String> = given.try_map(move |_| Err(error));
    failed.into_property()
}

#[derive(TypedBuilder)]
#[builder(
    builder_method(vis = "", name = start),
    build_method(vis = "", name = finish),
    builder_type(vis = "pub", name = ArmResourceBuilder, doc = "Builds an [`ArmResource`].")
)]
struct Args {
    __declaration: Declaration,
}

impl ArmResourceBuilder<((Declaration,),)> {
    /// Sets a property at a dotted path of the request, for example `properties.enabled`.
    pub fn property(mut self, path: &str, value: impl AnyProperty) -> Self {
        self.fields.0.0.put(path, value.into_property());
        self
    }

    /// Sets the region.
    pub fn location(mut self, location: impl IntoInput<String>) -> Self {
        self.fields.0.0.set("location", location);
        self
    }

    /// Gives it another name in Azure than in the program.
    pub fn name(mut self, name: impl IntoInput<String>) -> Self {
        self.fields.0.0.rename(name);
        self
    }

    /// Sets options: dependencies, protection, timeouts.
    pub fn options(mut self, options: Options) -> Self {
        self.fields.0.0.options(options);
        self
    }

    /// Adds resources that must exist first, beside those that the other setters name: one
    /// (`&network`), or several (`(&network, &registry)`).
    pub fn depends_on(mut self, resources: impl Resources) -> Self {
        self.fields.0.0.depends_on(resources);
        self
    }

    /// Calls a setter if there is a value: `.maybe(sku, |it, sku| it.sku(sku))`.
    pub fn maybe<V>(self, value: Option<V>, set: impl FnOnce(Self, V) -> Self) -> Self {
        match value {
            Some(value) => set(self, value),
            None => self,
        }
    }

    /// Declares the resource.
    pub fn build(self) -> ArmResource {
        ArmResource {
            resource: self.finish().__declaration.declare(),
        }
    }
}
