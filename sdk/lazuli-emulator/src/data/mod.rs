//! The data plane: what a registry and a storage account answer on their own host names.
//!
//! ARM describes resources; this module holds what is *in* them. `registry` and `auth` serve
//! `{name}.azurecr.io`, `data_endpoint` its layers, `blob` build sources and build logs, and `oci_store` keeps
//! content.

pub(crate) mod access;
mod acr_api;
mod acr_bodies;
pub(crate) mod attributes;
pub(crate) mod auth;
pub(crate) mod blob;
pub(crate) mod copy;
pub(crate) mod data_endpoint;
pub(crate) mod distribution;
mod locks;
mod news;
pub(crate) mod oci_store;
pub(crate) mod reference;
mod referrers;
pub(crate) mod registry;
pub(crate) mod route;
pub(crate) mod signing;
pub(crate) mod store_error;
mod upload;

pub(crate) use crate::wire::digest;
