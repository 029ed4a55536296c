//! What each choice says of the app, and what it declares beside it.

use lazuli::prelude::*;
use lazuli::testing::{MockedStack, Mocks, client_of, principal_of};

use super::fixture::Network;
use crate::*;

/// A network, a private and a public registry, and a plan.
struct Stage {
    group: ResourceGroup,
    integration: IntegrationSubnet,
    endpoints: EndpointSubnet,
    network: VirtualNetwork,
    plan: LinuxPlan,
    private: PrivateRegistry,
    public: PublicRegistry,
}

fn stage(stack: &Stack) -> Stage {
    let net = Network::of(stack, "shop");
    let endpoints = net.endpoints();
    let dns = PrivateDnsLink::builder(&net.network, "acr")
        .service(PrivateLink::Registry)
        .build();
    let private = PrivateRegistry::builder(&net.group, "privateacr")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .admin_user(true)
        .build();
    let public = PublicRegistry::builder(&net.group, "publicacr").build();
    let plan = LinuxPlan::builder(&net.group, "plan")
        .sku(LinuxSku::B1)
        .build();
    Stage {
        group: net.group,
        integration: net.integration,
        endpoints,
        network: net.network,
        plan,
        private,
        public,
    }
}

impl Stage {
    fn app(&self, image: impl IntoArgument<PullableImage>) -> IntegratedWebApp {
        IntegratedWebApp::builder(&self.group, "app")
            .plan(&self.plan)
            .subnet(&self.integration)
            .image(image)
            .app_settings([("GREETING", "hello")])
            .build()
    }

    fn vault(&self) -> KeyVault {
        let tenant = UserAssignedIdentity::builder(&self.group, "who").build();
        KeyVault::builder(&self.group, "vault")
            .tenant(tenant.tenant_id())
            .sku(VaultSku::Standard)
            .enable_rbac_authorization(true)
            .build()
    }
}

async fn deployed(topology: impl FnOnce(Stage) -> Result<()> + Send + 'static) -> MockedStack {
    let program = |stack: Stack| async move { topology(stage(&stack)) };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    Mocks::new().folder(folder).up(program).await.unwrap()
}

fn site<'a>(stack: &'a MockedStack, name: &str) -> &'a lazuli::testing::MockResource {
    stack.resource("Microsoft.Web/sites", name).unwrap()
}

/// A text input of the app.
fn said(stack: &MockedStack, path: &str) -> Option<String> {
    let value = site(stack, "app").input(path)?;
    let text = value.as_str().map(str::to_owned);
    Some(text.unwrap_or_else(|| value.to_string()))
}

fn setting(stack: &MockedStack, name: &str) -> Option<String> {
    let settings = site(stack, "app").input("properties.siteConfig.appSettings")?;
    let entry = settings
        .as_list()?
        .iter()
        .find(|entry| entry.at("name").and_then(|name| name.as_str()) == Some(name))?;
    entry.at("value")?.as_str().map(str::to_owned)
}

const MANAGED: &str = "properties.siteConfig.acrUseManagedIdentityCreds";
const CLIENT: &str = "properties.siteConfig.acrUserManagedIdentityID";
const PASSWORD: &str = "DOCKER_REGISTRY_SERVER_PASSWORD";

#[tokio::test]
async fn an_app_pulls_with_the_identity_it_is_given() {
    let stack = deployed(|stage| {
        let puller = UserAssignedIdentity::builder(&stage.group, "puller").build();
        stage.app(&stage.private.image("site:v1").pulled_by(&puller));
        Ok(())
    })
    .await;
    assert_eq!(said(&stack, MANAGED).as_deref(), Some("true"));
    assert_eq!(said(&stack, CLIENT), Some(client_of("puller")));
    assert_eq!(
        said(&stack, "identity.type").as_deref(),
        Some("UserAssigned")
    );
    let role = stack.resource("Microsoft.Authorization/roleAssignments", "pull-puller");
    let principal = role.unwrap().input("properties.principalId");
    assert_eq!(principal, Some(principal_of("puller").into()));
    assert_eq!(setting(&stack, PASSWORD), None);
}

#[tokio::test]
async fn an_app_signs_in_with_the_admin_user() {
    let stack = deployed(|stage| {
        let image = stage.private.image("site:v1");
        stage.app(&image.pulled_with(stage.private.admin_user()?));
        Ok(())
    })
    .await;
    assert_eq!(said(&stack, MANAGED).as_deref(), Some("false"));
    let url = setting(&stack, "DOCKER_REGISTRY_SERVER_URL");
    assert_eq!(url.as_deref(), Some("https://privateacr.azurecr.io"));
    assert_eq!(
        setting(&stack, PASSWORD).as_deref(),
        Some("mocked-password")
    );
    assert_eq!(setting(&stack, "GREETING").as_deref(), Some("hello"));
    let shown = format!("{:?}", site(&stack, "app").inputs);
    assert!(!shown.contains("mocked-password"), "{shown}");
    let refused = Mocks::new()
        .up(|stack: Stack| async move { stage(&stack).public.admin_user().map(|_| ()) })
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("no admin user"), "{refused}");
}

#[tokio::test]
async fn a_password_in_a_vault_is_read_by_an_identity_that_has_its_role_first() {
    let stack = deployed(|stage| {
        let login = ServicePrincipal::new("client", "hunter2").kept_in(&stage.vault());
        stage.app(&stage.private.image("site:v1").pulled_with(login));
        Ok(())
    })
    .await;
    let reference = "@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/app-pull)";
    assert_eq!(setting(&stack, PASSWORD).as_deref(), Some(reference));
    let reader = said(&stack, "properties.keyVaultReferenceIdentity").unwrap();
    assert!(
        reader.ends_with("/userAssignedIdentities/app-reader"),
        "{reader}"
    );
    let secret = stack.resource("Microsoft.KeyVault/vaults/secrets", "app-pull");
    let secret = secret.unwrap();
    assert!(secret.inputs.is_secret_at("properties.value"));
    let role = stack.resource("Microsoft.Authorization/roleAssignments", "read-secrets");
    let principal = role.unwrap().input("properties.principalId");
    assert_eq!(principal, Some(principal_of("app-reader").into()));
}

#[tokio::test]
async fn other_registries_are_pulled_from_without_an_identity() {
    let stack = deployed(|stage| {
        let registry = CustomRegistry::at("https://Registry.example.com/")?;
        let image = registry.image("team/site:v1");
        stage.app(&image.pulled_with(BasicLogin::new("ada", "hunter2")));
        Ok(())
    })
    .await;
    let fx = said(&stack, "properties.siteConfig.linuxFxVersion");
    assert_eq!(
        fx.as_deref(),
        Some("DOCKER|registry.example.com/team/site:v1")
    );
    assert_eq!(said(&stack, MANAGED).as_deref(), Some("false"));
    assert_eq!(said(&stack, "identity"), None);
    assert!(CustomRegistry::at("http://x/y").is_err());
}

#[tokio::test]
async fn the_switch_is_the_one_of_the_version_and_never_two() {
    let routing = "properties.outboundVnetRouting.imagePullTraffic";
    for (version, expected) in [
        (None, [true, false, false]),
        (Some("2024-04-01"), [false, true, false]),
        (Some("2021-02-01"), [false, false, true]),
    ] {
        let stack = deployed(move |stage| {
            let mut app = IntegratedWebApp::builder(&stage.group, "app")
                .plan(&stage.plan)
                .subnet(&stage.integration)
                .image(&stage.private.image("site:v1"));
            if let Some(version) = version {
                app = app.api_version(version);
            }
            app.build();
            Ok(())
        })
        .await;
        let found = [
            said(&stack, routing).is_some(),
            said(&stack, "properties.vnetImagePullEnabled").is_some(),
            setting(&stack, "WEBSITE_PULL_IMAGE_OVER_VNET").is_some(),
        ];
        assert_eq!(found, expected, "{version:?}");
        assert_eq!(said(&stack, "apiVersion").as_deref(), version);
    }
}

#[tokio::test]
async fn a_windows_container_pulls_from_the_internet() {
    let stack = deployed(|stage| {
        let plan = WindowsContainerPlan::builder(&stage.group, "windows")
            .sku(WindowsContainerSku::P1V3)
            .build();
        WindowsWebApp::builder(&stage.group, "app")
            .plan(&plan)
            .image(&stage.public.image("site:v1"))
            .subnet(&stage.integration)
            .build();
        Ok(())
    })
    .await;
    let fx = said(&stack, "properties.siteConfig.windowsFxVersion");
    assert_eq!(fx.as_deref(), Some("DOCKER|publicacr.azurecr.io/site:v1"));
    assert_eq!(said(&stack, "properties.outboundVnetRouting"), None);
    assert_eq!(said(&stack, MANAGED).as_deref(), Some("true"));
    let plan = stack
        .resource("Microsoft.Web/serverfarms", "windows")
        .unwrap();
    assert_eq!(plan.input("properties.hyperV"), Some(true.into()));
}

#[tokio::test]
async fn a_function_app_reaches_its_storage_without_a_key() {
    let stack = deployed(|stage| {
        let plan = ElasticPlan::builder(&stage.group, "elastic")
            .sku(ElasticSku::EP1)
            .build();
        let storage = StorageAccount::builder(&stage.group, "shopstore")
            .sku(StorageSku::StandardLRS)
            .kind(StorageKind::StorageV2)
            .build();
        IntegratedFunctionApp::builder(&stage.group, "app")
            .plan(&plan)
            .subnet(&stage.integration)
            .storage(&storage)
            .image(&stage.private.image("site:v1"))
            .build();
        Ok(())
    })
    .await;
    assert_eq!(
        said(&stack, "kind").as_deref(),
        Some("functionapp,linux,container")
    );
    let kind = said(&stack, "identity.type");
    assert_eq!(kind.as_deref(), Some("SystemAssigned, UserAssigned"));
    let client = setting(&stack, "AzureWebJobsStorage__clientId");
    assert_eq!(client, Some(client_of("app-host")));
    let plan = stack
        .resource("Microsoft.Web/serverfarms", "elastic")
        .unwrap();
    assert_eq!(plan.input("kind"), Some("elastic".into()));
    assert!(
        stack
            .resource("Microsoft.Authorization/roleAssignments", "host")
            .is_some()
    );
    assert!(
        stack
            .resource("Microsoft.Authorization/roleAssignments", "pull")
            .is_some()
    );
}

#[tokio::test]
async fn a_slot_has_an_identity_and_a_role_of_its_own() {
    let stack = deployed(|stage| {
        let app = stage.app(&stage.private.image("site:v1"));
        let slot = app.slot("staging", &stage.private.image("site:v2"));
        slot.swap("v2");
        Ok(())
    })
    .await;
    let slot = stack
        .resource("Microsoft.Web/sites/slots", "staging")
        .unwrap();
    assert!(slot.id.ends_with("/sites/app/slots/staging"), "{}", slot.id);
    let fx = slot.input("properties.siteConfig.linuxFxVersion");
    assert_eq!(fx, Some("DOCKER|privateacr.azurecr.io/site:v2".into()));
    let role = stack.resource("Microsoft.Authorization/roleAssignments", "pull-staging");
    let principal = role.unwrap().input("properties.principalId");
    assert_eq!(principal, Some(principal_of("staging").into()));
    assert!(stack.resource("Lazuli.Azure/slotSwaps", "swap").is_some());
}

#[tokio::test]
async fn a_hosted_registry_is_a_web_app_behind_its_own_endpoint() {
    let stack = deployed(|stage| {
        let dns = PrivateDnsLink::builder(&stage.network, "sites")
            .service(PrivateLink::Sites)
            .build();
        let registry = HostedRegistry::builder(&stage.group, "hosted")
            .plan(&stage.plan)
            .endpoint_subnet(&stage.endpoints)
            .dns(&dns)
            .build();
        stage.app(&registry.image("site:v1"));
        Ok(())
    })
    .await;
    let registry = site(&stack, "hosted");
    let fx = registry.input("properties.siteConfig.linuxFxVersion");
    assert_eq!(fx, Some("DOCKER|registry:2".into()));
    let endpoint = stack.resource("Microsoft.Network/privateEndpoints", "hosted-pe");
    let group = "properties.privateLinkServiceConnections.0.properties.groupIds.0";
    assert_eq!(endpoint.unwrap().input(group), Some("sites".into()));
    let fx = said(&stack, "properties.siteConfig.linuxFxVersion");
    assert_eq!(
        fx.as_deref(),
        Some("DOCKER|hosted.azurewebsites.net/site:v1")
    );
}

#[tokio::test]
async fn a_zone_of_somebody_elses_is_linked_to_several_networks() {
    const ZONE: &str = "/subscriptions/hub/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io";
    let stack = deployed(|stage| {
        let spoke = VirtualNetwork::builder(&stage.group, "spoke")
            .address_space(["10.1.0.0/16"])
            .build();
        let network = VirtualNetwork::builder(&stage.group, "other")
            .address_space(["10.2.0.0/16"])
            .build();
        let anchor = Component::new(stage.group.handle().as_scope(), "test:Hub", "hub");
        let zone = PrivateDnsZone::existing(&anchor, PrivateDnsZoneId::parse(ZONE)?);
        PrivateDnsLink::builder(&network, "hub-link")
            .service(PrivateLink::Registry)
            .zone(&zone)
            .also([&spoke])
            .build();
        Ok(())
    })
    .await;
    for name in ["hub-link", "hub-link-spoke"] {
        let ty = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";
        let link = stack.resource(ty, name).unwrap();
        assert_eq!(link.id, format!("{ZONE}/virtualNetworkLinks/{name}"));
    }
    let is_zone = |one: &&lazuli::testing::MockResource| one.id == ZONE;
    assert_eq!(stack.existing.iter().filter(is_zone).count(), 1);
    assert_eq!(stack.resources.iter().filter(is_zone).count(), 0);
    let made = |one: &&lazuli::testing::MockResource| one.ty == "Microsoft.Network/privateDnsZones";
    let made: Vec<_> = stack.resources.iter().filter(made).collect();
    assert_eq!(made.len(), 1, "that of the stage, and no other: {made:?}");
}

#[tokio::test]
async fn images_can_be_built_inside_of_the_network() {
    let stack = deployed(|stage| {
        let pool = AgentPool::builder(&stage.private.registry, "builders")
            .count(1)
            .build();
        let image =
            stage
                .private
                .build_image_on(&pool, "site:v1", "examples/private-webapp/source/v1");
        stage.app(&image);
        Ok(())
    })
    .await;
    let build = stack.resource("Lazuli.Azure/imageBuilds", "site:v1");
    assert_eq!(build.unwrap().input("agentPool"), Some("builders".into()));
}

#[tokio::test]
async fn allowed_addresses_make_a_firewall() {
    let stack = deployed(|stage| {
        PublicRegistry::builder(&stage.group, "walledacr")
            .allow(["203.0.113.7", "198.51.100.0/24"])
            .build();
        Ok(())
    })
    .await;
    let registry = stack
        .resource("Microsoft.ContainerRegistry/registries", "walledacr")
        .unwrap();
    for (path, expected) in [
        ("sku.name", "Premium"),
        ("properties.networkRuleSet.defaultAction", "Deny"),
        (
            "properties.networkRuleSet.ipRules.1.value",
            "198.51.100.0/24",
        ),
    ] {
        assert_eq!(registry.input(path), Some(expected.into()), "{path}");
    }
}
