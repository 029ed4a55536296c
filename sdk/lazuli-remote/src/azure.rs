//! Azure Blob Storage: which endpoint, and as whom.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lazuli_arm::{Cloud, Credential, SecretString, Transport, TransportOptions};
use object_store::azure::{AzureCredential, MicrosoftAzureBuilder};
use object_store::{
    BackoffConfig, Certificate, ClientOptions, CredentialProvider, Error, ObjectStore, RetryConfig,
};

use crate::{Access, Address, RemoteError};

/// What tokens for storage are for.
const SCOPE: &str = "https://storage.azure.com/.default";

pub(crate) fn open(
    address: &Address,
    access: &Access,
) -> Result<Arc<dyn ObjectStore>, RemoteError> {
    let Address::Azure {
        account, container, ..
    } = address
    else {
        return Err(RemoteError::new(
            format!("{address} is not in Azure"),
            "write azblob://ACCOUNT/CONTAINER/PREFIX",
        ));
    };
    let unusable = |reason: String| {
        let help = "check the address, and the variables AZURE_STORAGE_...";
        RemoteError::new(format!("{address} cannot be used: {reason}"), help)
    };
    // Also sets TLS up for the client that `object_store` makes.
    let transport = transport(access)?;
    let name = account.split('.').next().unwrap_or_default();
    let mut options = client_options();
    if let Some(pem) = &access.ca_bundle {
        let certificates = Certificate::from_pem_bundle(pem);
        for certificate in certificates.map_err(|error| unusable(error.to_string()))? {
            options = options.with_root_certificate(certificate);
        }
    }
    let mut builder = MicrosoftAzureBuilder::new()
        .with_account(name)
        .with_container_name(container)
        .with_retry(retry());
    let mut clear = false;
    match access.variable(&["AZURE_STORAGE_ENDPOINT"]) {
        Some(endpoint) => {
            clear = is_clear(endpoint).map_err(unusable)?;
            builder = builder.with_endpoint(endpoint.trim_end_matches('/').to_owned());
        }
        None if account.contains('.') => {
            builder = builder.with_endpoint(format!("https://{account}"));
        }
        None => {}
    }
    builder = builder.with_client_options(options.with_allow_http(clear));
    let key = access.variable(&["AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_KEY"]);
    let sas = access.variable(&["AZURE_STORAGE_SAS_TOKEN"]);
    builder = match (sas, key) {
        (Some(sas), _) => {
            let pairs = url::form_urlencoded::parse(sas.trim_start_matches('?').as_bytes());
            builder.with_sas_authorization(pairs.into_owned().collect::<Vec<_>>())
        }
        (None, Some(key)) => builder.with_access_key(key),
        (None, None) if clear => {
            return Err(unusable(
                "a token does not travel without TLS: set AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN"
                    .to_owned(),
            ));
        }
        (None, None) => {
            let credential = credential(account, access, &transport)?;
            builder.with_credentials(Arc::new(Tokens(credential)))
        }
    };
    let store = builder
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    Ok(Arc::new(store))
}

/// Whether an endpoint is without TLS, which is for emulators on this machine only.
fn is_clear(endpoint: &str) -> Result<bool, String> {
    let url = url::Url::parse(endpoint);
    let url = url.map_err(|cause| format!("AZURE_STORAGE_ENDPOINT is not an address: {cause}"))?;
    let is_here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match url.scheme() {
        "https" => Ok(false),
        "http" if is_here => Ok(true),
        _ => Err("AZURE_STORAGE_ENDPOINT must be https, unless it is on this machine".to_owned()),
    }
}

pub(crate) fn transport(access: &Access) -> Result<Transport, RemoteError> {
    let mut options = TransportOptions::default();
    options.ca_bundle.clone_from(&access.ca_bundle);
    Transport::new(options)
        .map_err(|error| RemoteError::new(error.to_string(), "give a PEM file with --ca-bundle"))
}

/// The credential of the cloud that a host is in.
pub(crate) fn credential(
    host: &str,
    access: &Access,
    transport: &Transport,
) -> Result<Credential, RemoteError> {
    let cloud = match host {
        host if host.ends_with(".usgovcloudapi.net") => Cloud::us_government(),
        host if host.ends_with(".chinacloudapi.cn") || host.ends_with(".azure.cn") => {
            Cloud::china()
        }
        _ => Cloud::public(),
    };
    Credential::from_environment(&cloud, transport, &access.azure).map_err(|error| {
        RemoteError::new(
            format!("the state cannot be reached: {error}"),
            "sign in with `az login`, or set the variables of a service principal",
        )
    })
}

fn client_options() -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(Duration::from_secs(10))
        .with_timeout(Duration::from_secs(30))
}

/// Shorter than a lock lasts: who waits longer has to ask whether it is still theirs.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(5),
            base: 2.0,
        },
        max_retries: 4,
        retry_timeout: Duration::from_secs(40),
    }
}

/// Tokens of `lazuli-arm` for `object_store`.
struct Tokens(Credential);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl CredentialProvider for Tokens {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        match self.0.token(SCOPE).await {
            Ok(token) => Ok(Arc::new(AzureCredential::BearerToken(expose(&token)))),
            Err(error) => Err(Error::Generic {
                store: "sign-in",
                source: Box::new(error),
            }),
        }
    }
}

pub(crate) fn expose(secret: &SecretString) -> String {
    use lazuli_arm::ExposeSecret as _;
    secret.expose_secret().to_owned()
}
