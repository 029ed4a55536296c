//! Composable components: a private registry, a web app that pulls from it, and
//! the name resolution in between.
//!
//! They depend on `lazuli` alone, as a component of one's own would. Each is a
//! struct of handles: what a component does not offer is reached through them.

mod dns;
mod registry;
mod webapp;

pub use dns::{PrivateDnsLink, PrivateDnsLinkArgs, PrivateDnsLinkBuilder};
pub use registry::{Image, Images, PrivateRegistry, PrivateRegistryArgs, PrivateRegistryBuilder};
pub use webapp::{IntegratedWebApp, IntegratedWebAppArgs, IntegratedWebAppBuilder};
