//! Functions on strings, numbers and truth.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};
use url::Url;

use super::functions::Arguments;
use super::{Result, hash};

/// The value of a function of this family, `None` when it is of another.
pub(crate) fn call(name: &str, given: &Arguments<'_>) -> Option<Result<Value>> {
    Some(match name {
        "format" => format(given),
        "tolower" => one(given, |text| text.to_lowercase().into()),
        "toupper" => one(given, |text| text.to_uppercase().into()),
        "trim" => one(given, |text| text.trim().into()),
        "replace" => replace(given),
        "split" => split(given),
        "substring" => substring(given),
        "startswith" => pair(given, |text, part| {
            text.to_lowercase().starts_with(&part.to_lowercase()).into()
        }),
        "endswith" => pair(given, |text, part| {
            text.to_lowercase().ends_with(&part.to_lowercase()).into()
        }),
        "indexof" if given.values.first().is_some_and(Value::is_string) => {
            pair(given, |text, part| {
                position(text, text.to_lowercase().find(&part.to_lowercase()))
            })
        }
        "lastindexof" if given.values.first().is_some_and(Value::is_string) => {
            pair(given, |text, part| {
                position(text, text.to_lowercase().rfind(&part.to_lowercase()))
            })
        }
        "padleft" => pad_left(given),
        "string" => given
            .count(1, 1)
            .and_then(|()| Ok(plain(given.value(0)?).into())),
        "base64" => one(given, |text| STANDARD.encode(text).into()),
        "base64tostring" => from_base64(given).map(Value::from),
        "base64tojson" => from_base64(given).and_then(|text| json(given, &text)),
        "json" => given.text(0).and_then(|text| json(given, text)),
        "uri" => uri(given),
        "uricomponent" => one(given, |text| percent(text).into()),
        "uricomponenttostring" => given.text(0).and_then(|text| {
            crate::wire::ids::decode(text)
                .map(Value::from)
                .ok_or_else(|| given.wrong("the string is not valid UTF-8"))
        }),
        "uniquestring" => given
            .count(1, usize::MAX)
            .and_then(|()| Ok(hash::unique_string(&given.texts()?).into())),
        "guid" => given
            .count(1, usize::MAX)
            .and_then(|()| Ok(hash::guid(&given.texts()?).into())),
        "int" => int(given),
        "bool" => boolean(given),
        "true" => given.count(0, 0).map(|()| true.into()),
        "false" => given.count(0, 0).map(|()| false.into()),
        "null" => given.count(0, 0).map(|()| Value::Null),
        "not" => given
            .count(1, 1)
            .and_then(|()| Ok((!given.flag(0)?).into())),
        "and" => flags(given).map(|all| all.into_iter().all(|flag| flag).into()),
        "or" => flags(given).map(|all| all.into_iter().any(|flag| flag).into()),
        "equals" => given
            .count(2, 2)
            .map(|()| same(&given.values[0], &given.values[1]).into()),
        "less" => compare(given, std::cmp::Ordering::is_lt),
        "lessorequals" => compare(given, std::cmp::Ordering::is_le),
        "greater" => compare(given, std::cmp::Ordering::is_gt),
        "greaterorequals" => compare(given, std::cmp::Ordering::is_ge),
        "add" => arithmetic(given, i64::checked_add),
        "sub" => arithmetic(given, i64::checked_sub),
        "mul" => arithmetic(given, i64::checked_mul),
        "div" => arithmetic(given, i64::checked_div),
        "mod" => arithmetic(given, i64::checked_rem),
        _ => return None,
    })
}

fn one(given: &Arguments<'_>, f: impl Fn(&str) -> Value) -> Result<Value> {
    given.count(1, 1)?;
    Ok(f(given.text(0)?))
}

fn pair(given: &Arguments<'_>, f: impl Fn(&str, &str) -> Value) -> Result<Value> {
    given.count(2, 2)?;
    Ok(f(given.text(0)?, given.text(1)?))
}

/// Positions are counted in characters, -1 when there is none.
fn position(text: &str, at: Option<usize>) -> Value {
    at.and_then(|at| text.get(..at))
        .map_or(-1, |before| {
            i64::try_from(before.chars().count()).unwrap_or(-1)
        })
        .into()
}

/// A value as `string()` and `concat()` write it.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// `{0}`, `{1:D3}`, `{{`: the part of .NET's composite formats that templates use.
fn format(given: &Arguments<'_>) -> Result<Value> {
    given.count(1, usize::MAX)?;
    let mut rest = given.text(0)?;
    let mut made = String::new();
    while let Some(at) = rest.find(['{', '}']) {
        made.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            made.push_str(&rest[..1]);
            rest = &rest[2..];
            continue;
        }
        let hole = rest
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
            .ok_or_else(|| given.wrong("the format has an unmatched brace"))?;
        made.push_str(&filled(given, hole.0)?);
        rest = hole.1;
    }
    made.push_str(rest);
    Ok(made.into())
}

fn filled(given: &Arguments<'_>, hole: &str) -> Result<String> {
    let (index, pattern) = hole.split_once(':').unwrap_or((hole, ""));
    let index: usize = index
        .trim()
        .parse()
        .map_err(|_| given.wrong(format!("'{{{hole}}}' names no argument")))?;
    let value = given.value(index + 1)?;
    let zeros = pattern
        .strip_prefix(['D', 'd'])
        .map(|digits| digits.parse().unwrap_or(0))
        .or_else(|| pattern.chars().all(|c| c == '0').then_some(pattern.len()));
    match (zeros, value.as_i64()) {
        (Some(0), _) => Ok(plain(value)),
        (Some(zeros), Some(number)) => Ok(format!("{number:0zeros$}")),
        _ => Err(given.wrong(format!(
            "the format '{pattern}' is not modelled; D and zeros are"
        ))),
    }
}

fn replace(given: &Arguments<'_>) -> Result<Value> {
    given.count(3, 3)?;
    Ok(given
        .text(0)?
        .replace(given.text(1)?, given.text(2)?)
        .into())
}

fn split(given: &Arguments<'_>) -> Result<Value> {
    given.count(2, 2)?;
    let text = given.text(0)?;
    let separators: Vec<String> = match given.value(1)? {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => return Err(given.wrong("argument 2 must be a string or an array of strings")),
    };
    let mut parts = vec![text.to_owned()];
    for separator in separators.iter().filter(|one| !one.is_empty()) {
        parts = parts
            .iter()
            .flat_map(|part| {
                part.split(separator.as_str())
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    Ok(parts.into())
}

fn substring(given: &Arguments<'_>) -> Result<Value> {
    given.count(2, 3)?;
    let characters: Vec<char> = given.text(0)?.chars().collect();
    let start = usize::try_from(given.number(1)?).unwrap_or(usize::MAX);
    let length = match given.values.len() {
        3 => usize::try_from(given.number(2)?).unwrap_or(usize::MAX),
        _ => characters.len().saturating_sub(start),
    };
    let end = start.saturating_add(length);
    match characters.get(start..end) {
        Some(part) => Ok(part.iter().collect::<String>().into()),
        None => Err(given.wrong(format!(
            "the index and length parameters must refer to a location within the string: index '{start}', length '{length}', the string has {} characters",
            characters.len()
        ))),
    }
}

fn pad_left(given: &Arguments<'_>) -> Result<Value> {
    given.count(2, 3)?;
    let text = plain(given.value(0)?);
    let wanted = usize::try_from(given.number(1)?).unwrap_or(0).min(1000);
    let fill = match given.values.len() {
        3 => given.text(2)?.chars().next().unwrap_or(' '),
        _ => ' ',
    };
    let missing = wanted.saturating_sub(text.chars().count());
    Ok(format!("{}{text}", fill.to_string().repeat(missing)).into())
}

fn from_base64(given: &Arguments<'_>) -> Result<String> {
    given.count(1, 1)?;
    let bytes = STANDARD.decode(given.text(0)?).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| given.wrong("the string is not base64 of a text"))
}

fn json(given: &Arguments<'_>, text: &str) -> Result<Value> {
    serde_json::from_str(text)
        .map_err(|error| given.wrong(format!("the string is not JSON ({error})")))
}

fn uri(given: &Arguments<'_>) -> Result<Value> {
    given.count(2, 2)?;
    let joined =
        Url::parse(given.text(0)?).and_then(|base| base.join(given.text(1).unwrap_or_default()));
    joined.map(|url| url.to_string().into()).map_err(|error| {
        given.wrong(format!(
            "'{}' is not a base address ({error})",
            given.values[0]
        ))
    })
}

/// As `Uri.EscapeDataString`: everything but unreserved characters.
fn percent(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if keep(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn int(given: &Arguments<'_>) -> Result<Value> {
    given.count(1, 1)?;
    let value = given.value(0)?;
    let number = match value {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().map(|float| float as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number
        .map(|number| Value::Number(Number::from(number)))
        .ok_or_else(|| given.wrong(format!("'{}' is not an integer", plain(value))))
}

fn boolean(given: &Arguments<'_>) -> Result<Value> {
    given.count(1, 1)?;
    match given.value(0)? {
        Value::Bool(flag) => Ok((*flag).into()),
        Value::Number(number) => Ok((number.as_i64() != Some(0)).into()),
        Value::String(text) if text.eq_ignore_ascii_case("true") || text == "1" => Ok(true.into()),
        Value::String(text) if text.eq_ignore_ascii_case("false") || text == "0" => {
            Ok(false.into())
        }
        other => Err(given.wrong(format!("'{}' is neither true nor false", plain(other)))),
    }
}

fn flags(given: &Arguments<'_>) -> Result<Vec<bool>> {
    given.count(1, usize::MAX)?;
    (0..given.values.len()).map(|at| given.flag(at)).collect()
}

/// Numbers are compared by value, everything else exactly.
fn same(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

fn compare(given: &Arguments<'_>, fits: fn(std::cmp::Ordering) -> bool) -> Result<Value> {
    given.count(2, 2)?;
    let order = match (&given.values[0], &given.values[1]) {
        (Value::String(left), Value::String(right)) => left.cmp(right),
        _ => given.number(0)?.cmp(&given.number(1)?),
    };
    Ok(fits(order).into())
}

fn arithmetic(given: &Arguments<'_>, f: fn(i64, i64) -> Option<i64>) -> Result<Value> {
    given.count(2, 2)?;
    f(given.number(0)?, given.number(1)?)
        .map(Value::from)
        .ok_or_else(|| given.wrong("the result is not an integer"))
}
