//! The path of each app to its image, hop by hop, and what its container says.

use super::markup::{Markup, el};
use super::{badge, nothing, titled};
use crate::web::front;
use crate::web::pull::{Hop, Pull, pull};
use crate::web::site::Site;
use crate::world::World;

/// Judging an app reads images, so that many are looked at and no more.
const MOST_JUDGED: usize = 100;
/// With more apps than this, all but the first broken ones are folded.
const MOST_UNFOLDED: usize = 12;
const BROKEN_UNFOLDED: usize = 4;
/// Characters of a digest that distinguish it from others.
const DIGEST: usize = "sha256:".len() + 12;
/// Lines of a container log.
const LINES: usize = 60;

pub(super) fn section(world: &World, web_port: Option<u16>) -> [Markup; 1] {
    let sites = Site::all(world);
    let section = titled("Apps and their path to the image", sites.len());
    if sites.is_empty() {
        return [section.child(nothing("There are no web apps."))];
    }
    let judged = sites.iter().take(MOST_JUDGED);
    let mut judged: Vec<_> = judged.map(|site| (site, pull(world, site))).collect();
    // What is broken comes first: it is what people look for.
    judged.sort_by_key(|(_, judged)| judged.image.is_ok());
    let folds = judged.len() > MOST_UNFOLDED;
    let cards = judged.iter().enumerate().map(|(at, (site, judged))| {
        let is_open = !folds || (judged.image.is_err() && at < BROKEN_UNFOLDED);
        app(world, site, judged, is_open, web_port)
    });
    let section = section.children(cards);
    [match sites.len().checked_sub(MOST_JUDGED) {
        None | Some(0) => section,
        Some(more) => section.child(nothing(&format!(
            "and {more} more, which are not judged here"
        ))),
    }]
}

fn app(world: &World, site: &Site, judged: &Pull, is_open: bool, web_port: Option<u16>) -> Markup {
    let state = match (site.is_stopped(), &judged.image) {
        (true, _) => "stopped",
        (false, Ok(_)) => "has its image",
        (false, Err(_)) => "cannot pull",
    };
    let title = el("summary", "app-name")
        .child(el("b", "").text(&site.name()))
        .child(address(site, web_port))
        .child(badge(state));
    let last = judged.hops.len().saturating_sub(1);
    let hops = judged.hops.iter().enumerate();
    let hops = hops.map(|(at, hop)| self::hop(hop, at == last));
    let card = el("details", "app-card")
        .attr("id", &format!("app-{}", site.name()))
        .attr_if(is_open, "open")
        .child(title)
        .child(el("ol", "path").children(hops));
    let card = match &judged.image {
        Ok(_) => card,
        Err(failure) => card.child(
            el("p", "cause")
                .child(el("b", "").text("Broken here: "))
                .text(&failure.cause),
        ),
    };
    card.child(log(world, site))
}

fn address(site: &Site, web_port: Option<u16>) -> Markup {
    let host = site.host();
    match web_port {
        None => el("span", "dim").text(&host),
        Some(port) => el("a", "")
            .attr("href", &format!("http://{host}.localhost:{port}/"))
            .text(&host),
    }
}

fn hop(hop: &Hop, is_last: bool) -> Markup {
    let class = match (hop.holds, is_last) {
        (false, _) => "hop broken",
        (true, true) => "hop end",
        (true, false) => "hop",
    };
    let mark = if hop.holds { "✓" } else { "✗" };
    let what = el("div", "what")
        .child(el("span", "mark").text(mark))
        .text(hop.what);
    let detail = el("div", "detail").attr("title", &hop.detail);
    el("li", class)
        .child(what)
        .child(detail.text(shortened(&hop.detail)))
}

/// A digest alone fills a box and says no more than its beginning.
fn shortened(detail: &str) -> &str {
    let is_digest = detail.starts_with("sha256:") && !detail.contains(' ');
    match detail.get(..DIGEST) {
        Some(short) if is_digest => short,
        _ => detail,
    }
}

fn log(world: &World, site: &Site) -> Markup {
    let lines = front::container_log(world, site.id());
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    let lines = shown.iter().map(|line| {
        let class = if line.contains(" ERROR ") || line.contains(" CAUSE ") {
            "line bad"
        } else if line.contains(" WARN ") {
            "line busy"
        } else {
            "line"
        };
        el("div", class).text(line)
    });
    el("details", "log")
        .attr("id", &format!("log-{}", site.name()))
        .child(el("summary", "").text("container log"))
        .child(el("pre", "").children(lines))
}
