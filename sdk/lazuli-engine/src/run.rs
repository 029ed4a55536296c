//! One run: wait for quiet, plan, ask, execute, and again until the program has
//! nothing more to declare.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lazuli_core::executor::{ResId, Verdict};
use lazuli_core::output::Peek;
use lazuli_core::program::{Environment, Report};
use lazuli_core::stack::{Settlement, Stack};
use lazuli_core::{Diagnostic, Provider, SourcePlace, TypeFacts, Value};

use crate::error::EngineError;
use crate::event::{Decision as Answer, Event, Failure, Frontend, Summary};
use crate::execute::{self, Context, Latest, Reading, Wave};
use crate::graph::{Graph, Progress};
use crate::journal::Journal;
use crate::plan::{self, Change, Decision, Op, PlanInput, Planned};
use crate::program_thread::ProgramThread;
use crate::state::{Entry, InFlight, Outcome, Resource, State};
use crate::store::{Lock, Store};

/// What to do with a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Plan only; nothing is written, neither to the cloud nor to the state.
    Preview,
    /// Make the cloud as declared.
    Up,
    /// Delete everything in the state; the program does not run.
    Destroy,
}

/// Everything a run needs beside the program. The engine reads no environment.
#[derive(Clone)]
pub struct Settings {
    /// The project's name.
    pub project: String,
    /// The stack's name.
    pub stack: String,
    /// The stack's configuration.
    pub config: BTreeMap<String, Value>,
    /// Facts about the target, passed to the program, see `lazuli_core::program::Environment`.
    pub target: BTreeMap<String, String>,
    /// Folder for relative paths of the program.
    pub folder: PathBuf,
    /// Providers by name.
    pub providers: BTreeMap<String, Arc<dyn Provider>>,
    /// How many steps may run at once.
    pub parallel: usize,
    /// How long a program may stand still on something that is no output before
    /// the plan is made on the assumption that it declares nothing more.
    pub settle: Duration,
    /// Fail before anything is touched if the plan has changes.
    pub expect_no_changes: bool,
    /// Who runs, for the lock: `user@host`.
    pub actor: String,
}

/// The sending end of a stop request, for Ctrl-C.
#[derive(Clone)]
pub struct Stopper(Arc<tokio::sync::watch::Sender<u8>>);

/// The receiving end of a stop request.
#[derive(Clone)]
pub struct Stop(pub(crate) tokio::sync::watch::Receiver<u8>);

/// A channel for stop requests.
pub fn stop_channel() -> (Stopper, Stop) {
    let (sender, receiver) = tokio::sync::watch::channel(0);
    (Stopper(Arc::new(sender)), Stop(receiver))
}

impl Stopper {
    /// The first call lets running steps finish and starts no new ones; the
    /// second leaves at once. The journal tells the truth either way.
    pub fn stop(&self) {
        self.0.send_modify(|level| *level = level.saturating_add(1));
    }
}

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
    stop: Stop,
) -> Result<Summary, EngineError>
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
    };
    let (book, _lock) = Book::open(operation, &settings, &store)?;
    let program = match operation {
        Operation::Destroy => None,
        _ => Some(
            ProgramThread::start(environment, topology)
                .await
                .map_err(|cause| EngineError::State {
                    file: store.folder().to_owned(),
                    message: format!("the program's thread cannot be started: {cause}"),
                    help: "free resources of this machine and try again".into(),
                })?,
        ),
    };
    let run = Run {
        graph: Graph::new(settings.providers.clone(), book.state()),
        operation,
        settings,
        book,
        program,
        latest: Latest::default(),
        frontend,
        stop,
        summary: Summary::default(),
        early_told: Vec::new(),
        gate_open: false,
        began: Instant::now(),
    };
    run.complete().await
}

/// The state during a run: with a journal when the run may write, in memory when it previews.
enum Book {
    Journal(Box<Journal>),
    Memory(Box<State>),
}

impl Book {
    fn open(
        operation: Operation,
        settings: &Settings,
        store: &Store,
    ) -> Result<(Self, Option<Lock>), EngineError> {
        if operation == Operation::Preview {
            return Ok((Self::Memory(Box::new(store.read()?)), None));
        }
        store.prepare()?;
        let doing = if operation == Operation::Up {
            "up"
        } else {
            "destroy"
        };
        let lock = Lock::take(store, &settings.actor, doing)?;
        Ok((Self::Journal(Box::new(Journal::open(store)?)), Some(lock)))
    }

    fn state(&self) -> &State {
        match self {
            Self::Journal(journal) => journal.state(),
            Self::Memory(state) => state,
        }
    }

    /// Appends without waiting: what depends on durability waits elsewhere.
    fn append(&mut self, entry: Entry) {
        match self {
            Self::Journal(journal) => drop(journal.append(entry)),
            Self::Memory(state) => state.apply(&entry),
        }
    }

    fn close(self) -> Result<State, EngineError> {
        match self {
            Self::Journal(journal) => journal.close(),
            Self::Memory(state) => Ok(*state),
        }
    }
}

struct Run<'a> {
    operation: Operation,
    settings: Settings,
    book: Book,
    program: Option<ProgramThread>,
    graph: Graph,
    latest: Latest,
    frontend: &'a mut dyn Frontend,
    stop: Stop,
    summary: Summary,
    /// Resources whose unchangeable outputs were told to the program.
    early_told: Vec<bool>,
    gate_open: bool,
    began: Instant,
}

/// What the program looks like at a quiet point.
struct Quiet {
    finished: bool,
    assumed: bool,
}

impl Run<'_> {
    async fn complete(mut self) -> Result<Summary, EngineError> {
        let result = self.waves().await;
        // The program ends before its state is closed: nothing may be told to it any more.
        drop(self.program.take());
        self.summary.duration = self.began.elapsed();
        let summary = std::mem::take(&mut self.summary);
        let closed = self.book.close();
        match result {
            Ok(()) => closed.map(|_| summary),
            Err(error) => Err(with_summary(error, summary)),
        }
    }

    async fn waves(&mut self) -> Result<(), EngineError> {
        self.settle_in_flight().await?;
        let mut wave = 1;
        loop {
            let quiet = self.quiet().await?;
            let planned = self.plan(wave, &quiet)?;
            if self.operation == Operation::Preview {
                self.summary.unchanged = planned.plan.unchanged.len();
                return Ok(());
            }
            if !planned.plan.steps.is_empty() {
                self.ask(&planned).await?;
                self.note_unchanged();
                self.carry_out(planned).await?;
                wave += 1;
            } else if quiet.finished {
                return self.end();
            } else if !self.gate_open {
                self.open_gate();
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

    /// Lets the program's own deeds go ahead.
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

    /// Before anything is planned: what an interrupted run had in flight.
    async fn settle_in_flight(&mut self) -> Result<(), EngineError> {
        let in_flight = self.book.state().in_flight.clone();
        let settled = execute::settle_in_flight(&in_flight, &self.settings.providers).await;
        let mut failures = Vec::new();
        for (operation, in_flight, reading) in settled {
            match reading {
                Ok(reading) => {
                    let (outcome, found) = self.outcome(&in_flight, reading);
                    self.book.append(Entry::Ended { operation, outcome });
                    let (urn, op) = (in_flight.resource.urn, in_flight.op);
                    self.frontend.event(&Event::Settled {
                        urn,
                        op,
                        found: found.to_owned(),
                    });
                }
                Err(error) => failures.push(Failure {
                    urn: in_flight.resource.urn,
                    op: in_flight.op,
                    place: Some(in_flight.resource.place),
                    code: error.code,
                    message: format!(
                        "what an interrupted run left cannot be read: {}",
                        error.message
                    ),
                    help: error.help,
                    left: Some("it stays in flight; the next run tries again".to_owned()),
                }),
            }
        }
        self.graph = Graph::new(self.settings.providers.clone(), self.book.state());
        if failures.is_empty() {
            Ok(())
        } else {
            Err(EngineError::Steps {
                failures,
                summary: Box::default(),
            })
        }
    }

    fn outcome(&self, in_flight: &InFlight, reading: Reading) -> (Outcome, &'static str) {
        let resource = &in_flight.resource;
        match (in_flight.op, reading) {
            (Op::Delete | Op::DeleteReplaced, Reading::Present(_)) => {
                (Outcome::Nothing, "it still exists")
            }
            (Op::Delete | Op::DeleteReplaced | Op::Update, _absent @ Reading::Absent) => {
                (Outcome::Gone, "it is gone")
            }
            (op, Reading::Present(created)) => {
                let found = Resource {
                    id: created.id,
                    outputs: created.outputs,
                    uncertain: true,
                    ..resource.clone()
                };
                let former = self.book.state().resources.get(&resource.urn);
                let supersedes =
                    op == Op::CreateReplacement && former.is_some_and(|old| old.id != found.id);
                let found = Box::new(found);
                (
                    if supersedes {
                        Outcome::Superseded(found)
                    } else {
                        Outcome::Is(found)
                    },
                    "it exists and is written again",
                )
            }
            _ => (Outcome::Nothing, "it was never made"),
        }
    }

    /// Lets the program run as far as it comes: whatever is unchanged against
    /// the state resolves on the way.
    async fn quiet(&mut self) -> Result<Quiet, EngineError> {
        loop {
            let quiet = self.still().await?;
            let same = self.graph.decide(self.book.state());
            let mut told = false;
            for index in same {
                told |= self.tell_unchanged(index);
            }
            if !told && !self.graph.is_dirty() {
                told = self.tell_early();
            }
            if !told && !self.graph.is_dirty() {
                return Ok(quiet);
            }
        }
    }

    fn tell_unchanged(&mut self, index: ResId) -> bool {
        let node = self.graph.node(index);
        let outputs = self
            .graph
            .former(index, &node.seen, self.book.state())
            .map(|old| old.outputs.clone());
        let (Some(outputs), Some(program)) = (outputs, &mut self.program) else {
            return false;
        };
        program.settle(index, Settlement::Full(outputs));
        self.graph.settled(index, Progress::Settled);
        true
    }

    /// Tells the program those outputs of updated resources that the update cannot change.
    fn tell_early(&mut self) -> bool {
        let Some(program) = &mut self.program else {
            return false;
        };
        self.early_told.resize(self.graph.nodes.len(), false);
        let mut told = false;
        for index in 0..self.graph.nodes.len() {
            let node = &self.graph.nodes[index];
            let Some(Decision::Update { changes, .. }) = &node.decision else {
                continue;
            };
            if self.early_told[index] || node.progress != Progress::Declared {
                continue;
            }
            let id = node.registration.index;
            let facts = provider_facts(&self.graph, id);
            let Some(old) = self.graph.former(id, &node.seen, self.book.state()) else {
                continue;
            };
            let stable = stable_outputs(&old.outputs, changes, &facts);
            if stable != Value::map() {
                program.settle(id, Settlement::Early(stable));
                self.graph.nudge(id);
                self.early_told[index] = true;
                told = true;
            }
        }
        told
    }

    /// Waits until nothing in the program is ready, as far as that can be known.
    async fn still(&mut self) -> Result<Quiet, EngineError> {
        let Some(program) = &mut self.program else {
            return Ok(Quiet {
                finished: true,
                assumed: false,
            });
        };
        let mut patience = Patience::new(self.settings.settle);
        loop {
            if let Some(report) = &self.latest.report
                && program.is_current(report.seen)
            {
                match report.verdict {
                    Verdict::Finished => {
                        return Ok(Quiet {
                            finished: true,
                            assumed: false,
                        });
                    }
                    Verdict::Proved => {
                        return Ok(Quiet {
                            finished: false,
                            assumed: false,
                        });
                    }
                    Verdict::Murky {
                        waits_on_output: true,
                    } if patience.is_over => {
                        return Ok(Quiet {
                            finished: false,
                            assumed: true,
                        });
                    }
                    Verdict::Murky { .. } => {}
                }
            }
            let own_io = matches!(
                self.latest.report.as_ref().map(|report| report.verdict),
                Some(Verdict::Murky {
                    waits_on_output: false
                })
            );
            tokio::select! {
                biased;
                () = asked(&mut self.stop) => {
                    return Err(EngineError::Stopped { summary: Box::default(), in_flight: 0 });
                }
                report = program.report() => match report {
                    Some(report) => {
                        patience.restart();
                        take(&mut self.graph, &mut self.latest, report);
                    }
                    None => return Ok(Quiet { finished: true, assumed: false }),
                },
                () = patience.end() => if own_io {
                    self.frontend.event(&Event::WaitingForProgram { what: waiting_for(&self.latest) });
                },
            }
        }
    }

    /// Plans a wave; findings that are errors end the run.
    fn plan(&mut self, wave: u32, quiet: &Quiet) -> Result<Planned, EngineError> {
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
        let input = PlanInput {
            wave,
            graph: &self.graph,
            state: self.book.state(),
            open_scopes: &open_scopes,
            may_delete: errors.is_empty(),
            waiting,
            exports,
            assumed: quiet.assumed,
        };
        let mut planned = plan::build(&input);
        if let Some(report) = report {
            let providers = self.settings.providers.values();
            plan::allow::apply(&mut planned.plan.findings, &report.allowed, |code| {
                providers.clone().any(|provider| provider.has_rule(code))
            });
        }
        planned.plan.findings.extend(errors);
        planned.plan.findings.extend(failed_exports(exports));
        if wave == 1 || !planned.plan.steps.is_empty() || planned.plan.has_errors() {
            self.frontend.event(&Event::Planned(planned.plan.clone()));
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
                let lines: Vec<_> = task.lines.iter().map(SourcePlace::to_string).collect();
                format!("{} waits at {}", task.name, lines.join(", "))
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

    /// Edges, options and moves of unchanged resources are recorded without an operation.
    fn note_unchanged(&mut self) {
        let mut entries = Vec::new();
        for node in &self.graph.nodes {
            let index = node.registration.index;
            let state = self.book.state();
            let Some(old) = self
                .graph
                .former(index, &node.seen, state)
                .filter(|_| node.decision == Some(Decision::Same))
            else {
                continue;
            };
            let mut resource = self
                .graph
                .record(index, old.id.clone(), old.outputs.clone());
            resource.inputs = old.inputs.clone();
            resource.place = old.place.clone();
            if resource != *old {
                let from = (old.urn != resource.urn).then(|| old.urn.clone());
                entries.push(Entry::Noted {
                    from,
                    resource: Box::new(resource),
                });
            }
        }
        let doubles = self.book.state().resources.values().filter(|old| {
            let declared = self.graph.find(&old.urn).is_some();
            !declared && self.graph.claims(&old.id) && !entries.iter().any(|entry| matches!(entry, Entry::Noted { from: Some(from), .. } if *from == old.urn))
        });
        // Left by a crash between the two halves of a move.
        let doubles: Vec<_> = doubles
            .filter(|old| {
                self.book
                    .state()
                    .resources
                    .values()
                    .any(|other| other.urn != old.urn && other.id == old.id)
            })
            .map(|old| Entry::Forgotten {
                urn: old.urn.clone(),
            })
            .collect();
        for entry in entries.into_iter().chain(doubles) {
            self.book.append(entry);
        }
    }

    async fn carry_out(&mut self, planned: Planned) -> Result<(), EngineError> {
        let Book::Journal(journal) = &mut self.book else {
            return Ok(());
        };
        let ops: Vec<_> = planned
            .plan
            .steps
            .iter()
            .map(|step| (step.urn.clone(), step.op))
            .collect();
        let frontend = &mut *self.frontend;
        let mut event = |event: Event| frontend.event(&event);
        let mut context = Context {
            settings: &self.settings,
            graph: &mut self.graph,
            journal,
            program: self.program.as_mut(),
            latest: &mut self.latest,
            stop: &mut self.stop,
            event: &mut event,
        };
        let wave = execute::execute(&mut context, planned).await;
        self.summary.waves += 1;
        for (at, duration) in &wave.done {
            let (urn, op) = &ops[*at];
            self.summary.count(*op);
            self.summary.durations.push((urn.clone(), *op, *duration));
        }
        self.judge(wave)
    }

    fn judge(&self, wave: Wave) -> Result<(), EngineError> {
        if let Some(cause) = wave.journal_error {
            return Err(EngineError::State {
                file: PathBuf::from("journal"),
                message: format!("the journal cannot be written: {cause}"),
                help: "free space or make the folder writable, then run the command again; what was in flight is settled then"
                    .into(),
            });
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

    /// Nothing is left to do and the program has ended.
    fn end(&mut self) -> Result<(), EngineError> {
        let exports = self
            .latest
            .report
            .as_ref()
            .map(|report| report.exports.as_slice())
            .unwrap_or_default();
        let never = exports
            .iter()
            .filter(|entry| entry.value.peek() == Peek::Pending);
        let findings: Vec<_> = never
            .map(|entry| {
                Diagnostic::error(
                    "LZ0011",
                    format!("the export `{}` never got a value", entry.name),
                )
                .at(entry.at)
            })
            .collect();
        if !findings.is_empty() {
            return Err(EngineError::Program {
                findings,
                summary: Box::default(),
            });
        }
        self.note_unchanged();
        self.summary.unchanged = self
            .graph
            .nodes
            .iter()
            .filter(|node| node.decision == Some(Decision::Same))
            .count();
        self.record_exports();
        Ok(())
    }

    fn record_exports(&mut self) {
        let exports = self
            .latest
            .report
            .as_ref()
            .map(|report| report.exports.as_slice())
            .unwrap_or_default();
        let known = exports.iter().filter_map(|entry| match entry.value.peek() {
            Peek::Known(value) => {
                let secret = entry.value.taint().is_some_and(|taint| taint.secret);
                Some((
                    entry.name.clone(),
                    if secret { value.into_secret() } else { value },
                ))
            }
            _ => None,
        });
        let values: BTreeMap<_, _> = known.collect();
        self.summary.exports = values.clone().into_iter().collect();
        if self.book.state().exports != values {
            self.book.append(Entry::Exports { values });
        }
    }
}

/// How long the program has stood still.
struct Patience {
    settle: Duration,
    until: tokio::time::Instant,
    is_over: bool,
}

impl Patience {
    fn new(settle: Duration) -> Self {
        Self {
            settle,
            until: tokio::time::Instant::now() + settle,
            is_over: false,
        }
    }

    fn restart(&mut self) {
        *self = Self::new(self.settle);
    }

    /// Ends once, when the program has stood still for the whole time.
    async fn end(&mut self) {
        if self.is_over {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep_until(self.until).await;
        self.is_over = true;
    }
}

/// Ends when a stop is asked for; never, once nobody can ask any more.
pub(crate) async fn asked(stop: &mut Stop) {
    if stop.0.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
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
        .map(|task| format!("{} (started at {})", task.name, task.at))
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
        finding.place = error.place().cloned();
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

fn provider_facts(graph: &Graph, index: ResId) -> TypeFacts {
    let node = graph.node(index);
    match &node.registration.kind {
        lazuli_core::program::RegistrationKind::Resource { provider, .. } => graph
            .provider(provider)
            .map(|provider| provider.facts(node.registration.urn.ty()))
            .unwrap_or_default(),
        lazuli_core::program::RegistrationKind::Component => TypeFacts::default(),
    }
}

/// The outputs that these changes leave as they are.
fn stable_outputs(outputs: &Value, changes: &[Change], facts: &TypeFacts) -> Value {
    let mut stable = Value::map();
    for (path, voided_by) in &facts.stable_outputs {
        let voided = changes.iter().any(|change| {
            voided_by
                .iter()
                .any(|pattern| plan::covers(pattern, &change.path))
        });
        if let Some(value) = outputs
            .at(path)
            .filter(|value| !voided && **value != Value::Null)
        {
            insert(&mut stable, path, value.clone());
        }
    }
    stable
}

fn insert(into: &mut Value, path: &str, value: Value) {
    let Value::Map(map) = into else { return };
    match path.split_once('.') {
        None => {
            map.insert(path.to_owned(), value);
        }
        Some((key, rest)) => insert(
            map.entry(key.to_owned()).or_insert_with(Value::map),
            rest,
            value,
        ),
    }
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
