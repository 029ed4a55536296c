//! Every scenario fails at every step, and is crashed before and after every
//! effect and at every byte boundary of its journal. Afterwards the next `up`
//! converges, with nothing lost and nothing double.

use std::fs;

use lazuli_core::Stack;
use lazuli_engine::Operation;

use super::cloud::{Bench, Faults, dated, named, put, thing};

type Program = fn(Stack, &'static str) -> lazuli_core::Result<()>;

fn create(stack: Stack, v: &'static str) -> lazuli_core::Result<()> {
    let a = thing(stack.as_scope(), "a", [("v", put(v))]);
    let b = thing(stack.as_scope(), "b", [("from", put(a.id()))]);
    named(
        stack.as_scope(),
        "c",
        [("from", put(b.id())), ("v", put(v))],
    );
    Ok(())
}

fn replace(stack: Stack, v: &'static str) -> lazuli_core::Result<()> {
    let a = dated(stack.as_scope(), "a", v);
    let n = named(stack.as_scope(), "n", [("fixed", put(v))]);
    named(n.as_scope(), "inside", [("v", put(v))]);
    thing(stack.as_scope(), "b", [("from", put(a.id()))]);
    Ok(())
}

fn shrink(stack: Stack, v: &'static str) -> lazuli_core::Result<()> {
    let a = thing(stack.as_scope(), "a", [("v", put(v))]);
    if v == "1" {
        let b = thing(stack.as_scope(), "b", [("from", put(a.id()))]);
        thing(stack.as_scope(), "c", [("from", put(b.id()))]);
    }
    Ok(())
}

const SCENARIOS: [(&str, Program); 3] =
    [("create", create), ("replace", replace), ("shrink", shrink)];

fn at(
    program: Program,
    v: &'static str,
) -> impl FnOnce(Stack) -> std::future::Ready<lazuli_core::Result<()>> + Send {
    move |stack| std::future::ready(program(stack, v))
}

/// The calls that a fault-free second half makes, after a fault-free first half.
async fn calls(program: Program) -> Vec<String> {
    let bench = Bench::new();
    bench.up(at(program, "1")).await.result.unwrap();
    bench.up(at(program, "2")).await.result.unwrap();
    bench.destroy().await.result.unwrap();
    bench
        .cloud
        .log()
        .into_iter()
        .filter(|call| !call.starts_with("read"))
        .collect()
}

/// Brings version 1, then 2, then nothing; each may be hit by the fault. Then
/// the fault is gone, and each is repeated until it succeeds.
async fn converges(name: &str, program: Program, faults: impl Fn() -> Faults) {
    let bench = Bench::new();
    for (version, operation) in [
        ("1", Operation::Up),
        ("2", Operation::Up),
        ("2", Operation::Destroy),
    ] {
        bench.cloud.with(|world| world.faults = faults());
        let hit = bench.run(operation, at(program, version)).await;
        bench.cloud.with(|world| world.faults = Faults::default());
        if hit.result.is_err() {
            let state = bench.state();
            assert!(
                state
                    .resources
                    .values()
                    .all(|resource| !resource.id.is_empty()),
                "{name}: {state:?}"
            );
            bench
                .run(operation, at(program, version))
                .await
                .result
                .unwrap();
        }
        bench.assert_settled();
        let quiet = bench.preview(at(program, version)).await;
        if operation == Operation::Up {
            assert_eq!(quiet.plan(), [""; 0], "{name} {version}");
        } else {
            assert!(bench.cloud.names().is_empty(), "{name}");
        }
    }
}

#[tokio::test]
async fn every_scenario_survives_a_refusal_at_each_step() {
    for (name, program) in SCENARIOS {
        for call in calls(program).await {
            converges(name, program, || Faults {
                refuse: [call.clone()].into(),
                ..Faults::default()
            })
            .await;
        }
    }
}

#[tokio::test]
async fn every_scenario_survives_a_lost_answer_at_each_step() {
    for (name, program) in SCENARIOS {
        for call in calls(program).await {
            converges(name, program, || Faults {
                lose_answer: [call.clone()].into(),
                ..Faults::default()
            })
            .await;
        }
    }
}

#[tokio::test]
async fn every_scenario_survives_a_death_around_each_effect() {
    for (name, program) in SCENARIOS {
        for call in calls(program).await {
            converges(name, program, || Faults {
                die_before: [call.clone()].into(),
                ..Faults::default()
            })
            .await;
            converges(name, program, || Faults {
                die_after: [call.clone()].into(),
                ..Faults::default()
            })
            .await;
        }
    }
}

/// The journal of a run, kept although the run succeeded.
async fn journal_of(program: Program) -> (Bench, Vec<u8>, std::path::PathBuf) {
    let bench = Bench::new();
    // The last call dies after its effect, so that the run ends without compacting its journal away.
    let last = calls(program)
        .await
        .into_iter()
        .rfind(|call| call.starts_with("create"))
        .unwrap();
    bench
        .cloud
        .with(|world| world.faults.die_after = [last].into());
    assert!(bench.up(at(program, "1")).await.result.is_err());
    bench.cloud.with(|world| world.faults = Faults::default());
    let snapshot = bench.store().folder().unwrap().join("state.json");
    (bench, fs::read(&snapshot).unwrap(), snapshot)
}

#[tokio::test]
async fn a_state_with_work_in_flight_is_settled_by_reading() {
    for (name, program) in SCENARIOS {
        let (bench, _, _) = journal_of(program).await;
        assert!(!bench.state().in_flight.is_empty(), "{name}");
        let ran = bench.up(at(program, "1")).await;
        ran.result.unwrap();
        assert!(
            ran.watch.events[0].starts_with("settled create"),
            "{name}: {:?}",
            ran.watch.events
        );
        bench.assert_settled();
    }
}
