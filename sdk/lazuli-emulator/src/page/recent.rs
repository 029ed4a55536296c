//! What happened of late: builds and requests.

use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::markup::{Markup, el};
use super::{badge, head, nothing, row, titled};
use crate::build::tasks;
use crate::cloud::Cloud;
use crate::traffic::Exchange;
use crate::wire::json;
use crate::world::World;

const REGISTRY: &str = "Microsoft.ContainerRegistry/registries";
/// Builds shown per registry, newest first.
const BUILDS: usize = 20;

pub(super) fn builds(world: &World) -> [Markup; 1] {
    let registries = world.of_kind(REGISTRY);
    let rows: Vec<Markup> = registries
        .iter()
        .flat_map(|registry| {
            let runs = runs(world, &registry.id);
            runs.into_iter().map(|run| build(registry.name(), &run))
        })
        .collect();
    let section = titled("Builds", rows.len());
    if rows.is_empty() {
        return [section.child(nothing("Nothing was built."))];
    }
    let names = ["registry", "run", "state", "images", "started", "error"];
    let table = el("table", "")
        .child(head(&names))
        .child(el("tbody", "").children(rows));
    [section.child(el("div", "wide").child(table))]
}

/// The runs as ARM lists them.
fn runs(world: &World, registry: &str) -> Vec<Value> {
    let action = tasks::Action {
        registry,
        method: &Method::GET,
        path: &["runs"],
        body: &Value::Null,
        base_url: "",
        caller: "",
        filter: &[],
    };
    let listed = tasks::action(world, &action).map(|answer| answer.body);
    let listed = listed.unwrap_or_default();
    json::items(&listed["value"])
        .take(BUILDS)
        .map(|run| run["properties"].clone())
        .collect()
}

fn build(registry: &str, run: &Value) -> Markup {
    let images = json::items(&run["outputImages"]).map(|image| {
        format!(
            "{}:{}",
            json::text(&image["repository"]),
            json::text(&image["tag"])
        )
    });
    let images = images.collect::<Vec<_>>().join(", ");
    let started: String = json::text(&run["startTime"]).chars().take(19).collect();
    el("tr", "")
        .child(el("td", "").text(registry))
        .child(el("td", "").text(json::text(&run["runId"])))
        .child(el("td", "").child(badge(json::text(&run["status"]))))
        .child(el("td", "").text(&images))
        .child(el("td", "dim").text(&started))
        .child(el("td", "long").text(json::text(&run["runErrorMessage"])))
}

pub(super) fn requests(cloud: &Cloud) -> [Markup; 1] {
    let recent = cloud.traffic.recent();
    let section = titled("Recent requests", recent.len());
    if recent.is_empty() {
        return [section.child(nothing("No requests yet."))];
    }
    let subscription = format!("/subscriptions/{}", cloud.world.settings().subscription);
    let rows = recent.iter().rev();
    let rows = rows.map(|exchange| request(exchange, &subscription));
    let table = el("table", "requests")
        .child(head(&["time", "method", "status", "path", "code"]))
        .child(el("tbody", "").children(rows));
    [section.child(el("div", "wide").child(table))]
}

/// There is one subscription, so its id would only push the rest of a path out of sight.
fn request(exchange: &Exchange, subscription: &str) -> Markup {
    let short = exchange
        .path
        .strip_prefix(subscription)
        .filter(|rest| !rest.is_empty());
    let path = match short {
        Some(rest) => el("td", "path")
            .attr("title", &exchange.path)
            .text("…")
            .text(rest),
        None => el("td", "path").text(&exchange.path),
    };
    let at = Timestamp::from_millisecond(exchange.at_ms).unwrap_or_default();
    let at = at.strftime("%H:%M:%S").to_string();
    let (status, class) = match exchange.status {
        None => ("dropped".to_owned(), "badge bad"),
        Some(status @ ..400) => (status.to_string(), "badge good"),
        Some(status @ (404 | 409 | 412 | 429)) => (status.to_string(), "badge busy"),
        Some(status) => (status.to_string(), "badge bad"),
    };
    let cells = row(&[&at, &exchange.method]);
    cells
        .child(el("td", "").child(el("span", class).text(&status)))
        .child(path)
        .child(el("td", "").text(exchange.code.as_deref().unwrap_or_default()))
}
