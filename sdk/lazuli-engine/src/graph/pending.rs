//! Inputs that are not known yet.

use std::sync::Arc;

/// An input that is not known yet, and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Dotted input path.
    pub path: Arc<str>,
    /// What it waits for, in words: `secureacrweb2021: identity.principalId`.
    pub waits_for: Arc<[String]>,
}
