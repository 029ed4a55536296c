//! Images: what is run, where it is kept, and how an app signs in there.

use lazuli::core::Handle;
use lazuli::prelude::*;

use crate::PrivateRegistry;
use crate::sign_in::{CredentialsOf, SignIn};

/// An image in a registry of the kind `R`, made by `M`. What runs it knows from
/// the image which registry, endpoint and records it depends on, and what may
/// pull it.
#[derive(Clone)]
pub struct Image<R = PrivateRegistry, M = ImageBuild> {
    /// What makes the image.
    pub made: M,
    /// Where it is kept.
    pub registry: R,
    sign_in: SignIn,
}

/// An image that something else pushes: `repository:tag`.
#[derive(Clone)]
pub struct NamedImage {
    reference: Output<String>,
}

impl<R: RegistryKind, M: Made> Image<R, M> {
    pub(crate) fn new(registry: &R, made: M) -> Self {
        Self {
            made,
            registry: registry.clone(),
            sign_in: registry.pulling().sign_in,
        }
    }

    /// The image as it is pulled, `host/repository:tag`.
    pub fn reference(&self) -> Output<String> {
        self.made.reference()
    }

    /// The image, pulled with a name and a password.
    #[must_use]
    pub fn pulled_with(&self, credentials: impl CredentialsOf<R>) -> Self {
        Self {
            sign_in: SignIn::Password(Box::new(credentials.login().0)),
            ..self.clone()
        }
    }
}

impl<R: AzureRegistry, M: Made> Image<R, M> {
    /// The image, pulled with a user-assigned identity. The app is given the
    /// identity, and the identity the role to pull, before the app starts.
    #[must_use]
    #[track_caller]
    pub fn pulled_by(&self, identity: &UserAssignedIdentity) -> Self {
        let role = self.registry.let_pull(identity);
        Self {
            sign_in: SignIn::Identity(Box::new((identity.clone(), role))),
            ..self.clone()
        }
    }
}

impl<R: RegistryKind> Image<R, ImageBuild> {
    /// The digest of the built manifest, `sha256:...`.
    #[track_caller]
    pub fn digest(&self) -> Output<String> {
        self.made.digest()
    }
}

impl<R: RegistryKind> Image<R, NamedImage> {
    pub(crate) fn named(registry: &R, host: &Output<String>, image: &str) -> Self {
        let image = image.to_owned();
        let reference = host.map(move |host| format!("{host}/{image}"));
        Self::new(registry, NamedImage { reference })
    }
}

/// Something that has to be done before a registry may be locked: an app that
/// pulls from it, or an image that is built in it.
pub trait Puller {
    /// Everything that it consists of.
    #[doc(hidden)]
    fn needs(&self) -> Vec<Handle>;
}

impl<R, M: Made> Puller for Image<R, M> {
    fn needs(&self) -> Vec<Handle> {
        self.made.action().into_iter().collect()
    }
}

/// What can make an image.
pub trait Made: Clone {
    /// The image as it is pulled.
    fn reference(&self) -> Output<String>;

    /// What has to be done before it can be pulled.
    #[doc(hidden)]
    fn action(&self) -> Option<Handle>;
}

impl Made for ImageBuild {
    fn reference(&self) -> Output<String> {
        ImageBuild::reference(self)
    }

    fn action(&self) -> Option<Handle> {
        Some(self.handle().clone())
    }
}

impl Made for ImageImport {
    fn reference(&self) -> Output<String> {
        ImageImport::reference(self)
    }

    fn action(&self) -> Option<Handle> {
        Some(self.handle().clone())
    }
}

impl Made for ImagePush {
    fn reference(&self) -> Output<String> {
        ImagePush::reference(self)
    }

    fn action(&self) -> Option<Handle> {
        Some(self.handle().clone())
    }
}

impl Made for NamedImage {
    fn reference(&self) -> Output<String> {
        self.reference.clone()
    }

    fn action(&self) -> Option<Handle> {
        None
    }
}

/// A kind of registry. Programs use the kinds that there are.
pub trait RegistryKind: Clone {
    /// The registry's address for docker clients, `https://host`.
    fn server_url(&self) -> Output<String>;

    /// How an app pulls from it.
    #[doc(hidden)]
    fn pulling(&self) -> Pulling;
}

/// How an app pulls from a registry, unless the image says otherwise.
#[doc(hidden)]
#[derive(Clone)]
pub struct Pulling {
    /// The resource that a role to pull is given on, if there is one.
    registry: Option<Registry>,
    /// What a pull waits for beside the image: endpoint, records, link.
    waits: Vec<Handle>,
    is_over_network: bool,
    sign_in: SignIn,
}

impl Pulling {
    /// With the app's own identity, which gets a role on the registry.
    pub(crate) fn with_identity(registry: &Registry, waits: Vec<Handle>) -> Self {
        Self {
            registry: Some(registry.clone()),
            waits,
            is_over_network: false,
            sign_in: SignIn::System,
        }
    }

    /// Without signing in, through the network.
    pub(crate) fn anonymous(waits: Vec<Handle>) -> Self {
        Self {
            registry: None,
            waits,
            is_over_network: true,
            sign_in: SignIn::Nobody,
        }
    }

    /// Through the network that the app is integrated in.
    pub(crate) fn over_network(self) -> Self {
        Self {
            is_over_network: true,
            ..self
        }
    }
}

/// A registry of Azure's own.
#[diagnostic::on_unimplemented(
    message = "a {Self} knows no identities of Azure",
    note = "`pulled_by` is for registries of Azure; other registries take `.pulled_with(BasicLogin::new(..))`"
)]
pub trait AzureRegistry: RegistryKind {
    /// Gives an identity the role to pull, once.
    #[doc(hidden)]
    fn let_pull(&self, identity: &UserAssignedIdentity) -> RoleAssignment;
}

/// Any image, as an app in a network takes it.
#[derive(Clone)]
pub struct PullableImage {
    pub(crate) reference: Output<String>,
    pub(crate) server_url: Output<String>,
    pub(crate) registry: Option<Registry>,
    pub(crate) waits: Vec<Handle>,
    pub(crate) over_network: bool,
    pub(crate) sign_in: SignIn,
}

#[diagnostic::do_not_recommend]
impl<R: RegistryKind, M: Made> IntoArgument<PullableImage> for &Image<R, M> {
    fn into_argument(self) -> PullableImage {
        let mut pulling = self.registry.pulling();
        pulling.waits.extend(self.made.action());
        PullableImage {
            reference: self.reference(),
            server_url: self.registry.server_url(),
            registry: pulling.registry,
            waits: pulling.waits,
            over_network: pulling.is_over_network,
            sign_in: self.sign_in.clone(),
        }
    }
}

/// An image that can be pulled from the internet, as a Windows container takes
/// it: App Service does not pull those over a network.
#[derive(Clone)]
pub struct PublicImage(pub(crate) PullableImage);

/// A kind of registry that the internet reaches.
macro_rules! public {
    ($registry:ident) => {
        #[diagnostic::do_not_recommend]
        impl<M: $crate::Made> lazuli::prelude::IntoArgument<$crate::PublicImage>
            for &$crate::Image<$registry, M>
        {
            fn into_argument(self) -> $crate::PublicImage {
                $crate::PublicImage::of(self.into_argument())
            }
        }
    };
}

pub(crate) use public;

impl PublicImage {
    pub(crate) fn of(image: PullableImage) -> Self {
        Self(PullableImage {
            over_network: false,
            ..image
        })
    }
}

/// Versions of one repository, by tag.
#[derive(Clone)]
pub struct Images<R = PrivateRegistry> {
    pub(crate) repository: String,
    pub(crate) versions: Vec<(String, Image<R>)>,
}

impl<R: RegistryKind> Images<R> {
    /// The version with that tag.
    ///
    /// # Errors
    /// No version has it; the error names those that are built.
    #[track_caller]
    pub fn tagged(&self, tag: &str) -> Result<Image<R>> {
        let found = self.versions.iter().find(|(built, _)| built == tag);
        if let Some((_, image)) = found {
            return Ok(image.clone());
        }
        let tags: Vec<_> = self.versions.iter().map(|(tag, _)| tag.as_str()).collect();
        Err(Error::with_help(
            format!("no image `{}:{tag}` is built", self.repository),
            format!("the tags that are built: {}", tags.join(", ")),
        ))
    }
}
