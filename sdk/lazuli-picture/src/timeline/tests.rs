//! Records made by hand, and what is made of them.

use std::time::Duration;

use lazuli_core::{ProviderErrorKind, SourceLocation, Urn, Value};
use lazuli_engine::{Event, Failure, Op, Plan, Step};

use super::analysis::{Analysis, Held, analyse};
use super::*;

fn urn(name: &str) -> Urn {
    Urn::new("dev", "p", "", "t", name)
}

fn plan(wave: u32, steps: &[(&str, &[usize])]) -> Event {
    let steps = steps.iter().map(|(name, after)| Step {
        urn: urn(name),
        op: Op::Create,
        id: None,
        location: Some(SourceLocation {
            file: "src/main.rs".into(),
            line: 7,
        }),
        changes: Vec::new(),
        reasons: Vec::new(),
        inputs: Value::Null,
        pending: Vec::new().into(),
        after: after.to_vec(),
    });
    Event::Planned(Plan {
        wave,
        steps: steps.collect(),
        ..Plan::default()
    })
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn starts(recorder: &mut Recorder, name: &str, at: u64) {
    let urn = urn(name);
    recorder.event(
        &Event::StepStarted {
            urn,
            op: Op::Create,
        },
        ms(at),
    );
}

fn ends(recorder: &mut Recorder, name: &str, at: u64) {
    let event = Event::StepDone {
        urn: urn(name),
        op: Op::Create,
        id: "/x".into(),
        duration: ms(1),
    };
    recorder.event(&event, ms(at));
}

fn fails(recorder: &mut Recorder, name: &str, at: u64, message: &str) {
    let failure = Failure {
        urn: urn(name),
        op: Op::Create,
        location: None,
        kind: ProviderErrorKind::Refused,
        code: Some("Taken".into()),
        message: message.to_owned(),
        help: None,
        left: None,
    };
    let duration = ms(1);
    recorder.event(&Event::StepFailed { failure, duration }, ms(at));
}

fn recorder() -> Recorder {
    Recorder::new("p".into(), "up p, stack dev".into())
}

/// Names of the chain, each with why it did not begin earlier.
fn chain(recorder: &Recorder, analysis: &Analysis) -> Vec<String> {
    let name = |at: usize| recorder.bars[at].urn.name();
    let links = analysis.chain.iter().map(|link| {
        let own = name(link.bar);
        match link.held_by {
            Held::Nothing => own.to_owned(),
            Held::Needs(at) => format!("{own} needs {}", name(at)),
            Held::Place(at) => format!("{own} took the place of {}", name(at)),
            Held::Wave(at) => format!("{own} came in the wave after {}", name(at)),
        }
    });
    links.collect()
}

/// A group, a slow network and a fast plan in it, and an app that needs both.
fn diamond() -> Recorder {
    let mut run = recorder();
    run.event(
        &plan(
            1,
            &[
                ("group", &[]),
                ("network", &[0]),
                ("plan", &[0]),
                ("app", &[1, 2]),
            ],
        ),
        ms(900),
    );
    starts(&mut run, "group", 1_000);
    ends(&mut run, "group", 3_000);
    // The end of what it needs may be told a moment after its start.
    starts(&mut run, "network", 2_998);
    starts(&mut run, "plan", 3_001);
    ends(&mut run, "plan", 5_000);
    ends(&mut run, "network", 9_000);
    starts(&mut run, "app", 9_002);
    ends(&mut run, "app", 12_000);
    run.end(Ending::Finished, ms(12_500));
    run
}

#[test]
fn the_chain_is_what_the_run_waited_for_and_the_others_have_slack() {
    let run = diamond();
    let analysis = analyse(&run);
    assert_eq!(analysis.total, ms(11_000));
    assert_eq!(analysis.work, ms(2_000 + 6_002 + 1_999 + 2_998));
    assert_eq!(analysis.peak, 2);
    assert_eq!(
        chain(&run, &analysis),
        ["group", "network needs group", "app needs network"]
    );
    // The plan ended at 4 s; the app had to begin at 8.002 s, counted from the first start.
    assert_eq!(analysis.slack[2], Some(ms(4_002)));
    assert_eq!(analysis.slack[1], Some(ms(2)));
    assert!((analysis.parallelism() - 12.999 / 11.0).abs() < 1e-6);
}

#[test]
fn a_step_that_waited_for_a_place_names_whose_it_was() {
    let mut run = recorder();
    run.event(&plan(1, &[("a", &[]), ("b", &[])]), ms(0));
    starts(&mut run, "a", 0);
    ends(&mut run, "a", 4_000);
    starts(&mut run, "b", 4_005);
    ends(&mut run, "b", 6_000);
    run.end(Ending::Finished, ms(6_000));
    let analysis = analyse(&run);
    assert_eq!(chain(&run, &analysis), ["a", "b took the place of a"]);
    assert_eq!(
        analysis.ready[1],
        Some(ms(0)),
        "it could have begun at once"
    );
}

#[test]
fn a_wave_goes_on_from_the_end_of_the_one_before_and_thinking_is_not_counted() {
    let mut run = recorder();
    run.event(&plan(1, &[("a", &[]), ("short", &[])]), ms(0));
    starts(&mut run, "a", 0);
    starts(&mut run, "short", 0);
    ends(&mut run, "short", 500);
    ends(&mut run, "a", 2_000);
    run.event(&plan(2, &[("b", &[])]), ms(2_010));
    run.paused(ms(60_000));
    starts(&mut run, "b", 62_010);
    ends(&mut run, "b", 63_000);
    run.end(Ending::Finished, ms(63_000));
    let analysis = analyse(&run);
    assert_eq!(chain(&run, &analysis), ["a", "b came in the wave after a"]);
    assert_eq!(analysis.total, ms(3_000));
    assert_eq!(analysis.slack[1], Some(ms(1_510)));
}

#[test]
fn a_failed_and_a_stopped_run_are_drawn_as_far_as_they_came() {
    let mut run = recorder();
    run.event(&plan(1, &[("a", &[]), ("b", &[0]), ("slow", &[])]), ms(0));
    starts(&mut run, "a", 0);
    starts(&mut run, "slow", 0);
    fails(&mut run, "a", 1_000, "the name <b> is taken");
    let skipped = Event::StepSkipped {
        urn: urn("b"),
        op: Op::Create,
        reason: "a failed".into(),
    };
    run.event(&skipped, ms(1_000));
    run.end(Ending::Failed, ms(3_000));
    let page = write(&run, std::path::Path::new("run.html"));
    for part in [
        "failed: Taken: the name &lt;b&gt; is taken",
        "skipped: a failed",
        "3.0s, not ended",
        "<dd>failed</dd>",
    ] {
        assert!(page.contains(part), "{part:?} is not in {page}");
    }
    assert!(!page.contains("<b> is taken"));
}

#[test]
fn nothing_carried_out_is_said_so() {
    let mut run = recorder();
    run.event(&plan(1, &[("a", &[])]), ms(0));
    run.end(Ending::Failed, ms(10));
    for file in ["run.svg", "run.html"] {
        let text = write(&run, std::path::Path::new(file));
        assert!(
            text.contains("Nothing was carried out. The run failed."),
            "{text}"
        );
    }
}

#[test]
fn the_chart_and_the_page_name_every_step_and_the_critical_path() {
    let run = diamond();
    let svg = write(&run, std::path::Path::new("run.SVG"));
    assert!(svg.starts_with("<svg"), "{svg}");
    assert!(svg.contains("Critical path, 3 steps of 100 % of the time: group (2.0s) → network (6.0s) → app (2.9s)."), "{svg}");
    assert_eq!(svg.matches(" critical\"").count(), 3);
    let page = write(&run, std::path::Path::new("run.html"));
    for name in [
        "group",
        "network",
        "plan",
        "app",
        "src/main.rs:7",
        "needs network",
    ] {
        assert!(page.contains(name), "{name}");
    }
    assert!(
        !page.contains("http:")
            || page.matches("http:").count() == page.matches("http://www.w3.org/2000/svg").count()
    );
}
