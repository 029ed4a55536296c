//! What the rules and the proof need to know of a program, taken from its
//! declarations once: who is where, who leads to whom, what an app is set to.
//!
//! A fact is known, absent, or pending: a pending fact never breaks anything.

use std::collections::{HashMap, HashSet};

use ipnet::IpNet;
use lazuli_arm::ResourceId;
use lazuli_core::{DeclaredNode, Value};

use super::app::App;
use super::target::server;
use crate::generated::types;
use crate::verify::graph::{Graph, Node};

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

impl<'a> Known<&'a Value> {
    /// The value as a text; none where it is absent, pending or empty.
    pub(crate) fn text(&self) -> Option<&'a str> {
        let text = self.is().and_then(|value| value.as_str());
        text.filter(|text| !text.is_empty())
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
    pub(crate) peerings: Vec<Peering<'a>>,
    index: Index<'a>,
}

/// Positions in the lists of the model, so that no rule looks through all of them.
#[derive(Debug, Default)]
struct Index<'a> {
    subnets: HashMap<ResourceId, usize>,
    links_to: HashMap<ResourceId, Vec<usize>>,
    links_pending: Vec<usize>,
    pending_target: bool,
    pending_peering: bool,
    endpoints_to: HashMap<ResourceId, Vec<usize>>,
    endpoints_in: HashMap<ResourceId, Vec<usize>>,
    apps: HashMap<ResourceId, usize>,
    integrated: HashSet<ResourceId>,
    locked: HashSet<ResourceId>,
    peers: HashSet<(ResourceId, ResourceId)>,
    images: HashMap<ResourceId, Brought<'a>>,
    /// Role assignments by whose identity they are given to.
    grants: HashMap<usize, Vec<usize>>,
    /// Role assignments to principals that are no resource of the program.
    grants_to_anybody: Vec<usize>,
    /// Whether a push to a registry that is not known yet may bring any image.
    any_image: bool,
}

/// The peering of a network with another.
#[derive(Debug, Clone)]
pub(crate) struct Peering<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) network: ResourceId,
    pub(crate) remote: Known<ResourceId>,
}

/// The images that the program brings into a registry.
#[derive(Debug, Default)]
pub(crate) struct Brought<'a> {
    /// `repository:tag`, in the order of the declarations.
    pub(crate) images: Vec<(Node<'a>, &'a str)>,
    by_name: HashMap<&'a str, usize>,
    /// Whether a name is not known yet.
    pub(crate) is_pending: bool,
}

impl<'a> Brought<'a> {
    fn add(&mut self, node: Node<'a>) {
        match node.text("image") {
            Some(image) => {
                self.by_name.entry(image).or_insert(self.images.len());
                self.images.push((node, image));
            }
            None => self.is_pending |= node.is_unknown("image"),
        }
    }

    /// What brings an image of that name.
    pub(crate) fn find(&self, image: &str) -> Option<Node<'a>> {
        self.by_name.get(image).map(|&at| self.images[at].0)
    }
}

impl<'a> Model<'a> {
    pub(crate) fn new(declared: &'a [DeclaredNode]) -> Self {
        let graph = Graph::new(declared);
        let mut model = Self {
            subnets: subnets(&graph),
            links: graph
                .of_type(types::VIRTUAL_NETWORK_LINK)
                .filter_map(link)
                .collect(),
            endpoints: endpoints(&graph),
            apps: App::all(&graph),
            peerings: graph
                .of_type(types::VIRTUAL_NETWORK_PEERING)
                .filter_map(peering)
                .collect(),
            index: Index::default(),
            graph,
        };
        model.index = model.indexed();
        model
    }

    fn indexed(&self) -> Index<'a> {
        let mut index = Index::default();
        for (at, subnet) in self.subnets.iter().enumerate() {
            index.subnets.entry(subnet.id.clone()).or_insert(at);
        }
        let links = self.links.iter().enumerate();
        index.links_to = positions(links.map(|(at, link)| (at, &link.network)));
        let links = self.links.iter().enumerate();
        let pending = links.filter(|(_, link)| link.network.is_pending());
        index.links_pending = pending.map(|(at, _)| at).collect();
        let mut peers = self.peerings.iter();
        index.pending_peering = peers.any(|peering| peering.remote.is_pending());
        let mut targets = self.endpoints.iter().map(|endpoint| &endpoint.target);
        index.pending_target = targets.any(Known::is_pending);
        let endpoints = self.endpoints.iter().enumerate();
        index.endpoints_to = positions(endpoints.clone().map(|(at, one)| (at, &one.target)));
        index.endpoints_in = positions(endpoints.map(|(at, one)| (at, &one.subnet)));
        for (at, app) in self.apps.iter().enumerate() {
            if let Some(id) = &app.id {
                index.apps.entry(id.clone()).or_insert(at);
            }
            index.integrated.extend(app.subnet().is().cloned());
        }
        let closes =
            |lock: &Node<'a>| lock.says("patch.properties.publicNetworkAccess", &["Disabled"]);
        let locks = self.graph.of_type(types::REGISTRY_LOCK).filter(closes);
        index.locked = locks
            .filter_map(|lock| lock.reference("resourceId"))
            .collect();
        let peers = self.peerings.iter();
        let both = peers
            .filter_map(|peering| Some((peering.network.clone(), peering.remote.is()?.clone())));
        index.peers = both.collect();
        self.images(&mut index);
        self.grants(&mut index);
        index
    }

    /// An assignment waits for whose identity it names, and for its scope, which
    /// is given nothing by that.
    fn grants(&self, index: &mut Index<'a>) {
        for assignment in self.graph.of_type(types::ROLE_ASSIGNMENT) {
            let scope = assignment.parent();
            let owners = self.graph.dependencies(assignment).filter(|to| {
                (to.is(types::SITE) || to.is(types::USER_ASSIGNED_IDENTITY))
                    && (scope.is_none() || to.id() != scope)
            });
            let owners: Vec<usize> = owners.map(|owner| owner.at).collect();
            for owner in &owners {
                index.grants.entry(*owner).or_default().push(assignment.at);
            }
            if owners.is_empty() {
                index.grants_to_anybody.push(assignment.at);
            }
        }
    }

    /// A push knows its registry by the host alone; one that is not known yet may be any.
    fn images(&self, index: &mut Index<'a>) {
        let bring = [types::IMAGE_BUILD, types::IMAGE_IMPORT, types::IMAGE_PUSH].into_iter();
        for node in bring.flat_map(|ty| self.graph.of_type(ty)) {
            let registry = match (node.is(types::IMAGE_PUSH), node.text("host")) {
                (false, _) => node.reference("registryId"),
                (true, Some(host)) => {
                    server(&self.graph, types::REGISTRY, host).and_then(|node| node.id())
                }
                (true, None) => {
                    index.any_image |= node.is_unknown("image") || node.is_unknown("host");
                    None
                }
            };
            if let Some(registry) = registry {
                index.images.entry(registry).or_default().add(node);
            }
        }
    }

    pub(crate) fn subnet(&self, id: &ResourceId) -> Option<&Subnet<'a>> {
        self.index.subnets.get(id).map(|&at| &self.subnets[at])
    }

    /// The links of zones to a network.
    pub(crate) fn links_to(&self, network: &ResourceId) -> impl Iterator<Item = &Link<'a>> {
        let positions = self.index.links_to.get(network).into_iter().flatten();
        positions.map(|&at| &self.links[at])
    }

    /// The links of zones to networks that are not known yet.
    pub(crate) fn links_pending(&self) -> impl Iterator<Item = &Link<'a>> {
        let positions = self.index.links_pending.iter();
        positions.map(|&at| &self.links[at])
    }

    /// Whether it is not known yet what some endpoint leads to.
    pub(crate) fn has_pending_target(&self) -> bool {
        self.index.pending_target
    }

    /// Whether it is not known yet whom some network is peered with.
    pub(crate) fn has_pending_peering(&self) -> bool {
        self.index.pending_peering
    }

    /// The endpoints that lead to something.
    pub(crate) fn endpoints_to(&self, target: &ResourceId) -> impl Iterator<Item = &Endpoint<'a>> {
        let positions = self.index.endpoints_to.get(target).into_iter().flatten();
        positions.map(|&at| &self.endpoints[at])
    }

    /// The endpoints that have their addresses in a subnet.
    pub(crate) fn endpoints_in(&self, subnet: &ResourceId) -> impl Iterator<Item = &Endpoint<'a>> {
        let positions = self.index.endpoints_in.get(subnet).into_iter().flatten();
        positions.map(|&at| &self.endpoints[at])
    }

    pub(crate) fn app(&self, id: &ResourceId) -> Option<&App<'a>> {
        self.index.apps.get(id).map(|&at| &self.apps[at])
    }

    /// Whether an app is integrated with a subnet.
    pub(crate) fn is_integrated(&self, subnet: &ResourceId) -> bool {
        self.index.integrated.contains(subnet)
    }

    /// Whether something closes a resource once everything else is as declared.
    pub(crate) fn is_locked(&self, id: &ResourceId) -> bool {
        self.index.locked.contains(id)
    }

    /// Whether a network declares a peering with another.
    pub(crate) fn has_peering(&self, from: &ResourceId, to: &ResourceId) -> bool {
        self.index.peers.contains(&(from.clone(), to.clone()))
    }

    /// The role assignments to the identity of a resource.
    pub(crate) fn grants_to(&self, owner: usize) -> impl Iterator<Item = Node<'a>> {
        let given = self.index.grants.get(&owner).into_iter().flatten();
        given.map(|&at| self.graph.node(at))
    }

    /// The role assignments to principals that are no resource of the program.
    pub(crate) fn grants_to_anybody(&self) -> impl Iterator<Item = Node<'a>> {
        let given = self.index.grants_to_anybody.iter();
        given.map(|&at| self.graph.node(at))
    }

    /// What the program brings into a registry.
    pub(crate) fn brought(&self, registry: &ResourceId) -> Option<&Brought<'a>> {
        self.index.images.get(registry)
    }

    /// Whether images are brought into registries that are not known yet.
    pub(crate) fn may_bring_any(&self) -> bool {
        self.index.any_image
    }
}

/// Where each known id is in a list.
fn positions<'i>(
    ids: impl Iterator<Item = (usize, &'i Known<ResourceId>)>,
) -> HashMap<ResourceId, Vec<usize>> {
    let mut found: HashMap<ResourceId, Vec<usize>> = HashMap::new();
    for (at, id) in ids {
        if let Some(id) = id.is() {
            found.entry(id.clone()).or_default().push(at);
        }
    }
    found
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
    let own = graph.of_type(types::SUBNET).filter_map(|node| {
        Some(Subnet {
            id: node.id()?,
            network: node.parent()?,
            node,
            properties: node.value("properties")?,
        })
    });
    let inline = graph.of_type(types::VIRTUAL_NETWORK).flat_map(|node| {
        let list = node.list("properties.subnets").iter();
        list.filter_map(move |entry| {
            let network = node.id()?;
            let name = entry.at("name").and_then(Value::as_str)?;
            Some(Subnet {
                id: network.child("subnets", name).ok()?,
                network,
                node,
                properties: entry.at("properties")?,
            })
        })
    });
    own.chain(inline).collect()
}

fn peering(node: Node<'_>) -> Option<Peering<'_>> {
    let inputs = &node.declared.desired.inputs;
    Some(Peering {
        node,
        network: node.parent()?,
        remote: id_at(inputs, "properties.remoteVirtualNetwork.id"),
    })
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
    graph
        .of_type(types::PRIVATE_ENDPOINT)
        .filter_map(read)
        .collect()
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
    let mut zones = Vec::new();
    for group in graph.children(endpoint, types::PRIVATE_DNS_ZONE_GROUP) {
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
