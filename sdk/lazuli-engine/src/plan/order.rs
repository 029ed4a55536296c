//! Steps, what must precede them, and a possible order that does not depend on timing.

use std::collections::{HashMap, HashSet};

use lazuli_core::Urn;
use lazuli_core::node::NodeId;

use super::Step;
use super::build::{PlanInput, Subject, removal};
use crate::diff::{Because, NodeDecision, Reason};
use crate::graph::{Graph, NodeProgress};
use crate::op::Op;
use crate::state::{Resource, State};
use crate::topo;

/// Steps while their order is worked out.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) steps: Vec<Step>,
    subjects: Vec<Subject>,
    after: Vec<HashSet<usize>>,
    /// The step that brings a declared resource to its new form.
    bringing: HashMap<NodeId, usize>,
    /// The same by the urn that the resource has in the state.
    renewing: HashMap<Urn, usize>,
    /// The step that removes a resource of the state.
    pub(super) removing: HashMap<Urn, usize>,
    /// Removals of old halves that earlier runs left, by urn.
    leftovers: HashMap<Urn, Vec<usize>>,
    /// Removals that come before the new half of their replacement.
    first: HashSet<usize>,
    /// Removals, each with the change of something that used the removed: it comes
    /// before the removal unless it has to wait for it.
    soft_constraints: HashSet<(usize, usize)>,
}

impl Draft {
    pub(super) fn push(&mut self, step: Step, subject: Subject) -> usize {
        let at = self.steps.len();
        match &subject {
            Subject::Superseded(_) => self.leftovers.entry(step.urn.clone()).or_default().push(at),
            _ if step.op.is_delete() => {
                self.removing.insert(step.urn.clone(), at);
            }
            _ => {}
        }
        self.steps.push(step);
        self.subjects.push(subject);
        self.after.push(HashSet::new());
        at
    }

    /// Plans the steps of a declared resource.
    pub(super) fn declared(&mut self, input: &PlanInput<'_>, index: NodeId) {
        let graph = input.graph;
        let node = graph.node(index);
        if node.progress != NodeProgress::Declared {
            return;
        }
        let decision = input.decisions.of(index);
        let (op, changes, reasons) = match decision {
            Some(NodeDecision::Create) => (Op::Create, &[][..], &[][..]),
            Some(NodeDecision::ReadLater) => (Op::Read, &[][..], &[][..]),
            Some(NodeDecision::Import { changes, .. }) => (Op::Import, &changes[..], &[][..]),
            Some(NodeDecision::Update { changes, reasons }) => {
                (Op::Update, &changes[..], &reasons[..])
            }
            Some(NodeDecision::Replace {
                changes, reasons, ..
            }) => (Op::CreateReplacement, &changes[..], &reasons[..]),
            _ => return,
        };
        let old = graph.former(index, &node.seen, input.state);
        let own_id = graph.import_id(index).map(str::to_owned);
        let id = match op {
            Op::Import => own_id,
            _ => node.seen.id.clone(),
        };
        let step = Step {
            urn: node.registration.urn.clone(),
            op,
            id: id.or_else(|| old.filter(|_| op == Op::Update).map(|old| old.id.clone())),
            location: Some(node.registration.at.into()),
            changes: changes.to_vec(),
            reasons: reasons.to_vec(),
            inputs: node.seen.inputs.clone(),
            pending: node.seen.pending.clone(),
            after: Vec::new(),
        };
        let bringing = self.push(step, Subject::Declared(index));
        self.bringing.insert(index, bringing);
        let Some(old) = old else { return };
        self.renewing.insert(old.urn.clone(), bringing);
        match decision {
            Some(NodeDecision::Replace { delete_first, .. }) => {
                self.replaced(index, old, bringing, *delete_first, reasons);
            }
            Some(NodeDecision::Import { delete_first, .. }) => {
                self.replaced(index, old, bringing, *delete_first, reasons);
            }
            _ => {}
        }
    }

    /// Plans the old half of a replacement.
    fn replaced(
        &mut self,
        index: NodeId,
        old: &Resource,
        bringing: usize,
        delete_first: bool,
        reasons: &[Reason],
    ) {
        let step = Step {
            reasons: reasons.to_vec(),
            ..removal(Op::DeleteReplaced, old)
        };
        let removing = self.push(step, Subject::Declared(index));
        if delete_first {
            self.first.insert(removing);
            self.after[bringing].insert(removing);
        } else {
            self.after[removing].insert(bringing);
        }
    }

    /// Whether a step removes the old half of a replacement before the new one comes.
    pub(super) fn is_first(&self, at: usize) -> bool {
        self.first.contains(&at)
    }

    /// Works out what comes before what. Soft constraints are dropped where they would
    /// form a circle with hard ones: a member that waits for its container is deleted
    /// by a request of its own, and a replacement that is made first is made second.
    pub(super) fn order_all(&mut self, graph: &Graph, state: &State) {
        let mut halves = self.after.clone();
        loop {
            self.order(graph, state);
            self.order_covered(state);
            self.apply_soft_constraints();
            let covered = |at: &usize| self.steps[*at].gone_with().is_some();
            let has_covered = self.steps.iter().any(|step| step.gone_with().is_some());
            let covered: Vec<usize> = if has_covered {
                topo::circles(&self.after)
                    .into_iter()
                    .filter(covered)
                    .collect()
            } else {
                Vec::new()
            };
            if covered.is_empty() && !self.delete_first(&mut halves) {
                return;
            }
            for at in covered {
                let is_covered = |reason: &Reason| matches!(reason.because, Because::GoneWith(_));
                self.steps[at].reasons.retain(|reason| !is_covered(reason));
            }
            self.after.clone_from(&halves);
            self.soft_constraints.clear();
        }
    }

    /// Turns the order of replacements that are part of a circle: what their old
    /// halves stand on has to go before something that the new halves wait for.
    fn delete_first(&mut self, halves: &mut [HashSet<usize>]) -> bool {
        let mut turned = false;
        for removing in topo::circles(&self.after) {
            let made_first = halves[removing].iter().copied().find(|bringing| {
                let (new, old) = (&self.steps[*bringing], &self.steps[removing]);
                new.op == Op::CreateReplacement && new.urn == old.urn
            });
            if let Some(bringing) = made_first {
                halves[removing].remove(&bringing);
                halves[bringing].insert(removing);
                self.first.insert(removing);
                turned = true;
            }
        }
        turned
    }

    /// Creates and updates follow what they depend on. Deletes go the other
    /// way, along the edges of the last registration: first whoever depended on
    /// the resource is deleted, or changed so that it does not any more.
    fn order(&mut self, graph: &Graph, state: &State) {
        for (index, at) in &self.bringing {
            let deps = graph.node(*index).seen.depends_on.iter();
            let before: Vec<_> = deps
                .filter_map(|dep| self.bringing.get(dep))
                .copied()
                .collect();
            self.after[*at].extend(before);
        }
        let in_the_way = self.before_their_ids_return();
        self.order_leftovers(state);
        for dependent in state.resources.values() {
            let leaving = self.removing.get(&dependent.urn).copied();
            let changing = self.renewing.get(&dependent.urn).copied();
            let Some(first) = leaving.or(changing) else {
                continue;
            };
            for leftover in dependent.edges().filter_map(|dep| self.leftovers.get(dep)) {
                let leftover = leftover.iter().filter(|at| !in_the_way.contains(at));
                for then in leftover.filter(|then| **then != first) {
                    self.after[*then].insert(first);
                    if leaving.is_none() {
                        self.soft_constraints.insert((*then, first));
                    }
                }
            }
            for dep in dependent.edges() {
                let Some(then) = self
                    .removing
                    .get(dep)
                    .copied()
                    .filter(|then| *then != first)
                else {
                    continue;
                };
                let replaced_under_it =
                    self.steps[then].op == Op::DeleteReplaced && leaving.is_none();
                let creation = self.renewing.get(dep).copied();
                // An update that follows the new half of a replacement cannot precede the deletion of the old half.
                let circular = replaced_under_it
                    && creation.is_some_and(|new| self.after[new].contains(&then));
                if !circular && !self.covers(then, first) {
                    self.after[then].insert(first);
                    if leaving.is_none() {
                        self.soft_constraints.insert((then, first));
                    }
                }
            }
        }
    }

    /// Removals follow the updates of what may use the removed until then,
    /// unless something that has to come before such an update waits for them.
    pub(super) fn order_used(&mut self, state: &State) {
        let mut soft_constraints: Vec<(usize, usize)> = Vec::new();
        for old in state.resources.values() {
            let Some(removal) = self.removing.get(&old.urn) else {
                continue;
            };
            let users = old.delete_after.iter();
            let updates = users.filter_map(|user| self.renewing.get(user)).copied();
            let updates = updates.filter(|at| self.steps[*at].op == Op::Update);
            soft_constraints.extend(updates.map(|update| (*removal, update)));
        }
        for (removal, update) in soft_constraints {
            if !topo::precedes(&self.after, removal, update) {
                self.after[removal].insert(update);
            }
        }
    }

    /// Old halves go before what they depended on.
    fn order_leftovers(&mut self, state: &State) {
        let steps = self.leftovers.values().flatten();
        let by_id: HashMap<_, _> = steps.map(|at| (self.steps[*at].id.clone(), *at)).collect();
        for (id, old) in &state.superseded {
            let Some(first) = by_id.get(&Some(id.clone())) else {
                continue;
            };
            for then in old.edges().filter_map(|dep| self.removing.get(dep)) {
                // What has to go before its own successor comes cannot wait for it.
                if !self.first.contains(then) {
                    self.after[*then].insert(*first);
                }
            }
        }
    }

    /// Old halves whose ids come back (the program went back to what it declared
    /// before) have to go before that; returns them.
    fn before_their_ids_return(&mut self) -> HashSet<usize> {
        let mut by_id: HashMap<String, usize> = HashMap::new();
        for at in self.leftovers.values().flatten() {
            let id = self.steps[*at].id.as_deref().unwrap_or_default();
            by_id.insert(id.to_ascii_lowercase(), *at);
        }
        let mut found = HashSet::new();
        for bringing in self.bringing.values() {
            let step = &self.steps[*bringing];
            let creates = matches!(step.op, Op::Create | Op::CreateReplacement);
            let id = step.id.as_deref().filter(|_| creates).unwrap_or_default();
            if let Some(leftover) = by_id.get(&id.to_ascii_lowercase()) {
                self.after[*bringing].insert(*leftover);
                found.insert(*leftover);
            }
        }
        found
    }

    /// Whether the second removal is a consequence of the first.
    fn covers(&self, container: usize, member: usize) -> bool {
        let covered = self.steps[member].gone_with();
        covered == Some(&self.steps[container].urn)
    }

    /// What is deleted with its container leaves the state after it; and what
    /// depends on such a member goes before the container does.
    fn order_covered(&mut self, state: &State) {
        let covered: Vec<_> = self
            .steps
            .iter()
            .enumerate()
            .filter_map(|(at, step)| Some((at, *self.removing.get(step.gone_with()?)?)))
            .collect();
        let container_of: HashMap<usize, usize> = covered.iter().copied().collect();
        for (member, container) in &covered {
            self.after[*member].insert(*container);
        }
        for dependent in state.resources.values() {
            let Some(leaving) = self.removing.get(&dependent.urn).copied() else {
                continue;
            };
            for edge in dependent.edges() {
                let member = self.removing.get(edge);
                if let Some(container) = member.and_then(|at| container_of.get(at))
                    && container_of.get(&leaving) != Some(container)
                    && *container != leaving
                {
                    self.after[*container].insert(leaving);
                }
            }
        }
    }

    /// A change of something that used the removed comes before the removal. Where
    /// it cannot, because it waits for something that waits for the removal, the
    /// removal goes first.
    fn apply_soft_constraints(&mut self) {
        if self.soft_constraints.is_empty() {
            return;
        }
        let circles = topo::circles(&self.after);
        for at in &circles {
            let (soft_constraints, after) = (&self.soft_constraints, &mut self.after[*at]);
            after.retain(|first| {
                !(circles.contains(first) && soft_constraints.contains(&(*at, *first)))
            });
        }
    }

    /// Steps in a possible order that does not depend on timing; urns of a cycle if there is one.
    pub(super) fn sorted(self) -> (Vec<Step>, Vec<Subject>, Option<Vec<String>>) {
        let count = self.steps.len();
        let (mut order, stuck) = topo::sort(&self.after, |at| {
            (self.steps[at].op.is_delete(), self.steps[at].urn.clone())
        });
        let cycle = (!stuck.is_empty()).then(|| {
            stuck
                .iter()
                .map(|at| self.steps[*at].urn.address())
                .collect()
        });
        order.extend(stuck);
        let mut position = vec![0; count];
        for (new, old) in order.iter().enumerate() {
            position[*old] = new;
        }
        let (mut steps, mut subjects) = (self.steps, self.subjects);
        for (step, after) in steps.iter_mut().zip(self.after) {
            step.after = after.iter().map(|before| position[*before]).collect();
            step.after.sort_unstable();
        }
        // Each swap brings one step to its place; a second list of them would be large.
        for at in 0..count {
            while position[at] != at {
                let to = position[at];
                steps.swap(at, to);
                subjects.swap(at, to);
                position.swap(at, to);
            }
        }
        (steps, subjects, cycle)
    }
}
