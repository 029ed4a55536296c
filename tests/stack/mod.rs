//! The article's stack, from raw resources, on the embedded Azure: over HTTPS,
//! signed in like Azure, with the real provider and engine.

pub(crate) mod bench;
mod crash;
mod pull_path;
mod story;
pub(crate) mod topology;
