//! What a schema cannot decide: `overrides.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::GenError;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overrides {
    /// Property names that no builder offers, at any level of the top.
    pub skip: Vec<String>,
    /// One builder each; several may be of one ARM type.
    #[serde(rename = "resource")]
    pub resources: Vec<ResourceOverride>,
    /// Nested objects that get builders.
    #[serde(rename = "block", default)]
    pub blocks: Vec<BlockOverride>,
    /// Enums that the schema gives as plain texts.
    #[serde(rename = "values", default)]
    pub values: Vec<ValuesOverride>,
}

/// A typed resource.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceOverride {
    /// Rust name.
    pub rust: String,
    /// ARM type.
    #[serde(rename = "type")]
    pub ty: String,
    /// Words for messages: `the web app has no ...`.
    pub noun: String,
    /// Generated module.
    pub module: String,
    /// What it is declared under: a Rust type, `scope` (stack or component) or
    /// `any` (any resource).
    pub parent: String,
    /// Typed id of the handle.
    pub id: String,
    /// A second typed id that the handle stands for.
    pub also: Option<String>,
    /// One or two sentences beyond the type's name.
    #[serde(default)]
    pub doc: String,
    /// Where the location comes from: `group`, `global` or `none`.
    #[serde(default = "group")]
    pub location: String,
    /// Names of the fields that must be given, in the order of the messages.
    #[serde(default)]
    pub required: Vec<String>,
    /// Function of `crate::resources` that makes the fields without a path into
    /// properties.
    pub compose: Option<String>,
    /// Function of `crate::resources` that sets what the type's name promises.
    pub preset: Option<String>,
    /// Paths that get no setter.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Read-only paths that get a typed getter.
    #[serde(default)]
    pub outputs: BTreeMap<String, OutputOverride>,
    /// Fields by Rust name, beside those that the schema gives.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldOverride>,
    /// Names of enums by path.
    #[serde(default)]
    pub enums: BTreeMap<String, String>,
}

/// A nested object with a builder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockOverride {
    /// Rust name.
    pub rust: String,
    /// ARM type whose schema holds the shape.
    #[serde(rename = "type")]
    pub ty: String,
    /// Further ARM types whose schema has the same shape under the same name.
    #[serde(default)]
    pub shared: Vec<String>,
    /// Name of the shape.
    pub def: String,
    /// Words for messages.
    pub noun: String,
    /// Generated module.
    pub module: String,
    /// Paths that get no setter.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Fields by Rust name, beside those that the schema gives.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldOverride>,
    /// Names of enums by path.
    #[serde(default)]
    pub enums: BTreeMap<String, String>,
}

impl BlockOverride {
    /// Whether a type's schema has the shape.
    pub fn is_of(&self, ty: &str) -> bool {
        self.ty == ty || self.shared.iter().any(|shared| shared == ty)
    }
}

/// A field of a builder.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldOverride {
    /// Dotted path of the property; without one, `compose` makes use of it.
    pub path: Option<String>,
    /// Rust type of the value or of an element.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// `value`, `list`, `map`, `plain` (never an output) or `convert` (by `Into` + type).
    pub shape: Option<String>,
    /// Argument in the message for a missing field: `&plan`.
    pub example: Option<String>,
    /// What it is, in a sentence.
    pub doc: Option<String>,
}

/// A typed getter: a path, or a path and a Rust type.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OutputOverride {
    /// The schema's type.
    Path(String),
    /// Another type.
    Typed {
        /// Dotted path in the answer.
        path: String,
        /// Rust type.
        #[serde(rename = "type")]
        ty: String,
    },
}

/// An enum made by hand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValuesOverride {
    /// Rust name.
    pub rust: String,
    /// Generated module.
    pub module: String,
    /// Whether further values may come.
    #[serde(default)]
    pub open: bool,
    /// What it is.
    pub doc: String,
    /// Texts on the wire.
    pub values: Vec<String>,
}

fn group() -> String {
    "group".to_owned()
}

/// Reads the file.
///
/// # Errors
/// It is missing or malformed.
pub fn read(path: &Path) -> Result<Overrides, GenError> {
    let text = std::fs::read_to_string(path).map_err(|source| GenError::Io {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| GenError::Overrides(error.to_string()))
}
