//! Image builds: a folder of the program becomes an image in a registry, built
//! by the registry itself (ACR Tasks, quick run).
//!
//! The context is packed the same way every time, uploaded to a signed URL, and
//! scheduled as a run, which is then followed. Deleting an image build deletes
//! nothing in the cloud: **images stay in the registry**, for nothing says that
//! nobody else runs them. They go with the registry.

mod archive;
mod run;
mod spec;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use lazuli_arm::{ArmClient, ArmError, NoProgress, ResourceId};
use lazuli_core::{
    Declared, Observed, Progress, ProviderError, ProviderErrorKind, Recorded, Urn, Value,
};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::connection::Connection;
use super::error;
use super::lifecycle::Lifecycle;
use super::pace::Pace;
use super::signed_url::SignedUrls;
use crate::generated::types;
use crate::image::BuildContext;
pub(super) use run::RunToken;
use run::{Run, Status};
use spec::Spec;

/// The version that runs have; later ones of the registry's own type lack them.
const API: &str = "2019-06-01-preview";

/// How many lines of a failed build's log an error shows.
const LOG_LINES: usize = 30;

/// How often a run that was just scheduled may seem to be absent.
const TOLERATED_ABSENCES: u32 = 5;

/// The lifecycle of image builds.
pub(crate) struct Built;

#[async_trait]
impl Lifecycle for Built {
    async fn create(
        &self,
        on: &Connection,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let builder = Builder::new(on, desired.timeout);
        builder.create(desired, progress).await
    }

    async fn read(
        &self,
        on: &Connection,
        existing: &Recorded,
    ) -> Result<Option<Observed>, ProviderError> {
        Builder::new(on, None).read(existing).await
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

    /// Images stay in the registry: nothing says that nobody else runs them.
    async fn delete(
        &self,
        _: &Connection,
        _: &Recorded,
        _: &dyn Progress,
    ) -> Result<(), ProviderError> {
        Ok(())
    }
}

/// What builds are made with.
pub(super) struct Builder<'a> {
    arm: ArmClient,
    blobs: &'a SignedUrls,
    folder: &'a Path,
    pace: &'a Pace,
    timeout: Option<Duration>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(on: &'a Connection, timeout: Option<Duration>) -> Self {
        Self {
            arm: on.client(timeout),
            blobs: &on.blobs,
            folder: &on.folder,
            pace: &on.pace,
            timeout,
        }
    }

    /// Builds and pushes the image. An update does the same: the tag moves.
    async fn create(
        &self,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let spec = Spec::read(&desired.inputs)?;
        progress.status("packing the build context");
        let archive = self.pack(&spec).await?;
        progress.status(&format!("uploading {} KiB", archive.len().div_ceil(1024)));
        let source = self.upload(&spec, archive).await?;
        let run = self.schedule(&spec, &source).await?;
        progress.accepted(run.token().to_value())?;
        let run = self
            .follow(run.token(), &mut |status| progress.status(status))
            .await?;
        if run.status() != Status::Succeeded {
            return Err(self.failure(&spec, &run).await);
        }
        if run.digest_of(&spec.image).is_none() {
            progress.status("the registry does not say which digest was built");
        }
        self.created(&spec, &run).await
    }

    /// The newest successful run that pushed the image. It says nothing of the
    /// tag itself: somebody may have moved or deleted it since.
    async fn read(&self, existing: &Recorded) -> Result<Option<Observed>, ProviderError> {
        let spec = Spec::of_existing(existing)?;
        let runs = match self
            .arm
            .list(&format!("{}/runs?$top=100", spec.registry), API)
            .await
        {
            Ok(runs) => runs,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(explain(&error)),
        };
        let runs = runs.into_iter().map(|run| Run::new(&spec.registry, run));
        let pushed =
            runs.filter(|run| run.status() == Status::Succeeded && run.pushed(&spec.image));
        match pushed.max_by_key(|run| run.finished().to_owned()) {
            Some(run) => self.created(&spec, &run).await.map(Some),
            None => Ok(None),
        }
    }

    /// Waits for a run that an earlier process has scheduled.
    pub(super) async fn resume(&self, urn: &Urn, token: &RunToken) -> Result<(), ProviderError> {
        match self.follow(token.clone(), &mut |_| {}).await {
            Err(error) if error.kind == ProviderErrorKind::Credentials => Err(error),
            Err(error) if error.code.is_none() => Err(ProviderError {
                message: format!("{}: {}", urn.address(), error.message),
                ..error
            }),
            _ => Ok(()),
        }
    }

    /// Packs the context, and makes sure that it is the one that was shown.
    async fn pack(&self, spec: &Spec) -> Result<Vec<u8>, ProviderError> {
        let (folder, context, dockerfile) = (
            self.folder.to_owned(),
            spec.context.clone(),
            spec.dockerfile.clone(),
        );
        let packed = tokio::task::spawn_blocking(move || {
            let files = BuildContext::read(&folder, &context, &dockerfile)?;
            let archive = archive::pack(files.files());
            // After packing, so that a change in between is seen as well.
            let digest = BuildContext::read(&folder, &context, &dockerfile)?.digest()?;
            Ok::<_, crate::image::ContextError>((archive, digest))
        });
        let packed = packed
            .await
            .map_err(|_| error::refused("packing the build context was cut off"))?;
        let (archive, digest) = packed.map_err(|cause| error::refused(cause.to_string()))?;
        if spec.digest.as_ref().is_some_and(|shown| *shown != digest) {
            let message = format!("the folder `{}` changed after the preview", spec.context);
            return Err(error::refused(message)
                .code("ContextChanged")
                .help("run again, so that what is built is what was shown"));
        }
        archive.map_err(|cause| {
            error::refused(format!(
                "the build context `{}` cannot be packed: {cause}",
                spec.context
            ))
            .help("name what the build does not need in .dockerignore")
        })
    }

    async fn upload(&self, spec: &Spec, archive: Vec<u8>) -> Result<String, ProviderError> {
        let place = self
            .post(&spec.registry, "listBuildSourceUploadUrl", None)
            .await
            .map_err(|e| explain(&e))?;
        let text = |key: &str| {
            place
                .get(key)
                .and_then(Json::as_str)
                .filter(|text| !text.is_empty())
        };
        let (Some(url), Some(path)) = (text("uploadUrl"), text("relativePath")) else {
            return Err(error::refused(format!(
                "{}: the registry gives no place to upload to",
                spec.registry
            )));
        };
        self.blobs.put(url, archive).await?;
        Ok(path.to_owned())
    }

    async fn schedule(&self, spec: &Spec, source: &str) -> Result<Run, ProviderError> {
        let request = spec.request(source, self.timeout);
        let run = self
            .post(&spec.registry, "scheduleRun", Some(&request))
            .await
            .map_err(|e| explain(&e))?;
        let run = Run::new(&spec.registry, run);
        match run.id().is_empty() {
            false => Ok(run),
            true => {
                let message = format!(
                    "{}: the registry took the build but named no run",
                    spec.registry
                );
                Err(ProviderError::new(ProviderErrorKind::Unknown, message))
            }
        }
    }

    /// Polls the run until it has ended, well or not.
    async fn follow(
        &self,
        token: RunToken,
        status: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Run, ProviderError> {
        let id = token
            .registry
            .child("runs", &token.run)
            .map_err(|cause| error::refused(cause.to_string()))?;
        let (started, mut delay, mut absent) = (Instant::now(), self.pace.first, 0);
        loop {
            match self
                .arm
                .get(&id, API)
                .await
                .map_err(|error| explain(&error))?
            {
                Some(body) => {
                    let run = Run::new(&token.registry, body);
                    if run.status() != Status::Running {
                        return Ok(run);
                    }
                    status(&format!("{}: {}", run.id(), run.status_text()));
                }
                None if absent >= TOLERATED_ABSENCES => {
                    return Err(unknown(&id, "is not there any more").code("RunNotFound"));
                }
                None => absent += 1,
            }
            if started.elapsed() + delay > self.timeout.unwrap_or(self.pace.patience) {
                return Err(unknown(&id, "has not ended within the time allowed"));
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(self.pace.max);
        }
    }

    async fn created(&self, spec: &Spec, run: &Run) -> Result<Observed, ProviderError> {
        let server = match run.registry_of(&spec.image) {
            Some(server) => server.to_owned(),
            None => self.login_server(&spec.registry).await?,
        };
        let outputs = json!({
            "image": spec.image,
            "digest": run.digest_of(&spec.image),
            "runId": run.id(),
            "reference": format!("{server}/{}", spec.image),
            "loginServer": server,
        });
        Ok(Observed {
            id: spec.id(),
            outputs: Value::from(outputs),
        })
    }

    async fn login_server(&self, registry: &ResourceId) -> Result<String, ProviderError> {
        let body = self
            .arm
            .get(registry, API)
            .await
            .map_err(|error| explain(&error))?
            .unwrap_or(Json::Null);
        let server = body
            .pointer("/properties/loginServer")
            .and_then(Json::as_str);
        server
            .map(str::to_owned)
            .ok_or_else(|| error::refused(format!("{registry} has no login server")))
    }

    async fn failure(&self, spec: &Spec, run: &Run) -> ProviderError {
        let log = self
            .log(run)
            .await
            .unwrap_or_else(|why| format!("(no log: {})", why.message));
        let reason = run
            .error_message()
            .map(|reason| format!(" ({reason})"))
            .unwrap_or_default();
        let message = format!(
            "the build of `{}` ended as {}{reason}, run {} of {}. The end of its log:\n{log}",
            spec.image,
            run.status_text(),
            run.id(),
            spec.registry.name()
        );
        let closed =
            log.contains("denied: client with IP") || log.contains("is not allowed access");
        let help = match closed {
            true => {
                "the registry is closed to its own builds: set `networkRuleBypassAllowedForTasks`, or build before public access is taken away"
            }
            false => "correct the Dockerfile or the context, and run again",
        };
        error::refused(message).code("BuildFailed").help(help)
    }

    async fn log(&self, run: &Run) -> Result<String, ProviderError> {
        let token = run.token();
        let id = token
            .registry
            .child("runs", &token.run)
            .map_err(|cause| error::refused(cause.to_string()))?;
        let link = self
            .post(&id, "listLogSasUrl", None)
            .await
            .map_err(|error| explain(&error))?;
        let Some(link) = link.get("logLink").and_then(Json::as_str) else {
            return Err(error::refused("the registry gives no link to it"));
        };
        let text = self.blobs.text(link).await?;
        let lines: Vec<&str> = text.lines().collect();
        Ok(lines[lines.len().saturating_sub(LOG_LINES)..].join("\n"))
    }

    async fn post(
        &self,
        id: &ResourceId,
        action: &str,
        body: Option<&Json>,
    ) -> Result<Json, ArmError> {
        self.arm.post(id, action, API, body, &NoProgress).await
    }
}

fn explain(error: &ArmError) -> ProviderError {
    error::of(types::IMAGE_BUILD, error)
}

fn unknown(run: &ResourceId, what: &str) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Unknown, format!("the run {run} {what}"))
        .help("run again: the present state is read before anything is repeated")
}
