//! What a schema cannot decide, and everything else that is known of a type: one
//! file for each type, `types/{namespace}/{type}.toml`.
//!
//! Every key of [`SAID`] stands in every record. What does not apply, or is not
//! known, is said too: `{ none = "why" }`. What another type has word for word is
//! taken from there: `{ as = "Microsoft.Web/sites" }`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use crate::GenError;

/// The keys that every record has.
pub const SAID: [&str; 31] = [
    "type",
    "const",
    "module",
    "parent",
    "location",
    "schema",
    "ids",
    "tags",
    "name",
    "unique",
    "immutable",
    "sets",
    "keys",
    "equality",
    "stable",
    "secrets",
    "not_returned",
    "carries",
    "rivals",
    "premium_only",
    "computed",
    "estimate",
    "locks",
    "references",
    "private_links",
    "delegation",
    "help",
    "display",
    "checks",
    "lifecycle",
    "builders",
];

/// All that is known of a type, beside its schema.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The ARM type.
    #[serde(rename = "type")]
    pub ty: String,
    /// How Rust code names the type: `types::SITE`.
    #[serde(rename = "const")]
    pub constant: String,
    /// Generated module of its builders.
    pub module: Option<String>,
    /// What it is declared under: a Rust type, `scope` (stack or component) or
    /// `any` (any resource).
    pub parent: Option<String>,
    /// Where the location comes from: `group` (its group's, unless it is set),
    /// `global`, or `own` (the program says it). None where the type has none.
    pub location: Option<String>,
    /// Whether `schemas/` has it.
    #[serde(default)]
    pub schema: bool,
    /// Typed ids beyond those of its builders.
    #[serde(default)]
    pub ids: Vec<String>,
    /// Whether it takes tags.
    #[serde(default)]
    pub tags: bool,
    /// What its names look like.
    pub name: Option<NameRule>,
    /// Who says whether a name is free, where names are unique in the world.
    pub unique: Option<UniqueName>,
    /// Input paths that cannot change in place.
    #[serde(default)]
    pub immutable: Vec<String>,
    /// Input paths of lists whose order means nothing.
    #[serde(default)]
    pub sets: Vec<String>,
    /// Input paths of lists of objects, with the member that names an element.
    #[serde(default)]
    pub keys: BTreeMap<String, String>,
    /// Input paths of texts that are compared in another way than letter by letter.
    #[serde(default)]
    pub equality: Equality,
    /// Output paths that an update cannot change, with the input paths whose
    /// change makes that void.
    #[serde(default)]
    pub stable: BTreeMap<String, Vec<String>>,
    /// Secret paths beyond those of the schema.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Input paths that the service does not return, or returns changed.
    #[serde(default)]
    pub not_returned: Vec<NotReturned>,
    /// Paths below `properties` that a PUT would reset, and an update carries over.
    #[serde(default)]
    pub carries: Vec<String>,
    /// Two ways to say one thing, old and new: only one may be in a request.
    #[serde(default)]
    pub rivals: Vec<[String; 2]>,
    /// Paths below `properties` that only the Premium tier takes.
    #[serde(default)]
    pub premium_only: Vec<String>,
    /// Paths that Azure computes although the schema lets them be written.
    #[serde(default)]
    pub computed: Vec<String>,
    /// Seconds to create, update and delete.
    pub estimate: Option<[u64; 3]>,
    /// What a write of it keeps others from.
    #[serde(default)]
    pub locks: Locks,
    /// Input paths of ids, and the type that an id there must have.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// Services of it that private endpoints may lead to.
    #[serde(default)]
    pub private_links: Vec<PrivateLink>,
    /// The name of the service that subnets are delegated to.
    pub delegation: Option<String>,
    /// What helps against refusals of the service.
    #[serde(default)]
    pub help: Vec<Help>,
    /// How pictures show it.
    pub display: Option<Display>,
    /// Functions of `crate::provider::check` that look at one resource.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Static of `crate::provider` that carries its operations out.
    pub lifecycle: Option<String>,
    /// Typed builders.
    #[serde(default)]
    pub builders: Vec<BuilderRecord>,
    /// Nested objects with builders.
    #[serde(default, rename = "block")]
    pub blocks: Vec<BlockRecord>,
    /// Enums that the schema gives as plain texts.
    #[serde(default)]
    pub values: Vec<ValuesRecord>,
}

/// Length, characters and edges of names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameRule {
    /// The fewest characters.
    pub least: usize,
    /// The most characters.
    pub most: usize,
    /// Characters beside ASCII letters and digits.
    pub marks: String,
    /// Whether all letters and digits of Unicode are allowed.
    #[serde(default)]
    pub unicode: bool,
    /// Characters that a name cannot begin with, beside those that it cannot hold.
    #[serde(default)]
    pub not_first: String,
    /// Characters that a name cannot end with.
    #[serde(default)]
    pub not_last: String,
    /// The fewest and the most parts between periods.
    pub labels: Option<[usize; 2]>,
    /// The rule in words.
    pub said: String,
}

/// Who says whether a name is free.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UniqueName {
    /// The action of the subscription.
    pub action: String,
    /// Its version.
    pub version: String,
}

/// Texts that are compared in another way than letter by letter.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Equality {
    /// Without case.
    pub case: Vec<String>,
    /// As ids.
    pub ids: Vec<String>,
    /// As GUIDs.
    pub guids: Vec<String>,
    /// As locations.
    pub locations: Vec<String>,
}

/// What the service does not return.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotReturned {
    /// Input path.
    pub path: String,
    /// The child that returns it.
    pub at: Option<String>,
    /// Why no address returns it.
    pub nowhere: Option<String>,
}

/// What a write keeps others from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Locks {
    /// Writes of it and of all that is in it come one after the other.
    pub whole: bool,
    /// Input paths of ids that it touches.
    pub touches: Vec<String>,
}

/// An id in the inputs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Input path.
    pub path: String,
    /// The type that an id there must have.
    #[serde(rename = "type")]
    pub ty: String,
    /// A word that may stand there instead, or `*` for any bare name.
    pub bare: Option<String>,
}

/// A service that private endpoints may lead to. Lists are by cloud: public,
/// US government, China.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateLink {
    /// Group id.
    pub group: String,
    /// Ends of its public names.
    pub names: [String; 3],
    /// Private zones that stand for them.
    pub zones: [String; 3],
}

/// What helps against a refusal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Help {
    /// Azure's code.
    pub code: String,
    /// A part of Azure's message.
    #[serde(default)]
    pub text: String,
    /// What helps.
    pub help: String,
}

/// How pictures show a type.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Display {
    /// Common name.
    pub called: String,
    /// What it is for: a variant of `lazuli_core::Category`, in lower case.
    pub category: String,
    /// Whether it is a box even when nothing is in it.
    #[serde(default, rename = "box")]
    pub is_box: bool,
    /// Input paths of the resource that it lies in, where that is not its parent.
    #[serde(default)]
    pub within: Vec<String>,
    /// Function of `crate::display::title` that knows a better name.
    pub title: Option<String>,
}

/// A typed builder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuilderRecord {
    /// Rust name.
    pub rust: String,
    /// Words for messages: `the web app has no ...`.
    pub noun: String,
    /// Typed id of the handle.
    pub id: String,
    /// A second typed id that the handle stands for.
    pub also: Option<String>,
    /// One or two sentences beyond the type's name.
    #[serde(default)]
    pub doc: String,
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
    pub outputs: BTreeMap<String, OutputRecord>,
    /// Fields by Rust name, beside those that the schema gives.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldRecord>,
    /// Names of enums by path.
    #[serde(default)]
    pub enums: BTreeMap<String, String>,
}

/// A nested object with a builder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockRecord {
    /// Rust name.
    pub rust: String,
    /// Further ARM types whose schema has the same shape under the same name.
    #[serde(default)]
    pub shared: Vec<String>,
    /// Name of the shape.
    pub def: String,
    /// Words for messages.
    pub noun: String,
    /// Paths that get no setter.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Fields by Rust name, beside those that the schema gives.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldRecord>,
    /// Names of enums by path.
    #[serde(default)]
    pub enums: BTreeMap<String, String>,
}

/// A field of a builder.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRecord {
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
pub enum OutputRecord {
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
pub struct ValuesRecord {
    /// Rust name.
    pub rust: String,
    /// Whether further values may come.
    #[serde(default)]
    pub open: bool,
    /// What it is.
    pub doc: String,
    /// Texts on the wire.
    pub values: Vec<String>,
}

/// Reads every record below a folder, in the order of their types as ARM compares them.
///
/// # Errors
/// A file is missing or malformed, or leaves a key unsaid.
pub fn read_all(folder: &Path) -> Result<Vec<Record>, GenError> {
    let mut files = Vec::new();
    list(folder, &mut files)?;
    let mut tables = BTreeMap::new();
    for path in files {
        let below = path
            .strip_prefix(folder)
            .unwrap_or(&path)
            .with_extension("");
        let ty = below.to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(&path).map_err(|source| GenError::Io {
            path: path.clone(),
            source,
        })?;
        let table: Table = toml::from_str(&text)
            .map_err(|error| GenError::Record(format!("{}: {error}", path.display())))?;
        if table.get("type").and_then(Value::as_str) != Some(&ty) {
            return Err(GenError::Record(format!(
                "`type` is not {ty} in the file of that name"
            )));
        }
        tables.insert(ty.to_lowercase(), table);
    }
    tables
        .values()
        .map(|table| record(table, &tables))
        .collect()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), GenError> {
    let failed = |source| GenError::Io {
        path: folder.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|end| end == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

/// The record of a table, once every key is said.
fn record(table: &Table, all: &BTreeMap<String, Table>) -> Result<Record, GenError> {
    let ty = table
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let wrong = |what: String| GenError::Record(format!("{ty}: {what}"));
    let mut said = table.clone();
    for key in SAID {
        let value = table.get(key);
        let value = value.ok_or_else(|| {
            wrong(format!("`{key}` is not said; where nothing applies, give the reason: `{key} = {{ none = \"..\" }}`"))
        })?;
        match settled(key, value, all).map_err(wrong)? {
            Some(value) => said.insert(key.to_owned(), value.clone()),
            None => said.remove(key),
        };
    }
    said.try_into().map_err(|error| wrong(format!("{error}")))
}

/// The value itself, or that of the type that has it word for word; none for a reason.
fn settled<'a>(
    key: &str,
    value: &'a Value,
    all: &'a BTreeMap<String, Table>,
) -> Result<Option<&'a Value>, String> {
    let text = |of: &str| {
        value
            .get(of)
            .map(|found| found.as_str().unwrap_or_default())
    };
    if let Some(reason) = text("none") {
        let has_words = reason.split_whitespace().count() >= 2;
        return has_words
            .then_some(None)
            .ok_or(format!("`{key}` is none without a reason"));
    }
    let Some(other) = text("as") else {
        return Ok(Some(value));
    };
    let found = all
        .get(&other.to_lowercase())
        .and_then(|table| table.get(key));
    let found = found.filter(|found| found.get("as").is_none());
    match found {
        Some(found) => settled(key, found, all),
        None => Err(format!(
            "`{key}` is that of {other}, whose record does not say it itself"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> BTreeMap<String, Table> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("types/Microsoft.Web");
        let read = |name: &str| {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            toml::from_str::<Table>(&text).unwrap()
        };
        let tables = [read("sites.toml"), read("sites/slots.toml")];
        let named = tables.map(|table| (table["type"].as_str().unwrap().to_lowercase(), table));
        named.into()
    }

    #[test]
    fn a_record_says_every_key() {
        let all = tables();
        let whole = &all["microsoft.web/sites"];
        assert!(record(whole, &all).is_ok());
        for key in SAID {
            let mut less = whole.clone();
            less.remove(key);
            let error = record(&less, &all).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}` is not said")), "{error}");
        }
    }

    #[test]
    fn nothing_is_said_with_a_reason() {
        let all = tables();
        let record_of = |none: &str| {
            let mut table = all["microsoft.web/sites"].clone();
            let value = Table::from_iter([("none".to_owned(), Value::from(none))]);
            table.insert("estimate".to_owned(), Value::Table(value));
            record(&table, &all)
        };
        assert_eq!(record_of("not measured").unwrap().estimate, None);
        let error = record_of("").unwrap_err().to_string();
        assert!(
            error.contains("`estimate` is none without a reason"),
            "{error}"
        );
    }

    #[test]
    fn what_another_type_has_is_taken_from_there() {
        let all = tables();
        let of = |ty: &str| record(&all[ty], &all).unwrap();
        let (site, slot) = (of("microsoft.web/sites"), of("microsoft.web/sites/slots"));
        assert!(!site.carries.is_empty());
        assert_eq!(slot.carries, site.carries);
    }
}
