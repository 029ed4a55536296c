//! The shared slot behind an output: empty until it settles once, with whoever
//! waits for it.

use std::cell::{Cell as StdCell, RefCell};
use std::collections::VecDeque;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::Waker;

use super::OutputValue;
use super::source::{Node, Source};
use crate::error::OutputError;
use crate::executor::{Task, lock};
use crate::node::Provenance;

/// What a settled output holds. Errors are rare and large, so they lie elsewhere.
pub(crate) type Settled<T> = std::result::Result<T, Box<OutputError>>;

/// A settled output: value or error, with what it stems from.
#[derive(Clone)]
pub(crate) struct Data<T> {
    pub(crate) value: Settled<T>,
    pub(crate) provenance: Provenance,
}

pub(crate) struct Cell<T: 'static> {
    pub(super) done: OnceLock<Data<T>>,
    waiters: Mutex<Vec<(u64, Option<Waiter<T>>)>>,
    pub(super) source: Source,
    at: &'static Location<'static>,
}

pub(super) type Continuation<T> = Box<dyn FnOnce(&Data<T>) + Send>;

pub(super) enum Waiter<T: 'static> {
    Task(Arc<Task>),
    Foreign(Waker),
    Then(Continuation<T>),
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

    /// Where the program makes the output.
    pub(crate) fn at(&self) -> &'static Location<'static> {
        self.at
    }

    /// Adds a waiter unless the value is there already, in which case it comes back.
    pub(super) fn wait(&self, waiter: Waiter<T>) -> std::result::Result<u64, Waiter<T>> {
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

    pub(super) fn forget(&self, key: u64) {
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
    pub(super) fn when_settled(self: &Arc<Self>, then: Continuation<T>) {
        if let Err(Waiter::Then(then)) = self.wait(Waiter::Then(then)) {
            self.go_on(then);
            drain();
        }
    }

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
