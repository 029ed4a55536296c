//! What differs between the program, the state and the cloud, and what is decided
//! about each declared resource because of that. Between `graph`, which holds the
//! facts, and `plan`, which turns decisions into steps. Pure.

mod check;
mod compare;
mod decide;
mod decisions;
mod drift;
mod ignore;
mod judge;
mod reason;

pub(crate) use check::proofs;
pub(crate) use compare::covers;
pub use compare::{Change, ChangeKind};
pub(crate) use decide::{Candidate, NodeDecision, decide};
pub(crate) use decisions::Decisions;
pub(crate) use drift::{actual_inputs, drift, imported_inputs};
pub(crate) use ignore::evaluate;
pub use reason::{Because, Reason};
