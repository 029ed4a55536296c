//! What is written by hand: the core that generated builders rest on
//! ([`declaration`]), conversions of what setters take, and the sugar of each
//! service.

pub mod action;
pub mod any_property;
pub mod argument;
pub mod block;
pub mod declaration;
pub mod dns;
pub mod endpoint;
pub mod existing;
pub mod hosts;
pub mod identity;
pub mod plan;
pub mod role;
pub mod secret;
pub mod subnet;
mod target;
#[cfg(test)]
mod tests;
pub mod untyped;
pub(crate) mod values;

pub use action::{RegistryCredentials, RegistryLock, SlotSwap, TokenCredentials};
pub use any_property::AnyProperty;
pub use argument::IntoArgument;
pub use block::Block;
pub use declaration::{
    AzureResource, Declaration, DeclaredIn, IdPath, Kind, LocationRule, PROVIDER, ParentRef,
    Resource,
};
pub use dns::ZoneConfig;
pub use endpoint::PrivateLink;
pub use existing::Lookup;
pub use identity::Identity;
pub use plan::Os;
pub use role::{IntoPrincipal, Principal, Role};
pub(crate) use role::{NamedRole, Pulls};
pub use subnet::Delegation;
pub use untyped::{ArmResource, ArmResourceBuilder};

use crate::generated::ResourceGroup;

/// The group of a resource that is always declared in one.
pub(crate) fn group_of(resource: &Resource) -> ResourceGroup {
    // Builders of such types take a group or a child of one, which hands its group down.
    let resource = resource.group().unwrap_or_else(|| resource.clone());
    ResourceGroup { resource }
}
