//! The text of snapshots and journals, whatever keeps it. Pure.
//!
//! A snapshot is a header line with a checksum, then the state as JSON. A journal
//! is lines: checksum, blank, JSON; the first one is its header.

use serde::{Deserialize, Serialize};

use super::backend::{Located, What};
use super::format_v1::{Codec, EntryV1, VERSION};
use crate::EngineError;
use crate::state::{Entry, State};

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    generation: u64,
    #[serde(default)]
    crc32: Option<u32>,
}

impl Header {
    fn new(format: &str, generation: u64, crc32: Option<u32>) -> Self {
        Self {
            format: format.to_owned(),
            version: VERSION,
            generation,
            crc32,
        }
    }

    fn check(&self, place: &dyn Located, what: What, format: &str) -> Result<(), EngineError> {
        if self.format != format {
            let message = format!("it is a {:?}, not a {format:?}", self.format);
            return Err(place.damaged(what, message));
        }
        if self.version > VERSION {
            Err(newer(place, what, self.version, VERSION))
        } else {
            Ok(())
        }
    }
}

/// Something was written by a version that knows more than this one.
pub(super) fn newer(place: &dyn Located, what: What, version: u32, known: u32) -> EngineError {
    EngineError::State {
        file: place.at(what),
        message: format!(
            "it was written by a newer Lazuli (format {version}, this one knows {known})"
        ),
        help: "build the program with the newer version of lazuli; nothing was changed".into(),
    }
}

/// The header line and the body of a snapshot.
pub(super) fn snapshot(
    codec: &Codec,
    state: &State,
    generation: u64,
) -> serde_json::Result<(String, Vec<u8>)> {
    // Resources are converted one by one: a second copy of them would be the peak of a run.
    let body = serde_json::to_vec_pretty(&codec.written(state))?;
    let header = Header::new("lazuli.state", generation, Some(crc32fast::hash(&body)));
    Ok((format!("{}\n", serde_json::to_string(&header)?), body))
}

/// The state of a snapshot, and its generation.
pub(super) fn read_snapshot(
    place: &dyn Located,
    text: &[u8],
    codec: &Codec,
) -> Result<(State, u64), EngineError> {
    let damaged = |message: String| place.damaged(What::Snapshot, message);
    let end = text.iter().position(|byte| *byte == b'\n');
    let (header, body) = match end {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &[][..]),
    };
    let header: Header = serde_json::from_slice(header)
        .map_err(|_| damaged("line 1 is not a state header".into()))?;
    header.check(place, What::Snapshot, "lazuli.state")?;
    if header.crc32 != Some(crc32fast::hash(body)) {
        return Err(damaged(
            "its content does not match its checksum: it was cut or edited".into(),
        ));
    }
    let state = codec.read_state(body).map_err(|cause| {
        damaged(format!(
            "line {} cannot be understood: {cause}",
            cause.line() + 1
        ))
    })?;
    Ok((state, header.generation))
}

/// One journal line.
fn line(json: &str) -> String {
    format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()))
}

/// The first line of a journal.
pub(crate) fn journal_header(generation: u64) -> String {
    let header = Header::new("lazuli.journal", generation, None);
    line(&serde_json::to_string(&header).unwrap_or_default())
}

/// An entry and when it was written. Entries of before were written without a time,
/// by versions that refused none.
#[derive(Serialize, Deserialize)]
struct Stamped {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(flatten)]
    entry: EntryV1,
}

/// The line of an entry.
pub(crate) fn entry_line(
    codec: &Codec,
    entry: &Entry,
    at: jiff::Timestamp,
) -> Result<String, String> {
    let stamped = Stamped {
        at: Some(at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()),
        entry: codec.entry(entry)?,
    };
    serde_json::to_string(&stamped)
        .map(|json| line(&json))
        .map_err(|cause| cause.to_string())
}

fn checked(line: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(line).ok()?;
    let (sum, json) = text.split_once(' ')?;
    (u32::from_str_radix(sum, 16).ok()? == crc32fast::hash(json.as_bytes())).then_some(json)
}

/// An entry that was read.
pub(super) struct Line {
    /// Its number in the journal; the header is line 1.
    pub(super) number: usize,
    /// When it was written, where that is recorded.
    pub(super) at: Option<String>,
    pub(super) entry: Entry,
}

/// Where whole lines end.
pub(super) struct Whole {
    /// How many bytes they take.
    pub(super) bytes: u64,
    /// A line follows that was cut off.
    pub(super) torn: bool,
}

/// Reads a journal entry by entry.
pub(super) fn read_journal(
    place: &dyn Located,
    text: &[u8],
    generation: u64,
    codec: &Codec,
    mut each: impl FnMut(Line) -> Result<(), String>,
) -> Result<Whole, EngineError> {
    let what = What::Journal(generation);
    let mut bytes = 0;
    let mut rest = text;
    let mut number = 0;
    while !rest.is_empty() {
        number += 1;
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return Ok(Whole { bytes, torn: true });
        };
        let (line, next) = (&rest[..end], &rest[end + 1..]);
        let problem = |reason: String| {
            let message = format!("line {number} cannot be understood: {reason}");
            place.damaged(what, message)
        };
        let Some(json) = checked(line) else {
            return Err(damaged_line(place, what, number, next.is_empty()));
        };
        if number == 1 {
            let header: Header =
                serde_json::from_str(json).map_err(|cause| problem(cause.to_string()))?;
            header.check(place, what, "lazuli.journal")?;
            if header.generation != generation {
                return Err(problem(format!(
                    "it continues generation {}, not {generation}",
                    header.generation
                )));
            }
        } else {
            let stamped: Stamped =
                serde_json::from_str(json).map_err(|cause| problem(cause.to_string()))?;
            let entry = codec.read_entry(stamped.entry).map_err(problem)?;
            let at = stamped.at;
            each(Line { number, at, entry }).map_err(problem)?;
        }
        bytes += line.len() as u64 + 1;
        rest = next;
    }
    Ok(Whole { bytes, torn: false })
}

fn damaged_line(place: &dyn Located, what: What, number: usize, is_last: bool) -> EngineError {
    let message = format!("line {number} does not match its checksum");
    if !is_last {
        return place.damaged(what, message);
    }
    EngineError::State {
        file: place.at(what),
        message: format!("{message}; it is the last one, and whole"),
        help: format!(
            "nothing was changed; {}; if this machine lost power while that line was written, remove the line and run \
             `refresh`",
            place.restoring()
        ),
    }
}

/// What a journal leads to.
pub(super) struct Replayed {
    pub(super) whole: Whole,
    /// The highest number of an operation.
    pub(super) last_operation: u64,
}

/// Applies whole entries. One that cannot follow is refused, unless it was written
/// by a version that refused none.
pub(super) fn replay(
    place: &dyn Located,
    text: &[u8],
    generation: u64,
    codec: &Codec,
    state: &mut State,
) -> Result<Replayed, EngineError> {
    let mut last_operation = 0;
    let whole = read_journal(place, text, generation, codec, |line| {
        last_operation = last_operation.max(line.entry.operation().unwrap_or(0));
        match state.apply(&line.entry) {
            Err(illegal) if line.at.is_some() => Err(illegal.to_string()),
            Err(illegal) => {
                tracing::debug!(%illegal, line = line.number, "an entry of an earlier version is taken as it is");
                state.fold(&line.entry);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    })?;
    Ok(Replayed {
        whole,
        last_operation,
    })
}
