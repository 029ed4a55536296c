//! What a program may know about its run.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::reference::StackReader;
use crate::value::Value;

/// What a program may know about its run.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The stack's name.
    pub stack: String,
    /// The project's name.
    pub project: String,
    /// The stack's configuration.
    pub config: Arc<BTreeMap<String, Value>>,
    /// Facts about the target that make outputs known early (subscription id,
    /// host name suffixes); the provider crate names the keys.
    pub target: Arc<BTreeMap<String, String>>,
    /// Folder that relative paths in the program are resolved against.
    pub folder: std::path::PathBuf,
    /// Reads what other stacks export.
    pub stacks: StackReader,
}
