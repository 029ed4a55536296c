//! The head of a remote state: the one object that changes. Whoever replaces it
//! under its `ETag` decides who may write, and which snapshot counts.

use serde::{Deserialize, Serialize};

use crate::secrets::WrappedKey;

pub(super) const NAME: &str = "head.json";
const FORMAT: &str = "lazuli.head";
pub(super) const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    format: String,
    version: u32,
    /// How often the lock was taken, or taken away.
    pub(super) epoch: u64,
    /// Generation of the snapshot; 0 = there is none.
    pub(super) generation: u64,
    /// The snapshot's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) snapshot: Option<String>,
    /// The last holder did not give the lock back: it may still be writing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) unclean: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lock: Option<Note>,
    /// Who took the lock away from a holder the last time that happened, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) taken_by: Option<String>,
    pub(super) key: WrappedKey,
}

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Distinguishes holders, whatever they are called.
    pub(super) id: String,
    /// For people.
    pub(super) holder: String,
    /// Seconds of silence after which the holder is taken for dead.
    pub(super) seconds: u64,
    /// Counts signs of life.
    pub(super) renewal: u64,
}

impl Head {
    pub(super) fn new(key: WrappedKey) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            epoch: 0,
            generation: 0,
            snapshot: None,
            unclean: false,
            lock: None,
            taken_by: None,
            key,
        }
    }

    /// Reads a head; `Err(None)` for a text that is none, `Err(Some(_))` with its
    /// version for a newer one.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Option<u32>> {
        #[derive(Deserialize)]
        struct Any {
            format: String,
            version: u32,
        }
        let any: Any = serde_json::from_slice(bytes).map_err(|_| None)?;
        if any.format != FORMAT {
            return Err(None);
        }
        if any.version > VERSION {
            return Err(Some(any.version));
        }
        serde_json::from_slice(bytes).map_err(|_| None)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Whether the lock is held under this id.
    pub(super) fn is_held_by(&self, id: &str) -> bool {
        self.lock.as_ref().is_some_and(|note| note.id == id)
    }

    /// Who has the lock now or took it away, for somebody who lost it.
    pub(super) fn successor(&self) -> String {
        match (&self.lock, &self.taken_by) {
            (Some(note), _) => note.holder.clone(),
            (None, Some(by)) => by.clone(),
            (None, None) => "somebody who is gone again".to_owned(),
        }
    }
}
