//! Two writers: who lost the lock cannot write any more, and says who has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lazuli_engine::{EngineError, Operation, Store};

use super::at;
use super::service::{Clocked, Fault, Faulty, memory, objects};
use crate::engine::cloud::Bench;

/// In the middle of ann's run, right before she writes the `number`th time, bob
/// takes the lock away and does a whole run of his own.
async fn takeover_before(number: usize) -> bool {
    let service = memory();
    let ann = Bench {
        objects: Some(service.clone()),
        actor: "ann@desk",
        ..Bench::new()
    };
    ann.up(at("1")).await.result.unwrap();
    let bob: Arc<(Store, _, _)> = Arc::new((
        ann.store(),
        ann.cloud.clone(),
        lazuli_engine::Settings {
            actor: "bob@laptop".into(),
            ..ann.settings()
        },
    ));
    let done = Arc::new(AtomicBool::new(false));
    let faulty = Faulty::new(service.clone(), {
        let done = done.clone();
        move |write, _| {
            if write == number {
                let bob = bob.clone();
                // A thread with a runtime of its own: this one waits meanwhile.
                let run = std::thread::spawn(move || {
                    let (store, cloud, settings) = &*bob;
                    store.release_by_force("bob@laptop").unwrap();
                    let bench = Bench {
                        cloud: cloud.clone(),
                        ..Bench::new()
                    };
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .unwrap();
                    let run = bench.run_at(store.clone(), Operation::Up, settings.clone(), at("1"));
                    runtime.block_on(run).result.unwrap();
                });
                run.join().unwrap();
                done.store(true, Ordering::SeqCst);
            }
            None
        }
    });
    let ann = Bench {
        objects: Some(faulty),
        ..ann
    };
    let ran = ann.run(Operation::Up, at("2")).await;
    let ann = Bench {
        objects: Some(service),
        ..ann
    };
    if !done.load(Ordering::SeqCst) {
        ran.result.unwrap();
        return false;
    }
    match ran.result {
        Err(EngineError::TakenOver { by }) => assert!(by.contains("bob@laptop"), "{by}"),
        // She had nothing more to write but the lock's release, or had not got it yet.
        Ok(_) => {}
        Err(other) => panic!("before write {number}: {other:?}"),
    }
    assert_eq!(ann.state().problems(), [""; 0], "before write {number}");
    ann.run(Operation::Up, at("2")).await.result.unwrap();
    ann.assert_settled();
    true
}

#[tokio::test]
async fn who_lost_the_lock_cannot_write_any_more_and_is_told_who_has_it() {
    let mut number = 0;
    while takeover_before(number).await {
        number += 1;
    }
    assert!(number > 5, "only {number} writes");
}

#[tokio::test]
async fn a_dead_holders_lock_is_free_after_a_while_and_not_before() {
    let service = Clocked::new(memory());
    let bench = Bench {
        objects: Some(service.clone()),
        actor: "ann@desk",
        ..Bench::new()
    };
    bench.up(at("1")).await.result.unwrap();
    // Dies at the first segment: the lock stays.
    let dying = Faulty::new(service.clone(), |_, name| {
        name.contains("/journal/").then_some(Fault::CutOff)
    });
    let mut bench = Bench {
        objects: Some(dying),
        ..bench
    };
    let ran = bench.up(at("2")).await;
    assert!(
        matches!(ran.result, Err(EngineError::State { .. })),
        "{:?}",
        ran.result
    );

    bench.objects = Some(service.clone());
    bench.actor = "bob@laptop";
    match bench.up(at("2")).await.result {
        Err(EngineError::Locked { holder, .. }) => {
            assert!(
                holder.contains("ann@desk") && holder.contains("last sign of life"),
                "{holder}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(!bench.store().holder().unwrap().unwrap().is_expired());
    service.pass(Duration::from_secs(4));
    assert!(bench.store().holder().unwrap().unwrap().is_expired());
    bench.up(at("2")).await.result.unwrap();
    bench.assert_settled();
}

#[tokio::test]
async fn segments_outlive_their_snapshot_by_an_hour() {
    let service = Clocked::new(memory());
    let bench = Bench {
        objects: Some(service.clone()),
        ..Bench::new()
    };
    let segments = |generation: &str| {
        let names = objects(&*service).into_iter().map(|(name, _)| name);
        let folder = format!("/journal/{generation}/");
        names.filter(|name| name.contains(&folder)).count()
    };
    bench.up(at("1")).await.result.unwrap();
    assert!(segments("00000000") > 0);
    service.pass(Duration::from_secs(3500));
    bench.up(at("2")).await.result.unwrap();
    assert!(segments("00000000") > 0 && segments("00000001") > 0);
    service.pass(Duration::from_secs(200));
    bench.up(at("1")).await.result.unwrap();
    assert_eq!(segments("00000000"), 0);
    assert!(segments("00000001") > 0 && segments("00000002") > 0);
    bench.assert_settled();
}
