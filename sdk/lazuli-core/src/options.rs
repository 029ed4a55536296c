//! Options that any resource takes beside its own properties.

use std::time::Duration;

use crate::executor::ResId;
use crate::stack::AsResource;

/// Options of one resource; absent ones are inherited from its parent
/// (`protect`, `retain_on_delete`) or have the engine's default.
///
/// ```
/// use lazuli_core::Options;
/// let options = Options::new().protect().ignore_changes(["tags"]);
/// assert_eq!(options.protect, Some(true));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Resources that must exist before this one, beside those its inputs name.
    pub depends_on: Vec<ResId>,
    /// Refuse to delete or replace it.
    pub protect: Option<bool>,
    /// On delete forget it, leaving it in the cloud.
    pub retain_on_delete: Option<bool>,
    /// On replace delete the old one first. Default: decided by the type.
    pub delete_before_replace: Option<bool>,
    /// Dotted property paths whose changes in the program are ignored.
    pub ignore_changes: Vec<String>,
    /// Dotted property paths whose change replaces the resource.
    pub replace_on_changes: Vec<String>,
    /// How long each operation may take.
    pub timeouts: Timeouts,
}

/// How long an operation may take before it counts as failed. Default: the provider's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// For create.
    pub create: Option<Duration>,
    /// For update.
    pub update: Option<Duration>,
    /// For delete.
    pub delete: Option<Duration>,
}

impl Options {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts with resources that must exist first.
    pub fn depends_on<const N: usize>(resources: [&dyn AsResource; N]) -> Self {
        Self {
            depends_on: resources.into_iter().map(|r| r.handle().index()).collect(),
            ..Self::default()
        }
    }

    /// Adds resources that must exist first.
    #[must_use]
    pub fn and_depends_on<const N: usize>(mut self, resources: [&dyn AsResource; N]) -> Self {
        self.depends_on
            .extend(resources.into_iter().map(|r| r.handle().index()));
        self
    }

    /// Refuses to delete or replace the resource.
    #[must_use]
    pub fn protect(mut self) -> Self {
        self.protect = Some(true);
        self
    }

    /// Lifts an inherited `protect`.
    #[must_use]
    pub fn unprotect(mut self) -> Self {
        self.protect = Some(false);
        self
    }

    /// Leaves the resource in the cloud when it leaves the program.
    #[must_use]
    pub fn retain_on_delete(mut self) -> Self {
        self.retain_on_delete = Some(true);
        self
    }

    /// Chooses the order of a replacement, whatever the type prefers.
    #[must_use]
    pub fn delete_before_replace(mut self, first: bool) -> Self {
        self.delete_before_replace = Some(first);
        self
    }

    /// Ignores changes at these dotted paths.
    #[must_use]
    pub fn ignore_changes<S: Into<String>>(mut self, paths: impl IntoIterator<Item = S>) -> Self {
        self.ignore_changes
            .extend(paths.into_iter().map(Into::into));
        self
    }

    /// Replaces the resource when a value at these dotted paths changes.
    #[must_use]
    pub fn replace_on_changes<S: Into<String>>(
        mut self,
        paths: impl IntoIterator<Item = S>,
    ) -> Self {
        self.replace_on_changes
            .extend(paths.into_iter().map(Into::into));
        self
    }

    /// Sets how long operations may take.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }
}
