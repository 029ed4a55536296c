//! A plan for people: a tree of what changes, grouped as it is declared.
//!
//! ```text
//! secureacrsetup
//! └─ ~ secureacrweb2021  Microsoft.Web/sites
//!      ~ properties.siteConfig.linuxFxVersion: "…:lnx-v1" → "…:lnx-v2"
//!
//! 1 to update, 21 unchanged
//! ```

use std::fmt::Write as _;

use lazuli_core::{Urn, Value};
use lazuli_engine::{Change, ChangeKind, Op, Operation, Plan, Step};

use super::{Paint, Scene, report, value};

/// Names up to this width share a column with their types.
const WIDEST_NAME: usize = 48;

/// The whole text of a plan.
pub(crate) fn plan(plan: &Plan, scene: &Scene) -> String {
    let mut text = String::new();
    for finding in &plan.findings {
        let _ = writeln!(
            text,
            "{}\n",
            report::finding(finding, scene).trim_end_matches('\n')
        );
    }
    let tree = tree(plan, scene);
    if !tree.is_empty() {
        let _ = writeln!(text, "{tree}");
    }
    for line in notes(plan, scene) {
        let _ = writeln!(text, "{line}");
    }
    if scene.operation == Operation::Preview && !plan.exports.is_empty() {
        let exports = plan
            .exports
            .iter()
            .map(|export| (export.name.as_str(), &export.value));
        let _ = writeln!(
            text,
            "{}\n{}",
            scene.paint.bold("Outputs"),
            outputs(exports)
        );
    }
    text + &scene.paint.bold(&counts(plan))
}

/// `1 to update, 21 unchanged`.
pub(crate) fn counts(plan: &Plan) -> String {
    let count = |op: Op| plan.steps.iter().filter(|step| step.op == op).count();
    let parts = [
        (count(Op::Create), "to create"),
        (count(Op::Update), "to update"),
        (count(Op::CreateReplacement), "to replace"),
        (count(Op::Delete), "to delete"),
        (plan.unchanged.len(), "unchanged"),
        (plan.undecided.len(), "undecided"),
    ];
    let parts = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"));
    let text = parts.collect::<Vec<_>>().join(", ");
    match (plan.steps.is_empty(), text.is_empty()) {
        (_, true) => "nothing is declared and nothing is deployed".to_owned(),
        (true, false) => format!("no changes: {text}"),
        (false, false) => text,
    }
}

/// Lines of `name  value`.
pub(crate) fn outputs<'a>(outputs: impl Iterator<Item = (&'a str, &'a Value)> + Clone) -> String {
    let width = outputs
        .clone()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default();
    let lines = outputs.map(|(name, value)| format!("  {name:width$}  {value}"));
    lines.map(|line| line + "\n").collect()
}

/// What the tree cannot say.
fn notes(plan: &Plan, scene: &Scene) -> Vec<String> {
    let paint = scene.paint;
    let mut lines: Vec<String> = Vec::new();
    for undecided in &plan.undecided {
        let waits = undecided.waits_for.join(", ");
        let place = undecided.urn.address();
        lines.push(format!(
            "{} {place} is kept for now: whether it is still declared depends on {waits}",
            paint.dim("?")
        ));
    }
    if !plan.more_after.is_empty() {
        lines.push(format!(
            "more resources may follow after {}",
            plan.more_after.join(", ")
        ));
        lines.push(
            "what was checked is assured for this wave; what follows is checked, shown and asked for when it is planned"
                .to_owned(),
        );
    }
    if plan.assumed {
        lines.push(
            "the program waits for something outside of the stack; this plan assumes that it declares nothing more until \
             the plan is carried out"
                .to_owned(),
        );
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// A name on the way to a step, and what happens there.
#[derive(Default)]
struct Node<'a> {
    name: &'a str,
    steps: Vec<&'a Step>,
    /// The resource that stands here and stays as it is.
    unchanged: Option<&'a Urn>,
    children: Vec<Node<'a>>,
}

impl<'a> Node<'a> {
    fn child(&mut self, name: &'a str) -> &mut Node<'a> {
        let index = self
            .children
            .iter()
            .position(|child| child.name == name)
            .unwrap_or_else(|| {
                self.children.push(Node {
                    name,
                    ..Node::default()
                });
                self.children.len() - 1
            });
        &mut self.children[index]
    }

    fn at(&mut self, urn: &'a Urn) -> &mut Node<'a> {
        let path = urn.path().split('/').filter(|name| !name.is_empty());
        path.chain([urn.name()])
            .fold(self, |node, name| node.child(name))
    }

    /// The node of a urn, if something changes there or below.
    fn find(&mut self, urn: &'a Urn) -> Option<&mut Node<'a>> {
        let path = urn.path().split('/').filter(|name| !name.is_empty());
        path.chain([urn.name()]).try_fold(self, |node, name| {
            node.children.iter_mut().find(|child| child.name == name)
        })
    }
}

/// One printed resource: its line and the lines below it.
struct Row {
    lead: String,
    name: String,
    ty: String,
    below: Vec<String>,
}

fn tree(plan: &Plan, scene: &Scene) -> String {
    let mut root = Node::default();
    for step in &plan.steps {
        root.at(&step.urn).steps.push(step);
    }
    for urn in &plan.unchanged {
        if let Some(node) = root.find(urn) {
            node.unchanged = Some(urn);
        }
    }
    let mut rows = Vec::new();
    for node in &root.children {
        add_rows(node, "", "", plan, scene, &mut rows);
    }
    print(&rows)
}

fn print(rows: &[Row]) -> String {
    let width =
        |row: &Row| console::measure_text_width(&row.lead) + console::measure_text_width(&row.name);
    let column = rows
        .iter()
        .map(width)
        .filter(|width| *width <= WIDEST_NAME)
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for row in rows {
        let gap = " ".repeat(column.saturating_sub(width(row)));
        let line = format!("{}{}{gap}  {}", row.lead, row.name, row.ty);
        let _ = writeln!(text, "{}", line.trim_end());
        for line in &row.below {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

fn add_rows(
    node: &Node<'_>,
    lead: &str,
    rail: &str,
    plan: &Plan,
    scene: &Scene,
    rows: &mut Vec<Row>,
) {
    let paint = scene.paint;
    let guide = if node.children.is_empty() {
        "   "
    } else {
        "│  "
    };
    if node.steps.is_empty() {
        let ty = node.unchanged.map(Urn::ty).unwrap_or_default();
        rows.push(Row {
            lead: lead.to_owned(),
            name: paint.dim(node.name),
            ty: paint.dim(ty),
            below: Vec::new(),
        });
    }
    for step in head_steps(node) {
        let glyph = paint.glyph(step.op);
        let below = below(step, plan, scene)
            .into_iter()
            .map(|line| format!("{rail}{}  {line}", paint.dim(guide)));
        let ty = format!("{}{}", paint.dim(step.urn.ty()), mark(step, plan, paint));
        rows.push(Row {
            lead: format!("{lead}{glyph} "),
            name: node.name.to_owned(),
            ty,
            below: below.collect(),
        });
    }
    for (index, child) in node.children.iter().enumerate() {
        let last = index + 1 == node.children.len();
        let (turn, run) = if last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        let lead = format!("{rail}{}", paint.dim(turn));
        add_rows(
            child,
            &lead,
            &format!("{rail}{}", paint.dim(run)),
            plan,
            scene,
            rows,
        );
    }
}

/// The two halves of a replacement are one row.
fn head_steps<'a>(node: &Node<'a>) -> Vec<&'a Step> {
    let replaced = |step: &Step| {
        let other = |other: &&&Step| other.op == Op::CreateReplacement && other.urn == step.urn;
        step.op == Op::DeleteReplaced && node.steps.iter().find(other).is_some()
    };
    node.steps
        .iter()
        .copied()
        .filter(|step| !replaced(step))
        .collect()
}

fn mark(step: &Step, plan: &Plan, paint: Paint) -> String {
    let position = |op: Op| {
        plan.steps
            .iter()
            .position(|other| other.op == op && other.urn == step.urn)
    };
    let words = match (
        step.op,
        position(Op::DeleteReplaced),
        position(Op::CreateReplacement),
    ) {
        (Op::CreateReplacement, Some(delete), Some(create)) if delete < create => {
            "replaced, the old one is deleted first"
        }
        (Op::CreateReplacement, ..) => "replaced, the new one is created first",
        (Op::DeleteReplaced, ..) => "the replaced one is deleted",
        _ => return String::new(),
    };
    format!("  {}", paint.red(words))
}

/// What differs, what is not known yet, and why.
fn below(step: &Step, plan: &Plan, scene: &Scene) -> Vec<String> {
    let paint = scene.paint;
    let mut lines: Vec<String> = step
        .changes
        .iter()
        .map(|change| change_line(change, paint))
        .collect();
    if scene.details && !step.op.is_delete() && step.changes.is_empty() {
        lines.extend(step.id.iter().map(|id| format!("id: {id}")));
        leaves("", &step.inputs, &mut lines);
    }
    let pending = step
        .pending
        .iter()
        .filter(|pending| !shown(step, &pending.path, scene.details));
    lines.extend(pending.map(|pending| {
        format!(
            "{}: (known after {})",
            pending.path,
            pending.waits_for.join(", ")
        )
    }));
    lines.extend(plan.chain(&step.urn).iter().map(|link| {
        let text = match link.depth {
            0 => format!("because {}", link.reason),
            depth => {
                let (indent, op) = ("  ".repeat(depth), link.op.as_str());
                format!("{indent}{op} {}: {}", link.urn.address(), link.reason)
            }
        };
        paint.dim(&text)
    }));
    if scene.details {
        lines.extend(place_line(step, plan, paint));
    }
    lines
}

fn place_line(step: &Step, plan: &Plan, paint: Paint) -> Option<String> {
    let place = step
        .location
        .as_ref()
        .map(|place| format!("declared at {place}"));
    let after = step
        .after
        .iter()
        .filter_map(|index| plan.steps.get(*index))
        .map(|step| step.urn.address());
    let after: Vec<_> = after.collect();
    let after = (!after.is_empty()).then(|| format!("after {}", after.join(", ")));
    let words: Vec<_> = place.into_iter().chain(after).collect();
    (!words.is_empty()).then(|| paint.dim(&words.join("; ")))
}

/// Whether the line of a change or of an input already says what is pending.
fn shown(step: &Step, path: &str, details: bool) -> bool {
    let changed = step.changes.iter().any(|change| path == change.path);
    changed || (details && step.changes.is_empty() && !step.op.is_delete())
}

pub(crate) fn change_line(change: &Change, paint: Paint) -> String {
    let path = &change.path;
    let (old, new) = value::pair(&change.old, &change.new);
    let text = match change.kind {
        ChangeKind::Added => format!("{} {path}: {new}", paint.green("+")),
        ChangeKind::Removed => format!("{} {path}: {old}", paint.red("-")),
        ChangeKind::Changed if old == "(secret)" && new == old => {
            format!("{} {path}: (secret), another value", paint.yellow("~"))
        }
        ChangeKind::Changed => format!("{} {path}: {old} → {new}", paint.yellow("~")),
    };
    if change.replaces {
        format!("{text}  {}", paint.red("replaces"))
    } else {
        text
    }
}

/// One line for each plain value of a tree.
fn leaves(path: &str, tree: &Value, lines: &mut Vec<String>) {
    match tree {
        Value::Map(map) if !map.is_empty() => {
            for (key, item) in map {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                leaves(&path, item, lines);
            }
        }
        Value::Null if path.is_empty() => {}
        plain => lines.push(format!("{path}: {}", value::line(plain))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn an_update_shows_what_differs_under_its_parents() {
        insta::assert_snapshot!(plan(&sample::update(), &sample::scene(Operation::Preview)));
    }

    #[test]
    fn a_first_plan_shows_pending_values_and_outputs() {
        insta::assert_snapshot!(
            "first_plan",
            plan(&sample::first(), &sample::scene(Operation::Preview))
        );
        let scene = Scene {
            details: true,
            ..sample::scene(Operation::Preview)
        };
        insta::assert_snapshot!("first_plan_details", plan(&sample::first(), &scene));
    }

    #[test]
    fn replacements_deletes_and_open_questions_are_marked() {
        insta::assert_snapshot!(plan(&sample::mixed(), &sample::scene(Operation::Up)));
    }

    #[test]
    fn counts_name_only_what_is_there() {
        let check = |plan: &Plan, expect: &str| assert_eq!(counts(plan), expect);
        check(&sample::update(), "1 to update, 2 unchanged");
        check(
            &Plan::default(),
            "nothing is declared and nothing is deployed",
        );
        check(
            &Plan {
                unchanged: sample::update().unchanged,
                ..Plan::default()
            },
            "no changes: 2 unchanged",
        );
    }

    #[test]
    fn no_text_holds_a_secret() {
        let scene = Scene {
            details: true,
            ..sample::scene(Operation::Preview)
        };
        for sample in [sample::first(), sample::update(), sample::mixed()] {
            assert!(!plan(&sample, &scene).contains(sample::SECRET));
        }
    }
}
