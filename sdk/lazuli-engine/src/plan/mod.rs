//! The plan: data only. Printable, comparable, auditable; execution does what
//! it says and nothing else.

pub(crate) mod allow;
mod build;
mod chain;
mod order;
mod removal;
mod saved;

use std::sync::Arc;

use lazuli_core::{Diagnostic, SourceLocation, Urn, Value};

pub(crate) use build::{PlanInput, Planned, Subject, build};
pub use chain::Link;
pub use saved::SavedPlan;

use crate::diff::{Because, Change, Reason};
use crate::graph::Pending;
use crate::op::Op;

/// One step of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The resource.
    pub urn: Urn,
    /// What happens to it.
    pub op: Op,
    /// The cloud's id, when known.
    pub id: Option<String>,
    /// Where the program declares it; for deletes, where it did.
    pub location: Option<SourceLocation>,
    /// Differences of inputs, for updates and replacements.
    pub changes: Vec<Change>,
    /// Why; see [`Plan::chain`] for the whole chain.
    pub reasons: Vec<Reason>,
    /// The inputs it is going to have; unknowns inside. Null for deletes.
    pub inputs: Value,
    /// Inputs that are not known yet.
    pub pending: Arc<[Pending]>,
    /// Positions of steps of this plan that must have succeeded before.
    pub after: Vec<usize>,
}

impl Step {
    /// The resource with which the cloud deletes this one, when no request of
    /// its own is sent.
    pub fn gone_with(&self) -> Option<&Urn> {
        self.reasons
            .iter()
            .find_map(|reason| match &reason.because {
                Because::GoneWith(urn) => Some(urn),
                _ => None,
            })
    }
}

/// A resource of the state whose fate is not decided yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// The resource.
    pub urn: Urn,
    /// What the scopes above it wait for, in words.
    pub waits_for: Vec<String>,
}

/// An export as the plan sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedExport {
    /// Its name.
    pub name: String,
    /// Its value; [`Value::Unknown`] while pending, [`Value::Secret`] if secret.
    pub value: Value,
}

/// What one wave is going to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The wave, from 1.
    pub wave: u32,
    /// Serial of the state it was made from.
    pub serial: u64,
    /// Steps, in a possible order (a step follows all in its `after`).
    pub steps: Vec<Step>,
    /// Resources that stay as they are.
    pub unchanged: Vec<Urn>,
    /// Resources that are kept because their scope is still open.
    pub undecided: Vec<Undecided>,
    /// Declared resources that targets or excludes leave out.
    pub excluded: Vec<Urn>,
    /// Findings of checks and verify; errors stop before anything is touched.
    pub findings: Vec<Diagnostic>,
    /// Exports as far as known.
    pub exports: Vec<PlannedExport>,
    /// What the program waits for, when it may declare more later.
    pub more_after: Vec<String>,
    /// The program waits on something that is not an output; the plan assumes that
    /// it declares nothing before the plan is carried out.
    pub assumed: bool,
}

impl Plan {
    /// How many resources the plan changes; the two halves of a replacement count once.
    pub fn change_count(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| !matches!(step.op, Op::DeleteReplaced | Op::Read))
            .count()
    }

    /// Whether a finding stops the run.
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == lazuli_core::Severity::Error)
    }
}
