//! Keys wrapped by a passphrase: Argon2id makes a key of it, that one seals the
//! data key.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{KeyError, KeyProvider, PlainKey, WrappedKey};

const NAME: &str = "passphrase";
/// The second recommended option of RFC 9106, section 4: 64 MiB, 3 passes, 4 lanes.
const COST: Cost = Cost {
    memory: 64 * 1024,
    passes: 3,
    lanes: 4,
};
/// More than this was not written by us, but by an attacker who wants to exhaust the memory.
const DEAREST: Cost = Cost {
    memory: 1024 * 1024,
    passes: 64,
    lanes: 64,
};
const SALT_LEN: usize = 16;
const SHORTEST: usize = 12;

#[derive(Clone, Copy)]
struct Cost {
    /// KiB.
    memory: u32,
    passes: u32,
    lanes: u32,
}

/// What a passphrase is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// To open what is there.
    Open,
    /// To protect something new: a person is asked twice.
    Choose,
}

/// Returns the passphrase when it is needed.
type Source = Arc<dyn Fn(Ask) -> Result<SecretString, KeyError> + Send + Sync>;

/// Wraps keys with a passphrase.
#[derive(Clone)]
pub struct Passphrase {
    source: Source,
}

impl Passphrase {
    /// A passphrase that is asked for when it is needed, and only then.
    pub fn asked(
        source: impl Fn(Ask) -> Result<SecretString, KeyError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            source: Arc::new(source),
        }
    }

    /// A passphrase that is known.
    pub fn known(passphrase: SecretString) -> Self {
        Self::asked(move |_| Ok(passphrase.clone()))
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase")
    }
}

impl KeyProvider for Passphrase {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wrap(&self, key: &PlainKey) -> Result<WrappedKey, KeyError> {
        let passphrase = (self.source)(Ask::Choose)?;
        if passphrase.expose_secret().chars().count() < SHORTEST {
            return Err(KeyError::new(
                format!("the passphrase has fewer than {SHORTEST} characters"),
                "choose a longer one: a few random words will do",
            ));
        }
        let mut salt = [0; SALT_LEN];
        SystemRandom::new()
            .fill(&mut salt)
            .map_err(|_| KeyError::new("the system gives no randomness", "try again"))?;
        let sealed = derive(&passphrase, &salt, COST)?.seal(NAME.as_bytes(), key.bytes());
        let sealed =
            sealed.ok_or_else(|| KeyError::new("the key cannot be wrapped", "try again"))?;
        Ok(WrappedKey::new(NAME, &sealed)
            .with("kdf", "argon2id")
            .with("salt", STANDARD.encode(salt))
            .with("memory_kib", COST.memory.to_string())
            .with("passes", COST.passes.to_string())
            .with("lanes", COST.lanes.to_string()))
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<PlainKey, KeyError> {
        let broken = |what: &str| {
            KeyError::new(
                format!("the wrapped key's {what} cannot be used"),
                "restore it from a backup; without the key the secrets of the stack are lost",
            )
        };
        if wrapped.parameter("kdf")? != "argon2id" {
            return Err(broken("kdf"));
        }
        let salt = STANDARD.decode(wrapped.parameter("salt")?);
        let salt = salt.map_err(|_| broken("salt"))?;
        let number = |name: &str, most: u32| {
            let number = wrapped.parameter(name)?.parse::<u32>();
            let number = number.ok().filter(|number| *number <= most);
            number.ok_or_else(|| broken(name))
        };
        let cost = Cost {
            memory: number("memory_kib", DEAREST.memory)?,
            passes: number("passes", DEAREST.passes)?,
            lanes: number("lanes", DEAREST.lanes)?,
        };
        let passphrase = (self.source)(Ask::Open)?;
        let opened = derive(&passphrase, &salt, cost)?.open(NAME.as_bytes(), &wrapped.wrapped()?);
        opened
            .and_then(|bytes| PlainKey::from_bytes(&bytes))
            .ok_or_else(|| {
                KeyError::new(
                    "the passphrase is wrong",
                    "give the one that the stack was made with, or last changed to by `state rekey`; nothing was changed",
                )
            })
    }
}

fn derive(passphrase: &SecretString, salt: &[u8], cost: Cost) -> Result<PlainKey, KeyError> {
    let unusable = |cause: argon2::Error| {
        KeyError::new(
            format!("no key can be made of the passphrase: {cause}"),
            "restore the wrapped key from a backup",
        )
    };
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).map_err(unusable)?;
    let mut bytes = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose_secret().as_bytes(), salt, &mut *bytes)
        .map_err(unusable)?;
    Ok(PlainKey(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> Passphrase {
        Passphrase::known(SecretString::from(text))
    }

    #[test]
    fn only_the_same_passphrase_opens_the_key() {
        let key = PlainKey::fresh().unwrap();
        let wrapped = known("correct horse battery").wrap(&key).unwrap();
        let text = wrapped.to_text();
        assert!(!text.contains("horse"), "{text}");
        let wrapped = WrappedKey::parse(&text).unwrap();
        let opened = known("correct horse battery").unwrap(&wrapped).unwrap();
        assert_eq!(opened.bytes(), key.bytes());
        let error = known("correct horse batterz").unwrap(&wrapped).unwrap_err();
        assert_eq!(error.message, "the passphrase is wrong");
        assert!(!format!("{error:?}").contains("horse"));
    }

    #[test]
    fn short_passphrases_and_absurd_costs_are_refused() {
        let key = PlainKey::fresh().unwrap();
        let error = known("hunter2").wrap(&key).unwrap_err();
        assert!(error.message.contains("fewer than 12"), "{error}");
        let dear = WrappedKey::new(NAME, &[])
            .with("kdf", "argon2id")
            .with("salt", STANDARD.encode([0; SALT_LEN]))
            .with("memory_kib", "4000000000")
            .with("passes", "3")
            .with("lanes", "4");
        let error = known("whatever it is").unwrap(&dear).unwrap_err();
        assert!(error.message.contains("memory_kib"), "{error}");
    }
}
