//! The recent requests and their answers, for the page. Never bodies.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// This many are kept.
const KEPT: usize = 100;

/// One exchange of the control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) at_ms: i64,
    pub(crate) method: String,
    /// Without its query: signatures live there.
    pub(crate) path: String,
    /// `None` when the connection was dropped on purpose.
    pub(crate) status: Option<u16>,
    /// Azure's code of a refusal.
    pub(crate) code: Option<String>,
}

/// The last exchanges, oldest first.
#[derive(Default)]
pub(crate) struct Traffic(Mutex<VecDeque<Exchange>>);

impl Traffic {
    pub(crate) fn note(&self, exchange: Exchange) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(exchange);
    }

    pub(crate) fn recent(&self) -> Vec<Exchange> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let traffic = Traffic::default();
        for number in 0..KEPT as i64 + 5 {
            traffic.note(Exchange {
                at_ms: number,
                method: "GET".into(),
                path: "/".into(),
                status: Some(200),
                code: None,
            });
        }
        let recent = traffic.recent();
        assert_eq!((recent.len(), recent[0].at_ms), (KEPT, 5));
    }
}
