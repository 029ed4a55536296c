//! The functions of the template language: which there are, and who evaluates them.

use serde_json::Value;

use super::expression::Expression;
use super::{Result, Scope, TemplateError, collections, places, strings};

/// Functions that Azure has and this emulator does not model; the error says so.
const NOT_MODELLED: &[&str] = &[
    "map",
    "filter",
    "reduce",
    "sort",
    "lambda",
    "toobject",
    "groupby",
    "mapvalues",
    "datetimeadd",
    "datetimefromepoch",
    "datetimetoepoch",
    "pickzones",
    "providers",
    "parsecidr",
    "cidrsubnet",
    "cidrhost",
    "buildbicepjson",
    "datauri",
    "datauritostring",
    "managementgroup",
    "managementgroupresourceid",
    "externalinput",
    "deployer",
];

/// Evaluates a call.
///
/// # Errors
/// An unknown function, wrong arguments, or whatever the function finds.
pub(crate) fn call(scope: &Scope<'_>, name: &str, arguments: &[Expression]) -> Result<Value> {
    let lower = name.to_lowercase();
    if lower == "if" {
        return choose(scope, arguments);
    }
    let values: Result<Vec<Value>> = arguments.iter().map(|one| scope.expression(one)).collect();
    let given = Arguments {
        function: name,
        values: values?,
    };
    let found = places::call(scope, &lower, &given)
        .or_else(|| strings::call(&lower, &given))
        .or_else(|| collections::call(&lower, &given));
    found.unwrap_or_else(|| Err(unknown(name, &lower)))
}

/// Only the branch that is taken is evaluated.
fn choose(scope: &Scope<'_>, arguments: &[Expression]) -> Result<Value> {
    let [condition, yes, no] = arguments else {
        return Err(TemplateError::new(format!(
            "The template language function 'if' expects exactly 3 arguments, {} were given. Please see https://aka.ms/arm-function-if for usage details.",
            arguments.len()
        )));
    };
    match scope.expression(condition)? {
        Value::Bool(true) => scope.expression(yes),
        Value::Bool(false) => scope.expression(no),
        other => Err(TemplateError::new(format!(
            "The template language function 'if' expects its first parameter to be of type 'Boolean'. The provided value is '{other}'. Please see https://aka.ms/arm-function-if for usage details."
        ))),
    }
}

fn unknown(name: &str, lower: &str) -> TemplateError {
    if NOT_MODELLED.contains(&lower) {
        return TemplateError::new(format!(
            "The template function '{name}' is not modelled by this emulator. Use another expression, or the real Azure."
        ));
    }
    TemplateError::new(format!(
        "The template function '{name}' is not valid. Please see https://aka.ms/arm-functions for usage details."
    ))
}

/// The evaluated arguments of a call.
pub(crate) struct Arguments<'a> {
    pub(crate) function: &'a str,
    pub(crate) values: Vec<Value>,
}

impl Arguments<'_> {
    pub(crate) fn wrong(&self, why: impl AsRef<str>) -> TemplateError {
        TemplateError::new(format!(
            "Unable to evaluate the template language function '{}': {}. Please see https://aka.ms/arm-functions for usage details.",
            self.function,
            why.as_ref()
        ))
    }

    /// # Errors
    /// Another number of arguments.
    pub(crate) fn count(&self, least: usize, most: usize) -> Result<()> {
        let given = self.values.len();
        if (least..=most).contains(&given) {
            return Ok(());
        }
        let wanted = match (least, most) {
            (least, usize::MAX) => format!("at least {least}"),
            (least, most) if least == most => format!("exactly {least}"),
            (least, most) => format!("{least} to {most}"),
        };
        Err(self.wrong(format!("it takes {wanted} arguments, {given} were given")))
    }

    pub(crate) fn text(&self, at: usize) -> Result<&str> {
        self.value(at)?
            .as_str()
            .ok_or_else(|| self.wrong(format!("argument {} must be a string", at + 1)))
    }

    pub(crate) fn number(&self, at: usize) -> Result<i64> {
        self.value(at)?
            .as_i64()
            .ok_or_else(|| self.wrong(format!("argument {} must be an integer", at + 1)))
    }

    pub(crate) fn flag(&self, at: usize) -> Result<bool> {
        self.value(at)?
            .as_bool()
            .ok_or_else(|| self.wrong(format!("argument {} must be a boolean", at + 1)))
    }

    pub(crate) fn list(&self, at: usize) -> Result<&Vec<Value>> {
        self.value(at)?
            .as_array()
            .ok_or_else(|| self.wrong(format!("argument {} must be an array", at + 1)))
    }

    pub(crate) fn value(&self, at: usize) -> Result<&Value> {
        self.values
            .get(at)
            .ok_or_else(|| self.wrong(format!("argument {} is missing", at + 1)))
    }

    /// All arguments as strings.
    pub(crate) fn texts(&self) -> Result<Vec<String>> {
        (0..self.values.len())
            .map(|at| self.text(at).map(str::to_owned))
            .collect()
    }
}
