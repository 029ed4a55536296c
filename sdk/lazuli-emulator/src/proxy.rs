//! A CONNECT proxy, so that real clients use real host names: `HTTPS_PROXY=http://127.0.0.1:PORT`.
//!
//! The server calls `connect` for every CONNECT request on its plain port. Inside the tunnel the client
//! meets TLS for the name it asked for, and behind it a registry or a web app of this world.

use std::sync::Arc;

use axum::body::Body;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::cloud::Cloud;
use crate::data::{blob, registry};
use crate::hosts::{self, Service};
use crate::vault;
use crate::web::front;
use crate::world::World;

/// Opens a tunnel to a host of this world. `tls_for` gives the server configuration for a host name, or
/// says why there is none.
pub(crate) async fn connect(
    cloud: &Cloud,
    tls_for: impl FnOnce(&str) -> Result<Arc<ServerConfig>, String>,
    request: Request<Body>,
) -> Response<Body> {
    let (host, behind) = match target(&cloud.world, &request) {
        Ok(target) => target,
        Err(reason) => return refused(reason),
    };
    let tls = match tls_for(&host) {
        Ok(tls) => tls,
        Err(reason) => return refused(format!("no certificate for {host}: {reason}")),
    };
    let cloud = cloud.clone();
    tokio::spawn(async move {
        if let Err(error) = tunnel(cloud, host.clone(), behind, tls, request).await {
            tracing::debug!(host, %error, "a tunnel ended early");
        }
    });
    Response::new(Body::empty())
}

fn target(world: &World, request: &Request<Body>) -> Result<(String, Service), String> {
    let authority = request
        .uri()
        .authority()
        .ok_or("CONNECT must name host:port")?;
    let host = authority.host().to_lowercase();
    match authority.port_u16() {
        Some(443) => {}
        port => {
            return Err(format!(
                "{host} is served on port 443, not {}",
                port.map_or("(none)".to_owned(), |p| p.to_string())
            ));
        }
    }
    behind(world, &host).map(|behind| (host.clone(), behind))
}

/// Sites are reached also while they do not exist, to get the platform's own 404.
fn behind(world: &World, host: &str) -> Result<Service, String> {
    if registry::serves(world, host) {
        return Ok(Service::Registry);
    }
    if host == blob::STORAGE_HOST {
        return Ok(Service::Layers);
    }
    if front::is_site_host(world, host) {
        return Ok(Service::Site);
    }
    if vault::by_host(world, host).is_some() {
        return Ok(Service::Vault);
    }
    if host.ends_with(".azurecr.io") {
        return Err(format!("there is no registry {host}; create it first"));
    }
    Err(format!(
        "{host} is not part of the emulated Azure: only its registries, web apps and key vaults are reached through this proxy"
    ))
}

async fn tunnel(
    cloud: Cloud,
    host: String,
    behind: Service,
    tls: Arc<ServerConfig>,
    request: Request<Body>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let upgraded = hyper::upgrade::on(request).await?;
    let stream = TlsAcceptor::from(tls)
        .accept(TokioIo::new(upgraded))
        .await?;
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let (cloud, host) = (cloud.clone(), host.clone());
        async move { hosts::answer(&cloud, behind, host, request.map(Body::new)).await }
    });
    auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await
}

fn refused(reason: String) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{reason}\n")));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
