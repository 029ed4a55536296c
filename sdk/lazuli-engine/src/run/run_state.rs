//! The state during a run: journaled when the run may write, in memory when it previews.

use crate::error::EngineError;
use crate::journal::Journal;
use crate::settings::Operation;
use crate::state::{Entry, State};
use crate::store::{LockGuard, Store};

/// The state during a run: with a journal when the run may write, in memory when it previews.
pub(super) enum RunState {
    Journal(Box<Journal>),
    Memory(Box<State>),
}

impl RunState {
    pub(super) fn open(
        operation: Operation,
        actor: &str,
        store: &Store,
    ) -> Result<(Self, Option<Box<dyn LockGuard>>), EngineError> {
        if operation == Operation::Preview {
            return Ok((Self::Memory(Box::new(store.read()?)), None));
        }
        store.prepare()?;
        let lock = store.lock(actor, operation.as_str())?;
        Ok((Self::Journal(Box::new(Journal::open(store)?)), Some(lock)))
    }

    pub(super) fn state(&self) -> &State {
        match self {
            Self::Journal(journal) => journal.state(),
            Self::Memory(state) => state,
        }
    }

    /// Appends without waiting: what depends on durability waits elsewhere.
    pub(super) fn append(&mut self, entry: Entry) {
        match self {
            Self::Journal(journal) => drop(journal.append(entry)),
            // A preview shows the state without an entry that cannot follow; the run
            // that writes is refused.
            Self::Memory(state) => {
                if let Err(illegal) = state.apply(&entry) {
                    tracing::error!(%illegal, "an entry of the journal would be refused");
                }
            }
        }
    }

    /// What it means that the journal takes no more.
    pub(super) fn broken(&self, cause: &str) -> EngineError {
        match self {
            Self::Journal(journal) => journal.broken(cause),
            Self::Memory(_) => EngineError::Internal {
                message: format!("a preview has no journal: {cause}"),
            },
        }
    }

    pub(super) fn close(self) -> Result<State, EngineError> {
        match self {
            Self::Journal(journal) => journal.close(),
            Self::Memory(state) => Ok(*state),
        }
    }
}
