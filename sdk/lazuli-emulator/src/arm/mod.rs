//! The control plane: Azure Resource Manager and the Entra ID endpoints that clients sign in with.
//!
//! [`answer`] is called by the server for every request on the emulator's own host that is not a
//! blob's. It is synchronous and nothing here waits: how long things take is the matter of `exchange`.
//! Writes run one at a time, so a provider may check and then act; reads run beside each other, see
//! [`turn`].

pub(crate) mod call;
pub(crate) mod directory;
pub(crate) mod entra;
#[cfg(feature = "az")]
pub(crate) mod graph;
pub(crate) mod kind;
pub(crate) mod lifecycle;
pub(crate) mod lro;
mod own_paths;
pub(crate) mod providers;
pub(crate) mod rbac;
pub(crate) mod registration;
mod role_catalog;
pub(crate) mod roles;
pub(crate) mod router;
pub(crate) mod shape;
mod signed_url;
#[cfg(feature = "az")]
pub(crate) mod template;
pub(crate) mod turn;

pub(crate) use crate::wire::{Answer, Body, Caller, Incoming, errors, ids, json};
pub(crate) use call::Call;
pub(crate) use router::{answer, with_standard_headers};
