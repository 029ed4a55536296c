//! How the operations of a type are carried out: PUT, GET and DELETE, unless the
//! type's record names something else.

use async_trait::async_trait;
use lazuli_core::{Declared, Observed, Progress, ProviderError, Recorded, Value};

use super::call::Call;
use super::connection::Connection;
use super::reporter::Nobody;
use super::{merge, request};

/// The operations of a type. What a type does as most do, it leaves out.
#[async_trait]
pub(crate) trait Lifecycle: Send + Sync {
    /// Creates the resource.
    async fn create(
        &self,
        on: &Connection,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        create(&on.on_desired(desired, progress)?, &desired.inputs).await
    }

    /// Reads the resource; none where it is gone.
    async fn read(
        &self,
        on: &Connection,
        existing: &Recorded,
    ) -> Result<Option<Observed>, ProviderError> {
        read(&on.on_existing(existing, &Nobody)?, &existing.inputs).await
    }

    /// Changes the resource in place.
    async fn update(
        &self,
        on: &Connection,
        existing: &Recorded,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let call = on.on_change(existing, desired, progress)?;
        update(&call, &existing.inputs, &desired.inputs).await
    }

    /// Deletes the resource.
    async fn delete(
        &self,
        on: &Connection,
        existing: &Recorded,
        progress: &dyn Progress,
    ) -> Result<(), ProviderError> {
        on.on_existing(existing, progress)?.delete(&[]).await
    }
}

/// The lifecycle of most types.
pub(crate) struct Plain;

impl Lifecycle for Plain {}

async fn create(call: &Call<'_>, inputs: &Value) -> Result<Observed, ProviderError> {
    let answer = call.put(&request::body(inputs)?).await?;
    Ok(request::created(
        call.ty(),
        call.id.as_str(),
        answer,
        inputs,
    ))
}

pub(super) async fn read(
    call: &Call<'_>,
    inputs: &Value,
) -> Result<Option<Observed>, ProviderError> {
    let answer = call.get_settled().await?;
    Ok(answer.map(|answer| request::created(call.ty(), call.id.as_str(), answer, inputs)))
}

async fn update(
    call: &Call<'_>,
    before: &Value,
    inputs: &Value,
) -> Result<Observed, ProviderError> {
    let mut body = request::body(inputs)?;
    if merge::carries(call.ty())
        && let Some(current) = call.get_settled().await?
    {
        body = merge::body(call.ty(), current, before, &body);
    }
    let answer = call.put(&body).await?;
    Ok(request::created(
        call.ty(),
        call.id.as_str(),
        answer,
        inputs,
    ))
}
