//! The engine's objects in a store of the crate `object_store`.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use futures::{StreamExt as _, TryStreamExt as _};
use lazuli_engine::{Condition, Object, ObjectError, Objects, Tag};
use object_store::path::Path;
use object_store::{
    Error, GetResult, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion,
};

use crate::io::Io;
use crate::{Address, RemoteError};

/// How many objects are read at once.
const READ_AT_ONCE: usize = 16;
/// The largest object that is read, in bytes: more than a state of a hundred thousand resources takes.
const LARGEST: usize = 1024 * 1024 * 1024;
/// Between the entity tag and the version of a [`Tag`]; part of neither.
const BETWEEN: char = '\u{1f}';

/// A store whose objects begin with a prefix.
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    io: Io,
    url: String,
    prefix: String,
}

impl Bucket {
    /// The objects of a store, at an address.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new(store: Arc<dyn ObjectStore>, address: &Address) -> Result<Self, RemoteError> {
        Ok(Self {
            store,
            io: Io::new()?,
            url: address.to_string(),
            prefix: address.prefix().to_owned(),
        })
    }

    fn path(&self, name: &str) -> Path {
        match self.prefix.as_str() {
            "" => Path::from(name),
            prefix => Path::from(format!("{prefix}/{name}")),
        }
    }

    fn wait<T: Send + 'static>(
        &self,
        future: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> object_store::Result<T> {
        self.io.wait(future).unwrap_or_else(|| {
            Err(Error::Generic {
                store: "request",
                source: "it ended without an answer".into(),
            })
        })
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({})", self.url)
    }
}

async fn get(store: &dyn ObjectStore, path: &Path) -> object_store::Result<Option<Object>> {
    let found = match store.get(path).await {
        Ok(found) => found,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let tag = tag(found.meta.e_tag.clone(), found.meta.version.clone());
    let written = SystemTime::from(found.meta.last_modified);
    Ok(Some(Object {
        bytes: bytes(found, LARGEST).await?,
        tag,
        written,
    }))
}

/// The content of an object, up to a limit: a service may send without end.
async fn bytes(found: GetResult, most: usize) -> object_store::Result<Vec<u8>> {
    let mut content = found.into_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = content.try_next().await? {
        if bytes.len() + chunk.len() > most {
            return Err(Error::Generic {
                store: "object",
                source: format!("it is larger than {} MB", most / 1024 / 1024).into(),
            });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn tag(e_tag: Option<String>, version: Option<String>) -> Tag {
    let (e_tag, version) = (e_tag.unwrap_or_default(), version.unwrap_or_default());
    Tag(format!("{e_tag}{BETWEEN}{version}"))
}

fn version(tag: &Tag) -> UpdateVersion {
    let (e_tag, version) = tag.0.split_once(BETWEEN).unwrap_or((&tag.0, ""));
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    UpdateVersion {
        e_tag: some(e_tag),
        version: some(version),
    }
}

impl Objects for Bucket {
    fn url(&self) -> String {
        self.url.clone()
    }

    fn get(&self, name: &str) -> Result<Option<Object>, ObjectError> {
        let (store, path) = (self.store.clone(), self.path(name));
        let found = self.wait(async move { get(&*store, &path).await });
        found.map_err(failed)
    }

    fn put(&self, name: &str, bytes: &[u8], condition: &Condition) -> Result<Tag, ObjectError> {
        let mode = match condition {
            Condition::Absent => PutMode::Create,
            Condition::Is(tag) => PutMode::Update(version(tag)),
        };
        let (store, path, bytes) = (self.store.clone(), self.path(name), bytes.to_vec());
        let put = self.wait(async move {
            let options = PutOptions::from(mode);
            store.put_opts(&path, bytes.into(), options).await
        });
        match put {
            Ok(put) => Ok(tag(put.e_tag, put.version)),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                Err(ObjectError::Conflict)
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<(String, SystemTime)>, ObjectError> {
        let (store, path) = (self.store.clone(), self.path(folder));
        let listed =
            self.wait(async move { store.list(Some(&path)).try_collect::<Vec<_>>().await });
        let skipped = match self.prefix.len() {
            0 => 0,
            length => length + 1,
        };
        let own = listed.map_err(failed)?.into_iter().filter_map(|meta| {
            let name = meta.location.as_ref().get(skipped..)?.to_owned();
            Some((name, SystemTime::from(meta.last_modified)))
        });
        Ok(own.collect())
    }

    fn remove(&self, name: &str) -> Result<(), ObjectError> {
        let (store, path) = (self.store.clone(), self.path(name));
        match self.wait(async move { store.delete(&path).await }) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    fn get_all(&self, names: &[String]) -> Result<Vec<Option<Object>>, ObjectError> {
        let store = self.store.clone();
        let paths: Vec<_> = names.iter().map(|name| self.path(name)).collect();
        let read = self.wait(async move {
            let read = futures::stream::iter(paths)
                .map(|path| {
                    let store = store.clone();
                    async move { get(&*store, &path).await }
                })
                .buffered(READ_AT_ONCE);
            read.try_collect().await
        });
        read.map_err(failed)
    }
}

/// The error without addresses: those may be signed.
fn failed(error: Error) -> ObjectError {
    let help = match &error {
        Error::PermissionDenied { .. } => {
            "give this identity the right to read, write, list and delete objects there (for Azure: the role Storage \
             Blob Data Contributor on the container)"
        }
        Error::Unauthenticated { .. } => {
            "sign in, or set the variables that docs/state.md names for this service"
        }
        Error::NotFound { .. } => "make the container or bucket first; this program makes none",
        _ => "see that the service can be reached from here, then run the command again",
    };
    ObjectError::Failed {
        message: without_queries(&causes(&error)),
        help: help.to_owned(),
    }
}

pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(600) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// Cuts the query off each address in a text: it may be a signature.
fn without_queries(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.split_once('?') {
        Some((address, _)) if address.contains("://") => format!("{address}?..."),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_hold_what_either_kind_of_service_compares() {
        for (e_tag, version_) in [
            (Some("\"0x1\""), None),
            (Some("e"), Some("17")),
            (None, None),
        ] {
            let own = |text: Option<&str>| text.map(str::to_owned);
            let back = version(&tag(own(e_tag), own(version_)));
            assert_eq!((back.e_tag, back.version), (own(e_tag), own(version_)));
        }
    }

    #[tokio::test]
    async fn an_object_is_read_up_to_the_limit() {
        let (store, path) = (object_store::memory::InMemory::new(), Path::from("x"));
        store.put(&path, vec![7; 100].into()).await.unwrap();
        let read = async |most| bytes(store.get(&path).await.unwrap(), most).await;
        assert_eq!(read(100).await.unwrap(), vec![7; 100]);
        let error = read(99).await.unwrap_err();
        assert!(causes(&error).contains("larger than"), "{error}");
    }

    #[test]
    fn signatures_are_cut_off() {
        let text =
            "GET https://a.blob.core.windows.net/c/x?sv=1&sig=hunter2: refused (is it there?)";
        let shown = without_queries(text);
        assert!(
            !shown.contains("hunter2") && shown.ends_with("(is it there?)"),
            "{shown}"
        );
    }
}
