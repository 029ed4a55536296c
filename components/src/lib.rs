//! Composable components: registries, images in them, apps that pull these, and
//! the name resolution in between.
//!
//! They depend on `lazuli` alone, as your own components would. Each is a
//! struct of handles: what a component does not offer is reached through them.
//!
//! | registry | reached | signs in with |
//! |---|---|---|
//! | [`PrivateRegistry`] | through a private endpoint, and by allowed addresses | the app's identity, `pulled_by` another, [`AdminUser`], [`ServicePrincipal`], [`TokenLogin`] |
//! | [`PublicRegistry`] | over the internet | the same |
//! | [`CustomRegistry`] | however the network does | nothing, or [`BasicLogin`] |
//! | [`HostedRegistry`] | through a private endpoint | nothing, or [`BasicLogin`] |

mod custom;
mod dns;
mod function;
mod image;
mod registry;
mod sign_in;
mod switch;
#[cfg(test)]
mod tests;
mod webapp;
mod wiring;

pub use custom::{CustomRegistry, HostedRegistry, HostedRegistryArgs, HostedRegistryBuilder};
pub use dns::{PrivateDnsLink, PrivateDnsLinkArgs, PrivateDnsLinkBuilder};
pub use function::{
    FunctionPlan, IntegratedFunctionApp, IntegratedFunctionAppArgs, IntegratedFunctionAppBuilder,
};
pub use image::{
    AzureRegistry, Image, Images, Made, NamedImage, PublicImage, PullableImage, Puller,
    RegistryKind,
};
pub use registry::{
    PrivateRegistry, PrivateRegistryArgs, PrivateRegistryBuilder, PublicRegistry,
    PublicRegistryArgs, PublicRegistryBuilder,
};
pub use sign_in::{AdminUser, BasicLogin, CredentialsOf, LoginOf, ServicePrincipal, TokenLogin};
pub use webapp::{
    IntegratedWebApp, IntegratedWebAppArgs, IntegratedWebAppBuilder, Slot, WindowsWebApp,
    WindowsWebAppArgs, WindowsWebAppBuilder,
};
