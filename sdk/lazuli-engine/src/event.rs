//! What the engine reports while it works. Terminal, JSON lines and tests are fed
//! by the same events.

use std::time::Duration;

use async_trait::async_trait;
use lazuli_core::{Diagnostic, ProviderErrorKind, SourceLocation, Urn, Value};

use crate::diff::Change;
use crate::op::Op;
use crate::plan::Plan;

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A wave was planned.
    Planned(Plan),
    /// The program does I/O of its own and the plan waits for it.
    WaitingForProgram {
        /// What stands still, in words.
        what: Vec<String>,
    },
    /// What an interrupted run had in flight was settled by reading the cloud.
    Settled {
        /// The resource.
        urn: Urn,
        /// The operation that was in flight.
        op: Op,
        /// What was found, in words.
        found: String,
    },
    /// A refresh found a resource that is not as recorded.
    Drifted {
        /// The resource.
        urn: Urn,
        /// Where the program declared it.
        location: SourceLocation,
        /// How declared properties differ from what is there; empty when only
        /// other properties of the answer changed.
        changes: Vec<Change>,
        /// It is not there at all any more.
        gone: bool,
    },
    /// A step's request is about to leave.
    StepStarted {
        /// The resource.
        urn: Urn,
        /// The operation.
        op: Op,
    },
    /// The provider says what the cloud is doing.
    StepStatus {
        /// The resource.
        urn: Urn,
        /// A short text.
        text: String,
    },
    /// A step succeeded and is recorded.
    StepDone {
        /// The resource.
        urn: Urn,
        /// The operation.
        op: Op,
        /// The cloud's id.
        id: String,
        /// From the request to the recorded answer.
        duration: Duration,
    },
    /// A step turned out to be needless: once known, nothing differed.
    StepUnchanged {
        /// The resource.
        urn: Urn,
    },
    /// A step failed.
    StepFailed {
        /// The failure.
        failure: Failure,
        /// From the request to the answer.
        duration: Duration,
    },
    /// A step was not started, because something before it failed or the run was stopped.
    StepSkipped {
        /// The resource.
        urn: Urn,
        /// The operation.
        op: Op,
        /// Why.
        reason: String,
    },
    /// Ctrl-C was heard: nothing new starts.
    Stopping,
    /// Worth a person's attention.
    Note(Diagnostic),
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The resource.
    pub urn: Urn,
    /// The operation.
    pub op: Op,
    /// Where the program declares it, or did.
    pub location: Option<SourceLocation>,
    /// What may be said of the outcome.
    pub kind: ProviderErrorKind,
    /// The cloud's code, if it gave one.
    pub code: Option<String>,
    /// What happened.
    pub message: String,
    /// The next step, if one is known.
    pub help: Option<String>,
    /// What the state holds about it now, in words, when that is not obvious.
    pub left: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Resources created, replacements not counted.
    pub created: usize,
    /// Resources updated in place.
    pub updated: usize,
    /// Resources replaced.
    pub replaced: usize,
    /// Resources deleted, replacements not counted.
    pub deleted: usize,
    /// Resources that were adopted.
    pub imported: usize,
    /// Resources that a refresh found to be different, or gone.
    pub drifted: usize,
    /// Resources that stayed as they were.
    pub unchanged: usize,
    /// Waves that were carried out.
    pub waves: u32,
    /// Whole duration, the wait for approval not counted.
    pub duration: Duration,
    /// Exports at the end.
    pub exports: Vec<(String, Value)>,
    /// Resources with how long their steps took, in order of completion.
    pub durations: Vec<(Urn, Op, Duration)>,
}

impl Summary {
    pub(crate) fn count(&mut self, op: Op) {
        match op {
            Op::Create => self.created += 1,
            Op::Update => self.updated += 1,
            Op::CreateReplacement => self.replaced += 1,
            Op::Delete => self.deleted += 1,
            Op::Import => self.imported += 1,
            Op::DeleteReplaced | Op::Read => {}
        }
    }

    /// How many resources were changed.
    pub fn change_count(&self) -> usize {
        self.created + self.updated + self.replaced + self.deleted + self.imported
    }
}

/// The answer to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Carry it out.
    Approved,
    /// Leave everything as it is.
    Refused,
}

/// Who listens to a run and decides about plans.
#[async_trait]
pub trait Frontend: Send {
    /// Something happened. Must not block.
    fn event(&mut self, event: &Event);

    /// Decides about a plan that has steps and no errors. Asked again for each wave.
    async fn approve(&mut self, plan: &Plan) -> Decision;

    /// Decides whether what a refresh found is written into the state. The
    /// drift itself came as [`Event::Drifted`] before.
    async fn approve_drift(&mut self, drifted: usize) -> Decision {
        let _ = drifted;
        Decision::Approved
    }
}
