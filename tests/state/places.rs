//! One list of checks for every place that a state can be kept at.

use std::sync::Arc;

use lazuli_engine::{EngineError, Objects, Operation};

use super::service::{Faulty, memory, objects};
use super::{SECRET, at};
use crate::engine::cloud::Bench;

/// Every check at one place; `bytes` returns all that is kept there.
async fn check(bench: Bench, bytes: impl Fn(&Bench) -> Vec<(String, Vec<u8>)>) {
    a_life(&bench, &bytes).await;
    one_writer_at_a_time(&bench).await;
    what_was_never_deployed_is_empty(&bench);
}

async fn a_life(bench: &Bench, bytes: impl Fn(&Bench) -> Vec<(String, Vec<u8>)>) {
    bench.up(at("1")).await.result.unwrap();
    bench.assert_settled();
    let quiet = bench.preview(at("1")).await;
    assert_eq!(quiet.plan(), [""; 0]);
    bench.up(at("1")).await.result.unwrap();
    bench.up(at("2")).await.result.unwrap();
    bench.assert_settled();
    let state = bench.state();
    assert_eq!(state.resources.len(), 2);
    assert_eq!(state.problems(), [""; 0]);
    assert!(state.exports.contains_key("b"));
    for (name, bytes) in bytes(bench) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(SECRET), "{name} has a secret in clear");
    }
    bench.destroy().await.result.unwrap();
    bench.assert_settled();
    let history = bench.store().history();
    let operations: Vec<_> = history.iter().map(|run| run.operation.as_str()).collect();
    assert_eq!(operations, ["up", "up", "up", "destroy"]);
    assert!(history.iter().all(|run| run.result == "succeeded"));
    assert_eq!(bench.store().holder().unwrap(), None);
}

/// A run inside of a run: the program waits until the second one was refused.
async fn one_writer_at_a_time(bench: &Bench) {
    let second = bench.store();
    let (settings, cloud) = (bench.settings(), bench.cloud.clone());
    let outer = bench
        .up(move |stack| async move {
            let holder = second
                .holder()
                .unwrap()
                .expect("the outer run has the lock");
            assert!(holder.text.contains("tester@bench"), "{}", holder.text);
            assert!(!holder.is_expired());
            let refused = std::thread::spawn(move || {
                let again = Bench {
                    cloud,
                    ..Bench::new()
                };
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                let run = again.run_at(second, Operation::Up, settings, at("1"));
                runtime.block_on(run).result
            });
            match refused.join().unwrap() {
                Err(EngineError::Locked { holder, .. }) => {
                    assert!(holder.contains("tester@bench"), "{holder}");
                    assert!(holder.contains("running `up`"), "{holder}");
                }
                other => panic!("{other:?}"),
            }
            super::program(&stack, "2")
        })
        .await;
    outer.result.unwrap();
    bench.assert_settled();
}

fn what_was_never_deployed_is_empty(bench: &Bench) {
    let other = Bench::new();
    let store = Bench {
        objects: bench.objects.clone().map(|_| memory()),
        ..other
    };
    assert!(store.state().resources.is_empty());
    assert_eq!(store.store().holder().unwrap(), None);
    assert!(store.store().history().is_empty());
}

fn in_folder(bench: &Bench) -> Vec<(String, Vec<u8>)> {
    let mut folders = vec![bench.folder().join("p")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

fn at_service(bench: &Bench) -> Vec<(String, Vec<u8>)> {
    let found = objects(&**bench.objects.as_ref().unwrap());
    assert!(!found.is_empty());
    for (name, bytes) in &found {
        // Sealed as a whole: not even the names of resources are in clear.
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("test:Thing"), "{name}: {text}");
    }
    found
}

fn remote(objects: Arc<dyn Objects>) -> Bench {
    Bench {
        objects: Some(objects),
        ..Bench::new()
    }
}

#[tokio::test]
async fn a_local_folder_keeps_a_state() {
    check(Bench::new(), in_folder).await;
}

#[tokio::test]
async fn a_storage_service_keeps_a_state() {
    check(remote(memory()), at_service).await;
}

#[tokio::test]
async fn a_way_without_faults_keeps_a_state() {
    check(remote(Faulty::new(memory(), |_, _| None)), at_service).await;
}

#[tokio::test]
async fn former_snapshots_are_kept_and_old_ones_go() {
    let service = memory();
    let bench = remote(service.clone());
    for turn in 0..24 {
        let version = ["1", "2"][turn % 2];
        bench.up(at(version)).await.result.unwrap();
    }
    let names: Vec<_> = objects(&*service)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let count = |folder: &str| names.iter().filter(|name| name.contains(folder)).count();
    assert_eq!(
        count("/snapshots/"),
        21,
        "the current one and 20 former ones"
    );
    assert_eq!(count("/runs/"), 24);
    assert_eq!(count("/clock/"), 0);
    assert!(
        names
            .iter()
            .any(|name| name.contains("/snapshots/00000024-")),
        "{names:?}"
    );
}
