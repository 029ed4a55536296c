//! One run: wait for quiet, plan, ask, execute, and again until the program has
//! nothing more to declare.

mod ending;
mod findings;
mod quiet;
mod rebuild;
mod refresh;
mod run_state;
mod settle;
mod survey;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use lazuli_core::node::NodeId;
use lazuli_core::program::{Environment, Report};
use lazuli_core::stack::{Settlement, Stack};
use lazuli_core::{Diagnostic, OutputError, Provider, StackReader, Urn};

use self::findings::{failed_exports, program_errors, waiting_for};
use self::quiet::Quiet;
use self::run_state::RunState;
pub use self::survey::{Survey, survey};
use crate::blocking::blocking;
use crate::diff::Decisions;
use crate::error::EngineError;
use crate::event::{Decision as Answer, Event, Failure, Frontend, Summary};
use crate::execute::{self, Context, Latest, Wave};
use crate::graph::{Graph, NodeProgress, RunScope, Schemas};
use crate::op::Op;
use crate::plan::{self, Plan, PlanInput, Planned, SavedPlan, Step};
use crate::program_thread::ProgramThread;
use crate::scrubbed;
use crate::settings::{Operation, Settings, Stop, asked};
use crate::store::{HistoryEntry, LockGuard, Store};
use crate::topology::Topology;

/// Runs an operation on a stack to its end.
///
/// # Errors
/// See [`EngineError`]; each says what was done before.
pub async fn run<F, Fut>(
    operation: Operation,
    settings: Settings,
    store: Store,
    topology: F,
    frontend: &mut dyn Frontend,
    mut stop: Stop,
) -> Result<Summary, EngineError>
where
    F: FnOnce(Stack) -> Fut + Send + 'static,
    Fut: Future<Output = lazuli_core::Result<()>> + 'static,
{
    let (run_state, lock) = open(operation, &settings, &store, &mut stop).await?;
    let program = program_of(operation, &settings, &store, topology).await;
    let result = match program {
        Ok(program) => {
            let run = Run::new(RunParts {
                scope: RunScope::of(&settings, operation),
                schemas: schemas_of(&settings.providers),
                operation,
                settings,
                store: &store,
                run_state,
                program,
                frontend,
                stop,
            });
            run.complete().await
        }
        Err(error) => Err(error),
    };
    // Giving a lock back may take a request.
    blocking(move || {
        drop(lock);
        Ok(())
    })
    .await?;
    result
}

/// The program, started, if the operation runs it.
async fn program_of<F, Fut>(
    operation: Operation,
    settings: &Settings,
    store: &Store,
    topology: F,
) -> Result<Option<ProgramThread>, EngineError>
where
    F: FnOnce(Stack) -> Fut + Send + 'static,
    Fut: Future<Output = lazuli_core::Result<()>> + 'static,
{
    let runs_program = match operation {
        Operation::Preview | Operation::Up | Operation::Rebuild { .. } => true,
        Operation::Destroy => settings.run_program,
        Operation::Refresh => false,
    };
    if runs_program {
        start(settings, store, topology).await.map(Some)
    } else {
        Ok(None)
    }
}

/// Starts the program on a thread of its own.
async fn start<F, Fut>(
    settings: &Settings,
    store: &Store,
    topology: F,
) -> Result<ProgramThread, EngineError>
where
    F: FnOnce(Stack) -> Fut + Send + 'static,
    Fut: Future<Output = lazuli_core::Result<()>> + 'static,
{
    let environment = Environment {
        stack: settings.stack.clone(),
        project: settings.project.clone(),
        config: Arc::new(settings.config.clone()),
        target: Arc::new(settings.target.clone()),
        folder: settings.folder.clone(),
        stacks: sibling_stacks(store),
    };
    let started = ProgramThread::start(environment, topology).await;
    started.map_err(|cause| EngineError::State {
        file: store.location(),
        message: format!("the program's thread cannot be started: {cause}"),
        help: "free resources of this machine and try again".into(),
    })
}

impl RunScope {
    fn of(settings: &Settings, operation: Operation) -> Self {
        Self {
            selection: settings.selection.clone(),
            imports: settings.imports.clone(),
            destroying: operation == Operation::Destroy,
            blind: false,
        }
    }
}

/// Opens the state. It may be far away, and a stop is heard meanwhile.
async fn open(
    operation: Operation,
    settings: &Settings,
    store: &Store,
    stop: &mut Stop,
) -> Result<(RunState, Option<Box<dyn LockGuard>>), EngineError> {
    let (actor, store) = (settings.actor.clone(), store.clone());
    let opening = blocking(move || RunState::open(operation, &actor, &store));
    tokio::select! {
        biased;
        () = asked(stop) => Err(EngineError::stopped(0)),
        opened = opening => opened,
    }
}

/// Reads the exports of other stacks, in the same place as this one.
fn sibling_stacks(store: &Store) -> StackReader {
    let store = store.clone();
    StackReader::new(move |project, stack| store.exports_of(project, stack))
}

struct Run<'a> {
    operation: Operation,
    store: &'a Store,
    /// Failures that the run went on past.
    failures: Vec<Failure>,
    /// Removals that failed, or could not begin because of that.
    given_up: HashSet<(Urn, Option<String>)>,
    settings: Settings,
    run_state: RunState,
    program: Option<ProgramThread>,
    graph: Graph,
    decisions: Decisions,
    latest: Latest,
    frontend: &'a mut dyn Frontend,
    stop: Stop,
    summary: Summary,
    /// Resources whose unchangeable outputs were passed to the program.
    early_told: Vec<bool>,
    gate_open: bool,
    began: Instant,
}

/// What a run is made of.
struct RunParts<'a> {
    operation: Operation,
    settings: Settings,
    schemas: Schemas,
    scope: RunScope,
    store: &'a Store,
    run_state: RunState,
    program: Option<ProgramThread>,
    frontend: &'a mut dyn Frontend,
    stop: Stop,
}

impl<'a> Run<'a> {
    /// A run that has done nothing yet.
    fn new(parts: RunParts<'a>) -> Self {
        let mut settings = parts.settings;
        let (providers, schemas) =
            scrubbed::wrap(&settings.providers, parts.schemas, &settings.config);
        settings.providers = providers;
        let state = parts.run_state.state();
        Self {
            graph: Graph::new(Arc::new(schemas), parts.scope, state),
            decisions: Decisions::default(),
            store: parts.store,
            failures: Vec::new(),
            given_up: HashSet::new(),
            operation: parts.operation,
            settings,
            run_state: parts.run_state,
            program: parts.program,
            latest: Latest::default(),
            frontend: parts.frontend,
            stop: parts.stop,
            summary: Summary::default(),
            early_told: Vec::new(),
            gate_open: false,
            began: Instant::now(),
        }
    }
}

impl Run<'_> {
    async fn complete(mut self) -> Result<Summary, EngineError> {
        let before = self.run_state.state().serial;
        let result = self.work().await;
        if result.is_err() {
            self.keep_known_exports();
        }
        // The program ends before its state is closed: nothing may be passed to it any more.
        drop(self.program.take());
        drop(self.graph);
        self.summary.duration = self.began.elapsed();
        let summary = std::mem::take(&mut self.summary);
        let run_state = self.run_state;
        let closed = blocking(move || run_state.close()).await;
        let result = match (result, closed) {
            (Ok(()), Ok(state)) => Ok((summary, state.serial)),
            (Ok(()), Err(error)) => Err(error),
            (Err(error), closed) => {
                if let Err(cause) = closed {
                    tracing::error!(%cause, "the state could not be compacted; its journal is whole");
                }
                Err(error.with_summary(summary))
            }
        };
        if self.operation != Operation::Preview {
            let operation = self.operation.as_str();
            let entry = HistoryEntry::of(operation, &self.settings.actor, before, &result);
            let store = self.store.clone();
            // That this fails must not fail the run.
            let noted = blocking(move || {
                store.note_run(&entry);
                Ok(())
            });
            drop(noted.await);
        }
        result.map(|(summary, _)| summary)
    }

    async fn work(&mut self) -> Result<(), EngineError> {
        self.settle_in_flight().await?;
        if matches!(self.operation, Operation::Rebuild { .. }) {
            return self.rebuild().await;
        }
        if self.settings.refresh || self.operation == Operation::Refresh {
            self.refresh().await?;
        }
        if self.operation == Operation::Refresh {
            self.summary.unchanged = self.run_state.state().resources.len();
            return Ok(());
        }
        self.waves()
            .await
            .map_err(|error| self.with_failures(error))
    }

    /// A run that went on past errors ends with those, whatever they led to.
    fn with_failures(&mut self, error: EngineError) -> EngineError {
        match error {
            EngineError::Program { .. } if !self.failures.is_empty() => {
                EngineError::steps(std::mem::take(&mut self.failures))
            }
            EngineError::Steps {
                mut failures,
                summary,
            } => {
                let mut all = std::mem::take(&mut self.failures);
                all.append(&mut failures);
                EngineError::Steps {
                    failures: all,
                    summary,
                }
            }
            other => other,
        }
    }

    async fn waves(&mut self) -> Result<(), EngineError> {
        let mut wave = 1;
        loop {
            let quiet = self.quiet().await?;
            let online = if wave == 1 && self.operation != Operation::Destroy {
                self.verify_online().await
            } else {
                Vec::new()
            };
            let planned = self.plan(wave, &quiet, online)?;
            if wave == 1 {
                self.hold_against_saved(&planned).await?;
            }
            if self.operation == Operation::Preview {
                self.summary.unchanged = planned.plan.unchanged.len();
                return Ok(());
            }
            if !planned.plan.steps.is_empty() {
                self.ask(&planned).await?;
                self.note_unchanged();
                self.carry_out(planned).await?;
                wave += 1;
            } else if quiet.finished || self.operation == Operation::Destroy {
                return self.end();
            } else if !self.gate_open {
                self.open_gate();
            } else if self.decisions.has_excluded() {
                // The program may wait for what the selection leaves out.
                return self.end();
            } else if quiet.assumed {
                self.wait_for_program().await?;
            } else {
                return Err(EngineError::program(vec![self.deadlock()]));
            }
        }
    }

    /// Asks the cloud about resources that are to be created: names that somebody
    /// else has.
    async fn verify_online(&mut self) -> Vec<Diagnostic> {
        let mut findings = Vec::new();
        for (name, declared) in self.decisions.to_create(&self.graph) {
            if let Some(provider) = self.settings.providers.get(&*name) {
                findings.extend(provider.verify_online(&declared).await);
            }
        }
        findings
    }

    /// Forgets what the program declared and was decided, after the state changed and
    /// before anything is planned.
    fn restart(&mut self) {
        self.graph.restart(self.run_state.state());
        self.decisions = Decisions::default();
    }

    /// The provider that serves a node.
    fn provider_of(&self, index: NodeId) -> Option<Arc<dyn Provider>> {
        let name = self.graph.provider_name(index)?;
        self.settings.providers.get(&**name).cloned()
    }

    async fn ask(&mut self, planned: &Planned) -> Result<(), EngineError> {
        let asked = Instant::now();
        let answer = self.frontend.approve(&planned.plan).await;
        self.began += asked.elapsed();
        if answer == Answer::Refused {
            return Err(EngineError::refused());
        }
        self.open_gate();
        Ok(())
    }

    /// Lets the program's own actions go ahead.
    fn open_gate(&mut self) {
        if let Some(program) = &mut self.program
            && !std::mem::replace(&mut self.gate_open, true)
        {
            program.approve();
        }
    }

    /// Nothing is left to do but the program still does something of its own.
    async fn wait_for_program(&mut self) -> Result<(), EngineError> {
        self.frontend.event(&Event::WaitingForProgram {
            what: waiting_for(&self.latest),
        });
        let Some(program) = &mut self.program else {
            return Ok(());
        };
        tokio::select! {
            biased;
            () = asked(&mut self.stop) => Err(EngineError::stopped(0)),
            report = program.report() => {
                if let Some(report) = report {
                    take(&mut self.graph, &mut self.latest, report);
                }
                Ok(())
            }
        }
    }

    /// Plans a wave; findings that are errors end the run.
    fn plan(
        &mut self,
        wave: u32,
        quiet: &Quiet,
        online: Vec<Diagnostic>,
    ) -> Result<Planned, EngineError> {
        self.give_up_on_failed_inputs();
        let mut planned = self.planned(wave, quiet);
        if wave == 1 && !planned.plan.has_errors() {
            planned.plan.findings.extend(online);
        }
        self.add_findings(&mut planned.plan.findings, wave, quiet);
        self.show(wave, &mut planned.plan);
        if planned.plan.has_errors() {
            return Err(EngineError::program(planned.plan.findings));
        }
        let changes = planned.plan.change_count();
        if self.settings.expect_no_changes && changes > 0 {
            return Err(EngineError::UnexpectedChanges { changes });
        }
        Ok(planned)
    }

    fn planned(&self, wave: u32, quiet: &Quiet) -> Planned {
        let destroying = self.operation == Operation::Destroy;
        let may_declare = !quiet.finished && !destroying;
        plan::build(&PlanInput {
            wave,
            graph: &self.graph,
            decisions: &self.decisions,
            state: self.run_state.state(),
            open_scopes: if may_declare {
                self.latest.open_scopes()
            } else {
                &[]
            },
            may_delete: self.latest.errors().is_empty(),
            waiting: if may_declare {
                self.latest.waiting()
            } else {
                &[]
            },
            exports: if destroying {
                &[]
            } else {
                self.latest.exports()
            },
            assumed: quiet.assumed,
            given_up: &self.given_up,
            ignore_protect: self.settings.ignore_protect,
            is_preview: self.operation == Operation::Preview,
        })
    }

    /// Applies allowances, and adds the findings about the run as a whole, which
    /// cannot be allowed.
    fn add_findings(&self, findings: &mut Vec<Diagnostic>, wave: u32, quiet: &Quiet) {
        let allowed = self.latest.allowed().iter().chain(&self.settings.allowed);
        let allowed: Vec<_> = allowed.cloned().collect();
        plan::allow::apply(findings, &allowed, |code| self.graph.has_rule(code));
        findings.extend(program_errors(&self.latest));
        if self.operation != Operation::Destroy {
            findings.extend(failed_exports(self.latest.exports()));
        }
        if wave == 1 && quiet.finished {
            findings.extend(self.unmatched());
        }
    }

    /// Shows a plan, unless it is empty and not the first.
    fn show(&mut self, wave: u32, plan: &mut Plan) {
        if wave == 1 || !plan.steps.is_empty() || plan.has_errors() {
            // Lent, not copied: a plan can be large.
            let event = Event::Planned(std::mem::take(plan));
            self.frontend.event(&event);
            if let Event::Planned(shown) = event {
                *plan = shown;
            }
        }
        if let Some(inspect) = self.settings.inspect.as_ref().filter(|_| wave == 1) {
            inspect(Topology::of_graph(&self.graph));
        }
    }

    /// After failures: what cannot have its inputs any more fails as well,
    /// instead of ending the run.
    fn give_up_on_failed_inputs(&mut self) {
        if self.failures.is_empty() {
            return;
        }
        for at in 0..self.graph.nodes.len() {
            let node = &self.graph.nodes[at];
            let index = node.registration.index;
            let (NodeProgress::Declared, Some(error)) = (node.progress, &node.seen.failure) else {
                continue;
            };
            let (urn, reason) = (node.registration.urn.clone(), error.to_string());
            self.frontend.event(&Event::StepSkipped {
                urn: urn.clone(),
                op: Op::Create,
                reason: reason.clone(),
            });
            self.decisions
                .settled(&mut self.graph, index, NodeProgress::Failed);
            if let Some(program) = &mut self.program {
                let error = OutputError::Skipped { urn, reason };
                program.settle(index, Settlement::Failed(error));
            }
        }
    }

    /// Hands the plan over in its saved form, or compares it with the one to carry out.
    async fn hold_against_saved(&mut self, planned: &Planned) -> Result<(), EngineError> {
        let settings = &self.settings;
        if settings.saved_plan.is_none() && settings.save_plan.is_none() {
            return Ok(());
        }
        let store = self.store.clone();
        let codec = blocking(move || {
            store.prepare()?;
            store.codec(true)
        });
        let Some(key) = codec.await?.key else {
            return Ok(());
        };
        let stack = format!("{}/{}", settings.project, settings.stack);
        let now = SavedPlan::of(&planned.plan, &stack, &key);
        if let Some(receive) = &settings.save_plan {
            receive(now.clone());
        }
        let saved = settings.saved_plan.as_ref();
        let differences = saved
            .map(|saved| saved.differences(&now))
            .unwrap_or_default();
        if differences.is_empty() {
            Ok(())
        } else {
            Err(EngineError::OtherPlan { differences })
        }
    }

    async fn carry_out(&mut self, planned: Planned) -> Result<(), EngineError> {
        let RunState::Journal(journal) = &mut self.run_state else {
            return Ok(());
        };
        let frontend = &mut *self.frontend;
        let mut event = |event: Event| frontend.event(&event);
        let mut context = Context {
            settings: &self.settings,
            graph: &mut self.graph,
            decisions: &mut self.decisions,
            journal,
            program: self.program.as_mut(),
            latest: &mut self.latest,
            stop: &mut self.stop,
            event: &mut event,
        };
        let (wave, steps) = execute::execute(&mut context, planned).await;
        self.summary.waves += 1;
        self.summary.durations.reserve_exact(wave.done.len());
        for (at, duration) in &wave.done {
            let Step { urn, op, .. } = &steps[*at];
            self.summary.count(*op);
            self.summary.durations.push((urn.clone(), *op, *duration));
        }
        if !wave.failures.is_empty() {
            let done: HashSet<_> = wave.done.iter().map(|(at, _)| *at).collect();
            let left = steps
                .into_iter()
                .enumerate()
                .filter(|(at, _)| !done.contains(at));
            let removals = left.filter(|(_, step)| step.op.is_delete());
            self.given_up
                .extend(removals.map(|(_, step)| (step.urn, step.id)));
        }
        self.end_wave(wave)
    }

    fn end_wave(&mut self, mut wave: Wave) -> Result<(), EngineError> {
        if let Some(cause) = wave.journal_error {
            return Err(self.run_state.broken(&cause));
        }
        if self.settings.continue_on_error && !wave.stopped {
            self.failures.append(&mut wave.failures);
        }
        if !wave.failures.is_empty() {
            return Err(EngineError::steps(wave.failures));
        }
        if wave.stopped {
            return Err(EngineError::stopped(wave.in_flight));
        }
        Ok(())
    }
}

fn schemas_of(providers: &BTreeMap<String, Arc<dyn Provider>>) -> Schemas {
    let schemas = providers.iter();
    schemas
        .map(|(name, provider)| (name.clone(), provider.schema()))
        .collect()
}

fn take(graph: &mut Graph, latest: &mut Latest, mut report: Report) {
    graph.add(std::mem::take(&mut report.registrations));
    latest.report = Some(report);
}
