//! From an answer to the journal: what an operation left, before it is reported.

use std::time::Duration;

use lazuli_core::options::HookPoint;
use lazuli_core::stack::Settlement;
use lazuli_core::{OutputError, ProviderError, ProviderErrorKind, Value};

use super::operation::{Ending, Reading};
use super::{Dispatcher, Message, hooks, lifecycle, operation};
use crate::event::{Event, Failure};
use crate::graph::{NodeProgress, with_secrets};
use crate::op::Op;
use crate::state::{Entry, Outcome, Resource};

impl Dispatcher<'_, '_> {
    /// Writes down what an operation left, before it is reported.
    pub(super) fn record(&mut self, at: usize, ending: Ending) {
        let Some((number, began)) = self.started.get(&at).copied() else {
            return;
        };
        let outcome = match ending {
            Ending::NotStarted(cause) => {
                self.started.remove(&at);
                self.schedule.release(at);
                return self.journal_broke(cause);
            }
            Ending::Brought(created) if self.steps[at].op == Op::Read => {
                return self.was_read(at, created.outputs);
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
                    // Found by its name: the one that was to be replaced, or one under another urn.
                    // What is looked for may be beside it.
                    Reading::Present(created) if self.is_former(at, &created.id) => {
                        if self.look_again(at, &error) {
                            return;
                        }
                        (None, Some(Outcome::Nothing))
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
                failure.kind = error.kind;
                failure.code = error.code;
                failure.left = left;
                self.started.remove(&at);
                match outcome {
                    // A reading was not started in the journal.
                    Some(_) if self.steps[at].op == Op::Read => {}
                    Some(outcome) => drop(self.context.journal.append(Entry::Ended {
                        operation: number,
                        outcome,
                    })),
                    None => self.wave.in_flight += 1,
                }
                return self.fail(at, failure, began.elapsed());
            }
        };
        self.write_down(at, number, outcome);
    }

    /// Journals the end of an operation; [`Message::Recorded`] follows. Those who
    /// waited for it may go on at once: their own entries are behind this one, so
    /// nothing is requested for them before this one is on disk.
    pub(super) fn write_down(&mut self, at: usize, number: u64, outcome: Outcome) {
        let durable = self.context.journal.append(Entry::Ended {
            operation: number,
            outcome,
        });
        self.event_queue.expect(at);
        let after = HookPoint::After(lifecycle(self.steps[at].op));
        if self.hooks(at).at(after).next().is_none() {
            self.brought_to_life(at);
            self.schedule.finish(at);
        }
        self.tasks.spawn(async move {
            let written = durable
                .await
                .unwrap_or_else(|_| Err("the journal's writer has ended".to_owned()));
            Message::Recorded(at, written)
        });
    }

    /// A reading changes nothing, so nothing is journaled.
    fn was_read(&mut self, at: usize, outputs: Value) {
        let Some((_, began)) = self.started.remove(&at) else {
            return;
        };
        let step = &self.steps[at];
        let done = Event::StepDone {
            urn: step.urn.clone(),
            op: Op::Read,
            id: step.id.clone().unwrap_or_default(),
            duration: began.elapsed(),
        };
        self.say(done);
        self.wave.done.push((at, began.elapsed()));
        if let Some(index) = self.subjects[at].node() {
            let options = &self.context.graph.node(index).registration.options;
            let outputs = with_secrets(outputs, &Value::Null, &options.additional_secret_outputs);
            self.tell(index, Settlement::Full(outputs), NodeProgress::Settled);
        }
        self.schedule.finish(at);
    }

    fn absent(&self, at: usize) -> Outcome {
        if self.steps[at].op == Op::Update {
            Outcome::Gone
        } else {
            Outcome::Nothing
        }
    }

    /// Looks for what a create of unknown outcome may have made, past everything
    /// that the state knows; once. [`Message::Ended`] follows.
    fn look_again(&mut self, at: usize, error: &ProviderError) -> bool {
        let Some(index) = self.subjects[at].node() else {
            return false;
        };
        let provider = self.context.provider_of(index).cloned();
        let Some(provider) = provider.filter(|_| self.looked_again.insert(at)) else {
            return false;
        };
        let desired = self
            .context
            .graph
            .desired(index, lifecycle(self.steps[at].op));
        let known = self.context.journal.state().ids_of_type(desired.urn.ty());
        let error = error.clone();
        self.tasks.spawn(async move {
            let found = operation::look_for(&*provider, desired, &known).await;
            Message::Ended(at, Ending::Failed { error, found })
        });
        true
    }

    fn is_former(&self, at: usize, id: &str) -> bool {
        let creates = matches!(self.steps[at].op, Op::Create | Op::CreateReplacement);
        creates && self.context.journal.state().has_id(id)
    }

    fn brought(&self, at: usize, id: String, outputs: Value, uncertain: bool) -> Outcome {
        let Some(index) = self.subjects[at].node() else {
            return Outcome::Nothing;
        };
        let resource = Resource {
            uncertain,
            ..self.context.graph.record(index, id, outputs)
        };
        let state = self.context.journal.state();
        let resource = state.acyclic(state.contained(resource));
        let resource = if uncertain {
            state.half_updated(resource)
        } else {
            resource
        };
        let former = state.resources.get(&resource.urn);
        let former = former.filter(|old| old.id != resource.id);
        match former {
            Some(old) if self.steps[at].op == Op::CreateReplacement => {
                Outcome::replaced(old, resource.into())
            }
            _ => Outcome::Is(resource.into()),
        }
    }

    /// The step succeeded and is on disk: dependents may go on.
    pub(super) fn recorded(&mut self, at: usize) {
        let Some((_, began)) = self.started.remove(&at) else {
            return;
        };
        let duration = began.elapsed();
        let step = &self.steps[at];
        let now = self.context.journal.state().resources.get(&step.urn);
        let id = now
            .map(|now| now.id.clone())
            .or_else(|| step.id.clone())
            .unwrap_or_default();
        let done = Event::StepDone {
            urn: step.urn.clone(),
            op: step.op,
            id,
            duration,
        };
        self.event_queue
            .recorded(at, done, &mut *self.context.event);
        self.wave.done.push((at, duration));
        self.after_hooks(at);
    }

    /// Passes what a resource has become to the program.
    fn brought_to_life(&mut self, at: usize) {
        let step = &self.steps[at];
        let state = self.context.journal.state();
        let now = state
            .resources
            .get(&step.urn)
            .filter(|_| !step.op.is_delete());
        let outputs = now.map(|now| now.outputs.clone());
        if let (Some(index), Some(outputs)) = (self.subjects[at].node(), outputs) {
            self.tell(index, Settlement::Full(outputs), NodeProgress::Settled);
        }
    }

    /// The program's actions after a step; without any, the step is over.
    fn after_hooks(&mut self, at: usize) {
        let hooks = self.hooks(at);
        let point = HookPoint::After(lifecycle(self.steps[at].op));
        if hooks.at(point).next().is_none() {
            return;
        }
        let Some(before) = self.hooked.remove(&at) else {
            return;
        };
        let args = hooks::after_args(before, &self.steps[at], self.context.journal.state());
        match hooks::after(&hooks, args) {
            None => {}
            Some(actions) => {
                self.brought_to_life(at);
                self.tasks
                    .spawn(async move { Message::Hooked(at, actions.await) });
            }
        }
    }

    /// The resource is as wanted and recorded, whatever its hooks say.
    pub(super) fn hooked(&mut self, at: usize, result: Result<(), lazuli_core::Error>) {
        let Err(error) = result else {
            return self.schedule.finish(at);
        };
        let mut failure = self.failure(
            at,
            format!("a hook after it failed: {}", error.message()),
            error.help().map(str::to_owned),
        );
        failure.left = Some("the resource itself is done and recorded".to_owned());
        self.report_failure(at, failure, Duration::ZERO);
    }

    /// A step failed: whoever waits for it is notified, and nothing new starts
    /// unless the run goes on past errors.
    pub(super) fn fail(&mut self, at: usize, failure: Failure, duration: Duration) {
        if let Some(index) = self.subjects[at].node() {
            let error = OutputError::Failed {
                urn: failure.urn.clone(),
                reason: failure.message.clone(),
            };
            self.tell(index, Settlement::Failed(error), NodeProgress::Failed);
        }
        self.report_failure(at, failure, duration);
    }

    fn report_failure(&mut self, at: usize, failure: Failure, duration: Duration) {
        if !self.context.settings.continue_on_error {
            self.halted
                .get_or_insert_with(|| format!("{} failed", failure.urn.address()));
        }
        self.say(Event::StepFailed {
            failure: failure.clone(),
            duration,
        });
        self.wave.failures.push(failure);
        self.schedule.release(at);
    }

    /// A failure of a step before the cloud was asked.
    pub(super) fn failure(&self, at: usize, message: String, help: Option<String>) -> Failure {
        let step = &self.steps[at];
        Failure {
            urn: step.urn.clone(),
            op: step.op,
            location: step.location.clone(),
            kind: ProviderErrorKind::Refused,
            code: None,
            message,
            help,
            left: None,
        }
    }
}
