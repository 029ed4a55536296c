//! Who the program acts as.
//!
//! Tokens come from `azure_identity`, over the transport that everything else uses, so that a private authority works
//! for the token endpoint too. What the environment settles decides alone; only when it settles nothing is the
//! machine asked (its managed identity, then the tools somebody signed in to).

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions};
use azure_identity::{
    AzureCliCredential, AzureDeveloperCliCredential, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;

use crate::cloud::Cloud;
use crate::env::Env;
use crate::error::{ArmError, ArmErrorKind, Result};
use crate::exchange::{causes, mentions_certificate};
use crate::github::{self, GithubJob};
use crate::transport::Transport;

const SECRET_VARIABLES: [&str; 3] = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"];
const WORKLOAD_VARIABLES: [&str; 3] = [
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
];
/// The address at which a virtual machine finds its own metadata.
const MACHINE_METADATA: &str = "http://169.254.169.254/metadata/instance";
/// How often a token is asked for again while its endpoint hiccups; with the delays of `azure_core` about four seconds.
const FURTHER_ATTEMPTS: u32 = 4;
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);

/// A source of tokens. Cloning is cheap and shares the cache.
#[derive(Clone)]
pub struct Credential {
    source: Source,
    /// The tokens given last, so that messages can be kept free of them.
    given: Arc<Mutex<VecDeque<SecretString>>>,
}

/// How many tokens are remembered: of several scopes, and those before the last renewal.
const REMEMBERED: usize = 16;

#[derive(Clone)]
enum Source {
    Static(SecretString),
    Settled(Candidate),
    Machine(Arc<Machine>),
}

/// One way to get tokens, under the name that messages use.
#[derive(Clone)]
struct Candidate {
    name: &'static str,
    tokens: Arc<dyn TokenCredential>,
    /// What the source itself keeps secret.
    secret: Option<SecretString>,
}

/// What may or may not work on this machine; the first that does is kept.
struct Machine {
    candidates: Vec<Candidate>,
    probe: Option<Transport>,
    /// Why each earlier source was passed over.
    passed_over: Vec<String>,
    chosen: OnceCell<Candidate>,
}

impl Credential {
    /// A token that was acquired elsewhere, used for every scope until it expires. For tests, and for callers with a
    /// sign-in of their own. The only credential that an endpoint without TLS may be used with (on this machine).
    #[must_use]
    pub fn static_token(token: SecretString) -> Self {
        Self::of(Source::Static(token))
    }

    /// An application with a client secret.
    ///
    /// # Errors
    /// When an argument is malformed, or the cloud's login endpoint has no TLS.
    pub fn client_secret(
        tenant: &str,
        client: &str,
        secret: &SecretString,
        cloud: &Cloud,
        transport: &Transport,
    ) -> Result<Self> {
        let options = ClientSecretCredentialOptions {
            client_options: client_options(cloud, transport),
        };
        let given = Secret::new(secret.expose_secret().to_owned());
        let tokens = ClientSecretCredential::new(tenant, client.to_owned(), given, Some(options))
            .map_err(unusable)?;
        Ok(Self::of(Source::Settled(Candidate {
            name: "client secret",
            tokens,
            secret: Some(secret.clone()),
        })))
    }

    /// Whatever the environment offers, in this order: client secret (`AZURE_TENANT_ID`, `AZURE_CLIENT_ID`,
    /// `AZURE_CLIENT_SECRET`), workload identity (`AZURE_FEDERATED_TOKEN_FILE`), the GitHub Actions job, managed identity, and the developer
    /// tools `az` and `azd`.
    ///
    /// The last two belong to the machine and are tried only with [`Env::process`], when the first token is wanted;
    /// `azure_identity` reads what describes the machine (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`) from the process itself.
    ///
    /// # Errors
    /// When no source is possible: the message has each source and what it lacks.
    pub fn from_environment(cloud: &Cloud, transport: &Transport, env: &Env) -> Result<Self> {
        let get = |name| env.get(name).unwrap_or_default();
        let without_secret = env.missing(&SECRET_VARIABLES);
        if without_secret.is_empty() {
            let secret = SecretString::from(get("AZURE_CLIENT_SECRET"));
            return Self::client_secret(
                get("AZURE_TENANT_ID"),
                get("AZURE_CLIENT_ID"),
                &secret,
                cloud,
                transport,
            );
        }
        let without_workload = env.missing(&WORKLOAD_VARIABLES);
        if without_workload.is_empty() {
            return Self::workload(cloud, transport, env);
        }
        let without_job = env.missing(&github::VARIABLES);
        if without_job.is_empty() {
            return Self::github_job(cloud, transport, env);
        }
        let passed_over = vec![
            format!("client secret: {} not set", without_secret.join(", ")),
            format!("workload identity: {} not set", without_workload.join(", ")),
            format!("GitHub Actions job: {} not set", without_job.join(", ")),
        ];
        if !env.is_process() {
            let machine = "managed identity, az, azd: not tried, for the environment given is not that of the process";
            return Err(nothing_found(
                passed_over.iter().map(String::as_str).chain([machine]),
            ));
        }
        Self::machine(cloud, transport, env, passed_over)
    }

    /// A token for a scope such as `https://management.azure.com/.default`. Cached until shortly before it expires.
    ///
    /// # Errors
    /// When no source gives one; the message has the authority's own words and error number.
    pub async fn token(&self, scope: &str) -> Result<SecretString> {
        let candidate = match &self.source {
            Source::Static(token) => return Ok(token.clone()),
            Source::Settled(candidate) => candidate,
            Source::Machine(machine) => {
                machine
                    .chosen
                    .get_or_try_init(|| machine.choose(scope))
                    .await?
            }
        };
        let token = candidate.tokens.get_token(&[scope], None).await;
        let token = token.map_err(|error| sign_in_failed(candidate.name, &error))?;
        let token = SecretString::from(token.token.secret().to_owned());
        self.remember(&token);
        Ok(token)
    }

    /// What must not appear in any message: the secret that it signs in with, and the tokens that it gave.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretString> {
        let own = match &self.source {
            Source::Static(token) => Some(token.clone()),
            Source::Settled(candidate) => candidate.secret.clone(),
            Source::Machine(_) => None,
        };
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        own.into_iter().chain(given.iter().cloned()).collect()
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            given: Arc::default(),
        }
    }

    fn remember(&self, token: &SecretString) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |known: &SecretString| known.expose_secret() == token.expose_secret();
        if given.iter().any(same) {
            return;
        }
        if given.len() == REMEMBERED {
            given.pop_front();
        }
        given.push_back(token.clone());
    }

    pub(crate) fn is_static(&self) -> bool {
        matches!(self.source, Source::Static(_))
    }

    fn workload(cloud: &Cloud, transport: &Transport, env: &Env) -> Result<Self> {
        let options = WorkloadIdentityCredentialOptions {
            credential_options: ClientAssertionCredentialOptions {
                client_options: client_options(cloud, transport),
            },
            tenant_id: env.get("AZURE_TENANT_ID").map(str::to_owned),
            client_id: env.get("AZURE_CLIENT_ID").map(str::to_owned),
            token_file_path: env.get("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from),
        };
        let tokens = WorkloadIdentityCredential::new(Some(options)).map_err(unusable)?;
        Ok(Self::of(Source::Settled(Candidate {
            name: "workload identity",
            tokens,
            secret: None,
        })))
    }

    fn github_job(cloud: &Cloud, transport: &Transport, env: &Env) -> Result<Self> {
        let job = GithubJob::from_environment(env, transport)?;
        let get = |name| env.get(name).unwrap_or_default().to_owned();
        let options = ClientAssertionCredentialOptions {
            client_options: client_options(cloud, transport),
        };
        let (tenant, client) = (get("AZURE_TENANT_ID"), get("AZURE_CLIENT_ID"));
        let tokens =
            ClientAssertionCredential::new(tenant, client, job, Some(options)).map_err(unusable)?;
        let secret = env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
        Ok(Self::of(Source::Settled(Candidate {
            name: "GitHub Actions job",
            tokens,
            secret: secret.map(SecretString::from),
        })))
    }

    fn machine(
        cloud: &Cloud,
        transport: &Transport,
        env: &Env,
        mut passed_over: Vec<String>,
    ) -> Result<Self> {
        let app_service = env.get("IDENTITY_ENDPOINT").is_some();
        let mut candidates = Vec::new();
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: env
                .get("AZURE_CLIENT_ID")
                .map(|id| UserAssignedId::ClientId(id.to_owned())),
            client_options: client_options(cloud, transport),
        };
        match ManagedIdentityCredential::new(Some(options)) {
            Ok(tokens) => candidates.push(Candidate {
                name: "managed identity",
                tokens,
                secret: None,
            }),
            Err(error) => passed_over.push(format!("managed identity: {error}")),
        }
        candidates.push(Candidate {
            name: "az",
            tokens: AzureCliCredential::new(None).map_err(unusable)?,
            secret: None,
        });
        candidates.push(Candidate {
            name: "azd",
            tokens: AzureDeveloperCliCredential::new(None).map_err(unusable)?,
            secret: None,
        });
        let probe = (!app_service).then(|| transport.clone());
        Ok(Self::of(Source::Machine(Arc::new(Machine {
            candidates,
            probe,
            passed_over,
            chosen: OnceCell::new(),
        }))))
    }
}

impl Machine {
    async fn choose(&self, scope: &str) -> Result<Candidate> {
        let mut passed_over = self.passed_over.clone();
        for candidate in &self.candidates {
            if candidate.name == "managed identity" && !self.metadata_answers().await {
                passed_over.push("managed identity: IDENTITY_ENDPOINT not set, and this is not an Azure virtual machine".to_owned());
                continue;
            }
            match candidate.tokens.get_token(&[scope], None).await {
                Ok(_) => return Ok(candidate.clone()),
                Err(error) => {
                    passed_over.push(format!("{}: {}", candidate.name, first_line(&error)))
                }
            }
        }
        Err(nothing_found(passed_over.iter().map(String::as_str)))
    }

    /// Whether the machine's metadata service is there: asking it for a token without looking takes minutes to fail.
    async fn metadata_answers(&self) -> bool {
        match &self.probe {
            Some(transport) => transport
                .http()
                .get(MACHINE_METADATA)
                .timeout(PROBE_TIMEOUT)
                .send()
                .await
                .is_ok(),
            None => true,
        }
    }
}

fn client_options(cloud: &Cloud, transport: &Transport) -> ClientOptions {
    let mut custom = CustomConfiguration::default();
    custom.authority_host = cloud.login.as_str().trim_end_matches('/').to_owned();
    ClientOptions {
        cloud: Some(Arc::new(CloudConfiguration::from(custom))),
        transport: Some(transport.for_tokens()),
        retry: RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: FURTHER_ATTEMPTS,
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn unusable(error: azure_core::Error) -> ArmError {
    ArmError::new(
        ArmErrorKind::InvalidInput,
        format!("the credential is unusable: {error}"),
    )
}

fn nothing_found<'a>(sources: impl Iterator<Item = &'a str>) -> ArmError {
    let lines: String = sources.map(|source| format!("\n  - {source}")).collect();
    let message = format!("no credential was found; these sources were considered:{lines}");
    ArmError::new(ArmErrorKind::Unauthenticated, message)
}

fn sign_in_failed(name: &str, error: &azure_core::Error) -> ArmError {
    let causes = causes(error);
    let kind = if mentions_certificate(&causes) {
        ArmErrorKind::Tls
    } else if never_connected(error) {
        ArmErrorKind::Unreachable
    } else {
        ArmErrorKind::Unauthenticated
    };
    ArmError::new(
        kind,
        format!("signing in by {name} failed: {}", causes.join(": ")),
    )
}

fn never_connected(error: &azure_core::Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        let azure = cause.downcast_ref::<azure_core::Error>();
        if azure
            .is_some_and(|azure| matches!(azure.kind(), azure_core::error::ErrorKind::Connection))
        {
            return true;
        }
        next = cause.source();
    }
    false
}

fn first_line(error: &azure_core::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.source {
            Source::Static(_) => "static token",
            Source::Settled(candidate) => candidate.name,
            Source::Machine(machine) => machine
                .chosen
                .get()
                .map_or("machine", |candidate| candidate.name),
        };
        write!(f, "Credential({name})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Credential> {
        let transport = Transport::new(Default::default())?;
        Credential::from_environment(
            &Cloud::public(),
            &transport,
            &pairs.iter().copied().collect(),
        )
    }

    const TENANT: (&str, &str) = ("AZURE_TENANT_ID", "72f988bf-0000-0000-0000-000000000000");
    const CLIENT: (&str, &str) = ("AZURE_CLIENT_ID", "c");
    const SECRET: (&str, &str) = ("AZURE_CLIENT_SECRET", "hunter2");

    #[test]
    fn the_environment_settles_the_source_and_debug_hides_it() {
        let file = ("AZURE_FEDERATED_TOKEN_FILE", "/nowhere");
        let shown = |pairs: &[(&str, &str)]| format!("{:?}", from(pairs).unwrap());
        assert_eq!(
            shown(&[TENANT, CLIENT, SECRET]),
            "Credential(client secret)"
        );
        assert_eq!(
            shown(&[TENANT, CLIENT, SECRET, file]),
            "Credential(client secret)"
        );
        let token = Credential::static_token(SecretString::from("hunter2"));
        assert_eq!(format!("{token:?}"), "Credential(static token)");
    }

    #[test]
    fn a_failure_names_every_source_and_what_it_lacks() {
        let text = from(&[TENANT, SECRET])
            .expect_err("no client id")
            .to_string();
        assert!(
            text.contains("client secret: AZURE_CLIENT_ID not set"),
            "{text}"
        );
        assert!(
            text.contains("workload identity: AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE not set"),
            "{text}"
        );
        assert!(
            text.contains("managed identity, az, azd: not tried") && !text.contains("hunter2"),
            "{text}"
        );
    }

    #[test]
    fn malformed_settings_are_refused_at_once() {
        let error = from(&[("AZURE_TENANT_ID", "a/b"), CLIENT, SECRET]).expect_err("no tenant");
        assert_eq!(error.kind(), ArmErrorKind::InvalidInput);
        assert!(error.to_string().contains("tenant"), "{error}");
    }
}
