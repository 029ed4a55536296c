//! Secrets at rest: AES-256-GCM with one data key per stack.
//!
//! Where the data key itself is, and what wraps it, is the business of
//! [`keyring`]. It is bound to the stack: what is sealed for one does not open
//! for another.

mod keyring;
mod passphrase;
mod wrapped;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

pub(crate) use self::keyring::KeptKey;
pub use self::keyring::{KeyError, KeyFile, KeyProvider, Keyring, Rewrap};
pub use self::passphrase::{Ask, Passphrase};
pub use self::wrapped::WrappedKey;

/// A key in clear. It is wiped when it is dropped, and shown nowhere.
#[derive(Clone)]
pub struct PlainKey(Zeroizing<[u8; 32]>);

impl PlainKey {
    /// A key made at random.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn fresh() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        match SystemRandom::new().fill(&mut *bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => Err(KeyError::new("the system gives no randomness", "try again")),
        }
    }

    /// The key with these bytes; `None` unless they are 32.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// The bytes, for who wraps them.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn from_base64(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).ok()?);
        Self::from_bytes(&bytes)
    }

    fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.bytes()))
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        let key = UnboundKey::new(&AES_256_GCM, self.bytes()).ok()?;
        Some(LessSafeKey::new(key))
    }

    /// Nonce and ciphertext of `plain`, which opens with the same `context` only.
    fn seal(&self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        seal(&self.cipher()?, context, plain)
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        open(&self.cipher()?, context, sealed)
    }
}

impl std::fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlainKey")
    }
}

fn seal(key: &LessSafeKey, context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).ok()?;
    let tag = AES_256_GCM.tag_len();
    let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + tag);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(context), &mut sealed[NONCE_LEN..])
        .ok()?;
    sealed.extend_from_slice(tag.as_ref());
    Some(sealed)
}

fn open(key: &LessSafeKey, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut body = Zeroizing::new(body.to_vec());
    let plain = key
        .open_in_place(nonce, Aad::from(context), &mut body)
        .ok()?
        .len();
    body.truncate(plain);
    Some(body)
}

/// The key that secrets of one stack are sealed with.
pub(crate) struct DataKey {
    key: LessSafeKey,
    digests: hmac::Key,
    context: String,
}

impl DataKey {
    /// The key for a stack; `context` is the stack's name.
    pub(crate) fn new(key: &PlainKey, context: &str) -> Result<Self, KeyError> {
        Ok(Self {
            key: key
                .cipher()
                .ok_or_else(|| KeyError::new("the key cannot be used", "restore it"))?,
            digests: hmac::Key::new(hmac::HMAC_SHA256, key.bytes()),
            context: context.to_owned(),
        })
    }

    /// A keyed digest of a text: comparable, but not reversible without the key.
    pub(crate) fn digest(&self, text: &str) -> String {
        STANDARD.encode(hmac::sign(&self.digests, format!("plan {text}").as_bytes()))
    }

    /// Seals a text: base64 of nonce and ciphertext.
    pub(crate) fn seal(&self, text: &str) -> Option<String> {
        let sealed = seal(&self.key, self.context.as_bytes(), text.as_bytes())?;
        Some(STANDARD.encode(sealed))
    }

    /// Opens what [`DataKey::seal`] sealed for the same stack.
    pub(crate) fn open(&self, sealed: &str) -> Option<String> {
        let sealed = STANDARD.decode(sealed).ok()?;
        let plain = open(&self.key, self.context.as_bytes(), &sealed)?;
        String::from_utf8(plain.to_vec()).ok()
    }

    /// Seals a whole object; it opens under the same name only.
    pub(crate) fn seal_object(&self, name: &str, plain: &[u8]) -> Option<Vec<u8>> {
        seal(&self.key, self.object(name).as_bytes(), plain)
    }

    /// Opens what [`DataKey::seal_object`] sealed.
    pub(crate) fn open_object(&self, name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        open(&self.key, self.object(name).as_bytes(), sealed)
    }

    fn object(&self, name: &str) -> String {
        format!("object {} {name}", self.context)
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKey({})", self.context)
    }
}

/// Seals texts that are kept outside of the state, one by one.
#[derive(Debug)]
pub struct Sealer(DataKey);

impl Sealer {
    /// Seals with a key; what is sealed opens in the same context only.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub fn new(key: &PlainKey, context: &str) -> Result<Self, KeyError> {
        DataKey::new(key, context).map(Self)
    }

    /// Seals a text under a name.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn seal(&self, name: &str, text: &str) -> Result<String, KeyError> {
        let sealed = self.0.seal_object(name, text.as_bytes());
        let sealed =
            sealed.ok_or_else(|| KeyError::new("the system gives no randomness", "try again"))?;
        Ok(STANDARD.encode(sealed))
    }

    /// Opens what was sealed under this name.
    pub fn open(&self, name: &str, sealed: &str) -> Option<Zeroizing<String>> {
        let sealed = STANDARD.decode(sealed).ok()?;
        let plain = self.0.open_object(name, &sealed)?;
        Some(Zeroizing::new(String::from_utf8(plain.to_vec()).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(bytes: u8, context: &str) -> DataKey {
        DataKey::new(&PlainKey::from_bytes(&[bytes; 32]).unwrap(), context).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_only_for_the_same_stack() {
        let sealed = key(1, "a").seal("hunter2").unwrap();
        assert!(!sealed.contains("hunter2"));
        assert_eq!(key(1, "a").open(&sealed).as_deref(), Some("hunter2"));
        assert_eq!(key(1, "b").open(&sealed), None);
        assert_eq!(key(2, "a").open(&sealed), None);
        assert_eq!(key(1, "a").open("AAAA"), None);
    }

    #[test]
    fn an_object_opens_under_its_own_name_and_unchanged_only() {
        let sealed = key(1, "a").seal_object("journal/1", b"text").unwrap();
        let opened = key(1, "a").open_object("journal/1", &sealed).unwrap();
        assert_eq!(&**opened, b"text");
        assert!(key(1, "a").open_object("journal/2", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut edited = sealed.clone();
            edited[at] ^= 1;
            assert!(key(1, "a").open_object("journal/1", &edited).is_none());
            assert!(
                key(1, "a")
                    .open_object("journal/1", &sealed[..at])
                    .is_none()
            );
        }
    }

    #[test]
    fn keys_are_shown_nowhere() {
        let plain = PlainKey::from_bytes(&[65; 32]).unwrap();
        let shown = format!("{plain:?} {:?}", key(65, "p/dev"));
        assert_eq!(shown, "PlainKey DataKey(p/dev)");
    }
}
