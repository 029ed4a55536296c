//! One test binary for everything that spans crates.
//!
//! - [`engine`]: lifecycle scenarios on a scripted cloud, also failing at every
//!   step and crashed at every journal boundary.

mod engine;
