//! The graph of what the program declared so far, and what is decided about each
//! resource. Nodes are indices; every pass is linear.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use lazuli_core::executor::{Deps, ResId};
use lazuli_core::program::{Registration, RegistrationKind};
use lazuli_core::property::Snapshot;
use lazuli_core::{Desired, Diagnostic, OutputError, Provider, Urn, Value};

use crate::plan::{Decision, Pending, Subject, decide, swept_along};
use crate::state::{Resource, State};

/// A declared resource, or a component, as far as it is known.
pub(crate) struct Node {
    pub(crate) registration: Registration,
    pub(crate) seen: Seen,
    pub(crate) decision: Option<Decision>,
    pub(crate) progress: Progress,
    /// Children, for components that others depend on as a whole.
    children: Vec<ResId>,
    /// Nodes that look again when this one is decided or settled.
    watchers: Vec<ResId>,
}

/// What is known of a node's inputs right now.
#[derive(Default, Clone)]
pub(crate) struct Seen {
    pub(crate) id: Option<String>,
    pub(crate) inputs: Value,
    pub(crate) pending: Vec<Pending>,
    pub(crate) derived: Vec<(String, Deps)>,
    pub(crate) depends_on: Vec<ResId>,
    pub(crate) failure: Option<OutputError>,
    /// Whether an unknown input waits for something the program makes itself.
    pub(crate) waits_on_program: bool,
}

/// How far a node has come in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing was done for it yet.
    Declared,
    /// It is as declared; its outputs are known to the program.
    Settled,
    /// It failed or was skipped; the program knows.
    Failed,
}

/// All nodes of a run.
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    by_urn: HashMap<Urn, ResId>,
    by_id: HashMap<String, ResId>,
    former_ids: HashMap<String, Urn>,
    providers: Arc<BTreeMap<String, Arc<dyn Provider>>>,
    pub(crate) findings: Vec<Diagnostic>,
    dirty: Vec<ResId>,
    /// Nodes that wait for something the program makes itself (a promise): they
    /// look again whenever anything settles.
    unclear: Vec<ResId>,
}

impl Graph {
    pub(crate) fn new(providers: BTreeMap<String, Arc<dyn Provider>>, state: &State) -> Self {
        let former_ids = state
            .resources
            .values()
            .map(|old| (old.id.to_ascii_lowercase(), old.urn.clone()));
        Self {
            former_ids: former_ids.collect(),
            nodes: Vec::new(),
            by_urn: HashMap::new(),
            by_id: HashMap::new(),
            providers: Arc::new(providers),
            findings: Vec::new(),
            dirty: Vec::new(),
            unclear: Vec::new(),
        }
    }

    pub(crate) fn node(&self, id: ResId) -> &Node {
        &self.nodes[id.index()]
    }

    pub(crate) fn find(&self, urn: &Urn) -> Option<ResId> {
        self.by_urn.get(urn).copied()
    }

    /// Whether a declared resource has this id in the cloud.
    pub(crate) fn claims(&self, id: &str) -> bool {
        self.by_id.contains_key(&id.to_ascii_lowercase())
    }

    pub(crate) fn provider(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.providers.get(name)
    }

    /// Takes new registrations in; duplicates and unusable names are findings.
    pub(crate) fn add(&mut self, registrations: Vec<Registration>) {
        for registration in registrations {
            let index = registration.index;
            self.inspect(&registration);
            if let Some(parent) = registration.parent {
                self.nodes[parent.index()].children.push(index);
            }
            self.by_urn.entry(registration.urn.clone()).or_insert(index);
            self.nodes.push(Node {
                registration,
                seen: Seen::default(),
                decision: None,
                progress: Progress::Declared,
                children: Vec::new(),
                watchers: Vec::new(),
            });
            self.dirty.push(index);
        }
    }

    fn inspect(&mut self, registration: &Registration) {
        if let Some(problem) = &registration.name_problem {
            let finding = Diagnostic::error("LZ0001", problem.to_string());
            self.findings.push(
                finding
                    .on(&registration.urn)
                    .at(registration.at)
                    .help("choose another name"),
            );
        }
        if let Some(first) = self.find(&registration.urn) {
            let first = lazuli_core::SourcePlace::from(self.node(first).registration.at);
            let message = format!(
                "{} is declared twice; first at {first}",
                registration.urn.place()
            );
            let finding = Diagnostic::error("LZ0002", message);
            self.findings.push(
                finding
                    .on(&registration.urn)
                    .at(registration.at)
                    .help("give one of them another name"),
            );
        }
        if let RegistrationKind::Resource { provider, .. } = &registration.kind
            && !self.providers.contains_key(provider)
        {
            let message = format!(
                "there is no provider {provider:?} for {}",
                registration.urn.place()
            );
            let finding = Diagnostic::error("LZ0003", message);
            self.findings
                .push(finding.on(&registration.urn).at(registration.at));
        }
    }

    /// What a pending value waits for, in words.
    pub(crate) fn words(&self, id: ResId, path: &str) -> String {
        let place = self
            .nodes
            .get(id.index())
            .map(|node| node.registration.urn.place());
        let place = place.unwrap_or_else(|| format!("resource {}", id.0));
        if path.is_empty() {
            place
        } else {
            format!("{place}: {path}")
        }
    }

    /// Looks at a node's inputs as they are now.
    pub(crate) fn look(&self, index: ResId) -> Seen {
        let node = self.node(index);
        let registration = &node.registration;
        let mut snapshot = Snapshot::default();
        let name = |id: ResId, path: &str| self.words(id, path);
        let (id, inputs) = match &registration.kind {
            RegistrationKind::Component => (None, Value::Null),
            RegistrationKind::Resource { id, inputs, .. } => {
                let inputs = inputs.peek(&name, &mut snapshot);
                let id = id.as_ref().and_then(|id| {
                    let id = lazuli_core::Property::Output(id.map(Value::String));
                    let before = snapshot.pending.len();
                    let value = id.peek(&name, &mut snapshot);
                    if let Some(pending) = snapshot.pending.get_mut(before) {
                        pending.0 = "id".to_owned();
                    }
                    // The id is no input path.
                    snapshot.derived.retain(|(path, _)| !path.is_empty());
                    value.as_str().map(str::to_owned)
                });
                (id, inputs)
            }
        };
        let mut depends_on = snapshot.deps;
        depends_on.extend(registration.ambient.deps.as_slice());
        depends_on.extend(&registration.options.depends_on);
        depends_on.extend(registration.parent);
        let pending = snapshot.pending.into_iter().map(|(path, waits)| Pending {
            path,
            waits_for: waits.to_vec(),
        });
        Seen {
            id,
            inputs,
            pending: pending.collect(),
            derived: snapshot.derived,
            depends_on: self.resources(Deps::from_ids(depends_on).as_slice(), index),
            failure: snapshot.failure,
            waits_on_program: !snapshot.roots.program.is_empty(),
        }
    }

    /// Replaces components that are *depended on* by the resources inside of
    /// them; the component a resource lies in is replaced by what is around it.
    fn resources(&self, deps: &[ResId], of: ResId) -> Vec<ResId> {
        let mut found = Vec::new();
        for dep in deps {
            let is_parent = self.node(of).registration.parent == Some(*dep);
            match (self.is_component(*dep), is_parent) {
                (false, _) => found.push(*dep),
                (true, true) => found.extend(self.around(*dep)),
                (true, false) => self.inside(*dep, &mut found),
            }
        }
        found.retain(|dep| *dep != of);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn is_component(&self, id: ResId) -> bool {
        matches!(self.node(id).registration.kind, RegistrationKind::Component)
    }

    fn around(&self, component: ResId) -> Option<ResId> {
        let mut parent = self.node(component).registration.parent;
        while let Some(id) = parent.filter(|id| self.is_component(*id)) {
            parent = self.node(id).registration.parent;
        }
        parent
    }

    fn inside(&self, component: ResId, found: &mut Vec<ResId>) {
        let mut open = vec![component];
        while let Some(next) = open.pop() {
            for child in &self.node(next).children {
                if !self.is_component(*child) {
                    found.push(*child);
                }
                open.push(*child);
            }
        }
    }

    /// Decides about every node that is new or whose inputs may have changed;
    /// returns those that turned out to be as they already are.
    pub(crate) fn decide(&mut self, state: &State) -> Vec<ResId> {
        let mut same = Vec::new();
        let mut open = std::mem::take(&mut self.dirty);
        open.reverse();
        while let Some(index) = open.pop() {
            if self.node(index).progress != Progress::Declared {
                continue;
            }
            let seen = self.look(index);
            if let Some(blocker) = seen
                .depends_on
                .iter()
                .copied()
                .find(|dep| self.node(*dep).decision.is_none())
            {
                self.nodes[blocker.index()].watchers.push(index);
                continue;
            }
            self.remember_id(index, &seen);
            for dep in &seen.depends_on {
                if !seen.pending.is_empty() && self.node(*dep).progress == Progress::Declared {
                    self.nodes[dep.index()].watchers.push(index);
                }
            }
            if seen.waits_on_program {
                self.unclear.push(index);
            }
            let first = self.node(index).decision.is_none();
            let decision = self.judge(index, &seen, state);
            if decision == Decision::Same {
                same.push(index);
            }
            let node = &mut self.nodes[index.index()];
            node.seen = seen;
            node.decision = Some(decision);
            if first {
                open.append(&mut node.watchers);
            }
        }
        same
    }

    fn remember_id(&mut self, index: ResId, seen: &Seen) {
        let Some(id) = &seen.id else { return };
        let urn = self.node(index).registration.urn.clone();
        let holder = *self.by_id.entry(id.to_ascii_lowercase()).or_insert(index);
        if holder != index
            && self.node(index).decision.is_none()
            && self.node(holder).registration.urn != urn
        {
            let first = lazuli_core::SourcePlace::from(self.node(holder).registration.at);
            let message = format!(
                "{} is the same resource as the one declared at {first}: {id}",
                urn.place()
            );
            let finding = Diagnostic::error("LZ0004", message)
                .on(&urn)
                .at(self.node(index).registration.at);
            self.findings
                .push(finding.help("declare it once and share the handle"));
        }
    }

    fn judge(&self, index: ResId, seen: &Seen, state: &State) -> Decision {
        let node = self.node(index);
        let RegistrationKind::Resource { provider, .. } = &node.registration.kind else {
            return Decision::Component;
        };
        let facts = self
            .provider(provider)
            .map(|provider| provider.facts(node.registration.urn.ty()));
        let facts = facts.unwrap_or_default();
        let old = self.former(index, seen, state);
        let decision = decide(seen, &node.registration.options, old, &facts);
        swept_along(self, index, seen, &decision, &facts).unwrap_or(decision)
    }

    /// The resource of the state that this one was last time: by urn, or by id
    /// when it was moved within the program.
    pub(crate) fn former<'a>(
        &self,
        index: ResId,
        seen: &Seen,
        state: &'a State,
    ) -> Option<&'a Resource> {
        let urn = &self.node(index).registration.urn;
        state.resources.get(urn).or_else(|| {
            let id = seen.id.as_deref()?;
            let former = self.former_ids.get(&id.to_ascii_lowercase())?;
            let moved = former.ty() == urn.ty() && self.find(former).is_none();
            state.resources.get(former).filter(|_| moved)
        })
    }

    /// Marks a node as known to the program; who waited for it looks again.
    pub(crate) fn settled(&mut self, index: ResId, progress: Progress) {
        let node = &mut self.nodes[index.index()];
        node.progress = progress;
        let mut watchers = std::mem::take(&mut node.watchers);
        self.dirty.append(&mut watchers);
        self.dirty.append(&mut self.unclear);
    }

    /// Nodes that wait for this one look again, without it being settled.
    pub(crate) fn nudge(&mut self, index: ResId) {
        let mut watchers = std::mem::take(&mut self.nodes[index.index()].watchers);
        self.dirty.append(&mut watchers);
        self.dirty.append(&mut self.unclear);
    }

    /// Whether something waits to be looked at.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// What the provider is asked to do for a node.
    pub(crate) fn desired(&self, index: ResId, lifecycle: lazuli_core::Lifecycle) -> Desired {
        let node = self.node(index);
        let timeouts = &node.registration.options.timeouts;
        let timeout = match lifecycle {
            lazuli_core::Lifecycle::Create => timeouts.create,
            lazuli_core::Lifecycle::Update => timeouts.update,
            lazuli_core::Lifecycle::Delete => timeouts.delete,
        };
        Desired {
            urn: node.registration.urn.clone(),
            id: node.seen.id.clone(),
            inputs: node.seen.inputs.clone(),
            timeout,
        }
    }

    /// The node as the state would record it.
    pub(crate) fn record(&self, index: ResId, id: String, outputs: Value) -> Resource {
        let node = self.node(index);
        let registration = &node.registration;
        let provider = match &registration.kind {
            RegistrationKind::Resource { provider, .. } => provider.clone(),
            RegistrationKind::Component => String::new(),
        };
        let urn_of = |id: &ResId| self.node(*id).registration.urn.clone();
        let mut depends_on: Vec<_> = node.seen.depends_on.iter().map(urn_of).collect();
        depends_on.sort();
        Resource {
            urn: registration.urn.clone(),
            provider,
            id,
            inputs: node.seen.inputs.clone(),
            outputs,
            depends_on,
            parent: self.container(index).map(|parent| urn_of(&parent)),
            protect: registration.options.protect.unwrap_or(false),
            retain_on_delete: registration.options.retain_on_delete.unwrap_or(false),
            place: registration.at.into(),
            uncertain: false,
        }
    }

    /// The resource that contains this one in the cloud, components looked through.
    pub(crate) fn container(&self, index: ResId) -> Option<ResId> {
        let parent = self.node(index).registration.parent?;
        if self.is_component(parent) {
            self.around(parent)
        } else {
            Some(parent)
        }
    }

    /// Runs the providers' checks on every resource that is not settled, and the
    /// checks over the whole graph.
    pub(crate) fn check(&self) -> Vec<Diagnostic> {
        let mut findings = self.findings.clone();
        let mut whole: BTreeMap<&str, (Vec<ResId>, Vec<lazuli_core::Declared>)> = BTreeMap::new();
        for node in &self.nodes {
            let RegistrationKind::Resource { provider: name, .. } = &node.registration.kind else {
                continue;
            };
            let Some(provider) = self.provider(name) else {
                continue;
            };
            let desired = self.desired(node.registration.index, lazuli_core::Lifecycle::Create);
            if node.progress == Progress::Declared {
                findings.extend(
                    provider
                        .check(&desired)
                        .into_iter()
                        .map(|finding| located(finding, &node.registration)),
                );
                findings.extend(
                    node.seen
                        .failure
                        .as_ref()
                        .map(|error| failed_input(error, &node.registration)),
                );
            }
            let (indices, declared) = whole.entry(name).or_default();
            indices.push(node.registration.index);
            declared.push(lazuli_core::Declared {
                desired,
                place: node.registration.at.into(),
                depends_on: Vec::new(),
                existing: false,
            });
        }
        for (name, (indices, mut declared)) in whole {
            let position: HashMap<_, _> = indices
                .iter()
                .enumerate()
                .map(|(at, index)| (*index, at))
                .collect();
            for (at, index) in indices.iter().enumerate() {
                let deps = self.node(*index).seen.depends_on.iter();
                declared[at].depends_on =
                    deps.filter_map(|dep| position.get(dep).copied()).collect();
            }
            findings.extend(
                self.provider(name)
                    .map(|provider| provider.verify(&declared))
                    .into_iter()
                    .flatten(),
            );
        }
        findings
    }
}

fn located(mut finding: Diagnostic, registration: &Registration) -> Diagnostic {
    finding.urn.get_or_insert_with(|| registration.urn.clone());
    finding.place.get_or_insert_with(|| registration.at.into());
    finding
}

fn failed_input(error: &OutputError, registration: &Registration) -> Diagnostic {
    let message = format!(
        "an input of {} cannot be had: {error}",
        registration.urn.place()
    );
    Diagnostic::error("LZ0005", message)
        .on(&registration.urn)
        .at(registration.at)
}

/// What a step of a plan is about.
impl Subject {
    /// The node, when the step is about a declared resource.
    pub(crate) fn node(&self) -> Option<ResId> {
        match self {
            Self::Declared(index) => Some(*index),
            Self::Former(_) | Self::Superseded(_) => None,
        }
    }
}
