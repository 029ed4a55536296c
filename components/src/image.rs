//! Images: what is run, where it is kept, and how one signs in there.

use lazuli::core::executor::NodeId;
use lazuli::prelude::*;

use crate::sign_in::{CredentialsOf, SignIn};
use crate::{CustomRegistry, HostedRegistry, PrivateRegistry, PublicRegistry};

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
            sign_in: R::usual_sign_in(),
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
    fn needs(&self) -> Vec<NodeId>;
}

impl<R, M: Made> Puller for Image<R, M> {
    fn needs(&self) -> Vec<NodeId> {
        self.made.action().into_iter().collect()
    }
}

/// What can make an image.
pub trait Made: Clone {
    /// The image as it is pulled.
    fn reference(&self) -> Output<String>;

    /// What has to be done before it can be pulled.
    #[doc(hidden)]
    fn action(&self) -> Option<NodeId>;
}

impl Made for ImageBuild {
    fn reference(&self) -> Output<String> {
        ImageBuild::reference(self)
    }

    fn action(&self) -> Option<NodeId> {
        Some(self.handle().index())
    }
}

impl Made for ImageImport {
    fn reference(&self) -> Output<String> {
        ImageImport::reference(self)
    }

    fn action(&self) -> Option<NodeId> {
        Some(self.handle().index())
    }
}

impl Made for ImagePush {
    fn reference(&self) -> Output<String> {
        ImagePush::reference(self)
    }

    fn action(&self) -> Option<NodeId> {
        Some(self.handle().index())
    }
}

impl Made for NamedImage {
    fn reference(&self) -> Output<String> {
        self.reference.clone()
    }

    fn action(&self) -> Option<NodeId> {
        None
    }
}

/// A kind of registry. Programs use the kinds that there are.
pub trait RegistryKind: Clone {
    /// The registry's address for clients of docker, `https://host`.
    fn server_url(&self) -> Output<String>;

    /// The resource that a role to pull is given on, if there is one.
    #[doc(hidden)]
    fn resource(&self) -> Option<&Registry>;

    /// What a pull depends on beside the image: endpoint, records, link.
    #[doc(hidden)]
    fn path(&self) -> Vec<NodeId>;

    /// Whether it is pulled from through the network.
    #[doc(hidden)]
    fn over_network() -> bool;

    /// What an app does that is not told otherwise.
    #[doc(hidden)]
    #[expect(
        private_interfaces,
        reason = "the trait is not for implementing elsewhere"
    )]
    fn usual_sign_in() -> SignIn;
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
    pub(crate) waits: Vec<NodeId>,
    pub(crate) over_network: bool,
    pub(crate) sign_in: SignIn,
}

impl<R: RegistryKind, M: Made> IntoArgument<PullableImage> for &Image<R, M> {
    fn into_argument(self) -> PullableImage {
        let mut waits = self.registry.path();
        waits.extend(self.made.action());
        PullableImage {
            reference: self.reference(),
            server_url: self.registry.server_url(),
            registry: self.registry.resource().cloned(),
            waits,
            over_network: R::over_network(),
            sign_in: self.sign_in.clone(),
        }
    }
}

/// An image that can be pulled from the internet, as a Windows container takes
/// it: App Service does not pull those over a network.
#[derive(Clone)]
pub struct PublicImage(pub(crate) PullableImage);

macro_rules! public {
    ($($registry:ident),*) => {$(
        impl<M: Made> IntoArgument<PublicImage> for &Image<$registry, M> {
            fn into_argument(self) -> PublicImage {
                let image: PullableImage = self.into_argument();
                PublicImage(PullableImage { over_network: false, ..image })
            }
        }
    )*};
}
public!(PublicRegistry, CustomRegistry);

impl RegistryKind for CustomRegistry {
    fn server_url(&self) -> Output<String> {
        output!("https://{}", self.host())
    }

    fn resource(&self) -> Option<&Registry> {
        None
    }

    fn path(&self) -> Vec<NodeId> {
        Vec::new()
    }

    fn over_network() -> bool {
        true
    }

    #[expect(
        private_interfaces,
        reason = "the trait is not for implementing elsewhere"
    )]
    fn usual_sign_in() -> SignIn {
        SignIn::Nobody
    }
}

impl RegistryKind for HostedRegistry {
    fn server_url(&self) -> Output<String> {
        output!("https://{}", self.app.default_host_name())
    }

    fn resource(&self) -> Option<&Registry> {
        None
    }

    fn path(&self) -> Vec<NodeId> {
        let mut path = vec![self.app.handle().index(), self.records.handle().index()];
        path.extend(self.dns.links());
        path
    }

    fn over_network() -> bool {
        true
    }

    #[expect(
        private_interfaces,
        reason = "the trait is not for implementing elsewhere"
    )]
    fn usual_sign_in() -> SignIn {
        SignIn::Nobody
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
