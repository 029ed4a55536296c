//! From a step to a request: what is asked of the provider, or why nothing is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lazuli_core::node::NodeId;
use lazuli_core::stack::Settlement;
use lazuli_core::{Provider, Severity, Value};

use super::operation::{self, Ending, Operation, Reading, perform};
use super::{Dispatcher, Message, hooks, lifecycle, provider_name};
use crate::caught::{caught, provider_error};
use crate::diff::{Candidate, NodeDecision, decide, evaluate, imported_inputs};
use crate::event::{Event, Failure};
use crate::graph::NodeProgress;
use crate::op::Op;
use crate::plan::Subject;
use crate::state::{Entry, InFlight, Outcome, Resource};

/// A request that is ready to leave.
pub(super) struct Request {
    operation: Operation,
    /// What may be in flight; `None` for readings, which change nothing.
    in_flight: Option<InFlight>,
    provider: Arc<dyn Provider>,
}

impl Dispatcher<'_, '_> {
    pub(super) fn start(&mut self, at: usize) {
        let request = match (&self.subjects[at], self.steps[at].op) {
            (Subject::Declared(index), Op::Create | Op::Update | Op::CreateReplacement) => {
                self.bring(at, *index)
            }
            (Subject::Declared(index), Op::Import) => return self.import(at, *index),
            (Subject::Declared(index), Op::Read) => self.reading(at, *index),
            _ => self.remove(at),
        };
        let Some(request) = request else {
            return;
        };
        let lock_keys = match request.in_flight {
            Some(_) => request
                .provider
                .schema()
                .lock_keys(&request.operation.desired()),
            None => Vec::new(),
        };
        if !self.schedule.take(at, lock_keys) {
            return;
        }
        self.launch(at, request);
    }

    fn launch(&mut self, at: usize, request: Request) {
        let number = self.context.journal.new_operation();
        let step = &mut self.steps[at];
        let (urn, op) = (step.urn.clone(), step.op);
        let durable = request.in_flight.map(|in_flight| {
            self.context.journal.append(Entry::Started {
                operation: number,
                in_flight: Box::new(in_flight),
            })
        });
        if let Some(index) = self.subjects[at].node().filter(|_| !step.op.is_delete()) {
            self.context.graph.drop_outputs(index);
        }
        // Shown and approved: from here on the node has the inputs as they are.
        step.inputs = Value::Null;
        step.pending = Arc::default();
        step.changes = Vec::new();
        self.started.insert(at, (number, Instant::now()));
        self.say(Event::StepStarted {
            urn: urn.clone(),
            op,
        });
        let reporter = operation::Reporter {
            urn,
            number,
            tokens: self.tokens.clone(),
            status: self.status.clone(),
        };
        let hooks = self.hooks(at);
        let (operation, provider) = (request.operation, request.provider);
        if !hooks.is_empty() {
            self.hooked.insert(at, hooks::before_args(&operation));
        }
        self.tasks.spawn(async move {
            let written = match durable {
                Some(durable) => durable
                    .await
                    .unwrap_or_else(|_| Err("the journal's writer has ended".to_owned())),
                None => Ok(()),
            };
            let ending = match written {
                Ok(()) => {
                    let around = hooks::around(&hooks, &*provider, operation, &reporter, perform);
                    caught(around).await.unwrap_or_else(|panic| Ending::Failed {
                        error: provider_error(&panic),
                        found: Reading::Unread,
                    })
                }
                Err(cause) => Ending::NotStarted(cause),
            };
            Message::Ended(at, ending)
        });
    }

    /// The program's actions around a step, if it declares the resource in this run.
    pub(super) fn hooks(&self, at: usize) -> lazuli_core::options::Hooks {
        if matches!(self.steps[at].op, Op::Import | Op::Read) {
            return lazuli_core::options::Hooks::default();
        }
        let graph = &self.context.graph;
        let urn = &self.steps[at].urn;
        let state = self.context.journal.state();
        // Declared under another name by now.
        let renamed = || {
            let old = state.resources.get(urn).filter(|old| old.delete_hooks)?;
            let mut nodes = graph.nodes.iter();
            let node = nodes.find(|node| {
                let former = graph.former(node.registration.index, &node.seen, state);
                former.is_some_and(|former| former.urn == old.urn)
            })?;
            Some(node.registration.index)
        };
        let index = self.subjects[at].node().or_else(|| graph.find(urn));
        let index = index.or_else(renamed);
        index
            .map(|index| graph.node(index).registration.options.hooks.clone())
            .unwrap_or_default()
    }

    /// Evaluates the inputs of a node and records them in the graph. If one failed, the
    /// step fails; if one is still unknown, the step waits. `false` in both cases.
    fn inputs_are_known(&mut self, at: usize, index: NodeId) -> bool {
        let state = self.context.journal.state();
        let seen = evaluate(self.context.graph, index, state);
        if let Some(error) = &seen.failure {
            let failure = self.failure(at, format!("an input cannot be had: {error}"), None);
            self.fail(at, failure, Duration::ZERO);
            return false;
        }
        if !seen.pending.is_empty() {
            self.awaiting.push(at);
            self.schedule.wait(at);
            return false;
        }
        self.context.graph.nodes[index.index()].seen = seen;
        true
    }

    /// Adopts what was read when the plan was made: only the state changes.
    fn import(&mut self, at: usize, index: NodeId) {
        if !self.inputs_are_known(at, index) {
            return;
        }
        let Some(NodeDecision::Import {
            found, replaces, ..
        }) = self.context.decisions.of(index).cloned()
        else {
            return self.schedule.finish(at);
        };
        let resource = Resource {
            inputs: imported_inputs(self.context.graph, index, &found),
            ..self.context.graph.record(index, found.id, found.outputs)
        };
        let state = self.context.journal.state();
        let resource = Arc::new(state.contained(resource));
        let former = state.resources.get(&resource.urn).filter(|_| replaces);
        let outcome = match former {
            Some(old) => Outcome::replaced(old, resource.clone()),
            None => Outcome::Is(resource.clone()),
        };
        let number = self.context.journal.new_operation();
        if !self.schedule.take(at, Vec::new()) {
            return;
        }
        self.started.insert(at, (number, Instant::now()));
        let urn = self.steps[at].urn.clone();
        self.say(Event::StepStarted {
            urn,
            op: Op::Import,
        });
        // The end is written with it: nothing is requested in between.
        drop(self.context.journal.append(Entry::Started {
            operation: number,
            in_flight: Box::new(InFlight {
                op: Op::Import,
                resource,
                token: None,
                members: Vec::new(),
            }),
        }));
        self.write_down(at, number, outcome);
    }

    /// Prepares the reading of a resource that exists without the program.
    fn reading(&mut self, at: usize, index: NodeId) -> Option<Request> {
        if !self.inputs_are_known(at, index) {
            return None;
        }
        let provider = self.context.provider_of(index).cloned()?;
        Some(Request {
            operation: Operation::Read {
                existing: self.context.graph.existing(index),
            },
            in_flight: None,
            provider,
        })
    }

    /// Prepares a create or an update; `None` when there is nothing to request (yet).
    fn bring(&mut self, at: usize, index: NodeId) -> Option<Request> {
        if !self.inputs_are_known(at, index) {
            return None;
        }
        let provider = provider_name(self.context, &self.steps[at])
            .and_then(|name| self.context.provider(&name).cloned())?;
        let (op, old) = match self.steps[at].op {
            Op::Update => match self.still_update(at, index) {
                Ok(old) => (Op::Update, Some(old?)),
                Err(failure) => {
                    self.fail(at, *failure, Duration::ZERO);
                    return None;
                }
            },
            op => (op, None),
        };
        let desired = self.context.graph.desired(index, lifecycle(op));
        if let Some(finding) = provider
            .schema()
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
        let resource = self.context.journal.state().contained(resource);
        let in_flight = InFlight {
            op,
            resource: resource.into(),
            token: None,
            members: Vec::new(),
        };
        let operation = match old {
            Some(old) => Operation::Update {
                existing: old.existing(),
                desired,
            },
            None => Operation::Create {
                known: self.context.journal.state().ids_of(&desired.urn),
                desired,
            },
        };
        Some(Request {
            operation,
            in_flight: Some(in_flight),
            provider,
        })
    }

    /// Looks at an update again now that all is known. `Ok(None)` = nothing differs after all.
    fn still_update(
        &mut self,
        at: usize,
        index: NodeId,
    ) -> Result<Option<Arc<Resource>>, Box<Failure>> {
        let node = self.context.graph.node(index);
        let state = self.context.journal.state();
        let Some(old) = self.context.graph.former(index, &node.seen, state).cloned() else {
            return Err(Box::new(self.failure(
                at,
                "it is not in the state any more".to_owned(),
                None,
            )));
        };
        let schema = self.context.graph.type_schema(index);
        let forced = self.steps[at].pending.is_empty();
        let name = provider_name(self.context, &self.steps[at]).unwrap_or_default();
        let candidate = Candidate {
            seen: &node.seen,
            options: &node.registration.options,
            schema: &schema,
            provider: &name,
            asked: false,
            stranded: false,
        };
        match decide(&candidate, Some(&old)) {
            NodeDecision::Same if !forced => {
                self.unchanged(at, index, &old);
                Ok(None)
            }
            NodeDecision::Replace { changes, .. } => {
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

    fn unchanged(&mut self, at: usize, index: NodeId, old: &Resource) {
        let resource = self
            .context
            .graph
            .record(index, old.id.clone(), old.outputs.clone());
        let resource = self.context.journal.state().acyclic(resource);
        if resource != *old {
            let from = (old.urn != resource.urn).then(|| old.urn.clone());
            // Nothing depends on this being durable before the run ends.
            drop(self.context.journal.append(Entry::Noted {
                from,
                resource: Arc::new(resource),
            }));
        }
        let urn = self.steps[at].urn.clone();
        self.say(Event::StepUnchanged { urn });
        self.context.decisions.set(index, NodeDecision::Same);
        self.tell(
            index,
            Settlement::Full(old.outputs.clone()),
            NodeProgress::Settled,
        );
        self.schedule.finish(at);
    }

    fn remove(&mut self, at: usize) -> Option<Request> {
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
                // The one that took its place is another resource.
                let living = state.resources.get(&step.urn).or(moved);
                living.filter(|living| living.id == id)
            }),
        };
        let Some(former) = former.cloned() else {
            // It went with its container.
            self.removed_quietly(at);
            return None;
        };
        if former.retain_on_delete || self.is_retained_now(at) {
            // The cloud is not touched, so there is nothing to wait for.
            let entry = if self.stays_until_succeeded(at, &former) {
                Entry::Noted {
                    from: None,
                    resource: Arc::new(Resource {
                        tainted: true,
                        ..(*former).clone()
                    }),
                }
            } else {
                Entry::Forgotten {
                    urn: former.urn.clone(),
                    id: former.id.clone(),
                }
            };
            drop(self.context.journal.append(entry));
            self.removed_quietly(at);
            return None;
        }
        let Some(provider) = self.context.provider(&former.provider).cloned() else {
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
            members: self.members.get(&step.urn).cloned().unwrap_or_default(),
        };
        Some(Request {
            operation: Operation::Delete {
                existing: former.existing(),
                timeout: former.delete_timeout,
            },
            in_flight: Some(in_flight),
            provider,
        })
    }

    /// Whether the program says now that the old half of a replacement is kept.
    fn is_retained_now(&self, at: usize) -> bool {
        let node = self.subjects[at]
            .node()
            .map(|index| self.context.graph.node(index));
        node.is_some_and(|node| node.registration.options.retain_on_delete == Some(true))
    }

    /// Whether the state knows a retained old half until its successor takes its place:
    /// what a create of unknown outcome made is looked for by name, and must not be
    /// mistaken for it. Should the run end before that, the next one replaces it.
    fn stays_until_succeeded(&self, at: usize, former: &Resource) -> bool {
        let (graph, state) = (&*self.context.graph, self.context.journal.state());
        let step = &self.steps[at];
        let gets_an_id = |index| graph.node(index).seen.id.is_none();
        let living = state.resources.get(&step.urn);
        step.op == Op::DeleteReplaced
            && self.subjects[at].node().is_some_and(gets_an_id)
            && living.is_some_and(|living| living.id == former.id)
    }

    /// A removal that needs no request is done.
    fn removed_quietly(&mut self, at: usize) {
        let step = &self.steps[at];
        let done = Event::StepDone {
            urn: step.urn.clone(),
            op: step.op,
            id: step.id.clone().unwrap_or_default(),
            duration: Duration::ZERO,
        };
        self.say(done);
        self.wave.done.push((at, Duration::ZERO));
        self.schedule.finish(at);
    }
}
