//! A program allows a finding, with a reason.

use std::path::Path;

use lazuli::prelude::*;
use lazuli::testing::Mocks;
use lazuli_core::{Diagnostic, Severity};
use lazuli_engine::EngineError;

/// An app that pulls over a network that no zone is linked to.
async fn topology(stack: Stack, allowed: Option<(&'static str, &'static str)>) -> Result<()> {
    if let Some((code, reason)) = allowed {
        stack.allow(code, reason);
    }
    let group = ResourceGroup::builder(&stack, "group")
        .location("westeurope")
        .build();
    let network = VirtualNetwork::builder(&group, "net")
        .address_space(["10.0.0.0/16"])
        .build();
    let subnet = |name: &str, range: &str| Subnet::builder(&network, name).address_prefix(range);
    let integration = subnet("apps", "10.0.0.0/24").delegation(Delegation::WebServerFarms);
    let registry = Registry::builder(&group, "registry1")
        .sku(RegistrySku::Premium)
        .public_network_access(PublicAccess::Disabled)
        .network_rule_bypass_allowed_for_tasks(true)
        .build();
    let image = ImageBuild::builder(&registry, "site:v1")
        .context("source/v1")
        .build();
    PrivateEndpoint::builder(&group, "endpoint")
        .subnet(&subnet("ends", "10.0.1.0/24").build())
        .target(&registry)
        .group(PrivateLink::Registry)
        .build();
    let plan = LinuxPlan::builder(&group, "plan")
        .sku(LinuxSku::P1V3)
        .build();
    let app = WebApp::builder(&group, "app")
        .plan(&plan)
        .virtual_network_subnet(&integration.build())
        .outbound_vnet_routing(OutboundRouting::builder().image_pull_traffic(true).build())
        .identity(Identity::System)
        .site_config(
            SiteConfig::builder()
                .linux_fx_version(output!("DOCKER|{}", image.reference()))
                .acr_use_managed_identity_creds(true)
                .build(),
        )
        .build();
    RoleAssignment::builder(&registry, "pulls")
        .role(Role::AcrPull)
        .principal(&app)
        .build();
    Ok(())
}

/// The findings, and whether they end the preview.
async fn preview(allowed: Option<(&'static str, &'static str)>) -> (Vec<Diagnostic>, bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/private-webapp");
    let mocks = Mocks::new().folder(folder);
    match mocks.preview(move |stack| topology(stack, allowed)).await {
        Ok(plan) => (plan.findings, false),
        Err(EngineError::Program { findings, .. }) => (findings, true),
        Err(error) => panic!("{error:?}"),
    }
}

async fn check(allowed: Option<(&'static str, &'static str)>, expected: &[(&str, Severity)]) {
    let (findings, ended) = preview(allowed).await;
    let found: Vec<_> = findings
        .iter()
        .map(|finding| (finding.code, finding.severity))
        .collect();
    assert_eq!(found, expected, "{allowed:?} {findings:#?}");
    let is_error = |(_, severity): &(&str, Severity)| *severity == Severity::Error;
    assert_eq!(ended, expected.iter().any(is_error), "{allowed:?}");
}

#[tokio::test]
async fn a_program_allows_a_finding_and_says_why() {
    check(None, &[("LZ2011", Severity::Error)]).await;
    let hub = "the platform team links the zone";
    check(Some(("LZ2011", hub)), &[("LZ2011", Severity::Note)]).await;
    let (findings, _) = preview(Some(("LZ2011", hub))).await;
    assert!(
        findings[0].message.ends_with(&format!("(allowed: {hub})")),
        "{findings:?}"
    );
}

#[tokio::test]
async fn a_code_that_no_rule_has_ends_the_preview_at_its_line() {
    let refused = [("LZ2011", Severity::Error), ("LZ0050", Severity::Error)];
    check(Some(("LZ2911", "a typing error")), &refused).await;
    check(Some(("LZ2011", "")), &refused).await;
    let (findings, _) = preview(Some(("LZ2911", "a typing error"))).await;
    let location = findings[1].location.as_ref().unwrap();
    assert!(location.file.ends_with("allowed.rs"), "{findings:?}");
}
