//! Outputs: shareable values that may not be known yet.
//!
//! An [`Output`] carries a value or a pending future, the resources it stems
//! from, and whether it is secret. All three go through every combinator, and
//! through `.await` inside the program's own futures. Outputs settle on the
//! program's thread only, so a user's closures never run on an engine thread.

mod awaiting;
mod cell;
mod combine;
mod roots;
mod source;
mod task;
mod text;

use std::panic::Location;
use std::sync::{Arc, Weak};

pub use self::awaiting::Await;
pub(crate) use self::cell::{Cell, Data, Settled};
pub use self::roots::Roots;
pub(crate) use self::roots::roots;
pub(crate) use self::source::{Node, Source};
pub use self::task::Promise;
pub(crate) use self::task::{panic_text, spawn_output};
pub use self::text::compose;
use crate::error::OutputError;
use crate::executor;
use crate::node::Provenance;

/// A value that may not be known yet. Cheap to clone.
pub struct Output<T: 'static>(pub(crate) Arc<Cell<T>>);

/// Types that an output can carry.
pub trait OutputValue: Clone + Send + Sync + 'static {}
impl<T: Clone + Send + Sync + 'static> OutputValue for T {}

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

impl<T: 'static> Clone for Output<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Ends what `Debug` prints of every output. A setting that contains it was made with
/// `format!` by mistake.
pub(crate) const DEBUG_MARK: &str = "output, not its value: compose texts with output!>";

impl<T: OutputValue> std::fmt::Debug for Output<T> {
    /// Never prints the value, and nothing that could pass for one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let status = match self.0.done.get() {
            None => "pending",
            Some(Data { value: Err(_), .. }) => "failed",
            Some(data) if data.provenance.secret => "secret",
            Some(_) => "known",
        };
        write!(f, "<{status} {DEBUG_MARK}")
    }
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
        Await::new(self.clone(), Location::caller())
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
