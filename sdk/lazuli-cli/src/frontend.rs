//! Listens to the engine: hands events to a renderer, and decides about plans
//! by asking a person or by what the command line said.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use lazuli_engine::{Decision, Event, Frontend, Operation, Plan};
use lazuli_picture::timeline::{Ending, Recorder};

use crate::CliError;
use crate::render::{Renderer, Scene, plan_text};
use crate::screen::Prompt;

/// How plans are approved.
pub(crate) enum Approval {
    /// `--yes`.
    Given,
    /// Somebody is asked.
    Ask(Arc<dyn Prompt>),
    /// There is nobody to ask.
    Nobody,
}

/// The engine's counterpart for one run.
pub(crate) struct CliFrontend {
    pub(crate) renderer: Box<dyn Renderer>,
    approval: Approval,
    question: &'static str,
    target: String,
    command: String,
    /// What happened when, if somebody wants to know.
    pub(crate) recorder: Option<Recorder>,
    began: Instant,
    /// Why a plan was refused without anybody being asked.
    pub(crate) refusal: Option<CliError>,
}

impl CliFrontend {
    pub(crate) fn new(renderer: Box<dyn Renderer>, approval: Approval, scene: &Scene) -> Self {
        let question = match scene.operation {
            Operation::Destroy => "Delete this",
            _ => "Carry this out",
        };
        Self {
            renderer,
            approval,
            question,
            target: scene.target.clone(),
            command: scene.command(&format!("{} --yes", scene.verb())),
            recorder: None,
            began: Instant::now(),
            refusal: None,
        }
    }

    /// Names the target and what happens to how many: what one regrets not having read.
    fn question(&self, plan: &Plan) -> String {
        let counts = plan_text::counts(plan);
        format!("{} on {} ({counts})?", self.question, self.target)
    }
}

#[async_trait]
impl Frontend for CliFrontend {
    fn event(&mut self, event: &Event) {
        let clock = self.began.elapsed();
        if let Some(recorder) = &mut self.recorder {
            recorder.event(event, clock);
        }
        self.renderer.event(event);
    }

    async fn approve(&mut self, plan: &Plan) -> Decision {
        let question = self.question(plan);
        let asked = Instant::now();
        let decision = self.decide(question).await;
        if let Some(recorder) = &mut self.recorder {
            recorder.paused(asked.elapsed());
        }
        decision
    }

    async fn approve_drift(&mut self, drifted: usize) -> Decision {
        let noun = if drifted == 1 {
            "resource"
        } else {
            "resources"
        };
        let question = format!("Write what {drifted} {noun} really are into the state?");
        self.decide(question).await
    }
}

impl CliFrontend {
    /// The record of the run, which is over.
    pub(crate) fn recorded(&mut self, ending: Ending) -> Option<Recorder> {
        let clock = self.began.elapsed();
        let mut recorder = self.recorder.take()?;
        recorder.end(ending, clock);
        Some(recorder)
    }

    async fn decide(&mut self, question: String) -> Decision {
        match &self.approval {
            Approval::Given => Decision::Approved,
            Approval::Nobody => {
                let error = CliError::usage(
                    "the plan was not approved: there is no terminal to ask on, it needs --yes",
                );
                self.refusal =
                    Some(error.help(format!("approve it beforehand with `{}`", self.command)));
                Decision::Refused
            }
            Approval::Ask(prompt) => {
                self.renderer.pause();
                let prompt = prompt.clone();
                let yes = tokio::task::spawn_blocking(move || prompt.confirm(&question)).await;
                // A prompt that broke is no approval.
                if yes.unwrap_or(false) {
                    Decision::Approved
                } else {
                    Decision::Refused
                }
            }
        }
    }
}
