//! How a run ended, for people.

use lazuli_core::Diagnostic;
use lazuli_engine::{EngineError, Operation, Summary};
use lazuli_picture::brief::span;

use super::{Scene, plan_text, report};
use crate::CliError;

/// The text after a run that succeeded. `planned` is how many changes its plans had.
pub(crate) fn finished(summary: &Summary, planned: usize, scene: &Scene) -> String {
    if scene.operation == Operation::Preview {
        return after_preview(planned, scene);
    }
    let gap = if summary.change_count() > 0 { "\n" } else { "" };
    let mut text = format!("{gap}{}\n", scene.paint.bold(&done_line(summary)));
    if let Some(line) = longest(summary) {
        text += &format!("{}\n", scene.paint.dim(&line));
    }
    if scene.operation == Operation::Up && !summary.exports.is_empty() {
        let exports = summary
            .exports
            .iter()
            .map(|(name, value)| (name.as_str(), value));
        text += &format!(
            "\n{}\n{}",
            scene.paint.bold("Outputs"),
            plan_text::outputs(exports)
        );
    }
    let hints: Vec<String> = if scene.operation == Operation::Up {
        hints(summary, scene)
    } else {
        Vec::new()
    };
    if !hints.is_empty() {
        text += &format!("\n{}\n", hints.join("\n"));
    }
    text
}

fn after_preview(planned: usize, scene: &Scene) -> String {
    match planned {
        0 => String::new(),
        _ => scene.paint.dim(&format!(
            "nothing was touched; carry it out with `{}`",
            scene.command("up")
        )),
    }
}

fn done_line(summary: &Summary) -> String {
    format!("done in {}: {}", span(summary.duration), deeds(summary))
}

/// `22 created, 3 unchanged`.
pub(crate) fn deeds(summary: &Summary) -> String {
    let parts = [
        (summary.created, "created"),
        (summary.updated, "updated"),
        (summary.replaced, "replaced"),
        (summary.deleted, "deleted"),
        (summary.imported, "imported"),
        (summary.drifted, "drifted"),
        (summary.unchanged, "unchanged"),
    ];
    let parts = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"));
    let text = parts.collect::<Vec<_>>().join(", ");
    if text.is_empty() {
        "nothing to do".to_owned()
    } else {
        text
    }
}

/// Where the time went, when there is a choice.
fn longest(summary: &Summary) -> Option<String> {
    let mut slow: Vec<_> = summary.durations.iter().collect();
    if slow.len() < 4 {
        return None;
    }
    slow.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    let slow = slow
        .iter()
        .take(3)
        .map(|(urn, _, duration)| format!("{} {}", urn.address(), span(*duration)));
    Some(format!("longest: {}", slow.collect::<Vec<_>>().join(", ")))
}

/// Hints of the connection; one that names a missing, secret or pending output is left out.
pub(crate) fn hints(summary: &Summary, scene: &Scene) -> Vec<String> {
    let output = |name: &str| {
        let (_, value) = summary.exports.iter().find(|(export, _)| export == name)?;
        (!value.contains_secret() && !value.contains_unknown()).then(|| value.to_string())
    };
    let fill = |hint: &String| {
        let mut text = hint.replace("{run}", &scene.invocation);
        while let Some((before, rest)) = text.split_once("{output:") {
            let (name, after) = rest.split_once('}')?;
            text = format!("{before}{}{after}", output(name)?);
        }
        Some(text)
    };
    scene.hints.iter().filter_map(fill).collect()
}

/// The text after a run that ended badly. Findings in `shown` were printed with the plan.
pub(crate) fn failed(
    error: &EngineError,
    refusal: Option<&CliError>,
    shown: &[Diagnostic],
    scene: &Scene,
) -> String {
    let closing = |message: &str, help: &str| report::plain_error(message, Some(help), scene.paint);
    let again = scene.command(scene.verb());
    match error {
        EngineError::Program { findings, summary } => {
            let fresh = findings.iter().filter(|finding| !shown.contains(finding));
            let reports: String = fresh
                .map(|finding| report::finding(finding, scene))
                .collect();
            let message = format!("{}; {}", problems(findings.len()), before(summary));
            spaced(
                &reports,
                &closing(
                    &message,
                    &format!("correct the program, then run `{again}` again"),
                ),
            )
        }
        EngineError::Steps { failures, summary } => {
            let reports: String = failures
                .iter()
                .map(|failure| report::failure(failure, scene))
                .collect();
            let message = format!("{}; {}", failed_steps(failures.len()), before(summary));
            spaced(
                &reports,
                &closing(
                    &message,
                    &format!("correct the cause, then `{again}` goes on from there"),
                ),
            )
        }
        EngineError::UnexpectedChanges { .. } => closing(
            &format!("{error}; nothing was touched"),
            &format!("look at them with `{}`", scene.command("preview")),
        ),
        EngineError::OtherPlan { differences } => closing(
            &format!(
                "the plan is another one than the saved one, so nothing was touched:\n- {}",
                differences.join("\n- ")
            ),
            &format!(
                "make a new one with `{}`",
                scene.command("preview --save-plan FILE")
            ),
        ),
        EngineError::Refused { summary } => match refusal {
            Some(refusal) => format!(
                "{}\n{}",
                report::cli_error(refusal, scene.paint),
                before(summary)
            ),
            None => closing(
                &format!("{error}; {}", before(summary)),
                &format!("`{again}` asks again"),
            ),
        },
        EngineError::Stopped { summary, in_flight } => {
            let flight = match in_flight {
                0 => String::new(),
                1 => "; one operation is still in flight".to_owned(),
                several => format!("; {several} operations are still in flight"),
            };
            let help =
                format!("`{again}` goes on; what is in flight is settled by reading the cloud");
            closing(&format!("{error}; {}{flight}", before(summary)), &help)
        }
        EngineError::Locked { .. } => closing(
            &error.to_string(),
            CliError::from(error).next_step().unwrap_or_default(),
        ),
        EngineError::TakenOver { .. } => closing(
            &error.to_string(),
            &format!(
                "what it had in flight is settled by whoever works on the stack next; then `{again}` goes on"
            ),
        ),
        EngineError::State { help, .. } => closing(&error.to_string(), help),
        other => closing(
            &other.to_string(),
            &format!("`{again}` goes on from what is recorded"),
        ),
    }
}

fn spaced(reports: &str, closing: &str) -> String {
    if reports.is_empty() {
        closing.to_owned()
    } else {
        format!("\n{reports}\n{closing}")
    }
}

fn problems(count: usize) -> String {
    if count == 1 {
        "the program has a problem".to_owned()
    } else {
        format!("the program has {count} problems")
    }
}

fn failed_steps(count: usize) -> String {
    if count == 1 {
        "one step failed".to_owned()
    } else {
        format!("{count} steps failed")
    }
}

fn before(summary: &Summary) -> String {
    match summary.change_count() {
        0 => "nothing was touched".to_owned(),
        _ => format!("recorded: {}", deeds(summary)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use lazuli_core::Value;

    use super::*;
    use crate::render::sample;

    #[test]
    fn success_ends_with_outputs_and_hints() {
        let scene = Scene {
            hints: vec![
                "look at the page: {run} emulator get {output:url}".into(),
                "{output:nothing} is left out".into(),
                "{output:password} is left out, too".into(),
            ],
            ..sample::scene(Operation::Up)
        };
        insta::assert_snapshot!(finished(&sample::summary(), 2, &scene));
    }

    #[test]
    fn every_ending_says_what_is_and_what_is_next() {
        let summary = || Box::new(sample::summary());
        let errors = [
            EngineError::Steps {
                failures: vec![sample::failure()],
                summary: summary(),
            },
            EngineError::Program {
                findings: vec![sample::finding()],
                summary: Box::default(),
            },
            EngineError::UnexpectedChanges { changes: 3 },
            EngineError::Refused {
                summary: Box::default(),
            },
            EngineError::Stopped {
                summary: summary(),
                in_flight: 1,
            },
            EngineError::Locked {
                holder: "ann@host (process 7)".into(),
                file: PathBuf::from(".lazuli/lock"),
            },
            EngineError::State {
                file: "state.json".into(),
                message: "cut".into(),
                help: "restore it".into(),
            },
        ];
        let scene = sample::scene(Operation::Up);
        let texts: Vec<String> = errors
            .iter()
            .map(|error| failed(error, None, &[], &scene))
            .collect();
        insta::assert_snapshot!(texts.join("\n---\n"));
    }

    #[test]
    fn findings_are_not_said_twice() {
        let scene = sample::scene(Operation::Preview);
        let error = EngineError::Program {
            findings: vec![sample::finding()],
            summary: Box::default(),
        };
        assert!(failed(&error, None, &[], &scene).contains("LZ2001"));
        assert!(!failed(&error, None, &[sample::finding()], &scene).contains("LZ2001"));
    }

    #[test]
    fn deeds_of_an_idle_run() {
        assert_eq!(deeds(&Summary::default()), "nothing to do");
        let summary = Summary {
            exports: vec![("a".into(), Value::Null)],
            unchanged: 2,
            ..Summary::default()
        };
        assert_eq!(deeds(&summary), "2 unchanged");
    }
}
