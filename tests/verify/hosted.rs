//! The way to a registry that a web app is, broken link by link: what the proof says
//! of each hop is what the embedded Azure serves. Other apps are reached the same way.

use std::sync::Arc;

use lazuli::prelude::*;
use lazuli_azure::verify::{HopKind, HopState, ReachPath, reachability};
use lazuli_engine::Operation;

use super::listener::{Asked, Heard, Listener};
use crate::stack::bench::{Bench, Watch};

/// What is missing from the program, or else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Twist {
    Nothing,
    NoIntegration,
    SwitchOff,
    NoLink,
    NoRecords,
    NoEndpoint,
    EndpointInOtherNetwork,
    OpenRegistry,
}

const APP: &str = "puller2021";
const REGISTRY: &str = "hosted2021";

/// A registry in a web app, closed unless it is being filled, and an app that pulls from it.
async fn topology(stack: Stack, twist: Twist, is_filled: bool) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "hosted")
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
    let endpoints = match twist {
        Twist::EndpointInOtherNetwork => {
            Subnet::builder(&other, "endpoints").address_prefix("10.1.1.0/24")
        }
        _ => Subnet::builder(&net, "endpoints").address_prefix("10.0.1.0/24"),
    };
    let endpoints = endpoints.build();
    let plan = LinuxPlan::builder(&group, "plan").sku(LinuxSku::B1).build();
    let config = SiteConfig::builder()
        .linux_fx_version("DOCKER|registry:2")
        .app_settings([
            ("WEBSITES_PORT", "5000"),
            ("WEBSITES_ENABLE_APP_SERVICE_STORAGE", "true"),
        ]);
    let is_open = !is_filled || twist == Twist::OpenRegistry;
    let registry = WebApp::builder(&group, REGISTRY)
        .plan(&plan)
        .public_network_access(if is_open { "Enabled" } else { "Disabled" })
        .site_config(config.build())
        .build();
    if !is_filled {
        ImagePush::to_app(&registry, "site:v1", "image").build();
        return Ok(());
    }
    let zone = PrivateDnsZone::builder(&group, "privatelink.azurewebsites.net").build();
    if twist != Twist::NoLink {
        VirtualNetworkLink::builder(&zone, "link")
            .virtual_network(&net)
            .build();
    }
    if twist != Twist::NoEndpoint {
        let endpoint = PrivateEndpoint::builder(&group, "hosted-pe")
            .subnet(&endpoints)
            .target(&registry)
            .group(PrivateLink::Sites)
            .build();
        if twist != Twist::NoRecords {
            PrivateDnsZoneGroup::builder(&endpoint, "hosted-zg")
                .zones([&zone])
                .build();
        }
    }
    let image = registry
        .default_host_name()
        .map(|host| format!("DOCKER|{host}/site:v1"));
    let config = SiteConfig::builder().linux_fx_version(image);
    let mut app = WebApp::builder(&group, APP)
        .plan(&plan)
        .site_config(config.build());
    if twist != Twist::NoIntegration {
        app = app.virtual_network_subnet(&integration);
    }
    if twist != Twist::SwitchOff {
        app =
            app.outbound_vnet_routing(OutboundRouting::builder().image_pull_traffic(true).build());
    }
    app.build();
    Ok(())
}

/// Whether the way is proved; what is in the registry, no program says.
fn is_proved(path: &ReachPath) -> bool {
    let mut way = path.hops.iter().filter(|hop| hop.kind != HopKind::Content);
    way.all(|hop| matches!(hop.state, HopState::Holds | HopState::NotApplicable))
}

async fn check(twist: Twist) -> bool {
    let layout = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/custom-registry");
    let mut bench = Bench::pushing(layout).await;
    let up = async |bench: &Bench, is_filled| {
        let program = move |stack| topology(stack, twist, is_filled);
        let mut watch = Watch::default();
        let run = bench.run_program(Operation::Up, program, &mut watch);
        run.await
            .unwrap_or_else(|error| panic!("{twist:?}: {error:?}"));
    };
    up(&bench, false).await;
    let heard = Heard::default();
    let listener = heard.clone();
    bench.wrap(|inner| {
        Arc::new(Listener {
            inner,
            heard: listener,
            asked: Asked::default(),
        })
    });
    up(&bench, true).await;
    let pulls = reachability(&heard.lock().unwrap())
        .into_iter()
        .find(|path| path.app.urn.name() == APP);
    let path = pulls.expect("the app has an image");
    let page = bench
        .emulator
        .browse(&format!("https://{APP}.azurewebsites.net/"))
        .await;
    let log = bench.emulator.container_log(APP).join("\n");
    let is_served = page.status == 200;
    assert_eq!(is_proved(&path), is_served, "{twist:?}\n{path}{log}");
    is_served
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_to_a_hosted_registry_is_judged_as_it_is() {
    use Twist::*;
    for twist in [Nothing, OpenRegistry] {
        assert!(Box::pin(check(twist)).await, "{twist:?}");
    }
    for twist in [
        NoIntegration,
        SwitchOff,
        NoLink,
        NoRecords,
        NoEndpoint,
        EndpointInOtherNetwork,
    ] {
        assert!(!Box::pin(check(twist)).await, "{twist:?}");
    }
}
