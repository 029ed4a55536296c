//! Registries outside of Azure: any with the docker registry's API, version 2.

use lazuli::prelude::*;

use crate::PrivateDnsLink;
use crate::image::{Image, NamedImage, Pulling, RegistryKind, public};
use crate::sign_in::{BasicLogin, credentials_of};

/// A registry by its address. The program does not say whether and how a
/// network reaches it.
#[derive(Clone)]
pub struct CustomRegistry {
    host: String,
}

impl CustomRegistry {
    /// The registry at `https://host` or `host:port`.
    ///
    /// # Errors
    /// The text is not a host, with or without `https://`. App Service pulls
    /// over TLS only.
    #[track_caller]
    pub fn at(address: &str) -> Result<Self> {
        let host = address.strip_prefix("https://").unwrap_or(address);
        let host = host.trim_end_matches('/');
        let letter = |letter: char| letter.is_ascii_alphanumeric() || ".-:".contains(letter);
        if host.is_empty() || !host.chars().all(letter) {
            return Err(Error::with_help(
                format!("`{address}` is not the address of a registry"),
                "write `https://registry.example.com`, without a path",
            ));
        }
        Ok(Self {
            host: host.to_ascii_lowercase(),
        })
    }

    /// An image of it, `repository:tag`.
    pub fn image(&self, image: &str) -> Image<Self, NamedImage> {
        Image::named(self, &Output::of(self.host.clone()), image)
    }
}

/// The docker registry itself, run by App Service behind a private endpoint.
#[derive(Clone)]
pub struct HostedRegistry {
    /// The app that is the registry.
    pub app: WebApp,
    /// Its endpoint in the network.
    pub endpoint: PrivateEndpoint,
    /// What keeps the endpoint's records in the private zone.
    pub records: PrivateDnsZoneGroup,
    /// The link that makes the records visible to the network.
    pub dns: PrivateDnsLink,
}

/// Arguments of [`HostedRegistry`].
#[derive(Component)]
#[component(HostedRegistry, "hosted registry")]
pub struct HostedRegistryArgs {
    #[component(parent)]
    group: ResourceGroup,
    #[component(name)]
    name: String,
    /// Names the plan that it runs on.
    #[component(example = "&plan")]
    plan: LinuxPlan,
    /// Names the subnet that the endpoint takes its addresses from.
    #[component(example = "&endpoints")]
    endpoint_subnet: EndpointSubnet,
    /// Names the zone of web apps (`PrivateLink::Sites`) that the records are kept in.
    #[component(example = "&dns")]
    dns: PrivateDnsLink,
    /// Names the image of the registry. Default: `registry:2`.
    image: Option<String>,
    /// Lets clients outside of the network in as well, to push to it. Default: no.
    #[component(default)]
    open: bool,
    /// Sets app settings, which configure the registry: `[("REGISTRY_AUTH", "htpasswd")]`.
    app_settings: Option<Map<String>>,
    /// Sets options that everything in it inherits.
    #[component(default)]
    options: Options,
}

/// Where the registry listens (its own default).
const PORT: &str = "5000";

/// App Service keeps what is below `/home` when the container goes.
const STORE: [(&str, &str); 3] = [
    ("WEBSITES_PORT", PORT),
    ("WEBSITES_ENABLE_APP_SERVICE_STORAGE", "true"),
    (
        "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY",
        "/home/registry",
    ),
];

impl From<HostedRegistryArgs> for HostedRegistry {
    #[track_caller]
    fn from(args: HostedRegistryArgs) -> Self {
        let (_, group) = Component::under_with(
            &args.group,
            "lazuli:components:HostedRegistry",
            &args.name,
            args.options,
        );
        let image = args.image.unwrap_or_else(|| "registry:2".to_owned());
        let mut config = SiteConfig::builder()
            .linux_fx_version(format!("DOCKER|{image}"))
            .always_on(true)
            .app_settings(STORE);
        if let Some(settings) = args.app_settings {
            config = config.app_settings(settings);
        }
        let access = if args.open { "Enabled" } else { "Disabled" };
        let app = WebApp::builder(&group, &args.name)
            .plan(&args.plan)
            .kind("app,linux,container")
            .https_only(true)
            .public_network_access(access)
            .site_config(config.build())
            .build();
        let endpoint = PrivateEndpoint::builder(&group, &format!("{}-pe", args.name))
            .subnet(&args.endpoint_subnet)
            .target(&app)
            .group(PrivateLink::Sites)
            .build();
        let records = PrivateDnsZoneGroup::builder(&endpoint, &format!("{}-zg", args.name))
            .zones([&args.dns.zone])
            .build();
        Self {
            app,
            endpoint,
            records,
            dns: args.dns,
        }
    }
}

impl HostedRegistry {
    /// Pushes an image, `repository:tag`, out of an OCI layout in a folder. The
    /// registry must be open to this machine.
    #[track_caller]
    pub fn push_image(&self, image: &str, layout: &str) -> Image<Self, ImagePush> {
        let push = ImagePush::to_app(&self.app, image, layout).build();
        Image::new(self, push)
    }

    /// An image of it, `repository:tag`.
    pub fn image(&self, image: &str) -> Image<Self, NamedImage> {
        Image::named(self, &self.app.default_host_name(), image)
    }
}

impl RegistryKind for CustomRegistry {
    fn server_url(&self) -> Output<String> {
        output!("https://{}", &self.host)
    }

    fn pulling(&self) -> Pulling {
        Pulling::anonymous(Vec::new())
    }
}

impl RegistryKind for HostedRegistry {
    fn server_url(&self) -> Output<String> {
        output!("https://{}", self.app.default_host_name())
    }

    fn pulling(&self) -> Pulling {
        let own = [self.app.handle().clone(), self.records.handle().clone()];
        Pulling::anonymous(own.into_iter().chain(self.dns.links()).collect())
    }
}

public!(CustomRegistry);
credentials_of!(CustomRegistry: BasicLogin);
credentials_of!(HostedRegistry: BasicLogin);
