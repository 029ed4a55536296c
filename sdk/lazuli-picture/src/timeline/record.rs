//! What happened when. Times are those since the first step began, without the
//! time that a person thought about a plan.

use std::collections::HashMap;
use std::time::Duration;

use lazuli_core::{SourceLocation, Urn};
use lazuli_engine::{Event, Op, Plan};

/// Everything that is known of a run.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    pub(crate) title: String,
    pub(crate) subtitle: String,
    /// Steps in the order of their plans, wave after wave.
    pub(crate) bars: Vec<Bar>,
    /// How many waves were planned.
    pub(crate) waves: usize,
    pub(crate) ending: Ending,
    /// The steps of the wave that is carried out, by resource and operation.
    current: HashMap<(Urn, Op), usize>,
    /// When the first step began, and when the last thing was heard of.
    zero: Option<Duration>,
    last: Duration,
    /// How long somebody was waited for.
    paused: Duration,
}

/// How the run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ending {
    /// It has not.
    #[default]
    Running,
    /// Everything was done.
    Finished,
    /// A step or the program failed.
    Failed,
    /// It was interrupted.
    Stopped,
}

/// One step.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    /// The wave, from 0.
    pub(crate) wave: usize,
    pub(crate) urn: Urn,
    pub(crate) op: Op,
    pub(crate) location: Option<SourceLocation>,
    /// Positions of the steps that it had to come after.
    pub(crate) after: Vec<usize>,
    pub(crate) start: Option<Duration>,
    pub(crate) end: Option<Duration>,
    pub(crate) outcome: Outcome,
    /// What the provider said of it meanwhile.
    pub(crate) said: Vec<(Duration, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did not begin.
    Waiting,
    /// It had not ended when the run did.
    Running,
    Done,
    /// Nothing differed once its inputs were known.
    Unchanged,
    Failed {
        code: Option<String>,
        message: String,
    },
    Skipped {
        reason: String,
    },
}

impl Bar {
    /// When it ran.
    pub(crate) fn span(&self) -> Option<(Duration, Duration)> {
        Some((self.start?, self.end?))
    }

    pub(crate) fn lasted(&self) -> Duration {
        self.span()
            .map(|(start, end)| end.saturating_sub(start))
            .unwrap_or_default()
    }
}

impl Recorder {
    /// A record without events.
    pub fn new(title: String, subtitle: String) -> Self {
        Self {
            title,
            subtitle,
            ..Self::default()
        }
    }

    /// Somebody thought about a plan for so long.
    pub fn paused(&mut self, time: Duration) {
        self.paused += time;
    }

    /// Takes an event that was told at a time of any clock that goes on.
    pub fn event(&mut self, event: &Event, clock: Duration) {
        match event {
            Event::Planned(plan) => self.planned(plan),
            Event::StepStarted { urn, op } => {
                let now = self.now(clock);
                if let Some(bar) = self.bar(urn, *op) {
                    bar.start.get_or_insert(now);
                    bar.outcome = Outcome::Running;
                }
            }
            Event::StepStatus { urn, text } => {
                let now = self.now(clock);
                let running = |bar: &&mut Bar| bar.urn == *urn && bar.outcome == Outcome::Running;
                if let Some(bar) = self.bars.iter_mut().rev().find(running) {
                    bar.said.push((now, text.clone()));
                }
            }
            Event::StepDone {
                urn, op, duration, ..
            } => {
                self.ended(urn, *op, (clock, *duration), Outcome::Done);
            }
            Event::StepUnchanged { urn } => {
                let mut bars = self.bars.iter_mut().rev();
                if let Some(bar) = bars.find(|bar| bar.urn == *urn && !bar.op.is_delete()) {
                    bar.outcome = Outcome::Unchanged;
                }
            }
            Event::StepFailed { failure, duration } => {
                let outcome = Outcome::Failed {
                    code: failure.code.clone(),
                    message: failure.message.clone(),
                };
                self.ended(&failure.urn, failure.op, (clock, *duration), outcome);
            }
            Event::StepSkipped { urn, op, reason } => {
                if let Some(bar) = self.bar(urn, *op) {
                    bar.outcome = Outcome::Skipped {
                        reason: reason.clone(),
                    };
                }
            }
            _ => {}
        }
    }

    /// The run is over.
    pub fn end(&mut self, ending: Ending, clock: Duration) {
        self.ending = ending;
        let now = match self.zero {
            Some(_) => self.now(clock),
            None => return,
        };
        for bar in &mut self.bars {
            if bar.outcome == Outcome::Running {
                bar.end = Some(now);
            }
        }
    }

    fn planned(&mut self, plan: &Plan) {
        if plan.steps.is_empty() {
            return;
        }
        let first = self.bars.len();
        self.current.clear();
        for step in &plan.steps {
            self.current
                .insert((step.urn.clone(), step.op), self.bars.len());
            self.bars.push(Bar {
                wave: self.waves,
                urn: step.urn.clone(),
                op: step.op,
                location: step.location.clone(),
                after: step.after.iter().map(|at| first + at).collect(),
                start: None,
                end: None,
                outcome: Outcome::Waiting,
                said: Vec::new(),
            });
        }
        self.waves += 1;
    }

    fn bar(&mut self, urn: &Urn, op: Op) -> Option<&mut Bar> {
        let at = *self.current.get(&(urn.clone(), op))?;
        self.bars.get_mut(at)
    }

    fn ended(
        &mut self,
        urn: &Urn,
        op: Op,
        (clock, lasted): (Duration, Duration),
        outcome: Outcome,
    ) {
        let now = self.now(clock);
        if let Some(bar) = self.bar(urn, op) {
            // What the cloud deletes with something else begins and ends unheard.
            bar.start.get_or_insert(now.saturating_sub(lasted));
            bar.end = Some(now);
            bar.outcome = outcome;
        }
    }

    fn now(&mut self, clock: Duration) -> Duration {
        let clock = clock.saturating_sub(self.paused);
        let zero = *self.zero.get_or_insert(clock);
        self.last = self.last.max(clock.saturating_sub(zero));
        clock.saturating_sub(zero)
    }
}
