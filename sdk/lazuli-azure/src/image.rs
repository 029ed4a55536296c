//! Container images, built in the cloud by the registry itself.
//!
//! An image build is a resource of this crate's own, `Lazuli.Azure/imageBuilds`:
//! its inputs hold a digest of the folder it is built from, so that a changed
//! file, and nothing else, builds again. Its name, repository and tag follow from
//! the program, so what pulls the image can be declared before it is built.

pub mod context;
mod ignore;
mod import;
pub mod layout;
mod push;

use lazuli_core::{
    AsResource, Handle, Input, IntoInput, Options, Output, Property, Resources, Value,
};
use typed_builder::TypedBuilder;

use crate::generated::{AgentPool, Registry, types};
use crate::ids::RegistryId;
use crate::resources::{AzureResource, Declaration, IdPath, Kind, LocationRule, Resource};

pub use context::{BuildContext, ContextError};
pub use import::{ImageImport, ImageImportBuilder, ImageSource};
pub use push::{ImagePush, ImagePushBuilder};

/// A container image built from a folder. The name is `repository:tag`.
///
/// Inputs: `registryId`, `image`, `context` (the folder as declared, relative to
/// the program's), `contextDigest`, `dockerfile` (relative to the context),
/// `platform` and `agentPool`. Outputs: `image`, `digest`, `runId`, `loginServer`, `reference`.
#[derive(Clone)]
pub struct ImageBuild {
    resource: Resource,
    login_server: Output<String>,
}

impl ImageBuild {
    /// The type of the resource.
    pub const TYPE: &'static str = types::IMAGE_BUILD.as_str();

    /// Begins an image build, `repository:tag`, that is pushed to the registry.
    /// Required: `context`.
    #[track_caller]
    pub fn builder(registry: &Registry, name: &str) -> ImageBuildBuilder<((Declared,), ())> {
        let kind = Kind {
            ty: Self::TYPE.into(),
            path: IdPath::Child,
            location: LocationRule::None,
        };
        let mut declaration = named(kind, registry, name);
        declaration.set::<RegistryId>("registryId", registry);
        declaration.set::<String>("dockerfile", DOCKERFILE);
        declaration.set::<String>("platform", PLATFORM);
        Args::start().__declared(Declared {
            declaration,
            dockerfile: DOCKERFILE.to_owned(),
            login_server: registry.login_server(),
        })
    }

    /// `repository:tag`.
    pub fn image(&self) -> Output<String> {
        self.resource.name()
    }

    /// The image as it is pulled, `host/repository:tag`: known before it is built.
    pub fn reference(&self) -> Output<String> {
        reference(&self.resource, &self.login_server, "/imageBuilds/")
    }

    /// The digest of the built manifest, `sha256:...`.
    #[track_caller]
    pub fn digest(&self) -> Output<String> {
        self.resource.handle().property("digest")
    }

    /// The id of the registry's run that built it.
    #[track_caller]
    pub fn run_id(&self) -> Output<String> {
        self.resource.handle().property("runId")
    }

    /// The id, `{registry}/imageBuilds/{repository:tag}`.
    pub fn id(&self) -> Output<String> {
        self.resource.handle().id()
    }

    /// Opens when the image is built and pushed.
    #[track_caller]
    pub fn ready(&self) -> Output<()> {
        self.resource.handle().ready()
    }
}

impl AsResource for ImageBuild {
    fn handle(&self) -> &Handle {
        self.resource.handle()
    }
}

/// A declaration of an image. Its name in the program has no `/`, which separates
/// scopes there; `team/site:v1` is called `team.site:v1`.
#[track_caller]
fn named(kind: Kind, registry: &impl AzureResource, image: &str) -> Declaration {
    let name = image.replace('/', ".");
    let mut declaration = Declaration::new(kind, registry.resource().parent_ref(), &name);
    if name != image {
        declaration.rename(image);
    }
    declaration
}

/// `host/repository:tag`, from the id, so that what uses the reference comes
/// after what makes the image.
fn reference(resource: &Resource, host: &Output<String>, segment: &'static str) -> Output<String> {
    host.zip(&resource.id()).map(move |(host, id)| {
        let image = id.split_once(segment).map_or("", |(_, image)| image);
        format!("{host}/{image}")
    })
}

/// The default Dockerfile, relative to the context (docker's own rule).
const DOCKERFILE: &str = "Dockerfile";
const PLATFORM: &str = "linux/amd64";

/// What the builder collects.
#[derive(Clone)]
pub struct Declared {
    declaration: Declaration,
    dockerfile: String,
    login_server: Output<String>,
}

#[derive(TypedBuilder)]
#[builder(
    builder_method(vis = "", name = start),
    build_method(vis = "", name = finish),
    builder_type(vis = "pub", name = ImageBuildBuilder, doc = "Builds an [`ImageBuild`].")
)]
struct Args {
    __declared: Declared,
    /// Names the folder that is sent to the build, relative to the program's.
    #[builder(setter(into))]
    context: String,
}

/// What the compiler says when an argument is missing.
pub mod required {
    /// The image build has its `context`.
    #[diagnostic::on_unimplemented(
        message = "the image build has no `context`",
        label = "add `.context(\"source\")` before `.build()`"
    )]
    pub trait ImageBuildNeedsContext {
        /// What was given.
        fn take(self) -> String;
    }

    impl ImageBuildNeedsContext for (String,) {
        fn take(self) -> String {
            self.0
        }
    }
}

impl<Context> ImageBuildBuilder<((Declared,), Context)> {
    /// Names the image where it is not the name in the program: `team/site:v1`.
    pub fn image(mut self, image: impl IntoInput<String>) -> Self {
        self.fields.0.0.declaration.rename(image);
        self
    }

    /// Names the Dockerfile, relative to the context. Default: `Dockerfile`.
    pub fn dockerfile(mut self, path: &str) -> Self {
        let declared = &mut self.fields.0.0;
        declared.declaration.set::<String>("dockerfile", path);
        declared.dockerfile = path.to_owned();
        self
    }

    /// Sets the platform, `os/architecture`. Default: `linux/amd64`.
    pub fn platform(mut self, platform: &str) -> Self {
        let declaration = &mut self.fields.0.0.declaration;
        declaration.set::<String>("platform", platform);
        self
    }

    /// Builds on machines of one's own: inside of a network if they are there,
    /// so that a registry without public access needs no bypass.
    pub fn agent_pool(mut self, pool: &AgentPool) -> Self {
        let declaration = &mut self.fields.0.0.declaration;
        // From the id, so that the build comes after the pool.
        let name = pool.resource().id().map(|id| {
            let name = id.rsplit('/').next().unwrap_or_default();
            name.to_owned()
        });
        declaration.set::<String>("agentPool", name);
        self
    }

    /// Sets options: dependencies, protection, timeouts.
    pub fn options(mut self, options: Options) -> Self {
        self.fields.0.0.declaration.options(options);
        self
    }

    /// Adds resources that must exist first, beside those that the other setters name: one
    /// (`&network`), or several (`(&network, &registry)`).
    pub fn depends_on(mut self, resources: impl Resources) -> Self {
        self.fields.0.0.declaration.depends_on(resources);
        self
    }

    /// Declares the image build. Its files are read now; a folder that cannot be
    /// read fails this resource, with the path that was tried.
    #[track_caller]
    pub fn build(self) -> ImageBuild
    where
        Context: required::ImageBuildNeedsContext,
    {
        let (declared, context) = self.fields;
        let whole = ImageBuildBuilder {
            fields: (declared, (context.take(),)),
            phantom: self.phantom,
        };
        whole.finish().declare()
    }
}

impl Args {
    #[track_caller]
    fn declare(self) -> ImageBuild {
        let Declared {
            mut declaration,
            dockerfile,
            login_server,
        } = self.__declared;
        let folder = &declaration.as_scope().environment().folder;
        let digest = BuildContext::read(folder, &self.context, &dockerfile)
            .and_then(|context| context.digest());
        declaration.put("contextDigest", digest_property(digest));
        let image = Input::Output(declaration.azure_name());
        declaration.put("image", image.into_property());
        declaration.set::<String>("context", self.context);
        ImageBuild {
            resource: declaration.declare(),
            login_server,
        }
    }
}

/// What cannot be read fails the resource, not the program: then all that is
/// wrong is said at once.
#[track_caller]
fn digest_property(digest: Result<String, ContextError>) -> Property {
    match digest {
        Ok(digest) => Property::Value(Value::from(digest)),
        Err(error) => {
            let failed: Output<String> =
                Output::of(()).try_map(move |()| Err(lazuli_core::Error::from(error)));
            Input::Output(failed.map(Value::from)).into_property()
        }
    }
}
