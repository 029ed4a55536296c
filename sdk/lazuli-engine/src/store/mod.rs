//! A stack's state, wherever it is kept: opened by folding snapshot and journal,
//! compacted into the next snapshot.
//!
//! What the bytes say is `text` and `format_v1`; a place for them is a
//! [`backend::Backend`]: a local folder, or the objects of a storage service.

mod backend;
mod disk;
mod folder;
mod format_v1;
mod history;
mod journal_log;
mod lock;
mod objects;
mod remote;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lazuli_core::Value;

pub(crate) use self::backend::Log;
use self::backend::{Backend, What};
pub use self::disk::{Disk, RealDisk};
use self::folder::Folder;
pub(crate) use self::format_v1::Codec;
pub use self::history::{History, HistoryEntry};
pub use self::journal_log::{JournalLog, LogEntry, LoggedOperation};
pub(crate) use self::lock::LockGuard;
pub use self::lock::LockInfo;
pub use self::objects::{Condition, Object, ObjectError, Objects, Tag};
use self::remote::Remote;
pub(crate) use self::text::{entry_line, journal_header};
use crate::EngineError;
use crate::secrets::{Keyring, Rewrap};
use crate::state::State;

/// The place of one stack's state. Reading and writing it may block.
#[derive(Debug, Clone)]
pub struct Store {
    place: Kind,
    stack: String,
}

#[derive(Debug, Clone)]
enum Kind {
    Folder(Arc<Folder>),
    Remote(Arc<Remote>),
}

/// A state that was read, and what it takes to go on from it.
pub(crate) struct Opened {
    pub(crate) state: State,
    pub(crate) generation: u64,
    /// Bytes of the journal that hold whole entries; what follows is a torn tail.
    pub(crate) journal_bytes: u64,
    pub(crate) torn: bool,
    /// The highest number of an operation in the journal, or in flight.
    pub(crate) last_operation: u64,
}

/// A data key that its former and its new way open, under the stack's lock.
pub struct Rewrapping {
    store: Store,
    keyring: Keyring,
    _lock: Box<dyn LockGuard>,
}

impl Rewrapping {
    /// From now on only the new way opens the key.
    ///
    /// # Errors
    /// [`EngineError::State`] when the key cannot be written; both ways open it then.
    pub fn finish(self) -> Result<(), EngineError> {
        self.store.backend().rewrap(&self.keyring, Rewrap::New)
    }
}

impl Store {
    /// A stack's state in `folder/project/stack`.
    pub fn local(folder: &Path, project: &str, stack: &str) -> Self {
        Self {
            place: Kind::Folder(Arc::new(Folder::new(folder, project, stack))),
            stack: stack.to_owned(),
        }
    }

    /// A stack's state as objects of a storage service, in `project/stack` below
    /// their address. Needs a keyring that wraps, see [`Store::keys`].
    pub fn remote(objects: Arc<dyn Objects>, project: &str, stack: &str) -> Self {
        Self {
            place: Kind::Remote(Arc::new(Remote::new(objects, project, stack))),
            stack: stack.to_owned(),
        }
    }

    /// The same stack, written through another disk, if it is in a folder.
    #[must_use]
    pub fn on(mut self, disk: Arc<dyn Disk>) -> Self {
        if let Kind::Folder(folder) = self.place {
            let folder = Arc::unwrap_or_clone(folder).on(disk);
            self.place = Kind::Folder(Arc::new(folder));
        }
        self
    }

    /// The same stack, whose lock is taken for abandoned after that much silence of
    /// its holder, if it is at a storage service. The default is a minute.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        if let Kind::Remote(remote) = &self.place {
            self.place = Kind::Remote(Arc::new(remote.with_patience(patience)));
        }
        self
    }

    /// The same stack, with its data key wrapped and opened by these providers.
    #[must_use]
    pub fn keys(mut self, keyring: Keyring) -> Self {
        self.place = match self.place {
            Kind::Folder(folder) => {
                let folder = Arc::unwrap_or_clone(folder).with_keys(keyring);
                Kind::Folder(Arc::new(folder))
            }
            Kind::Remote(remote) => Kind::Remote(Arc::new(remote.with_keys(keyring))),
        };
        self
    }

    fn backend(&self) -> &dyn Backend {
        match &self.place {
            Kind::Folder(folder) => &**folder,
            Kind::Remote(remote) => &**remote,
        }
    }

    /// The stack's own folder, if it is in one.
    pub fn folder(&self) -> Option<&Path> {
        match &self.place {
            Kind::Folder(folder) => Some(folder.path()),
            Kind::Remote(_) => None,
        }
    }

    /// Where the stack is, for people.
    pub fn location(&self) -> PathBuf {
        self.backend().at(What::Stack)
    }

    /// What another stack exports, at the same target as this one.
    pub(crate) fn exports_of(
        &self,
        project: &str,
        stack: &str,
    ) -> Result<BTreeMap<String, Value>, String> {
        let name = match self.stack.split_once('@') {
            Some((_, target)) => format!("{stack}@{target}"),
            None => stack.to_owned(),
        };
        let other = self.backend().beside(project, &name);
        let state = read(&*other).map_err(|error| error.to_string())?;
        match state {
            Some(state) => Ok(state.exports),
            None => Err(format!(
                "it was never deployed ({})",
                other.at(What::Stack).display()
            )),
        }
    }

    /// The state as it is; an empty one when the stack was never deployed.
    ///
    /// # Errors
    /// [`EngineError::State`] when a file is damaged, unreadable or from a newer version.
    pub fn read(&self) -> Result<State, EngineError> {
        self.open(&self.codec(false)?).map(|opened| opened.state)
    }

    /// Who holds the stack's lock, if anybody does.
    ///
    /// # Errors
    /// [`EngineError::State`] when that cannot be found out.
    pub fn holder(&self) -> Result<Option<LockInfo>, EngineError> {
        self.backend().holder()
    }

    /// Takes the lock away from its holder and frees it. The holder cannot write
    /// any more; what it had in flight is settled by the next run.
    ///
    /// # Errors
    /// [`EngineError::State`] when the place cannot do that: then `help` says what can be done.
    pub fn release_by_force(&self, actor: &str) -> Result<(), EngineError> {
        self.backend().release_by_force(actor)
    }

    /// Wraps the stack's data key in the way that `keyring` makes new ones. The
    /// store's own keyring opens it. Takes the lock.
    ///
    /// # Errors
    /// [`EngineError::State`] when the key cannot be opened, wrapped or written;
    /// the old wrapping is valid then.
    pub fn rewrap(&self, keyring: &Keyring, actor: &str) -> Result<(), EngineError> {
        self.start_rewrap(keyring, actor)?.finish()
    }

    /// The first half of [`Store::rewrap`]: the former and the new way open the key.
    ///
    /// # Errors
    /// See [`Store::rewrap`].
    pub fn start_rewrap(&self, keyring: &Keyring, actor: &str) -> Result<Rewrapping, EngineError> {
        self.prepare()?;
        let lock = self.lock(actor, "state rekey")?;
        self.backend().rewrap(keyring, Rewrap::Both)?;
        Ok(Rewrapping {
            store: self.clone(),
            keyring: keyring.clone(),
            _lock: lock,
        })
    }

    /// The same stack at its other targets, as far as they are kept at this place.
    ///
    /// # Errors
    /// [`EngineError::State`] when the place cannot be read.
    pub fn other_targets(&self) -> Result<Vec<Self>, EngineError> {
        let (stack, _) = self.stack.split_once('@').unwrap_or((&self.stack, ""));
        let mut names = self.backend().stacks(&format!("{stack}@"))?;
        names.extend(
            self.backend()
                .stacks(stack)?
                .into_iter()
                .filter(|name| name == stack),
        );
        names.retain(|name| *name != self.stack);
        Ok(names.into_iter().map(|name| self.beside(name)).collect())
    }

    fn beside(&self, stack: String) -> Self {
        let place = match &self.place {
            Kind::Folder(folder) => Kind::Folder(Arc::new(folder.of_stack(&stack))),
            Kind::Remote(remote) => Kind::Remote(Arc::new(remote.of_stack(&stack))),
        };
        Self { place, stack }
    }

    pub(crate) fn lock(&self, actor: &str, doing: &str) -> Result<Box<dyn LockGuard>, EngineError> {
        self.backend().lock(actor, doing)
    }

    pub(crate) fn codec(&self, create_key: bool) -> Result<Codec, EngineError> {
        codec(self.backend(), create_key)
    }

    /// Reads the state, and says what is wrong with it: it is used all the same,
    /// because it is the only record.
    pub(crate) fn open(&self, codec: &Codec) -> Result<Opened, EngineError> {
        let opened = open(self.backend(), codec)?;
        let state = self.location();
        let state = state.display();
        if opened.torn {
            tracing::warn!(%state, "the journal's last entry was cut off in the middle; it is dropped");
        }
        for problem in opened.state.problems() {
            tracing::warn!(%state, %problem, "the state is not whole");
        }
        Ok(opened)
    }

    /// Opens the journal behind what was read of it.
    pub(crate) fn log(&self, opened: &Opened) -> Result<Box<dyn Log>, EngineError> {
        let generation = opened.generation;
        let header = journal_header(generation);
        self.backend()
            .log(generation, opened.journal_bytes, &header)
    }

    pub(crate) fn has_entries(&self, generation: u64) -> bool {
        let header = journal_header(generation);
        self.backend().has_entries(generation, &header)
    }

    /// What it means that the log took no more.
    pub(crate) fn broken(&self, generation: u64, cause: &str) -> EngineError {
        self.backend().broken(generation, cause)
    }

    /// Writes a snapshot of the next generation in the place of the journal.
    pub(crate) fn compact(
        &self,
        codec: &Codec,
        state: &State,
        generation: u64,
    ) -> Result<u64, EngineError> {
        let next = generation + 1;
        let (header, body) = text::snapshot(codec, state, next)
            .map_err(|cause| self.backend().damaged(What::Snapshot, cause.to_string()))?;
        self.backend()
            .replace(generation, &[header.as_bytes(), &body])?;
        Ok(next)
    }

    pub(crate) fn prepare(&self) -> Result<(), EngineError> {
        self.backend().prepare()
    }
}

fn codec(place: &dyn Backend, create_key: bool) -> Result<Codec, EngineError> {
    Ok(Codec {
        key: place.data_key(create_key)?,
    })
}

/// The state of a stack; `None` when it has no snapshot: it was never deployed,
/// or not to an end.
fn read(place: &dyn Backend) -> Result<Option<State>, EngineError> {
    let opened = open(place, &codec(place, false)?)?;
    Ok((opened.generation > 0).then_some(opened.state))
}

fn open(place: &dyn Backend, codec: &Codec) -> Result<Opened, EngineError> {
    let (mut state, generation) = match place.snapshot()? {
        Some(text) => text::read_snapshot(place, &text, codec)?,
        None => (State::default(), 0),
    };
    let journal = place.journal(generation)?;
    let replayed = text::replay(place, &journal, generation, codec, &mut state)?;
    state.prune();
    let in_flight = state.in_flight.keys().next_back().copied();
    Ok(Opened {
        state,
        generation,
        journal_bytes: replayed.whole.bytes,
        torn: replayed.whole.torn,
        last_operation: replayed.last_operation.max(in_flight.unwrap_or(0)),
    })
}

#[cfg(test)]
mod tests;
