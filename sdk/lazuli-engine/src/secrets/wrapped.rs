//! A wrapped data key as it is written: who can open it, and with what.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::KeyError;

const FORMAT: &str = "lazuli.key";
const VERSION: u32 = 1;

/// A data key that only its provider opens. It is not a secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKey {
    format: String,
    version: u32,
    provider: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<String, String>,
    wrapped: String,
    /// The same key wrapped in the way that is to follow, while several keys are
    /// wrapped anew: until all of them are, both ways open each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<Box<Self>>,
}

impl WrappedKey {
    /// What the provider of this name made of a key.
    pub fn new(provider: &str, wrapped: &[u8]) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            provider: provider.to_owned(),
            parameters: BTreeMap::new(),
            wrapped: STANDARD.encode(wrapped),
            next: None,
        }
    }

    /// The same with a parameter that the provider needs to open it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parameters.insert(name.to_owned(), value.into());
        self
    }

    /// The same, which from now on the wrapping `next` of the same key opens, too.
    pub(super) fn with_next(mut self, next: Self) -> Self {
        self.next = Some(Box::new(next));
        self
    }

    /// The two ways apart: the former, and the one that is to follow.
    pub(super) fn apart(mut self) -> (Self, Option<Self>) {
        let next = self.next.take().map(|next| *next);
        (self, next)
    }

    /// Name of the provider that opens it.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// A parameter.
    ///
    /// # Errors
    /// When it is not there.
    pub fn parameter(&self, name: &str) -> Result<&str, KeyError> {
        let value = self.parameters.get(name).map(String::as_str);
        value.ok_or_else(|| KeyError::new(format!("the wrapped key has no `{name}`"), RESTORE))
    }

    /// The wrapped bytes.
    ///
    /// # Errors
    /// When they are not base64.
    pub fn wrapped(&self) -> Result<Vec<u8>, KeyError> {
        let bytes = STANDARD.decode(&self.wrapped);
        bytes.map_err(|_| KeyError::new("the wrapped key is not base64", RESTORE))
    }

    /// Reads the written form.
    ///
    /// # Errors
    /// When it is none, or a newer one.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let key: Self = serde_json::from_str(text).map_err(|cause| {
            KeyError::new(format!("this is not a wrapped key: {cause}"), RESTORE)
        })?;
        key.check()?;
        Ok(key)
    }

    pub(crate) fn check(&self) -> Result<(), KeyError> {
        if self.format != FORMAT {
            let message = format!("this is a {:?}, not a {FORMAT:?}", self.format);
            return Err(KeyError::new(message, RESTORE));
        }
        if self.version > VERSION {
            Err(KeyError::new(
                format!(
                    "the key was wrapped by a newer Lazuli (format {}, this one knows {VERSION})",
                    self.version
                ),
                "build the program with the newer version of lazuli; nothing was changed",
            ))
        } else {
            Ok(())
        }
    }

    /// The written form.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

const RESTORE: &str = "restore it from a backup; without the key the secrets of the stack are lost";
