//! What the rules and the proof need to know of a program, taken from its
//! declarations once: who is where, who leads to whom, what an app is set to.
//!
//! A fact is known, absent, or pending: a pending fact never breaks anything.

use ipnet::IpNet;
use lazuli_arm::ResourceId;
use lazuli_core::{Declared, Value};

use super::app::App;
use crate::verify::graph::{Graph, Node};

pub(crate) const NETWORK: &str = "Microsoft.Network/virtualNetworks";
pub(crate) const SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets";
pub(crate) const PEERING: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";
pub(crate) const ENDPOINT: &str = "Microsoft.Network/privateEndpoints";
pub(crate) const ZONE_GROUP: &str = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";
pub(crate) const LINK: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";
pub(crate) const RECORD: &str = "Microsoft.Network/privateDnsZones/A";
pub(crate) const REGISTRY: &str = "Microsoft.ContainerRegistry/registries";
pub(crate) const SITE: &str = "Microsoft.Web/sites";
pub(crate) const PLAN: &str = "Microsoft.Web/serverfarms";
pub(crate) const VAULT: &str = "Microsoft.KeyVault/vaults";

/// A fact of a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known<T> {
    /// It is this.
    Is(T),
    /// It will be known later.
    Pending,
    /// The program does not say.
    Absent,
}

impl<T> Known<T> {
    pub(crate) fn is(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Pending | Self::Absent => None,
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }
}

impl<T: PartialEq> Known<T> {
    pub(crate) fn is_this(&self, value: &T) -> bool {
        self.is() == Some(value)
    }
}

/// An id at a path below a value.
pub(crate) fn id_at(value: &Value, path: &str) -> Known<ResourceId> {
    match walk(value, path) {
        Known::Is(Value::Null) => Known::Absent,
        Known::Is(value) => {
            let id = value.as_str().filter(|text| !text.is_empty());
            id.and_then(|id| ResourceId::parse(id).ok())
                .map_or(Known::Absent, Known::Is)
        }
        Known::Pending => Known::Pending,
        Known::Absent => Known::Absent,
    }
}

/// The value at a path; pending where the way to it, or it, is not known. A
/// secret is as good as pending: findings and paths are shown to everybody.
pub(crate) fn walk<'a>(value: &'a Value, path: &str) -> Known<&'a Value> {
    let mut here = value;
    for key in path.split('.') {
        if matches!(here, Value::Unknown(_) | Value::Secret(_)) {
            return Known::Pending;
        }
        match here.at(key) {
            Some(next) => here = next,
            None => return Known::Absent,
        }
    }
    match here {
        Value::Unknown(_) | Value::Secret(_) => Known::Pending,
        known => Known::Is(known),
    }
}

/// A subnet, declared on its own or inside of its network.
#[derive(Debug, Clone)]
pub(crate) struct Subnet<'a> {
    pub(crate) id: ResourceId,
    pub(crate) network: ResourceId,
    pub(crate) node: Node<'a>,
    /// Where its `properties` are in the declaration.
    properties: &'a Value,
    pub(crate) is_inline: bool,
}

/// The link of a zone to a network.
#[derive(Debug, Clone)]
pub(crate) struct Link<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) zone: ResourceId,
    pub(crate) network: Known<ResourceId>,
}

/// A private endpoint and the zones that it keeps its records in.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) subnet: Known<ResourceId>,
    pub(crate) target: Known<ResourceId>,
    pub(crate) groups: Known<Vec<&'a str>>,
    pub(crate) is_manual: bool,
    pub(crate) zones: Vec<(Node<'a>, Known<ResourceId>)>,
}

/// Everything that was taken from the declarations.
#[derive(Debug)]
pub(crate) struct Model<'a> {
    pub(crate) graph: Graph<'a>,
    pub(crate) subnets: Vec<Subnet<'a>>,
    pub(crate) links: Vec<Link<'a>>,
    pub(crate) endpoints: Vec<Endpoint<'a>>,
    pub(crate) apps: Vec<App<'a>>,
}

impl<'a> Model<'a> {
    pub(crate) fn new(declared: &'a [Declared]) -> Self {
        let graph = Graph::new(declared);
        Self {
            subnets: subnets(&graph),
            links: graph.of_type(LINK).filter_map(link).collect(),
            endpoints: endpoints(&graph),
            apps: App::all(&graph),
            graph,
        }
    }

    pub(crate) fn subnet(&self, id: &ResourceId) -> Option<&Subnet<'a>> {
        self.subnets.iter().find(|subnet| subnet.id == *id)
    }

    pub(crate) fn endpoints_of(&self, target: &ResourceId) -> Vec<&Endpoint<'a>> {
        let leads = |endpoint: &&Endpoint<'a>| endpoint.target.is_this(target);
        self.endpoints.iter().filter(leads).collect()
    }

    /// Networks that a network's own declaration, or one of theirs, is peered with.
    pub(crate) fn peerings(
        &self,
    ) -> impl Iterator<Item = (Node<'a>, ResourceId, Known<ResourceId>)> {
        self.graph.of_type(PEERING).filter_map(|node| {
            let remote = id_at(
                &node.declared.desired.inputs,
                "properties.remoteVirtualNetwork.id",
            );
            Some((node, node.parent()?, remote))
        })
    }
}

impl<'a> Subnet<'a> {
    pub(crate) fn property(&self, path: &str) -> Known<&'a Value> {
        walk(self.properties, path)
    }

    pub(crate) fn ranges(&self) -> Vec<IpNet> {
        let one = self.property("addressPrefix");
        let many = self.property("addressPrefixes");
        let one = one.is().and_then(|value| value.as_str()).into_iter();
        let many = many.is().and_then(|value| value.as_list());
        let many = many.unwrap_or_default().iter().filter_map(Value::as_str);
        one.chain(many)
            .filter_map(|text| text.parse().ok())
            .collect()
    }

    /// The services that it is handed to; none where that is not known.
    pub(crate) fn delegations(&self) -> Option<Vec<&'a str>> {
        let list = match self.property("delegations") {
            Known::Pending => return None,
            Known::Absent => return Some(Vec::new()),
            Known::Is(list) if list.contains_unknown() => return None,
            Known::Is(list) => list.as_list().unwrap_or_default(),
        };
        let service = |one: &'a Value| one.at("properties.serviceName").and_then(Value::as_str);
        Some(list.iter().filter_map(service).collect())
    }

    pub(crate) fn name(&self) -> &str {
        self.id.name()
    }
}

impl<'a> Endpoint<'a> {
    /// The network that it has its addresses in.
    pub(crate) fn network(&self) -> Known<ResourceId> {
        match &self.subnet {
            Known::Is(subnet) => subnet.parent().map_or(Known::Absent, Known::Is),
            Known::Pending => Known::Pending,
            Known::Absent => Known::Absent,
        }
    }
}

fn subnets<'a>(graph: &Graph<'a>) -> Vec<Subnet<'a>> {
    let own = graph.of_type(SUBNET).filter_map(|node| {
        Some(Subnet {
            id: node.id()?,
            network: node.parent()?,
            node,
            properties: node.value("properties")?,
            is_inline: false,
        })
    });
    let inline = graph.of_type(NETWORK).flat_map(|node| {
        let list = node.list("properties.subnets").iter();
        list.filter_map(move |entry| {
            let network = node.id()?;
            let name = entry.at("name").and_then(Value::as_str)?;
            Some(Subnet {
                id: network.child("subnets", name).ok()?,
                network,
                node,
                properties: entry.at("properties")?,
                is_inline: true,
            })
        })
    });
    own.chain(inline).collect()
}

fn link(node: Node<'_>) -> Option<Link<'_>> {
    let inputs = &node.declared.desired.inputs;
    Some(Link {
        node,
        zone: node.parent()?,
        network: id_at(inputs, "properties.virtualNetwork.id"),
    })
}

fn endpoints<'a>(graph: &Graph<'a>) -> Vec<Endpoint<'a>> {
    let read = |node: Node<'a>| {
        let id = node.id()?;
        let inputs = &node.declared.desired.inputs;
        let manual = "properties.manualPrivateLinkServiceConnections";
        let is_manual = !node.list(manual).is_empty();
        let connection = match is_manual {
            true => format!("{manual}.0.properties"),
            false => "properties.privateLinkServiceConnections.0.properties".to_owned(),
        };
        Some(Endpoint {
            node,
            subnet: id_at(inputs, "properties.subnet.id"),
            target: id_at(inputs, &format!("{connection}.privateLinkServiceId")),
            groups: groups(inputs, &format!("{connection}.groupIds")),
            is_manual,
            zones: zones(graph, &id),
        })
    };
    graph.of_type(ENDPOINT).filter_map(read).collect()
}

fn groups<'a>(inputs: &'a Value, path: &str) -> Known<Vec<&'a str>> {
    match walk(inputs, path) {
        Known::Is(list) if list.contains_unknown() => Known::Pending,
        Known::Is(list) => {
            let list = list.as_list().unwrap_or_default().iter();
            Known::Is(list.filter_map(Value::as_str).collect())
        }
        Known::Pending => Known::Pending,
        Known::Absent => Known::Absent,
    }
}

/// The zones of an endpoint's groups; a list that is not known is one pending zone.
fn zones<'a>(graph: &Graph<'a>, endpoint: &ResourceId) -> Vec<(Node<'a>, Known<ResourceId>)> {
    let groups = graph
        .of_type(ZONE_GROUP)
        .filter(|group| group.parent().as_ref() == Some(endpoint));
    let mut zones = Vec::new();
    for group in groups {
        let inputs = &group.declared.desired.inputs;
        match walk(inputs, "properties.privateDnsZoneConfigs") {
            Known::Pending => zones.push((group, Known::Pending)),
            Known::Absent => {}
            Known::Is(list) => zones.extend(list.as_list().unwrap_or_default().iter().map(
                |config| match config {
                    Value::Unknown(_) => (group, Known::Pending),
                    config => (group, id_at(config, "properties.privateDnsZoneId")),
                },
            )),
        }
    }
    zones
}
