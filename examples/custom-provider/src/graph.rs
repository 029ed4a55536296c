//! The graph: which things there are, and what each depends on.

use std::collections::HashMap;

use lazuli::prelude::*;
use serde::Deserialize;

use crate::thing::Thing;

/// One line of the graph.
#[derive(Deserialize)]
pub(crate) struct Node {
    id: String,
    #[serde(default)]
    deps: Vec<String>,
    #[serde(default)]
    lat_ms: f64,
    #[serde(default)]
    v: serde_json::Value,
}

/// Reads a graph.
pub(crate) fn read(file: &str) -> Result<Vec<Node>> {
    let text = std::fs::read(file).map_err(|error| {
        Error::with_help(
            format!("{file} cannot be read: {error}"),
            "run it in the folder that holds it",
        )
    })?;
    serde_json::from_slice(&text).map_err(|error| {
        Error::with_help(
            format!("{file} is not a graph: {error}"),
            "write a list of {\"id\": \"a\", \"deps\": [], \"lat_ms\": 0, \"v\": 1}",
        )
    })
}

/// Declares a thing for each node; the ids of those it depends on are its inputs.
pub(crate) fn declare(stack: &Stack, nodes: &[Node]) -> Result<()> {
    let mut ids: HashMap<&str, Output<String>> = HashMap::with_capacity(nodes.len());
    for node in nodes {
        let deps = node.deps.iter().map(|dep| {
            ids.get(dep.as_str()).cloned().ok_or_else(|| {
                let message = format!(
                    "{:?} depends on {dep:?}, which stands nowhere before it",
                    node.id
                );
                Error::with_help(message, "put dependencies first")
            })
        });
        let thing = Thing::builder(stack, &node.id)
            .deps(deps.collect::<Result<Vec<_>>>()?)
            .lat_ms(node.lat_ms)
            .v(node.v.clone())
            .build();
        ids.insert(&node.id, thing.id());
    }
    Ok(())
}
