//! Staying below Azure's limits, for everybody who shares the client.
//!
//! Azure counts requests in token buckets and reports what is left in `x-ms-ratelimit-remaining-*`. Sending on after a
//! 429 is refused and renews the wait, so one caller's `Retry-After` must hold back all. Limits are per subscription
//! and provider; reads, writes and deletes have buckets of their own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::answer::Answer;
use crate::error::{ArmError, ArmErrorKind, Result};
use crate::error_body;
use crate::ids::ResourceId;
use crate::method::Method;
use crate::operation::Progress;

/// How many requests of a bucket are left for others before the client slows to the refill rate.
const RESERVE: f64 = 10.0;
/// A 429 without a `Retry-After` closes the lane for this long.
const UNSAID: Duration = Duration::from_secs(5);
/// Stands for what the clock cannot count to.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
/// A wait that people should know the reason of.
const NOTABLE: Duration = Duration::from_secs(2);
/// Providers with limits of their own count per five minutes.
const PROVIDER_WINDOW_SECONDS: f64 = 300.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Traffic {
    Reads,
    Writes,
    Deletes,
}

impl Traffic {
    fn of(method: Method) -> Self {
        match method {
            Method::Get => Self::Reads,
            Method::Delete => Self::Deletes,
            Method::Put | Method::Patch | Method::Post => Self::Writes,
        }
    }

    /// Bucket size and refill per second (documented limits per subscription and principal).
    fn documented(self) -> (f64, f64) {
        match self {
            Self::Reads => (250.0, 25.0),
            Self::Writes | Self::Deletes => (200.0, 10.0),
        }
    }

    fn header(self) -> &'static str {
        match self {
            Self::Reads => "x-ms-ratelimit-remaining-subscription-reads",
            Self::Writes => "x-ms-ratelimit-remaining-subscription-writes",
            Self::Deletes => "x-ms-ratelimit-remaining-subscription-deletes",
        }
    }
}

/// Which limits a request counts against.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    road: Road,
    traffic: Traffic,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Road {
    subscription: String,
    namespace: String,
}

impl Road {
    fn shown(&self) -> &str {
        match self.namespace.as_str() {
            "" => "Azure",
            namespace => namespace,
        }
    }
}

impl Lane {
    pub(crate) fn of(method: Method, subscription: Option<&str>, namespace: &str) -> Self {
        let subscription = subscription.unwrap_or_default().to_ascii_lowercase();
        let road = Road {
            subscription,
            namespace: namespace.to_ascii_lowercase(),
        };
        Self {
            road,
            traffic: Traffic::of(method),
        }
    }

    pub(crate) fn of_id(method: Method, id: &ResourceId) -> Self {
        Self::of(method, id.subscription(), id.provider_namespace())
    }
}

#[derive(Default)]
pub(crate) struct Throttle {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    closed_until: HashMap<Road, Instant>,
    buckets: HashMap<Lane, Bucket>,
}

struct Bucket {
    level: f64,
    capacity: f64,
    refill_per_second: f64,
    provider_limit: bool,
    in_flight: f64,
    filled_at: Instant,
}

impl Throttle {
    /// Waits until the lane is free, and counts the request as under way until the permit goes. When that takes
    /// longer than `longest`, it fails at once.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        lane: &Lane,
        longest: Duration,
        progress: &dyn Progress,
    ) -> Result<Permit> {
        loop {
            // The guard must be gone before the wait begins.
            let wait = self.state().wait_or_take(lane, Instant::now());
            let Some(wait) = wait else { break };
            tracing::debug!(
                namespace = lane.road.namespace,
                wait_ms = wait.as_millis(),
                "throttled"
            );
            if wait > longest {
                let message = format!("the service holds back requests to {}", lane.road.shown());
                return Err(ArmError::new(ArmErrorKind::Throttled, message).after(wait));
            }
            if wait >= NOTABLE {
                progress.status(&format!(
                    "throttled by {}: goes on in {:.0} s",
                    lane.road.shown(),
                    wait.as_secs_f64()
                ));
            }
            tokio::time::sleep(wait).await;
        }
        Ok(Permit {
            throttle: Arc::clone(self),
            lane: lane.clone(),
        })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// How long to wait, or `None` when the request has been counted and may go.
    fn wait_or_take(&mut self, lane: &Lane, now: Instant) -> Option<Duration> {
        if let Some(until) = self
            .closed_until
            .get(&lane.road)
            .filter(|until| **until > now)
        {
            return Some(until.duration_since(now));
        }
        self.bucket(lane, now).take(now)
    }

    fn bucket(&mut self, lane: &Lane, now: Instant) -> &mut Bucket {
        let (capacity, refill_per_second) = lane.traffic.documented();
        self.buckets.entry(lane.clone()).or_insert(Bucket {
            level: capacity,
            capacity,
            refill_per_second,
            provider_limit: false,
            in_flight: 0.0,
            filled_at: now,
        })
    }
}

impl Bucket {
    fn take(&mut self, now: Instant) -> Option<Duration> {
        let refill = now.duration_since(self.filled_at).as_secs_f64() * self.refill_per_second;
        self.level = (self.level + refill).min(self.capacity);
        self.filled_at = now;
        let short = RESERVE + 1.0 - self.level;
        if short > 0.0 {
            // Rounded up, or a remainder below the timer's resolution would spin.
            return Some(
                Duration::from_secs_f64(short / self.refill_per_second) + Duration::from_millis(1),
            );
        }
        self.level -= 1.0;
        self.in_flight += 1.0;
        None
    }

    /// What the service says is left, less what it has not counted yet.
    fn told(&mut self, remaining: f64, provider_limit: bool) {
        if provider_limit {
            // The limit itself is not reported: the most that was ever left comes close.
            let most = if self.provider_limit {
                self.capacity.max(remaining + 1.0)
            } else {
                remaining + 1.0
            };
            self.provider_limit = true;
            self.capacity = most.max(2.0 * RESERVE);
            self.refill_per_second = (self.capacity / PROVIDER_WINDOW_SECONDS).max(0.5);
        }
        self.level = (remaining - self.in_flight).clamp(0.0, self.capacity);
    }
}

/// A request under way.
pub(crate) struct Permit {
    throttle: Arc<Throttle>,
    lane: Lane,
}

impl Permit {
    /// Learns from the answer's headers.
    pub(crate) fn observe(&self, answer: &Answer) {
        let now = Instant::now();
        let mut state = self.throttle.state();
        if answer.status() == 429 && is_throttling(answer) {
            let asked = answer.retry_after().unwrap_or(UNSAID);
            let until = now.checked_add(asked).unwrap_or(now + FOREVER);
            let closed = state
                .closed_until
                .entry(self.lane.road.clone())
                .or_insert(until);
            *closed = (*closed).max(until);
        }
        let number = |name: &str| {
            answer
                .header(name)?
                .parse::<f64>()
                .ok()
                .filter(|n| n.is_finite() && *n >= 0.0)
        };
        let bucket = state.bucket(&self.lane, now);
        if let Some(remaining) = number("x-ms-ratelimit-remaining-subscription-resource-requests") {
            bucket.told(remaining, true);
        } else if let Some(remaining) = number(self.lane.traffic.header()) {
            bucket.told(remaining, false);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.throttle.state();
        if let Some(bucket) = state.buckets.get_mut(&self.lane) {
            bucket.in_flight = (bucket.in_flight - 1.0).max(0.0);
        }
    }
}

/// A 429 may also mean "another operation is running": then nobody else need wait.
fn is_throttling(answer: &Answer) -> bool {
    let code = error_body::parse(answer.body()).code.unwrap_or_default();
    !code.to_ascii_lowercase().starts_with("retryableerror")
}

#[cfg(test)]
#[path = "throttle_tests.rs"]
mod tests;
