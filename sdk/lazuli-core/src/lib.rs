//! The vocabulary of Lazuli: urns, values, outputs and inputs, resources and
//! components, options, the provider trait, diagnostics, and the executor that
//! runs a user's program as one future.
//!
//! Nothing here does I/O: no file, no socket, no clock, no environment. The
//! engine (`lazuli-engine`) drives a program through [`program::launch`];
//! providers implement [`Provider`]; typed resources are thin layers over
//! [`Handle`].
//!
//! Read in this order: [`mod@output`] (what a value not yet known is), [`stack`]
//! (how a program declares resources), [`program`] (how the engine sees the
//! running program), [`schema`] (what is known of types without a cloud),
//! [`provider`] (how a cloud creates and changes a resource).

pub mod config;
pub mod custom;
pub mod diagnostic;
pub mod display;
mod environment;
pub mod error;
pub mod executor;
pub mod input;
pub mod members;
pub mod node;
pub mod options;
pub mod output;
pub mod program;
pub mod proof;
pub mod property;
pub mod provider;
pub mod reference;
mod registration;
pub mod schema;
pub mod scrub;
pub mod stack;
pub mod urn;
pub mod value;

pub use config::Config;
pub use diagnostic::{Allowance, Diagnostic, Related, Severity, SourceLocation};
pub use display::{Category, NodeStyle};
pub use error::{Error, OutputError, Result};
pub use input::{Exportable, Input, IntoInput, IntoList, IntoMap, List, Map};
pub use members::Members;
pub use options::{Alias, HookArgs, HookPoint, Options, Retry, Timeouts};
pub use output::{Output, Promise};
pub use proof::{Proof, ProofStep, Status};
pub use property::{Property, ToProperty};
pub use provider::{
    Declared, Observed, Progress, Provider, ProviderError, ProviderErrorKind, Recorded,
};
pub use reference::{StackReader, StackReference};
pub use schema::{DeclaredNode, Lifecycle, Schema, TypeSchema};
pub use stack::{
    AsResource, Component, ComponentParent, Handle, ResourceSpec, Resources, Scope, Stack,
};
pub use urn::{Urn, UrnError};
pub use value::{FromValue, Value};
