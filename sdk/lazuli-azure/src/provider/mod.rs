//! The provider that turns declared inputs into ARM requests.
//!
//! The engine calls it through [`lazuli_core::Provider`]. Most types need no
//! more than PUT, GET and DELETE (`lifecycle`); what is special about a type lives
//! in a module of its own: `site`, `group`, `role`, `vault`, `build`, `action`,
//! `existing`. What is *known* of a type stands in its [record](mod@crate::record), which
//! names its lifecycle and its checks too; [`AzureSchema`] offers what is known
//! without a client.
//!
//! How locations are written is settled in [`location`]. Outputs
//! have the shape of Azure's own GET; absent inputs are no opinion, and what
//! others have set is not reset.

pub(crate) mod action;
mod body;
pub(crate) mod build;
mod call;
pub(crate) mod check;
mod connection;
mod error;
mod estimate;
pub(crate) mod existing;
mod facts;
pub(crate) mod group;
mod json;
pub(crate) mod lifecycle;
pub mod location;
mod lock_keys;
mod merge;
mod pace;
pub(crate) mod push;
mod reporter;
mod request;
pub(crate) mod role;
mod schema;
mod settings;
mod signed_url;
pub(crate) mod site;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod vault;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use lazuli_arm::{ArmClient, ExposeSecret, NoProgress, OperationToken};
use lazuli_core::scrub::Secrets;
use lazuli_core::value::Reveal;
use lazuli_core::{
    Declared, DeclaredNode, Diagnostic, Observed, Progress, Provider, ProviderError, Recorded,
    Schema, Urn, Value,
};

use crate::generated::behaviours::behaviour;
use connection::Connection;
pub use pace::Pace;
pub use schema::AzureSchema;
use signed_url::SignedUrls;

/// Deploys resources of Azure through one [`ArmClient`].
#[derive(Debug)]
pub struct AzureProvider {
    on: Connection,
}

impl AzureProvider {
    /// A provider that deploys through `arm`. `folder` is the program's, which
    /// build contexts are relative to.
    #[must_use]
    pub fn new(arm: ArmClient, folder: PathBuf) -> Self {
        let on = Connection {
            arm,
            folder,
            blobs: SignedUrls::default(),
            pace: Pace::default(),
        };
        Self { on }
    }

    /// Sets how often the provider looks at what it waits for.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.on.pace = pace;
        self
    }

    /// Trusts these certificates (PEM), and no others, for the signed URLs of
    /// build contexts and logs. For an endpoint with a private authority.
    ///
    /// # Errors
    /// The text holds no certificate.
    pub fn blob_authority(mut self, pem: &[u8]) -> Result<Self, ProviderError> {
        self.on.blobs = SignedUrls::trusting(pem)?;
        Ok(self)
    }

    /// Reaches registries through this proxy, `http://127.0.0.1:8080`: for an
    /// endpoint whose registries have names that only it knows.
    ///
    /// # Errors
    /// The text is no address of a proxy.
    pub fn registry_proxy(mut self, address: &str) -> Result<Self, ProviderError> {
        self.on.blobs.through(address)?;
        Ok(self)
    }
}

#[async_trait]
impl Provider for AzureProvider {
    fn schema(&self) -> Arc<dyn Schema> {
        Arc::new(AzureSchema)
    }

    async fn verify_online(&self, created: &[DeclaredNode]) -> Vec<Diagnostic> {
        crate::verify::names::taken(&self.on.arm, created).await
    }

    fn secrets(&self) -> Secrets {
        let secrets = self.on.arm.credential().secrets();
        secrets.iter().map(ExposeSecret::expose_secret).collect()
    }

    async fn create(
        &self,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let lifecycle = behaviour(desired.urn.ty()).lifecycle;
        lifecycle.create(&self.on, desired, progress).await
    }

    async fn read(&self, existing: &Recorded) -> Result<Option<Observed>, ProviderError> {
        let lifecycle = behaviour(existing.urn.ty()).lifecycle;
        lifecycle.read(&self.on, existing).await
    }

    async fn update(
        &self,
        existing: &Recorded,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let lifecycle = behaviour(desired.urn.ty()).lifecycle;
        lifecycle
            .update(&self.on, existing, desired, progress)
            .await
    }

    async fn delete(
        &self,
        existing: &Recorded,
        progress: &dyn Progress,
    ) -> Result<(), ProviderError> {
        let lifecycle = behaviour(existing.urn.ty()).lifecycle;
        lifecycle.delete(&self.on, existing, progress).await
    }

    async fn resume(&self, urn: &Urn, token: &Value) -> Result<(), ProviderError> {
        let token = token.to_json(Reveal::Yes);
        if let Some(run) = build::RunToken::read(&token) {
            return build::Builder::new(&self.on, None).resume(urn, &run).await;
        }
        let Ok(token) = serde_json::from_value::<OperationToken>(token) else {
            // Of another version of this program: reading the resource settles it as well.
            return Ok(());
        };
        match self.on.arm.resume(&token, &NoProgress).await {
            Err(error) if error::keeps_from_asking(&error) => Err(error::of(urn.ty(), &error)),
            _ => Ok(()),
        }
    }
}
