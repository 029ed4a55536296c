//! The page at `/`: this Azure as a person sees it.
//!
//! One self-contained document: no assets from elsewhere, no framework, readable without scripts. It
//! shows names, states, paths and container logs, never bodies, settings or queries of requests. The
//! server serves it on its own port, the web front on its own.

mod groups;
mod markup;
mod network;
mod path;
mod recent;

use std::net::IpAddr;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use ring::digest;

use crate::cloud::Cloud;
use markup::{Markup, el};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("refresh.js");

/// Whether a request is for the page.
pub(crate) fn is_asked_for(request: &Request<Body>) -> bool {
    [Method::GET, Method::HEAD].contains(request.method()) && request.uri().path() == "/"
}

/// Answers the page. `web_port` is where browsers reach sites, if they do.
pub(crate) async fn respond(
    cloud: &Cloud,
    request: Request<Body>,
    web_port: Option<u16>,
) -> Response<Body> {
    if !is_for_this_machine(&request) {
        return refused();
    }
    let cloud = cloud.clone();
    let drawn = tokio::task::spawn_blocking(move || document(&cloud, web_port)).await;
    match drawn {
        Ok(document) => html(StatusCode::OK, document),
        Err(error) => {
            tracing::error!(%error, "the page could not be drawn");
            let text = "The emulator could not draw this page; its log says why.\n";
            html(StatusCode::INTERNAL_SERVER_ERROR, text.to_owned())
        }
    }
}

/// A name of somebody else's that was made to point here must not read this page.
fn is_for_this_machine(request: &Request<Body>) -> bool {
    let header = request.headers().get(header::HOST);
    let host = request
        .uri()
        .host()
        .or_else(|| header.and_then(|value| value.to_str().ok()))
        .unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_matches(['[', ']']);
    name.is_empty() || name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

fn refused() -> Response<Body> {
    let text = "This page is served under localhost and addresses only.\n";
    html(StatusCode::MISDIRECTED_REQUEST, text.to_owned())
}

fn html(status: StatusCode, document: String) -> Response<Body> {
    let mut response = Response::new(Body::from(document));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let hash = |text: &str| BASE64.encode(digest::digest(&digest::SHA256, text.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn document(cloud: &Cloud, web_port: Option<u16>) -> String {
    let world = &cloud.world;
    let main = el("main", "")
        .attr("id", "world")
        .child(summary(cloud))
        .children(groups::section(world))
        .children(path::section(world, web_port))
        .children(network::section(world))
        .children(recent::builds(world))
        .children(recent::requests(cloud));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Lazuli emulator</title>\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\
         <style>{STYLE}</style></head><body><header><h1>Lazuli emulator</h1>\
         <p>A local Azure for development and tests. Nothing here is real or billed.</p></header>\
         {}<script>{SCRIPT}</script></body></html>\n",
        main.into_html()
    )
}

fn summary(cloud: &Cloud) -> Markup {
    let (world, conditions) = (&cloud.world, &cloud.conditions);
    let settings = world.settings();
    let fact = |name: &str, value: &str| {
        el("div", "fact")
            .child(el("dt", "").text(name))
            .child(el("dd", "").text(value))
    };
    let list = el("dl", "facts")
        .child(fact("endpoint", settings.base()))
        .child(fact("subscription", &settings.subscription))
        .child(fact("tenant", &settings.tenant))
        .child(fact("latency", &conditions.latency.to_string()))
        .child(fact("faults", &conditions.fault_summary()));
    match world.storage_error() {
        None => list,
        Some(reason) => list.child(fact("the world is no longer stored", &reason)),
    }
}

/// A section with a heading and a count.
fn titled(title: &str, count: usize) -> Markup {
    el("section", "").child(
        el("h2", "")
            .text(title)
            .child(el("span", "count").text(&count.to_string())),
    )
}

/// What stands in a section that has nothing to show.
fn nothing(text: &str) -> Markup {
    el("p", "nothing").text(text)
}

/// A row of a table, of cells that hold text.
fn row(cells: &[&str]) -> Markup {
    el("tr", "").children(cells.iter().map(|cell| el("td", "").text(cell)))
}

fn head(names: &[&str]) -> Markup {
    let cells = names.iter().map(|name| el("th", "").text(name));
    el("thead", "").child(el("tr", "").children(cells))
}

/// A word in a colour of its own.
fn badge(state: &str) -> Markup {
    let class = match state {
        "Succeeded" | "Approved" | "Completed" | "Running" | "has its image" => "badge good",
        "Failed" | "Rejected" | "Disconnected" | "Stopped" | "stopped" | "cannot pull" => {
            "badge bad"
        }
        "" => "badge none",
        _ => "badge busy",
    };
    el("span", class).text(state)
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
