//! Infrastructure for Azure as ordinary, typed Rust programs.
//!
//! A program declares a topology; the program *is* the deployment tool:
//!
//! ```no_run
//! use lazuli::prelude::*;
//!
//! #[tokio::main]
//! async fn main() -> std::process::ExitCode {
//!     lazuli::run(topology).await
//! }
//!
//! async fn topology(stack: Stack) -> Result<()> {
//!     let group = ResourceGroup::builder(&stack, "shop").location("westeurope").build();
//!     let network = VirtualNetwork::builder(&group, "shop-net").address_space(["10.0.0.0/16"]).build();
//!     stack.export("network", network.id());
//!     Ok(())
//! }
//! ```
//!
//! `cargo run -- preview | up | destroy | output` plans, deploys, deletes, prints.
//! Out of the box it deploys to an embedded Azure; `--cloud azure` is the real one.
//!
//! # Where things are
//! - [`prelude`]: everything a program needs. Resources are builders:
//!   `Kind::builder(&parent, "name")`, setters, `build()`.
//! - [`Output`](prelude::Output): a value that may not be known yet; pass it to any
//!   setter, `map` it, or `.await` it inside a scope.
//! - [`custom`]: kinds of resources of your own.
//! - [`testing`]: unit tests of a program with mocks of every resource and the real engine.
//! - `docs/ARCHITECTURE.md`: the map of the repository.
//!
//! This crate holds no logic of its own: it wires the tool to Azure and to the
//! embedded one, and re-exports.

mod cloud;
pub mod custom;
pub mod prelude;
pub mod testing;

use std::process::ExitCode;

pub use lazuli_azure as azure;
pub use lazuli_core as core;
pub use lazuli_core::{bail, list};
pub use lazuli_engine as engine;
pub use lazuli_macros::output;

/// Runs the program as a tool: parses the command line, carries the command
/// out, and returns the exit code.
///
/// The project is named after the program's crate, as it was compiled. Where the
/// package has another name, [`run!`](crate::run!) takes that; `project` in
/// `lazuli.toml` wins over both.
pub async fn run<F, Fut>(topology: F) -> ExitCode
where
    F: FnOnce(prelude::Stack) -> Fut + Send + 'static,
    Fut: Future<Output = prelude::Result<()>> + 'static,
{
    lazuli_cli::run(
        lazuli_cli::ProgramInfo::of_program::<F>(),
        topology,
        cloud::Clouds,
    )
    .await
}

/// [`run`](fn@crate::run) for a project that is named after the package, as it is called
/// when the program is compiled.
///
/// ```no_run
/// # use lazuli::prelude::*;
/// # async fn topology(stack: Stack) -> Result<()> { Ok(()) }
/// #[tokio::main]
/// async fn main() -> std::process::ExitCode {
///     lazuli::run!(topology).await
/// }
/// ```
#[macro_export]
macro_rules! run {
    ($topology:expr $(,)?) => {
        $crate::__private::run_as(env!("CARGO_PKG_NAME"), $topology)
    };
}

/// A program that deploys to Azure and to a kind of resource of its own; see [`custom`].
pub fn with(kind: impl custom::Custom) -> custom::Program {
    custom::Program::new(true).with(kind)
}

/// A program that deploys to a kind of resource of its own, and knows no Azure; see [`custom`].
pub fn only(kind: impl custom::Custom) -> custom::Program {
    custom::Program::new(false).with(kind)
}

/// What derives refer to; not for programs.
#[doc(hidden)]
pub mod __private {
    use std::process::ExitCode;

    /// [`run`](fn@crate::run) under a name.
    pub async fn run_as<F, Fut>(name: &str, topology: F) -> ExitCode
    where
        F: FnOnce(crate::prelude::Stack) -> Fut + Send + 'static,
        Fut: Future<Output = crate::prelude::Result<()>> + 'static,
    {
        let name = name.to_owned();
        lazuli_cli::run(
            lazuli_cli::ProgramInfo { name },
            topology,
            crate::cloud::Clouds,
        )
        .await
    }

    pub use lazuli_azure::IntoArgument;
    pub use lazuli_core::{IntoInput, IntoList, IntoMap};
    pub use typed_builder::{self, TypedBuilder};
}
