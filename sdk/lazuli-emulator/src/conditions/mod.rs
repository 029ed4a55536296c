//! Latency and faults: how slow this Azure is, what goes wrong in it, and how much it lets through.
//!
//! Everything is off by default. `exchange` asks before and after each request of the control plane,
//! `arm::lro` when an operation starts, `arm::rbac` whether an assignment counts yet. Only virtual time
//! and the seed make a story: see `draw` for how the same seed gives the same one.

mod draw;
mod fault_file;
mod faults;
mod latency;
mod news;
mod subject;
mod throttle;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

pub use fault_file::{Faults, FaultsError};
pub use latency::{Latency, LatencyError};

pub(crate) use draw::Identity;
pub(crate) use faults::{Dropped, Fate, OperationFate, not_found_yet};
pub(crate) use latency::{REGISTRATION, Verb, Work};
pub(crate) use subject::Subject;
pub(crate) use throttle::{Allowance, Asking};

use draw::Counts;
use fault_file::{FaultKind, Rule};
use news::{Lags, News};
use throttle::Throttle;

use crate::clock::Clock;
use crate::origin::Origin;
use crate::wire::Answer;

/// What [`crate::Options`] say about latency and faults.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConditionOptions {
    pub(crate) clock: Clock,
    pub(crate) latency: Latency,
    pub(crate) faults: Faults,
    pub(crate) seed: Option<u64>,
    pub(crate) throttles: bool,
    pub(crate) requires_registration: bool,
}

/// The conditions of one emulator.
pub(crate) struct Conditions {
    pub(crate) clock: Clock,
    pub(crate) latency: Latency,
    pub(crate) requires_registration: bool,
    rules: Vec<Rule>,
    seed: u64,
    is_seeded: bool,
    throttle: Option<Throttle>,
    counts: Counts,
    news: News,
    /// When a path is to be polled again, on a virtual clock.
    promised_ms: Mutex<HashMap<String, i64>>,
    start_ms: i64,
}

impl Default for Conditions {
    fn default() -> Conditions {
        Conditions::new(ConditionOptions::default())
    }
}

impl Conditions {
    pub(crate) fn new(options: ConditionOptions) -> Conditions {
        let seed = options.seed.or(options.faults.seed);
        Conditions {
            start_ms: options.clock.now_ms(),
            clock: options.clock,
            latency: options.latency,
            requires_registration: options.requires_registration,
            seed: seed.unwrap_or_default(),
            is_seeded: seed.is_some(),
            rules: options.faults.rules,
            throttle: options.throttles.then(Throttle::default),
            counts: Counts::default(),
            news: News::default(),
            promised_ms: Mutex::default(),
        }
    }

    /// What times and random values follow from under these conditions.
    pub(crate) fn origin(&self) -> Origin {
        Origin::new(self.clock.clone(), self.is_seeded.then_some(self.seed))
    }

    /// Whether nothing of this room applies, so that nothing needs to be counted.
    pub(crate) fn is_calm(&self) -> bool {
        self.rules.is_empty() && !self.latency.is_on()
    }

    /// The fault rules, in a few words.
    pub(crate) fn fault_summary(&self) -> String {
        match self.rules.len() {
            0 => "none".to_owned(),
            count => format!("{count} rules, seed {}", self.seed),
        }
    }

    fn running_s(&self) -> f64 {
        (self.clock.now_ms() - self.start_ms) as f64 / 1000.0
    }

    /// Counts a request of that name that arrives.
    pub(crate) fn arrive(&self, name: String) -> Identity {
        if self.is_calm() {
            return Identity { name, count: 1 };
        }
        self.counts.arrive(name)
    }

    /// The request of that name that is under way.
    pub(crate) fn under_way(&self, name: &str) -> Identity {
        self.counts.latest(name)
    }

    pub(crate) fn judge(&self, subject: &Subject) -> Fate {
        faults::judge(&self.rules, self.seed, subject, self.running_s())
    }

    pub(crate) fn judge_operation(&self, subject: &Subject) -> Option<OperationFate> {
        faults::judge_operation(&self.rules, self.seed, subject, self.running_s())
    }

    /// Until when a request that arrived at `arrived_ms` is not answered.
    pub(crate) fn answered_at_ms(&self, arrived_ms: i64, work: &Work<'_>, who: &Identity) -> i64 {
        let blocked = latency::blocks(self.latency, self.seed, work, who);
        arrived_ms.saturating_add(i64::try_from(blocked.as_millis()).unwrap_or(i64::MAX))
    }

    /// When an operation that starts now ends; `None` when the emulator has no latency.
    pub(crate) fn ends_at_ms(&self, work: &Work<'_>, who: &Identity) -> Option<i64> {
        let lasting = latency::lasts(self.latency, self.seed, work, who);
        let answered = self.answered_at_ms(self.clock.now_ms(), work, who);
        let lasting = i64::try_from(lasting.as_millis()).unwrap_or(i64::MAX);
        self.latency
            .is_on()
            .then(|| answered.saturating_add(lasting))
    }

    /// Seconds to wait, as this Azure's speed scales them; whole ones, at least 1.
    pub(crate) fn scaled_s(&self, seconds: u64) -> u64 {
        let scaled = seconds as f64 * self.latency.factor();
        scaled.ceil().max(1.0) as u64
    }

    /// Takes a request's token, or refuses it.
    ///
    /// # Errors
    /// The 429, when the emulator throttles and a bucket is empty.
    pub(crate) fn admit(&self, asking: &Asking<'_>) -> Result<Allowance, Answer> {
        match &self.throttle {
            Some(throttle) => throttle.admit(asking, self.clock.now_ms()),
            None => Ok(Allowance::full(asking.method, asking.kind)),
        }
    }

    /// Notes that something was created, for as long as a rule keeps the news from spreading. Answers
    /// from when on it has effect, where a rule delays that.
    pub(crate) fn born(&self, subject: &Subject, id: &str) -> Option<i64> {
        let lag = |kind| faults::lag(&self.rules, self.seed, kind, subject, self.running_s());
        let lags = Lags {
            unseen_s: lag(FaultKind::NotFoundYet),
            unlisted_s: lag(FaultKind::ListLag),
        };
        let now_ms = self.clock.now_ms();
        self.news.born(id, &lags, now_ms);
        lag(FaultKind::RoleLag).map(|s| now_ms + (s * 1000.0) as i64)
    }

    /// For how many seconds what this request deletes lingers.
    pub(crate) fn lingers_s(&self, subject: &Subject) -> Option<f64> {
        let kind = FaultKind::Lingering;
        faults::lag(&self.rules, self.seed, kind, subject, self.running_s())
    }

    /// Notes that something is deleted and lingers for `for_s` seconds.
    pub(crate) fn gone(&self, id: &str, for_s: f64) {
        self.news.gone(id, for_s, self.clock.now_ms());
    }

    /// The id of something below `id` that is deleted and lingers.
    pub(crate) fn lingering_below(&self, id: &str) -> Option<String> {
        self.news.lingering_below(id, self.clock.now_ms())
    }

    /// The id, or the one of those above it, that is not visible yet.
    pub(crate) fn unseen(&self, id: &str) -> Option<String> {
        self.news.unseen(id, self.clock.now_ms())
    }

    pub(crate) fn is_unlisted(&self, id: &str) -> bool {
        self.news.is_unlisted(id, self.clock.now_ms())
    }

    /// On a virtual clock: `path` is to be polled again `after_s` seconds from now.
    pub(crate) fn promise(&self, path: &str, after_s: u64) {
        let then = self.clock.now_ms() + i64::try_from(after_s).unwrap_or(i64::MAX / 1000) * 1000;
        let mut promised = self.promises();
        promised.insert(path.to_ascii_lowercase(), then);
    }

    /// On a virtual clock: when the caller of `path` should poll again.
    pub(crate) fn promised_ms(&self, path: &str) -> Option<i64> {
        self.promises().remove(&path.to_ascii_lowercase())
    }

    fn promises(&self) -> std::sync::MutexGuard<'_, HashMap<String, i64>> {
        self.promised_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
