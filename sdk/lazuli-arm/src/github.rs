//! Signing in from a GitHub Actions job: the job's own token is the proof of identity, there is no secret.

use azure_core::error::ErrorKind;
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::env::Env;
use crate::error::{ArmError, ArmErrorKind, Result};
use crate::exchange::exchange;
use crate::transport::Transport;

/// What the job's environment must have; the workflow needs `permissions: id-token: write`.
pub(crate) const VARIABLES: [&str; 4] = [
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];
/// The audience that Entra expects in a foreign token.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// Asks the job's runner for a token each time one is wanted; such tokens live for minutes.
#[derive(Debug)]
pub(crate) struct GithubJob {
    request_url: Url,
    request_token: SecretString,
    transport: Transport,
}

impl GithubJob {
    pub(crate) fn from_environment(env: &Env, transport: &Transport) -> Result<Self> {
        let text = env.get("ACTIONS_ID_TOKEN_REQUEST_URL").unwrap_or_default();
        let refused = |why: &str| {
            let message = format!("ACTIONS_ID_TOKEN_REQUEST_URL {why}");
            ArmError::new(ArmErrorKind::InvalidInput, message)
        };
        let mut request_url = Url::parse(text).map_err(|_| refused("is not a URL"))?;
        if request_url.scheme() != "https" {
            return Err(refused("must be an https URL"));
        }
        request_url
            .query_pairs_mut()
            .append_pair("audience", AUDIENCE);
        let request_token = env
            .get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
            .unwrap_or_default();
        let request_token = SecretString::from(request_token);
        Ok(Self {
            request_url,
            request_token,
            transport: transport.clone(),
        })
    }

    async fn token(&self) -> Result<String> {
        let request = self.transport.http().get(self.request_url.clone());
        let answer = exchange(request.bearer_auth(self.request_token.expose_secret())).await?;
        if !answer.is_success() {
            return Err(ArmError::from_answer(&answer));
        }
        let token = answer
            .json()?
            .get("value")
            .and_then(Value::as_str)
            .map(str::to_owned);
        token.ok_or_else(|| ArmError::new(ArmErrorKind::BadAnswer, "the answer has no `value`"))
    }
}

#[async_trait::async_trait]
impl ClientAssertion for GithubJob {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        self.token().await.map_err(|error| {
            let message = format!("the job's identity token cannot be had: {error}");
            azure_core::Error::with_message(ErrorKind::Credential, message)
        })
    }
}
