//! Starting and stopping an embedded Azure, and asking it what a person would see.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;
use uuid::Uuid;

use crate::arm;
use crate::arm::providers::Table;
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::conditions::{ConditionOptions, Conditions, Faults, Latency};
use crate::page;
use crate::request_log::RequestLog;
use crate::server::{self, State};
use crate::tls::{Authority, TlsError};
use crate::web::front;
use crate::world::{Settings, World};
use crate::world_file::WorldError;

/// How to start an [`Emulator`]. [`Options::default`] is an empty Azure in memory on a free port.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder that keeps the world between runs; `None` keeps it in memory.
    pub data_dir: Option<PathBuf>,
    /// Folder for `ca.pem`; an authority found there is used again.
    pub cert_dir: Option<PathBuf>,
    /// File for the request log, one JSON object a line, without secrets.
    pub request_log: Option<PathBuf>,
    /// Tenant id.
    pub tenant: String,
    /// Client id of the service principal that owns the subscription.
    pub client: String,
    /// Its secret.
    pub secret: String,
    /// Subscription id.
    pub subscription: String,
    /// The public address that callers appear to have, for firewalls.
    pub client_ip: IpAddr,
    /// Whether to listen on an address that other machines can reach.
    pub allow_remote: bool,
    /// How slow it is.
    pub latency: Latency,
    /// The machine's time, or a virtual one that passes when somebody waits.
    pub clock: Clock,
    /// Faults to inject.
    pub faults: Faults,
    /// What chance follows from: the same seed gives the same story, and the same ids, keys and secrets, which
    /// can then be computed. Wins over the fault file's. Without one they come from the operating system.
    pub seed: Option<u64>,
    /// Whether requests are refused when ARM's token buckets are empty.
    pub throttling: bool,
    /// Whether resource providers must be registered before they are used.
    pub require_registration: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data_dir: None,
            cert_dir: None,
            request_log: None,
            tenant: "11111111-1111-1111-1111-111111111111".into(),
            client: "33333333-3333-3333-3333-333333333333".into(),
            secret: "mock-secret".into(),
            subscription: "22222222-2222-2222-2222-222222222222".into(),
            client_ip: IpAddr::from([203, 0, 113, 7]),
            allow_remote: false,
            latency: Latency::None,
            clock: Clock::System,
            faults: Faults::default(),
            seed: None,
            throttling: false,
            require_registration: false,
        }
    }
}

/// Never shows the secret.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("listen", &self.listen)
            .field("data_dir", &self.data_dir)
            .field("cert_dir", &self.cert_dir)
            .field("tenant", &self.tenant)
            .field("client", &self.client)
            .field("subscription", &self.subscription)
            .finish_non_exhaustive()
    }
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// The port is taken, or the address is not this machine's.
    #[error("cannot listen on {listen}: {source}; choose another port, or 0 for a free one")]
    Listen {
        /// The address asked for.
        listen: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The address can be reached from other machines.
    #[error(
        "{listen} can be reached from other machines, and everybody who reaches the emulator owns what is in it; listen on 127.0.0.1, or pass --allow-remote"
    )]
    Remote {
        /// The address asked for.
        listen: SocketAddr,
    },
    /// A tenant, subscription or client id is not a GUID.
    #[error("the {what} '{value}' is not a GUID")]
    NotGuid {
        /// Which option.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// The request log cannot be opened.
    #[error("cannot write the request log {path}: {source}", path = path.display())]
    RequestLog {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The world cannot be opened.
    #[error(transparent)]
    World(#[from] WorldError),
    /// Certificates cannot be made or read.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A page as a browser on the internet gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Headers in the order sent, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Page {
    /// The body as text; invalid UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A listener that real browsers can use. It stops when this is dropped.
#[derive(Debug)]
pub struct WebFront(front::WebFront);

impl WebFront {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }
}

/// A running Azure. It stops when this is dropped; [`Emulator::stop`] also waits for it.
pub struct Emulator {
    cloud: Cloud,
    authority: Arc<Authority>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("endpoint", &self.endpoint().as_str())
            .finish_non_exhaustive()
    }
}

impl Emulator {
    /// Starts an Azure; it answers when this returns.
    ///
    /// # Errors
    /// When the address is taken or can be reached from outside, an id is not a GUID, or a folder cannot
    /// be used. See [`EmulatorError`].
    pub async fn start(options: Options) -> Result<Emulator, EmulatorError> {
        check(&options)?;
        let listen = options.listen;
        let listener = server::bind(listen)
            .await
            .map_err(|source| EmulatorError::Listen { listen, source })?;
        let address = listener
            .local_addr()
            .map_err(|source| EmulatorError::Listen { listen, source })?;
        let log = options.request_log.clone().map(|path| {
            RequestLog::open(&path)
                .map(Arc::new)
                .map_err(|source| EmulatorError::RequestLog { path, source })
        });
        let authority = Arc::new(Authority::open(options.cert_dir.as_deref())?);
        let settings = settings(&options, address);
        let conditions = Arc::new(Conditions::new(condition_options(&options)));
        let world = World::open(
            options.data_dir.as_deref(),
            settings,
            conditions.origin(),
            Table::new(Arc::clone(&conditions)),
        )?;
        arm::rbac::seed(&world);
        // Made before anybody asks, because requests that read run beside each other.
        let _ = arm::entra::key(&world);
        arm::lro::sweep(&world);
        let cloud = Cloud::new(world, conditions);
        let state = State {
            cloud: cloud.clone(),
            tls: authority.server_config()?,
            authority: Arc::clone(&authority),
            log: log.transpose()?,
        };
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(server::run(listener, state, stopped));
        Ok(Emulator {
            cloud,
            authority,
            stop,
            task,
        })
    }

    /// `https://127.0.0.1:PORT/`: the address of ARM and of Entra ID.
    pub fn endpoint(&self) -> Url {
        self.cloud.world.settings().base_url.clone()
    }

    /// The certificate authority that clients must trust, in PEM.
    pub fn ca_pem(&self) -> &str {
        self.authority.pem()
    }

    /// Tenant id.
    pub fn tenant(&self) -> &str {
        &self.cloud.world.settings().tenant
    }

    /// Client id of the service principal that owns the subscription.
    pub fn client(&self) -> &str {
        &self.cloud.world.settings().client
    }

    /// Its secret; a made-up one that opens nothing but this emulator.
    pub fn secret(&self) -> &str {
        &self.cloud.world.settings().secret
    }

    /// Subscription id.
    pub fn subscription(&self) -> &str {
        &self.cloud.world.settings().subscription
    }

    /// Stops listening and waits until open connections are closed.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let _ = (&mut self.task).await;
    }

    /// What a browser on the internet gets from an address such as `https://{site}.azurewebsites.net/`.
    pub async fn browse(&self, url: &str) -> Page {
        self.cloud.catch_up();
        let page = front::browse(&self.cloud.world, url).await;
        Page {
            status: page.status,
            headers: page.headers,
            body: page.body,
        }
    }

    /// Listens for real browsers, under `http://{site}.localhost:PORT/`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn serve_web(&self, listen: SocketAddr) -> io::Result<WebFront> {
        let cloud = self.cloud.clone();
        let page: front::OwnPage = Arc::new(move |request, port| {
            let cloud = cloud.clone();
            Box::pin(async move { page::respond(&cloud, request, Some(port)).await })
        });
        front::serve(self.cloud.world.clone(), listen, page)
            .await
            .map(WebFront)
    }

    /// The log of a site's container, by name, `site/slot` or ARM id; empty when there is no such site.
    pub fn container_log(&self, site: &str) -> Vec<String> {
        self.cloud.catch_up();
        front::log_of(&self.cloud.world, site)
    }

    /// Whether nothing has been deployed: no resource group and nothing in one.
    pub fn is_empty(&self) -> bool {
        self.resources().is_empty()
    }

    /// The ids of everything in resource groups, and of the groups, sorted. Role assignments on the
    /// subscription and other facts of the account are not among them.
    pub fn resources(&self) -> Vec<String> {
        let scope = format!("/subscriptions/{}/resourceGroups", self.subscription());
        self.cloud
            .world
            .under(&scope)
            .into_iter()
            .map(|resource| resource.id)
            .collect()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn check(options: &Options) -> Result<(), EmulatorError> {
    let listen = options.listen;
    if !listen.ip().is_loopback() && !options.allow_remote {
        return Err(EmulatorError::Remote { listen });
    }
    let ids = [
        ("tenant", &options.tenant),
        ("client id", &options.client),
        ("subscription", &options.subscription),
    ];
    match ids
        .into_iter()
        .find(|(_, value)| Uuid::parse_str(value).is_err())
    {
        None => Ok(()),
        Some((what, value)) => Err(EmulatorError::NotGuid {
            what,
            value: value.clone(),
        }),
    }
}

fn condition_options(options: &Options) -> ConditionOptions {
    ConditionOptions {
        clock: options.clock.clone(),
        latency: options.latency,
        faults: options.faults.clone(),
        seed: options.seed,
        throttles: options.throttling,
        requires_registration: options.require_registration,
    }
}

fn settings(options: &Options, address: SocketAddr) -> Settings {
    let mut base_url = Url::parse("https://127.0.0.1/")
        .unwrap_or_else(|_| unreachable!("a literal address parses"));
    let reachable = if address.ip().is_unspecified() {
        IpAddr::from(Ipv4Addr::LOCALHOST)
    } else {
        address.ip()
    };
    // Both setters only refuse addresses without a host.
    let _ = base_url.set_ip_host(reachable);
    let _ = base_url.set_port(Some(address.port()));
    let object = Uuid::new_v5(
        &Uuid::NAMESPACE_OID,
        format!("{}/{}", options.tenant, options.client)
            .to_lowercase()
            .as_bytes(),
    );
    Settings {
        tenant: options.tenant.clone(),
        subscription: options.subscription.clone(),
        client: options.client.clone(),
        secret: options.secret.clone(),
        principal: object.to_string(),
        base_url,
        client_ip: options.client_ip,
    }
}
