//! Differences between what was declared last time and what is declared now.
//!
//! Pure. Secrets and unknowns never leak: a difference keeps the values, whose
//! text forms redact. Secret marks, the order of sets, the case of ids and a
//! null beside nothing do not count as differences.

use std::collections::{BTreeMap, HashSet};

use lazuli_core::{TypeSchema, Value};
use similar::{Algorithm, DiffTag, capture_diff_slices};

/// How a property differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Declared now, not declared before.
    Added,
    /// Declared before, not declared now.
    Removed,
    /// Declared with another value.
    Changed,
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Dotted input path; list elements with a key show it: `subnets[apps].name`.
    pub path: String,
    /// How it differs.
    pub kind: ChangeKind,
    /// Before; null when added.
    pub old: Value,
    /// Now; null when removed.
    pub new: Value,
    /// Whether it cannot be changed in place.
    pub replaces: bool,
}

/// Whether a dotted pattern (`*` = any one segment) covers a path or lies below it.
pub(crate) fn covers(pattern: &str, path: &str) -> bool {
    let mut segments = path
        .split(['.', '['])
        .map(|segment| segment.trim_end_matches(']'));
    for want in pattern.split('.') {
        match segments.next() {
            None => return true,
            Some(segment) if want == "*" || want.eq_ignore_ascii_case(segment) => {}
            Some(_) => return false,
        }
    }
    true
}

/// Whether a pattern names exactly this path.
pub(super) fn names(pattern: &str, path: &str) -> bool {
    covers(pattern, path) && pattern.split('.').count() == path.split(['.', '[']).count()
}

pub(super) fn any(patterns: &[String], path: &str, test: fn(&str, &str) -> bool) -> bool {
    patterns.iter().any(|pattern| test(pattern, path))
}

/// What decides beside the values.
pub(super) struct Rules<'a> {
    /// The type's schema.
    pub(super) schema: &'a TypeSchema,
    /// Paths whose changes the program ignores.
    pub(super) ignore: &'a [String],
    /// Paths that the program wants to replace on.
    pub(super) replace_on: &'a [String],
}

/// All differences, sorted by path. Below a secret, every value is secret.
pub(super) fn diff(old: &Value, new: &Value, rules: &Rules<'_>) -> Vec<Change> {
    let mut found = Vec::new();
    if old == new && !new.contains_unknown() {
        return found;
    }
    walk("", Some(old), Some(new), rules, &mut found);
    found.retain(|change| !any(rules.ignore, &change.path, covers));
    let secretive: Vec<_> = [old, new]
        .into_iter()
        .filter(|side| side.contains_secret())
        .collect();
    for change in &mut found {
        let plain_path = change.path.replace('[', ".").replace(']', "");
        if secretive.iter().any(|side| hides(side, &plain_path)) {
            change.old = std::mem::take(&mut change.old).into_secret();
            change.new = std::mem::take(&mut change.new).into_secret();
            change.path = without_keys(&change.path);
        }
        let covered = |patterns: &[String]| any(patterns, &change.path, covers);
        change.replaces = covered(&rules.schema.immutable) || covered(rules.replace_on);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Paths of changes, to ask which values they touch: as often as a resource has
/// inputs that stem from others, so without looking at every change.
pub(super) struct Touched {
    /// Every changed path, and all that is above one.
    above: HashSet<String>,
    changed: HashSet<String>,
}

impl Touched {
    pub(super) fn by(changes: &[Change]) -> Self {
        let mut touched = Self {
            above: HashSet::new(),
            changed: HashSet::new(),
        };
        for change in changes {
            let path = normal(&change.path);
            touched.above.extend(prefixes(&path).map(str::to_owned));
            touched.changed.insert(path);
        }
        touched
    }

    /// Whether the value at a path changed: it, something in it, or what it lies in.
    pub(super) fn is(&self, path: &str) -> bool {
        if self.changed.is_empty() {
            return false;
        }
        let path = normal(path);
        self.above.contains(&path) || prefixes(&path).any(|above| self.changed.contains(above))
    }
}

fn normal(path: &str) -> String {
    path.replace('[', ".").replace(']', "").to_ascii_lowercase()
}

/// A path and all above it.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    let cuts = path.match_indices('.').map(|(at, _)| at);
    cuts.chain([path.len()]).map(|end| &path[..end])
}

/// A path without the texts of list elements, which may be part of a secret.
fn without_keys(path: &str) -> String {
    let mut parts = path.split('[');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.rsplit_once(']').map_or("", |(_, rest)| rest);
        plain.push_str("[*]");
        plain.push_str(rest);
    }
    plain
}

/// Whether a secret stands on the way to a path. List keys are not indices, so
/// a list is hidden as soon as one of its elements holds a secret.
fn hides(root: &Value, path: &str) -> bool {
    let mut value = root;
    for key in path.split('.') {
        match value {
            Value::Secret(_) => return true,
            Value::List(_) => return value.contains_secret(),
            Value::Map(map) => match map.get(key) {
                Some(inner) => value = inner,
                None => return false,
            },
            _ => return false,
        }
    }
    value.contains_secret()
}

pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn walk(
    path: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    rules: &Rules<'_>,
    found: &mut Vec<Change>,
) {
    match (plain(old), plain(new)) {
        (None, None) => {}
        (None, Some(_)) => found.push(change(path, ChangeKind::Added, None, new)),
        (Some(_), None) => found.push(change(path, ChangeKind::Removed, old, None)),
        (Some(Value::Map(before)), Some(Value::Map(after))) => {
            let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
            for key in keys {
                walk(
                    &join(path, key),
                    before.get(key),
                    after.get(key),
                    rules,
                    found,
                );
            }
        }
        (Some(Value::List(before)), Some(Value::List(after))) => {
            lists(path, before, after, rules, found)
        }
        (Some(before), Some(after))
            if same(before, after, any(&rules.schema.ignore_case, path, names)) => {}
        _ => found.push(change(path, ChangeKind::Changed, old, new)),
    }
}

fn change(path: &str, kind: ChangeKind, old: Option<&Value>, new: Option<&Value>) -> Change {
    let value = |side: Option<&Value>| side.cloned().unwrap_or(Value::Null);
    Change {
        path: path.to_owned(),
        kind,
        old: value(old),
        new: value(new),
        replaces: false,
    }
}

/// Looks through the secret mark.
fn plain(value: Option<&Value>) -> Option<&Value> {
    match value {
        Some(Value::Secret(inner)) => plain(Some(inner)),
        other => other,
    }
}

pub(super) fn same(a: &Value, b: &Value, ignore_case: bool) -> bool {
    match (a, b) {
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => false,
        (Value::String(a), Value::String(b)) if ignore_case => a.eq_ignore_ascii_case(b),
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a.unwrapped() == b.unwrapped(),
    }
}

fn lists(
    path: &str,
    before: &[Value],
    after: &[Value],
    rules: &Rules<'_>,
    found: &mut Vec<Change>,
) {
    let field = rules.schema.keys.iter().find(|(list, _)| names(list, path));
    let field = field.map(|(_, field)| field.as_str());
    if let (Some(old), Some(new)) = (keyed(before, field), keyed(after, field)) {
        let keys: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
        for key in keys {
            walk(
                &format!("{path}[{key}]"),
                old.get(key).copied(),
                new.get(key).copied(),
                rules,
                found,
            );
        }
        return;
    }
    if any(&rules.schema.sets, path, names) {
        return sets(
            path,
            before,
            after,
            any(&rules.schema.ignore_case, path, names),
            found,
        );
    }
    aligned(path, before, after, rules, found);
}

/// Lists without identity: what both have in common, in order, does not differ,
/// wherever it stands now. Paths show positions: the new one, for elements that
/// are gone the old one.
fn aligned(
    path: &str,
    before: &[Value],
    after: &[Value],
    rules: &Rules<'_>,
    found: &mut Vec<Change>,
) {
    let text = |list: &[Value]| -> Vec<String> { list.iter().map(identity).collect() };
    let (old, new) = (text(before), text(after));
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (tag, gone, come) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            continue;
        }
        let pairs = gone.len().min(come.len());
        let at = |index: usize| join(path, &index.to_string());
        for step in 0..pairs {
            let (i, j) = (gone.start + step, come.start + step);
            walk(&at(j), before.get(i), after.get(j), rules, found);
        }
        for i in gone.skip(pairs) {
            walk(&at(i), before.get(i), None, rules, found);
        }
        for j in come.skip(pairs) {
            walk(&at(j), None, after.get(j), rules, found);
        }
    }
}

/// A text that two elements share when they are the same. An unknown is never
/// the same as anything, so it shows where it stands.
fn identity(value: &Value) -> String {
    format!("{:?}", value.unwrapped())
}

/// Elements by the member that names them: the type's own, else `name` or
/// `id`, when every element has its own.
pub(super) fn keyed<'a>(
    list: &'a [Value],
    field: Option<&str>,
) -> Option<BTreeMap<String, &'a Value>> {
    let own = field.as_slice();
    let fields = if own.is_empty() {
        &["name", "id"][..]
    } else {
        own
    };
    fields.iter().find_map(|field| {
        let entries = list
            .iter()
            .map(|item| Some((item.at(field)?.as_str()?.to_owned(), item)));
        let map: BTreeMap<_, _> = entries.collect::<Option<Vec<_>>>()?.into_iter().collect();
        (map.len() == list.len()).then_some(map)
    })
}

fn sets(path: &str, before: &[Value], after: &[Value], ignore_case: bool, found: &mut Vec<Change>) {
    let mut gone: Vec<&Value> = before.iter().collect();
    for item in after {
        match gone.iter().position(|old| same(old, item, ignore_case)) {
            Some(index) => {
                gone.swap_remove(index);
            }
            None => found.push(change(
                &element(path, item),
                ChangeKind::Added,
                None,
                Some(item),
            )),
        }
    }
    found.extend(
        gone.into_iter()
            .map(|item| change(&element(path, item), ChangeKind::Removed, Some(item), None)),
    );
}

fn element(path: &str, item: &Value) -> String {
    match item {
        Value::String(text) => format!("{path}[{text}]"),
        _ => format!("{path}[*]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn check(old: Json, new: Json, facts: &TypeSchema, expect: &[&str]) {
        let rules = Rules {
            schema: facts,
            ignore: &["tags".to_owned()],
            replace_on: &[],
        };
        let found = diff(&Value::from(old), &Value::from(new), &rules);
        let lines = found.iter().map(|change| {
            let mark = match change.kind {
                ChangeKind::Added => "+",
                ChangeKind::Removed => "-",
                ChangeKind::Changed => "~",
            };
            format!(
                "{mark}{}{}",
                change.path,
                if change.replaces { " !" } else { "" }
            )
        });
        assert_eq!(lines.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn values_differ_by_path() {
        let facts = TypeSchema {
            immutable: vec!["location".into(), "properties.subnet.id".into()],
            ..TypeSchema::default()
        };
        check(json!({"a": 1}), json!({"a": 1.0}), &facts, &[]);
        check(
            json!({"a": 1}),
            json!({"a": 2, "b": null}),
            &facts,
            &["~a", "+b"],
        );
        check(
            json!({"location": "x"}),
            json!({"location": "y"}),
            &facts,
            &["~location !"],
        );
        check(
            json!({"properties": {"subnet": {"id": "1"}}}),
            json!({"properties": {}}),
            &facts,
            &["-properties.subnet !"],
        );
        check(json!({"tags": {"a": "1"}}), json!({}), &facts, &[]);
    }

    #[test]
    fn lists_differ_by_identity() {
        let facts = TypeSchema {
            sets: vec!["p".into()],
            ignore_case: vec!["p".into()],
            ..TypeSchema::default()
        };
        check(
            json!({"p": ["a", "b"]}),
            json!({"p": ["B", "a"]}),
            &facts,
            &[],
        );
        check(
            json!({"p": ["a", "b"]}),
            json!({"p": ["c", "a"]}),
            &facts,
            &["-p[b]", "+p[c]"],
        );
        check(
            json!({"s": [{"name": "x", "v": 1}, {"name": "y", "v": 2}]}),
            json!({"s": [{"name": "y", "v": 3}, {"name": "x", "v": 1}]}),
            &facts,
            &["~s[y].v"],
        );
        check(
            json!({"q": [80, 443]}),
            json!({"q": [443]}),
            &facts,
            &["-q.0"],
        );
        check(
            json!({"q": [{"v": 1}, {"v": 2}, {"v": 3}]}),
            json!({"q": [{"v": 0}, {"v": 1}, {"v": 3, "w": 1}]}),
            &facts,
            &["+q.0", "-q.2", "~q.2.v", "+q.2.w"],
        );
    }

    #[test]
    fn a_change_touches_what_lies_above_and_below_it() {
        let change = |path: &str| change(path, ChangeKind::Changed, None, None);
        let touched = Touched::by(&[change("deps.3"), change("subnets[apps].Name")]);
        for path in [
            "deps.3",
            "deps",
            "Deps.3.id",
            "subnets",
            "subnets.apps.name",
        ] {
            assert!(touched.is(path), "{path}");
        }
        for path in ["deps.4", "deps.33", "subnets.web", "name"] {
            assert!(!touched.is(path), "{path}");
        }
    }

    #[test]
    fn lists_have_the_identity_that_their_type_says_or_what_they_have_in_common() {
        let facts = TypeSchema {
            keys: vec![("k".into(), "port".into())],
            sets: vec!["p".into()],
            ..TypeSchema::default()
        };
        check(
            json!({"k": [{"port": "80", "v": 1}, {"port": "443", "v": 1}]}),
            json!({"k": [{"port": "443", "v": 1}, {"port": "80", "v": 2}]}),
            &facts,
            &["~k[80].v"],
        );
        // A name that two elements have names neither.
        check(
            json!({"l": [{"name": "x", "v": 1}, {"name": "x", "v": 2}]}),
            json!({"l": [{"name": "x", "v": 2}]}),
            &facts,
            &["-l.0"],
        );
        check(
            json!({"l": ["a", "b", "c", "d"]}),
            json!({"l": ["b", "c", "x", "d", "e"]}),
            &facts,
            &["-l.0", "+l.2", "+l.4"],
        );
        let unknown = Value::Map(
            [(
                "p".to_owned(),
                Value::List(vec![
                    Value::from("a"),
                    Value::Unknown(["app".to_owned()].into()),
                ]),
            )]
            .into(),
        );
        let rules = Rules {
            schema: &facts,
            ignore: &[],
            replace_on: &[],
        };
        let found = diff(&Value::from(json!({"p": ["b", "a"]})), &unknown, &rules);
        let paths: Vec<_> = found.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["p[*]", "p[b]"]);
    }

    #[test]
    fn what_is_in_a_secret_list_is_in_no_path() {
        let facts = TypeSchema {
            sets: vec!["p".into()],
            ..TypeSchema::default()
        };
        let rules = Rules {
            schema: &facts,
            ignore: &[],
            replace_on: &[],
        };
        let secret = |list: Json| {
            let list = Value::from(list).into_secret();
            Value::Map([("p".to_owned(), list)].into())
        };
        for (old, new) in [
            (json!(["hunter1"]), json!(["hunter2"])),
            (
                json!([{"name": "hunter1", "v": 1}]),
                json!([{"name": "hunter1", "v": 2}, {"name": "hunter]3"}]),
            ),
        ] {
            let found = diff(&secret(old), &secret(new), &rules);
            assert!(!found.is_empty());
            assert!(!format!("{found:?}").contains("hunter"), "{found:?}");
        }
    }

    #[test]
    fn secret_marks_and_unknowns() {
        let facts = TypeSchema::default();
        let rules = Rules {
            schema: &facts,
            ignore: &[],
            replace_on: &[],
        };
        let map = |value: Value| Value::Map([("k".to_owned(), value)].into());
        assert_eq!(
            diff(
                &map("x".into()),
                &map(Value::from("x").into_secret()),
                &rules
            ),
            []
        );
        let unknown = Value::Unknown(["app".to_owned()].into());
        let found = diff(&map("x".into()), &map(unknown), &rules);
        assert_eq!(found.len(), 1);
        let secret = diff(
            &map(Value::from("hunter2").into_secret()),
            &map("y".into()),
            &rules,
        );
        assert!(!format!("{secret:?}").contains("hunter2"));
        let nested = |text: &str| {
            Value::Secret(Box::new(Value::from(
                json!({"a": {"b": text}, "l": [{"name": "x", "v": text}]}),
            )))
        };
        let found = diff(&map(nested("hunter2")), &map(nested("hunter3")), &rules);
        assert_eq!(found.len(), 2);
        assert!(!format!("{found:?}").contains("hunter"), "{found:?}");
    }
}
