//! The journal's story: what was recorded since a snapshot, operation by operation.

use lazuli_core::Urn;

use super::Store;
use super::backend::What;
use super::text::{self, Line};
use crate::error::EngineError;
use crate::op::Op;
use crate::state::{Entry, InFlight, State};

/// What a journal says. Times are as they were written: UTC, RFC 3339; entries of
/// earlier versions have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JournalLog {
    /// Generation of the snapshot that the journal follows.
    pub generation: u64,
    /// A snapshot has taken its place: this is the story of the last run that ended.
    pub is_former: bool,
    /// What was recorded, by the time at which it began.
    pub entries: Vec<LogEntry>,
    /// The last entry was cut off in the middle; it does not count.
    pub torn: bool,
    /// Why nothing of what follows is returned.
    pub damaged: Option<String>,
}

/// One part of the story.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LogEntry {
    /// An operation on a resource, or what is recorded of it.
    Operation(LoggedOperation),
    /// A resource was recorded without an operation, or moved.
    Noted {
        /// When.
        at: Option<String>,
        /// The resource.
        urn: Urn,
        /// The cloud's id.
        id: String,
        /// The urn it had, if it moved.
        from: Option<Urn>,
    },
    /// A resource was forgotten; the cloud was not touched.
    Forgotten {
        /// When.
        at: Option<String>,
        /// The resource.
        urn: Urn,
        /// The cloud's id.
        id: String,
    },
    /// The exports of the program were recorded.
    Exports {
        /// When.
        at: Option<String>,
        /// Their names.
        names: Vec<String>,
    },
}

/// An operation, from its start to its end as far as both are recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoggedOperation {
    /// Its number.
    pub number: u64,
    /// What was being done, and to which resource; `None` for an operation whose
    /// start is not recorded.
    pub what: Option<(Op, Urn)>,
    /// The cloud's id, where it is known.
    pub id: String,
    /// It was in flight already when the snapshot was made.
    pub is_earlier: bool,
    /// When it started.
    pub started: Option<String>,
    /// When the cloud accepted it, each time that it gave a token.
    pub accepted: Vec<Option<String>>,
    /// When it ended, and how: `is`, `superseded`, `gone` or `nothing`. Without this
    /// it is still open.
    pub ended: Option<(Option<String>, &'static str)>,
}

impl Store {
    /// The story of the journal; of the former one when nothing was recorded since
    /// the snapshot.
    ///
    /// # Errors
    /// [`EngineError::State`] when the snapshot or the journal cannot be read at all.
    pub fn journal_log(&self) -> Result<JournalLog, EngineError> {
        let place = self.backend();
        let codec = self.codec(false)?;
        let (state, generation) = match place.snapshot()? {
            Some(text) => text::read_snapshot(place, &text, &codec)?,
            None => (State::default(), 0),
        };
        let current = place.journal(generation)?;
        let mut log = JournalLog {
            generation,
            ..JournalLog::default()
        };
        for (number, in_flight) in &state.in_flight {
            log.open(*number, in_flight, None, true);
        }
        log.read(self, &current, &codec);
        let is_silent = log.entries.is_empty() && log.damaged.is_none() && !log.torn;
        if !is_silent || generation == 0 {
            return Ok(log);
        }
        let former = generation - 1;
        let text = place.former_journal(former)?;
        let mut log = JournalLog {
            generation: former,
            is_former: true,
            ..JournalLog::default()
        };
        log.read(self, &text, &codec);
        Ok(log)
    }
}

impl JournalLog {
    /// Operations whose end is not recorded.
    pub fn still_open(&self) -> impl Iterator<Item = &LoggedOperation> {
        self.entries.iter().filter_map(|entry| match entry {
            LogEntry::Operation(operation) if operation.ended.is_none() => Some(operation),
            _ => None,
        })
    }

    fn read(&mut self, store: &Store, text: &[u8], codec: &super::Codec) {
        let generation = self.generation;
        let read = text::read_journal(store.backend(), text, generation, codec, |line| {
            self.tell(line);
            Ok(())
        });
        match read {
            Ok(whole) => self.torn = whole.torn,
            Err(EngineError::State { message, .. }) => {
                let file = store.backend().at(What::Journal(generation));
                self.damaged = Some(format!("{}: {message}", file.display()));
            }
            Err(other) => self.damaged = Some(other.to_string()),
        }
    }

    fn tell(&mut self, line: Line) {
        let at = line.at;
        match line.entry {
            Entry::Started {
                operation,
                in_flight,
            } => self.open(operation, &in_flight, at, false),
            Entry::Accepted { operation, .. } => self.operation(operation).accepted.push(at),
            Entry::Ended { operation, outcome } => {
                let told = self.operation(operation);
                told.ended = Some((at, outcome.as_str()));
                if let Some(resource) = outcome.resource() {
                    told.id.clone_from(&resource.id);
                }
            }
            Entry::Noted { from, resource } => self.entries.push(LogEntry::Noted {
                at,
                urn: resource.urn.clone(),
                id: resource.id.clone(),
                from,
            }),
            Entry::Forgotten { urn, id } => self.entries.push(LogEntry::Forgotten { at, urn, id }),
            Entry::Exports { values } => self.entries.push(LogEntry::Exports {
                at,
                names: values.into_keys().collect(),
            }),
        }
    }

    fn open(&mut self, number: u64, in_flight: &InFlight, at: Option<String>, is_earlier: bool) {
        let accepted = in_flight.token.iter().map(|_| None).collect();
        self.entries.push(LogEntry::Operation(LoggedOperation {
            number,
            what: Some((in_flight.op, in_flight.resource.urn.clone())),
            id: in_flight.resource.id.clone(),
            is_earlier,
            started: at,
            accepted,
            ended: None,
        }));
    }

    /// The open operation of this number; one of which no start is recorded, if there is none.
    fn operation(&mut self, number: u64) -> &mut LoggedOperation {
        let is_it = |entry: &LogEntry| matches!(entry, LogEntry::Operation(one) if one.number == number && one.ended.is_none());
        let at = match self.entries.iter().rposition(is_it) {
            Some(at) => at,
            None => {
                self.entries.push(LogEntry::Operation(LoggedOperation {
                    number,
                    ..LoggedOperation::default()
                }));
                self.entries.len() - 1
            }
        };
        match &mut self.entries[at] {
            LogEntry::Operation(operation) => operation,
            _ => unreachable!("only operations are looked for"),
        }
    }
}
