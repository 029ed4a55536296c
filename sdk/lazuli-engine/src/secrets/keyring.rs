//! What wraps data keys. A stack's data key never changes by being wrapped anew;
//! only who can open it does.

use std::fmt::Debug;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{PlainKey, WrappedKey};

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

/// Wraps keys with another one in a file that only its owner can read.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    const NAME: &'static str = "key-file";

    /// The key in this file; it is made when it is first needed for wrapping.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn read(&self) -> Result<Option<PlainKey>, KeyError> {
        let about = |text: &str| format!("{}: {text}", self.path.display());
        match fs::read_to_string(&self.path) {
            Ok(text) => PlainKey::from_base64(&text).map(Some).ok_or_else(|| {
                KeyError::new(
                    about("this is no key (32 bytes in base64)"),
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
        let outer = match self.read()? {
            Some(outer) => outer,
            None => {
                let outer = PlainKey::fresh()?;
                write_private(&self.path, &outer.to_base64()).map_err(|cause| {
                    let message = format!(
                        "{}: the key cannot be written: {cause}",
                        self.path.display()
                    );
                    KeyError::new(message, "make the folder writable")
                })?;
                outer
            }
        };
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

/// A data key in a file of the stack's folder, bare or wrapped.
pub(crate) struct KeptKey<'a> {
    pub(crate) file: &'a Path,
    pub(crate) keyring: &'a Keyring,
}

impl KeptKey<'_> {
    /// Reads the file, or makes one when `create` is set. Without a file and
    /// without `create` there is no key, and nothing sealed can be opened.
    pub(crate) fn load(&self, create: bool) -> Result<Option<PlainKey>, KeyError> {
        match fs::read_to_string(self.file) {
            Ok(text) if text.trim_start().starts_with('{') => {
                self.keyring.unwrap(&WrappedKey::parse(&text)?).map(Some)
            }
            Ok(text) => PlainKey::from_base64(&text).map(Some).ok_or_else(|| {
                KeyError::new(
                    "this is no key (32 bytes in base64)",
                    "restore the file from a backup; without it the secrets of the state are lost",
                )
            }),
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {
                if !create {
                    return Ok(None);
                }
                let key = PlainKey::fresh()?;
                let text = self.text(&key)?;
                write_private(self.file, &text).map_err(|cause| unwritten(&cause))?;
                Ok(Some(key))
            }
            Err(cause) => Err(KeyError::new(
                format!("the key cannot be read: {cause}"),
                "make the file readable for you",
            )),
        }
    }

    /// Writes the key in the keyring's way over what is there.
    pub(crate) fn rewrap(&self, key: &PlainKey) -> Result<(), KeyError> {
        let text = self.text(key)?;
        let new = self.file.with_extension("new");
        // A leftover of an interrupted try.
        let _ = fs::remove_file(&new);
        write_private(&new, &text)
            .and_then(|()| fs::rename(&new, self.file))
            .map_err(|cause| unwritten(&cause))
    }

    fn text(&self, key: &PlainKey) -> Result<zeroize::Zeroizing<String>, KeyError> {
        match self.keyring.wraps() {
            true => Ok(self.keyring.wrap(key)?.to_text().into()),
            false => Ok(key.to_base64()),
        }
    }
}

fn unwritten(cause: &std::io::Error) -> KeyError {
    KeyError::new(
        format!("the key cannot be written: {cause}"),
        "make the folder writable",
    )
}

fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut handle = options.open(file)?;
    handle.write_all(text.as_bytes())?;
    handle.sync_all()
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
            KeptKey { file, keyring }.load(create)
        };
        let bare = Keyring::default();
        assert!(load(&bare, false).unwrap().is_none());
        let key = load(&bare, true).unwrap().unwrap();
        assert!(same(&key, &load(&bare, false).unwrap().unwrap()));

        let outer = Arc::new(KeyFile::new(folder.path().join("outer")));
        let wrapping = Keyring::default().wrapping(outer);
        let kept = KeptKey {
            file: &file,
            keyring: &wrapping,
        };
        kept.rewrap(&key).unwrap();
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
            ("nonsense", "no key"),
            ("{}", "no wrapped key"),
            (&newer, "newer Lazuli"),
        ] {
            fs::write(&file, text).unwrap();
            let keyring = &Keyring::default();
            let error = KeptKey {
                file: &file,
                keyring,
            }
            .load(true)
            .unwrap_err();
            assert!(error.message.contains(expect), "{error}");
            assert!(!error.help.is_empty());
        }
    }
}
