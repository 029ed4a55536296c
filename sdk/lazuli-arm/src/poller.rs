//! Following an accepted operation to its end.
//!
//! The poller sleeps, asks, and lets [`crate::lro`] say what the answer means. When the place that reports progress
//! cannot be read any more (an expired link, a broken proxy), it falls back to the resource itself.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::client::ArmClient;
use crate::error::{ArmError, ArmErrorKind, Result};
use crate::ids::ResourceId;
use crate::lro::{self, Reading};
use crate::method::Method;
use crate::operation::{OperationState, OperationToken, PollKind, PollUrl, Progress};
use crate::retry::after_zero;
use crate::throttle::Lane;
use crate::wire::Call;

/// How operations are polled. A `Retry-After` of the service wins over both delays.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollPolicy {
    /// The first delay; each further one doubles.
    pub first_delay: Duration,
    /// The longest delay that the client chooses by itself.
    pub max_delay: Duration,
    /// How long an operation may take.
    pub deadline: Duration,
    /// The longest delay between two polls that an answer may ask for by `Retry-After`; a longer one is shortened.
    pub max_retry_after: Duration,
    /// What the delay grows to while answers ask for none (`Retry-After: 0`): the first polls are immediate.
    pub min_retry_after: Duration,
    /// How many polls in a row may fail to read the state before the resource itself is asked.
    pub tolerated_failures: u32,
    /// How long a resource may still say that it is being updated after its operation has succeeded.
    pub settle_window: Duration,
}

impl Default for PollPolicy {
    fn default() -> Self {
        Self {
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(10),
            deadline: Duration::from_secs(90 * 60),
            max_retry_after: Duration::from_secs(5 * 60),
            min_retry_after: Duration::from_secs(1),
            tolerated_failures: 4,
            settle_window: Duration::from_secs(60),
        }
    }
}

impl PollPolicy {
    fn delay(&self, polls: u32) -> Duration {
        self.first_delay
            .saturating_mul(1 << polls.min(16))
            .min(self.max_delay)
    }
}

/// One operation that is being followed.
pub(crate) struct Poller<'a> {
    client: &'a ArmClient,
    token: OperationToken,
    progress: &'a dyn Progress,
    started: Instant,
    polls: u32,
    failures: u32,
    /// Answers in a row that asked for no wait.
    zeros: u32,
    /// What was last said of the operation.
    shown: String,
}

impl<'a> Poller<'a> {
    pub(crate) fn new(
        client: &'a ArmClient,
        token: OperationToken,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            client,
            token,
            progress,
            started: Instant::now(),
            polls: 0,
            failures: 0,
            zeros: 0,
            shown: String::new(),
        }
    }

    /// Polls until the operation has ended, and gives the resource, the action's result, or `null`.
    pub(crate) async fn settle(mut self, first: Option<Duration>) -> Result<Value> {
        let mut delay = match first {
            Some(asked) => asked.min(self.client.poll_policy().max_retry_after),
            None => self.client.poll_policy().delay(0),
        };
        loop {
            self.check_deadline(delay)?;
            tokio::time::sleep(delay).await;
            match self.poll().await {
                Reading::Running { next, after, state } => {
                    delay = self.goes_on(next, after, &state)
                }
                Reading::Done(_) if self.awaits_result() => delay = self.turn_to_result(),
                Reading::Done(body) => return self.finish(body).await,
                Reading::Failed(error) => return Err(self.describe(error)),
                Reading::Unreadable { error, passing } => delay = self.tolerate(error, passing)?,
            }
        }
    }

    async fn poll(&mut self) -> Reading {
        let policy_polls = self.polls;
        let url = match self.client.own_url(self.token.poll_url.expose()) {
            Ok(url) => url,
            Err(error) => return Reading::Failed(error.in_operation()),
        };
        let call = Call {
            method: Method::Get,
            url: url.clone(),
            subject: &self.token.resource_id,
            body: None,
            lane: self.lane(),
            attempt: policy_polls.saturating_add(1),
            longest_wait: self.client.longest_wait(),
            progress: self.progress,
        };
        match self.client.wire().send(&call).await {
            Ok(answer) => lro::read(&self.token, &url, &answer),
            Err(error) => {
                let hopeless = matches!(
                    error.kind(),
                    ArmErrorKind::Unauthenticated | ArmErrorKind::InvalidInput | ArmErrorKind::Tls
                );
                if hopeless {
                    Reading::Failed(error)
                } else {
                    Reading::Unreadable {
                        error,
                        passing: true,
                    }
                }
            }
        }
    }

    fn goes_on(&mut self, next: Option<PollUrl>, after: Option<Duration>, state: &str) -> Duration {
        // Each answer may carry a freshly signed link; the old one expires.
        if let Some(next) = next {
            self.token.poll_url = next;
        }
        self.failures = 0;
        self.polls = self.polls.saturating_add(1);
        if self.shown != state {
            state.clone_into(&mut self.shown);
            self.progress.status(state);
        }
        self.delay(after)
    }

    /// What the service asked for, within bounds, or else the client's own choice.
    fn delay(&mut self, asked: Option<Duration>) -> Duration {
        let policy = self.client.poll_policy();
        match asked {
            Some(Duration::ZERO) => {
                self.zeros = self.zeros.saturating_add(1);
                after_zero(self.zeros - 1, policy.min_retry_after)
            }
            Some(asked) => {
                self.zeros = 0;
                asked.min(policy.max_retry_after)
            }
            None => policy.delay(self.polls),
        }
    }

    /// An action's status document says that it is done, its `Location` says what came out.
    fn awaits_result(&self) -> bool {
        self.token.kind == PollKind::AsyncOperation && self.token.result_url.is_some()
    }

    fn turn_to_result(&mut self) -> Duration {
        if let Some(url) = self.token.result_url.take() {
            self.token.poll_url = url;
        }
        self.token.kind = PollKind::Location;
        Duration::ZERO
    }

    fn tolerate(&mut self, error: ArmError, passing: bool) -> Result<Duration> {
        self.failures += 1;
        self.polls = self.polls.saturating_add(1);
        if passing && self.failures <= self.client.poll_policy().tolerated_failures {
            return Ok(self.delay(error.retry_after()));
        }
        if self.token.kind == PollKind::Resource || self.token.method == Method::Post {
            return Err(self.describe(
                error.prefixed("the operation was accepted, but its state cannot be read"),
            ));
        }
        self.progress.status("asking the resource itself");
        let (url, _) = self.resource_url()?;
        self.token.poll_url = PollUrl::new(url.as_str());
        self.token.kind = PollKind::Resource;
        self.failures = 0;
        Ok(Duration::ZERO)
    }

    fn check_deadline(&self, delay: Duration) -> Result<()> {
        let deadline = self.client.poll_policy().deadline;
        let in_time = self.started.elapsed().saturating_add(delay) <= deadline;
        if in_time && self.client.has_time_for(delay) {
            return Ok(());
        }
        let message = format!(
            "the operation was accepted but did not end within {} s",
            deadline.as_secs()
        );
        Err(self.describe(ArmError::new(ArmErrorKind::Timeout, message)))
    }

    /// After a write the resource is read once more: the status document does not contain it.
    async fn finish(self, body: Value) -> Result<Value> {
        match (self.token.method, self.token.kind) {
            (Method::Put | Method::Patch, PollKind::Resource) | (Method::Post | Method::Get, _) => {
                Ok(body)
            }
            (Method::Delete, _) => Ok(Value::Null),
            (Method::Put | Method::Patch, _) => {
                let (url, id) = self.resource_url()?;
                let read = self.client.read_written(&id, &url).await;
                read.map_err(|error| {
                    self.describe(
                        error.prefixed("the operation succeeded, but the resource cannot be read"),
                    )
                })
            }
        }
    }

    fn resource_url(&self) -> Result<(Url, ResourceId)> {
        let id = ResourceId::parse(&self.token.resource_id)?;
        let url = self.client.id_url(&id, &self.token.api_version, &[])?;
        Ok((url, id))
    }

    fn lane(&self) -> Lane {
        match ResourceId::parse(&self.token.resource_id) {
            Ok(id) => Lane::of_id(Method::Get, &id),
            Err(_) => Lane::of(Method::Get, None, ""),
        }
    }

    fn describe(&self, error: ArmError) -> ArmError {
        error
            .about(self.token.method, &self.token.resource_id)
            .in_operation()
    }
}

impl ArmClient {
    /// Reads what was just written, until it is visible and no longer being updated, or patience ends.
    pub(crate) async fn read_written(&self, id: &ResourceId, url: &Url) -> Result<Value> {
        let started = Instant::now();
        let mut polls = 0;
        loop {
            let result = self
                .read(url, id.as_str(), Lane::of_id(Method::Get, id))
                .await;
            let patience = match &result {
                Ok(body) if OperationState::of_resource(body) == OperationState::Running => {
                    self.poll_policy().settle_window
                }
                Err(error) if error.is_not_found() || error.status() == Some(403) => {
                    self.retry_policy().read_after_write_window
                }
                _ => return result,
            };
            let delay = self.poll_policy().delay(polls);
            if started.elapsed().saturating_add(delay) > patience || !self.has_time_for(delay) {
                return result;
            }
            polls += 1;
            tokio::time::sleep(delay).await;
        }
    }
}
