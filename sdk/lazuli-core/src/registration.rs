//! What a program declares, as the engine receives it.

use std::panic::Location;
use std::sync::Arc;

use crate::node::{NodeId, Provenance};
use crate::options::OptionValues;
use crate::output::Output;
use crate::property::Property;
use crate::urn::{Urn, UrnError};
use crate::value::Value;

/// A declared resource or component.
pub struct Registration {
    /// Index within this run, in order of declaration.
    pub index: NodeId,
    /// Identity across runs.
    pub urn: Urn,
    /// Why the name cannot be part of a urn, if it cannot.
    pub name_problem: Option<Box<UrnError>>,
    /// The resource or component it is declared under.
    pub parent: Option<NodeId>,
    /// What it is.
    pub kind: RegistrationKind,
    /// Its options, inheritance and transforms applied.
    pub options: Arc<OptionValues>,
    /// Urns it had before, by its own aliases and those of what lies above it.
    pub aliases: Box<[Urn]>,
    /// What the declaring task had awaited.
    pub ambient: Provenance,
    /// Where the program declares it.
    pub at: &'static Location<'static>,
}

/// What a registration is.
pub enum RegistrationKind {
    /// Groups others; nothing is deployed for it.
    Component,
    /// Served by a provider.
    Resource {
        /// The provider's name.
        provider: Arc<str>,
        /// The cloud's id, where it follows from names.
        id: Option<Output<String>>,
        /// The declared inputs.
        inputs: Property,
        /// It exists without the program: read, never changed.
        existing: bool,
    },
}

/// A published value.
#[derive(Clone)]
pub struct ExportEntry {
    /// Its name.
    pub name: String,
    /// Its value; may be pending or failed.
    pub value: Output<Value>,
    /// Where the program publishes it.
    pub at: &'static Location<'static>,
}
