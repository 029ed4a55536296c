//! Function apps in a container, in a network.

use lazuli::prelude::*;

use crate::image::PullableImage;
use crate::wiring::{Container, Site};

/// A plan whose function apps can be in a network: Elastic Premium or a dedicated one.
#[derive(Clone)]
pub enum FunctionPlan {
    /// Scales with the load.
    Elastic(ElasticPlan),
    /// An App Service plan.
    Dedicated(LinuxPlan),
}

#[diagnostic::do_not_recommend]
impl IntoArgument<FunctionPlan> for &ElasticPlan {
    fn into_argument(self) -> FunctionPlan {
        FunctionPlan::Elastic(self.clone())
    }
}

#[diagnostic::do_not_recommend]
impl IntoArgument<FunctionPlan> for &LinuxPlan {
    fn into_argument(self) -> FunctionPlan {
        FunctionPlan::Dedicated(self.clone())
    }
}

impl FunctionPlan {
    fn id(&self) -> Input<ServicePlanId> {
        match self {
            Self::Elastic(plan) => plan.into_input(),
            Self::Dedicated(plan) => plan.into_input(),
        }
    }
}

/// A Linux function app that runs a container out of any registry, pulled through
/// the network. It reaches its storage with its own identity: there is no key.
#[derive(Clone)]
pub struct IntegratedFunctionApp {
    /// The app.
    pub app: FunctionApp,
    /// What allows its own identity to pull, if that is what pulls.
    pub pull: Option<RoleAssignment>,
    /// What allows its host to keep locks and keys in the storage account.
    pub storage: RoleAssignment,
}

/// Arguments of [`IntegratedFunctionApp`].
#[derive(Component)]
#[component(IntegratedFunctionApp, "integrated function app")]
pub struct IntegratedFunctionAppArgs {
    #[component(parent)]
    group: ResourceGroup,
    #[component(name)]
    name: String,
    /// Names the plan that it runs on: `ElasticPlan` or `LinuxPlan`.
    #[component(example = "&plan")]
    plan: FunctionPlan,
    /// Names the subnet that it reaches into the network through.
    #[component(example = "&integration")]
    subnet: IntegrationSubnet,
    /// Names the storage account that its host works with.
    #[component(example = "&storage")]
    storage: StorageAccount,
    /// Names the image that it runs.
    #[component(example = "&image")]
    image: PullableImage,
    /// Sets app settings: `[("KEY", "value")]`.
    app_settings: Option<Map<String>>,
    /// Sets options that everything in it inherits.
    #[component(default)]
    options: Options,
}

impl From<IntegratedFunctionAppArgs> for IntegratedFunctionApp {
    #[track_caller]
    fn from(args: IntegratedFunctionAppArgs) -> Self {
        let (component, group) = Component::under_with(
            &args.group,
            "lazuli:components:IntegratedFunctionApp",
            &args.name,
            args.options,
        );
        let identity =
            UserAssignedIdentity::builder(&group, &format!("{}-host", args.name)).build();
        // Blobs hold the host's locks and keys (identity-based connections, docs).
        let storage = RoleAssignment::builder(&args.storage.inside(&component), "host")
            .role(Role::StorageBlobDataOwner)
            .principal(&identity)
            .build();
        let mut config = crate::webapp::settings(args.app_settings).app_settings([
            ("FUNCTIONS_EXTENSION_VERSION", Output::of("~4".to_owned())),
            ("AzureWebJobsStorage__accountName", args.storage.name()),
            (
                "AzureWebJobsStorage__credential",
                Output::of("managedidentity".to_owned()),
            ),
            (
                "AzureWebJobsStorage__clientId",
                identity.client_id().map(|id| id.as_str().to_owned()),
            ),
        ]);
        if let FunctionPlan::Dedicated(_) = args.plan {
            // Without it a dedicated plan puts the host to sleep (Azure Functions).
            config = config.always_on(true);
        }
        let wiring = args.image.wire(Site {
            group: &group,
            component: &component,
            name: &args.name,
            container: Container::Linux,
            api_version: None,
            config,
        });
        let options = wiring.options.clone().depends_on(&storage);
        let mut app = FunctionApp::builder(&group, &args.name)
            .plan(args.plan.id())
            .kind("functionapp,linux,container")
            .https_only(true)
            .virtual_network_subnet(&args.subnet);
        for (path, property) in wiring.properties(Some(&identity)) {
            app = app.property(path, property);
        }
        let app = app.options(options).build();
        let pull = wiring.role_of(&app, &component, "pull");
        Self { app, pull, storage }
    }
}

impl IntegratedFunctionApp {
    /// Where it answers, `https://contoso.azurewebsites.net`.
    #[track_caller]
    pub fn url(&self) -> Output<String> {
        output!("https://{}", self.app.default_host_name())
    }
}

crate::webapp::app!(IntegratedFunctionApp.app);
