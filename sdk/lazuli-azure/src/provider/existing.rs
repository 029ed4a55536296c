//! Resources that exist already: looked at, and never touched.

use lazuli_core::{Observed, ProviderError, Value};

use super::call::Call;
use super::{error, request};

pub(super) use crate::resources::existing::TYPE;

/// Finds it. That it is not there is the program's mistake, or comes too early.
pub(super) async fn find(call: &Call<'_>, inputs: &Value) -> Result<Observed, ProviderError> {
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
pub(super) async fn look(
    call: &Call<'_>,
    inputs: &Value,
) -> Result<Option<Observed>, ProviderError> {
    let ty = inputs.at("type").and_then(Value::as_str);
    let answer = call.get_settled().await?;
    let found = |answer| request::created(ty.unwrap_or(TYPE), call.id.as_str(), answer, inputs);
    Ok(answer.map(found))
}
