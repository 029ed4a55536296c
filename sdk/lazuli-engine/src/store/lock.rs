//! The lock of a stack, and what is known of its holder.

use std::fs;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::PathBuf;

use crate::EngineError;

/// A lock that is held until this is dropped.
pub(crate) trait LockGuard: Send {}

/// Who holds a stack's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockInfo {
    /// Who, on which host, in which process, since when, doing what.
    pub text: String,
    /// How long ago the holder gave a sign of life, where that is known.
    pub silent_for: Option<std::time::Duration>,
    /// After how much silence the lock counts as abandoned, where it does.
    pub expires_after: Option<std::time::Duration>,
    /// Where the lock is.
    pub place: PathBuf,
}

impl LockInfo {
    /// Whether the holder is taken for dead: whoever comes next has the lock.
    pub fn is_expired(&self) -> bool {
        match (self.silent_for, self.expires_after) {
            (Some(silent), Some(limit)) => silent > limit,
            _ => false,
        }
    }
}

/// `ann@host (process 7) since ..., running ...`.
pub(super) fn holder_text(actor: &str, process: u32, since: &str, doing: &str) -> String {
    let actor = if actor.is_empty() { "somebody" } else { actor };
    format!("{actor} (process {process}) since {since}, running `{doing}`")
}

/// The time as locks record it.
pub(super) fn now() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A lock on a file, held by the operating system for as long as the process
/// lives: a dead holder's lock is gone by itself. Its text is for people.
#[derive(Debug)]
pub(super) struct FileLock {
    file: fs::File,
}

impl FileLock {
    /// Takes the lock, or says who holds it.
    pub(super) fn take(path: PathBuf, actor: &str, doing: &str) -> Result<Self, EngineError> {
        let failed = |cause: std::io::Error| EngineError::unwritable(&path, &cause);
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
            let holder = text_of(&mut file);
            return Err(EngineError::Locked { holder, file: path });
        }
        let text = holder_text(actor, std::process::id(), &now(), doing);
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(format!("{text}\n").as_bytes()))
            .map_err(failed)?;
        Ok(Self { file })
    }

    /// Who holds the lock in this file.
    pub(super) fn holder(path: PathBuf) -> Result<Option<LockInfo>, EngineError> {
        let mut file = match fs::OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(EngineError::unwritable(&path, &cause)),
        };
        Ok(match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => Some(LockInfo {
                text: text_of(&mut file),
                silent_for: None,
                expires_after: None,
                place: path,
            }),
            _ => None,
        })
    }
}

/// The holder's text is a courtesy; without it messages still say what to do.
fn text_of(file: &mut fs::File) -> String {
    let mut text = String::new();
    let _ = file.read_to_string(&mut text);
    match text.trim() {
        "" => "another process".to_owned(),
        text => text.to_owned(),
    }
}

impl LockGuard for FileLock {}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing the file would release it as well.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}
