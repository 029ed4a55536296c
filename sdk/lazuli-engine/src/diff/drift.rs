//! What the cloud has instead of what was declared last time.
//!
//! Only declared properties count: an answer holds many more. What the answer does
//! not return (`write_only`, absent, or null) is taken to be as declared.

use lazuli_core::node::NodeId;
use lazuli_core::{Members, Observed, TypeSchema, Value};

use super::compare::{Change, Rules, any, covers, diff, join, keyed, names, same};
use crate::graph::Graph;

/// The declared inputs with the values that the cloud's answer shows at their paths.
pub(crate) fn actual_inputs(declared: &Value, answer: &Value, schema: &TypeSchema) -> Value {
    overlay("", declared, Some(answer), schema)
}

/// The inputs that the state records for an import: those of the program, with what
/// is really there.
pub(crate) fn imported_inputs(graph: &Graph, index: NodeId, found: &Observed) -> Value {
    let declared = &graph.node(index).seen.inputs;
    actual_inputs(declared, &found.outputs, &graph.type_schema(index))
}

/// How inputs differ from what was declared last time.
pub(crate) fn drift(declared: &Value, actual: &Value, schema: &TypeSchema) -> Vec<Change> {
    let rules = Rules {
        schema,
        ignore: &[],
        replace_on: &[],
    };
    diff(declared, actual, &rules)
}

fn overlay(path: &str, declared: &Value, answer: Option<&Value>, schema: &TypeSchema) -> Value {
    let answer = match answer {
        None | Some(Value::Null) => return declared.clone(),
        Some(_) if any(&schema.write_only, path, covers) => return declared.clone(),
        Some(answer) => answer,
    };
    match (declared, answer) {
        (Value::Secret(inner), answer) => {
            let answer = answer.unwrapped();
            overlay(path, inner, Some(&answer), schema).into_secret()
        }
        (declared, Value::Secret(inner)) => {
            overlay(path, declared, Some(inner), schema).into_secret()
        }
        (Value::Map(members), Value::Map(answer)) => Value::Map(
            members
                .iter()
                .map(|(key, member)| {
                    let here = join(path, key);
                    let told = answer.get(key).or_else(|| folded(answer, key));
                    (key.clone(), overlay(&here, member, told, schema))
                })
                .collect(),
        ),
        (Value::List(items), Value::List(answer)) => list(path, items, answer, schema),
        // The answer has another shape there: it says nothing about the input.
        (Value::Map(_) | Value::List(_), _) | (_, Value::Map(_) | Value::List(_)) => {
            declared.clone()
        }
        _ if same(declared, answer, any(&schema.ignore_case, path, names)) => declared.clone(),
        _ => answer.clone(),
    }
}

/// A member whose name differs in case only: clouds are not strict about it.
fn folded<'a>(answer: &'a Members<Value>, key: &str) -> Option<&'a Value> {
    answer
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map(|(_, value)| value)
}

fn list(path: &str, declared: &[Value], answer: &[Value], schema: &TypeSchema) -> Value {
    let field = schema.keys.iter().find(|(list, _)| names(list, path));
    let field = field.map(|(_, field)| field.as_str());
    let (Some(_), Some(there)) = (keyed(declared, field), keyed(answer, field)) else {
        return positions(path, declared, answer, schema);
    };
    let known = keyed(declared, field).unwrap_or_default();
    let kept = known.iter().filter_map(|(key, item)| {
        let told = there.get(key)?;
        Some(overlay(&format!("{path}[{key}]"), item, Some(told), schema))
    });
    let added = there.iter().filter(|(key, _)| !known.contains_key(*key));
    Value::List(kept.chain(added.map(|(_, item)| (*item).clone())).collect())
}

fn positions(path: &str, declared: &[Value], answer: &[Value], schema: &TypeSchema) -> Value {
    let wrapped =
        |list: &[Value]| Value::Map([("l".to_owned(), Value::List(list.to_vec()))].into());
    let is_set = any(&schema.sets, path, names);
    let as_set = TypeSchema {
        sets: vec!["l".into()],
        ignore_case: vec!["l".into()],
        ..TypeSchema::default()
    };
    if is_set && drift(&wrapped(declared), &wrapped(answer), &as_set).is_empty() {
        return Value::List(declared.to_vec());
    }
    if declared.len() != answer.len() {
        return Value::List(answer.to_vec());
    }
    let items = declared.iter().zip(answer).enumerate();
    let items = items
        .map(|(at, (item, told))| overlay(&join(path, &at.to_string()), item, Some(told), schema));
    Value::List(items.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn check(declared: Json, answer: Json, expect: &[&str]) {
        let schema = TypeSchema {
            sets: vec!["set".into()],
            ignore_case: vec!["id".into()],
            write_only: vec!["password".into()],
            ..TypeSchema::default()
        };
        let declared = Value::from(declared);
        let actual = actual_inputs(&declared, &Value::from(answer), &schema);
        let paths: Vec<_> = drift(&declared, &actual, &schema)
            .into_iter()
            .map(|change| change.path)
            .collect();
        assert_eq!(paths, expect);
    }

    #[test]
    fn only_declared_properties_can_drift() {
        check(json!({"a": 1}), json!({"a": 1, "b": 2}), &[]);
        check(json!({"a": 1}), json!({"a": 2}), &["a"]);
        check(json!({"a": 1}), json!({}), &[]);
        check(json!({"a": 1}), json!({"a": null}), &[]);
        check(json!({"password": "x"}), json!({"password": "***"}), &[]);
        check(json!({"id": "/A"}), json!({"id": "/a"}), &[]);
        check(json!({"aB": 1}), json!({"ab": 3}), &["aB"]);
    }

    #[test]
    fn lists_drift_by_identity() {
        check(json!({"set": ["a", "b"]}), json!({"set": ["B", "a"]}), &[]);
        check(
            json!({"set": ["a"]}),
            json!({"set": ["a", "c"]}),
            &["set[c]"],
        );
        let declared = json!({"l": [{"name": "x", "v": 1}, {"name": "y"}]});
        check(
            declared.clone(),
            json!({"l": [{"name": "y", "w": 1}, {"name": "x", "v": 1}]}),
            &[],
        );
        check(
            declared.clone(),
            json!({"l": [{"name": "y"}, {"name": "x", "v": 2}]}),
            &["l[x].v"],
        );
        check(declared, json!({"l": [{"name": "x", "v": 1}]}), &["l[y]"]);
    }

    #[test]
    fn a_secret_drifts_as_a_secret() {
        let declared = Value::Map([("k".to_owned(), Value::from("hunter2").into_secret())].into());
        let answer = Value::from(json!({"k": "hunter3"}));
        let actual = actual_inputs(&declared, &answer, &TypeSchema::default());
        let found = drift(&declared, &actual, &TypeSchema::default());
        assert_eq!(found.len(), 1);
        assert!(!format!("{found:?}{actual:?}").contains("hunter"));
    }
}
