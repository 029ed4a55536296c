//! Where a pending output comes from.

use std::panic::Location;
use std::sync::{Arc, OnceLock, Weak};

use crate::executor::Task;
use crate::node::NodeId;

/// Where a pending value will come from; followed to say what waits for what.
pub(crate) enum Source {
    /// Known from the start, or a promise of the program.
    Program,
    /// A property of a resource.
    Resource(NodeId, Arc<str>),
    /// Computed from other outputs.
    Derived(Vec<Weak<dyn Node>>),
    /// The result of a task, filled in once the task exists.
    Task(OnceLock<Weak<Task>>),
}

/// An output without its type.
pub(crate) trait Node: Send + Sync {
    fn is_settled(&self) -> bool;
    fn source(&self) -> &Source;
    fn at(&self) -> &'static Location<'static>;
}
