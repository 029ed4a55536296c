//! Images that a registry takes over from another one: `importImage`.
//!
//! The registry itself fetches them, so it works while public access is off
//! (trusted services), and nothing goes through the machine that deploys.

use lazuli_core::{
    AsResource, Error, Handle, Input, IntoInput, Options, Output, Property, Resources, Result,
    Value,
};

use crate::generated::{Registry, types};
use crate::ids::RegistryId;
use crate::resources::{Declaration, IdPath, Kind, LocationRule, Resource};

/// Where an image is imported from.
#[derive(Debug, Clone)]
pub struct ImageSource {
    request: Property,
}

impl ImageSource {
    /// An image of any registry that the importing one can reach, as docker names
    /// it: `mcr.microsoft.com/appsvc/staticsite:latest`.
    ///
    /// # Errors
    /// The text has no host, or no repository.
    #[track_caller]
    pub fn public(reference: &str) -> Result<Self> {
        let parts = reference.split_once('/');
        let host = parts.filter(|(host, rest)| host.contains(['.', ':']) && !rest.is_empty());
        let Some((host, image)) = host else {
            return Err(Error::with_help(
                format!("`{reference}` does not name a registry and an image"),
                "write `host/repository:tag`, for example `docker.io/library/nginx:latest`",
            ));
        };
        let mut request = Property::map();
        request.set("registryUri", Property::Value(Value::from(host)));
        request.set("sourceImage", Property::Value(Value::from(image)));
        Ok(Self { request })
    }

    /// An image of another registry of Azure, `repository:tag`, in any subscription
    /// that the deployment may read.
    pub fn registry(registry: impl IntoInput<RegistryId>, image: &str) -> Self {
        let mut request = Property::map();
        request.set("resourceId", registry.into_input().into_property());
        request.set("sourceImage", Property::Value(Value::from(image)));
        Self { request }
    }

    /// Signs in to the other registry. The password is a secret from here on.
    #[must_use]
    pub fn login(
        mut self,
        username: impl IntoInput<String>,
        password: impl IntoInput<String>,
    ) -> Self {
        let password = password.into_input().into_output().as_secret();
        let mut set = |path: &str, value: Input<String>| {
            self.request.set(path, value.into_property());
        };
        set("credentials.username", username.into_input());
        set("credentials.password", Input::Output(password));
        self
    }
}

/// An image that is imported from another registry. The name is `repository:tag`.
///
/// It is imported when it is new and when its source changes; a tag that moves in
/// the other registry is not noticed. Deleting it deletes no image.
///
/// Inputs: `registryId`, `image`, and what the request says under `body`.
#[derive(Clone)]
pub struct ImageImport {
    resource: Resource,
    login_server: Output<String>,
}

impl ImageImport {
    /// The type of the resource.
    pub const TYPE: &'static str = types::IMAGE_IMPORT.as_str();

    /// Begins the import of an image, which the registry then has as `repository:tag`.
    #[track_caller]
    pub fn builder(registry: &Registry, name: &str, source: ImageSource) -> ImageImportBuilder {
        let kind = Kind {
            ty: Self::TYPE.into(),
            path: IdPath::Child,
            location: LocationRule::None,
        };
        let mut declaration = super::named(kind, registry, name);
        let text = |text: &str| Property::Value(Value::from(text));
        declaration.set::<RegistryId>("registryId", registry);
        declaration.set::<RegistryId>("resourceId", registry);
        declaration.put("image", text(name));
        declaration.put("action", text("importImage"));
        declaration.put("apiVersion", text(API));
        declaration.put("body.source", source.request);
        declaration.put("body.targetTags", Property::List(vec![text(name)]));
        // The tag may be there already: what the program says is what it becomes.
        declaration.put("body.mode", text("Force"));
        ImageImportBuilder {
            declaration,
            login_server: registry.login_server(),
        }
    }

    /// The image as it is pulled, `host/repository:tag`: known before it is imported.
    pub fn reference(&self) -> Output<String> {
        super::reference(&self.resource, &self.login_server, "/imageImports/")
    }
}

/// The version of the action (the registry's newest stable one).
const API: &str = "2025-11-01";

/// Builds an [`ImageImport`].
pub struct ImageImportBuilder {
    declaration: Declaration,
    login_server: Output<String>,
}

impl ImageImportBuilder {
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

    /// Declares the import.
    pub fn build(self) -> ImageImport {
        ImageImport {
            resource: self.declaration.declare(),
            login_server: self.login_server,
        }
    }
}

impl AsResource for ImageImport {
    fn handle(&self) -> &Handle {
        self.resource.handle()
    }
}
