//! The article's topology and its alternatives, with links that can be broken,
//! any number of them at once.

use std::collections::BTreeSet;

use lazuli::core::{Property, Value};
use lazuli::prelude::*;

/// A way in which the program departs from the article. Some break the path,
/// some are alternatives of the article, some do both, depending on the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Twist {
    NoIntegration,
    NoDelegation,
    SmallSubnet,
    SwitchOff,
    SwitchBySetting,
    NoLink,
    LinkToOtherNetwork,
    ZoneOfOtherCloud,
    NoRecords,
    RecordsInOtherZone,
    NoEndpoint,
    EndpointInOtherNetwork,
    EndpointAwaitsApproval,
    TwoConnections,
    OpenRegistry,
    DenyWithoutRules,
    StandardRegistry,
    NoArmTokens,
    ByRepository,
    RepositoryReader,
    NoRole,
    RoleThatDeletes,
    RoleOfOther,
    RoleOnGroup,
    NoIdentity,
    UserIdentity,
    UserIdentityNotAttached,
    NoCredentials,
    AnonymousPulls,
    UnknownTag,
    FreePlan,
    OtherRegion,
}

pub(super) const TWISTS: [Twist; 32] = {
    use Twist::*;
    [
        NoIntegration,
        NoDelegation,
        SmallSubnet,
        SwitchOff,
        SwitchBySetting,
        NoLink,
        LinkToOtherNetwork,
        ZoneOfOtherCloud,
        NoRecords,
        RecordsInOtherZone,
        NoEndpoint,
        EndpointInOtherNetwork,
        EndpointAwaitsApproval,
        TwoConnections,
        OpenRegistry,
        DenyWithoutRules,
        StandardRegistry,
        NoArmTokens,
        ByRepository,
        RepositoryReader,
        NoRole,
        RoleThatDeletes,
        RoleOfOther,
        RoleOnGroup,
        NoIdentity,
        UserIdentity,
        UserIdentityNotAttached,
        NoCredentials,
        AnonymousPulls,
        UnknownTag,
        FreePlan,
        OtherRegion,
    ]
};

pub(super) const APP: &str = "secureacrweb2021";

const MANUAL: &str = "properties.manualPrivateLinkServiceConnections";

/// A connection to a registry, in the list that wants approval.
fn connection(registry: &Registry) -> Vec<Property> {
    let mut connection = Property::map();
    connection.set("name", Property::Value(Value::from("secureacr-pe")));
    let groups = Value::from(serde_json::json!(["registry"]));
    connection.set("properties.groupIds", Property::Value(groups));
    let target = Input::Output(registry.id()).into_property();
    connection.set("properties.privateLinkServiceId", target);
    vec![connection]
}

/// The program with its twists.
pub(super) async fn topology(stack: Stack, twists: BTreeSet<Twist>) -> Result<()> {
    let parts = Parts::new(&stack, twists);
    let registry = parts.registry();
    let build = ImageBuild::builder(&registry, "privatewebsite:lnx-v1")
        .context("source")
        .build();
    let private = parts.private(&registry);
    parts.app(&registry, &build, private);
    Ok(())
}

struct Parts {
    twists: BTreeSet<Twist>,
    group: ResourceGroup,
    network: VirtualNetwork,
    other: VirtualNetwork,
    integration: Subnet,
}

impl Parts {
    fn new(stack: &Stack, twists: BTreeSet<Twist>) -> Self {
        let group = ResourceGroup::builder(stack, "secureacrsetup")
            .location("westcentralus")
            .build();
        let network = VirtualNetwork::builder(&group, "secureacr-vnet")
            .address_space(["10.0.0.0/16"])
            .build();
        let other = VirtualNetwork::builder(&group, "other-vnet")
            .address_space(["10.1.0.0/16"])
            .build();
        let small = twists.contains(&Twist::SmallSubnet);
        let range = if small { "10.0.0.0/29" } else { "10.0.0.0/24" };
        let integration =
            Subnet::builder(&network, "vnet-integration-subnet").address_prefix(range);
        let integration = if twists.contains(&Twist::NoDelegation) {
            integration
        } else {
            integration.delegation(Delegation::WebServerFarms)
        };
        Self {
            integration: integration.build(),
            twists,
            group,
            network,
            other,
        }
    }

    fn has(&self, twist: Twist) -> bool {
        self.twists.contains(&twist)
    }

    fn registry(&self) -> Registry {
        let access = if self.has(Twist::OpenRegistry) || self.has(Twist::DenyWithoutRules) {
            PublicAccess::Enabled
        } else {
            PublicAccess::Disabled
        };
        let sku = if self.has(Twist::StandardRegistry) {
            RegistrySku::Standard
        } else {
            RegistrySku::Premium
        };
        let mut registry = Registry::builder(&self.group, "secureacr2021")
            .sku(sku)
            .public_network_access(access)
            .network_rule_bypass_allowed_for_tasks(true);
        if self.has(Twist::DenyWithoutRules) {
            registry = registry.property("properties.networkRuleSet.defaultAction", "Deny");
        }
        if self.has(Twist::NoArmTokens) {
            let policy = "properties.policies.azureADAuthenticationAsArmPolicy.status";
            registry = registry.property(policy, "disabled");
        }
        if self.has(Twist::ByRepository) {
            registry = registry.role_assignment_mode(RoleAssignmentMode::AbacRepositoryPermissions);
        }
        if self.has(Twist::AnonymousPulls) {
            registry = registry.anonymous_pull_enabled(true);
        }
        registry.build()
    }

    /// Zone, link, endpoint and records; what the app has to wait for.
    fn private(&self, registry: &Registry) -> Vec<Box<dyn AsResource>> {
        let name = if self.has(Twist::ZoneOfOtherCloud) {
            "privatelink.azurecr.us"
        } else {
            "privatelink.azurecr.io"
        };
        let mut made: Vec<Box<dyn AsResource>> = Vec::new();
        let zone = PrivateDnsZone::builder(&self.group, name).build();
        if !self.has(Twist::NoLink) {
            let network = if self.has(Twist::LinkToOtherNetwork) {
                &self.other
            } else {
                &self.network
            };
            let link = VirtualNetworkLink::builder(&zone, "acr-zonelink");
            made.push(Box::new(link.virtual_network(network).build()));
        }
        if self.has(Twist::NoEndpoint) {
            return made;
        }
        let zone = if self.has(Twist::RecordsInOtherZone) {
            PrivateDnsZone::builder(&self.group, "privatelink.acr.internal").build()
        } else {
            zone
        };
        let subnet = self.endpoints();
        if self.has(Twist::EndpointAwaitsApproval) {
            made.extend(self.asking_endpoint(registry, &subnet, &zone));
            return made;
        }
        let mut endpoint = PrivateEndpoint::builder(&self.group, "secureacr-pe")
            .subnet(&subnet)
            .target(registry)
            .group(PrivateLink::Registry);
        if self.has(Twist::TwoConnections) {
            endpoint = endpoint.property(MANUAL, connection(registry));
        }
        let endpoint = endpoint.build();
        if !self.has(Twist::NoRecords) {
            let records = PrivateDnsZoneGroup::builder(&endpoint, "secureacr-zg");
            made.push(Box::new(records.zones([&zone]).build()));
        }
        made.push(Box::new(endpoint));
        made
    }

    fn endpoints(&self) -> Subnet {
        let elsewhere = self.has(Twist::EndpointInOtherNetwork);
        let (network, range) = if elsewhere {
            (&self.other, "10.1.1.0/24")
        } else {
            (&self.network, "10.0.1.0/24")
        };
        Subnet::builder(network, "private-endpoint-subnet")
            .address_prefix(range)
            .build()
    }

    /// An endpoint whose connection somebody has to approve; it has no builder.
    fn asking_endpoint(
        &self,
        registry: &Registry,
        subnet: &Subnet,
        zone: &PrivateDnsZone,
    ) -> Vec<Box<dyn AsResource>> {
        let ty = "Microsoft.Network/privateEndpoints@2025-01-01";
        let endpoint = ArmResource::builder(&self.group, ty, "secureacr-pe")
            .location("westcentralus")
            .property("properties.subnet.id", subnet.id())
            .property(MANUAL, connection(registry))
            .build();
        if self.has(Twist::NoRecords) {
            return vec![Box::new(endpoint)];
        }
        let ty = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-01-01";
        let mut config = Property::map();
        config.set("name", Property::Value(Value::from("registry")));
        let id = Input::Output(zone.id()).into_property();
        config.set("properties.privateDnsZoneId", id);
        let records = ArmResource::builder(&endpoint, ty, "secureacr-zg")
            .property("properties.privateDnsZoneConfigs", vec![config])
            .build();
        vec![Box::new(endpoint), Box::new(records)]
    }

    fn app(&self, registry: &Registry, build: &ImageBuild, private: Vec<Box<dyn AsResource>>) {
        let free = self.has(Twist::FreePlan);
        let mut plan = ServicePlan::builder(&self.group, "secureacrplan")
            .os(Os::Linux)
            .sku(if free { PlanSku::F1 } else { PlanSku::P1V3 });
        if self.has(Twist::OtherRegion) {
            plan = plan.location("eastus");
        }
        let identity = UserAssignedIdentity::builder(&self.group, "secureacr-identity").build();
        let after = Options::new().depends_on(build);
        let after = private
            .iter()
            .fold(after, |after, made| after.depends_on(&**made));
        let mut app = WebApp::builder(&self.group, APP)
            .plan(&plan.build())
            .site_config(self.config(registry, &identity))
            .options(after);
        if !self.has(Twist::NoIntegration) {
            app = app.virtual_network_subnet(&self.integration);
        }
        if !self.has(Twist::SwitchOff) && !self.has(Twist::SwitchBySetting) {
            app = app
                .outbound_vnet_routing(OutboundRouting::builder().image_pull_traffic(true).build());
        }
        app = match self.has(Twist::UserIdentity) {
            _ if self.has(Twist::NoIdentity) => app,
            true => app.identity(Identity::user([&identity])),
            false => app.identity(Identity::System),
        };
        self.role(registry, &app.build(), &identity);
    }

    fn config(&self, registry: &Registry, identity: &UserAssignedIdentity) -> SiteConfig {
        let tag = if self.has(Twist::UnknownTag) {
            "lnx-v9"
        } else {
            "lnx-v1"
        };
        let host = registry.login_server();
        let image = host.map(move |host| format!("DOCKER|{host}/privatewebsite:{tag}"));
        let mut config = SiteConfig::builder()
            .linux_fx_version(image)
            .acr_use_managed_identity_creds(!self.has(Twist::NoCredentials));
        if self.has(Twist::UserIdentity) || self.has(Twist::UserIdentityNotAttached) {
            config = config.acr_user_managed_identity(identity.client_id());
        }
        if self.has(Twist::SwitchBySetting) && !self.has(Twist::SwitchOff) {
            config = config.app_settings([("WEBSITE_PULL_IMAGE_OVER_VNET", "true")]);
        }
        config.build()
    }

    fn role(&self, registry: &Registry, app: &WebApp, identity: &UserAssignedIdentity) {
        if self.has(Twist::NoRole) {
            return;
        }
        let role = match self.has(Twist::RepositoryReader) {
            _ if self.has(Twist::RoleThatDeletes) => Role::AcrDelete,
            true => Role::RepositoryReader,
            false => Role::AcrPull,
        };
        let system = !self.has(Twist::UserIdentity) && !self.has(Twist::NoIdentity);
        // An app without an identity of its own can be given nothing.
        let to_app = system != self.has(Twist::RoleOfOther) && system;
        let principal = if to_app {
            app.into_principal()
        } else if self.has(Twist::RoleOfOther) && !system {
            self.stranger().into_principal()
        } else {
            identity.into_principal()
        };
        if self.has(Twist::RoleOnGroup) {
            RoleAssignment::builder(&self.group, "pulls")
                .role(role)
                .principal(principal)
                .build()
        } else {
            RoleAssignment::builder(registry, "pulls")
                .role(role)
                .principal(principal)
                .build()
        };
    }

    fn stranger(&self) -> UserAssignedIdentity {
        UserAssignedIdentity::builder(&self.group, "stranger").build()
    }
}
