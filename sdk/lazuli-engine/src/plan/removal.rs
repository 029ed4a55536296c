//! What leaves: resources that are not declared any more, or all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use lazuli_core::{Diagnostic, Urn};

use super::Undecided;
use super::build::{PlanInput, Subject, removal};
use super::order::Draft;
use crate::diff::{Because, NodeDecision, Reason};
use crate::graph::Graph;
use crate::op::Op;
use crate::state::{Resource, State};
use crate::topo;

/// Plans deletions; returns the resources kept by open scopes, and the conflicts with
/// `--target` and `--exclude`.
pub(super) fn deletions(
    input: &PlanInput<'_>,
    draft: &mut Draft,
    waits_for: &[String],
) -> (Vec<Undecided>, Vec<Diagnostic>) {
    let leaving = Leaving::new(input);
    let (chosen, findings) = leaving.chosen();
    let because = if input.graph.scope().destroying {
        Because::Destroyed
    } else {
        Because::NotDeclared
    };
    // An open scope may still declare any of these, by its urn or by an alias.
    let is_open = !input.open_scopes.is_empty() || !input.may_delete;
    if !is_open {
        for old in chosen.values() {
            push(draft, old, because.clone());
        }
        cover(input.state, draft);
        return (Vec::new(), findings);
    }
    let in_the_way = in_the_way(input.state, &chosen, draft);
    for (urn, blocker) in &in_the_way {
        push(draft, chosen[urn], Because::InTheWay(blocker.clone()));
    }
    cover(input.state, draft);
    let undecided = chosen.keys().filter(|urn| !in_the_way.contains_key(*urn));
    let undecided = undecided.map(|urn| Undecided {
        urn: (*urn).clone(),
        waits_for: waits_for.to_vec(),
    });
    (undecided.collect(), findings)
}

fn push(draft: &mut Draft, old: &Resource, because: Because) {
    let mut step = removal(Op::Delete, old);
    step.reasons.push(Reason::new(because));
    draft.push(step, Subject::Former(old.urn.clone()));
}

/// The resources of the state that the program does not declare.
struct Leaving<'a> {
    graph: &'a Graph,
    state: &'a State,
    all: BTreeMap<&'a Urn, &'a Resource>,
    /// Declared resources that the selection leaves as they are.
    kept: HashSet<&'a Urn>,
}

impl<'a> Leaving<'a> {
    fn new(input: &PlanInput<'a>) -> Self {
        let (graph, state) = (input.graph, input.state);
        let declared: HashSet<&Urn> = graph
            .nodes
            .iter()
            .filter(|node| !graph.is_existing(node.registration.index))
            .filter_map(|node| graph.former(node.registration.index, &node.seen, state))
            .map(|old| &old.urn)
            .collect();
        let stays = |old: &Resource| {
            let same_urn = graph
                .find(&old.urn)
                .is_some_and(|index| !graph.is_existing(index));
            declared.contains(&old.urn) || same_urn || graph.claims(&old.id)
        };
        let kept = graph.nodes.iter();
        let kept = kept.filter(|node| {
            input.decisions.of(node.registration.index) == Some(&NodeDecision::Kept)
        });
        let kept = kept.filter_map(|node| graph.former(node.registration.index, &node.seen, state));
        let all = state.resources.iter();
        Self {
            kept: if graph.scope().destroying {
                HashSet::new()
            } else {
                kept.map(|old| &old.urn).collect()
            },
            graph,
            state,
            all: all
                .filter(|(_, old)| graph.scope().destroying || !stays(old))
                .filter(|(urn, old)| {
                    let key = ((*urn).clone(), Some(old.id.clone()));
                    input.given_up.is_empty() || !input.given_up.contains(&key)
                })
                .map(|(urn, old)| (urn, &**old))
                .collect(),
        }
    }

    /// Those that the selection includes. A resource that stays keeps what it
    /// depends on; whoever wants that gone must select both.
    fn chosen(&self) -> (BTreeMap<&'a Urn, &'a Resource>, Vec<Diagnostic>) {
        let selection = &self.graph.scope().selection;
        if selection.is_everything() {
            return (self.all.clone(), Vec::new());
        }
        let is_resource = |place: &str| self.graph.is_resource_place(place);
        let all = self.all.iter();
        let mut chosen: BTreeMap<&Urn, &Resource> = all
            .filter(|(urn, _)| selection.selects(urn, &is_resource))
            .map(|(urn, old)| (*urn, *old))
            .collect();
        let dependents = dependents(self.state);
        if selection.target_dependents {
            for urn in reach(chosen.keys().copied().collect(), &dependents) {
                if let Some(old) = self.all.get(urn).filter(|_| !selection.excludes(urn)) {
                    chosen.insert(urn, old);
                }
            }
        }
        self.keep_needed(&mut chosen);
        let findings = self.against(&chosen, &dependents);
        (chosen, findings)
    }

    /// What something excluded depends on is not deleted either.
    fn keep_needed(&self, chosen: &mut BTreeMap<&'a Urn, &'a Resource>) {
        let selection = &self.graph.scope().selection;
        let staying = self.all.keys().chain(&self.kept).copied();
        let excluded: Vec<&Urn> = staying.filter(|urn| selection.excludes(urn)).collect();
        let resources = &self.state.resources;
        let edges = |urn: &'a Urn| {
            let edges = resources[urn].edges();
            edges.filter_map(|edge| Some(resources.get_key_value(edge)?.0))
        };
        let needed = topo::reach(excluded.iter().copied(), edges);
        for urn in excluded.into_iter().chain(needed) {
            chosen.remove(urn);
        }
    }

    fn against(
        &self,
        chosen: &BTreeMap<&'a Urn, &'a Resource>,
        dependents: &HashMap<&'a Urn, Vec<&'a Urn>>,
    ) -> Vec<Diagnostic> {
        let finding = |urn: &Urn, old: &Resource| {
            let staying = dependents.get(urn)?.iter().find(|dependent| {
                let leaves = self.all.contains_key(**dependent);
                let is_kept = self.kept.contains(**dependent);
                (leaves || is_kept) && !chosen.contains_key(**dependent)
            })?;
            let message = format!(
                "{} would be deleted, but {}, which depends on it, is not selected",
                urn.address(),
                staying.address()
            );
            let mut finding = Diagnostic::error("LZ0014", message).on(urn);
            finding.location = Some(old.location.clone());
            let help = if self.kept.contains(*staying) {
                format!("add --target {}", staying.address())
            } else {
                format!("add --target-dependents, or --target {}", staying.address())
            };
            Some(finding.help(help))
        };
        chosen
            .iter()
            .filter_map(|(urn, old)| finding(urn, old))
            .collect()
    }
}

/// Who depends directly on what, as of the last registration.
fn dependents(state: &State) -> HashMap<&Urn, Vec<&Urn>> {
    let mut dependents: HashMap<&Urn, Vec<&Urn>> = HashMap::new();
    for (urn, resource) in &state.resources {
        for edge in resource.edges() {
            dependents.entry(edge).or_default().push(urn);
        }
    }
    dependents
}

/// Everything that depends on one of these, directly or not.
fn reach<'a>(from: Vec<&'a Urn>, dependents: &HashMap<&'a Urn, Vec<&'a Urn>>) -> BTreeSet<&'a Urn> {
    let next = |urn| dependents.get(urn).into_iter().flatten().copied();
    topo::reach(from, next)
}

/// Undecided resources that stand on one that has to be deleted before its
/// replacement comes: it cannot be replaced while they are there.
fn in_the_way(
    state: &State,
    undecided: &BTreeMap<&Urn, &Resource>,
    draft: &Draft,
) -> BTreeMap<Urn, Urn> {
    let dependents = dependents(state);
    let mut found = BTreeMap::new();
    let firsts = draft.removing.iter().filter(|(_, at)| draft.is_first(**at));
    let mut firsts: Vec<&Urn> = firsts.map(|(urn, _)| urn).collect();
    firsts.sort();
    for urn in firsts {
        let standing = reach(vec![urn], &dependents);
        for on_it in standing
            .into_iter()
            .filter(|urn| undecided.contains_key(*urn))
        {
            found.entry(on_it.clone()).or_insert_with(|| urn.clone());
        }
    }
    found
}

/// Marks removals that are the consequence of another removal (`deleted_with`).
/// A member that has to go before something which has to go before the
/// container cannot wait for it, and is deleted by a request of its own.
fn cover(state: &State, draft: &mut Draft) {
    let containers = containers(state, draft);
    if containers.is_empty() {
        return;
    }
    let mut dependents = dependents(state);
    // Old halves that an earlier run left stand on what they stood on.
    for old in state.superseded.values() {
        for edge in old.edges() {
            dependents.entry(edge).or_default().push(&old.urn);
        }
    }
    let halved: HashSet<&Urn> = state.superseded.values().map(|old| &old.urn).collect();
    let mut members: BTreeMap<Urn, Urn> = BTreeMap::new();
    for (container, inside) in containers {
        let before: BTreeSet<&Urn> = reach(vec![&container], &dependents);
        let mut inside: BTreeSet<Urn> = inside;
        loop {
            let bound = |urn: &&Urn| {
                state.resources[*urn].edges().any(|edge| {
                    *edge != container
                        && before.contains(edge)
                        && (!inside.contains(edge) || halved.contains(edge))
                })
            };
            let loose: Vec<_> = inside.iter().filter(bound).cloned().collect();
            if loose.is_empty() {
                break;
            }
            for urn in loose {
                inside.remove(&urn);
            }
        }
        members.extend(inside.into_iter().map(|member| (member, container.clone())));
    }
    for (member, container) in members {
        if let Some(at) = draft.removing.get(&member).copied() {
            draft.steps[at]
                .reasons
                .push(Reason::new(Because::GoneWith(container)));
        }
    }
}

/// Members that stay declared while the container with which the cloud deletes
/// them goes, because the program dropped `deleted_with` in the same run.
pub(super) fn lost(graph: &Graph, state: &State, draft: &Draft) -> Vec<Diagnostic> {
    let finding = |old: &Resource| {
        let container = old.deleted_with.as_ref()?;
        let at = draft.removing.get(container)?;
        let goes = draft.steps[*at].op == Op::Delete && draft.steps[*at].gone_with().is_none();
        let retained = state.resources.get(container)?.retain_on_delete;
        if !goes || retained || draft.removing.contains_key(&old.urn) {
            return None;
        }
        let message = format!(
            "{} was declared to be deleted with {}, which leaves, but it stays in the program",
            old.urn.address(),
            container.address()
        );
        let help = format!(
            "the cloud deletes both: give --replace {} to have it made anew, or keep the other one",
            old.urn.address()
        );
        let index = graph.find(&old.urn)?;
        let finding = Diagnostic::error("LZ0019", message).on(&old.urn);
        Some(finding.at(graph.node(index).registration.at).help(help))
    };
    let all = state.resources.values();
    all.filter_map(|old| finding(old)).collect()
}

/// Removed members by the outermost container whose own removal is requested.
/// One that an interrupted run left in the old half of its container does not
/// go with the half that is removed now.
fn containers(state: &State, draft: &Draft) -> BTreeMap<Urn, BTreeSet<Urn>> {
    let goes = |urn: &Urn| {
        let at = draft.removing.get(urn)?;
        let old = state.resources.get(urn)?;
        let really = draft.steps[*at].op == Op::Delete || draft.is_first(*at);
        (really && !old.retain_on_delete).then_some(old)
    };
    let mut found: BTreeMap<Urn, BTreeSet<Urn>> = BTreeMap::new();
    for urn in draft.removing.keys() {
        let Some(member) = state.resources.get(urn) else {
            continue;
        };
        let mut container = None;
        let around = |member: &Resource| {
            let outer = goes(member.deleted_with.as_ref()?)?;
            let lies_in_it = |id: &String| id.eq_ignore_ascii_case(&outer.id);
            let within = member.container_id.as_ref().is_none_or(lies_in_it);
            within.then_some(outer)
        };
        let mut next = around(member);
        let mut steps = 0;
        while let Some(outer) = next.filter(|outer| outer.urn != *urn && steps < 1_000) {
            container = Some(outer.urn.clone());
            next = around(outer);
            steps += 1;
        }
        if let Some(container) = container.filter(|_| !member.retain_on_delete) {
            found.entry(container).or_default().insert(urn.clone());
        }
    }
    found
}
