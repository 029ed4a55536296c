//! A stack's state in a local folder: one snapshot, one journal and a lock.
//!
//! A crash between writing a snapshot and removing the old journal is harmless:
//! the journal's name carries the generation it continues.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::backend::{Backend, Blobs, KEPT_SNAPSHOTS, Keys, Located, Lock, Log, What};
use super::disk::{Disk, RealDisk};
use super::lock::{FileLock, LockGuard, LockInfo};
use crate::EngineError;
use crate::secrets::{DataKey, KeptKey, Keyring, PlainKey, Rewrap};
use crate::whole_file::sync_folder;

/// The folder of one stack.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
    path: PathBuf,
    context: String,
    keyring: Keyring,
    disk: Arc<dyn Disk>,
    key: OnceLock<Arc<DataKey>>,
}

impl Folder {
    pub(super) fn new(root: &Path, project: &str, stack: &str) -> Self {
        Self {
            root: root.to_owned(),
            path: root.join(project).join(stack),
            context: format!("{project}/{stack}"),
            keyring: Keyring::default(),
            disk: Arc::new(RealDisk),
            key: OnceLock::new(),
        }
    }

    pub(super) fn on(self, disk: Arc<dyn Disk>) -> Self {
        Self { disk, ..self }
    }

    pub(super) fn with_keys(self, keyring: Keyring) -> Self {
        Self { keyring, ..self }
    }

    /// Another stack of the same project, on the same disk and with the same keys.
    pub(super) fn of_stack(&self, stack: &str) -> Self {
        let project = self.context.split('/').next().unwrap_or_default();
        Self::new(&self.root, project, stack)
            .with_keys(self.keyring.clone())
            .on(self.disk.clone())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn snapshot_file(&self) -> PathBuf {
        self.path.join("state.json")
    }

    pub(super) fn journal_file(&self, generation: u64) -> PathBuf {
        self.path.join(format!("journal-{generation}.log"))
    }

    fn history_file(&self) -> PathBuf {
        self.path.join("history.jsonl")
    }

    fn plain_key(&self, create: bool) -> Result<Option<PlainKey>, EngineError> {
        let file = self.path.join("key");
        let keyring = &self.keyring;
        let key = KeptKey {
            file: &file,
            keyring,
        };
        key.load(create, || self.is_sealed())
            .map_err(|error| EngineError::key(file.clone(), error))
    }

    fn kept_journal(&self, generation: u64) -> PathBuf {
        let name = format!("journal-{generation:08}.log");
        self.path.join("history").join(name)
    }

    /// Whether anything that is kept here was sealed with the data key.
    fn is_sealed(&self) -> bool {
        let sealed = |file: &Path| {
            let bytes = fs::read(file).unwrap_or_default();
            bytes
                .windows(SEALED.len())
                .any(|window| window == SEALED.as_bytes())
        };
        [self.path.clone(), self.path.join("history")]
            .iter()
            .filter_map(|folder| fs::read_dir(folder).ok())
            .flat_map(|entries| entries.flatten())
            .any(|entry| sealed(&entry.path()))
    }

    /// Keeps the former snapshot. That this fails must not fail the run.
    fn keep_previous(&self, generation: u64) {
        let history = self.path.join("history");
        let kept = history.join(format!("state-{generation:08}.json"));
        let copied = fs::create_dir_all(&history).and_then(|()| {
            match fs::copy(self.snapshot_file(), &kept) {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(0),
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
        for prefix in ["state-", "journal-"] {
            let of_kind = files.iter().filter(|file| {
                let name = file.file_name().unwrap_or_default();
                name.to_string_lossy().starts_with(prefix)
            });
            let surplus = of_kind.clone().count().saturating_sub(KEPT_SNAPSHOTS);
            for old in of_kind.take(surplus) {
                let _ = fs::remove_file(old);
            }
        }
    }

    /// Keeps the journal that a snapshot took the place of, for its story.
    fn keep_journal(&self, generation: u64) {
        let file = self.journal_file(generation);
        if fs::rename(&file, self.kept_journal(generation)).is_err() {
            // Its entries are in the snapshot; a leftover is ignored by its generation.
            let _ = fs::remove_file(file);
        }
    }
}

/// What stands before every sealed value, see `format_v1`.
const SEALED: &str = "\"$lazuli\"";

fn read_or_empty(place: &dyn Located, what: What, file: &Path) -> Result<Vec<u8>, EngineError> {
    match fs::read(file) {
        Ok(text) => Ok(text),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(cause) => Err(place.damaged(what, format!("it cannot be read: {cause}"))),
    }
}

impl Located for Folder {
    fn at(&self, what: What) -> PathBuf {
        match what {
            What::Stack => self.path.clone(),
            What::Snapshot => self.snapshot_file(),
            What::Journal(generation) => self.journal_file(generation),
        }
    }

    fn restoring(&self) -> &'static str {
        "restore the stack's folder from a backup, or the latest good snapshot from its `history` folder as state.json"
    }

    fn broken(&self, generation: u64, cause: &str) -> EngineError {
        EngineError::State {
            file: self.journal_file(generation),
            message: format!("the journal cannot be written: {cause}"),
            help: crate::error::FREE_SPACE.into(),
        }
    }
}

impl Blobs for Folder {
    fn prepare(&self) -> Result<(), EngineError> {
        fs::create_dir_all(&self.path).map_err(|cause| EngineError::unwritable(&self.path, &cause))
    }

    fn snapshot(&self) -> Result<Option<Vec<u8>>, EngineError> {
        match fs::read(self.snapshot_file()) {
            Ok(text) => Ok(Some(text)),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => {
                let message = format!("it cannot be read: {cause}");
                Err(self.damaged(What::Snapshot, message))
            }
        }
    }

    fn journal(&self, generation: u64) -> Result<Vec<u8>, EngineError> {
        let file = self.journal_file(generation);
        read_or_empty(self, What::Journal(generation), &file)
    }

    fn former_journal(&self, generation: u64) -> Result<Vec<u8>, EngineError> {
        let file = self.kept_journal(generation);
        read_or_empty(self, What::Journal(generation), &file)
    }

    fn log(&self, generation: u64, whole: u64, header: &str) -> Result<Box<dyn Log>, EngineError> {
        let path = self.journal_file(generation);
        let failed = |cause: io::Error| EngineError::unwritable(&path, &cause);
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        file.set_len(whole).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        if whole == 0 {
            self.disk
                .write(&mut file, header.as_bytes())
                .map_err(failed)?;
        }
        self.disk.sync(&file).map_err(failed)?;
        let disk = self.disk.clone();
        Ok(Box::new(FileLog { file, disk }))
    }

    fn has_entries(&self, generation: u64, header: &str) -> bool {
        let file = fs::metadata(self.journal_file(generation));
        file.is_ok_and(|file| file.len() > header.len() as u64)
    }

    fn replace(&self, generation: u64, parts: &[&[u8]]) -> Result<(), EngineError> {
        let file = self.snapshot_file();
        let failed = |cause: io::Error| EngineError::unwritable(&file, &cause);
        self.keep_previous(generation);
        let temporary = file.with_extension("tmp");
        let mut handle = File::create(&temporary).map_err(failed)?;
        for part in parts {
            self.disk.write(&mut handle, part).map_err(failed)?;
        }
        self.disk.sync(&handle).map_err(failed)?;
        fs::rename(&temporary, &file).map_err(failed)?;
        sync_folder(&file);
        self.keep_journal(generation);
        Ok(())
    }

    fn history(&self) -> Vec<String> {
        let text = fs::read_to_string(self.history_file()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn note_run(&self, line: &str) -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .append(true)
            .create(true)
            .open(self.history_file())?;
        file.write_all(format!("{line}\n").as_bytes())
    }
}

impl Keys for Folder {
    fn data_key(&self, create: bool) -> Result<Option<Arc<DataKey>>, EngineError> {
        if let Some(key) = self.key.get() {
            return Ok(Some(key.clone()));
        }
        let Some(key) = self.plain_key(create)? else {
            return Ok(None);
        };
        let key = DataKey::new(&key, &self.context)
            .map_err(|error| EngineError::key(self.path.join("key"), error))?;
        Ok(Some(self.key.get_or_init(|| Arc::new(key)).clone()))
    }

    fn rewrap(&self, keyring: &Keyring, step: Rewrap) -> Result<(), EngineError> {
        let file = &self.path.join("key");
        let failed = |error| EngineError::key(file.clone(), error);
        self.plain_key(true)?;
        let kept = KeptKey {
            file,
            keyring: &self.keyring,
        };
        kept.rewrap(keyring, step).map_err(failed)
    }
}

impl Lock for Folder {
    fn lock(&self, actor: &str, doing: &str) -> Result<Box<dyn LockGuard>, EngineError> {
        let lock = FileLock::take(self.path.join("lock"), actor, doing)?;
        Ok(Box::new(lock))
    }

    fn holder(&self) -> Result<Option<LockInfo>, EngineError> {
        FileLock::holder(self.path.join("lock"))
    }

    fn release_by_force(&self, _: &str) -> Result<(), EngineError> {
        match self.holder()? {
            None => Ok(()),
            Some(holder) => Err(EngineError::State {
                file: holder.place,
                message: format!("the lock is held by the operating system for {}", holder.text),
                help: "end that process: its lock is gone with it, and what it had in flight is settled by the next run"
                    .into(),
            }),
        }
    }
}

impl Backend for Folder {
    fn beside(&self, project: &str, stack: &str) -> Arc<dyn Backend> {
        let other = Self::new(&self.root, project, stack);
        Arc::new(other.with_keys(self.keyring.clone()))
    }

    fn stacks(&self, prefix: &str) -> Result<Vec<String>, EngineError> {
        let folder = self.path.parent().unwrap_or(&self.path);
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => {
                let message = format!("the folder cannot be read: {cause}");
                return Err(self.damaged(What::Stack, message));
            }
        };
        let names = entries.flatten().filter(|entry| {
            let folder = entry.path();
            folder.join("key").exists() || folder.join("state.json").exists()
        });
        let mut names: Vec<_> = names
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with(prefix))
            .collect();
        names.sort();
        Ok(names)
    }
}

#[derive(Debug)]
struct FileLog {
    file: File,
    disk: Arc<dyn Disk>,
}

impl Log for FileLog {
    fn append(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.disk
            .write(&mut self.file, bytes)
            .and_then(|()| self.disk.sync(&self.file))
            .map_err(|cause| cause.to_string())
    }
}
