//! Actions: what is asked of a resource, and changes of a part of it.
//!
//! See `resources::action` for what their inputs say. An action is done again when its
//! inputs change, and undone by nobody.

use async_trait::async_trait;
use lazuli_arm::{ArmClient, NoProgress, ResourceId};
use lazuli_core::value::Reveal;
use lazuli_core::{Declared, Observed, Progress, ProviderError, Recorded, Value};
use serde_json::Value as Json;

use super::connection::Connection;
use super::error;
use super::lifecycle::Lifecycle;
use super::reporter::Reporter;

/// The lifecycle of actions whose answer says nothing that a program could use.
pub(crate) static DONE: Asked = Asked {
    answer: Answer::Unused,
};
/// The lifecycle of actions that only read something.
pub(crate) static READ: Asked = Asked {
    answer: Answer::Read,
};
/// The lifecycle of actions that make secrets.
pub(crate) static MADE: Asked = Asked {
    answer: Answer::Made,
};

/// An action that is asked of a resource.
pub(crate) struct Asked {
    answer: Answer,
}

/// What the answer to an action is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// Of no use to a program.
    Unused,
    /// Secrets that may be asked for again.
    Read,
    /// Secrets that cannot be asked for again without making them anew.
    Made,
}

#[async_trait]
impl Lifecycle for Asked {
    async fn create(
        &self,
        on: &Connection,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        self.act(&on.client(desired.timeout), desired, progress)
            .await
    }

    async fn read(
        &self,
        on: &Connection,
        existing: &Recorded,
    ) -> Result<Option<Observed>, ProviderError> {
        self.look(&on.client(None), existing).await
    }

    async fn update(
        &self,
        on: &Connection,
        _: &Recorded,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        self.create(on, desired, progress).await
    }

    /// What is done is done.
    async fn delete(
        &self,
        _: &Connection,
        _: &Recorded,
        _: &dyn Progress,
    ) -> Result<(), ProviderError> {
        Ok(())
    }
}

/// What is asked of whom.
struct Action<'a> {
    of: ResourceId,
    version: &'a str,
    inputs: &'a Value,
}

impl<'a> Action<'a> {
    fn read(id: &str, inputs: &'a Value) -> Result<Self, ProviderError> {
        let text = |key: &str| {
            let found = inputs.at(key).and_then(Value::as_str);
            found.ok_or_else(|| error::refused(format!("`{key}` is missing from `{id}`")))
        };
        let of = ResourceId::parse(text("resourceId")?)
            .map_err(|cause| error::refused(cause.to_string()))?;
        Ok(Self {
            of,
            version: text("apiVersion")?,
            inputs,
        })
    }

    fn json(&self, path: &str) -> Option<Json> {
        let found = self.inputs.at(path)?;
        Some(found.to_json(Reveal::Yes))
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

impl Asked {
    /// Does it.
    async fn act(
        &self,
        arm: &ArmClient,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let id = desired.id.as_deref().unwrap_or_default();
        let action = Action::read(id, &desired.inputs)?;
        if desired.inputs.contains_unknown() {
            return Err(error::refused(format!(
                "an input of `{id}` is not known yet, although it is being done"
            )));
        }
        let reporter = Reporter::new(progress);
        let answer = reporter.watch(action.perform(arm, &reporter)).await?;
        let answer = answer.map_err(|error| error::of(desired.urn.ty(), &error))?;
        Ok(self.created(id, answer))
    }

    /// An action is there as long as the resource is that it was asked of. Whether its
    /// effect still is, Azure does not say.
    async fn look(
        &self,
        arm: &ArmClient,
        existing: &Recorded,
    ) -> Result<Option<Observed>, ProviderError> {
        let explain = |error| error::of(existing.urn.ty(), &error);
        let action = Action::read(&existing.id, &existing.inputs)?;
        let found = arm.get(&action.of, action.version).await;
        if found.map_err(explain)?.is_none() {
            return Ok(None);
        }
        // An answer that was lost is made again; what it was before, nobody knows.
        if self.answer == Answer::Made && existing.outputs.at("passwords").is_none() {
            return Ok(None);
        }
        if self.answer != Answer::Read {
            return Ok(Some(Observed {
                id: existing.id.clone(),
                outputs: existing.outputs.clone(),
            }));
        }
        let answer = action.perform(arm, &NoProgress).await;
        Ok(Some(self.created(&existing.id, answer.map_err(explain)?)))
    }

    /// Of credentials every text is a secret; other answers are of no use to a program.
    fn created(&self, id: &str, answer: Json) -> Observed {
        let outputs = match self.answer {
            Answer::Unused => Value::map(),
            Answer::Read | Answer::Made => secret(Value::from(answer)),
        };
        Observed {
            id: id.to_owned(),
            outputs,
        }
    }
}
