//! Findings about what was declared: by providers, one resource or all of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use lazuli_core::node::NodeId;
use lazuli_core::program::{Registration, RegistrationKind};
use lazuli_core::{DeclaredNode, Diagnostic, Lifecycle, OutputError, Schema};

use super::{Decisions, NodeDecision};
use crate::graph::{Graph, Node, NodeProgress};

/// Everything that one provider serves.
struct Whole<'a> {
    schema: &'a dyn Schema,
    indices: Vec<NodeId>,
    declared: Vec<DeclaredNode>,
}

impl Decisions {
    /// Resources that are about to be created, by the names of their providers: what
    /// the cloud can be asked about before that.
    pub(crate) fn to_create(&self, graph: &Graph) -> BTreeMap<Arc<str>, Vec<DeclaredNode>> {
        let mut found: BTreeMap<Arc<str>, Vec<DeclaredNode>> = BTreeMap::new();
        for node in &graph.nodes {
            let RegistrationKind::Resource { provider, .. } = &node.registration.kind else {
                continue;
            };
            let index = node.registration.index;
            if self.of(index) != Some(&NodeDecision::Create) {
                continue;
            }
            let declared = DeclaredNode {
                desired: graph.desired(index, Lifecycle::Create),
                location: node.registration.at.into(),
                depends_on: Vec::new(),
                existing: false,
            };
            found.entry(provider.clone()).or_default().push(declared);
        }
        found
    }

    /// Runs the checks of schemas on every resource that is not settled, and the
    /// checks over the whole graph.
    pub(crate) fn check(&self, graph: &Graph) -> Vec<Diagnostic> {
        let mut findings = graph.findings.clone();
        let whole = declared(graph);
        let all = whole
            .iter()
            .flat_map(|part| part.indices.iter().zip(&part.declared));
        let desired: HashMap<NodeId, &lazuli_core::Declared> =
            all.map(|(index, one)| (*index, &one.desired)).collect();
        for node in &graph.nodes {
            let RegistrationKind::Resource { provider: name, .. } = &node.registration.kind else {
                continue;
            };
            let Some(schema) = graph.schema(name) else {
                continue;
            };
            let left_alone = matches!(
                self.of(node.registration.index),
                Some(NodeDecision::Kept | NodeDecision::Excluded | NodeDecision::External)
            );
            let desired = desired
                .get(&node.registration.index)
                .filter(|_| !left_alone);
            if let Some(desired) = desired.filter(|_| node.progress == NodeProgress::Declared) {
                findings.extend(
                    schema
                        .check(desired)
                        .into_iter()
                        .map(|finding| located(finding, &node.registration)),
                );
                findings.extend(
                    node.seen
                        .failure
                        .as_ref()
                        .map(|error| failed_input(error, &node.registration)),
                );
            }
            findings.extend(unreadable(graph, node));
        }
        for part in &whole {
            findings.extend(part.schema.verify(&part.declared));
        }
        findings
    }
}

/// Imports and existing resources that are not there, or cannot be read.
fn unreadable(graph: &Graph, node: &Node) -> Option<Diagnostic> {
    let registration = &node.registration;
    let id = graph.existing(registration.index).id;
    let place = registration.urn.address();
    let (message, help) = match node.reading.as_deref()? {
        Ok(Some(_)) => return None,
        Ok(None) => (
            format!("{place} is to be taken from the cloud, but {id} does not exist"),
            "correct the id, or declare the resource without `import` or `existing` to create it"
                .to_owned(),
        ),
        Err(error) => (
            format!("{place} cannot be read ({id}): {}", error.message),
            error.help.clone().unwrap_or_else(|| {
                "check the id and your access to it, then run the command again".to_owned()
            }),
        ),
    };
    let finding = Diagnostic::error("LZ0012", message).on(&registration.urn);
    Some(finding.at(registration.at).help(help))
}

/// What can be proved of all resources.
pub(crate) fn proofs(graph: &Graph) -> Vec<lazuli_core::Proof> {
    let whole = declared(graph).into_iter();
    whole
        .flat_map(|part| part.schema.proofs(&part.declared))
        .collect()
}

/// All resources, by provider.
fn declared(graph: &Graph) -> Vec<Whole<'_>> {
    let mut whole: BTreeMap<&str, (Vec<NodeId>, Vec<DeclaredNode>)> = BTreeMap::new();
    for node in &graph.nodes {
        let RegistrationKind::Resource { provider: name, .. } = &node.registration.kind else {
            continue;
        };
        let index = node.registration.index;
        let (indices, declared) = whole.entry(name).or_default();
        indices.push(index);
        declared.push(DeclaredNode {
            desired: graph.desired(index, Lifecycle::Create),
            location: node.registration.at.into(),
            depends_on: Vec::new(),
            existing: graph.is_existing(index),
        });
    }
    let mut found = Vec::with_capacity(whole.len());
    for (name, (indices, mut declared)) in whole {
        let position: HashMap<_, _> = indices
            .iter()
            .enumerate()
            .map(|(at, index)| (*index, at))
            .collect();
        for (at, index) in indices.iter().enumerate() {
            let deps = graph.node(*index).seen.depends_on.iter();
            declared[at].depends_on = deps.filter_map(|dep| position.get(dep).copied()).collect();
        }
        found.extend(graph.schema(name).map(|schema| Whole {
            schema,
            indices,
            declared,
        }));
    }
    found
}

fn located(mut finding: Diagnostic, registration: &Registration) -> Diagnostic {
    finding.urn.get_or_insert_with(|| registration.urn.clone());
    finding
        .location
        .get_or_insert_with(|| registration.at.into());
    finding
}

fn failed_input(error: &OutputError, registration: &Registration) -> Diagnostic {
    let message = format!(
        "an input of {} cannot be had: {error}",
        registration.urn.address()
    );
    Diagnostic::error("LZ0005", message)
        .on(&registration.urn)
        .at(registration.at)
}
