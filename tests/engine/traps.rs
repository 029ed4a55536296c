//! Traps of the one run that `look.rs` does not hold: each was, or would have
//! been, a wrong plan.

use futures::FutureExt as _;
use lazuli_core::{Error, Output, Stack, Value};
use lazuli_engine::{EngineError, Operation, Pattern};

use super::cloud::{Bench, Watch, put, steps, thing};

/// Tokio stops answering "ready" after some polls of a task, so that others get
/// their turn; taken for waiting, that would make the plan an assumed one.
#[tokio::test]
async fn a_thousand_ready_polls_in_a_row_are_no_wait() {
    let bench = Bench::new();
    let ran = bench
        .preview(|stack| async move {
            let a = thing(stack.as_scope(), "a", []);
            let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
            for number in 0..1_000 {
                send.send(number).map_err(Error::from)?;
            }
            drop(send);
            let mut count = 0;
            while receive.recv().await.is_some() {
                count += 1;
            }
            thing(stack.as_scope(), &format!("after-{count}"), []);
            a.id().await?;
            Ok(())
        })
        .await;
    ran.result.as_ref().unwrap();
    assert_eq!(ran.plan(), ["+a", "+after-1000"]);
    assert!(!ran.watch.plans[0].assumed);
}

#[tokio::test]
async fn looking_once_without_waiting_leaves_nothing_behind() {
    let bench = Bench::new();
    let ran = bench
        .preview(|stack| async move {
            let a = thing(stack.as_scope(), "a", []);
            let b = thing(stack.as_scope(), "b", []);
            assert!(a.id().get().now_or_never().is_none());
            b.id().await?;
            Ok(())
        })
        .await;
    ran.result.as_ref().unwrap();
    let plan = &ran.watch.plans[0];
    assert_eq!(
        (plan.more_after.as_slice(), plan.assumed),
        (&["b: id".to_owned()][..], false)
    );
}

#[tokio::test]
async fn an_async_output_made_inside_a_map_runs_in_the_program() {
    let bench = Bench::new();
    let ran = bench
        .up(|stack| async move {
            let a = thing(stack.as_scope(), "a", []);
            let nested = a
                .id()
                .map(|id| Output::from_async(async move { Ok(format!("{id}!")) }));
            let text = Output::from_async(async move { Ok(nested.await?.await?) });
            stack.export("text", text);
            Ok(())
        })
        .await;
    let exports = ran.result.unwrap().exports;
    assert_eq!(exports, [("text".to_owned(), Value::from("a#1!"))]);
}

#[tokio::test]
async fn what_a_task_waits_for_is_named_by_resources_not_by_tasks() {
    let bench = Bench::new();
    let ran = bench
        .preview(|stack| async move {
            let a = thing(stack.as_scope(), "a", []);
            let serial = a.property::<String>("serial");
            let inner = Output::from_async(async move { Ok(serial.await?) });
            let outer = Output::from_async(async move { Ok(inner.await?) });
            thing(stack.as_scope(), "b", [("v", put(outer))]);
            Ok(())
        })
        .await;
    ran.result.as_ref().unwrap();
    let steps = &ran.watch.plans[0].steps;
    let b = steps.iter().find(|step| step.urn.name() == "b").unwrap();
    assert_eq!(b.pending[0].waits_for[..], ["a: serial".to_owned()]);
    assert_eq!(b.after, [0]);
}

#[tokio::test]
async fn the_length_of_a_secret_is_exported_as_a_secret() {
    let bench = Bench::new();
    let ran = bench
        .up(|stack| async move {
            let key = Output::secret("hunter2".to_owned());
            let a = thing(stack.as_scope(), "a", [("key", put(key))]);
            stack.clone().scope("s", move |inner| async move {
                let length = a.property::<String>("key").await?.len();
                inner.export("length", Output::of(length.to_string()));
                Ok(())
            });
            Ok(())
        })
        .await;
    let exports = ran.result.unwrap().exports;
    assert_eq!(format!("{exports:?}"), r#"[("length", "(secret)")]"#);
}

#[tokio::test]
async fn a_second_wave_that_is_refused_leaves_the_first_one_recorded() {
    let bench = Bench::new();
    let program = |stack: Stack| async move {
        let a = thing(stack.as_scope(), "a", []);
        let serial = a.property::<String>("serial").await?;
        thing(stack.as_scope(), "b", [("v", put(serial))]);
        Ok(())
    };
    let watch = Watch {
        refuse_from: Some(2),
        ..Default::default()
    };
    let ran = bench.run_watched(Operation::Up, program, watch).await;
    assert!(matches!(ran.result, Err(EngineError::Refused { .. })));
    bench.assert_settled();
    let ran = bench.up(program).await;
    ran.result.as_ref().unwrap();
    assert_eq!(ran.plan(), ["+b"]);
    bench.assert_settled();
}

#[tokio::test]
async fn a_name_that_comes_twice_in_different_waves_is_refused() {
    let bench = Bench::new();
    let ran = bench
        .up(|stack| async move {
            let a = thing(stack.as_scope(), "a", []);
            let serial = a.property::<String>("serial").await?;
            thing(stack.as_scope(), "a", [("v", put(serial))]);
            Ok(())
        })
        .await;
    let Err(EngineError::Program { findings, .. }) = ran.result else {
        panic!("{:?}", ran.result)
    };
    assert_eq!(findings[0].code, "LZ0002");
    assert_eq!(bench.cloud.log(), ["create a"]);
    bench.assert_settled();
}

#[tokio::test]
async fn waiting_for_what_the_selection_leaves_out_is_no_deadlock() {
    let bench = Bench::new();
    let mut settings = bench.settings();
    let excluded = Pattern::parse("a").unwrap();
    settings.selection.excludes.push(excluded);
    let program = |stack: Stack| async move {
        let a = thing(stack.as_scope(), "a", []);
        thing(stack.as_scope(), "b", []);
        let serial = a.property::<String>("serial").await?;
        thing(stack.as_scope(), "late", [("v", put(serial))]);
        Ok(())
    };
    let ran = bench
        .run_with(Operation::Up, settings, program, Watch::default())
        .await;
    ran.result.unwrap();
    assert_eq!(bench.cloud.log(), ["create b"]);
    bench.assert_settled();
}

/// A handle that is never dropped keeps its scope open only as long as the
/// program runs: deletes come last, not never.
#[tokio::test]
async fn a_leaked_handle_delays_deletes_to_the_end() {
    let bench = Bench::new();
    let program = |keep: bool| {
        move |stack: Stack| async move {
            let serial = thing(stack.as_scope(), "a", []).property::<String>("serial");
            stack.scope("leaky", move |inner| async move {
                if keep {
                    thing(inner.as_scope(), "old", []);
                }
                #[expect(clippy::disallowed_methods, reason = "the leak is what is tested")]
                std::mem::forget(inner);
                Ok(())
            });
            serial.await?;
            Ok(())
        }
    };
    bench.up(program(true)).await.result.unwrap();
    bench.cloud.log();
    let ran = bench.up(program(false)).await;
    ran.result.as_ref().unwrap();
    assert_eq!(
        ran.watch.plans.iter().flat_map(steps).collect::<Vec<_>>(),
        ["-old"]
    );
    assert_eq!(bench.cloud.log(), ["delete old"]);
    bench.assert_settled();
}
