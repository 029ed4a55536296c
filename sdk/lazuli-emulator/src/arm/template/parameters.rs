//! The parameters of a template: what was given against what was declared.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{DeploymentScope, Inputs, Result, TemplateError};
use crate::arm::json;

/// The values of all parameters (keyed in small letters), with defaults evaluated in order of need.
///
/// # Errors
/// The first parameter that is undeclared, missing, of the wrong type or out of bounds.
pub(crate) fn resolve(
    template: &Value,
    given: &Value,
    place: &DeploymentScope,
    variables: &Value,
) -> Result<BTreeMap<String, Value>> {
    let declared = &template["parameters"];
    check_declared(declared, given)?;
    let mut values = BTreeMap::new();
    for (name, declaration) in declared.as_object().into_iter().flatten() {
        if let Some(value) = find(given, name) {
            check(name, declaration, value)?;
            values.insert(name.to_lowercase(), value.clone());
        } else if declaration.get("defaultValue").is_none() && declaration["nullable"] != true {
            return Err(TemplateError::of_parameter(
                name,
                format!(
                    "The value for the template parameter '{name}'{{at}} is not provided. Please see https://aka.ms/arm-create-parameter-file for usage details."
                ),
            ));
        }
    }
    // Defaults may name other parameters, in any order; each round settles those whose needs are met.
    let mut open: Vec<(&String, &Value)> = declared
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| !values.contains_key(&name.to_lowercase()))
        .collect();
    while !open.is_empty() {
        let before = open.len();
        let mut last = None;
        let mut left = Vec::new();
        for (name, declaration) in open {
            let default = declaration.get("defaultValue").cloned().unwrap_or_default();
            let inputs = Inputs::new(place.clone(), values.clone(), variables);
            match inputs.scope().evaluate(&default) {
                Ok(value) => {
                    check(name, declaration, &value)?;
                    values.insert(name.to_lowercase(), value);
                }
                Err(error) => {
                    last = Some(error);
                    left.push((name, declaration));
                }
            }
        }
        if left.len() == before {
            return Err(last.unwrap_or_else(|| {
                TemplateError::new(
                    "The default values of the template parameters cannot be evaluated.",
                )
            }));
        }
        open = left;
    }
    Ok(values)
}

/// The value given for a parameter, whatever the casing of its name.
fn find<'a>(given: &'a Value, name: &str) -> Option<&'a Value> {
    let all = given.as_object()?;
    let found = all.iter().find(|(key, _)| json::same(key, name))?;
    found.1.get("value")
}

fn check_declared(declared: &Value, given: &Value) -> Result<()> {
    let known: Vec<&str> = declared
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let odd: Vec<&str> = given
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .filter(|name| !known.iter().any(|other| json::same(other, name)))
        .collect();
    if odd.is_empty() {
        return Ok(());
    }
    Err(TemplateError::new(format!(
        "The template parameters '{}' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '{}'. Please see https://aka.ms/arm-pass-parameter-values for usage details.",
        odd.join(", "),
        known.join(", ")
    )))
}

/// The canonical name of a type, as deployments show it; `None` when there is no such type.
pub(crate) fn type_name(given: &Value) -> Option<&'static str> {
    const TYPES: [&str; 7] = [
        "String",
        "SecureString",
        "Int",
        "Bool",
        "Object",
        "SecureObject",
        "Array",
    ];
    TYPES
        .into_iter()
        .find(|name| json::same(name, json::text(given)))
}

/// Whether values of a type are never shown.
pub(crate) fn is_secure(kind: &str) -> bool {
    kind.starts_with("Secure")
}

fn check(name: &str, declaration: &Value, value: &Value) -> Result<()> {
    let Some(kind) = type_name(&declaration["type"]) else {
        return Err(TemplateError::of_parameter(
            name,
            format!(
                "The template parameter '{name}' has the type '{}', which is not valid. Please see https://aka.ms/arm-syntax-parameters for usage details.",
                json::text(&declaration["type"])
            ),
        ));
    };
    if value.is_null() && declaration["nullable"] == true {
        return Ok(());
    }
    let (fits, wanted) = match kind {
        "Int" => (value.is_i64(), "Integer"),
        "Bool" => (value.is_boolean(), "Boolean"),
        "Array" => (value.is_array(), "Array"),
        "Object" | "SecureObject" => (value.is_object(), "Object"),
        _ => (value.is_string(), "String, Uri"),
    };
    if !fits {
        return Err(TemplateError::of_parameter(
            name,
            format!(
                "Template parameter JToken type is not valid. Expected '{wanted}'. Actual '{}'. Please see https://aka.ms/arm-create-parameter-file for usage details.",
                json_type(value)
            ),
        ));
    }
    check_allowed(name, declaration, value)?;
    check_bounds(name, declaration, value)
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(number) if number.is_f64() => "Float",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}

fn check_allowed(name: &str, declaration: &Value, value: &Value) -> Result<()> {
    let Some(allowed) = declaration["allowedValues"].as_array() else {
        return Ok(());
    };
    let fits = |one: &Value| match (one.as_str(), value.as_str()) {
        (Some(one), Some(value)) => json::same(one, value),
        _ => one == value,
    };
    if allowed.iter().any(fits)
        || value
            .as_array()
            .is_some_and(|all| all.iter().all(|one| allowed.contains(one)))
    {
        return Ok(());
    }
    let list: Vec<String> = allowed.iter().map(super::strings::plain).collect();
    let shown = super::strings::plain(value);
    Err(TemplateError::of_parameter(
        name,
        format!(
            "The provided value for the template parameter '{name}'{{at}} is not valid. The value '{shown}' is not part of the allowed value(s): '{}'.",
            list.join(",")
        ),
    ))
}

fn check_bounds(name: &str, declaration: &Value, value: &Value) -> Result<()> {
    let length = match value {
        Value::String(text) => i64::try_from(text.chars().count()).ok(),
        Value::Array(all) => i64::try_from(all.len()).ok(),
        _ => None,
    };
    let bounds = [
        ("minValue", value.as_i64(), true),
        ("maxValue", value.as_i64(), false),
        ("minLength", length, true),
        ("maxLength", length, false),
    ];
    for (word, found, least) in bounds {
        let (Some(found), Some(bound)) = (found, declaration[word].as_i64()) else {
            continue;
        };
        if (least && found < bound) || (!least && found > bound) {
            let relation = if least {
                "less than the minimum"
            } else {
                "greater than the maximum"
            };
            return Err(TemplateError::of_parameter(
                name,
                format!(
                    "The provided value for the template parameter '{name}'{{at}} is not valid. Its value or length '{found}' is {relation} '{bound}' ({word})."
                ),
            ));
        }
    }
    Ok(())
}

/// The parameters as a deployment shows them: types, and values that are not secret.
pub(crate) fn shown(template: &Value, values: &BTreeMap<String, Value>) -> Value {
    let mut all = json!({});
    for (name, declaration) in template["parameters"].as_object().into_iter().flatten() {
        let kind = type_name(&declaration["type"]).unwrap_or("String");
        let mut one = json!({ "type": kind });
        if !is_secure(kind) {
            let value = values
                .get(&name.to_lowercase())
                .cloned()
                .unwrap_or_default();
            json::set(&mut one, "value", value);
        }
        json::set(&mut all, name, one);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_checked_and_defaults_follow_each_other() {
        let template = json!({ "parameters": {
            "a": { "type": "string", "defaultValue": "[concat(parameters('b'), '!')]" },
            "b": { "type": "string", "defaultValue": "hi" },
            "n": { "type": "int", "minValue": 1, "maxValue": 3 },
            "s": { "type": "secureString", "defaultValue": "hidden" },
            "e": { "type": "string", "defaultValue": "one", "allowedValues": ["one", "two"] },
        } });
        let resolve =
            |given: Value| resolve(&template, &given, &DeploymentScope::default(), &Value::Null);
        let values = resolve(json!({ "N": { "value": 2 } })).expect("good");
        assert_eq!(values["a"], "hi!");
        assert!(!shown(&template, &values).to_string().contains("hidden"));
        let check = |given: Value, word: &str| {
            let error = resolve(given.clone()).expect_err("bad");
            assert!(error.message.contains(word), "{given}: {}", error.message);
        };
        check(json!({}), "'n'{at} is not provided");
        check(json!({ "n": { "value": "2" } }), "Expected 'Integer'");
        check(json!({ "n": { "value": 4 } }), "maxValue");
        check(
            json!({ "n": { "value": 1 }, "e": { "value": "three" } }),
            "one,two",
        );
        check(
            json!({ "n": { "value": 1 }, "odd": { "value": 1 } }),
            "'odd'",
        );
    }

    #[test]
    fn defaults_in_a_circle_are_refused() {
        let template = json!({ "parameters": {
            "a": { "type": "string", "defaultValue": "[parameters('b')]" },
            "b": { "type": "string", "defaultValue": "[parameters('a')]" },
        } });
        assert!(
            resolve(
                &template,
                &Value::Null,
                &DeploymentScope::default(),
                &Value::Null
            )
            .is_err()
        );
    }
}
