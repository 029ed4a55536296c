//! One run: wait for quiet, plan, ask, execute, and again until the program has
//! nothing more to declare.

mod ending;
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
use lazuli_core::output::Peek;
use lazuli_core::program::{Environment, Report};
use lazuli_core::stack::{Settlement, Stack};
use lazuli_core::{Diagnostic, OutputError, Provider, SourceLocation, StackReader, Urn};

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
use crate::plan::{self, PlanInput, Planned, SavedPlan, Step};
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
    let result = work(
        operation,
        settings,
        (&store, run_state),
        topology,
        (frontend, stop),
    )
    .await;
    // Giving a lock back may take a request.
    blocking(move || {
        drop(lock);
        Ok(())
    })
    .await?;
    result
}

/// What a run does while it holds the lock.
async fn work<F, Fut>(
    operation: Operation,
    settings: Settings,
    (store, run_state): (&Store, RunState),
    topology: F,
    (frontend, stop): (&mut dyn Frontend, Stop),
) -> Result<Summary, EngineError>
where
    F: FnOnce(Stack) -> Fut + Send + 'static,
    Fut: Future<Output = lazuli_core::Result<()>> + 'static,
{
    let runs_program = match operation {
        Operation::Preview | Operation::Up | Operation::Rebuild { .. } => true,
        Operation::Destroy => settings.run_program,
        Operation::Refresh => false,
    };
    let program = match runs_program {
        false => None,
        true => Some(start(&settings, store, topology).await?),
    };
    let scope = RunScope::of(&settings, operation);
    let schemas = schemas_of(&settings.providers);
    let run = new(
        operation,
        (settings, schemas),
        (store, run_state),
        program,
        scope,
        (frontend, stop),
    );
    run.complete().await
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

/// A run that has done nothing yet.
fn new<'a>(
    operation: Operation,
    (mut settings, schemas): (Settings, Schemas),
    (store, run_state): (&'a Store, RunState),
    program: Option<ProgramThread>,
    scope: RunScope,
    (frontend, stop): (&'a mut dyn Frontend, Stop),
) -> Run<'a> {
    let (providers, schemas) = scrubbed::wrap(&settings.providers, schemas, &settings.config);
    settings.providers = providers;
    Run {
        graph: Graph::new(Arc::new(schemas), scope, run_state.state()),
        decisions: Decisions::default(),
        store,
        failures: Vec::new(),
        given_up: HashSet::new(),
        operation,
        settings,
        run_state,
        program,
        latest: Latest::default(),
        frontend,
        stop,
        summary: Summary::default(),
        early_told: Vec::new(),
        gate_open: false,
        began: Instant::now(),
    }
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
        () = asked(stop) => Err(EngineError::Stopped { summary: Box::default(), in_flight: 0 }),
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
    /// Resources whose unchangeable outputs were told to the program.
    early_told: Vec<bool>,
    gate_open: bool,
    began: Instant,
}

impl Run<'_> {
    async fn complete(mut self) -> Result<Summary, EngineError> {
        let before = self.run_state.state().serial;
        let result = self.work().await;
        if result.is_err() {
            self.keep_known_exports();
        }
        // The program ends before its state is closed: nothing may be told to it any more.
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
                Err(with_summary(error, summary))
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
            EngineError::Program { .. } if !self.failures.is_empty() => EngineError::Steps {
                failures: std::mem::take(&mut self.failures),
                summary: Box::default(),
            },
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
                return Err(EngineError::Program {
                    findings: vec![self.deadlock()],
                    summary: Box::default(),
                });
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
            return Err(EngineError::Refused {
                summary: Box::default(),
            });
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
            () = asked(&mut self.stop) => Err(EngineError::Stopped { summary: Box::default(), in_flight: 0 }),
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
        let errors = program_errors(&self.latest);
        let report = self.latest.report.as_ref();
        let (open_scopes, waiting, exports) = match report {
            Some(report) if !quiet.finished => (
                report.open_scopes.clone(),
                report.waiting.as_slice(),
                report.exports.as_slice(),
            ),
            Some(report) => (Vec::new(), &[][..], report.exports.as_slice()),
            None => (Vec::new(), &[][..], &[][..]),
        };
        let destroying = self.operation == Operation::Destroy;
        let input = PlanInput {
            wave,
            graph: &self.graph,
            decisions: &self.decisions,
            state: self.run_state.state(),
            open_scopes: if destroying { &[] } else { &open_scopes },
            may_delete: errors.is_empty(),
            waiting: if destroying { &[] } else { waiting },
            exports: if destroying { &[] } else { exports },
            assumed: quiet.assumed,
            given_up: &self.given_up,
            ignore_protect: self.settings.ignore_protect,
            is_preview: self.operation == Operation::Preview,
        };
        let mut planned = plan::build(&input);
        if !planned.plan.has_errors() && wave == 1 {
            planned.plan.findings.extend(online);
        }
        let in_program = report
            .map(|report| report.allowed.as_slice())
            .unwrap_or_default();
        let allowed: Vec<_> = in_program
            .iter()
            .chain(&self.settings.allowed)
            .cloned()
            .collect();
        plan::allow::apply(&mut planned.plan.findings, &allowed, |code| {
            self.graph.has_rule(code)
        });
        planned.plan.findings.extend(errors);
        if !destroying {
            planned.plan.findings.extend(failed_exports(exports));
        }
        if wave == 1 && quiet.finished {
            planned.plan.findings.extend(self.unmatched());
        }
        if wave == 1 || !planned.plan.steps.is_empty() || planned.plan.has_errors() {
            // Lent, not copied: a plan can be large.
            let event = Event::Planned(std::mem::take(&mut planned.plan));
            self.frontend.event(&event);
            if let Event::Planned(plan) = event {
                planned.plan = plan;
            }
        }
        if let Some(inspect) = self.settings.inspect.as_ref().filter(|_| wave == 1) {
            inspect(Topology::of_graph(&self.graph));
        }
        if planned.plan.has_errors() {
            return Err(EngineError::Program {
                findings: planned.plan.findings,
                summary: Box::default(),
            });
        }
        let changes = planned.plan.change_count();
        if self.settings.expect_no_changes && changes > 0 {
            return Err(EngineError::UnexpectedChanges { changes });
        }
        Ok(planned)
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

    /// Patterns and imports on the command line that name nothing.
    fn unmatched(&self) -> Vec<Diagnostic> {
        let state = self.run_state.state();
        let nodes = self.graph.nodes.iter().map(|node| &node.registration.urn);
        let urns: Vec<_> = state.resources.keys().chain(nodes).collect();
        let patterns = self.settings.selection.unmatched(&urns);
        let patterns = patterns.into_iter().map(|pattern| pattern.as_str());
        let imports = self.settings.imports.keys().map(String::as_str);
        let imports = imports.filter(|key| {
            let declared = self.graph.nodes.iter().map(|node| &node.registration.urn);
            !declared
                .into_iter()
                .any(|urn| urn.as_str() == *key || urn.address() == *key)
        });
        let finding = |text: &str| {
            Diagnostic::error("LZ0018", format!("no resource is called {text:?}"))
                .help("`stack` lists what is deployed, `preview` what is declared; name one by its place, for example group/network")
        };
        patterns.chain(imports).map(finding).collect()
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
        match differences.is_empty() {
            true => Ok(()),
            false => Err(EngineError::OtherPlan { differences }),
        }
    }

    /// The program waits, but for nothing that this run is going to make.
    fn deadlock(&self) -> Diagnostic {
        let waiting = self
            .latest
            .report
            .as_ref()
            .map(|report| report.waiting.as_slice())
            .unwrap_or_default();
        let waits: Vec<_> = waiting
            .iter()
            .map(|task| {
                let lines: Vec<_> = task.lines.iter().map(SourceLocation::to_string).collect();
                format!("{} waits at {}", task.kind, lines.join(", "))
            })
            .collect();
        let message = format!(
            "the program waits for something that never comes: {}",
            waits.join("; ")
        );
        let finding = Diagnostic::error("LZ0008", message)
            .help("look for a promise that nobody fulfils, or for values that wait for each other in a circle");
        match waiting.iter().flat_map(|task| &task.lines).next() {
            Some(place) => finding.at(place.clone()),
            None => finding,
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
        self.judge(wave)
    }

    fn judge(&mut self, mut wave: Wave) -> Result<(), EngineError> {
        if let Some(cause) = wave.journal_error {
            return Err(self.run_state.broken(&cause));
        }
        if self.settings.continue_on_error && !wave.stopped {
            self.failures.append(&mut wave.failures);
        }
        if !wave.failures.is_empty() {
            return Err(EngineError::Steps {
                failures: wave.failures,
                summary: Box::default(),
            });
        }
        if wave.stopped {
            return Err(EngineError::Stopped {
                summary: Box::default(),
                in_flight: wave.in_flight,
            });
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

fn waiting_for(latest: &Latest) -> Vec<String> {
    let waiting = latest
        .report
        .as_ref()
        .map(|report| report.waiting.as_slice())
        .unwrap_or_default();
    waiting
        .iter()
        .map(|task| format!("{} (started at {})", task.kind, task.at))
        .collect()
}

fn program_errors(latest: &Latest) -> Vec<Diagnostic> {
    let errors = latest
        .report
        .as_ref()
        .map(|report| report.errors.as_slice())
        .unwrap_or_default();
    let finding = |error: &lazuli_core::Error| {
        let mut finding = Diagnostic::error("LZ0010", error.message());
        finding.location = error.location().cloned();
        finding.help = error.help().map(str::to_owned);
        finding.urn = error.output_error().and_then(|error| error.urn().cloned());
        finding
    };
    errors.iter().map(finding).collect()
}

fn failed_exports(exports: &[lazuli_core::program::ExportEntry]) -> Vec<Diagnostic> {
    let failed = exports.iter().filter_map(|entry| match entry.value.peek() {
        Peek::Failed(error) => {
            let message = format!("the export `{}` has no value: {error}", entry.name);
            Some(Diagnostic::error("LZ0009", message).at(entry.at))
        }
        _ => None,
    });
    failed.collect()
}

fn with_summary(error: EngineError, done: Summary) -> EngineError {
    let done = Box::new(done);
    match error {
        EngineError::Program { findings, .. } => EngineError::Program {
            findings,
            summary: done,
        },
        EngineError::Steps { failures, .. } => EngineError::Steps {
            failures,
            summary: done,
        },
        EngineError::Refused { .. } => EngineError::Refused { summary: done },
        EngineError::Stopped { in_flight, .. } => EngineError::Stopped {
            in_flight,
            summary: done,
        },
        other => other,
    }
}
