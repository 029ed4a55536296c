//! What a run is about, and what a node was before: selections, imports, the state.

use std::collections::BTreeMap;
use std::sync::Arc;

use lazuli_core::node::NodeId;
use lazuli_core::{Recorded, Urn, Value};

use super::{Evaluated, Graph};
use crate::select::Selection;
use crate::state::{Resource, State};

/// What a run is about, beside what the program declares.
#[derive(Default)]
pub(crate) struct RunScope {
    /// Targets, excludes, forced replacements.
    pub(crate) selection: Selection,
    /// Places or urns of resources to adopt, with ids.
    pub(crate) imports: BTreeMap<String, String>,
    /// Everything goes; the program runs for its hooks only.
    pub(crate) destroying: bool,
    /// The cloud is not read: existing resources are taken to be there.
    pub(crate) blind: bool,
}

impl Graph {
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
}
