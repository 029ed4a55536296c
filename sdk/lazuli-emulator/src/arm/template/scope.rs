//! Where expressions are evaluated: parameters, variables, loops, and what only a running deployment knows.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::expression::{self, Expression};
use super::{Result, TemplateError, functions};
use crate::arm::json;
use crate::origin::Origin;

/// What only a running deployment can answer.
pub(crate) trait Runtime {
    /// The state of a resource, by id or by name in the template.
    ///
    /// # Errors
    /// The resource does not exist, or its provider refuses to show it.
    fn reference(&self, target: &str, api_version: Option<&str>, full: bool) -> Result<Value>;

    /// A `list…` function: a POST on a resource.
    ///
    /// # Errors
    /// What the provider said.
    fn list(&self, function: &str, target: &str, api_version: &str, body: Value) -> Result<Value>;
}

/// Where a deployment happens.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct DeploymentScope {
    pub(crate) tenant: String,
    pub(crate) subscription: String,
    /// The body of the resource group; null at subscription scope.
    pub(crate) group: Value,
    /// What `deployment()` answers.
    pub(crate) deployment: Value,
    /// What `environment()` answers.
    pub(crate) environment: Value,
    /// What `newGuid()` and `utcNow()` answer by; a deployment that runs asks neither any more.
    #[serde(skip)]
    pub(crate) origin: Arc<Origin>,
}

impl DeploymentScope {
    /// The id of the subscription or group.
    pub(crate) fn id(&self) -> String {
        match self.group["id"].as_str() {
            Some(id) => id.to_owned(),
            None => format!("/subscriptions/{}", self.subscription),
        }
    }
}

/// The fixed inputs of a deployment's expressions. Names are keyed in small letters.
#[derive(Default)]
pub(crate) struct Inputs {
    pub(crate) place: DeploymentScope,
    pub(crate) parameters: BTreeMap<String, Value>,
    variables: BTreeMap<String, Value>,
    variable_loops: BTreeMap<String, Value>,
    known: RefCell<BTreeMap<String, Value>>,
    open: RefCell<Vec<String>>,
}

impl Inputs {
    pub(crate) fn new(
        place: DeploymentScope,
        parameters: BTreeMap<String, Value>,
        variables: &Value,
    ) -> Inputs {
        let mut inputs = Inputs {
            place,
            parameters,
            ..Inputs::default()
        };
        for (name, value) in variables.as_object().into_iter().flatten() {
            if name == "copy" && value.is_array() {
                for one in json::items(value) {
                    let key = json::text(&one["name"]).to_lowercase();
                    inputs.variable_loops.insert(key, one.clone());
                }
            } else {
                inputs.variables.insert(name.to_lowercase(), value.clone());
            }
        }
        inputs
    }

    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope {
            inputs: self,
            loops: Vec::new(),
            runtime: None,
        }
    }
}

/// One turn of a copy loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) name: String,
    pub(crate) index: i64,
}

/// An evaluation: the inputs, the loops around the expression, and the running deployment, if it runs.
#[derive(Clone)]
pub(crate) struct Scope<'a> {
    pub(crate) inputs: &'a Inputs,
    pub(crate) loops: Vec<Turn>,
    pub(crate) runtime: Option<&'a dyn Runtime>,
}

impl<'a> Scope<'a> {
    pub(crate) fn running(&self, runtime: &'a dyn Runtime) -> Scope<'a> {
        Scope {
            runtime: Some(runtime),
            ..self.clone()
        }
    }

    pub(crate) fn turn(&self, name: &str, index: i64) -> Scope<'a> {
        let mut next = self.clone();
        next.loops.push(Turn {
            name: name.to_owned(),
            index,
        });
        next
    }

    /// A value with every expression in it evaluated, and its property loops unrolled.
    ///
    /// # Errors
    /// The first expression that cannot be evaluated.
    pub(crate) fn evaluate(&self, value: &Value) -> Result<Value> {
        match value {
            Value::String(text) => self.evaluate_text(text),
            Value::Array(items) => items.iter().map(|item| self.evaluate(item)).collect(),
            Value::Object(object) => self.evaluate_object(object),
            other => Ok(other.clone()),
        }
    }

    fn evaluate_text(&self, text: &str) -> Result<Value> {
        match expression::inner(text) {
            Some(inner) => self.expression(&expression::parse(inner)?),
            None => Ok(text
                .strip_prefix("[[")
                .map_or_else(|| text.to_owned(), |rest| format!("[{rest}"))
                .into()),
        }
    }

    fn evaluate_object(&self, object: &Map<String, Value>) -> Result<Value> {
        let mut made = Map::new();
        for (name, value) in object {
            if name == "copy" && is_loop_list(value) {
                for one in json::items(value) {
                    made.insert(json::text(&one["name"]).to_owned(), self.unroll(one)?);
                }
                continue;
            }
            let name = match self.evaluate_text(name)? {
                Value::String(name) => name,
                other => other.to_string(),
            };
            made.insert(name, self.evaluate(value)?);
        }
        Ok(Value::Object(made))
    }

    /// `{name, count, input}` of a property, variable or output loop.
    pub(crate) fn unroll(&self, one: &Value) -> Result<Value> {
        let name = json::text(&one["name"]);
        let count = self.count(&one["count"], name)?;
        (0..count)
            .map(|index| self.turn(name, index).evaluate(&one["input"]))
            .collect()
    }

    /// How often a loop turns.
    ///
    /// # Errors
    /// Not a number from 0 to 800, ARM's limit.
    pub(crate) fn count(&self, count: &Value, name: &str) -> Result<i64> {
        let value = self.evaluate(count)?;
        value.as_i64().filter(|count| (0..=800).contains(count)).ok_or_else(|| {
            TemplateError::new(format!(
                "The 'copy' loop '{name}' has the count '{value}': it must be an integer from 0 to 800. Please see https://aka.ms/arm-resource-loops for usage details."
            ))
        })
    }

    pub(crate) fn expression(&self, expression: &Expression) -> Result<Value> {
        match expression {
            Expression::Literal(value) => Ok(value.clone()),
            Expression::Call(name, arguments) => functions::call(self, name, arguments),
            Expression::Property(object, name) => {
                let value = self.expression(object)?;
                property(&value, name)
            }
            Expression::Index(object, index) => {
                let (value, index) = (self.expression(object)?, self.expression(index)?);
                at(&value, &index)
            }
        }
    }

    pub(crate) fn parameter(&self, name: &str) -> Result<Value> {
        let found = self.inputs.parameters.get(&name.to_lowercase());
        found.cloned().ok_or_else(|| {
            TemplateError::new(format!(
                "The template parameter '{name}' is not found. Please see https://aka.ms/arm-syntax-parameters for usage details."
            ))
        })
    }

    /// A variable; evaluated once, when it is first asked for.
    pub(crate) fn variable(&self, name: &str) -> Result<Value> {
        let key = name.to_lowercase();
        if let Some(known) = self.inputs.known.borrow().get(&key) {
            return Ok(known.clone());
        }
        if self.inputs.open.borrow().contains(&key) {
            return Err(TemplateError::new(format!(
                "The template variable '{name}' is defined by itself. Please see https://aka.ms/arm-syntax-variables for usage details."
            )));
        }
        self.inputs.open.borrow_mut().push(key.clone());
        let value = self.evaluate_variable(&key, name);
        self.inputs.open.borrow_mut().pop();
        let value = value?;
        self.inputs.known.borrow_mut().insert(key, value.clone());
        Ok(value)
    }

    fn evaluate_variable(&self, key: &str, name: &str) -> Result<Value> {
        let outside = self.inputs.scope();
        if let Some(value) = self.inputs.variables.get(key) {
            return outside.evaluate(value);
        }
        if let Some(one) = self.inputs.variable_loops.get(key) {
            return outside.unroll(one);
        }
        Err(TemplateError::new(format!(
            "The template variable '{name}' is not found. Please see https://aka.ms/arm-syntax-variables for usage details."
        )))
    }

    /// All variables, for templates nested in this one's scope.
    pub(crate) fn variables(&self) -> Result<Value> {
        let names = self
            .inputs
            .variables
            .keys()
            .chain(self.inputs.variable_loops.keys());
        let mut all = json!({});
        for name in names {
            json::set(&mut all, name, self.variable(name)?);
        }
        Ok(all)
    }
}

fn is_loop_list(value: &Value) -> bool {
    let mut items = json::items(value).peekable();
    items.peek().is_some() && items.all(|one| one["name"].is_string() && one.get("input").is_some())
}

/// A property, whatever its letter case.
pub(crate) fn property(value: &Value, name: &str) -> Result<Value> {
    let found = value.as_object().and_then(|object| {
        let exact = object.get(name);
        exact.or_else(|| {
            object
                .iter()
                .find(|(key, _)| json::same(key, name))
                .map(|(_, value)| value)
        })
    });
    found.cloned().ok_or_else(|| {
        let known: Vec<&str> = value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        TemplateError::new(format!(
            "The language expression property '{name}' doesn't exist, available properties are '{}'. Please see https://aka.ms/arm-template-expressions for usage details.",
            known.join(", ")
        ))
    })
}

fn at(value: &Value, index: &Value) -> Result<Value> {
    if let Some(name) = index.as_str() {
        return property(value, name);
    }
    let found = index
        .as_u64()
        .and_then(|at| value.get(usize::try_from(at).ok()?));
    found.cloned().ok_or_else(|| {
        TemplateError::new(format!(
            "The language expression property array index '{index}' is out of bounds. Please see https://aka.ms/arm-template-expressions for usage details."
        ))
    })
}
