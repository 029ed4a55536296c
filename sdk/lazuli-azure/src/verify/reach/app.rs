//! A web app as its declarations together describe it: the site, and what is
//! written to its configuration, its settings and its network by themselves.

use lazuli_arm::{ResourceId, ResourceType};
use lazuli_core::Value;

use super::model::{Known, id_at, walk};
use crate::generated::types;
use crate::verify::graph::{Graph, Node};

pub(crate) const SITE_SUBNET: &str = "properties.virtualNetworkSubnetId";
const SETTINGS: &str = "properties.siteConfig.appSettings";

/// The switch in its three generations. The site's own wins over the app
/// setting; all traffic includes the pull (App Service documentation).
pub(crate) const SETTING: &str = "WEBSITE_PULL_IMAGE_OVER_VNET";
pub(crate) const PROPERTY: &str = "properties.vnetImagePullEnabled";
pub(crate) const ROUTING: [&str; 2] = [
    "properties.outboundVnetRouting.imagePullTraffic",
    "properties.outboundVnetRouting.allTraffic",
];

/// A web app.
#[derive(Debug, Clone)]
pub(crate) struct App<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) id: Option<ResourceId>,
    /// `config/web`, where that is declared by itself.
    pub(crate) config: Option<Node<'a>>,
    /// `config/appsettings`, where that is declared by itself.
    pub(crate) settings: Option<Node<'a>>,
    /// `networkConfig/virtualNetwork`, where that is declared by itself.
    pub(crate) network: Option<Node<'a>>,
    pub(crate) plan: Option<Node<'a>>,
}

/// The image that an app runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image<'a> {
    /// `host/repository:tag`; `docker.io` where no host is named.
    pub(crate) host: &'a str,
    pub(crate) rest: &'a str,
    pub(crate) is_windows: bool,
}

impl<'a> App<'a> {
    pub(crate) fn all(graph: &Graph<'a>) -> Vec<Self> {
        graph
            .of_type(types::SITE)
            .map(|node| Self::of(graph, node))
            .collect()
    }

    fn of(graph: &Graph<'a>, node: Node<'a>) -> Self {
        let id = node.id();
        let child = |ty: ResourceType<'static>, name: &str| {
            let mut children = graph.children(id.as_ref()?, ty);
            children.find(|child| {
                let id = child.id();
                id.is_some_and(|id| id.name().eq_ignore_ascii_case(name))
            })
        };
        let plan = node.reference("properties.serverFarmId");
        Self {
            node,
            config: child(types::SITE_CONFIG, "web"),
            settings: child(types::SITE_CONFIG, "appsettings"),
            network: child(types::SITE_NETWORK_CONFIG, "virtualNetwork"),
            plan: plan
                .and_then(|id| graph.find(&id))
                .filter(|node| node.is(types::SERVICE_PLAN)),
            id,
        }
    }

    fn inputs(&self) -> &'a Value {
        &self.node.declared.desired.inputs
    }

    /// A member of the site's configuration.
    pub(crate) fn config(&self, member: &str) -> Known<&'a Value> {
        let own = self.config.map(|config| {
            let inputs = &config.declared.desired.inputs;
            walk(inputs, &format!("properties.{member}"))
        });
        match own {
            Some(Known::Absent) | None => {
                walk(self.inputs(), &format!("properties.siteConfig.{member}"))
            }
            Some(own) => own,
        }
    }

    /// A switch of the configuration; none while it is pending.
    pub(crate) fn config_switch(&self, member: &str) -> Option<bool> {
        match self.config(member) {
            Known::Pending => None,
            Known::Is(value) => Some(value.as_bool() == Some(true)),
            Known::Absent => Some(false),
        }
    }

    /// An app setting, by its name without case.
    pub(crate) fn setting(&self, name: &str) -> Known<&'a Value> {
        if self.settings_are_pending() {
            return Known::Pending;
        }
        let found = self
            .settings()
            .into_iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        match found {
            Some((_, Value::Unknown(_) | Value::Secret(_))) => Known::Pending,
            Some((_, value)) => Known::Is(value),
            None => Known::Absent,
        }
    }

    /// The settings whose values are plain texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let settings = self.settings().into_iter();
        settings.filter_map(|(name, value)| match value {
            Value::String(text) => Some((name, text.as_str())),
            _ => None,
        })
    }

    /// The settings that are declared, by name.
    pub(crate) fn settings(&self) -> Vec<(&'a str, &'a Value)> {
        if let Some(own) = self.settings {
            let map = own.value("properties").and_then(Value::as_map);
            let pairs = map.into_iter().flatten();
            return pairs.map(|(key, value)| (key.as_str(), value)).collect();
        }
        let list = self.node.list(SETTINGS).iter();
        list.filter_map(|entry| Some((entry.at("name")?.as_str()?, entry.at("value")?)))
            .collect()
    }

    /// Whether there may be settings that are not known yet.
    fn settings_are_pending(&self) -> bool {
        match self.settings {
            Some(own) => matches!(
                walk(&own.declared.desired.inputs, "properties"),
                Known::Pending
            ),
            None => matches!(walk(self.inputs(), SETTINGS), Known::Pending),
        }
    }

    /// The subnet that it is integrated with.
    pub(crate) fn subnet(&self) -> Known<ResourceId> {
        let own = self.network.map(|node| {
            let inputs = &node.declared.desired.inputs;
            id_at(inputs, "properties.subnetResourceId")
        });
        match own {
            Some(Known::Absent) | None => id_at(self.inputs(), SITE_SUBNET),
            Some(own) => own,
        }
    }

    /// Whether the pull goes over the network, and by what; none while that is pending.
    pub(crate) fn pull_switch(&self) -> Option<(bool, String)> {
        let flags = [ROUTING[1], ROUTING[0], PROPERTY];
        if let Some(on) = flags.iter().find(|path| self.node.flag(path)) {
            return Some((
                true,
                format!("`{}` is on", on.trim_start_matches("properties.")),
            ));
        }
        let pending = flags.iter().any(|path| self.node.is_unknown(path));
        match self.setting(SETTING) {
            Known::Is(value) => {
                let text = value.as_str().unwrap_or_default();
                let on = text.eq_ignore_ascii_case("true") || text == "1";
                (on || !pending).then(|| (on, format!("the app setting `{SETTING}` is `{text}`")))
            }
            Known::Pending => None,
            Known::Absent if pending => None,
            Known::Absent => Some((false, "nothing switches it to the network".to_owned())),
        }
    }

    /// The image; none for apps that run no container.
    pub(crate) fn image(&self) -> Option<Known<Image<'a>>> {
        let mut pending = false;
        for (member, is_windows) in [("linuxFxVersion", false), ("windowsFxVersion", true)] {
            match self.config(member) {
                Known::Pending => pending = true,
                Known::Absent => {}
                Known::Is(value) => {
                    if let Some(image) = Image::read(value.as_str().unwrap_or_default(), is_windows)
                    {
                        return Some(Known::Is(image));
                    }
                }
            }
        }
        pending.then_some(Known::Pending)
    }

    /// Whether Windows runs its container.
    pub(crate) fn is_windows(&self) -> bool {
        matches!(self.config("windowsFxVersion"), Known::Is(value) if value.as_str().is_some_and(|text| !text.is_empty()))
    }

    /// Whether the plan is in an App Service Environment.
    pub(crate) fn is_in_environment(&self) -> bool {
        let path = "properties.hostingEnvironmentProfile.id";
        let isolated = |plan: Node<'_>| {
            let sku = plan
                .text("sku.name")
                .unwrap_or_default()
                .to_ascii_uppercase();
            let digit = sku.strip_prefix('I').and_then(|rest| rest.chars().next());
            digit.is_some_and(|digit| digit.is_ascii_digit())
        };
        self.node.text(path).is_some()
            || self
                .plan
                .is_some_and(|plan| plan.text(path).is_some() || isolated(plan))
    }
}

impl<'a> Image<'a> {
    /// Reads `DOCKER|host/repository:tag`.
    fn read(version: &'a str, is_windows: bool) -> Option<Self> {
        let (kind, reference) = version.split_once('|')?;
        if !kind.eq_ignore_ascii_case("DOCKER") {
            return None;
        }
        let (first, rest) = reference.split_once('/').unwrap_or(("", reference));
        let is_host = first.contains(['.', ':']) || first == "localhost";
        Some(match is_host {
            true => Self {
                host: first,
                rest,
                is_windows,
            },
            false => Self {
                host: "docker.io",
                rest: reference,
                is_windows,
            },
        })
    }
}
