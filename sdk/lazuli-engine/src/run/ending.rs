//! What is written into the state without an operation: edges, moves, exports.

use std::collections::BTreeMap;
use std::sync::Arc;

use lazuli_core::output::Peek;
use lazuli_core::{Diagnostic, Urn};

use super::Run;
use crate::diff::NodeDecision;
use crate::error::EngineError;
use crate::settings::Operation;
use crate::state::{Entry, Resource};

impl Run<'_> {
    /// Edges, options and moves of unchanged resources are recorded without an operation.
    pub(super) fn note_unchanged(&mut self) {
        if self.operation == Operation::Destroy {
            return;
        }
        let mut moved = Vec::new();
        for at in 0..self.graph.nodes.len() {
            let Some(entry) = self.noting(at) else {
                continue;
            };
            if let Entry::Noted {
                from: Some(from), ..
            } = &entry
            {
                moved.push(from.clone());
            }
            self.run_state.append(entry);
        }
        let doubles: Vec<_> = self.doubles(&moved).collect();
        for entry in doubles {
            self.run_state.append(entry);
        }
    }

    /// What is to be noted of a node, against the state as it is by now: what it
    /// depends on may have moved just before.
    fn noting(&self, at: usize) -> Option<Entry> {
        let node = &self.graph.nodes[at];
        let (index, urn) = (node.registration.index, &node.registration.urn);
        let state = self.run_state.state();
        let old = self.graph.former(index, &node.seen, state)?;
        let from = (old.urn != *urn).then(|| old.urn.clone());
        let resource = match self.decisions.of(index) {
            Some(NodeDecision::Same) => {
                let now = self
                    .graph
                    .record(index, old.id.clone(), old.outputs.clone());
                Resource {
                    inputs: old.inputs.clone(),
                    location: old.location.clone(),
                    ..state.acyclic(state.contained(now))
                }
            }
            // Renamed before anything else happens to it, so that it is never held twice.
            Some(
                NodeDecision::Kept | NodeDecision::Update { .. } | NodeDecision::Replace { .. },
            ) if from.is_some() => Resource {
                urn: urn.clone(),
                ..(**old).clone()
            },
            _ => return None,
        };
        (resource != **old).then(|| Entry::Noted {
            from,
            resource: Arc::new(resource),
        })
    }

    /// What is held twice (left by a crash between the two halves of a move), and
    /// what the program now only looks at: forgotten, not deleted.
    fn doubles(&self, moved: &[Urn]) -> impl Iterator<Item = Entry> {
        let state = self.run_state.state();
        let claimed = state.resources.values().filter(|old| {
            let declared = self.graph.find(&old.urn);
            let looked_at = declared.is_some_and(|index| self.graph.is_existing(index));
            (declared.is_none() || looked_at)
                && self.graph.claims(&old.id)
                && !moved.contains(&old.urn)
        });
        let forgotten = claimed.filter(|old| {
            let holder = self.graph.holder(&old.id);
            let relinquished = holder.is_some_and(|index| self.graph.is_existing(index));
            let mut others = state.resources.values();
            relinquished || others.any(|other| other.urn != old.urn && other.id == old.id)
        });
        forgotten.map(|old| Entry::Forgotten {
            urn: old.urn.clone(),
            id: old.id.clone(),
        })
    }

    /// Nothing is left to do and the program has ended.
    pub(super) fn end(&mut self) -> Result<(), EngineError> {
        let exports = self.latest.exports();
        // What the selection leaves out, or what failed, gives no value.
        let excused = self.decisions.has_excluded()
            || !self.failures.is_empty()
            || self.operation == Operation::Destroy;
        let never = exports
            .iter()
            .filter(|entry| !excused && entry.value.peek() == Peek::Pending);
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
            return Err(EngineError::program(findings));
        }
        self.note_unchanged();
        self.summary.unchanged = self
            .graph
            .nodes
            .iter()
            .filter(|node| self.decisions.of(node.registration.index) == Some(&NodeDecision::Same))
            .count();
        if !self.failures.is_empty() {
            return Err(EngineError::steps(std::mem::take(&mut self.failures)));
        }
        let complete = !self.decisions.has_excluded();
        self.record_exports(complete);
        Ok(())
    }

    /// After a failure: exports that are known take the place of the old ones,
    /// the others stay.
    pub(super) fn keep_known_exports(&mut self) {
        if self.operation == Operation::Up && self.summary.waves > 0 {
            self.record_exports(false);
        }
    }

    /// Exports that are known now; the others stay as they are recorded.
    pub(super) fn record_known_exports(&mut self) {
        self.record_exports(false);
    }

    fn record_exports(&mut self, complete: bool) {
        let exports = self.latest.exports();
        let known = exports.iter().filter_map(|entry| match entry.value.peek() {
            Peek::Known(value) => {
                let secret = entry
                    .value
                    .provenance()
                    .is_some_and(|provenance| provenance.secret);
                Some((
                    entry.name.clone(),
                    if secret { value.into_secret() } else { value },
                ))
            }
            _ => None,
        });
        let mut values: BTreeMap<_, _> = if complete {
            BTreeMap::new()
        } else {
            self.run_state.state().exports.clone()
        };
        values.extend(known);
        if self.operation == Operation::Destroy && complete {
            values.clear();
        }
        self.summary.exports = values.clone().into_iter().collect();
        if self.run_state.state().exports != values {
            self.run_state.append(Entry::Exports { values });
        }
    }
}
