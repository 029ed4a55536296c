//! The members of an object: sorted by key, exactly as large as they are, and
//! shared between clones until one of them changes.
//!
//! State, graph, plan and journal hold the same inputs and answers of every
//! resource. A `BTreeMap` takes at least 632 bytes for each of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Members by key, sorted. Cloning costs nothing; changing a shared one copies it.
pub struct Members<V>(Arc<Vec<(String, V)>>);

impl<V> Members<V> {
    /// No members.
    pub fn new() -> Self {
        Self(Arc::default())
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.0
            .binary_search_by(|(known, _)| known.as_str().cmp(key))
    }

    /// The member of that key.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.find(key).ok().map(|at| &self.0[at].1)
    }

    /// Whether there is a member of that key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys and members, sorted by key.
    pub fn iter(&self) -> Iter<'_, V> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &String> + DoubleEndedIterator + Clone {
        self.0.iter().map(|(key, _)| key)
    }

    /// The members, sorted by key.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> + DoubleEndedIterator + Clone {
        self.0.iter().map(|(_, value)| value)
    }
}

impl<V: Clone> Members<V> {
    fn own(&mut self) -> &mut Vec<(String, V)> {
        Arc::make_mut(&mut self.0)
    }

    /// The member of that key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        let at = self.find(key).ok()?;
        Some(&mut self.own()[at].1)
    }

    /// Sets a member and returns the former one.
    pub fn insert(&mut self, key: String, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.own()[at].1, value)),
            Err(at) => {
                let all = self.own();
                all.reserve_exact(1);
                all.insert(at, (key, value));
                None
            }
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, key: &str) -> Option<V> {
        let at = self.find(key).ok()?;
        Some(self.own().remove(at).1)
    }

    /// The place of a member, filled or not.
    pub fn entry(&mut self, key: String) -> Entry<'_, V> {
        Entry { members: self, key }
    }

    /// The members, to change them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.own().iter_mut().map(|(_, value)| value)
    }

    /// Keys and members, to change the members.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut V)> {
        self.own().iter_mut().map(|(key, value)| (&*key, value))
    }

    /// The members alone, sorted by key.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.into_iter().map(|(_, value)| value)
    }

    /// Keeps the members that pass.
    pub fn retain(&mut self, mut keep: impl FnMut(&String, &mut V) -> bool) {
        self.own().retain_mut(|(key, value)| keep(key, value));
    }
}

/// The place of a member, filled or not.
pub struct Entry<'a, V> {
    members: &'a mut Members<V>,
    key: String,
}

impl<'a, V: Clone> Entry<'a, V> {
    /// The member; made if there is none.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        let found = self.members.find(&self.key);
        let all = self.members.own();
        let at = found.unwrap_or_else(|at| {
            all.insert(at, (self.key, make()));
            at
        });
        &mut all[at].1
    }

    /// The member, or this one.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }
}

impl<'a, V: Clone + Default> Entry<'a, V> {
    /// The member, or an empty one.
    pub fn or_default(self) -> &'a mut V {
        self.or_insert_with(V::default)
    }
}

/// Keys and members, sorted by key.
pub type Iter<'a, V> =
    std::iter::Map<std::slice::Iter<'a, (String, V)>, fn(&'a (String, V)) -> (&'a String, &'a V)>;

impl<'a, V> IntoIterator for &'a Members<V> {
    type Item = (&'a String, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Iter<'a, V> {
        self.iter()
    }
}

impl<V: Clone> IntoIterator for Members<V> {
    type Item = (String, V);
    type IntoIter = std::vec::IntoIter<(String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        Arc::unwrap_or_clone(self.0).into_iter()
    }
}

impl<V> FromIterator<(String, V)> for Members<V> {
    /// Of several members of one key, the last one stays.
    fn from_iter<I: IntoIterator<Item = (String, V)>>(members: I) -> Self {
        let mut all: Vec<_> = members.into_iter().collect();
        if !all.is_sorted_by(|(a, _), (b, _)| a < b) {
            all.reverse();
            all.sort_by(|(a, _), (b, _)| a.cmp(b));
            all.dedup_by(|(later, _), (kept, _)| later == kept);
        }
        all.shrink_to_fit();
        Self(Arc::new(all))
    }
}

impl<V: Clone> Extend<(String, V)> for Members<V> {
    fn extend<I: IntoIterator<Item = (String, V)>>(&mut self, members: I) {
        *self = std::mem::take(self).into_iter().chain(members).collect();
    }
}

impl<V, const N: usize> From<[(String, V); N]> for Members<V> {
    fn from(members: [(String, V); N]) -> Self {
        members.into_iter().collect()
    }
}

impl<V> From<BTreeMap<String, V>> for Members<V> {
    fn from(members: BTreeMap<String, V>) -> Self {
        members.into_iter().collect()
    }
}

impl<V> Default for Members<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> Clone for Members<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<V: PartialEq> PartialEq for Members<V> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl<V: fmt::Debug> fmt::Debug for Members<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(keys: &[&str]) -> Members<usize> {
        let pairs = keys.iter().enumerate();
        pairs.map(|(at, key)| ((*key).to_owned(), at)).collect()
    }

    #[test]
    fn they_are_sorted_and_the_last_of_a_key_stays() {
        let check = |keys: &[&str], expect: &[(&str, usize)]| {
            let found = members(keys);
            let found: Vec<_> = found.iter().map(|(key, at)| (key.as_str(), *at)).collect();
            assert_eq!(found, expect);
        };
        check(&["a", "b"], &[("a", 0), ("b", 1)]);
        check(&["b", "a", "b", "a", "c"], &[("a", 3), ("b", 2), ("c", 4)]);
        check(&[], &[]);
    }

    #[test]
    fn a_change_of_one_clone_leaves_the_other_alone() {
        let first = members(&["a", "c"]);
        let mut second = first.clone();
        assert_eq!(second.insert("b".into(), 7), None);
        assert_eq!(second.insert("c".into(), 8), Some(1));
        *second.entry("d".into()).or_default() += 1;
        *second.entry("a".into()).or_insert(9) += 1;
        second.extend([("e".to_owned(), 5), ("a".to_owned(), 4)]);
        assert_eq!(second.remove("d"), Some(1));
        assert!(second.keys().eq(["a", "b", "c", "e"]) && second.values().eq(&[4, 7, 8, 5]));
        assert!(first.keys().eq(["a", "c"]) && first.values().eq(&[0, 1]));
        assert_ne!(first, second);
    }
}
