//! The embedded Azure: ARM, Entra ID, registry data plane, DNS and reachability, web front.
//!
//! A second implementation of the public wire contract, written from what the real Azure answers, and
//! sharing no code with the SDK's own client, so that it cannot share its mistakes. Start one with
//! [`Emulator::start`], or run the `lazuli-emulator` binary.
//!
//! - `wire`: requests, answers, ids, errors and JSON; uses nothing else of the crate
//! - `world`, `clock`: the one store of resources, in memory and in a file, and its time
//! - `arm`: the control plane, one file per resource family under `arm/providers`
//! - `views`: what a resource family shows to the others and to the data planes
//! - `data`, `vault`, `build`, `web`: registries, key vaults, image builds, web apps
//! - `conditions`: how slow this Azure is and what goes wrong in it
//! - `cloud`: a world with its conditions and its recent traffic
//! - `server`, `tls`, `request_log`: the port; `exchange`: one request of the control plane from arrival to
//!   answer; `hosts`, `proxy`: the same for other names, and how clients reach these
//! - `page`, `traffic`: what a person sees at `/`
//!
//! The feature `az` (on by default) has what only the Azure CLI needs: ARM templates, deployments and
//! Microsoft Graph. Without it these answer 501.

pub(crate) mod arm;
pub(crate) mod build;
mod clock;
mod cloud;
pub(crate) mod conditions;
pub(crate) mod data;
mod emulator;
mod exchange;
mod hosts;
mod origin;
pub(crate) mod page;
pub(crate) mod proxy;
mod request_log;
mod server;
mod tls;
pub(crate) mod traffic;
pub(crate) mod vault;
pub(crate) mod views;
pub(crate) mod web;
pub(crate) mod wire;
#[cfg(test)]
mod work_tests;
pub(crate) mod world;
mod world_file;

pub use clock::{Clock, VirtualClock};
pub use conditions::{Faults, FaultsError, Latency, LatencyError};
pub use emulator::{Emulator, EmulatorError, Options, Page, WebFront};
pub use tls::TlsError;
pub use world_file::WorldError;
