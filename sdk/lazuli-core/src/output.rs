//! Outputs: shareable values that may not be known yet.
//!
//! An [`Output`] carries a value or a pending future, the resources it stems
//! from, and whether it is secret. All three go through every combinator, and
//! through `.await` inside the program's own futures. Outputs settle on the
//! program's thread only, so a user's closures never run on an engine thread.

use std::cell::{Cell as StdCell, RefCell};
use std::collections::VecDeque;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::task::{Context, Poll, Waker};

use crate::error::{Error, OutputError, Result};
use crate::executor::{self, Deps, NodeId, Provenance, Task, Wait, lock};
use crate::value::Value;

/// A value that may not be known yet. Cheap to clone.
pub struct Output<T: 'static>(pub(crate) Arc<Cell<T>>);

/// Types that an output can carry.
pub trait OutputValue: Clone + Send + Sync + 'static {}
impl<T: Clone + Send + Sync + 'static> OutputValue for T {}

/// What a settled output holds. Errors are rare and large, so they lie elsewhere.
pub(crate) type Settled<T> = std::result::Result<T, Box<OutputError>>;

/// A settled output: value or error, with what it stems from.
#[derive(Clone)]
pub(crate) struct Data<T> {
    pub(crate) value: Settled<T>,
    pub(crate) provenance: Provenance,
}

/// What an output is to an observer: known, failed, or pending.
#[derive(Clone, PartialEq, Eq)]
pub enum Peek<T> {
    /// It has a value.
    Known(T),
    /// It will never have a value.
    Failed(OutputError),
    /// Not decided yet.
    Pending,
}

pub(crate) struct Cell<T: 'static> {
    done: OnceLock<Data<T>>,
    waiters: Mutex<Vec<(u64, Option<Waiter<T>>)>>,
    source: Source,
    at: &'static Location<'static>,
}

/// The two halves of a zip, as they arrive.
type Both<T, U> = (Option<Data<T>>, Option<Data<U>>);

type Continuation<T> = Box<dyn FnOnce(&Data<T>) + Send>;

enum Waiter<T: 'static> {
    Task(Arc<Task>),
    Foreign(Waker),
    Then(Continuation<T>),
}

/// Where a pending value will come from; followed to say what waits for what.
pub(crate) enum Source {
    /// Known from the start, or a promise of the program.
    Program,
    /// A property of a resource.
    Resource(NodeId, Arc<str>),
    /// Computed from other outputs.
    Derived(Vec<Weak<dyn Node>>),
    /// The result of a task, filled in once the task exists.
    Task(OnceLock<Weak<Task>>),
}

/// An output without its type.
pub(crate) trait Node: Send + Sync {
    fn is_settled(&self) -> bool;
    fn source(&self) -> &Source;
    fn at(&self) -> &'static Location<'static>;
}

impl<T: OutputValue> Node for Cell<T> {
    fn is_settled(&self) -> bool {
        self.done.get().is_some()
    }

    fn source(&self) -> &Source {
        &self.source
    }

    fn at(&self) -> &'static Location<'static> {
        self.at
    }
}

/// An output that can be looked at as a value, whatever its type.
pub(crate) trait AnyOutput: Send + Sync {
    fn peek_value(self: Arc<Self>) -> Peek<Value>;
    fn provenance(self: Arc<Self>) -> Option<Provenance>;
    /// Itself, as what others wait for.
    fn root(self: Arc<Self>) -> Weak<dyn Node>;
    /// An output of the value.
    fn flat(self: Arc<Self>) -> Output<Value>;
}

static NEXT_KEY: AtomicU64 = AtomicU64::new(0);

impl<T: 'static> Cell<T> {
    pub(crate) fn pending(source: Source, at: &'static Location<'static>) -> Arc<Self> {
        Arc::new(Self {
            done: OnceLock::new(),
            waiters: Mutex::default(),
            source,
            at,
        })
    }
}

impl<T: 'static> Cell<T> {
    /// Adds a waiter unless the value is there already, in which case it comes back.
    fn wait(&self, waiter: Waiter<T>) -> std::result::Result<u64, Waiter<T>> {
        let mut waiters = lock(&self.waiters);
        if self.done.get().is_some() {
            return Err(waiter);
        }
        let key = NEXT_KEY.fetch_add(1, Ordering::Relaxed);
        if waiters.is_empty() {
            // Most have one; a vector would begin with room for four.
            waiters.reserve_exact(1);
        }
        waiters.push((key, Some(waiter)));
        Ok(key)
    }

    fn forget(&self, key: u64) {
        let mut waiters = lock(&self.waiters);
        if let Ok(index) = waiters.binary_search_by_key(&key, |(key, _)| *key) {
            let gone = waiters[index].1.take();
            if index + 1 == waiters.len() {
                waiters.pop();
            }
            drop(waiters);
            drop(gone);
        }
    }

    /// Settles once; later calls change nothing. Continuations run trampolined,
    /// so a chain of a million maps needs no stack.
    pub(crate) fn settle(self: &Arc<Self>, data: Data<T>) {
        let waiters = {
            let mut waiters = lock(&self.waiters);
            if self.done.set(data).is_err() {
                return;
            }
            std::mem::take(&mut *waiters)
        };
        self.release(waiters);
    }

    /// Runs `then` with the data, now or when it settles.
    fn when_settled(self: &Arc<Self>, then: Continuation<T>) {
        if let Err(Waiter::Then(then)) = self.wait(Waiter::Then(then)) {
            self.go_on(then);
            drain();
        }
    }
}

impl<T: 'static> Cell<T> {
    fn release(self: &Arc<Self>, waiters: Vec<(u64, Option<Waiter<T>>)>) {
        for (_, waiter) in waiters {
            match waiter {
                Some(Waiter::Task(task)) => task.wake(),
                Some(Waiter::Foreign(waker)) => waker.wake(),
                Some(Waiter::Then(then)) => self.go_on(then),
                None => {}
            }
        }
        drain();
    }

    fn go_on(self: &Arc<Self>, then: Continuation<T>) {
        let cell = self.clone();
        CONTINUE.with_borrow_mut(|queue| {
            queue.push_back(Box::new(move || {
                if let Some(data) = cell.done.get() {
                    then(data);
                }
            }));
        });
    }
}

thread_local! {
    static CONTINUE: RefCell<VecDeque<Box<dyn FnOnce()>>> = const { RefCell::new(VecDeque::new()) };
    static DRAINING: StdCell<bool> = const { StdCell::new(false) };
    static GARBAGE: RefCell<Vec<Box<dyn std::any::Any>>> = const { RefCell::new(Vec::new()) };
    static SWEEPING: StdCell<bool> = const { StdCell::new(false) };
}

fn drain() {
    if DRAINING.replace(true) {
        return;
    }
    while let Some(next) = CONTINUE.with_borrow_mut(VecDeque::pop_front) {
        next();
    }
    DRAINING.set(false);
}

impl<T: 'static> Drop for Cell<T> {
    /// Dropping an unresolved chain must not recurse: each cell hands its
    /// continuations, which hold the next cell, to one loop.
    fn drop(&mut self) {
        let waiters = self
            .waiters
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let thens = std::mem::take(waiters)
            .into_iter()
            .filter_map(|(_, waiter)| match waiter {
                Some(Waiter::Then(then)) => Some(Box::new(then) as Box<dyn std::any::Any>),
                _ => None,
            });
        let thens: Vec<_> = thens.collect();
        if thens.is_empty() {
            return;
        }
        // At thread exit the list is gone already; then recursion is all that is left.
        if GARBAGE
            .try_with(|garbage| garbage.borrow_mut().extend(thens))
            .is_ok()
            && !SWEEPING.replace(true)
        {
            while let Some(next) = GARBAGE.with_borrow_mut(Vec::pop) {
                drop(next);
            }
            SWEEPING.set(false);
        }
    }
}

impl<T: 'static> Clone for Output<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: OutputValue> std::fmt::Debug for Output<T> {
    /// Never prints the value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0.done.get() {
            None => "Output(pending)",
            Some(Data { value: Err(_), .. }) => "Output(failed)",
            Some(data) if data.provenance.secret => "Output(secret)",
            Some(_) => "Output(known)",
        })
    }
}

fn program_error(at: &'static Location<'static>, reason: String) -> Box<OutputError> {
    Box::new(OutputError::Program {
        reason,
        at: at.into(),
    })
}

pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    format!(
        "panicked: {}",
        text.unwrap_or_else(|| "without a message".to_owned())
    )
}

/// Runs a user's closure; a panic becomes the output's error.
fn guarded<T>(at: &'static Location<'static>, run: impl FnOnce() -> Settled<T>) -> Settled<T> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|payload| Err(program_error(at, panic_text(&*payload))))
}

fn user_error(error: Error, at: &'static Location<'static>) -> Box<OutputError> {
    Box::new(match error.output_error() {
        Some(inner) => inner.clone(),
        None => {
            let at = error.location().cloned().unwrap_or_else(|| at.into());
            OutputError::Program {
                reason: error.to_string(),
                at,
            }
        }
    })
}

impl<T: OutputValue> Output<T> {
    /// A value known from the start. Made after an `.await`, it carries what was awaited.
    #[track_caller]
    pub fn of(value: T) -> Self {
        Self::settled(Ok(value), executor::ambient())
    }

    /// A known value that must not be shown.
    #[track_caller]
    pub fn secret(value: T) -> Self {
        Self::settled(
            Ok(value),
            Provenance {
                secret: true,
                ..executor::ambient()
            },
        )
    }

    #[track_caller]
    pub(crate) fn settled(value: Settled<T>, provenance: Provenance) -> Self {
        let cell = Cell::pending(Source::Program, Location::caller());
        // A fresh cell takes its first value.
        let _ = cell.done.set(Data { value, provenance });
        Self(cell)
    }

    /// Computes from the value. The closure runs once, on the program's thread,
    /// and never before the value is known; a panic in it fails this output.
    #[track_caller]
    pub fn map<U: OutputValue>(&self, change: impl FnOnce(T) -> U + Send + 'static) -> Output<U> {
        self.try_map(move |value| Ok(change(value)))
    }

    /// The same with a closure that can fail.
    #[track_caller]
    pub fn try_map<U: OutputValue>(
        &self,
        change: impl FnOnce(T) -> Result<U> + Send + 'static,
    ) -> Output<U> {
        let at = Location::caller();
        self.derive(at, move |value| {
            change(value).map_err(|error| user_error(error, at))
        })
    }

    #[track_caller]
    pub(crate) fn derive<U: OutputValue>(
        &self,
        at: &'static Location<'static>,
        change: impl FnOnce(T) -> Settled<U> + Send + 'static,
    ) -> Output<U> {
        let target = Cell::pending(Source::Derived(vec![self.node()]), at);
        let ambient = executor::ambient();
        let cell = target.clone();
        self.0.when_settled(Box::new(move |data: &Data<T>| {
            let value = match &data.value {
                Ok(value) => guarded(at, || change(value.clone())),
                Err(error) => Err(error.clone()),
            };
            cell.settle(Data {
                value,
                provenance: data.provenance.union(&ambient),
            });
        }));
        Output(target)
    }

    /// Goes on asynchronously with the value: sugar for [`Output::from_async`].
    #[track_caller]
    pub fn and_then<U, F>(&self, next: impl FnOnce(T) -> F + 'static) -> Output<U>
    where
        U: OutputValue,
        F: Future<Output = Result<U>> + 'static,
    {
        let first = self.clone();
        Output::from_async(async move { next(first.await?).await })
    }

    /// Both values. If both fail, the first error wins.
    #[track_caller]
    pub fn zip<U: OutputValue>(&self, other: &Output<U>) -> Output<(T, U)> {
        let at = Location::caller();
        let target = Cell::pending(Source::Derived(vec![self.node(), other.node()]), at);
        let ambient = executor::ambient();
        let parts: Arc<Mutex<Both<T, U>>> = Arc::default();
        let meet = {
            let (parts, target) = (parts.clone(), target.clone());
            move || {
                let (first, second) = match &mut *lock(&parts) {
                    (first @ Some(_), second @ Some(_)) => (first.take(), second.take()),
                    _ => return,
                };
                let (Some(first), Some(second)) = (first, second) else {
                    return;
                };
                let provenance = first.provenance.union(&second.provenance).union(&ambient);
                let value = first.value.and_then(|first| Ok((first, second.value?)));
                target.settle(Data { value, provenance });
            }
        };
        let (left, right) = (parts.clone(), parts);
        let meet_too = meet.clone();
        self.0.when_settled(Box::new(move |data| {
            lock(&left).0 = Some(data.clone());
            meet();
        }));
        other.0.when_settled(Box::new(move |data| {
            lock(&right).1 = Some(data.clone());
            meet_too();
        }));
        Output(target)
    }

    /// All values, in order. If several fail, the first in order wins.
    #[track_caller]
    pub fn all(outputs: impl IntoIterator<Item = Output<T>>) -> Output<Vec<T>> {
        let at = Location::caller();
        let outputs: Vec<_> = outputs.into_iter().collect();
        if outputs.is_empty() {
            return Output::of(Vec::new());
        }
        let sources = outputs.iter().map(Output::node).collect();
        let target = Cell::pending(Source::Derived(sources), at);
        let ambient = executor::ambient();
        let parts = Arc::new(Mutex::new((
            outputs.len(),
            vec![None::<Data<T>>; outputs.len()],
        )));
        for (index, output) in outputs.into_iter().enumerate() {
            let (parts, target, ambient) = (parts.clone(), target.clone(), ambient.clone());
            output.0.when_settled(Box::new(move |data| {
                let slots = {
                    let mut parts = lock(&parts);
                    parts.1[index] = Some(data.clone());
                    parts.0 -= 1;
                    if parts.0 > 0 {
                        return;
                    }
                    std::mem::take(&mut parts.1)
                };
                target.settle(gather(slots.into_iter().flatten().collect(), &ambient));
            }));
        }
        Output(target)
    }

    /// Marks the value secret.
    #[track_caller]
    pub fn as_secret(&self) -> Self {
        self.with_provenance(|provenance| Provenance {
            secret: true,
            ..provenance
        })
    }

    /// Takes the secret mark off: the value may then be printed, logged and
    /// stored in clear. Explicit on purpose.
    #[track_caller]
    pub fn reveal(&self) -> Self {
        self.with_provenance(|provenance| Provenance {
            secret: false,
            ..provenance
        })
    }

    #[track_caller]
    fn with_provenance(
        &self,
        change: impl FnOnce(Provenance) -> Provenance + Send + 'static,
    ) -> Self {
        let target = Cell::pending(Source::Derived(vec![self.node()]), Location::caller());
        let cell = target.clone();
        self.0.when_settled(Box::new(move |data| {
            cell.settle(Data {
                value: data.value.clone(),
                provenance: change(data.provenance.clone()),
            });
        }));
        Output(target)
    }

    /// Adds resources that the value stems from.
    pub(crate) fn with_deps(&self, deps: Deps) -> Self {
        let target = Cell::pending(Source::Derived(vec![self.node()]), self.0.at);
        let cell = target.clone();
        self.0.when_settled(Box::new(move |data| {
            let provenance = Provenance {
                deps: data.provenance.deps.union(&deps),
                secret: data.provenance.secret,
            };
            cell.settle(Data {
                value: data.value.clone(),
                provenance,
            });
        }));
        Output(target)
    }

    /// What the program knows right now; never waits. Secret values come back
    /// too: they are yours, do not print them.
    pub fn peek(&self) -> Peek<T> {
        match self.0.done.get() {
            None => Peek::Pending,
            Some(Data {
                value: Ok(value), ..
            }) => Peek::Known(value.clone()),
            Some(Data {
                value: Err(error), ..
            }) => Peek::Failed((**error).clone()),
        }
    }

    /// The resources and the secrecy of a settled output.
    pub fn provenance(&self) -> Option<Provenance> {
        self.0.done.get().map(|data| data.provenance.clone())
    }

    /// A future of the value, for combinators that want a `Future`.
    #[track_caller]
    pub fn get(&self) -> Await<T> {
        Await {
            output: self.clone(),
            at: Location::caller(),
            key: None,
            task: None,
        }
    }

    /// A promise and its output: fulfil it from another task of the program.
    #[track_caller]
    pub fn promise() -> (Promise<T>, Output<T>) {
        let cell = Cell::pending(Source::Program, Location::caller());
        (
            Promise {
                cell: Some(cell.clone()),
                ambient: executor::ambient(),
                _local: PhantomData,
            },
            Output(cell),
        )
    }

    /// The result of a future that may await outputs. What it awaits is
    /// recorded: the result depends on those resources and is secret if one was.
    ///
    /// Outside of a running program the output fails with [`OutputError::Outside`].
    #[track_caller]
    pub fn from_async(future: impl Future<Output = Result<T>> + 'static) -> Self {
        let at = Location::caller();
        match executor::current() {
            None => Self::settled(
                Err(Box::new(OutputError::Outside { at: at.into() })),
                Provenance::default(),
            ),
            Some(executor) => spawn_output(&executor, "from_async".to_owned(), at, future, |_| {}),
        }
    }

    /// Runs `then` with the data, now or when it settles.
    pub(crate) fn on_settled(&self, then: impl FnOnce(&Data<T>) + Send + 'static) {
        self.0.when_settled(Box::new(then));
    }

    pub(crate) fn node(&self) -> Weak<dyn Node> {
        let weak: Weak<Cell<T>> = Arc::downgrade(&self.0);
        weak
    }

    /// What a pending output waits for, in words.
    pub(crate) fn waits_for(&self) -> Roots {
        roots([self.node()])
    }
}

/// Runs a future as a task; its result settles the output, with the task's record as provenance.
pub(crate) fn spawn_output<T: OutputValue>(
    executor: &Rc<executor::Executor>,
    name: String,
    at: &'static Location<'static>,
    future: impl Future<Output = Result<T>> + 'static,
    on_error: impl FnOnce(&Error) + 'static,
) -> Output<T> {
    let cell = Cell::pending(Source::Task(OnceLock::new()), at);
    let target = cell.clone();
    let ended = async move {
        let result = futures::FutureExt::catch_unwind(AssertUnwindSafe(future)).await;
        let result = result.unwrap_or_else(|payload| Err(Error::panic(panic_text(&*payload), at)));
        if let Err(error) = &result {
            on_error(error);
        }
        let provenance = executor::ambient();
        target.settle(Data {
            value: result.map_err(|error| user_error(error, at)),
            provenance,
        });
    };
    let task = executor.spawn(name, at, Box::pin(ended));
    if let Source::Task(slot) = &cell.source {
        // The slot is empty: the cell was made a few lines above.
        let _ = slot.set(Arc::downgrade(&task));
    }
    Output(cell)
}

fn gather<T>(parts: Vec<Data<T>>, ambient: &Provenance) -> Data<Vec<T>> {
    let secret = ambient.secret || parts.iter().any(|part| part.provenance.secret);
    let ids = parts
        .iter()
        .flat_map(|part| part.provenance.deps.as_slice())
        .chain(ambient.deps.as_slice());
    let deps = Deps::from_ids(ids.copied().collect());
    Data {
        value: parts.into_iter().map(|part| part.value).collect(),
        provenance: Provenance { deps, secret },
    }
}

impl Data<Value> {
    /// A property at a dotted path of a resource's answer, as `read` takes it.
    /// A secret inside the answer makes this property secret, not its siblings.
    pub(crate) fn property<T>(
        &self,
        urn: &crate::Urn,
        path: &str,
        read: fn(&Value) -> std::result::Result<T, String>,
    ) -> Data<T> {
        let mut provenance = self.provenance.clone();
        let value = match &self.value {
            Ok(value) => {
                provenance.secret |= value.is_secret_at(path);
                let found = value.at(path).unwrap_or(&Value::Null);
                read(found).map_err(|reason| {
                    Box::new(OutputError::Shape {
                        urn: urn.clone(),
                        path: path.to_owned(),
                        reason,
                    })
                })
            }
            Err(error) => Err(error.clone()),
        };
        Data { value, provenance }
    }
}

/// The write side of [`Output::promise`]. It stays on the program's thread;
/// dropped without a value it fails its output.
pub struct Promise<T: 'static> {
    cell: Option<Arc<Cell<T>>>,
    ambient: Provenance,
    _local: PhantomData<Rc<()>>,
}

impl<T: OutputValue> Promise<T> {
    /// Gives the value. What the fulfilling task awaited is recorded on the output.
    pub fn fulfil(mut self, value: T) {
        if let Some(cell) = self.cell.take() {
            cell.settle(Data {
                value: Ok(value),
                provenance: executor::ambient().union(&self.ambient),
            });
        }
    }
}

impl<T: 'static> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take() {
            let at = cell.at.into();
            // The continuations of a failed output run no user closure.
            cell.fail(OutputError::Dropped { at });
        }
    }
}

impl<T: 'static> Cell<T> {
    fn fail(self: &Arc<Self>, error: OutputError) {
        let waiters = {
            let mut waiters = lock(&self.waiters);
            if self
                .done
                .set(Data {
                    value: Err(Box::new(error)),
                    provenance: Provenance::default(),
                })
                .is_err()
            {
                return;
            }
            std::mem::take(&mut *waiters)
        };
        self.release(waiters);
    }
}

/// The future of an output. Dropping it (a lost `select!` arm) leaves no dependency.
pub struct Await<T: 'static> {
    output: Output<T>,
    at: &'static Location<'static>,
    key: Option<u64>,
    task: Option<Arc<Task>>,
}

impl<T: 'static> Await<T> {
    fn forget(&mut self) {
        if let Some(key) = self.key.take() {
            self.output.0.forget(key);
            if let Some(task) = self.task.take() {
                task.remove_wait(key);
            }
        }
    }
}

impl<T: OutputValue> Future for Await<T> {
    type Output = std::result::Result<T, OutputError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.forget();
        let task = executor::scope();
        loop {
            if let Some(data) = self.output.0.done.get() {
                if let Some(task) = &task {
                    match &data.value {
                        Ok(_) => task.received(&data.provenance),
                        Err(_) => task.received_error(data.provenance.secret),
                    }
                }
                return Poll::Ready(data.value.clone().map_err(|error| *error));
            }
            let waiter = match &task {
                Some(task) if executor::is_own_waker(cx.waker()) => Waiter::Task(task.clone()),
                _ => Waiter::Foreign(cx.waker().clone()),
            };
            if let Ok(key) = self.output.0.wait(waiter) {
                if let Some(task) = &task {
                    task.add_wait(
                        key,
                        Wait {
                            on: self.output.node(),
                            at: self.at,
                        },
                    );
                }
                self.task = task;
                self.key = Some(key);
                return Poll::Pending;
            }
        }
    }
}

impl<T: 'static> Drop for Await<T> {
    fn drop(&mut self) {
        self.forget();
    }
}

impl<T: OutputValue> IntoFuture for Output<T> {
    type Output = std::result::Result<T, OutputError>;
    type IntoFuture = Await<T>;

    #[track_caller]
    fn into_future(self) -> Await<T> {
        self.get()
    }
}

impl<T: OutputValue> IntoFuture for &Output<T> {
    type Output = std::result::Result<T, OutputError>;
    type IntoFuture = Await<T>;

    #[track_caller]
    fn into_future(self) -> Await<T> {
        self.get()
    }
}

/// What pending outputs finally wait for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots {
    /// Properties of resources, with the property's path.
    pub resources: Vec<(NodeId, Arc<str>)>,
    /// Tasks and promises of the program that wait for no output themselves.
    pub program: Vec<crate::SourceLocation>,
}

/// Follows pending outputs to their roots, iteratively.
pub(crate) fn roots(from: impl IntoIterator<Item = Weak<dyn Node>>) -> Roots {
    let mut found = Roots::default();
    let mut open: Vec<Weak<dyn Node>> = from.into_iter().collect();
    // Most outputs are one property of one resource, or computed from it.
    while let [only] = open.as_slice() {
        let Some(node) = only.upgrade().filter(|node| !node.is_settled()) else {
            return found;
        };
        match node.source() {
            Source::Resource(id, path) => {
                found.resources.push((*id, path.clone()));
                return found;
            }
            Source::Derived(sources) => open.clone_from(sources),
            _ => break,
        }
    }
    let mut seen = std::collections::HashSet::new();
    while let Some(next) = open.pop() {
        let Some(node) = next.upgrade() else { continue };
        if node.is_settled() || !seen.insert(Arc::as_ptr(&node).cast::<()>() as usize) {
            continue;
        }
        match node.source() {
            Source::Resource(id, path) => found.resources.push((*id, path.clone())),
            Source::Derived(sources) => open.extend(sources.iter().cloned()),
            Source::Program => found.program.push(node.at().into()),
            Source::Task(slot) => match slot.get().and_then(Weak::upgrade).map(|task| task.waits())
            {
                Some(waits) if !waits.is_empty() => {
                    open.extend(waits.into_iter().map(|wait| wait.on))
                }
                _ => found.program.push(node.at().into()),
            },
        }
    }
    found.resources.sort();
    found.resources.dedup();
    found.program.sort();
    found.program.dedup();
    found
}

/// Composes a text from outputs and values: `output!("https://{}", app.host())`.
/// Every argument is an output, a reference to one, or a plain text.
#[macro_export]
macro_rules! output {
    ($format:literal $(, $part:expr)* $(,)?) => {
        $crate::output::compose($format, [$($crate::input::IntoInput::<String>::into_input($part)),*])
    };
}

/// Fills the `{}` of a format with inputs, in order. Used by [`output!`](crate::output!).
#[track_caller]
pub fn compose<const N: usize>(
    format: &'static str,
    parts: [crate::Input<String>; N],
) -> Output<String> {
    let parts = parts.map(crate::Input::into_output);
    Output::all(parts).map(move |texts| {
        let mut rest = format;
        let mut text = String::with_capacity(format.len());
        for part in texts {
            match rest.split_once("{}") {
                Some((before, after)) => {
                    text.push_str(before);
                    text.push_str(&part);
                    rest = after;
                }
                None => break,
            }
        }
        text.push_str(rest);
        text
    })
}
