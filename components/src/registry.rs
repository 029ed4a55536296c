//! A container registry that only its network can reach.

use lazuli::prelude::*;

use crate::PrivateDnsLink;

/// A registry without public access: images come and go through a private
/// endpoint, and the registry's own tasks may build inside of it.
#[derive(Clone)]
pub struct PrivateRegistry {
    /// The registry.
    pub registry: Registry,
    /// Its endpoint in the network.
    pub endpoint: PrivateEndpoint,
    /// What keeps the endpoint's records in the private zone.
    pub records: PrivateDnsZoneGroup,
    /// The link that makes the records visible to the network.
    pub dns: PrivateDnsLink,
}

/// Arguments of [`PrivateRegistry`].
#[derive(Component)]
#[component(PrivateRegistry, "private registry")]
pub struct PrivateRegistryArgs {
    #[component(parent)]
    group: ResourceGroup,
    #[component(name)]
    name: String,
    /// Names the subnet that the endpoint takes its addresses from.
    #[component(example = "&endpoints")]
    endpoint_subnet: EndpointSubnet,
    /// Names the zone that the endpoint's records are kept in.
    #[component(example = "&dns")]
    dns: PrivateDnsLink,
    /// Sets options that everything in it inherits.
    #[component(default)]
    options: Options,
}

impl From<PrivateRegistryArgs> for PrivateRegistry {
    #[track_caller]
    fn from(args: PrivateRegistryArgs) -> Self {
        let place = args.group.handle().place();
        let ty = "lazuli:components:PrivateRegistry";
        let this = Component::with_options(place, ty, &args.name, args.options);
        let group = args.group.inside(&this);
        // Private endpoints need Premium; without the bypass no task could push
        // into a registry that is closed from the start.
        let registry = Registry::builder(&group, &args.name)
            .sku(RegistrySku::Premium)
            .public_network_access(PublicAccess::Disabled)
            .network_rule_bypass_allowed_for_tasks(true)
            .build();
        let endpoint = PrivateEndpoint::builder(&group, &format!("{}-pe", args.name))
            .subnet(&args.endpoint_subnet)
            .target(&registry)
            .group(PrivateLink::Registry)
            .build();
        let records = PrivateDnsZoneGroup::builder(&endpoint, &format!("{}-zg", args.name))
            .zones([&args.dns.zone])
            .build();
        Self {
            registry,
            endpoint,
            records,
            dns: args.dns,
        }
    }
}

impl PrivateRegistry {
    /// Builds an image, `repository:tag`, from a folder with a Dockerfile.
    #[track_caller]
    pub fn build_image(&self, image: &str, folder: &str) -> Image {
        let build = ImageBuild::builder(&self.registry, image)
            .context(folder)
            .build();
        Image {
            build,
            registry: self.clone(),
        }
    }

    /// Builds several versions of one repository, each from its own folder:
    /// `[("v1", "source/v1"), ("v2", "source/v2")]`.
    #[track_caller]
    pub fn build_images<const N: usize>(
        &self,
        repository: &str,
        versions: [(&str, &str); N],
    ) -> Images {
        // A loop, not a closure: only so do the builds carry the caller's place.
        let mut built = Vec::with_capacity(N);
        for (tag, folder) in versions {
            let image = self.build_image(&format!("{repository}:{tag}"), folder);
            built.push((tag.to_owned(), image));
        }
        Images {
            repository: repository.to_owned(),
            versions: built,
        }
    }

    /// The host that images are pulled from, `contoso.azurecr.io`.
    pub fn login_server(&self) -> Output<String> {
        self.registry.login_server()
    }
}

/// Versions of one repository, by tag.
#[derive(Clone)]
pub struct Images {
    repository: String,
    versions: Vec<(String, Image)>,
}

impl Images {
    /// The version with that tag.
    ///
    /// # Errors
    /// No version has it; the error names those that are built.
    #[track_caller]
    pub fn tagged(&self, tag: &str) -> Result<Image> {
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

/// An image in a private registry. What runs it knows from the image which
/// registry, which endpoint and which records it depends on.
#[derive(Clone)]
pub struct Image {
    /// What builds the image.
    pub build: ImageBuild,
    /// Where it is kept.
    pub registry: PrivateRegistry,
}

impl Image {
    /// The image as it is pulled, `host/repository:tag`.
    pub fn reference(&self) -> Output<String> {
        self.build.reference()
    }

    /// The digest of the built manifest, `sha256:...`.
    #[track_caller]
    pub fn digest(&self) -> Output<String> {
        self.build.digest()
    }
}
