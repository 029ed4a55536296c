//! The objects of one stack, by their names within it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ring::rand::{SecureRandom as _, SystemRandom};

use super::head::{self, Head, Note};
use super::names;
use super::sealed::{self, Unsealed};
use crate::EngineError;
use crate::secrets::DataKey;
use crate::store::lock::LockInfo;
use crate::store::objects::{Condition, Object, ObjectError, Objects, Tag};

/// The objects of one stack.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) objects: Arc<dyn Objects>,
    /// `PROJECT/STACK`: where the objects are, and what sealing binds them to.
    pub(super) stack: String,
    pub(super) patience: Duration,
}

/// A head that was read.
pub(super) struct Found {
    pub(super) head: Head,
    pub(super) tag: Tag,
    pub(super) written: SystemTime,
}

impl Site {
    pub(super) fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.stack)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("{}/{}", self.objects.url(), self.name(name)))
    }

    pub(super) fn get(&self, name: &str) -> Result<Option<Object>, ObjectError> {
        self.objects.get(&self.name(name))
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8], on: &Condition) -> Result<Tag, ObjectError> {
        self.objects.put(&self.name(name), bytes, on)
    }

    /// Objects of the stack, in a folder or all of them, without the stack's own prefix.
    pub(super) fn list(&self, folder: &str) -> Result<Vec<(String, SystemTime)>, ObjectError> {
        let folder = self.name(folder);
        let listed = self.objects.list(folder.trim_end_matches('/'))?;
        let prefix = self.name("");
        let own = listed
            .into_iter()
            .filter_map(|(name, written)| Some((name.strip_prefix(&prefix)?.to_owned(), written)));
        let mut own: Vec<_> = own.collect();
        own.sort();
        Ok(own)
    }

    pub(super) fn failed(&self, name: &str, error: ObjectError) -> EngineError {
        let file = self.file(name);
        match error {
            ObjectError::Conflict => EngineError::State {
                file,
                message: error.to_string(),
                help: "run the command again".into(),
            },
            ObjectError::Failed { message, help } => EngineError::State {
                file,
                message,
                help,
            },
        }
    }

    pub(super) fn head(&self) -> Result<Option<Found>, EngineError> {
        let object = self.get(head::NAME);
        let Some(object) = object.map_err(|error| self.failed(head::NAME, error))? else {
            return Ok(None);
        };
        match Head::parse(&object.bytes) {
            Ok(head) => Ok(Some(Found {
                head,
                tag: object.tag,
                written: object.written,
            })),
            Err(None) => Err(self.damaged(head::NAME, "it is not the head of a state")),
            Err(Some(version)) => Err(self.newer(head::NAME, version, head::VERSION)),
        }
    }

    pub(super) fn seal(
        &self,
        key: &DataKey,
        name: &str,
        plain: &[u8],
    ) -> Result<Vec<u8>, EngineError> {
        sealed::seal(key, name, plain).ok_or_else(|| EngineError::State {
            file: self.file(name),
            message: "it cannot be sealed: the system gives no randomness".into(),
            help: "try again".into(),
        })
    }

    pub(super) fn open(
        &self,
        key: &DataKey,
        name: &str,
        object: &Object,
    ) -> Result<Vec<u8>, EngineError> {
        match sealed::open(key, name, &object.bytes) {
            Ok(plain) => Ok(plain.to_vec()),
            Err(Unsealed::Damaged(message)) => Err(self.damaged(name, message)),
            Err(Unsealed::Newer(version)) => Err(self.newer(name, version, sealed::VERSION)),
        }
    }

    pub(super) fn damaged(&self, name: &str, message: &str) -> EngineError {
        EngineError::State {
            file: self.file(name),
            message: message.to_owned(),
            help: format!("nothing was changed; {RESTORING}"),
        }
    }

    pub(super) fn newer(&self, name: &str, version: u32, known: u32) -> EngineError {
        EngineError::State {
            file: self.file(name),
            message: format!(
                "it was written by a newer Lazuli (format {version}, this one knows {known})"
            ),
            help: "build the program with the newer version of lazuli; nothing was changed".into(),
        }
    }

    /// Numbers of a generation's segments, which have no gap.
    pub(super) fn segments(&self, generation: u64) -> Result<u64, EngineError> {
        let folder = names::folder(generation);
        let listed = self.list(&folder);
        let listed = listed.map_err(|error| self.failed(&folder, error))?;
        let mut count = 0;
        for (name, _) in &listed {
            match names::parse(name) {
                Some((_, number)) if number == count + 1 => count = number,
                Some((_, number)) => {
                    let message = format!("segment {} is missing before {number}", count + 1);
                    return Err(self.damaged(&folder, &message));
                }
                None => return Err(self.damaged(name, "it is not a segment of a journal")),
            }
        }
        Ok(count)
    }

    /// What time it is for the service, which also dates the objects.
    pub(super) fn time(&self) -> Result<SystemTime, EngineError> {
        let name = format!("clock/{}", identity());
        let failed = |error| self.failed(&name, error);
        self.put(&name, b"", &Condition::Absent).map_err(failed)?;
        let object = self.get(&name).map_err(failed)?;
        // A leftover is removed with the next snapshot.
        let _ = self.objects.remove(&self.name(&name));
        object
            .map(|object| object.written)
            .ok_or_else(|| self.damaged(&name, "it was written and is not there"))
    }

    pub(super) fn holder(&self, note: &Note, silent_for: Option<Duration>) -> LockInfo {
        LockInfo {
            text: note.holder.clone(),
            silent_for,
            expires_after: Some(Duration::from_secs(note.seconds)),
            place: self.file(head::NAME),
        }
    }
}

pub(super) const RESTORING: &str = "make an earlier version of that object the current one (the service keeps them if versioning is on)";

/// Distinguishes holders and objects.
pub(super) fn identity() -> String {
    let mut bytes = [0; 16];
    // Without randomness two may be alike; the conditional writes still distinguish them.
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
