//! A provider that writes down what `verify` is asked about, and lets it pass.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lazuli_core::{
    Created, Declared, Desired, Diagnostic, Existing, Lifecycle, Progress, Provider, ProviderError,
    TypeFacts, Urn, Value,
};

/// What the program declared when it was first planned: nothing is deployed then.
pub(super) type Heard = Arc<Mutex<Vec<Declared>>>;

/// Names in the program of what the cloud was asked about.
pub(super) type Asked = Arc<Mutex<Vec<String>>>;

pub(super) struct Listener {
    pub(super) inner: Arc<dyn Provider>,
    pub(super) heard: Heard,
    pub(super) asked: Asked,
}

#[async_trait]
impl Provider for Listener {
    fn facts(&self, ty: &str) -> TypeFacts {
        self.inner.facts(ty)
    }

    fn check(&self, desired: &Desired) -> Vec<Diagnostic> {
        self.inner.check(desired)
    }

    fn verify(&self, declared: &[Declared]) -> Vec<Diagnostic> {
        let mut heard = self.heard.lock().unwrap();
        if heard.is_empty() {
            *heard = declared.to_vec();
        }
        Vec::new()
    }

    async fn verify_online(&self, created: &[Declared]) -> Vec<Diagnostic> {
        let names = created.iter().map(|one| one.desired.urn.name().to_owned());
        self.asked.lock().unwrap().extend(names);
        self.inner.verify_online(created).await
    }

    fn has_rule(&self, code: &str) -> bool {
        self.inner.has_rule(code)
    }

    fn exclusive(&self, desired: &Desired) -> Vec<String> {
        self.inner.exclusive(desired)
    }

    fn estimate(&self, desired: &Desired, lifecycle: Lifecycle) -> Duration {
        self.inner.estimate(desired, lifecycle)
    }

    async fn create(
        &self,
        desired: &Desired,
        progress: &dyn Progress,
    ) -> Result<Created, ProviderError> {
        self.inner.create(desired, progress).await
    }

    async fn read(&self, existing: &Existing) -> Result<Option<Created>, ProviderError> {
        self.inner.read(existing).await
    }

    async fn update(
        &self,
        existing: &Existing,
        desired: &Desired,
        progress: &dyn Progress,
    ) -> Result<Created, ProviderError> {
        self.inner.update(existing, desired, progress).await
    }

    async fn delete(
        &self,
        existing: &Existing,
        progress: &dyn Progress,
    ) -> Result<(), ProviderError> {
        self.inner.delete(existing, progress).await
    }

    async fn resume(&self, urn: &Urn, token: &Value) -> Result<(), ProviderError> {
        self.inner.resume(urn, token).await
    }
}
