//! The executor that runs a user's program: single-threaded, first in first
//! out, and able to *prove* that the program can only be woken by an output.
//!
//! Each poll of a task hands out a counted waker. Outputs keep the task itself,
//! never the waker, so after a poll the number of waker clones that are still
//! alive is the number of foreign parties (timers, sockets, channels) that may
//! wake the task. When no task has any, the program is quiet: provably, at once
//! and without a timer. `docs/adr/0001-one-run.md` has the argument and the traps.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

use futures::task::AtomicWaker;

use crate::node::{Deps, NodeId, Provenance};
use crate::output::Node;

type Job = Box<dyn FnOnce() + Send>;
pub(crate) type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Locks a mutex whose holders never leave it half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The part of an executor that other threads may hold.
#[derive(Default)]
pub(crate) struct Shared {
    ready: Mutex<VecDeque<Arc<Task>>>,
    inbox: Mutex<VecDeque<Job>>,
    posted: AtomicU64,
    root: AtomicWaker,
    /// Direct dependencies of each resource, to keep what a task awaited to its frontier.
    pub(crate) edges: Mutex<Vec<Deps>>,
}

impl Shared {
    /// Posts work for the program's thread; returns its number, counted from 1.
    pub(crate) fn post(&self, job: Job) -> u64 {
        let mut inbox = lock(&self.inbox);
        inbox.push_back(job);
        let number = self.posted.fetch_add(1, Ordering::SeqCst) + 1;
        drop(inbox);
        self.root.wake();
        number
    }
}

/// What a task of a program was started for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskKind {
    /// The topology itself.
    Main,
    /// The scope of that name.
    Scope(String),
    /// [`Stack::spawn`](crate::Stack::spawn).
    Spawned,
    /// [`Output::from_async`](crate::Output::from_async): it makes one value and declares nothing.
    FromAsync,
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => f.write_str("main"),
            Self::Scope(name) => write!(f, "scope {name}"),
            Self::Spawned => f.write_str("task"),
            Self::FromAsync => f.write_str("from_async"),
        }
    }
}

/// One future of the program.
pub(crate) struct Task {
    id: u64,
    pub(crate) kind: TaskKind,
    pub(crate) at: &'static Location<'static>,
    queued: AtomicBool,
    shared: Arc<Shared>,
    record: Mutex<Record>,
}

#[derive(Default)]
struct Record {
    provenance: Provenance,
    waits: BTreeMap<u64, Wait>,
}

/// An output that a task waits on, and the line of the `.await`.
#[derive(Clone)]
pub(crate) struct Wait {
    pub(crate) on: std::sync::Weak<dyn Node>,
    pub(crate) at: &'static Location<'static>,
}

impl Task {
    pub(crate) fn wake(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            lock(&self.shared.ready).push_back(self.clone());
            self.shared.root.wake();
        }
    }

    /// Records that a value with this provenance was handed to the task. A resource
    /// that the new one already depends on is forgotten: its edge is implied.
    pub(crate) fn received(&self, provenance: &Provenance) {
        let mut record = lock(&self.record);
        record.provenance.secret |= provenance.secret;
        if provenance.deps == Deps::None || record.provenance.deps == provenance.deps {
            return;
        }
        let edges = lock(&self.shared.edges);
        let implied = |old: &NodeId| {
            provenance.deps.as_slice().iter().any(|new| {
                edges
                    .get(new.index())
                    .is_some_and(|deps| deps.as_slice().binary_search(old).is_ok())
            })
        };
        let kept = record
            .provenance
            .deps
            .as_slice()
            .iter()
            .filter(|old| !implied(old))
            .copied();
        let all = kept
            .chain(provenance.deps.as_slice().iter().copied())
            .collect();
        drop(edges);
        record.provenance.deps = Deps::from_ids(all);
    }

    /// An `Err` was handed over: only its secrecy matters, a fallback must not
    /// depend on what failed.
    pub(crate) fn received_error(&self, secret: bool) {
        lock(&self.record).provenance.secret |= secret;
    }

    pub(crate) fn provenance(&self) -> Provenance {
        lock(&self.record).provenance.clone()
    }

    pub(crate) fn add_wait(&self, key: u64, wait: Wait) {
        lock(&self.record).waits.insert(key, wait);
    }

    pub(crate) fn remove_wait(&self, key: u64) {
        lock(&self.record).waits.remove(&key);
    }

    pub(crate) fn waits(&self) -> Vec<Wait> {
        lock(&self.record).waits.values().cloned().collect()
    }
}

/// A waker whose clones are counted: strong count minus ours = clones held by foreign code.
struct Counted(Arc<Task>);

impl Wake for Counted {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake();
    }
}

/// The task being polled on this thread, and the waker it was given.
#[derive(Clone)]
pub(crate) struct PollScope {
    pub(crate) task: Arc<Task>,
    pub(crate) waker: Waker,
}

thread_local! {
    static SCOPE: RefCell<Option<PollScope>> = const { RefCell::new(None) };
    static CURRENT: RefCell<Option<Rc<Executor>>> = const { RefCell::new(None) };
}

/// The task being polled, if user code runs inside a poll.
pub(crate) fn scope() -> Option<Arc<Task>> {
    SCOPE.with_borrow(|scope| scope.as_ref().map(|scope| scope.task.clone()))
}

/// Whether this waker is the very one that the task being polled was given.
pub(crate) fn is_own_waker(waker: &Waker) -> bool {
    SCOPE.with_borrow(|scope| {
        scope
            .as_ref()
            .is_some_and(|scope| waker.will_wake(&scope.waker))
    })
}

/// What the running task awaited so far; it marks all that the task makes.
pub(crate) fn ambient() -> Provenance {
    scope().map(|task| task.provenance()).unwrap_or_default()
}

/// The executor of this thread, while it runs.
pub(crate) fn current() -> Option<Rc<Executor>> {
    CURRENT.with_borrow(Clone::clone)
}

struct Slot {
    task: Arc<Task>,
    future: Option<LocalFuture>,
    counted: Arc<Counted>,
}

/// What the executor knows about the program when nothing is left to poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every task has ended.
    Finished,
    /// Only an output can wake what is left.
    Proved,
    /// Something foreign (a timer, a socket, a channel) may wake a task. The
    /// flag says whether any task waits on an output at all; if none does, the
    /// program is doing its own I/O.
    Unproven {
        /// Whether at least one task waits on an output.
        waits_on_output: bool,
    },
}

const POLLS_PER_TICK: usize = 1_000;

pub(crate) struct Executor {
    pub(crate) shared: Arc<Shared>,
    slots: RefCell<BTreeMap<u64, Slot>>,
    murky: RefCell<Vec<u64>>,
    next_task: Cell<u64>,
    done_jobs: Cell<u64>,
    confirmed: Cell<bool>,
}

impl Executor {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self {
            shared: Arc::default(),
            slots: RefCell::default(),
            murky: RefCell::default(),
            next_task: Cell::new(0),
            done_jobs: Cell::new(0),
            confirmed: Cell::new(false),
        })
    }

    /// Starts a task; it inherits what the task that starts it has awaited.
    pub(crate) fn spawn(
        &self,
        kind: TaskKind,
        at: &'static Location<'static>,
        future: LocalFuture,
    ) -> Arc<Task> {
        let id = self.next_task.replace(self.next_task.get() + 1);
        let task = Arc::new(Task {
            id,
            kind,
            at,
            queued: AtomicBool::new(false),
            shared: self.shared.clone(),
            record: Mutex::new(Record {
                provenance: ambient(),
                waits: BTreeMap::new(),
            }),
        });
        let counted = Arc::new(Counted(task.clone()));
        self.slots.borrow_mut().insert(
            id,
            Slot {
                task: task.clone(),
                future: Some(future),
                counted,
            },
        );
        task.wake();
        task
    }

    /// Runs jobs and tasks until nothing is ready. `None` = the budget of one
    /// tick is used up, or new work came in while the verdict was taken.
    pub(crate) fn tick(self: &Rc<Self>, cx: &mut Context<'_>) -> Tick {
        self.shared.root.register(cx.waker());
        let before = CURRENT.replace(Some(self.clone()));
        let tick = self.run(cx);
        CURRENT.set(before);
        tick
    }

    fn run(&self, cx: &mut Context<'_>) -> Tick {
        let mut worked = false;
        for _ in 0..POLLS_PER_TICK {
            if self.step() {
                worked = true;
                self.confirmed.set(false);
                continue;
            }
            match self.verdict() {
                Some(Verdict::Unproven { .. }) if !self.confirmed.replace(true) => self.confirm(),
                Some(verdict) => {
                    return Tick {
                        worked,
                        verdict: Some(verdict),
                    };
                }
                None => {}
            }
        }
        cx.waker().wake_by_ref();
        Tick {
            worked: true,
            verdict: None,
        }
    }

    fn step(&self) -> bool {
        let job = lock(&self.shared.inbox).pop_front();
        if let Some(job) = job {
            job();
            self.done_jobs.set(self.done_jobs.get() + 1);
            return true;
        }
        let task = lock(&self.shared.ready).pop_front();
        task.is_some_and(|task| {
            task.queued.store(false, Ordering::Release);
            self.poll(&task);
            true
        })
    }

    fn poll(&self, task: &Arc<Task>) {
        let Some((mut future, mut counted)) = self.take(task.id) else {
            return;
        };
        if Arc::strong_count(&counted) > 1 {
            // Older clones belong to an older poll: they must not count against this one.
            counted = Arc::new(Counted(task.clone()));
        }
        let waker = Waker::from(counted.clone());
        let outer = SCOPE.replace(Some(PollScope {
            task: task.clone(),
            waker: waker.clone(),
        }));
        let polled = catch_unwind(AssertUnwindSafe(|| {
            future.as_mut().poll(&mut Context::from_waker(&waker))
        }));
        SCOPE.set(outer);
        drop(waker);
        // A panic that reaches this far ended the task; its output was settled by the wrapper around it.
        if polled.map_or(true, |poll| poll.is_ready()) {
            drop(future);
            self.slots.borrow_mut().remove(&task.id);
            return;
        }
        if Arc::strong_count(&counted) > 1 {
            let mut murky = self.murky.borrow_mut();
            if !murky.contains(&task.id) {
                murky.push(task.id);
            }
        }
        if let Some(slot) = self.slots.borrow_mut().get_mut(&task.id) {
            slot.future = Some(future);
            slot.counted = counted;
        }
    }

    fn take(&self, id: u64) -> Option<(LocalFuture, Arc<Counted>)> {
        let mut slots = self.slots.borrow_mut();
        let slot = slots.get_mut(&id)?;
        let future = slot.future.take()?;
        let spare = Arc::new(Counted(slot.task.clone()));
        Some((future, std::mem::replace(&mut slot.counted, spare)))
    }

    /// The counts are read before the queue: a waker queues its task before its
    /// clone goes away, so a count of zero seen first cannot hide a wake-up.
    fn verdict(&self) -> Option<Verdict> {
        let foreign = self.may_be_woken();
        fence(Ordering::Acquire);
        if self.is_busy() {
            return None;
        }
        let slots = self.slots.borrow();
        if slots.is_empty() {
            return Some(Verdict::Finished);
        }
        if !foreign {
            return Some(Verdict::Proved);
        }
        let waits_on_output = slots.values().any(|slot| !slot.task.waits().is_empty());
        Some(Verdict::Unproven { waits_on_output })
    }

    /// Whether somebody foreign holds a waker, by the counts.
    fn may_be_woken(&self) -> bool {
        let slots = self.slots.borrow();
        let mut murky = self.murky.borrow_mut();
        let held = |slot: &Slot| Arc::strong_count(&slot.counted) > 1;
        murky.retain(|id| slots.get(id).is_some_and(held));
        !murky.is_empty()
    }

    /// Whether something is ready to run, by the queues.
    fn is_busy(&self) -> bool {
        !lock(&self.shared.ready).is_empty() || !lock(&self.shared.inbox).is_empty()
    }

    /// One spurious poll of each task that looks foreign, with a fresh waker: a
    /// timer left armed by a finished `select!` does not survive it.
    fn confirm(&self) {
        let ids = std::mem::take(&mut *self.murky.borrow_mut());
        for id in ids {
            let task = self.slots.borrow().get(&id).map(|slot| slot.task.clone());
            if let Some(task) = task {
                self.poll(&task);
            }
        }
    }

    /// Tasks that have not ended, oldest first.
    pub(crate) fn tasks(&self) -> Vec<Arc<Task>> {
        self.slots
            .borrow()
            .values()
            .map(|slot| slot.task.clone())
            .collect()
    }

    /// How many jobs of the inbox were carried out so far.
    pub(crate) fn done_jobs(&self) -> u64 {
        self.done_jobs.get()
    }

    /// Drops every task and job without running them.
    pub(crate) fn clear(&self) {
        let slots = std::mem::take(&mut *self.slots.borrow_mut());
        drop(slots);
        lock(&self.shared.ready).clear();
        let jobs = std::mem::take(&mut *lock(&self.shared.inbox));
        drop(jobs);
    }
}

/// The result of one tick.
pub(crate) struct Tick {
    /// Whether anything ran.
    pub(crate) worked: bool,
    /// The verdict, when nothing is left to run.
    pub(crate) verdict: Option<Verdict>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In how many of some hundred races with another thread's wake-up the program
    /// was called quiet although it was about to be woken. Both readings of the
    /// verdict are `first` and `second`, with a pause in between.
    fn overlooked(first: fn(&Executor) -> bool, second: fn(&Executor) -> bool) -> usize {
        let race = |_: &usize| {
            let executor = Executor::new();
            // Its sender consumes the waker: it queues the task, then lets go of the clone.
            let (send, receive) = futures::channel::oneshot::channel::<()>();
            let waits = Box::pin(async move {
                // Whatever comes, the wake-up counts.
                let _ = receive.await;
            });
            executor.spawn(TaskKind::Main, Location::caller(), waits);
            while executor.step() {}
            let start = Arc::new(std::sync::Barrier::new(2));
            let other = start.clone();
            let sender = std::thread::spawn(move || {
                other.wait();
                pause();
                send.send(())
            });
            start.wait();
            let mut called_quiet = false;
            while !executor.slots.borrow().is_empty() && !called_quiet {
                let unseen = !first(&executor);
                pause();
                fence(Ordering::Acquire);
                called_quiet = unseen && !second(&executor);
                executor.step();
            }
            assert_eq!(sender.join().expect("no panic"), Ok(()));
            called_quiet
        };
        (0..300).filter(race).count()
    }

    /// Some ten microseconds, by no clock.
    fn pause() {
        for _ in 0..5_000 {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn a_wake_up_is_never_overlooked_when_the_counts_are_read_before_the_queues() {
        assert_eq!(overlooked(Executor::may_be_woken, Executor::is_busy), 0);
    }

    /// The mutation that shows that the test above can fail.
    #[test]
    fn a_wake_up_is_overlooked_when_the_queues_are_read_before_the_counts() {
        assert_ne!(overlooked(Executor::is_busy, Executor::may_be_woken), 0);
    }
}
