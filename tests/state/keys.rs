//! What protects the data key: a wrong secret opens nothing and writes nothing,
//! and protecting it in another way loses nothing.

use std::sync::Arc;

use lazuli_engine::{EngineError, KeyFile, Keyring, Objects, Operation, Passphrase, Store};

use super::at;
use super::service::{memory, objects};
use crate::engine::cloud::Bench;

fn by_passphrase(text: &str) -> Keyring {
    Keyring::default().wrapping(Arc::new(Passphrase::known(text.to_owned().into())))
}

fn refused(result: Result<impl Sized, EngineError>, expect: &str) {
    match result {
        Err(EngineError::State { message, help, .. }) => {
            assert!(message.contains(expect), "{message}");
            assert!(!help.is_empty());
        }
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was not refused"),
    }
}

const FIRST: &str = "the first passphrase";
const SECOND: &str = "the second passphrase";

/// The same at a place that `bytes` returns everything of.
async fn check(bench: &Bench, store: Store, bytes: impl Fn() -> Vec<(String, Vec<u8>)>) {
    let first = store.clone().keys(by_passphrase(FIRST));
    let up = |store: Store| bench.run_at(store, Operation::Up, bench.settings(), at("1"));
    up(first.clone()).await.result.unwrap();

    let before = bytes();
    let wrong = || store.clone().keys(by_passphrase(SECOND));
    refused(wrong().read(), "the passphrase is wrong");
    refused(up(wrong()).await.result, "the passphrase is wrong");
    refused(
        wrong().rewrap(&by_passphrase(SECOND), "me"),
        "the passphrase is wrong",
    );
    assert!(bytes() == before, "something was written");

    first.rewrap(&by_passphrase(SECOND), "me").unwrap();
    assert_eq!(wrong().read().unwrap().resources.len(), 3);
    up(wrong()).await.result.unwrap();
    let afresh = || store.clone().keys(by_passphrase(FIRST));
    refused(afresh().read(), "the passphrase is wrong");

    let file = KeyFile::new(bench.folder().join("new-key"));
    let file = Keyring::default().wrapping(Arc::new(file));
    wrong().rewrap(&file, "me").unwrap();
    assert_eq!(store.clone().keys(file).read().unwrap().resources.len(), 3);
    refused(wrong().read(), "\"key-file\"");
    for (name, bytes) in bytes() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(FIRST) && !text.contains(SECOND), "{name}");
    }
}

#[tokio::test]
async fn a_folder_protected_by_a_passphrase() {
    let bench = Bench::new();
    let store = Store::local(&bench.folder().join("states"), "p", "dev");
    let folder = store.folder().unwrap().to_owned();
    check(&bench, store, || {
        let mut found: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            // The lock says who tried, the history what.
            .filter(|path| {
                path.is_file() && !path.ends_with("lock") && !path.ends_with("history.jsonl")
            })
            .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
            .collect();
        found.sort();
        found
    })
    .await;
}

#[tokio::test]
async fn a_service_protected_by_a_passphrase() {
    let bench = Bench::new();
    let service = memory();
    let store = Store::remote(service.clone(), "p", "dev");
    check(&bench, store, || objects(&*service)).await;
}

#[tokio::test]
async fn without_anything_to_protect_it_nothing_goes_to_a_service() {
    let bench = Bench::new();
    let service: Arc<dyn Objects> = memory();
    let store = Store::remote(service.clone(), "p", "dev");
    let ran = bench
        .run_at(store, Operation::Up, bench.settings(), at("1"))
        .await;
    refused(ran.result, "nothing is set that could protect");
    assert!(objects(&*service).is_empty());
    assert!(bench.cloud.names().is_empty());
}
