//! A lost state, rebuilt from the cloud: the program says what should exist, and
//! whatever of that exists is recorded, as an import of everything would. Ids are
//! known from the program; what the cloud names itself is looked for by the
//! provider. Nothing is changed in the cloud.

use std::collections::BTreeSet;

use lazuli_core::node::NodeId;
use lazuli_core::program::RegistrationKind;
use lazuli_core::stack::Settlement;
use lazuli_core::{Diagnostic, Observed, ProviderError, Severity};
use tokio::task::JoinSet;

use super::Run;
use super::findings::program_errors;
use crate::diff::imported_inputs;
use crate::error::EngineError;
use crate::event::{Event, Failure};
use crate::graph::NodeProgress;
use crate::op::Op;
use crate::settings::{Operation, asked};
use crate::state::{Entry, Resource};

type Answer = Result<Option<Observed>, ProviderError>;

impl Run<'_> {
    /// Records everything that is declared and exists.
    pub(super) async fn rebuild(&mut self) -> Result<(), EngineError> {
        self.refuse_over_a_state()?;
        let mut looked_for = BTreeSet::new();
        let mut failures = Vec::new();
        loop {
            self.quiet().await?;
            self.refuse_a_wrong_program()?;
            let open = self.unrecorded(&looked_for);
            if open.is_empty() {
                break;
            }
            looked_for.extend(open.iter().copied());
            for (index, answer) in self.look_for(open).await? {
                match answer {
                    Ok(Some(found)) => self.record_found(index, found),
                    Ok(None) => self.tell_left_out(index, "the cloud has none".to_owned()),
                    Err(error) => failures.push(self.unread_declared(index, error)),
                }
            }
        }
        self.tell_unclear();
        self.record_known_exports();
        if failures.is_empty() {
            Ok(())
        } else {
            Err(EngineError::steps(failures))
        }
    }

    fn refuse_over_a_state(&self) -> Result<(), EngineError> {
        let recorded = self.run_state.state().resources.len();
        if recorded == 0 || self.operation == (Operation::Rebuild { over: true }) {
            return Ok(());
        }
        Err(EngineError::State {
            file: self.store.location(),
            message: format!("the stack has a state, with {recorded} resources in it"),
            help: "`refresh` writes down what the cloud has of them; `state rebuild --over` adds what is declared, \
                   exists, and is not recorded"
                .into(),
        })
    }

    fn refuse_a_wrong_program(&self) -> Result<(), EngineError> {
        let mut findings = program_errors(&self.latest);
        let own = self.graph.findings.iter();
        let is_error = |finding: &&Diagnostic| finding.severity == Severity::Error;
        findings.extend(own.filter(is_error).cloned());
        if findings.is_empty() {
            Ok(())
        } else {
            Err(EngineError::program(findings))
        }
    }

    /// Declared resources that are not recorded, and whose inputs are known.
    fn unrecorded(&self, looked_for: &BTreeSet<NodeId>) -> Vec<NodeId> {
        let state = self.run_state.state();
        let nodes = self.graph.nodes.iter();
        let open = nodes.filter(|node| {
            let index = node.registration.index;
            let is_resource = matches!(
                node.registration.kind,
                RegistrationKind::Resource {
                    existing: false,
                    ..
                }
            );
            is_resource
                && node.progress == NodeProgress::Declared
                && self.decisions.of(index).is_some()
                && node.seen.pending.is_empty()
                && node.seen.failure.is_none()
                && !looked_for.contains(&index)
                && self.graph.former(index, &node.seen, state).is_none()
        });
        open.map(|node| node.registration.index).collect()
    }

    async fn look_for(&mut self, open: Vec<NodeId>) -> Result<Vec<(NodeId, Answer)>, EngineError> {
        let mut open = open.into_iter();
        let mut tasks = JoinSet::new();
        let mut answers = Vec::new();
        loop {
            while tasks.len() < self.settings.parallel
                && let Some(index) = open.next()
            {
                let existing = self.graph.existing(index);
                let Some(provider) = self.provider_of(index) else {
                    continue;
                };
                tasks.spawn(async move {
                    let answer = if existing.id.is_empty() {
                        provider.find(&existing, &[]).await
                    } else {
                        provider.read(&existing).await
                    };
                    (index, answer)
                });
            }
            tokio::select! {
                biased;
                () = asked(&mut self.stop) => return Err(EngineError::stopped(0)),
                answer = tasks.join_next() => match answer {
                    None => break,
                    Some(Ok(answer)) => answers.push(answer),
                    Some(Err(cause)) => return Err(EngineError::Internal {
                        message: format!("a provider panicked while it read: {cause}"),
                    }),
                },
            }
        }
        // Containers are declared before what lies in them.
        answers.sort_by_key(|(index, _)| *index);
        Ok(answers)
    }

    fn record_found(&mut self, index: NodeId, found: Observed) {
        let inputs = imported_inputs(&self.graph, index, &found);
        let resource = self.graph.record(index, found.id, found.outputs);
        let resource = self
            .run_state
            .state()
            .contained(Resource { inputs, ..resource });
        self.frontend.event(&Event::Settled {
            urn: resource.urn.clone(),
            op: Op::Import,
            found: format!("{} is recorded", resource.id),
        });
        if let Some(program) = &mut self.program {
            program.settle(index, Settlement::Full(resource.outputs.clone()));
        }
        self.decisions
            .settled(&mut self.graph, index, NodeProgress::Settled);
        self.summary.imported += 1;
        self.run_state.append(Entry::Noted {
            from: None,
            resource: resource.into(),
        });
    }

    fn tell_left_out(&mut self, index: NodeId, reason: String) {
        let urn = self.graph.node(index).registration.urn.clone();
        self.frontend.event(&Event::StepSkipped {
            urn,
            op: Op::Import,
            reason,
        });
    }

    /// What could not even be looked for, because what it is made of is not there.
    fn tell_unclear(&mut self) {
        let mut unclear = Vec::new();
        for node in &self.graph.nodes {
            if node.progress == NodeProgress::Declared && !node.seen.pending.is_empty() {
                let waits = node.seen.pending.iter().map(|pending| pending.path.clone());
                let waits: Vec<_> = waits.collect();
                unclear.push((node.registration.index, waits.join(", ")));
            }
        }
        for (index, waits) in unclear {
            self.tell_left_out(
                index,
                format!("it waits for something that is not there ({waits})"),
            );
        }
    }

    fn unread_declared(&self, index: NodeId, error: ProviderError) -> Failure {
        let registration = &self.graph.node(index).registration;
        Failure {
            urn: registration.urn.clone(),
            op: Op::Read,
            location: Some(registration.at.into()),
            kind: error.kind,
            code: error.code,
            message: format!("it cannot be read: {}", error.message),
            help: error.help,
            left: Some(
                "it is not recorded; `state rebuild --over` tries again for what is missing"
                    .to_owned(),
            ),
        }
    }
}
