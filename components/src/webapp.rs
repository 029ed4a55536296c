//! A web app that lives in a network.

use lazuli::prelude::*;

use crate::Image;

/// A Linux web app that runs a container out of a private registry: it pulls
/// through the network, with its own identity, and holds no secret.
#[derive(Clone)]
pub struct IntegratedWebApp {
    /// The app.
    pub app: WebApp,
    /// What allows it to pull.
    pub pull: RoleAssignment,
}

/// Arguments of [`IntegratedWebApp`].
#[derive(Component)]
#[component(IntegratedWebApp, "integrated web app")]
pub struct IntegratedWebAppArgs {
    #[component(parent)]
    group: ResourceGroup,
    #[component(name)]
    name: String,
    /// Names the plan that it runs on.
    #[component(example = "&plan")]
    plan: LinuxPlan,
    /// Names the subnet that it reaches into the network through.
    #[component(example = "&integration")]
    subnet: IntegrationSubnet,
    /// Names the image that it runs.
    #[component(example = "&image")]
    image: Image,
    /// Sets app settings: `[("KEY", "value")]`.
    app_settings: Option<Map<String>>,
    /// Sets options that everything in it inherits.
    #[component(default)]
    options: Options,
}

impl From<IntegratedWebAppArgs> for IntegratedWebApp {
    #[track_caller]
    fn from(args: IntegratedWebAppArgs) -> Self {
        let place = args.group.handle().place();
        let ty = "lazuli:components:IntegratedWebApp";
        let this = Component::with_options(place, ty, &args.name, args.options);
        let registry = &args.image.registry;
        let fx = output!("DOCKER|{}", args.image.reference());
        let mut config = SiteConfig::builder()
            .linux_fx_version(fx)
            .acr_use_managed_identity_creds(true);
        if let Some(settings) = args.app_settings {
            config = config.app_settings(settings);
        }
        // What the app cannot name but needs in order to pull.
        let path = Options::depends_on([&registry.dns.link, &registry.records, &args.image.build]);
        let app = WebApp::builder(&args.group.inside(&this), &args.name)
            .plan(&args.plan)
            .kind("app,linux,container")
            .https_only(true)
            .virtual_network_subnet(&args.subnet)
            .outbound_vnet_routing(OutboundRouting::builder().image_pull_traffic(true).build())
            .identity(Identity::System)
            .site_config(config.build())
            .options(path)
            .build();
        let pull = RoleAssignment::builder(&registry.registry.inside(&this), "pull")
            .role(Role::AcrPull)
            .principal(&app)
            .build();
        Self { app, pull }
    }
}

impl IntegratedWebApp {
    /// Where it answers, `https://contoso.azurewebsites.net`.
    pub fn url(&self) -> Output<String> {
        output!("https://{}", self.app.default_host_name())
    }
}
