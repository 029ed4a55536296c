//! The control plane: Azure Resource Manager and the Entra ID endpoints that clients sign in with.
//!
//! [`answer`] is called by the server for every request on the emulator's own host that is not a
//! blob's. It is synchronous and runs one request at a time, so a provider may check and then act;
//! nothing here waits, because long-running operations advance when they are asked about.

pub(crate) mod entra;
pub(crate) mod errors;
pub(crate) mod ids;
pub(crate) mod json;
pub(crate) mod lro;
pub(crate) mod providers;
pub(crate) mod rbac;
pub(crate) mod request;
pub(crate) mod router;
pub(crate) mod template;

pub(crate) use errors::{Answer, Body};
pub(crate) use request::{Call, Incoming};
pub(crate) use router::answer;
