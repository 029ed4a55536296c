//! A custom kind as the engine sees it: a schema and a provider that convert
//! between untyped values and the types of the kind.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::de::DeserializeOwned;

use super::{Custom, Facts, Failure, Inputs as _, Known, Made, Status, Wanted, typed};
use crate::provider::{Declared, Observed, Progress, Provider, ProviderError, Recorded};
use crate::schema::{Lifecycle, Schema, TypeSchema};
use crate::value::Value;
use crate::{Diagnostic, Urn};

/// Where an answer keeps the resource's id.
const ID: &str = "id";

/// The provider of a kind, with the name it is to be known by.
pub fn serve<K: Custom>(kind: K) -> (String, Arc<dyn Provider>) {
    let schema = Arc::new(KindSchema::new(kind));
    (K::Inputs::TYPE.to_owned(), Arc::new(Served { schema }))
}

/// What is known of a kind without calling its code for operations.
struct KindSchema<K> {
    kind: K,
    facts: Facts,
    of_type: Arc<TypeSchema>,
}

impl<K: Custom> KindSchema<K> {
    fn new(kind: K) -> Self {
        let facts = kind.facts();
        let mut of_type = facts.types.clone();
        if !facts.in_place {
            of_type.immutable = vec!["*".to_owned()];
        }
        of_type.stable_outputs.push((ID.to_owned(), Vec::new()));
        Self {
            kind,
            facts,
            of_type: Arc::new(of_type),
        }
    }
}

struct Served<K> {
    schema: Arc<KindSchema<K>>,
}

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
                let message = format!("the outputs of {} are not a struct", K::Inputs::TYPE);
                return Err(Failure::unknown(message)
                    .help("make `Outputs` a struct with named fields, or `()`")
                    .into());
            }
        };
        for path in &self.schema.facts.secret_outputs {
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
    typed(&Value::Map(members)).or_else(|reason| {
        if is_empty {
            typed(&Value::Null).map_err(|_| reason)
        } else {
            Err(reason)
        }
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

impl<K: Custom> Schema for KindSchema<K> {
    fn type_schema(&self, _: &str) -> Arc<TypeSchema> {
        self.of_type.clone()
    }

    fn check(&self, desired: &Declared) -> Vec<Diagnostic> {
        if desired.inputs.contains_unknown() {
            return Vec::new();
        }
        match typed(&desired.inputs) {
            Ok(inputs) => self.kind.check(&inputs),
            Err(reason) => {
                let place = desired.urn.address();
                let message = format!("the inputs of {place} do not fit their struct: {reason}");
                vec![Diagnostic::error("LZ1900", message).on(&desired.urn)]
            }
        }
    }

    fn estimate(&self, desired: &Declared, lifecycle: Lifecycle) -> Duration {
        let own = self.kind.takes(&desired.inputs, lifecycle);
        own.unwrap_or_else(|| self.facts.duration(lifecycle))
    }
}

#[async_trait]
impl<K: Custom> Provider for Served<K> {
    fn schema(&self) -> Arc<dyn Schema> {
        self.schema.clone()
    }

    async fn create(
        &self,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let made = self
            .schema
            .kind
            .create(self.wanted(desired, progress)?)
            .await?;
        self.created(made)
    }

    async fn read(&self, existing: &Recorded) -> Result<Option<Observed>, ProviderError> {
        let found = self.schema.kind.read(self.known(existing)?).await?;
        found.map(|made| self.created(made)).transpose()
    }

    async fn update(
        &self,
        existing: &Recorded,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        if !self.schema.facts.in_place && existing.inputs.unwrapped() == desired.inputs.unwrapped()
        {
            // An interrupted create, read since: there is nothing to write again.
            return Ok(Observed {
                id: existing.id.clone(),
                outputs: existing.outputs.clone(),
            });
        }
        let (known, wanted) = (self.known(existing)?, self.wanted(desired, progress)?);
        let outputs = self.schema.kind.update(known, wanted).await?;
        self.created(Made::new(existing.id.clone(), outputs))
    }

    async fn delete(&self, existing: &Recorded, _: &dyn Progress) -> Result<(), ProviderError> {
        Ok(self.schema.kind.delete(self.known(existing)?).await?)
    }
}
