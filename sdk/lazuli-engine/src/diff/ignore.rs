//! `ignore_changes`: what the program ignores stays as it was deployed, also
//! when something else of the resource is written.

use lazuli_core::Value;
use lazuli_core::node::NodeId;

use super::covers;
use crate::graph::{Evaluated, Graph, shared};
use crate::state::State;

/// What is known of a node's inputs now, with what the program ignores as it was
/// deployed.
pub(crate) fn evaluate(graph: &Graph, index: NodeId, state: &State) -> Evaluated {
    let mut seen = graph.look(index);
    let ignored = &graph.node(index).registration.options.ignore_changes;
    if ignored.is_empty() {
        return seen;
    }
    if let Some(old) = graph.former(index, &seen, state) {
        for path in ignored {
            keep_old(&mut seen.inputs, &old.inputs, path);
        }
        let is_ignored = |path: &str| ignored.iter().any(|pattern| covers(pattern, path));
        let pending = seen.pending.iter().filter(|one| !is_ignored(&one.path));
        seen.pending = shared(pending.cloned().collect());
        seen.derived.retain(|(path, _)| !is_ignored(path));
    }
    seen
}

/// Puts the old values at a dotted path (`*` = any member or index) in place of
/// the new ones.
fn keep_old(new: &mut Value, old: &Value, path: &str) {
    let segments: Vec<&str> = path.split('.').collect();
    keep(new, old, &segments);
}

fn keep(new: &mut Value, old: &Value, path: &[&str]) {
    let Some((segment, rest)) = path.split_first() else {
        *new = old.clone();
        return;
    };
    match (new, old) {
        (Value::Secret(new), Value::Secret(old)) => keep(new, old, path),
        (Value::Secret(new), old) => keep(new, old, path),
        (new, Value::Secret(old)) => keep(new, old, path),
        (Value::Map(new), Value::Map(old)) => {
            let keys: Vec<String> = match *segment {
                "*" => new.keys().chain(old.keys()).cloned().collect(),
                key => vec![key.to_owned()],
            };
            for key in keys {
                match (new.get_mut(&key), old.get(&key)) {
                    (Some(new), Some(old)) => keep(new, old, rest),
                    (Some(_), None) if rest.is_empty() => drop(new.remove(&key)),
                    (None, Some(old)) if rest.is_empty() => drop(new.insert(key, old.clone())),
                    _ => {}
                }
            }
        }
        (Value::List(new), Value::List(old)) => {
            for (at, (new, old)) in new.iter_mut().zip(old).enumerate() {
                if *segment == "*" || *segment == at.to_string() {
                    keep(new, old, rest);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn check(path: &str, old: Json, new: Json, expect: Json) {
        let mut new = Value::from(new);
        keep_old(&mut new, &Value::from(old), path);
        assert_eq!(new, Value::from(expect), "{path}");
    }

    #[test]
    fn old_values_stay_at_ignored_paths_only() {
        check(
            "a",
            json!({"a": 1, "b": 1}),
            json!({"a": 2, "b": 2}),
            json!({"a": 1, "b": 2}),
        );
        check("a", json!({"a": 1}), json!({}), json!({"a": 1}));
        check("a", json!({}), json!({"a": 1}), json!({}));
        check(
            "t.*",
            json!({"t": {"x": 1, "y": 1}}),
            json!({"t": {"x": 2, "z": 2}}),
            json!({"t": {"x": 1, "y": 1}}),
        );
        check(
            "l.1.v",
            json!({"l": [{"v": 1}, {"v": 1}]}),
            json!({"l": [{"v": 2}, {"v": 2, "w": 2}]}),
            json!({"l": [{"v": 2}, {"v": 1, "w": 2}]}),
        );
        check(
            "a.b",
            json!({"a": 1}),
            json!({"a": {"b": 2}}),
            json!({"a": {"b": 2}}),
        );
        check("nope.x", json!({"a": 1}), json!({"a": 2}), json!({"a": 2}));
    }

    #[test]
    fn secrets_are_looked_into_and_stay_secret() {
        let map = |value: Value| Value::Map([("k".to_owned(), value)].into());
        let mut new = map(Value::from("new").into_secret());
        keep_old(&mut new, &map(Value::from("old").into_secret()), "k");
        assert_eq!(new, map(Value::from("old").into_secret()));
    }
}
