//! Lifecycle scenarios: what a run does to the cloud and to the state.

use lazuli_core::{Component, Error, Options, Output, Stack, Value};
use lazuli_engine::{EngineError, Operation};

use super::cloud::{Bench, Watch, named, put, steps, thing, thing_with};

fn chain(
    third: &'static str,
) -> impl FnOnce(Stack) -> std::future::Ready<lazuli_core::Result<()>> + Send {
    move |stack| {
        let place = stack.as_scope();
        let a = thing(place, "a", [("v", put("1"))]);
        let b = thing(place, "b", [("from", put(a.id()))]);
        let c = thing(place, "c", [("from", put(b.id())), ("v", put(third))]);
        stack.export("c", c.id());
        std::future::ready(Ok(()))
    }
}

#[tokio::test]
async fn a_stack_is_created_kept_changed_and_destroyed() {
    let bench = Bench::new();
    let ran = bench.up(chain("1")).await;
    let summary = ran.result.unwrap();
    assert_eq!(
        (summary.created, summary.exports[0].1.as_str()),
        (3, Some("c#3"))
    );
    assert_eq!(bench.cloud.log(), ["create a", "create b", "create c"]);

    let ran = bench.up(chain("1")).await;
    assert_eq!(ran.result.unwrap().unchanged, 3);
    assert_eq!(bench.cloud.log(), [""; 0]);

    let ran = bench.up(chain("2")).await;
    assert_eq!(
        (ran.plan(), bench.cloud.log()),
        (vec!["~c".to_owned()], vec!["update c".to_owned()])
    );
    assert_eq!(ran.watch.plans[0].steps[0].changes[0].path, "v");
    bench.assert_settled();

    bench.destroy().await.result.unwrap();
    assert_eq!(bench.cloud.log(), ["delete c", "delete b", "delete a"]);
    bench.assert_settled();
    assert!(bench.state().exports.is_empty());
}

#[tokio::test]
async fn a_preview_touches_neither_cloud_nor_state() {
    let bench = Bench::new();
    let ran = bench.preview(chain("1")).await;
    ran.result.as_ref().unwrap();
    assert_eq!(ran.plan(), ["+a", "+b", "+c"]);
    let pending = &ran.watch.plans[0].steps[2].pending;
    assert_eq!(
        (&*pending[0].path, &*pending[0].waits_for),
        ("from", &["b: id".to_owned()][..])
    );
    assert!(bench.cloud.log().is_empty());
    assert!(!bench.folder().join("p").exists());
}

#[tokio::test]
async fn what_left_the_program_is_deleted_after_its_dependents() {
    let bench = Bench::new();
    bench.up(chain("1")).await.result.unwrap();
    bench.cloud.log();
    let ran = bench
        .up(|stack| async move {
            thing(stack.as_scope(), "a", [("v", put("1"))]);
            Ok(())
        })
        .await;
    assert_eq!(
        (ran.plan(), ran.result.unwrap().deleted),
        (vec!["-c".to_owned(), "-b".to_owned()], 2)
    );
    assert_eq!(bench.cloud.log(), ["delete c", "delete b"]);
    bench.assert_settled();
}

fn replaced(
    fixed: &'static str,
    first: bool,
) -> impl FnOnce(Stack) -> std::future::Ready<lazuli_core::Result<()>> + Send {
    move |stack| {
        let options = Options::new().delete_before_replace(first);
        let a = thing_with(
            stack.as_scope(),
            "test:Thing",
            "a",
            [("fixed", put(fixed))],
            options,
        );
        thing(stack.as_scope(), "b", [("from", put(a.id()))]);
        std::future::ready(Ok(()))
    }
}

#[tokio::test]
async fn a_replacement_creates_first_unless_told_otherwise() {
    for (first, expect) in [
        (false, ["create a", "update b", "delete a"]),
        (true, ["delete a", "create a", "update b"]),
    ] {
        let bench = Bench::new();
        bench.up(replaced("1", first)).await.result.unwrap();
        bench.cloud.log();
        let ran = bench.up(replaced("2", first)).await;
        assert_eq!(ran.result.unwrap().replaced, 1);
        assert_eq!(bench.cloud.log(), expect);
        bench.assert_settled();
    }
}

fn contained(
    fixed: &'static str,
) -> impl FnOnce(Stack) -> std::future::Ready<lazuli_core::Result<()>> + Send {
    move |stack| {
        let network = named(stack.as_scope(), "network", [("fixed", put(fixed))]);
        let subnet = named(network.as_scope(), "subnet", [("v", put("1"))]);
        let other = named(stack.as_scope(), "other", [("fixed", put(network.id()))]);
        named(
            stack.as_scope(),
            "far",
            [("on", put(other.id())), ("net", put(subnet.id()))],
        );
        std::future::ready(Ok(()))
    }
}

#[tokio::test]
async fn a_replacement_takes_along_what_lies_inside_and_what_hangs_on_it() {
    let bench = Bench::new();
    bench.up(contained("1")).await.result.unwrap();
    bench.cloud.log();
    let ran = bench.up(contained("2")).await;
    let reasons: Vec<_> = ran.watch.plans[0]
        .steps
        .iter()
        .map(|step| {
            step.reasons
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; ")
        })
        .collect();
    ran.result.unwrap();
    let log = bench.cloud.log();
    let at = |call: &str| {
        log.iter()
            .position(|entry| entry == call)
            .unwrap_or_else(|| panic!("{call} in {log:?}"))
    };
    assert!(
        at("delete subnet") < at("delete network") && at("delete other") < at("delete network")
    );
    assert!(
        at("delete network") < at("create network") && at("create network") < at("create subnet")
    );
    assert!(at("create network") < at("create other") && at("create other") < at("update far"));
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("it lies in network, which is replaced")),
        "{reasons:?}"
    );
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("`fixed` comes from network")),
        "{reasons:?}"
    );
    bench.assert_settled();
}

#[tokio::test]
async fn a_protected_resource_is_neither_deleted_nor_replaced() {
    let bench = Bench::new();
    let protected = |fixed: &'static str| {
        move |stack: Stack| async move {
            thing_with(
                stack.as_scope(),
                "test:Thing",
                "a",
                [("fixed", put(fixed))],
                Options::new().protect(),
            );
            Ok(())
        }
    };
    bench.up(protected("1")).await.result.unwrap();
    bench.cloud.log();
    for ran in [
        bench.up(protected("2")).await,
        bench.destroy().await,
        bench.up(|_| async { Ok(()) }).await,
    ] {
        match ran.result {
            Err(EngineError::Program { findings, .. }) => {
                assert_eq!((findings.len(), findings[0].code), (1, "LZ0007"));
                assert!(
                    findings[0]
                        .location
                        .as_ref()
                        .is_some_and(|place| place.file.ends_with("lifecycle.rs"))
                );
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(bench.cloud.log().is_empty());
}

#[tokio::test]
async fn retained_resources_are_forgotten_not_deleted() {
    let bench = Bench::new();
    let program = |stack: Stack| async move {
        thing_with(
            stack.as_scope(),
            "test:Thing",
            "a",
            [],
            Options::new().retain_on_delete(),
        );
        Ok(())
    };
    bench.up(program).await.result.unwrap();
    bench.destroy().await.result.unwrap();
    assert_eq!(
        (bench.cloud.names(), bench.state().resources.len()),
        (vec!["a#1".to_owned()], 0)
    );
}

#[tokio::test]
async fn a_resource_moved_into_a_component_is_not_touched() {
    let bench = Bench::new();
    let flat = |stack: Stack| async move {
        named(stack.as_scope(), "a", [("v", put("1"))]);
        Ok(())
    };
    let nested = |stack: Stack| async move {
        let component = Component::new(stack.as_scope(), "test:Group", "group");
        named(component.as_scope(), "a", [("v", put("1"))]);
        Ok(())
    };
    bench.up(flat).await.result.unwrap();
    bench.cloud.log();
    let ran = bench.up(nested).await;
    assert_eq!(
        (ran.plan(), bench.cloud.log()),
        (Vec::<String>::new(), Vec::<String>::new())
    );
    let urns: Vec<_> = bench
        .state()
        .resources
        .keys()
        .map(|urn| urn.address())
        .collect();
    assert_eq!(urns, ["group/a"]);
    bench.destroy().await.result.unwrap();
    bench.assert_settled();
}

#[tokio::test]
async fn duplicates_and_unusable_names_are_all_reported_at_once() {
    let bench = Bench::new();
    let ran = bench
        .up(|stack| async move {
            thing(stack.as_scope(), "a", []);
            thing(stack.as_scope(), "a", []);
            thing(stack.as_scope(), "b/c", []);
            Component::new(stack.as_scope(), "test:Group", "group");
            Ok(())
        })
        .await;
    let Err(EngineError::Program { findings, .. }) = ran.result else {
        panic!("{:?}", ran.result)
    };
    let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["LZ0002", "LZ0001"]);
    assert!(bench.cloud.log().is_empty());
}

#[tokio::test]
async fn a_program_that_fails_deletes_nothing() {
    let bench = Bench::new();
    bench.up(chain("1")).await.result.unwrap();
    bench.cloud.log();
    let failing = |stack: Stack| async move {
        thing(stack.as_scope(), "a", [("v", put("2"))]);
        Err(Error::with_help("no such tag", "choose another"))
    };
    let Err(EngineError::Program { findings, .. }) = bench.up(failing).await.result else {
        panic!()
    };
    assert_eq!(
        (findings[0].message.as_str(), findings[0].help.as_deref()),
        ("no such tag", Some("choose another"))
    );
    let panicking = |_: Stack| async move { panic!("boom") };
    let Err(EngineError::Program { findings, .. }) = bench.up(panicking).await.result else {
        panic!()
    };
    assert!(findings[0].message.contains("boom"), "{findings:?}");
    assert!(bench.cloud.log().is_empty());
    assert_eq!(bench.state().resources.len(), 3);
}

#[tokio::test]
async fn a_failed_step_stops_what_follows_and_keeps_what_succeeded() {
    let bench = Bench::new();
    bench
        .cloud
        .with(|world| world.faults.refuse.insert("create b".into()));
    let ran = bench.up(chain("1")).await;
    let Err(EngineError::Steps { failures, summary }) = ran.result else {
        panic!()
    };
    assert_eq!((failures.len(), summary.created), (1, 1));
    assert_eq!(failures[0].code.as_deref(), Some("Refused"));
    assert!(
        failures[0]
            .location
            .as_ref()
            .is_some_and(|place| place.file.ends_with("lifecycle.rs"))
    );
    assert_eq!(ran.watch.events, ["create a", "failed b", "skipped c"]);
    bench.assert_settled();
    bench.cloud.with(|world| world.faults.refuse.clear());
    assert_eq!(bench.up(chain("1")).await.result.unwrap().created, 2);
    bench.assert_settled();
}

#[tokio::test]
async fn an_answer_that_is_lost_is_settled_by_reading() {
    for (op, expect) in [
        ("create b", "update b"),
        ("update c", "update c"),
        ("delete c", ""),
    ] {
        let bench = Bench::new();
        if op != "create b" {
            bench.up(chain("1")).await.result.unwrap();
        }
        bench
            .cloud
            .with(|world| world.faults.lose_answer.insert(op.into()));
        let ran = match op {
            "delete c" => bench.destroy().await,
            _ => bench.up(chain("2")).await,
        };
        assert_eq!(
            ran.result.is_ok(),
            op == "delete c",
            "{op}: a deletion that happened is a success"
        );
        bench.cloud.with(|world| world.faults.lose_answer.clear());
        assert!(bench.state().in_flight.is_empty());
        if op != "delete c" {
            bench.cloud.log();
            bench.up(chain("2")).await.result.unwrap();
            assert!(bench.cloud.log().contains(&expect.to_owned()));
            assert_eq!(bench.cloud.names().len(), 3);
        }
        bench.assert_settled();
    }
}

#[tokio::test]
async fn expected_changes_are_judged_before_anything_is_touched() {
    let mut bench = Bench::new();
    bench.expect_no_changes = true;
    let Err(EngineError::UnexpectedChanges { changes: 3 }) = bench.up(chain("1")).await.result
    else {
        panic!()
    };
    assert!(bench.cloud.log().is_empty());
    bench.expect_no_changes = false;
    bench.up(chain("1")).await.result.unwrap();
    bench.expect_no_changes = true;
    bench.up(chain("1")).await.result.unwrap();
}

#[tokio::test]
async fn a_refused_plan_changes_nothing() {
    let bench = Bench::new();
    let ran = bench
        .run_watched(
            Operation::Up,
            chain("1"),
            Watch {
                refuse: true,
                ..Watch::default()
            },
        )
        .await;
    assert!(matches!(ran.result, Err(EngineError::Refused { .. })));
    assert!(bench.cloud.log().is_empty() && bench.state().resources.is_empty());
}

#[tokio::test]
async fn steps_that_exclude_each_other_never_overlap() {
    let bench = Bench::new();
    bench
        .up(|stack| async move {
            for index in 0..20 {
                thing(
                    stack.as_scope(),
                    &format!("t{index}"),
                    [("lock", put("vnet"))],
                );
            }
            Ok(())
        })
        .await
        .result
        .unwrap();
    assert_eq!(bench.cloud.with(|world| world.most_running), 1);
}

#[tokio::test]
async fn outputs_that_an_update_cannot_change_are_known_in_preview() {
    let bench = Bench::new();
    let program = |v: &'static str, reset: &'static str| {
        move |stack: Stack| async move {
            let a = thing(
                stack.as_scope(),
                "a",
                [("v", put(v)), ("reset", put(reset))],
            );
            thing(
                stack.as_scope(),
                "b",
                [("from", put(a.property::<String>("serial")))],
            );
            Ok(())
        }
    };
    bench.up(program("1", "1")).await.result.unwrap();
    assert_eq!(bench.preview(program("2", "1")).await.plan(), ["~a"]);
    assert_eq!(bench.preview(program("2", "2")).await.plan(), ["~a", "~b"]);
}

#[tokio::test]
async fn an_update_that_was_only_feared_is_skipped() {
    let bench = Bench::new();
    let program = |v: &'static str| {
        move |stack: Stack| async move {
            let a = thing(stack.as_scope(), "a", [("v", put(v)), ("reset", put(v))]);
            thing(
                stack.as_scope(),
                "b",
                [("from", put(a.property::<String>("serial")))],
            );
            Ok(())
        }
    };
    bench.up(program("1")).await.result.unwrap();
    bench.cloud.log();
    let ran = bench.up(program("2")).await;
    ran.result.unwrap();
    // That `a` is on disk may be heard of after `b` turned out to need nothing.
    let mut events = ran.watch.events;
    events.sort();
    assert_eq!(
        (bench.cloud.log(), events),
        (
            vec!["update a".to_owned()],
            vec!["unchanged b".to_owned(), "update a".to_owned()]
        )
    );
}

#[tokio::test]
async fn secrets_never_reach_the_state_or_an_event_in_clear() {
    let bench = Bench::new();
    let ran = bench
        .up(|stack| async move {
            let a = thing(
                stack.as_scope(),
                "a",
                [("password", put(Output::secret("hunter2".to_owned())))],
            );
            stack.export("password", a.property::<String>("password"));
            Ok(())
        })
        .await;
    let summary = ran.result.unwrap();
    assert!(matches!(&summary.exports[0].1, Value::Secret(_)));
    assert!(!format!("{summary:?} {:?}", ran.watch.plans).contains("hunter2"));
    for file in std::fs::read_dir(bench.store().folder().unwrap())
        .unwrap()
        .flatten()
        .filter(|file| file.path().is_file())
    {
        assert!(
            !std::fs::read_to_string(file.path())
                .unwrap()
                .contains("hunter2"),
            "{file:?}"
        );
    }
    assert_eq!(bench.state().exports["password"].as_str(), Some("hunter2"));
}

#[tokio::test]
async fn what_is_declared_after_an_await_is_a_further_wave() {
    let bench = Bench::new();
    let program = |v: &'static str| {
        move |stack: Stack| async move {
            let a = thing(stack.as_scope(), "a", [("v", put(v)), ("reset", put(v))]);
            stack.scope("later", move |later| async move {
                let serial = a.property::<String>("serial").await?;
                thing(later.as_scope(), &format!("b-{serial}"), []);
                Ok(())
            });
            Ok(())
        }
    };
    let ran = bench.up(program("1")).await;
    let plans: Vec<_> = ran.watch.plans.iter().map(steps).collect();
    assert_eq!(plans, [vec!["+a".to_owned()], vec!["+b-s1".to_owned()]]);
    assert_eq!(ran.watch.plans[0].more_after, ["a: serial"]);
    assert_eq!(ran.result.unwrap().waves, 2);
    // What the scope declared last time is kept while it is open, and never shown as deleted.
    let ran = bench.preview(program("2")).await;
    assert_eq!(ran.plan(), ["~a"]);
    let undecided: Vec<_> = ran.watch.plans[0]
        .undecided
        .iter()
        .map(|kept| kept.urn.address())
        .collect();
    assert_eq!(undecided, ["later/b-s1"]);
    bench.up(program("2")).await.result.unwrap();
    bench.assert_settled();
}
