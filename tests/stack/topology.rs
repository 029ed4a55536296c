//! The article's stack out of raw resources, with links that can be left out.

use lazuli::prelude::*;

/// What is missing from the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Without {
    #[default]
    Nothing,
    ZoneLink,
    ZoneGroup,
    Role,
    PullOverNetwork,
    Tag,
}

pub(crate) const APP: &str = "secureacrweb2021";

/// The program.
pub(crate) async fn topology(stack: Stack, without: Without) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "secureacrsetup")
        .location("westcentralus")
        .build();
    let network = VirtualNetwork::builder(&group, "secureacr-vnet")
        .address_space(["10.0.0.0/16"])
        .build();
    let integration = Subnet::builder(&network, "vnet-integration-subnet")
        .address_prefix("10.0.0.0/24")
        .delegation(Delegation::WebServerFarms)
        .build();
    let endpoints = Subnet::builder(&network, "private-endpoint-subnet")
        .address_prefix("10.0.1.0/24")
        .private_endpoint_network_policies(Policies::Disabled)
        .build();
    let zone = PrivateDnsZone::builder(&group, "privatelink.azurecr.io").build();
    if without != Without::ZoneLink {
        VirtualNetworkLink::builder(&zone, "acr-zonelink")
            .virtual_network(&network)
            .build();
    }
    let registry = Registry::builder(&group, "secureacr2021")
        .sku(RegistrySku::Premium)
        .public_network_access(PublicAccess::Disabled)
        .network_rule_bypass_allowed_for_tasks(true)
        .build();
    let build = ImageBuild::builder(&registry, "privatewebsite:lnx-v1")
        .context("source")
        .build();
    let endpoint = PrivateEndpoint::builder(&group, "secureacr-pe")
        .subnet(&endpoints)
        .target(&registry)
        .group(PrivateLink::Registry)
        .build();
    if without != Without::ZoneGroup {
        PrivateDnsZoneGroup::builder(&endpoint, "secureacr-zg")
            .zones([&zone])
            .build();
    }
    let plan = ServicePlan::builder(&group, "secureacrplan")
        .os(Os::Linux)
        .sku(PlanSku::P1V3)
        .build();
    let tag = if without == Without::Tag {
        "lnx-v9"
    } else {
        "lnx-v1"
    };
    let image = registry
        .login_server()
        .map(move |host| format!("DOCKER|{host}/privatewebsite:{tag}"));
    let config = SiteConfig::builder()
        .linux_fx_version(image)
        .acr_use_managed_identity_creds(true);
    let config = match without {
        Without::PullOverNetwork => config,
        _ => config.app_settings([("WEBSITE_PULL_IMAGE_OVER_VNET", "true")]),
    };
    let app = WebApp::builder(&group, APP)
        .plan(&plan)
        .https_only(true)
        .virtual_network_subnet(&integration)
        .identity(Identity::System)
        .site_config(config.build())
        .options(Options::new().depends_on((&build, &endpoint)))
        .build();
    if without != Without::Role {
        RoleAssignment::builder(&registry, "app-pulls")
            .role(Role::AcrPull)
            .principal(&app)
            .build();
    }
    stack.export(
        "url",
        app.default_host_name()
            .map(|host| format!("https://{host}")),
    );
    stack.export("digest", build.digest());
    Ok(())
}
