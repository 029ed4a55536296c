//! Every write of every run goes wrong in every way. Whatever reached the
//! service, the next run on a good way converges.

use std::sync::Arc;

use lazuli_engine::{EngineError, Operation};

use super::at;
use super::service::{Fault, Faulty, memory};
use crate::engine::cloud::Bench;

const STORIES: [(Operation, &str); 3] = [
    (Operation::Up, "1"),
    (Operation::Up, "2"),
    (Operation::Destroy, "2"),
];

async fn survives(fault: Fault) {
    for (story, (operation, v)) in STORIES.into_iter().enumerate() {
        for number in 0.. {
            let service = memory();
            let mut bench = Bench {
                objects: Some(service.clone()),
                ..Bench::new()
            };
            for (operation, v) in &STORIES[..story] {
                bench.run(*operation, at(v)).await.result.unwrap();
            }
            let faulty = Faulty::at(service.clone(), number, fault);
            bench.objects = Some(faulty.clone());
            let ran = bench.run(operation, at(v)).await;
            let case = format!("{fault:?} of write {number} of {operation:?} {v}");
            match ran.result {
                Ok(_) | Err(EngineError::State { .. }) => {}
                Err(other) => panic!("{case}: {other:?}"),
            }
            bench.objects = Some(service);
            assert_eq!(bench.state().problems(), [""; 0], "{case}");
            // A lock that was never given back: its holder is dead, and somebody knows that.
            bench.store().release_by_force("tester@bench").unwrap();
            bench.run(operation, at(v)).await.result.expect(&case);
            bench.assert_settled();
            if !faulty.has_struck() {
                assert!(number > 6, "{case}: only {number} writes");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_write_that_never_arrives_loses_nothing() {
    survives(Fault::Refused).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_is_recognised_as_our_own() {
    survives(Fault::AnswerLost).await;
}

#[tokio::test]
async fn a_write_that_arrives_late_does_no_harm() {
    survives(Fault::Late).await;
}

#[tokio::test]
async fn a_process_that_is_cut_off_at_any_write_loses_nothing() {
    survives(Fault::CutOff).await;
}

/// One lost answer, wherever it is, does not make a run fail.
#[tokio::test]
async fn a_run_gets_over_a_lost_answer_to_a_segment_or_to_the_lock() {
    for name in ["head.json", "/journal/"] {
        let service = memory();
        let faulty = {
            let once = std::sync::atomic::AtomicUsize::new(0);
            Faulty::new(service.clone(), move |_, written| {
                let hit = written.contains(name) && {
                    // The head's first write makes it, the second one takes the lock.
                    once.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 1
                };
                hit.then_some(Fault::AnswerLost)
            })
        };
        let bench = Bench {
            objects: Some(faulty.clone()),
            ..Bench::new()
        };
        bench.up(at("1")).await.result.expect(name);
        assert!(faulty.has_struck(), "{name}");
        let direct: Arc<_> = service;
        let bench = Bench {
            objects: Some(direct),
            ..bench
        };
        bench.assert_settled();
    }
}
