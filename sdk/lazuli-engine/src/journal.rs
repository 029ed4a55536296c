//! The journal's writer: a thread that appends entries in order and syncs them
//! in groups. What was acknowledged is on disk.

use std::sync::mpsc;

use tokio::sync::oneshot;

use crate::EngineError;
use crate::state::{Entry, Illegal, State};
use crate::store::{self, Log, Store};

/// Large enough to share a sync, small enough not to be held in memory twice.
const LARGEST_GROUP: usize = 512;
/// How many entries may wait for the disk; then the run waits, too.
const QUEUE: usize = 4 * LARGEST_GROUP;

/// A journal that is open for writing, with the state it leads to.
pub(crate) struct Journal {
    store: Store,
    generation: u64,
    state: State,
    next_operation: u64,
    /// The first entry that could not follow. Nothing is written after it.
    refused: Option<Illegal>,
    writer: Option<mpsc::SyncSender<Job>>,
    thread: Option<std::thread::JoinHandle<bool>>,
}

struct Job {
    entry: Entry,
    durable: oneshot::Sender<Result<(), String>>,
}

/// Resolves once the entry is on disk.
pub(crate) type Durable = oneshot::Receiver<Result<(), String>>;

impl Journal {
    /// Opens the stack's journal, cuts a torn tail off, and starts the writer.
    pub(crate) fn open(store: &Store) -> Result<Self, EngineError> {
        let codec = store.codec(true)?;
        let opened = store.open(&codec)?;
        let log = store.log(&opened)?;
        let (writer, jobs) = mpsc::sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("lazuli-journal".into())
            .spawn(move || write(log, &codec, &jobs))
            .map_err(|cause| store.broken(opened.generation, &cause.to_string()))?;
        Ok(Self {
            store: store.clone(),
            generation: opened.generation,
            next_operation: opened.last_operation.max(opened.state.serial),
            state: opened.state,
            refused: None,
            writer: Some(writer),
            thread: Some(thread),
        })
    }

    /// The state after every entry handed over so far.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// A number for a new operation.
    pub(crate) fn new_operation(&mut self) -> u64 {
        self.next_operation += 1;
        self.next_operation
    }

    /// Applies and appends an entry. One that cannot follow is written nowhere, nor
    /// is anything after it.
    pub(crate) fn append(&mut self, entry: Entry) -> Durable {
        let (durable, wait) = oneshot::channel();
        if self.refused.is_none() {
            self.refused = self.state.apply(&entry).err();
        }
        // A writer that is gone drops the sender, and the receiver sees that.
        let _ = match (&self.refused, &self.writer) {
            (Some(illegal), _) => durable.send(Err(illegal.to_string())).is_ok(),
            (None, Some(writer)) => writer.send(Job { entry, durable }).is_ok(),
            (None, None) => false,
        };
        wait
    }

    /// What it means that the journal takes no more.
    pub(crate) fn broken(&self, cause: &str) -> EngineError {
        match &self.refused {
            Some(illegal) => refused(illegal),
            None => self.store.broken(self.generation, cause),
        }
    }

    /// Waits for the writer and compacts the journal into a snapshot, unless
    /// nothing was written.
    pub(crate) fn close(mut self) -> Result<State, EngineError> {
        let whole = self.finish_writer();
        if let Some(illegal) = &self.refused {
            return Err(refused(illegal));
        }
        let codec = self.store.codec(true)?;
        let mut state = std::mem::take(&mut self.state);
        if whole {
            state.prune();
        } else {
            // What is on disk counts.
            drop(state);
            state = self.store.open(&codec)?.state;
        }
        if self.store.has_entries(self.generation) {
            self.store.compact(&codec, &state, self.generation)?;
        }
        Ok(state)
    }

    /// Waits for the writer; whether all that was handed over is on disk.
    fn finish_writer(&mut self) -> bool {
        drop(self.writer.take());
        // The writer does not panic; if it did, the file is still right.
        self.thread
            .take()
            .is_some_and(|thread| thread.join().unwrap_or(false))
    }
}

fn refused(illegal: &Illegal) -> EngineError {
    EngineError::Internal {
        message: format!(
            "an entry of the journal was refused: {illegal}; what was recorded before it is whole, and the next run \
             settles what is in flight"
        ),
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.finish_writer();
    }
}

/// Serves jobs in groups. After the first failure nothing more is written: an
/// entry behind a torn one would never be read.
fn write(mut log: Box<dyn Log>, codec: &store::Codec, jobs: &mpsc::Receiver<Job>) -> bool {
    let mut broken: Option<String> = None;
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        while group.len() < LARGEST_GROUP
            && let Ok(job) = jobs.try_recv()
        {
            group.push(job);
        }
        if broken.is_none() {
            broken = append(&mut *log, codec, &group).err();
        }
        for job in group {
            // Nobody may be waiting any more.
            let _ = job.durable.send(broken.clone().map_or(Ok(()), Err));
        }
    }
    broken.is_none()
}

fn append(log: &mut dyn Log, codec: &store::Codec, group: &[Job]) -> Result<(), String> {
    let mut text = String::new();
    let at = jiff::Timestamp::now();
    for job in group {
        text.push_str(&store::entry_line(codec, &job.entry, at)?);
    }
    log.append(text.as_bytes())
}
