//! One request, one answer: authorization, tracing ids, throttling, limits. No retries, no meaning.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;
use tracing::Instrument;
use url::Url;
use uuid::Uuid;

use crate::answer::Answer;
use crate::credential::Credential;
use crate::error::{ArmError, ArmErrorKind, Result};
use crate::exchange::exchange;
use crate::method::Method;
use crate::operation::Progress;
use crate::throttle::{Lane, Throttle};
use crate::transport::Transport;

/// A request as it goes out.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// The id or path that messages name.
    pub(crate) subject: &'a str,
    pub(crate) body: Option<&'a Value>,
    pub(crate) lane: Lane,
    pub(crate) attempt: u32,
    /// The longest that the service's limits may hold it back.
    pub(crate) longest_wait: Duration,
    /// Who hears that the service's limits hold the request back.
    pub(crate) progress: &'a dyn Progress,
}

/// The connection to one resource manager, as one identity.
pub(crate) struct Wire {
    pub(crate) transport: Transport,
    pub(crate) credential: Credential,
    pub(crate) scope: String,
    pub(crate) correlation_id: Uuid,
    pub(crate) throttle: Arc<Throttle>,
}

impl Wire {
    /// Sends the request and reads the whole answer, of whatever status.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer> {
        let span = tracing::debug_span!(
            "arm.request",
            method = %call.method,
            resource = call.subject,
            attempt = call.attempt,
            status = tracing::field::Empty,
            duration_ms = tracing::field::Empty,
        );
        let sent = self.send_traced(call, &span).instrument(span.clone()).await;
        sent.map_err(|error| error.about(call.method, call.subject))
    }

    async fn send_traced(&self, call: &Call<'_>, span: &tracing::Span) -> Result<Answer> {
        let permit = self
            .throttle
            .enter(&call.lane, call.longest_wait, call.progress)
            .await?;
        let token = self.credential.token(&self.scope).await?;
        let client_request_id = Uuid::new_v4().to_string();
        let correlation_id = self.correlation_id.to_string();
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| {
                ArmError::new(
                    ArmErrorKind::Unauthenticated,
                    "the token cannot be sent in a header",
                )
            })?;
        bearer.set_sensitive(true);
        let mut request = self
            .transport
            .http()
            .request(call.method.on_the_wire(), call.url.clone())
            .header(AUTHORIZATION, bearer)
            .header("Accept", "application/json")
            .header("x-ms-client-request-id", &client_request_id)
            .header("x-ms-correlation-request-id", &correlation_id);
        request = match call.body {
            Some(body) => request.json(body),
            // Without a length some front ends answer 411.
            None if call.method != Method::Get => request.header("Content-Length", "0"),
            None => request,
        };
        let started = Instant::now();
        let result = exchange(request).await;
        span.record(
            "duration_ms",
            u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        );
        let answer = result.map_err(|error| {
            let applied = call.method != Method::Get && reached_the_service(error.kind());
            error
                .with_doubt(applied)
                .traced(Some(&client_request_id), Some(&correlation_id))
        })?;
        span.record("status", answer.status());
        tracing::debug!("answered");
        permit.observe(&answer);
        Ok(answer)
    }

    /// The error that an unsuccessful answer stands for.
    pub(crate) fn refusal(&self, call: &Call<'_>, answer: &Answer) -> ArmError {
        // After these the provider may have done the work although its answer is lost (ARM contract: 504).
        let unsure =
            call.method != Method::Get && matches!(answer.status(), 408 | 500 | 502 | 503 | 504);
        ArmError::from_answer(answer)
            .about(call.method, call.subject)
            .traced(None, Some(&self.correlation_id.to_string()))
            .with_doubt(unsure)
    }
}

fn reached_the_service(kind: ArmErrorKind) -> bool {
    !matches!(
        kind,
        ArmErrorKind::Unreachable | ArmErrorKind::Tls | ArmErrorKind::Unauthenticated
    )
}
