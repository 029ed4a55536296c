//! What is known of resource types without a cloud: their schemas, the checks of
//! what is declared, and predictions for the scheduler.
//!
//! Everything here is pure. `verify` and unit tests need nothing else; the I/O is
//! in [`Provider`](crate::Provider), which hands out its schema.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::display::NodeStyle;
use crate::provider::Declared;
use crate::{Diagnostic, Proof, SourceLocation};

/// What is known of a type of resource. Paths are dotted, `*` matches any
/// index or key of one level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeSchema {
    /// Input paths that cannot change in place.
    pub immutable: Vec<String>,
    /// Input paths of lists whose order means nothing.
    pub sets: Vec<String>,
    /// Input paths of texts compared without case (ids, locations, sku names).
    pub ignore_case: Vec<String>,
    /// Input paths of lists of objects, each with the member that names an
    /// element. Without one, `name` and `id` are tried, then what elements have in common.
    pub keys: Vec<(String, String)>,
    /// Input paths that the cloud does not return, or returns changed: drift is
    /// not detected there.
    pub write_only: Vec<String>,
    /// Output paths that an update cannot change, with the input paths whose
    /// change makes that void: known in the preview of an update.
    pub stable_outputs: Vec<(String, Vec<String>)>,
    /// A replacement deletes the old one first, because both would have one name.
    pub delete_before_replace: bool,
}

impl TypeSchema {
    /// The schema of a type of which nothing is known; one record that all share.
    #[must_use]
    pub fn unknown() -> Arc<Self> {
        static UNKNOWN: LazyLock<Arc<TypeSchema>> = LazyLock::new(Arc::default);
        UNKNOWN.clone()
    }
}

/// What kind of operation is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lifecycle {
    /// Create it.
    Create,
    /// Change it in place.
    Update,
    /// Remove it.
    Delete,
}

/// A declared resource, as checks over the whole graph see it.
#[derive(Debug, Clone)]
pub struct DeclaredNode {
    /// What the program wants; unknowns allowed.
    pub desired: Declared,
    /// Where the program declares it.
    pub location: SourceLocation,
    /// Positions in the same list of the resources it depends on.
    pub depends_on: Vec<usize>,
    /// It exists without the program, whose inputs then say nothing of it.
    pub existing: bool,
}

/// The types that one provider serves, and what can be said of their resources
/// before the cloud is asked. Every method is pure.
pub trait Schema: Send + Sync {
    /// The schema of a type: a shared record, so asking again costs nothing. A
    /// type that is not known has an empty one.
    fn type_schema(&self, ty: &str) -> Arc<TypeSchema> {
        let _ = ty;
        TypeSchema::unknown()
    }

    /// Checks one resource on its own: names, formats, required members.
    fn check(&self, declared: &Declared) -> Vec<Diagnostic> {
        let _ = declared;
        Vec::new()
    }

    /// Checks the whole graph: what only several resources together show.
    fn verify(&self, declared: &[DeclaredNode]) -> Vec<Diagnostic> {
        let _ = declared;
        Vec::new()
    }

    /// What can be proved of the whole graph, broken or not.
    fn proofs(&self, declared: &[DeclaredNode]) -> Vec<Proof> {
        let _ = declared;
        Vec::new()
    }

    /// Whether a check or a rule has this code, so that its findings can be allowed.
    fn has_rule(&self, code: &str) -> bool {
        let _ = code;
        false
    }

    /// How a picture shows the resources: one style for each, in their order, or
    /// none at all.
    fn display(&self, declared: &[DeclaredNode]) -> Vec<NodeStyle> {
        let _ = declared;
        Vec::new()
    }

    /// Keys of things that two operations must not work on at once (a virtual
    /// network whose subnets are written). The scheduler serialises on them.
    fn lock_keys(&self, declared: &Declared) -> Vec<String> {
        let _ = declared;
        Vec::new()
    }

    /// How long an operation usually takes; only orders the ready queue. For a
    /// delete, `declared` is the resource as the state records it.
    fn estimate(&self, declared: &Declared, lifecycle: Lifecycle) -> Duration {
        let _ = (declared, lifecycle);
        Duration::from_secs(1)
    }
}
