//! The picture as SVG: status alone with title, legend and ways, or as a part of
//! the page.

use std::fmt::Write as _;

use lazuli_core::{Severity, Status};

use super::layout::{Item, Layout, Line, Point, Rect, Scheme, layout};
use super::model::{DrawnWay, Fate, Node, Picture};
use super::text::{fit, width, xml};

/// Size of names.
const NAME: f64 = 13.0;
/// Size of everything else.
const SMALL: f64 = 11.0;
/// How much wider bold letters are.
const BOLD: f64 = 1.14;
const NARROWEST: f64 = 132.0;
const WIDEST: f64 = 270.0;
const NODE_HEIGHT: f64 = 46.0;
const TITLE_HEIGHT: f64 = 44.0;
/// A line of tags below that.
const TAG_HEIGHT: f64 = 15.0;
const MARGIN: f64 = 24.0;
/// Ways that are told below a picture that stands alone.
const MOST_WAYS: usize = 12;
/// Of those that hold, so many.
const MOST_HOLDING: usize = 4;

pub(crate) const STYLE: &str = include_str!("picture.css");

/// The drawing without what is around it.
pub(super) struct Drawing {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) content: String,
}

/// The picture status alone.
pub(super) fn write(picture: &Picture) -> String {
    let drawing = draw(picture, false);
    let ways = told_ways(picture);
    let legend = legend(picture);
    let width = drawing.width.max(legend.width).max(ways.width).max(420.0) + 2.0 * MARGIN;
    let head = 62.0;
    let below = head + drawing.height + 14.0;
    let height = below + ways.height + legend.height + MARGIN;
    let (title, subtitle) = (xml(&picture.title), xml(&picture.subtitle));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lz\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         role=\"img\" aria-labelledby=\"lz-title\">\n<title id=\"lz-title\">{title}: {subtitle}</title>\n\
         <style>{STYLE}</style>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n\
         <text class=\"headline\" x=\"{MARGIN}\" y=\"34\">{title}</text>\
         <text class=\"muted\" x=\"{MARGIN}\" y=\"52\">{subtitle}</text>\n\
         <g transform=\"translate({x} {head})\">\n{}</g>\n\
         <g transform=\"translate({MARGIN} {below})\">\n{}</g>\n\
         <g transform=\"translate({MARGIN} {})\">\n{}</g>\n</svg>\n",
        drawing.content,
        ways.content,
        number(below + ways.height),
        legend.content,
        w = number(width.ceil()),
        h = number(height.ceil()),
        x = number(MARGIN - 18.0),
        below = number(below),
    )
}

/// Boxes, lines, ways and nodes.
pub(super) fn draw(picture: &Picture, is_page: bool) -> Drawing {
    let placed = layout(&scheme(picture));
    let mut content = String::from(MARKERS);
    let depth = |at: usize| {
        std::iter::successors(picture.nodes[at].parent, |at| picture.nodes[*at].parent).count()
    };
    let mut order: Vec<usize> = (0..picture.nodes.len()).collect();
    order.sort_by_key(|at| (depth(*at), *at));
    let drawn = |boxes: bool| {
        order
            .iter()
            .filter(move |at| picture.nodes[**at].is_box == boxes)
    };
    for at in drawn(true) {
        open_node(&mut content, *at, &picture.nodes[*at], is_page);
        let node = &picture.nodes[*at];
        draw_box(
            &mut content,
            (node, picture.sign(node)),
            placed.rects[*at],
            depth(*at),
        );
        content.push_str("</g>\n");
    }
    draw_lines(&mut content, picture, &placed);
    for at in drawn(false) {
        open_node(&mut content, *at, &picture.nodes[*at], is_page);
        let node = &picture.nodes[*at];
        draw_leaf(&mut content, (node, picture.sign(node)), placed.rects[*at]);
        content.push_str("</g>\n");
    }
    draw_codes(&mut content, picture, &placed);
    Drawing {
        width: placed.width,
        height: placed.height,
        content,
    }
}

/// The arrows, which cannot take the colour of their lines everywhere.
const MARKERS: &str = "<defs>\
<marker id=\"lz-need\" class=\"end need\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\"><path d=\"M0 0.5 8 4 0 7.5z\"/></marker>\
<marker id=\"lz-holds\" class=\"end holds\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"4.4\" markerHeight=\"4.4\" orient=\"auto\"><path d=\"M0 0.5 8 4 0 7.5z\"/></marker>\
<marker id=\"lz-doubtful\" class=\"end doubtful\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"4.4\" markerHeight=\"4.4\" orient=\"auto\"><path d=\"M0 0.5 8 4 0 7.5z\"/></marker>\
<marker id=\"lz-broken\" class=\"end broken\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"4.4\" markerHeight=\"4.4\" orient=\"auto\"><path d=\"M0 0.5 8 4 0 7.5z\"/></marker>\
</defs>\n";

fn scheme(picture: &Picture) -> Scheme {
    let items = picture.nodes.iter().map(|node| {
        let (width, height) = size(node, picture.sign(node));
        Item {
            parent: node.parent,
            is_box: node.is_box,
            width,
            height,
        }
    });
    // Parts of ways share lanes only with their like.
    let class = |state: Status| match state {
        Status::Broken => 0,
        Status::Doubtful => 1,
        Status::Open => 2,
        Status::Holds | Status::NotApplicable => 3,
    };
    let parts = picture.ways.iter().flat_map(|way| &way.parts);
    let parts = parts.map(|part| Line {
        from: part.from,
        to: part.to,
        class: class(part.state),
    });
    let needs = picture.edges.iter().map(|edge| Line {
        from: edge.from,
        to: edge.to,
        class: Line::QUIET,
    });
    Scheme {
        items: items.collect(),
        lines: parts.chain(needs).collect(),
    }
}

/// The second line of a node.
fn below_name(node: &Node) -> String {
    match node.caption.as_str() {
        "" => node.kind.clone(),
        caption => format!("{} · {caption}", node.kind),
    }
}

fn size(node: &Node, sign: Option<&str>) -> (f64, f64) {
    let tags = node.tags.iter().map(|tag| width(tag, SMALL) + 14.0);
    let texts = [
        width(&node.name, NAME * BOLD),
        width(&below_name(node), SMALL),
    ];
    let widest = texts.into_iter().chain(tags).fold(0.0, f64::max);
    let badge = if sign.is_some() { 28.0 } else { 0.0 };
    let wide = (widest + 26.0 + badge).clamp(NARROWEST, WIDEST).ceil();
    let base = if node.is_box {
        TITLE_HEIGHT
    } else {
        NODE_HEIGHT
    };
    (wide, base + TAG_HEIGHT * node.tags.len() as f64)
}

fn open_node(out: &mut String, at: usize, node: &Node, is_page: bool) {
    let mut classes = format!(
        "node {} category-{}",
        if node.is_box { "box" } else { "leaf" },
        node.category.as_str()
    );
    if node.is_component {
        classes.push_str(" component");
    }
    if node.fate != Fate::Unsaid {
        let _ = write!(classes, " fate-{}", node.fate.as_str());
    }
    match worst(node) {
        Some(Severity::Error) => classes.push_str(" wrong"),
        Some(Severity::Warning) => classes.push_str(" warned"),
        _ => {}
    }
    let told = told(node);
    let _ = match is_page {
        true => write!(
            out,
            "<g class=\"{classes}\" data-node=\"{at}\" tabindex=\"0\" role=\"button\" aria-label=\"{}\">",
            xml(&told)
        ),
        false => write!(out, "<g class=\"{classes}\"><title>{}</title>", xml(&told)),
    };
}

fn worst(node: &Node) -> Option<Severity> {
    node.findings.iter().map(|finding| finding.severity).max()
}

/// A node in a sentence.
pub(super) fn told(node: &Node) -> String {
    let mut told = format!("{}, {}", node.name, node.kind);
    if !matches!(node.fate, Fate::Unsaid | Fate::Same) {
        let _ = write!(told, ", {}", node.fate.as_str());
    }
    if !node.place.is_empty() {
        let _ = write!(told, ", {}", node.place);
    }
    for finding in &node.findings {
        let _ = write!(told, ", {} {}", finding.code, finding.message);
    }
    told
}

/// A node with the sign of what happens to it.
type Signed<'a> = (&'a Node, Option<&'static str>);

fn draw_box(out: &mut String, (node, sign): Signed<'_>, rect: Rect, depth: usize) {
    let _ = write!(
        out,
        "<rect class=\"ground depth-{}\" {} rx=\"10\"/>",
        depth % 2,
        corners(rect)
    );
    label(out, (node, sign), rect, 16.0);
}

fn draw_leaf(out: &mut String, (node, sign): Signed<'_>, rect: Rect) {
    let (x, y) = (number(rect.x), number(rect.y + 6.0));
    let _ = write!(
        out,
        "<rect class=\"ground\" {} rx=\"7\"/><rect class=\"bar\" x=\"{x}\" y=\"{y}\" width=\"4\" height=\"{}\" rx=\"2\"/>",
        corners(rect),
        number(rect.height - 12.0)
    );
    label(out, (node, sign), rect, 14.0);
}

/// Name, kind, tags, and the sign of what happens.
fn label(out: &mut String, (node, sign): Signed<'_>, rect: Rect, inset: f64) {
    let room = rect.width - inset - if sign.is_some() { 34.0 } else { 10.0 };
    let x = number(rect.x + inset);
    let _ = write!(
        out,
        "<text class=\"name\" x=\"{x}\" y=\"{}\">{}</text><text class=\"kind\" x=\"{x}\" y=\"{}\">{}</text>",
        number(rect.y + 20.0),
        xml(&fit(&node.name, NAME * BOLD, room)),
        number(rect.y + 36.0),
        xml(&fit(&below_name(node), SMALL, rect.width - inset - 8.0)),
    );
    for (at, tag) in node.tags.iter().enumerate() {
        let y = rect.y + 36.0 + TAG_HEIGHT * (at as f64 + 1.0);
        let tag = fit(&format!("◇ {tag}"), SMALL, rect.width - inset - 8.0);
        let _ = write!(
            out,
            "<text class=\"tag\" x=\"{x}\" y=\"{}\">{}</text>",
            number(y),
            xml(&tag)
        );
    }
    if let Some(sign) = sign {
        let (x, y) = (rect.x + rect.width - 17.0, rect.y + 16.0);
        let _ = write!(
            out,
            "<circle class=\"sign\" cx=\"{}\" cy=\"{}\" r=\"8\"/><text class=\"sign\" x=\"{}\" y=\"{}\">{sign}</text>",
            number(x),
            number(y),
            number(x),
            number(y + 4.0),
        );
    }
}

fn draw_lines(out: &mut String, picture: &Picture, placed: &Layout) {
    let parts: usize = picture.ways.iter().map(|way| way.parts.len()).sum();
    for (edge, route) in picture.edges.iter().zip(&placed.routes[parts..]) {
        let _ = writeln!(
            out,
            "<path class=\"line need\" data-from=\"{}\" data-to=\"{}\" marker-end=\"url(#lz-need)\" d=\"{}\"/>",
            edge.from,
            edge.to,
            curve(route)
        );
    }
    for (at, part, route) in parts_of(picture, placed) {
        let state = part.state.as_str();
        let _ = writeln!(
            out,
            "<path class=\"line way {state}\" data-way=\"{at}\" data-from=\"{}\" data-to=\"{}\" marker-end=\"url(#lz-{})\" d=\"{}\"/>",
            part.from,
            part.to,
            match part.state {
                Status::Broken => "broken",
                Status::Doubtful => "doubtful",
                _ => "holds",
            },
            curve(route)
        );
    }
}

fn parts_of<'a>(
    picture: &'a Picture,
    placed: &'a Layout,
) -> impl Iterator<Item = (usize, &'a super::model::Part, &'a Vec<Point>)> {
    let ways = picture.ways.iter().enumerate();
    let parts = ways.flat_map(|(at, way)| way.parts.iter().map(move |part| (at, part)));
    parts
        .zip(&placed.routes)
        .map(|((at, part), route)| (at, part, route))
}

/// The codes of broken parts, over everything else.
fn draw_codes(out: &mut String, picture: &Picture, placed: &Layout) {
    let mut taken: Vec<(i64, i64, &str)> = Vec::new();
    for (at, part, route) in parts_of(picture, placed) {
        let (Some(code), [.., before, last]) = (part.code, &route[..]) else {
            continue;
        };
        let (x, y) = ((before.x + last.x) / 2.0, (before.y + last.y) / 2.0);
        let spot = (x as i64, y as i64, code);
        if taken.contains(&spot) {
            continue;
        }
        taken.push(spot);
        let wide = width(code, SMALL) + 12.0;
        let _ = writeln!(
            out,
            "<g class=\"code {}\" data-way=\"{at}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"17\" rx=\"8.5\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
            part.state.as_str(),
            number(x - wide / 2.0),
            number(y - 8.5),
            number(wide),
            number(x),
            number(y + 4.0),
            xml(code)
        );
    }
}

/// A line through points: level where they are level, else bent like an S.
fn curve(points: &[Point]) -> String {
    let mut path = String::new();
    let Some(first) = points.first() else {
        return path;
    };
    let _ = write!(path, "M{} {}", number(first.x), number(first.y));
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if (a.y - b.y).abs() < 0.5 {
            let _ = write!(path, "L{} {}", number(b.x), number(b.y));
            continue;
        }
        let middle = (a.x + b.x) / 2.0;
        let _ = write!(
            path,
            "C{m} {} {m} {} {} {}",
            number(a.y),
            number(b.y),
            number(b.x),
            number(b.y),
            m = number(middle)
        );
    }
    path
}

/// What is below a picture that stands alone.
struct Below {
    width: f64,
    height: f64,
    content: String,
}

/// The ways in words, the broken ones first.
fn told_ways(picture: &Picture) -> Below {
    let mut below = Below {
        width: 0.0,
        height: 0.0,
        content: String::new(),
    };
    let mut ways: Vec<&DrawnWay> = picture.ways.iter().collect();
    ways.sort_by_key(|way| match way.way.state {
        Status::Broken => 0,
        Status::Doubtful => 1,
        Status::Open => 2,
        Status::Holds | Status::NotApplicable => 3,
    });
    let mut y = 8.0;
    let holding = ways
        .iter()
        .filter(|way| way.way.state == Status::Holds)
        .count();
    let shown = (ways.len() - holding).min(MOST_WAYS) + holding.min(MOST_HOLDING);
    for drawn in ways.iter().take(shown) {
        let way = &drawn.way;
        let state = way.state.as_str();
        let sentence = format!("{} {}", picture.nodes[way.from].name, way.goal);
        let sentence = fit(&sentence, NAME, 900.0);
        let _ = writeln!(
            below.content,
            "<circle class=\"dot {state}\" cx=\"6\" cy=\"{}\" r=\"5\"/><text class=\"name\" x=\"20\" y=\"{}\">{}</text>",
            number(y),
            number(y + 4.5),
            xml(&sentence)
        );
        below.width = below.width.max(width(&sentence, NAME * BOLD) + 30.0);
        y += 19.0;
        let bad: Vec<_> = way
            .stops
            .iter()
            .filter(|stop| stop.state.is_bad())
            .collect();
        let mut line = |class: &str, text: &str| {
            let text = fit(text, SMALL, 1100.0);
            let _ = writeln!(
                below.content,
                "<text class=\"{class}\" x=\"20\" y=\"{}\">{}</text>",
                number(y + 3.0),
                xml(&text)
            );
            below.width = below.width.max(width(&text, SMALL) + 30.0);
            y += 17.0;
        };
        let held = way.stops.iter().filter(|stop| stop.state == Status::Holds);
        let held: Vec<&str> = held.map(|stop| stop.question).collect();
        if bad.is_empty() && !held.is_empty() {
            line("kind", &format!("holds: {}", held.join(" → ")));
        }
        for stop in bad {
            let code = stop.code.unwrap_or_default();
            line(
                stop.state.as_str(),
                &format!("{} {code}: {}", stop.question, stop.detail),
            );
        }
        y += 9.0;
    }
    if ways.len() > shown {
        let more = match ways.len() - holding > MOST_WAYS {
            true => format!("and {} more ways", ways.len() - shown),
            false => format!("and {} more ways that hold", ways.len() - shown),
        };
        let _ = writeln!(
            below.content,
            "<text class=\"kind\" x=\"20\" y=\"{}\">{more}</text>",
            number(y)
        );
        y += 17.0;
    }
    if !ways.is_empty() {
        below.height = y + 6.0;
    }
    below
}

/// What signs and lines mean, as far as they occur.
fn legend(picture: &Picture) -> Below {
    let mut content = String::new();
    let mut x = 0.0;
    let has = |state: Status| {
        picture
            .ways
            .iter()
            .any(|way| way.parts.iter().any(|part| part.state == state))
    };
    let mut lines = Vec::new();
    if has(Status::Holds) || has(Status::NotApplicable) {
        lines.push(("way holds", "way that holds"));
    }
    if has(Status::Open) {
        lines.push(("way open", "way that cannot be judged yet"));
    }
    if has(Status::Doubtful) {
        lines.push(("way doubtful", "broken, as far as the program says"));
    }
    if has(Status::Broken) {
        lines.push(("way broken", "broken way"));
    }
    if !picture.edges.is_empty() {
        lines.push(("need", "needs"));
    }
    for (class, words) in lines {
        let _ = writeln!(
            content,
            "<path class=\"line {class}\" d=\"M{} 12L{} 12\"/><text class=\"kind\" x=\"{}\" y=\"16\">{words}</text>",
            number(x),
            number(x + 26.0),
            number(x + 33.0)
        );
        x += 33.0 + width(words, SMALL) + 20.0;
    }
    for fate in [
        Fate::Create,
        Fate::Update,
        Fate::Replace,
        Fate::Delete,
        Fate::Import,
    ] {
        let Some(sign) = fate
            .sign()
            .filter(|_| !picture.is_new && picture.nodes.iter().any(|node| node.fate == fate))
        else {
            continue;
        };
        let word = fate.as_str();
        let _ = writeln!(
            content,
            "<g class=\"node fate-{word}\"><circle class=\"sign\" cx=\"{}\" cy=\"12\" r=\"8\"/><text class=\"sign\" x=\"{}\" y=\"16\">{sign}</text></g><text class=\"kind\" x=\"{}\" y=\"16\">{word}</text>",
            number(x + 8.0),
            number(x + 8.0),
            number(x + 21.0)
        );
        x += 21.0 + width(word, SMALL) + 20.0;
    }
    let mut height = if content.is_empty() { 0.0 } else { 26.0 };
    for note in &picture.notes {
        let _ = writeln!(
            content,
            "<text class=\"kind\" x=\"0\" y=\"{}\">{}</text>",
            number(height + 12.0),
            xml(&fit(note, SMALL, 1100.0))
        );
        height += 17.0;
    }
    Below {
        width: x,
        height,
        content,
    }
}

fn corners(rect: Rect) -> String {
    format!(
        "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
        number(rect.x),
        number(rect.y),
        number(rect.width),
        number(rect.height)
    )
}

/// A tenth of a pixel is enough, and whole numbers stay short.
pub(crate) fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // No minus in front of nothing.
    let rounded = if rounded == 0.0 { 0.0 } else { rounded };
    format!("{rounded}")
}
