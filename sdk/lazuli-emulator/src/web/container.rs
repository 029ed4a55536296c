//! The container of a site: which image runs, and the log that tells why.
//!
//! There is no process. Each time somebody looks (a browser, the log), the pull is judged anew: when it
//! holds, that image runs from then on; when a *new* image cannot be pulled, the last good one keeps
//! serving, as on the real platform. The way to the *running* image is judged as well, as if the worker
//! were recycled at that moment, so that a broken topology shows at once.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::pull::{FailureKind, Hop, Pull, PulledImage, pull};
use super::site::Site;
use crate::build::base_images::{Server, server_of};
use crate::build::image::Image;
use crate::data::digest::Digest;
use crate::data::oci_store::OciStore;
use crate::world::World;

/// The log keeps this many lines.
const MAX_LOG_LINES: usize = 400;
/// Repository of the worker's local copies.
const CACHE: &str = "cache";

/// What a site is running, after its pull was judged.
#[derive(Debug)]
pub(crate) struct Container {
    /// The image that serves, when one does.
    pub(crate) running: Option<PulledImage>,
}

/// Judges the site's pull, remembers the outcome, and answers what runs.
pub(crate) fn settle(world: &World, site: &Site) -> Container {
    let judged = pull(world, site);
    let before = &site.private()["container"];
    let last = last_good(world, site, before, &judged);
    let stamp = site.configuration_stamp();
    let outcome = match &judged.image {
        Ok(found) => found.digest.to_string(),
        Err(failure) => failure.cause.clone(),
    };
    let is_news = before["stamp"] != stamp || before["outcome"] != outcome;
    let trouble = trouble(&judged);
    if is_news {
        let lines = lines(
            site,
            &judged,
            before["stamp"].is_string(),
            last.is_some(),
            trouble.as_deref(),
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
        Ok(found) => {
            if is_news {
                keep_copy(world, site, &found);
            }
            Some(found)
        }
        Err(_) => last,
    };
    Container { running }
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
    OciStore::at(folder(world, site).join("images"))
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
    if judged.image.is_ok() || running["reference"].as_str() == configured.as_deref() {
        return None;
    }
    let digest = Digest::parse(running["digest"].as_str()?)?;
    let image = Image::pull(&copies(world, site), CACHE, digest.hex()).ok()?;
    Some(PulledImage { digest, image })
}

fn trouble(judged: &Pull) -> Option<String> {
    match &judged.image {
        Err(failure) => Some(failure.cause.clone()),
        Ok(found) if server_of(&found.image.config) == Server::Unknown => {
            Some("the image runs a program that the emulator cannot stand in for; it serves the files of nginx, httpd and staticsite images, and runs registry:2".into())
        }
        Ok(_) => None,
    }
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
            resource.private["home"] = Uuid::new_v4().simple().to_string().into();
        }
        let before = &resource.private["container"]["running"];
        let running = match &judged.image {
            Ok(found) => json!({ "reference": reference, "digest": found.digest.as_str() }),
            Err(_) if keeps_last => before.clone(),
            Err(_) => Value::Null,
        };
        resource.private["container"] =
            json!({ "stamp": stamp, "outcome": outcome, "running": running });
        let mut log = resource.private["containerLog"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        log.extend(lines.into_iter().map(Value::from));
        let surplus = log.len().saturating_sub(MAX_LOG_LINES);
        resource.private["containerLog"] = log.split_off(surplus).into();
    });
}

/// The platform's own lines, then the hops that were walked and the one sentence that names the cause.
fn lines(
    site: &Site,
    judged: &Pull,
    is_restart: bool,
    keeps_last: bool,
    trouble: Option<&str>,
) -> Vec<String> {
    let name = judged
        .reference
        .as_ref()
        .map_or_else(|| "(no image)".to_owned(), ToString::to_string);
    let mut lines = Vec::new();
    if is_restart {
        lines.push(format!(
            "INFO  - Starting a new container for site {}",
            site.name()
        ));
    }
    lines.push(match judged.is_over_vnet {
        true => format!("INFO  - Attempting to pull image {name} from VNET."),
        false => format!("INFO  - Pulling image: {name}"),
    });
    match &judged.image {
        Ok(found) => {
            lines.push(format!("INFO  - Digest: {}", found.digest));
            lines.push(format!("INFO  - Status: Downloaded image for {name}"));
            lines.push(match trouble {
                None => format!("INFO  - Container for site {} initialized successfully and is ready to serve requests.", site.name()),
                Some(_) => format!("ERROR - Container for site {} didn't respond to HTTP pings on port: 80, failing site start.", site.name()),
            });
        }
        Err(failure) => {
            lines.extend(platform_lines(
                &name,
                judged.is_over_vnet,
                failure.kind,
                judged,
            ));
        }
    }
    if judged.image.is_err() {
        lines.extend(judged.hops.iter().map(hop_line));
    }
    if let Some(cause) = trouble {
        lines.push(format!("CAUSE - {cause}"));
    }
    if keeps_last {
        lines.push("WARN  - The last good image keeps serving.".to_owned());
    }
    let now = Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
        .to_string();
    lines
        .into_iter()
        .map(|line| format!("{now} {line}"))
        .collect()
}

fn hop_line(hop: &Hop) -> String {
    let verdict = if hop.holds { "holds" } else { "broken" };
    format!("HOP   - {} {verdict}: {}", hop.what, hop.detail)
}

/// Wording as users report it from the real platform, misspelling included.
fn platform_lines(name: &str, is_over_vnet: bool, kind: FailureKind, judged: &Pull) -> Vec<String> {
    let mut lines = Vec::new();
    if is_over_vnet {
        lines.push(format!(
            "ERROR - Image pull for {name} failed. UnexpectedFaliure"
        ));
        lines.push(format!(
            "ERROR - Pulling docker image {name} over VNET failed."
        ));
    } else {
        let host = judged
            .reference
            .as_ref()
            .map(|r| r.host.clone())
            .unwrap_or_default();
        let (status, message) = match kind {
            FailureKind::NotFound => (
                "NotFound",
                format!("manifest for {name} not found: manifest unknown"),
            ),
            FailureKind::Denied => ("InternalServerError", "denied".to_owned()),
            FailureKind::Unauthorized => (
                "InternalServerError",
                format!("Get https://{host}/v2/: unauthorized: authentication required"),
            ),
            FailureKind::Unreachable => (
                "InternalServerError",
                format!("Get https://{host}/v2/: dial tcp: lookup {host}: no such host"),
            ),
            FailureKind::Configuration => ("BadRequest", "invalid reference format".to_owned()),
        };
        let response = json!({ "message": message });
        lines.push(format!("ERROR - DockerApiException: Docker API responded with status code={status}, response={response}"));
    }
    lines.push("WARN  - Image pull failed. Defaulting to local copy if present.".to_owned());
    lines.push("ERROR - Image pull failed: Verify docker image configuration and credentials (if using private repository)".to_owned());
    lines
}
