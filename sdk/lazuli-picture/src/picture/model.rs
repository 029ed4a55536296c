//! What a picture shows: boxes and what lies in them, edges, and ways. Data only.

use std::collections::{BTreeMap, HashMap, HashSet};

use lazuli_core::{Category, Diagnostic, NodeStyle, Proof, Severity, Status, Urn, Value};
use lazuli_engine::{Member, Op, Plan, Topology};

use crate::brief::line;

/// Input lines of one resource that are shown at most.
const MOST_INPUTS: usize = 60;

/// Everything that is drawn.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// What it is a picture of.
    pub title: String,
    /// Which state of that.
    pub subtitle: String,
    /// Resources in the order of their declaration, then components.
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) ways: Vec<DrawnWay>,
    /// All of it is going to be created: signs would say nothing.
    pub is_new: bool,
    /// What the picture cannot show yet, a sentence each.
    pub notes: Vec<String>,
}

/// A resource, or the box of a component.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    pub(crate) name: String,
    /// What people call its kind.
    pub(crate) kind: String,
    pub(crate) category: Category,
    /// The box that it lies in.
    pub(crate) parent: Option<usize>,
    pub(crate) is_box: bool,
    pub(crate) is_component: bool,
    pub(crate) fate: Fate,
    /// The one fact that is shown without asking.
    pub(crate) caption: String,
    /// Components that it belongs to and that have no box around it, innermost last.
    pub(crate) tags: Vec<String>,
    pub(crate) ty: String,
    pub(crate) urn: String,
    pub(crate) id: String,
    /// `file:line` of the program.
    pub(crate) place: String,
    /// Names and values that matter, then the declared inputs.
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) inputs: Vec<(String, String)>,
    pub(crate) findings: Vec<Finding>,
}

/// What was found wrong with a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// What is going to happen to a resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing is known, or nothing is asked.
    #[default]
    Unsaid,
    Create,
    Update,
    Replace,
    Delete,
    Import,
    Same,
    /// It exists without the program.
    Existing,
}

impl Fate {
    fn of(op: Op) -> Self {
        match op {
            Op::Create => Self::Create,
            Op::Update => Self::Update,
            Op::Delete => Self::Delete,
            Op::CreateReplacement | Op::DeleteReplaced => Self::Replace,
            Op::Import => Self::Import,
            Op::Read => Self::Existing,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unsaid => "",
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Import => "import",
            Self::Same => "same",
            Self::Existing => "existing",
        }
    }

    /// The sign of a change, as the plan has it; none where nothing changes.
    pub(crate) fn sign(self) -> Option<&'static str> {
        match self {
            Self::Create => Some("+"),
            Self::Update => Some("~"),
            Self::Replace => Some("±"),
            Self::Delete => Some("−"),
            Self::Import => Some("←"),
            Self::Unsaid | Self::Same | Self::Existing => None,
        }
    }
}

/// An edge: `from` needs `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// A way, with its positions among the nodes, and its parts as they are drawn.
#[derive(Debug, Clone)]
pub(crate) struct DrawnWay {
    pub(crate) way: Way,
    pub(crate) parts: Vec<Part>,
}

/// The way of a resource to something that it needs.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) from: usize,
    /// Where it leads, if that is declared.
    pub(crate) to: Option<usize>,
    /// `pulls host/image:tag`.
    pub(crate) goal: String,
    pub(crate) state: Status,
    pub(crate) stops: Vec<Stop>,
}

/// One thing that must hold on a way.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    /// What is asked, in a word: `dns`.
    pub(crate) question: &'static str,
    pub(crate) state: Status,
    pub(crate) detail: String,
    pub(crate) code: Option<&'static str>,
    pub(crate) on: Option<usize>,
    pub(crate) is_passed: bool,
}

/// A part of a way from one node to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) state: Status,
    pub(crate) code: Option<&'static str>,
}

/// What a provider says of the resources at these positions among the members.
#[derive(Debug, Clone, Default)]
pub struct Displayed {
    /// The positions.
    pub positions: Vec<usize>,
    /// How each is shown, in the order of the positions.
    pub looks: Vec<NodeStyle>,
    /// What was proved of them.
    pub proofs: Vec<Proof>,
}

impl Picture {
    /// A picture of a topology, with what providers and a plan say of it.
    pub fn new(topology: &Topology, displayeds: &[Displayed], plan: Option<&Plan>) -> Self {
        let mut sketch = Sketch::new(topology, displayeds);
        if let Some(plan) = plan {
            sketch.take_plan(plan);
        }
        sketch.boxes_of_components();
        let ways = sketch.ways(displayeds);
        let edges = sketch.edges(&ways);
        let mut resources = sketch.nodes.iter().filter(|node| !node.is_component);
        Self {
            is_new: resources.all(|node| node.fate == Fate::Create),
            nodes: sketch.nodes,
            edges,
            ways,
            ..Self::default()
        }
    }

    /// The sign of what happens to a node, where there is something to tell apart.
    pub(crate) fn sign(&self, node: &Node) -> Option<&'static str> {
        node.fate.sign().filter(|_| !self.is_new)
    }
}

/// Nodes above one, innermost first.
fn above(nodes: &[Node], of: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(nodes[of].parent, |at| nodes[*at].parent)
}

struct Sketch<'a> {
    members: &'a [Member],
    /// The node of each member that is a resource.
    node_of: Vec<Option<usize>>,
    /// The member of each node.
    member_of: Vec<usize>,
    nodes: Vec<Node>,
}

impl<'a> Sketch<'a> {
    fn new(topology: &'a Topology, displayeds: &[Displayed]) -> Self {
        let members = &topology.members[..];
        let looks = displayeds.iter().flat_map(|displayed| {
            let looks = displayed.positions.iter().zip(&displayed.looks);
            looks.map(move |(at, look)| (*at, (look, &displayed.positions)))
        });
        let looks: HashMap<usize, (&NodeStyle, &Vec<usize>)> = looks.collect();
        let is_resource = |at: &usize| members[*at].resource.is_some();
        let member_of: Vec<usize> = (0..members.len()).filter(is_resource).collect();
        let mut node_of = vec![None; members.len()];
        for (node, member) in member_of.iter().enumerate() {
            node_of[*member] = Some(node);
        }
        let mut sketch = Self {
            members,
            nodes: Vec::new(),
            node_of,
            member_of,
        };
        for at in sketch.member_of.clone() {
            let look = looks.get(&at).map(|(look, _)| *look);
            sketch.nodes.push(node(&members[at], look));
        }
        for (node, at) in sketch.member_of.clone().into_iter().enumerate() {
            let said = looks.get(&at).and_then(|(look, positions)| {
                let member = positions.get(look.within?)?;
                sketch.node_of[*member]
            });
            let parent = said.or_else(|| sketch.resource_above(at));
            let turns = parent.is_some_and(|parent| {
                parent == node || above(&sketch.nodes, parent).any(|above| above == node)
            });
            if let Some(parent) = parent.filter(|_| !turns) {
                sketch.nodes[node].parent = Some(parent);
                sketch.nodes[parent].is_box = true;
            }
        }
        sketch
    }

    fn resource_above(&self, member: usize) -> Option<usize> {
        std::iter::successors(self.members[member].parent, |at| self.members[*at].parent)
            .find_map(|at| self.node_of[at])
    }

    /// What is going to happen, what is wrong, and what goes away.
    fn take_plan(&mut self, plan: &Plan) {
        let by_urn = self.nodes.iter().enumerate();
        let mut by_urn: HashMap<String, usize> =
            by_urn.map(|(at, node)| (node.urn.clone(), at)).collect();
        for urn in &plan.unchanged {
            if let Some(at) = by_urn.get(urn.as_str())
                && self.nodes[*at].fate == Fate::Unsaid
            {
                self.nodes[*at].fate = Fate::Same;
            }
        }
        for step in &plan.steps {
            let at = *by_urn
                .entry(step.urn.as_str().to_owned())
                .or_insert_with(|| {
                    let places = self.nodes.iter();
                    let mut places = places.map(|node| place_of(&node.urn));
                    let parent = places.position(|place| place.as_deref() == Some(step.urn.path()));
                    if let Some(parent) = parent {
                        self.nodes[parent].is_box = true;
                    }
                    self.nodes.push(Node {
                        name: step.urn.name().to_owned(),
                        kind: last_word(step.urn.ty()),
                        parent,
                        ty: step.urn.ty().to_owned(),
                        urn: step.urn.as_str().to_owned(),
                        id: step.id.clone().unwrap_or_default(),
                        place: step
                            .location
                            .as_ref()
                            .map(ToString::to_string)
                            .unwrap_or_default(),
                        ..Node::default()
                    });
                    self.nodes.len() - 1
                });
            self.nodes[at].fate = Fate::of(step.op);
        }
        for finding in &plan.findings {
            let at = finding
                .urn
                .as_ref()
                .and_then(|urn| by_urn.get(urn.as_str()));
            if let Some(at) = at {
                self.nodes[*at].findings.push(Finding::of(finding));
            }
        }
    }

    /// Puts a box around what belongs to one component and lies in one place; a
    /// component with a single thing in a place is a tag of that.
    fn boxes_of_components(&mut self) {
        let resources = self.member_of.len();
        let mut boxes: BTreeMap<(Option<usize>, usize), usize> = BTreeMap::new();
        let mut component_of: Vec<Option<usize>> = vec![None; self.nodes.len()];
        // Parents first, so that the components around a place are known.
        let mut order: Vec<usize> = (0..resources).collect();
        order.sort_by_key(|node| above(&self.nodes, *node).count());
        for node in order {
            let around: HashSet<usize> = above(&self.nodes, node)
                .filter_map(|at| component_of[at])
                .collect();
            let member = self.member_of[node];
            let chain =
                std::iter::successors(self.members[member].parent, |at| self.members[*at].parent);
            let own = chain.take_while(|at| self.members[*at].resource.is_none());
            let mut own: Vec<usize> = own.filter(|at| !around.contains(at)).collect();
            own.reverse();
            let mut parent = self.nodes[node].parent;
            for component in own {
                let key = (parent, component);
                let at = *boxes.entry(key).or_insert_with(|| {
                    self.nodes
                        .push(component_box(&self.members[component], parent));
                    component_of.push(Some(component));
                    self.nodes.len() - 1
                });
                parent = Some(at);
            }
            self.nodes[node].parent = parent;
        }
        self.dissolve_single_boxes();
    }

    fn dissolve_single_boxes(&mut self) {
        loop {
            let mut children = vec![Vec::new(); self.nodes.len()];
            for (at, node) in self.nodes.iter().enumerate() {
                if let Some(parent) = node.parent {
                    children[parent].push(at);
                }
            }
            let single = (0..self.nodes.len())
                .rev()
                .find(|at| self.nodes[*at].is_component && children[*at].len() < 2);
            let Some(single) = single else { return };
            let gone = self.nodes.remove(single);
            let moved = |at: usize| if at > single { at - 1 } else { at };
            for node in &mut self.nodes {
                node.parent = match node.parent {
                    Some(at) if at == single => gone.parent.map(moved),
                    other => other.map(moved),
                };
            }
            if let [child] = children[single][..] {
                let name = &self.nodes[moved(child)].name;
                let tag = match gone.name == *name {
                    // A state does not know what kind of component it was.
                    true if gone.place.is_empty() => None,
                    true => Some(gone.kind),
                    false => Some(format!("{} {}", gone.kind, gone.name)),
                };
                let tags = &mut self.nodes[moved(child)].tags;
                tags.splice(0..0, tag);
                tags.splice(0..0, gone.tags);
            }
        }
    }

    fn ways(&self, displayeds: &[Displayed]) -> Vec<DrawnWay> {
        let by_urn = self.nodes.iter().enumerate();
        let by_urn = by_urn.filter(|(_, node)| !node.is_component);
        let by_urn: HashMap<&str, usize> =
            by_urn.map(|(at, node)| (node.urn.as_str(), at)).collect();
        let node = |urn: &Urn| by_urn.get(urn.as_str()).copied();
        let proofs = displayeds.iter().flat_map(|displayed| &displayed.proofs);
        let ways = proofs.filter_map(|proof| way(proof, node));
        ways.map(|way| {
            let nested = |a, b| above(&self.nodes, a).any(|at| at == b);
            let apart = |part: &Part| !nested(part.from, part.to) && !nested(part.to, part.from);
            DrawnWay {
                parts: parts(&way).into_iter().filter(apart).collect(),
                way,
            }
        })
        .collect()
    }

    /// Dependencies that neither a box, nor a way, nor another dependency shows.
    fn edges(&self, ways: &[DrawnWay]) -> Vec<Edge> {
        let nested = |a: usize, b: usize| above(&self.nodes, a).any(|at| at == b);
        let all = self.member_of.iter().enumerate().map(|(from, member)| {
            let needs = self.members[*member].depends_on.iter();
            let needs = needs.filter_map(|to| self.node_of[*to]);
            let apart = |to: &usize| *to != from && !nested(from, *to) && !nested(*to, from);
            let needs: Vec<usize> = needs.filter(apart).collect();
            needs
        });
        let all: Vec<Vec<usize>> = all.collect();
        let drawn: HashSet<(usize, usize)> = ways
            .iter()
            .flat_map(|way| way.parts.iter().map(|part| (part.from, part.to)))
            .collect();
        let mut edges = Vec::new();
        for (from, needs) in all.iter().enumerate() {
            let implied = reached(&all, needs);
            for to in needs {
                let inside = needs.iter().any(|other| other != to && nested(*other, *to));
                if !inside && !implied.contains(to) && !drawn.contains(&(from, *to)) {
                    edges.push(Edge { from, to: *to });
                }
            }
        }
        edges
    }
}

fn way(proof: &Proof, node: impl Fn(&Urn) -> Option<usize>) -> Option<Way> {
    let stops = proof.steps.iter().map(|step| Stop {
        question: step.question,
        state: step.status,
        detail: step.detail.clone(),
        code: step.code,
        on: step
            .on
            .as_ref()
            .or(step.at.as_ref().map(|(urn, _)| urn))
            .and_then(&node),
        is_passed: step.is_passed,
    });
    Some(Way {
        stops: stops.collect(),
        from: node(&proof.urn)?,
        to: proof.target.as_ref().and_then(&node),
        goal: proof.claim.clone(),
        state: proof.status(),
    })
}

/// The worse of two; what is not asked counts for nothing.
fn worse(a: Status, b: Status) -> Status {
    let weight = |status| match status {
        Status::NotApplicable => 0,
        Status::Holds => 1,
        Status::Open => 2,
        Status::Doubtful => 3,
        Status::Broken => 4,
    };
    if weight(b) > weight(a) { b } else { a }
}

/// What is reached from these in one step or more.
fn reached(all: &[Vec<usize>], from: &[usize]) -> HashSet<usize> {
    let mut seen = HashSet::new();
    let mut open: Vec<usize> = from.iter().flat_map(|at| &all[*at]).copied().collect();
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(&all[next]);
        }
    }
    seen
}

/// A way from node to node. What is asked between two of them counts for the part
/// that leads to the second.
fn parts(way: &Way) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let (mut here, mut state, mut code) = (way.from, Status::Holds, None);
    let mut go = |to: usize, state: &mut Status, code: &mut Option<&'static str>| {
        if to != here {
            parts.push(Part {
                from: here,
                to,
                state: std::mem::replace(state, Status::Holds),
                code: code.take(),
            });
            here = to;
        }
    };
    for stop in &way.stops {
        state = worse(state, stop.state);
        if stop.state.is_bad() && code.is_none() {
            code = stop.code;
        }
        if let Some(to) = stop.on.filter(|_| stop.is_passed) {
            go(to, &mut state, &mut code);
        }
    }
    if let Some(to) = way.to {
        go(to, &mut state, &mut code);
    }
    // What is asked after the end was reached belongs to the last part.
    if let Some(last) = parts.last_mut() {
        last.state = worse(last.state, state);
        last.code = last.code.or(code);
    }
    parts
}

fn node(member: &Member, look: Option<&NodeStyle>) -> Node {
    let (urn, resource) = (&member.urn, member.resource.as_ref());
    let desired = resource.map(|resource| &resource.desired);
    let named = look
        .map(|look| look.kind.as_str())
        .filter(|kind| !kind.is_empty());
    let facts = look.map(|look| look.facts.clone()).unwrap_or_default();
    let mut inputs = Vec::new();
    if let Some(desired) = desired {
        flatten("", &desired.inputs, &mut inputs);
    }
    if inputs.len() > MOST_INPUTS {
        let more = inputs.len() - MOST_INPUTS;
        inputs.truncate(MOST_INPUTS);
        inputs.push(("…".to_owned(), format!("and {more} more")));
    }
    Node {
        name: urn.name().to_owned(),
        kind: named.map_or_else(|| last_word(urn.ty()), str::to_owned),
        category: look.map(|look| look.category).unwrap_or_default(),
        is_box: look.is_some_and(|look| look.is_room),
        fate: match resource.is_some_and(|resource| resource.existing) {
            true => Fate::Existing,
            false => Fate::Unsaid,
        },
        caption: look.map(|look| look.caption.clone()).unwrap_or_default(),
        ty: urn.ty().to_owned(),
        urn: urn.as_str().to_owned(),
        id: desired
            .and_then(|desired| desired.id.clone())
            .unwrap_or_default(),
        place: member
            .location
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        facts,
        inputs,
        ..Node::default()
    }
}

fn component_box(member: &Member, parent: Option<usize>) -> Node {
    let urn = &member.urn;
    Node {
        name: urn.name().to_owned(),
        kind: last_word(urn.ty()),
        parent,
        is_box: true,
        is_component: true,
        ty: urn.ty().to_owned(),
        urn: urn.as_str().to_owned(),
        place: member
            .location
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        ..Node::default()
    }
}

impl Finding {
    fn of(finding: &Diagnostic) -> Self {
        Self {
            severity: finding.severity,
            code: finding.code,
            message: finding.message.clone(),
        }
    }
}

fn place_of(urn: &str) -> Option<String> {
    lazuli_core::Urn::parse(urn).ok().map(|urn| urn.address())
}

fn last_word(ty: &str) -> String {
    ty.rsplit(['/', ':']).next().unwrap_or(ty).to_owned()
}

/// Inputs by dotted path; secrets and what is not known yet as marks.
fn flatten(path: &str, input: &Value, out: &mut Vec<(String, String)>) {
    let below = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    match input {
        Value::Map(map) if !map.is_empty() => {
            map.iter()
                .for_each(|(key, item)| flatten(&below(key), item, out));
        }
        Value::List(list) if list.iter().any(|item| matches!(item, Value::Map(_))) => {
            for (at, item) in list.iter().enumerate() {
                flatten(&below(&at.to_string()), item, out);
            }
        }
        Value::Null | Value::Map(_) => {}
        other => out.push((path.to_owned(), line(other))),
    }
}
