//! What an image build's inputs say.

use std::time::Duration;

use lazuli_arm::ResourceId;
use lazuli_core::{ProviderError, Recorded, Value};
use serde_json::{Value as Json, json};

use crate::provider::error;

/// Limits of a run, in seconds (ACR Tasks).
const SHORTEST_RUN: u64 = 300;
const LONGEST_RUN: u64 = 28_800;

/// An image build as declared.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) registry: ResourceId,
    /// `repository:tag`.
    pub(super) image: String,
    pub(super) context: String,
    pub(super) digest: Option<String>,
    pub(super) dockerfile: String,
    pub(super) platform: String,
    pub(super) agent_pool: Option<String>,
}

impl Spec {
    pub(super) fn read(inputs: &Value) -> Result<Self, ProviderError> {
        let text = |key: &str| inputs.at(key).and_then(Value::as_str).map(str::to_owned);
        let needed = |key: &str| {
            text(key).ok_or_else(|| error::refused(format!("the image build has no `{key}`")))
        };
        Ok(Self {
            registry: registry(&needed("registryId")?)?,
            image: needed("image")?,
            context: needed("context")?,
            digest: text("contextDigest"),
            dockerfile: text("dockerfile").unwrap_or_else(|| "Dockerfile".to_owned()),
            platform: text("platform").unwrap_or_else(|| "linux/amd64".to_owned()),
            agent_pool: text("agentPool"),
        })
    }

    /// An imported build has no inputs; its id says registry and image.
    pub(super) fn of_existing(existing: &Recorded) -> Result<Self, ProviderError> {
        let Some((registry_id, image)) = existing.id.split_once("/imageBuilds/") else {
            return Err(error::refused(format!(
                "`{}` is not the id of an image build ({{registry}}/imageBuilds/{{repository:tag}})",
                existing.id
            )));
        };
        let text = |key: &str| {
            existing
                .inputs
                .at(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Ok(Self {
            registry: registry(registry_id)?,
            image: image.to_owned(),
            context: text("context"),
            digest: None,
            dockerfile: text("dockerfile"),
            platform: text("platform"),
            agent_pool: None,
        })
    }

    pub(super) fn id(&self) -> String {
        format!("{}/imageBuilds/{}", self.registry, self.image)
    }

    /// The `DockerBuildRequest` for a source that was uploaded.
    pub(super) fn request(&self, source: &str, timeout: Option<Duration>) -> Json {
        let mut request = json!({
            "type": "DockerBuildRequest",
            "imageNames": [self.image],
            "isPushEnabled": true,
            "noCache": false,
            "sourceLocation": source,
            "dockerFilePath": self.dockerfile,
            "platform": self.platform(),
            "agentConfiguration": {"cpu": 2},
        });
        if let Some(pool) = &self.agent_pool {
            request["agentPoolName"] = json!(pool);
        }
        if let Some(timeout) = timeout {
            request["timeout"] = timeout.as_secs().clamp(SHORTEST_RUN, LONGEST_RUN).into();
        }
        request
    }

    /// `linux/arm64/v8` in the words of ACR Tasks.
    fn platform(&self) -> Json {
        let mut parts = self.platform.split('/');
        let os = match parts
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str()
        {
            "windows" => "Windows",
            _ => "Linux",
        };
        let mut platform = json!({"os": os, "architecture": parts.next().unwrap_or("amd64")});
        if let Some(variant) = parts.next() {
            platform["variant"] = variant.into();
        }
        platform
    }
}

fn registry(id: &str) -> Result<ResourceId, ProviderError> {
    ResourceId::parse(id).map_err(|cause| error::refused(cause.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_said_in_the_words_of_tasks() {
        for (platform, expected) in [
            (
                "linux/amd64",
                json!({"os": "Linux", "architecture": "amd64"}),
            ),
            (
                "linux/arm64/v8",
                json!({"os": "Linux", "architecture": "arm64", "variant": "v8"}),
            ),
            (
                "Windows/amd64",
                json!({"os": "Windows", "architecture": "amd64"}),
            ),
        ] {
            let inputs = json!({"registryId": "/subscriptions/s", "image": "a:b", "context": ".", "platform": platform});
            assert_eq!(
                Spec::read(&Value::from(inputs)).unwrap().platform(),
                expected
            );
        }
    }

    #[test]
    fn the_time_allowed_stays_within_the_limits_of_tasks() {
        let inputs = json!({"registryId": "/subscriptions/s", "image": "a:b", "context": "."});
        let spec = Spec::read(&Value::from(inputs)).unwrap();
        for (seconds, sent) in [(1, 300), (600, 600), (100_000, 28_800)] {
            assert_eq!(
                spec.request("x", Some(Duration::from_secs(seconds)))["timeout"],
                sent
            );
        }
        assert!(spec.request("x", None).get("timeout").is_none());
    }
}
