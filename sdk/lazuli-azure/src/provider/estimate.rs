//! How long operations usually take. Only the order of the ready queue depends
//! on it, so a wrong figure costs time and nothing else.

use std::time::Duration;

use lazuli_core::Lifecycle;

use crate::generated::record;

/// Seconds to create, update and delete where the type's record has none.
const OTHER: [u64; 3] = [15, 10, 15];

pub(super) fn of(ty: &str, lifecycle: Lifecycle) -> Duration {
    let known = record(ty).and_then(|record| record.estimate);
    let [create, update, delete] = known.unwrap_or(OTHER);
    Duration::from_secs(match lifecycle {
        Lifecycle::Create => create,
        Lifecycle::Update => update,
        Lifecycle::Delete => delete,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slow_ones_are_known_to_be_slow() {
        let create = |ty| of(ty, Lifecycle::Create);
        assert!(create("microsoft.network/privateendpoints") > create("Microsoft.Web/serverfarms"));
        assert_eq!(
            of("Microsoft.X/y", Lifecycle::Update),
            Duration::from_secs(10)
        );
    }
}
