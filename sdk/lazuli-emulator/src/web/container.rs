//! The container of a site: which image runs, and the log that tells why.
//!
//! There is no process. Each time somebody looks (a browser, the log), the pull is judged anew: when it
//! holds, that image runs from then on; when a *new* image cannot be pulled, the last good one keeps
//! serving, as on the real platform. The path to the *running* image is judged as well, as if the worker
//! were recycled at that moment, so that a broken topology shows at once.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::log_lines::{self, Start, broken_hop};
use super::pull::{Pull, PulledImage, pull};
use super::site::Site;
use crate::build::image::Image;
use crate::data::digest::Digest;
use crate::data::oci_store::OciStore;
use crate::world::{Resource, World};

/// The log keeps this many lines.
const MAX_LOG_LINES: usize = 400;
/// Repository of the worker's local copies.
const CACHE: &str = "cache";
/// The outcome of an app that its owner stopped.
const STOPPED: &str = "stopped";

/// What a site is running, after its pull was judged.
#[derive(Debug)]
pub(crate) struct Container {
    /// The image that serves, when one does.
    pub(crate) running: Option<PulledImage>,
}

/// Judges the site's pull, remembers the outcome, and answers what runs.
pub(crate) fn settle(world: &World, site: &Site) -> Container {
    let before = &site.private()["container"];
    let stamp = site.configuration_stamp();
    if site.is_stopped() {
        stop(world, site, before, &stamp);
        return Container { running: None };
    }
    let judged = pull(world, site);
    let is_up = broken_hop(&judged).is_none();
    let last = last_good(world, site, before, &judged).filter(|_| !is_up);
    let outcome = match &judged.image {
        Ok(found) => found.digest.to_string(),
        Err(failure) => failure.cause.clone(),
    };
    let is_news = before["stamp"] != stamp || before["outcome"] != outcome;
    if is_news {
        let lines = log_lines::start(
            world.now(),
            &Start {
                site,
                judged: &judged,
                stamp: &stamp,
                is_restart: before["stamp"].is_string(),
                keeps_last: last.is_some(),
            },
        );
        remember(
            world,
            site,
            &judged,
            lines,
            &stamp,
            &outcome,
            last.is_some(),
        );
    }
    let running = match judged.image {
        Ok(found) if last.is_none() => {
            if is_news {
                keep_copy(world, site, &found);
            }
            Some(found)
        }
        _ => last,
    };
    Container { running }
}

/// A stopped app has no container; starting it pulls again.
fn stop(world: &World, site: &Site, before: &Value, stamp: &str) {
    if before["outcome"] == STOPPED || before.is_null() {
        return;
    }
    let lines = log_lines::stopped(world.now(), site, before["stamp"].as_str().unwrap_or(stamp));
    world.update(site.id(), |resource| {
        resource.private["container"]["outcome"] = STOPPED.into();
        write(resource, lines);
    });
}

/// The site's container log, judged up to now.
pub(crate) fn container_log(world: &World, site_id: &str) -> Vec<String> {
    let Some(site) = Site::get(world, site_id) else {
        return Vec::new();
    };
    settle(world, &site);
    let site = world.get(site_id);
    let lines = site
        .as_ref()
        .and_then(|site| site.private["containerLog"].as_array());
    lines
        .into_iter()
        .flatten()
        .filter_map(|line| line.as_str().map(str::to_owned))
        .collect()
}

/// Where what a site writes is kept. The folder's name is drawn when the site first starts, so a site
/// that was deleted and made again finds nothing of its predecessor.
pub(crate) fn folder(world: &World, site: &Site) -> PathBuf {
    let fresh = world.get(site.id());
    let home = fresh
        .as_ref()
        .and_then(|site| site.private["home"].as_str());
    world.data_dir().join("sites").join(home.unwrap_or("none"))
}

fn copies(world: &World, site: &Site) -> OciStore {
    OciStore::at(folder(world, site).join("images"), world.origin())
}

fn keep_copy(world: &World, site: &Site, found: &PulledImage) {
    if let Err(error) = found
        .image
        .push(&copies(world, site), CACHE, found.digest.hex())
    {
        tracing::warn!(site = site.name(), %error, "the worker keeps no copy of the image");
    }
}

/// The image that ran before, when the site now names another one that cannot be pulled.
fn last_good(world: &World, site: &Site, before: &Value, judged: &Pull) -> Option<PulledImage> {
    let running = &before["running"];
    let configured = judged.reference.as_ref().map(ToString::to_string);
    if running["reference"].as_str() == configured.as_deref() {
        return None;
    }
    let digest = Digest::parse(running["digest"].as_str()?)?;
    let image = Image::pull(&copies(world, site), CACHE, digest.hex()).ok()?;
    Some(PulledImage { digest, image })
}

fn remember(
    world: &World,
    site: &Site,
    judged: &Pull,
    lines: Vec<String>,
    stamp: &str,
    outcome: &str,
    keeps_last: bool,
) {
    let reference = judged.reference.as_ref().map(ToString::to_string);
    world.update(site.id(), |resource| {
        if !resource.private.is_object() {
            resource.private = json!({});
        }
        if resource.private["home"].is_null() {
            resource.private["home"] = world.uuid(site.id()).simple().to_string().into();
        }
        let before = &resource.private["container"]["running"];
        let running = match &judged.image {
            _ if keeps_last => before.clone(),
            Ok(found) => json!({ "reference": reference, "digest": found.digest.as_str() }),
            Err(_) => Value::Null,
        };
        resource.private["container"] =
            json!({ "stamp": stamp, "outcome": outcome, "running": running });
        write(resource, lines);
    });
}

fn write(resource: &mut Resource, lines: Vec<String>) {
    let mut log = resource.private["containerLog"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    log.extend(lines.into_iter().map(Value::from));
    let surplus = log.len().saturating_sub(MAX_LOG_LINES);
    resource.private["containerLog"] = log.split_off(surplus).into();
}
