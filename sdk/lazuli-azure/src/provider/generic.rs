//! The life of most resources: PUT, GET, DELETE.

use lazuli_core::{Observed, ProviderError, Value};

use super::call::Call;
use super::{merge, request};

pub(super) async fn create(call: &Call<'_>, inputs: &Value) -> Result<Observed, ProviderError> {
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

pub(super) async fn update(
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
