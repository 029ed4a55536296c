//! Setting up a client: which cloud, as whom, in which subscription.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::client::{ArmClient, Shared};
use crate::cloud::Cloud;
use crate::credential::Credential;
use crate::env::Env;
use crate::error::{ArmError, ArmErrorKind, Result};
use crate::ids::ResourceId;
use crate::poller::PollPolicy;
use crate::recent::RecentWrites;
use crate::registration::Registrations;
use crate::retry::{Budget, Jitter, RetryPolicy};
use crate::throttle::Throttle;
use crate::transport::{Transport, TransportOptions};
use crate::wire::Wire;

/// Attempts for an endpoint's metadata.
const FIRST_ATTEMPTS: u32 = 4;
const SUBSCRIPTIONS_API: &str = "2022-12-01";

/// Which cloud to connect to.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one per run")]
#[non_exhaustive]
pub enum CloudSource {
    /// One whose endpoints are known.
    Known(Cloud),
    /// Whatever serves `/metadata/endpoints` there. Its login endpoint must be the same host, one of Microsoft's, or
    /// the one that `AZURE_AUTHORITY_HOST` names.
    Endpoint(Url),
}

/// Where the credential comes from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CredentialSource {
    /// The chain of [`Credential::from_environment`].
    Environment,
    /// An application's secret.
    ClientSecret {
        /// The tenant's id or domain.
        tenant: String,
        /// The application's id.
        client: String,
        /// The secret's value.
        secret: SecretString,
    },
    /// A credential made by the caller.
    Given(Credential),
}

/// How to connect. [`ConnectOptions::new`] fills in the defaults.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// Which cloud.
    pub cloud: CloudSource,
    /// As whom.
    pub credential: CredentialSource,
    /// In which subscription; else `AZURE_SUBSCRIPTION_ID`, else the only one there is.
    pub subscription: Option<String>,
    /// The environment variables that may be consulted.
    pub env: Env,
    /// How to reach the cloud. With an endpoint of its own and a CA bundle, only that bundle is trusted.
    pub transport: TransportOptions,
    /// How patient to be with failures.
    pub retry: RetryPolicy,
    /// How to poll long-running operations.
    pub poll: PollPolicy,
    /// Seeds the jitter of delays, so that a run can be repeated.
    pub seed: u64,
    /// The id that marks all requests of this run in the activity log.
    pub correlation_id: Uuid,
}

impl ConnectOptions {
    /// The defaults for a cloud, with an empty environment.
    #[must_use]
    pub fn new(cloud: CloudSource) -> Self {
        let correlation_id = Uuid::new_v4();
        Self {
            cloud,
            credential: CredentialSource::Environment,
            subscription: None,
            env: Env::empty(),
            transport: TransportOptions::default(),
            retry: RetryPolicy::default(),
            poll: PollPolicy::default(),
            seed: correlation_id.as_u64_pair().0,
            correlation_id,
        }
    }

    /// Lets the client consult these variables.
    #[must_use]
    pub fn env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// Sets the credential.
    #[must_use]
    pub fn credential(mut self, credential: CredentialSource) -> Self {
        self.credential = credential;
        self
    }

    /// Sets the subscription.
    #[must_use]
    pub fn subscription(mut self, subscription: impl Into<String>) -> Self {
        self.subscription = Some(subscription.into());
        self
    }

    /// Trusts these certificates (PEM).
    #[must_use]
    pub fn ca_bundle(mut self, pem: Vec<u8>) -> Self {
        self.transport.ca_bundle = Some(pem);
        self
    }

    /// Takes an endpoint that asks for no wait at its word, however often it does: for one in this process, whose time
    /// may pass by being asked.
    #[must_use]
    pub fn without_least_delay(mut self) -> Self {
        self.retry.min_retry_after = Duration::ZERO;
        self.poll.min_retry_after = Duration::ZERO;
        self
    }

    /// Sets how failures are retried and operations polled.
    #[must_use]
    pub fn patience(mut self, retry: RetryPolicy, poll: PollPolicy) -> Self {
        (self.retry, self.poll) = (retry, poll);
        self
    }
}

impl ArmClient {
    /// Connects: finds the cloud's endpoints, the credential and the subscription. Asks the network only for what the
    /// options leave open.
    ///
    /// # Errors
    /// When the endpoint describes no cloud, no credential is found, or the subscription is not clear; in the last
    /// case the message lists the candidates.
    pub async fn connect(options: ConnectOptions) -> Result<Self> {
        let transport = Transport::new(transport_options(&options))?;
        let jitter = Jitter::seeded(options.seed);
        let cloud = match options.cloud {
            CloudSource::Known(cloud) => cloud,
            CloudSource::Endpoint(endpoint) => {
                let budget = Budget::new(first_requests(&options.retry), jitter.clone());
                let login = login_of(options.env.get("AZURE_AUTHORITY_HOST"));
                Cloud::ask(&endpoint, &transport, budget, login.as_ref()).await?
            }
        };
        let credential = match options.credential {
            CredentialSource::Given(credential) => credential,
            CredentialSource::Environment => {
                Credential::from_environment(&cloud, &transport, &options.env)?
            }
            CredentialSource::ClientSecret {
                tenant,
                client,
                secret,
            } => Credential::client_secret(&tenant, &client, &secret, &cloud, &transport)?,
        };
        check_confidential(&cloud, &credential)?;
        let wire = Wire {
            transport,
            credential,
            scope: cloud.scope(),
            correlation_id: options.correlation_id,
            throttle: Arc::new(Throttle::default()),
        };
        let asked = options
            .subscription
            .or_else(|| options.env.get("AZURE_SUBSCRIPTION_ID").map(str::to_owned));
        let shared = |wire, subscription| Shared {
            cloud: cloud.clone(),
            subscription,
            wire,
            jitter: jitter.clone(),
            recent: RecentWrites::default(),
            registrations: Registrations::default(),
        };
        match asked {
            Some(subscription) => {
                ResourceId::for_subscription(&subscription)?;
                Ok(Self::new(
                    shared(wire, subscription),
                    options.retry,
                    options.poll,
                ))
            }
            None => {
                let open = Self::new(shared(wire, String::new()), options.retry, options.poll);
                let subscription = open.only_subscription().await?;
                open.in_subscription(subscription)
            }
        }
    }

    async fn only_subscription(&self) -> Result<String> {
        let found = self.list("/subscriptions", SUBSCRIPTIONS_API).await?;
        let text = |entry: &Value, key: &str| {
            entry
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let usable =
            |entry: &&Value| !["Disabled", "Deleted"].contains(&text(entry, "state").as_str());
        let usable: Vec<&Value> = found.iter().filter(usable).collect();
        let unclear = |message: String| Err(ArmError::new(ArmErrorKind::InvalidInput, message));
        match usable.as_slice() {
            [only] => Ok(text(only, "subscriptionId")),
            [] => unclear("the identity sees no usable subscription: give it a role on one, or set AZURE_SUBSCRIPTION_ID".to_owned()),
            several => {
                let line = |entry: &&Value| format!("\n  - {} ({})", text(entry, "subscriptionId"), text(entry, "displayName"));
                let lines: String = several.iter().map(line).collect();
                unclear(format!("the identity sees several subscriptions: set AZURE_SUBSCRIPTION_ID to one of{lines}"))
            }
        }
    }
}

/// Before anything is known of an endpoint, its address may simply be wrong: fewer attempts show as much.
fn first_requests(policy: &RetryPolicy) -> RetryPolicy {
    RetryPolicy {
        transient_attempts: policy.transient_attempts.min(FIRST_ATTEMPTS),
        ..policy.clone()
    }
}

/// The login endpoint that the user names, as other tools of Azure read it: a URL, or only the host.
fn login_of(text: Option<&str>) -> Option<Url> {
    let text = text?;
    Url::parse(text)
        .or_else(|_| Url::parse(&format!("https://{text}")))
        .ok()
}

/// An endpoint of one's own is trusted by its bundle alone; Microsoft's clouds keep the system's roots beside it.
fn transport_options(options: &ConnectOptions) -> TransportOptions {
    let mut transport = options.transport.clone();
    let (well_known, endpoint) = match &options.cloud {
        CloudSource::Known(cloud) => (cloud.is_well_known(), &cloud.resource_manager),
        CloudSource::Endpoint(endpoint) => (false, endpoint),
    };
    transport.system_roots = transport.system_roots && well_known;
    transport.system_proxy = transport.system_proxy && !is_loopback(endpoint);
    transport
}

/// Tokens travel over TLS only; the exception is a token made for a test, to this very machine.
fn check_confidential(cloud: &Cloud, credential: &Credential) -> Result<()> {
    let endpoint = &cloud.resource_manager;
    if endpoint.scheme() == "https" || (credential.is_static() && is_loopback(endpoint)) {
        return Ok(());
    }
    let message = format!("{endpoint} has no TLS: tokens are sent to https endpoints only");
    Err(ArmError::new(ArmErrorKind::InvalidInput, message))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}
