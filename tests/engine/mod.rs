//! The engine on a scripted cloud.

pub(crate) mod cloud;
mod disk;
mod fuzz;
mod lifecycle;
mod look;
mod scenario;
mod sweep;
mod themes;
mod traps;
