//! Will this app be able to pull this image? The path of a pull, hop by hop, for
//! each app whose image is in a registry that the program declares.

use lazuli_arm::ResourceId;
use lazuli_core::{Diagnostic, Value};

use super::graph::{Graph, Node};
use super::network::{REGISTRY, SITE};
use super::{pull_identity, pull_network};

const BUILD: &str = crate::image::ImageBuild::TYPE;
const FX: [&str; 2] = [
    "properties.siteConfig.linuxFxVersion",
    "properties.siteConfig.windowsFxVersion",
];

/// An app, and the registry that its image comes from.
pub(super) struct Pull<'g, 'a> {
    pub(super) graph: &'g Graph<'a>,
    pub(super) site: Node<'a>,
    pub(super) registry: Node<'a>,
    /// `repository:tag`, if it is known already.
    image: Option<&'a str>,
    pub(super) windows: bool,
}

pub(super) fn verify(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for site in graph.of_type(SITE) {
        findings.extend(pull_network::one_switch(site));
        let Some(pull) = Pull::of(graph, site) else {
            continue;
        };
        pull_network::verify(&pull, findings);
        pull_identity::verify(&pull, findings);
        findings.extend(tag(&pull));
    }
    for build in graph.of_type(BUILD) {
        findings.extend(let_in(graph, build));
    }
}

impl<'g, 'a> Pull<'g, 'a> {
    fn of(graph: &'g Graph<'a>, site: Node<'a>) -> Option<Self> {
        FX.iter().enumerate().find_map(|(at, path)| {
            let windows = at == 1;
            if site.is_unknown(path) {
                let registry = registry_before(graph, site)?;
                return Some(Self {
                    graph,
                    site,
                    registry,
                    image: None,
                    windows,
                });
            }
            let (kind, reference) = site.text(path)?.split_once('|')?;
            let (host, image) = reference.split_once('/')?;
            let registry = graph
                .of_type(REGISTRY)
                .find(|registry| serves(*registry, host))?;
            let docker = kind.eq_ignore_ascii_case("DOCKER");
            docker.then_some(Self {
                graph,
                site,
                registry,
                image: Some(image),
                windows,
            })
        })
    }
}

/// The host is `{name}.{suffix}`, or `{name}-{hash}.{suffix}` with a name scope.
fn serves(registry: Node<'_>, host: &str) -> bool {
    let Some(id) = registry.id() else {
        return false;
    };
    let (host, name) = (host.to_ascii_lowercase(), id.name().to_ascii_lowercase());
    host.strip_prefix(&name)
        .is_some_and(|rest| rest.starts_with(['.', '-']))
}

/// Where the image is not known yet: the registry of what the app waits for.
fn registry_before<'a>(graph: &Graph<'a>, site: Node<'a>) -> Option<Node<'a>> {
    graph.dependencies(site).find_map(|node| match () {
        () if node.is(REGISTRY) => Some(node),
        () if node.is(BUILD) => graph.find(&node.reference("registryId")?),
        () => None,
    })
}

/// LZ2015 and LZ2016.
fn tag(pull: &Pull<'_, '_>) -> Option<Diagnostic> {
    let (site, image) = (pull.site, pull.image?);
    let registry = pull.registry.id()?;
    let of_registry = |build: &Node<'_>| build.reference("registryId").as_ref() == Some(&registry);
    let builds: Vec<Node<'_>> = pull.graph.of_type(BUILD).filter(of_registry).collect();
    if builds.iter().any(|build| build.is_unknown("image")) {
        return None;
    }
    let Some(build) = builds
        .iter()
        .find(|build| build.text("image") == Some(image))
    else {
        let built: Vec<&str> = builds
            .iter()
            .filter_map(|build| build.text("image"))
            .collect();
        let built = if built.is_empty() {
            "no image".to_owned()
        } else {
            built.join(", ")
        };
        return Some(site.warning(
            "LZ2015",
            format!(
                "the app pulls `{image}`, which this program does not build: it builds {built}"
            ),
            "build it with `registry.build_image(..)`, or make sure that something else pushes it",
        ));
    };
    if pull.graph.comes_after(site, *build) {
        return None;
    }
    Some(site.warning(
        "LZ2016",
        format!("the app does not wait for the build of its image `{image}`, so its first pulls may fail"),
        "pass the image build itself instead of its name",
    ))
}

/// LZ2023.
fn let_in(graph: &Graph<'_>, build: Node<'_>) -> Option<Diagnostic> {
    let registry = graph.find(&ResourceId::parse(build.text("registryId")?).ok()?)?;
    let bypass = "properties.networkRuleBypassAllowedForTasks";
    if !pull_network::is_closed(registry) || registry.flag(bypass) || registry.is_unknown(bypass) {
        return None;
    }
    Some(build.error(
        "LZ2023",
        format!(
            "the registry {} is closed to the public network, and so to its own builds",
            registry.called()
        ),
        "set `networkRuleBypassAllowedForTasks` on the registry, or import the image",
    ))
}

/// An app setting, by its name without case.
pub(super) fn setting<'a>(site: Node<'a>, name: &str) -> Option<&'a Value> {
    let entry = site
        .list("properties.siteConfig.appSettings")
        .iter()
        .find(|entry| {
            let found = entry.at("name").and_then(Value::as_str);
            found.is_some_and(|found| found.eq_ignore_ascii_case(name))
        });
    entry.and_then(|entry| entry.at("value"))
}
