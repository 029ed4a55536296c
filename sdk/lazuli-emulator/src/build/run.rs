//! One quick build, carried out: source archive in, image in the registry, log lines out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::assemble::{Build, assemble};
use super::image::Image;
use super::log::Log;
use super::{base_images, context, dockerfile};
use crate::data::digest::Digest;
use crate::data::oci_store::OciStore;
use crate::data::reference::ImageReference;

/// What a build works on.
pub(crate) struct Order<'a> {
    pub(crate) run_id: &'a str,
    /// Login server of the registry the run belongs to.
    pub(crate) login_server: &'a str,
    /// Whether the agent gets to the registry, or why not.
    pub(crate) reach: Result<(), String>,
    /// The `DockerBuildRequest`.
    pub(crate) request: &'a Value,
    pub(crate) source: Option<Vec<u8>>,
    pub(crate) store: &'a OciStore,
}

/// Builds and pushes; never fails itself: the result is `outputImages` of the run, or why it failed, and the
/// log says both.
pub(crate) fn carry_out(order: &Order<'_>, log: &mut Log<'_>) -> Result<Vec<Value>, String> {
    log.push("Downloading source code...".to_owned());
    log.push(format!(
        "Setting up Docker configuration for {}...",
        order.login_server
    ));
    let result = build(order, log);
    match &result {
        Ok(_) => log.push(format!("Run ID: {} was successful after 1s", order.run_id)),
        Err(reason) => {
            log.push(format!("failed: {reason}"));
            log.push(format!(
                "Run ID: {} failed after 1s. Error: {reason}",
                order.run_id
            ));
        }
    }
    result
}

fn build(order: &Order<'_>, log: &mut Log<'_>) -> Result<Vec<Value>, String> {
    if push_enabled(order) {
        order.reach.clone()?;
        log.push(format!("Successfully logged into {}", order.login_server));
    }
    let images = image_names(order)?;
    let image = build_image(order, log)?;
    for name in &images {
        log.push(format!("Successfully tagged {}", named(order, name)));
    }
    if !push_enabled(order) {
        return Ok(Vec::new());
    }
    images
        .iter()
        .map(|name| push(order, &image, name, log))
        .collect()
}

fn push_enabled(order: &Order<'_>) -> bool {
    order.request["isPushEnabled"] == true
}

fn image_names(order: &Order<'_>) -> Result<Vec<ImageReference>, String> {
    let names = order.request["imageNames"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let own = |name: &str| {
        let name = name.replace("{{.Run.ID}}", order.run_id);
        let server = format!("{}/", order.login_server);
        let name = name.strip_prefix(&server).unwrap_or(&name);
        ImageReference::parse(&format!("{server}{name}"))
    };
    names.map(own).collect()
}

fn named(order: &Order<'_>, name: &ImageReference) -> String {
    format!(
        "{}/{}:{}",
        order.login_server, name.repository, name.reference
    )
}

fn build_image(order: &Order<'_>, log: &mut Log<'_>) -> Result<Image, String> {
    let source = order
        .source
        .as_deref()
        .ok_or("the source archive was never uploaded")?;
    let file = order.request["dockerFilePath"]
        .as_str()
        .unwrap_or("Dockerfile");
    let tree = context::read(source, file)?;
    let text = context::text(&tree, file).ok_or_else(|| {
        format!("failed to solve: unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat {file}: no such file or directory")
    })?;
    let instructions = dockerfile::parse(&text).map_err(|e| e.to_string())?;
    log.push(format!(
        "Sending build context to Docker daemon  {} bytes",
        source.len()
    ));
    let arguments = arguments(order.request);
    let base = |name: &str| base_image(order, name);
    let target = order.request["target"]
        .as_str()
        .filter(|target| !target.is_empty());
    assemble(
        &Build {
            instructions: &instructions,
            context: &tree,
            arguments: &arguments,
            base: &base,
            target,
        },
        log,
    )
}

fn arguments(request: &Value) -> BTreeMap<String, String> {
    let pairs = request["arguments"].as_array().into_iter().flatten();
    pairs
        .filter_map(|a| {
            Some((
                a["name"].as_str()?.to_owned(),
                a["value"].as_str()?.to_owned(),
            ))
        })
        .collect()
}

/// `FROM` may name an image of the same registry or a public one that is built in.
fn base_image(order: &Order<'_>, name: &str) -> Result<Image, String> {
    let reference = ImageReference::parse(name)?;
    if reference.host == order.login_server {
        return Image::pull(order.store, &reference.repository, &reference.reference)
            .map_err(|e| e.to_string());
    }
    base_images::find(&reference.host, &reference.repository, &reference.reference)
}

fn push(
    order: &Order<'_>,
    image: &Image,
    name: &ImageReference,
    log: &mut Log<'_>,
) -> Result<Value, String> {
    let ImageReference {
        repository,
        reference: tag,
        ..
    } = name;
    if Digest::parse(tag).is_some() {
        return Err(format!(
            "refusing to create a tag with a digest reference: {name}"
        ));
    }
    log.push(format!("Pushing image: {}, attempt 1", named(order, name)));
    log.push(format!(
        "The push refers to repository [{}/{repository}]",
        order.login_server
    ));
    for layer in &image.layers {
        log.push(format!("{}: Pushed", &layer.diff_id.hex()[..12]));
    }
    let digest = image
        .push(order.store, repository, tag)
        .map_err(|e| e.to_string())?;
    let size = image.manifest_bytes(&image.config_bytes()).len();
    log.push(format!("{tag}: digest: {digest} size: {size}"));
    Ok(
        json!({ "registry": order.login_server, "repository": repository, "tag": tag, "digest": digest.as_str() }),
    )
}
