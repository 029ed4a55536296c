//! The data plane of Key Vault: `https://NAME.vault.azure.net/secrets`, and references to secrets.
//!
//! [`service`] answers the hosts of vaults, [`access`] decides who may do what from where, [`secrets`]
//! keeps the versions, [`reference`] resolves what app settings say of a vault. Keys and certificates are
//! not modelled.

pub(crate) mod access;
pub(crate) mod reference;
pub(crate) mod secrets;
pub(crate) mod service;

pub(crate) use service::{by_host, handle, is_vault_host};
