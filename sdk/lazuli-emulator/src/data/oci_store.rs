//! The content store of one registry, on disk.
//!
//! ```text
//! blobs/sha256/{hex}                        content of layers, configs and manifests
//! repositories/{repo}/_blobs/{hex}          the repository may serve this blob
//! repositories/{repo}/_manifests/{hex}      this blob is a manifest; the file holds its media type
//! repositories/{repo}/_tags/{tag}           the file holds a digest
//! repositories/{repo}/_attributes/          times and locks, see `attributes`
//! uploads/{id}/{repository,data}            an upload in progress
//! ```
//!
//! Every file appears under its final name by `rename`, so a process killed at any point leaves either
//! the old content or the new. Names starting with `_` cannot be repository components, so the marker
//! folders never clash. Callers are the distribution protocol, the builder and the web front.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use super::attributes::Item;
use super::digest::{Digest, Hasher};
use super::store_error::StoreError;
use crate::origin::Origin;

type Result<T> = std::result::Result<T, StoreError>;

/// Blobs, manifests and tags of one registry. Cheap to open; holds nothing in memory.
#[derive(Clone, Debug)]
pub(crate) struct OciStore {
    root: PathBuf,
    pub(super) origin: Arc<Origin>,
}

/// A manifest as it was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) digest: Digest,
    pub(crate) media_type: String,
    pub(crate) bytes: Vec<u8>,
}

/// A blob on disk.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
}

impl OciStore {
    /// The store under `root`; folders are made when they are first written.
    pub(crate) fn at(root: impl Into<PathBuf>, origin: Arc<Origin>) -> Self {
        Self {
            root: root.into(),
            origin,
        }
    }

    // Blobs

    /// Finds a blob that `repository` may serve.
    pub(crate) fn blob(&self, repository: &str, digest: &Digest) -> Result<Blob> {
        let known = self.marker(repository, "_blobs", digest.hex())?.exists();
        let path = self.blob_path(digest);
        match fs::metadata(&path) {
            Ok(meta) if known => Ok(Blob {
                path,
                size: meta.len(),
            }),
            _ => Err(StoreError::BlobUnknown(digest.clone())),
        }
    }

    /// Reads a whole blob.
    pub(crate) fn read_blob(&self, repository: &str, digest: &Digest) -> Result<Vec<u8>> {
        let blob = self.blob(repository, digest)?;
        fs::read(&blob.path).map_err(StoreError::io(blob.path))
    }

    /// Stores `bytes` for `repository`.
    pub(crate) fn put_blob(&self, repository: &str, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        self.write(&self.blob_path(&digest), bytes)?;
        self.link_blob(repository, &digest)?;
        Ok(digest)
    }

    /// Lets `to` serve a blob of `from` without a transfer; false when `from` does not hold it.
    pub(crate) fn mount(&self, from: &str, to: &str, digest: &Digest) -> Result<bool> {
        if self.blob(from, digest).is_err() {
            return Ok(false);
        }
        self.link_blob(to, digest)?;
        Ok(true)
    }

    /// Takes a blob from `repository`; other repositories keep it.
    pub(crate) fn delete_blob(&self, repository: &str, digest: &Digest) -> Result<()> {
        self.blob(repository, digest)?;
        self.remove(&self.marker(repository, "_blobs", digest.hex())?)
    }

    // Uploads

    /// Starts an upload and returns its id.
    pub(crate) fn begin_upload(&self, repository: &str) -> Result<String> {
        check_name(repository)?;
        let id = self.origin.uuid(repository).to_string();
        let folder = self.root.join("uploads").join(&id);
        self.write(&folder.join("repository"), repository.as_bytes())?;
        self.write(&folder.join("data"), b"")?;
        Ok(id)
    }

    /// Bytes received so far.
    pub(crate) fn upload_size(&self, repository: &str, id: &str) -> Result<u64> {
        let data = self.upload(repository, id)?.join("data");
        fs::metadata(&data)
            .map(|meta| meta.len())
            .map_err(StoreError::io(data))
    }

    /// Appends a piece; `at`, when the client gave it, must be where the upload stands.
    pub(crate) fn append(
        &self,
        repository: &str,
        id: &str,
        at: Option<u64>,
        bytes: &[u8],
    ) -> Result<u64> {
        let have = self.upload_size(repository, id)?;
        if let Some(sent) = at.filter(|sent| *sent != have) {
            return Err(StoreError::UploadOutOfOrder { have, sent });
        }
        let data = self.upload(repository, id)?.join("data");
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(&data)
            .map_err(StoreError::io(&data))?;
        file.write_all(bytes).map_err(StoreError::io(&data))?;
        Ok(have + bytes.len() as u64)
    }

    /// Ends an upload: its content must have the digest that the client names.
    pub(crate) fn finish_upload(
        &self,
        repository: &str,
        id: &str,
        expected: &str,
    ) -> Result<Digest> {
        let expected = parse_digest(expected)?;
        let folder = self.upload(repository, id)?;
        let data = folder.join("data");
        let found = digest_of_file(&data).map_err(StoreError::io(&data))?;
        if found != expected {
            return Err(StoreError::DigestMismatch {
                expected: expected.to_string(),
                found,
            });
        }
        let blob = self.blob_path(&found);
        make_parent(&blob)?;
        fs::rename(&data, &blob).map_err(StoreError::io(&blob))?;
        self.link_blob(repository, &found)?;
        fs::remove_dir_all(&folder).map_err(StoreError::io(folder))?;
        Ok(found)
    }

    /// Gives an upload up.
    pub(crate) fn cancel_upload(&self, repository: &str, id: &str) -> Result<()> {
        let folder = self.upload(repository, id)?;
        fs::remove_dir_all(&folder).map_err(StoreError::io(folder))
    }

    // Manifests and tags

    /// Stores a manifest, by tag or by its own digest. Everything it refers to must be there already.
    pub(crate) fn put_manifest(
        &self,
        repository: &str,
        reference: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest> {
        check_name(repository)?;
        let digest = Digest::of(bytes);
        match Digest::parse(reference) {
            Some(expected) if expected != digest => {
                return Err(StoreError::DigestMismatch {
                    expected: expected.to_string(),
                    found: digest,
                });
            }
            Some(_) => {}
            None => check_tag(reference)?,
        }
        self.check_references(repository, bytes)?;
        self.touch(repository, Item::Repository)?;
        self.touch(repository, Item::Manifest(&digest))?;
        self.write(&self.blob_path(&digest), bytes)?;
        self.link_blob(repository, &digest)?;
        let marker = self.marker(repository, "_manifests", digest.hex())?;
        self.write(&marker, media_type.as_bytes())?;
        if Digest::parse(reference).is_none() {
            let tag = self.marker(repository, "_tags", reference)?;
            self.write(&tag, digest.as_str().as_bytes())?;
            self.touch(repository, Item::Tag(reference))?;
        }
        Ok(digest)
    }

    /// Finds a manifest by tag or digest.
    pub(crate) fn manifest(&self, repository: &str, reference: &str) -> Result<Manifest> {
        check_name(repository)?;
        let unknown = || StoreError::ManifestUnknown {
            repository: repository.to_owned(),
            reference: reference.to_owned(),
        };
        let digest = match Digest::parse(reference) {
            Some(digest) => digest,
            None => self.tagged(repository, reference)?.ok_or_else(unknown)?,
        };
        let marker = self.marker(repository, "_manifests", digest.hex())?;
        let media_type = fs::read_to_string(marker).map_err(|_| unknown())?;
        let bytes = fs::read(self.blob_path(&digest)).map_err(|_| unknown())?;
        Ok(Manifest {
            digest,
            media_type,
            bytes,
        })
    }

    /// Deletes a manifest (with the tags that point at it) or, given a tag, that tag alone.
    pub(crate) fn delete_manifest(&self, repository: &str, reference: &str) -> Result<()> {
        let manifest = self.manifest(repository, reference)?;
        if Digest::parse(reference).is_none() {
            return self.delete_tag(repository, reference);
        }
        for tag in self.tags_of(repository, &manifest.digest)? {
            self.delete_tag(repository, &tag)?;
        }
        self.forget(repository, Item::Manifest(&manifest.digest))?;
        self.remove(&self.marker(repository, "_manifests", manifest.digest.hex())?)
    }

    fn delete_tag(&self, repository: &str, tag: &str) -> Result<()> {
        self.forget(repository, Item::Tag(tag))?;
        self.remove(&self.marker(repository, "_tags", tag)?)
    }

    /// The digest behind a tag.
    pub(crate) fn tagged(&self, repository: &str, tag: &str) -> Result<Option<Digest>> {
        check_tag(tag)?;
        let path = self.marker(repository, "_tags", tag)?;
        Ok(fs::read_to_string(path)
            .ok()
            .and_then(|text| Digest::parse(text.trim())))
    }

    /// Tags of a repository, sorted.
    ///
    /// # Errors
    /// `NameUnknown` when nothing was ever pushed to it.
    pub(crate) fn tags(&self, repository: &str) -> Result<Vec<String>> {
        let folder = self.repository(repository)?;
        if !folder.join("_manifests").is_dir() {
            return Err(StoreError::NameUnknown(repository.to_owned()));
        }
        Ok(names(&folder.join("_tags")).into_iter().collect())
    }

    /// The tags that point at a manifest, sorted.
    pub(crate) fn tags_of(&self, repository: &str, digest: &Digest) -> Result<Vec<String>> {
        let mut tags = self.tags(repository)?;
        tags.retain(
            |tag| matches!(self.tagged(repository, tag), Ok(Some(found)) if found == *digest),
        );
        Ok(tags)
    }

    /// The manifests of a repository, sorted.
    ///
    /// # Errors
    /// `NameUnknown` when nothing was ever pushed to it.
    pub(crate) fn manifests(&self, repository: &str) -> Result<Vec<Digest>> {
        let folder = self.repository(repository)?.join("_manifests");
        let found = names(&folder);
        if found.is_empty() && !folder.is_dir() {
            return Err(StoreError::NameUnknown(repository.to_owned()));
        }
        Ok(found
            .iter()
            .filter_map(|hex| Digest::parse(&format!("sha256:{hex}")))
            .collect())
    }

    /// Bytes of all content, each blob counted once.
    pub(crate) fn bytes_stored(&self) -> u64 {
        let blobs = fs::read_dir(self.root.join("blobs").join("sha256"))
            .into_iter()
            .flatten();
        blobs
            .flatten()
            .filter_map(|blob| blob.metadata().ok())
            .map(|meta| meta.len())
            .sum()
    }

    /// Finds content by its digest alone, for addresses that carry their own permission.
    pub(super) fn any_blob(&self, digest: &Digest) -> Result<Blob> {
        let path = self.blob_path(digest);
        let meta = fs::metadata(&path).map_err(|_| StoreError::BlobUnknown(digest.clone()))?;
        Ok(Blob {
            path,
            size: meta.len(),
        })
    }

    /// Repositories that hold a manifest, sorted.
    pub(crate) fn repositories(&self) -> Vec<String> {
        let base = self.root.join("repositories");
        let mut found = Vec::new();
        let mut open = vec![String::new()];
        while let Some(prefix) = open.pop() {
            let folder = base.join(&prefix);
            if !names(&folder.join("_manifests")).is_empty() {
                found.push(prefix.clone());
            }
            let children = names(&folder)
                .into_iter()
                .filter(|name| !name.starts_with('_'));
            open.extend(children.map(|name| join_name(&prefix, &name)));
        }
        found.sort();
        found
    }

    fn check_references(&self, repository: &str, bytes: &[u8]) -> Result<()> {
        let invalid = |text: String| StoreError::ManifestInvalid(text);
        let manifest: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|e| invalid(e.to_string()))?;
        if manifest["schemaVersion"] != 2 {
            return Err(invalid("only schemaVersion 2 is supported".into()));
        }
        for descriptor in descriptors(&manifest) {
            let text = descriptor["digest"].as_str().unwrap_or_default();
            let digest = parse_digest(text)?;
            // Foreign layers live elsewhere by design.
            let foreign = descriptor["urls"].is_array();
            if !foreign && self.blob(repository, &digest).is_err() {
                return Err(StoreError::ManifestBlobUnknown(digest));
            }
        }
        Ok(())
    }

    // Paths

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs").join("sha256").join(digest.hex())
    }

    pub(super) fn repository(&self, name: &str) -> Result<PathBuf> {
        check_name(name)?;
        Ok(self.root.join("repositories").join(name))
    }

    fn marker(&self, repository: &str, kind: &str, name: &str) -> Result<PathBuf> {
        Ok(self.repository(repository)?.join(kind).join(name))
    }

    fn link_blob(&self, repository: &str, digest: &Digest) -> Result<()> {
        self.write(&self.marker(repository, "_blobs", digest.hex())?, b"")
    }

    fn upload(&self, repository: &str, id: &str) -> Result<PathBuf> {
        let unknown = || StoreError::UploadUnknown(id.to_owned());
        let id = Uuid::parse_str(id).map_err(|_| unknown())?;
        let folder = self.root.join("uploads").join(id.to_string());
        let owner = fs::read_to_string(folder.join("repository")).map_err(|_| unknown())?;
        if owner == repository {
            Ok(folder)
        } else {
            Err(unknown())
        }
    }

    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        write_atomically(path, bytes).map_err(StoreError::io(path))
    }

    pub(super) fn remove(&self, path: &Path) -> Result<()> {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(StoreError::io(path)(e)),
            _ => Ok(()),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file of this machine, which no answer names; two writers must not share it"
)]
/// Writes a file so that a reader, also after a crash, sees all of it or nothing.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let temporary = folder.join(format!("_tmp-{}", Uuid::new_v4()));
    fs::write(&temporary, bytes)?;
    fs::rename(&temporary, path)
}

/// All descriptors of an image manifest or an index: config, layers, children.
pub(crate) fn descriptors(
    manifest: &serde_json::Value,
) -> impl Iterator<Item = &serde_json::Value> {
    let single = manifest.get("config").into_iter();
    let list = |key: &str| {
        manifest[key]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    single.chain(list("layers")).chain(list("manifests"))
}

/// A repository name of the distribution specification: lower-case components joined by `/`.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let component = |part: &str| {
        let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let inner =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        edge(part.bytes().next())
            && edge(part.bytes().last())
            && part.bytes().all(inner)
            && !part.contains("..")
    };
    if name.len() <= 255 && name.split('/').all(component) {
        Ok(())
    } else {
        Err(StoreError::NameInvalid(name.to_owned()))
    }
}

fn check_tag(tag: &str) -> Result<()> {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let first = tag
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    // Temporary files of an unfinished write share the folder with tags.
    if first && tag.len() <= 128 && tag.bytes().all(inner) && !tag.starts_with("_tmp-") {
        Ok(())
    } else {
        Err(StoreError::TagInvalid(tag.to_owned()))
    }
}

fn parse_digest(text: &str) -> Result<Digest> {
    Digest::parse(text).ok_or_else(|| StoreError::DigestInvalid(text.to_owned()))
}

fn digest_of_file(path: &Path) -> io::Result<Digest> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn make_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(StoreError::io(parent))
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| !name.starts_with("_tmp-")).collect()
}

fn join_name(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}/{name}")
    }
}

#[cfg(test)]
#[path = "oci_store_tests.rs"]
mod tests;
