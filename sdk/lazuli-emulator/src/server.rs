//! The listener: TLS and plain HTTP on one port, and who answers which host and path.
//!
//! The first byte of a connection distinguishes TLS from plain HTTP. Plain HTTP is for proxies: CONNECT opens a
//! tunnel to a registry or web app of this world, and a request that names a web app in full is passed
//! on to it. The answer to everything else there says to use https. Behind
//! TLS the host decides: a registry, a web app, or the control plane.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use axum::body::Body as HttpBody;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming as Received;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::cloud::Cloud;
use crate::data::{blob, registry};
use crate::exchange::{Outcome, exchange};
use crate::hosts::{self, Service};
use crate::page;
use crate::proxy;
use crate::request_log::RequestLog;
use crate::tls::Authority;
use crate::vault;
use crate::web::front::{self, Address};
use crate::wire::response::{ConnectionDropped, http_response, truncated};
use crate::wire::{Answer, Incoming, errors};
use crate::world::World;

/// ARM refuses larger requests too (4 MB in its documentation).
const MAX_REQUEST_BYTES: usize = 4 << 20;
/// The first byte of a TLS connection: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// What every connection needs. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) cloud: Cloud,
    pub(crate) authority: Arc<Authority>,
    pub(crate) tls: Arc<ServerConfig>,
    pub(crate) log: Option<Arc<RequestLog>>,
}

/// Accepts connections until `stop` changes, then drops those that are open.
pub(crate) async fn run(listener: TcpListener, state: State, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(connection(state.clone(), stream)); }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    connections.shutdown().await;
}

async fn connection(state: State, stream: TcpStream) {
    if let Err(error) = serve(state, stream).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn serve(
    state: State,
    stream: TcpStream,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let _ = stream.set_nodelay(true);
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Ok(());
    }
    if first[0] != TLS_HANDSHAKE {
        return serve_plain(state, stream).await;
    }
    let stream = TlsAcceptor::from(Arc::clone(&state.tls))
        .accept(stream)
        .await?;
    serve_http(state, stream).await
}

async fn serve_http<S>(
    state: State,
    stream: S,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Received>| {
        let state = state.clone();
        async move {
            let response = respond(&state, request.map(HttpBody::new)).await;
            response.map(|response| dated(&state.cloud.world, response))
        }
    });
    auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await
}

/// The `Date` of this emulator; the server beneath would put the machine's.
fn dated(world: &World, mut response: Response<HttpBody>) -> Response<HttpBody> {
    let now = world.now().strftime("%a, %d %b %Y %H:%M:%S GMT");
    if let Ok(now) = HeaderValue::from_str(&now.to_string()) {
        response.headers_mut().entry(header::DATE).or_insert(now);
    }
    response
}

async fn serve_plain(
    state: State,
    stream: TcpStream,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let service = service_fn(move |request: Request<Received>| {
        let state = state.clone();
        async move {
            let response = plain(&state, request.map(HttpBody::new)).await;
            Ok::<_, Infallible>(dated(&state.cloud.world, response))
        }
    });
    auto::Builder::new(TokioExecutor::new())
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .await
}

async fn plain(state: &State, request: Request<HttpBody>) -> Response<HttpBody> {
    if request.method() == Method::CONNECT {
        let tls_for = |host: &str| {
            state
                .authority
                .server_config_for(host)
                .map_err(|error| error.to_string())
        };
        return proxy::connect(&state.cloud, tls_for, request).await;
    }
    if page::is_asked_for(&request) {
        state.cloud.catch_up();
        return page::respond(&state.cloud, request, None).await;
    }
    let asked = request.uri().host().map(str::to_lowercase);
    if let Some(host) = asked.filter(|host| front::is_site_host(&state.cloud.world, host)) {
        state.cloud.catch_up();
        let is_secure = false;
        return front::respond(&state.cloud.world, &Address { host, is_secure }, request).await;
    }
    let base = state.cloud.world.settings().base();
    http_response(Answer::error(
        400,
        "HttpsRequired",
        format!("This port speaks HTTPS: use https, for example {base}."),
    ))
}

/// The host a request is for, without port, in lower case.
fn host_of(request: &Request<HttpBody>) -> (String, String) {
    let header = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str())
        .or(header)
        .unwrap_or_default()
        .to_lowercase();
    let host = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
        _ => authority.clone(),
    };
    (host.trim_matches(['[', ']']).to_owned(), authority)
}

/// Answers a request that came over TLS.
async fn respond(
    state: &State,
    request: Request<HttpBody>,
) -> Result<Response<HttpBody>, ConnectionDropped> {
    let (host, authority) = host_of(&request);
    let world = &state.cloud.world;
    if is_own(world, &host) {
        if page::is_asked_for(&request) {
            state.cloud.catch_up();
            return Ok(page::respond(&state.cloud, request, None).await);
        }
        if blob::is_blob_path(request.uri().path()) {
            return Ok(blob::handle(world, request).await);
        }
        return control_plane(state, authority, request).await;
    }
    state.cloud.catch_up();
    match service(world, &host, request.uri().path()) {
        Some(service) => hosts::answer(&state.cloud, service, host, request).await,
        None => control_plane(state, authority, request).await,
    }
}

/// Who answers under a name that is not the control plane's.
fn service(world: &World, host: &str, path: &str) -> Option<Service> {
    let is_registry = || registry::by_host(world, host).is_some() || host.ends_with(".azurecr.io");
    if is_registry() {
        Some(Service::Registry)
    } else if front::is_site_host(world, host) {
        Some(Service::Site)
    } else if host.ends_with(".core.windows.net") {
        Some(Service::Account)
    } else if vault::is_vault_host(host) {
        Some(Service::Vault)
    } else if blob::is_blob_path(path) {
        Some(Service::Blobs)
    } else {
        None
    }
}

/// Names of this machine, which belong to no registry and no site; the common case needs no search.
fn is_own(world: &World, host: &str) -> bool {
    let named = world.settings().base_url.host_str().unwrap_or_default();
    host.is_empty() || host == named || ["localhost", "127.0.0.1", "::1"].contains(&host)
}

async fn control_plane(
    state: &State,
    authority: String,
    request: Request<HttpBody>,
) -> Result<Response<HttpBody>, ConnectionDropped> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!(
                "The request content size exceeds the maximum of {MAX_REQUEST_BYTES} bytes."
            );
            let refusal = Answer::error(413, "RequestContentTooLarge", message);
            return Ok(http_response(refusal));
        }
        Err(error) => {
            return Ok(http_response(errors::invalid_content(format!(
                "The request content could not be read: {error}."
            ))));
        }
    };
    let base = if authority.is_empty() {
        state.cloud.world.settings().base().to_owned()
    } else {
        format!("https://{authority}")
    };
    let incoming = Incoming {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
        base,
    };
    match exchange(&state.cloud, state.log.as_deref(), incoming).await {
        Outcome::Answered(answer) => Ok(http_response(answer)),
        Outcome::Truncated(answer) => Ok(truncated(http_response(answer)).await),
        Outcome::Dropped => Err(ConnectionDropped),
    }
}

/// Binds the port, so that its number is known before the world is opened.
pub(crate) async fn bind(listen: std::net::SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(listen).await
}
