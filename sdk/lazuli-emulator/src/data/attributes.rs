//! What a registry remembers about repositories, tags and manifests besides their content: when they came, when
//! they changed, and what may be done with them (`changeableAttributes`).
//!
//! Kept as small files in `_attributes`, beside the markers of [`super::oci_store`].

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::digest::Digest;
use super::oci_store::OciStore;
use super::store_error::StoreError;

/// Times, and the four locks; a lock is on when its value is false.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attributes {
    pub(crate) created_time: Timestamp,
    pub(crate) last_update_time: Timestamp,
    pub(crate) delete_enabled: bool,
    pub(crate) write_enabled: bool,
    pub(crate) list_enabled: bool,
    pub(crate) read_enabled: bool,
}

impl Attributes {
    fn fresh(now: Timestamp) -> Self {
        Self {
            created_time: now,
            last_update_time: now,
            delete_enabled: true,
            write_enabled: true,
            list_enabled: true,
            read_enabled: true,
        }
    }

    /// `changeableAttributes` as the service shows them.
    pub(crate) fn shown(&self) -> Value {
        json!({
            "deleteEnabled": self.delete_enabled, "writeEnabled": self.write_enabled,
            "readEnabled": self.read_enabled, "listEnabled": self.list_enabled,
        })
    }

    /// Takes over the locks that a request names.
    pub(crate) fn change(&mut self, given: &Value) {
        let locks = [
            ("deleteEnabled", &mut self.delete_enabled),
            ("writeEnabled", &mut self.write_enabled),
            ("readEnabled", &mut self.read_enabled),
            ("listEnabled", &mut self.list_enabled),
        ];
        for (key, lock) in locks {
            if let Some(value) = given[key].as_bool() {
                *lock = value;
            }
        }
    }

    /// A write lock forbids deleting as well, as the documentation of image locks says.
    pub(crate) fn may_delete(&self) -> bool {
        self.delete_enabled && self.write_enabled
    }
}

/// Something inside a repository that has attributes, or the repository itself.
#[derive(Clone, Copy)]
pub(crate) enum Item<'a> {
    Repository,
    Tag(&'a str),
    Manifest(&'a Digest),
}

impl OciStore {
    /// The attributes of an item; those of something new when nothing was ever noted about it.
    ///
    /// # Errors
    /// A repository name that is none.
    pub(crate) fn attributes(
        &self,
        repository: &str,
        item: Item<'_>,
    ) -> Result<Attributes, StoreError> {
        Ok(self
            .noted(repository, item)?
            .unwrap_or_else(|| Attributes::fresh(self.origin.now())))
    }

    /// Notes the attributes of an item.
    ///
    /// # Errors
    /// A repository name that is none, or a disk that fails.
    pub(crate) fn set_attributes(
        &self,
        repository: &str,
        item: Item<'_>,
        attributes: &Attributes,
    ) -> Result<(), StoreError> {
        let path = self.attributes_file(repository, item)?;
        self.write(&path, json!(attributes).to_string().as_bytes())
    }

    /// Notes that an item is there, or came again.
    pub(super) fn touch(&self, repository: &str, item: Item<'_>) -> Result<(), StoreError> {
        let mut attributes = self.attributes(repository, item)?;
        attributes.last_update_time = self.origin.now();
        self.set_attributes(repository, item, &attributes)
    }

    /// Forgets what was noted about an item.
    pub(super) fn forget(&self, repository: &str, item: Item<'_>) -> Result<(), StoreError> {
        self.remove(&self.attributes_file(repository, item)?)
    }

    fn noted(&self, repository: &str, item: Item<'_>) -> Result<Option<Attributes>, StoreError> {
        let text = fs::read(self.attributes_file(repository, item)?);
        Ok(text
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok()))
    }

    fn attributes_file(&self, repository: &str, item: Item<'_>) -> Result<PathBuf, StoreError> {
        let folder = self.repository(repository)?.join("_attributes");
        Ok(match item {
            Item::Repository => folder.join("repository"),
            Item::Tag(tag) => folder.join("tags").join(tag),
            Item::Manifest(digest) => folder.join("manifests").join(digest.hex()),
        })
    }

    /// Deletes a repository and answers what was in it: manifests and tags.
    ///
    /// # Errors
    /// `NameUnknown` when there is no such repository, or a disk that fails.
    pub(crate) fn delete_repository(
        &self,
        name: &str,
    ) -> Result<(Vec<Digest>, Vec<String>), StoreError> {
        let (manifests, tags) = (self.manifests(name)?, self.tags(name)?);
        let folder = self.repository(name)?;
        for part in ["_tags", "_manifests", "_blobs", "_attributes"] {
            let path = folder.join(part);
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::io(path)(error));
                }
                _ => {}
            }
        }
        Ok((manifests, tags))
    }
}
