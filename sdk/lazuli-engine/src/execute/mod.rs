//! Carries a plan out: work starts the moment its inputs exist, longest
//! remaining path first; every mutation is in the journal before its request
//! leaves. One dispatcher owns all state; tasks only talk to providers.

mod event_queue;
mod hooks;
mod operation;
mod outcome;
mod prepare;
mod schedule;
mod tokens;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lazuli_core::executor::Verdict;
use lazuli_core::node::NodeId;
use lazuli_core::program::{ExportEntry, RegistrationKind, Report, Waiting};
use lazuli_core::stack::Settlement;
use lazuli_core::{Allowance, Lifecycle, OutputError, Provider};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::event_queue::EventQueue;
use self::operation::Ending;
pub(crate) use self::operation::{Reading, settle};
use self::schedule::Schedule;
use self::tokens::Tokens;
use crate::diff::Decisions;
use crate::event::{Event, Failure};
use crate::graph::{Graph, NodeProgress};
use crate::journal::Journal;
use crate::op::Op;
use crate::plan::{Planned, Step, Subject};
use crate::program_thread::ProgramThread;
use crate::settings::{Settings, Stop, asked};
use crate::state::{Entry, InFlight, State};

/// How many texts on the way to the screen may wait.
const STATUSES: usize = 1024;

/// What the dispatcher works with; borrowed from the run.
pub(crate) struct Context<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) graph: &'a mut Graph,
    pub(crate) decisions: &'a mut Decisions,
    pub(crate) journal: &'a mut Journal,
    pub(crate) program: Option<&'a mut ProgramThread>,
    pub(crate) latest: &'a mut Latest,
    pub(crate) stop: &'a mut Stop,
    pub(crate) event: &'a mut (dyn FnMut(Event) + Send),
}

impl Context<'_> {
    fn provider(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.settings.providers.get(name)
    }

    /// The provider that serves a node.
    fn provider_of(&self, index: NodeId) -> Option<&Arc<dyn Provider>> {
        self.provider(self.graph.provider_name(index)?)
    }
}

/// The newest report of the program.
#[derive(Default)]
pub(crate) struct Latest {
    pub(crate) report: Option<Report>,
}

impl Latest {
    /// Tasks of the program that wait for something.
    pub(crate) fn waiting(&self) -> &[Waiting] {
        let report = self.report.as_ref();
        report.map_or(&[], |report| &report.waiting)
    }

    /// What the program exports so far.
    pub(crate) fn exports(&self) -> &[ExportEntry] {
        let report = self.report.as_ref();
        report.map_or(&[], |report| &report.exports)
    }

    /// Errors of the program.
    pub(crate) fn errors(&self) -> &[lazuli_core::Error] {
        let report = self.report.as_ref();
        report.map_or(&[], |report| &report.errors)
    }

    /// Findings that the program allows.
    pub(crate) fn allowed(&self) -> &[Allowance] {
        let report = self.report.as_ref();
        report.map_or(&[], |report| &report.allowed)
    }

    /// Scopes that may still declare something.
    pub(crate) fn open_scopes(&self) -> &[String] {
        let report = self.report.as_ref();
        report.map_or(&[], |report| &report.open_scopes)
    }
}

/// How a wave ended.
#[derive(Default)]
pub(crate) struct Wave {
    pub(crate) done: Vec<(usize, Duration)>,
    pub(crate) failures: Vec<Failure>,
    pub(crate) stopped: bool,
    pub(crate) in_flight: usize,
    /// The journal takes nothing more.
    pub(crate) journal_error: Option<String>,
}

enum Message {
    /// A provider's operation ended.
    Ended(usize, Ending),
    /// What it left is on disk.
    Recorded(usize, Result<(), String>),
    /// The program's actions after it ended.
    Hooked(usize, Result<(), lazuli_core::Error>),
}

struct Dispatcher<'a, 'b> {
    context: &'a mut Context<'b>,
    steps: Vec<Step>,
    subjects: Vec<Subject>,
    schedule: Schedule,
    tasks: JoinSet<Message>,
    started: HashMap<usize, (u64, Instant)>,
    /// What the cloud deletes along with a container, by the container.
    members: HashMap<lazuli_core::Urn, Vec<(lazuli_core::Urn, String)>>,
    /// Creates that were looked for past everything that is known.
    looked_again: HashSet<usize>,
    /// Ready steps whose inputs are not all known to the program yet.
    awaiting: Vec<usize>,
    statuses: mpsc::Receiver<(lazuli_core::Urn, String)>,
    status: mpsc::Sender<(lazuli_core::Urn, String)>,
    tokens: Arc<Tokens>,
    wave: Wave,
    halted: Option<String>,
    event_queue: EventQueue,
    /// The arguments of the hooks before a step, for those after it.
    hooked: HashMap<usize, lazuli_core::HookArgs>,
}

/// Carries out a plan that has no errors and was approved.
/// Returns the steps, too, which [`Wave::done`] counts in.
pub(crate) async fn execute(context: &mut Context<'_>, planned: Planned) -> (Wave, Vec<Step>) {
    let (status, statuses) = mpsc::channel(STATUSES);
    let weigh = |at: usize, step: &Step| estimate(context, step, &planned.subjects[at]);
    let schedule = Schedule::new(&planned.plan.steps, weigh);
    let mut members: HashMap<_, Vec<_>> = HashMap::new();
    let state = context.journal.state();
    for (step, subject) in planned.plan.steps.iter().zip(&planned.subjects) {
        if let (Some(container), Some(id)) = (step.gone_with(), &step.id) {
            // A renamed one has its new name in the state by now.
            let now = subject
                .node()
                .map(|index| &context.graph.node(index).registration.urn);
            let now = now.filter(|urn| state.resources.get(*urn).is_some_and(|is| is.id == *id));
            let member = (now.unwrap_or(&step.urn).clone(), id.clone());
            members.entry(container.clone()).or_default().push(member);
        }
    }
    let dispatcher = Dispatcher {
        steps: planned.plan.steps,
        subjects: planned.subjects,
        schedule,
        tasks: JoinSet::new(),
        started: HashMap::new(),
        members,
        looked_again: HashSet::new(),
        awaiting: Vec::new(),
        statuses,
        status,
        tokens: Arc::default(),
        wave: Wave::default(),
        halted: None,
        event_queue: EventQueue::default(),
        hooked: HashMap::new(),
        context,
    };
    dispatcher.run().await
}

fn estimate(context: &Context<'_>, step: &Step, subject: &Subject) -> Duration {
    let lifecycle = lifecycle(step.op);
    let (graph, state) = (&*context.graph, context.journal.state());
    let estimate = match subject {
        Subject::Declared(index) if !step.op.is_delete() => {
            let schema = graph
                .provider_name(*index)
                .and_then(|name| graph.schema(name));
            schema.map(|schema| schema.estimate(&graph.desired(*index, lifecycle), lifecycle))
        }
        _ => {
            let leftover = step.id.as_ref().and_then(|id| state.superseded.get(id));
            let old = leftover.or_else(|| state.resources.get(&step.urn));
            old.and_then(|old| {
                let schema = graph.schema(&old.provider)?;
                Some(schema.estimate(&desired_of(old.existing()), lifecycle))
            })
        }
    };
    estimate.unwrap_or(Duration::from_secs(1))
}

/// A resource of the state in the form of one that is wanted.
fn desired_of(existing: lazuli_core::Recorded) -> lazuli_core::Declared {
    lazuli_core::Declared {
        urn: existing.urn,
        id: Some(existing.id),
        inputs: existing.inputs,
        timeout: None,
    }
}

fn provider_name(context: &Context<'_>, step: &Step) -> Option<Arc<str>> {
    let declared = context
        .graph
        .find(&step.urn)
        .map(|index| &context.graph.node(index).registration.kind);
    match declared {
        Some(RegistrationKind::Resource { provider, .. }) => Some(provider.clone()),
        _ => context
            .journal
            .state()
            .resources
            .get(&step.urn)
            .map(|old| old.provider.clone()),
    }
}

fn lifecycle(op: Op) -> Lifecycle {
    match op {
        Op::Create | Op::CreateReplacement | Op::Import | Op::Read => Lifecycle::Create,
        Op::Update => Lifecycle::Update,
        Op::Delete | Op::DeleteReplaced => Lifecycle::Delete,
    }
}

impl Dispatcher<'_, '_> {
    async fn run(mut self) -> (Wave, Vec<Step>) {
        loop {
            self.fill();
            let over = self.schedule.is_done() || self.halted.is_some() || self.is_blocked();
            if self.tasks.is_empty() && over {
                break;
            }
            if self.is_stuck() {
                self.unlock_stuck();
                continue;
            }
            if !self.next().await {
                break;
            }
        }
        self.event_queue.finish(&mut *self.context.event);
        self.skip_rest();
        (self.wave, self.steps)
    }

    /// Reports what happened, after the ends of steps that came before it.
    fn say(&mut self, event: Event) {
        self.event_queue.say(event, &mut *self.context.event);
    }

    /// Whether all that is left follows a step that failed.
    fn is_blocked(&self) -> bool {
        !self.wave.failures.is_empty() && !self.schedule.has_ready() && self.awaiting.is_empty()
    }

    /// Starts as many ready steps as may run at once.
    fn fill(&mut self) {
        while self.halted.is_none() && self.schedule.running() < self.context.settings.parallel {
            let Some(at) = self.schedule.pop() else {
                return;
            };
            self.start(at);
        }
    }

    /// Waits for one thing to happen. `false` = left at once, on request.
    async fn next(&mut self) -> bool {
        let program = self.context.program.as_deref_mut();
        tokio::select! {
            biased;
            () = asked(self.context.stop) => return self.stopping().await,
            Some(ended) = self.tasks.join_next() => self.ended(ended),
            Some(report) = report(program) => self.reported(report),
            () = self.tokens.arrived() => self.write_tokens(),
            Some((urn, text)) = self.statuses.recv() => self.say(Event::StepStatus { urn, text }),
        }
        true
    }

    /// Journals the tokens that tasks have reported.
    fn write_tokens(&mut self) {
        for (operation, token) in self.tokens.take() {
            drop(
                self.context
                    .journal
                    .append(Entry::Accepted { operation, token }),
            );
        }
    }

    async fn stopping(&mut self) -> bool {
        let level = *self.context.stop.0.borrow_and_update();
        self.wave.stopped = true;
        self.halted
            .get_or_insert_with(|| "the run was stopped".to_owned());
        self.say(Event::Stopping);
        if level >= 2 {
            self.wave.in_flight = self.started.len();
            // Aborted tasks leave their operations in the journal; the next run settles them.
            self.tasks.shutdown().await;
            self.write_tokens();
            return false;
        }
        true
    }

    fn reported(&mut self, report: Report) {
        let mut report = report;
        self.context
            .graph
            .add(std::mem::take(&mut report.registrations));
        self.context.latest.report = Some(report);
        for at in std::mem::take(&mut self.awaiting) {
            self.schedule.ready_again(at);
        }
    }

    /// Whether nothing runs and nothing can start until the program moves, and it will not.
    fn is_stuck(&self) -> bool {
        let quiet = self.context.latest.report.as_ref().is_some_and(|report| {
            let current = self
                .context
                .program
                .as_ref()
                .is_none_or(|program| program.is_current(report.seen));
            current && !matches!(report.verdict, Verdict::Unproven { .. })
        });
        self.tasks.is_empty()
            && !self.schedule.has_ready()
            && (quiet || self.context.program.is_none())
    }

    /// The steps that wait for something that can never come fail, with what they wait for.
    fn unlock_stuck(&mut self) {
        let stuck = std::mem::take(&mut self.awaiting);
        if stuck.is_empty() {
            self.halted
                .get_or_insert_with(|| "it waits for a step that cannot start".to_owned());
        }
        for at in stuck {
            let Some(index) = self.subjects[at].node() else {
                continue;
            };
            let seen = self.context.graph.look(index);
            let waits: Vec<_> = seen
                .pending
                .iter()
                .map(|pending| {
                    format!(
                        "`{}` waits for {}",
                        pending.path,
                        pending.waits_for.join(", ")
                    )
                })
                .collect();
            let message = format!("its inputs never became known: {}", waits.join("; "));
            let failure = self.failure(at, message, None);
            self.fail(at, failure, Duration::ZERO);
        }
    }

    fn ended(&mut self, message: Result<Message, tokio::task::JoinError>) {
        // Before the end of their operation.
        self.write_tokens();
        match message {
            Ok(Message::Ended(at, ending)) => self.record(at, ending),
            Ok(Message::Recorded(at, Ok(()))) => self.recorded(at),
            Ok(Message::Recorded(_, Err(cause))) => self.journal_broke(cause),
            Ok(Message::Hooked(at, result)) => self.hooked(at, result),
            // Panics of providers and hooks are caught in their tasks; this is one of ours, and
            // what was in flight stays in flight.
            Err(panic) => {
                self.journal_broke(format!("a task of the engine ended early: {panic}"));
                self.wave.in_flight += 1;
            }
        }
    }

    fn journal_broke(&mut self, cause: String) {
        self.halted
            .get_or_insert_with(|| "the journal cannot be written".to_owned());
        self.wave.journal_error.get_or_insert(cause);
    }

    fn tell(&mut self, index: NodeId, settlement: Settlement, progress: NodeProgress) {
        let Context {
            graph, decisions, ..
        } = &mut *self.context;
        decisions.settled(graph, index, progress);
        if let Some(program) = self.context.program.as_deref_mut() {
            program.settle(index, settlement);
        }
    }

    fn skip_rest(&mut self) {
        let reason = match (&self.halted, self.wave.failures.is_empty()) {
            (Some(reason), _) => reason.clone(),
            (None, false) => "a step before it failed".to_owned(),
            (None, true) => return,
        };
        for at in self.schedule.unstarted() {
            let step = &self.steps[at];
            let (urn, op) = (step.urn.clone(), step.op);
            self.say(Event::StepSkipped {
                urn: urn.clone(),
                op,
                reason: reason.clone(),
            });
            // A run that goes on past errors plans again, without what was skipped.
            if let Some(index) = self.subjects[at].node().filter(|_| !op.is_delete()) {
                let reason = reason.clone();
                let error = OutputError::Skipped { urn, reason };
                self.tell(index, Settlement::Failed(error), NodeProgress::Failed);
            }
        }
    }
}

async fn report(program: Option<&mut ProgramThread>) -> Option<Report> {
    match program {
        Some(program) => program.report().await,
        None => std::future::pending().await,
    }
}

/// Reads what an interrupted run had in flight; used before anything is planned.
pub(crate) async fn settle_in_flight(
    state: &State,
    providers: &BTreeMap<String, Arc<dyn Provider>>,
) -> Vec<(u64, InFlight, Result<Reading, lazuli_core::ProviderError>)> {
    let mut tasks = JoinSet::new();
    for (number, operation) in &state.in_flight {
        let (number, mut operation) = (*number, operation.clone());
        let urn = &operation.resource.urn;
        if operation.op == Op::Update {
            // The journal holds what was wanted; what was there before is in the state.
            let old = state.resources.get(urn);
            let resource = Arc::make_mut(&mut operation.resource);
            resource.outputs = old.map(|old| old.outputs.clone()).unwrap_or_default();
        }
        let provider = providers.get(&*operation.resource.provider).cloned();
        let known = state.ids_of_type(operation.resource.urn.ty());
        tasks.spawn(async move {
            let reading = settle(provider.as_deref(), &operation, &known).await;
            (number, operation, reading)
        });
    }
    let mut settled: Vec<_> = tasks.join_all().await;
    settled.sort_by_key(|(number, ..)| *number);
    settled
}
