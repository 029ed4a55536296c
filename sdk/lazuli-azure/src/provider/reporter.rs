//! Between the protocol, which reports without looking back, and the engine,
//! whose journal may fail to note what it is told.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use lazuli_arm::{ArmError, OperationToken};
use lazuli_core::{Progress, ProviderError, Value};
use tokio::sync::Notify;

/// Hands accepted operations to the engine, and ends the work when it cannot note them.
pub(super) struct Reporter<'a> {
    progress: &'a dyn Progress,
    broken: Mutex<Option<ProviderError>>,
    wake: Notify,
    accepted: AtomicBool,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(progress: &'a dyn Progress) -> Self {
        Self {
            progress,
            broken: Mutex::new(None),
            wake: Notify::new(),
            accepted: AtomicBool::new(false),
        }
    }

    pub(super) fn status(&self, text: &str) {
        self.progress.status(text);
    }

    /// Whether an operation was accepted since the last call: then the client
    /// has read the resource at its end.
    pub(super) fn took_operation(&self) -> bool {
        self.accepted.swap(false, Ordering::Relaxed)
    }

    /// Does the work, unless the journal breaks under it.
    pub(super) async fn watch<T>(
        &self,
        work: impl Future<Output = Result<T, ArmError>>,
    ) -> Result<Result<T, ArmError>, ProviderError> {
        let result = tokio::select! {
            biased;
            () = self.wake.notified() => None,
            result = work => Some(result),
        };
        let broken = self
            .broken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match (broken, result) {
            (Some(error), _) => Err(error),
            (None, Some(result)) => Ok(result),
            (None, None) => Err(ProviderError::new(
                lazuli_core::ProviderErrorKind::Unknown,
                "the wait for the operation was cut off",
            )),
        }
    }
}

impl lazuli_arm::Progress for Reporter<'_> {
    fn operation_started(&self, token: &OperationToken) {
        self.accepted.store(true, Ordering::Relaxed);
        // The link is signed: whoever has it can read the result.
        let token = serde_json::to_value(token)
            .map_or(Value::Null, Value::from)
            .into_secret();
        if let Err(error) = self.progress.accepted(token) {
            *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            self.wake.notify_one();
        }
    }

    fn status(&self, text: &str) {
        self.progress.status(text);
    }
}

/// For reads, which nobody watches.
pub(super) struct Nobody;

impl Progress for Nobody {
    fn accepted(&self, _: Value) -> Result<(), ProviderError> {
        Ok(())
    }

    fn status(&self, _: &str) {}
}
