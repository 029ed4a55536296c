//! `state log`: the story of the journal, operation by operation.

use lazuli_engine::{JournalLog, LogEntry, LoggedOperation};
use serde_json::{Value as Json, json};

use super::Session;
use crate::CliError;
use crate::exit::Exit;

pub(crate) fn log(session: &Session) -> Result<Exit, CliError> {
    let log = session
        .store()?
        .journal_log()
        .map_err(|error| CliError::from(&error))?;
    if session.global.json {
        session.document(&document(&log));
    } else {
        session.stdout.text(&lines(&log).join("\n"));
    }
    match log.damaged {
        None => Ok(Exit::Ok),
        Some(damaged) => {
            Err(CliError::state(damaged)
                .help("what stands before it is shown; nothing was changed"))
        }
    }
}

fn lines(log: &JournalLog) -> Vec<String> {
    let mut lines: Vec<_> = log.entries.iter().map(line).collect();
    if log.is_former && !lines.is_empty() {
        let first = "the journal is empty; this is the one that led to the current state:";
        lines.insert(0, first.to_owned());
    }
    if lines.is_empty() {
        lines.push("the journal is empty".to_owned());
    }
    if log.torn {
        lines.push("the last entry was cut off in the middle; it does not count".to_owned());
    }
    lines.push(match log.still_open().count() {
        0 => "nothing is in flight".to_owned(),
        1 => "one operation is still open; the next run, or `refresh`, settles it".to_owned(),
        several => {
            format!("{several} operations are still open; the next run, or `refresh`, settles them")
        }
    });
    lines
}

fn line(entry: &LogEntry) -> String {
    match entry {
        LogEntry::Operation(operation) => operation_line(operation),
        LogEntry::Noted { at, urn, id, from } => match from {
            Some(from) => format!(
                "{}  move {} → {}",
                time(at.as_ref()),
                from.address(),
                urn.address()
            ),
            None => format!("{}  record {}  {id}", time(at.as_ref()), urn.address()),
        },
        LogEntry::Forgotten { at, urn, id } => {
            format!("{}  forget {}  {id}", time(at.as_ref()), urn.address())
        }
        LogEntry::Exports { at, names } => {
            let names = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            format!("{}  outputs: {names}", time(at.as_ref()))
        }
        _ => String::new(),
    }
}

fn operation_line(operation: &LoggedOperation) -> String {
    let what = match &operation.what {
        Some((op, urn)) => format!("{} {}", op.as_str(), urn.address()),
        None => "an operation whose start is not recorded".to_owned(),
    };
    let started = time(operation.started.as_ref());
    let mut lines = vec![format!("{started}  #{} {what}", operation.number)];
    if !operation.id.is_empty() {
        lines[0] = format!("{}  {}", lines[0], operation.id);
    }
    if operation.is_earlier {
        lines.push("started in an earlier run".to_owned());
    }
    let accepted = operation.accepted.iter();
    lines.extend(accepted.map(|at| format!("accepted by the cloud  {}", time(at.as_ref()))));
    lines.push(match &operation.ended {
        Some((at, how)) => format!("ended  {}  {}", time(at.as_ref()), in_words(how)),
        None => "still open".to_owned(),
    });
    lines.join("\n    ")
}

/// The time of an entry; earlier versions wrote none.
fn time(at: Option<&String>) -> &str {
    at.map_or("(no time)", String::as_str)
}

fn in_words(how: &str) -> &str {
    match how {
        "is" => "the resource is recorded",
        "superseded" => "the new resource is recorded, the old one is to be deleted",
        "gone" => "the resource is gone",
        "nothing" => "nothing changed",
        other => other,
    }
}

fn document(log: &JournalLog) -> Json {
    let open: Vec<_> = log.still_open().map(|one| one.number).collect();
    json!({
        "schema": "lazuli.state_log/1",
        "generation": log.generation,
        "former": log.is_former,
        "torn": log.torn,
        "damaged": log.damaged,
        "open": open,
        "entries": log.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn entry(entry: &LogEntry) -> Json {
    match entry {
        LogEntry::Operation(one) => {
            let what = one.what.as_ref();
            json!({
                "entry": "operation",
                "operation": one.number,
                "op": what.map(|(op, _)| op.as_str()),
                "urn": what.map(|(_, urn)| urn.as_str()),
                "id": one.id,
                "started_at": one.started,
                "started_earlier": one.is_earlier,
                "accepted_at": one.accepted,
                "ended_at": one.ended.as_ref().map(|(at, _)| at),
                "outcome": one.ended.as_ref().map(|(_, how)| how),
            })
        }
        LogEntry::Noted { at, urn, id, from } => json!({
            "entry": "noted",
            "at": at,
            "urn": urn.as_str(),
            "id": id,
            "from": from.as_ref().map(lazuli_core::Urn::as_str),
        }),
        LogEntry::Forgotten { at, urn, id } => {
            json!({ "entry": "forgotten", "at": at, "urn": urn.as_str(), "id": id })
        }
        LogEntry::Exports { at, names } => {
            json!({ "entry": "exports", "at": at, "names": names })
        }
        _ => Json::Null,
    }
}
