//! The network's part of a pull: switch, integration, endpoint, DNS.

use lazuli_arm::ResourceId;
use lazuli_core::{Diagnostic, Value};

use super::graph::{Graph, Node};
use super::network::{ENDPOINT, LINK, SITE_SUBNET, targets};
use super::pull::{Pull, setting};

const ZONE_GROUP: &str = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";
const ZONE_CONFIGS: &str = "properties.privateDnsZoneConfigs";
const RECORD: &str = "Microsoft.Network/privateDnsZones/A";
const PEERING: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";

/// How the private zone of registries is called in every cloud, but for its end.
const ZONE_PREFIX: &str = "privatelink.azurecr.";

/// The switch in its three generations. The site's own wins over the app
/// setting; all traffic includes the pull (App Service documentation).
const SETTING: &str = "WEBSITE_PULL_IMAGE_OVER_VNET";
const PROPERTY: &str = "properties.vnetImagePullEnabled";
const ROUTING: [&str; 2] = [
    "properties.outboundVnetRouting.imagePullTraffic",
    "properties.outboundVnetRouting.allTraffic",
];

pub(super) fn verify(pull: &Pull<'_, '_>, findings: &mut Vec<Diagnostic>) {
    let switch = switch(pull.site);
    if pull.windows && switch == Switch::On {
        findings.push(windows(pull));
    }
    if !is_closed(pull.registry) {
        return;
    }
    if switch == Switch::Off {
        findings.push(pull.site.warning(
            "LZ2008",
            format!("the registry {} is closed to the public network, but the app pulls over that", pull.registry.called()),
            "switch `outboundVnetRouting.imagePullTraffic` on: routing all *application* traffic does not include the pull",
        ));
    }
    if pull.site.is_unknown(SITE_SUBNET) {
        return;
    }
    let Some(network) = pull
        .site
        .reference(SITE_SUBNET)
        .and_then(|subnet| subnet.parent())
    else {
        findings.push(pull.site.warning(
            "LZ2009",
            format!("the registry {} is closed to the public network, and the app is in no other", pull.registry.called()),
            "integrate the app into the network of the registry's private endpoint: `.subnet(&integration)`",
        ));
        return;
    };
    endpoint(pull, &network, findings);
}

/// Whether only a private endpoint leads to the registry. App Service is not
/// among the trusted services (registry documentation).
pub(super) fn is_closed(registry: Node<'_>) -> bool {
    let denied = registry.says("properties.networkRuleSet.defaultAction", &["Deny"]);
    registry.says("properties.publicNetworkAccess", &["Disabled"])
        || (denied
            && registry
                .list("properties.networkRuleSet.ipRules")
                .is_empty())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    On,
    Off,
    Unknown,
}

fn switch(site: Node<'_>) -> Switch {
    let flags = [PROPERTY, ROUTING[0], ROUTING[1]];
    let settings = "properties.siteConfig.appSettings";
    let by_setting = setting(site, SETTING).and_then(Value::as_str);
    let on = by_setting.is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1");
    match () {
        () if flags.iter().any(|flag| site.flag(flag)) || on => Switch::On,
        // A whole list that is not known may hold the setting.
        () if flags.iter().any(|flag| site.is_unknown(flag)) => Switch::Unknown,
        () if matches!(site.value(settings), Some(Value::Unknown(_))) => Switch::Unknown,
        () if matches!(setting(site, SETTING), Some(Value::Unknown(_))) => Switch::Unknown,
        () => Switch::Off,
    }
}

/// LZ2017.
pub(super) fn one_switch(site: Node<'_>) -> Option<Diagnostic> {
    let ways = [
        (
            setting(site, SETTING).is_some(),
            format!("app setting `{SETTING}`"),
        ),
        (
            site.value(PROPERTY).is_some(),
            "`vnetImagePullEnabled`".to_owned(),
        ),
        (
            ROUTING.iter().any(|path| site.value(path).is_some()),
            "`outboundVnetRouting`".to_owned(),
        ),
    ];
    let used: Vec<String> = ways
        .into_iter()
        .filter(|(used, _)| *used)
        .map(|(_, name)| name)
        .collect();
    (used.len() > 1).then(|| {
        site.error(
            "LZ2017",
            format!(
                "pulling over the network is set in more than one way: {}",
                used.join(" and ")
            ),
            "keep `outboundVnetRouting`, which is the newest, and leave the others out",
        )
    })
}

/// LZ2024.
fn windows(pull: &Pull<'_, '_>) -> Diagnostic {
    pull.site.error(
        "LZ2024",
        "a Windows container is not pulled over the virtual network".to_owned(),
        "use a Linux container, or leave the registry's public access open",
    )
}

/// LZ2010, and what hangs on the endpoint.
fn endpoint(pull: &Pull<'_, '_>, network: &ResourceId, findings: &mut Vec<Diagnostic>) {
    let (graph, site, registry) = (pull.graph, pull.site, pull.registry);
    let Some(registry_id) = registry.id() else {
        return;
    };
    let leads = |endpoint: &Node<'_>| targets(*endpoint).any(|target| target == registry_id);
    let endpoints: Vec<Node<'_>> = graph.of_type(ENDPOINT).filter(leads).collect();
    if endpoints.is_empty() {
        findings.push(site.warning(
            "LZ2010",
            format!(
                "the registry {} is closed to the public network, and has no private endpoint",
                registry.called()
            ),
            format!(
                "declare a private endpoint of the registry in the network `{}`",
                network.name()
            ),
        ));
        return;
    }
    let here = |endpoint: &&Node<'_>| {
        let subnet = "properties.subnet.id";
        endpoint.is_unknown(subnet)
            || endpoint
                .reference(subnet)
                .is_some_and(|subnet| subnet.is_within(network))
    };
    if !endpoints.iter().any(|endpoint| here(&endpoint)) && graph.of_type(PEERING).next().is_none()
    {
        findings.push(site.warning(
            "LZ2010",
            format!(
                "no private endpoint of the registry {} is in the app's network `{}`",
                registry.called(),
                network.name()
            ),
            "put one there, or make sure that the networks are peered",
        ));
    }
    dns(pull, network, &endpoints, findings);
}

/// LZ2011 and LZ2012.
fn dns(
    pull: &Pull<'_, '_>,
    network: &ResourceId,
    endpoints: &[Node<'_>],
    findings: &mut Vec<Diagnostic>,
) {
    let Some(linked) = linked_zones(pull.graph, network) else {
        return;
    };
    if linked.is_empty() {
        let own = pull.graph.find(network);
        let servers = "properties.dhcpOptions.dnsServers";
        // DNS servers of one's own may know the zone by other ways.
        if own.is_some_and(|own| own.value(servers).is_some()) {
            return;
        }
        let message = format!(
            "the network `{}` is not linked to the private zone of registries, so the app finds the public address of {}",
            network.name(),
            pull.registry.called()
        );
        let help = format!("link the zone `{ZONE_PREFIX}io` (or your cloud's) to the network");
        findings.push(pull.site.warning("LZ2011", message, help));
        return;
    }
    let kept = |endpoint: &Node<'_>| keeps_records(pull.graph, *endpoint, &linked);
    if !endpoints.iter().any(kept) && !has_records(pull.graph, &linked) {
        let endpoint = endpoints[0];
        findings.push(endpoint.warning(
            "LZ2012",
            format!("the endpoint keeps no records in the zone that the network of the app {} is linked to", pull.site.called()),
            "give the endpoint a DNS zone group with that zone",
        ));
    }
}

/// The private zones of registries that are linked to the network; `None` when
/// a link is not known well enough.
fn linked_zones(graph: &Graph<'_>, network: &ResourceId) -> Option<Vec<ResourceId>> {
    let mut zones = Vec::new();
    for link in graph.of_type(LINK) {
        let zone = link.parent()?;
        if !zone.name().to_ascii_lowercase().starts_with(ZONE_PREFIX) {
            continue;
        }
        if link.is_unknown("properties.virtualNetwork.id") {
            return None;
        }
        if link.reference("properties.virtualNetwork.id").as_ref() == Some(network) {
            zones.push(zone);
        }
    }
    Some(zones)
}

fn keeps_records(graph: &Graph<'_>, endpoint: Node<'_>, linked: &[ResourceId]) -> bool {
    let Some(id) = endpoint.id() else { return true };
    let groups = graph
        .of_type(ZONE_GROUP)
        .filter(|group| group.parent().as_ref() == Some(&id));
    groups.into_iter().any(|group| {
        group.is_unknown(ZONE_CONFIGS)
            || group.list(ZONE_CONFIGS).iter().any(|config| {
                let zone = config
                    .at("properties.privateDnsZoneId")
                    .and_then(Value::as_str);
                zone.and_then(|zone| ResourceId::parse(zone).ok())
                    .is_some_and(|zone| linked.contains(&zone))
            })
    })
}

/// Records may also be declared one by one.
fn has_records(graph: &Graph<'_>, linked: &[ResourceId]) -> bool {
    graph
        .of_type(RECORD)
        .any(|record| record.parent().is_some_and(|zone| linked.contains(&zone)))
}
