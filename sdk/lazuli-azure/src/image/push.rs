//! Images that are pushed from this machine, out of an OCI layout in a folder.
//!
//! The registry must be reachable from here: open, or with a firewall that lets
//! this machine in. A closed one takes images by `importImage` or builds.

use lazuli_core::{
    AsResource, Error, Handle, Input, IntoInput, Options, Output, Property, Resources, Value,
};

use super::layout::Layout;
use crate::generated::{Registry, WebApp, types};
use crate::resources::{AzureResource, Declaration, IdPath, Kind, LocationRule, Resource};

/// An image that is pushed to a registry of Azure, or to one that a web app is.
/// The name is `repository:tag`.
///
/// It is pushed when it is new and when the layout's content changes. Deleting it
/// deletes no image. Inputs: `host`, `image`, `layout`, `digest`, `entra` (sign in
/// with an identity of Entra ID), `username` and `password`.
#[derive(Clone)]
pub struct ImagePush {
    resource: Resource,
    host: Output<String>,
}

impl ImagePush {
    /// The type of the resource.
    pub const TYPE: &'static str = types::IMAGE_PUSH.as_str();

    /// Begins a push to a registry of Azure, with the identity that deploys.
    #[track_caller]
    pub fn builder(registry: &Registry, name: &str, layout: &str) -> ImagePushBuilder {
        let mut builder = Self::to(registry, registry.login_server(), name, layout);
        let entra = Property::Value(Value::from(true));
        builder.declaration.put("entra", entra);
        builder
    }

    /// Begins a push to a docker registry that a web app is.
    #[track_caller]
    pub fn to_app(app: &WebApp, name: &str, layout: &str) -> ImagePushBuilder {
        Self::to(app, app.default_host_name(), name, layout)
    }

    #[track_caller]
    fn to(
        registry: &impl AzureResource,
        host: Output<String>,
        name: &str,
        layout: &str,
    ) -> ImagePushBuilder {
        let kind = Kind {
            ty: Self::TYPE.into(),
            path: IdPath::Child,
            location: LocationRule::None,
        };
        let mut declaration = super::named(kind, registry, name);
        let tag = name.rsplit_once(':').map_or("latest", |(_, tag)| tag);
        let folder = &declaration.as_scope().environment().folder;
        let digest = Layout::read(folder, layout, tag).map(|layout| layout.digest().to_owned());
        declaration.put("digest", digest_property(digest));
        declaration.set::<String>("host", &host);
        declaration.set::<String>("image", name);
        declaration.set::<String>("layout", layout);
        ImagePushBuilder { declaration, host }
    }

    /// The image as it is pulled, `host/repository:tag`: known before it is pushed.
    pub fn reference(&self) -> Output<String> {
        super::reference(&self.resource, &self.host, "/imagePushes/")
    }
}

/// What cannot be read fails the resource, not the program: then all that is
/// wrong is said at once.
#[track_caller]
fn digest_property(digest: Result<String, super::layout::LayoutError>) -> Property {
    match digest {
        Ok(digest) => Property::Value(Value::from(digest)),
        Err(error) => {
            let error = Error::new(error.to_string());
            let failed: Output<String> = Output::of(()).try_map(move |()| Err(error));
            Input::Output(failed).into_property()
        }
    }
}

/// Builds an [`ImagePush`].
pub struct ImagePushBuilder {
    declaration: Declaration,
    host: Output<String>,
}

impl ImagePushBuilder {
    /// Signs in with a name and a password, which is a secret from here on.
    #[must_use]
    pub fn login(
        mut self,
        username: impl IntoInput<String>,
        password: impl IntoInput<String>,
    ) -> Self {
        let password = password.into_input().into_output().as_secret();
        self.declaration.set::<String>("username", username);
        self.declaration.set::<String>("password", password);
        self
    }

    /// Sets options: dependencies, protection, timeouts.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.declaration.options(options);
        self
    }

    /// Adds resources that must exist first, beside those that the other setters name: one
    /// (`&network`), or several (`(&network, &registry)`).
    #[must_use]
    pub fn depends_on(mut self, resources: impl Resources) -> Self {
        self.declaration.depends_on(resources);
        self
    }

    /// Declares the push.
    pub fn build(self) -> ImagePush {
        ImagePush {
            resource: self.declaration.declare(),
            host: self.host,
        }
    }
}

impl AsResource for ImagePush {
    fn handle(&self) -> &Handle {
        self.resource.handle()
    }
}
