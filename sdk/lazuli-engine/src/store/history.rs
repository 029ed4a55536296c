//! What was done to a stack, run by run: one JSON line each, beside the state.

use serde::{Deserialize, Serialize};

use super::Store;
use crate::error::EngineError;
use crate::event::Summary;

/// One run that could write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// When it ended, in UTC (RFC 3339).
    pub at: String,
    /// `up`, `destroy` or `refresh`.
    pub operation: String,
    /// Who ran it: `user@host`.
    pub actor: String,
    /// `succeeded`, `failed`, `stopped` or `refused`.
    pub result: String,
    /// Why it did not succeed, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Serial of the state before.
    pub serial_before: u64,
    /// Serial of the state after a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_after: Option<u64>,
    /// Resources created, updated, replaced, deleted, adopted.
    pub created: usize,
    /// See `created`.
    pub updated: usize,
    /// See `created`.
    pub replaced: usize,
    /// See `created`.
    pub deleted: usize,
    /// See `created`.
    #[serde(default)]
    pub imported: usize,
    /// How long it took, the wait for approval not counted.
    pub milliseconds: u64,
}

impl HistoryEntry {
    /// The end of a run.
    pub(crate) fn of(
        operation: &str,
        actor: &str,
        serial_before: u64,
        result: &Result<(Summary, u64), EngineError>,
    ) -> Self {
        let none = Summary::default();
        let (summary, serial_after, word, reason) = match result {
            Ok((summary, serial)) => (summary, Some(*serial), "succeeded", None),
            Err(error) => {
                let word = match error {
                    EngineError::Stopped { .. } => "stopped",
                    EngineError::Refused { .. } => "refused",
                    _ => "failed",
                };
                (
                    error.summary().unwrap_or(&none),
                    None,
                    word,
                    Some(error.to_string()),
                )
            }
        };
        Self {
            at: jiff::Timestamp::now()
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string(),
            operation: operation.to_owned(),
            actor: actor.to_owned(),
            result: word.to_owned(),
            reason,
            serial_before,
            serial_after,
            created: summary.created,
            updated: summary.updated,
            replaced: summary.replaced,
            deleted: summary.deleted,
            imported: summary.imported,
            milliseconds: u64::try_from(summary.duration.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// All that is on record of a stack's runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The runs, oldest first.
    pub entries: Vec<HistoryEntry>,
    /// Numbers of the lines that are damaged and say nothing any more.
    pub damaged: Vec<usize>,
}

impl Store {
    /// All runs that are on record, oldest first, without those whose line is damaged.
    pub fn history(&self) -> Vec<HistoryEntry> {
        self.whole_history().entries
    }

    /// All runs that are on record, and which lines are damaged. Nothing depends on
    /// the history: a damaged line costs nothing else.
    pub fn whole_history(&self) -> History {
        let mut history = History::default();
        for (at, line) in self.backend().history().iter().enumerate() {
            match serde_json::from_str(line) {
                Ok(entry) => history.entries.push(entry),
                Err(_) => history.damaged.push(at + 1),
            }
        }
        history
    }

    /// Records the end of a run. That this fails must not fail the run.
    pub(crate) fn note_run(&self, entry: &HistoryEntry) {
        let written = serde_json::to_string(entry)
            .map_err(std::io::Error::other)
            .and_then(|line| self.backend().note_run(&line));
        if let Err(cause) = written {
            tracing::warn!(%cause, "the run is not in the history");
        }
    }
}
