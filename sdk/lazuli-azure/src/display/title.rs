//! Names of single resources that say more than their type's. Records name the functions.

use lazuli_core::{DeclaredNode, Value};

use crate::resources::NamedRole;

/// `role AcrPull`, where the role is one that has a name here.
pub(crate) fn role(declared: &DeclaredNode) -> Option<String> {
    let definition = text(declared, "properties.roleDefinitionId")?;
    let role = NamedRole::of_definition(definition)?;
    Some(format!("role {}", role.name))
}

/// A web app whose kind says that it runs functions.
pub(crate) fn function_app(declared: &DeclaredNode) -> Option<String> {
    let is_function = text(declared, "kind")?.contains("functionapp");
    is_function.then(|| "function app".to_owned())
}

fn text<'a>(declared: &'a DeclaredNode, path: &str) -> Option<&'a str> {
    match declared.desired.inputs.at(path)? {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    }
}
