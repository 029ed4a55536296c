//! The world by resource groups.

use super::markup::{Markup, el};
use super::{badge, head, nothing, titled};
use crate::arm::providers::groups::KIND;
use crate::world::{Resource, World};

/// Larger groups are cut here; the page is for looking, not for lists of thousands.
const MOST_SHOWN: usize = 200;
/// With more than this in all groups, each is folded, so that the rest of the page is in sight.
const MOST_UNFOLDED: usize = 60;

pub(super) fn section(world: &World) -> [Markup; 1] {
    let groups = world.of_kind(KIND);
    let section = titled("Resource groups", groups.len());
    if groups.is_empty() {
        return [section.child(nothing(
            "Nothing is deployed. Sign in and create a resource group.",
        ))];
    }
    let contents: Vec<_> = groups.iter().map(|group| content(world, group)).collect();
    let is_open = contents.iter().map(Vec::len).sum::<usize>() <= MOST_UNFOLDED;
    let pairs = groups.iter().zip(&contents);
    [section.children(pairs.map(|(group, content)| one(group, content, is_open)))]
}

fn content(world: &World, group: &Resource) -> Vec<Resource> {
    let mut content = world.under(&group.id);
    content.retain(|resource| resource.kind != "Microsoft.Network/networkInterfaces");
    content
}

fn one(group: &Resource, content: &[Resource], is_open: bool) -> Markup {
    let summary = el("summary", "")
        .child(el("b", "").text(group.name()))
        .child(el("span", "dim").text(group.text("/location").unwrap_or_default()))
        .child(badge(state(group)))
        .child(el("span", "count").text(&content.len().to_string()));
    let rows = content.iter().take(MOST_SHOWN).map(resource);
    let table = el("table", "")
        .child(head(&["name", "type", "location", "state"]))
        .child(el("tbody", "").children(rows));
    let group = el("details", "group")
        .attr("id", &format!("group-{}", group.name()))
        .attr_if(is_open, "open")
        .child(summary);
    if content.is_empty() {
        return group.child(nothing("Nothing is in it."));
    }
    let group = group.child(el("div", "wide").child(table));
    match content.len().checked_sub(MOST_SHOWN) {
        None | Some(0) => group,
        Some(more) => group.child(nothing(&format!("and {more} more"))),
    }
}

fn resource(resource: &Resource) -> Markup {
    let depth = resource.kind.matches('/').count();
    let name = el("td", if depth > 1 { "name child" } else { "name" })
        .attr("title", &resource.id)
        .text(resource.name());
    let (namespace, kind) = resource
        .kind
        .split_once('/')
        .unwrap_or((&resource.kind, ""));
    let kind = el("td", "")
        .child(el("span", "dim").text(namespace.trim_start_matches("Microsoft.")))
        .text(" ")
        .text(kind);
    let location = resource.text("/location").unwrap_or_default();
    el("tr", "")
        .child(name)
        .child(kind)
        .child(el("td", "dim").text(location))
        .child(el("td", "").child(badge(state(resource))))
}

fn state(resource: &Resource) -> &str {
    resource
        .text("/properties/provisioningState")
        .or_else(|| resource.text("/properties/state"))
        .unwrap_or_default()
}
