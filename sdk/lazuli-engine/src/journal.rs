//! The journal's writer: a thread that appends entries in order and syncs them
//! in groups. What was acknowledged is on disk.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use tokio::sync::oneshot;

use crate::EngineError;
use crate::state::{Entry, State};
use crate::store::{self, Log, Store};

/// Large enough to share a sync, small enough not to be held in memory twice.
const LARGEST_GROUP: usize = 512;

/// A journal that is open for writing, with the state it leads to.
pub(crate) struct Journal {
    store: Store,
    generation: u64,
    state: State,
    next_operation: u64,
    /// Tokens that tasks appended, which the state here does not count.
    tokens: Arc<AtomicU64>,
    writer: Option<mpsc::Sender<Job>>,
    thread: Option<std::thread::JoinHandle<bool>>,
}

struct Job {
    entry: Entry,
    durable: oneshot::Sender<Result<(), String>>,
}

/// Resolves once the entry is on disk.
pub(crate) type Durable = oneshot::Receiver<Result<(), String>>;

/// A way to append from other tasks; used for tokens of accepted operations.
#[derive(Clone)]
pub(crate) struct Appender(mpsc::Sender<Job>, Arc<AtomicU64>);

impl Appender {
    /// Appends an entry that changes nothing but an operation's token.
    pub(crate) fn append(&self, entry: Entry) -> Durable {
        self.1.fetch_add(1, Ordering::Relaxed);
        send(&self.0, entry)
    }
}

fn send(writer: &mpsc::Sender<Job>, entry: Entry) -> Durable {
    let (durable, wait) = oneshot::channel();
    // A writer that is gone drops the sender, and the receiver sees that.
    let _ = writer.send(Job { entry, durable });
    wait
}

impl Journal {
    /// Opens the stack's journal, cuts a torn tail off, and starts the writer.
    pub(crate) fn open(store: &Store) -> Result<Self, EngineError> {
        let codec = store.codec(true)?;
        let opened = store.open(&codec)?;
        if opened.torn {
            tracing::warn!(state = %store.location().display(), "the last entry was cut off in the middle; it is dropped");
        }
        let log = store.log(&opened)?;
        let (writer, jobs) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("lazuli-journal".into())
            .spawn(move || write(log, &codec, &jobs))
            .map_err(|cause| store.broken(&cause.to_string()))?;
        Ok(Self {
            store: store.clone(),
            generation: opened.generation,
            next_operation: opened.state.next_operation(),
            state: opened.state,
            tokens: Arc::default(),
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

    /// Applies and appends an entry.
    pub(crate) fn append(&mut self, entry: Entry) -> Durable {
        self.state.apply(&entry);
        match &self.writer {
            Some(writer) => send(writer, entry),
            None => oneshot::channel().1,
        }
    }

    /// For tasks that append tokens.
    pub(crate) fn appender(&self) -> Option<Appender> {
        let writer = self.writer.clone()?;
        Some(Appender(writer, self.tokens.clone()))
    }

    /// Waits for the writer and compacts the journal into a snapshot, unless
    /// nothing was written.
    pub(crate) fn close(mut self) -> Result<State, EngineError> {
        let whole = self.finish_writer();
        let codec = self.store.codec(true)?;
        let mut state = std::mem::take(&mut self.state);
        if whole && state.in_flight.is_empty() {
            state.serial += self.tokens.load(Ordering::Relaxed);
            state.prune();
        } else {
            // What is on disk counts, tokens that tasks appended included.
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
        // The writer does not panic; if it did, the file still tells the truth.
        self.thread
            .take()
            .is_some_and(|thread| thread.join().unwrap_or(false))
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
    for job in group {
        text.push_str(&store::entry_line(codec, &job.entry)?);
    }
    log.append(text.as_bytes())
}
