//! `history`: what was done to the stack, run by run.

use lazuli_engine::{History, HistoryEntry};
use lazuli_picture::brief::span;
use serde_json::json;

use super::Session;
use crate::CliError;
use crate::exit::Exit;

pub(crate) fn history(session: &Session) -> Result<Exit, CliError> {
    let History { entries, damaged } = session.store()?.whole_history();
    for line in damaged {
        session.stderr.text(&format!(
            "line {line} of the history is damaged: what it said is lost; nothing else depends on it"
        ));
    }
    if session.global.json {
        session.document(&json!(entries));
        return Ok(Exit::Ok);
    }
    if entries.is_empty() {
        session.stdout.text("no run is on record");
    }
    for entry in &entries {
        session.stdout.text(&line(entry));
    }
    Ok(Exit::Ok)
}

fn line(entry: &HistoryEntry) -> String {
    let counts = [
        ("+", entry.created),
        ("~", entry.updated),
        ("±", entry.replaced),
        ("-", entry.deleted),
        ("=", entry.imported),
    ];
    let counts: Vec<_> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(sign, count)| format!("{sign}{count}"))
        .collect();
    let took = span(std::time::Duration::from_millis(entry.milliseconds));
    let mut words = vec![
        entry.at.clone(),
        entry.operation.clone(),
        entry.result.clone(),
    ];
    words.extend(counts);
    words.push(took);
    words.push(format!("by {}", entry.actor));
    words.extend(entry.reason.as_ref().map(|reason| format!("({reason})")));
    words.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_one_line() {
        let entry = HistoryEntry {
            at: "2026-01-02T03:04:05Z".into(),
            operation: "up".into(),
            actor: "ann@desk".into(),
            result: "failed".into(),
            reason: Some("1 of the steps failed".into()),
            serial_before: 3,
            serial_after: None,
            created: 2,
            updated: 0,
            replaced: 1,
            deleted: 0,
            imported: 0,
            milliseconds: 1_250,
        };
        assert_eq!(
            line(&entry),
            "2026-01-02T03:04:05Z  up  failed  +2  ±1  1.2s  by ann@desk  (1 of the steps failed)"
        );
    }
}
