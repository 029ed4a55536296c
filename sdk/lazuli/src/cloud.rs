//! The wiring between the tool and clouds: which endpoint, which credential,
//! which facts the program may know early.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use lazuli_arm::{ArmClient, ArmError, CloudSource, ConnectOptions, Env};
use lazuli_azure::provider::{AzureProvider, AzureSchema};
use lazuli_cli::{
    CliError, Cloud, ConnectRequest, Connection, OfflineTarget, OpenWorld, Page, Platform,
    ServiceRequest, WorldRequest,
};
use lazuli_core::scrub::Secrets;
use lazuli_core::{Provider, Schema};
use lazuli_engine::{KeyProvider, Objects};

#[cfg(feature = "emulator")]
mod embedded;

#[cfg(feature = "emulator")]
pub(crate) use embedded::proxy;

/// Azure, any endpoint that speaks ARM, and the embedded Azure.
pub(crate) struct Clouds;

#[async_trait]
impl Platform for Clouds {
    async fn connect(&self, request: &ConnectRequest) -> Result<Connection, CliError> {
        match &request.cloud {
            Cloud::Emulator => embedded::connect(request).await,
            Cloud::Azure => {
                let (options, pem) =
                    options(CloudSource::Known(lazuli_arm::Cloud::public()), request)?;
                connection(options, Trust::of(pem), request, "Azure").await
            }
            Cloud::Endpoint(address) => {
                let endpoint = lazuli_arm::Url::parse(address).map_err(|error| {
                    CliError::usage(format!("{address:?} is not an address: {error}"))
                })?;
                let (options, pem) = options(CloudSource::Endpoint(endpoint), request)?;
                connection(options, Trust::of(pem), request, address).await
            }
        }
    }

    async fn survey(&self, request: &ConnectRequest) -> Result<OfflineTarget, CliError> {
        match &request.cloud {
            // Only the endpoint itself says how names of its cloud end.
            Cloud::Endpoint(_) => Ok(self.connect(request).await?.offline()),
            Cloud::Emulator => Ok(offline(request, "the embedded Azure")),
            Cloud::Azure => Ok(offline(request, "Azure")),
        }
    }

    fn objects(&self, url: &str, request: &ServiceRequest) -> Result<Arc<dyn Objects>, CliError> {
        let address = lazuli_remote::Address::parse(url).map_err(|error| unusable(&error))?;
        lazuli_remote::open(&address, &access(request)?).map_err(|error| unusable(&error))
    }

    fn key_vault(
        &self,
        key: Option<&str>,
        request: &ServiceRequest,
    ) -> Result<Option<Arc<dyn KeyProvider>>, CliError> {
        let vault = lazuli_remote::key_vault(key, &access(request)?);
        match (vault, key) {
            (Ok(vault), _) => Ok(Some(vault)),
            (Err(error), Some(_)) => Err(unusable(&error)),
            // Built without the way to vaults: nothing of theirs is opened.
            (Err(_), None) => Ok(None),
        }
    }

    async fn page(&self, request: &WorldRequest, url: &str) -> Result<Page, CliError> {
        embedded::page(request, url).await
    }

    async fn open(
        &self,
        request: &WorldRequest,
        listen: Option<SocketAddr>,
    ) -> Result<OpenWorld, CliError> {
        embedded::open(request, listen).await
    }

    async fn log(&self, request: &WorldRequest, site: &str) -> Result<Vec<String>, CliError> {
        embedded::log(request, site).await
    }
}

/// How to connect, and the authorities to trust beside the system's.
fn options(
    source: CloudSource,
    request: &ConnectRequest,
) -> Result<(ConnectOptions, Option<Vec<u8>>), CliError> {
    let mut options = ConnectOptions::new(source).env(environment(&request.env));
    let pem = read_bundle(request.ca_bundle.as_ref())?;
    if let Some(pem) = &pem {
        options = options.ca_bundle(pem.clone());
    }
    let subscription = request.subscription.clone();
    let subscription = subscription.or_else(|| request.env.get("AZURE_SUBSCRIPTION_ID").cloned());
    if let Some(subscription) = subscription {
        options = options.subscription(subscription);
    }
    Ok((options, pem))
}

/// What of the process a storage service or a vault may be reached with.
fn access(request: &ServiceRequest) -> Result<lazuli_remote::Access, CliError> {
    Ok(lazuli_remote::Access {
        azure: environment(&request.env),
        variables: request.env.clone(),
        ca_bundle: read_bundle(request.ca_bundle.as_ref())?,
    })
}

fn read_bundle(file: Option<&PathBuf>) -> Result<Option<Vec<u8>>, CliError> {
    let read = file.map(|file| {
        std::fs::read(file)
            .map_err(|error| CliError::usage(format!("{} cannot be read: {error}", file.display())))
    });
    read.transpose()
}

fn unusable(error: &lazuli_remote::RemoteError) -> CliError {
    CliError::usage(error.message.clone()).help(error.help.clone())
}

/// The command line's own environment. Where that is the process's, the sources
/// that read the process themselves (managed identity, az, azd) may be tried.
fn environment(own: &BTreeMap<String, String>) -> Env {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let process: BTreeMap<String, String> = std::env::vars_os().filter_map(text).collect();
    if process == *own {
        Env::process()
    } else {
        Env::from_iter(own.clone())
    }
}

/// What the provider trusts at addresses that are not the resource manager's.
struct Trust {
    /// Authorities of signed URLs and registries, beside the system's.
    pem: Option<Vec<u8>>,
    /// The proxy that knows the names of registries.
    proxy: Option<String>,
}

impl Trust {
    fn of(pem: Option<Vec<u8>>) -> Self {
        Self { pem, proxy: None }
    }
}

/// The subscription of ids that are only compared with each other.
const ANY_SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

/// Azure's schema and facts, without signing in.
fn offline(request: &ConnectRequest, label: &str) -> OfflineTarget {
    let subscription = request.subscription.clone();
    let subscription = subscription.or_else(|| request.env.get("AZURE_SUBSCRIPTION_ID").cloned());
    let cloud = lazuli_arm::Cloud::public();
    let schema: Arc<dyn Schema> = Arc::new(AzureSchema);
    OfflineTarget {
        schemas: [("azure".to_owned(), schema)].into(),
        target: facts(&cloud, subscription.as_deref().unwrap_or(ANY_SUBSCRIPTION)),
        label: label.to_owned(),
    }
}

/// Signs in and describes the target.
async fn connection(
    options: ConnectOptions,
    trust: Trust,
    request: &ConnectRequest,
    label: &str,
) -> Result<Connection, CliError> {
    let arm = ArmClient::connect(options)
        .await
        .map_err(|error| unreachable(&error, label, &secrets(&request.env)))?;
    let target = target(&arm);
    let mut provider = AzureProvider::new(arm, request.folder.clone());
    if let Some(pem) = trust.pem {
        provider = provider
            .blob_authority(&pem)
            .map_err(|error| CliError::usage(error.message))?;
    }
    if let Some(proxy) = trust.proxy {
        provider = provider
            .registry_proxy(&proxy)
            .map_err(|error| CliError::usage(error.message))?;
    }
    let provider: Arc<dyn Provider> = Arc::new(provider);
    Ok(Connection {
        providers: [("azure".to_owned(), provider)].into(),
        target,
        label: label.to_owned(),
        hints: Vec::new(),
        keep: Box::new(()),
    })
}

/// Variables whose values sign somebody in.
const SECRET_VARIABLES: [&str; 5] = [
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_PASSWORD",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "IDENTITY_HEADER",
];

fn secrets(env: &BTreeMap<String, String>) -> Secrets {
    SECRET_VARIABLES
        .iter()
        .filter_map(|name| env.get(*name))
        .collect()
}

fn unreachable(error: &ArmError, label: &str, secrets: &Secrets) -> CliError {
    // A sign-in that fails may repeat the secret that it received.
    let said = secrets.scrub(&error.to_string());
    let failure = CliError::cloud(format!("{label} cannot be used: {said}"));
    match error.hint() {
        Some(hint) => failure.help(hint.to_string()),
        None => failure,
    }
}

/// Facts that make ids and host names known before anything is deployed.
pub(crate) fn target(arm: &ArmClient) -> BTreeMap<String, String> {
    facts(arm.cloud(), arm.subscription())
}

fn facts(cloud: &lazuli_arm::Cloud, subscription: &str) -> BTreeMap<String, String> {
    let suffixes = &cloud.suffixes;
    [
        ("subscription", subscription),
        ("cloud", cloud.name.as_str()),
        ("suffix.acrLoginServer", suffixes.acr_login_server.as_str()),
        ("suffix.websites", suffixes.websites.as_str()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}

#[cfg(not(feature = "emulator"))]
mod embedded {
    //! Stands in where the embedded Azure was left out of the build.

    use super::*;

    fn left_out() -> CliError {
        CliError::usage("this program was built without the embedded Azure")
            .help("name a target with --cloud, or build with lazuli's feature `emulator`")
    }

    pub(super) async fn connect(_: &ConnectRequest) -> Result<Connection, CliError> {
        Err(left_out())
    }

    pub(super) async fn page(_: &WorldRequest, _: &str) -> Result<Page, CliError> {
        Err(left_out())
    }

    pub(super) async fn open(
        _: &WorldRequest,
        _: Option<SocketAddr>,
    ) -> Result<OpenWorld, CliError> {
        Err(left_out())
    }

    pub(super) async fn log(_: &WorldRequest, _: &str) -> Result<Vec<String>, CliError> {
        Err(left_out())
    }
}
