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
    ProviderError, Recorded, TypeSchema, Urn, Value,
};

/// Providers by name.
type Providers = BTreeMap<String, Arc<dyn Provider>>;

/// Wraps the providers of a run.
pub(crate) fn wrap(providers: &Providers, config: &BTreeMap<String, Value>) -> Providers {
    let mut fixed = Secrets::new();
    config.values().for_each(|value| fixed.add_from(value));
    let known = Arc::new(Mutex::new(fixed.clone()));
    let wrapped = |(name, inner): (&String, &Arc<dyn Provider>)| {
        let provider: Arc<dyn Provider> = Arc::new(Scrubbed {
            inner: Arc::clone(inner),
            config: fixed.clone(),
            known: Arc::clone(&known),
        });
        (name.clone(), provider)
    };
    providers.iter().map(wrapped).collect()
}

struct Scrubbed {
    inner: Arc<dyn Provider>,
    /// The secrets of the stack's configuration.
    config: Secrets,
    /// All that is known so far, of every resource.
    known: Arc<Mutex<Secrets>>,
}

impl Scrubbed {
    fn known(&self) -> MutexGuard<'_, Secrets> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, value: &Value) {
        if value.contains_secret() {
            self.known().add_from(value);
        }
    }

    fn learn_existing(&self, existing: &Recorded) {
        self.learn(&existing.inputs);
        self.learn(&existing.outputs);
    }

    /// All secrets that a text of the provider may repeat.
    fn secrets(&self) -> Secrets {
        let mut secrets = self.known().clone();
        secrets.extend(&self.inner.secrets());
        secrets
    }

    fn error(&self, error: ProviderError) -> ProviderError {
        self.secrets().scrub_error(error)
    }

    fn findings(&self, findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
        if findings.is_empty() {
            return findings;
        }
        let secrets = self.secrets();
        let scrubbed = findings
            .into_iter()
            .map(|finding| secrets.scrub_finding(finding));
        scrubbed.collect()
    }

    fn findings_on(&self, declared: &[DeclaredNode], findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
        if !findings.is_empty() {
            declared
                .iter()
                .for_each(|one| self.learn(&one.desired.inputs));
        }
        self.findings(findings)
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
    fn facts(&self, ty: &str) -> TypeSchema {
        self.inner.facts(ty)
    }

    fn check(&self, desired: &Declared) -> Vec<Diagnostic> {
        self.learn(&desired.inputs);
        self.findings(self.inner.check(desired))
    }

    fn verify(&self, declared: &[DeclaredNode]) -> Vec<Diagnostic> {
        self.findings_on(declared, self.inner.verify(declared))
    }

    fn proofs(&self, declared: &[DeclaredNode]) -> Vec<Proof> {
        self.inner.proofs(declared)
    }

    async fn verify_online(&self, created: &[DeclaredNode]) -> Vec<Diagnostic> {
        let findings = self.inner.verify_online(created).await;
        self.findings_on(created, findings)
    }

    fn has_rule(&self, code: &str) -> bool {
        self.inner.has_rule(code)
    }

    fn display(&self, declared: &[DeclaredNode]) -> Vec<NodeStyle> {
        self.inner.display(declared)
    }

    fn lock_keys(&self, desired: &Declared) -> Vec<String> {
        self.inner.lock_keys(desired)
    }

    fn estimate(&self, desired: &Declared, lifecycle: Lifecycle) -> Duration {
        self.inner.estimate(desired, lifecycle)
    }

    fn secrets(&self) -> Secrets {
        Scrubbed::secrets(self)
    }

    async fn create(
        &self,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        self.learn(&desired.inputs);
        let progress = ScrubbedProgress {
            provider: self,
            inner: progress,
        };
        let created = self.inner.create(desired, &progress).await;
        let created = created.map_err(|error| self.error(error))?;
        Ok(self.seal(created, &[&desired.inputs]))
    }

    async fn read(&self, existing: &Recorded) -> Result<Option<Observed>, ProviderError> {
        self.learn_existing(existing);
        let found = self.inner.read(existing).await;
        let found = found.map_err(|error| self.error(error))?;
        Ok(found.map(|found| self.seal(found, &[&existing.inputs, &existing.outputs])))
    }

    async fn find(
        &self,
        lost: &Recorded,
        known: &[String],
    ) -> Result<Option<Observed>, ProviderError> {
        self.learn_existing(lost);
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
        self.learn_existing(existing);
        self.learn(&desired.inputs);
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
        self.learn_existing(existing);
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

    fn all() -> String {
        format!("{CONFIG} {OWN} {TOKEN} b2YtdGhlLWlucHV0cw==")
    }

    #[async_trait]
    impl Provider for Parrot {
        fn check(&self, _: &Declared) -> Vec<Diagnostic> {
            vec![Diagnostic::error("LZ0001", all()).help(all())]
        }

        fn verify(&self, _: &[DeclaredNode]) -> Vec<Diagnostic> {
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
            match self.fails {
                true => Err(error.code(all()).help(all())),
                false => Ok(Observed {
                    id: "1".into(),
                    outputs: Value::from(json!({"copy": all(), "other": "plain"})),
                }),
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
        let mut wrapped = wrap(&[("p".to_owned(), inner)].into(), &config);
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
        clean(&format!("{:?}", provider.check(&desired)));
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

    #[test]
    fn findings_about_several_resources_are_free_of_the_secrets_of_all() {
        let declared = DeclaredNode {
            desired: desired(),
            location: lazuli_core::SourceLocation::new("main.rs", 1),
            depends_on: Vec::new(),
            existing: false,
        };
        clean(&format!("{:?}", provider(false).verify(&[declared])));
    }

    #[tokio::test]
    async fn an_output_that_repeats_a_secret_is_secret() {
        let created = provider(false).create(&desired(), &Heard::default()).await;
        let outputs = created.unwrap().outputs;
        assert!(outputs.is_secret_at("copy"));
        assert!(!outputs.is_secret_at("other"));
    }
}
