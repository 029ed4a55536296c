//! Lets the program run until it stands still, event_queue it on the way whatever
//! is known without changing anything.

use lazuli_core::executor::Verdict;
use lazuli_core::node::NodeId;
use lazuli_core::stack::Settlement;
use lazuli_core::{TypeSchema, Value};
use tokio::task::JoinSet;

use super::findings::waiting_for;
use super::{Run, take};
use crate::caught::{caught, provider_error};
use crate::diff::{self, Change, NodeDecision};
use crate::error::EngineError;
use crate::event::Event;
use crate::graph::{NodeProgress, with_secrets};
use crate::settings::asked;
use std::time::Duration;

/// What the program looks like at a quiet point.
pub(super) struct Quiet {
    pub(super) finished: bool,
    pub(super) assumed: bool,
}

impl Run<'_> {
    /// Lets the program run as far as it comes: whatever is unchanged against
    /// the state resolves on the way.
    pub(super) async fn quiet(&mut self) -> Result<Quiet, EngineError> {
        loop {
            let quiet = self.still().await?;
            let same = self
                .decisions
                .decide(&mut self.graph, self.run_state.state());
            let mut told = self.read_unread().await?;
            for index in same {
                told |= self.tell_unchanged(index);
            }
            if !told && !self.decisions.is_dirty(&self.graph) {
                told = self.tell_early();
            }
            if !told && !self.decisions.is_dirty(&self.graph) {
                return Ok(quiet);
            }
        }
    }

    fn tell_unchanged(&mut self, index: NodeId) -> bool {
        let node = self.graph.node(index);
        let outputs = match node
            .reading
            .as_deref()
            .filter(|_| self.graph.is_existing(index))
        {
            Some(Ok(found)) => found.as_ref().map(|found| {
                let secret = &node.registration.options.additional_secret_outputs;
                with_secrets(found.outputs.clone(), &Value::Null, secret)
            }),
            // A finding says so, and ends the run.
            Some(Err(_)) => None,
            None => {
                let old = self.graph.former(index, &node.seen, self.run_state.state());
                old.map(|old| old.outputs.clone())
            }
        };
        let (Some(outputs), Some(program)) = (outputs, &mut self.program) else {
            return false;
        };
        program.settle(index, Settlement::Full(outputs));
        self.decisions
            .settled(&mut self.graph, index, NodeProgress::Settled);
        true
    }

    /// Passes to the program those outputs of updated resources that the update cannot change.
    fn tell_early(&mut self) -> bool {
        let Some(program) = &mut self.program else {
            return false;
        };
        self.early_told.resize(self.graph.nodes.len(), false);
        let mut told = false;
        for index in 0..self.graph.nodes.len() {
            let node = &self.graph.nodes[index];
            let id = node.registration.index;
            let Some(NodeDecision::Update { changes, .. }) = self.decisions.of(id) else {
                continue;
            };
            if self.early_told[index] || node.progress != NodeProgress::Declared {
                continue;
            }
            let facts = self.graph.type_schema(id);
            let Some(old) = self.graph.former(id, &node.seen, self.run_state.state()) else {
                continue;
            };
            let stable = stable_outputs(&old.outputs, changes, &facts);
            if stable != Value::map() {
                program.settle(id, Settlement::Early(stable));
                self.decisions.nudge(id);
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
                    Verdict::Unproven {
                        waits_on_output: true,
                    } if patience.is_over => {
                        return Ok(Quiet {
                            finished: false,
                            assumed: true,
                        });
                    }
                    Verdict::Unproven { .. } => {}
                }
            }
            let own_io = matches!(
                self.latest.report.as_ref().map(|report| report.verdict),
                Some(Verdict::Unproven {
                    waits_on_output: false
                })
            );
            tokio::select! {
                biased;
                () = asked(&mut self.stop) => {
                    return Err(EngineError::stopped(0));
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

    /// Reads existing resources and imports whose ids are known now.
    async fn read_unread(&mut self) -> Result<bool, EngineError> {
        let mut unread = self.decisions.take_unread().into_iter();
        let mut tasks = JoinSet::new();
        let mut any = false;
        loop {
            while tasks.len() < self.settings.parallel
                && let Some(index) = unread.next()
            {
                let existing = self.graph.existing(index);
                let Some(provider) = self.provider_of(index) else {
                    continue;
                };
                tasks.spawn(async move {
                    let read = caught(provider.read(&existing)).await;
                    let read = read.unwrap_or_else(|panic| Err(provider_error(&panic)));
                    (index, read)
                });
            }
            tokio::select! {
                biased;
                () = asked(&mut self.stop) => return Err(EngineError::stopped(0)),
                read = tasks.join_next() => match read {
                    None => return Ok(any),
                    Some(Ok((index, found))) => {
                        self.decisions.was_read(&mut self.graph, index, found);
                        any = true;
                    }
                    Some(Err(cause)) => return Err(EngineError::Internal {
                        message: format!("a reading ended early: {cause}"),
                    }),
                },
            }
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

/// The outputs that these changes leave as they are.
fn stable_outputs(outputs: &Value, changes: &[Change], facts: &TypeSchema) -> Value {
    let mut stable = Value::map();
    for (path, voided_by) in &facts.stable_outputs {
        let voided = changes.iter().any(|change| {
            voided_by
                .iter()
                .any(|pattern| diff::covers(pattern, &change.path))
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
