//! Checks that hold for many types: required members, locations, tags.

use lazuli_core::Value;

use super::Findings;
use crate::provider::location;
use crate::record::Location;

const MOST_TAGS: usize = 50;
const LONGEST_TAG_KEY: usize = 512;
const LONGEST_TAG_VALUE: usize = 256;

pub(super) fn check(findings: &mut Findings<'_>) {
    required(findings);
    place(findings);
    tags(findings);
}

/// LZ1002. A nested member is required only where the object around it is there.
fn required(findings: &mut Findings<'_>) {
    let record = findings.record();
    for path in record.map_or(&[][..], |record| record.required) {
        if misses(&findings.desired.inputs, path) {
            let ty = findings.ty();
            findings.error(
                "LZ1002",
                format!("`{path}` is missing: Azure does not take a {ty} without it"),
                format!("set `{path}`"),
            );
        }
    }
}

fn misses(value: &Value, path: &str) -> bool {
    let (key, rest) = path
        .split_once('.')
        .map_or((path, None), |(key, rest)| (key, Some(rest)));
    match (value, key) {
        (Value::Unknown(_), _) => false,
        (Value::Secret(inner), _) => misses(inner, path),
        (Value::List(items), "*") => items
            .iter()
            .any(|item| rest.is_some_and(|rest| misses(item, rest))),
        (Value::Map(members), "*") => members
            .values()
            .any(|item| rest.is_some_and(|rest| misses(item, rest))),
        (Value::Map(members), key) => match (members.get(key), rest) {
            (None | Some(Value::Null), None) => true,
            (None | Some(Value::Null), Some(_)) => false,
            (Some(_), None) => false,
            (Some(value), Some(rest)) => misses(value, rest),
        },
        _ => false,
    }
}

/// LZ1003, LZ1004 and LZ1016.
fn place(findings: &mut Findings<'_>) {
    let Some(declared) = findings.text("location") else {
        return;
    };
    let normal = location::normal(declared);
    let record = findings.record();
    let global = record.is_some_and(|record| record.location == Location::Global);
    if normal.is_empty() {
        findings.error(
            "LZ1003",
            "`location` is blank".to_owned(),
            "name a region, for example `westeurope`",
        );
    } else if global && normal != "global" {
        let ty = findings.ty();
        let message = format!("`location` is `{declared}`, but a {ty} is in no region");
        findings.error("LZ1016", message, "leave `location` out, or write `global`");
    } else if normal != declared {
        let message = format!("`location` is written `{declared}`, which Azure calls `{normal}`");
        let help = format!(
            "write `{normal}`: another spelling later would look like a move, which replaces the resource"
        );
        findings.warning("LZ1004", message, help);
    }
}

/// LZ1013.
fn tags(findings: &mut Findings<'_>) {
    let Some(tags) = findings.desired.inputs.at("tags").and_then(Value::as_map) else {
        return;
    };
    if tags.len() > MOST_TAGS {
        let message = format!("`tags` has {} entries", tags.len());
        findings.error(
            "LZ1013",
            message,
            format!("a resource has at most {MOST_TAGS} tags"),
        );
    }
    for (key, value) in tags {
        let long = value
            .as_str()
            .is_some_and(|value| value.chars().count() > LONGEST_TAG_VALUE);
        let bad_key = key.chars().count() > LONGEST_TAG_KEY
            || key.contains(['<', '>', '%', '&', '\\', '?', '/']);
        if long || bad_key {
            findings.error(
                "LZ1013",
                format!("the tag `{key}` has {}", if long { "a value that is too long" } else { "a key that Azure refuses" }),
                format!("keys have up to {LONGEST_TAG_KEY} characters without `< > % & \\ ? /`, values up to {LONGEST_TAG_VALUE}"),
            );
        }
    }
}
