//! The live tree on a terminal: finished lines scroll up, below them stands what
//! runs and what waits. indicatif only moves the cursor; the text is made by
//! [`frame`], which is pure.

mod frame;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use lazuli_core::Diagnostic;
use lazuli_engine::{EngineError, Event, Plan, Summary};
use tokio::task::JoinHandle;

use self::frame::{Board, Window};
use lazuli_picture::brief::span;

use super::visible::visible;
use super::wrap::wrap;
use super::{Renderer, Scene, ending, plain, plan_text, report};
use crate::CliError;

const REDRAW: Duration = Duration::from_millis(120);

/// Draws a run on a terminal.
pub(crate) struct LiveTree {
    scene: Scene,
    bars: MultiProgress,
    board: Arc<Mutex<Board>>,
    drawn: Option<Drawn>,
    shown: Vec<Diagnostic>,
    planned: usize,
}

/// The moving part of the screen, while there is one.
struct Drawn {
    bar: ProgressBar,
    clock: JoinHandle<()>,
}

impl Drop for Drawn {
    fn drop(&mut self) {
        self.clock.abort();
        self.bar.finish_and_clear();
    }
}

fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LiveTree {
    pub(crate) fn new(scene: Scene, target: ProgressDrawTarget) -> Self {
        let bars = MultiProgress::with_draw_target(target);
        Self {
            scene,
            bars,
            board: Arc::default(),
            drawn: None,
            shown: Vec::new(),
            planned: 0,
        }
    }

    /// Writes above the moving part. A terminal that went away is no error of the run.
    fn print(&self, text: &str) {
        let text = visible(text, self.scene.paint.is_colour());
        for line in text.trim_end_matches('\n').split('\n') {
            let _ = self.bars.println(line);
        }
    }

    fn plan(&mut self, plan: &Plan) {
        self.drawn = None;
        self.shown.extend(plan.findings.iter().cloned());
        self.planned += plan.change_count();
        if plan.wave > 1 {
            self.print(&format!("\nwave {}", plan.wave));
        }
        let text = plan_text::plan(plan, &self.scene);
        self.print(&wrap(&text, self.scene.width));
        self.print("");
        *lock(&self.board) = Board::new(plan);
    }

    /// Starts the moving part with the first step of a wave.
    fn draw(&mut self) {
        if self.drawn.is_some() {
            return;
        }
        let bar = self.bars.add(ProgressBar::new_spinner());
        bar.set_style(
            ProgressStyle::with_template("{msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        let (board, paint, ticking) = (self.board.clone(), self.scene.paint, bar.clone());
        let clock = tokio::spawn(async move {
            loop {
                let text = lock(&board).frame(Instant::now(), Window::of_terminal(), paint);
                ticking.set_message(visible(&text, paint.is_colour()));
                tokio::time::sleep(REDRAW).await;
            }
        });
        self.drawn = Some(Drawn { bar, clock });
    }

    fn done_line(&self, event: &Event) -> Option<String> {
        let paint = self.scene.paint;
        match event {
            Event::StepDone {
                urn, op, duration, ..
            } => {
                let (glyph, took) = (paint.glyph(*op), span(*duration));
                Some(format!(
                    "{} {glyph} {}  {}",
                    paint.green("✓"),
                    urn.address(),
                    paint.dim(&took)
                ))
            }
            Event::StepUnchanged { urn } => Some(format!(
                "{}   {}  nothing differs",
                paint.green("✓"),
                urn.address()
            )),
            Event::StepFailed { .. } => Some(paint.red(&plain::line(event))),
            Event::StepSkipped { .. } => Some(paint.dim(&plain::line(event))),
            Event::StepStarted { .. } | Event::StepStatus { .. } => None,
            other => Some(plain::line(other)).filter(|line| !line.is_empty()),
        }
    }
}

impl Renderer for LiveTree {
    fn started(&mut self) {
        self.print(&format!(
            "{}\n ",
            self.scene.paint.bold(&self.scene.headline())
        ));
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Planned(plan) => return self.plan(plan),
            Event::Note(finding) => return self.print(&report::finding(finding, &self.scene)),
            Event::StepStarted { .. } => self.draw(),
            _ => {}
        }
        lock(&self.board).event(event, Instant::now());
        if let Some(line) = self.done_line(event) {
            self.print(&line);
        }
    }

    fn pause(&mut self) {
        self.drawn = None;
    }

    fn finished(&mut self, summary: &Summary) {
        self.drawn = None;
        self.print(&ending::finished(summary, self.planned, &self.scene));
    }

    fn failed(&mut self, error: &EngineError, refusal: Option<&CliError>) {
        self.drawn = None;
        self.print(&ending::failed(error, refusal, &self.shown, &self.scene));
    }

    fn not_started(&mut self, error: &CliError) {
        self.print(&report::cli_error(error, self.scene.paint));
    }
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;
    use lazuli_engine::{Op, Operation};

    use super::*;
    use crate::render::sample;

    #[tokio::test]
    async fn finished_lines_stay_and_the_moving_part_goes() {
        let term = InMemoryTerm::new(60, 120);
        let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
        let mut live = LiveTree::new(sample::scene(Operation::Up), target);
        live.started();
        live.event(&Event::Planned(sample::update()));
        live.event(&Event::StepStarted {
            urn: sample::app(),
            op: Op::Update,
        });
        let duration = Duration::from_millis(1_250);
        live.event(&Event::StepDone {
            urn: sample::app(),
            op: Op::Update,
            id: "/app".into(),
            duration,
        });
        live.finished(&sample::summary());
        let text = term.contents();
        for part in [
            "up site, stack dev",
            "1 to update, 2 unchanged",
            "✓ ~ rg/web/app  1.2s",
            "done in 1m 01s",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("running"), "{text}");
    }
}
