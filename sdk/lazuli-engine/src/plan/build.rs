//! From graph and state to a plan. Pure: same inputs, same plan.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use lazuli_core::executor::ResId;
use lazuli_core::program::{ExportEntry, RegistrationKind, Waiting};
use lazuli_core::{Diagnostic, Options, Property, TypeFacts, Urn, Value};

use super::diff::{Rules, diff};
use super::{Change, Op, Plan, PlannedExport, Step, Undecided};
use crate::graph::{Graph, Progress, Seen};
use crate::state::{Resource, State};

/// What is to be done about a declared resource.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Decision {
    /// Nothing; it groups others.
    Component,
    /// Nothing; it is as declared.
    Same,
    /// It does not exist.
    Create,
    /// It differs in ways that can be changed in place.
    Update {
        /// The differences.
        changes: Vec<Change>,
        /// Why, when differences alone do not say it.
        reasons: Vec<String>,
    },
    /// It differs in ways that need a new one.
    Replace {
        /// The differences.
        changes: Vec<Change>,
        /// Why, when differences alone do not say it.
        reasons: Vec<String>,
        /// Whether the old one goes first.
        delete_first: bool,
    },
}

/// What a step is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// A declared resource.
    Declared(ResId),
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

/// Decides about one resource. Unknown inputs count as changed.
pub(crate) fn decide(
    seen: &Seen,
    options: &Options,
    old: Option<&Resource>,
    facts: &TypeFacts,
) -> Decision {
    let Some(old) = old else {
        return Decision::Create;
    };
    let rules = Rules {
        facts,
        ignore: &options.ignore_changes,
        replace_on: &options.replace_on_changes,
    };
    let changes = diff(&old.inputs, &seen.inputs, &rules);
    let other_id = seen
        .id
        .as_deref()
        .filter(|id| !id.eq_ignore_ascii_case(&old.id));
    let mut reasons = Vec::new();
    if let Some(id) = other_id {
        reasons.push(format!("its id becomes {id}"));
        return Decision::Replace {
            changes,
            reasons,
            delete_first: options.delete_before_replace.unwrap_or(false),
        };
    }
    // An unknown at an immutable path is decided when it is known.
    let certain = |change: &&Change| change.replaces && !change.new.contains_unknown();
    if changes.iter().any(|change| certain(&change)) {
        let delete_first = options
            .delete_before_replace
            .unwrap_or(facts.delete_before_replace);
        return Decision::Replace {
            changes,
            reasons,
            delete_first,
        };
    }
    if old.uncertain {
        reasons.push("its last operation was interrupted or left it unhealthy".to_owned());
    }
    if changes.is_empty() && reasons.is_empty() {
        Decision::Same
    } else {
        Decision::Update { changes, reasons }
    }
}

/// What a plan is made of.
pub(crate) struct PlanInput<'a> {
    pub(crate) wave: u32,
    pub(crate) graph: &'a Graph,
    pub(crate) state: &'a State,
    /// Paths of scopes that may still declare something.
    pub(crate) open_scopes: &'a [String],
    /// Nothing is deleted when the program failed: it may just not have come to its end.
    pub(crate) may_delete: bool,
    pub(crate) waiting: &'a [Waiting],
    pub(crate) exports: &'a [ExportEntry],
    pub(crate) assumed: bool,
}

/// Makes the plan of a wave.
pub(crate) fn build(input: &PlanInput<'_>) -> Planned {
    let findings = input.graph.check();
    let mut draft = Draft::default();
    for node in &input.graph.nodes {
        draft.declared(input.graph, node.registration.index, input.state);
    }
    let undecided = deletions(input, &mut draft);
    for (id, old) in &input.state.superseded {
        draft.push(
            Step {
                reasons: vec!["it was replaced earlier".into()],
                ..removal(Op::DeleteReplaced, old)
            },
            Subject::Superseded(id.clone()),
        );
    }
    draft.order(input.graph, input.state);
    let (steps, subjects, cycle) = draft.sorted();
    let mut findings = findings;
    findings.extend(protected(input, &steps));
    findings.extend(cycle.map(|urns| {
        Diagnostic::error(
            "LZ0006",
            format!("these resources depend on each other: {}", urns.join(", ")),
        )
        .help("break the cycle, for example by moving one property into a resource of its own")
    }));
    let unchanged = input.graph.nodes.iter().filter(|node| {
        node.decision == Some(Decision::Same)
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
        findings,
        exports: exports(input),
        more_after: more_after(input),
        assumed: input.assumed,
    };
    Planned { plan, subjects }
}

/// Spreads replacements to a resource that depends on replaced ones: what lies
/// inside a replaced resource goes with it, and what has an input from one is
/// written again, or replaced if that input cannot change in place.
pub(crate) fn swept_along(
    graph: &Graph,
    index: ResId,
    seen: &Seen,
    decision: &Decision,
    facts: &TypeFacts,
) -> Option<Decision> {
    let is_replaced =
        |dep: &ResId| matches!(graph.node(*dep).decision, Some(Decision::Replace { .. }));
    let changes = match decision {
        Decision::Same => Vec::new(),
        Decision::Update { changes, .. } => changes.clone(),
        _ => return None,
    };
    if let Some(container) = graph.container(index).filter(is_replaced) {
        let reason = format!(
            "it lies in {}, which is replaced",
            graph.words(container, "")
        );
        return Some(Decision::Replace {
            changes,
            reasons: vec![reason],
            delete_first: true,
        });
    }
    let options = &graph.node(index).registration.options;
    let fixed = |path: &str| {
        let mut patterns = facts.immutable.iter().chain(&options.replace_on_changes);
        patterns.any(|pattern| super::diff::covers(pattern, path))
    };
    let mut reasons = Vec::new();
    let mut replace = false;
    for (path, deps) in &seen.derived {
        if let Some(dep) = deps.as_slice().iter().find(|dep| is_replaced(dep)) {
            replace |= fixed(path);
            reasons.push(format!(
                "`{path}` comes from {}, which is replaced",
                graph.words(*dep, "")
            ));
        }
    }
    if reasons.is_empty() {
        return None;
    }
    let delete_first = options
        .delete_before_replace
        .unwrap_or(facts.delete_before_replace);
    Some(if replace {
        Decision::Replace {
            changes,
            reasons,
            delete_first,
        }
    } else {
        Decision::Update { changes, reasons }
    })
}

fn removal(op: Op, old: &Resource) -> Step {
    Step {
        urn: old.urn.clone(),
        op,
        id: Some(old.id.clone()),
        place: Some(old.place.clone()),
        changes: Vec::new(),
        reasons: Vec::new(),
        inputs: Value::Null,
        pending: Vec::new(),
        after: Vec::new(),
    }
}

/// Plans the deletion of what is not declared any more; returns what is kept
/// because a scope above it is still open.
fn deletions(input: &PlanInput<'_>, draft: &mut Draft) -> Vec<Undecided> {
    let mut undecided = Vec::new();
    let moved: HashSet<&Urn> = input
        .graph
        .nodes
        .iter()
        .filter_map(|node| {
            input
                .graph
                .former(node.registration.index, &node.seen, input.state)
        })
        .map(|old| &old.urn)
        .collect();
    for old in input.state.resources.values() {
        if input.graph.find(&old.urn).is_some()
            || moved.contains(&old.urn)
            || input.graph.claims(&old.id)
        {
            continue;
        }
        let open = input
            .open_scopes
            .iter()
            .any(|scope| old.urn.is_under(scope));
        if open || !input.may_delete {
            undecided.push(Undecided {
                urn: old.urn.clone(),
                waits_for: more_after(input),
            });
        } else {
            let mut step = removal(Op::Delete, old);
            step.reasons.extend(
                old.retain_on_delete
                    .then(|| "kept in the cloud (retain_on_delete)".to_owned()),
            );
            draft.push(step, Subject::Former(old.urn.clone()));
        }
    }
    undecided
}

fn protected(input: &PlanInput<'_>, steps: &[Step]) -> Vec<Diagnostic> {
    let refused = steps.iter().filter(|step| {
        let declared = input
            .graph
            .find(&step.urn)
            .map(|index| &input.graph.node(index).registration.options);
        let lifted = declared.is_some_and(|options| options.protect != Some(true));
        let old = input.state.resources.get(&step.urn);
        step.op.is_delete()
            && !lifted
            && old.is_some_and(|old| old.protect && Some(&old.id) == step.id.as_ref())
    });
    let finding = |step: &Step| {
        let verb = if step.op == Op::Delete {
            "delete"
        } else {
            "replace"
        };
        let message = format!(
            "the plan would {verb} {}, which is protected",
            step.urn.place()
        );
        let mut finding = Diagnostic::error("LZ0007", message).on(&step.urn);
        finding.place.clone_from(&step.place);
        finding.help("take `protect` off first (`Options::new().unprotect()`), run `up`, then repeat this change")
    };
    refused.map(finding).collect()
}

fn exports(input: &PlanInput<'_>) -> Vec<PlannedExport> {
    let name = |id: ResId, path: &str| input.graph.words(id, path);
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
        .filter(|task| task.name != "from_async");
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

/// Steps while their order is worked out.
#[derive(Default)]
struct Draft {
    steps: Vec<Step>,
    subjects: Vec<Subject>,
    after: Vec<HashSet<usize>>,
    /// The step that brings a declared resource to its new form.
    bringing: HashMap<ResId, usize>,
    /// The step that removes a resource of the state.
    removing: HashMap<Urn, usize>,
}

impl Draft {
    fn push(&mut self, step: Step, subject: Subject) -> usize {
        let at = self.steps.len();
        if step.op.is_delete() && !matches!(subject, Subject::Superseded(_)) {
            self.removing.insert(step.urn.clone(), at);
        }
        self.steps.push(step);
        self.subjects.push(subject);
        self.after.push(HashSet::new());
        at
    }

    fn declared(&mut self, graph: &Graph, index: ResId, state: &State) {
        let node = graph.node(index);
        if node.progress != Progress::Declared {
            return;
        }
        let (op, changes, reasons) = match &node.decision {
            None | Some(Decision::Component | Decision::Same) => return,
            Some(Decision::Create) => (Op::Create, Vec::new(), Vec::new()),
            Some(Decision::Update { changes, reasons }) => {
                (Op::Update, changes.clone(), reasons.clone())
            }
            Some(Decision::Replace {
                changes, reasons, ..
            }) => (Op::CreateReplacement, changes.clone(), reasons.clone()),
        };
        let old = graph.former(index, &node.seen, state);
        let step = Step {
            urn: node.registration.urn.clone(),
            op,
            id: node
                .seen
                .id
                .clone()
                .or_else(|| old.filter(|_| op == Op::Update).map(|old| old.id.clone())),
            place: Some(node.registration.at.into()),
            changes,
            reasons: reasons.clone(),
            inputs: node.seen.inputs.clone(),
            pending: node.seen.pending.clone(),
            after: Vec::new(),
        };
        let bringing = self.push(step, Subject::Declared(index));
        self.bringing.insert(index, bringing);
        if let (Some(Decision::Replace { delete_first, .. }), Some(old)) = (&node.decision, old) {
            let removing = self.push(
                Step {
                    reasons,
                    ..removal(Op::DeleteReplaced, old)
                },
                Subject::Declared(index),
            );
            let (first, second) = if *delete_first {
                (removing, bringing)
            } else {
                (bringing, removing)
            };
            self.after[second].insert(first);
        }
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
        for dependent in state.resources.values().chain(state.superseded.values()) {
            let leaving = self.removing.get(&dependent.urn).copied();
            let changing = graph
                .find(&dependent.urn)
                .and_then(|index| self.bringing.get(&index))
                .copied();
            let Some(first) = leaving.or(changing) else {
                continue;
            };
            for dep in dependent.depends_on.iter().chain(&dependent.parent) {
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
                let creation = graph
                    .find(dep)
                    .and_then(|index| self.bringing.get(&index))
                    .copied();
                // An update that follows the new half of a replacement cannot precede the deletion of the old half.
                let circular = replaced_under_it
                    && creation.is_some_and(|new| self.after[new].contains(&then));
                if !circular {
                    self.after[then].insert(first);
                }
            }
        }
    }

    /// Steps in a possible order that does not depend on timing; urns of a cycle if there is one.
    fn sorted(self) -> (Vec<Step>, Vec<Subject>, Option<Vec<String>>) {
        let count = self.steps.len();
        let mut open: Vec<usize> = self.after.iter().map(HashSet::len).collect();
        let mut dependents = vec![Vec::new(); count];
        for (at, after) in self.after.iter().enumerate() {
            for before in after {
                dependents[*before].push(at);
            }
        }
        let key = |at: usize| {
            Reverse((
                self.steps[at].op.is_delete(),
                self.steps[at].urn.clone(),
                at,
            ))
        };
        let mut ready: BinaryHeap<_> = (0..count).filter(|at| open[*at] == 0).map(key).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(Reverse((_, _, at))) = ready.pop() {
            order.push(at);
            for dependent in &dependents[at] {
                open[*dependent] -= 1;
                if open[*dependent] == 0 {
                    ready.push(key(*dependent));
                }
            }
        }
        let stuck: Vec<_> = (0..count).filter(|at| open[*at] > 0).collect();
        let cycle = (!stuck.is_empty())
            .then(|| stuck.iter().map(|at| self.steps[*at].urn.place()).collect());
        order.extend(stuck);
        let mut position = vec![0; count];
        for (new, old) in order.iter().enumerate() {
            position[*old] = new;
        }
        let mut steps: Vec<Option<Step>> = self.steps.into_iter().map(Some).collect();
        let sorted = order.iter().filter_map(|at| {
            let mut step = steps[*at].take()?;
            step.after = self.after[*at]
                .iter()
                .map(|before| position[*before])
                .collect();
            step.after.sort_unstable();
            Some(step)
        });
        let sorted = sorted.collect();
        let mut subjects: Vec<Option<Subject>> = self.subjects.into_iter().map(Some).collect();
        (
            sorted,
            order.iter().filter_map(|at| subjects[*at].take()).collect(),
            cycle,
        )
    }
}
