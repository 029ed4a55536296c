//! What every state must be like, whatever happened before: identities, edges,
//! no circles. A state is checked whenever it is read; one that is written with
//! errors is still written, because it is the only record.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use lazuli_core::Urn;

use super::{Resource, State};

impl State {
    /// What is wrong with the state, in sentences; empty when nothing is.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (urn, resource) in &self.resources {
            if *urn != resource.urn {
                problems.push(format!("{urn} is filed under another name"));
            }
            incomplete(resource, &mut problems);
        }
        for (id, resource) in &self.superseded {
            if *id != resource.id {
                problems.push(format!("{} is filed under another id", resource.urn));
            }
            incomplete(resource, &mut problems);
        }
        self.doubles(&mut problems);
        self.dangling(&mut problems);
        self.circle(&mut problems);
        problems
    }

    fn doubles(&self, problems: &mut Vec<String>) {
        let mut holders: HashMap<&str, &Urn> = HashMap::new();
        for resource in self.resources.values() {
            if let Some(first) = holders.insert(&resource.id, &resource.urn) {
                problems.push(format!(
                    "{first} and {} have the same id {}",
                    resource.urn, resource.id
                ));
            }
        }
    }

    fn dangling(&self, problems: &mut Vec<String>) {
        for resource in self.all() {
            for edge in resource.edges().filter(|edge| !self.knows(edge)) {
                problems.push(format!(
                    "{} depends on {edge}, which is not there",
                    resource.urn
                ));
            }
        }
    }

    fn circle(&self, problems: &mut Vec<String>) {
        let mut open: BTreeMap<&Urn, usize> = BTreeMap::new();
        let mut dependents: HashMap<&Urn, Vec<&Urn>> = HashMap::new();
        for (urn, resource) in &self.resources {
            let needs: HashSet<_> = resource
                .edges()
                .filter(|edge| self.resources.contains_key(*edge))
                .collect();
            open.insert(urn, needs.len());
            for need in needs {
                dependents.entry(need).or_default().push(urn);
            }
        }
        let mut ready: Vec<_> = open
            .iter()
            .filter(|(_, n)| **n == 0)
            .map(|(u, _)| *u)
            .collect();
        while let Some(urn) = ready.pop() {
            open.remove(urn);
            for dependent in dependents.get(urn).into_iter().flatten() {
                if let Some(count) = open.get_mut(dependent) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push(dependent);
                    }
                }
            }
        }
        if !open.is_empty() {
            let stuck: Vec<_> = open.keys().map(|urn| urn.address()).collect();
            problems.push(format!(
                "these depend on each other in a cycle: {}",
                stuck.join(", ")
            ));
        }
    }

    fn all(&self) -> impl Iterator<Item = &Resource> {
        let all = self.resources.values().chain(self.superseded.values());
        all.map(|resource| &**resource)
    }

    fn knows(&self, urn: &Urn) -> bool {
        self.resources.contains_key(urn)
    }

    /// Cuts edges to what is not there any more: dependencies that were deleted
    /// in the first half of an interrupted replacement, or that the cloud lost.
    pub(crate) fn prune(&mut self) {
        let known: HashSet<Urn> = self.resources.keys().cloned().collect();
        let all = self
            .resources
            .values_mut()
            .chain(self.superseded.values_mut());
        for resource in all {
            if resource.edges().all(|edge| known.contains(edge)) {
                continue;
            }
            let resource = Arc::make_mut(resource);
            resource.depends_on.retain(|edge| known.contains(edge));
            resource.delete_after.retain(|edge| known.contains(edge));
            for edge in [&mut resource.parent, &mut resource.deleted_with] {
                if edge.as_ref().is_some_and(|edge| !known.contains(edge)) {
                    *edge = None;
                }
            }
        }
    }
}

fn incomplete(resource: &Resource, problems: &mut Vec<String>) {
    if resource.id.is_empty() {
        problems.push(format!("{} has no id", resource.urn));
    }
    if resource.provider.is_empty() {
        problems.push(format!("{} has no provider", resource.urn));
    }
    if resource.inputs.contains_unknown() || resource.outputs.contains_unknown() {
        problems.push(format!("{} holds a value that is not known", resource.urn));
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn state(resources: impl IntoIterator<Item = Resource>) -> State {
        let resources = resources.into_iter().map(|r| (r.urn.clone(), r.into()));
        State {
            resources: resources.collect(),
            ..State::default()
        }
    }

    fn on(name: &str, needs: &[&str]) -> Resource {
        Resource {
            depends_on: needs.iter().map(|need| sample(need).urn).collect(),
            ..sample(name)
        }
    }

    fn check(state: &State, expect: &str) {
        let problems = state.problems();
        assert!(
            problems.len() == 1 && problems[0].contains(expect),
            "{expect}: {problems:?}"
        );
    }

    #[test]
    fn every_kind_of_damage_is_named() {
        assert_eq!(state([on("a", &[]), on("b", &["a"])]).problems(), [""; 0]);
        check(&state([on("b", &["a"])]), "which is not there");
        check(
            &state([on("a", &["b"]), on("b", &["a"])]),
            "in a cycle: a, b",
        );
        let nameless = Resource {
            id: String::new(),
            ..sample("a")
        };
        check(&state([nameless]), "has no id");
        let twin = Resource {
            id: "id-a".into(),
            ..sample("b")
        };
        check(&state([sample("a"), twin]), "have the same id");
    }

    #[test]
    fn pruning_cuts_what_leads_nowhere() {
        let mut lonely = state([on("b", &["a"])]);
        lonely.prune();
        assert_eq!(lonely.problems(), [""; 0]);
    }
}
