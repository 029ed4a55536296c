//! `POST …/importImage`: copies an image into a registry, from another registry of this world or out of the
//! public images that the emulator knows.
//!
//! Recorded: 202 with `Location`, where the end says `{"status": "Succeeded"}`. What is wrong with the request
//! itself is refused at once; what is wrong with the source or the tags is how the operation ends.

use std::net::IpAddr;

use http::StatusCode;
use serde_json::Value;

use super::{child, registries};
use crate::arm::lro::{self, Effect};
use crate::arm::{Answer, Call, json};
use crate::build::base_images;
use crate::data::access::{self, Holder};
use crate::data::copy::{self, CopyError};
use crate::data::digest::Digest;
use crate::data::oci_store::OciStore;
use crate::data::reference::ImageReference;
use crate::data::registry;
use crate::world::Resource;

/// The import comes from the service itself, whose addresses no rule holds (a documentation range).
const IMPORT_ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 30));

/// An end of the operation that is not success: code and message.
type Failure = (&'static str, String);

pub(super) fn import_image(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    let source = &body["source"];
    let image = json::text(&source["sourceImage"]);
    if image.is_empty() {
        return Err(child::invalid(
            "The source of an import must name its sourceImage.",
        ));
    }
    if source["resourceId"].as_str().is_none() && source["registryUri"].as_str().is_none() {
        return Err(child::invalid(
            "The source of an import must name a resourceId or a registryUri.",
        ));
    }
    let mode = json::one_of(&body["mode"], "mode", &["NoForce", "Force"])?;
    let tags = texts(&body["targetTags"]);
    let untagged = texts(&body["untaggedTargetRepositories"]);
    if tags.is_empty() && untagged.is_empty() {
        return Err(child::invalid(
            "An import must name targetTags or untaggedTargetRepositories.",
        ));
    }
    let registry = call.required()?;
    let import = Import {
        call,
        registry: &registry,
        force: mode == Some("Force"),
        tags: &tags,
        untagged: &untagged,
    };
    let effect = match import.carry_out(source, image) {
        Ok(()) => Effect::Nothing,
        Err((code, message)) => Effect::Fail {
            code: code.to_owned(),
            message: format!(
                "Operation import failed. Resource {} {message}",
                registry.id
            ),
        },
    };
    let addresses = lro::start(call, &child::DIALECT, effect);
    Ok(Answer::json(StatusCode::ACCEPTED, Value::Null)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}

fn texts(list: &Value) -> Vec<String> {
    json::items(list)
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

struct Import<'a> {
    call: &'a Call<'a>,
    registry: &'a Resource,
    force: bool,
    tags: &'a [String],
    untagged: &'a [String],
}

impl Import<'_> {
    fn carry_out(&self, source: &Value, image: &str) -> Result<(), Failure> {
        self.check_bypass(self.registry)?;
        let targets = self.targets()?;
        let world = self.call.world;
        let found = match source["resourceId"].as_str() {
            Some(id) => Some(self.by_id(id)?),
            None => self.by_address(source)?,
        };
        let into = registry::store(world, self.registry);
        match found {
            Some(from) => {
                let reference = parse(&format!("{}/{image}", registry::login_server(&from)))?;
                let store = registry::store(world, &from);
                self.copy(&store, &into, &reference, &targets)
            }
            None => {
                let host = host_of(json::text(&source["registryUri"]));
                self.pull_public(&into, &parse(&format!("{host}/{image}"))?, &targets)
            }
        }
    }

    /// A closed registry lets the service in only as a trusted one.
    fn check_bypass(&self, registry: &Resource) -> Result<(), Failure> {
        let properties = &registry.body["properties"];
        let trusted = properties["networkRuleBypassOptions"] != "None";
        if trusted || access::admits(properties, IMPORT_ADDRESS) {
            return Ok(());
        }
        let message = registry::denied_message(&IMPORT_ADDRESS.to_string());
        Err((
            "Forbidden",
            format!(
                "Error response from registry {}: DENIED {message}",
                registry.name()
            ),
        ))
    }

    fn targets(&self) -> Result<Vec<(String, Option<String>)>, Failure> {
        let host = registry::login_server(self.registry);
        let into = registry::store(self.call.world, self.registry);
        let mut targets = Vec::new();
        for tag in self.tags {
            let target = parse(&format!("{host}/{tag}"))?;
            let taken = into.tagged(&target.repository, &target.reference);
            if !self.force && matches!(taken, Ok(Some(_))) {
                let (repository, tag) = (&target.repository, &target.reference);
                return Err((
                    "Conflict",
                    format!("Tag {repository}:{tag} already exists in target registry."),
                ));
            }
            targets.push((target.repository, Some(target.reference)));
        }
        for repository in self.untagged {
            targets.push((parse(&format!("{host}/{repository}"))?.repository, None));
        }
        Ok(targets)
    }

    /// A registry of this Azure by its id: the caller must be allowed to pull from it.
    fn by_id(&self, id: &str) -> Result<Resource, Failure> {
        let found = self
            .call
            .world
            .get(id)
            .filter(|found| found.kind == registries::KIND);
        let source = found.ok_or_else(|| {
            (
                "NotFound",
                format!("The source registry {id} was not found."),
            )
        })?;
        let caller = Holder::Principal(self.call.caller.principal.clone());
        self.check_source(&source, &caller)?;
        Ok(source)
    }

    /// A registry by its address, with credentials or as anybody; `None` for the public registries.
    fn by_address(&self, source: &Value) -> Result<Option<Resource>, Failure> {
        let host = host_of(json::text(&source["registryUri"]));
        let Some(found) = registry::by_host(self.call.world, &host) else {
            return Ok(None);
        };
        let credentials = &source["credentials"];
        let (user, password) = (
            json::text(&credentials["username"]),
            json::text(&credentials["password"]),
        );
        let unauthorized = |why: String| {
            (
                "Unauthorized",
                format!("Error response from source registry {host}: UNAUTHORIZED {why}"),
            )
        };
        if password.is_empty() {
            if found.body["properties"]["anonymousPullEnabled"] == true {
                return self.check_bypass(&found).map(|()| Some(found));
            }
            return Err(unauthorized("authentication required".into()));
        }
        let holder = if user.is_empty() {
            crate::data::auth::holder_of_token(self.call.world, &found, password)
                .ok_or_else(|| unauthorized("the token is not valid".into()))?
        } else {
            access::authenticate(self.call.world, &found, user, password).map_err(unauthorized)?
        };
        self.check_source(&found, &holder)?;
        Ok(Some(found))
    }

    fn check_source(&self, source: &Resource, holder: &Holder) -> Result<(), Failure> {
        self.check_bypass(source)?;
        let image = json::text(&self.call.body["source"]["sourceImage"]);
        let repository = image.split(['@', ':']).next().unwrap_or(image);
        if holder.may(self.call.world, source, repository, "pull") {
            return Ok(());
        }
        let name = source.name();
        Err((
            "Forbidden",
            format!("The {holder} may not pull {repository} from the source registry {name}."),
        ))
    }

    fn copy(
        &self,
        from: &OciStore,
        into: &OciStore,
        image: &ImageReference,
        targets: &[(String, Option<String>)],
    ) -> Result<(), Failure> {
        for (repository, tag) in targets {
            let to = (repository.as_str(), tag.as_deref());
            copy::image(
                (from, &image.repository, &image.reference),
                (into, to.0, to.1),
            )
            .map_err(|error| match error {
                CopyError::Source(reason) => (
                    "ManifestUnknown",
                    format!("The source image {image} was not found: {reason}"),
                ),
                CopyError::Target(reason) => (
                    "InvalidTarget",
                    format!("The image could not be stored: {reason}"),
                ),
            })?;
        }
        Ok(())
    }

    /// The public images are those that `FROM` knows; other names fail as images that are not there.
    fn pull_public(
        &self,
        into: &OciStore,
        image: &ImageReference,
        targets: &[(String, Option<String>)],
    ) -> Result<(), Failure> {
        if Digest::parse(&image.reference).is_some() {
            let message = format!(
                "The source image {image} was not found: the emulator's public images have other digests than the real ones."
            );
            return Err(("ManifestUnknown", message));
        }
        let unknown = |reason: String| {
            (
                "ManifestUnknown",
                format!("The source image {image} was not found: {reason}"),
            )
        };
        let found =
            base_images::find(&image.host, &image.repository, &image.reference).map_err(unknown)?;
        for (repository, tag) in targets {
            let bare = Digest::of(&found.manifest_bytes(&found.config_bytes()));
            let stored = found.push(into, repository, tag.as_deref().unwrap_or(bare.as_str()));
            stored.map_err(|error| {
                (
                    "InvalidTarget",
                    format!("The image could not be stored: {error}"),
                )
            })?;
        }
        Ok(())
    }
}

/// `registry.hub.docker.com` and its like all are Docker Hub; that is settled when a reference is read.
fn host_of(uri: &str) -> String {
    uri.trim_start_matches("https://")
        .trim_end_matches('/')
        .to_lowercase()
}

fn parse(text: &str) -> Result<ImageReference, Failure> {
    ImageReference::parse(text).map_err(|reason| ("InvalidReference", reason))
}
