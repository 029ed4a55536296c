//! A thread of its own for requests, so that callers may block: the engine's
//! journal and lock run on plain threads.

use std::future::Future;
use std::sync::mpsc;

use crate::RemoteError;

/// A runtime with one thread.
#[derive(Debug)]
pub(crate) struct Io(Option<tokio::runtime::Runtime>);

impl Io {
    pub(crate) fn new() -> Result<Self, RemoteError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("lazuli-remote")
            .enable_all()
            .build();
        match runtime {
            Ok(runtime) => Ok(Self(Some(runtime))),
            Err(cause) => Err(RemoteError::new(
                format!("the thread for requests cannot be started: {cause}"),
                "free resources of this machine and try again",
            )),
        }
    }

    /// Waits for a future that runs on the thread; `None` if it panicked.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = mpsc::channel();
        self.0.as_ref()?.spawn(async move {
            // Nobody may be waiting any more.
            let _ = sender.send(future.await);
        });
        receiver.recv().ok()
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // May happen inside of another runtime, where waiting is forbidden.
            runtime.shutdown_background();
        }
    }
}
