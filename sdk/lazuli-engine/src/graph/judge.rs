//! What is decided about a node: against the state, the selection, and what was
//! read of the cloud.

use std::sync::Arc;

use lazuli_core::executor::NodeId;
use lazuli_core::program::RegistrationKind;
use lazuli_core::{Observed, ProviderError, Recorded, Urn, Value};

use super::{Evaluated, Graph, Progress};
use crate::plan::{
    Candidate, Decision, decide, depends_on_delete_first, import_changes, propagate_replacement,
};
use crate::state::{Resource, State};

impl Graph {
    /// Decides about a node; `None` = the cloud has to be read first.
    pub(super) fn judge(&self, index: NodeId, seen: &Evaluated, state: &State) -> Option<Decision> {
        let node = self.node(index);
        let RegistrationKind::Resource {
            provider, existing, ..
        } = &node.registration.kind
        else {
            return Some(Decision::Component);
        };
        if *existing {
            return self.judge_existing(index, seen);
        }
        let old = self.former(index, seen, state).map(|old| &**old);
        if self.scope.destroying || !self.is_selected(&node.registration.urn) {
            return Some(old.map_or(Decision::Excluded, |_| Decision::Kept));
        }
        if seen.depends_on.iter().any(|dep| self.is_excluded(*dep)) {
            return Some(old.map_or(Decision::Excluded, |_| Decision::Kept));
        }
        let facts = self.type_schema(index);
        let candidate = Candidate {
            seen,
            options: &node.registration.options,
            facts: &facts,
            provider,
            asked: self.scope.selection.replaces(&node.registration.urn),
            stranded: old.is_some_and(|old| self.is_stranded(index, old, state)),
        };
        if !self.scope.blind
            && let Some(id) = self.import_id(index)
            && old.is_none_or(|old| !old.id.eq_ignore_ascii_case(id))
        {
            return self.judge_import(index, &candidate, old);
        }
        Some(propagate_replacement(
            self,
            index,
            &candidate,
            decide(&candidate, old),
            old,
        ))
    }

    /// Whether a resource lies in the old half of a replacement that an earlier
    /// run did not finish.
    pub(super) fn is_stranded(&self, index: NodeId, old: &Resource, state: &State) -> bool {
        let options = &self.node(index).registration.options;
        let container = options.deleted_with.or_else(|| self.container(index));
        let now = container.and_then(|container| {
            let node = self.node(container);
            self.former(container, &node.seen, state)
        });
        match (&old.container_id, now) {
            (Some(was), Some(now)) => !was.eq_ignore_ascii_case(&now.id),
            // Its container is made anew, under whatever name.
            (Some(_), None) => container.is_some_and(|container| !self.is_existing(container)),
            (None, _) => false,
        }
    }

    /// An existing resource is read as soon as its id is known and nothing that
    /// it depends on is going to change.
    pub(super) fn judge_existing(&self, index: NodeId, seen: &Evaluated) -> Option<Decision> {
        let node = self.node(index);
        if node.reading.is_some() {
            return Some(Decision::External);
        }
        if seen.depends_on.iter().any(|dep| self.is_excluded(*dep)) {
            return Some(Decision::Excluded);
        }
        let mut deps = seen.depends_on.iter();
        let stable = deps.all(|dep| {
            let decision = self.node(*dep).decision.as_ref();
            decision.is_some_and(Decision::is_settled)
                || self.node(*dep).progress == Progress::Settled
        });
        let known = seen.id.as_deref().is_some_and(|id| !id.is_empty());
        (self.scope.blind || !(stable && known)).then_some(Decision::ReadLater)
    }

    pub(super) fn judge_import(
        &self,
        index: NodeId,
        candidate: &Candidate<'_>,
        old: Option<&Resource>,
    ) -> Option<Decision> {
        let reading = self.node(index).reading.as_deref()?;
        let Ok(Some(found)) = reading else {
            // A finding of `check` says so.
            return Some(Decision::Create);
        };
        Some(Decision::Import {
            found: Box::new(found.clone()),
            changes: import_changes(candidate, found),
            replaces: old.is_some(),
            delete_first: depends_on_delete_first(self, candidate, old),
        })
    }

    /// The id of the resource that a node wants to adopt, if it wants to.
    pub(crate) fn import_id(&self, index: NodeId) -> Option<&str> {
        let registration = &self.node(index).registration;
        let asked = || {
            let imports = &self.scope.imports;
            let urn = &registration.urn;
            imports
                .get(urn.as_str())
                .or_else(|| imports.get(&urn.address()))
        };
        let own = registration.options.import.as_ref();
        own.or_else(asked).map(String::as_str)
    }

    /// What a node that has to be read is read with.
    pub(crate) fn existing(&self, index: NodeId) -> Recorded {
        let node = self.node(index);
        let id = self.import_id(index).map(str::to_owned);
        Recorded {
            urn: node.registration.urn.clone(),
            id: id.or_else(|| node.seen.id.clone()).unwrap_or_default(),
            inputs: node.seen.inputs.clone(),
            outputs: Value::Null,
        }
    }

    /// Nodes that wait for being read, with their providers.
    pub(crate) fn take_unread(&mut self) -> Vec<NodeId> {
        let mut unread = std::mem::take(&mut self.unread);
        unread.sort_unstable();
        unread.dedup();
        unread
    }

    /// Takes what was read of a node.
    pub(crate) fn read(&mut self, index: NodeId, found: Result<Option<Observed>, ProviderError>) {
        self.nodes[index.index()].reading = Some(Box::new(found));
        self.dirty.push(index);
    }

    pub(crate) fn is_excluded(&self, index: NodeId) -> bool {
        self.node(index).decision == Some(Decision::Excluded)
    }

    pub(crate) fn is_selected(&self, urn: &Urn) -> bool {
        let selection = &self.scope.selection;
        selection.is_everything() || selection.selects(urn, &|place| self.is_resource_place(place))
    }

    pub(crate) fn is_resource_place(&self, place: &str) -> bool {
        self.places.get(place).copied().unwrap_or(false)
    }

    /// The resource of the state that this one was last time: by urn, by alias,
    /// or by id when it was moved within the program.
    pub(crate) fn former<'a>(
        &self,
        index: NodeId,
        seen: &Evaluated,
        state: &'a State,
    ) -> Option<&'a Arc<Resource>> {
        let registration = &self.node(index).registration;
        let urn = &registration.urn;
        let aliased = || {
            registration
                .aliases
                .iter()
                .find_map(|urn| state.resources.get(urn))
        };
        state.resources.get(urn).or_else(aliased).or_else(|| {
            let id = seen.id.as_deref()?;
            let former = self.former_ids.get(&id.to_ascii_lowercase())?;
            let moved = former.ty() == urn.ty() && self.find(former).is_none();
            state.resources.get(former).filter(|_| moved)
        })
    }

    /// Whether the selection leaves out something that does not exist.
    pub(crate) fn has_excluded(&self) -> bool {
        self.nodes
            .iter()
            .any(|node| node.decision == Some(Decision::Excluded))
    }
}
