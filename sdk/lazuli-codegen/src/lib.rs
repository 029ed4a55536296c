//! Schema facts to typed resources.
//!
//! `cargo gen` reads the vendored facts of each type (`schemas/`) and the record
//! of everything else that is known of it (`types/`: names and their rules, what
//! cannot change, what an update carries over, builders, lifecycle, ..), and writes
//! `lazuli-azure/src/generated/`: the typed builders, and the tables that the
//! provider reads. The same inputs give the same bytes, which a
//! test checks; nobody edits the result.
//!
//! Read in this order: [`schema`] (what is known of a type), [`record`] (all
//! that the schema does not say), [`plan`] (both joined: the fields of each
//! builder), then the writers [`builder`], [`records`] and [`module`].

pub mod builder;
mod facts;
pub mod format;
pub mod module;
pub mod naming;
pub mod plan;
pub mod record;
pub mod records;
pub mod schema;

use std::path::{Path, PathBuf};

/// Why nothing was generated.
#[derive(Debug, thiserror::Error)]
pub enum GenError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A schema file is not what `schemas/README.md` describes.
    #[error("{}: {reason}", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A record leaves something unsaid, or contradicts itself or a schema.
    #[error("types: {0}")]
    Record(String),
    /// rustfmt refused the generated text, or could not be started.
    #[error("rustfmt: {0}")]
    Format(String),
}

/// A file to be written, relative to `lazuli-azure/src/generated`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// File name.
    pub name: String,
    /// Its text, formatted.
    pub text: String,
}

/// Generates every file. `root` is the folder of this crate.
///
/// # Errors
/// See [`GenError`].
pub fn generate(root: &Path) -> Result<Vec<Generated>, GenError> {
    let records = record::read_all(&root.join("types"))?;
    let schemas = schema::read_all(&root.join("schemas"), &records)?;
    let plan = plan::plan(&records, &schemas)?;
    let mut files = Vec::new();
    for module in &plan.modules {
        files.push((format!("{}.rs", module.name), module::render(module)));
    }
    files.extend(records::render(&records, &schemas)?);
    files.push(("mod.rs".to_owned(), module::render_index(&plan)));
    files
        .into_iter()
        .map(|(name, text)| {
            let text = format::rustfmt(&text)?;
            Ok(Generated { name, text })
        })
        .collect()
}

/// The folder that the files belong to.
pub fn target_folder(root: &Path) -> PathBuf {
    root.join("../lazuli-azure/src/generated")
}

/// Names of files that differ from what would be generated now.
///
/// # Errors
/// See [`GenError`].
pub fn outdated(root: &Path) -> Result<Vec<String>, GenError> {
    let folder = target_folder(root);
    let outdated = generate(root)?.into_iter().filter(|file| {
        let found = std::fs::read_to_string(folder.join(&file.name));
        found.ok().as_deref() != Some(&file.text)
    });
    Ok(outdated.map(|file| file.name).collect())
}

/// Writes every file that differs. Returns the names of those written.
///
/// # Errors
/// See [`GenError`].
pub fn write(root: &Path) -> Result<Vec<String>, GenError> {
    let folder = target_folder(root);
    let mut written = Vec::new();
    for file in generate(root)? {
        let path = folder.join(&file.name);
        let same = std::fs::read_to_string(&path).is_ok_and(|found| found == file.text);
        if !same {
            std::fs::write(&path, &file.text).map_err(|source| GenError::Io { path, source })?;
            written.push(file.name);
        }
    }
    Ok(written)
}
