//! The web front: what a browser gets from `{site}.azurewebsites.net`.
//!
//! `browse` answers one address in process, `serve` listens on loopback for a real browser (under
//! `{site}.azurewebsites.net.localhost`, which needs no DNS), `respond` is shared with the proxy.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use futures::future::BoxFuture;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use super::container::{self, Container};
use super::gate::{self, Origin, SiteHost};
use super::pull::pull;
use super::rootfs::{Found, WebRoot};
use super::site::Site;
use super::{pages, scm};
use crate::build::base_images::{Server, server_of};
use crate::data::blob::percent_decode;
use crate::data::distribution;
use crate::data::oci_store::OciStore;
use crate::data::reference::ImageReference;
use crate::data::route::Route;
use crate::world::World;

pub(crate) use super::container::container_log;

/// The container log of the site that a person means, see [`Site::named`].
pub(crate) fn log_of(world: &World, name: &str) -> Vec<String> {
    match Site::named(world, name) {
        Some(site) => container_log(world, site.id()),
        None => Vec::new(),
    }
}

/// What a browser was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) status: u16,
    /// Names in lower case, in the order they were sent.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A listening web front; it stops when this is dropped.
#[derive(Debug)]
pub(crate) struct WebFront {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for WebFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How a request came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The public host name that is meant.
    pub(crate) host: String,
    /// Over TLS, or by a loopback name that has no TLS.
    pub(crate) is_secure: bool,
}

/// What the front shows under its own name, given the request and the front's port.
pub(crate) type OwnPage =
    Arc<dyn Fn(Request<Body>, u16) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// Answers one address as a browser on the internet sees it.
pub(crate) async fn browse(world: &World, url: &str) -> Page {
    let Ok(url) = Url::parse(url) else {
        return page(pages::not_an_address(url)).await;
    };
    let mut address = Address::of(url.host_str().unwrap_or_default());
    address.is_secure |= url.scheme() == "https";
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let request = Request::builder().uri(target).body(Body::empty());
    match request {
        Ok(request) => page(respond(world, &address, request).await).await,
        Err(_) => page(pages::not_an_address(url.as_str())).await,
    }
}

async fn page(response: Response<Body>) -> Page {
    let (parts, body) = response.into_parts();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Page {
        status: parts.status.as_u16(),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: body
            .collect()
            .await
            .map(|body| body.to_bytes().to_vec())
            .unwrap_or_default(),
    }
}

/// Listens on `listen` and answers browsers.
///
/// # Errors
/// When the address cannot be bound.
pub(crate) async fn serve(
    world: World,
    listen: SocketAddr,
    page: OwnPage,
) -> std::io::Result<WebFront> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let router = axum::Router::new().fallback(move |request: Request<Body>| {
        let (world, page) = (world.clone(), Arc::clone(&page));
        async move { loopback(&world, &page, address, request).await }
    });
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the web front stopped");
        }
    });
    Ok(WebFront { address, task })
}

async fn loopback(
    world: &World,
    page: &OwnPage,
    own: SocketAddr,
    request: Request<Body>,
) -> Response<Body> {
    let header = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let host = request.uri().host().or(header).unwrap_or_default();
    let host = without_port(host).to_owned();
    if host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok()
    {
        return page(request, own.port()).await;
    }
    respond(world, &Address::of(&host), request).await
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

impl Address {
    /// `web.localhost` and `web.azurewebsites.net.localhost` both mean `web.azurewebsites.net`.
    pub(crate) fn of(host: &str) -> Self {
        let host = host.to_lowercase();
        match host.strip_suffix(".localhost") {
            Some(name) if name.contains('.') => Self {
                host: name.to_owned(),
                is_secure: true,
            },
            Some(name) => Self {
                host: format!("{name}.azurewebsites.net"),
                is_secure: true,
            },
            None => Self {
                host,
                is_secure: false,
            },
        }
    }
}

/// Whether a host is a web app's, also while the app does not exist: the platform's 404 is an answer.
pub(crate) fn is_site_host(world: &World, host: &str) -> bool {
    host.ends_with(".azurewebsites.net") || Site::by_host(world, host).is_some()
}

/// Answers a request for a site.
pub(crate) async fn respond(
    world: &World,
    address: &Address,
    request: Request<Body>,
) -> Response<Body> {
    let Some(site) = Site::by_host(world, &address.host) else {
        return match Site::by_scm_host(world, &address.host) {
            Some(site) => scm::respond(world, &site, &request),
            None => pages::no_such_site(&address.host),
        };
    };
    let caller = Origin::Public(world.settings().client_ip);
    if gate::admits(world, &site, SiteHost::Main, caller).is_err() {
        return pages::forbidden();
    }
    if site.is_stopped() {
        return pages::stopped();
    }
    if site.is_https_only() && !address.is_secure {
        return redirect(&format!("https://{}{}", address.host, request.uri()));
    }
    let container = container::settle(world, &site);
    let Some(server) = container
        .running
        .as_ref()
        .map(|running| server_of(&running.image.config))
    else {
        return pages::application_error();
    };
    match server {
        Server::Files(root) => files(&container, root, &request),
        Server::Registry => hosted_registry(world, &site, request).await,
        Server::Unknown => pages::application_error(),
    }
}

fn files(container: &Container, root: &'static str, request: &Request<Body>) -> Response<Body> {
    let is_head = request.method() == Method::HEAD;
    if !is_head && request.method() != Method::GET {
        return pages::status(StatusCode::METHOD_NOT_ALLOWED);
    }
    let Some(running) = &container.running else {
        return pages::application_error();
    };
    let Ok(files) = WebRoot::of(&running.image, &running.digest, root) else {
        return pages::application_error();
    };
    let path = request.uri().path();
    match files.find(&percent_decode(path)) {
        None => pages::status(StatusCode::BAD_REQUEST),
        Some(Found::Nothing) => pages::status(StatusCode::NOT_FOUND),
        Some(Found::Folder) => redirect(&format!("{path}/")),
        Some(Found::File(bytes, kind)) => {
            let length = bytes.len();
            let mut response = Response::new(if is_head {
                Body::empty()
            } else {
                Body::from(bytes)
            });
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            response
        }
    }
}

fn redirect(location: &str) -> Response<Body> {
    let mut response = pages::status(StatusCode::MOVED_PERMANENTLY);
    match location.parse() {
        Ok(location) => {
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        Err(_) => pages::status(StatusCode::BAD_REQUEST),
    }
}

// A site that runs the open-source registry

async fn hosted_registry(world: &World, site: &Site, request: Request<Body>) -> Response<Body> {
    let Some(route) = Route::parse(request.uri().path()) else {
        // The real one answers `/` with nothing at all.
        let is_root = request.uri().path() == "/";
        return if is_root {
            Response::new(Body::empty())
        } else {
            pages::status(StatusCode::NOT_FOUND)
        };
    };
    distribution::serve(&hosted_store(world, site), &route, &|_| true, request).await
}

/// The content of the registry that a site runs.
pub(crate) fn hosted_store(world: &World, site: &Site) -> OciStore {
    OciStore::at(
        container::folder(world, site).join("registry"),
        world.origin(),
    )
}

/// Whether the image a site names is a registry. An image that itself comes from a site's registry is
/// not looked into, so two sites cannot wait for each other.
pub(crate) fn runs_registry(world: &World, site: &Site) -> bool {
    let reference = site
        .image()
        .ok()
        .and_then(|image| ImageReference::parse(image).ok());
    let is_plain =
        reference.is_some_and(|reference| Site::by_host(world, &reference.host).is_none());
    is_plain
        && pull(world, site)
            .image
            .is_ok_and(|found| server_of(&found.image.config) == Server::Registry)
}

#[cfg(test)]
#[path = "front_tests.rs"]
mod tests;
