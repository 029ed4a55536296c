//! Functions that speak of where the deployment happens, of its inputs, and of resources.

use serde_json::{Value, json};
use uuid::Uuid;

use super::functions::Arguments;
use super::{Result, Scope, TemplateError};
use crate::arm::json;

/// The value of a function of this family, `None` when it is of another.
pub(crate) fn call(scope: &Scope<'_>, name: &str, given: &Arguments<'_>) -> Option<Result<Value>> {
    let place = &scope.inputs.place;
    Some(match name {
        "parameters" => given
            .count(1, 1)
            .and_then(|()| scope.parameter(given.text(0)?)),
        "variables" => given
            .count(1, 1)
            .and_then(|()| scope.variable(given.text(0)?)),
        "copyindex" => copy_index(scope, given),
        "resourcegroup" if place.group.is_null() => {
            Err(given.wrong("there is no resource group at the scope of this deployment"))
        }
        "resourcegroup" => given.count(0, 0).map(|()| place.group.clone()),
        "subscription" => given.count(0, 0).map(|()| subscription(scope)),
        "tenant" => given.count(0, 0).map(|()| tenant(scope)),
        "deployment" => given.count(0, 0).map(|()| place.deployment.clone()),
        "environment" => given.count(0, 0).map(|()| place.environment.clone()),
        "resourceid" => resource_id(scope, given),
        "subscriptionresourceid" => subscription_resource_id(scope, given),
        "tenantresourceid" => given.texts().and_then(|parts| tail(given, "", &parts)),
        "extensionresourceid" => given.texts().and_then(|parts| match parts.split_first() {
            Some((base, rest)) => tail(given, base.trim_end_matches('/'), rest),
            None => Err(given.wrong("it takes at least 3 arguments")),
        }),
        "reference" => reference(scope, given),
        "newguid" => given.count(0, 0).map(|()| {
            place
                .origin
                .uuid(json::text(&place.deployment["name"]))
                .to_string()
                .into()
        }),
        "utcnow" => given.count(0, 1).and_then(|()| now(scope, given)),
        _ if name.starts_with("list") && name.len() > 4 => list(scope, given),
        _ => return None,
    })
}

/// `copyIndex()`, `copyIndex(1)`, `copyIndex('loop')`, `copyIndex('loop', 1)`.
fn copy_index(scope: &Scope<'_>, given: &Arguments<'_>) -> Result<Value> {
    given.count(0, 2)?;
    let named = given.values.first().and_then(Value::as_str);
    let offset = given.values.iter().find_map(Value::as_i64).unwrap_or(0);
    let turn = match named {
        Some(name) => scope
            .loops
            .iter()
            .rev()
            .find(|turn| json::same(&turn.name, name)),
        None => scope.loops.last(),
    };
    turn.map(|turn| (turn.index + offset).into()).ok_or_else(|| {
        TemplateError::new("The template function 'copyIndex' is not expected at this location. The function can only be used in a resource with copy specified. Please see https://aka.ms/arm-resource-loops for usage details.")
    })
}

fn subscription(scope: &Scope<'_>) -> Value {
    let place = &scope.inputs.place;
    json!({
        "id": format!("/subscriptions/{}", place.subscription), "subscriptionId": place.subscription,
        "tenantId": place.tenant, "displayName": "Lazuli Emulator",
    })
}

fn tenant(scope: &Scope<'_>) -> Value {
    let tenant = &scope.inputs.place.tenant;
    json!({ "id": format!("/tenants/{tenant}"), "tenantId": tenant, "displayName": "Lazuli Emulator", "countryCode": "US" })
}

/// `{base}/providers/{type}/{name}…` of a type and its names.
fn tail(given: &Arguments<'_>, base: &str, parts: &[String]) -> Result<Value> {
    let Some((kind, names)) = parts.split_first() else {
        return Err(given.wrong("a resource type is missing"));
    };
    id_of(base, kind, names).map(Value::from).ok_or_else(|| {
        given.wrong(format!(
            "the type '{kind}' requires {} resource name argument(s), {} were given",
            kind.matches('/').count(),
            names.len()
        ))
    })
}

/// The id of a resource by type and names; `None` when their numbers differ.
pub(crate) fn id_of(base: &str, kind: &str, names: &[String]) -> Option<String> {
    let mut types = kind.split('/');
    let namespace = types
        .next()
        .filter(|_| kind.matches('/').count() == names.len() && !names.is_empty())?;
    if kind.eq_ignore_ascii_case("Microsoft.Resources/resourceGroups") {
        return Some(format!("{base}/resourceGroups/{}", names[0]));
    }
    let pairs = types
        .zip(names)
        .map(|(kind, name)| format!("/{kind}/{name}"));
    Some(format!(
        "{base}/providers/{namespace}{}",
        pairs.collect::<String>()
    ))
}

/// `resourceId([subscription], [group], type, name…)`.
fn resource_id(scope: &Scope<'_>, given: &Arguments<'_>) -> Result<Value> {
    let parts = given.texts()?;
    let at = parts
        .iter()
        .position(|part| part.contains('/'))
        .ok_or_else(|| given.wrong("no argument is a resource type"))?;
    let place = &scope.inputs.place;
    let base = match &parts[..at] {
        [] => place.id(),
        [group] if place.group.is_null() && Uuid::try_parse(group).is_ok() => {
            format!("/subscriptions/{group}")
        }
        [group] => format!(
            "/subscriptions/{}/resourceGroups/{group}",
            place.subscription
        ),
        [subscription, group] => format!("/subscriptions/{subscription}/resourceGroups/{group}"),
        _ => return Err(given.wrong("too many arguments stand before the resource type")),
    };
    tail(given, &base, &parts[at..])
}

fn subscription_resource_id(scope: &Scope<'_>, given: &Arguments<'_>) -> Result<Value> {
    let parts = given.texts()?;
    let at = parts
        .iter()
        .position(|part| part.contains('/'))
        .ok_or_else(|| given.wrong("no argument is a resource type"))?;
    let subscription = match &parts[..at] {
        [] => scope.inputs.place.subscription.clone(),
        [subscription] => subscription.clone(),
        _ => return Err(given.wrong("too many arguments stand before the resource type")),
    };
    tail(
        given,
        &format!("/subscriptions/{subscription}"),
        &parts[at..],
    )
}

fn early(given: &Arguments<'_>) -> TemplateError {
    TemplateError {
        too_early: true,
        ..TemplateError::new(format!(
            "The template function '{}' is not expected at this location. Please see https://aka.ms/arm-functions for usage details.",
            given.function
        ))
    }
}

fn reference(scope: &Scope<'_>, given: &Arguments<'_>) -> Result<Value> {
    given.count(1, 3)?;
    let runtime = scope.runtime.ok_or_else(|| early(given))?;
    let version = given.values.get(1).and_then(Value::as_str);
    let full = given
        .values
        .get(2)
        .and_then(Value::as_str)
        .is_some_and(|word| json::same(word, "Full"));
    runtime.reference(given.text(0)?, version, full)
}

fn list(scope: &Scope<'_>, given: &Arguments<'_>) -> Result<Value> {
    given.count(2, 3)?;
    let runtime = scope.runtime.ok_or_else(|| early(given))?;
    let body = given.values.get(2).cloned().unwrap_or_default();
    runtime.list(given.function, given.text(0)?, given.text(1)?, body)
}

/// `utcNow()` in the default form, or in the few patterns that templates use.
fn now(scope: &Scope<'_>, given: &Arguments<'_>) -> Result<Value> {
    let pattern = match given.values.first() {
        None => "%Y%m%dT%H%M%SZ",
        Some(_) => match given.text(0)? {
            "yyyyMMddTHHmmssZ" => "%Y%m%dT%H%M%SZ",
            "yyyyMMddHHmmss" => "%Y%m%d%H%M%S",
            "yyyyMMdd" => "%Y%m%d",
            "yyyy-MM-dd" | "d" => "%Y-%m-%d",
            "u" => "%Y-%m-%d %H:%M:%SZ",
            other => return Err(given.wrong(format!("the format '{other}' is not modelled"))),
        },
    };
    Ok(scope
        .inputs
        .place
        .origin
        .now()
        .strftime(pattern)
        .to_string()
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::template::{DeploymentScope, Inputs};

    fn inputs(group: Value) -> Inputs {
        let place = DeploymentScope {
            tenant: "t".into(),
            subscription: "s".into(),
            group,
            ..DeploymentScope::default()
        };
        Inputs::new(
            place,
            std::collections::BTreeMap::new(),
            &json!({ "a": "[variables('b')]", "b": "[toUpper('x')]", "c": "[variables('c')]",
            "copy": [{ "name": "l", "count": 2, "input": "[concat('i', copyIndex('l', 1))]" }] }),
        )
    }

    #[test]
    fn ids_and_variables() {
        let inputs =
            inputs(json!({ "id": "/subscriptions/s/resourceGroups/g", "location": "westus" }));
        let check = |text: &str, expect: Value| {
            let found = inputs.scope().evaluate(&Value::from(format!("[{text}]")));
            assert_eq!(found.map_err(|error| error.message), Ok(expect), "{text}");
        };
        let group = "/subscriptions/s/resourceGroups/g/providers";
        check(
            "resourceId('Microsoft.Web/sites', 'a')",
            json!(format!("{group}/Microsoft.Web/sites/a")),
        );
        check(
            "resourceId('Microsoft.Web/sites/slots', 'a', 'b')",
            json!(format!("{group}/Microsoft.Web/sites/a/slots/b")),
        );
        check(
            "resourceId('h', 'Microsoft.Web/sites', 'a')",
            json!("/subscriptions/s/resourceGroups/h/providers/Microsoft.Web/sites/a"),
        );
        check(
            "resourceId('u', 'h', 'Microsoft.Web/sites', 'a')",
            json!("/subscriptions/u/resourceGroups/h/providers/Microsoft.Web/sites/a"),
        );
        check(
            "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')",
            json!("/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r"),
        );
        check(
            "extensionResourceId(resourceGroup().id, 'Microsoft.Authorization/locks', 'l')",
            json!(format!("{group}/Microsoft.Authorization/locks/l")),
        );
        check("variables('A')", json!("X"));
        check("variables('l')", json!(["i1", "i2"]));
        check("resourceGroup().location", json!("westus"));
        assert!(
            inputs.scope().variable("c").is_err(),
            "a variable must not define itself"
        );
        let too_few = inputs
            .scope()
            .evaluate(&json!("[resourceId('Microsoft.Web/sites/slots', 'a')]"));
        assert!(too_few.is_err());
        assert!(inputs.scope().evaluate(&json!("[copyIndex()]")).is_err());
    }

    #[test]
    fn property_loops_unroll() {
        let inputs = inputs(Value::Null);
        let value = json!({ "x": { "copy": [{ "name": "list", "count": 2, "input": { "n": "[copyIndex('list')]" } }] } });
        assert_eq!(
            inputs.scope().evaluate(&value),
            Ok(json!({ "x": { "list": [{ "n": 0 }, { "n": 1 }] } }))
        );
        assert!(
            inputs
                .scope()
                .evaluate(&json!("[resourceGroup().id]"))
                .is_err()
        );
    }
}
