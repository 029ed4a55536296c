//! What is decided about a node: against the state, the selection, and what was
//! read of the cloud.

use lazuli_core::node::NodeId;
use lazuli_core::program::RegistrationKind;

use super::decide::{
    Upstream, decide, depends_on_delete_first, import_changes, propagate_replacement,
};
use super::{Candidate, Decisions, NodeDecision};
use crate::graph::{Evaluated, Graph, NodeProgress};
use crate::state::{Resource, State};

impl Decisions {
    /// Decides about a node; `None` = the cloud has to be read first.
    pub(super) fn judge(
        &self,
        graph: &Graph,
        index: NodeId,
        seen: &Evaluated,
        state: &State,
    ) -> Option<NodeDecision> {
        let node = graph.node(index);
        let RegistrationKind::Resource {
            provider, existing, ..
        } = &node.registration.kind
        else {
            return Some(NodeDecision::Component);
        };
        if *existing {
            return self.judge_existing(graph, index, seen);
        }
        let (urn, scope) = (&node.registration.urn, graph.scope());
        let old = graph.former(index, seen, state).map(|old| &**old);
        let leaves_out = scope.destroying
            || !graph.is_selected(urn)
            || seen.depends_on.iter().any(|dep| self.is_excluded(*dep));
        if leaves_out {
            return Some(old.map_or(NodeDecision::Excluded, |_| NodeDecision::Kept));
        }
        let schema = graph.type_schema(index);
        let candidate = Candidate {
            seen,
            options: &node.registration.options,
            schema: &schema,
            provider,
            asked: scope.selection.replaces(urn),
            stranded: old.is_some_and(|old| is_stranded(graph, index, old, state)),
        };
        let upstream = Upstream {
            graph,
            decisions: self,
        };
        if !scope.blind
            && let Some(id) = graph.import_id(index)
            && old.is_none_or(|old| !old.id.eq_ignore_ascii_case(id))
        {
            return judge_import(upstream, index, &candidate, old);
        }
        let own = decide(&candidate, old);
        Some(propagate_replacement(upstream, index, &candidate, own, old))
    }

    /// An existing resource is read as soon as its id is known and nothing that
    /// it depends on is going to change.
    fn judge_existing(
        &self,
        graph: &Graph,
        index: NodeId,
        seen: &Evaluated,
    ) -> Option<NodeDecision> {
        if graph.node(index).reading.is_some() {
            return Some(NodeDecision::External);
        }
        if seen.depends_on.iter().any(|dep| self.is_excluded(*dep)) {
            return Some(NodeDecision::Excluded);
        }
        let mut deps = seen.depends_on.iter();
        let stable = deps.all(|dep| {
            self.of(*dep).is_some_and(NodeDecision::is_settled)
                || graph.node(*dep).progress == NodeProgress::Settled
        });
        let known = seen.id.as_deref().is_some_and(|id| !id.is_empty());
        (graph.scope().blind || !(stable && known)).then_some(NodeDecision::ReadLater)
    }
}

/// Whether a resource lies in the old half of a replacement that an earlier
/// run did not finish.
fn is_stranded(graph: &Graph, index: NodeId, old: &Resource, state: &State) -> bool {
    let options = &graph.node(index).registration.options;
    let container = options.deleted_with.or_else(|| graph.container(index));
    let now = container.and_then(|container| {
        let node = graph.node(container);
        graph.former(container, &node.seen, state)
    });
    match (&old.container_id, now) {
        (Some(was), Some(now)) => !was.eq_ignore_ascii_case(&now.id),
        // Its container is made anew, under whatever name.
        (Some(_), None) => container.is_some_and(|container| !graph.is_existing(container)),
        (None, _) => false,
    }
}

fn judge_import(
    upstream: Upstream<'_>,
    index: NodeId,
    candidate: &Candidate<'_>,
    old: Option<&Resource>,
) -> Option<NodeDecision> {
    let reading = upstream.graph.node(index).reading.as_deref()?;
    let Ok(Some(found)) = reading else {
        // A finding of `check` says so.
        return Some(NodeDecision::Create);
    };
    Some(NodeDecision::Import {
        found: Box::new(found.clone()),
        changes: import_changes(candidate, found),
        replaces: old.is_some(),
        delete_first: depends_on_delete_first(upstream, candidate, old),
    })
}
