//! Carries a plan out: work starts the moment its inputs exist, longest
//! remaining path first; every mutation is in the journal before its request
//! leaves. One dispatcher owns all state; tasks only talk to providers.

mod operation;
mod schedule;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lazuli_core::executor::{ResId, Verdict};
use lazuli_core::program::{RegistrationKind, Report};
use lazuli_core::stack::Settlement;
use lazuli_core::{Lifecycle, OutputError, Provider, Severity, Value};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::operation::{Ending, Operation, perform};
pub(crate) use self::operation::{Reading, settle};
use self::schedule::Schedule;
use crate::event::{Event, Failure};
use crate::graph::{Graph, Progress};
use crate::journal::Journal;
use crate::plan::{Decision, Op, Planned, Step, Subject};
use crate::program_thread::ProgramThread;
use crate::run::{Settings, Stop, asked};
use crate::state::{Entry, InFlight, Outcome, Resource};

/// What the dispatcher works with; borrowed from the run.
pub(crate) struct Context<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) graph: &'a mut Graph,
    pub(crate) journal: &'a mut Journal,
    pub(crate) program: Option<&'a mut ProgramThread>,
    pub(crate) latest: &'a mut Latest,
    pub(crate) stop: &'a mut Stop,
    pub(crate) event: &'a mut (dyn FnMut(Event) + Send),
}

/// The newest report of the program.
#[derive(Default)]
pub(crate) struct Latest {
    pub(crate) report: Option<Report>,
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
}

struct Dispatcher<'a, 'b> {
    context: &'a mut Context<'b>,
    steps: Vec<Step>,
    subjects: Vec<Subject>,
    schedule: Schedule,
    tasks: JoinSet<Message>,
    started: HashMap<usize, (u64, Instant)>,
    /// Former urns of resources that were moved within the program, by step.
    moved: HashMap<usize, lazuli_core::Urn>,
    /// Ready steps whose inputs are not all known to the program yet.
    awaiting: Vec<usize>,
    statuses: mpsc::UnboundedReceiver<(lazuli_core::Urn, String)>,
    status: mpsc::UnboundedSender<(lazuli_core::Urn, String)>,
    wave: Wave,
    halted: Option<String>,
}

/// Carries out a plan that has no errors and was approved.
pub(crate) async fn execute(context: &mut Context<'_>, planned: Planned) -> Wave {
    let (status, statuses) = mpsc::unbounded_channel();
    let weigh = |step: &Step| estimate(context, step);
    let schedule = Schedule::new(&planned.plan.steps, weigh);
    let dispatcher = Dispatcher {
        steps: planned.plan.steps,
        subjects: planned.subjects,
        schedule,
        tasks: JoinSet::new(),
        started: HashMap::new(),
        moved: HashMap::new(),
        awaiting: Vec::new(),
        statuses,
        status,
        wave: Wave::default(),
        halted: None,
        context,
    };
    dispatcher.run().await
}

fn estimate(context: &Context<'_>, step: &Step) -> Duration {
    let lifecycle = lifecycle(step.op);
    let provider =
        provider_name(context, step).and_then(|name| context.graph.provider(&name).cloned());
    provider.map_or(Duration::from_secs(1), |provider| {
        provider.estimate(step.urn.ty(), lifecycle)
    })
}

fn provider_name(context: &Context<'_>, step: &Step) -> Option<String> {
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
        Op::Create | Op::CreateReplacement => Lifecycle::Create,
        Op::Update => Lifecycle::Update,
        Op::Delete | Op::DeleteReplaced => Lifecycle::Delete,
    }
}

impl Dispatcher<'_, '_> {
    async fn run(mut self) -> Wave {
        loop {
            self.fill();
            if self.tasks.is_empty() && (self.schedule.is_done() || self.halted.is_some()) {
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
        self.skip_rest();
        self.wave
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
            Some((urn, text)) = self.statuses.recv() => (self.context.event)(Event::StepStatus { urn, text }),
        }
        true
    }

    async fn stopping(&mut self) -> bool {
        let level = *self.context.stop.0.borrow_and_update();
        self.wave.stopped = true;
        self.halted
            .get_or_insert_with(|| "the run was stopped".to_owned());
        (self.context.event)(Event::Stopping);
        if level >= 2 {
            self.wave.in_flight = self.started.len();
            // Aborted tasks leave their operations in the journal; the next run settles them.
            self.tasks.shutdown().await;
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
            current && !matches!(report.verdict, Verdict::Murky { .. })
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

    fn start(&mut self, at: usize) {
        let begin = match (&self.subjects[at], self.steps[at].op) {
            (Subject::Declared(index), Op::Create | Op::Update | Op::CreateReplacement) => {
                self.bring(at, *index)
            }
            _ => self.remove(at),
        };
        let Some((operation, in_flight, provider)) = begin else {
            return;
        };
        let exclusive = provider.exclusive(&operation.desired());
        if !self.schedule.take(at, exclusive) {
            return;
        }
        self.launch(at, operation, in_flight, provider);
    }

    fn launch(
        &mut self,
        at: usize,
        operation: Operation,
        in_flight: InFlight,
        provider: Arc<dyn Provider>,
    ) {
        let number = self.context.journal.new_operation();
        let step = &self.steps[at];
        let durable = self.context.journal.append(Entry::Started {
            operation: number,
            in_flight: Box::new(in_flight),
        });
        self.started.insert(at, (number, Instant::now()));
        (self.context.event)(Event::StepStarted {
            urn: step.urn.clone(),
            op: step.op,
        });
        let reporter = operation::Reporter {
            urn: step.urn.clone(),
            number,
            journal: self.context.journal.appender(),
            status: self.status.clone(),
        };
        self.tasks.spawn(async move {
            let ending = match durable.await {
                Ok(Ok(())) => perform(&*provider, operation, &reporter).await,
                Ok(Err(cause)) => Ending::NotStarted(cause),
                Err(_) => Ending::NotStarted("the journal's writer has ended".to_owned()),
            };
            Message::Ended(at, ending)
        });
    }

    /// Prepares a create or an update; `None` when there is nothing to request (yet).
    fn bring(
        &mut self,
        at: usize,
        index: ResId,
    ) -> Option<(Operation, InFlight, Arc<dyn Provider>)> {
        let seen = self.context.graph.look(index);
        if let Some(error) = &seen.failure {
            let failure = self.failure(at, format!("an input cannot be had: {error}"), None);
            self.fail(at, failure, Duration::ZERO);
            return None;
        }
        if !seen.pending.is_empty() {
            self.awaiting.push(at);
            self.schedule.wait(at);
            return None;
        }
        self.context.graph.nodes[index.index()].seen = seen;
        let provider = provider_name(self.context, &self.steps[at])
            .and_then(|name| self.context.graph.provider(&name).cloned())?;
        let (op, old) = match self.steps[at].op {
            Op::Update => match self.still_update(at, index, &*provider) {
                Ok(old) => (Op::Update, Some(old?)),
                Err(failure) => {
                    self.fail(at, *failure, Duration::ZERO);
                    return None;
                }
            },
            op => (op, None),
        };
        if let Some(old) = old.as_ref().filter(|old| old.urn != self.steps[at].urn) {
            self.moved.insert(at, old.urn.clone());
        }
        let desired = self.context.graph.desired(index, lifecycle(op));
        if let Some(finding) = provider
            .check(&desired)
            .into_iter()
            .find(|finding| finding.severity == Severity::Error)
        {
            let failure = self.failure(
                at,
                format!("{} ({})", finding.message, finding.code),
                finding.help,
            );
            self.fail(at, failure, Duration::ZERO);
            return None;
        }
        let id = desired
            .id
            .clone()
            .or_else(|| old.as_ref().map(|old| old.id.clone()))
            .unwrap_or_default();
        let resource = self.context.graph.record(index, id, Value::Null);
        let in_flight = InFlight {
            op,
            resource,
            token: None,
        };
        let operation = match old {
            Some(old) => Operation::Update {
                existing: old.existing(),
                desired,
            },
            None => Operation::Create { desired },
        };
        Some((operation, in_flight, provider))
    }

    /// Looks at an update again now that all is known. `Ok(None)` = nothing differs after all.
    fn still_update(
        &mut self,
        at: usize,
        index: ResId,
        provider: &dyn Provider,
    ) -> Result<Option<Resource>, Box<Failure>> {
        let node = self.context.graph.node(index);
        let state = self.context.journal.state();
        let Some(old) = self.context.graph.former(index, &node.seen, state).cloned() else {
            return Err(Box::new(self.failure(
                at,
                "it is not in the state any more".to_owned(),
                None,
            )));
        };
        let facts = provider.facts(node.registration.urn.ty());
        let forced = self.steps[at].pending.is_empty();
        match crate::plan::decide(&node.seen, &node.registration.options, Some(&old), &facts) {
            Decision::Same if !forced => {
                self.unchanged(at, index, &old);
                Ok(None)
            }
            Decision::Replace { changes, .. } => {
                let paths: Vec<_> = changes
                    .iter()
                    .filter(|change| change.replaces)
                    .map(|change| change.path.clone())
                    .collect();
                let message = format!(
                    "it turned out to need a replacement (`{}` cannot be changed in place), which the plan did not show",
                    paths.join("`, `")
                );
                let help =
                    "run the command again: the value is known now and the plan will show it"
                        .to_owned();
                Err(Box::new(self.failure(at, message, Some(help))))
            }
            _ => Ok(Some(old)),
        }
    }

    fn unchanged(&mut self, at: usize, index: ResId, old: &Resource) {
        let resource = self
            .context
            .graph
            .record(index, old.id.clone(), old.outputs.clone());
        if resource != *old {
            let from = (old.urn != resource.urn).then(|| old.urn.clone());
            // Nothing depends on this being durable before the run ends.
            drop(self.context.journal.append(Entry::Noted {
                from,
                resource: Box::new(resource),
            }));
        }
        (self.context.event)(Event::StepUnchanged {
            urn: self.steps[at].urn.clone(),
        });
        self.context.graph.nodes[index.index()].decision = Some(Decision::Same);
        self.tell(
            index,
            Settlement::Full(old.outputs.clone()),
            Progress::Settled,
        );
        self.schedule.finish(at);
    }

    fn remove(&mut self, at: usize) -> Option<(Operation, InFlight, Arc<dyn Provider>)> {
        let state = self.context.journal.state();
        let step = &self.steps[at];
        let id = step.id.as_deref().unwrap_or_default();
        let former = match &self.subjects[at] {
            Subject::Superseded(id) => state.superseded.get(id),
            _ => state.superseded.get(id).or_else(|| {
                let declared = self.subjects[at]
                    .node()
                    .map(|index| self.context.graph.node(index));
                let moved = declared.and_then(|node| {
                    self.context
                        .graph
                        .former(node.registration.index, &node.seen, state)
                });
                state.resources.get(&step.urn).or(moved)
            }),
        };
        let Some(former) = former.cloned() else {
            self.schedule.finish(at);
            return None;
        };
        if former.retain_on_delete {
            // The cloud is not touched, so there is nothing to wait for.
            drop(self.context.journal.append(Entry::Forgotten {
                urn: former.urn.clone(),
            }));
            (self.context.event)(Event::StepDone {
                urn: former.urn,
                op: step.op,
                id: former.id,
                duration: Duration::ZERO,
            });
            self.wave.done.push((at, Duration::ZERO));
            self.schedule.finish(at);
            return None;
        }
        let Some(provider) = self.context.graph.provider(&former.provider).cloned() else {
            let message = format!(
                "there is no provider {:?} to delete it with",
                former.provider
            );
            let failure = self.failure(at, message, None);
            self.fail(at, failure, Duration::ZERO);
            return None;
        };
        let in_flight = InFlight {
            op: step.op,
            resource: former.clone(),
            token: None,
        };
        Some((
            Operation::Delete {
                existing: former.existing(),
            },
            in_flight,
            provider,
        ))
    }

    fn ended(&mut self, message: Result<Message, tokio::task::JoinError>) {
        match message {
            Ok(Message::Ended(at, ending)) => self.record(at, ending),
            Ok(Message::Recorded(at, Ok(()))) => self.recorded(at),
            Ok(Message::Recorded(_, Err(cause))) => self.journal_broke(cause),
            // A panic inside of a provider: what it did is unknown, its operation stays in flight.
            Err(panic) => {
                self.halted
                    .get_or_insert_with(|| format!("a provider panicked: {panic}"));
                self.wave.in_flight += 1;
            }
        }
    }

    fn journal_broke(&mut self, cause: String) {
        self.halted
            .get_or_insert_with(|| "the journal cannot be written".to_owned());
        self.wave.journal_error.get_or_insert(cause);
    }

    /// Writes down what an operation left, before anybody is told.
    fn record(&mut self, at: usize, ending: Ending) {
        let Some((number, began)) = self.started.get(&at).copied() else {
            return;
        };
        let outcome = match ending {
            Ending::NotStarted(cause) => {
                self.started.remove(&at);
                self.schedule.release(at);
                return self.journal_broke(cause);
            }
            Ending::Brought(created) => self.brought(at, created.id, created.outputs, false),
            Ending::Gone => Outcome::Gone,
            Ending::Failed { error, found } => {
                let (left, outcome) = match found {
                    Reading::Absent => (None, Some(self.absent(at))),
                    Reading::Present(created) if self.steps[at].op.is_delete() => {
                        drop(created);
                        (Some("it still exists and stays in the state".to_owned()), Some(Outcome::Nothing))
                    }
                    Reading::Present(created) => {
                        let outcome = self.brought(at, created.id, created.outputs, true);
                        (Some("it exists and is in the state; the next `up` writes it again".to_owned()), Some(outcome))
                    }
                    Reading::Unchanged => (None, Some(Outcome::Nothing)),
                    Reading::Unread => {
                        (Some("whether it happened is not known; the next run finds out by reading it".to_owned()), None)
                    }
                };
                let mut failure = self.failure(at, error.message, error.help);
                failure.code = error.code;
                failure.left = left;
                self.started.remove(&at);
                match outcome {
                    Some(outcome) => drop(self.context.journal.append(Entry::Ended {
                        operation: number,
                        outcome,
                    })),
                    None => self.wave.in_flight += 1,
                }
                return self.fail(at, failure, began.elapsed());
            }
        };
        let durable = self.context.journal.append(Entry::Ended {
            operation: number,
            outcome,
        });
        self.tasks.spawn(async move {
            let written = durable
                .await
                .unwrap_or_else(|_| Err("the journal's writer has ended".to_owned()));
            Message::Recorded(at, written)
        });
    }

    fn absent(&self, at: usize) -> Outcome {
        if self.steps[at].op == Op::Update {
            Outcome::Gone
        } else {
            Outcome::Nothing
        }
    }

    fn brought(&self, at: usize, id: String, outputs: Value, uncertain: bool) -> Outcome {
        let Some(index) = self.subjects[at].node() else {
            return Outcome::Nothing;
        };
        let resource = Resource {
            uncertain,
            ..self.context.graph.record(index, id, outputs)
        };
        let former = self.context.journal.state().resources.get(&resource.urn);
        let supersedes = self.steps[at].op == Op::CreateReplacement
            && former.is_some_and(|old| old.id != resource.id);
        if supersedes {
            Outcome::Superseded(Box::new(resource))
        } else {
            Outcome::Is(Box::new(resource))
        }
    }

    /// The step succeeded and is on disk: dependents may go on.
    fn recorded(&mut self, at: usize) {
        let Some((_, began)) = self.started.remove(&at) else {
            return;
        };
        let duration = began.elapsed();
        let step = &self.steps[at];
        let now = self
            .context
            .journal
            .state()
            .resources
            .get(&step.urn)
            .cloned();
        let id = now
            .as_ref()
            .map(|now| now.id.clone())
            .or_else(|| step.id.clone())
            .unwrap_or_default();
        (self.context.event)(Event::StepDone {
            urn: step.urn.clone(),
            op: step.op,
            id,
            duration,
        });
        self.wave.done.push((at, duration));
        if let (Some(index), Some(now), false) =
            (self.subjects[at].node(), now, step.op.is_delete())
        {
            self.forget_moved(at, &now);
            self.tell(index, Settlement::Full(now.outputs), Progress::Settled);
        }
        self.schedule.finish(at);
    }

    /// An updated resource that was moved within the program leaves its old urn.
    fn forget_moved(&mut self, at: usize, now: &Resource) {
        if let Some(from) = self.moved.remove(&at) {
            drop(self.context.journal.append(Entry::Noted {
                from: Some(from),
                resource: Box::new(now.clone()),
            }));
        }
    }

    fn tell(&mut self, index: ResId, settlement: Settlement, progress: Progress) {
        self.context.graph.settled(index, progress);
        if let Some(program) = self.context.program.as_deref_mut() {
            program.settle(index, settlement);
        }
    }

    fn failure(&self, at: usize, message: String, help: Option<String>) -> Failure {
        let step = &self.steps[at];
        Failure {
            urn: step.urn.clone(),
            op: step.op,
            place: step.place.clone(),
            code: None,
            message,
            help,
            left: None,
        }
    }

    /// The first failure stops the scheduling of everything else; what runs, ends.
    fn fail(&mut self, at: usize, failure: Failure, duration: Duration) {
        if let Some(index) = self.subjects[at].node() {
            let error = OutputError::Failed {
                urn: failure.urn.clone(),
                reason: failure.message.clone(),
            };
            self.tell(index, Settlement::Failed(error), Progress::Failed);
        }
        self.halted
            .get_or_insert_with(|| format!("{} failed", failure.urn.place()));
        (self.context.event)(Event::StepFailed {
            failure: failure.clone(),
            duration,
        });
        self.wave.failures.push(failure);
        self.schedule.release(at);
    }

    fn skip_rest(&mut self) {
        let Some(reason) = self.halted.clone() else {
            return;
        };
        for at in self.schedule.unstarted() {
            let step = &self.steps[at];
            let skipped = Event::StepSkipped {
                urn: step.urn.clone(),
                op: step.op,
                reason: reason.clone(),
            };
            (self.context.event)(skipped);
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
    in_flight: &BTreeMap<u64, InFlight>,
    providers: &BTreeMap<String, Arc<dyn Provider>>,
) -> Vec<(u64, InFlight, Result<Reading, lazuli_core::ProviderError>)> {
    let mut tasks = JoinSet::new();
    for (number, operation) in in_flight {
        let (number, operation) = (*number, operation.clone());
        let provider = providers.get(&operation.resource.provider).cloned();
        tasks.spawn(async move {
            let reading = settle(provider.as_deref(), &operation).await;
            (number, operation, reading)
        });
    }
    let mut settled: Vec<_> = tasks.join_all().await;
    settled.sort_by_key(|(number, ..)| *number);
    settled
}
