//! The declared resources, and how they refer to each other.

use std::collections::{BTreeSet, HashMap};

use ipnet::IpNet;
use lazuli_arm::ResourceId;
use lazuli_core::{Declared, Diagnostic, Value};

use super::catalog::rule;

/// Everything that a program declares.
#[derive(Debug)]
pub(crate) struct Graph<'a> {
    declared: &'a [Declared],
    by_id: HashMap<ResourceId, usize>,
    /// Positions of what the program makes, by type in lower case.
    by_type: HashMap<String, Vec<usize>>,
}

/// One declared resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    pub(crate) at: usize,
    pub(crate) declared: &'a Declared,
}

/// The type that stands in a stack for what exists without it.
const EXISTING: &str = "Lazuli.Azure/existing";

/// Whether it is there without the program, which then says nothing of it.
fn is_existing(declared: &Declared) -> bool {
    declared.existing || declared.desired.urn.ty() == EXISTING
}

impl<'a> Graph<'a> {
    pub(crate) fn new(declared: &'a [Declared]) -> Self {
        let id = |declared: &Declared| ResourceId::parse(declared.desired.id.as_deref()?).ok();
        let own = declared.iter().enumerate();
        let own = own.filter(|(_, declared)| !is_existing(declared));
        let mut by_type: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, declared) in own.clone() {
            let ty = declared.desired.urn.ty().to_ascii_lowercase();
            by_type.entry(ty).or_default().push(at);
        }
        Self {
            by_type,
            by_id: own
                .filter_map(|(at, declared)| Some((id(declared)?, at)))
                .collect(),
            declared,
        }
    }

    /// What the program makes of a type; what exists without it is not judged.
    pub(crate) fn of_type(&self, ty: &str) -> impl Iterator<Item = Node<'a>> + use<'_, 'a> {
        let of_type = self.by_type.get(&ty.to_ascii_lowercase());
        let positions = of_type.map(Vec::as_slice).unwrap_or_default();
        positions.iter().map(|&at| Node {
            at,
            declared: &self.declared[at],
        })
    }

    /// The resource of an id, if this program declares it.
    pub(crate) fn find(&self, id: &ResourceId) -> Option<Node<'a>> {
        let at = *self.by_id.get(id)?;
        Some(Node {
            at,
            declared: &self.declared[at],
        })
    }

    /// The resources that one depends on directly.
    pub(crate) fn dependencies(&self, node: Node<'a>) -> impl Iterator<Item = Node<'a>> {
        let known = node
            .declared
            .depends_on
            .iter()
            .filter(|at| self.declared.get(**at).is_some_and(|one| !is_existing(one)));
        known.map(|&at| Node {
            at,
            declared: &self.declared[at],
        })
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
    pub(crate) fn is(&self, ty: &str) -> bool {
        self.declared.desired.urn.ty().eq_ignore_ascii_case(ty)
    }

    pub(crate) fn id(&self) -> Option<ResourceId> {
        ResourceId::parse(self.declared.desired.id.as_deref()?).ok()
    }

    pub(crate) fn parent(&self) -> Option<ResourceId> {
        self.id()?.parent()
    }

    /// How people call it.
    pub(crate) fn called(&self) -> String {
        self.declared.desired.urn.place()
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
            .at(self.declared.place.clone())
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
                self.related(&declared.desired.urn, declared.place.clone(), text)
            }
            None => self,
        }
    }
}
