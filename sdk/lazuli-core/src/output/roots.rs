//! What pending outputs finally wait for.

use std::sync::{Arc, Weak};

use super::source::{Node, Source};
use crate::node::NodeId;

/// What pending outputs finally wait for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots {
    /// Properties of resources, with the property's path.
    pub resources: Vec<(NodeId, Arc<str>)>,
    /// Tasks and promises of the program that wait for no output themselves.
    pub program: Vec<crate::SourceLocation>,
}

/// Follows pending outputs to their roots, iteratively.
pub(crate) fn roots(from: impl IntoIterator<Item = Weak<dyn Node>>) -> Roots {
    let mut found = Roots::default();
    let mut open: Vec<Weak<dyn Node>> = from.into_iter().collect();
    // Most outputs are one property of one resource, or computed from it.
    while let [only] = open.as_slice() {
        let Some(node) = only.upgrade().filter(|node| !node.is_settled()) else {
            return found;
        };
        match node.source() {
            Source::Resource(id, path) => {
                found.resources.push((*id, path.clone()));
                return found;
            }
            Source::Derived(sources) => open.clone_from(sources),
            _ => break,
        }
    }
    let mut seen = std::collections::HashSet::new();
    while let Some(next) = open.pop() {
        let Some(node) = next.upgrade() else { continue };
        if node.is_settled() || !seen.insert(Arc::as_ptr(&node).cast::<()>() as usize) {
            continue;
        }
        match node.source() {
            Source::Resource(id, path) => found.resources.push((*id, path.clone())),
            Source::Derived(sources) => open.extend(sources.iter().cloned()),
            Source::Program => found.program.push(node.at().into()),
            Source::Task(slot) => match slot.get().and_then(Weak::upgrade).map(|task| task.waits())
            {
                Some(waits) if !waits.is_empty() => {
                    open.extend(waits.into_iter().map(|wait| wait.on))
                }
                _ => found.program.push(node.at().into()),
            },
        }
    }
    found.resources.sort();
    found.resources.dedup();
    found.program.sort();
    found.program.dedup();
    found
}
