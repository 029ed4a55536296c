//! Each flow as a whole conversation with a scripted Azure.

mod builds;
mod deeds;
mod generic;
mod groups;
mod roles;
mod sites;
