//! Code of others that may panic: providers, and the program's hooks. A panic
//! of theirs is a failure of one step, never of the run's bookkeeping.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use lazuli_core::{ProviderError, ProviderErrorKind};

/// The future's result, or what it panicked with.
pub(crate) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(future)
        .catch_unwind()
        .await
        .map_err(|panic| words(&*panic))
}

/// A panic of a provider as an error of its: what it did is not known.
pub(crate) fn provider_error(words: &str) -> ProviderError {
    ProviderError::new(
        ProviderErrorKind::Unknown,
        format!("the provider panicked: {words}"),
    )
    .help("that is a mistake of the provider; report it, with the log of a run with -vv")
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").to_owned()
}
