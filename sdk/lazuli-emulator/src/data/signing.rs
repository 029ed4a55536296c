//! The world's own signing key: registry tokens and blob addresses are signed with it.
//!
//! The key lives in the world's folder, so tokens survive a restart and die with the world.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use serde_json::Value;
use uuid::Uuid;

use crate::world::World;

const FILE: &str = "signing.key";

/// Signs and checks texts with HMAC-SHA256.
pub(crate) struct SigningKey(hmac::Key);

impl SigningKey {
    /// The key of the world, made on first use.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn of(world: &World) -> io::Result<Self> {
        let folder = world.data_dir();
        let path = folder.join(FILE);
        let bytes = match fs::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                create(&world.random::<32>(FILE), &folder, &path)?
            }
            other => other?,
        };
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// A signature in URL-safe base64.
    pub(crate) fn sign(&self, text: &str) -> String {
        BASE64.encode(hmac::sign(&self.0, text.as_bytes()))
    }

    /// Whether `signature` is ours for `text`, in constant time.
    pub(crate) fn holds(&self, text: &str, signature: &str) -> bool {
        let decoded = BASE64.decode(signature);
        decoded.is_ok_and(|tag| hmac::verify(&self.0, text.as_bytes(), &tag).is_ok())
    }

    /// A JSON Web Token over `claims`.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = BASE64.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let text = format!("{header}.{}", BASE64.encode(claims.to_string()));
        let signature = self.sign(&text);
        format!("{text}.{signature}")
    }

    /// The claims of a token that we signed and that is valid at `now` (seconds since 1970).
    pub(crate) fn claims(&self, token: &str, now: i64) -> Option<Value> {
        let (text, signature) = token.rsplit_once('.')?;
        if !self.holds(text, signature) {
            return None;
        }
        let body = BASE64.decode(text.split_once('.')?.1).ok()?;
        let claims: Value = serde_json::from_slice(&body).ok()?;
        (claims["exp"].as_i64()? > now).then_some(claims)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file of this machine, which no answer names; two writers must not share it"
)]
/// Makes the key under a temporary name and links it, so that of two first users one wins.
fn create(bytes: &[u8], folder: &Path, path: &Path) -> io::Result<Vec<u8>> {
    fs::create_dir_all(folder)?;
    let temporary = folder.join(format!("{FILE}-{}", Uuid::new_v4()));
    private_file(&temporary)?.write_all(bytes)?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => fs::read(path),
    }
}

fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world;

    #[test]
    fn a_token_holds_until_it_expires_and_in_its_world_only() {
        let (one, two) = (world::tests::empty(), world::tests::empty());
        let token = SigningKey::of(&one)
            .expect("key")
            .token(&json!({ "sub": "x", "exp": 100 }));
        let same = SigningKey::of(&one).expect("key again");
        assert_eq!(
            same.claims(&token, 99).map(|c| c["sub"].clone()),
            Some("x".into())
        );
        assert_eq!(same.claims(&token, 100), None);
        assert_eq!(same.claims(&format!("{token}x"), 0), None);
        assert_eq!(SigningKey::of(&two).expect("key").claims(&token, 0), None);
    }
}
