//! The lock of a stack: held by the operating system for as long as the process
//! lives, so a dead holder's lock is gone by itself. Its text is for people.

use std::fs;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::PathBuf;

use super::Store;
use crate::EngineError;

/// Held while the stack is worked on.
#[derive(Debug)]
pub(crate) struct Lock {
    file: fs::File,
}

impl Lock {
    /// Takes the lock, or says who holds it.
    pub(crate) fn take(store: &Store, actor: &str, doing: &str) -> Result<Self, EngineError> {
        let path: PathBuf = store.folder().join("lock");
        let failed = |cause: std::io::Error| super::unwritable(&path, &cause);
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
            let mut holder = String::new();
            // The holder's text is a courtesy; without it the message still says what to do.
            let _ = file.read_to_string(&mut holder);
            let holder = if holder.trim().is_empty() {
                "another process".to_owned()
            } else {
                holder.trim().to_owned()
            };
            return Err(EngineError::Locked { holder, file: path });
        }
        let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC");
        let text = format!(
            "{actor} (process {}) since {now}, running `{doing}`\n",
            std::process::id()
        );
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(failed)?;
        Ok(Self { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file would release it as well.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}
