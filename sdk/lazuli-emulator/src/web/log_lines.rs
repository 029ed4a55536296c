//! The lines of the container log: the platform's own words, then the hops of the path.
//!
//! Wordings of pulls and starts are those that users quote from the real platform, misspelling included.
//! `HOP` and `CAUSE` lines are the emulator's: the real log does not say why.

use jiff::Timestamp;
use serde_json::json;

use super::pull::{FailureKind, Hop, Pull, PulledImage};
use super::site::Site;
use crate::build::base_images::{Server, server_of};

/// What the log records of one start.
pub(super) struct Start<'a> {
    pub(super) site: &'a Site,
    pub(super) judged: &'a Pull,
    /// The configuration, as a digest; it names the container.
    pub(super) stamp: &'a str,
    pub(super) is_restart: bool,
    pub(super) keeps_last: bool,
}

/// Why a site has no new container, or one that answers nothing.
pub(super) fn broken_hop(judged: &Pull) -> Option<String> {
    match &judged.image {
        Err(failure) => Some(failure.cause.clone()),
        Ok(found) if server_of(&found.image.config) == Server::Unknown => {
            Some("the image runs a program that the emulator cannot stand in for; it serves the files of nginx, httpd and staticsite images, and runs registry:2".into())
        }
        Ok(_) => None,
    }
}

/// Puts the time before each line.
pub(super) fn stamped(now: Timestamp, lines: Vec<String>) -> Vec<String> {
    let now = now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
    let lines = lines.into_iter();
    lines.map(|line| format!("{now} {line}")).collect()
}

/// `site_0_1a2b3c4d`, another one for each configuration.
fn container_name(site: &Site, stamp: &str) -> String {
    let digest = stamp.rsplit(':').next().unwrap_or(stamp);
    let name = site.name().replace('(', "__").replace(')', "");
    format!("{name}_0_{}", &digest[..digest.len().min(8)])
}

/// The port that the platform asks: `WEBSITES_PORT` or `PORT`, else 80.
fn port(site: &Site) -> &str {
    ["WEBSITES_PORT", "PORT"]
        .into_iter()
        .find_map(|name| site.setting(name).filter(|port| !port.is_empty()))
        .unwrap_or("80")
}

/// The owner stopped the app.
pub(super) fn stopped(now: Timestamp, site: &Site, stamp: &str) -> Vec<String> {
    stamped(
        now,
        vec![format!(
            "INFO  - Stopping container {} of site {}: the app is stopped.",
            container_name(site, stamp),
            site.name()
        )],
    )
}

/// Everything about one start, from the pull to the first ping.
pub(super) fn start(now: Timestamp, start: &Start<'_>) -> Vec<String> {
    let (site, judged) = (start.site, start.judged);
    let name = judged
        .reference
        .as_ref()
        .map_or_else(|| "(no image)".to_owned(), ToString::to_string);
    let mut lines = Vec::new();
    if start.is_restart {
        lines.push(format!(
            "INFO  - Starting a new container for site {}",
            site.name()
        ));
    }
    lines.push(if judged.is_over_vnet {
        format!("INFO  - Attempting to pull image {name} from VNET.")
    } else {
        format!("INFO  - Pulling image: {name}")
    });
    match &judged.image {
        Ok(found) => lines.extend(started(start, &name, found)),
        Err(failure) => {
            lines.extend(failed(&name, failure.kind, judged));
            lines.extend(judged.hops.iter().map(hop_line));
        }
    }
    if let Some(cause) = broken_hop(judged) {
        lines.push(format!("CAUSE - {cause}"));
    }
    if start.keeps_last {
        lines.push("WARN  - The last good image keeps serving.".to_owned());
    }
    stamped(now, lines)
}

/// Only the names of the environment are shown: values may be secrets.
fn started(start: &Start<'_>, name: &str, found: &PulledImage) -> Vec<String> {
    let (site, port) = (start.site, port(start.site));
    let container = container_name(site, start.stamp);
    let settings = site.private()["appSettings"].as_object();
    let names: String = settings
        .into_iter()
        .flatten()
        .map(|(name, _)| format!(" -e {name}"))
        .collect();
    let mut lines = vec![
        format!("INFO  - Digest: {}", found.digest),
        format!("INFO  - Status: Downloaded image for {name}"),
        "INFO  - Pull Image successful".to_owned(),
        format!("INFO  - Starting container for site {}", site.name()),
        format!("INFO  - docker run -d --expose={port} --name {container}{names} {name}"),
        format!(
            "INFO  - Initiating warmup request to container {container} for site {}",
            site.name()
        ),
    ];
    if broken_hop(start.judged).is_none() {
        lines.push(format!(
            "INFO  - Container {container} for site {} initialized successfully and is ready to serve requests.",
            site.name()
        ));
        return lines;
    }
    lines.push(format!(
        "ERROR - Container {container} for site {} didn't respond to HTTP pings on port: {port}, failing site start. See container logs for debugging.",
        site.name()
    ));
    lines.push(format!(
        "INFO  - Stopping site {} because it failed during startup.",
        site.name()
    ));
    lines
}

fn hop_line(hop: &Hop) -> String {
    let verdict = if hop.holds { "holds" } else { "broken" };
    format!("HOP   - {} {verdict}: {}", hop.what, hop.detail)
}

/// Wording as users report it from the real platform, misspelling included.
fn failed(name: &str, kind: FailureKind, judged: &Pull) -> Vec<String> {
    let mut lines = Vec::new();
    if judged.is_over_vnet {
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
