//! What wraps data keys. A stack's data key never changes by being wrapped anew;
//! only who can open it does.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{PlainKey, WrappedKey};
use crate::whole_file::{self, Access};

/// Why a key cannot be had, and what to do. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct KeyError {
    /// What is wrong.
    pub message: String,
    /// The next step.
    pub help: String,
}

impl KeyError {
    /// An error with its next step.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Something that wraps data keys and opens them again. Calls may block.
pub trait KeyProvider: Send + Sync + Debug {
    /// Its name in what is written: `passphrase`.
    fn name(&self) -> &'static str;

    /// Wraps a key.
    ///
    /// # Errors
    /// When there is nothing to wrap it with, or the service refuses.
    fn wrap(&self, key: &PlainKey) -> Result<WrappedKey, KeyError>;

    /// Opens what it wrapped.
    ///
    /// # Errors
    /// When this is not the right secret, or the service refuses.
    fn unwrap(&self, wrapped: &WrappedKey) -> Result<PlainKey, KeyError>;
}

/// The providers at hand: what opens a wrapped key, and what wraps new ones.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    opening: Vec<Arc<dyn KeyProvider>>,
    wrapping: Option<Arc<dyn KeyProvider>>,
}

impl Keyring {
    /// A keyring with one more provider that may open keys.
    #[must_use]
    pub fn with(mut self, provider: Arc<dyn KeyProvider>) -> Self {
        self.opening.push(provider);
        self
    }

    /// A keyring whose new keys are wrapped by this provider.
    #[must_use]
    pub fn wrapping(mut self, provider: Arc<dyn KeyProvider>) -> Self {
        self.wrapping = Some(provider.clone());
        self.with(provider)
    }

    /// Whether new keys are wrapped.
    pub fn wraps(&self) -> bool {
        self.wrapping.is_some()
    }

    /// Wraps a key for being kept.
    ///
    /// # Errors
    /// See [`KeyProvider::wrap`]; and when there is no provider.
    pub fn wrap(&self, key: &PlainKey) -> Result<WrappedKey, KeyError> {
        match &self.wrapping {
            Some(provider) => provider.wrap(key),
            None => Err(KeyError::new(
                "nothing is set that could protect the stack's data key",
                "set a passphrase (LAZULI_PASSPHRASE or --passphrase-file), or name a key with --key",
            )),
        }
    }

    /// Opens a key that was kept.
    ///
    /// # Errors
    /// See [`KeyProvider::unwrap`]; and when its provider is not at hand.
    pub fn unwrap(&self, wrapped: &WrappedKey) -> Result<PlainKey, KeyError> {
        self.open(wrapped).map(|(key, _)| key)
    }

    /// Wraps a key anew in the way of another keyring, in two steps, so that several
    /// keys can be taken over together; see [`Rewrap`].
    ///
    /// # Errors
    /// Those of [`Keyring::unwrap`] and [`Keyring::wrap`].
    pub fn rewrap(
        &self,
        wrapped: &WrappedKey,
        new: &Self,
        step: Rewrap,
    ) -> Result<WrappedKey, KeyError> {
        if step == Rewrap::New
            && let (_, Some(next)) = wrapped.clone().apart()
        {
            return Ok(next);
        }
        let (key, opened) = self.open(wrapped)?;
        let wrapped = new.wrap(&key)?;
        Ok(match step {
            Rewrap::Both => opened.with_next(wrapped),
            Rewrap::New => wrapped,
        })
    }

    /// The key, and the wrapping that opened it.
    fn open(&self, wrapped: &WrappedKey) -> Result<(PlainKey, WrappedKey), KeyError> {
        wrapped.check()?;
        let (former, next) = wrapped.clone().apart();
        let error = match self.open_one(&former) {
            Ok(key) => return Ok((key, former)),
            Err(error) => error,
        };
        let Some(next) = next else {
            return Err(error);
        };
        match self.open_one(&next) {
            Ok(key) => Ok((key, next)),
            Err(_) => Err(KeyError::new(
                format!(
                    "{} (a `state rekey` was cut off: the former and the new way open it)",
                    error.message
                ),
                error.help,
            )),
        }
    }

    fn open_one(&self, wrapped: &WrappedKey) -> Result<PlainKey, KeyError> {
        wrapped.check()?;
        let name = wrapped.provider();
        // The one that was chosen for new keys knows more than a default of the same name.
        let mut providers = self.opening.iter().rev();
        match providers.find(|provider| provider.name() == name) {
            Some(provider) => provider.unwrap(wrapped),
            None => Err(KeyError::new(
                format!("the data key is wrapped by {name:?}, which is not at hand"),
                "say with --key how it is protected: passphrase, file:PATH, or the address of a vault's key",
            )),
        }
    }
}

/// The steps in which several keys are wrapped anew. Each key takes the first step
/// before any takes the second: whenever that is cut off, one way opens all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewrap {
    /// The former way and the new one open the key.
    Both,
    /// Only the new one does.
    New,
}

/// Wraps keys with another one in a file that only its owner can read.
#[derive(Clone)]
pub struct KeyFile {
    path: PathBuf,
    in_use: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("KeyFile").field(&self.path).finish()
    }
}

impl KeyFile {
    const NAME: &'static str = "key-file";

    /// The key in this file; it is made when it is first needed for wrapping.
    pub fn new(path: PathBuf) -> Self {
        Self::in_use_if(path, || true)
    }

    /// The same for a file of which the caller knows whether anything was wrapped with
    /// it. While nothing was, an empty file (a full disk, a kill) is made anew.
    pub fn in_use_if(path: PathBuf, in_use: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let in_use = Arc::new(in_use);
        Self { path, in_use }
    }

    /// The key; makes one when there is none.
    fn made(&self) -> Result<PlainKey, KeyError> {
        if is_empty(&self.path) && !(self.in_use)() {
            discard_empty(&self.path);
        }
        if let Some(key) = self.read()? {
            return Ok(key);
        }
        let key = PlainKey::fresh()?;
        match whole_file::create(&self.path, key.to_base64().as_bytes(), Access::Owner) {
            Ok(()) => Ok(key),
            Err(cause) => match self.read()? {
                // Another process was first.
                Some(key) if cause.kind() == std::io::ErrorKind::AlreadyExists => Ok(key),
                _ => Err(KeyError::new(
                    format!(
                        "{}: the key cannot be written: {cause}",
                        self.path.display()
                    ),
                    "make the folder writable",
                )),
            },
        }
    }

    fn read(&self) -> Result<Option<PlainKey>, KeyError> {
        let about = |text: &str| format!("{}: {text}", self.path.display());
        match fs::read_to_string(&self.path) {
            Ok(text) => PlainKey::from_base64(&text).map(Some).ok_or_else(|| {
                KeyError::new(
                    about("this is not a key (32 bytes in base64)"),
                    "restore the file from a backup; what it protects cannot be opened without it",
                )
            }),
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(KeyError::new(
                about(&format!("the key cannot be read: {cause}")),
                "make the file readable for you",
            )),
        }
    }
}

impl KeyProvider for KeyFile {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn wrap(&self, key: &PlainKey) -> Result<WrappedKey, KeyError> {
        let outer = self.made()?;
        let sealed = outer.seal(Self::NAME.as_bytes(), key.bytes());
        let sealed =
            sealed.ok_or_else(|| KeyError::new("the key cannot be wrapped", "try again"))?;
        Ok(WrappedKey::new(Self::NAME, &sealed))
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<PlainKey, KeyError> {
        let path = self.path.display();
        let outer = self.read()?.ok_or_else(|| {
            KeyError::new(
                format!("the key file {path} is not there"),
                "copy it here from where the stack was made, or name it with --key file:PATH",
            )
        })?;
        let opened = outer.open(Self::NAME.as_bytes(), &wrapped.wrapped()?);
        opened
            .and_then(|bytes| PlainKey::from_bytes(&bytes))
            .ok_or_else(|| {
                KeyError::new(
                    format!("the key in {path} is another one than this stack was made with"),
                    "name the right file with --key file:PATH",
                )
            })
    }
}

/// Whether a file is there and holds nothing.
fn is_empty(file: &Path) -> bool {
    fs::read(file).is_ok_and(|bytes| bytes.trim_ascii().is_empty())
}

/// Removes an empty key file with which nothing was sealed.
fn discard_empty(file: &Path) {
    tracing::warn!(file = %file.display(), "the key file is empty and nothing was sealed with it: a new key takes its place");
    // When it stays, making the new one says why.
    let _ = fs::remove_file(file);
}

/// A data key in a file of the stack's folder, bare or wrapped.
pub(crate) struct KeptKey<'a> {
    pub(crate) file: &'a Path,
    pub(crate) keyring: &'a Keyring,
}

/// What is in a data key's file.
enum Kept {
    Bare(PlainKey),
    Wrapped(WrappedKey),
}

impl KeptKey<'_> {
    /// Reads the file, or makes one when `create` is set. Without a file and
    /// without `create` there is no key, and nothing sealed can be opened. An empty
    /// file is none, unless something `is_sealed`.
    pub(crate) fn load(
        &self,
        create: bool,
        is_sealed: impl Fn() -> bool,
    ) -> Result<Option<PlainKey>, KeyError> {
        if is_empty(self.file) && !is_sealed() {
            if !create {
                return Ok(None);
            }
            discard_empty(self.file);
        }
        match self.read()? {
            Some(kept) => self.open(kept).map(Some),
            None if create => self.make().map(Some),
            None => Ok(None),
        }
    }

    fn read(&self) -> Result<Option<Kept>, KeyError> {
        match fs::read_to_string(self.file) {
            Ok(text) if text.trim_start().starts_with('{') => {
                WrappedKey::parse(&text).map(|wrapped| Some(Kept::Wrapped(wrapped)))
            }
            Ok(text) => match PlainKey::from_base64(&text) {
                Some(key) => Ok(Some(Kept::Bare(key))),
                None => Err(KeyError::new(
                    "this is not a key (32 bytes in base64)",
                    "restore the file from a backup; without it the secrets of the state are lost",
                )),
            },
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(KeyError::new(
                format!("the key cannot be read: {cause}"),
                "make the file readable for you",
            )),
        }
    }

    fn open(&self, kept: Kept) -> Result<PlainKey, KeyError> {
        match kept {
            Kept::Bare(key) => Ok(key),
            Kept::Wrapped(wrapped) => self.keyring.unwrap(&wrapped),
        }
    }

    fn make(&self) -> Result<PlainKey, KeyError> {
        let key = PlainKey::fresh()?;
        let text = if self.keyring.wraps() {
            self.keyring.wrap(&key)?.to_text().into()
        } else {
            key.to_base64()
        };
        match whole_file::create(self.file, text.as_bytes(), Access::Owner) {
            Ok(()) => Ok(key),
            Err(cause) => match self.read()? {
                // Another process was first.
                Some(kept) if cause.kind() == std::io::ErrorKind::AlreadyExists => self.open(kept),
                _ => Err(unwritten(&cause)),
            },
        }
    }

    /// Wraps the key anew in the way of another keyring, see [`Rewrap`]. A bare key
    /// opens without anything, so that only the last step wraps it.
    pub(crate) fn rewrap(&self, new: &Keyring, step: Rewrap) -> Result<(), KeyError> {
        let wrapped = match (self.read()?, step) {
            (None, _) => return Ok(()),
            (Some(Kept::Bare(_)), Rewrap::Both) => return Ok(()),
            (Some(Kept::Bare(key)), Rewrap::New) => new.wrap(&key)?,
            (Some(Kept::Wrapped(wrapped)), step) => self.keyring.rewrap(&wrapped, new, step)?,
        };
        whole_file::replace(self.file, wrapped.to_text().as_bytes(), Access::Owner)
            .map_err(|cause| unwritten(&cause))
    }
}

fn unwritten(cause: &std::io::Error) -> KeyError {
    KeyError::new(
        format!("the key cannot be written: {cause}"),
        "make the folder writable",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &PlainKey, b: &PlainKey) -> bool {
        a.bytes() == b.bytes()
    }

    #[test]
    fn a_bare_key_is_made_once_and_can_be_wrapped_later() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let load = |keyring: &Keyring, create| {
            let file = &file;
            KeptKey { file, keyring }.load(create, || true)
        };
        let bare = Keyring::default();
        assert!(load(&bare, false).unwrap().is_none());
        let key = load(&bare, true).unwrap().unwrap();
        assert!(same(&key, &load(&bare, false).unwrap().unwrap()));

        let outer = Arc::new(KeyFile::new(folder.path().join("outer")));
        let wrapping = Keyring::default().wrapping(outer);
        let kept = KeptKey {
            file: &file,
            keyring: &bare,
        };
        kept.rewrap(&wrapping, Rewrap::Both).unwrap();
        assert!(same(&key, &load(&bare, false).unwrap().unwrap()));
        kept.rewrap(&wrapping, Rewrap::New).unwrap();
        assert!(same(&key, &load(&wrapping, false).unwrap().unwrap()));
        let error = load(&bare, false).unwrap_err();
        assert!(error.message.contains("\"key-file\""), "{error}");
        let elsewhere = KeyFile::new(folder.path().join("elsewhere"));
        let wrapped = WrappedKey::parse(&fs::read_to_string(&file).unwrap()).unwrap();
        let error = elsewhere.unwrap(&wrapped).unwrap_err();
        assert!(error.message.contains("is not there"), "{error}");
        elsewhere.wrap(&key).unwrap();
        let error = elsewhere.unwrap(&wrapped).unwrap_err();
        assert!(error.message.contains("another one"), "{error}");
    }

    #[test]
    fn a_broken_key_file_is_named_with_the_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let newer = WrappedKey::new("passphrase", &[]).to_text();
        let newer = newer.replace("\"version\":1", "\"version\":9");
        for (text, expect) in [
            ("nonsense", "not a key"),
            ("{}", "not a wrapped key"),
            (&newer, "newer Lazuli"),
        ] {
            fs::write(&file, text).unwrap();
            let keyring = &Keyring::default();
            let error = KeptKey {
                file: &file,
                keyring,
            }
            .load(true, || false)
            .unwrap_err();
            assert!(error.message.contains(expect), "{error}");
            assert!(!error.help.is_empty());
        }
    }

    #[test]
    fn between_the_steps_of_a_rewrap_both_ways_open_and_each_may_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let by = |name: &str| {
            let file = KeyFile::new(folder.path().join(name));
            Keyring::default().wrapping(Arc::new(file))
        };
        let key = PlainKey::fresh().unwrap();
        let (first, second, third) = (by("first"), by("second"), by("third"));
        let opens = |keyring: &Keyring, wrapped: &WrappedKey| {
            keyring
                .unwrap(wrapped)
                .is_ok_and(|found| same(&key, &found))
        };
        let start = first.wrap(&key).unwrap();
        second.wrap(&key).unwrap();
        let both = first.rewrap(&start, &second, Rewrap::Both).unwrap();
        let both = WrappedKey::parse(&both.to_text()).unwrap();
        assert!(opens(&first, &both) && opens(&second, &both) && !opens(&third, &both));
        // It was cut off there, and the new way is to be left for a third.
        let again = second.rewrap(&both, &third, Rewrap::Both).unwrap();
        assert!(opens(&second, &again) && opens(&third, &again) && !opens(&first, &again));
        let end = second.rewrap(&again, &third, Rewrap::New).unwrap();
        assert!(opens(&third, &end) && !opens(&second, &end));
        let error = by("fourth").unwrap(&both).unwrap_err();
        assert!(
            error.message.contains("`state rekey` was cut off"),
            "{error}"
        );
    }

    #[test]
    fn an_empty_key_file_is_made_anew_unless_something_was_sealed_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = &folder.path().join("key");
        fs::write(file, "\n").unwrap();
        let keyring = &Keyring::default();
        let kept = KeptKey { file, keyring };
        assert!(kept.load(true, || true).is_err());
        assert!(kept.load(false, || false).unwrap().is_none());
        let key = kept.load(true, || false).unwrap().unwrap();
        assert!(same(&key, &kept.load(false, || true).unwrap().unwrap()));

        let file = folder.path().join("outer");
        fs::write(&file, "").unwrap();
        KeyFile::new(file.clone()).wrap(&key).unwrap_err();
        let unused = KeyFile::in_use_if(file, || false);
        let wrapped = unused.wrap(&key).unwrap();
        assert!(same(&key, &unused.unwrap(&wrapped).unwrap()));
    }
}
