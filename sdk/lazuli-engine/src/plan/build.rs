//! From graph and state to a plan. Pure: same inputs, same plan.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use lazuli_core::node::NodeId;
use lazuli_core::program::{ExportEntry, RegistrationKind, TaskKind, Waiting};
use lazuli_core::{Diagnostic, Property, Severity, Urn, Value};

use super::order::Draft;
use super::removal::{deletions, lost};
use super::{Plan, PlannedExport, Step};
use crate::diff::{Because, Decisions, NodeDecision, Reason};
use crate::graph::Graph;
use crate::op::Op;
use crate::state::{Resource, State};

/// What a step is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// A declared resource.
    Declared(NodeId),
    /// A resource of the state that is not declared (any more).
    Former(Urn),
    /// The former half of a replacement that was not deleted yet, by its id.
    Superseded(String),
}

/// A plan, and what each of its steps is about.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) subjects: Vec<Subject>,
}

impl Subject {
    /// The node, when the step is about a declared resource.
    pub(crate) fn node(&self) -> Option<NodeId> {
        match self {
            Self::Declared(index) => Some(*index),
            Self::Former(_) | Self::Superseded(_) => None,
        }
    }
}

/// What a plan is made of.
pub(crate) struct PlanInput<'a> {
    pub(crate) wave: u32,
    pub(crate) graph: &'a Graph,
    pub(crate) decisions: &'a Decisions,
    pub(crate) state: &'a State,
    /// Paths of scopes that may still declare something.
    pub(crate) open_scopes: &'a [String],
    /// Nothing is deleted when the program failed: it may just not have come to its end.
    pub(crate) may_delete: bool,
    pub(crate) waiting: &'a [Waiting],
    pub(crate) exports: &'a [ExportEntry],
    pub(crate) assumed: bool,
    /// Protection is lifted on the command line.
    pub(crate) ignore_protect: bool,
    /// Removals that failed earlier in this run: not tried again in it.
    pub(crate) given_up: &'a HashSet<(Urn, Option<String>)>,
    /// Only shown: differences of imports are warnings.
    pub(crate) is_preview: bool,
}

/// Makes the plan of a wave.
pub(crate) fn build(input: &PlanInput<'_>) -> Planned {
    let findings = input.decisions.check(input.graph);
    let mut draft = Draft::default();
    for node in &input.graph.nodes {
        draft.declared(input, node.registration.index);
    }
    let waits_for = more_after(input);
    let (undecided, against) = deletions(input, &mut draft, &waits_for);
    for (id, old) in &input.state.superseded {
        if input
            .given_up
            .contains(&(old.urn.clone(), Some(id.clone())))
        {
            continue;
        }
        draft.push(
            Step {
                reasons: vec![Reason::new(Because::ReplacedEarlier)],
                ..removal(Op::DeleteReplaced, old)
            },
            Subject::Superseded(id.clone()),
        );
    }
    retained(input, &mut draft);
    draft.order_all(input.graph, input.state);
    draft.order_used(input.state);
    let mut findings = findings;
    findings.extend(lost(input.graph, input.state, &draft));
    let (steps, subjects, cycle) = draft.sorted();
    findings.extend(against);
    findings.extend(protected(input, &steps));
    findings.extend(hooked(input, &steps));
    findings.extend(aliases(input));
    findings.extend(imports(input, &steps));
    findings.extend(left_out(input));
    findings.extend(cycle.map(|urns| {
        Diagnostic::error(
            "LZ0006",
            format!("these resources depend on each other: {}", urns.join(", ")),
        )
        .help("break the cycle, for example by moving one property into a resource of its own")
    }));
    let unchanged = input.graph.nodes.iter().filter(|node| {
        let decision = input.decisions.of(node.registration.index);
        matches!(decision, Some(NodeDecision::Same | NodeDecision::Kept))
            && !input.graph.scope().destroying
            && matches!(node.registration.kind, RegistrationKind::Resource { .. })
    });
    let plan = Plan {
        wave: input.wave,
        serial: input.state.serial,
        unchanged: unchanged
            .map(|node| node.registration.urn.clone())
            .collect(),
        steps,
        undecided,
        excluded: excluded(input),
        findings,
        exports: exports(input),
        more_after: waits_for,
        assumed: input.assumed,
    };
    Planned { plan, subjects }
}

/// A step that removes a resource of the state.
pub(super) fn removal(op: Op, old: &Resource) -> Step {
    Step {
        urn: old.urn.clone(),
        op,
        id: Some(old.id.clone()),
        location: Some(old.location.clone()),
        changes: Vec::new(),
        reasons: Vec::new(),
        inputs: Value::Null,
        pending: Arc::default(),
        after: Vec::new(),
    }
}

/// Removals that only forget say so.
fn retained(input: &PlanInput<'_>, draft: &mut Draft) {
    let (graph, state) = (input.graph, input.state);

    for step in draft.steps.iter_mut().filter(|step| step.op.is_delete()) {
        let living = state.resources.get(&step.urn);
        let mut olds = living.into_iter().chain(state.superseded.values());
        let old = olds.find(|old| old.urn == step.urn && Some(&old.id) == step.id.as_ref());
        let declared = graph.find(&step.urn).map(|index| graph.node(index));
        let now = declared.filter(|_| step.op == Op::DeleteReplaced);
        let now = now.is_some_and(|node| {
            node.registration.options.retain_on_delete == Some(true)
                && !state
                    .superseded
                    .contains_key(step.id.as_deref().unwrap_or_default())
        });
        if now || old.is_some_and(|old| old.retain_on_delete) {
            step.reasons.push(Reason::new(Because::Retained));
        }
    }
}

fn excluded(input: &PlanInput<'_>) -> Vec<Urn> {
    let registrations = input.graph.nodes.iter().map(|node| &node.registration);
    registrations
        .filter(|registration| input.decisions.is_excluded(registration.index))
        .map(|registration| registration.urn.clone())
        .collect()
}

fn on_step(code: &'static str, step: &Step, message: String) -> Diagnostic {
    let mut finding = Diagnostic::error(code, message).on(&step.urn);
    finding.location.clone_from(&step.location);
    finding
}

/// The node of a resource of the state, under whatever name it is declared now.
fn declared_now(input: &PlanInput<'_>, urn: &Urn) -> Option<NodeId> {
    let graph = input.graph;
    graph.find(urn).or_else(|| {
        let mut nodes = graph.nodes.iter();
        let node = nodes.find(|node| {
            let old = graph.former(node.registration.index, &node.seen, input.state);
            old.is_some_and(|old| old.urn == *urn)
        });
        node.map(|node| node.registration.index)
    })
}

/// Deletions and replacements of protected resources. Taking the protection off
/// and replacing may happen in one run; deleting what is protected may not.
fn protected(input: &PlanInput<'_>, steps: &[Step]) -> Vec<Diagnostic> {
    let refused = steps.iter().filter(|step| {
        let old = input.state.resources.get(&step.urn);
        let lifted = || {
            let declared = declared_now(input, &step.urn);
            let declared = declared.filter(|_| !input.graph.scope().destroying);
            declared.is_some_and(|index| {
                input.graph.node(index).registration.options.protect != Some(true)
            })
        };
        !input.ignore_protect
            && step.op.is_delete()
            && old.is_some_and(|old| old.protect && Some(&old.id) == step.id.as_ref())
            && !lifted()
    });
    let finding = |step: &Step| {
        let verb = if step.op == Op::Delete {
            "delete"
        } else {
            "replace"
        };
        let message = format!(
            "the plan would {verb} {}, which is protected",
            step.urn.address()
        );
        on_step("LZ0007", step, message).help(
            "take `protect` off first (`Options::new().unprotect()`) and run `up`, or give --ignore-protect once",
        )
    };
    refused.map(finding).collect()
}

/// Deletions that the program has actions around, when the program does not run.
fn hooked(input: &PlanInput<'_>, steps: &[Step]) -> Vec<Diagnostic> {
    let old = |step: &&Step| {
        let old = input.state.resources.get(&step.urn);
        step.op.is_delete()
            && old.is_some_and(|old| old.delete_hooks)
            && declared_now(input, &step.urn).is_none()
    };
    let finding = |step: &Step| {
        let message = format!(
            "{} has hooks around its deletion, and the program does not declare it in this run",
            step.urn.address()
        );
        on_step("LZ0013", step, message).help(
            "run `destroy --run-program`; or take the hooks off and run `up` before you take the resource out",
        )
    };
    steps.iter().filter(old).map(finding).collect()
}

/// Former identities that two declared resources lay claim to.
fn aliases(input: &PlanInput<'_>) -> Vec<Diagnostic> {
    let graph = input.graph;
    let mut holders: HashMap<&Urn, &Urn> = HashMap::new();
    let mut findings = Vec::new();
    for node in &graph.nodes {
        let registration = &node.registration;
        let Some(old) = graph.former(registration.index, &node.seen, input.state) else {
            continue;
        };
        let living = graph
            .find(&old.urn)
            .filter(|index| *index != registration.index);
        let living = living.map(|index| &graph.node(index).registration.urn);
        let other = living.or_else(|| holders.get(&old.urn).copied());
        if let Some(other) = other.filter(|_| old.urn != registration.urn) {
            let message = format!(
                "{} and {} both claim to be what was {}",
                registration.urn.address(),
                other.address(),
                old.urn.address()
            );
            let finding = Diagnostic::error("LZ0015", message).on(&registration.urn);
            let help =
                "give the alias to the one that is the same resource, and take it from the other";
            findings.push(finding.at(registration.at).help(help));
        }
        holders.insert(&old.urn, &registration.urn);
    }
    findings
}

/// Adopted resources that differ from what the program declares.
fn imports(input: &PlanInput<'_>, steps: &[Step]) -> Vec<Diagnostic> {
    let differing = steps
        .iter()
        .filter(|step| step.op == Op::Import && !step.changes.is_empty());
    let finding = |step: &Step| {
        let paths: Vec<_> = step
            .changes
            .iter()
            .map(|change| change.path.as_str())
            .collect();
        let message = format!(
            "{} differs from what exists at: {}",
            step.urn.address(),
            paths.join(", ")
        );
        let mut finding = on_step("LZ0016", step, message).help(
            "declare what is there (see the differences above), import it, and change it by the next `up`; or name the paths in `ignore_changes`",
        );
        if input.is_preview {
            finding.severity = Severity::Warning;
        }
        finding
    };
    differing.map(finding).collect()
}

/// Selected resources that cannot be made because the selection leaves out what they need.
fn left_out(input: &PlanInput<'_>) -> Vec<Diagnostic> {
    let graph = input.graph;
    let finding = |node: &crate::graph::Node| {
        let urn = &node.registration.urn;
        let mut needs = node.seen.depends_on.iter();
        let missing = needs.find(|dep| input.decisions.is_excluded(**dep))?;
        let missing = graph.node(*missing).registration.urn.address();
        let is_resource = matches!(node.registration.kind, RegistrationKind::Resource { .. });
        let selected = is_resource && graph.is_selected(urn) && !graph.scope().destroying;
        let message = format!(
            "{} depends on {missing}, which does not exist and is not selected",
            urn.address()
        );
        let finding = Diagnostic::error("LZ0017", message)
            .on(urn)
            .at(node.registration.at);
        selected.then(|| finding.help(format!("add --target {missing}")))
    };
    graph.nodes.iter().filter_map(finding).collect()
}

fn exports(input: &PlanInput<'_>) -> Vec<PlannedExport> {
    let name = |id: NodeId, path: &str| input.graph.words(id, path);
    let planned = input.exports.iter().map(|entry| {
        let mut snapshot = lazuli_core::property::Snapshot::default();
        let value = Property::Output(entry.value.clone()).peek(&name, &mut snapshot);
        PlannedExport {
            name: entry.name.clone(),
            value,
        }
    });
    let mut planned: Vec<_> = planned.collect();
    planned.sort_by(|a, b| a.name.cmp(&b.name));
    planned
}

fn more_after(input: &PlanInput<'_>) -> Vec<String> {
    // Async outputs declare nothing; `main`, scopes and tasks may.
    let tasks = input
        .waiting
        .iter()
        .filter(|task| task.kind != TaskKind::FromAsync);
    let mut words: Vec<String> = tasks
        .flat_map(|task| {
            let resources = task
                .roots
                .resources
                .iter()
                .map(|(id, path)| input.graph.words(*id, path));
            let program = task
                .roots
                .program
                .iter()
                .map(|place| format!("the value made at {place}"));
            resources.chain(program).collect::<Vec<_>>()
        })
        .collect();
    words.sort();
    words.dedup();
    words
}
