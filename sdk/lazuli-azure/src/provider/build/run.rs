//! A run of the registry's, as it is answered, and as it is remembered.

use lazuli_arm::ResourceId;
use lazuli_core::Value;
use serde_json::{Value as Json, json};

/// How a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Running,
    Succeeded,
    Failed,
}

/// What a later process needs to go on waiting for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::provider) struct RunToken {
    pub(super) registry: ResourceId,
    pub(super) run: String,
}

impl RunToken {
    /// `None` when the token is not that of a run.
    pub(in crate::provider) fn read(token: &Json) -> Option<Self> {
        let text = |key: &str| token.get(key)?.as_str();
        let registry = ResourceId::parse(text("registryId")?).ok()?;
        Some(Self {
            registry,
            run: text("runId")?.to_owned(),
        })
    }

    pub(super) fn to_value(&self) -> Value {
        Value::from(json!({"registryId": self.registry.as_str(), "runId": self.run}))
    }
}

/// A run.
#[derive(Debug)]
pub(super) struct Run {
    registry: ResourceId,
    body: Json,
}

impl Run {
    pub(super) fn new(registry: &ResourceId, body: Json) -> Self {
        Self {
            registry: registry.clone(),
            body,
        }
    }

    pub(super) fn token(&self) -> RunToken {
        RunToken {
            registry: self.registry.clone(),
            run: self.id().to_owned(),
        }
    }

    pub(super) fn id(&self) -> &str {
        match self.text("runId") {
            "" => self
                .body
                .get("name")
                .and_then(Json::as_str)
                .unwrap_or_default(),
            id => id,
        }
    }

    pub(super) fn status_text(&self) -> &str {
        self.text("status")
    }

    /// Words of ACR Tasks; an unknown one is a run under way.
    pub(super) fn status(&self) -> Status {
        match self.status_text().to_ascii_lowercase().as_str() {
            "succeeded" => Status::Succeeded,
            "failed" | "canceled" | "cancelled" | "error" | "timeout" => Status::Failed,
            _ => Status::Running,
        }
    }

    /// When it ended, in a form that sorts.
    pub(super) fn finished(&self) -> &str {
        let times = ["finishTime", "lastUpdatedTime", "createTime"];
        times
            .iter()
            .map(|key| self.text(key))
            .find(|time| !time.is_empty())
            .unwrap_or_default()
    }

    pub(super) fn error_message(&self) -> Option<&str> {
        Some(self.text("runErrorMessage")).filter(|message| !message.is_empty())
    }

    pub(super) fn pushed(&self, image: &str) -> bool {
        self.output(image).is_some()
    }

    pub(super) fn digest_of(&self, image: &str) -> Option<&str> {
        self.output(image)?
            .get("digest")?
            .as_str()
            .filter(|digest| !digest.is_empty())
    }

    pub(super) fn registry_of(&self, image: &str) -> Option<&str> {
        self.output(image)?
            .get("registry")?
            .as_str()
            .filter(|registry| !registry.is_empty())
    }

    fn output(&self, image: &str) -> Option<&Json> {
        let images = self.body.pointer("/properties/outputImages")?.as_array()?;
        let text = |output: &Json, key: &str| {
            output
                .get(key)
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        images.iter().find(|output| {
            format!("{}:{}", text(output, "repository"), text(output, "tag")) == image
        })
    }

    fn text(&self, key: &str) -> &str {
        let value = self
            .body
            .get("properties")
            .and_then(|properties| properties.get(key));
        value.and_then(Json::as_str).unwrap_or_default()
    }
}
