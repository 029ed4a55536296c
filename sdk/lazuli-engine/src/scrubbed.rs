//! Providers whose words are free of the run's secrets.
//!
//! A cloud may repeat what it was sent. What a provider says (errors, findings, progress) is scrubbed here, before
//! anything is worded, shown, or written to the history; an output in which a secret of its own resource or of the
//! configuration recurs becomes secret. Known are the secrets of the configuration, those among inputs and outputs
//! that passed by in this run, and those that the provider itself keeps, such as tokens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lazuli_core::scrub::Secrets;
use lazuli_core::{
    Declared, DeclaredNode, Diagnostic, Lifecycle, NodeStyle, Observed, Progress, Proof, Provider,
    ProviderError, Recorded, Schema, TypeSchema, Urn, Value,
};

/// Providers by name.
type Providers = BTreeMap<String, Arc<dyn Provider>>;

/// Schemas of providers, by their names.
type Schemas = BTreeMap<String, Arc<dyn Schema>>;

/// Wraps the providers of a run and the schemas that its checks use.
pub(crate) fn wrap(
    providers: &Providers,
    schemas: Schemas,
    config: &BTreeMap<String, Value>,
) -> (Providers, Schemas) {
    let mut fixed = Secrets::new();
    config.values().for_each(|value| fixed.add_from(value));
    let known = Known(Arc::new(Mutex::new(fixed.clone())));
    let wrapped = |(name, inner): (&String, &Arc<dyn Provider>)| {
        let provider: Arc<dyn Provider> = Arc::new(Scrubbed {
            inner: Arc::clone(inner),
            config: fixed.clone(),
            known: known.clone(),
        });
        (name.clone(), provider)
    };
    let schema = |(name, inner)| {
        let known = known.clone();
        let schema: Arc<dyn Schema> = Arc::new(ScrubbedSchema { inner, known });
        (name, schema)
    };
    (
        providers.iter().map(wrapped).collect(),
        schemas.into_iter().map(schema).collect(),
    )
}

/// All secrets that are known so far, of the configuration and of every resource.
#[derive(Clone)]
struct Known(Arc<Mutex<Secrets>>);

impl Known {
    fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, value: &Value) {
        if value.contains_secret() {
            self.secrets().add_from(value);
        }
    }

    fn learn_existing(&self, existing: &Recorded) {
        self.learn(&existing.inputs);
        self.learn(&existing.outputs);
    }

    fn learn_declared(&self, declared: &[DeclaredNode]) {
        for one in declared {
            self.learn(&one.desired.inputs);
        }
    }
}

fn scrub_findings(findings: Vec<Diagnostic>, secrets: &Secrets) -> Vec<Diagnostic> {
    let findings = findings.into_iter();
    findings
        .map(|finding| secrets.scrub_finding(finding))
        .collect()
}

/// A schema whose findings are free of the secrets of all that was declared.
struct ScrubbedSchema {
    inner: Arc<dyn Schema>,
    known: Known,
}

impl Schema for ScrubbedSchema {
    fn type_schema(&self, ty: &str) -> Arc<TypeSchema> {
        self.inner.type_schema(ty)
    }

    fn check(&self, declared: &Declared) -> Vec<Diagnostic> {
        self.known.learn(&declared.inputs);
        let findings = self.inner.check(declared);
        if findings.is_empty() {
            return findings;
        }
        scrub_findings(findings, &self.known.secrets())
    }

    fn verify(&self, declared: &[DeclaredNode]) -> Vec<Diagnostic> {
        let findings = self.inner.verify(declared);
        if findings.is_empty() {
            return findings;
        }
        self.known.learn_declared(declared);
        scrub_findings(findings, &self.known.secrets())
    }

    fn proofs(&self, declared: &[DeclaredNode]) -> Vec<Proof> {
        self.inner.proofs(declared)
    }

    fn has_rule(&self, code: &str) -> bool {
        self.inner.has_rule(code)
    }

    fn display(&self, declared: &[DeclaredNode]) -> Vec<NodeStyle> {
        self.inner.display(declared)
    }

    fn lock_keys(&self, declared: &Declared) -> Vec<String> {
        self.inner.lock_keys(declared)
    }

    fn estimate(&self, declared: &Declared, lifecycle: Lifecycle) -> Duration {
        self.inner.estimate(declared, lifecycle)
    }
}

struct Scrubbed {
    inner: Arc<dyn Provider>,
    /// The secrets of the stack's configuration.
    config: Secrets,
    known: Known,
}

impl Scrubbed {
    /// All secrets that a text of the provider may repeat.
    fn secrets(&self) -> Secrets {
        let mut secrets = self.known.secrets().clone();
        secrets.extend(&self.inner.secrets());
        secrets
    }

    fn error(&self, error: ProviderError) -> ProviderError {
        self.secrets().scrub_error(error)
    }

    /// The answer with secrets of the configuration and of these values sealed.
    fn seal(&self, mut created: Observed, own: &[&Value]) -> Observed {
        let mut secrets = self.config.clone();
        own.iter().for_each(|value| secrets.add_from(value));
        created.outputs = secrets.seal(created.outputs);
        created
    }
}

/// Progress of an operation, in words that are scrubbed.
struct ScrubbedProgress<'a> {
    provider: &'a Scrubbed,
    inner: &'a dyn Progress,
}

impl Progress for ScrubbedProgress<'_> {
    fn accepted(&self, token: Value) -> Result<(), ProviderError> {
        self.inner.accepted(token)
    }

    fn status(&self, text: &str) {
        self.inner.status(&self.provider.secrets().scrub(text));
    }
}

#[async_trait]
impl Provider for Scrubbed {
    fn schema(&self) -> Arc<dyn Schema> {
        Arc::new(ScrubbedSchema {
            inner: self.inner.schema(),
            known: self.known.clone(),
        })
    }

    async fn verify_online(&self, created: &[DeclaredNode]) -> Vec<Diagnostic> {
        let findings = self.inner.verify_online(created).await;
        if findings.is_empty() {
            return findings;
        }
        self.known.learn_declared(created);
        scrub_findings(findings, &self.secrets())
    }

    fn secrets(&self) -> Secrets {
        Scrubbed::secrets(self)
    }

    async fn create(
        &self,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        self.known.learn(&desired.inputs);
        let progress = ScrubbedProgress {
            provider: self,
            inner: progress,
        };
        let created = self.inner.create(desired, &progress).await;
        let created = created.map_err(|error| self.error(error))?;
        Ok(self.seal(created, &[&desired.inputs]))
    }

    async fn read(&self, existing: &Recorded) -> Result<Option<Observed>, ProviderError> {
        self.known.learn_existing(existing);
        let found = self.inner.read(existing).await;
        let found = found.map_err(|error| self.error(error))?;
        Ok(found.map(|found| self.seal(found, &[&existing.inputs, &existing.outputs])))
    }

    async fn find(
        &self,
        lost: &Recorded,
        known: &[String],
    ) -> Result<Option<Observed>, ProviderError> {
        self.known.learn_existing(lost);
        let found = self.inner.find(lost, known).await;
        let found = found.map_err(|error| self.error(error))?;
        Ok(found.map(|found| self.seal(found, &[&lost.inputs, &lost.outputs])))
    }

    async fn update(
        &self,
        existing: &Recorded,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        self.known.learn_existing(existing);
        self.known.learn(&desired.inputs);
        let progress = ScrubbedProgress {
            provider: self,
            inner: progress,
        };
        let updated = self.inner.update(existing, desired, &progress).await;
        let updated = updated.map_err(|error| self.error(error))?;
        Ok(self.seal(updated, &[&desired.inputs, &existing.inputs]))
    }

    async fn delete(
        &self,
        existing: &Recorded,
        progress: &dyn Progress,
    ) -> Result<(), ProviderError> {
        self.known.learn_existing(existing);
        let progress = ScrubbedProgress {
            provider: self,
            inner: progress,
        };
        let deleted = self.inner.delete(existing, &progress).await;
        deleted.map_err(|error| self.error(error))
    }

    async fn resume(&self, urn: &Urn, token: &Value) -> Result<(), ProviderError> {
        let resumed = self.inner.resume(urn, token).await;
        resumed.map_err(|error| self.error(error))
    }
}

#[cfg(test)]
mod tests {
    use lazuli_core::ProviderErrorKind;
    use serde_json::json;

    use super::*;

    const CONFIG: &str = "of-the-config";
    const OWN: &str = "of-the-inputs";
    const TOKEN: &str = "of-the-provider";

    /// Repeats all that it knows.
    struct Parrot {
        fails: bool,
    }

    fn declared() -> String {
        format!("{CONFIG} {OWN} b2YtdGhlLWlucHV0cw==")
    }

    fn all() -> String {
        format!("{} {TOKEN}", declared())
    }

    /// Its checks know no more than what was declared.
    struct ParrotSchema;

    impl Schema for ParrotSchema {
        fn check(&self, _: &Declared) -> Vec<Diagnostic> {
            vec![Diagnostic::error("LZ0001", declared()).help(declared())]
        }

        fn verify(&self, _: &[DeclaredNode]) -> Vec<Diagnostic> {
            vec![Diagnostic::error("LZ0001", declared())]
        }
    }

    #[async_trait]
    impl Provider for Parrot {
        fn schema(&self) -> Arc<dyn Schema> {
            Arc::new(ParrotSchema)
        }

        async fn verify_online(&self, _: &[DeclaredNode]) -> Vec<Diagnostic> {
            vec![Diagnostic::error("LZ0001", all())]
        }

        fn secrets(&self) -> Secrets {
            Secrets::from_iter([TOKEN])
        }

        async fn create(
            &self,
            _: &Declared,
            progress: &dyn Progress,
        ) -> Result<Observed, ProviderError> {
            progress.status(&all());
            let error = ProviderError::new(ProviderErrorKind::Refused, all());
            if self.fails {
                Err(error.code(all()).help(all()))
            } else {
                Ok(Observed {
                    id: "1".into(),
                    outputs: Value::from(json!({"copy": all(), "other": "plain"})),
                })
            }
        }

        async fn read(&self, _: &Recorded) -> Result<Option<Observed>, ProviderError> {
            Err(ProviderError::new(ProviderErrorKind::Refused, all()))
        }

        async fn update(
            &self,
            _: &Recorded,
            desired: &Declared,
            progress: &dyn Progress,
        ) -> Result<Observed, ProviderError> {
            self.create(desired, progress).await
        }

        async fn delete(&self, _: &Recorded, _: &dyn Progress) -> Result<(), ProviderError> {
            Err(ProviderError::new(ProviderErrorKind::Refused, all()))
        }
    }

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Progress for Heard {
        fn accepted(&self, _: Value) -> Result<(), ProviderError> {
            Ok(())
        }

        fn status(&self, text: &str) {
            self.0.lock().unwrap().push(text.to_owned());
        }
    }

    fn provider(fails: bool) -> Arc<dyn Provider> {
        let inner: Arc<dyn Provider> = Arc::new(Parrot { fails });
        let config = [("c".to_owned(), Value::from(CONFIG).into_secret())].into();
        let (mut wrapped, _) = wrap(&[("p".to_owned(), inner)].into(), BTreeMap::new(), &config);
        wrapped.remove("p").unwrap()
    }

    fn desired() -> Declared {
        let mut inputs = Value::map();
        if let Value::Map(map) = &mut inputs {
            map.insert("s".into(), Value::from(OWN).into_secret());
        }
        Declared {
            urn: Urn::new("dev", "p", "", "t", "a"),
            id: None,
            inputs,
            timeout: None,
        }
    }

    fn clean(text: &str) {
        for secret in [CONFIG, OWN, TOKEN, "b2YtdGhl"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("(secret)"), "{text}");
    }

    #[tokio::test]
    async fn whatever_a_provider_says_is_free_of_known_secrets() {
        let (provider, heard, desired) = (provider(true), Heard::default(), desired());
        clean(&format!("{:?}", provider.schema().check(&desired)));
        let error = provider.create(&desired, &heard).await.unwrap_err();
        clean(&format!("{error:?}"));
        clean(&heard.0.lock().unwrap()[0]);
        let existing = Recorded {
            urn: desired.urn.clone(),
            id: "1".into(),
            inputs: desired.inputs.clone(),
            outputs: Value::map(),
        };
        clean(&provider.read(&existing).await.unwrap_err().message);
        clean(
            &provider
                .delete(&existing, &heard)
                .await
                .unwrap_err()
                .message,
        );
    }

    #[tokio::test]
    async fn findings_about_several_resources_are_free_of_the_secrets_of_all() {
        let declared = DeclaredNode {
            desired: desired(),
            location: lazuli_core::SourceLocation::new("main.rs", 1),
            depends_on: Vec::new(),
            existing: false,
        };
        let declared = [declared];
        let provider = provider(false);
        clean(&format!("{:?}", provider.schema().verify(&declared)));
        clean(&format!("{:?}", provider.verify_online(&declared).await));
    }

    #[tokio::test]
    async fn an_output_that_repeats_a_secret_is_secret() {
        let created = provider(false).create(&desired(), &Heard::default()).await;
        let outputs = created.unwrap().outputs;
        assert!(outputs.is_secret_at("copy"));
        assert!(!outputs.is_secret_at("other"));
    }
}
