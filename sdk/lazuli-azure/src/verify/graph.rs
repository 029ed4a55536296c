//! The declared resources, and how they refer to each other.

use std::collections::{BTreeSet, HashMap};

use ipnet::IpNet;
use lazuli_arm::{ResourceId, ResourceType};
use lazuli_core::{DeclaredNode, Diagnostic, Value};

use super::catalog::rule;
use crate::generated::types;

/// Everything that a program declares.
#[derive(Debug)]
pub(crate) struct Graph<'a> {
    declared: &'a [DeclaredNode],
    by_id: HashMap<ResourceId, usize>,
    /// Positions of what the program makes, by type.
    by_type: HashMap<ResourceType<'a>, Vec<usize>>,
    /// Positions of what the program makes, by what contains it and by type.
    by_parent: HashMap<ResourceId, HashMap<ResourceType<'a>, Vec<usize>>>,
    /// Positions of what the program makes, by name in lower case.
    by_name: HashMap<String, Vec<usize>>,
}

/// One declared resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    pub(crate) at: usize,
    pub(crate) declared: &'a DeclaredNode,
}

/// Whether it is there without the program, which then says nothing of it.
fn is_existing(declared: &DeclaredNode) -> bool {
    declared.existing || types::EXISTING == declared.desired.urn.ty()
}

impl<'a> Graph<'a> {
    pub(crate) fn new(declared: &'a [DeclaredNode]) -> Self {
        let mut graph = Self {
            declared,
            by_id: HashMap::new(),
            by_type: HashMap::new(),
            by_parent: HashMap::new(),
            by_name: HashMap::new(),
        };
        for (at, declared) in declared.iter().enumerate() {
            if is_existing(declared) {
                continue;
            }
            let ty = ResourceType::new(declared.desired.urn.ty());
            graph.by_type.entry(ty).or_default().push(at);
            let Some(id) = (Node { at, declared }).id() else {
                continue;
            };
            let name = id.name().to_ascii_lowercase();
            graph.by_name.entry(name).or_default().push(at);
            if let Some(parent) = id.parent() {
                let inside = graph.by_parent.entry(parent).or_default();
                inside.entry(ty).or_default().push(at);
            }
            graph.by_id.insert(id, at);
        }
        graph
    }

    pub(crate) fn node(&self, at: usize) -> Node<'a> {
        Node {
            at,
            declared: &self.declared[at],
        }
    }

    /// What the program makes of a type; what exists without it is not judged.
    pub(crate) fn of_type(
        &self,
        ty: ResourceType<'static>,
    ) -> impl Iterator<Item = Node<'a>> + use<'_, 'a> {
        let of_type = self.by_type.get(&ty);
        let positions = of_type.map(Vec::as_slice).unwrap_or_default();
        positions.iter().map(|&at| self.node(at))
    }

    /// What the program makes of a type directly in a resource.
    pub(crate) fn children(
        &self,
        parent: &ResourceId,
        ty: ResourceType<'static>,
    ) -> impl Iterator<Item = Node<'a>> + use<'_, 'a> {
        let inside = self.by_parent.get(parent);
        let of_type = inside.and_then(|inside| inside.get(&ty));
        let positions = of_type.map(Vec::as_slice).unwrap_or_default();
        positions.iter().map(|&at| self.node(at))
    }

    /// What the program makes of a type under a name.
    pub(crate) fn named(&self, ty: ResourceType<'_>, name: &str) -> Option<Node<'a>> {
        let named = self.by_name.get(&name.to_ascii_lowercase())?.iter();
        named.map(|&at| self.node(at)).find(|node| node.is(ty))
    }

    /// The resource of an id, if this program declares it.
    pub(crate) fn find(&self, id: &ResourceId) -> Option<Node<'a>> {
        self.by_id.get(id).map(|&at| self.node(at))
    }

    /// The resources that one depends on directly.
    pub(crate) fn dependencies(&self, node: Node<'a>) -> impl Iterator<Item = Node<'a>> {
        let known = node
            .declared
            .depends_on
            .iter()
            .filter(|at| self.declared.get(**at).is_some_and(|one| !is_existing(one)));
        known.map(|&at| self.node(at))
    }

    /// Whether `node` comes after `target`, directly or not.
    pub(crate) fn comes_after(&self, node: Node<'a>, target: Node<'a>) -> bool {
        let (mut open, mut seen) = (vec![node], BTreeSet::new());
        while let Some(next) = open.pop() {
            if next.at == target.at {
                return true;
            }
            if seen.insert(next.at) {
                open.extend(self.dependencies(next));
            }
        }
        false
    }
}

impl<'a> Node<'a> {
    pub(crate) fn ty(&self) -> ResourceType<'a> {
        ResourceType::new(self.declared.desired.urn.ty())
    }

    pub(crate) fn is(&self, ty: ResourceType<'_>) -> bool {
        self.ty() == ty
    }

    pub(crate) fn id(&self) -> Option<ResourceId> {
        ResourceId::parse(self.declared.desired.id.as_deref()?).ok()
    }

    pub(crate) fn parent(&self) -> Option<ResourceId> {
        self.id()?.parent()
    }

    /// How people call it.
    pub(crate) fn called(&self) -> String {
        self.declared.desired.urn.address()
    }

    pub(crate) fn value(&self, path: &str) -> Option<&'a Value> {
        self.declared.desired.inputs.at(path)
    }

    /// A text that is neither empty nor secret.
    pub(crate) fn text(&self, path: &str) -> Option<&'a str> {
        match self.value(path) {
            Some(Value::String(text)) => Some(text.as_str()),
            _ => None,
        }
        .filter(|text| !text.is_empty())
    }

    pub(crate) fn flag(&self, path: &str) -> bool {
        self.value(path).and_then(Value::as_bool) == Some(true)
    }

    /// Whether a text is declared as one of these words.
    pub(crate) fn says(&self, path: &str, words: &[&str]) -> bool {
        self.text(path)
            .is_some_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text)))
    }

    pub(crate) fn list(&self, path: &str) -> &'a [Value] {
        self.value(path)
            .and_then(Value::as_list)
            .unwrap_or_default()
    }

    pub(crate) fn reference(&self, path: &str) -> Option<ResourceId> {
        ResourceId::parse(self.text(path)?).ok()
    }

    /// Whether a value on the way to, or at, the path is not known yet.
    pub(crate) fn is_unknown(&self, path: &str) -> bool {
        let mut value = &self.declared.desired.inputs;
        for key in path.split('.') {
            match value {
                Value::Unknown(_) => return true,
                other => match other.at(key) {
                    Some(next) => value = next,
                    None => return false,
                },
            }
        }
        value.contains_unknown()
    }

    /// The address ranges at a path, a text or a list of texts; malformed ones are not ours to judge.
    pub(crate) fn ranges(&self, path: &str) -> Vec<IpNet> {
        let one = self.text(path).into_iter();
        let many = self.list(path).iter().filter_map(Value::as_str);
        one.chain(many)
            .filter_map(|text| text.parse().ok())
            .collect()
    }

    /// A switch: on, off (or not there), or not known yet.
    pub(crate) fn switch(&self, path: &str) -> Option<bool> {
        (!self.is_unknown(path)).then(|| self.flag(path))
    }

    /// A finding of a rule, as bad as its catalogue says.
    pub(crate) fn finding(
        &self,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        self.proof(code, true, message, help)
    }

    /// A finding that is as bad as it is certain.
    pub(crate) fn proof(
        &self,
        code: &'static str,
        is_certain: bool,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        let rule = rule(code);
        debug_assert!(rule.is_some(), "{code} is in the catalogue");
        let mut finding = Diagnostic::error(code, message);
        if let Some(rule) = rule {
            finding.severity = rule.severity(is_certain);
            finding = finding.source(rule.source);
        }
        finding
            .on(&self.declared.desired.urn)
            .at(self.declared.location.clone())
            .help(help)
    }
}

/// Names another resource in a finding.
pub(crate) trait WithRelated {
    /// Adds the resource, if it is declared here.
    fn with<'a>(self, node: impl Into<Option<Node<'a>>>, text: &str) -> Self;
}

impl WithRelated for Diagnostic {
    fn with<'a>(self, node: impl Into<Option<Node<'a>>>, text: &str) -> Self {
        match node.into() {
            Some(node) => {
                let declared = node.declared;
                self.related(&declared.desired.urn, declared.location.clone(), text)
            }
            None => self,
        }
    }
}
