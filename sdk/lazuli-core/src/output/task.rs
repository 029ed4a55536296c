//! Outputs that the program's own futures make: async blocks, tasks, promises.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use super::cell::{Cell, Data};
use super::source::Source;
use super::{Output, OutputValue};
use crate::error::{Error, OutputError, Result};
use crate::executor::{self, Executor, TaskKind};
use crate::node::Provenance;

impl<T: OutputValue> Output<T> {
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
            Some(executor) => spawn_output(&executor, TaskKind::FromAsync, at, future, |_| {}),
        }
    }
}

/// Runs a future as a task; its result settles the output, with the task's record as provenance.
pub(crate) fn spawn_output<T: OutputValue>(
    executor: &Rc<Executor>,
    kind: TaskKind,
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
    let task = executor.spawn(kind, at, Box::pin(ended));
    if let Source::Task(slot) = &cell.source {
        // The slot is empty: the cell was made a few lines above.
        let _ = slot.set(Arc::downgrade(&task));
    }
    Output(cell)
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
            let at = cell.at().into();
            // The continuations of a failed output run no user closure.
            cell.settle(Data {
                value: Err(Box::new(OutputError::Dropped { at })),
                provenance: Provenance::default(),
            });
        }
    }
}

pub(super) fn program_error(at: &'static Location<'static>, reason: String) -> Box<OutputError> {
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

pub(super) fn user_error(error: Error, at: &'static Location<'static>) -> Box<OutputError> {
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
