//! One run, one plan: when the program is quiet, what carries dependencies and
//! secrecy, and the traps of both.

use std::time::Duration;

use lazuli_core::{Error, Options, Output, Stack};
use lazuli_engine::EngineError;

use super::cloud::{Bench, put, steps, thing, thing_with};

fn secret_inputs(bench: &Bench) -> Vec<String> {
    let state = bench.state();
    let secret = state
        .resources
        .values()
        .filter(|resource| resource.inputs.is_secret_at("v"));
    secret
        .map(|resource| resource.urn.name().to_owned())
        .collect()
}

fn edges(bench: &Bench, name: &str) -> Vec<String> {
    let state = bench.state();
    let found = state
        .resources
        .values()
        .find(|resource| resource.urn.name() == name)
        .unwrap();
    found
        .depends_on
        .iter()
        .map(|urn| urn.name().to_owned())
        .collect()
}

#[tokio::test]
async fn awaiting_inside_an_async_output_records_dependency_and_secrecy() {
    let bench = Bench::new();
    bench
        .up(|stack| async move {
            let a = thing(
                stack.as_scope(),
                "a",
                [("key", put(Output::secret("k".to_owned())))],
            );
            let b = thing(stack.as_scope(), "b", []);
            let (host, key) = (b.id(), a.property::<String>("key"));
            let login = Output::from_async(async move {
                let nested = Output::from_async(async move { Ok(key.await?.len().to_string()) });
                Ok(format!("{}:{}", host.await?, nested.await?))
            });
            thing(stack.as_scope(), "c", [("v", put(login))]);
            Ok(())
        })
        .await
        .result
        .unwrap();
    assert_eq!(
        (edges(&bench, "c"), secret_inputs(&bench)),
        (vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()])
    );
}

#[tokio::test]
async fn what_is_made_after_an_await_inherits_what_was_awaited() {
    let bench = Bench::new();
    bench
        .up(|stack| async move {
            let a = thing(
                stack.as_scope(),
                "a",
                [("key", put(Output::secret("k".to_owned())))],
            );
            stack.clone().scope("s", move |inner| async move {
                let length = a.property::<String>("key").await?.len();
                thing(inner.as_scope(), "plain", [("v", put(length.to_string()))]);
                thing(
                    inner.as_scope(),
                    "of",
                    [("v", put(Output::of(length.to_string())))],
                );
                thing(
                    inner.as_scope(),
                    "mapped",
                    [("v", put(Output::of(length).map(|l| l.to_string())))],
                );
                Ok(())
            });
            Ok(())
        })
        .await
        .result
        .unwrap();
    assert_eq!(secret_inputs(&bench), ["mapped", "of", "plain"]);
    assert_eq!(edges(&bench, "plain"), ["a"]);
}

#[tokio::test]
async fn an_id_known_early_still_orders_the_work() {
    let bench = Bench::new();
    bench
        .up(|stack| async move {
            let a = thing_with(
                stack.as_scope(),
                "test:Named",
                "z-first",
                [],
                Options::new(),
            );
            let id = a.id().await?;
            thing(stack.as_scope(), "a-second", [("from", put(id))]);
            Ok(())
        })
        .await
        .result
        .unwrap();
    assert_eq!(bench.cloud.log(), ["create z-first", "create a-second"]);
}

#[tokio::test]
async fn a_lost_select_arm_and_a_handled_failure_leave_no_edge() {
    let bench = Bench::new();
    bench
        .up(|stack| async move {
            let a = thing_with(stack.as_scope(), "test:Named", "a", [], Options::new());
            let b = thing(stack.as_scope(), "b", []);
            stack.clone().scope("s", move |inner| async move {
                tokio::select! {
                    biased;
                    id = a.id().get() => drop(id?),
                    id = b.id().get() => drop(id?),
                }
                let failing = Output::<String>::from_async(async { Err(Error::new("no")) });
                let text = if failing.await.is_err() {
                    "fallback"
                } else {
                    "value"
                };
                thing(inner.as_scope(), "c", [("v", put(text))]);
                Ok(())
            });
            Ok(())
        })
        .await
        .result
        .unwrap();
    assert_eq!(edges(&bench, "c"), ["a"]);
}

#[tokio::test]
async fn own_io_is_waited_for_and_a_timer_left_armed_is_not() {
    let bench = Bench::new();
    let ran = bench
        .preview(|stack| async move {
            let a = thing(stack.as_scope(), "a", []);
            tokio::time::sleep(Duration::from_millis(30)).await;
            let id = a.id();
            thing(stack.as_scope(), "after-io", []);
            let mut long = Box::pin(tokio::time::sleep(Duration::from_secs(3600)));
            tokio::select! {
                biased;
                () = std::future::ready(()) => {}
                () = &mut long => {}
            }
            tokio::select! {
                biased;
                () = &mut long => {}
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
            drop(long);
            let _ = id.await?;
            thing(stack.as_scope(), "never-in-preview", []);
            Ok(())
        })
        .await;
    ran.result.as_ref().unwrap();
    assert_eq!(
        (ran.plan(), ran.watch.plans[0].assumed),
        (vec!["+a".to_owned(), "+after-io".to_owned()], false)
    );
}

#[tokio::test]
async fn an_opaque_wait_is_assumed_to_be_quiet_and_says_so() {
    let bench = Bench::new();
    let ran = bench
        .preview(|stack| async move {
            let a = thing(stack.as_scope(), "a", []);
            let (send, receive) = tokio::sync::oneshot::channel::<String>();
            let id = a.id();
            stack.spawn(async move {
                let _ = send.send(id.await?);
                Ok(())
            });
            let id = receive.await.map_err(|_| Error::new("gone"))?;
            thing(stack.as_scope(), "b", [("from", put(id))]);
            Ok(())
        })
        .await;
    ran.result.as_ref().unwrap();
    assert_eq!(
        (ran.plan(), ran.watch.plans[0].assumed),
        (vec!["+a".to_owned()], true)
    );
}

#[tokio::test]
async fn what_a_promise_feeds_is_unchanged_when_nothing_changed() {
    let bench = Bench::new();
    let program = |stack: Stack| async move {
        let a = thing(stack.as_scope(), "a", []);
        let (promise, output) = Output::<String>::promise();
        let id = a.id();
        stack.spawn(async move {
            promise.fulfil(id.await?);
            Ok(())
        });
        thing(stack.as_scope(), "b", [("from", put(output))]);
        Ok(())
    };
    bench.up(program).await.result.unwrap();
    let ran = bench.preview(program).await;
    ran.result.as_ref().unwrap();
    assert_eq!(ran.plan(), [""; 0]);
}

#[tokio::test]
async fn promises_join_tasks_and_a_forgotten_one_is_a_deadlock_with_its_line() {
    let bench = Bench::new();
    bench
        .up(|stack| async move {
            let a = thing(stack.as_scope(), "a", []);
            let (promise, output) = Output::<String>::promise();
            let id = a.id();
            stack.spawn(async move {
                promise.fulfil(id.await?);
                Ok(())
            });
            thing(stack.as_scope(), "b", [("from", put(output))]);
            Ok(())
        })
        .await
        .result
        .unwrap();
    assert_eq!(edges(&bench, "b"), ["a"]);
    let ran = bench
        .up(|stack| async move {
            thing(stack.as_scope(), "a", []);
            let (promise, output) = Output::<String>::promise();
            let kept = output.clone();
            stack.scope("s", move |inner| async move {
                thing(inner.as_scope(), "c", [("v", put(kept.await?))]);
                drop(promise);
                Ok(())
            });
            Ok(())
        })
        .await;
    let Err(EngineError::Program { findings, .. }) = ran.result else {
        panic!("{:?}", ran.result)
    };
    assert_eq!(findings[0].code, "LZ0008");
    assert!(
        findings[0]
            .location
            .as_ref()
            .is_some_and(|place| place.file.ends_with("look.rs")),
        "{findings:?}"
    );
}

#[tokio::test]
async fn an_approval_never_completes_in_a_preview() {
    let bench = Bench::new();
    let lines = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let program = || {
        let lines = lines.clone();
        move |stack: Stack| async move {
            let a = thing(stack.as_scope(), "a", []);
            let approved = stack.approved();
            stack.spawn(async move {
                a.ready().await?;
                approved.await?;
                lines.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                Ok(())
            });
            Ok(())
        }
    };
    let count = || lines.load(std::sync::atomic::Ordering::SeqCst);
    bench.preview(program()).await.result.unwrap();
    assert_eq!(count(), 0);
    bench.up(program()).await.result.unwrap();
    assert_eq!(count(), 1);
    bench.preview(program()).await.result.unwrap();
    assert_eq!(
        count(),
        1,
        "unchanged resources are ready in a preview, lines still wait"
    );
    bench.up(program()).await.result.unwrap();
    assert_eq!(
        count(),
        2,
        "with nothing to do the gate opens without a plan"
    );
}

#[tokio::test]
async fn a_scope_that_an_open_parent_may_reopen_deletes_nothing() {
    let bench = Bench::new();
    let program = |v: &'static str| {
        move |stack: Stack| async move {
            let a = thing(stack.as_scope(), "a", [("v", put(v)), ("reset", put(v))]);
            stack.scope("outer", move |outer| async move {
                outer.scope("inner", |_| async { Ok(()) }).await?;
                let serial = a.property::<String>("serial").await?;
                outer.scope("inner", move |inner| async move {
                    thing(inner.as_scope(), "kept", [("v", put(serial))]);
                    Ok(())
                });
                Ok(())
            });
            Ok(())
        }
    };
    bench.up(program("1")).await.result.unwrap();
    bench.cloud.log();
    bench.up(program("2")).await.result.unwrap();
    assert_eq!(bench.cloud.log(), ["update a"]);
    bench.assert_settled();
}

#[tokio::test]
async fn a_failing_scope_or_map_fails_the_program_with_its_line() {
    let bench = Bench::new();
    let ran = bench
        .up(|stack| async move {
            let a = thing_with(stack.as_scope(), "test:Named", "a", [], Options::new());
            thing(
                stack.as_scope(),
                "b",
                [("v", put(a.id().map(|_| -> String { panic!("bad map") })))],
            );
            stack.scope::<(), _>("s", |_| async { Err(Error::new("bad scope")) });
            Ok(())
        })
        .await;
    let Err(EngineError::Program { findings, .. }) = ran.result else {
        panic!("{:?}", ran.result)
    };
    let text = format!("{findings:?}");
    assert!(
        text.contains("bad map") && text.contains("bad scope") && text.contains("look.rs"),
        "{text}"
    );
    assert!(bench.cloud.log().is_empty());
}

#[tokio::test]
async fn async_outputs_inside_maps_and_long_chains_settle() {
    let bench = Bench::new();
    let ran = bench
        .up(|stack| async move {
            let a = thing(stack.as_scope(), "a", []);
            let mut chain = a.id().map(|id| id.len());
            for _ in 0..20_000 {
                chain = chain.map(|length| length + 1);
            }
            let nested = a.id().and_then(|id| async move { Ok(id + "!") });
            stack.export("length", chain.map(|length| length.to_string()));
            stack.export("nested", nested);
            Ok(())
        })
        .await;
    let exports = ran.result.unwrap().exports;
    let texts: Vec<_> = exports
        .iter()
        .filter_map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(texts, ["20003", "a#1!"]);
}

#[tokio::test]
async fn a_preview_drops_unresolved_chains_without_running_closures() {
    let bench = Bench::new();
    bench
        .preview(|stack| async move {
            let a = thing(stack.as_scope(), "a", []);
            let mut chain = a.id();
            for _ in 0..100_000 {
                chain = chain.map(|_| panic!("no user code runs at teardown"));
            }
            stack.export("chain", chain);
            Ok(())
        })
        .await
        .result
        .unwrap();
}

#[tokio::test]
async fn the_plan_does_not_depend_on_the_order_of_registration() {
    let mut plans = std::collections::BTreeSet::new();
    for seed in 0..20_u64 {
        let bench = Bench::new();
        let ran = bench
            .preview(move |stack| async move {
                for index in 0..6_u64 {
                    stack.scope(&format!("s{index}"), move |inner| async move {
                        tokio::time::sleep(Duration::from_millis((index * 7 + seed * 13) % 5))
                            .await;
                        let a = thing(inner.as_scope(), "a", []);
                        thing(inner.as_scope(), "b", [("from", put(a.id()))]);
                        Ok(())
                    });
                }
                Ok(())
            })
            .await;
        let plan = &ran.watch.plans[0];
        plans.insert((
            steps(plan),
            format!(
                "{:?}",
                plan.steps
                    .iter()
                    .map(|step| &step.after)
                    .collect::<Vec<_>>()
            ),
        ));
    }
    assert_eq!(plans.len(), 1, "{plans:?}");
}

/// A waker that is consumed by waking queues its task before its clone goes
/// away: reading the counts after the queue would call such a program quiet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wake_up_from_another_thread_is_never_overlooked() {
    for round in 0..300_u32 {
        let bench = Bench::new();
        let ran = bench
            .preview(move |stack| async move {
                let a = thing(stack.as_scope(), "a", []);
                let id = a.id();
                stack.spawn(async move { id.await.map(drop).map_err(Error::from) });
                for step in 0..4 {
                    let (send, receive) = futures::channel::oneshot::channel();
                    let spins = (round * 37 + step * 11) % 200;
                    std::thread::spawn(move || {
                        for _ in 0..spins {
                            std::hint::spin_loop();
                        }
                        let _ = send.send(());
                    });
                    receive.await.map_err(Error::from)?;
                }
                thing(stack.as_scope(), "late", []);
                Ok(())
            })
            .await;
        ran.result.as_ref().unwrap();
        assert_eq!(ran.plan(), ["+a", "+late"], "round {round}");
        assert!(!ran.watch.plans[0].assumed);
    }
}

#[tokio::test]
async fn children_of_a_foreign_combinator_are_named_in_what_is_waited_for() {
    let bench = Bench::new();
    let ran = bench
        .preview(|stack| async move {
            let things: Vec<_> = (0..40)
                .map(|index| thing(stack.as_scope(), &format!("t{index}"), []))
                .collect();
            let ids = things.iter().map(|thing| thing.id().get());
            let ids: futures::stream::FuturesUnordered<_> = ids.collect();
            let ids: Vec<_> = futures::StreamExt::collect(ids).await;
            thing(stack.as_scope(), &format!("after-{}", ids.len()), []);
            Ok(())
        })
        .await;
    ran.result.as_ref().unwrap();
    let plan = &ran.watch.plans[0];
    assert_eq!(plan.steps.len(), 40);
    assert_eq!(plan.more_after.len(), 40, "{:?}", plan.more_after);
    assert!(plan.more_after.contains(&"t7: id".to_owned()));
}
