//! The way of each app to its image, hop by hop, and what its container says.

use super::markup::{Markup, el};
use super::{badge, nothing, titled};
use crate::web::front;
use crate::web::pull::{Hop, pull};
use crate::web::site::Site;
use crate::world::World;

/// Judging an app reads images, so that many are looked at and no more.
const MOST_SHOWN: usize = 25;
/// Lines of a container log.
const LINES: usize = 60;

pub(super) fn section(world: &World, web_port: Option<u16>) -> [Markup; 1] {
    let sites = Site::all(world);
    let section = titled("Apps, and their way to the image", sites.len());
    if sites.is_empty() {
        return [section.child(nothing("There are no web apps."))];
    }
    let shown = sites.iter().take(MOST_SHOWN);
    [section.children(shown.map(|site| app(world, site, web_port)))]
}

fn app(world: &World, site: &Site, web_port: Option<u16>) -> Markup {
    let judged = pull(world, site);
    let state = match (site.is_stopped(), &judged.image) {
        (true, _) => "stopped",
        (false, Ok(_)) => "has its image",
        (false, Err(_)) => "cannot pull",
    };
    let title = el("div", "app-name")
        .child(el("b", "").text(&site.name()))
        .child(address(site, web_port))
        .child(badge(state));
    let last = judged.hops.len().saturating_sub(1);
    let hops = judged.hops.iter().enumerate();
    let hops = hops.map(|(at, hop)| self::hop(hop, at == last));
    let card = el("div", "app-card")
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
    el("li", class)
        .child(what)
        .child(el("div", "detail").text(&hop.detail))
}

fn log(world: &World, site: &Site) -> Markup {
    let lines = front::container_log(world, site.id());
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    let lines = shown.iter().map(|line| {
        let class = match () {
            () if line.contains(" ERROR ") => "line bad",
            () if line.contains(" CAUSE ") => "line bad",
            () if line.contains(" WARN ") => "line busy",
            () => "line",
        };
        el("div", class).text(line)
    });
    el("details", "log")
        .attr("id", &format!("log-{}", site.name()))
        .child(el("summary", "").text("container log"))
        .child(el("pre", "").children(lines))
}
