//! What a program declares, or a state holds, as plain data: for tools that show
//! it. A run hands it to [`crate::Settings::inspect`].

use std::collections::HashMap;
use std::sync::Arc;

use lazuli_core::program::RegistrationKind;
use lazuli_core::{Declared, DeclaredNode, Lifecycle, SourceLocation, Urn};

use crate::graph::Graph;
use crate::state::State;

/// Resources and components with their edges.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    /// A member comes after the one that it lies in.
    pub members: Vec<Member>,
}

/// A declared resource or component.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its identity.
    pub urn: Urn,
    /// Where the program declares it; none for a component that only a state knows.
    pub location: Option<SourceLocation>,
    /// Position of the resource or component that it is declared under.
    pub parent: Option<usize>,
    /// Positions of the resources that it depends on.
    pub depends_on: Vec<usize>,
    /// What is deployed for it; none for a component.
    pub resource: Option<MemberResource>,
}

/// The part of a member that a provider serves.
#[derive(Debug, Clone)]
pub struct MemberResource {
    /// The provider's name.
    pub provider: Arc<str>,
    /// What is wanted; unknowns allowed.
    pub desired: Declared,
    /// It exists without the program.
    pub existing: bool,
}

impl Topology {
    /// What the program declared so far.
    pub(crate) fn of_graph(graph: &Graph) -> Self {
        let members = graph.nodes.iter().map(|node| {
            let registration = &node.registration;
            let index = registration.index;
            Member {
                urn: registration.urn.clone(),
                location: Some(registration.at.into()),
                parent: registration.parent.map(|parent| parent.index()),
                depends_on: node.seen.depends_on.iter().map(|dep| dep.index()).collect(),
                resource: match &registration.kind {
                    RegistrationKind::Component => None,
                    RegistrationKind::Resource { provider, .. } => Some(MemberResource {
                        provider: provider.clone(),
                        desired: graph.desired(index, Lifecycle::Create),
                        existing: graph.is_existing(index),
                    }),
                },
            }
        });
        Self {
            members: members.collect(),
        }
    }

    /// What a state holds. Of components it knows the names, from the places of
    /// what lies in them.
    pub fn of_state(state: &State) -> Self {
        let mut topology = Self::default();
        let mut by_address = HashMap::new();
        // What is above comes first.
        let mut resources: Vec<_> = state.resources.values().collect();
        resources.sort_by_cached_key(|resource| {
            let depth = resource.urn.address().split('/').count();
            (depth, resource.urn.clone())
        });
        for resource in &resources {
            let mut parent = None;
            let path = resource.urn.path();
            let ends = path.match_indices('/').map(|(end, _)| end);
            for end in ends.chain((!path.is_empty()).then_some(path.len())) {
                let address = &path[..end];
                let known = by_address.get(address).copied();
                parent = Some(known.unwrap_or_else(|| {
                    let (above, name) = address.rsplit_once('/').unwrap_or(("", address));
                    let urn = &resource.urn;
                    topology.members.push(Member {
                        urn: Urn::new(urn.stack(), urn.project(), above, "component", name),
                        location: None,
                        parent,
                        depends_on: Vec::new(),
                        resource: None,
                    });
                    by_address.insert(address.to_owned(), topology.members.len() - 1);
                    topology.members.len() - 1
                }));
            }
            by_address.insert(resource.urn.address(), topology.members.len());
            topology.members.push(Member {
                urn: resource.urn.clone(),
                location: Some(resource.location.clone()),
                parent,
                depends_on: Vec::new(),
                resource: Some(MemberResource {
                    provider: resource.provider.clone(),
                    desired: Declared {
                        urn: resource.urn.clone(),
                        id: Some(resource.id.clone()),
                        inputs: resource.inputs.clone(),
                        timeout: None,
                    },
                    existing: false,
                }),
            });
        }
        let positions = topology.members.iter().enumerate();
        let positions: HashMap<_, _> = positions.map(|(at, one)| (one.urn.clone(), at)).collect();
        for resource in resources {
            let Some(at) = positions.get(&resource.urn) else {
                continue;
            };
            let edges = resource.edges().filter_map(|urn| positions.get(urn));
            let mut edges: Vec<_> = edges.copied().collect();
            edges.sort_unstable();
            edges.dedup();
            topology.members[*at].depends_on = edges;
        }
        topology
    }

    /// The resources of a provider in the form that it takes, with their positions
    /// among the members.
    pub fn declared(&self, provider: &str) -> (Vec<usize>, Vec<DeclaredNode>) {
        let of_provider = self.members.iter().enumerate().filter_map(|(at, member)| {
            let resource = member.resource.as_ref()?;
            (*resource.provider == *provider).then_some((at, member, resource))
        });
        let of_provider: Vec<_> = of_provider.collect();
        let positions: HashMap<_, _> = of_provider
            .iter()
            .enumerate()
            .map(|(own, (at, ..))| (*at, own))
            .collect();
        let declared = of_provider.iter().map(|(_, member, resource)| {
            let known = member.depends_on.iter();
            DeclaredNode {
                desired: resource.desired.clone(),
                location: member
                    .location
                    .clone()
                    .unwrap_or_else(|| SourceLocation::new("", 0)),
                depends_on: known.filter_map(|at| positions.get(at).copied()).collect(),
                existing: resource.existing,
            }
        });
        let declared = declared.collect();
        (of_provider.iter().map(|(at, ..)| *at).collect(), declared)
    }
}

#[cfg(test)]
mod tests {
    use lazuli_core::Value;

    use super::*;
    use crate::state::Resource;

    fn resource(path: &str, name: &str, depends_on: &[(&str, &str)]) -> Resource {
        let urn = |path: &str, name: &str| Urn::new("dev", "p", path, "t", name);
        Resource {
            urn: urn(path, name),
            provider: "cloud".into(),
            id: format!("/{name}"),
            inputs: Value::map(),
            outputs: Value::map(),
            depends_on: depends_on
                .iter()
                .map(|(path, name)| urn(path, name))
                .collect(),
            parent: None,
            protect: false,
            retain_on_delete: false,
            location: SourceLocation {
                file: "main.rs".into(),
                line: 1,
            },
            uncertain: false,
            deleted_with: None,
            container_id: None,
            trigger: None,
            secret_outputs: Vec::new(),
            delete_timeout: None,
            delete_hooks: false,
            delete_after: Vec::new(),
            tainted: false,
        }
    }

    /// The components that lie above a resource are made up of its address.
    #[test]
    fn a_state_is_a_topology_with_components_by_name() {
        let mut state = State::default();
        for one in [
            resource("", "group", &[]),
            resource(
                "group/web/inner",
                "app",
                &[("group", "plan"), ("", "group")],
            ),
            resource("group", "plan", &[("", "group")]),
        ] {
            state.resources.insert(one.urn.clone(), one.into());
        }
        let topology = Topology::of_state(&state);
        let lines: Vec<_> = topology
            .members
            .iter()
            .map(|member| {
                let parent = member
                    .parent
                    .map_or("-", |at| topology.members[at].urn.name());
                let needs = member
                    .depends_on
                    .iter()
                    .map(|at| topology.members[*at].urn.name());
                let kind = if member.resource.is_some() {
                    "resource"
                } else {
                    "component"
                };
                format!(
                    "{kind} {} in {parent}: {}",
                    member.urn.name(),
                    needs.collect::<Vec<_>>().join(" ")
                )
            })
            .collect();
        assert_eq!(
            lines,
            [
                "resource group in -: ",
                "resource plan in group: group",
                "component web in group: ",
                "component inner in web: ",
                "resource app in inner: group plan",
            ]
        );
        let (positions, declared) = topology.declared("cloud");
        assert_eq!(positions, [0, 1, 4]);
        assert_eq!(declared[2].depends_on, [0, 1]);
        assert!(topology.declared("another").0.is_empty());
    }
}
