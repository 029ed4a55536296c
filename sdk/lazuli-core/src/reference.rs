//! What a program reads of other stacks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::node::{Deps, Provenance};
use crate::output::{Output, OutputValue};
use crate::value::{FromValue, Value};

type Exports = BTreeMap<String, Value>;
type Reader = dyn Fn(&str, &str) -> std::result::Result<Exports, String> + Send + Sync;

/// How the exports of another stack are read: project and stack in, values or a
/// reason out. The default finds no stack.
#[derive(Clone)]
pub struct StackReader(Arc<Reader>);

impl StackReader {
    /// A reader of a function.
    pub fn new(
        read: impl Fn(&str, &str) -> std::result::Result<Exports, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(read))
    }
}

impl Default for StackReader {
    fn default() -> Self {
        Self::new(|_, stack| Err(format!("no stack {stack:?} is known here")))
    }
}

impl fmt::Debug for StackReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StackReader")
    }
}

/// The exports of another stack, as its last successful `up` left them.
#[derive(Debug, Clone)]
pub struct StackReference {
    name: String,
    exports: Arc<Exports>,
}

impl StackReference {
    #[track_caller]
    pub(crate) fn read(reader: &StackReader, own_project: &str, name: &str) -> Result<Self> {
        let (project, stack) = name.rsplit_once('/').unwrap_or((own_project, name));
        let exports = (reader.0)(project, stack).map_err(|reason| {
            Error::with_help(
                format!("the stack `{name}` cannot be referred to: {reason}"),
                "deploy that stack first, to the same target, or correct its name (STACK or PROJECT/STACK)",
            )
        })?;
        Ok(Self {
            name: name.to_owned(),
            exports: Arc::new(exports),
        })
    }

    /// An export, as an output: a secret one stays secret.
    ///
    /// # Errors
    /// The stack does not export it, or its value is not a `T`.
    #[track_caller]
    pub fn output<T: OutputValue + FromValue>(&self, export: &str) -> Result<Output<T>> {
        let value = self.exports.get(export).ok_or_else(|| {
            let known: Vec<_> = self.exports.keys().map(String::as_str).collect();
            Error::with_help(
                format!("the stack `{}` exports no `{export}`", self.name),
                format!("it exports: {}", known.join(", ")),
            )
        })?;
        let typed = T::from_value(&value.unwrapped()).map_err(|reason| {
            Error::with_help(
                format!(
                    "`{export}` of the stack `{}` cannot be used: {reason}",
                    self.name
                ),
                "ask for it as the type that the other program exports",
            )
        })?;
        let provenance = Provenance {
            deps: Deps::None,
            secret: value.contains_secret(),
        };
        Ok(Output::settled(Ok(typed), provenance))
    }
}
