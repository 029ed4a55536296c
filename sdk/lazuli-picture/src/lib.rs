//! Pictures of a topology, and charts of a run.
//!
//! A [`Picture`] shows what a program declares or what a state holds
//! ([`lazuli_engine::Topology`]), with what a provider adds to it; [`timeline`]
//! shows the events of a run ([`lazuli_engine::Event`]). Both are written as
//! texts ([`Format`]): this crate has no file, terminal, clock or cloud. The
//! command line calls it for `graph` and `--timeline`.

pub mod brief;
mod picture;
pub mod timeline;

pub use picture::model::{Displayed, Picture};
pub use picture::{Format, data};
