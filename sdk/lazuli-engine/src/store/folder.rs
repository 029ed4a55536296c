//! A stack's state in a local folder: one snapshot, one journal and a lock.
//!
//! A crash between writing a snapshot and removing the old journal is harmless:
//! the journal's name carries the generation it continues.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::backend::{Backend, Log, What};
use super::disk::{Disk, RealDisk};
use super::lock::{FileLock, LockGuard, LockInfo};
use super::{KEPT_SNAPSHOTS, unwritable};
use crate::EngineError;
use crate::secrets::{DataKey, KeptKey, Keyring, PlainKey};

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
        key.load(create)
            .map_err(|error| EngineError::key(file.clone(), error))
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
        let surplus = files.len().saturating_sub(KEPT_SNAPSHOTS);
        for old in files.into_iter().take(surplus) {
            let _ = fs::remove_file(old);
        }
    }
}

impl Backend for Folder {
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

    fn broken(&self, cause: &str) -> EngineError {
        EngineError::State {
            file: PathBuf::from("journal"),
            message: format!("the journal cannot be written: {cause}"),
            help: super::FREE_SPACE.into(),
        }
    }

    fn beside(&self, project: &str, stack: &str) -> Arc<dyn Backend> {
        let other = Self::new(&self.root, project, stack);
        Arc::new(other.with_keys(self.keyring.clone()))
    }

    fn prepare(&self) -> Result<(), EngineError> {
        fs::create_dir_all(&self.path).map_err(|cause| unwritable(&self.path, &cause))
    }

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

    fn rewrap(&self, keyring: &Keyring) -> Result<(), EngineError> {
        let file = &self.path.join("key");
        let failed = |error| EngineError::key(file.clone(), error);
        let Some(key) = self.plain_key(true)? else {
            return Ok(());
        };
        KeptKey { file, keyring }.rewrap(&key).map_err(failed)
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
        match fs::read(self.journal_file(generation)) {
            Ok(text) => Ok(text),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(cause) => {
                let message = format!("it cannot be read: {cause}");
                Err(self.damaged(What::Journal(generation), message))
            }
        }
    }

    fn log(&self, generation: u64, whole: u64, header: &str) -> Result<Box<dyn Log>, EngineError> {
        let path = self.journal_file(generation);
        let failed = |cause: io::Error| unwritable(&path, &cause);
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
        let failed = |cause: io::Error| unwritable(&file, &cause);
        self.keep_previous(generation);
        let temporary = file.with_extension("tmp");
        let mut handle = File::create(&temporary).map_err(failed)?;
        for part in parts {
            self.disk.write(&mut handle, part).map_err(failed)?;
        }
        self.disk.sync(&handle).map_err(failed)?;
        fs::rename(&temporary, &file).map_err(failed)?;
        sync_folder(&self.path);
        // Its entries are in the snapshot; a leftover is ignored by its generation.
        let _ = fs::remove_file(self.journal_file(generation));
        Ok(())
    }

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

/// Makes a rename durable. Not every file system lets a folder be synced.
fn sync_folder(folder: &Path) {
    if let Ok(handle) = File::open(folder) {
        let _ = handle.sync_all();
    }
}
