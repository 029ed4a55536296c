//! The listener: TLS and plain HTTP on one port, and who answers which host and path.
//!
//! The first byte of a connection tells TLS from plain HTTP. Plain HTTP is for CONNECT, which opens a
//! tunnel to a registry or web app of this world; everything else there is told to use https. Behind
//! TLS the host decides: a registry, a web app, or the control plane.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body as HttpBody;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
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

use crate::arm::{self, Answer, Body, Incoming};
use crate::data::{blob, registry};
use crate::proxy;
use crate::request_log::RequestLog;
use crate::tls::Authority;
use crate::vault;
use crate::web::front::{self, Address};
use crate::web::site::Site;
use crate::world::World;

/// ARM refuses larger requests too (4 MB in its documentation).
const MAX_REQUEST_BYTES: usize = 4 << 20;
/// The first byte of a TLS connection: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// What every connection needs. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) authority: Arc<Authority>,
    pub(crate) tls: Arc<ServerConfig>,
    pub(crate) log: Option<Arc<RequestLog>>,
    /// The control plane answers one request at a time, so that checks and writes belong together.
    pub(crate) turn: Arc<Mutex<()>>,
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
        async move { Ok::<_, Infallible>(respond(&state, request.map(HttpBody::new)).await) }
    });
    auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await
}

async fn serve_plain(
    state: State,
    stream: TcpStream,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let service = service_fn(move |request: Request<Received>| {
        let state = state.clone();
        async move { Ok::<_, Infallible>(plain(&state, request.map(HttpBody::new)).await) }
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
        return proxy::connect(&state.world, tls_for, request).await;
    }
    let base = state.world.settings().base();
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
pub(crate) async fn respond(state: &State, request: Request<HttpBody>) -> Response<HttpBody> {
    let (host, authority) = host_of(&request);
    let world = &state.world;
    if registry::by_host(world, &host).is_some() || host.ends_with(".azurecr.io") {
        return registry::handle(world, &host, world.settings().client_ip, request).await;
    }
    if host.ends_with(".core.windows.net") {
        let what = format!("The content of a storage account ({host})");
        return http_response(arm::errors::not_modelled(&what));
    }
    if vault::is_vault_host(&host) {
        return vault::handle(world, &host, request).await;
    }
    if host.ends_with(".azurewebsites.net") || Site::by_host(world, &host).is_some() {
        return front::respond(
            world,
            &Address {
                host,
                is_secure: true,
            },
            request,
        )
        .await;
    }
    if blob::is_blob_path(request.uri().path()) {
        return blob::handle(world, request).await;
    }
    control_plane(state, authority, request).await
}

async fn control_plane(
    state: &State,
    authority: String,
    request: Request<HttpBody>,
) -> Response<HttpBody> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!(
                "The request content size exceeds the maximum of {MAX_REQUEST_BYTES} bytes."
            );
            return http_response(Answer::error(413, "RequestContentTooLarge", message));
        }
        Err(error) => {
            return http_response(arm::errors::invalid_content(format!(
                "The request content could not be read: {error}."
            )));
        }
    };
    let base = if authority.is_empty() {
        state.world.settings().base().to_owned()
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
    let state = state.clone();
    let answered = tokio::task::spawn_blocking(move || {
        let answer = {
            let _turn = state.turn.lock().unwrap_or_else(PoisonError::into_inner);
            arm::answer(&state.world, &incoming)
        };
        if let Some(log) = &state.log {
            log.write(&incoming, &answer);
        }
        answer
    });
    let answer = answered.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a handler failed");
        Answer::error(
            500,
            "InternalServerError",
            "The emulator failed on this request; its log says why.",
        )
    });
    http_response(answer)
}

/// An answer as HTTP; also for the data planes that make [`Answer`]s.
pub(crate) fn http_response(answer: Answer) -> Response<HttpBody> {
    let (content_type, body) = match answer.body {
        Body::Empty => (None, HttpBody::empty()),
        Body::Json(value) => (
            Some("application/json; charset=utf-8"),
            HttpBody::from(value.to_string()),
        ),
        Body::Text { content_type, text } => (Some(content_type), HttpBody::from(text)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    if let Some(content_type) = content_type.filter(|_| answer.status != StatusCode::NO_CONTENT) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in answer.headers {
        // Values come from requests too; what cannot stand in a header is left out.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

/// Binds the port, so that its number is known before the world is opened.
pub(crate) async fn bind(listen: std::net::SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(listen).await
}
