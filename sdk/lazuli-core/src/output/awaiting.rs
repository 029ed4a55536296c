//! Awaiting an output.

use std::future::IntoFuture;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::cell::Waiter;
use super::{Output, OutputValue};
use crate::error::OutputError;
use crate::executor::{self, Task, Wait};

/// The future of an output. Dropping it (a lost `select!` arm) leaves no dependency.
pub struct Await<T: 'static> {
    output: Output<T>,
    at: &'static Location<'static>,
    key: Option<u64>,
    task: Option<Arc<Task>>,
}

impl<T: 'static> Await<T> {
    pub(super) fn new(output: Output<T>, at: &'static Location<'static>) -> Self {
        Self {
            output,
            at,
            key: None,
            task: None,
        }
    }

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
