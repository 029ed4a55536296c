//! Compares the state with the cloud and writes down what is really there.
//!
//! A resource leaves the state only when the cloud itself says that it does not
//! exist; any other failure to read it ends the run with nothing written.

use std::sync::Arc;

use lazuli_core::{Observed, ProviderError, ProviderErrorKind, TypeSchema};
use tokio::task::JoinSet;

use super::Run;
use crate::diff::{Change, actual_inputs, drift};
use crate::error::EngineError;
use crate::event::{Decision as Answer, Event, Failure};
use crate::graph::{hide_like, with_secrets};
use crate::op::Op;
use crate::settings::{Operation, asked};
use crate::state::{Entry, Resource};

/// What was found of one resource.
struct Found {
    resource: Arc<Resource>,
    answer: Result<Option<Observed>, ProviderError>,
}

impl Run<'_> {
    /// Reads every selected resource of the state.
    pub(super) async fn refresh(&mut self) -> Result<(), EngineError> {
        let found = self.read_all().await?;
        let mut entries = Vec::new();
        let mut failures = Vec::new();
        let mut drifted = 0;
        for Found { resource, answer } in found {
            match answer {
                Ok(Some(created)) => {
                    let (now, changes) = self.compare(&resource, created);
                    if !changes.is_empty() {
                        drifted += 1;
                        self.tell_drift(&resource, changes, false);
                    }
                    if now != *resource {
                        entries.push(Entry::Noted {
                            from: None,
                            resource: Arc::new(now),
                        });
                    }
                }
                Ok(None) => {
                    drifted += 1;
                    self.tell_drift(&resource, Vec::new(), true);
                    entries.push(Entry::Forgotten {
                        urn: resource.urn.clone(),
                        id: resource.id.clone(),
                    });
                }
                Err(error) if error.kind == ProviderErrorKind::Unhealthy => {
                    tracing::warn!(urn = %resource.urn, %error, "it exists but is not healthy");
                    entries.push(Entry::Noted {
                        from: None,
                        resource: Arc::new(Resource {
                            uncertain: true,
                            ..(*resource).clone()
                        }),
                    });
                }
                Err(error) => failures.push(unread(&resource, error)),
            }
        }
        if !failures.is_empty() {
            return Err(EngineError::steps(failures));
        }
        self.settle_drift(drifted, entries).await
    }

    async fn settle_drift(
        &mut self,
        drifted: usize,
        entries: Vec<Entry>,
    ) -> Result<(), EngineError> {
        self.summary.drifted = drifted;
        if self.operation == Operation::Refresh && drifted > 0 {
            if self.settings.expect_no_changes {
                return Err(EngineError::UnexpectedChanges { changes: drifted });
            }
            if self.frontend.approve_drift(drifted).await == Answer::Refused {
                return Err(EngineError::refused());
            }
        }
        for entry in entries {
            self.run_state.append(entry);
        }
        self.restart();
        Ok(())
    }

    fn tell_drift(&mut self, resource: &Resource, changes: Vec<Change>, gone: bool) {
        self.frontend.event(&Event::Drifted {
            urn: resource.urn.clone(),
            location: resource.location.clone(),
            changes,
            gone,
        });
    }

    /// The resource as it really is, and how declared properties differ.
    fn compare(&self, old: &Resource, created: Observed) -> (Resource, Vec<Change>) {
        let schema = self.graph.schema(&old.provider);
        let facts = schema.map_or_else(TypeSchema::unknown, |schema| {
            schema.type_schema(old.urn.ty())
        });
        let inputs = actual_inputs(&old.inputs, &created.outputs, &facts);
        let changes = drift(&old.inputs, &inputs, &facts);
        let mut outputs = with_secrets(created.outputs, &old.inputs, &old.secret_outputs);
        hide_like(&mut outputs, &old.outputs);
        let now = Resource {
            id: created.id,
            outputs,
            inputs: if changes.is_empty() {
                old.inputs.clone()
            } else {
                inputs
            },
            ..old.clone()
        };
        (now, changes)
    }

    async fn read_all(&mut self) -> Result<Vec<Found>, EngineError> {
        let state = self.run_state.state();
        let is_resource = |place: &str| self.graph.is_resource_place(place);
        let selection = &self.settings.selection;
        let selected = state.resources.values().filter(|resource| {
            selection.is_everything() || selection.selects(&resource.urn, &is_resource)
        });
        let mut waiting: Vec<Arc<Resource>> = selected.cloned().collect();
        waiting.reverse();
        let mut tasks = JoinSet::new();
        let mut found = Vec::new();
        loop {
            while tasks.len() < self.settings.parallel
                && let Some(resource) = waiting.pop()
            {
                let provider = self.settings.providers.get(&*resource.provider).cloned();
                tasks.spawn(async move {
                    let answer = match provider {
                        Some(provider) => provider.read(&resource.existing()).await,
                        None => Err(ProviderError::new(
                            ProviderErrorKind::Refused,
                            format!(
                                "there is no provider {:?} to read it with",
                                resource.provider
                            ),
                        )),
                    };
                    Found { resource, answer }
                });
            }
            tokio::select! {
                biased;
                () = asked(&mut self.stop) => return Err(EngineError::stopped(0)),
                read = tasks.join_next() => match read {
                    None => break,
                    Some(Ok(one)) => found.push(one),
                    Some(Err(cause)) => return Err(EngineError::Internal {
                        message: format!("a provider panicked while it read: {cause}"),
                    }),
                },
            }
        }
        found.sort_by(|a, b| a.resource.urn.cmp(&b.resource.urn));
        Ok(found)
    }
}

fn unread(resource: &Resource, error: ProviderError) -> Failure {
    Failure {
        urn: resource.urn.clone(),
        op: Op::Read,
        location: Some(resource.location.clone()),
        kind: error.kind,
        code: error.code,
        message: format!("it cannot be read: {}", error.message),
        help: error.help,
        left: Some("it stays in the state as it was; nothing was written".to_owned()),
    }
}
