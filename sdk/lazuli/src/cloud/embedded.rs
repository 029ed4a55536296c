//! The embedded Azure as a target: started in this process, signed into over
//! HTTPS exactly like Azure, stopped when the command ends.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use lazuli_arm::{CloudSource, ConnectOptions, CredentialSource, SecretString};
use lazuli_cli::{CliError, ConnectRequest, Connection, OpenWorld, Page, WorldRequest};
use lazuli_emulator::{Emulator, EmulatorError, Options};

const NOT_DEPLOYED: &str = "run `up` first: the world is made by the first deployment";
const USUAL_WEB_PORT: u16 = 8080;

async fn start(data_dir: &Path) -> Result<Emulator, CliError> {
    let options = Options {
        data_dir: Some(data_dir.to_owned()),
        ..Options::default()
    };
    Emulator::start(options)
        .await
        .map_err(|error: EmulatorError| {
            CliError::failed(format!("the embedded Azure cannot be started: {error}"))
                .help("if another command of this program is running, wait for it or end it")
        })
}

/// The world of an earlier deployment.
async fn existing(request: &WorldRequest) -> Result<Emulator, CliError> {
    if !request.data_dir.exists() {
        return Err(CliError::failed("there is no world yet").help(NOT_DEPLOYED));
    }
    start(&request.data_dir).await
}

pub(super) async fn connect(request: &ConnectRequest) -> Result<Connection, CliError> {
    let emulator = start(&request.data_dir).await?;
    let endpoint = CloudSource::Endpoint(emulator.endpoint());
    let pem = emulator.ca_pem().as_bytes().to_vec();
    let options = ConnectOptions::new(endpoint)
        .without_least_delay()
        .ca_bundle(pem.clone())
        .subscription(emulator.subscription())
        .credential(CredentialSource::ClientSecret {
            tenant: emulator.tenant().to_owned(),
            client: emulator.client().to_owned(),
            secret: SecretString::from(emulator.secret().to_owned()),
        });
    let trust = super::Trust {
        pem: Some(pem),
        proxy: Some(proxy(&emulator)),
    };
    let connection = super::connection(options, trust, request, "the embedded Azure").await?;
    Ok(Connection {
        hints: vec![
            "look at the page: {run} emulator get {output:url}".to_owned(),
            "or in a browser: {run} emulator open".to_owned(),
        ],
        keep: Box::new(emulator),
        ..connection
    })
}

/// Names of registries lead into the embedded Azure through its own proxy.
pub(crate) fn proxy(emulator: &Emulator) -> String {
    let endpoint = emulator.endpoint();
    let port = endpoint.port_or_known_default().unwrap_or_default();
    format!(
        "http://{}:{port}",
        endpoint.host_str().unwrap_or("127.0.0.1")
    )
}

pub(super) async fn page(request: &WorldRequest, url: &str) -> Result<Page, CliError> {
    let emulator = existing(request).await?;
    let page = emulator.browse(url).await;
    emulator.stop().await;
    Ok(Page {
        status: page.status,
        headers: page.headers,
        body: page.body,
    })
}

pub(super) async fn open(
    request: &WorldRequest,
    listen: Option<SocketAddr>,
) -> Result<OpenWorld, CliError> {
    let emulator = existing(request).await?;
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, USUAL_WEB_PORT));
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let served = match listen {
        Some(address) => emulator.serve_web(address).await,
        // The usual port may be taken by something else; any other will do.
        None => match emulator.serve_web(usual).await {
            Err(_) => emulator.serve_web(any).await,
            served => served,
        },
    };
    let front = served.map_err(|error| {
        CliError::failed(format!("the web front cannot listen: {error}"))
            .help("choose another address with --listen 127.0.0.1:PORT")
    })?;
    let lines = vec![
        format!("web apps:         http://{}/", front.address()),
        format!("resource manager: {}", emulator.endpoint()),
    ];
    Ok(OpenWorld {
        lines,
        keep: Box::new((front, emulator)),
    })
}

pub(super) async fn log(request: &WorldRequest, site: &str) -> Result<Vec<String>, CliError> {
    let emulator = existing(request).await?;
    let known = emulator.resources().iter().any(|id| {
        let id = id.to_ascii_lowercase();
        id.ends_with(&format!(
            "/microsoft.web/sites/{}",
            site.to_ascii_lowercase()
        ))
    });
    let log = emulator.container_log(site);
    emulator.stop().await;
    if known {
        Ok(log)
    } else {
        Err(CliError::failed(format!(
            "there is no web app {site:?} in the world"
        )))
    }
}
