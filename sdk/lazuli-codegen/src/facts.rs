//! What a schema says of a type's properties: what is read-only, required, secret.

use std::collections::BTreeSet;

use crate::schema::{Schema, Shape};

/// Below this depth Azure's shapes repeat each other (a subnet holds interfaces
/// that hold subnets), and no builder reaches there.
const DEEPEST: usize = 4;

/// Dotted paths, sorted; `*` is any index or key of one level.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) read_only: BTreeSet<String>,
    pub(crate) write_only: BTreeSet<String>,
    pub(crate) required: BTreeSet<String>,
    pub(crate) secret: BTreeSet<String>,
}

impl Facts {
    /// The facts of a type.
    pub(crate) fn of(schema: &Schema) -> Self {
        let mut facts = Self::default();
        if let Some(request) = schema.request() {
            collect(schema, request, "", &mut vec![&schema.body], &mut facts);
        }
        facts
    }
}

fn collect<'a>(
    schema: &'a Schema,
    shape: &'a Shape,
    prefix: &str,
    seen: &mut Vec<&'a str>,
    facts: &mut Facts,
) {
    if prefix.matches('.').count() >= DEEPEST {
        return;
    }
    for (name, property) in &shape.props {
        let path = match prefix {
            "" => name.clone(),
            prefix => format!("{prefix}.{name}"),
        };
        // The path of a resource is not a part of its body.
        if prefix.is_empty() && property.constant {
            facts.read_only.insert(path);
            continue;
        }
        if property.read_only {
            facts.read_only.insert(path);
            continue;
        }
        if property.required {
            facts.required.insert(path.clone());
        }
        if property.write_only {
            facts.write_only.insert(path.clone());
        }
        if property.secret {
            facts.secret.insert(path.clone());
        }
        descend(schema, property, &path, seen, facts);
    }
    if let Some(extra) = &shape.extra {
        descend(schema, extra, &format!("{prefix}.*"), seen, facts);
    }
}

/// Into objects and elements, once for each shape on the way.
fn descend<'a>(
    schema: &'a Schema,
    property: &'a Shape,
    path: &str,
    seen: &mut Vec<&'a str>,
    facts: &mut Facts,
) {
    let named = property.reference.as_deref();
    if named.is_some_and(|name| seen.contains(&name)) {
        return;
    }
    seen.extend(named);
    let shape = schema.resolve(property);
    match &shape.items {
        Some(items) => descend(schema, items, &format!("{path}.*"), seen, facts),
        None => collect(schema, shape, path, seen, facts),
    }
    if named.is_some() {
        seen.pop();
    }
}
