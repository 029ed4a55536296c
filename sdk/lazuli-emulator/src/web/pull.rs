//! Can this site pull its image? The path is checked hop by hop, and the first broken hop is the answer.
//!
//! Pure over a world: nothing is written, so it may be asked at any time. The order is that of the real
//! platform: plan, image name, route, name resolution, endpoint, firewall, credentials, role, tag,
//! layers. Rules come from the App Service and Container Registry documentation.

use serde_json::Value;

use super::site::{Site, last_segment};
use super::view;
use crate::build::base_images;
use crate::build::image::Image;
use crate::data::digest::Digest;
use crate::data::oci_store::OciStore;
use crate::data::reference::ImageReference;
use crate::data::registry;
use crate::world::{Resource, World};

/// The judgement on one site.
#[derive(Debug)]
pub(crate) struct Pull {
    /// The image the site names, when it names one.
    pub(crate) reference: Option<ImageReference>,
    pub(crate) is_over_vnet: bool,
    /// Every hop that was walked; only the last can be broken.
    pub(crate) hops: Vec<Hop>,
    pub(crate) image: Result<PulledImage, PullFailure>,
}

/// One hop of the path to the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) what: &'static str,
    pub(crate) holds: bool,
    pub(crate) detail: String,
}

/// The image and the digest of its manifest.
#[derive(Clone, Debug)]
pub(crate) struct PulledImage {
    pub(crate) digest: Digest,
    pub(crate) image: Image,
}

/// Why there is no image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PullFailure {
    pub(crate) kind: FailureKind,
    /// The cause in one sentence, naming the resource at fault.
    pub(crate) cause: String,
}

/// What the container engine would report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The site's own configuration cannot work.
    Configuration,
    /// The registry was not reached.
    Unreachable,
    /// Its firewall refused the address.
    Denied,
    /// It knows the caller not at all, or not well enough.
    Unauthorized,
    /// It has no such image.
    NotFound,
}

pub(super) type Walk<T> = Result<T, PullFailure>;

/// Checks the path from a site to its image.
pub(crate) fn pull(world: &World, site: &Site) -> Pull {
    let mut path = PullPath {
        world,
        site,
        hops: Vec::new(),
        vnet: None,
    };
    let reference = path.reference();
    let mut parsed = None;
    let image = reference.and_then(|reference| {
        parsed = Some(reference.clone());
        path.plan()?;
        path.route()?;
        path.fetch(&reference)
    });
    if let Err(failure) = &image {
        let holds = false;
        let detail = failure.cause.clone();
        match path.hops.last_mut() {
            Some(hop) if hop.detail.is_empty() => (hop.holds, hop.detail) = (holds, detail),
            _ => path.hops.push(Hop {
                what: "image",
                holds,
                detail,
            }),
        }
    }
    Pull {
        reference: parsed,
        is_over_vnet: path.vnet.is_some(),
        hops: path.hops,
        image,
    }
}

/// Registries of the internet that the emulator has images of.
const PUBLIC_REGISTRIES: [&str; 2] = ["docker.io", "mcr.microsoft.com"];

/// One walk. `reach` and `credentials` hold the hops of those names.
pub(super) struct PullPath<'a> {
    pub(super) world: &'a World,
    pub(super) site: &'a Site,
    pub(super) hops: Vec<Hop>,
    /// The network the pull goes through, when it does.
    pub(super) vnet: Option<String>,
}

impl PullPath<'_> {
    /// Opens a hop; `holds` closes it with what was found, a failure closes it with the cause.
    pub(super) fn ask(&mut self, what: &'static str) {
        self.hops.push(Hop {
            what,
            holds: true,
            detail: String::new(),
        });
    }

    pub(super) fn holds(&mut self, detail: impl Into<String>) {
        if let Some(hop) = self.hops.last_mut() {
            hop.detail = detail.into();
        }
    }

    fn reference(&mut self) -> Walk<ImageReference> {
        self.ask("image name");
        let image = self
            .site
            .image()
            .map_err(|cause| failure(FailureKind::Configuration, cause))?;
        let reference = ImageReference::parse(image).map_err(|cause| {
            let detail = format!("the image of {}: {cause}", self.site.name());
            failure(FailureKind::Configuration, detail)
        })?;
        self.holds(reference.to_string());
        Ok(reference)
    }

    fn plan(&mut self) -> Walk<()> {
        self.ask("plan");
        let id = self.site.properties()["serverFarmId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let Some(plan) = self.world.get(&id) else {
            return fail(
                FailureKind::Configuration,
                format!("the plan of {} does not exist: {id:?}", self.site.name()),
            );
        };
        let sku = plan.body["sku"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let without_network = matches!(sku.to_uppercase().as_str(), "F1" | "D1" | "SHARED" | "Y1");
        if without_network && self.site.subnet_id().is_some() {
            return fail(
                FailureKind::Configuration,
                format!(
                    "plan {} has SKU {sku}, which has no VNet integration",
                    last_segment(&id)
                ),
            );
        }
        self.holds(format!("{} ({sku})", last_segment(&id)));
        Ok(())
    }

    fn route(&mut self) -> Walk<()> {
        self.ask("route");
        let (wanted, why) = wants_vnet(self.site);
        if !wanted {
            self.holds(format!("over the public internet: {why}"));
            return Ok(());
        }
        if self.site.is_windows() {
            return fail(
                FailureKind::Configuration,
                format!(
                    "the image is to be pulled over the VNet ({why}), but {} runs a Windows container, which the platform pulls from the internet only",
                    self.site.name()
                ),
            );
        }
        let Some(subnet) = self.site.subnet_id() else {
            return fail(
                FailureKind::Configuration,
                format!(
                    "the image is to be pulled over the VNet ({why}), but {} has no VNet integration",
                    self.site.name()
                ),
            );
        };
        if self.world.get(subnet).is_none() {
            return fail(
                FailureKind::Configuration,
                format!("the integration subnet does not exist: {subnet}"),
            );
        }
        let vnet = view::vnet_of_subnet(subnet).unwrap_or_default().to_owned();
        self.holds(format!(
            "through {} of {}: {why}",
            last_segment(subnet),
            last_segment(&vnet)
        ));
        self.vnet = Some(vnet);
        Ok(())
    }

    fn fetch(&mut self, reference: &ImageReference) -> Walk<PulledImage> {
        if let Some(registry) = registry::by_host(self.world, &reference.host) {
            return self.at_registry(&registry, reference);
        }
        if let Some(site) = Site::by_host(self.world, &reference.host) {
            return self.at_site(&site, reference);
        }
        self.ask("public image");
        if !PUBLIC_REGISTRIES.contains(&reference.host.as_str()) {
            return fail(
                FailureKind::Unreachable,
                format!(
                    "cannot reach {}: no registry or web app of this world has that name, and the emulator does not go to the internet; it holds public images of {}",
                    reference.host,
                    PUBLIC_REGISTRIES.join(" and ")
                ),
            );
        }
        let found = base_images::find(&reference.host, &reference.repository, &reference.reference);
        let image = found.map_err(|cause| failure(FailureKind::NotFound, cause))?;
        let digest = Digest::of(&image.manifest_bytes(&image.config_bytes()));
        self.holds(digest.to_string());
        Ok(PulledImage { digest, image })
    }

    // From a container registry

    fn at_registry(
        &mut self,
        registry: &Resource,
        reference: &ImageReference,
    ) -> Walk<PulledImage> {
        let is_private = self.reach(registry, &reference.host)?;
        self.firewall(registry, is_private)?;
        self.credentials(registry, reference)?;
        let found = self.image(&registry::store(self.world, registry), reference)?;
        if is_private {
            self.layers(registry)?;
        }
        Ok(found)
    }

    fn image(&mut self, store: &OciStore, reference: &ImageReference) -> Walk<PulledImage> {
        self.ask("tag");
        let ImageReference {
            repository,
            reference: tag,
            host,
        } = reference;
        let Ok(manifest) = store.manifest(repository, tag) else {
            return fail(
                FailureKind::NotFound,
                missing_image(store, host, repository, tag),
            );
        };
        let image = Image::pull(store, repository, manifest.digest.as_str()).map_err(|e| {
            failure(
                FailureKind::NotFound,
                format!("{reference} cannot be used: {e}"),
            )
        })?;
        self.holds(manifest.digest.to_string());
        Ok(PulledImage {
            digest: manifest.digest,
            image,
        })
    }

    // From a registry that another web app hosts

    fn at_site(&mut self, host: &Site, reference: &ImageReference) -> Walk<PulledImage> {
        let Some(owner) = self.world.get(host.id()) else {
            return fail(
                FailureKind::Unreachable,
                format!("{} is gone", reference.host),
            );
        };
        let is_private = self.reach(&owner, &reference.host)?;
        self.ask("access");
        if !is_private {
            self.gate(host)?;
        }
        if host.is_stopped() {
            return fail(
                FailureKind::Unreachable,
                format!("web app {} is stopped", host.name()),
            );
        }
        if !super::front::runs_registry(self.world, host) {
            return fail(
                FailureKind::NotFound,
                format!("web app {} does not run a container registry", host.name()),
            );
        }
        self.holds(format!("web app {} runs a registry", host.name()));
        self.image(&super::front::hosted_store(self.world, host), reference)
    }
}

/// The three generations of the setting: `outboundVnetRouting` and `vnetImagePullEnabled` on the site win
/// over the app setting, and `allTraffic` covers every kind of traffic.
pub(crate) fn wants_vnet(site: &Site) -> (bool, String) {
    let properties = site.properties();
    let routing = &properties["outboundVnetRouting"];
    if routing["allTraffic"] == true {
        return (true, "outboundVnetRouting.allTraffic is true".into());
    }
    let from_site = [
        (
            "outboundVnetRouting.imagePullTraffic",
            &routing["imagePullTraffic"],
        ),
        ("vnetImagePullEnabled", &properties["vnetImagePullEnabled"]),
    ];
    if let Some((name, _)) = from_site
        .iter()
        .find(|(_, value)| **value == Value::Bool(true))
    {
        return (true, format!("{name} is true"));
    }
    match site.setting("WEBSITE_PULL_IMAGE_OVER_VNET") {
        Some(value) if value.eq_ignore_ascii_case("true") || value == "1" => (true, format!("WEBSITE_PULL_IMAGE_OVER_VNET is {value}")),
        _ => (false, "neither outboundVnetRouting.imagePullTraffic, vnetImagePullEnabled nor WEBSITE_PULL_IMAGE_OVER_VNET is true".into()),
    }
}

fn missing_image(store: &OciStore, host: &str, repository: &str, tag: &str) -> String {
    match store.tags(repository) {
        Ok(tags) => format!(
            "tag {tag} not found in repository {repository} of {host}; tags: {}",
            tags.join(", ")
        ),
        Err(_) => {
            let known = store.repositories();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            format!("repository {repository} not found in {host}; repositories: {known}")
        }
    }
}

pub(super) fn failure(kind: FailureKind, cause: String) -> PullFailure {
    PullFailure { kind, cause }
}

pub(super) fn fail<T>(kind: FailureKind, cause: String) -> Walk<T> {
    Err(failure(kind, cause))
}

#[cfg(test)]
#[path = "pull_tests.rs"]
mod tests;
