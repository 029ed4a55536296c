//! What was just created and is not known everywhere yet.
//!
//! Azure answers a creation before all of its servers know of it. What is remembered here says until
//! when a new id is missing to readers or missing in lists. In memory
//! only: by the time an emulator has restarted, the news has spread.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Seconds for which each kind of news stays behind.
pub(super) struct Lags {
    pub(super) unseen_s: Option<f64>,
    pub(super) unlisted_s: Option<f64>,
}

#[derive(Clone, Copy, Default)]
struct Until {
    unseen_ms: i64,
    unlisted_ms: i64,
}

#[derive(Default)]
pub(super) struct News {
    born: Mutex<HashMap<String, Until>>,
    /// Ids of what is gone, and until when it lingers.
    gone: Mutex<Vec<(String, i64)>>,
}

impl News {
    pub(super) fn gone(&self, id: &str, for_s: f64, now_ms: i64) {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        gone.retain(|(_, until_ms)| now_ms < *until_ms);
        gone.push((id.to_owned(), now_ms + (for_s * 1000.0) as i64));
    }

    pub(super) fn lingering_below(&self, id: &str, now_ms: i64) -> Option<String> {
        let above = format!("{id}/").to_ascii_lowercase();
        let gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        gone.iter()
            .find(|(lingering, until_ms)| {
                now_ms < *until_ms && lingering.to_ascii_lowercase().starts_with(&above)
            })
            .map(|(lingering, _)| lingering.clone())
    }

    pub(super) fn born(&self, id: &str, lags: &Lags, now_ms: i64) {
        let until = |lag: Option<f64>| lag.map_or(0, |s| now_ms + (s * 1000.0) as i64);
        let until = Until {
            unseen_ms: until(lags.unseen_s),
            unlisted_ms: until(lags.unlisted_s),
        };
        let mut news = self.lock();
        news.retain(|_, until| now_ms < until.unseen_ms.max(until.unlisted_ms));
        news.insert(id.to_ascii_lowercase(), until);
    }

    pub(super) fn unseen(&self, id: &str, now_ms: i64) -> Option<String> {
        let news = self.lock();
        if news.is_empty() {
            return None;
        }
        let id = id.to_ascii_lowercase();
        let ends = id.match_indices('/').map(|(at, _)| at).chain([id.len()]);
        let mut above = ends.map(|end| &id[..end]);
        above
            .find(|id| news.get(*id).is_some_and(|until| now_ms < until.unseen_ms))
            .map(str::to_owned)
    }

    pub(super) fn is_unlisted(&self, id: &str, now_ms: i64) -> bool {
        let until = self.of(id);
        now_ms < until.unlisted_ms
    }

    fn of(&self, id: &str) -> Until {
        let news = self.lock();
        if news.is_empty() {
            return Until::default();
        }
        news.get(&id.to_ascii_lowercase())
            .copied()
            .unwrap_or_default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Until>> {
        self.born.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_spreads_to_each_in_its_own_time() {
        let news = News::default();
        let lags = Lags {
            unseen_s: Some(2.0),
            unlisted_s: Some(5.0),
        };
        news.born("/s/G", &lags, 1_000);
        let seen = |id: &str, now| (news.unseen(id, now).is_none(), !news.is_unlisted(id, now));
        assert_eq!(seen("/S/g", 1_000), (false, false));
        assert_eq!(seen("/s/g/child", 2_999), (false, true));
        assert_eq!(seen("/s/g", 3_000), (true, false));
        assert_eq!(seen("/s/g", 6_000), (true, true));
        assert_eq!(seen("/s/g2", 1_000), (true, true));
    }

    #[test]
    fn what_lingers_is_found_below_its_parent_until_it_is_over() {
        let news = News::default();
        news.gone("/s/Zone/links/L", 2.0, 1_000);
        assert_eq!(
            news.lingering_below("/S/zone", 2_999).as_deref(),
            Some("/s/Zone/links/L")
        );
        assert_eq!(news.lingering_below("/s/zone", 3_000), None);
        assert_eq!(news.lingering_below("/s/zon", 1_000), None);
        assert_eq!(news.lingering_below("/s/zone/links/l", 1_000), None);
    }
}
