//! A custom kind as the engine sees it: values in, values out, typed in between.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::de::DeserializeOwned;

use super::{Custom, Failure, Inputs as _, Known, Made, Status, Wanted, typed};
use crate::provider::{
    Declared, Lifecycle, Observed, Progress, Provider, ProviderError, Recorded, TypeSchema,
};
use crate::value::Value;
use crate::{Diagnostic, Urn};

/// Where an answer keeps the resource's id.
const ID: &str = "id";

/// The provider of a kind, with the name it is to be known by.
pub fn serve<K: Custom>(kind: K) -> (String, Arc<dyn Provider>) {
    (K::Inputs::TYPE.to_owned(), Arc::new(Served(kind)))
}

struct Served<K>(K);

type Answer<K> = Made<<K as Custom>::Outputs>;

impl<K: Custom> Served<K> {
    fn wanted<'a>(
        &self,
        desired: &'a Declared,
        progress: &'a dyn Progress,
    ) -> Result<Wanted<'a, K::Inputs>, ProviderError> {
        let inputs = typed(&desired.inputs);
        Ok(Wanted {
            inputs: inputs.map_err(|reason| misfit("inputs", &desired.urn, &reason))?,
            timeout: desired.timeout,
            name: desired.urn.name(),
            urn: &desired.urn,
            status: Status(progress),
        })
    }

    fn known<'a>(
        &self,
        existing: &'a Recorded,
    ) -> Result<Known<'a, K::Inputs, K::Outputs>, ProviderError> {
        let inputs = typed(&existing.inputs);
        let inputs = inputs.map_err(|reason| misfit("recorded inputs", &existing.urn, &reason))?;
        let outputs = match &existing.outputs {
            Value::Null => None,
            outputs => {
                let outputs = outputs_of(outputs);
                Some(outputs.map_err(|reason| misfit("recorded outputs", &existing.urn, &reason))?)
            }
        };
        Ok(Known {
            id: Some(existing.id.clone()).filter(|id| !id.is_empty()),
            inputs,
            outputs,
            name: existing.urn.name(),
            urn: &existing.urn,
        })
    }

    fn created(&self, made: Answer<K>) -> Result<Observed, ProviderError> {
        let json = serde_json::to_value(made.outputs).map_err(Failure::from)?;
        let mut members = match Value::from(json) {
            Value::Map(members) => members,
            Value::Null => Default::default(),
            _ => {
                let message = format!("the outputs of {} are no struct", K::Inputs::TYPE);
                return Err(Failure::unknown(message)
                    .help("make `Outputs` a struct with named fields, or `()`")
                    .into());
            }
        };
        for path in &self.0.facts().secret_outputs {
            if let Some(value) = members.get_mut(path) {
                *value = std::mem::take(value).into_secret();
            }
        }
        members.insert(ID.to_owned(), Value::from(made.id.as_str()));
        Ok(Observed {
            id: made.id,
            outputs: Value::Map(members),
        })
    }
}

/// The answer without the id, which is kept in it. `()` is an empty answer.
fn outputs_of<T: DeserializeOwned>(answer: &Value) -> Result<T, String> {
    let mut members = answer.as_map().cloned().unwrap_or_default();
    members.remove(ID);
    let is_empty = members.is_empty();
    typed(&Value::Map(members)).or_else(|reason| match is_empty {
        true => typed(&Value::Null).map_err(|_| reason),
        false => Err(reason),
    })
}

fn misfit(what: &str, urn: &Urn, reason: &str) -> ProviderError {
    let message = format!(
        "the {what} of {} do not fit their struct: {reason}",
        urn.address()
    );
    Failure::refused(message)
        .help("give fields that were added since then `#[serde(default)]`")
        .into()
}

#[async_trait]
impl<K: Custom> Provider for Served<K> {
    fn facts(&self, _: &str) -> TypeSchema {
        let facts = self.0.facts();
        let mut types = facts.types;
        if !facts.in_place {
            types.immutable = vec!["*".to_owned()];
        }
        types.stable_outputs.push((ID.to_owned(), Vec::new()));
        types
    }

    fn check(&self, desired: &Declared) -> Vec<Diagnostic> {
        if desired.inputs.contains_unknown() {
            return Vec::new();
        }
        match typed(&desired.inputs) {
            Ok(inputs) => self.0.check(&inputs),
            Err(reason) => {
                let place = desired.urn.address();
                let message = format!("the inputs of {place} do not fit their struct: {reason}");
                vec![Diagnostic::error("LZ1900", message).on(&desired.urn)]
            }
        }
    }

    fn estimate(&self, desired: &Declared, lifecycle: Lifecycle) -> Duration {
        let told = self.0.takes(&desired.inputs, lifecycle);
        told.unwrap_or_else(|| self.0.facts().duration(lifecycle))
    }

    async fn create(
        &self,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let made = self.0.create(self.wanted(desired, progress)?).await?;
        self.created(made)
    }

    async fn read(&self, existing: &Recorded) -> Result<Option<Observed>, ProviderError> {
        let found = self.0.read(self.known(existing)?).await?;
        found.map(|made| self.created(made)).transpose()
    }

    async fn update(
        &self,
        existing: &Recorded,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        if !self.0.facts().in_place && existing.inputs.unwrapped() == desired.inputs.unwrapped() {
            // An interrupted create, read since: there is nothing to write again.
            return Ok(Observed {
                id: existing.id.clone(),
                outputs: existing.outputs.clone(),
            });
        }
        let (known, wanted) = (self.known(existing)?, self.wanted(desired, progress)?);
        let outputs = self.0.update(known, wanted).await?;
        self.created(Made::new(existing.id.clone(), outputs))
    }

    async fn delete(&self, existing: &Recorded, _: &dyn Progress) -> Result<(), ProviderError> {
        Ok(self.0.delete(self.known(existing)?).await?)
    }
}
