//! The configuration of a stack, as a program reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::value::{FromValue, Value};

/// The configuration of a stack.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) values: Arc<BTreeMap<String, Value>>,
}

impl Config {
    /// The value of a key, or `None` when it is not set.
    ///
    /// # Errors
    /// The value is set but is not a `T`.
    #[track_caller]
    pub fn get<T: FromValue>(&self, key: &str) -> Result<Option<T>> {
        let Some(value) = self.values.get(key) else {
            return Ok(None);
        };
        match T::from_value(value) {
            Ok(value) => Ok(Some(value)),
            Err(reason) => Err(Error::with_help(
                format!("the config value `{key}` cannot be used: {reason}"),
                format!("set it with `config set {key} VALUE` or `--set {key}=VALUE`"),
            )),
        }
    }

    /// The value of a key, or a default when it is not set.
    ///
    /// # Errors
    /// The value is set but is not a text.
    #[track_caller]
    pub fn get_or(&self, key: &str, default: &str) -> Result<String> {
        Ok(self.get(key)?.unwrap_or_else(|| default.to_owned()))
    }

    /// The value of a key that must be set.
    ///
    /// # Errors
    /// It is not set, or is not a `T`.
    #[track_caller]
    pub fn require<T: FromValue>(&self, key: &str) -> Result<T> {
        match self.get(key)? {
            Some(value) => Ok(value),
            None => Err(Error::with_help(
                format!("the config value `{key}` is not set"),
                format!("set it with `config set {key} VALUE` or `--set {key}=VALUE`"),
            )),
        }
    }
}
