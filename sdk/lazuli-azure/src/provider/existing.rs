//! Resources that exist already: looked at, and never touched.

use async_trait::async_trait;
use lazuli_arm::ResourceType;
use lazuli_core::{Declared, Observed, Progress, ProviderError, Recorded, Value};

use super::call::Call;
use super::connection::Connection;
use super::lifecycle::Lifecycle;
use super::reporter::Nobody;
use super::{error, request};

/// The lifecycle of what exists already.
pub(crate) struct Found;

#[async_trait]
impl Lifecycle for Found {
    async fn create(
        &self,
        on: &Connection,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        find(&on.on_desired(desired, progress)?, &desired.inputs).await
    }

    async fn read(
        &self,
        on: &Connection,
        existing: &Recorded,
    ) -> Result<Option<Observed>, ProviderError> {
        look(&on.on_existing(existing, &Nobody)?, &existing.inputs).await
    }

    async fn update(
        &self,
        on: &Connection,
        existing: &Recorded,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let call = on.on_change(existing, desired, progress)?;
        find(&call, &desired.inputs).await
    }

    /// What is not this program's stays.
    async fn delete(
        &self,
        _: &Connection,
        _: &Recorded,
        _: &dyn Progress,
    ) -> Result<(), ProviderError> {
        Ok(())
    }
}

/// Finds it. That it is not there is the program's mistake, or comes too early.
async fn find(call: &Call<'_>, inputs: &Value) -> Result<Observed, ProviderError> {
    match look(call, inputs).await? {
        Some(found) => Ok(found),
        None => Err(error::refused(format!("`{}` does not exist", call.id))
            .code("NotFound")
            .help(
                "correct its name or id, deploy what makes it first, or declare it with a builder",
            )),
    }
}

/// Reads it, when no operation of somebody else's is running on it.
async fn look(call: &Call<'_>, inputs: &Value) -> Result<Option<Observed>, ProviderError> {
    let ty = inputs.at("type").and_then(Value::as_str);
    let answer = call.get_settled().await?;
    let found = |answer| {
        request::created(
            ty.map_or(call.ty(), ResourceType::new),
            call.id.as_str(),
            answer,
            inputs,
        )
    };
    Ok(answer.map(found))
}
