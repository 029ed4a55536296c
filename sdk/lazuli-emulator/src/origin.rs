//! Where an emulator's time and chance come from: its clock, and its seed when it was given one.
//!
//! Without a seed, ids, keys and secrets are the operating system's, because an Azure that others can
//! reach must not hand out secrets that can be computed. With a seed they follow from the seed, from
//! what they are for, and from how many were drawn for that before: never from the order in which
//! different requests arrive. So two emulators with one seed and virtual clocks that start alike answer
//! the same requests with the same bytes.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};
use uuid::{Builder, Uuid};

use crate::clock::Clock;

/// What every time and every random value of an emulator follows from.
#[derive(Default)]
pub(crate) struct Origin {
    clock: Clock,
    seeded: Option<Seeded>,
}

struct Seeded {
    seed: u64,
    /// How often this world was opened before: a kept world must not draw its ids again.
    opened: AtomicU64,
    /// How many values were drawn for a subject, by its name in small letters.
    drawn: Mutex<HashMap<String, u64>>,
}

impl Origin {
    pub(crate) fn new(clock: Clock, seed: Option<u64>) -> Origin {
        let seeded = |seed| Seeded {
            seed,
            opened: AtomicU64::new(0),
            drawn: Mutex::default(),
        };
        Origin {
            clock,
            seeded: seed.map(seeded),
        }
    }

    pub(crate) fn is_seeded(&self) -> bool {
        self.seeded.is_some()
    }

    /// Says how often a kept world was opened before.
    pub(crate) fn opened_before(&self, times: u64) {
        if let Some(seeded) = &self.seeded {
            seeded.opened.store(times, Ordering::Relaxed);
        }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A GUID of version 4; `about` is the id or the path that it belongs to.
    pub(crate) fn uuid(&self, about: &str) -> Uuid {
        Builder::from_random_bytes(self.bytes(about)).into_uuid()
    }

    /// Random bytes; `about` as for [`Origin::uuid`].
    pub(crate) fn bytes<const N: usize>(&self, about: &str) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.seeded {
            Some(seeded) => seeded.fill(about, &mut bytes),
            None => fill_from_system(&mut bytes),
        }
        bytes
    }
}

/// Never shows the seed: secrets follow from it.
impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

impl Seeded {
    fn count(&self, about: &str) -> (String, u64) {
        let name = about.to_ascii_lowercase();
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let count = drawn.entry(name.clone()).or_default();
        *count += 1;
        (name, *count)
    }

    fn fill(&self, about: &str, bytes: &mut [u8]) {
        let (name, count) = self.count(about);
        let opened = self.opened.load(Ordering::Relaxed);
        for (block, part) in bytes.chunks_mut(digest::SHA256_OUTPUT_LEN).enumerate() {
            let text = format!("{}\nchance\n{opened}\n{name}\n{count}\n{block}", self.seed);
            let hash = digest::digest(&digest::SHA256, text.as_bytes());
            part.copy_from_slice(&hash.as_ref()[..part.len()]);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where an emulator without a seed asks the operating system"
)]
fn fill_from_system(bytes: &mut [u8]) {
    if SystemRandom::new().fill(bytes).is_err() {
        // Version 4 GUIDs come from another source of the system, with the same interface for all.
        for part in bytes.chunks_mut(16) {
            part.copy_from_slice(&Uuid::new_v4().into_bytes()[..part.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeded(seed: u64) -> Origin {
        Origin::new(Clock::System, Some(seed))
    }

    #[test]
    fn a_value_follows_from_seed_subject_and_count_alone() {
        let (one, two) = (seeded(7), seeded(7));
        let (first, second) = (one.uuid("/a"), one.uuid("/A"));
        let _ = two.uuid("/b");
        assert_eq!((first, second), (two.uuid("/a"), two.uuid("/a")));
        assert_ne!(first, second);
        assert_ne!(first, seeded(8).uuid("/a"));
        assert_eq!(first.get_version_num(), 4);
        let bytes: [u8; 64] = one.bytes("/c");
        assert_ne!(bytes[..32], bytes[32..], "every block is drawn");
    }

    #[test]
    fn a_world_that_is_opened_again_draws_other_values() {
        let (one, two) = (seeded(7), seeded(7));
        two.opened_before(1);
        assert_ne!(one.uuid("/a"), two.uuid("/a"));
    }

    #[test]
    fn without_a_seed_nothing_can_be_computed() {
        let origin = Origin::default();
        assert_ne!(origin.uuid("/a"), Origin::default().uuid("/a"));
        assert_ne!(origin.bytes::<32>("/a"), [0; 32]);
    }
}
