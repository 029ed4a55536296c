//! The graph of what the program declared so far, and what is decided about each
//! resource. Nodes are indices; every pass is linear.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use lazuli_core::executor::{Deps, ResId};
use lazuli_core::program::{Registration, RegistrationKind};
use lazuli_core::property::Snapshot;
use lazuli_core::{
    Created, Desired, Diagnostic, Existing, OutputError, Provider, ProviderError, TypeFacts, Urn,
    Value,
};

use crate::plan::{
    Decision, Pending, Subject, Wish, actual_inputs, decide, import_changes, swept_along,
};
use crate::select::Selection;
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
    /// What was read of it, for imports and existing resources.
    pub(crate) reading: Option<Box<Result<Option<Created>, ProviderError>>>,
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
    /// The value of the replacement trigger.
    pub(crate) trigger: Option<Value>,
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
    /// Places of what was declared or is in the state, and whether it is a resource.
    places: HashMap<String, bool>,
    former_ids: HashMap<String, Urn>,
    providers: Arc<BTreeMap<String, Arc<dyn Provider>>>,
    pub(crate) findings: Vec<Diagnostic>,
    dirty: Vec<ResId>,
    /// Nodes that wait for something the program makes itself (a promise): they
    /// look again whenever anything settles.
    unclear: Vec<ResId>,
    /// Nodes that cannot be decided before the cloud was read.
    unread: Vec<ResId>,
    scope: Scope,
}

/// What a run is about, beside what the program declares.
#[derive(Default)]
pub(crate) struct Scope {
    /// Targets, excludes, forced replacements.
    pub(crate) selection: Selection,
    /// Places or urns of resources to adopt, with ids.
    pub(crate) imports: BTreeMap<String, String>,
    /// Everything goes; the program runs for its hooks only.
    pub(crate) destroying: bool,
}

impl Graph {
    pub(crate) fn new(
        providers: BTreeMap<String, Arc<dyn Provider>>,
        scope: Scope,
        state: &State,
    ) -> Self {
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
                let places = state.resources.keys().map(|urn| (urn.place(), true));
                places.collect()
            },
            providers: Arc::new(providers),
            findings: Vec::new(),
            dirty: Vec::new(),
            unclear: Vec::new(),
            unread: Vec::new(),
            scope,
        }
    }

    /// Forgets what was known of the state, before anything is declared.
    pub(crate) fn restart(&mut self, state: &State) {
        let providers = (*self.providers).clone();
        *self = Self::new(providers, std::mem::take(&mut self.scope), state);
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
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

    /// The node that holds an id in the cloud.
    pub(crate) fn holder(&self, id: &str) -> Option<ResId> {
        self.by_id.get(&id.to_ascii_lowercase()).copied()
    }

    /// Whether the selection leaves out something that does not exist.
    pub(crate) fn has_excluded(&self) -> bool {
        self.nodes
            .iter()
            .any(|node| node.decision == Some(Decision::Excluded))
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
            if !self.scope.selection.is_everything() {
                let is_resource = matches!(registration.kind, RegistrationKind::Resource { .. });
                self.places.insert(registration.urn.place(), is_resource);
            }
            self.nodes.push(Node {
                registration,
                seen: Seen::default(),
                decision: None,
                progress: Progress::Declared,
                children: Vec::new(),
                watchers: Vec::new(),
                reading: None,
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
            let known: Vec<_> = self.providers.keys().map(String::as_str).collect();
            let message = format!(
                "there is no provider {provider:?} for {}; there is: {}",
                registration.urn.place(),
                known.join(", ")
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
        let options = &registration.options;
        let trigger = options.replacement_trigger.as_ref().map(|trigger| {
            let before = snapshot.pending.len();
            let derived = snapshot.derived.len();
            let value = trigger.peek(&name, &mut snapshot);
            for pending in &mut snapshot.pending[before..] {
                "replacement trigger".clone_into(&mut pending.0);
            }
            snapshot.derived.truncate(derived);
            value
        });
        let mut depends_on = snapshot.deps;
        depends_on.extend(registration.ambient.deps.as_slice());
        depends_on.extend(&options.depends_on);
        depends_on.extend(options.deleted_with);
        depends_on.extend(&options.replace_with);
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
            trigger,
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
        // Who waits for many is named by each of them; looking once is enough.
        open.sort_unstable_by(|a, b| b.cmp(a));
        open.dedup();
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
            let Some(decision) = self.judge(index, &seen, state) else {
                self.nodes[index.index()].seen = seen;
                self.unread.push(index);
                continue;
            };
            if decision.is_settled() {
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

    /// Decides about a node; `None` = the cloud has to be read first.
    fn judge(&self, index: ResId, seen: &Seen, state: &State) -> Option<Decision> {
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
        let old = self.former(index, seen, state);
        if self.scope.destroying || !self.is_selected(&node.registration.urn) {
            return Some(old.map_or(Decision::Excluded, |_| Decision::Kept));
        }
        if seen.depends_on.iter().any(|dep| self.is_excluded(*dep)) && old.is_none() {
            return Some(Decision::Excluded);
        }
        let facts = self.facts(index);
        let wish = Wish {
            seen,
            options: &node.registration.options,
            facts: &facts,
            provider,
            asked: self.scope.selection.replaces(&node.registration.urn),
            stranded: old.is_some_and(|old| self.is_stranded(index, old, state)),
        };
        if let Some(id) = self.import_id(index)
            && old.is_none_or(|old| !old.id.eq_ignore_ascii_case(id))
        {
            return self.judge_import(index, &wish, old);
        }
        Some(swept_along(self, index, &wish, decide(&wish, old), old))
    }

    /// Whether a resource lies in the old half of a replacement that an earlier
    /// run did not finish.
    fn is_stranded(&self, index: ResId, old: &Resource, state: &State) -> bool {
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
    fn judge_existing(&self, index: ResId, seen: &Seen) -> Option<Decision> {
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
        (!(stable && known)).then_some(Decision::ReadLater)
    }

    fn judge_import(
        &self,
        index: ResId,
        wish: &Wish<'_>,
        old: Option<&Resource>,
    ) -> Option<Decision> {
        let reading = self.node(index).reading.as_deref()?;
        let Ok(Some(found)) = reading else {
            // A finding of `check` says so.
            return Some(Decision::Create);
        };
        Some(Decision::Import {
            found: found.clone(),
            changes: import_changes(wish, found),
            replaces: old.is_some(),
        })
    }

    /// The id of the resource that a node wants to adopt, if it wants to.
    pub(crate) fn import_id(&self, index: ResId) -> Option<&str> {
        let registration = &self.node(index).registration;
        let asked = || {
            let imports = &self.scope.imports;
            let urn = &registration.urn;
            imports
                .get(urn.as_str())
                .or_else(|| imports.get(&urn.place()))
        };
        let own = registration.options.import.as_ref();
        own.or_else(asked).map(String::as_str)
    }

    /// What a node that has to be read is read with.
    pub(crate) fn existing(&self, index: ResId) -> Existing {
        let node = self.node(index);
        let id = self.import_id(index).map(str::to_owned);
        Existing {
            urn: node.registration.urn.clone(),
            id: id.or_else(|| node.seen.id.clone()).unwrap_or_default(),
            inputs: node.seen.inputs.clone(),
            outputs: Value::Null,
        }
    }

    /// Nodes that wait for being read, with their providers.
    pub(crate) fn take_unread(&mut self) -> Vec<ResId> {
        let mut unread = std::mem::take(&mut self.unread);
        unread.sort_unstable();
        unread.dedup();
        unread
    }

    /// Takes what was read of a node.
    pub(crate) fn read(&mut self, index: ResId, found: Result<Option<Created>, ProviderError>) {
        self.nodes[index.index()].reading = Some(Box::new(found));
        self.dirty.push(index);
    }

    /// Facts about the type of a node.
    pub(crate) fn facts(&self, index: ResId) -> TypeFacts {
        let provider = self.provider_of(index);
        let ty = self.node(index).registration.urn.ty();
        provider
            .map(|provider| provider.facts(ty))
            .unwrap_or_default()
    }

    /// The provider that serves a node.
    pub(crate) fn provider_of(&self, index: ResId) -> Option<&Arc<dyn Provider>> {
        match &self.node(index).registration.kind {
            RegistrationKind::Resource { provider, .. } => self.provider(provider),
            RegistrationKind::Component => None,
        }
    }

    pub(crate) fn is_excluded(&self, index: ResId) -> bool {
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
        index: ResId,
        seen: &Seen,
        state: &'a State,
    ) -> Option<&'a Resource> {
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
        let options = &registration.options;
        let urn_of = |id: &ResId| self.node(*id).registration.urn.clone();
        let recorded = |id: &&ResId| !self.is_existing(**id);
        let mut depends_on: Vec<_> = node
            .seen
            .depends_on
            .iter()
            .filter(recorded)
            .map(urn_of)
            .collect();
        depends_on.sort();
        let secret_outputs = options.additional_secret_outputs.clone();
        let outputs = with_secrets(outputs, &node.seen.inputs, &secret_outputs);
        let container = self
            .container(index)
            .filter(|parent| !self.is_existing(*parent));
        Resource {
            urn: registration.urn.clone(),
            provider,
            id,
            inputs: node.seen.inputs.clone(),
            outputs,
            depends_on,
            parent: container.map(|parent| urn_of(&parent)),
            protect: options.protect.unwrap_or(false),
            retain_on_delete: options.retain_on_delete.unwrap_or(false),
            place: registration.at.into(),
            uncertain: false,
            deleted_with: options
                .deleted_with
                .filter(|id| recorded(&id))
                .map(|id| urn_of(&id)),
            container_id: None,
            trigger: node.seen.trigger.clone(),
            secret_outputs,
            delete_timeout: options.timeouts.delete,
            delete_hooks: options.hooks.around_delete(),
        }
    }

    /// Whether a node only looks at a resource that exists without the program.
    pub(crate) fn is_existing(&self, index: ResId) -> bool {
        let kind = &self.node(index).registration.kind;
        matches!(kind, RegistrationKind::Resource { existing: true, .. })
    }

    /// Resources that are about to be created, by provider: what can be asked of
    /// the cloud about them.
    pub(crate) fn to_create(&self) -> Vec<(Arc<dyn Provider>, Vec<lazuli_core::Declared>)> {
        let mut found: BTreeMap<&str, (Arc<dyn Provider>, Vec<lazuli_core::Declared>)> =
            BTreeMap::new();
        for node in &self.nodes {
            let RegistrationKind::Resource { provider: name, .. } = &node.registration.kind else {
                continue;
            };
            let index = node.registration.index;
            let created = node.decision == Some(Decision::Create);
            let Some(provider) = self.provider(name).filter(|_| created) else {
                continue;
            };
            let declared = lazuli_core::Declared {
                desired: self.desired(index, lazuli_core::Lifecycle::Create),
                place: node.registration.at.into(),
                depends_on: Vec::new(),
                existing: false,
            };
            let entry = found
                .entry(name)
                .or_insert_with(|| (provider.clone(), Vec::new()));
            entry.1.push(declared);
        }
        found.into_values().collect()
    }

    /// Imports and existing resources that are not there, or cannot be read.
    fn unreadable(&self, node: &Node) -> Option<Diagnostic> {
        let registration = &node.registration;
        let id = self.existing(registration.index).id;
        let place = registration.urn.place();
        let (message, help) = match node.reading.as_deref()? {
            Ok(Some(_)) => return None,
            Ok(None) => (
                format!("{place} is to be taken from the cloud, but {id} does not exist"),
                "correct the id, or declare the resource without `import` or `existing` to create it".to_owned(),
            ),
            Err(error) => (
                format!("{place} cannot be read ({id}): {}", error.message),
                error.help.clone().unwrap_or_else(|| "check the id and your access to it, then run the command again".to_owned()),
            ),
        };
        let finding = Diagnostic::error("LZ0012", message).on(&registration.urn);
        Some(finding.at(registration.at).help(help))
    }

    /// The inputs that the state records for an import: those of the program,
    /// with what is really there.
    pub(crate) fn imported_inputs(&self, index: ResId, found: &Created) -> Value {
        let node = self.node(index);
        actual_inputs(&node.seen.inputs, &found.outputs, &self.facts(index))
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
            let left_alone = matches!(
                node.decision,
                Some(Decision::Kept | Decision::Excluded | Decision::External)
            );
            if node.progress == Progress::Declared && !left_alone {
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
            findings.extend(self.unreadable(node));
            let (indices, declared) = whole.entry(name).or_default();
            indices.push(node.registration.index);
            declared.push(lazuli_core::Declared {
                desired,
                place: node.registration.at.into(),
                depends_on: Vec::new(),
                existing: self.is_existing(node.registration.index),
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

/// Marks outputs that are secret because the program says so, or because the
/// input of the same name is.
pub(crate) fn with_secrets(mut outputs: Value, inputs: &Value, additional: &[String]) -> Value {
    for path in additional {
        hide(&mut outputs, &path.split('.').collect::<Vec<_>>());
    }
    hide_like(&mut outputs, inputs);
    outputs
}

fn hide(value: &mut Value, path: &[&str]) {
    match (path, value) {
        ([], value) => *value = std::mem::take(value).into_secret(),
        ([key, rest @ ..], Value::Map(map)) => {
            if let Some(member) = map.get_mut(*key) {
                hide(member, rest);
            }
        }
        ([key, rest @ ..], Value::List(list)) => {
            for (at, item) in list.iter_mut().enumerate() {
                if *key == "*" || *key == at.to_string() {
                    hide(item, rest);
                }
            }
        }
        _ => {}
    }
}

pub(crate) fn hide_like(outputs: &mut Value, inputs: &Value) {
    match (outputs, inputs) {
        (Value::Secret(_), _) => {}
        (outputs, Value::Secret(_)) => *outputs = std::mem::take(outputs).into_secret(),
        (Value::Map(outputs), Value::Map(inputs)) => {
            for (key, output) in outputs.iter_mut() {
                if let Some(input) = inputs.get(key) {
                    hide_like(output, input);
                }
            }
        }
        (Value::List(outputs), Value::List(inputs)) => {
            for (output, input) in outputs.iter_mut().zip(inputs) {
                hide_like(output, input);
            }
        }
        _ => {}
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
