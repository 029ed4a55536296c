//! The picture for Graphviz: boxes are clusters, ways are thick lines.

use std::fmt::Write as _;

use lazuli_core::{Category, Severity, Status};

use super::model::{Node, Picture};

pub(super) fn write(picture: &Picture) -> String {
    let mut out = format!(
        "digraph {} {{\n  label={}\n  labelloc=t\n  rankdir=LR\n  compound=true\n  fontname=\"Helvetica\"\n  \
         node [shape=box style=rounded fontname=\"Helvetica\" fontsize=11]\n  edge [color=\"#9aa5b8\" arrowsize=0.7]\n",
        quote(&picture.title),
        quote(&format!("{}: {}", picture.title, picture.subtitle)),
    );
    inside(&mut out, picture, None, 1);
    for part in picture.ways.iter().flat_map(|way| &way.parts) {
        let style = match part.state {
            Status::Broken => "color=\"#d3222f\" penwidth=2.4 style=dashed",
            Status::Doubtful => "color=\"#b86a00\" penwidth=2.4 style=dashed",
            Status::Open => "color=\"#6a7385\" penwidth=2.4 style=dotted",
            Status::Holds | Status::NotApplicable => "color=\"#1a6fe0\" penwidth=2.4",
        };
        let label = part
            .code
            .as_ref()
            .map(|code| format!(" label={}", quote(code)));
        edge(
            &mut out,
            picture,
            part.from,
            part.to,
            &format!("{style}{}", label.unwrap_or_default()),
        );
    }
    for one in &picture.edges {
        edge(&mut out, picture, one.from, one.to, "");
    }
    out.push_str("}\n");
    out
}

/// Graphviz draws lines between nodes only: a box stands for itself by a point.
fn edge(out: &mut String, picture: &Picture, from: usize, to: usize, style: &str) {
    let mut style = style.to_owned();
    for (end, at) in [("ltail", from), ("lhead", to)] {
        if picture.nodes[at].is_box {
            let _ = write!(
                style,
                "{}{end}=cluster_n{at}",
                if style.is_empty() { "" } else { " " }
            );
        }
    }
    let style = if style.is_empty() {
        style
    } else {
        format!(" [{style}]")
    };
    let _ = writeln!(out, "  n{from} -> n{to}{style}");
}

fn inside(out: &mut String, picture: &Picture, parent: Option<usize>, depth: usize) {
    let children = picture.nodes.iter().enumerate();
    for (at, node) in children.filter(|(_, node)| node.parent == parent) {
        let indent = "  ".repeat(depth);
        let (label, colour) = (quote(&label(picture, node)), colour(node));
        if node.is_box {
            let style = if node.is_component {
                "\"rounded,dashed\""
            } else {
                "rounded"
            };
            let _ = writeln!(
                out,
                "{indent}subgraph cluster_n{at} {{\n{indent}  label={label}\n{indent}  style={style}\n{indent}  color=\"{colour}\"\n{indent}  n{at} [shape=point style=invis]"
            );
            inside(out, picture, Some(at), depth + 1);
            let _ = writeln!(out, "{indent}}}");
        } else {
            let _ = writeln!(out, "{indent}n{at} [label={label} color=\"{colour}\"]");
        }
    }
}

fn colour(node: &Node) -> &'static str {
    let worst = node.findings.iter().map(|finding| finding.severity).max();
    match (worst, node.category) {
        (Some(Severity::Error), _) => "#d3222f",
        (Some(Severity::Warning), _) => "#b86a00",
        (_, Category::Group) => "#55607a",
        (_, Category::Compute) => "#2463d1",
        (_, Category::Network) => "#0b7d72",
        (_, Category::Names) => "#7440c4",
        (_, Category::Storage) => "#b05a00",
        (_, Category::Identity) => "#b02a63",
        (_, Category::Action) => "#5d6b12",
        _ => "#6a7385",
    }
}

fn label(picture: &Picture, node: &Node) -> String {
    let sign = picture
        .sign(node)
        .map(|sign| format!("{sign} "))
        .unwrap_or_default();
    let mut label = format!("{sign}{}\n{}", node.name, node.kind);
    if !node.caption.is_empty() {
        let _ = write!(label, " · {}", node.caption);
    }
    for tag in &node.tags {
        let _ = write!(label, "\n◇ {tag}");
    }
    label
}

/// A quoted string; line feeds stay line breaks.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
