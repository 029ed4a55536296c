//! What a virtual network sees: names and the private endpoints behind them. Pure over a world.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::Value;

use super::site::last_segment;
use crate::world::{Resource, World};

const NETWORKS: &str = "Microsoft.Network/virtualNetworks";
const LINKS: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";
const ENDPOINTS: &str = "Microsoft.Network/privateEndpoints";
const PEERINGS: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";

/// Public suffixes, and the zones that their names move to once a private endpoint exists.
const PRIVATE_LINK_ZONES: [(&str, &str); 9] = [
    ("azurecr.io", "privatelink.azurecr.io"),
    ("azurecr.us", "privatelink.azurecr.us"),
    ("azurecr.cn", "privatelink.azurecr.cn"),
    ("azurewebsites.net", "privatelink.azurewebsites.net"),
    ("azurewebsites.us", "privatelink.azurewebsites.us"),
    ("chinacloudsites.cn", "privatelink.chinacloudsites.cn"),
    ("vault.azure.net", "privatelink.vaultcore.azure.net"),
    (
        "vault.usgovcloudapi.net",
        "privatelink.vaultcore.usgovcloudapi.net",
    ),
    ("vault.azure.cn", "privatelink.vaultcore.azure.cn"),
];

/// What a name means inside a network, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    Private { address: String, zone: String },
    Public { why: String },
    NoSuchName { why: String },
}

/// Resolves `host`, a name of `owner`, as a machine in `vnet` does: by Azure's own
/// DNS, or by the servers that the network names.
pub(crate) fn resolve(world: &World, vnet: &str, owner: &Resource, host: &str) -> Resolution {
    match asked(world, vnet) {
        Ok(view) => resolve_in(world, &view, owner, host),
        Err(why) => Resolution::NoSuchName { why },
    }
}

/// Azure's own DNS, as machines of any network reach it.
const AZURE_DNS: &str = "168.63.129.16";

/// The network whose view of names answers. A server of one's own is taken for a
/// forwarder to Azure's DNS, so it sees what the network that it stands in sees.
fn asked(world: &World, vnet: &str) -> Result<String, String> {
    let own = world.get(vnet);
    let servers = own.map(|own| own.body["properties"]["dhcpOptions"]["dnsServers"].clone());
    let servers = servers.unwrap_or_default();
    let server = servers
        .get(0)
        .and_then(Value::as_str)
        .unwrap_or(AZURE_DNS)
        .to_owned();
    if server == AZURE_DNS {
        return Ok(vnet.to_owned());
    }
    let address = server.parse::<Ipv4Addr>().ok();
    let stands_in = |network: &Resource| {
        let space = network.body["properties"]["addressSpace"]["addressPrefixes"].as_array();
        let mut ranges = space.into_iter().flatten().filter_map(Value::as_str);
        ranges.any(|range| {
            let range = range.parse::<Ipv4Net>().ok();
            range
                .zip(address)
                .is_some_and(|(range, address)| range.contains(&address))
        })
    };
    let networks = world.of_kind(NETWORKS).into_iter();
    let mut reached = networks.filter(|network| is_routed(world, vnet, &network.id));
    match reached.find(stands_in) {
        Some(network) => Ok(network.id),
        None => Err(format!(
            "{} names the DNS server {server}, which stands in no network of this world that it reaches: \
             what it answers, the emulator does not know",
            last_segment(vnet)
        )),
    }
}

fn resolve_in(world: &World, vnet: &str, owner: &Resource, host: &str) -> Resolution {
    let network = last_segment(vnet);
    let zones = linked_zones(world, vnet);
    if let Some(zone) = zone_for(&zones, host) {
        return record(world, zone, host, network);
    }
    let Some((alias, zone_name)) =
        private_link_alias(host).filter(|_| !endpoints_of(world, owner).is_empty())
    else {
        let why = format!(
            "{} has no private endpoint, so its name has no private alias",
            last_segment(&owner.id)
        );
        return Resolution::Public { why };
    };
    match zone_for(&zones, &alias) {
        Some(zone) => record(world, zone, &alias, network),
        None => Resolution::Public {
            why: format!(
                "no private DNS zone {zone_name} linked to {network} holds a record for it"
            ),
        },
    }
}

/// `x.azurecr.io` becomes `x.privatelink.azurecr.io` in the zone `privatelink.azurecr.io`.
fn private_link_alias(host: &str) -> Option<(String, String)> {
    PRIVATE_LINK_ZONES.iter().find_map(|(suffix, zone)| {
        let label = host.strip_suffix(suffix)?.strip_suffix('.')?;
        Some((format!("{label}.{zone}"), (*zone).to_owned()))
    })
}

fn linked_zones(world: &World, vnet: &str) -> Vec<String> {
    let is_linked =
        |link: &Resource| same_id(&link.body["properties"]["virtualNetwork"]["id"], vnet);
    let links = world.of_kind(LINKS).into_iter().filter(is_linked);
    links
        .filter_map(|link| Some(parent(&link.id)?.to_owned()))
        .collect()
}

/// The linked zone with the longest matching name, as a resolver picks it.
fn zone_for<'a>(zones: &'a [String], name: &str) -> Option<&'a str> {
    let serves = |zone: &&String| {
        let zone = last_segment(zone).to_lowercase();
        name == zone || name.ends_with(&format!(".{zone}"))
    };
    zones
        .iter()
        .filter(serves)
        .max_by_key(|zone| last_segment(zone).len())
        .map(String::as_str)
}

fn record(world: &World, zone_id: &str, name: &str, network: &str) -> Resolution {
    let zone = last_segment(zone_id).to_lowercase();
    let relative = name
        .strip_suffix(&zone)
        .map(|label| label.trim_end_matches('.'))
        .filter(|label| !label.is_empty());
    let set = world.get(&format!("{zone_id}/A/{}", relative.unwrap_or("@")));
    let address = set.and_then(|set| {
        let records = set.body["properties"]["aRecords"].as_array()?.clone();
        records.first()?["ipv4Address"].as_str().map(str::to_owned)
    });
    match address {
        Some(address) => Resolution::Private { address, zone },
        // A linked zone is authoritative: the public answer is never asked for.
        None => Resolution::NoSuchName {
            why: format!(
                "the private DNS zone {zone} is linked to {network} but holds no A record {}",
                relative.unwrap_or("@")
            ),
        },
    }
}

/// A private endpoint that leads to a resource.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) name: String,
    pub(crate) vnet: String,
    /// `Approved`, `Pending`, `Rejected` or `Disconnected`.
    pub(crate) status: String,
    pub(crate) addresses: Vec<String>,
}

/// The private endpoints whose connection names `owner`.
pub(crate) fn endpoints_of(world: &World, owner: &Resource) -> Vec<Endpoint> {
    world
        .of_kind(ENDPOINTS)
        .iter()
        .filter_map(|endpoint| endpoint_to(world, endpoint, owner))
        .collect()
}

fn endpoint_to(world: &World, endpoint: &Resource, owner: &Resource) -> Option<Endpoint> {
    let properties = &endpoint.body["properties"];
    let lists = [
        "privateLinkServiceConnections",
        "manualPrivateLinkServiceConnections",
    ];
    let mut connections = lists
        .iter()
        .filter_map(|key| properties[key].as_array())
        .flatten();
    let connection =
        connections.find(|c| same_id(&c["properties"]["privateLinkServiceId"], &owner.id))?;
    let status = &connection["properties"]["privateLinkServiceConnectionState"]["status"];
    let subnet = properties["subnet"]["id"].as_str().unwrap_or_default();
    Some(Endpoint {
        name: last_segment(&endpoint.id).to_owned(),
        vnet: vnet_of_subnet(subnet).unwrap_or_default().to_owned(),
        status: status.as_str().unwrap_or("Approved").to_owned(),
        addresses: addresses(world, properties),
    })
}

fn addresses(world: &World, endpoint: &Value) -> Vec<String> {
    let interfaces = endpoint["networkInterfaces"]
        .as_array()
        .into_iter()
        .flatten();
    let interfaces = interfaces.filter_map(|nic| world.get(nic["id"].as_str()?));
    let configurations = |nic: Resource| {
        nic.body["properties"]["ipConfigurations"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    };
    let address = |c: Value| {
        c["properties"]["privateIPAddress"]
            .as_str()
            .map(str::to_owned)
    };
    interfaces
        .flat_map(configurations)
        .filter_map(address)
        .collect()
}

/// Whether packets get from one network to another: the same one, or a connected peering.
pub(crate) fn is_routed(world: &World, from: &str, to: &str) -> bool {
    let peers = |peering: &Resource| {
        let properties = &peering.body["properties"];
        parent(&peering.id).is_some_and(|vnet| vnet.eq_ignore_ascii_case(from))
            && same_id(&properties["remoteVirtualNetwork"]["id"], to)
            && properties["peeringState"]
                .as_str()
                .is_none_or(|state| state == "Connected")
    };
    from.eq_ignore_ascii_case(to) || world.of_kind(PEERINGS).iter().any(peers)
}

/// The network that a subnet id lies in.
pub(crate) fn vnet_of_subnet(subnet: &str) -> Option<&str> {
    let at = subnet.to_lowercase().find("/subnets/")?;
    subnet.get(..at)
}

/// Drops the last type and name of a child's id.
fn parent(id: &str) -> Option<&str> {
    id.rsplit_once('/')?
        .0
        .rsplit_once('/')
        .map(|(parent, _)| parent)
}

fn same_id(value: &Value, id: &str) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.eq_ignore_ascii_case(id))
}
