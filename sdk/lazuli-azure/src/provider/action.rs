//! Deeds: actions asked of a resource, and changes of a part of it.
//!
//! See `resources::action` for what their inputs say. A action is done again when its
//! inputs change, and undone by nobody.

use lazuli_arm::{ArmClient, NoProgress, ResourceId};
use lazuli_core::value::Reveal;
use lazuli_core::{Observed, Progress, ProviderError, Recorded, Value};
use serde_json::Value as Json;

use super::error;
use super::reporter::Reporter;
use crate::image::ImageImport;
use crate::resources::{RegistryCredentials, RegistryLock, SlotSwap, TokenCredentials};

const TYPES: [&str; 5] = [
    ImageImport::TYPE,
    RegistryCredentials::TYPE,
    RegistryLock::TYPE,
    SlotSwap::TYPE,
    TokenCredentials::TYPE,
];

/// Whether a type is one of actions.
pub(super) fn is(ty: &str) -> bool {
    TYPES.iter().any(|action| action.eq_ignore_ascii_case(ty))
}

/// What is asked of whom.
struct Action<'a> {
    ty: &'a str,
    id: &'a str,
    of: ResourceId,
    version: &'a str,
    inputs: &'a Value,
}

impl<'a> Action<'a> {
    fn read(ty: &'a str, id: &'a str, inputs: &'a Value) -> Result<Self, ProviderError> {
        let text = |key: &str| {
            let found = inputs.at(key).and_then(Value::as_str);
            found.ok_or_else(|| error::refused(format!("`{key}` is missing from `{id}`")))
        };
        let of = ResourceId::parse(text("resourceId")?)
            .map_err(|cause| error::refused(cause.to_string()))?;
        Ok(Self {
            ty,
            id,
            of,
            version: text("apiVersion")?,
            inputs,
        })
    }

    fn json(&self, path: &str) -> Option<Json> {
        let found = self.inputs.at(path)?;
        Some(found.to_json(Reveal::Yes))
    }

    /// An answer that only tells something may be asked for again.
    fn only_reads(&self) -> bool {
        self.ty.eq_ignore_ascii_case(RegistryCredentials::TYPE)
    }

    /// An answer that cannot be asked for again without making it anew.
    fn makes_secrets(&self) -> bool {
        self.ty.eq_ignore_ascii_case(TokenCredentials::TYPE)
    }

    async fn perform(
        &self,
        arm: &ArmClient,
        progress: &dyn lazuli_arm::Progress,
    ) -> Result<Json, lazuli_arm::ArmError> {
        if let Some(patch) = self.json("patch") {
            return arm.patch(&self.of, self.version, &patch, progress).await;
        }
        let action = self.inputs.at("action").and_then(Value::as_str);
        let body = self.json("body");
        let action = action.unwrap_or_default();
        arm.post(&self.of, action, self.version, body.as_ref(), progress)
            .await
    }

    /// Of credentials every text is a secret; other answers are of no use to a program.
    fn created(&self, answer: Json) -> Observed {
        let outputs = match self.only_reads() || self.makes_secrets() {
            true => secret(Value::from(answer)),
            false => Value::map(),
        };
        Observed {
            id: self.id.to_owned(),
            outputs,
        }
    }
}

fn secret(value: Value) -> Value {
    match value {
        Value::Map(members) => {
            let members = members.into_iter();
            Value::Map(members.map(|(key, value)| (key, secret(value))).collect())
        }
        Value::List(items) => Value::List(items.into_iter().map(secret).collect()),
        Value::String(text) => Value::String(text).into_secret(),
        other => other,
    }
}

/// Does it.
pub(super) async fn act(
    arm: &ArmClient,
    (ty, id): (&str, &str),
    inputs: &Value,
    progress: &dyn Progress,
) -> Result<Observed, ProviderError> {
    let action = Action::read(ty, id, inputs)?;
    if inputs.contains_unknown() {
        return Err(error::refused(format!(
            "an input of `{id}` is not known yet, although it is being done"
        )));
    }
    let reporter = Reporter::new(progress);
    let answer = reporter.watch(action.perform(arm, &reporter)).await?;
    let answer = answer.map_err(|error| error::of(ty, &error))?;
    Ok(action.created(answer))
}

/// A action is there as long as the resource is that it was asked of. Whether its
/// effect still is, Azure does not say.
pub(super) async fn read(
    arm: &ArmClient,
    existing: &Recorded,
) -> Result<Option<Observed>, ProviderError> {
    let ty = existing.urn.ty();
    let action = Action::read(ty, &existing.id, &existing.inputs)?;
    let found = arm.get(&action.of, action.version).await;
    if found.map_err(|error| error::of(ty, &error))?.is_none() {
        return Ok(None);
    }
    // An answer that was lost is made again; what it was before, nobody knows.
    if action.makes_secrets() && existing.outputs.at("passwords").is_none() {
        return Ok(None);
    }
    if !action.only_reads() {
        return Ok(Some(Observed {
            id: existing.id.clone(),
            outputs: existing.outputs.clone(),
        }));
    }
    let answer = action.perform(arm, &NoProgress).await;
    let answer = answer.map_err(|error| error::of(ty, &error))?;
    Ok(Some(action.created(answer)))
}
