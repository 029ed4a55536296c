//! Copying an image from one content store into another, as an import does: manifest, what it refers to, and
//! the children of an index.

use serde_json::Value;

use super::digest::Digest;
use super::oci_store::{OciStore, descriptors};
use super::store_error::StoreError;

/// An image may hold this many manifests, as documented for imports.
const MAX_MANIFESTS: usize = 50;

/// Which side of a copy failed.
#[derive(Debug)]
pub(crate) enum CopyError {
    Source(StoreError),
    Target(StoreError),
}

/// Copies the image `(store, repository, reference)` to `(store, repository, tag)`; without a tag it can be
/// found by its digest.
///
/// # Errors
/// [`CopyError::Source`] when the image or a part of it is not there; [`CopyError::Target`] when it cannot
/// be stored.
pub(crate) fn image(
    from: (&OciStore, &str, &str),
    to: (&OciStore, &str, Option<&str>),
) -> Result<Digest, CopyError> {
    let mut left = MAX_MANIFESTS;
    copy(from, to, &mut left)
}

fn copy(
    from: (&OciStore, &str, &str),
    to: (&OciStore, &str, Option<&str>),
    left: &mut usize,
) -> Result<Digest, CopyError> {
    let (source, repository, reference) = from;
    let (target, into, tag) = to;
    let manifest = source
        .manifest(repository, reference)
        .map_err(CopyError::Source)?;
    let too_many = || StoreError::ManifestInvalid(format!("more than {MAX_MANIFESTS} manifests"));
    *left = left
        .checked_sub(1)
        .ok_or_else(|| CopyError::Source(too_many()))?;
    let body: Value = serde_json::from_slice(&manifest.bytes)
        .map_err(|error| CopyError::Source(StoreError::ManifestInvalid(error.to_string())))?;
    for descriptor in descriptors(&body).filter(|one| !one["urls"].is_array()) {
        let text = descriptor["digest"].as_str().unwrap_or_default();
        let digest = Digest::parse(text)
            .ok_or_else(|| CopyError::Source(StoreError::DigestInvalid(text.to_owned())))?;
        if source.manifest(repository, text).is_ok() {
            copy((source, repository, text), (target, into, None), left)?;
        } else {
            let bytes = source
                .read_blob(repository, &digest)
                .map_err(CopyError::Source)?;
            target.put_blob(into, &bytes).map_err(CopyError::Target)?;
        }
    }
    let name = tag.unwrap_or(manifest.digest.as_str());
    target
        .put_manifest(into, name, &manifest.media_type, &manifest.bytes)
        .map_err(CopyError::Target)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
    const INDEX: &str = "application/vnd.oci.image.index.v1+json";

    #[test]
    fn an_index_brings_its_children_along() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (
            OciStore::at(folder.path().join("1"), Arc::default()),
            OciStore::at(folder.path().join("2"), Arc::default()),
        );
        let config = one.put_blob("a", b"{}").expect("config");
        let layer = one.put_blob("a", b"layer").expect("layer");
        let manifest = json!({ "schemaVersion": 2, "config": { "digest": config.as_str() }, "layers": [{ "digest": layer.as_str() }] });
        let bytes = manifest.to_string().into_bytes();
        let child = Digest::of(&bytes);
        one.put_manifest("a", child.as_str(), IMAGE, &bytes)
            .expect("child");
        let index =
            json!({ "schemaVersion": 2, "manifests": [{ "digest": child.as_str() }] }).to_string();
        let digest = one
            .put_manifest("a", "v1", INDEX, index.as_bytes())
            .expect("index");
        let copied = image((&one, "a", "v1"), (&two, "b/c", Some("v2"))).expect("copied");
        assert_eq!(copied, digest);
        assert_eq!(two.manifest("b/c", "v2").expect("tagged").media_type, INDEX);
        assert_eq!(two.read_blob("b/c", &layer).expect("layer"), b"layer");
        let missing = image((&one, "a", "v9"), (&two, "b/c", None)).expect_err("no such tag");
        assert!(matches!(missing, CopyError::Source(_)), "{missing:?}");
    }
}
