//! A component as one would publish it: [`StaticSite`] is a folder that becomes a web app out of a locked-down registry,
//! network and all.
//!
//! A component is a struct of handles, a struct of arguments, and `From` between them; `#[derive(Component)]` writes the
//! builder. It depends on `lazuli`, and composes other components as programs do.
//!
//! ```
//! use component_package::StaticSite;
//! use lazuli::prelude::*;
//! use lazuli::testing::Mocks;
//!
//! async fn topology(stack: Stack) -> Result<()> {
//!     let group = ResourceGroup::builder(&stack, "blog").location("westeurope").build();
//!     let site = StaticSite::builder(&group, "contosoblog").folder("tests/site").build();
//!     stack.export("url", site.url());
//!     Ok(())
//! }
//!
//! # #[tokio::main]
//! # async fn main() {
//! let stack = Mocks::new().folder(env!("CARGO_MANIFEST_DIR")).up(topology).await.unwrap();
//! assert_eq!(stack.output("url"), Some(&"https://contosoblog.azurewebsites.net".into()));
//! # }
//! ```

use lazuli::prelude::*;
use lazuli_components::{Image, IntegratedWebApp, PrivateDnsLink, PrivateRegistry};

/// A web app that serves a folder with a Dockerfile, out of a registry that only its network reaches.
#[derive(Clone)]
pub struct StaticSite {
    /// The network that it is in.
    pub network: VirtualNetwork,
    /// The registry that holds its image.
    pub registry: PrivateRegistry,
    /// What it runs.
    pub image: Image,
    /// The app itself.
    pub app: IntegratedWebApp,
}

/// Arguments of [`StaticSite`].
#[derive(Component)]
#[component(StaticSite, "static site")]
pub struct StaticSiteArgs {
    #[component(parent)]
    group: ResourceGroup,
    #[component(name)]
    name: String,
    /// Names the folder that is served.
    #[component(example = "\"site\"")]
    folder: String,
    /// Sets the version, which tags the image. Default: `v1`.
    version: Option<String>,
    /// Sets the size of the plan. Default: `LinuxSku::B1`.
    sku: Option<LinuxSku>,
    /// Sets options that everything in it inherits.
    #[component(default)]
    options: Options,
}

impl From<StaticSiteArgs> for StaticSite {
    #[track_caller]
    fn from(args: StaticSiteArgs) -> Self {
        let ty = "example:web:StaticSite";
        let (_, group) = Component::under_with(&args.group, ty, &args.name, args.options);
        let network = VirtualNetwork::builder(&group, &format!("{}-net", args.name))
            .address_space(["10.0.0.0/24"])
            .build();
        let integration = IntegrationSubnet::builder(&network, "apps")
            .address_prefix("10.0.0.0/26")
            .build();
        let endpoints = EndpointSubnet::builder(&network, "endpoints")
            .address_prefix("10.0.0.64/27")
            .build();
        let dns = PrivateDnsLink::builder(&network, &format!("{}-dns", args.name))
            .service(PrivateLink::Registry)
            .build();
        let registry = PrivateRegistry::builder(&group, &format!("{}acr", args.name))
            .endpoint_subnet(&endpoints)
            .dns(&dns)
            .build();
        let version = args.version.unwrap_or_else(|| "v1".to_owned());
        let image = registry.build_image(&format!("site:{version}"), &args.folder);
        let plan = LinuxPlan::builder(&group, &format!("{}-plan", args.name))
            .sku(args.sku.unwrap_or(LinuxSku::B1))
            .build();
        let app = IntegratedWebApp::builder(&group, &args.name)
            .plan(&plan)
            .subnet(&integration)
            .image(&image)
            .build();
        Self {
            network,
            registry,
            image,
            app,
        }
    }
}

impl StaticSite {
    /// Where it answers, `https://contoso.azurewebsites.net`.
    #[track_caller]
    pub fn url(&self) -> Output<String> {
        self.app.url()
    }
}

#[cfg(test)]
mod tests;
