//! From a template's `resources` to single resources with ids, in an order that their dependencies allow.
//!
//! Names, types, conditions and loop counts are evaluated here; the rest of a resource is evaluated when
//! its turn comes, because it may refer to resources that were made before.

use serde_json::{Map, Value};

use super::expression::{self, Expression};
use super::scope::Turn;
use super::{Result, Scope, TemplateError, places};
use crate::arm::json;

/// Words of a template resource that are not part of the request for it.
const CONTROL: &[&str] = &[
    "type",
    "name",
    "apiVersion",
    "dependsOn",
    "condition",
    "copy",
    "comments",
    "scope",
    "resources",
    "existing",
    "metadata",
    "resourceGroup",
    "subscriptionId",
    "asserts",
];
const DEPLOYMENTS: &str = "Microsoft.Resources/deployments";
const MAX_RESOURCES: usize = 800;

/// One resource of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) api_version: String,
    /// `None` also when it is known only while the deployment runs.
    pub(crate) location: Option<String>,
    /// Declared to be referred to, not to be made.
    pub(crate) existing: bool,
    /// Indices of the resources that come before.
    pub(crate) depends: Vec<usize>,
    symbol: Option<String>,
    loop_name: Option<String>,
    raw: Value,
    loops: Vec<Turn>,
}

impl Planned {
    /// The scope of its expressions: the deployment's, inside the loops around the resource.
    fn scope<'a>(&self, scope: &Scope<'a>) -> Scope<'a> {
        let mut own = scope.clone();
        own.loops.clone_from(&self.loops);
        own
    }

    /// The body of the PUT.
    ///
    /// # Errors
    /// An expression that cannot be evaluated.
    pub(crate) fn body(&self, scope: &Scope<'_>) -> Result<Value> {
        let own = self.scope(scope);
        let all = self.raw.as_object().into_iter().flatten();
        let kept: Map<String, Value> = all
            .filter(|(name, _)| !CONTROL.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        own.evaluate(&Value::Object(kept))
    }

    pub(crate) fn is_deployment(&self) -> bool {
        json::same(&self.kind, DEPLOYMENTS)
    }

    /// One property of a nested deployment, evaluated or as it is written.
    ///
    /// # Errors
    /// As [`Planned::body`].
    pub(crate) fn property(&self, scope: &Scope<'_>, name: &str) -> Result<Value> {
        self.scope(scope).evaluate(&self.raw["properties"][name])
    }

    pub(crate) fn raw_property(&self, name: &str) -> &Value {
        &self.raw["properties"][name]
    }

    fn answers_to(&self, target: &str) -> bool {
        let same = |text: &str| json::same(text, target);
        let typed = || same(&format!("{}/{}", self.kind, self.name));
        let tail = || {
            let id = self.id.to_ascii_lowercase();
            id.ends_with(&format!("/providers/{}", target.to_ascii_lowercase()))
        };
        [&self.symbol, &self.loop_name]
            .into_iter()
            .flatten()
            .any(|name| same(name))
            || same(&self.id)
            || (self.symbol.is_none() && same(&self.name))
            || typed()
            || (target.contains('/') && tail())
    }
}

/// The resources of a deployment and their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) resources: Vec<Planned>,
    pub(crate) order: Vec<usize>,
    /// Names of what a false condition or an empty loop leaves out.
    left_out: Vec<String>,
}

impl Plan {
    /// Plans `template`, whose resources lie at `base` (a subscription or group id).
    ///
    /// # Errors
    /// The first mistake in the template.
    pub(crate) fn new(template: &Value, scope: &Scope<'_>, base: &str) -> Result<Plan> {
        let mut plan = Plan::default();
        let context = Context {
            scope,
            base,
            parent: None,
        };
        plan.collect(&context, &template["resources"])?;
        plan.check_once()?;
        plan.link(scope)?;
        plan.sort()?;
        Ok(plan)
    }

    /// The resource that a name, symbol or id stands for.
    pub(crate) fn find(&self, target: &str) -> Option<&Planned> {
        self.resources.iter().find(|one| one.answers_to(target))
    }

    fn collect(&mut self, context: &Context<'_, '_>, resources: &Value) -> Result<()> {
        match resources {
            Value::Array(all) => all
                .iter()
                .try_for_each(|raw| self.expand(context, None, raw)),
            Value::Object(all) => all
                .iter()
                .try_for_each(|(symbol, raw)| self.expand(context, Some(symbol), raw)),
            Value::Null => Ok(()),
            _ => Err(TemplateError::new(
                "The template's 'resources' must be an array or an object.",
            )),
        }
    }

    /// One entry of `resources`: once, or once for each turn of its loop.
    fn expand(
        &mut self,
        context: &Context<'_, '_>,
        symbol: Option<&str>,
        raw: &Value,
    ) -> Result<()> {
        let copy = &raw["copy"];
        if !copy.is_object() {
            return self.add(context, symbol, raw, context.scope, None);
        }
        let name = symbol.unwrap_or_else(|| json::text(&copy["name"]));
        self.left_out.push(name.to_owned());
        for index in 0..context.scope.count(&copy["count"], name)? {
            self.add(
                context,
                symbol,
                raw,
                &context.scope.turn(name, index),
                Some(name),
            )?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        context: &Context<'_, '_>,
        symbol: Option<&str>,
        raw: &Value,
        scope: &Scope<'_>,
        looped: Option<&str>,
    ) -> Result<()> {
        if self.resources.len() >= MAX_RESOURCES {
            return Err(TemplateError::new(format!(
                "The template has more than {MAX_RESOURCES} resources."
            )));
        }
        let inner = Context { scope, ..*context };
        let (kind, name) = inner.naming(raw)?;
        let wanted = match scope.evaluate(&raw["condition"])? {
            Value::Null => true,
            Value::Bool(wanted) => wanted,
            other => {
                return Err(TemplateError::new(format!(
                    "The condition of the resource '{name}' is '{other}', which is neither true nor false."
                )));
            }
        };
        if wanted {
            let version = scope.evaluate(&raw["apiVersion"])?;
            let Some(api_version) = version.as_str() else {
                return Err(TemplateError::new(format!(
                    "The template resource '{name}' of type '{kind}' must have an 'apiVersion'. Please see https://aka.ms/arm-syntax-resources for usage details."
                )));
            };
            self.resources.push(Planned {
                id: inner.id(raw, &kind, &name)?,
                api_version: api_version.to_owned(),
                location: scope
                    .evaluate(&raw["location"])
                    .ok()
                    .and_then(|value| value.as_str().map(str::to_owned)),
                existing: raw["existing"] == true,
                depends: Vec::new(),
                symbol: symbol.map(str::to_owned),
                loop_name: looped.map(str::to_owned),
                raw: raw.clone(),
                loops: scope.loops.clone(),
                kind: kind.clone(),
                name: name.clone(),
            });
        }
        if !wanted {
            self.left_out.push(name.clone());
            self.left_out.extend(symbol.map(str::to_owned));
        }
        let children = Context {
            parent: Some((&kind, &name)),
            ..inner
        };
        self.collect(&children, &raw["resources"])
    }

    fn check_once(&self) -> Result<()> {
        for (at, one) in self.resources.iter().enumerate() {
            let twice = self.resources[..at]
                .iter()
                .any(|other| !other.existing && !one.existing && json::same(&other.id, &one.id));
            if twice {
                return Err(TemplateError::new(format!(
                    "The resource '{}' at line '1' and column '1' is defined multiple times in a template. Please see https://aka.ms/arm-syntax-resources for usage details.",
                    one.id
                )));
            }
        }
        Ok(())
    }

    /// Finds what each resource waits for: `dependsOn`, and resources its expressions refer to.
    fn link(&mut self, scope: &Scope<'_>) -> Result<()> {
        let mut links = Vec::with_capacity(self.resources.len());
        for (at, one) in self.resources.iter().enumerate() {
            let own = one.scope(scope);
            let mut found = Vec::new();
            for item in json::items(&one.raw["dependsOn"]) {
                let value = own.evaluate(item)?;
                found.extend(self.named(json::text(&value))?);
            }
            for target in referred(&own, &one.raw) {
                found.extend(self.matching(&target));
            }
            found.retain(|other| *other != at);
            found.sort_unstable();
            found.dedup();
            links.push(found);
        }
        for (one, depends) in self.resources.iter_mut().zip(links) {
            one.depends = depends;
        }
        Ok(())
    }

    fn matching(&self, target: &str) -> Vec<usize> {
        let all = self.resources.iter().enumerate();
        all.filter(|(_, one)| one.answers_to(target))
            .map(|(at, _)| at)
            .collect()
    }

    /// What `dependsOn` names must be in the template, unless its condition is false or its loop empty.
    fn named(&self, target: &str) -> Result<Vec<usize>> {
        let found = self.matching(target);
        let left_out = || self.left_out.iter().any(|name| json::same(name, target));
        if !found.is_empty() || target.contains('/') || left_out() {
            return Ok(found);
        }
        Err(TemplateError::new(format!(
            "The resource '{target}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details."
        )))
    }

    /// In the order of the template, as far as dependencies allow.
    fn sort(&mut self) -> Result<()> {
        let mut done = vec![false; self.resources.len()];
        while self.order.len() < self.resources.len() {
            let ready = |at: &usize| {
                !done[*at] && self.resources[*at].depends.iter().all(|other| done[*other])
            };
            let Some(next) = (0..self.resources.len()).find(ready) else {
                let stuck: Vec<&str> = self
                    .resources
                    .iter()
                    .zip(&done)
                    .filter(|(_, done)| !**done)
                    .map(|(one, _)| one.id.as_str())
                    .collect();
                return Err(TemplateError::new(format!(
                    "Circular dependency detected on resource: '{}'. Please see https://aka.ms/arm-syntax-resources for usage details.",
                    stuck.join("', '")
                )));
            };
            done[next] = true;
            self.order.push(next);
        }
        Ok(())
    }
}

/// Where an entry of `resources` stands.
struct Context<'a, 's> {
    scope: &'a Scope<'s>,
    base: &'a str,
    /// Type and name of the resource around it.
    parent: Option<(&'a str, &'a str)>,
}

impl Context<'_, '_> {
    fn naming(&self, raw: &Value) -> Result<(String, String)> {
        let (kind, name) = (
            self.scope.evaluate(&raw["type"])?,
            self.scope.evaluate(&raw["name"])?,
        );
        let (Some(kind), Some(name)) = (kind.as_str(), name.as_str()) else {
            return Err(TemplateError::new(
                "A template resource must have a 'type' and a 'name' that are strings. Please see https://aka.ms/arm-syntax-resources for usage details.",
            ));
        };
        Ok(match self.parent {
            // Children may repeat the whole type, with the whole name.
            Some((outer, above)) if !kind.contains('.') => {
                (format!("{outer}/{kind}"), format!("{above}/{name}"))
            }
            _ => (kind.to_owned(), name.to_owned()),
        })
    }

    fn id(&self, raw: &Value, kind: &str, name: &str) -> Result<String> {
        let names: Vec<String> = name.split('/').map(str::to_owned).collect();
        let base = self.base_of(raw)?;
        places::id_of(&base, kind, &names).ok_or_else(|| {
            TemplateError::new(format!(
                "The template resource '{name}' for type '{kind}' at line '1' and column '1' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name. Please see https://aka.ms/arm-syntax-resources for usage details."
            ))
        })
    }

    /// The scope of the resource: its own `scope`, another group for deployments, or the deployment's.
    fn base_of(&self, raw: &Value) -> Result<String> {
        let text = |name: &str| {
            self.scope
                .evaluate(&raw[name])
                .map(|value| value.as_str().map(str::to_owned))
        };
        if let Some(scope) = text("scope")? {
            return Ok(if scope.starts_with('/') {
                scope.trim_end_matches('/').to_owned()
            } else {
                relative(self.base, &scope)
            });
        }
        let subscription =
            text("subscriptionId")?.unwrap_or_else(|| self.scope.inputs.place.subscription.clone());
        if let Some(group) = text("resourceGroup")? {
            return Ok(format!(
                "/subscriptions/{subscription}/resourceGroups/{group}"
            ));
        }
        if raw["subscriptionId"].is_string() {
            return Ok(format!("/subscriptions/{subscription}"));
        }
        Ok(self.base.to_owned())
    }
}

/// `Microsoft.X/type/name` below a base.
fn relative(base: &str, scope: &str) -> String {
    let mut parts = scope.split('/');
    let namespace = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    format!("{base}/providers/{namespace}/{}", rest.join("/"))
}

/// The first arguments of all `reference` and `list…` calls, as far as they can be evaluated early.
fn referred(scope: &Scope<'_>, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(value, &mut |text| {
        if let Some(Ok(expression)) = expression::inner(text).map(expression::parse) {
            calls(&expression, &mut |argument| {
                if let Ok(Value::String(target)) = scope.expression(argument) {
                    found.push(target);
                }
            });
        }
    });
    found
}

fn walk(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        // A nested deployment's own references are its own business.
        Value::Object(object) => object
            .iter()
            .filter(|(name, _)| *name != "template")
            .for_each(|(name, item)| {
                visit(name);
                walk(item, visit);
            }),
        _ => {}
    }
}

fn calls(expression: &Expression, visit: &mut impl FnMut(&Expression)) {
    match expression {
        Expression::Literal(_) => {}
        Expression::Call(name, arguments) => {
            let name = name.to_lowercase();
            if let Some(first) = arguments
                .first()
                .filter(|_| name == "reference" || name.starts_with("list"))
            {
                visit(first);
            }
            arguments.iter().for_each(|one| calls(one, visit));
        }
        Expression::Property(inner, _) => calls(inner, visit),
        Expression::Index(inner, index) => {
            calls(inner, visit);
            calls(index, visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::arm::template::{DeploymentScope, Inputs};

    const GROUP: &str = "/subscriptions/s/resourceGroups/g";

    fn plan(resources: Value) -> Result<Plan> {
        let place = DeploymentScope {
            subscription: "s".into(),
            group: json!({ "id": GROUP }),
            ..DeploymentScope::default()
        };
        let inputs = Inputs::new(place, std::collections::BTreeMap::new(), &Value::Null);
        Plan::new(&json!({ "resources": resources }), &inputs.scope(), GROUP)
    }

    fn order(plan: &Plan) -> Vec<&str> {
        plan.order
            .iter()
            .map(|at| plan.resources[*at].name.as_str())
            .collect()
    }

    #[test]
    fn dependencies_loops_and_children_give_an_order() {
        let plan = plan(json!([
            { "type": "A.B/c", "apiVersion": "1", "name": "last", "dependsOn": ["loop", "[resourceId('A.B/c', 'mid')]"] },
            { "type": "A.B/c", "apiVersion": "1", "name": "[concat('l', copyIndex())]", "copy": { "name": "loop", "count": 2 } },
            { "type": "A.B/c", "apiVersion": "1", "name": "mid", "properties": { "x": "[reference('first').y]" } },
            { "type": "A.B/c", "apiVersion": "1", "name": "first", "resources": [{ "type": "d", "apiVersion": "1", "name": "kid", "dependsOn": ["first"] }] },
            { "type": "A.B/c", "apiVersion": "1", "name": "off", "condition": "[equals(1, 2)]" },
        ])).expect("a plan");
        assert_eq!(
            order(&plan),
            ["l0", "l1", "first", "mid", "last", "first/kid"]
        );
        let kid = plan.find("first/kid").expect("there");
        assert_eq!(kid.id, format!("{GROUP}/providers/A.B/c/first/d/kid"));
    }

    #[test]
    fn scopes_move_a_resource() {
        let plan = plan(json!({
            "lock": { "type": "Microsoft.Authorization/locks", "apiVersion": "1", "name": "l", "scope": "[resourceId('A.B/c', 'x')]" },
            "role": { "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "1", "name": "r", "scope": "A.B/c/x" },
            "nested": { "type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "n", "resourceGroup": "h", "dependsOn": ["lock"] },
        })).expect("a plan");
        let ids: Vec<&str> = plan.resources.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(
            ids,
            [
                &format!("{GROUP}/providers/A.B/c/x/providers/Microsoft.Authorization/locks/l"),
                &format!(
                    "{GROUP}/providers/A.B/c/x/providers/Microsoft.Authorization/roleAssignments/r"
                ),
                "/subscriptions/s/resourceGroups/h/providers/Microsoft.Resources/deployments/n",
            ]
        );
    }

    #[test]
    fn mistakes_are_named() {
        let check = |resources: Value, word: &str| {
            let error = plan(resources).expect_err(word);
            assert!(error.message.contains(word), "{}", error.message);
        };
        let one = |name: &str, depends: &str| json!({ "type": "A.B/c", "apiVersion": "1", "name": name, "dependsOn": [depends] });
        check(json!([one("a", "b"), one("b", "a")]), "Circular dependency");
        check(json!([one("a", "nobody")]), "'nobody' is not defined");
        check(
            json!([{ "type": "A.B/c/d", "apiVersion": "1", "name": "a" }]),
            "incorrect segment lengths",
        );
        check(json!([{ "type": "A.B/c", "name": "a" }]), "apiVersion");
        check(
            json!([{ "type": "A.B/c", "apiVersion": "1", "name": "a" }, { "type": "A.B/c", "apiVersion": "1", "name": "A" }]),
            "multiple times",
        );
        check(
            json!([{ "type": "A.B/c", "apiVersion": "1", "name": "a", "copy": { "name": "l", "count": -1 } }]),
            "copy",
        );
    }
}
