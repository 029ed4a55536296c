//! One operation on one resource: the requests it is made of, with errors in
//! the engine's terms.

use lazuli_arm::{ArmClient, ArmError, ArmErrorKind, NoProgress, ResourceId, ResourceType};
use lazuli_core::{ProviderError, ProviderErrorKind, Urn, Value};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::error;
use super::pace::Pace;
use super::reporter::Reporter;
use crate::generated::api_version;

/// An operation under way.
pub(super) struct Call<'a> {
    pub(super) arm: ArmClient,
    pub(super) urn: &'a Urn,
    pub(super) id: ResourceId,
    pub(super) version: String,
    pub(super) reporter: Reporter<'a>,
    pub(super) pace: &'a Pace,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        arm: ArmClient,
        urn: &'a Urn,
        id: &str,
        inputs: &Value,
        pace: &'a Pace,
        progress: &'a dyn lazuli_core::Progress,
    ) -> Result<Self, ProviderError> {
        let id = ResourceId::parse(id).map_err(|error| error::refused(error.to_string()))?;
        let version = version(urn.ty(), inputs)?;
        let reporter = Reporter::new(progress);
        Ok(Self {
            arm,
            urn,
            id,
            version,
            reporter,
            pace,
        })
    }

    pub(super) fn ty(&self) -> ResourceType<'a> {
        ResourceType::new(self.urn.ty())
    }

    /// Writes the resource and reads it once more: the answer to a PUT does not
    /// always tell the truth (App Service, seen in real traffic).
    pub(super) async fn put(&self, body: &Json) -> Result<Json, ProviderError> {
        self.reporter.took_operation();
        let put = self.arm.put(&self.id, &self.version, body, &self.reporter);
        let echo = match self.reporter.watch(put).await? {
            Ok(echo) => echo,
            Err(error) => return Err(self.failed_write(error).await),
        };
        let body = if self.reporter.took_operation() {
            echo
        } else {
            self.get().await.map_err(error::in_doubt)?.unwrap_or(echo)
        };
        self.check_health(&body)?;
        Ok(body)
    }

    /// Writes a child, such as a site's settings, whose answer nobody needs.
    pub(super) async fn put_child(
        &self,
        path: [&str; 2],
        body: &Json,
    ) -> Result<(), ProviderError> {
        let id = self.child(path)?;
        let put = self.arm.put(&id, &self.version, body, &self.reporter);
        self.finish(put).await.map(|_| ())
    }

    pub(super) async fn patch_child(
        &self,
        path: [&str; 2],
        body: &Json,
    ) -> Result<(), ProviderError> {
        let id = self.child(path)?;
        let patch = self.arm.patch(&id, &self.version, body, &self.reporter);
        self.finish(patch).await.map(|_| ())
    }

    pub(super) async fn delete_child(&self, path: [&str; 2]) -> Result<(), ProviderError> {
        let id = self.child(path)?;
        let delete = self.arm.delete(&id, &self.version, &[], &self.reporter);
        self.finish(delete).await
    }

    pub(super) async fn get_child(&self, path: [&str; 2]) -> Result<Option<Json>, ProviderError> {
        let id = self.child(path)?;
        self.arm
            .get(&id, &self.version)
            .await
            .map_err(|error| self.explain(&error))
    }

    pub(super) async fn post(&self, action: &str) -> Result<Json, ProviderError> {
        let post = self
            .arm
            .post(&self.id, action, &self.version, None, &NoProgress);
        post.await.map_err(|error| self.explain(&error))
    }

    pub(super) async fn get(&self) -> Result<Option<Json>, ProviderError> {
        let get = self.arm.get(&self.id, &self.version);
        get.await.map_err(|error| self.explain(&error))
    }

    /// Reads the resource when no operation is running on it.
    pub(super) async fn get_settled(&self) -> Result<Option<Json>, ProviderError> {
        let (started, mut delay) = (Instant::now(), self.pace.first);
        loop {
            let body = self.get().await?;
            match body {
                Some(body)
                    if is_running(&body)
                        && started.elapsed() + delay <= self.pace.patience
                        && self.arm.time_left().is_none_or(|left| delay <= left) =>
                {
                    tokio::time::sleep(delay).await;
                    delay = (delay * 2).min(self.pace.max);
                }
                other => return Ok(other),
            }
        }
    }

    pub(super) async fn delete(&self, query: &[(&str, &str)]) -> Result<(), ProviderError> {
        let delete = self
            .arm
            .delete(&self.id, &self.version, query, &self.reporter);
        self.finish(delete).await
    }

    pub(super) fn explain(&self, error: &ArmError) -> ProviderError {
        error::of(self.ty(), error)
    }

    fn child(&self, [kind, name]: [&str; 2]) -> Result<ResourceId, ProviderError> {
        let child = self.id.child(kind, name);
        child.map_err(|error| error::refused(error.to_string()))
    }

    async fn finish<T>(
        &self,
        work: impl Future<Output = Result<T, ArmError>>,
    ) -> Result<T, ProviderError> {
        let result = self.reporter.watch(work).await?;
        result.map_err(|error| self.explain(&error))
    }

    /// A failed operation may leave a broken resource behind: then the engine
    /// should know that it is there.
    pub(super) async fn failed_write(&self, error: ArmError) -> ProviderError {
        let ended = matches!(
            error.kind(),
            ArmErrorKind::OperationFailed | ArmErrorKind::Cancelled
        );
        if ended
            && let Ok(Some(body)) = self.arm.get(&self.id, &self.version).await
            && is_failed(&body)
        {
            return error::unhealthy(self.ty(), &error);
        }
        self.explain(&error)
    }

    fn check_health(&self, body: &Json) -> Result<(), ProviderError> {
        let Some(trouble) = trouble(body) else {
            return Ok(());
        };
        let message = format!("{}: Azure accepted the request, but {trouble}", self.id);
        let error = ProviderError::new(ProviderErrorKind::Unhealthy, message);
        Err(error.help("look at the resource's activity log, correct the cause, and run again"))
    }
}

/// The version of a resource's requests: its own, else the type's pinned one.
fn version(ty: &str, inputs: &Value) -> Result<String, ProviderError> {
    let own = inputs
        .at("apiVersion")
        .and_then(Value::as_str)
        .filter(|own| !own.is_empty());
    own.or_else(|| api_version(ty)).map(str::to_owned).ok_or_else(|| {
        error::refused(format!("no API version is known for the type {ty}"))
            .help(format!("declare it with a version: `ArmResource::builder(&parent, \"{ty}@2024-01-01\", ..)`"))
    })
}

fn state(body: &Json) -> Option<&str> {
    body.pointer("/properties/provisioningState")?.as_str()
}

/// Terminal states are three; a resource that tells none is finished (ARM contract).
fn is_running(body: &Json) -> bool {
    let terminal = ["succeeded", "failed", "canceled", "cancelled"];
    state(body).is_some_and(|state| !terminal.contains(&state.to_ascii_lowercase().as_str()))
}

fn is_failed(body: &Json) -> bool {
    let failed = ["failed", "canceled", "cancelled"];
    state(body).is_some_and(|state| failed.contains(&state.to_ascii_lowercase().as_str()))
}

/// What keeps a resource that exists from doing its work.
fn trouble(body: &Json) -> Option<String> {
    if is_failed(body) {
        return Some(format!(
            "its provisioning state is {}",
            state(body).unwrap_or_default()
        ));
    }
    let connections = body
        .pointer("/properties/privateLinkServiceConnections")?
        .as_array()?;
    // Rejected and disconnected are final: such an endpoint can only be replaced (Private Link documentation).
    let status = connections.iter().find_map(|connection| {
        let status = connection.pointer("/properties/privateLinkServiceConnectionState/status")?;
        status
            .as_str()
            .filter(|status| ["Rejected", "Disconnected"].contains(status))
    })?;
    Some(format!(
        "the owner of the service has it {}",
        status.to_lowercase()
    ))
}
