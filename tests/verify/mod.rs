//! `verify` against the world: what it says is what the embedded Azure does, and
//! the mistakes that people make are seen before anything is deployed.

mod agreement;
mod allowed;
mod document;
mod hosted;
mod listener;
mod mistakes;
mod names;
mod program;
mod secrets;
