//! A provider that writes down what `verify` is asked about, and lets it pass.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lazuli_core::{
    Declared, DeclaredNode, Diagnostic, Lifecycle, Observed, Progress, Provider, ProviderError,
    Recorded, Schema, TypeSchema, Urn, Value,
};

/// What the program declared when it was first planned: nothing is deployed then.
pub(super) type Heard = Arc<Mutex<Vec<DeclaredNode>>>;

/// Names in the program of what the cloud was asked about.
pub(super) type Asked = Arc<Mutex<Vec<String>>>;

pub(super) struct Listener {
    pub(super) inner: Arc<dyn Provider>,
    pub(super) heard: Heard,
    pub(super) asked: Asked,
}

struct ListenerSchema {
    inner: Arc<dyn Schema>,
    heard: Heard,
}

impl Schema for ListenerSchema {
    fn type_schema(&self, ty: &str) -> Arc<TypeSchema> {
        self.inner.type_schema(ty)
    }

    fn check(&self, desired: &Declared) -> Vec<Diagnostic> {
        self.inner.check(desired)
    }

    fn verify(&self, declared: &[DeclaredNode]) -> Vec<Diagnostic> {
        let mut heard = self.heard.lock().unwrap();
        if heard.is_empty() {
            *heard = declared.to_vec();
        }
        Vec::new()
    }

    fn has_rule(&self, code: &str) -> bool {
        self.inner.has_rule(code)
    }

    fn lock_keys(&self, desired: &Declared) -> Vec<String> {
        self.inner.lock_keys(desired)
    }

    fn estimate(&self, desired: &Declared, lifecycle: Lifecycle) -> Duration {
        self.inner.estimate(desired, lifecycle)
    }
}

#[async_trait]
impl Provider for Listener {
    fn schema(&self) -> Arc<dyn Schema> {
        Arc::new(ListenerSchema {
            inner: self.inner.schema(),
            heard: self.heard.clone(),
        })
    }

    async fn verify_online(&self, created: &[DeclaredNode]) -> Vec<Diagnostic> {
        let names = created.iter().map(|one| one.desired.urn.name().to_owned());
        self.asked.lock().unwrap().extend(names);
        self.inner.verify_online(created).await
    }

    async fn create(
        &self,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        self.inner.create(desired, progress).await
    }

    async fn read(&self, existing: &Recorded) -> Result<Option<Observed>, ProviderError> {
        self.inner.read(existing).await
    }

    async fn update(
        &self,
        existing: &Recorded,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        self.inner.update(existing, desired, progress).await
    }

    async fn delete(
        &self,
        existing: &Recorded,
        progress: &dyn Progress,
    ) -> Result<(), ProviderError> {
        self.inner.delete(existing, progress).await
    }

    async fn resume(&self, urn: &Urn, token: &Value) -> Result<(), ProviderError> {
        self.inner.resume(urn, token).await
    }
}
