//! What is to be done about one declared resource. Pure.

use lazuli_core::node::NodeId;
use lazuli_core::options::OptionValues;
use lazuli_core::{Observed, TypeSchema, Value};

use super::compare::{Change, Rules, Touched, covers, diff};
use super::drift::actual_inputs;
use super::{Because, Decisions, Reason};
use crate::graph::{Evaluated, Graph};
use crate::state::Resource;

/// What is to be done about a declared resource.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeDecision {
    /// Nothing; it groups others.
    Component,
    /// Nothing; it is as declared.
    Same,
    /// Nothing; it exists and the selection leaves it out.
    Kept,
    /// Nothing; it does not exist and the selection leaves it out.
    Excluded,
    /// Nothing; it exists without the program and was read.
    External,
    /// It exists without the program and is read once its id is known.
    ReadLater,
    /// It does not exist.
    Create,
    /// It exists and the state is to know it.
    Import {
        /// What is there.
        found: Box<Observed>,
        /// How the program differs from what is there.
        changes: Vec<Change>,
        /// Whether it takes the place of another one.
        replaces: bool,
        /// Whether that one goes first.
        delete_first: bool,
    },
    /// It differs in ways that can be changed in place.
    Update {
        /// The differences.
        changes: Vec<Change>,
        /// Why.
        reasons: Vec<Reason>,
    },
    /// It differs in ways that need a new one.
    Replace {
        /// The differences.
        changes: Vec<Change>,
        /// Why.
        reasons: Vec<Reason>,
        /// Whether the old one goes first.
        delete_first: bool,
    },
}

impl NodeDecision {
    /// Whether the cloud's resource is left as it is, and its outputs are known.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self, Self::Same | Self::Kept | Self::External)
    }

    /// Whether outputs of the resource may be others afterwards.
    fn changes_outputs(&self) -> bool {
        matches!(
            self,
            Self::Create | Self::Update { .. } | Self::Replace { .. } | Self::Import { .. }
        )
    }
}

/// What the program wants of a resource, and what is known of its type.
pub(crate) struct Candidate<'a> {
    pub(crate) seen: &'a Evaluated,
    pub(crate) options: &'a OptionValues,
    pub(crate) schema: &'a TypeSchema,
    /// Name of the provider that serves it now.
    pub(crate) provider: &'a str,
    /// A replacement was asked for on the command line.
    pub(crate) asked: bool,
    /// It lies in the old half of an earlier replacement of its container.
    pub(crate) stranded: bool,
}

impl Candidate<'_> {
    fn rules(&self) -> Rules<'_> {
        Rules {
            schema: self.schema,
            ignore: &self.options.ignore_changes,
            replace_on: &self.options.replace_on_changes,
        }
    }

    /// Whether a replacement under the same id, or one that the cloud gives,
    /// deletes first. Two resources cannot have one id, whatever anybody prefers.
    fn delete_first(&self) -> bool {
        let own = self.options.delete_before_replace;
        self.seen.id.is_some() || own.unwrap_or(self.schema.delete_before_replace)
    }
}

/// What is decided about the resources that one depends on.
#[derive(Clone, Copy)]
pub(super) struct Upstream<'a> {
    pub(super) graph: &'a Graph,
    pub(super) decisions: &'a Decisions,
}

/// Decides about one resource. Unknown inputs count as changed.
pub(crate) fn decide(candidate: &Candidate<'_>, old: Option<&Resource>) -> NodeDecision {
    let Some(old) = old else {
        return NodeDecision::Create;
    };
    let changes = diff(&old.inputs, &candidate.seen.inputs, &candidate.rules());
    let replacing = replacing(candidate, old);
    let new_id = replacing
        .iter()
        .any(|reason| matches!(reason.because, Because::NewId(_)));
    // An unknown at an immutable path is decided when it is known.
    let certain = |change: &Change| change.replaces && !change.new.contains_unknown();
    if !replacing.is_empty() || changes.iter().any(certain) {
        // Under another id both can exist, whatever the type prefers.
        let delete_first = if new_id {
            candidate.options.delete_before_replace.unwrap_or(false)
        } else {
            candidate.delete_first()
        };
        return NodeDecision::Replace {
            changes,
            reasons: replacing,
            delete_first,
        };
    }
    let mut reasons = Vec::new();
    if old.uncertain {
        reasons.push(Reason::new(Because::Interrupted));
    }
    if *old.provider != *candidate.provider {
        reasons.push(Reason::new(Because::NewProvider(
            candidate.provider.to_owned(),
        )));
    }
    if changes.is_empty() && reasons.is_empty() {
        NodeDecision::Same
    } else {
        NodeDecision::Update { changes, reasons }
    }
}

/// Reasons for a replacement beside the inputs, in the order in which they are looked at.
fn replacing(candidate: &Candidate<'_>, old: &Resource) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if is_triggered(candidate.seen.trigger.as_deref(), old.trigger.as_ref()) {
        reasons.push(Reason::new(Because::Trigger));
    }
    if old.tainted {
        reasons.push(Reason::new(Because::Tainted));
    }
    if candidate.asked {
        reasons.push(Reason::new(Because::Asked));
    }
    match &candidate.seen.id {
        Some(id) if !id.eq_ignore_ascii_case(&old.id) => {
            reasons.push(Reason::new(Because::NewId(id.clone())));
        }
        // Another instance of the provider may not find the same resource.
        None if *old.provider != *candidate.provider => {
            reasons.push(Reason::new(Because::NewProvider(
                candidate.provider.to_owned(),
            )));
        }
        _ => {}
    }
    reasons
}

/// A trigger that is new, or gone, does not fire; one that is not known yet does.
fn is_triggered(now: Option<&Value>, before: Option<&Value>) -> bool {
    match (now, before) {
        (Some(now), Some(before)) => {
            let (now, before) = (now.unwrapped(), before.unwrapped());
            now != Value::Null && before != Value::Null && (now.contains_unknown() || now != before)
        }
        _ => false,
    }
}

/// How the program differs from an existing resource that it wants to adopt.
pub(super) fn import_changes(candidate: &Candidate<'_>, found: &Observed) -> Vec<Change> {
    let there = actual_inputs(&candidate.seen.inputs, &found.outputs, candidate.schema);
    diff(&there, &candidate.seen.inputs, &candidate.rules())
}

/// Spreads replacements to a resource that depends on replaced ones: what lies
/// inside a replaced resource goes with it, and what has an input from one is
/// written again, or replaced if that input cannot change in place. Names the
/// upstream resources of changed inputs on the way.
pub(super) fn propagate_replacement(
    upstream: Upstream<'_>,
    index: NodeId,
    candidate: &Candidate<'_>,
    decision: NodeDecision,
    old: Option<&Resource>,
) -> NodeDecision {
    let (changes, mut reasons, was_replaced, first) = match decision {
        NodeDecision::Same => (Vec::new(), Vec::new(), false, candidate.delete_first()),
        NodeDecision::Update { changes, reasons } => {
            (changes, reasons, false, candidate.delete_first())
        }
        NodeDecision::Replace {
            changes,
            reasons,
            delete_first,
        } => (changes, reasons, true, delete_first),
        other => return other,
    };
    let bound = bound_to_replaced(upstream, index, candidate, old);
    let inside = matches!(bound, Some(Because::Inside(_) | Because::DeletedWith(_)));
    let mut replace = was_replaced || bound.is_some();
    reasons.extend(bound.map(Reason::new));
    replace |= sources(upstream, candidate, &changes, &mut reasons);
    if replace {
        NodeDecision::Replace {
            changes,
            reasons,
            delete_first: first
                || (inside && !was_replaced)
                || depends_on_delete_first(upstream, candidate, old),
        }
    } else if changes.is_empty() && reasons.is_empty() {
        NodeDecision::Same
    } else {
        NodeDecision::Update { changes, reasons }
    }
}

/// Whether something it depends on, or did, is deleted before its replacement
/// comes: then its own old half has to be gone before that.
pub(super) fn depends_on_delete_first(
    upstream: Upstream<'_>,
    candidate: &Candidate<'_>,
    old: Option<&Resource>,
) -> bool {
    let goes_first = |id: &NodeId| {
        matches!(
            upstream.decisions.of(*id),
            Some(NodeDecision::Replace {
                delete_first: true,
                ..
            })
        )
    };
    let before = old.into_iter().flat_map(Resource::edges);
    let mut before = before.filter_map(|urn| upstream.graph.find(urn));
    candidate.seen.depends_on.iter().any(goes_first) || before.any(|id| goes_first(&id))
}

/// The replaced resource that this one goes with, whatever its inputs.
fn bound_to_replaced(
    upstream: Upstream<'_>,
    index: NodeId,
    candidate: &Candidate<'_>,
    old: Option<&Resource>,
) -> Option<Because> {
    let graph = upstream.graph;
    let replaced = |id: &NodeId| {
        matches!(
            upstream.decisions.of(*id),
            Some(NodeDecision::Replace { .. })
        )
        .then(|| graph.node(*id).registration.urn.clone())
    };
    let container = graph.container(index);
    let replaced_under = |id: &NodeId| {
        if candidate.stranded {
            Some(graph.node(*id).registration.urn.clone())
        } else {
            replaced(id)
        }
    };
    let inside = container
        .as_ref()
        .filter(|_| candidate.options.deleted_with.is_none() || !candidate.stranded);
    let inside = inside.and_then(replaced_under).map(Because::Inside);
    let with = || {
        let with = candidate.options.deleted_with.as_ref();
        with.and_then(replaced_under).map(Because::DeletedWith)
    };
    // What the program dropped in this run is still true of the old one.
    let was_with = || {
        let with = graph.find(old?.deleted_with.as_ref()?)?;
        replaced(&with).map(Because::DeletedWith)
    };
    let beside = || {
        let beside = graph.resources(&candidate.options.replace_with, index);
        beside.iter().find_map(replaced).map(Because::ReplacedWith)
    };
    inside.or_else(with).or_else(was_with).or_else(beside)
}

/// Names what changed or replaced resources inputs come from; whether one of
/// these inputs cannot change in place.
fn sources(
    upstream: Upstream<'_>,
    candidate: &Candidate<'_>,
    changes: &[Change],
    reasons: &mut Vec<Reason>,
) -> bool {
    let fixed = |path: &str| {
        let options = &candidate.options.replace_on_changes;
        let mut patterns = candidate.schema.immutable.iter().chain(options);
        patterns.any(|pattern| covers(pattern, path))
    };
    let touched = Touched::by(changes);
    let mut replace = false;
    for (path, deps) in &candidate.seen.derived {
        let differs = || touched.is(path);
        for dep in deps.as_slice() {
            let node = upstream.graph.node(*dep);
            let urn = || node.registration.urn.clone();
            let because = match upstream.decisions.of(*dep) {
                Some(NodeDecision::Replace { .. }) => {
                    replace |= fixed(path);
                    Because::FromReplaced(urn())
                }
                Some(decision) if decision.changes_outputs() && differs() => Because::From(urn()),
                _ => continue,
            };
            // Paths and their sources are distinct, and so are these reasons.
            reasons.push(Reason::at(path, because));
        }
    }
    replace
}
