//! Secrets at rest: AES-256-GCM with one data key per stack.
//!
//! The key lives beside the state in a file that only its owner can read. It
//! keeps secrets out of backups of the state alone, out of logs and out of
//! version control; who can read the folder can read the secrets. A wrapped key
//! (passphrase, Key Vault) takes the same place in the format.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::EngineError;

/// The key that secrets of one stack are sealed with.
pub(crate) struct DataKey {
    key: LessSafeKey,
    digests: hmac::Key,
    context: String,
}

impl DataKey {
    /// Reads the key file, or makes one when `create` is set. Without a file
    /// and without `create` there is no key, and nothing sealed can be opened.
    pub(crate) fn load(
        file: &Path,
        context: &str,
        create: bool,
    ) -> Result<Option<Self>, EngineError> {
        let error = |message: String, help: &str| EngineError::State {
            file: file.to_owned(),
            message,
            help: help.to_owned(),
        };
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {
                if !create {
                    return Ok(None);
                }
                let text =
                    fresh().map_err(|()| error("no randomness for a key".into(), "try again"))?;
                write_private(file, &text).map_err(|cause| {
                    error(
                        format!("the key cannot be written: {cause}"),
                        "make the folder writable",
                    )
                })?;
                text
            }
            Err(cause) => {
                return Err(error(
                    format!("the key cannot be read: {cause}"),
                    "make the file readable for you",
                ));
            }
        };
        let bytes = STANDARD.decode(text.trim()).ok();
        let key = bytes.and_then(|bytes| {
            let digests = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
            Some((UnboundKey::new(&AES_256_GCM, &bytes).ok()?, digests))
        });
        match key {
            Some((key, digests)) => Ok(Some(Self {
                key: LessSafeKey::new(key),
                digests,
                context: context.to_owned(),
            })),
            None => Err(error(
                "this is no key (32 bytes in base64)".into(),
                "restore the file from a backup; without it the secrets of the state are lost",
            )),
        }
    }

    /// A digest that tells texts apart without telling what they are to anybody
    /// who has not the key.
    pub(crate) fn digest(&self, text: &str) -> String {
        STANDARD.encode(hmac::sign(&self.digests, format!("plan {text}").as_bytes()))
    }

    /// Seals a text: base64 of nonce and ciphertext.
    pub(crate) fn seal(&self, text: &str) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut sealed = text.as_bytes().to_vec();
        let aad = Aad::from(self.context.as_bytes());
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .ok()?;
        Some(STANDARD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what [`DataKey::seal`] sealed for the same stack.
    pub(crate) fn open(&self, sealed: &str) -> Option<String> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, body) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = body.to_vec();
        let plain = self
            .key
            .open_in_place(nonce, Aad::from(self.context.as_bytes()), &mut body)
            .ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }
}

fn fresh() -> Result<String, ()> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(drop)?;
    Ok(STANDARD.encode(bytes))
}

fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
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

    #[test]
    fn what_is_sealed_opens_only_for_the_same_stack() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        assert!(DataKey::load(&file, "a", false).unwrap().is_none());
        let key = DataKey::load(&file, "a", true).unwrap().unwrap();
        let sealed = key.seal("hunter2").unwrap();
        assert!(!sealed.contains("hunter2"));
        let again = DataKey::load(&file, "a", false).unwrap().unwrap();
        assert_eq!(again.open(&sealed).as_deref(), Some("hunter2"));
        let other = DataKey::load(&file, "b", false).unwrap().unwrap();
        assert_eq!(other.open(&sealed), None);
        assert_eq!(again.open("AAAA"), None);
    }

    #[test]
    fn a_broken_key_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, "nonsense").unwrap();
        let error = DataKey::load(&file, "a", true).err().unwrap().to_string();
        assert!(error.contains("key") && error.contains("no key"), "{error}");
    }
}
