//! The provider that turns declared inputs into ARM requests.
//!
//! The engine calls it through [`lazuli_core::Provider`]. Most types need no
//! more than PUT, GET and DELETE (`generic`); what is special about a type lives
//! in a module of its own: `site`, `group`, `role`, `vault`, `build`, `action`, `existing`. What is *known* of
//! types lives in tables: `facts`, `estimate`, `lock_keys`, `check`; [`AzureSchema`]
//! offers them without a client.
//!
//! How locations are written is settled in [`location`]. Outputs
//! have the shape of Azure's own GET; absent inputs are no opinion, and what
//! others have set is not reset.

mod action;
mod body;
mod build;
mod call;
mod check;
mod error;
mod estimate;
mod existing;
mod facts;
mod generic;
mod group;
mod json;
pub mod location;
mod lock_keys;
mod merge;
mod push;
mod reporter;
mod request;
mod role;
mod schema;
mod settings;
mod signed_url;
mod site;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod vault;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lazuli_arm::{ArmClient, ExposeSecret, NoProgress, OperationToken};
use lazuli_core::scrub::Secrets;
use lazuli_core::value::Reveal;
use lazuli_core::{
    Declared, DeclaredNode, Diagnostic, Observed, Progress, Provider, ProviderError,
    ProviderErrorKind, Recorded, Schema, Urn, Value,
};

use call::Call;
pub use schema::AzureSchema;
use signed_url::SignedUrls;

/// How often the provider looks at what Azure does by itself (builds, resources
/// that somebody else is updating), and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// The first delay; each further one doubles.
    pub first: Duration,
    /// The longest delay.
    pub max: Duration,
    /// When to give up.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(200),
            max: Duration::from_secs(10),
            patience: Duration::from_secs(60 * 60),
        }
    }
}

/// Deploys resources of Azure through one [`ArmClient`].
#[derive(Debug)]
pub struct AzureProvider {
    arm: ArmClient,
    folder: PathBuf,
    blobs: SignedUrls,
    pace: Pace,
}

/// What a type needs beyond PUT, GET and DELETE.
enum Special {
    None,
    Group,
    Role,
    Site,
    Vault,
    /// Azure has no way to delete it but with its parent.
    NoDelete,
    Build,
    Push,
    Action,
    Existing,
}

impl Special {
    fn of(ty: &str) -> Self {
        match () {
            () if ty.eq_ignore_ascii_case(group::TYPE) => Self::Group,
            () if ty.eq_ignore_ascii_case(role::TYPE) => Self::Role,
            () if ty.eq_ignore_ascii_case(site::TYPE) => Self::Site,
            () if ty.eq_ignore_ascii_case(site::SLOT) => Self::Site,
            () if ty.eq_ignore_ascii_case(vault::TYPE) => Self::Vault,
            () if ty.eq_ignore_ascii_case(vault::SECRET) => Self::NoDelete,
            () if ty.eq_ignore_ascii_case(existing::TYPE) => Self::Existing,
            () if ty.eq_ignore_ascii_case(push::TYPE) => Self::Push,
            () if action::is(ty) => Self::Action,
            () if ty.eq_ignore_ascii_case(build::TYPE) => Self::Build,
            () => Self::None,
        }
    }
}

impl AzureProvider {
    /// A provider that deploys through `arm`. `folder` is the program's, which
    /// build contexts are relative to.
    #[must_use]
    pub fn new(arm: ArmClient, folder: PathBuf) -> Self {
        Self {
            arm,
            folder,
            blobs: SignedUrls::default(),
            pace: Pace::default(),
        }
    }

    /// Sets how often the provider looks at what it waits for.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Trusts these certificates (PEM), and no others, for the signed URLs of
    /// build contexts and logs. For an endpoint with a private authority.
    ///
    /// # Errors
    /// The text holds no certificate.
    pub fn blob_authority(mut self, pem: &[u8]) -> Result<Self, ProviderError> {
        self.blobs = SignedUrls::trusting(pem)?;
        Ok(self)
    }

    /// Reaches registries through this proxy, `http://127.0.0.1:8080`: for an
    /// endpoint whose registries have names that only it knows.
    ///
    /// # Errors
    /// The text is no address of a proxy.
    pub fn registry_proxy(mut self, address: &str) -> Result<Self, ProviderError> {
        self.blobs.through(address)?;
        Ok(self)
    }

    fn client(&self, timeout: Option<Duration>) -> ArmClient {
        match timeout {
            Some(timeout) => self.arm.with_operation_timeout(timeout),
            None => self.arm.clone(),
        }
    }

    /// An operation on what is desired.
    fn on_desired<'a>(
        &'a self,
        desired: &'a Declared,
        progress: &'a dyn Progress,
    ) -> Result<Call<'a>, ProviderError> {
        let id = desired.id.as_deref().ok_or_else(|| {
            ProviderError::new(
                ProviderErrorKind::Refused,
                format!("{}: its ARM id is not known", desired.urn.address()),
            )
        })?;
        let arm = self.client(desired.timeout);
        Call::new(arm, &desired.urn, id, &desired.inputs, &self.pace, progress)
    }

    /// An operation on what exists.
    fn on_existing<'a>(
        &'a self,
        existing: &'a Recorded,
        progress: &'a dyn Progress,
    ) -> Result<Call<'a>, ProviderError> {
        let arm = self.client(None);
        Call::new(
            arm,
            &existing.urn,
            &existing.id,
            &existing.inputs,
            &self.pace,
            progress,
        )
    }

    async fn act(
        &self,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let arm = self.client(desired.timeout);
        let id = desired.id.as_deref().unwrap_or_default();
        action::act(&arm, (desired.urn.ty(), id), &desired.inputs, progress).await
    }

    async fn push(
        &self,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let arm = self.client(desired.timeout);
        push::create((&arm, &self.blobs, &self.folder), desired, progress).await
    }

    fn builder<'a>(&'a self, timeout: Option<Duration>) -> build::Builder<'a> {
        build::Builder {
            arm: self.client(timeout),
            blobs: &self.blobs,
            folder: &self.folder,
            pace: &self.pace,
            timeout,
        }
    }
}

#[async_trait]
impl Provider for AzureProvider {
    fn schema(&self) -> Arc<dyn Schema> {
        Arc::new(AzureSchema)
    }

    async fn verify_online(&self, created: &[DeclaredNode]) -> Vec<Diagnostic> {
        crate::verify::names::taken(&self.arm, created).await
    }

    fn secrets(&self) -> Secrets {
        let secrets = self.arm.credential().secrets();
        secrets.iter().map(ExposeSecret::expose_secret).collect()
    }

    async fn create(
        &self,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        match Special::of(desired.urn.ty()) {
            Special::Build => {
                self.builder(desired.timeout)
                    .create(desired, progress)
                    .await
            }
            Special::Push => self.push(desired, progress).await,
            Special::Action => self.act(desired, progress).await,
            special => {
                let call = self.on_desired(desired, progress)?;
                match special {
                    Special::Group => group::create(&call, &desired.inputs).await,
                    Special::Role => role::create(&call, &desired.inputs).await,
                    Special::Site => site::create(&call, &desired.inputs).await,
                    Special::Vault => vault::create(&call, &desired.inputs).await,
                    Special::Existing => existing::find(&call, &desired.inputs).await,
                    _ => generic::create(&call, &desired.inputs).await,
                }
            }
        }
    }

    async fn read(&self, existing: &Recorded) -> Result<Option<Observed>, ProviderError> {
        let nobody = reporter::Nobody;
        match Special::of(existing.urn.ty()) {
            Special::Build => self.builder(None).read(existing).await,
            Special::Push => Ok(Some(push::read(existing))),
            Special::Action => action::read(&self.client(None), existing).await,
            Special::Existing => {
                existing::look(&self.on_existing(existing, &nobody)?, &existing.inputs).await
            }
            Special::Site => {
                site::read(&self.on_existing(existing, &nobody)?, &existing.inputs).await
            }
            _ => generic::read(&self.on_existing(existing, &nobody)?, &existing.inputs).await,
        }
    }

    async fn update(
        &self,
        existing: &Recorded,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let special = Special::of(desired.urn.ty());
        if let Special::Build = special {
            return self
                .builder(desired.timeout)
                .create(desired, progress)
                .await;
        }
        match special {
            Special::Action => return self.act(desired, progress).await,
            Special::Push => return self.push(desired, progress).await,
            _ => {}
        }
        // The id that exists: an adopted role assignment has another than the declared one.
        let arm = self.client(desired.timeout);
        let (urn, inputs) = (&desired.urn, &desired.inputs);
        let call = Call::new(arm, urn, &existing.id, inputs, &self.pace, progress)?;
        match special {
            Special::Site => site::update(&call, &existing.inputs, inputs).await,
            Special::Existing => existing::find(&call, inputs).await,
            _ => generic::update(&call, &existing.inputs, inputs).await,
        }
    }

    async fn delete(
        &self,
        existing: &Recorded,
        progress: &dyn Progress,
    ) -> Result<(), ProviderError> {
        match Special::of(existing.urn.ty()) {
            // Images stay in the registry: nothing says that nobody else runs them.
            Special::Build => Ok(()),
            // What is done is done, and what is not this program's stays.
            Special::Push | Special::Action | Special::Existing | Special::NoDelete => Ok(()),
            Special::Group => group::delete(&self.on_existing(existing, progress)?).await,
            Special::Site => site::delete(&self.on_existing(existing, progress)?, existing).await,
            Special::Role | Special::Vault | Special::None => {
                self.on_existing(existing, progress)?.delete(&[]).await
            }
        }
    }

    async fn resume(&self, urn: &Urn, token: &Value) -> Result<(), ProviderError> {
        let token = token.to_json(Reveal::Yes);
        if let Some(run) = build::RunToken::read(&token) {
            return self.builder(None).resume(urn, &run).await;
        }
        let Ok(token) = serde_json::from_value::<OperationToken>(token) else {
            // Of another version of this program: reading the resource settles it as well.
            return Ok(());
        };
        match self.arm.resume(&token, &NoProgress).await {
            Err(error) if error::keeps_from_asking(&error) => Err(error::of(urn.ty(), &error)),
            _ => Ok(()),
        }
    }
}
