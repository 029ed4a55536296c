//! Events as plain lines, for logs and pipes: one line an event, the kind
//! first, so that `grep '^failed'` finds what it says.

use lazuli_core::{Diagnostic, Urn};
use lazuli_engine::{EngineError, Event, Plan, Summary};
use lazuli_picture::brief::span;

use super::visible::shortened;
use super::{Paint, Renderer, Scene, ending, plan_text, report};
use crate::CliError;
use crate::screen::Screen;

/// Writes one line an event; plans and endings are longer texts.
pub(crate) struct PlainLines {
    scene: Scene,
    screen: Screen,
    shown: Vec<Diagnostic>,
    planned: usize,
}

impl PlainLines {
    pub(crate) fn new(scene: Scene, screen: Screen) -> Self {
        Self {
            scene,
            screen,
            shown: Vec::new(),
            planned: 0,
        }
    }

    fn plan(&mut self, plan: &Plan) {
        self.shown.extend(plan.findings.iter().cloned());
        self.planned += plan.change_count();
        if plan.wave > 1 {
            self.screen.text(&format!("\nwave {}", plan.wave));
        }
        self.screen.text(&plan_text::plan(plan, &self.scene));
        self.screen.text("\n");
    }
}

impl Renderer for PlainLines {
    fn started(&mut self) {
        self.screen.text(&format!("{}\n\n", self.scene.headline()));
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Planned(plan) => self.plan(plan),
            Event::Note(finding) => self.screen.text(&report::finding(finding, &self.scene)),
            other => self.screen.text(&line(other)),
        }
    }

    fn finished(&mut self, summary: &Summary) {
        self.screen
            .text(&ending::finished(summary, self.planned, &self.scene));
    }

    fn failed(&mut self, error: &EngineError, refusal: Option<&CliError>) {
        self.screen
            .text(&ending::failed(error, refusal, &self.shown, &self.scene));
    }

    fn not_started(&mut self, error: &CliError) {
        self.screen
            .text(&report::cli_error(error, self.scene.paint));
    }
}

/// The line of an event; empty for one that has none.
pub(crate) fn line(event: &Event) -> String {
    let named = |urn: &Urn| format!("{} ({})", urn.address(), urn.ty());
    let text = match event {
        Event::WaitingForProgram { what } => format!("waiting for the program: {}", what.join(", ")),
        Event::Settled { urn, op, found } => format!("settled {} {}: {found}", op.as_str(), named(urn)),
        Event::Drifted { urn, gone: true, .. } => format!("gone    {}: it does not exist any more", named(urn)),
        Event::Drifted { urn, changes, .. } => {
            let changes: Vec<_> = changes.iter().map(|change| plan_text::change_line(change, Paint::new(false))).collect();
            format!("drifted {}: {}", named(urn), changes.join("; "))
        }
        Event::StepStarted { urn, op } => format!("started {} {}", op.as_str(), named(urn)),
        Event::StepStatus { urn, text } => format!("status  {}: {text}", urn.address()),
        Event::StepDone { urn, op, duration, .. } => format!("done    {} {} {}", op.as_str(), named(urn), span(*duration)),
        Event::StepUnchanged { urn } => format!("same    {}: nothing differs now that its inputs are known", named(urn)),
        Event::StepFailed { failure, duration } => {
            let code = failure.code.as_ref().map(|code| format!("[{code}] ")).unwrap_or_default();
            let (op, urn, after) = (failure.op.as_str(), named(&failure.urn), span(*duration));
            format!("failed  {op} {urn} {after}: {code}{}", failure.message)
        }
        Event::StepSkipped { urn, op, reason } => format!("skipped {} {}: {reason}", op.as_str(), named(urn)),
        Event::Stopping => {
            "stopping: no new steps start, running ones finish and are recorded; once more leaves at once".to_owned()
        }
        _ => String::new(),
    };
    // A message of the cloud may span lines; an event is one.
    let text = shortened(&text);
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join(" / ")
}

#[cfg(test)]
mod tests {
    use lazuli_engine::Operation;

    use super::*;
    use crate::render::sample;

    #[test]
    fn a_run_reads_as_a_log() {
        let (screen, text) = sample::screen();
        let mut renderer = PlainLines::new(sample::scene(Operation::Up), screen);
        renderer.started();
        renderer.event(&Event::Planned(sample::update()));
        sample::events()
            .iter()
            .for_each(|event| renderer.event(event));
        renderer.finished(&sample::summary());
        insta::assert_snapshot!(text.read());
    }

    #[test]
    fn an_event_is_one_line() {
        for event in sample::events() {
            assert!(!line(&event).contains('\n'), "{event:?}");
        }
    }
}
