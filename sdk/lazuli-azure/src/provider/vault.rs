//! Key vaults: a deleted one keeps its name for days (soft delete), and a new one
//! of that name can only be the old one recovered.

use async_trait::async_trait;
use lazuli_arm::{ArmClient, ArmError, ResourceId};
use lazuli_core::{Declared, Observed, Progress, ProviderError, Recorded, Value};
use serde_json::{Value as Json, json};

use super::call::Call;
use super::connection::Connection;
use super::json::put;
use super::lifecycle::Lifecycle;
use super::{error, request};

/// The lifecycle of key vaults.
pub(crate) struct Vault;

#[async_trait]
impl Lifecycle for Vault {
    async fn create(
        &self,
        on: &Connection,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        create(&on.on_desired(desired, progress)?, &desired.inputs).await
    }
}

/// The lifecycle of secrets. They cannot be deleted through the resource manager (its
/// contract has no such operation); they go with their vault.
pub(crate) struct Secret;

#[async_trait]
impl Lifecycle for Secret {
    /// A secret stays until its vault goes.
    async fn delete(
        &self,
        _: &Connection,
        _: &Recorded,
        _: &dyn Progress,
    ) -> Result<(), ProviderError> {
        Ok(())
    }
}

/// Creates the vault. One that was deleted comes back first, with what it held,
/// and is then made what is declared.
async fn create(call: &Call<'_>, inputs: &Value) -> Result<Observed, ProviderError> {
    let body = request::body(inputs)?;
    if is_deleted(call, inputs).await? {
        call.reporter.status("recovering the deleted vault");
        let mut recover = body.clone();
        put(&mut recover, "properties.createMode", json!("recover"));
        call.put(&recover).await?;
    }
    let answer = call.put(&body).await.map_err(error::in_doubt)?;
    Ok(request::created(
        call.ty(),
        call.id.as_str(),
        answer,
        inputs,
    ))
}

async fn is_deleted(call: &Call<'_>, inputs: &Value) -> Result<bool, ProviderError> {
    let Some(location) = inputs.at("location").and_then(Value::as_str) else {
        return Ok(false);
    };
    match deleted(&call.arm, &call.id, location, &call.version).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        // Who may make vaults need not be allowed to see deleted ones: Azure then says so itself.
        Err(_) => Ok(false),
    }
}

/// What Azure knows of a deleted vault, by the id that it had.
///
/// # Errors
/// There is none, or it may not be seen.
pub(crate) async fn deleted(
    arm: &ArmClient,
    id: &ResourceId,
    location: &str,
    version: &str,
) -> Result<Json, ArmError> {
    let path = format!(
        "/subscriptions/{}/providers/Microsoft.KeyVault/locations/{}/deletedVaults/{}",
        id.subscription().unwrap_or_default(),
        super::location::normal(location),
        id.name()
    );
    arm.get_path(&path, version).await
}
