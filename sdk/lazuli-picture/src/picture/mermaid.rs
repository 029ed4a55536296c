//! The picture as a Mermaid flowchart: boxes are subgraphs, ways are thick lines.

use std::fmt::Write as _;

use lazuli_core::{Severity, Status};

use super::model::{Node, Picture};

/// Colours that can be read on light and on dark ground.
const CLASSES: &str = "  classDef wrong stroke:#d3222f,stroke-width:3px\n  classDef warned stroke:#b86a00,stroke-width:3px\n  classDef component stroke-dasharray:5 4\n";

pub(super) fn write(picture: &Picture) -> String {
    let mut out = format!(
        "%% {}: {}\nflowchart LR\n",
        plain(&picture.title),
        plain(&picture.subtitle)
    );
    inside(&mut out, picture, None, 1);
    let mut broken = Vec::new();
    let mut lines = 0;
    for (at, part) in picture.ways.iter().flat_map(|way| &way.parts).enumerate() {
        let arrow = match (part.state, &part.code) {
            (Status::Broken | Status::Doubtful, Some(code)) => {
                format!("-. \"{}\" .->", escape(code))
            }
            (Status::Broken | Status::Doubtful, None) => "-.->".to_owned(),
            _ => "==>".to_owned(),
        };
        if part.state.is_bad() {
            broken.push(at.to_string());
        }
        let _ = writeln!(out, "  n{} {arrow} n{}", part.from, part.to);
        lines += 1;
    }
    debug_assert_eq!(
        lines,
        picture
            .ways
            .iter()
            .map(|way| way.parts.len())
            .sum::<usize>()
    );
    for edge in &picture.edges {
        let _ = writeln!(out, "  n{} --> n{}", edge.from, edge.to);
    }
    out.push_str(CLASSES);
    for (class, is) in [
        ("wrong", is_wrong as fn(&Node) -> bool),
        ("warned", is_warned),
        ("component", |node| node.is_component),
    ] {
        let nodes = picture
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| is(node));
        let nodes: Vec<String> = nodes.map(|(at, _)| format!("n{at}")).collect();
        if !nodes.is_empty() {
            let _ = writeln!(out, "  class {} {class}", nodes.join(","));
        }
    }
    if !broken.is_empty() {
        let _ = writeln!(
            out,
            "  linkStyle {} stroke:#d3222f,stroke-width:3px",
            broken.join(",")
        );
    }
    out
}

fn is_wrong(node: &Node) -> bool {
    node.findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}

fn is_warned(node: &Node) -> bool {
    !is_wrong(node)
        && node
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::Warning)
}

fn inside(out: &mut String, picture: &Picture, parent: Option<usize>, depth: usize) {
    let children = picture.nodes.iter().enumerate();
    for (at, node) in children.filter(|(_, node)| node.parent == parent) {
        let (indent, label) = ("  ".repeat(depth), label(picture, node));
        if node.is_box {
            let _ = writeln!(out, "{indent}subgraph n{at}[\"{label}\"]");
            inside(out, picture, Some(at), depth + 1);
            let _ = writeln!(out, "{indent}end");
        } else {
            let _ = writeln!(out, "{indent}n{at}[\"{label}\"]");
        }
    }
}

fn label(picture: &Picture, node: &Node) -> String {
    let sign = picture
        .sign(node)
        .map(|sign| format!("{sign} "))
        .unwrap_or_default();
    let mut label = format!("{sign}{}<br/>{}", escape(&node.name), escape(&node.kind));
    if !node.caption.is_empty() {
        let _ = write!(label, " · {}", escape(&node.caption));
    }
    for tag in &node.tags {
        let _ = write!(label, "<br/>◇ {}", escape(tag));
    }
    label
}

/// Entities of Mermaid, which has no other way to quote.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '"' | '#' | '<' | '>' | '&' | '`' | '\\' | '*' | '_' | ';' => {
                let _ = write!(out, "#{};", u32::from(letter));
            }
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

/// For the comment: one line.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}
