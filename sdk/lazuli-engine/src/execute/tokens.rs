//! Tokens of accepted operations on their way to the journal: the latest of each
//! operation, so that there are never more than operations in flight.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use lazuli_core::Value;
use tokio::sync::Notify;

/// Put by tasks, taken by the dispatcher, which alone writes to the journal.
#[derive(Default)]
pub(crate) struct Tokens {
    waiting: Mutex<BTreeMap<u64, Value>>,
    wake: Notify,
}

impl Tokens {
    /// The cloud accepted an operation. A token that is lost in a crash costs a
    /// reading, nothing else.
    pub(super) fn put(&self, operation: u64, token: Value) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(operation, token);
        self.wake.notify_one();
    }

    /// Returns once there may be something to take.
    pub(super) async fn arrived(&self) {
        self.wake.notified().await;
    }

    /// All that wait.
    pub(super) fn take(&self) -> BTreeMap<u64, Value> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *waiting)
    }
}
