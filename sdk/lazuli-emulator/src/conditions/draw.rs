//! Repeatable chance: every draw follows from the seed and from the request.
//!
//! A request is identified by its method, its path and how often that pair came before, never by the
//! order in which different requests arrive. So parallel runs with one seed meet the same faults.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ring::digest;

/// Which request this is: the same in every run that sends the same requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Method and path, in lower case; polls are named by what they ask about.
    pub(crate) name: String,
    /// The position of the request among those of that name, counted from 1.
    pub(crate) count: u64,
}

/// How often each request came.
#[derive(Default)]
pub(crate) struct Counts(Mutex<HashMap<String, u64>>);

impl Counts {
    /// Counts a request that arrives.
    pub(crate) fn arrive(&self, name: String) -> Identity {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(name.clone()).or_default();
        *count += 1;
        Identity {
            count: *count,
            name,
        }
    }

    /// The request of that name that arrived last.
    pub(crate) fn latest(&self, name: &str) -> Identity {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Identity {
            name: name.to_owned(),
            count: counts.get(name).copied().unwrap_or_default(),
        }
    }
}

/// A number in `0.0..1.0` that follows from the seed, the purpose and the identity.
pub(crate) fn draw(seed: u64, purpose: &str, name: &str, count: u64) -> f64 {
    let text = format!("{seed}\n{purpose}\n{name}\n{count}");
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let mut high = [0; 8];
    high.copy_from_slice(&hash.as_ref()[..8]);
    // 53 bits are what a double holds exactly.
    (u64::from_be_bytes(high) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_depend_on_seed_purpose_name_and_count_alone() {
        let one = draw(7, "latency", "put /a", 1);
        assert_eq!(one, draw(7, "latency", "put /a", 1));
        for other in [
            draw(8, "latency", "put /a", 1),
            draw(7, "fault", "put /a", 1),
            draw(7, "latency", "put /b", 1),
            draw(7, "latency", "put /a", 2),
        ] {
            assert_ne!(one, other);
            assert!((0.0..1.0).contains(&other));
        }
    }

    #[test]
    fn draws_are_spread_evenly() {
        let hits = (0..10_000)
            .filter(|count| draw(1, "fault", "get /x", *count) < 0.2)
            .count();
        assert!((1_800..2_200).contains(&hits), "{hits}");
    }

    #[test]
    fn counts_are_kept_per_name() {
        let counts = Counts::default();
        counts.arrive("get /a".into());
        assert_eq!(counts.arrive("get /a".into()).count, 2);
        assert_eq!(counts.arrive("get /b".into()).count, 1);
        assert_eq!(counts.latest("get /a").count, 2);
        assert_eq!(counts.latest("get /c").count, 0);
    }
}
