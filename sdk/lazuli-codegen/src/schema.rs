//! What is known of a resource type: the vendored facts, as they are.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::GenError;
use crate::record::Record;

/// Facts of one type.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schema {
    /// The ARM type.
    #[serde(rename = "type")]
    pub ty: String,
    /// The version that requests are pinned to.
    pub api_version: String,
    /// Name, in `defs`, of the whole request.
    pub body: String,
    /// Named shapes.
    pub defs: BTreeMap<String, Shape>,
}

/// A shape, or a reference to a named one, with the flags of a property.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Shape {
    /// `string`, `bool`, `int`, `enum`, `array`, `object`; empty for a reference.
    pub t: String,
    /// Name of the shape referred to.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Values of an enum.
    pub values: Vec<String>,
    /// Whether further values may come.
    pub open: bool,
    /// Elements of an array.
    pub items: Option<Box<Shape>>,
    /// Members of an object.
    pub props: BTreeMap<String, Shape>,
    /// Further members of an object.
    pub extra: Option<Box<Shape>>,
    /// `double` makes a number of an `int`.
    pub format: Option<String>,
    /// Required.
    pub required: bool,
    /// Only Azure sets it.
    pub read_only: bool,
    /// Azure never answers with it.
    pub write_only: bool,
    /// Not to be shown.
    pub secret: bool,
    /// Cannot change; `id`, `name` and `type` are.
    pub constant: bool,
}

impl Schema {
    /// The shape behind a reference, with the flags of the property kept apart.
    pub fn resolve<'a>(&'a self, shape: &'a Shape) -> &'a Shape {
        match &shape.reference {
            Some(name) => self.defs.get(name).unwrap_or(shape),
            None => shape,
        }
    }

    /// The shape of the whole request.
    pub fn request(&self) -> Option<&Shape> {
        self.defs.get(&self.body)
    }

    /// The property at a dotted path below a shape.
    pub fn at<'a>(&'a self, shape: &'a Shape, path: &str) -> Option<&'a Shape> {
        path.split('.')
            .try_fold(shape, |shape, key| self.resolve(shape).props.get(key))
    }
}

/// Reads the facts of every type whose record has a schema.
///
/// # Errors
/// A file is missing or malformed.
pub fn read_all(folder: &Path, records: &[Record]) -> Result<BTreeMap<String, Schema>, GenError> {
    let vendored = records.iter().filter(|record| record.schema);
    vendored
        .map(|record| {
            let schema = read(&folder.join(format!("{}.json", record.ty)))?;
            Ok((record.ty.clone(), schema))
        })
        .collect()
}

fn read(path: &Path) -> Result<Schema, GenError> {
    let text = std::fs::read_to_string(path).map_err(|source| GenError::Io {
        path: path.to_owned(),
        source,
    })?;
    let schema: Schema = serde_json::from_str(&text).map_err(|error| GenError::Schema {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    match schema.request() {
        Some(_) => Ok(schema),
        None => Err(GenError::Schema {
            path: path.to_owned(),
            reason: format!("there is no shape `{}` for the body", schema.body),
        }),
    }
}
