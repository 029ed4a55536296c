//! The way of an image: plan, subnet, switch, names, endpoint, firewall,
//! credentials, role, tag.

use lazuli_arm::ResourceId;

use super::app::{App, Image};
use super::model::{Known, Model};
use super::private::{self, Codes, Exposure, final_exposure, public};
use super::subnet::subnet;
use super::target::{Target, server};
use super::{Destination, HopKind, Steps, Violation, Walk, credentials};
use crate::generated::types;
use crate::verify::graph::{Graph, Node};
use crate::verify::site::without_integration;

const CODES: Codes = Codes {
    endpoint: "LZ2010",
    link: "LZ2011",
    records: "LZ2012",
};

/// Where the image is, and how it is called there.
struct Source<'a> {
    /// `host/repository:tag`.
    reference: Option<String>,
    /// `repository:tag`.
    image: Option<&'a str>,
    host: Option<&'a str>,
    place: Where<'a>,
}

enum Where<'a> {
    Registry(Node<'a>),
    /// A registry that runs as an app.
    Site(Node<'a>),
    /// Not declared in this program.
    Elsewhere,
}

pub(super) fn walk<'a>(model: &Model<'a>, app: &App<'a>) -> Option<Walk> {
    let source = source(model, app)?;
    let mut steps = Steps::new(model, app);
    plan(&mut steps);
    let network = subnet(&mut steps);
    match &source.place {
        Where::Elsewhere => {
            route_elsewhere(&mut steps);
            steps.open(
                HopKind::Firewall,
                "somebody asks the registry, which this program does not declare",
            );
        }
        Where::Registry(node) => {
            let target = Target::registry(*node, source.host)?;
            steps.towards(*node);
            way(&mut steps, &target, network);
            credentials::walk(&mut steps, *node, source.host);
            tag(&mut steps, *node, source.image);
        }
        Where::Site(node) => {
            let target = Target::site(*node, source.host)?;
            steps.towards(*node);
            way(&mut steps, &target, network);
            hosted(&mut steps);
        }
    }
    Some(steps.end(Destination::Pull {
        reference: source.reference,
    }))
}

fn source<'a>(model: &Model<'a>, app: &App<'a>) -> Option<Source<'a>> {
    let Image { host, rest, .. } = match app.image()? {
        Known::Is(image) => image,
        // Where the image is not known yet: the registry of what the app waits for.
        Known::Pending | Known::Absent => {
            return Some(Source {
                reference: None,
                image: None,
                host: None,
                place: Where::Registry(registry_before(&model.graph, app.node)?),
            });
        }
    };
    let place = match server(&model.graph, types::REGISTRY, host) {
        Some(registry) => Where::Registry(registry),
        None => server(&model.graph, types::SITE, host).map_or(Where::Elsewhere, Where::Site),
    };
    Some(Source {
        reference: Some(format!("{host}/{rest}")),
        image: Some(rest),
        host: Some(host),
        place,
    })
}

fn registry_before<'a>(graph: &Graph<'a>, site: Node<'a>) -> Option<Node<'a>> {
    graph.dependencies(site).find_map(|node| {
        if node.is(types::REGISTRY) {
            Some(node)
        } else if brings_image(node) {
            graph.find(&node.reference("registryId")?)
        } else {
            None
        }
    })
}

fn plan(steps: &mut Steps<'_, '_>) {
    let Some(plan) = steps.app.plan else {
        steps.open(
            HopKind::Plan,
            "somebody looks at the plan, which this program does not declare",
        );
        return;
    };
    steps.on(plan);
    let sku = plan
        .text("sku.name")
        .unwrap_or("a size that is not known yet");
    match steps.app.subnet() {
        Known::Is(_) if without_integration(plan) => {
            let detail = format!("{} is {sku}, which has no integration", plan.called());
            steps.reported_elsewhere(HopKind::Plan, "LZ2007", plan, detail);
        }
        _ => steps.holds(HopKind::Plan, format!("{} ({sku})", plan.called())),
    }
}

/// Route, names, endpoint, firewall.
fn way<'a>(steps: &mut Steps<'_, 'a>, target: &Target<'a>, network: Known<ResourceId>) {
    let exposure = final_exposure(steps.model, target);
    let Some((over_network, why)) = steps.app.pull_switch() else {
        steps.open(
            HopKind::Route,
            "the switch for pulling over the network is known",
        );
        return;
    };
    if !over_network {
        off(steps, target, exposure, &why);
        return;
    }
    if steps.app.is_windows() {
        steps.broken(HopKind::Route, windows(steps.app.node));
        return;
    }
    match network {
        Known::Is(network) => {
            steps.holds(
                HopKind::Route,
                format!("through the network `{}`: {why}", network.name()),
            );
            private::walk(steps, target, &network, &CODES);
        }
        Known::Pending => steps.open(HopKind::Route, "the app's subnet is known"),
        Known::Absent => {
            let (what, called) = (target.what, target.called());
            let message = match exposure {
                Exposure::Closed => format!(
                    "the {what} {called} is closed to the public network, and the app is in no other"
                ),
                _ => format!("the app is to pull over a network ({why}), and is in none"),
            };
            steps.broken(HopKind::Route, Violation {
                code: "LZ2009",
                is_certain: true,
                at: steps.app.node,
                message,
                fix: "integrate the app into the network of the private endpoint: `.subnet(&integration)`, or `virtual_network_subnet` on a `WebApp`".to_owned(),
                related: vec![(target.node, "what the image is pulled from")],
            });
        }
    }
}

/// LZ2008: the pull goes over the public network.
fn off<'a>(steps: &mut Steps<'_, 'a>, target: &Target<'a>, exposure: Exposure, why: &str) {
    if exposure != Exposure::Closed {
        steps.holds(HopKind::Route, format!("over the public network: {why}"));
        public(steps, exposure);
        return;
    }
    let windows = steps.app.is_windows();
    let breach = Violation {
        code: "LZ2008",
        is_certain: true,
        at: steps.app.node,
        message: format!(
            "the {} {} is closed to the public network, but the app pulls over that: {why}",
            target.what,
            target.called()
        ),
        fix: match windows {
            true => "use a Linux container: Windows containers are not pulled over a virtual network",
            false => "switch `outboundVnetRouting.imagePullTraffic` on: routing all *application* traffic does not include the pull",
        }
        .to_owned(),
        related: vec![(target.node, "closed to the public network here")],
    };
    steps.broken(HopKind::Route, breach);
}

/// LZ2024.
pub(crate) fn windows(at: Node<'_>) -> Violation<'_> {
    Violation {
        code: "LZ2024",
        is_certain: true,
        at,
        message: "a Windows container is not pulled over the virtual network".to_owned(),
        fix: "use a Linux container, or leave the registry's public access open".to_owned(),
        related: Vec::new(),
    }
}

fn route_elsewhere(steps: &mut Steps<'_, '_>) {
    match steps.app.pull_switch() {
        None => steps.open(
            HopKind::Route,
            "the switch for pulling over the network is known",
        ),
        Some((true, _)) if steps.app.is_windows() => {
            steps.broken(HopKind::Route, windows(steps.app.node));
        }
        Some((_, why)) => steps.holds(HopKind::Route, why),
    }
}

/// A registry that runs as an app takes no Azure identity, and nobody can see its content from here.
fn hosted(steps: &mut Steps<'_, '_>) {
    match steps.app.config_switch("acrUseManagedIdentityCreds") {
        Some(false) => steps.holds(
            HopKind::Credentials,
            "the registry is asked without an identity",
        ),
        Some(true) => {
            let breach = Violation {
                code: "LZ2064",
                is_certain: false,
                at: steps.app.node,
                message: "the app pulls with an Azure identity from a registry that is not Azure's".to_owned(),
                fix: "leave `acrUseManagedIdentityCreds` out, and give user name and password if it wants them".to_owned(),
                related: Vec::new(),
            };
            steps.broken(HopKind::Credentials, breach);
        }
        None => steps.open(
            HopKind::Credentials,
            "`acrUseManagedIdentityCreds` is known",
        ),
    }
    steps.open(HopKind::Content, "somebody pushes the image, or has");
}

/// Whether a resource of this crate brings an image into a registry.
pub(crate) fn brings_image(node: Node<'_>) -> bool {
    node.is(types::IMAGE_BUILD) || node.is(types::IMAGE_IMPORT) || node.is(types::IMAGE_PUSH)
}

/// LZ2015.
fn tag<'a>(steps: &mut Steps<'_, 'a>, registry: Node<'a>, image: Option<&str>) {
    let (Some(image), Some(id)) = (image, registry.id()) else {
        steps.open(HopKind::Content, "the image is known");
        return;
    };
    let brought = steps.model.brought(&id);
    if let Some(build) = brought.and_then(|brought| brought.find(image)) {
        steps.on(build);
        steps.holds(HopKind::Content, format!("{} brings it", build.called()));
        return;
    }
    if steps.model.may_bring_any() || brought.is_some_and(|brought| brought.is_pending) {
        steps.open(HopKind::Content, "the images that are built are known");
        return;
    }
    let brought = brought.map(|brought| brought.images.as_slice());
    let brought = brought.unwrap_or_default();
    if image.contains('@') {
        steps.open(
            HopKind::Content,
            "somebody looks for the digest in the registry",
        );
        return;
    }
    let repository = |image: &str| {
        image
            .rsplit_once(':')
            .map_or(image, |(name, _)| name)
            .to_owned()
    };
    let same = |(_, built): &&(Node<'a>, &str)| repository(built) == repository(image);
    let siblings: Vec<_> = brought.iter().filter(same).collect();
    let names = match (siblings.as_slice(), brought) {
        (_, []) => "no image".to_owned(),
        ([], others) => few(others.iter().map(|(_, image)| *image)),
        (siblings, _) => few(siblings.iter().map(|(_, image)| *image)),
    };
    let related = siblings
        .iter()
        .map(|(node, _)| (*node, "built here with another tag"));
    let breach = Violation {
        code: "LZ2015",
        is_certain: !siblings.is_empty(),
        at: steps.app.node,
        message: format!("the app pulls `{image}`, which this program does not build: it builds {names}"),
        fix: "build it with `registry.build_image(..)`; if it is in the registry already, allow LZ2015 with that reason".to_owned(),
        related: related.collect(),
    };
    steps.broken(HopKind::Content, breach);
}

/// The build of the image that an app runs, if the program has it.
pub(crate) fn build_of<'a>(model: &Model<'a>, app: &App<'a>) -> Option<(Node<'a>, &'a str)> {
    let Known::Is(image) = app.image()? else {
        return None;
    };
    let registry = server(&model.graph, types::REGISTRY, image.host)?;
    let build = model.brought(&registry.id()?)?.find(image.rest)?;
    Some((build, image.rest))
}

/// The first names of a list, and how many more there are.
fn few<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    const SHOWN: usize = 6;
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<&str> = names.take(SHOWN).collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
