//! Which builds of this process are still at work.
//!
//! Builds run beside the control plane, not inside of it. Whoever asks may wait a moment: a small build is
//! over before its `scheduleRun` answers, and a client that polls in a hurry does not spin.

use std::collections::BTreeSet;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// No request waits longer than this for a build.
const PATIENCE: Duration = Duration::from_millis(500);

struct UnderWay {
    builds: Mutex<BTreeSet<String>>,
    ended: Condvar,
}

static UNDER_WAY: LazyLock<UnderWay> = LazyLock::new(|| UnderWay {
    builds: Mutex::default(),
    ended: Condvar::new(),
});

/// A build at work; dropping it is its end, however it came about.
pub(super) struct Work(String);

impl Work {
    pub(super) fn begin(key: String) -> Work {
        builds().insert(key.clone());
        Work(key)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        builds().remove(&self.0);
        UNDER_WAY.ended.notify_all();
    }
}

fn builds() -> MutexGuard<'static, BTreeSet<String>> {
    UNDER_WAY
        .builds
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Whether the build is still at work.
pub(super) fn is_at_work(key: &str) -> bool {
    builds().contains(key)
}

/// Waits for the end of a build, but not for long.
pub(super) fn wait_a_moment(key: &str) {
    let until = Instant::now() + PATIENCE;
    let mut at_work = builds();
    while at_work.contains(key) {
        let Some(left) = until.checked_duration_since(Instant::now()) else {
            return;
        };
        let (guard, _) = UNDER_WAY
            .ended
            .wait_timeout(at_work, left)
            .unwrap_or_else(PoisonError::into_inner);
        at_work = guard;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_woken_by_the_end() {
        let key = "a build of this test".to_owned();
        let work = Work::begin(key.clone());
        assert!(is_at_work(&key));
        let ender = std::thread::spawn(move || drop(work));
        ender.join().expect("ends");
        wait_a_moment(&key);
        assert!(!is_at_work(&key));
    }
}
