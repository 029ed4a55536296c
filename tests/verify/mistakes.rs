//! Nineteen mistakes that people make with the article's topology, each made with
//! raw resources and with components: none comes through the preview, and with
//! components two come through the compiler. `docs/verify.md` has the table; what
//! the compiler says is in `compile_fail`.

use std::path::Path;

use lazuli::prelude::*;
use lazuli::testing::Mocks;
use lazuli_components::*;
use lazuli_core::Diagnostic;
use lazuli_engine::EngineError;

/// What the preview says. An error ends it; a warning is in the plan.
async fn preview<F, Fut>(program: F) -> Vec<Diagnostic>
where
    F: FnOnce(Stack) -> Fut + Send + 'static,
    Fut: Future<Output = Result<()>> + 'static,
{
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/private-webapp");
    match Mocks::new().folder(folder).preview(program).await {
        Ok(plan) => plan.findings,
        Err(EngineError::Program { findings, .. }) => findings,
        Err(error) => panic!("{error:?}"),
    }
}

/// The mistakes by their number in the table, and the code that names each. Those
/// that are left out do not compile.
const RAW: [(u32, &str); 16] = [
    (1, "LZ2003"),
    (2, "LZ2004"),
    (4, "LZ2011"),
    (5, "LZ2012"),
    (6, "LZ2006"),
    (7, "LZ2008"),
    (8, "LZ2013"),
    (9, "LZ2013"),
    (10, "LZ2024"),
    (11, "LZ2007"),
    (12, "LZ1010"),
    (13, "LZ2005"),
    (14, "LZ2040"),
    (15, "LZ2002"),
    (18, "LZ2026"),
    (19, "LZ2015"),
];

#[tokio::test]
async fn no_mistake_with_raw_resources_comes_through_the_preview() {
    assert_eq!(preview(|stack| raw(stack, 0)).await, [], "no mistake");
    for (mistake, code) in RAW {
        let findings = preview(move |stack| raw(stack, mistake)).await;
        let named = findings.iter().find(|finding| finding.code == code);
        let named = named.unwrap_or_else(|| panic!("{mistake}: no {code} in {findings:#?}"));
        assert_eq!(
            named.severity,
            lazuli_core::Severity::Error,
            "{mistake}: {named:?}"
        );
        let location = named.location.as_ref().unwrap();
        assert!(
            location.file.ends_with("mistakes.rs"),
            "{mistake}: {location}"
        );
        assert!(named.help.is_some(), "{mistake}: {named:?}");
    }
}

#[tokio::test]
async fn the_two_mistakes_that_components_leave_are_seen_in_the_preview() {
    assert_eq!(
        preview(|stack| components(stack, 0)).await,
        [],
        "no mistake"
    );
    for (mistake, code) in [(2, "LZ2004"), (15, "LZ2002")] {
        let findings = preview(move |stack| components(stack, mistake)).await;
        let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [code], "{mistake}");
    }
}

/// Where mistakes 10 and 12 would be made: a component takes no image that only a
/// network reaches, and no id of an identity, so that what compiles is right.
#[tokio::test]
async fn the_components_of_the_windows_container_and_of_the_identity_leave_nothing_to_find() {
    assert_eq!(preview(|stack| components(stack, 12)).await, []);
    assert_eq!(preview(|stack| windows(stack, false)).await, []);
    let findings = preview(|stack| windows(stack, true)).await;
    let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["LZ2067"], "{findings:#?}");
}

/// A Windows container out of components, which signs in with its identity or as
/// a service principal.
async fn windows(stack: Stack, by_principal: bool) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "windows")
        .location("westcentralus")
        .build();
    let registry = PublicRegistry::builder(&group, "windowsacr2021").build();
    let mut site = registry.build_image("site:v1", "source/v1");
    if by_principal {
        let client = "11111111-1111-4111-8111-111111111111";
        site = site.pulled_with(ServicePrincipal::new(client, "hunter2"));
    }
    let plan = WindowsContainerPlan::builder(&group, "plan")
        .sku(WindowsContainerSku::P1V3)
        .build();
    WindowsWebApp::builder(&group, "windows2021")
        .plan(&plan)
        .image(&site)
        .build();
    Ok(())
}

/// An image is a value of what builds it; only its tag can be chosen by a text.
#[tokio::test]
async fn a_tag_that_is_not_built_fails_the_program_itself() {
    let findings = preview(|stack| components(stack, 19)).await;
    assert_eq!(findings[0].code, "LZ0010", "{findings:#?}");
    let help = findings[0].help.as_deref().unwrap_or_default();
    assert!(help.contains("lnx-v1"), "{findings:#?}");
}

/// A second writer of settings is a raw resource in any program.
#[tokio::test]
async fn a_second_writer_beside_components_is_seen_too() {
    let findings = preview(|stack| components(stack, 18)).await;
    assert!(
        findings.iter().any(|finding| finding.code == "LZ2026"),
        "{findings:#?}"
    );
}

/// The article's program out of raw resources, with one mistake.
async fn raw(stack: Stack, mistake: u32) -> Result<()> {
    let is = |number: u32| mistake == number;
    let group = ResourceGroup::builder(&stack, "secureacrsetup")
        .location("westcentralus")
        .build();
    let network = VirtualNetwork::builder(&group, "secureacr-vnet")
        .address_space(["10.0.0.0/16"])
        .build();
    let range = if is(2) { "10.0.0.0/29" } else { "10.0.0.0/24" };
    let integration = Subnet::builder(&network, "vnet-integration-subnet").address_prefix(range);
    let integration = if is(1) {
        integration.build()
    } else {
        integration.delegation(Delegation::WebServerFarms).build()
    };
    let range = if is(15) {
        "10.0.0.128/25"
    } else {
        "10.0.1.0/24"
    };
    let endpoints = Subnet::builder(&network, "private-endpoint-subnet")
        .address_prefix(range)
        .build();
    let name = if is(14) {
        "privatelink.acr.io"
    } else {
        "privatelink.azurecr.io"
    };
    let zone = PrivateDnsZone::builder(&group, name).build();
    if !is(4) {
        VirtualNetworkLink::builder(&zone, "acr-zonelink")
            .virtual_network(&network)
            .build();
    }
    let registry = Registry::builder(&group, "secureacr2021")
        .sku(if is(6) {
            RegistrySku::Standard
        } else {
            RegistrySku::Premium
        })
        .public_network_access(PublicAccess::Disabled)
        .network_rule_bypass_allowed_for_tasks(true)
        .build();
    let build = ImageBuild::builder(&registry, "privatewebsite:lnx-v1")
        .context("source/v1")
        .build();
    let endpoint = PrivateEndpoint::builder(&group, "secureacr-pe")
        .subnet(if is(13) { &integration } else { &endpoints })
        .target(&registry)
        .group(PrivateLink::Registry)
        .build();
    if !is(5) {
        PrivateDnsZoneGroup::builder(&endpoint, "secureacr-zg")
            .zones([&zone])
            .build();
    }
    let plan = ServicePlan::builder(&group, "secureacrplan")
        .os(if is(10) {
            Os::WindowsContainer
        } else {
            Os::Linux
        })
        .sku(if is(11) { PlanSku::F1 } else { PlanSku::P1V3 })
        .build();
    let app = WebApp::builder(&group, "secureacrweb2021")
        .plan(&plan)
        .virtual_network_subnet(&integration)
        .identity(Identity::System)
        .site_config(config(&group, &registry, mistake))
        .options(Options::new().depends_on(&build))
        .build();
    let other = WebApp::builder(&group, "another-app")
        .plan(&plan)
        .identity(Identity::System)
        .build();
    if !is(8) {
        RoleAssignment::builder(&registry, "app-pulls")
            .role(Role::AcrPull)
            .principal(if is(9) { &other } else { &app })
            .build();
    }
    if is(18) {
        settings_again(&app);
    }
    Ok(())
}

fn config(group: &ResourceGroup, registry: &Registry, mistake: u32) -> SiteConfig {
    let tag = if mistake == 19 { "lnx-v2" } else { "lnx-v1" };
    let host = registry.login_server();
    let image = host.map(move |host| format!("DOCKER|{host}/privatewebsite:{tag}"));
    let mut config = SiteConfig::builder().acr_use_managed_identity_creds(true);
    config = match mistake {
        10 => config.windows_fx_version(image),
        _ => config.linux_fx_version(image),
    };
    if mistake == 12 {
        // The typed setter takes a client id only; this is the way around it.
        let identity = UserAssignedIdentity::builder(group, "secureacr-identity").build();
        config = config.property("acrUserManagedIdentityID", identity.id());
    }
    if mistake != 7 {
        config = config.app_settings([("WEBSITE_PULL_IMAGE_OVER_VNET", "true")]);
    }
    config.build()
}

fn settings_again(app: &WebApp) {
    ArmResource::builder(app, "Microsoft.Web/sites/config@2024-11-01", "appsettings")
        .property("properties.GREETING", "hello")
        .build();
}

/// The article's program out of components, with one mistake.
async fn components(stack: Stack, mistake: u32) -> Result<()> {
    let is = |number: u32| mistake == number;
    let group = ResourceGroup::builder(&stack, "secureacrsetup")
        .location("westcentralus")
        .build();
    let network = VirtualNetwork::builder(&group, "secureacr-vnet")
        .address_space(["10.0.0.0/16"])
        .build();
    let integration = IntegrationSubnet::builder(&network, "vnet-integration-subnet")
        .address_prefix(if is(2) { "10.0.0.0/29" } else { "10.0.0.0/24" })
        .build();
    let endpoints = EndpointSubnet::builder(&network, "private-endpoint-subnet")
        .address_prefix(if is(15) {
            "10.0.0.128/25"
        } else {
            "10.0.1.0/24"
        })
        .build();
    let dns = PrivateDnsLink::builder(&network, "acr-zonelink")
        .service(PrivateLink::Registry)
        .build();
    let registry = PrivateRegistry::builder(&group, "secureacr2021")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .build();
    let images = registry.build_images("privatewebsite", [("lnx-v1", "source/v1")]);
    let mut site = images.tagged(if is(19) { "lnx-v2" } else { "lnx-v1" })?;
    if is(12) {
        let identity = UserAssignedIdentity::builder(&group, "secureacr-identity").build();
        site = site.pulled_by(&identity);
    }
    let plan = LinuxPlan::builder(&group, "secureacrplan")
        .sku(LinuxSku::P1V3)
        .build();
    let app = IntegratedWebApp::builder(&group, "secureacrweb2021")
        .plan(&plan)
        .subnet(&integration)
        .image(&site)
        .app_settings([("GREETING", "good morning")])
        .build();
    if is(18) {
        settings_again(&app.app);
    }
    Ok(())
}
