//! The one error of this crate: what was asked, of which resource, what Azure said, and what to do next.
//!
//! Callers decide by predicates ([`ArmError::is_retryable`], [`ArmError::may_have_been_applied`], ...), people read
//! `Display` and [`ArmError::hint`]. Neither ever holds a header, a request body or a signed URL.

use std::fmt;
use std::time::Duration;

use crate::ids::IdError;
use crate::method::Method;

/// The crate's result.
pub type Result<T> = std::result::Result<T, ArmError>;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ArmErrorKind {
    /// The caller's options, ids or arguments are wrong; nothing was sent.
    InvalidInput,
    /// Who the caller is could not be established (401, or no token).
    Unauthenticated,
    /// The caller may not do this (403).
    Forbidden,
    /// Azure's own "there is no such resource" (never a proxy's 404).
    NotFound,
    /// The request contradicts the resource's present state (409, 412).
    Conflict,
    /// Azure refuses what was asked (400 and other 4xx).
    Rejected,
    /// Too many requests (429).
    Throttled,
    /// Another operation is in the way, or something has not reached every replica yet.
    Busy,
    /// The service failed (5xx).
    Server,
    /// The endpoint could not be reached; nothing was sent.
    Unreachable,
    /// The endpoint's certificate is not trusted.
    Tls,
    /// No answer within the time allowed.
    Timeout,
    /// The connection broke before the answer was complete.
    Interrupted,
    /// A long-running operation ended in failure.
    OperationFailed,
    /// A long-running operation was cancelled.
    Cancelled,
    /// The answer is not what ARM answers: not JSON, too large, a proxy's page.
    BadAnswer,
    /// The answer points to another origin, where the token must not go.
    ForeignUrl,
}

/// One entry of the flattened chain of details, outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorDetail {
    /// The service's code, possibly empty.
    pub code: String,
    /// The service's sentence, possibly empty.
    pub message: String,
    /// What the entry is about, for example the namespace that is not registered.
    pub target: Option<String>,
}

/// A failed call.
#[derive(Clone)]
pub struct ArmError(pub(crate) Box<Report>);

/// What an error consists of.
#[derive(Clone)]
pub(crate) struct Report {
    pub(crate) kind: ArmErrorKind,
    pub(crate) method: Option<Method>,
    pub(crate) resource: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) details: Vec<ErrorDetail>,
    pub(crate) request_id: Option<String>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) in_operation: bool,
    pub(crate) may_have_been_applied: bool,
}

impl ArmError {
    /// An error that did not come from an answer.
    pub(crate) fn new(kind: ArmErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Report {
            kind,
            method: None,
            resource: None,
            status: None,
            code: None,
            message: message.into(),
            details: Vec::new(),
            request_id: None,
            correlation_id: None,
            retry_after: None,
            in_operation: false,
            may_have_been_applied: false,
        }))
    }

    /// Adds whom it concerns, unless it is known already.
    pub(crate) fn about(mut self, method: Method, resource: &str) -> Self {
        self.0.method.get_or_insert(method);
        self.0.resource.get_or_insert_with(|| resource.to_owned());
        self
    }

    /// Adds the ids under which support finds the exchange, unless the answer carried them.
    pub(crate) fn traced(mut self, request_id: Option<&str>, correlation_id: Option<&str>) -> Self {
        self.0.request_id = self.0.request_id.or_else(|| request_id.map(str::to_owned));
        self.0.correlation_id = self
            .0
            .correlation_id
            .or_else(|| correlation_id.map(str::to_owned));
        self
    }

    /// Marks a failure that came after Azure had accepted the operation.
    pub(crate) fn in_operation(mut self) -> Self {
        self.0.in_operation = true;
        self.0.may_have_been_applied = true;
        self
    }

    pub(crate) fn with_doubt(mut self, doubt: bool) -> Self {
        self.0.may_have_been_applied |= doubt;
        self
    }

    /// Says it in other words.
    pub(crate) fn reworded(mut self, message: String) -> Self {
        self.0.message = message;
        self
    }

    pub(crate) fn prefixed(mut self, text: &str) -> Self {
        self.0.message = format!("{text}: {}", self.0.message);
        self
    }

    /// Adds when the request may go again.
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Adds why it was not waited out, where that is known.
    pub(crate) fn because(mut self, reason: Option<String>) -> Self {
        if let Some(reason) = reason {
            self.0.message = format!("{}; {reason}", self.0.message);
        }
        self
    }

    pub(crate) fn came_from_operation(&self) -> bool {
        self.0.in_operation
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ArmErrorKind {
        self.0.kind
    }

    /// The method of the request that failed.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        self.0.method
    }

    /// The id (or path) of the resource that it was about.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.0.resource.as_deref()
    }

    /// The HTTP status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The outermost error code, such as `MissingSubscriptionRegistration`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The code that says most: the last one of the chain of details, or else the outermost.
    #[must_use]
    pub fn innermost_code(&self) -> Option<&str> {
        self.0
            .details
            .iter()
            .rev()
            .map(|d| d.code.as_str())
            .find(|code| !code.is_empty())
            .or(self.code())
    }

    /// What the service said.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The details below the outermost error, flattened, outer before inner.
    #[must_use]
    pub fn details(&self) -> &[ErrorDetail] {
        &self.0.details
    }

    /// Azure's id of the request, for a support ticket.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The id shared by all requests of a run, for the activity log.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// Whether the resource (or something above it) does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ArmErrorKind::NotFound
    }

    /// Whether the request contradicts the present state of the resource.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.0.kind == ArmErrorKind::Conflict || matches!(self.0.status, Some(409 | 412))
    }

    /// Whether the caller could not sign in, or may not do this.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        matches!(
            self.0.kind,
            ArmErrorKind::Unauthenticated | ArmErrorKind::Forbidden
        )
    }

    /// Whether Azure asked to slow down.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.0.kind == ArmErrorKind::Throttled
    }

    /// Whether the resource may have been changed in spite of the error: the answer never arrived, or the operation
    /// was accepted and then failed. Read the resource before deciding anything.
    #[must_use]
    pub fn may_have_been_applied(&self) -> bool {
        self.0.may_have_been_applied
    }

    /// All codes, outermost first.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &str> {
        self.code()
            .into_iter()
            .chain(self.0.details.iter().map(|d| d.code.as_str()))
            .filter(|code| !code.is_empty())
    }

    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.codes().any(|mine| mine.eq_ignore_ascii_case(code))
    }

    /// Whether `text` occurs in any message, ignoring case.
    pub(crate) fn says(&self, text: &str) -> bool {
        let messages = std::iter::once(self.message())
            .chain(self.0.details.iter().map(|d| d.message.as_str()));
        let text = text.to_ascii_lowercase();
        messages
            .into_iter()
            .any(|message| message.to_ascii_lowercase().contains(&text))
    }
}

impl From<IdError> for ArmError {
    fn from(error: IdError) -> Self {
        Self::new(ArmErrorKind::InvalidInput, error.to_string())
    }
}

impl fmt::Display for ArmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.0;
        if let (Some(method), Some(resource)) = (report.method, &report.resource) {
            write!(f, "{method} {resource}: ")?;
        }
        if let Some(status) = report.status {
            write!(f, "HTTP {status}: ")?;
        }
        if let Some(code) = &report.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&report.message)?;
        for detail in &report.details {
            let separator = if detail.code.is_empty() || detail.message.is_empty() {
                ""
            } else {
                ": "
            };
            write!(f, "; {}{separator}{}", detail.code, detail.message)?;
        }
        if let Some(request_id) = &report.request_id {
            write!(f, " (request {request_id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ArmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArmError({:?}, {self})", self.0.kind)
    }
}

impl std::error::Error for ArmError {}
