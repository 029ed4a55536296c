//! Calls that may block, a state far away for example, leave the async workers.

use crate::error::EngineError;

/// Makes a call on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(call)
        .await
        .unwrap_or_else(|cause| {
            Err(EngineError::Internal {
                message: format!("a call to the state's store ended early: {cause}"),
            })
        })
}
