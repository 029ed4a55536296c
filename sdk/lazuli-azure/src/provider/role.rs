//! Role assignments: another assignment of the same role to the same principal
//! is as good as our own.

use async_trait::async_trait;
use lazuli_arm::ArmError;
use lazuli_core::value::Reveal;
use lazuli_core::{Declared, Observed, Progress, ProviderError, Value};
use serde_json::{Value as Json, json};

use super::call::Call;
use super::connection::Connection;
use super::lifecycle::{self, Lifecycle};
use super::{error, request};
use crate::generated::types;

/// The lifecycle of role assignments.
pub(crate) struct Assignment;

#[async_trait]
impl Lifecycle for Assignment {
    async fn create(
        &self,
        on: &Connection,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        create(&on.on_desired(desired, progress)?, &desired.inputs).await
    }
}

/// Creates the assignment. `PrincipalNotFound`, which a new identity meets, is
/// waited out by the client; `principalType` makes it rare (role-based access
/// control, troubleshooting).
async fn create(call: &Call<'_>, inputs: &Value) -> Result<Observed, ProviderError> {
    let mut body = request::body(inputs)?;
    if body.pointer("/properties/principalType").is_none()
        && let Some(properties) = body.get_mut("properties").and_then(Json::as_object_mut)
    {
        properties.insert("principalType".to_owned(), json!("ServicePrincipal"));
    }
    let put = call.arm.put(&call.id, &call.version, &body, &call.reporter);
    match call.reporter.watch(put).await? {
        Ok(echo) => {
            let answer = call.get().await.map_err(error::in_doubt)?.unwrap_or(echo);
            Ok(request::created(
                call.ty(),
                call.id.as_str(),
                answer,
                inputs,
            ))
        }
        Err(refusal) if exists(&refusal) => adopt(call, inputs, &body, &refusal).await,
        Err(refusal) => Err(call.explain(&refusal)),
    }
}

fn exists(refusal: &ArmError) -> bool {
    error::codes(refusal).any(|code| code.eq_ignore_ascii_case("RoleAssignmentExists"))
}

/// Finds the assignment that is in the way.
async fn adopt(
    call: &Call<'_>,
    inputs: &Value,
    body: &Json,
    refusal: &ArmError,
) -> Result<Observed, ProviderError> {
    let own = Existing { inputs };
    if let Some(created) = lifecycle::read(call, inputs).await? {
        return Ok(created);
    }
    let Some(scope) = call.id.parent() else {
        return Err(call.explain(refusal));
    };
    let principal = body
        .pointer("/properties/principalId")
        .and_then(Json::as_str)
        .unwrap_or_default();
    let path = format!(
        "{scope}/providers/{}?$filter=principalId eq '{principal}'",
        types::ROLE_ASSIGNMENT
    );
    let found = call
        .arm
        .list(&path, &call.version)
        .await
        .map_err(|error| call.explain(&error))?;
    let same = found
        .into_iter()
        .find(|assignment| own.is(assignment, scope.as_str()));
    let id = same
        .as_ref()
        .and_then(|same| same.get("id"))
        .and_then(Json::as_str)
        .map(str::to_owned);
    match (same, id) {
        (Some(same), Some(id)) => Ok(request::created(call.ty(), &id, same, inputs)),
        _ => Err(call.explain(refusal)),
    }
}

struct Existing<'a> {
    inputs: &'a Value,
}

impl Existing<'_> {
    /// Scope, role and principal are what an assignment is.
    fn is(&self, assignment: &Json, scope: &str) -> bool {
        let theirs = |path: &str| {
            assignment
                .pointer(path)
                .and_then(Json::as_str)
                .unwrap_or_default()
        };
        let inputs = self.inputs.to_json(Reveal::Yes);
        let ours = |path: &str| {
            inputs
                .pointer(path)
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let role = |id: &str| {
            id.rsplit('/')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
        };
        theirs("/properties/scope").eq_ignore_ascii_case(scope)
            && theirs("/properties/principalId")
                .eq_ignore_ascii_case(&ours("/properties/principalId"))
            && role(theirs("/properties/roleDefinitionId"))
                == role(&ours("/properties/roleDefinitionId"))
    }
}
