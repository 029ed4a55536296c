//! What is reached: a registry, an app or a vault, its names and its private zone.

use lazuli_arm::ResourceId;

use crate::verify::graph::{Graph, Node};

/// Group id of a service, the ends of its public names in the clouds, and the
/// private zones that stand for them, in the same order (Private Link documentation).
struct Service {
    group: &'static str,
    ty: &'static str,
    names: [&'static str; 3],
    zones: [&'static str; 3],
}

const STORAGE: &str = "Microsoft.Storage/storageAccounts";

macro_rules! storage {
    ($group:literal) => {
        Service {
            group: $group,
            ty: STORAGE,
            names: [
                concat!($group, ".core.windows.net"),
                concat!($group, ".core.usgovcloudapi.net"),
                concat!($group, ".core.chinacloudapi.cn"),
            ],
            zones: [
                concat!("privatelink.", $group, ".core.windows.net"),
                concat!("privatelink.", $group, ".core.usgovcloudapi.net"),
                concat!("privatelink.", $group, ".core.chinacloudapi.cn"),
            ],
        }
    };
}

const SERVICES: [Service; 8] = [
    Service {
        group: "registry",
        ty: "Microsoft.ContainerRegistry/registries",
        names: ["azurecr.io", "azurecr.us", "azurecr.cn"],
        zones: [
            "privatelink.azurecr.io",
            "privatelink.azurecr.us",
            "privatelink.azurecr.cn",
        ],
    },
    Service {
        group: "sites",
        ty: "Microsoft.Web/sites",
        names: [
            "azurewebsites.net",
            "azurewebsites.us",
            "chinacloudsites.cn",
        ],
        zones: [
            "privatelink.azurewebsites.net",
            "privatelink.azurewebsites.us",
            "privatelink.chinacloudsites.cn",
        ],
    },
    Service {
        group: "vault",
        ty: "Microsoft.KeyVault/vaults",
        names: [
            "vault.azure.net",
            "vault.usgovcloudapi.net",
            "vault.azure.cn",
        ],
        zones: [
            "privatelink.vaultcore.azure.net",
            "privatelink.vaultcore.usgovcloudapi.net",
            "privatelink.vaultcore.azure.cn",
        ],
    },
    storage!("blob"),
    storage!("file"),
    storage!("queue"),
    storage!("table"),
    storage!("dfs"),
];

/// The group ids that an endpoint to a resource of a type may name; none where
/// the type is not known here.
pub(crate) fn groups_of(ty: &str) -> Vec<&'static str> {
    let of_type = SERVICES
        .iter()
        .filter(|service| service.ty.eq_ignore_ascii_case(ty));
    of_type.map(|service| service.group).collect()
}

/// Whether a zone is the private one of a group id in some cloud; none where the
/// group is not known here, and else the name that it should have.
pub(crate) fn zone_fits(group: &str, zone: &str) -> Option<Result<(), &'static str>> {
    let service = SERVICES
        .iter()
        .find(|service| service.group.eq_ignore_ascii_case(group))?;
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
    service: usize,
    /// How messages call its kind.
    pub(crate) what: &'static str,
}

impl<'a> Target<'a> {
    pub(crate) fn registry(node: Node<'a>, host: Option<&str>) -> Option<Self> {
        Self::new(node, host, 0, "registry")
    }

    pub(crate) fn site(node: Node<'a>, host: Option<&str>) -> Option<Self> {
        Self::new(node, host, 1, "app")
    }

    pub(crate) fn vault(node: Node<'a>, host: Option<&str>) -> Option<Self> {
        Self::new(node, host, 2, "vault")
    }

    fn new(node: Node<'a>, host: Option<&str>, service: usize, what: &'static str) -> Option<Self> {
        Some(Self {
            node,
            id: node.id()?,
            host: host.map(str::to_ascii_lowercase),
            service,
            what,
        })
    }

    pub(crate) fn group(&self) -> &'static str {
        SERVICES[self.service].group
    }

    /// The private zone of its name, or of any cloud while the name is not known.
    pub(crate) fn is_zone(&self, zone: &str) -> bool {
        let service = &SERVICES[self.service];
        let mut pairs = service.names.iter().zip(service.zones);
        pairs.any(|(name, private)| {
            let cloud = self.host.as_ref().is_none_or(|host| host.ends_with(name));
            cloud && private.eq_ignore_ascii_case(zone)
        })
    }

    /// How the zone is called.
    pub(crate) fn zone(&self) -> &'static str {
        let service = &SERVICES[self.service];
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
pub(crate) fn server<'a>(graph: &Graph<'a>, ty: &str, host: &str) -> Option<Node<'a>> {
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
    let is_own = |service: &Service| node.is(service.ty);
    let other = |service: &&Service| service.names.iter().any(|name| host.ends_with(name));
    // A suffix that no service here has is that of a custom cloud.
    let fits = SERVICES.iter().find(other).is_none_or(is_own);
    let hashed = node.is(SERVICES[0].ty);
    fits && host
        .strip_prefix(&name)
        .is_some_and(|rest| rest.starts_with('.') || (hashed && rest.starts_with('-')))
}
