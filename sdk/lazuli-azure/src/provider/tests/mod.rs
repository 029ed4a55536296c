//! Each flow as a whole conversation with a scripted Azure.

mod actions;
mod builds;
mod generic;
mod groups;
mod roles;
mod sites;
