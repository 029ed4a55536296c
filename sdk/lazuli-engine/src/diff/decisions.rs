//! Which nodes are decided, and who waits for which. A node is looked at when it is
//! new, and again when something that it waits for is decided or settled.

use lazuli_core::node::NodeId;
use lazuli_core::{Observed, ProviderError};

use super::{NodeDecision, evaluate};
use crate::graph::{Evaluated, Graph, NodeProgress};
use crate::state::State;

/// What is decided about the nodes of a graph.
#[derive(Default)]
pub(crate) struct Decisions {
    /// By index; nodes beyond the end are new.
    nodes: Vec<Slot>,
    dirty: Vec<NodeId>,
    /// Nodes that wait for something the program makes itself (a promise): they
    /// look again whenever anything settles.
    unclear: Vec<NodeId>,
    /// Nodes that cannot be decided before the cloud was read.
    unread: Vec<NodeId>,
}

#[derive(Default)]
struct Slot {
    decision: Option<NodeDecision>,
    /// Nodes that look again when this one is decided or settled.
    watchers: Vec<NodeId>,
}

impl Decisions {
    /// The decision about a node, once there is one.
    pub(crate) fn of(&self, index: NodeId) -> Option<&NodeDecision> {
        self.nodes.get(index.index())?.decision.as_ref()
    }

    /// Replaces the decision about a node.
    pub(crate) fn set(&mut self, index: NodeId, decision: NodeDecision) {
        if let Some(slot) = self.nodes.get_mut(index.index()) {
            slot.decision = Some(decision);
        }
    }

    /// Whether the selection leaves out a node, which does not exist.
    pub(crate) fn is_excluded(&self, index: NodeId) -> bool {
        self.of(index) == Some(&NodeDecision::Excluded)
    }

    /// Whether the selection leaves out something that does not exist.
    pub(crate) fn has_excluded(&self) -> bool {
        let mut nodes = self.nodes.iter();
        nodes.any(|slot| slot.decision == Some(NodeDecision::Excluded))
    }

    /// Decides about every node that is new or whose inputs may have changed;
    /// returns those that turned out to be as they already are.
    pub(crate) fn decide(&mut self, graph: &mut Graph, state: &State) -> Vec<NodeId> {
        self.take_new(graph);
        let mut same = Vec::new();
        let mut open = std::mem::take(&mut self.dirty);
        // Who waits for many is named by each of them; looking once is enough.
        open.sort_unstable_by(|a, b| b.cmp(a));
        open.dedup();
        while let Some(index) = open.pop() {
            if graph.node(index).progress != NodeProgress::Declared {
                continue;
            }
            let seen = evaluate(graph, index, state);
            let blocker = seen.depends_on.iter().copied();
            let blocker = blocker.clone().find(|dep| self.of(*dep).is_none());
            if let Some(dep) = blocker.or_else(|| self.about_to_settle(graph, &seen)) {
                self.watch(dep, index);
                continue;
            }
            let first = self.of(index).is_none();
            graph.remember_id(index, &seen, first);
            for dep in &seen.depends_on {
                if !seen.pending.is_empty() && graph.node(*dep).progress == NodeProgress::Declared {
                    self.watch(*dep, index);
                }
            }
            if seen.waits_on_program {
                self.unclear.push(index);
            }
            let decision = self.judge(graph, index, &seen, state);
            graph.nodes[index.index()].seen = seen;
            let Some(decision) = decision else {
                self.unread.push(index);
                continue;
            };
            if decision.is_settled() {
                same.push(index);
            }
            let slot = &mut self.nodes[index.index()];
            slot.decision = Some(decision);
            if first {
                open.append(&mut slot.watchers);
            }
        }
        same
    }

    fn take_new(&mut self, graph: &Graph) {
        let known = self.nodes.len();
        let new = graph.nodes.len().saturating_sub(known);
        if self.nodes.capacity() < known + new {
            // Programs declare most at once; doubling would leave half of it empty.
            self.nodes.reserve_exact(new.max(known / 4));
        }
        let indices = graph.nodes[known..].iter();
        self.dirty
            .extend(indices.map(|node| node.registration.index));
        self.nodes.resize_with(graph.nodes.len(), Slot::default);
    }

    fn watch(&mut self, dep: NodeId, watcher: NodeId) {
        self.nodes[dep.index()].watchers.push(watcher);
    }

    /// A settled dependency of a node with unknown inputs whose outputs the program
    /// gets next: deciding before that would see a change in every unknown.
    fn about_to_settle(&self, graph: &Graph, seen: &Evaluated) -> Option<NodeId> {
        let mut deps = seen.depends_on.iter().copied();
        let next = |dep: &NodeId| {
            let settled = self.of(*dep).is_some_and(NodeDecision::is_settled);
            settled && graph.node(*dep).progress == NodeProgress::Declared
        };
        deps.find(next).filter(|_| !seen.pending.is_empty())
    }

    /// Marks a node as known to the program; who waited for it looks again.
    pub(crate) fn settled(&mut self, graph: &mut Graph, index: NodeId, progress: NodeProgress) {
        graph.nodes[index.index()].progress = progress;
        self.nudge(index);
    }

    /// Nodes that wait for this one look again, without it being settled.
    pub(crate) fn nudge(&mut self, index: NodeId) {
        if let Some(slot) = self.nodes.get_mut(index.index()) {
            // Taken, not drained: a settled node needs no list any more.
            self.dirty.append(&mut std::mem::take(&mut slot.watchers));
        }
        self.dirty.append(&mut self.unclear);
    }

    /// Whether something waits to be looked at.
    pub(crate) fn is_dirty(&self, graph: &Graph) -> bool {
        !self.dirty.is_empty() || self.nodes.len() < graph.nodes.len()
    }

    /// Nodes that wait for being read.
    pub(crate) fn take_unread(&mut self) -> Vec<NodeId> {
        let mut unread = std::mem::take(&mut self.unread);
        unread.sort_unstable();
        unread.dedup();
        unread
    }

    /// Takes what was read of a node; it is looked at again.
    pub(crate) fn was_read(
        &mut self,
        graph: &mut Graph,
        index: NodeId,
        found: Result<Option<Observed>, ProviderError>,
    ) {
        graph.nodes[index.index()].reading = Some(Box::new(found));
        self.dirty.push(index);
    }
}
