//! One test binary for everything that spans crates.
//!
//! - [`engine`]: lifecycle scenarios on a scripted cloud, also failing at every
//!   step and dying around every effect.
//! - [`stack`]: the article's stack on the embedded Azure, link by link, killed
//!   at every journal boundary.
//! - [`compile_fail`]: mistakes that do not compile, and what the compiler says.
//! - [`state`]: every place that a state can be kept at, through one list of
//!   checks; faults of storage services; two writers.
//! - [`tidy`]: the rules of the house.
//! - [`verify`]: the proof of reachability against the embedded Azure, and the
//!   mistakes that people make.

mod compile_fail;
mod engine;
mod stack;
mod state;
mod tidy;
mod verify;
