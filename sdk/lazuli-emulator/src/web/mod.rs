//! Web apps at run time: can this site pull its image, and what does a browser see?
//!
//! `pull` checks the path from the site to its image hop by hop, `front` answers browsers, and the
//! modules between them hold one question each.

pub(crate) mod container;
mod credentials;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod front;
mod gate;
pub(crate) mod key_vault;
mod log_lines;
pub(crate) mod pages;
pub(crate) mod pull;
mod reach;
pub(crate) mod rootfs;
mod scm;
pub(crate) mod site;
pub(crate) mod view;
mod zip;
