//! Functions on arrays and objects, and those that take strings as well.

use serde_json::{Map, Value, json};

use super::functions::Arguments;
use super::strings::plain;
use super::{Result, scope};
use crate::arm::json;

/// The value of a function of this family, `None` when it is of another.
pub(crate) fn call(name: &str, given: &Arguments<'_>) -> Option<Result<Value>> {
    Some(match name {
        "concat" => concat(given),
        "join" => join(given),
        "length" => length(given),
        "empty" => empty(given),
        "contains" => contains(given),
        "first" => first(given),
        "last" => last(given),
        "skip" => part(given, |count, length| (count.min(length), length)),
        "take" => part(given, |count, length| (0, count.min(length))),
        "array" => given.count(1, 1).map(|()| array(&given.values[0])),
        "createarray" => Ok(given.values.clone().into()),
        "createobject" => create_object(given),
        "union" | "shallowmerge" => union(name == "union", given),
        "intersection" => intersection(given),
        "range" => range(given),
        "min" => numbers(given).map(|all| all.into_iter().min().into()),
        "max" => numbers(given).map(|all| all.into_iter().max().into()),
        "flatten" => flatten(given),
        "items" => items(given),
        "objectkeys" => given.count(1, 1).and_then(|()| keys(given)),
        "tryget" => try_get(given),
        "coalesce" => Ok(given
            .values
            .iter()
            .find(|value| !value.is_null())
            .cloned()
            .unwrap_or_default()),
        "indexof" | "lastindexof" => index(name == "indexof", given),
        _ => return None,
    })
}

fn concat(given: &Arguments<'_>) -> Result<Value> {
    given.count(1, usize::MAX)?;
    if given.values.iter().all(Value::is_array) {
        return Ok(given.values.iter().flat_map(json::items).cloned().collect());
    }
    if let Some(odd) = given
        .values
        .iter()
        .find(|value| value.is_array() || value.is_object())
    {
        return Err(given.wrong(format!("'{odd}' cannot be joined to a string")));
    }
    Ok(given.values.iter().map(plain).collect::<String>().into())
}

fn join(given: &Arguments<'_>) -> Result<Value> {
    given.count(2, 2)?;
    let parts: Vec<String> = given.list(0)?.iter().map(plain).collect();
    Ok(parts.join(given.text(1)?).into())
}

fn size(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(all) => Some(all.len()),
        Value::Object(all) => Some(all.len()),
        _ => None,
    }
}

fn length(given: &Arguments<'_>) -> Result<Value> {
    given.count(1, 1)?;
    size(given.value(0)?)
        .map(Value::from)
        .ok_or_else(|| given.wrong("the argument must be a string, an array or an object"))
}

fn empty(given: &Arguments<'_>) -> Result<Value> {
    given.count(1, 1)?;
    let value = given.value(0)?;
    if value.is_null() {
        return Ok(true.into());
    }
    size(value)
        .map(|size| (size == 0).into())
        .ok_or_else(|| given.wrong("the argument must be a string, an array, an object or null"))
}

fn contains(given: &Arguments<'_>) -> Result<Value> {
    given.count(2, 2)?;
    let wanted = given.value(1)?;
    Ok(match given.value(0)? {
        Value::String(text) => text.contains(&plain(wanted)),
        Value::Array(all) => all.contains(wanted),
        Value::Object(all) => all.keys().any(|key| json::same(key, &plain(wanted))),
        _ => return Err(given.wrong("argument 1 must be a string, an array or an object")),
    }
    .into())
}

fn first(given: &Arguments<'_>) -> Result<Value> {
    given.count(1, 1)?;
    Ok(match given.value(0)? {
        Value::String(text) => text.chars().take(1).collect::<String>().into(),
        Value::Array(all) => all.first().cloned().unwrap_or_default(),
        _ => return Err(given.wrong("the argument must be a string or an array")),
    })
}

fn last(given: &Arguments<'_>) -> Result<Value> {
    given.count(1, 1)?;
    Ok(match given.value(0)? {
        Value::String(text) => text
            .chars()
            .last()
            .map(String::from)
            .unwrap_or_default()
            .into(),
        Value::Array(all) => all.last().cloned().unwrap_or_default(),
        _ => return Err(given.wrong("the argument must be a string or an array")),
    })
}

fn part(given: &Arguments<'_>, cut: fn(usize, usize) -> (usize, usize)) -> Result<Value> {
    given.count(2, 2)?;
    let count = usize::try_from(given.number(1)?.max(0)).unwrap_or(usize::MAX);
    Ok(match given.value(0)? {
        Value::String(text) => {
            let all: Vec<char> = text.chars().collect();
            let (from, to) = cut(count, all.len());
            all[from..to].iter().collect::<String>().into()
        }
        Value::Array(all) => {
            let (from, to) = cut(count, all.len());
            all[from..to].to_vec().into()
        }
        _ => return Err(given.wrong("argument 1 must be a string or an array")),
    })
}

fn array(value: &Value) -> Value {
    if value.is_array() {
        value.clone()
    } else {
        json!([value])
    }
}

fn create_object(given: &Arguments<'_>) -> Result<Value> {
    if given.values.len() % 2 == 1 {
        return Err(given.wrong("it takes pairs of a name and a value"));
    }
    let mut made = Map::new();
    for at in (0..given.values.len()).step_by(2) {
        made.insert(given.text(at)?.to_owned(), given.values[at + 1].clone());
    }
    Ok(made.into())
}

/// Objects are joined deeply by `union`, at the top only by `shallowMerge`; nulls count here.
fn union(deep: bool, given: &Arguments<'_>) -> Result<Value> {
    let all: Vec<Value> = if deep {
        given.values.clone()
    } else {
        given.list(0)?.clone()
    };
    if all.iter().all(Value::is_array) {
        let mut made: Vec<Value> = Vec::new();
        for item in all.iter().flat_map(json::items) {
            if !made.contains(item) {
                made.push(item.clone());
            }
        }
        return Ok(made.into());
    }
    let mut made = Map::new();
    for one in &all {
        let Some(object) = one.as_object() else {
            return Err(given.wrong("the arguments must all be arrays, or all be objects"));
        };
        lay(&mut made, object, deep);
    }
    Ok(made.into())
}

fn lay(base: &mut Map<String, Value>, over: &Map<String, Value>, deep: bool) {
    for (name, value) in over {
        let known = base.keys().find(|key| json::same(key, name)).cloned();
        let slot = base
            .entry(known.unwrap_or_else(|| name.clone()))
            .or_insert(Value::Null);
        match (slot, value) {
            (Value::Object(inner), Value::Object(value)) if deep => lay(inner, value, deep),
            (slot, value) => *slot = value.clone(),
        }
    }
}

fn intersection(given: &Arguments<'_>) -> Result<Value> {
    given.count(2, usize::MAX)?;
    let (head, tail) = (&given.values[0], &given.values[1..]);
    match head {
        Value::Array(all) => {
            let shared = |item: &&Value| {
                tail.iter()
                    .all(|other| json::items(other).any(|one| one == *item))
            };
            Ok(all.iter().filter(shared).cloned().collect())
        }
        Value::Object(all) => {
            let shared = |(name, value): &(&String, &Value)| {
                tail.iter()
                    .all(|other| other.get(name.as_str()) == Some(*value))
            };
            let kept = all
                .iter()
                .filter(shared)
                .map(|(name, value)| (name.clone(), value.clone()));
            Ok(Value::Object(kept.collect()))
        }
        _ => Err(given.wrong("the arguments must all be arrays, or all be objects")),
    }
}

fn range(given: &Arguments<'_>) -> Result<Value> {
    given.count(2, 2)?;
    let (start, count) = (given.number(0)?, given.number(1)?);
    if !(0..=10_000).contains(&count) {
        return Err(given.wrong("the count must be from 0 to 10000"));
    }
    Ok((start..start.saturating_add(count))
        .map(Value::from)
        .collect())
}

fn numbers(given: &Arguments<'_>) -> Result<Vec<i64>> {
    given.count(1, usize::MAX)?;
    let all: Vec<&Value> = match given.values.as_slice() {
        [Value::Array(all)] => all.iter().collect(),
        all => all.iter().collect(),
    };
    let numbers: Option<Vec<i64>> = all.iter().map(|value| value.as_i64()).collect();
    numbers
        .filter(|all| !all.is_empty())
        .ok_or_else(|| given.wrong("the arguments must be integers"))
}

fn flatten(given: &Arguments<'_>) -> Result<Value> {
    given.count(1, 1)?;
    let all = given.list(0)?;
    Ok(all
        .iter()
        .flat_map(|item| json::items(item).cloned().collect::<Vec<_>>())
        .collect())
}

/// Sorted by key, as ARM does.
fn items(given: &Arguments<'_>) -> Result<Value> {
    given.count(1, 1)?;
    let object = given
        .value(0)?
        .as_object()
        .ok_or_else(|| given.wrong("the argument must be an object"))?;
    let mut all: Vec<(&String, &Value)> = object.iter().collect();
    all.sort_by_key(|(name, _)| name.to_lowercase());
    Ok(all
        .into_iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect())
}

fn keys(given: &Arguments<'_>) -> Result<Value> {
    let all = items(given)?;
    Ok(json::items(&all).map(|item| item["key"].clone()).collect())
}

fn try_get(given: &Arguments<'_>) -> Result<Value> {
    given.count(2, usize::MAX)?;
    let mut value = given.values[0].clone();
    for step in &given.values[1..] {
        let next = match step {
            Value::String(name) => scope::property(&value, name).ok(),
            other => other
                .as_u64()
                .and_then(|at| value.get(usize::try_from(at).ok()?).cloned()),
        };
        value = next.unwrap_or_default();
    }
    Ok(value)
}

fn index(forward: bool, given: &Arguments<'_>) -> Result<Value> {
    given.count(2, 2)?;
    let (all, wanted) = (given.list(0)?, given.value(1)?);
    let found = if forward {
        all.iter().position(|item| item == wanted)
    } else {
        all.iter().rposition(|item| item == wanted)
    };
    Ok(found
        .and_then(|at| i64::try_from(at).ok())
        .unwrap_or(-1)
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::template::Inputs;

    #[test]
    fn functions_answer_as_azure_documents() {
        let inputs = Inputs::default();
        let check = |text: &str, expect: Value| {
            let found = inputs.scope().evaluate(&Value::from(format!("[{text}]")));
            assert_eq!(found.map_err(|error| error.message), Ok(expect), "{text}");
        };
        check("concat('a', 1, true())", json!("a1True"));
        check("concat(createArray(1), createArray(2))", json!([1, 2]));
        check("format('{0}-{1:D3}{{', 'a', 7)", json!("a-007{"));
        check("if(equals(1, 1), 'yes', div(1, 0))", json!("yes"));
        check(
            "union(createObject('a', createObject('b', 1)), json('{\"a\":{\"c\":2}}'))",
            json!({ "a": { "b": 1, "c": 2 } }),
        );
        check(
            "union(createArray(1, 2), createArray(2, 3))",
            json!([1, 2, 3]),
        );
        check(
            "intersection(createArray(1, 2), createArray(2, 3))",
            json!([2]),
        );
        check("substring('abcd', 1, 2)", json!("bc"));
        check(
            "split('a,b;c', createArray(',', ';'))",
            json!(["a", "b", "c"]),
        );
        check("first(skip('abc', 1))", json!("b"));
        check("last(take(range(3, 4), 2))", json!(4));
        check("contains(json('{\"Key\":1}'), 'key')", json!(true));
        check("coalesce(null(), 'a')", json!("a"));
        check("base64ToString(base64('ü'))", json!("ü"));
        check("uriComponent('a b/c')", json!("a%20b%2Fc"));
        check("padLeft(7, 3, '0')", json!("007"));
        check("int('42')", json!(42));
        check("string(createObject('a', 1))", json!("{\"a\":1}"));
        check("items(json('{\"b\":1,\"a\":2}'))[0].key", json!("a"));
        check("indexOf('abc', 'C')", json!(2));
        check("tryGet(json('{\"a\":{}}'), 'a', 'b')", Value::Null);
        check("max(1, 5, 3)", json!(5));
        check("empty('')", json!(true));
        check("not(or(false(), and(true(), false())))", json!(true));
    }

    #[test]
    fn what_is_wrong_says_which_function() {
        let inputs = Inputs::default();
        let check = |text: &str, word: &str| {
            let error = inputs
                .scope()
                .evaluate(&Value::from(format!("[{text}]")))
                .expect_err(text);
            assert!(error.message.contains(word), "{text}: {}", error.message);
        };
        check("shout('a')", "'shout' is not valid");
        check("map(createArray(), 1)", "'map' is not modelled");
        check("toLower(1)", "'toLower'");
        check("substring('a', 2, 1)", "'substring'");
        check("div(1, 0)", "'div'");
        check("createArray(1)[3]", "out of bounds");
        check("json('{}').a", "'a' doesn't exist");
        check("parameters('p')", "'p' is not found");
        check("reference('x')", "'reference'");
    }
}
