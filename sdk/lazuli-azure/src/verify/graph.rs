//! The declared resources, and how they refer to each other.

use std::collections::{BTreeSet, HashMap};

use ipnet::IpNet;
use lazuli_arm::ResourceId;
use lazuli_core::{Declared, Diagnostic, Value};

/// Everything that a program declares.
pub(super) struct Graph<'a> {
    declared: &'a [Declared],
    by_id: HashMap<ResourceId, usize>,
}

/// One declared resource.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) at: usize,
    pub(super) declared: &'a Declared,
}

impl<'a> Graph<'a> {
    pub(super) fn new(declared: &'a [Declared]) -> Self {
        let id = |declared: &Declared| ResourceId::parse(declared.desired.id.as_deref()?).ok();
        let ids = declared
            .iter()
            .enumerate()
            .filter_map(|(at, declared)| Some((id(declared)?, at)));
        Self {
            declared,
            by_id: ids.collect(),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.declared
            .iter()
            .enumerate()
            .map(|(at, declared)| Node { at, declared })
    }

    pub(super) fn of_type(&self, ty: &str) -> impl Iterator<Item = Node<'a>> {
        self.all().filter(move |node| node.is(ty))
    }

    /// The resource of an id, if this program declares it.
    pub(super) fn find(&self, id: &ResourceId) -> Option<Node<'a>> {
        let at = *self.by_id.get(id)?;
        Some(Node {
            at,
            declared: &self.declared[at],
        })
    }

    /// The resources that one depends on directly.
    pub(super) fn dependencies(&self, node: Node<'a>) -> impl Iterator<Item = Node<'a>> {
        let known = node
            .declared
            .depends_on
            .iter()
            .filter(|at| **at < self.declared.len());
        known.map(|&at| Node {
            at,
            declared: &self.declared[at],
        })
    }

    /// Whether `node` comes after `target`, directly or not.
    pub(super) fn comes_after(&self, node: Node<'a>, target: Node<'a>) -> bool {
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
    pub(super) fn is(&self, ty: &str) -> bool {
        self.declared.desired.urn.ty().eq_ignore_ascii_case(ty)
    }

    pub(super) fn id(&self) -> Option<ResourceId> {
        ResourceId::parse(self.declared.desired.id.as_deref()?).ok()
    }

    pub(super) fn parent(&self) -> Option<ResourceId> {
        self.id()?.parent()
    }

    /// How people call it.
    pub(super) fn called(&self) -> String {
        self.declared.desired.urn.place()
    }

    pub(super) fn value(&self, path: &str) -> Option<&'a Value> {
        self.declared.desired.inputs.at(path)
    }

    pub(super) fn text(&self, path: &str) -> Option<&'a str> {
        self.value(path)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    pub(super) fn flag(&self, path: &str) -> bool {
        self.value(path).and_then(Value::as_bool) == Some(true)
    }

    /// Whether a text is declared as one of these words.
    pub(super) fn says(&self, path: &str, words: &[&str]) -> bool {
        self.text(path)
            .is_some_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text)))
    }

    pub(super) fn list(&self, path: &str) -> &'a [Value] {
        self.value(path)
            .and_then(Value::as_list)
            .unwrap_or_default()
    }

    pub(super) fn reference(&self, path: &str) -> Option<ResourceId> {
        ResourceId::parse(self.text(path)?).ok()
    }

    /// Whether a value on the way to, or at, the path is not known yet.
    pub(super) fn is_unknown(&self, path: &str) -> bool {
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
    pub(super) fn ranges(&self, path: &str) -> Vec<IpNet> {
        let one = self.text(path).into_iter();
        let many = self.list(path).iter().filter_map(Value::as_str);
        one.chain(many)
            .filter_map(|text| text.parse().ok())
            .collect()
    }

    pub(super) fn error(
        &self,
        code: &'static str,
        message: String,
        help: impl Into<String>,
    ) -> Diagnostic {
        self.place(Diagnostic::error(code, message), help)
    }

    pub(super) fn warning(
        &self,
        code: &'static str,
        message: String,
        help: impl Into<String>,
    ) -> Diagnostic {
        self.place(Diagnostic::warning(code, message), help)
    }

    fn place(&self, finding: Diagnostic, help: impl Into<String>) -> Diagnostic {
        finding
            .on(&self.declared.desired.urn)
            .at(self.declared.place.clone())
            .help(help)
    }
}
