//! Data keys wrapped by a key in Azure Key Vault, which never leaves it.
//!
//! Contract: `POST {vault}/keys/{name}/{version}/wrapkey` and `.../unwrapkey`,
//! with RSA-OAEP-256 (docs: learn.microsoft.com/rest/api/keyvault/keys). The
//! version that wrapped is recorded, so that rotating the key loses nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::{ClientOptions, RequestContent};
use azure_core::time::OffsetDateTime;
use azure_security_keyvault_keys::models::{
    EncryptionAlgorithm, KeyClientWrapKeyOptions, KeyOperationParameters,
};
use azure_security_keyvault_keys::{KeyClient, KeyClientOptions};
use lazuli_arm::Credential;
use lazuli_engine::{KeyError, KeyProvider, PlainKey, WrappedKey};
use url::Url;

use crate::azure::{credential, expose, transport};
use crate::bucket::causes;
use crate::io::Io;
use crate::{Access, RemoteError};

const NAME: &str = "azure-key-vault";
const ALGORITHM: &str = "RSA-OAEP-256";
/// How long a token is taken for good without asking again; the credential has a cache of its own.
const ASKED_AGAIN: Duration = Duration::from_secs(240);
/// How the hosts of vaults end.
const SUFFIXES: [&str; 4] = [
    ".vault.azure.net",
    ".managedhsm.azure.net",
    ".vault.usgovcloudapi.net",
    ".vault.azure.cn",
];
const SHAPE: &str = "write https://VAULT.vault.azure.net/keys/NAME";

/// The address of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeyAddress {
    vault: Url,
    name: String,
    version: Option<String>,
}

impl KeyAddress {
    fn parse(text: &str) -> Result<Self, String> {
        let vault = Url::parse(text).map_err(|cause| cause.to_string())?;
        let host = vault.host_str().unwrap_or_default().to_ascii_lowercase();
        let is_vault = SUFFIXES.iter().any(|suffix| host.ends_with(suffix));
        if vault.scheme() != "https"
            || !(is_vault || is_here(&vault))
            || !vault.username().is_empty()
        {
            return Err("it is not the https address of a key vault".to_owned());
        }
        let mut parts = vault.path().trim_matches('/').split('/');
        let (Some("keys"), Some(name)) = (parts.next(), parts.next()) else {
            return Err("it names no key".to_owned());
        };
        let (name, version) = (name.to_owned(), parts.next().map(str::to_owned));
        let mut vault = vault.clone();
        vault.set_path("");
        vault.set_query(None);
        Ok(Self {
            vault,
            name,
            version,
        })
    }
}

/// A stand-in on this machine, which gets tokens made elsewhere only.
fn is_here(url: &Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// Wraps data keys with a key of a vault.
pub struct KeyVault {
    key: Option<KeyAddress>,
    access: Access,
    given: Option<Credential>,
}

impl KeyVault {
    /// Wraps with the key at this address; without one it only opens.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(key: Option<&str>, access: Access) -> Result<Self, RemoteError> {
        let key = key.map(|text| {
            KeyAddress::parse(text).map_err(|reason| {
                RemoteError::new(format!("{text:?} is not a key: {reason}"), SHAPE)
            })
        });
        Ok(Self {
            key: key.transpose()?,
            access,
            given: None,
        })
    }

    /// The same, signed in with a credential made by the caller.
    #[must_use]
    pub fn with_credential(mut self, credential: Credential) -> Self {
        self.given = Some(credential);
        self
    }

    fn client(&self, key: &KeyAddress) -> Result<KeyClient, KeyError> {
        let told = |error: RemoteError| KeyError::new(error.message, error.help);
        let transport = transport(&self.access).map_err(told)?;
        let host = key.vault.host_str().unwrap_or_default();
        let credential = match &self.given {
            Some(credential) => credential.clone(),
            None if is_here(&key.vault) => {
                return Err(KeyError::new(
                    "a vault on this machine is none that a sign-in of yours is for",
                    "name a key of a real vault",
                ));
            }
            None => credential(host, &self.access, &transport).map_err(told)?,
        };
        let options = KeyClientOptions {
            client_options: ClientOptions {
                transport: Some(transport.for_azure_core()),
                ..Default::default()
            },
            // The name of a stand-in is not that of a vault.
            verify_challenge_resource: Some(!is_here(&key.vault)),
            ..Default::default()
        };
        let tokens = Arc::new(Tokens(credential));
        KeyClient::new(key.vault.as_str(), tokens, Some(options))
            .map_err(|error| refused(key, &error))
    }

    fn ended(key: &KeyAddress) -> KeyError {
        KeyError::new(
            format!("{} gave no answer", key.vault),
            "run the command again",
        )
    }
}

impl fmt::Debug for KeyVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyVault({:?})", self.key)
    }
}

fn io() -> Result<Io, KeyError> {
    Io::new().map_err(|error| KeyError::new(error.message, error.help))
}

fn parameters(value: &[u8]) -> KeyOperationParameters {
    KeyOperationParameters {
        algorithm: Some(EncryptionAlgorithm::RsaOaep256),
        value: Some(value.to_vec()),
        ..Default::default()
    }
}

fn refused(key: &KeyAddress, error: &azure_core::Error) -> KeyError {
    let (name, vault) = (&key.name, &key.vault);
    let message = format!(
        "the key {name} in {vault} cannot be used: {}",
        causes(error)
    );
    KeyError::new(
        message,
        "give this identity the role Key Vault Crypto User on the key (wrapKey and unwrapKey), and see that the vault \
         can be reached from here",
    )
}

impl KeyProvider for KeyVault {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wrap(&self, plain: &PlainKey) -> Result<WrappedKey, KeyError> {
        let key = self.key.clone();
        let key = key.ok_or_else(|| KeyError::new("no key of a vault is named", SHAPE))?;
        let client = self.client(&key)?;
        let content = RequestContent::try_from(parameters(plain.bytes()));
        let content = content.map_err(|error| refused(&key, &error))?;
        let (name, version) = (key.name.clone(), key.version.clone());
        let answer = io()?.wait(async move {
            let options = KeyClientWrapKeyOptions {
                key_version: version,
                ..Default::default()
            };
            let answer = client.wrap_key(&name, content, Some(options)).await?;
            answer.into_model()
        });
        let answer = answer.ok_or_else(|| Self::ended(&key))?;
        let answer = answer.map_err(|error| refused(&key, &error))?;
        match (answer.result, answer.kid) {
            (Some(wrapped), Some(kid)) => Ok(WrappedKey::new(NAME, &wrapped)
                .with("key", kid)
                .with("algorithm", ALGORITHM)),
            _ => Err(Self::ended(&key)),
        }
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<PlainKey, KeyError> {
        let broken = |reason: String| {
            let help = "restore the wrapped key from a backup";
            KeyError::new(format!("the wrapped key cannot be used: {reason}"), help)
        };
        if wrapped.parameter("algorithm")? != ALGORITHM {
            return Err(broken(format!("its algorithm is not {ALGORITHM}")));
        }
        let key = KeyAddress::parse(wrapped.parameter("key")?).map_err(broken)?;
        let version = key.version.clone();
        let version = version.ok_or_else(|| broken("it names no version".to_owned()))?;
        let client = self.client(&key)?;
        let content = RequestContent::try_from(parameters(&wrapped.wrapped()?));
        let content = content.map_err(|error| refused(&key, &error))?;
        let name = key.name.clone();
        let answer = io()?.wait(async move {
            let answer = client.unwrap_key(&name, &version, content, None).await?;
            answer.into_model()
        });
        let answer = answer.ok_or_else(|| Self::ended(&key))?;
        let answer = answer.map_err(|error| refused(&key, &error))?;
        let plain = answer.result.and_then(|bytes| PlainKey::from_bytes(&bytes));
        plain.ok_or_else(|| broken("what the vault opened is not a data key".to_owned()))
    }
}

/// Tokens of `lazuli-arm` for clients of `azure_core`.
struct Tokens(Credential);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl TokenCredential for Tokens {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let scope = scopes.first().copied().unwrap_or_default();
        let token = self.0.token(scope).await.map_err(|error| {
            azure_core::Error::new(azure_core::error::ErrorKind::Credential, error)
        })?;
        let until = OffsetDateTime::now_utc() + ASKED_AGAIN;
        Ok(AccessToken::new(expose(&token), until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_vaults_are_taken() {
        let key = KeyAddress::parse("https://acme.vault.azure.net/keys/state/0123").unwrap();
        assert_eq!(key.vault.as_str(), "https://acme.vault.azure.net/");
        assert_eq!(
            (key.name.as_str(), key.version.as_deref()),
            ("state", Some("0123"))
        );
        for bad in [
            "http://acme.vault.azure.net/keys/state",
            "https://vault.example/keys/state",
            "https://acme.vault.azure.net.example/keys/state",
            "https://acme.vault.azure.net/secrets/state",
            "https://acme.vault.azure.net/keys",
            "acme",
        ] {
            assert!(KeyAddress::parse(bad).is_err(), "{bad}");
        }
    }
}
