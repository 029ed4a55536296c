use std::fs;

use super::*;
use crate::state::{Entry, sample};

fn files(store: &Store) -> &Folder {
    match &store.place {
        Place::Folder(folder) => folder,
        Place::Remote(_) => panic!("it is in no folder"),
    }
}

fn written(entries: &[Entry]) -> (tempfile::TempDir, Store, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::local(folder.path(), "p", "dev");
    store.prepare().unwrap();
    let codec = store.codec(true).unwrap();
    let mut text = journal_header(0);
    for entry in entries {
        text.push_str(&entry_line(&codec, entry).unwrap());
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
