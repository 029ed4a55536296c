//! What the proof says of a Key Vault reference is what App Service makes of it, on
//! broken topologies: `config/configreferences` of the embedded Azure shows it, which
//! shares no code with the proof.

use std::collections::BTreeSet;
use std::sync::Arc;

use lazuli::prelude::*;
use lazuli_azure::verify::{Destination, ReachPath, Verdict, reachability};
use lazuli_engine::Operation;

use super::agreement::Random;
use super::listener::{Asked, Heard, Listener};
use crate::stack::bench::{Bench, Watch};

/// A way in which the program departs from one whose secret is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Twist {
    NoIntegration,
    NoLink,
    LinkToOtherNetwork,
    NoRecords,
    NoEndpoint,
    EndpointInOtherNetwork,
    OpenVault,
    NoRole,
    RoleThatPulls,
    RoleOfOther,
    NoIdentity,
    UserIdentity,
    UserIdentityNotNamed,
    Policies,
    NoSecret,
}

const TWISTS: [Twist; 15] = {
    use Twist::*;
    [
        NoIntegration,
        NoLink,
        LinkToOtherNetwork,
        NoRecords,
        NoEndpoint,
        EndpointInOtherNetwork,
        OpenVault,
        NoRole,
        RoleThatPulls,
        RoleOfOther,
        NoIdentity,
        UserIdentity,
        UserIdentityNotNamed,
        Policies,
        NoSecret,
    ]
};

const APP: &str = "reader2021";
const REFERENCE: &str =
    "@Microsoft.KeyVault(SecretUri=https://readervault2021.vault.azure.net/secrets/password)";

/// A vault that only its network reaches, and an app that reads a secret of it.
async fn topology(stack: Stack, twists: BTreeSet<Twist>) -> Result<()> {
    let has = |twist| twists.contains(&twist);
    let group = ResourceGroup::builder(&stack, "readers")
        .location("westeurope")
        .build();
    let network = |name: &str, range: &str| {
        VirtualNetwork::builder(&group, name)
            .address_space([range])
            .build()
    };
    let (net, other) = (
        network("net", "10.0.0.0/16"),
        network("other", "10.1.0.0/16"),
    );
    let integration = Subnet::builder(&net, "apps")
        .address_prefix("10.0.0.0/24")
        .delegation(Delegation::WebServerFarms)
        .build();
    let endpoints = if has(Twist::EndpointInOtherNetwork) {
        Subnet::builder(&other, "endpoints").address_prefix("10.1.1.0/24")
    } else {
        Subnet::builder(&net, "endpoints").address_prefix("10.0.1.0/24")
    };
    let endpoints = endpoints.build();
    let identity = UserAssignedIdentity::builder(&group, "reader").build();
    let stranger = UserAssignedIdentity::builder(&group, "stranger").build();
    let mut vault = KeyVault::builder(&group, "readervault2021")
        .tenant(identity.tenant_id())
        .sku(VaultSku::Standard)
        .enable_rbac_authorization(!has(Twist::Policies));
    if !has(Twist::OpenVault) {
        vault = vault.public_network_access(VaultAccess::Disabled);
    }
    if has(Twist::Policies) {
        vault = vault.property(
            "properties.accessPolicies",
            Vec::<lazuli::core::Property>::new(),
        );
    }
    let vault = vault.build();
    if !has(Twist::NoSecret) {
        VaultSecret::builder(&vault, "password")
            .value("hunter2")
            .build();
    }
    let zone = PrivateDnsZone::builder(&group, "privatelink.vaultcore.azure.net").build();
    if !has(Twist::NoLink) {
        let linked = if has(Twist::LinkToOtherNetwork) {
            &other
        } else {
            &net
        };
        VirtualNetworkLink::builder(&zone, "link")
            .virtual_network(linked)
            .build();
    }
    if !has(Twist::NoEndpoint) {
        let endpoint = PrivateEndpoint::builder(&group, "vault-pe")
            .subnet(&endpoints)
            .target(&vault)
            .group(PrivateLink::Vault)
            .build();
        if !has(Twist::NoRecords) {
            PrivateDnsZoneGroup::builder(&endpoint, "vault-zg")
                .zones([&zone])
                .build();
        }
    }
    let plan = LinuxPlan::builder(&group, "plan").sku(LinuxSku::B1).build();
    let config = SiteConfig::builder()
        .linux_fx_version("DOCKER|mcr.microsoft.com/appsvc/staticsite:latest")
        .app_settings([("PASSWORD", REFERENCE)]);
    let mut app = WebApp::builder(&group, APP)
        .plan(&plan)
        .site_config(config.build());
    if !has(Twist::NoIntegration) {
        app = app.virtual_network_subnet(&integration);
    }
    let by_user = has(Twist::UserIdentity);
    app = if has(Twist::NoIdentity) {
        app
    } else if by_user {
        app.identity(Identity::user([&identity]))
    } else {
        app.identity(Identity::System)
    };
    if by_user && !has(Twist::UserIdentityNotNamed) {
        let id: Input<UserAssignedIdentityId> = (&identity).into_input();
        app = app.property("properties.keyVaultReferenceIdentity", id.into_property());
    }
    let app = app.build();
    if has(Twist::NoRole) {
        return Ok(());
    }
    let role = if has(Twist::RoleThatPulls) {
        Role::AcrPull
    } else {
        Role::KeyVaultSecretsUser
    };
    let to = if has(Twist::RoleOfOther) {
        stranger.into_principal()
    } else if by_user || has(Twist::NoIdentity) {
        identity.into_principal()
    } else {
        app.into_principal()
    };
    RoleAssignment::builder(&vault, "reads")
        .role(role)
        .principal(to)
        .build();
    Ok(())
}

/// What came of the reference: resolved or not, and why.
async fn reference(bench: &Bench) -> (bool, String) {
    let path = format!(
        "/subscriptions/{}/resourceGroups/readers/providers/Microsoft.Web/sites/{APP}/config/configreferences/appsettings",
        bench.emulator.subscription()
    );
    let answer = bench.arm().get_path(&path, "2024-11-01").await.unwrap();
    let text = answer.to_string();
    (text.contains(r#""status":"Resolved""#), text)
}

fn path(declared: &[lazuli_core::DeclaredNode]) -> ReachPath {
    let paths = reachability(declared);
    let mut reads = paths
        .into_iter()
        .filter(|path| matches!(path.destination, Destination::Read { .. }));
    reads.next().expect("the setting is a reference")
}

async fn check(case: &str, twists: BTreeSet<Twist>) -> Option<bool> {
    let mut bench = Bench::new().await;
    let heard = Heard::default();
    let listener = heard.clone();
    bench.wrap(|inner| {
        Arc::new(Listener {
            inner,
            heard: listener,
            asked: Asked::default(),
        })
    });
    let program = twists.clone();
    let result = bench
        .run_program(
            Operation::Up,
            move |stack| topology(stack, program),
            &mut Watch::default(),
        )
        .await;
    result.unwrap_or_else(|error| panic!("{case} {twists:?}: {error:?}"));
    let path = path(&heard.lock().unwrap());
    let (is_resolved, shown) = reference(&bench).await;
    let shown = format!("{case} {twists:?}\n{path}{shown}");
    match path.verdict() {
        Verdict::Reaches => assert!(is_resolved, "proved, but not read: {shown}"),
        Verdict::Broken | Verdict::Doubtful => {
            assert!(!is_resolved, "said to be broken, but read: {shown}");
        }
        Verdict::Open => return None,
    }
    Some(is_resolved)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_twist_of_a_reference_is_judged_as_app_service_judges_it() {
    assert_eq!(check("none", BTreeSet::new()).await, Some(true));
    let mut judged = Vec::new();
    for twist in TWISTS {
        judged.push(Box::pin(check("alone", BTreeSet::from([twist]))).await);
    }
    let count = |expected| judged.iter().filter(|one| **one == expected).count();
    assert!(
        count(Some(true)) > 1 && count(Some(false)) > 5,
        "{judged:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_references_are_judged_as_app_service_judges_them() {
    for seed in 0..super::agreement::cases(10) {
        let mut random = Random(seed);
        let count = 1 + random.below(3);
        let twists = (0..count).map(|_| TWISTS[random.below(TWISTS.len())]);
        let twists = twists.collect();
        Box::pin(check(&format!("seed {seed}"), twists)).await;
    }
}
