//! Events as JSON lines, for programs. What a line holds is in [`wire`](super::wire).

use lazuli_engine::{EngineError, Event, Plan, Summary};

use super::wire::{Body, ErrorLine, FindingLine, Line, PlanLine, StepLine, SummaryLine, millis};
use super::{Renderer, Scene};
use crate::CliError;
use crate::exit::Exit;
use crate::screen::Screen;

/// Writes one JSON object a line.
pub(crate) struct JsonLines {
    scene: Scene,
    screen: Screen,
    wave: u32,
}

impl JsonLines {
    pub(crate) fn new(scene: Scene, screen: Screen) -> Self {
        Self {
            scene,
            screen,
            wave: 0,
        }
    }

    fn line(&self, body: Body<'_>) {
        // Texts, numbers and maps with text keys always have a JSON form.
        if let Ok(text) = serde_json::to_string(&Line::new(body)) {
            self.screen.json(&text);
        }
    }

    fn plan(&mut self, plan: &Plan) {
        self.wave = plan.wave;
        for finding in &plan.findings {
            self.line(Body::Finding {
                wave: plan.wave,
                finding: finding.into(),
            });
        }
        for step in &plan.steps {
            self.line(Body::Step(Box::new(StepLine::new(plan, step))));
        }
        self.line(Body::Plan(Box::new(PlanLine::from(plan))));
    }
}

impl Renderer for JsonLines {
    fn started(&mut self) {
        let Scene {
            project,
            stack,
            target,
            ..
        } = &self.scene;
        self.line(Body::Started {
            operation: self.scene.verb(),
            project,
            stack,
            target,
        });
    }

    fn event(&mut self, event: &Event) {
        let wave = self.wave;
        let body = match event {
            Event::Planned(plan) => return self.plan(plan),
            Event::WaitingForProgram { what } => Body::WaitingForProgram { waits_for: what },
            Event::Settled { urn, op, found } => Body::Settled {
                urn: urn.as_str(),
                op: op.as_str(),
                found,
            },
            Event::Drifted {
                urn, changes, gone, ..
            } => Body::Drifted {
                urn: urn.as_str(),
                gone: *gone,
                changes: changes.iter().map(Into::into).collect(),
            },
            Event::StepStarted { urn, op } => Body::StepStarted {
                wave,
                urn: urn.as_str(),
                op: op.as_str(),
            },
            Event::StepStatus { urn, text } => Body::StepStatus {
                wave,
                urn: urn.as_str(),
                text,
            },
            Event::StepDone {
                urn,
                op,
                id,
                duration,
            } => Body::StepDone {
                wave,
                urn: urn.as_str(),
                op: op.as_str(),
                id,
                duration_ms: millis(*duration),
            },
            Event::StepUnchanged { urn } => Body::StepUnchanged {
                wave,
                urn: urn.as_str(),
            },
            Event::StepFailed { failure, duration } => Body::StepFailed {
                wave,
                duration_ms: millis(*duration),
                failure: failure.into(),
            },
            Event::StepSkipped { urn, op, reason } => Body::StepSkipped {
                wave,
                urn: urn.as_str(),
                op: op.as_str(),
                reason,
            },
            Event::Stopping => Body::Stopping,
            Event::Note(finding) => Body::Note {
                finding: finding.into(),
            },
            // An event that this schema has no line for yet.
            _ => return,
        };
        self.line(body);
    }

    fn finished(&mut self, summary: &Summary) {
        self.line(Body::Finished(summary.into()));
    }

    fn failed(&mut self, error: &EngineError, refusal: Option<&CliError>) {
        self.line(Body::Failed(Box::new(error_line(error, refusal))));
    }

    fn not_started(&mut self, error: &CliError) {
        let line = ErrorLine {
            help: error.next_step(),
            ..bare(error.exit(), error.message())
        };
        self.line(Body::Failed(Box::new(line)));
    }
}

fn bare<'a>(exit: Exit, message: &str) -> ErrorLine<'a> {
    ErrorLine {
        kind: exit.as_str(),
        exit_code: exit.code(),
        message: message.to_owned(),
        help: None,
        findings: Vec::new(),
        failures: Vec::new(),
        in_flight: 0,
        summary: None,
    }
}

fn error_line<'a>(error: &'a EngineError, refusal: Option<&'a CliError>) -> ErrorLine<'a> {
    let mut line = bare(Exit::from(error), &error.to_string());
    match error {
        EngineError::Program { findings, summary } => {
            line.findings = findings.iter().map(FindingLine::from).collect();
            line.summary = Some(SummaryLine::from(&**summary));
        }
        EngineError::Steps { failures, summary } => {
            line.failures = failures.iter().map(Into::into).collect();
            line.summary = Some(SummaryLine::from(&**summary));
        }
        EngineError::Refused { summary } => {
            line.help = refusal.and_then(CliError::next_step);
            line.summary = Some(SummaryLine::from(&**summary));
        }
        EngineError::Stopped { summary, in_flight } => {
            line.in_flight = *in_flight;
            line.summary = Some(SummaryLine::from(&**summary));
        }
        EngineError::State { help, .. } => line.help = Some(help),
        _ => {}
    }
    line
}

#[cfg(test)]
mod tests {
    use lazuli_engine::Operation;

    use super::*;
    use crate::render::sample;

    fn lines(show: impl FnOnce(&mut JsonLines)) -> String {
        let (screen, text) = sample::screen();
        show(&mut JsonLines::new(sample::scene(Operation::Up), screen));
        text.read()
    }

    #[test]
    fn a_preview_lists_every_step_with_ids_and_pending_values() {
        insta::assert_snapshot!(lines(|renderer| {
            renderer.started();
            renderer.event(&Event::Planned(sample::first()));
            renderer.event(&Event::Planned(sample::mixed()));
        }));
    }

    #[test]
    fn a_run_has_a_line_for_each_event() {
        insta::assert_snapshot!(lines(|renderer| {
            renderer.event(&Event::Planned(sample::update()));
            sample::events()
                .iter()
                .for_each(|event| renderer.event(event));
            renderer.finished(&sample::summary());
        }));
    }

    #[test]
    fn endings_carry_kind_and_exit_code() {
        insta::assert_snapshot!(lines(|renderer| {
            let summary = Box::new(sample::summary());
            renderer.failed(
                &EngineError::Steps {
                    failures: vec![sample::failure()],
                    summary,
                },
                None,
            );
            renderer.failed(
                &EngineError::Refused {
                    summary: Box::default(),
                },
                Some(&CliError::usage("x").help("add --yes")),
            );
            renderer.not_started(&CliError::cloud("no answer").help("is it there?"));
        }));
    }

    #[test]
    fn every_line_is_one_object_that_names_its_schema_and_shows_no_secret() {
        let text = lines(|renderer| {
            renderer.started();
            for plan in [sample::first(), sample::update(), sample::mixed()] {
                renderer.event(&Event::Planned(plan));
            }
            sample::events()
                .iter()
                .for_each(|event| renderer.event(event));
            renderer.finished(&sample::summary());
        });
        assert!(!text.contains(sample::SECRET), "{text}");
        assert!(text.lines().count() > 15, "{text}");
        for line in text.lines() {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(json["schema"], "lazuli.events/1");
            assert!(json["type"].is_string(), "{line}");
        }
    }
}
