//! A declared resource or component within one run, and what values carry of them.

use std::sync::Arc;

/// A registered resource or component within one run of a program: its place in the
/// order of declaration. Only the core makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The index as a `usize`.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A set of resources, sorted; small ones cost no allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Deps {
    /// Nothing.
    #[default]
    None,
    /// One resource.
    One(NodeId),
    /// Several, sorted and distinct.
    Many(Arc<[NodeId]>),
}

impl Deps {
    /// The members, sorted.
    pub fn as_slice(&self) -> &[NodeId] {
        match self {
            Self::None => &[],
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }

    /// Sorts and removes doubles.
    pub fn from_ids(mut ids: Vec<NodeId>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        match ids.as_slice() {
            [] => Self::None,
            [one] => Self::One(*one),
            _ => Self::Many(ids.into()),
        }
    }

    /// The union; free when one side holds the other.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let (a, b) = (self.as_slice(), other.as_slice());
        if b.iter().all(|id| a.binary_search(id).is_ok()) {
            return self.clone();
        }
        if a.iter().all(|id| b.binary_search(id).is_ok()) {
            return other.clone();
        }
        Self::from_ids(a.iter().chain(b).copied().collect())
    }
}

/// What a value carries beside itself: the resources it stems from, and secrecy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The resources it stems from.
    pub deps: Deps,
    /// Whether a secret went into it.
    pub secret: bool,
}

impl Provenance {
    /// Both together.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            deps: self.deps.union(&other.deps),
            secret: self.secret || other.secret,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_union_with_a_subset_is_free_and_otherwise_sorted() {
        let many = Deps::from_ids(vec![NodeId(3), NodeId(1), NodeId(3)]);
        assert_eq!(many.as_slice(), [NodeId(1), NodeId(3)]);
        assert_eq!(many.union(&Deps::One(NodeId(3))), many);
        assert_eq!(Deps::None.union(&many), many);
        assert_eq!(
            Deps::One(NodeId(9)).union(&many).as_slice(),
            [NodeId(1), NodeId(3), NodeId(9)]
        );
    }
}
