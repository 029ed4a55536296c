use std::fs;

use super::*;
use crate::state::{Entry, sample};

fn files(store: &Store) -> &Folder {
    match &store.place {
        Kind::Folder(folder) => folder,
        Kind::Remote(_) => panic!("it is in no folder"),
    }
}

fn written(entries: &[Entry]) -> (tempfile::TempDir, Store, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::local(folder.path(), "p", "dev");
    store.prepare().unwrap();
    let codec = store.codec(true).unwrap();
    let mut text = journal_header(0);
    for entry in entries {
        text.push_str(&entry_line(&codec, entry, jiff::Timestamp::UNIX_EPOCH).unwrap());
    }
    fs::write(files(&store).journal_file(0), &text).unwrap();
    (folder, store, text.into_bytes())
}

fn noted(name: &str) -> Entry {
    Entry::Noted {
        from: None,
        resource: sample(name).into(),
    }
}

#[test]
fn a_journal_cut_at_any_byte_gives_a_prefix_of_its_entries() {
    let (_folder, store, text) = written(&[noted("a"), noted("b"), noted("c")]);
    let mut last = 0;
    for cut in 0..=text.len() {
        fs::write(files(&store).journal_file(0), &text[..cut]).unwrap();
        let opened = store.open(&store.codec(false).unwrap()).unwrap();
        assert!(opened.state.resources.len() >= last && opened.journal_bytes <= cut as u64);
        assert_eq!(opened.torn, opened.journal_bytes < cut as u64);
        last = opened.state.resources.len();
    }
    assert_eq!(last, 3);
}

#[test]
fn damage_before_the_end_is_an_error_that_names_file_and_line() {
    let (_folder, store, text) = written(&[noted("a"), noted("b"), noted("c")]);
    let mut broken = text.clone();
    let second = text.iter().position(|byte| *byte == b'\n').unwrap() + 20;
    broken[second] ^= 1;
    fs::write(files(&store).journal_file(0), &broken).unwrap();
    let error = store.read().unwrap_err().to_string();
    assert!(
        error.contains("journal-0.log") && error.contains("line 2"),
        "{error}"
    );
}

#[test]
fn a_snapshot_replaces_its_journal_and_a_leftover_is_ignored() {
    let (_folder, store, text) = written(&[noted("a")]);
    let codec = store.codec(true).unwrap();
    let opened = store.open(&codec).unwrap();
    assert_eq!(store.compact(&codec, &opened.state, 0).unwrap(), 1);
    assert!(!files(&store).journal_file(0).exists());
    fs::write(files(&store).journal_file(0), text).unwrap();
    assert_eq!(store.read().unwrap(), opened.state);
}

#[test]
fn snapshots_that_are_cut_edited_or_newer_are_refused_with_the_next_step() {
    let (_folder, store, _) = written(&[noted("a")]);
    let codec = store.codec(true).unwrap();
    store
        .compact(&codec, &store.open(&codec).unwrap().state, 0)
        .unwrap();
    let good = fs::read_to_string(files(&store).snapshot_file()).unwrap();
    let cases = [
        (good[..good.len() - 5].to_owned(), "checksum"),
        (good.replace("id-a", "id-b"), "checksum"),
        (
            good.replace("\"version\":1", "\"version\":9"),
            "newer Lazuli",
        ),
        (String::new(), "header"),
        ("{}".to_owned(), "header"),
    ];
    for (text, expect) in cases {
        fs::write(files(&store).snapshot_file(), &text).unwrap();
        match store.read() {
            Err(EngineError::State { message, help, .. }) => {
                assert!(message.contains(expect), "{message}");
                assert!(help.contains("nothing was changed"), "{help}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_second_holder_is_told_who_holds_the_lock() {
    let (_folder, store, _) = written(&[]);
    let held = store.lock("ada@host", "up").unwrap();
    match store.lock("bob@host", "up") {
        Err(EngineError::Locked { holder, .. }) => assert!(holder.contains("ada@host"), "{holder}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("two hold the lock"),
    }
    assert!(store.holder().unwrap().unwrap().text.contains("ada@host"));
    let error = store.release_by_force("bob@host").unwrap_err();
    assert!(error.to_string().contains("ada@host"), "{error}");
    drop(held);
    assert_eq!(store.holder().unwrap(), None);
    drop(store.lock("bob@host", "up").unwrap());
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/fixtures");
    fs::read(folder.join(name)).unwrap()
}

/// A stack as an earlier version left it: its entries have no times, an import has no
/// start, a resource was forgotten twice, and two operations are in flight.
#[test]
fn what_earlier_versions_wrote_is_read_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::local(folder.path(), "p", "dev");
    store.prepare().unwrap();
    let place = files(&store);
    fs::write(store.folder().unwrap().join("key"), fixture("v1-key")).unwrap();
    fs::write(place.journal_file(0), fixture("v1-journal-0.log")).unwrap();
    let first = store.read().unwrap();
    assert_eq!(first.resources.len(), 3);

    fs::write(place.snapshot_file(), fixture("v1-state.json")).unwrap();
    assert_eq!(store.read().unwrap(), first);
    fs::write(place.journal_file(1), fixture("v1-journal-1.log")).unwrap();
    let second = store.read().unwrap();
    let names: Vec<_> = second.resources.keys().map(|urn| urn.address()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(
        second.in_flight.keys().copied().collect::<Vec<_>>(),
        [9, 10]
    );
    assert_eq!(second.in_flight[&9].token, Some(Value::from("op-9")));
    assert_eq!(second.problems(), [""; 0]);

    let mut journal = crate::journal::Journal::open(&store).unwrap();
    assert_eq!(
        journal.new_operation(),
        16,
        "above every number and the serial"
    );
    for operation in [9, 10] {
        drop(journal.append(Entry::Ended {
            operation,
            outcome: crate::state::Outcome::Nothing,
        }));
    }
    let closed = journal.close().unwrap();
    assert!(closed.in_flight.is_empty());
    assert_eq!(store.read().unwrap(), closed);
}

#[test]
fn an_entry_that_cannot_follow_is_refused_with_its_line() {
    let ended = Entry::Ended {
        operation: 7,
        outcome: crate::state::Outcome::Gone,
    };
    let (_folder, store, _) = written(&[noted("a"), ended.clone()]);
    let error = store.read().unwrap_err().to_string();
    assert!(
        error.contains("journal-0.log: line 3") && error.contains("operation 7 ends"),
        "{error}"
    );
    let (_folder, store, before) = written(&[noted("a")]);
    let mut journal = crate::journal::Journal::open(&store).unwrap();
    let refused = journal.append(ended).blocking_recv().unwrap().unwrap_err();
    assert!(refused.contains("operation 7 ends"), "{refused}");
    let after = journal.append(noted("b")).blocking_recv().unwrap();
    assert!(after.is_err(), "nothing is written behind it");
    let error = journal.close().unwrap_err().to_string();
    assert!(error.contains("operation 7 ends"), "{error}");
    assert_eq!(fs::read(files(&store).journal_file(0)).unwrap(), before);
}

#[test]
fn a_whole_last_line_that_is_damaged_is_no_torn_one() {
    let (_folder, store, mut text) = written(&[noted("a"), noted("b")]);
    let byte = text.len() - 20;
    text[byte] ^= 1;
    fs::write(files(&store).journal_file(0), &text).unwrap();
    match store.read() {
        Err(EngineError::State { message, help, .. }) => {
            assert!(
                message.contains("line 3 does not match its checksum"),
                "{message}"
            );
            assert!(help.contains("remove the line"), "{help}");
        }
        other => panic!("{other:?}"),
    }
    let log = store.journal_log().unwrap();
    assert_eq!(log.entries.len(), 1, "what stands before it is returned");
    assert!(log.damaged.unwrap().contains("line 3"));
}

#[test]
fn the_journal_tells_its_story_before_and_after_the_snapshot() {
    use crate::op::Op;
    use crate::state::{InFlight, Outcome};
    let started = |operation, op, name: &str| Entry::Started {
        operation,
        in_flight: Box::new(InFlight {
            op,
            resource: sample(name).into(),
            token: None,
            members: Vec::new(),
        }),
    };
    let entries = [
        started(1, Op::Create, "a"),
        Entry::Accepted {
            operation: 1,
            token: Value::from("op"),
        },
        started(2, Op::Create, "b"),
        Entry::Ended {
            operation: 1,
            outcome: Outcome::Is(sample("a").into()),
        },
        noted("c"),
    ];
    let (_folder, store, _) = written(&entries);
    let log = store.journal_log().unwrap();
    assert!(!log.is_former && !log.torn && log.damaged.is_none());
    let at = Some("1970-01-01T00:00:00.000Z".to_owned());
    assert_eq!(
        log.entries[0],
        LogEntry::Operation(LoggedOperation {
            number: 1,
            what: Some((Op::Create, sample("a").urn)),
            id: "id-a".into(),
            is_earlier: false,
            started: at.clone(),
            accepted: vec![at.clone()],
            ended: Some((at, "is")),
        })
    );
    assert_eq!(
        log.still_open().map(|one| one.number).collect::<Vec<_>>(),
        [2]
    );

    let codec = store.codec(true).unwrap();
    let opened = store.open(&codec).unwrap();
    store.compact(&codec, &opened.state, 0).unwrap();
    let log = store.journal_log().unwrap();
    assert_eq!(
        log.still_open().map(|one| one.number).collect::<Vec<_>>(),
        [2]
    );
    let mut journal = crate::journal::Journal::open(&store).unwrap();
    drop(journal.append(Entry::Ended {
        operation: 2,
        outcome: Outcome::Nothing,
    }));
    journal.close().unwrap();
    let log = store.journal_log().unwrap();
    assert!(log.is_former && log.generation == 1);
    assert_eq!(log.entries.len(), 1, "{:?}", log.entries);
}

#[test]
fn other_targets_of_a_stack_are_found_and_no_other_stacks() {
    let folder = tempfile::tempdir().unwrap();
    for stack in ["dev", "dev@azure", "dev@host", "dev2", "prod@azure"] {
        let store = Store::local(folder.path(), "p", stack);
        store.prepare().unwrap();
        store.codec(true).unwrap();
    }
    let others = |stack: &str| {
        let store = Store::local(folder.path(), "p", stack);
        let others = store.other_targets().unwrap();
        others
            .into_iter()
            .map(|store| store.stack)
            .collect::<Vec<_>>()
    };
    assert_eq!(others("dev"), ["dev@azure", "dev@host"]);
    assert_eq!(others("dev@host"), ["dev@azure", "dev"]);
    assert_eq!(others("prod"), ["prod@azure"]);
}
