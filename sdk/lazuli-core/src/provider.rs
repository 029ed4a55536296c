//! What a cloud does with resources: the trait that it implements.
//!
//! Everything here does I/O; what is known of types without a cloud is in
//! [`Schema`]. An outcome that is not known is an ordinary result
//! ([`ProviderErrorKind::Unknown`]), and the engine settles it by reading.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::schema::{DeclaredNode, Schema};
use crate::scrub::Secrets;
use crate::value::Value;
use crate::{Diagnostic, Urn};

/// A resource as the program wants it. Inputs hold unknowns in a preview only.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// Identity across runs.
    pub urn: Urn,
    /// The cloud's id, when it is known before the resource exists.
    pub id: Option<String>,
    /// The declared inputs; absent properties are left to the provider.
    pub inputs: Value,
    /// How long the operation may take; `None` = the provider's default.
    pub timeout: Option<Duration>,
}

/// A resource as the state knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Identity across runs.
    pub urn: Urn,
    /// The cloud's id.
    pub id: String,
    /// Inputs of the last successful operation.
    pub inputs: Value,
    /// What the cloud answered then.
    pub outputs: Value,
}

/// What a create, read or update leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The cloud's id.
    pub id: String,
    /// The cloud's answer, in its own shape.
    pub outputs: Value,
}

/// Called by a provider while it works, so that a crash can be settled later.
pub trait Progress: Send + Sync {
    /// The cloud accepted the operation; the token lets a later run go on
    /// waiting for it. It is in the journal, in order, when this returns `Ok`.
    ///
    /// # Errors
    /// The journal takes nothing more; the provider must end with that error.
    fn accepted(&self, token: Value) -> Result<(), ProviderError>;

    /// A short text on what the cloud is doing, for people.
    fn status(&self, text: &str);
}

/// What may be said of a failed operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProviderErrorKind {
    /// The cloud refused; nothing changed.
    Refused,
    /// It may or may not have happened: the answer never arrived, or the wait
    /// for it was cut off. The engine reads the resource to find out.
    Unknown,
    /// The resource exists but is not healthy.
    Unhealthy,
    /// Signing in failed.
    Credentials,
}

/// A failed operation.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// What may be said of the outcome.
    pub kind: ProviderErrorKind,
    /// The cloud's code, if it gave one.
    pub code: Option<String>,
    /// What happened, in a sentence or two, with the cloud's words and request id.
    pub message: String,
    /// The next step, if one is known.
    pub help: Option<String>,
}

impl ProviderError {
    /// An error of a kind, with a sentence.
    pub fn new(kind: ProviderErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: None,
            message: message.into(),
            help: None,
        }
    }

    /// Adds the cloud's code.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A cloud, or a part of one. One provider serves many types, which its [`Schema`]
/// describes.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The schema of everything that this provider serves; cheap to call.
    fn schema(&self) -> Arc<dyn Schema>;

    /// Checks that need answers from the cloud about resources that are to be
    /// created, such as whether a global name is free. Reads only; what cannot be
    /// asked is a note at most.
    async fn verify_online(&self, created: &[DeclaredNode]) -> Vec<Diagnostic> {
        let _ = created;
        Vec::new()
    }

    /// What the provider itself keeps secret, such as passwords and tokens that it signs in with: no text that it
    /// gives may show them.
    fn secrets(&self) -> Secrets {
        Secrets::new()
    }

    /// Creates the resource. Repeating it after an unknown outcome must be safe
    /// once [`Provider::read`] said that nothing is there.
    ///
    /// # Errors
    /// See [`ProviderErrorKind`].
    async fn create(
        &self,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError>;

    /// Reads the resource; `None` only when the cloud itself says that it is
    /// not there. Waits until no operation is running on it.
    ///
    /// # Errors
    /// See [`ProviderErrorKind`].
    async fn read(&self, existing: &Recorded) -> Result<Option<Observed>, ProviderError>;

    /// Looks for what a create of unknown outcome may have made, where the cloud
    /// gives ids itself: `lost` has no id. `known` are ids that other resources
    /// have: the old half of a replacement, or one of the same name that lies
    /// elsewhere in the program. The default
    /// reads without an id; a provider that can have two of one name must find
    /// the right one here.
    ///
    /// # Errors
    /// See [`ProviderErrorKind`].
    async fn find(
        &self,
        lost: &Recorded,
        known: &[String],
    ) -> Result<Option<Observed>, ProviderError> {
        let found = self.read(lost).await?;
        Ok(found.filter(|found| !known.contains(&found.id)))
    }

    /// Changes the resource in place.
    ///
    /// # Errors
    /// See [`ProviderErrorKind`].
    async fn update(
        &self,
        existing: &Recorded,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError>;

    /// Deletes the resource; that it is gone already is success.
    ///
    /// # Errors
    /// See [`ProviderErrorKind`].
    async fn delete(
        &self,
        existing: &Recorded,
        progress: &dyn Progress,
    ) -> Result<(), ProviderError>;

    /// Goes on waiting for an operation that an earlier run started. That it
    /// failed or is forgotten by the cloud is `Ok`: the engine reads next.
    ///
    /// # Errors
    /// Only when the cloud cannot be asked.
    async fn resume(&self, urn: &Urn, token: &Value) -> Result<(), ProviderError> {
        let _ = (urn, token);
        Ok(())
    }
}
