//! State at storage services, and data keys wrapped by Azure Key Vault.
//!
//! The engine says what it needs of a service ([`Objects`], [`KeyProvider`]); this
//! crate has it of Azure Blob Storage, S3 and Google Cloud Storage, through the
//! crate `object_store`, and of Azure Key Vault. Signing in to Azure is the
//! business of `lazuli-arm`, as everywhere.
//!
//! Called by the facade, which knows the environment; nothing here reads it.

mod address;
#[cfg(feature = "azure")]
mod azure;
mod bucket;
mod io;
#[cfg(feature = "azure")]
mod key_vault;
#[cfg(any(feature = "s3", feature = "gcs"))]
mod others;

use std::collections::BTreeMap;
use std::sync::Arc;

use lazuli_arm::Env;
use lazuli_engine::{KeyProvider, Objects};

pub use self::address::Address;
pub use self::bucket::Bucket;
#[cfg(feature = "azure")]
pub use self::key_vault::KeyVault;

/// Why a service cannot be used, and what to do. It holds no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RemoteError {
    /// What is wrong.
    pub message: String,
    /// The next step.
    pub help: String,
}

impl RemoteError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// What of the process a service may be reached with.
#[derive(Clone)]
pub struct Access {
    /// Where credentials for Azure come from.
    pub azure: Env,
    /// All variables, for the ones that `AWS_...` and `GOOGLE_...` name, and `AZURE_STORAGE_...`.
    pub variables: BTreeMap<String, String>,
    /// Certificates (PEM) to trust beside the system's.
    pub ca_bundle: Option<Vec<u8>>,
}

impl Access {
    #[cfg(feature = "azure")]
    fn variable(&self, names: &[&str]) -> Option<&str> {
        let mut values = names.iter().filter_map(|name| self.variables.get(*name));
        values
            .find(|value| !value.trim().is_empty())
            .map(|value| value.trim())
    }
}

/// The objects at an address. Nothing is asked of the service yet.
///
/// # Errors
/// When the build does not support that service, or the environment does not say how to sign in.
pub fn open(address: &Address, access: &Access) -> Result<Arc<dyn Objects>, RemoteError> {
    let store = match address {
        #[cfg(feature = "azure")]
        Address::Azure { .. } => azure::open(address, access)?,
        #[cfg(feature = "s3")]
        Address::S3 { .. } => others::s3(address, access)?,
        #[cfg(feature = "gcs")]
        Address::Gcs { .. } => others::gcs(address, access)?,
        #[cfg(not(all(feature = "azure", feature = "s3", feature = "gcs")))]
        other => {
            return Err(RemoteError::new(
                format!("this program was built without the way to {other}"),
                format!("build it with lazuli's feature `{}`", other.feature()),
            ));
        }
    };
    Ok(Arc::new(Bucket::new(store, address)?))
}

/// What wraps data keys with the key at this address
/// (`https://VAULT.vault.azure.net/keys/NAME`); without one it only opens them.
///
/// # Errors
/// When the address is invalid, or the build does not support Key Vault.
pub fn key_vault(key: Option<&str>, access: &Access) -> Result<Arc<dyn KeyProvider>, RemoteError> {
    #[cfg(feature = "azure")]
    {
        Ok(Arc::new(KeyVault::new(key, access.clone())?))
    }
    #[cfg(not(feature = "azure"))]
    {
        let _ = (key, access);
        Err(RemoteError::new(
            "this program was built without the way to Azure Key Vault",
            "build it with lazuli's feature `azure-state`",
        ))
    }
}
