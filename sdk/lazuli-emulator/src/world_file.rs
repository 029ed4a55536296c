//! The world on disk: `DIR/world.jsonl`, one JSON line per change, appended before the answer leaves.
//!
//! The first line names the format. Opening replays the lines, then rewrites the file with what is
//! left (written beside it, synced, renamed over it). A last line without its newline is what a
//! killed process leaves and is dropped; damage anywhere else is an error, because guessing would
//! lose resources silently. The file holds app settings and passwords of the emulated resources in
//! clear, so only its owner may read it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::world::Resource;

const FORMAT: u32 = 1;
const FILE_NAME: &str = "world.jsonl";
const LOCK_NAME: &str = "world.lock";

/// Why a world could not be opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The operating system refused.
    #[error("cannot use {path}: {source}", path = path.display())]
    Io {
        /// The file or folder in question.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another process has this world open.
    #[error(
        "the emulator's data folder {dir} is in use by another emulator; stop that one, or choose another folder",
        dir = dir.display()
    )]
    InUse {
        /// The data folder.
        dir: PathBuf,
    },
    /// A line in the middle of the file cannot be read.
    #[error(
        "{path} line {line} is damaged ({reason}); restore the file from a copy, or move it away to start with an empty Azure",
        path = path.display()
    )]
    Damaged {
        /// The world file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What is wrong with the line.
        reason: String,
    },
    /// Written by a newer emulator.
    #[error(
        "{path} line 1 says format {found}, this emulator reads up to format {FORMAT}; use a newer emulator, or another data folder",
        path = path.display()
    )]
    Newer {
        /// The world file.
        path: PathBuf,
        /// The format the file names.
        found: u32,
    },
}

#[derive(Serialize, Deserialize)]
struct Header {
    lazuli_emulator_world: u32,
}

/// One change. The wire form is this file's own; [`Resource`] is stored as it is.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Entry {
    Put(Resource),
    Remove(String),
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum EntryRef<'a> {
    Put(&'a Resource),
    Remove(&'a str),
}

/// The open file. The lock is held until it is dropped.
pub(crate) struct WorldFile {
    path: PathBuf,
    file: File,
    length: u64,
    _lock: File,
}

impl WorldFile {
    pub(crate) fn open(dir: &Path) -> Result<(WorldFile, Vec<Resource>), WorldError> {
        fs::create_dir_all(dir).map_err(io_error(dir))?;
        let lock = lock(dir)?;
        let path = dir.join(FILE_NAME);
        let resources = match fs::read(&path) {
            Ok(bytes) => replay(&path, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(WorldError::Io { path, source }),
        };
        rewrite(&path, &resources)?;
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(io_error(&path))?;
        let length = file.metadata().map_err(io_error(&path))?.len();
        Ok((
            WorldFile {
                path,
                file,
                length,
                _lock: lock,
            },
            resources,
        ))
    }

    pub(crate) fn append_put(&mut self, resource: &Resource) -> Result<(), WorldError> {
        self.append(&EntryRef::Put(resource))
    }

    pub(crate) fn append_remove(&mut self, id: &str) -> Result<(), WorldError> {
        self.append(&EntryRef::Remove(id))
    }

    /// One `write` per line: a killed process leaves whole lines and at most one torn one. After a
    /// refused write (disk full) the torn part is cut off, so that later lines stay readable.
    fn append(&mut self, entry: &EntryRef<'_>) -> Result<(), WorldError> {
        let line = line_of(entry).map_err(|error| io_error(&self.path)(error.into()))?;
        if let Err(source) = self.file.write_all(&line) {
            let _ = self.file.set_len(self.length);
            return Err(WorldError::Io {
                path: self.path.clone(),
                source,
            });
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> WorldError {
    let path = path.to_path_buf();
    move |source| WorldError::Io { path, source }
}

fn line_of(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

fn lock(dir: &Path) -> Result<File, WorldError> {
    let path = dir.join(LOCK_NAME);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(io_error(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(WorldError::InUse {
            dir: dir.to_path_buf(),
        }),
        Err(TryLockError::Error(source)) => Err(WorldError::Io { path, source }),
    }
}

/// Applies the lines in order and answers what is left, sorted by id.
fn replay(path: &Path, bytes: &[u8]) -> Result<Vec<Resource>, WorldError> {
    let mut left: BTreeMap<String, Resource> = BTreeMap::new();
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        let damaged = |error: serde_json::Error| WorldError::Damaged {
            path: path.to_path_buf(),
            line: number,
            reason: error.to_string(),
        };
        let torn = !line.ends_with(b"\n");
        if number == 1 {
            match serde_json::from_slice::<Header>(line) {
                Ok(header) if header.lazuli_emulator_world <= FORMAT => continue,
                Ok(header) => {
                    return Err(WorldError::Newer {
                        path: path.to_path_buf(),
                        found: header.lazuli_emulator_world,
                    });
                }
                Err(error) => return Err(damaged(error)),
            }
        }
        match serde_json::from_slice::<Entry>(line) {
            Ok(Entry::Put(resource)) => {
                left.insert(resource.id.to_ascii_lowercase(), resource);
            }
            Ok(Entry::Remove(id)) => {
                left.remove(&id.to_ascii_lowercase());
            }
            Err(_) if torn => {
                tracing::warn!(path = %path.display(), line = number, "dropped a torn last line of the world file");
            }
            Err(error) => return Err(damaged(error)),
        }
    }
    Ok(left.into_values().collect())
}

fn rewrite(path: &Path, resources: &[Resource]) -> Result<(), WorldError> {
    let beside = path.with_extension("jsonl.new");
    let write = || -> io::Result<()> {
        let mut out = io::BufWriter::new(create_private(&beside)?);
        out.write_all(&line_of(&Header {
            lazuli_emulator_world: FORMAT,
        })?)?;
        for resource in resources {
            out.write_all(&line_of(&EntryRef::Put(resource))?)?;
        }
        out.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()
    };
    write().map_err(io_error(&beside))?;
    fs::rename(&beside, path).map_err(io_error(path))
}

/// Creates or truncates a file that only its owner may read.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
