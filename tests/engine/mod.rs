//! The engine on a scripted cloud.

mod cloud;
mod lifecycle;
mod look;
mod scenario;
mod sweep;
mod themes;
