//! How often and how long the provider looks at what Azure does by itself.

use std::time::Duration;

/// How often the provider looks at what Azure does by itself (builds, resources
/// that somebody else is updating), and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// The first delay; each further one doubles.
    pub first: Duration,
    /// The longest delay.
    pub max: Duration,
    /// When to give up.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(200),
            max: Duration::from_secs(10),
            patience: Duration::from_secs(60 * 60),
        }
    }
}
