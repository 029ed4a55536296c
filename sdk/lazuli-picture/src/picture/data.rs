//! The picture as one JSON document: for the page, and for other programs.

use lazuli_core::Severity;
use serde_json::{Value as Json, json};

use super::model::{Fate, Picture};

/// Everything that is known of the picture.
pub fn data(picture: &Picture) -> Json {
    let nodes = picture.nodes.iter().map(|node| {
        let findings = node.findings.iter();
        let findings = findings.map(|one| json!([one.code, one.severity.as_str(), one.message]));
        json!({
            "name": node.name,
            "kind": node.kind,
            "parent": node.parent,
            "fate": node.fate.as_str(),
            "ty": node.ty,
            "urn": node.urn,
            "id": node.id,
            "place": node.place,
            "tags": node.tags,
            "facts": node.facts,
            "inputs": node.inputs,
            "findings": findings.collect::<Vec<_>>(),
        })
    });
    let ways = picture.ways.iter().map(|drawn| {
        let stops = drawn.way.stops.iter().map(|stop| {
            json!({
                "question": stop.question,
                "state": stop.state.as_str(),
                "detail": stop.detail,
                "code": stop.code,
                "on": stop.on,
            })
        });
        json!({
            "from": drawn.way.from,
            "to": drawn.way.to,
            "goal": drawn.way.goal,
            "state": drawn.way.state.as_str(),
            "stops": stops.collect::<Vec<_>>(),
        })
    });
    let wrong = picture.nodes.iter().enumerate().flat_map(|(at, node)| {
        let bad = node
            .findings
            .iter()
            .filter(|one| one.severity > Severity::Note);
        bad.map(move |one| json!([at, one.code, one.severity.as_str(), one.message]))
    });
    json!({
        "schema": "lazuli.graph/1",
        "title": picture.title,
        "subtitle": picture.subtitle,
        "nodes": nodes.collect::<Vec<_>>(),
        "edges": picture.edges.iter().map(|edge| [edge.from, edge.to]).collect::<Vec<_>>(),
        "ways": ways.collect::<Vec<_>>(),
        "wrong": wrong.collect::<Vec<_>>(),
        "notes": picture.notes,
        "summary": summary(picture),
    })
}

/// How many of what.
fn summary(picture: &Picture) -> Vec<String> {
    let resources: Vec<_> = picture
        .nodes
        .iter()
        .filter(|node| !node.is_component)
        .collect();
    let count = |fate: Fate| resources.iter().filter(|node| node.fate == fate).count();
    let fates = [
        (Fate::Create, "to create"),
        (Fate::Update, "to update"),
        (Fate::Replace, "to replace"),
        (Fate::Delete, "to delete"),
        (Fate::Import, "to adopt"),
        (Fate::Same, "unchanged"),
        (Fate::Existing, "only looked at"),
    ];
    let fates = fates.iter().filter(|(fate, _)| count(*fate) > 0);
    let fates: Vec<String> = fates
        .map(|(fate, words)| format!("{} {words}", count(*fate)))
        .collect();
    let noun = if resources.len() == 1 {
        "resource"
    } else {
        "resources"
    };
    let mut lines = vec![format!("{} {noun}", resources.len())];
    if !fates.is_empty() {
        lines.push(fates.join(", "));
    }
    lines
}
