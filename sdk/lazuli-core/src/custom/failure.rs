//! What a custom resource may say about an operation that failed.

use std::error::Error;
use std::fmt;

use crate::provider::{ProviderError, ProviderErrorKind};

/// A failed operation of a custom resource.
///
/// Every `std::error::Error` converts with `?`, with its causes in the sentence.
/// Such an error counts as [`Failure::unknown`]: it may have had
/// an effect, so the engine reads the resource to find out, adopts what is there,
/// and repeats what is not. Where more is known, say it with one of the others.
#[derive(Clone, PartialEq)]
pub struct Failure(ProviderError);

impl Failure {
    /// Refused: nothing changed.
    pub fn refused(message: impl Into<String>) -> Self {
        Self(ProviderError::new(ProviderErrorKind::Refused, message))
    }

    /// It may or may not have happened; the engine reads the resource.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self(ProviderError::new(ProviderErrorKind::Unknown, message))
    }

    /// The resource is there, but not as it should be: it is recorded, and
    /// written again by the next run.
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self(ProviderError::new(ProviderErrorKind::Unhealthy, message))
    }

    /// Signing in failed: nothing changed.
    pub fn credentials(message: impl Into<String>) -> Self {
        Self(ProviderError::new(ProviderErrorKind::Credentials, message))
    }

    /// Adds a code that people may look for.
    #[must_use]
    pub fn code(self, code: impl Into<String>) -> Self {
        Self(self.0.code(code))
    }

    /// Adds the next step.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self(self.0.help(help))
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let error: Box<dyn Error + Send + Sync> = Box::new(error);
        match error.downcast::<ProviderError>() {
            Ok(told) => Self(*told),
            Err(plain) => Self::unknown(with_causes(&*plain)),
        }
    }
}

fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        cause = inner.source();
    }
    message
}

impl From<Failure> for ProviderError {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
