//! The configuration of a stack, as a program reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::output::{Output, OutputValue};
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
        if value.contains_secret() {
            return Err(Error::with_help(
                format!("the config value `{key}` is a secret"),
                format!("read it with `config.secret({key:?})`: that gives a secret output"),
            ));
        }
        Self::read(key, value)
    }

    #[track_caller]
    fn read<T: FromValue>(key: &str, value: &Value) -> Result<Option<T>> {
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

    /// The value of a key that must be set, as a secret output: what is made of it is
    /// secret as well. Also takes a value that is not sealed, `--set` for example.
    ///
    /// # Errors
    /// It is not set, or is not a `T`.
    #[track_caller]
    pub fn secret<T: FromValue + OutputValue>(&self, key: &str) -> Result<Output<T>> {
        match self.find_secret(key)? {
            Some(value) => Ok(value),
            None => Err(Error::with_help(
                format!("the config value `{key}` is not set"),
                format!("set it with `config set --secret {key}`"),
            )),
        }
    }

    /// The value of a key as a secret output, or `None` when it is not set.
    ///
    /// # Errors
    /// The value is set but is not a `T`.
    #[track_caller]
    pub fn find_secret<T: FromValue + OutputValue>(&self, key: &str) -> Result<Option<Output<T>>> {
        match self.values.get(key) {
            Some(value) => Ok(Self::read(key, value)?.map(Output::secret)),
            None => Ok(None),
        }
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
