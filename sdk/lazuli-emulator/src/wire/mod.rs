//! What goes over the wire: requests, answers, ids, error shapes and the JSON both are made of.
//!
//! The lowest room: it uses nothing else of the crate, and everything else uses it.

mod answer;
pub(crate) mod dialect;
pub(crate) mod digest;
pub(crate) mod errors;
pub(crate) mod filter;
pub(crate) mod ids;
mod incoming;
pub(crate) mod json;
pub(crate) mod locations;
pub(crate) mod response;

pub(crate) use answer::{Answer, Body};
pub(crate) use incoming::{Caller, Incoming};
