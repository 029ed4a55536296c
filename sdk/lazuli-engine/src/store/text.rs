//! The text of snapshots and journals, whatever keeps it. Pure.
//!
//! A snapshot is a header line with a checksum, then the state as JSON. A journal
//! is lines: checksum, blank, JSON; the first one is its header.

use serde::{Deserialize, Serialize};

use super::Codec;
use super::backend::{Backend, What};
use super::format_v1::VERSION;
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

    fn check(&self, place: &dyn Backend, what: What, format: &str) -> Result<(), EngineError> {
        if self.format != format {
            let message = format!("it is a {:?}, not a {format:?}", self.format);
            return Err(place.damaged(what, message));
        }
        match self.version > VERSION {
            true => Err(newer(place, what, self.version, VERSION)),
            false => Ok(()),
        }
    }
}

/// Something was written by a version that knows more than this one.
pub(super) fn newer(place: &dyn Backend, what: What, version: u32, known: u32) -> EngineError {
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
    place: &dyn Backend,
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
pub(super) fn replay(
    place: &dyn Backend,
    text: &[u8],
    generation: u64,
    codec: &Codec,
    state: &mut State,
) -> Result<(u64, bool), EngineError> {
    let what = What::Journal(generation);
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
                let message = format!("line {number} does not match its checksum");
                return Err(place.damaged(what, message));
            }
            return Ok((good, true));
        };
        let problem = |reason: String| {
            let message = format!("line {number} cannot be understood: {reason}");
            place.damaged(what, message)
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
            let wire = serde_json::from_str(json).map_err(|cause| problem(cause.to_string()))?;
            state.apply(&codec.read_entry(wire).map_err(problem)?);
        }
        good += line.len() as u64 + 1;
        rest = next;
    }
    Ok((good, false))
}
