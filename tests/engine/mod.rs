//! The engine on a scripted cloud.

mod cloud;
mod fuzz;
mod lifecycle;
mod look;
mod scenario;
mod sweep;
mod themes;
