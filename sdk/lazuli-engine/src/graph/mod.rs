//! The graph of what the program declared so far: facts only, what is decided
//! about them is in `diff`. Nodes are indices; every pass is linear.

mod pending;
mod record;
mod scope;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use lazuli_core::node::{Deps, NodeId};
use lazuli_core::program::{Registration, RegistrationKind};
use lazuli_core::property::Snapshot;
use lazuli_core::{
    Diagnostic, Observed, OutputError, Property, ProviderError, Schema, TypeSchema, Urn, Value,
};

pub use self::pending::Pending;
pub(crate) use self::record::{hide_like, with_secrets};
pub(crate) use self::scope::RunScope;
use crate::state::State;

/// A declared resource, or a component, as far as it is known.
pub(crate) struct Node {
    pub(crate) registration: Registration,
    pub(crate) seen: Evaluated,
    pub(crate) progress: NodeProgress,
    /// Children, for components that others depend on as a whole.
    children: Vec<NodeId>,
    /// What was read of it, for imports and existing resources.
    pub(crate) reading: Option<Box<Result<Option<Observed>, ProviderError>>>,
}

/// What is known of a node's inputs right now.
#[derive(Default, Clone)]
pub(crate) struct Evaluated {
    pub(crate) id: Option<String>,
    pub(crate) inputs: Value,
    pub(crate) pending: Arc<[Pending]>,
    pub(crate) derived: Vec<(Arc<str>, Deps)>,
    pub(crate) depends_on: Vec<NodeId>,
    pub(crate) failure: Option<Box<OutputError>>,
    /// The value of the replacement trigger.
    pub(crate) trigger: Option<Box<Value>>,
    /// Whether an unknown input waits for something the program makes itself.
    pub(crate) waits_on_program: bool,
}

/// How far a node has come in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeProgress {
    /// Nothing was done for it yet.
    Declared,
    /// It is as declared; its outputs are known to the program.
    Settled,
    /// It failed or was skipped; the program knows.
    Failed,
}

/// Schemas by the names of their providers.
pub(crate) type Schemas = BTreeMap<String, Arc<dyn Schema>>;

/// All nodes of a run.
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    by_urn: HashMap<Urn, NodeId>,
    by_id: HashMap<String, NodeId>,
    /// Places of what was declared or is in the state, and whether it is a resource.
    places: HashMap<String, bool>,
    former_ids: HashMap<String, Urn>,
    schemas: Arc<Schemas>,
    pub(crate) findings: Vec<Diagnostic>,
    scope: RunScope,
}

impl Graph {
    pub(crate) fn new(schemas: Arc<Schemas>, scope: RunScope, state: &State) -> Self {
        let former_ids = state
            .resources
            .values()
            .map(|old| (old.id.to_ascii_lowercase(), old.urn.clone()));
        Self {
            former_ids: former_ids.collect(),
            nodes: Vec::new(),
            by_urn: HashMap::new(),
            by_id: HashMap::new(),
            places: if scope.selection.is_everything() {
                HashMap::new()
            } else {
                let places = state.resources.keys().map(|urn| (urn.address(), true));
                places.collect()
            },
            schemas,
            findings: Vec::new(),
            scope,
        }
    }

    /// Forgets what was known of the state, before anything is declared.
    pub(crate) fn restart(&mut self, state: &State) {
        let schemas = self.schemas.clone();
        *self = Self::new(schemas, std::mem::take(&mut self.scope), state);
    }

    pub(crate) fn scope(&self) -> &RunScope {
        &self.scope
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    pub(crate) fn find(&self, urn: &Urn) -> Option<NodeId> {
        self.by_urn.get(urn).copied()
    }

    /// Whether a declared resource has this id in the cloud.
    pub(crate) fn claims(&self, id: &str) -> bool {
        self.by_id.contains_key(&id.to_ascii_lowercase())
    }

    /// The node that holds an id in the cloud.
    pub(crate) fn holder(&self, id: &str) -> Option<NodeId> {
        self.by_id.get(&id.to_ascii_lowercase()).copied()
    }

    /// The schema of a provider, by the provider's name.
    pub(crate) fn schema(&self, provider: &str) -> Option<&dyn Schema> {
        self.schemas.get(provider).map(|schema| &**schema)
    }

    /// Whether a check or a rule of any provider has this code.
    pub(crate) fn has_rule(&self, code: &str) -> bool {
        self.schemas.values().any(|schema| schema.has_rule(code))
    }

    /// Takes new registrations in; duplicates and unusable names are findings.
    pub(crate) fn add(&mut self, registrations: Vec<Registration>) {
        let (known, new) = (self.nodes.len(), registrations.len());
        if self.nodes.capacity() < known + new {
            // Programs declare most at once; doubling would leave half of it empty.
            self.nodes.reserve_exact(new.max(known / 4));
        }
        for registration in registrations {
            let index = registration.index;
            self.inspect(&registration);
            if let Some(parent) = registration.parent {
                self.nodes[parent.index()].children.push(index);
            }
            self.by_urn.entry(registration.urn.clone()).or_insert(index);
            if !self.scope.selection.is_everything() {
                let is_resource = matches!(registration.kind, RegistrationKind::Resource { .. });
                self.places.insert(registration.urn.address(), is_resource);
            }
            self.nodes.push(Node {
                registration,
                seen: Evaluated::default(),
                progress: NodeProgress::Declared,
                children: Vec::new(),
                reading: None,
            });
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
            let first = lazuli_core::SourceLocation::from(self.node(first).registration.at);
            let message = format!(
                "{} is declared twice; first at {first}",
                registration.urn.address()
            );
            let finding = Diagnostic::error("LZ0002", message);
            self.findings.push(
                finding
                    .on(&registration.urn)
                    .at(registration.at)
                    .help("give one of them another name"),
            );
        }
        let idle = match registration.kind {
            RegistrationKind::Component => registration.options.idle_on_component(),
            RegistrationKind::Resource { .. } => Vec::new(),
        };
        if !idle.is_empty() {
            let message = format!(
                "{} is a component: {} has no effect on it",
                registration.urn.address(),
                idle.join(", ")
            );
            let finding = Diagnostic::warning("LZ0020", message)
                .on(&registration.urn)
                .at(registration.at);
            let help = "give it to the resources inside, or by a `transform` of the component";
            self.findings.push(finding.help(help));
        }
        if let RegistrationKind::Resource { provider, .. } = &registration.kind
            && !self.schemas.contains_key(&**provider)
        {
            let known: Vec<_> = self.schemas.keys().map(String::as_str).collect();
            let message = format!(
                "there is no provider {provider:?} for {}; there is: {}",
                registration.urn.address(),
                known.join(", ")
            );
            let finding = Diagnostic::error("LZ0003", message);
            self.findings
                .push(finding.on(&registration.urn).at(registration.at));
        }
    }

    /// What a pending value waits for, in words.
    pub(crate) fn words(&self, id: NodeId, path: &str) -> String {
        let place = self
            .nodes
            .get(id.index())
            .map(|node| node.registration.urn.address());
        let place = place.unwrap_or_else(|| format!("resource {}", id.index()));
        if path.is_empty() {
            place
        } else {
            format!("{place}: {path}")
        }
    }

    /// Looks at a node's inputs as they are now.
    pub(crate) fn look(&self, index: NodeId) -> Evaluated {
        let node = self.node(index);
        let registration = &node.registration;
        let mut snapshot = Snapshot::default();
        let name = |id: NodeId, path: &str| self.words(id, path);
        let (id, inputs) = match &registration.kind {
            RegistrationKind::Component => (None, Value::Null),
            RegistrationKind::Resource { id, inputs, .. } => {
                let inputs = inputs.peek(&name, &mut snapshot);
                let id = id.as_ref().and_then(|id| {
                    let id = Property::of(id.clone());
                    let (pending, derived) = (snapshot.pending.len(), snapshot.derived.len());
                    let value = id.peek(&name, &mut snapshot);
                    if let Some(pending) = snapshot.pending.get_mut(pending) {
                        pending.0 = "id".into();
                    }
                    // The id is not an input path.
                    snapshot.derived.truncate(derived);
                    value.as_str().map(str::to_owned)
                });
                (id, inputs)
            }
        };
        let options = &registration.options;
        let trigger = options.replacement_trigger.as_ref().map(|trigger| {
            let before = snapshot.pending.len();
            let derived = snapshot.derived.len();
            let value = trigger.peek(&name, &mut snapshot);
            for pending in &mut snapshot.pending[before..] {
                pending.0 = "replacement trigger".into();
            }
            snapshot.derived.truncate(derived);
            Box::new(value)
        });
        let mut depends_on = snapshot.deps;
        depends_on.extend(registration.ambient.deps.as_slice());
        depends_on.extend(&options.depends_on);
        depends_on.extend(options.deleted_with);
        depends_on.extend(&options.replace_with);
        depends_on.extend(registration.parent);
        depends_on.extend(self.before_components(index));
        let pending = snapshot.pending.into_iter();
        let pending = pending.map(|(path, waits_for)| Pending { path, waits_for });
        let pending: Vec<_> = pending.collect();
        snapshot.derived.shrink_to_fit();
        Evaluated {
            id,
            inputs,
            pending: shared(pending),
            derived: snapshot.derived,
            depends_on: self.resources(Deps::from_ids(depends_on).as_slice(), index),
            failure: snapshot.failure.map(Box::new),
            trigger,
            waits_on_program: !snapshot.roots.program.is_empty(),
        }
    }

    /// What the components around a node are declared to come after.
    fn before_components(&self, index: NodeId) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut above = self.node(index).registration.parent;
        while let Some(id) = above.filter(|id| self.is_component(*id)) {
            let registration = &self.node(id).registration;
            found.extend(&registration.options.depends_on);
            above = registration.parent;
        }
        found
    }

    /// Replaces components that are *depended on* by the resources inside of
    /// them; the component a resource lies in is replaced by what is around it.
    pub(crate) fn resources(&self, deps: &[NodeId], of: NodeId) -> Vec<NodeId> {
        let mut found = Vec::new();
        for dep in deps {
            let is_parent = self.node(of).registration.parent == Some(*dep);
            match (self.is_component(*dep), is_parent) {
                (false, _) => found.push(*dep),
                (true, true) => found.extend(self.around(*dep)),
                (true, false) => {
                    let before = found.len();
                    self.inside(*dep, &mut found);
                    if found.len() == before {
                        // An empty one stands for what it comes after itself.
                        let own = self.node(*dep).registration.options.depends_on.iter();
                        found.extend(own.filter(|own| !self.is_component(**own)));
                    }
                }
            }
        }
        found.retain(|dep| *dep != of);
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(super) fn is_component(&self, id: NodeId) -> bool {
        matches!(self.node(id).registration.kind, RegistrationKind::Component)
    }

    fn around(&self, component: NodeId) -> Option<NodeId> {
        let mut parent = self.node(component).registration.parent;
        while let Some(id) = parent.filter(|id| self.is_component(*id)) {
            parent = self.node(id).registration.parent;
        }
        parent
    }

    fn inside(&self, component: NodeId, found: &mut Vec<NodeId>) {
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

    /// Remembers the id of a node; two nodes of one id are a finding, the `first`
    /// time that this one is looked at.
    pub(crate) fn remember_id(&mut self, index: NodeId, seen: &Evaluated, first: bool) {
        let Some(id) = &seen.id else { return };
        let urn = self.node(index).registration.urn.clone();
        let holder = *self.by_id.entry(id.to_ascii_lowercase()).or_insert(index);
        if holder != index && first && self.node(holder).registration.urn != urn {
            let first = lazuli_core::SourceLocation::from(self.node(holder).registration.at);
            let message = format!(
                "{} is the same resource as the one declared at {first}: {id}",
                urn.address()
            );
            let finding = Diagnostic::error("LZ0004", message)
                .on(&urn)
                .at(self.node(index).registration.at);
            self.findings
                .push(finding.help("declare it once and share the handle"));
        }
    }

    /// All inputs of a node are known and its request leaves: it will not be
    /// looked at again, so the outputs behind its inputs may go.
    pub(crate) fn drop_outputs(&mut self, index: NodeId) {
        let node = &mut self.nodes[index.index()];
        if let RegistrationKind::Resource { inputs, .. } = &mut node.registration.kind {
            *inputs = Property::Value(node.seen.inputs.clone());
        }
    }

    /// The schema of a node's type.
    pub(crate) fn type_schema(&self, index: NodeId) -> Arc<TypeSchema> {
        let schema = self.provider_name(index).and_then(|name| self.schema(name));
        let ty = self.node(index).registration.urn.ty();
        schema.map_or_else(TypeSchema::unknown, |schema| schema.type_schema(ty))
    }

    /// How many resources are declared, components not counted.
    pub(crate) fn resource_count(&self) -> usize {
        let kinds = self.nodes.iter().map(|node| &node.registration.kind);
        kinds
            .filter(|kind| matches!(kind, RegistrationKind::Resource { .. }))
            .count()
    }

    /// The name of the provider that serves a node.
    pub(crate) fn provider_name(&self, index: NodeId) -> Option<&Arc<str>> {
        match &self.node(index).registration.kind {
            RegistrationKind::Resource { provider, .. } => Some(provider),
            RegistrationKind::Component => None,
        }
    }
}

/// A list that clones share; an empty one takes no memory.
pub(crate) fn shared<T>(list: Vec<T>) -> Arc<[T]> {
    if list.is_empty() {
        Arc::default()
    } else {
        list.into()
    }
}
