//! Who waits for whom in the control plane.
//!
//! A provider checks and then acts, so writes take turns. Reads change nothing and run beside each
//! other, except those that move an operation along. Long work takes no turn at all: it touches its own
//! records only, each change of them whole. Azure too lets a build run while networks change.

use std::sync::{PoisonError, RwLock};

use http::Method;

use super::{Answer, Incoming, answer, ids, lro};
use crate::conditions::Conditions;
use crate::world::World;

/// Last words of the paths whose work takes long and needs nothing to stand still.
const LONG_WORK: &[&str] = &["schedulerun"];

/// The turn that writes take, one after the other.
#[derive(Default)]
pub(crate) struct Turn(RwLock<()>);

impl Turn {
    /// Answers a request when it is its turn.
    pub(crate) fn answer(
        &self,
        world: &World,
        conditions: &Conditions,
        incoming: &Incoming,
    ) -> Answer {
        if is_long(incoming) {
            return answer(world, conditions, incoming);
        }
        if [Method::GET, Method::HEAD].contains(&incoming.method) {
            let _beside_others = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if !moves_an_operation(world, incoming) {
                return answer(world, conditions, incoming);
            }
        }
        let _alone = self.0.write().unwrap_or_else(PoisonError::into_inner);
        lro::end_due(world);
        answer(world, conditions, incoming)
    }

    /// Ends what is due, for those who look at the world without the control plane.
    pub(crate) fn catch_up(&self, world: &World) {
        if lro::would_move(world, "") {
            let _alone = self.0.write().unwrap_or_else(PoisonError::into_inner);
            lro::end_due(world);
        }
    }

    #[cfg(test)]
    pub(crate) fn hold(&self) -> std::sync::RwLockWriteGuard<'_, ()> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn hold_as_reader(&self) -> std::sync::RwLockReadGuard<'_, ()> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_long(incoming: &Incoming) -> bool {
    let last = incoming.path.rsplit('/').next().unwrap_or_default();
    incoming.method == Method::POST && LONG_WORK.iter().any(|word| last.eq_ignore_ascii_case(word))
}

fn moves_an_operation(world: &World, incoming: &Incoming) -> bool {
    let Some(segments) = ids::segments(&incoming.path) else {
        return false;
    };
    lro::is_poll(world, &segments) || lro::would_move(world, &format!("/{}", segments.join("/")))
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
