//! What a family of resources shows to the others, and to the data planes.
//!
//! The control plane writes resources; whoever else needs one reads it through the small view of its
//! family. Nothing here uses `arm`.

pub(crate) mod network_view;
pub(crate) mod registry_events;
pub(crate) mod registry_view;
pub(crate) mod site_view;
pub(crate) mod vault_view;
