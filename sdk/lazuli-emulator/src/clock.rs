//! The time of an emulated Azure: the machine's, or one that passes only when somebody waits.
//!
//! A virtual clock makes realistic durations cost nothing. Whoever would have to wait moves it: an
//! answer that blocks for twelve seconds moves it twelve seconds on, and a poll counts as sent when the
//! `Retry-After` it was given has passed. Two callers that wait at the same time move it once, to the
//! later end, so what is measured on it is the critical path.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// The clock of an emulator, see [`crate::Options::clock`].
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that moves when somebody waits, and by [`VirtualClock::advance`].
    Virtual(VirtualClock),
}

/// A handle on virtual time. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    start_ms: i64,
    now_ms: Arc<AtomicI64>,
}

impl Default for VirtualClock {
    fn default() -> VirtualClock {
        VirtualClock::new()
    }
}

impl VirtualClock {
    /// A clock that stands at the present moment.
    pub fn new() -> VirtualClock {
        VirtualClock::from_ms(machine_time().as_millisecond())
    }

    /// A clock that stands at `start`, to the millisecond: with a seed, every answer repeats.
    pub fn starting_at(start: SystemTime) -> VirtualClock {
        // Outside of jiff's range (the years -9999 to 9999) there is no Azure either.
        let start = Timestamp::try_from(start).unwrap_or_default();
        VirtualClock::from_ms(start.as_millisecond())
    }

    fn from_ms(start_ms: i64) -> VirtualClock {
        VirtualClock {
            start_ms,
            now_ms: Arc::new(AtomicI64::new(start_ms)),
        }
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let later = |now: i64| Some(now.saturating_add(by));
        // The closure never answers `None`, so this always stores.
        let _ = self
            .now_ms
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }

    /// How much time has passed on this clock since it was made.
    pub fn elapsed(&self) -> Duration {
        let passed = self.now_ms.load(Ordering::SeqCst) - self.start_ms;
        Duration::from_millis(u64::try_from(passed).unwrap_or_default())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where an emulator reads the machine's clock"
)]
fn machine_time() -> Timestamp {
    Timestamp::now()
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Clock::System => machine_time(),
            Clock::Virtual(clock) => {
                let now_ms = clock.now_ms.load(Ordering::SeqCst);
                // A clock that was put past the year 9999 stands there.
                Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        match self {
            Clock::System => machine_time().as_millisecond(),
            Clock::Virtual(clock) => clock.now_ms.load(Ordering::SeqCst),
        }
    }

    pub(crate) fn now_s(&self) -> i64 {
        self.now_ms() / 1000
    }

    /// Returns when the clock shows `then_ms`; a virtual clock is put there.
    pub(crate) async fn wait_until(&self, then_ms: i64) {
        match self {
            Clock::System => {
                let left = then_ms.saturating_sub(self.now_ms());
                if let Ok(left) = u64::try_from(left) {
                    tokio::time::sleep(Duration::from_millis(left)).await;
                }
            }
            Clock::Virtual(clock) => {
                clock.now_ms.fetch_max(then_ms, Ordering::SeqCst);
            }
        }
    }

    pub(crate) fn is_virtual(&self) -> bool {
        matches!(self, Clock::Virtual(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_at_the_same_time_counts_once() {
        let handle = VirtualClock::new();
        let clock = Clock::Virtual(handle.clone());
        let start = clock.now_ms();
        clock.wait_until(start + 12_000).await;
        clock.wait_until(start + 20_000).await;
        clock.wait_until(start + 5_000).await;
        assert_eq!(handle.elapsed(), Duration::from_secs(20));
        handle.advance(Duration::from_secs(3600));
        assert_eq!(clock.now_ms(), start + 3_620_000);
    }
}
