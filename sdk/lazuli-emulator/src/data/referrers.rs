//! What refers to a manifest: signatures, bills of materials and the like, found by their `subject`.
//!
//! Follows the referrers API of the OCI distribution specification 1.1.

use serde_json::{Value, json};

use super::digest::Digest;
use super::oci_store::OciStore;
use super::store_error::StoreError;

pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The digest of a manifest's `subject`.
pub(super) fn subject(manifest: &[u8]) -> Option<Digest> {
    let manifest: Value = serde_json::from_slice(manifest).ok()?;
    Digest::parse(manifest["subject"]["digest"].as_str()?)
}

/// An index of the manifests whose subject is `digest`, of one artifact type when that is asked for. What
/// nobody refers to has an empty index, also when it is not there.
///
/// # Errors
/// A repository name that is none.
pub(super) fn index(
    store: &OciStore,
    repository: &str,
    digest: &Digest,
    artifact_type: Option<&str>,
) -> Result<Value, StoreError> {
    let all = match store.manifests(repository) {
        Err(StoreError::NameUnknown(_)) => Vec::new(),
        found => found?,
    };
    let manifests = all
        .iter()
        .filter_map(|one| store.manifest(repository, one.as_str()).ok());
    let referring = manifests.filter(|one| subject(&one.bytes).as_ref() == Some(digest));
    let descriptors = referring.map(|one| {
        let content: Value = serde_json::from_slice(&one.bytes).unwrap_or_default();
        let kind = content["artifactType"].as_str().or(content["config"]["mediaType"].as_str());
        let mut descriptor = json!({
            "mediaType": one.media_type, "digest": one.digest.as_str(), "size": one.bytes.len(), "artifactType": kind,
        });
        if content["annotations"].is_object() {
            descriptor["annotations"] = content["annotations"].clone();
        }
        descriptor
    });
    let fits = |one: &Value| artifact_type.is_none_or(|wanted| one["artifactType"] == wanted);
    let manifests: Vec<Value> = descriptors.filter(fits).collect();
    Ok(json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests }))
}
