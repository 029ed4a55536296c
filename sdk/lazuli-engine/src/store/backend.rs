//! The seam: what a place must be able to do for the state of one stack. A place
//! keeps bytes, keys and a lock; what the bytes say is made and understood by
//! [`super::Store`].

use std::fmt::Debug;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::lock::{LockGuard, LockInfo};
use crate::EngineError;
use crate::secrets::{DataKey, Keyring, Rewrap};

/// How many former snapshots are kept.
pub(super) const KEPT_SNAPSHOTS: usize = 20;

/// Something that a place keeps, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Stack,
    Snapshot,
    Journal(u64),
}

/// Where something is, and what to do about it: for messages.
pub(crate) trait Located: Debug + Send + Sync {
    /// Where something is.
    fn at(&self, what: What) -> PathBuf;

    /// What to do about something that is damaged.
    fn restoring(&self) -> &'static str;

    /// What it means that the journal of a generation took no more.
    fn broken(&self, generation: u64, cause: &str) -> EngineError;

    /// An error about something that is damaged.
    fn damaged(&self, what: What, message: String) -> EngineError {
        EngineError::State {
            file: self.at(what),
            message,
            help: format!("nothing was changed; {}", self.restoring()),
        }
    }
}

/// The bytes of a stack. Calls may block.
pub(crate) trait Blobs: Located {
    /// Makes the place ready to be written to.
    fn prepare(&self) -> Result<(), EngineError>;

    /// The current snapshot: a header line and the state.
    fn snapshot(&self) -> Result<Option<Vec<u8>>, EngineError>;

    /// Everything that was appended since the snapshot of this generation.
    fn journal(&self, generation: u64) -> Result<Vec<u8>, EngineError>;

    /// The journal that led to the snapshot after this generation, while it is kept.
    fn former_journal(&self, generation: u64) -> Result<Vec<u8>, EngineError>;

    /// Opens the journal for appending behind its first `whole` bytes; `header`
    /// stands before the first entry.
    fn log(&self, generation: u64, whole: u64, header: &str) -> Result<Box<dyn Log>, EngineError>;

    /// Whether the journal has anything that a snapshot of it would keep.
    fn has_entries(&self, generation: u64, header: &str) -> bool;

    /// Puts a snapshot, given in parts, in the place of the one of `generation`
    /// and of its journal. The former ones are kept for a while.
    fn replace(&self, generation: u64, parts: &[&[u8]]) -> Result<(), EngineError>;

    /// Lines on earlier runs, oldest first.
    fn history(&self) -> Vec<String>;

    /// Adds a line on a run.
    fn note_run(&self, line: &str) -> io::Result<()>;
}

/// The data key of a stack. Calls may block.
pub(crate) trait Keys {
    /// The key that secrets are sealed with; makes one when `create` is set.
    fn data_key(&self, create: bool) -> Result<Option<Arc<DataKey>>, EngineError>;

    /// Takes a step of wrapping the data key anew, in the way of `keyring`.
    fn rewrap(&self, keyring: &Keyring, step: Rewrap) -> Result<(), EngineError>;
}

/// The right to write to a stack. Calls may block.
pub(crate) trait Lock {
    /// Takes the stack's lock, or says who holds it.
    fn lock(&self, actor: &str, doing: &str) -> Result<Box<dyn LockGuard>, EngineError>;

    /// Who holds the lock.
    fn holder(&self) -> Result<Option<LockInfo>, EngineError>;

    /// Takes the lock away from its holder, who cannot write any more then.
    fn release_by_force(&self, actor: &str) -> Result<(), EngineError>;
}

/// A place for the state of one stack.
pub(crate) trait Backend: Blobs + Keys + Lock {
    /// The same place for another stack.
    fn beside(&self, project: &str, stack: &str) -> Arc<dyn Backend>;

    /// Names of the stacks of this project that are kept here and begin with `prefix`.
    fn stacks(&self, prefix: &str) -> Result<Vec<String>, EngineError>;
}

/// A journal that is open for appending.
pub(crate) trait Log: Send {
    /// Appends bytes; they are safe when this returns `Ok`. After an error
    /// nothing more may be appended.
    fn append(&mut self, bytes: &[u8]) -> Result<(), String>;
}
