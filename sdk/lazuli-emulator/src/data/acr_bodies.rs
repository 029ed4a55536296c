//! How a repository, a tag and a manifest look in the registry's own API.

use serde_json::{Value, json};

use super::acr_api::Shelf;
use super::attributes::Item;
use super::digest::Digest;
use super::oci_store::{OciStore, descriptors};
use super::store_error::StoreError;

/// A repository with its counts.
pub(super) fn repository_body(shelf: &Shelf<'_>, name: &str) -> Result<Value, StoreError> {
    let (tags, manifests) = (shelf.store.tags(name)?, shelf.store.manifests(name)?);
    let attributes = shelf.store.attributes(name, Item::Repository)?;
    let mut changeable = attributes.shown();
    changeable["teleportEnabled"] = false.into();
    Ok(json!({
        "registry": shelf.login_server, "imageName": name, "createdTime": attributes.created_time.to_string(),
        "lastUpdateTime": attributes.last_update_time.to_string(), "manifestCount": manifests.len(), "tagCount": tags.len(),
        "changeableAttributes": changeable,
    }))
}

/// A tag.
pub(super) fn tag_body(store: &OciStore, name: &str, tag: &str) -> Result<Value, StoreError> {
    store.tags(name)?;
    let digest = store
        .tagged(name, tag)?
        .ok_or_else(|| StoreError::TagUnknown(tag.to_owned()))?;
    let attributes = store.attributes(name, Item::Tag(tag))?;
    Ok(json!({
        "name": tag, "digest": digest.as_str(), "createdTime": attributes.created_time.to_string(),
        "lastUpdateTime": attributes.last_update_time.to_string(), "signed": false,
        "changeableAttributes": attributes.shown(),
    }))
}

/// A manifest, with the platform out of its configuration and the tags that point at it.
pub(super) fn manifest_body(
    store: &OciStore,
    name: &str,
    digest: &Digest,
) -> Result<Value, StoreError> {
    let manifest = store.manifest(name, digest.as_str())?;
    let content: Value = serde_json::from_slice(&manifest.bytes).unwrap_or_default();
    let attributes = store.attributes(name, Item::Manifest(digest))?;
    let mut changeable = attributes.shown();
    changeable["quarantineState"] = "Passed".into();
    let size: u64 = descriptors(&content)
        .filter_map(|one| one["size"].as_u64())
        .sum();
    let mut body = json!({
        "digest": digest.as_str(), "imageSize": size, "createdTime": attributes.created_time.to_string(),
        "lastUpdateTime": attributes.last_update_time.to_string(), "mediaType": manifest.media_type,
        "changeableAttributes": changeable,
    });
    let tags = store.tags_of(name, digest)?;
    if !tags.is_empty() {
        body["tags"] = json!(tags);
    }
    if let Some(kind) = content["config"]["mediaType"].as_str() {
        body["configMediaType"] = kind.into();
        let config = config_of(store, name, &content);
        for key in ["architecture", "os"] {
            if config[key].is_string() {
                body[key] = config[key].clone();
            }
        }
    }
    if content["artifactType"].is_string() {
        body["artifactType"] = content["artifactType"].clone();
    }
    Ok(body)
}

fn config_of(store: &OciStore, name: &str, manifest: &Value) -> Value {
    let digest = manifest["config"]["digest"]
        .as_str()
        .and_then(Digest::parse);
    let bytes = digest.and_then(|digest| store.read_blob(name, &digest).ok());
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}
