//! Why a step is there, back to what the program declares.

use lazuli_core::Urn;

use super::{Plan, Step};
use crate::diff::{Because, Reason, covers};
use crate::op::Op;

/// One link of a cause chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// How far from the step, from 0.
    pub depth: usize,
    /// The resource whose step this reason belongs to.
    pub urn: Urn,
    /// What happens to it.
    pub op: Op,
    /// The reason.
    pub reason: Reason,
}

const LONGEST_CHAIN: usize = 50;

impl Plan {
    /// Why a step is there, back to what the program declares: the step's own
    /// reasons, then those of the upstream steps, each resource once.
    pub fn chain(&self, urn: &Urn) -> Vec<Link> {
        let mut links = Vec::new();
        let mut seen = vec![urn.clone()];
        let mut open = vec![(0, urn.clone())];
        while let Some((depth, urn)) = open.pop() {
            let Some(step) = self.bringing(&urn) else {
                continue;
            };
            // What an upstream step changes on its own is where the chain ends.
            let own = step.changes.iter().filter(|change| {
                let mut told = step
                    .reasons
                    .iter()
                    .filter_map(|reason| reason.path.as_ref());
                depth > 0 && !told.any(|path| covers(path, &change.path))
            });
            let own: Vec<_> = own
                .map(|change| Reason::at(&change.path, Because::Declared))
                .collect();
            for reason in step.reasons.iter().chain(&own) {
                if links.len() == LONGEST_CHAIN {
                    return links;
                }
                if let Some(upstream) = reason.upstream().filter(|urn| !seen.contains(urn)) {
                    seen.push(upstream.clone());
                    open.push((depth + 1, upstream.clone()));
                }
                links.push(Link {
                    depth,
                    urn: urn.clone(),
                    op: step.op,
                    reason: reason.clone(),
                });
            }
        }
        links
    }

    /// The step that a reason about a resource points to: the one that brings
    /// it, or else the one that removes it.
    fn bringing(&self, urn: &Urn) -> Option<&Step> {
        let mut steps = self.steps.iter().filter(|step| step.urn == *urn);
        let first = steps.next()?;
        if first.op.is_delete() {
            steps.find(|step| !step.op.is_delete()).or(Some(first))
        } else {
            Some(first)
        }
    }
}
