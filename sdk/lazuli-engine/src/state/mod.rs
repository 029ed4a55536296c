//! The state: a fold over the journal. Only journal entries change it.

mod check;
mod transition;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use lazuli_core::{Recorded, SourceLocation, Urn, Value};

pub use self::transition::Illegal;
use crate::op::Op;

/// A resource as the last successful operation left it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Identity across runs.
    pub urn: Urn,
    /// Name of the provider that serves it.
    pub provider: Arc<str>,
    /// The cloud's id.
    pub id: String,
    /// Inputs of that operation.
    pub inputs: Value,
    /// What the cloud answered.
    pub outputs: Value,
    /// Resources it depends on, as of its last registration.
    pub depends_on: Vec<Urn>,
    /// The resource that contains it, if one does.
    pub parent: Option<Urn>,
    /// Delete and replace are refused.
    pub protect: bool,
    /// Delete only forgets it.
    pub retain_on_delete: bool,
    /// Where the program declared it.
    pub location: SourceLocation,
    /// Its last operation was interrupted or left it unhealthy: the next `up`
    /// writes it again even if nothing differs.
    pub uncertain: bool,
    /// The cloud deletes it with that resource.
    pub deleted_with: Option<Urn>,
    /// Resources that may use it until they are changed: removed after their
    /// updates. No edge: they need not be there.
    pub delete_after: Vec<Urn>,
    /// The next `up` replaces it.
    pub tainted: bool,
    /// Id of what contained it at its last operation: the one it is deleted
    /// with, or else its parent. Another id now means that it lies in the old
    /// half of a replacement.
    pub container_id: Option<String>,
    /// Value of the replacement trigger at its last operation.
    pub trigger: Option<Value>,
    /// Dotted paths of outputs that the program declared secret.
    pub secret_outputs: Vec<String>,
    /// How long its deletion may take; `None` = the provider's default.
    pub delete_timeout: Option<Duration>,
    /// The program has actions around its deletion.
    pub delete_hooks: bool,
}

impl Resource {
    /// What it needs: dependencies, its container, what it is deleted with.
    pub fn edges(&self) -> impl Iterator<Item = &Urn> {
        self.depends_on
            .iter()
            .chain(&self.parent)
            .chain(&self.deleted_with)
    }

    fn edges_mut(&mut self) -> impl Iterator<Item = &mut Urn> {
        self.depends_on
            .iter_mut()
            .chain(&mut self.parent)
            .chain(&mut self.deleted_with)
            .chain(&mut self.delete_after)
    }

    /// Follows another resource that was renamed.
    pub(crate) fn rename_edges(&mut self, from: &Urn, to: &Urn) {
        for edge in self.edges_mut().filter(|edge| *edge == from) {
            *edge = to.clone();
        }
    }

    /// The resource in the form that providers take.
    pub fn existing(&self) -> Recorded {
        Recorded {
            urn: self.urn.clone(),
            id: self.id.clone(),
            inputs: self.inputs.clone(),
            outputs: self.outputs.clone(),
        }
    }
}

/// An operation that was started and whose end is not recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct InFlight {
    /// What was being done.
    pub op: Op,
    /// The resource as it would be afterwards (creates and updates), or as it was (deletes).
    /// Its id is empty when the cloud had not given one yet.
    pub resource: Arc<Resource>,
    /// Lets the provider go on waiting for the operation.
    pub token: Option<Value>,
    /// What the cloud deletes along with it: they leave the state together.
    pub members: Vec<(Urn, String)>,
}

/// One change of the state.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// An operation is about to be requested.
    Started {
        /// Number of the operation, unique within the journal.
        operation: u64,
        /// What may be in flight from now on.
        in_flight: Box<InFlight>,
    },
    /// The cloud accepted it.
    Accepted {
        /// Number of the operation.
        operation: u64,
        /// See [`InFlight::token`].
        token: Value,
    },
    /// It is over and nothing of it remains in flight.
    Ended {
        /// Number of the operation.
        operation: u64,
        /// What it left.
        outcome: Outcome,
    },
    /// Bookkeeping of a resource changed without an operation: edges, options, location, a move.
    Noted {
        /// The urn it had, if it moved.
        from: Option<Urn>,
        /// The resource as it is recorded from now on.
        resource: Arc<Resource>,
    },
    /// A resource was forgotten without an operation.
    Forgotten {
        /// The resource.
        urn: Urn,
        /// Its id, which distinguishes the halves of a replacement.
        id: String,
    },
    /// The exports of a successful run, replacing the former ones.
    Exports {
        /// Values by name.
        values: BTreeMap<String, Value>,
    },
}

/// What an operation left behind.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The resource is as recorded here.
    Is(Arc<Resource>),
    /// A new resource took the urn; the former one still awaits its deletion.
    Superseded(Arc<Resource>),
    /// The resource is gone.
    Gone,
    /// Nothing changed.
    Nothing,
}

impl Outcome {
    /// A new resource took the place of an old one, which is forgotten if it is
    /// retained, and awaits its deletion otherwise.
    pub(crate) fn replaced(old: &Resource, new: Arc<Resource>) -> Self {
        if old.retain_on_delete || new.retain_on_delete {
            Self::Is(new)
        } else {
            Self::Superseded(new)
        }
    }
}

/// Everything known about a stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Grows with every entry.
    pub serial: u64,
    /// Living resources; shared with the entries that made them.
    pub resources: BTreeMap<Urn, Arc<Resource>>,
    /// Former halves of replacements that still have to be deleted, by id.
    pub superseded: BTreeMap<String, Arc<Resource>>,
    /// Operations whose end is not recorded, by number.
    pub in_flight: BTreeMap<u64, InFlight>,
    /// Exports of the last successful run.
    pub exports: BTreeMap<String, Value>,
}

impl State {
    /// What an entry changes, whether it may follow or not. Only journals of before
    /// entries were refused are read like that; see [`State::apply`].
    pub(crate) fn fold(&mut self, entry: &Entry) {
        self.serial += 1;
        match entry {
            Entry::Started {
                operation,
                in_flight,
            } => {
                self.in_flight.insert(*operation, (**in_flight).clone());
            }
            Entry::Accepted { operation, token } => {
                if let Some(in_flight) = self.in_flight.get_mut(operation) {
                    in_flight.token = Some(token.clone());
                }
            }
            Entry::Ended { operation, outcome } => {
                let ended = self.in_flight.remove(operation);
                self.end(ended, outcome);
            }
            Entry::Noted { from, resource } => {
                if let Some(from) = from {
                    self.resources.remove(from);
                    self.rename(from, &resource.urn);
                }
                self.resources
                    .insert(resource.urn.clone(), resource.clone());
            }
            Entry::Forgotten { urn, id } => self.forget(urn, id),
            Entry::Exports { values } => self.exports.clone_from(values),
        }
    }

    fn forget(&mut self, urn: &Urn, id: &str) {
        let living = self.resources.get(urn);
        if living.is_some_and(|living| living.id.eq_ignore_ascii_case(id)) {
            self.resources.remove(urn);
        } else {
            // never the one that took its place.
            self.superseded.remove(id);
        }
    }

    fn end(&mut self, ended: Option<InFlight>, outcome: &Outcome) {
        match outcome {
            Outcome::Is(resource) => {
                self.resources
                    .insert(resource.urn.clone(), resource.clone());
            }
            Outcome::Superseded(resource) => {
                let former = self
                    .resources
                    .insert(resource.urn.clone(), resource.clone());
                if let Some(former) = former {
                    self.superseded.insert(former.id.clone(), former);
                }
            }
            Outcome::Gone => {
                let Some(ended) = ended else { return };
                for (urn, id) in &ended.members {
                    self.forget(urn, id);
                }
                // The old half of a replacement may have the id of a living one.
                if self.superseded.remove(&ended.resource.id).is_none() {
                    self.forget(&ended.resource.urn, &ended.resource.id);
                }
            }
            Outcome::Nothing => {}
        }
    }

    /// A moved resource is renamed in every edge of the others.
    fn rename(&mut self, from: &Urn, to: &Urn) {
        let in_flight = self.in_flight.values_mut().map(|op| &mut op.resource);
        let all = self
            .resources
            .values_mut()
            .chain(self.superseded.values_mut());
        for resource in all.chain(in_flight) {
            let follows = |edge: &Urn| edge == from;
            let names_it = resource.edges().chain(&resource.delete_after).any(follows);
            if resource.urn != *from && !names_it {
                continue;
            }
            let resource = Arc::make_mut(resource);
            // The old halves of its replacements are known by its name, too.
            if resource.urn == *from {
                resource.urn = to.clone();
            }
            resource.rename_edges(from, to);
        }
    }

    /// The resource without those new dependencies that still lead back to it:
    /// an edge that turned around is recorded once its other end was changed.
    pub(crate) fn acyclic(&self, mut resource: Resource) -> Resource {
        if let Some(old) = self.resources.get(&resource.urn) {
            let urn = &resource.urn;
            resource
                .depends_on
                .retain(|edge| old.depends_on.contains(edge) || !self.reaches(edge, urn));
        }
        resource
    }

    /// Whether a resource depends on another, directly or not.
    fn reaches<'a>(&'a self, from: &'a Urn, to: &Urn) -> bool {
        let (mut open, mut seen) = (vec![from], HashSet::new());
        while let Some(urn) = open.pop() {
            if urn == to {
                return true;
            }
            if seen.insert(urn)
                && let Some(resource) = self.resources.get(urn)
            {
                open.extend(resource.edges());
            }
        }
        false
    }

    /// The resource as an update of unknown outcome leaves it: it may still use
    /// what it used before, so that is kept among what it depends on.
    pub(crate) fn half_updated(&self, resource: Resource) -> Resource {
        let before = self.resources.get(&resource.urn).into_iter();
        let before = before.flat_map(|old| &old.depends_on).cloned();
        let mut depends_on = resource.depends_on;
        depends_on.extend(before);
        depends_on.sort();
        depends_on.dedup();
        Resource {
            depends_on,
            ..resource
        }
    }

    /// Lets edges share the texts of the urns that they lead to. A state that was
    /// read has a copy for each.
    pub(crate) fn share_urns(&mut self) {
        let known: HashSet<Urn> = self.resources.keys().cloned().collect();
        for resource in self.resources.values_mut().filter_map(Arc::get_mut) {
            for edge in resource.edges_mut() {
                if let Some(urn) = known.get(edge) {
                    *edge = urn.clone();
                }
            }
        }
    }

    /// Whether a resource that is known has this id. Looks at all of them.
    pub(crate) fn has_id(&self, id: &str) -> bool {
        let mut living = self.resources.values();
        self.superseded.contains_key(id) || living.any(|resource| resource.id == id)
    }

    /// The same with the id of what contains it now.
    pub(crate) fn contained(&self, resource: Resource) -> Resource {
        let container = resource.deleted_with.as_ref().or(resource.parent.as_ref());
        let container = container.and_then(|urn| self.resources.get(urn));
        Resource {
            container_id: container.map(|container| container.id.clone()),
            ..resource
        }
    }

    /// Ids that resources of this urn have: the living one, and old halves of
    /// replacements.
    pub fn ids_of(&self, urn: &Urn) -> Vec<String> {
        let living = self.resources.get(urn).into_iter();
        let old = self.superseded.values().filter(|old| old.urn == *urn);
        living
            .chain(old)
            .map(|resource| resource.id.clone())
            .collect()
    }

    /// Ids that resources of this type have, old halves of replacements included.
    /// Looks at all of them.
    pub(crate) fn ids_of_type(&self, ty: &str) -> Vec<String> {
        let all = self.resources.values().chain(self.superseded.values());
        let of_type = all.filter(|resource| resource.urn.ty() == ty);
        of_type.map(|resource| resource.id.clone()).collect()
    }

    /// The next free operation number.
    pub fn next_operation(&self) -> u64 {
        self.serial + 1
    }
}

/// A resource that tests of this crate make states of.
#[cfg(test)]
pub(crate) fn sample(name: &str) -> Resource {
    Resource {
        urn: Urn::new("dev", "test", "", "test:Thing", name),
        provider: "test".into(),
        id: format!("id-{name}"),
        inputs: Value::map(),
        outputs: Value::map(),
        depends_on: Vec::new(),
        parent: None,
        protect: false,
        retain_on_delete: false,
        location: SourceLocation {
            file: "main.rs".into(),
            line: 1,
        },
        uncertain: false,
        deleted_with: None,
        delete_after: Vec::new(),
        tainted: false,
        container_id: None,
        trigger: None,
        secret_outputs: Vec::new(),
        delete_timeout: None,
        delete_hooks: false,
    }
}

#[cfg(test)]
mod tests;
