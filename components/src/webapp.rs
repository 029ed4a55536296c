//! Web apps that live in a network.

use lazuli::azure::{Block, SiteConfigBuilder};
use lazuli::prelude::*;

use crate::image::{PublicImage, PullableImage};
use crate::wiring::{Container, Site};

/// A Linux web app that runs a container out of any registry: it pulls through the
/// network, with its own identity unless the image says otherwise.
#[derive(Clone)]
pub struct IntegratedWebApp {
    /// The app.
    pub app: WebApp,
    /// What allows its own identity to pull, if that is what pulls.
    pub pull: Option<RoleAssignment>,
    plan: LinuxPlan,
    subnet: IntegrationSubnet,
    api_version: Option<String>,
    component: Component,
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
    image: PullableImage,
    /// Sets app settings: `[("KEY", "value")]`.
    app_settings: Option<Map<String>>,
    /// Writes the site with another version of the API than the types' own, for a
    /// cloud that is behind: `2022-09-01`.
    api_version: Option<String>,
    /// Sets options that everything in it inherits.
    #[component(default)]
    options: Options,
}

impl From<IntegratedWebAppArgs> for IntegratedWebApp {
    #[track_caller]
    fn from(args: IntegratedWebAppArgs) -> Self {
        let (component, group) = Component::under_with(
            &args.group,
            "lazuli:components:IntegratedWebApp",
            &args.name,
            args.options,
        );
        let wiring = args.image.wire(Site {
            group: &group,
            component: &component,
            name: &args.name,
            container: Container::Linux,
            api_version: args.api_version.as_deref(),
            config: settings(args.app_settings),
        });
        let mut app = WebApp::builder(&group, &args.name)
            .plan(&args.plan)
            .kind("app,linux,container")
            .https_only(true)
            .virtual_network_subnet(&args.subnet);
        for (path, property) in wiring.properties(None) {
            app = app.property(path, property);
        }
        let app = app.options(wiring.options.clone()).build();
        let pull = wiring.role_of(&app, &component, "pull");
        Self {
            app,
            pull,
            plan: args.plan,
            subnet: args.subnet,
            api_version: args.api_version,
            component,
        }
    }
}

impl IntegratedWebApp {
    /// Where it answers, `https://contoso.azurewebsites.net`.
    #[track_caller]
    pub fn url(&self) -> Output<String> {
        output!("https://{}", self.app.default_host_name())
    }

    /// A second app beside it, on the same plan and in the same subnet, with an
    /// image, an identity and an address of its own.
    #[track_caller]
    pub fn slot(&self, name: &str, image: impl IntoArgument<PullableImage>) -> Slot {
        let app = self.app.inside(&self.component);
        let group = app.group().inside(&self.component);
        let wiring = image.into_argument().wire(Site {
            group: &group,
            component: &self.component,
            name: &format!("{}-{name}", self.app.handle().urn().name()),
            container: Container::Linux,
            api_version: self.api_version.as_deref(),
            config: settings(None),
        });
        let mut slot = WebAppSlot::builder(&app, name)
            .plan(&self.plan)
            .kind("app,linux,container")
            .https_only(true)
            .virtual_network_subnet(&self.subnet);
        for (path, property) in wiring.properties(None) {
            slot = slot.property(path, property);
        }
        let slot = slot.options(wiring.options.clone()).build();
        let pull = wiring.role_of(&slot, &self.component, &format!("pull-{name}"));
        Slot { slot, pull }
    }
}

/// A deployment slot of an [`IntegratedWebApp`].
#[derive(Clone)]
pub struct Slot {
    /// The slot.
    pub slot: WebAppSlot,
    /// What allows its own identity to pull, if that is what pulls.
    pub pull: Option<RoleAssignment>,
}

impl Slot {
    /// Where it answers, `https://contoso-staging.azurewebsites.net`.
    pub fn url(&self) -> Output<String> {
        output!("https://{}", self.slot.default_host_name())
    }

    /// Swaps it into production now, and again whenever `release` changes: the
    /// digest of its image, for example. See [`SlotSwap`].
    #[track_caller]
    pub fn swap(&self, release: impl IntoInput<String>) -> SlotSwap {
        SlotSwap::of(&self.slot, "swap", release)
    }
}

/// A Windows web app that runs a container. It can be in a network, but App
/// Service pulls its image over the internet: it takes no others.
///
/// An image that only a network reaches does not compile here:
///
/// ```compile_fail,E0277
/// # use lazuli::prelude::*;
/// # use lazuli_components::*;
/// # fn topology(group: ResourceGroup, plan: WindowsContainerPlan, registry: PrivateRegistry) {
/// WindowsWebApp::builder(&group, "web").plan(&plan).image(&registry.image("site:v1")).build();
/// # }
/// ```
///
/// One that the internet reaches does:
///
/// ```no_run
/// # use lazuli::prelude::*;
/// # use lazuli_components::*;
/// # fn topology(group: ResourceGroup, plan: WindowsContainerPlan, registry: PublicRegistry) {
/// WindowsWebApp::builder(&group, "web").plan(&plan).image(&registry.image("site:v1")).build();
/// # }
/// ```
#[derive(Clone)]
pub struct WindowsWebApp {
    /// The app.
    pub app: WebApp,
    /// What allows its own identity to pull, if that is what pulls.
    pub pull: Option<RoleAssignment>,
}

/// Arguments of [`WindowsWebApp`].
#[derive(Component)]
#[component(WindowsWebApp, "Windows web app")]
pub struct WindowsWebAppArgs {
    #[component(parent)]
    group: ResourceGroup,
    #[component(name)]
    name: String,
    /// Names the plan that it runs on.
    #[component(example = "&plan")]
    plan: WindowsContainerPlan,
    /// Names the image that it runs, out of a registry that is open to the internet.
    #[component(example = "&image")]
    image: PublicImage,
    /// Names the subnet that it reaches into the network through. Default: none.
    subnet: Option<IntegrationSubnet>,
    /// Sets app settings: `[("KEY", "value")]`.
    app_settings: Option<Map<String>>,
    /// Sets options that everything in it inherits.
    #[component(default)]
    options: Options,
}

impl From<WindowsWebAppArgs> for WindowsWebApp {
    #[track_caller]
    fn from(args: WindowsWebAppArgs) -> Self {
        let (component, group) = Component::under_with(
            &args.group,
            "lazuli:components:WindowsWebApp",
            &args.name,
            args.options,
        );
        let wiring = args.image.0.wire(Site {
            group: &group,
            component: &component,
            name: &args.name,
            container: Container::Windows,
            api_version: None,
            config: settings(args.app_settings),
        });
        let mut app = WebApp::builder(&group, &args.name)
            .plan(&args.plan)
            .kind("app,container,windows")
            .hyper_v(true)
            .https_only(true)
            .maybe(args.subnet, |app, subnet| {
                app.virtual_network_subnet(&subnet)
            });
        for (path, property) in wiring.properties(None) {
            app = app.property(path, property);
        }
        let app = app.options(wiring.options.clone()).build();
        let pull = wiring.role_of(&app, &component, "pull");
        Self { app, pull }
    }
}

impl WindowsWebApp {
    /// Where it answers, `https://contoso.azurewebsites.net`.
    #[track_caller]
    pub fn url(&self) -> Output<String> {
        output!("https://{}", self.app.default_host_name())
    }
}

/// Settings of the program's own, if it has any.
pub(crate) fn settings(settings: Option<Map<String>>) -> SiteConfigBuilder<((Block,),)> {
    match settings {
        Some(settings) => SiteConfig::builder().app_settings(settings),
        None => SiteConfig::builder(),
    }
}

/// An app is a resource to wait for; with its role it is one that can pull.
macro_rules! app {
    ($name:ident . $app:ident) => {
        impl lazuli::prelude::AsResource for $name {
            fn handle(&self) -> &lazuli::core::Handle {
                self.$app.handle()
            }
        }

        impl $crate::Puller for $name {
            fn needs(&self) -> Vec<lazuli::core::Handle> {
                let role = self.pull.iter().map(|pull| pull.handle().clone());
                role.chain([self.$app.handle().clone()]).collect()
            }
        }
    };
}
app!(IntegratedWebApp.app);
app!(WindowsWebApp.app);
app!(Slot.slot);

pub(crate) use app;
