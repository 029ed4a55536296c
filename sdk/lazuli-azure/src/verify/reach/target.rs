//! What is reached: a registry, an app or a vault, its names and its private zone.

use lazuli_arm::{ResourceId, ResourceType};

use crate::generated::{RECORDS, record, types};
use crate::record::{PrivateLink, Record};
use crate::verify::graph::{Graph, Node};

/// The group ids that an endpoint to a resource of a type may name; none where
/// the type is not known here.
pub(crate) fn groups_of(ty: ResourceType<'_>) -> Vec<&'static str> {
    links_of(ty).iter().map(|link| link.group).collect()
}

fn links_of(ty: ResourceType<'_>) -> &'static [PrivateLink] {
    record(ty).map_or(&[], |record| record.private_links)
}

/// Every service that private endpoints lead to, with the type that has it.
fn services() -> impl Iterator<Item = (ResourceType<'static>, &'static PrivateLink)> {
    let of = |record: &'static Record| record.private_links.iter().map(|link| (record.ty, link));
    RECORDS.iter().flat_map(of)
}

/// Whether a zone is the private one of a group id in some cloud; none where the
/// group is not known here, and else the name that it should have.
pub(crate) fn zone_fits(group: &str, zone: &str) -> Option<Result<(), &'static str>> {
    let (_, service) = services().find(|(_, service)| service.group.eq_ignore_ascii_case(group))?;
    let fits = service
        .zones
        .iter()
        .any(|known| known.eq_ignore_ascii_case(zone));
    Some(if fits { Ok(()) } else { Err(service.zones[0]) })
}

/// A registry, an app or a vault that something is fetched from.
#[derive(Debug, Clone)]
pub(crate) struct Target<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) id: ResourceId,
    /// The name that the app asks for, where it is known.
    pub(crate) host: Option<String>,
    service: &'static PrivateLink,
    /// How messages call its kind.
    pub(crate) what: &'static str,
}

impl<'a> Target<'a> {
    pub(crate) fn registry(node: Node<'a>, host: Option<&str>) -> Option<Self> {
        Self::new(node, host, types::REGISTRY, "registry")
    }

    pub(crate) fn site(node: Node<'a>, host: Option<&str>) -> Option<Self> {
        Self::new(node, host, types::SITE, "app")
    }

    pub(crate) fn vault(node: Node<'a>, host: Option<&str>) -> Option<Self> {
        Self::new(node, host, types::KEY_VAULT, "vault")
    }

    fn new(
        node: Node<'a>,
        host: Option<&str>,
        ty: ResourceType<'static>,
        what: &'static str,
    ) -> Option<Self> {
        let service = links_of(ty).first()?;
        Some(Self {
            node,
            id: node.id()?,
            host: host.map(str::to_ascii_lowercase),
            service,
            what,
        })
    }

    pub(crate) fn group(&self) -> &'static str {
        self.service.group
    }

    /// The private zone of its name, or of any cloud while the name is not known.
    pub(crate) fn is_zone(&self, zone: &str) -> bool {
        let service = self.service;
        let mut pairs = service.names.iter().zip(service.zones);
        pairs.any(|(name, private)| {
            let cloud = self.host.as_ref().is_none_or(|host| host.ends_with(name));
            cloud && private.eq_ignore_ascii_case(zone)
        })
    }

    /// How the zone is called.
    pub(crate) fn zone(&self) -> &'static str {
        let service = self.service;
        let mut pairs = service.names.iter().zip(service.zones);
        let host = self.host.as_deref().unwrap_or_default();
        pairs
            .find(|(name, _)| host.ends_with(*name))
            .map_or(service.zones[0], |(_, zone)| zone)
    }

    pub(crate) fn called(&self) -> String {
        self.node.called()
    }
}

/// The registry or site of a type that a host is the name of.
pub(crate) fn server<'a>(
    graph: &Graph<'a>,
    ty: ResourceType<'static>,
    host: &str,
) -> Option<Node<'a>> {
    let ends = host.char_indices().filter(|(_, c)| matches!(c, '.' | '-'));
    let mut found = ends.filter_map(|(end, _)| graph.named(ty, &host[..end]));
    found.find(|node| serves(*node, host))
}

/// Whether a host is that of a registry or a site: `{name}.{suffix}`, for a
/// registry with a name scope also `{name}-{hash}.{suffix}`.
pub(crate) fn serves(node: Node<'_>, host: &str) -> bool {
    let Some(id) = node.id() else {
        return false;
    };
    let (host, name) = (host.to_ascii_lowercase(), id.name().to_ascii_lowercase());
    // A suffix that no service here has is that of a custom cloud.
    let mut services = services();
    let named = services.find(|(_, link)| link.names.iter().any(|name| host.ends_with(name)));
    let fits = named.is_none_or(|(ty, _)| node.is(ty));
    let hashed = node.is(types::REGISTRY);
    fits && host
        .strip_prefix(&name)
        .is_some_and(|rest| rest.starts_with('.') || (hashed && rest.starts_with('-')))
}
