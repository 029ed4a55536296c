//! Where a stack's state is kept: a local folder with one snapshot, one journal
//! and a lock.
//!
//! ```text
//! FOLDER/PROJECT/STACK/state.json      snapshot: a header line, then the state
//!                      journal-G.log   entries since snapshot generation G
//!                      history/        earlier snapshots
//!                      lock            who works on the stack
//!                      key             seals secrets; readable by its owner only
//! ```
//! A crash between writing a snapshot and removing the old journal is harmless:
//! the journal's name carries the generation it continues.

mod disk;
mod format_v1;
mod history;
mod lock;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lazuli_core::Value;
use serde::{Deserialize, Serialize};

pub use self::disk::{Disk, RealDisk};
pub(crate) use self::format_v1::Codec;
use self::format_v1::{StateV1, VERSION};
pub use self::history::HistoryEntry;
pub(crate) use self::lock::Lock;
use crate::EngineError;
use crate::secrets::DataKey;
use crate::state::{Entry, State};

const KEPT_SNAPSHOTS: usize = 20;

/// The place of one stack's state.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    folder: PathBuf,
    context: String,
    disk: Arc<dyn Disk>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    generation: u64,
    #[serde(default)]
    crc32: Option<u32>,
}

/// A state that was read, and what it takes to go on from it.
pub(crate) struct Opened {
    pub(crate) state: State,
    pub(crate) generation: u64,
    /// Bytes of the journal that hold whole entries; what follows is a torn tail.
    pub(crate) journal_bytes: u64,
    pub(crate) torn: bool,
}

impl Store {
    /// A stack's state in `folder/project/stack`.
    pub fn local(folder: &Path, project: &str, stack: &str) -> Self {
        Self {
            root: folder.to_owned(),
            folder: folder.join(project).join(stack),
            context: format!("{project}/{stack}"),
            disk: Arc::new(RealDisk),
        }
    }

    /// The same stack, written through another disk.
    #[must_use]
    pub fn on(mut self, disk: Arc<dyn Disk>) -> Self {
        self.disk = disk;
        self
    }

    pub(crate) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// The stack's own folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What another stack exports, at the same target as this one.
    pub(crate) fn exports_of(
        &self,
        project: &str,
        stack: &str,
    ) -> Result<BTreeMap<String, Value>, String> {
        let own = self.folder.file_name().and_then(|name| name.to_str());
        let target = own
            .and_then(|own| own.split_once('@'))
            .map(|(_, target)| target);
        let name = match target {
            Some(target) => format!("{stack}@{target}"),
            None => stack.to_owned(),
        };
        let other = Self::local(&self.root, project, &name);
        if !other.snapshot_file().exists() {
            return Err(format!(
                "it was never deployed ({})",
                other.folder.display()
            ));
        }
        let state = other.read().map_err(|error| error.to_string())?;
        Ok(state.exports)
    }

    /// The state as it is; an empty one when the stack was never deployed.
    ///
    /// # Errors
    /// [`EngineError::State`] when a file is damaged, unreadable or from a newer version.
    pub fn read(&self) -> Result<State, EngineError> {
        self.open(&self.codec(false)?).map(|opened| opened.state)
    }

    pub(crate) fn codec(&self, create_key: bool) -> Result<Codec, EngineError> {
        Ok(Codec {
            key: DataKey::load(&self.folder.join("key"), &self.context, create_key)?,
        })
    }

    pub(crate) fn snapshot_file(&self) -> PathBuf {
        self.folder.join("state.json")
    }

    pub(crate) fn journal_file(&self, generation: u64) -> PathBuf {
        self.folder.join(format!("journal-{generation}.log"))
    }

    pub(crate) fn open(&self, codec: &Codec) -> Result<Opened, EngineError> {
        let (mut state, generation) = self.read_snapshot(codec)?;
        let file = self.journal_file(generation);
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(cause) => return Err(damaged(&file, format!("it cannot be read: {cause}"))),
        };
        let (journal_bytes, torn) = replay(&file, &text, generation, codec, &mut state)?;
        state.prune();
        Ok(Opened {
            state,
            generation,
            journal_bytes,
            torn,
        })
    }

    fn read_snapshot(&self, codec: &Codec) -> Result<(State, u64), EngineError> {
        let file = self.snapshot_file();
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {
                return Ok((State::default(), 0));
            }
            Err(cause) => return Err(damaged(&file, format!("it cannot be read: {cause}"))),
        };
        let (header, body) = text.split_once('\n').unwrap_or((&text, ""));
        let header: Header = serde_json::from_str(header)
            .map_err(|_| damaged(&file, "line 1 is not a state header".into()))?;
        check_header(&file, &header, "lazuli.state")?;
        if header.crc32 != Some(crc32fast::hash(body.as_bytes())) {
            return Err(damaged(
                &file,
                "its content does not match its checksum: it was cut or edited".into(),
            ));
        }
        let wire: StateV1 = serde_json::from_str(body).map_err(|cause| {
            damaged(
                &file,
                format!("line {} cannot be understood: {cause}", cause.line() + 1),
            )
        })?;
        let state = codec
            .read_state(wire)
            .map_err(|reason| damaged(&file, reason))?;
        Ok((state, header.generation))
    }

    /// Writes a snapshot of the next generation and removes the journal it replaces.
    pub(crate) fn compact(
        &self,
        codec: &Codec,
        state: &State,
        generation: u64,
    ) -> Result<u64, EngineError> {
        let file = self.snapshot_file();
        let failed = |cause: std::io::Error| unwritable(&file, &cause);
        let next = generation + 1;
        // Resources are converted one by one: a second copy of them would be the peak of a run.
        let body = serde_json::to_vec_pretty(&codec.written(state))
            .map_err(|cause| damaged(&file, cause.to_string()))?;
        let crc32 = Some(crc32fast::hash(&body));
        let header = Header {
            format: "lazuli.state".into(),
            version: VERSION,
            generation: next,
            crc32,
        };
        let header =
            serde_json::to_string(&header).map_err(|cause| damaged(&file, cause.to_string()))?;
        self.keep_previous(generation);
        let temporary = file.with_extension("tmp");
        let mut handle = fs::File::create(&temporary).map_err(failed)?;
        for part in [header.as_bytes(), b"\n", &body] {
            self.disk.write(&mut handle, part).map_err(failed)?;
        }
        self.disk.sync(&handle).map_err(failed)?;
        fs::rename(&temporary, &file).map_err(failed)?;
        sync_folder(&self.folder);
        // Its entries are in the snapshot; a leftover is ignored by its generation.
        let _ = fs::remove_file(self.journal_file(generation));
        Ok(next)
    }

    /// Keeps the former snapshot. That this fails must not fail the run.
    fn keep_previous(&self, generation: u64) {
        let history = self.folder.join("history");
        let kept = history.join(format!("state-{generation:08}.json"));
        let copied = fs::create_dir_all(&history).and_then(|()| {
            match fs::copy(self.snapshot_file(), &kept) {
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(0),
                other => other,
            }
        });
        if let Err(cause) = copied {
            tracing::warn!(%cause, folder = %history.display(), "the previous snapshot was not kept");
        }
        let Ok(entries) = fs::read_dir(&history) else {
            return;
        };
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        let surplus = files.len().saturating_sub(KEPT_SNAPSHOTS);
        for old in files.into_iter().take(surplus) {
            let _ = fs::remove_file(old);
        }
    }

    pub(crate) fn prepare(&self) -> Result<(), EngineError> {
        fs::create_dir_all(&self.folder).map_err(|cause| unwritable(&self.folder, &cause))
    }
}

/// Makes a rename durable. Not every file system lets a folder be synced.
fn sync_folder(folder: &Path) {
    if let Ok(handle) = fs::File::open(folder) {
        let _ = handle.sync_all();
    }
}

fn check_header(file: &Path, header: &Header, format: &str) -> Result<(), EngineError> {
    if header.format != format {
        return Err(damaged(
            file,
            format!("it is a {:?}, not a {format:?}", header.format),
        ));
    }
    if header.version > VERSION {
        return Err(EngineError::State {
            file: file.to_owned(),
            message: format!(
                "it was written by a newer Lazuli (format {}, this one knows {VERSION})",
                header.version
            ),
            help: "build the program with the newer version of lazuli; nothing was changed".into(),
        });
    }
    Ok(())
}

pub(crate) fn damaged(file: &Path, message: String) -> EngineError {
    EngineError::State {
        file: file.to_owned(),
        message,
        help: "nothing was changed; restore the stack's folder from a backup, or the latest good snapshot from its \
               `history` folder as state.json"
            .into(),
    }
}

pub(crate) fn unwritable(file: &Path, cause: &std::io::Error) -> EngineError {
    EngineError::State {
        file: file.to_owned(),
        message: format!("it cannot be written: {cause}"),
        help: "free space or make the folder writable, then run the command again; what was in flight is settled then"
            .into(),
    }
}

/// One journal line: checksum, blank, JSON, line feed.
pub(crate) fn line(json: &str) -> String {
    format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()))
}

/// The first line of a journal.
pub(crate) fn journal_header(generation: u64) -> String {
    let header = Header {
        format: "lazuli.journal".into(),
        version: VERSION,
        generation,
        crc32: None,
    };
    line(&serde_json::to_string(&header).unwrap_or_default())
}

/// The line of an entry.
pub(crate) fn entry_line(codec: &Codec, entry: &Entry) -> Result<String, String> {
    let wire = codec.entry(entry)?;
    serde_json::to_string(&wire)
        .map(|json| line(&json))
        .map_err(|cause| cause.to_string())
}

fn checked(line: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(line).ok()?;
    let (sum, json) = text.split_once(' ')?;
    (u32::from_str_radix(sum, 16).ok()? == crc32fast::hash(json.as_bytes())).then_some(json)
}

/// Applies whole entries; returns how many bytes they take and whether a torn tail follows.
fn replay(
    file: &Path,
    text: &[u8],
    generation: u64,
    codec: &Codec,
    state: &mut State,
) -> Result<(u64, bool), EngineError> {
    let mut good = 0;
    let mut rest = text;
    let mut number = 0;
    while !rest.is_empty() {
        number += 1;
        let end = rest.iter().position(|byte| *byte == b'\n');
        let line = &rest[..end.unwrap_or(rest.len())];
        let next = end.map_or(&[][..], |end| &rest[end + 1..]);
        let Some(json) = checked(line).filter(|_| end.is_some()) else {
            if next.contains(&b'\n') {
                return Err(damaged(
                    file,
                    format!("line {number} does not match its checksum"),
                ));
            }
            return Ok((good, true));
        };
        let problem = |reason: String| {
            damaged(
                file,
                format!("line {number} cannot be understood: {reason}"),
            )
        };
        if number == 1 {
            let header: Header =
                serde_json::from_str(json).map_err(|cause| problem(cause.to_string()))?;
            check_header(file, &header, "lazuli.journal")?;
            if header.generation != generation {
                return Err(problem(format!(
                    "it continues generation {}, not {generation}",
                    header.generation
                )));
            }
        } else {
            let wire = serde_json::from_str(json).map_err(|cause| problem(cause.to_string()))?;
            state.apply(&codec.read_entry(wire).map_err(problem)?);
        }
        good += line.len() as u64 + 1;
        rest = next;
    }
    Ok((good, false))
}

#[cfg(test)]
mod tests;
