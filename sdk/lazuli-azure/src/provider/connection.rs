//! What operations are carried out with.

use std::path::PathBuf;
use std::time::Duration;

use lazuli_arm::ArmClient;
use lazuli_core::{Declared, Progress, ProviderError, Recorded};

use super::call::Call;
use super::error;
use super::pace::Pace;
use super::signed_url::SignedUrls;

/// The client, and what else the operations of a provider have in common.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) arm: ArmClient,
    /// The program's folder, which build contexts are relative to.
    pub(super) folder: PathBuf,
    pub(super) blobs: SignedUrls,
    pub(super) pace: Pace,
}

impl Connection {
    pub(super) fn client(&self, timeout: Option<Duration>) -> ArmClient {
        match timeout {
            Some(timeout) => self.arm.with_operation_timeout(timeout),
            None => self.arm.clone(),
        }
    }

    /// An operation on what is desired.
    pub(super) fn on_desired<'a>(
        &'a self,
        desired: &'a Declared,
        progress: &'a dyn Progress,
    ) -> Result<Call<'a>, ProviderError> {
        let id = desired.id.as_deref();
        let id = id.ok_or_else(|| {
            let address = desired.urn.address();
            error::refused(format!("{address}: its ARM id is not known"))
        })?;
        let arm = self.client(desired.timeout);
        Call::new(arm, &desired.urn, id, &desired.inputs, &self.pace, progress)
    }

    /// An operation on what exists.
    pub(super) fn on_existing<'a>(
        &'a self,
        existing: &'a Recorded,
        progress: &'a dyn Progress,
    ) -> Result<Call<'a>, ProviderError> {
        let (urn, inputs) = (&existing.urn, &existing.inputs);
        let arm = self.client(None);
        Call::new(arm, urn, &existing.id, inputs, &self.pace, progress)
    }

    /// A change of what exists. The id is the one that exists: an adopted role
    /// assignment has another than the declared one.
    pub(super) fn on_change<'a>(
        &'a self,
        existing: &'a Recorded,
        desired: &'a Declared,
        progress: &'a dyn Progress,
    ) -> Result<Call<'a>, ProviderError> {
        let (urn, inputs) = (&desired.urn, &desired.inputs);
        let arm = self.client(desired.timeout);
        Call::new(arm, urn, &existing.id, inputs, &self.pace, progress)
    }
}
