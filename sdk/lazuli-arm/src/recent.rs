//! What this client has just written, for Azure does not show it everywhere at once.
//!
//! A new resource group may be missing for its first dependents, and a new resource for the first reads. Knowing what
//! is new distinguishes such a 404 from a mistake, which must fail at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ids::ResourceId;

/// The ids written lately.
#[derive(Default)]
pub(crate) struct RecentWrites(Mutex<BTreeMap<ResourceId, Instant>>);

/// Longer than any window that is asked for.
const KEPT: Duration = Duration::from_secs(15 * 60);
const MOST: usize = 10_000;

impl RecentWrites {
    pub(crate) fn wrote(&self, id: &ResourceId) {
        let mut writes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if writes.len() >= MOST {
            writes.retain(|_, at| at.elapsed() < KEPT);
        }
        if writes.len() < MOST {
            writes.insert(id.clone(), Instant::now());
        }
    }

    /// Forgets the id and everything below it.
    pub(crate) fn deleted(&self, id: &ResourceId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|known, _| !known.is_within(id));
    }

    /// Whether the id was written less than `window` ago.
    pub(crate) fn is_fresh(&self, id: &ResourceId, window: Duration) -> bool {
        let writes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writes.get(id).is_some_and(|at| at.elapsed() < window)
    }

    /// Whether something that contains the id was written less than `window` ago.
    pub(crate) fn has_fresh_parent(&self, id: &ResourceId, window: Duration) -> bool {
        std::iter::successors(id.parent(), ResourceId::parent)
            .any(|parent| self.is_fresh(&parent, window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn freshness_is_inherited_and_ends() {
        let group = ResourceId::for_group("s", "rg").unwrap();
        let net = group
            .resource("Microsoft.Network/virtualNetworks", &["n"])
            .unwrap();
        let (recent, window) = (RecentWrites::default(), Duration::from_secs(60));
        assert!(!recent.has_fresh_parent(&net, window));
        recent.wrote(&group);
        assert!(recent.has_fresh_parent(&net, window) && !recent.is_fresh(&net, window));
        tokio::time::advance(window).await;
        assert!(!recent.has_fresh_parent(&net, window));
        recent.wrote(&net);
        recent.deleted(&group);
        assert!(!recent.is_fresh(&net, window));
    }
}
