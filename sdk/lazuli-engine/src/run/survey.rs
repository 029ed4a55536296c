//! Checks a program without a cloud and without a state: what is declared, what
//! checks and rules find, and what can be proved of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use lazuli_core::stack::Stack;
use lazuli_core::{Diagnostic, Proof, Schema};

use super::findings::waiting_for;
use super::{Run, RunParts, RunState};
use crate::diff::proofs;
use crate::error::EngineError;
use crate::event::{Decision, Event, Frontend};
use crate::graph::RunScope;
use crate::plan::Plan;
use crate::settings::{Operation, Settings, Stop};
use crate::store::Store;

/// What can be said of a program by itself.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// All findings.
    pub findings: Vec<Diagnostic>,
    /// What was proved, and what was not.
    pub proofs: Vec<Proof>,
    /// How many resources are declared.
    pub resources: usize,
    /// What the program still waits for: what it declares after that is not checked.
    pub waits_for: Vec<String>,
}

/// Runs the program up to the point where it waits for the cloud, and checks what it
/// declared against the schemas of providers, by their names. Nothing is read but the
/// exports of other stacks, and nothing is written: existing resources are taken to be
/// there. The settings need no providers.
///
/// # Errors
/// The program's thread cannot be started, or the run was stopped. A program
/// that fails is a finding.
pub async fn survey<F, Fut>(
    settings: Settings,
    schemas: BTreeMap<String, Arc<dyn Schema>>,
    store: Store,
    topology: F,
    stop: Stop,
) -> Result<Survey, EngineError>
where
    F: FnOnce(Stack) -> Fut + Send + 'static,
    Fut: Future<Output = lazuli_core::Result<()>> + 'static,
{
    let program = super::start(&settings, &store, topology).await?;
    let scope = RunScope {
        blind: true,
        ..RunScope::of(&settings, Operation::Preview)
    };
    let run_state = RunState::Memory(Box::default());
    let mut heard = Heard::default();
    let mut run = Run::new(RunParts {
        operation: Operation::Preview,
        settings,
        schemas,
        scope,
        store: &store,
        run_state,
        program: Some(program),
        frontend: &mut heard,
        stop,
    });
    let quiet = run.quiet().await?;
    let planned = run.plan(1, &quiet, Vec::new());
    let mut survey = run.survey();
    if let Err(EngineError::Program { findings, .. }) = &planned {
        survey.findings.clone_from(findings);
    }
    drop(run);
    match planned {
        Ok(_) => survey.findings = heard.0.map(|plan| plan.findings).unwrap_or_default(),
        Err(EngineError::Program { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(survey)
}

impl Run<'_> {
    fn survey(&self) -> Survey {
        Survey {
            findings: Vec::new(),
            proofs: proofs(&self.graph),
            resources: self.graph.resource_count(),
            waits_for: waiting_for(&self.latest),
        }
    }
}

/// Keeps the plan.
#[derive(Default)]
struct Heard(Option<Plan>);

#[async_trait]
impl Frontend for Heard {
    fn event(&mut self, event: &Event) {
        if let Event::Planned(plan) = event {
            self.0 = Some(plan.clone());
        }
    }

    async fn approve(&mut self, _: &Plan) -> Decision {
        Decision::Refused
    }
}
