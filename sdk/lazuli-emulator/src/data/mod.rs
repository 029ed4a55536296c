//! The data plane: what a registry and a storage account answer on their own host names.
//!
//! ARM describes resources; this module holds what is *in* them. `registry` and `auth` serve
//! `{name}.azurecr.io`, `blob` serves build sources and build logs, and `oci_store` keeps content.

pub(crate) mod access;
pub(crate) mod auth;
pub(crate) mod blob;
pub(crate) mod digest;
pub(crate) mod distribution;
pub(crate) mod oci_store;
pub(crate) mod reference;
pub(crate) mod registry;
pub(crate) mod route;
pub(crate) mod signing;
pub(crate) mod store_error;
mod upload;
