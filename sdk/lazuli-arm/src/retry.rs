//! Which failures go away by waiting, and for how long to wait.
//!
//! [`classify`] is a pure table; [`Budget`] counts attempts and time. The client asks both after every failed attempt
//! of an operation, whether the failure came in the answer or at the end of the long-running operation.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::error::{ArmError, ArmErrorKind};
use crate::method::Method;

/// How patient the client is. All of it is an input, so that tests need not wait.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Attempts for failures of the network and of the service.
    pub transient_attempts: u32,
    /// Attempts after a request has timed out; each costs a whole request timeout.
    pub timeout_attempts: u32,
    /// How long to try again while another operation is in the way, or while throttled.
    pub busy_window: Duration,
    /// How long to try again while a deleted dependent still blocks (minutes for service association links).
    pub lingering_window: Duration,
    /// How long to wait for what was just made to become visible everywhere (role assignments: minutes).
    pub replication_window: Duration,
    /// How long a read may miss what this client has just written.
    pub read_after_write_window: Duration,
    /// The first delay; each further one doubles, up to `max_delay`, with full jitter.
    pub base_delay: Duration,
    /// The longest delay that the client chooses by itself. A `Retry-After` may be longer.
    pub max_delay: Duration,
    /// The longest wait that an answer may ask for by `Retry-After`. A longer one ends the call with the answer's
    /// error, which then names the header.
    pub max_retry_after: Duration,
    /// What the delay grows to while answers ask for none (`Retry-After: 0`): the first repetitions are immediate.
    pub min_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            transient_attempts: 6,
            timeout_attempts: 2,
            busy_window: Duration::from_secs(20 * 60),
            lingering_window: Duration::from_secs(15 * 60),
            replication_window: Duration::from_secs(5 * 60),
            read_after_write_window: Duration::from_secs(30),
            base_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
            max_retry_after: Duration::from_secs(20 * 60),
            min_retry_after: Duration::from_secs(1),
        }
    }
}

/// How long to wait for the `asked`th answer in a row that asks for no wait, counted from 0.
///
/// Who answers at once is believed twice; then the delay doubles up to `most`.
pub(crate) fn after_zero(asked: u32, most: Duration) -> Duration {
    match asked {
        0 | 1 => Duration::ZERO,
        2..=6 => most / (1 << (6 - asked)),
        _ => most,
    }
}

/// Why waiting helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryClass {
    /// The network or the service hiccuped.
    Transient,
    /// The service did not answer in time.
    TimedOut,
    /// Too many requests.
    Throttled,
    /// Another operation on this or a related resource is running.
    Busy,
    /// Something that is deleted still counts.
    Lingering,
    /// Something that was made is not visible everywhere yet.
    Replicating,
}

const BUSY: [&str; 8] = [
    "AnotherOperationInProgress",
    "RetryableError",
    "RetryableErrorDueToAnotherOperation",
    "StorageAccountOperationInProgress",
    "OperationPreempted",
    "ConcurrentOperationInProgress",
    "ResourceGroupBeingDeleted",
    "ConflictingConcurrentWriteNotAllowed",
];
const LINGERING: [&str; 3] = [
    "CannotDeleteResource",
    "InUseSubnetCannotBeDeleted",
    "SubnetIsInUse",
];
const DEPENDENCY_MISSING: [&str; 2] = ["ResourceGroupNotFound", "ParentResourceNotFound"];
const QUOTA: [&str; 2] = ["QuotaExceeded", "ResourceQuotaExceeded"];

impl ArmError {
    /// Whether the same request may succeed later, unchanged. The client has retried already when it says so.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        classify(self.0.method.unwrap_or(Method::Get), false, self).is_some()
    }
}

/// Whether the codes say that another operation is in the way.
pub(crate) fn is_busy(error: &ArmError) -> bool {
    let not_ready =
        error.has_code("ReferencedResourceNotProvisioned") && !error.says("in failed state");
    not_ready || BUSY.iter().any(|code| error.has_code(code))
}

/// Why trying again helps, or `None` when it does not.
///
/// `fresh_parent` says that this client has just created what the request depends on: only then is a missing parent
/// a matter of time and not a mistake.
pub(crate) fn classify(method: Method, fresh_parent: bool, error: &ArmError) -> Option<RetryClass> {
    if method == Method::Post && error.may_have_been_applied() {
        return None;
    }
    if is_busy(error) {
        return Some(RetryClass::Busy);
    }
    if method == Method::Delete && lingers(error) {
        return Some(RetryClass::Lingering);
    }
    let missing = fresh_parent && DEPENDENCY_MISSING.iter().any(|code| error.has_code(code));
    if method.writes_body() && (missing || error.has_code("PrincipalNotFound")) {
        return Some(RetryClass::Replicating);
    }
    // What follows is about reaching the service; an accepted operation is not sent again for that.
    if error.came_from_operation() {
        None
    } else {
        by_kind(error)
    }
}

fn by_kind(error: &ArmError) -> Option<RetryClass> {
    match error.kind() {
        ArmErrorKind::Throttled if QUOTA.iter().any(|code| error.has_code(code)) => None,
        ArmErrorKind::Throttled => Some(RetryClass::Throttled),
        ArmErrorKind::Timeout => Some(RetryClass::TimedOut),
        ArmErrorKind::Unreachable | ArmErrorKind::Interrupted => Some(RetryClass::Transient),
        ArmErrorKind::Server if !matches!(error.status(), Some(501 | 505)) => {
            Some(RetryClass::Transient)
        }
        _ if error.status() == Some(424) => Some(RetryClass::Transient),
        _ => None,
    }
}

/// A deleted dependent that still blocks; App Service says so in a plain `Conflict`.
fn lingers(error: &ArmError) -> bool {
    LINGERING.iter().any(|code| error.has_code(code))
        || (error.has_code("Conflict") && error.says("cannot be deleted because"))
}

/// The random part of delays, seeded by the caller.
#[derive(Clone)]
pub(crate) struct Jitter(Arc<Mutex<StdRng>>);

impl Jitter {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// Anything between nothing and `ceiling`.
    fn up_to(&self, ceiling: Duration) -> Duration {
        let share: f64 = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .random();
        ceiling.mul_f64(share)
    }
}

/// What is left of an operation's patience.
pub(crate) struct Budget {
    policy: RetryPolicy,
    jitter: Jitter,
    attempts: u32,
    transient: u32,
    timed_out: u32,
    /// Answers in a row that asked for no wait.
    zeros: u32,
    /// What all attempts and waits together may take.
    limit: Option<Duration>,
}

impl Budget {
    pub(crate) fn new(policy: RetryPolicy, jitter: Jitter) -> Self {
        Self {
            policy,
            jitter,
            attempts: 1,
            transient: 1,
            timed_out: 1,
            zeros: 0,
            limit: None,
        }
    }

    /// The same, within a limit for all attempts and waits together.
    pub(crate) fn within(mut self, limit: Option<Duration>) -> Self {
        self.limit = limit;
        self
    }

    /// The number of the attempt that is next or under way, from 1.
    pub(crate) fn attempt(&self) -> u32 {
        self.attempts
    }

    /// How long to wait before the next attempt, or `None` when patience is used up.
    ///
    /// `elapsed` is the time since the first attempt, `retry_after` what the service asked for, which wins unless it
    /// is longer than the policy allows.
    pub(crate) fn next(
        &mut self,
        class: RetryClass,
        elapsed: Duration,
        retry_after: Option<Duration>,
    ) -> Option<Duration> {
        let delay = match retry_after {
            Some(asked) => self.as_asked(asked),
            None => self.jitter.up_to(self.ceiling()),
        };
        let within = |window: Duration| elapsed.saturating_add(delay) <= window;
        let goes_on = match class {
            RetryClass::Transient => spend(&mut self.transient, self.policy.transient_attempts),
            RetryClass::TimedOut => spend(&mut self.timed_out, self.policy.timeout_attempts),
            RetryClass::Throttled | RetryClass::Busy => within(self.policy.busy_window),
            RetryClass::Lingering => within(self.policy.lingering_window),
            RetryClass::Replicating => within(self.policy.replication_window),
        };
        self.attempts = self.attempts.saturating_add(1);
        let allowed = delay <= self.policy.max_retry_after && self.limit.is_none_or(within);
        (goes_on && allowed).then_some(delay)
    }

    /// Why a wait that the service asked for is not sat out, where that is what ends the call.
    pub(crate) fn refusal(&self, retry_after: Option<Duration>) -> Option<String> {
        let longest = self.policy.max_retry_after;
        let longest = longest.min(self.limit.unwrap_or(longest));
        let asked = retry_after.filter(|asked| *asked > longest)?;
        Some(format!(
            "its Retry-After asks to wait for {} s, more than the {} s that are waited for",
            asked.as_secs(),
            longest.as_secs()
        ))
    }

    fn as_asked(&mut self, asked: Duration) -> Duration {
        if !asked.is_zero() {
            self.zeros = 0;
            return asked;
        }
        self.zeros = self.zeros.saturating_add(1);
        after_zero(self.zeros - 1, self.policy.min_retry_after)
    }

    fn ceiling(&self) -> Duration {
        let doublings = (self.attempts - 1).min(16);
        self.policy
            .base_delay
            .saturating_mul(1 << doublings)
            .min(self.policy.max_delay)
    }
}

fn spend(used: &mut u32, allowed: u32) -> bool {
    *used += 1;
    *used <= allowed
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
