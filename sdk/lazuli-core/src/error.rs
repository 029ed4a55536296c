//! The error of a user's program, and the error of an output.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::{SourceLocation, Urn};

/// The result of a topology, a scope, or an async output.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error that ends (a part of) a user's program. It is opaque: a sentence, the line
/// of the program, a next step, and what caused it.
///
/// Every `std::error::Error` converts into it with `?`. The price, as with `anyhow`: it
/// does not implement that trait itself, and a plain text does not convert. Write
/// [`bail!`](crate::bail!) or `Err(Error::new("..."))` for a text of your own, and
/// `.map_err(Error::new)?` for a `Result<_, String>`. [`Error::source`] is the cause,
/// for code that wants to distinguish causes.
///
/// ```
/// use lazuli_core::{Error, Result};
/// fn replicas(text: &str) -> Result<u16> {
///     let count: u16 = text.parse()?;
///     if count == 0 {
///         lazuli_core::bail!("{text} replicas serve nobody");
///     }
///     Ok(count)
/// }
/// assert!(replicas("many").unwrap_err().source().is_some());
/// assert_eq!(replicas("0").unwrap_err().message(), "0 replicas serve nobody");
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

/// Ends the function with an [`Error`] of a formatted sentence.
#[macro_export]
macro_rules! bail {
    ($($message:tt)+) => {
        return ::core::result::Result::Err($crate::Error::new(::std::format!($($message)+)))
    };
}

struct Inner {
    message: String,
    location: Option<SourceLocation>,
    help: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with a sentence, made at the caller's location.
    #[track_caller]
    pub fn new(message: impl Into<String>) -> Self {
        Self::build(message.into(), None, None)
    }

    /// The same with a next step.
    #[track_caller]
    pub fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::build(message.into(), Some(help.into()), None)
    }

    #[track_caller]
    fn build(
        message: String,
        help: Option<String>,
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self(Arc::new(Inner {
            message,
            location: Some(SourceLocation::from(Location::caller())),
            help,
            source,
        }))
    }

    pub(crate) fn panic(message: String, at: &'static Location<'static>) -> Self {
        Self(Arc::new(Inner {
            message,
            location: Some(at.into()),
            help: None,
            source: None,
        }))
    }

    /// The same error, at another line of the program.
    pub(crate) fn at(self, at: &'static Location<'static>) -> Self {
        Self(Arc::new(Inner {
            message: self.0.message.clone(),
            location: Some(at.into()),
            help: self.0.help.clone(),
            source: None,
        }))
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where in the program it arose, if known.
    pub fn location(&self) -> Option<&SourceLocation> {
        self.0.location.as_ref()
    }

    /// The next step, if one is known.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// What caused it, if it was made of another error.
    pub fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }

    /// The failed output behind this error, when it came from awaiting one.
    pub fn output_error(&self) -> Option<&OutputError> {
        self.0
            .source
            .as_ref()
            .and_then(|source| source.downcast_ref())
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            cause = inner.source();
        }
        Self::build(message, None, Some(Box::new(error)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(location) = &self.0.location {
            write!(f, " (at {location})")?;
        }
        Ok(())
    }
}

/// Why an output has no value. Not the same as pending: a pending output has
/// not been decided yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The resource that makes it failed; the text is the provider's reason.
    #[error("{} failed: {reason}", urn.address())]
    Failed {
        /// The resource that failed.
        urn: Urn,
        /// Why, in the provider's words.
        reason: String,
    },
    /// The resource that makes it was not touched, for the reason given.
    #[error("{} was skipped: {reason}", urn.address())]
    Skipped {
        /// The resource that was skipped.
        urn: Urn,
        /// Why it was skipped.
        reason: String,
    },
    /// User code that makes it returned an error or panicked.
    #[error("{reason} (at {at})")]
    Program {
        /// The error or the panic's text.
        reason: String,
        /// Where that code stands.
        at: SourceLocation,
    },
    /// A promise that was dropped without a value.
    #[error("the promise made at {at} was dropped without a value")]
    Dropped {
        /// Where the promise was made.
        at: SourceLocation,
    },
    /// A resource's answer has not the shape that the program reads.
    #[error("{} answered without a usable `{path}`: {reason}", urn.address())]
    Shape {
        /// The resource.
        urn: Urn,
        /// The property path read.
        path: String,
        /// What was found instead.
        reason: String,
    },
    /// An async output made where no program runs.
    #[error("an async output was made at {at}, outside of a running program")]
    Outside {
        /// Where it was made.
        at: SourceLocation,
    },
}

impl OutputError {
    /// The resource whose failure is the root of this error, if one is.
    pub fn urn(&self) -> Option<&Urn> {
        match self {
            Self::Failed { urn, .. } | Self::Skipped { urn, .. } | Self::Shape { urn, .. } => {
                Some(urn)
            }
            _ => None,
        }
    }
}
