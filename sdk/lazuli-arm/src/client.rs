//! The client that a resource provider holds: reads and lists here, writes in `mutate`.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::cloud::Cloud;
use crate::credential::Credential;
use crate::error::{ArmError, ArmErrorKind, Result};
use crate::ids::ResourceId;
use crate::lro;
use crate::method::Method;
use crate::operation::NoProgress;
use crate::poller::PollPolicy;
use crate::recent::RecentWrites;
use crate::registration::Registrations;
use crate::retry::{Budget, Jitter, RetryPolicy, classify};
use crate::throttle::Lane;
use crate::transport::Transport;
use crate::wire::{Call, Wire};

/// More pages than any honest list has.
const MAX_PAGES: usize = 2_000;
const MAX_ITEMS: usize = 1_000_000;

/// A connection to one resource manager, as one identity, in one subscription. Cloning is cheap and shares it all.
///
/// Every call repeats what is worth repeating, obeys the service's limits, and ends in an [`ArmError`] that names the
/// resource. Dropping the future of a call stops waiting; it does not undo what was sent.
#[derive(Clone)]
pub struct ArmClient {
    shared: Arc<Shared>,
    retry: RetryPolicy,
    poll: PollPolicy,
    /// When the time for the operation that this client was made for is over.
    until: Option<Instant>,
}

pub(crate) struct Shared {
    pub(crate) cloud: Cloud,
    pub(crate) subscription: String,
    pub(crate) wire: Wire,
    pub(crate) jitter: Jitter,
    pub(crate) recent: RecentWrites,
    pub(crate) registrations: Registrations,
}

impl ArmClient {
    pub(crate) fn new(shared: Shared, retry: RetryPolicy, poll: PollPolicy) -> Self {
        Self {
            shared: Arc::new(shared),
            retry,
            poll,
            until: None,
        }
    }

    /// The same connection, in a subscription that was found through it.
    pub(crate) fn in_subscription(self, subscription: String) -> Result<Self> {
        let Some(mut shared) = Arc::into_inner(self.shared) else {
            return Err(ArmError::new(
                ArmErrorKind::InvalidInput,
                "the connection is in use already",
            ));
        };
        shared.subscription = subscription;
        Ok(Self::new(shared, self.retry, self.poll))
    }

    /// The cloud it talks to.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        &self.shared.cloud
    }

    /// The id of the subscription that the program deploys to.
    #[must_use]
    pub fn subscription(&self) -> &str {
        &self.shared.subscription
    }

    /// The identity it acts as, for services beside the resource manager.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.shared.wire.credential
    }

    /// The HTTP client, for services beside the resource manager.
    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.shared.wire.transport
    }

    /// The same client, with a limit for how long one operation may take, counted from now. No wait of that client
    /// goes beyond it: neither between polls, nor for another attempt, for the service's limits, or for a resource to
    /// become visible. A request that was sent is still awaited, up to [`TransportOptions::request_timeout`].
    ///
    /// [`TransportOptions::request_timeout`]: crate::TransportOptions::request_timeout
    #[must_use]
    pub fn with_operation_timeout(&self, timeout: Duration) -> Self {
        let mut client = self.clone();
        client.until = Instant::now().checked_add(timeout);
        client.poll.deadline = timeout;
        client.retry.busy_window = client.retry.busy_window.min(timeout);
        client.retry.lingering_window = client.retry.lingering_window.min(timeout);
        client.retry.replication_window = client.retry.replication_window.min(timeout);
        client
    }

    /// What is left of the time of [`ArmClient::with_operation_timeout`]; `None` without a limit.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let until = self.until?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Whether a wait of that length ends before the operation's time does.
    pub(crate) fn has_time_for(&self, delay: Duration) -> bool {
        self.time_left().is_none_or(|left| delay <= left)
    }

    /// The longest that a single wait may be.
    pub(crate) fn longest_wait(&self) -> Duration {
        let longest = self.retry.max_retry_after;
        longest.min(self.time_left().unwrap_or(longest))
    }

    /// Attempts and waits for one call.
    pub(crate) fn budget(&self) -> Budget {
        Budget::new(self.retry.clone(), self.shared.jitter.clone()).within(self.time_left())
    }

    /// Reads a resource; `None` when Azure says that it, or something above it, does not exist.
    ///
    /// A resource that this client has written within the last seconds gets a second look before it counts as absent.
    ///
    /// # Errors
    /// Whatever keeps the answer from being had, and every 404 that is not Azure's own: a proxy's page is never taken
    /// for an absent resource.
    pub async fn get(&self, id: &ResourceId, api_version: &str) -> Result<Option<Value>> {
        let url = self.id_url(id, api_version, &[])?;
        let started = Instant::now();
        let mut polls = 0;
        loop {
            let error = match self
                .read(&url, id.as_str(), Lane::of_id(Method::Get, id))
                .await
            {
                Ok(body) => return Ok(Some(body)),
                Err(error) => error,
            };
            let window = self.retry.read_after_write_window;
            let delay = self.retry.base_delay.saturating_mul(1 << polls);
            let in_time = started.elapsed() < window && self.has_time_for(delay);
            let fresh = self.recent().is_fresh(id, window) && in_time;
            match (error.is_not_found(), fresh) {
                (true, false) => return Ok(None),
                (false, _) => return Err(error),
                (true, true) => tokio::time::sleep(delay).await,
            }
            polls = (polls + 1).min(4);
        }
    }

    /// Reads what is not a resource, such as `/subscriptions` or a provider's metadata. The path may have a query.
    ///
    /// # Errors
    /// Whatever keeps the answer from being had; absence is an error here ([`ArmError::is_not_found`]).
    pub async fn get_path(&self, path: &str, api_version: &str) -> Result<Value> {
        let url = self.path_url(path, api_version)?;
        self.read(&url, path, self.path_lane(path)).await
    }

    /// Lists a collection, all pages of it. `path` begins with `/` and may carry a query such as `?$filter=...`.
    ///
    /// # Errors
    /// Whatever keeps a page from being had; a page that leads back to an earlier one or to another origin; a list
    /// without end.
    pub async fn list(&self, path: &str, api_version: &str) -> Result<Vec<Value>> {
        let mut next = Some(self.path_url(path, api_version)?);
        let (mut seen, mut items) = (HashSet::new(), Vec::new());
        let broken =
            |why: &str| ArmError::new(ArmErrorKind::BadAnswer, why).about(Method::Get, path);
        while let Some(url) = next {
            if !seen.insert(url.as_str().to_owned()) {
                return Err(broken("the list's nextLink leads back to an earlier page"));
            }
            if seen.len() > MAX_PAGES || items.len() > MAX_ITEMS {
                return Err(broken("the list has no end"));
            }
            let mut page = self.read(&url, path, self.path_lane(path)).await?;
            match page.get_mut("value").map(Value::take) {
                Some(Value::Array(values)) => items.extend(values),
                _ => return Err(broken("the answer is not a list: it has no `value` array")),
            }
            let link = page
                .get("nextLink")
                .and_then(Value::as_str)
                .filter(|link| !link.is_empty());
            next = link
                .map(|link| self.own_url(link))
                .transpose()
                .map_err(|error| error.about(Method::Get, path))?;
        }
        Ok(items)
    }

    /// GET with retries; any unsuccessful status is an error, and so is an empty answer.
    pub(crate) async fn read(&self, url: &Url, subject: &str, lane: Lane) -> Result<Value> {
        let mut budget = self.budget();
        let started = Instant::now();
        loop {
            let (url, lane, attempt) = (url.clone(), lane.clone(), budget.attempt());
            let call = Call {
                method: Method::Get,
                url,
                subject,
                body: None,
                lane,
                attempt,
                longest_wait: self.longest_wait(),
                progress: &NoProgress,
            };
            let error = match self.read_once(&call).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            let class = classify(Method::Get, false, &error);
            let delay =
                class.and_then(|class| budget.next(class, started.elapsed(), error.retry_after()));
            let Some(delay) = delay else {
                let refusal = budget.refusal(error.retry_after());
                return Err(error.because(refusal));
            };
            tokio::time::sleep(delay).await;
        }
    }

    async fn read_once(&self, call: &Call<'_>) -> Result<Value> {
        let answer = self.wire().send(call).await?;
        if !answer.is_success() {
            return Err(self.wire().refusal(call, &answer));
        }
        answer
            .json()
            .map_err(|error| error.about(call.method, call.subject))
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.shared.wire
    }

    pub(crate) fn recent(&self) -> &RecentWrites {
        &self.shared.recent
    }

    pub(crate) fn registrations(&self) -> &Registrations {
        &self.shared.registrations
    }

    pub(crate) fn retry_policy(&self) -> &RetryPolicy {
        &self.retry
    }

    pub(crate) fn poll_policy(&self) -> &PollPolicy {
        &self.poll
    }

    /// The URL of a resource.
    pub(crate) fn id_url(
        &self,
        id: &ResourceId,
        api_version: &str,
        query: &[(&str, &str)],
    ) -> Result<Url> {
        self.segments_url(id.segments(), api_version, query)
    }

    /// The URL of a path made of `segments`, each encoded as needed.
    pub(crate) fn segments_url<'s>(
        &self,
        segments: impl Iterator<Item = &'s str>,
        api_version: &str,
        query: &[(&str, &str)],
    ) -> Result<Url> {
        let mut url = self.cloud().resource_manager.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().extend(segments),
            Err(()) => {
                return Err(ArmError::new(
                    ArmErrorKind::InvalidInput,
                    "the resource manager's URL has no path",
                ));
            }
        };
        url.query_pairs_mut()
            .append_pair("api-version", api_version)
            .extend_pairs(query);
        Ok(url)
    }

    /// The URL of a path that is given as text, with or without a query.
    pub(crate) fn path_url(&self, path: &str, api_version: &str) -> Result<Url> {
        let base = self.cloud().resource_manager.as_str().trim_end_matches('/');
        if !path.starts_with('/') {
            return Err(ArmError::new(
                ArmErrorKind::InvalidInput,
                format!("the path `{path}` must begin with `/`"),
            ));
        }
        let mut url = self.own_url(&format!("{base}{path}"))?;
        url.query_pairs_mut()
            .append_pair("api-version", api_version);
        Ok(url)
    }

    /// A link of the service's as URL, refused when it leaves the resource manager's origin.
    pub(crate) fn own_url(&self, link: &str) -> Result<Url> {
        let trusted = lro::trusted(&self.cloud().resource_manager, link)?;
        Url::parse(trusted.expose())
            .map_err(|error| ArmError::new(ArmErrorKind::BadAnswer, format!("no URL: {error}")))
    }

    fn path_lane(&self, path: &str) -> Lane {
        let namespace = path
            .rsplit("/providers/")
            .next()
            .filter(|_| path.contains("/providers/"));
        let namespace = namespace
            .and_then(|rest| rest.split(['/', '?']).next())
            .unwrap_or("Microsoft.Resources");
        Lane::of(Method::Get, Some(self.subscription()), namespace)
    }
}

impl fmt::Debug for ArmClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArmClient")
            .field("cloud", &self.shared.cloud.name)
            .field("subscription", &self.shared.subscription)
            .finish_non_exhaustive()
    }
}
