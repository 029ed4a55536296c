//! The commands, one file each. `preview`, `up` and `destroy` are one run of
//! the engine with different operations, see [`run`].

pub(crate) mod config;
pub(crate) mod destroy;
pub(crate) mod emulator;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod output;
pub(crate) mod preview;
pub(crate) mod refresh;
pub(crate) mod run;
pub(crate) mod stack;
pub(crate) mod state;
pub(crate) mod state_backend;
pub(crate) mod state_log;
pub(crate) mod up;
pub(crate) mod verify;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use lazuli_core::Stack;
use lazuli_engine::State;
use serde_json::Value as Json;
use tokio::sync::mpsc;

use crate::CliError;
use crate::args::{Command, Global};
use crate::backend::PassphraseCache;
use crate::exit::Exit;
use crate::platform::{Cloud, Platform, WorldRequest};
use crate::project::Project;
use crate::render::{Paint, report};
use crate::screen::{Input, Prompt, Screen};

/// The user's program, boxed at once so that one copy of this crate serves all programs.
pub(crate) type Topology = Box<dyn FnOnce(Stack) -> TopologyFuture + Send>;
pub(crate) type TopologyFuture = Pin<Box<dyn Future<Output = lazuli_core::Result<()>>>>;

/// What a command works with.
pub(crate) struct Session {
    pub(crate) project: Project,
    pub(crate) global: Global,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) current_dir: PathBuf,
    pub(crate) stdout: Screen,
    pub(crate) stderr: Screen,
    pub(crate) prompt: Option<Arc<dyn Prompt>>,
    pub(crate) input: Input,
    /// The passphrase, once somebody told it.
    pub(crate) told: PassphraseCache,
    pub(crate) interrupts: mpsc::Receiver<()>,
    pub(crate) platform: Arc<dyn Platform>,
}

impl Session {
    /// Runs a command. Errors are shown here; a run of the engine shows its own.
    pub(crate) async fn carry_out(mut self, command: Command, topology: Topology) -> Exit {
        let done = match command {
            Command::Preview(course) => return preview::preview(self, course, topology).await,
            Command::Up(course) => return up::up(self, course, topology).await,
            Command::Destroy(course) => return destroy::destroy(self, course, topology).await,
            Command::Refresh(course) => return refresh::refresh(self, course, topology).await,
            Command::Import { what } => return import::import(self, &what, topology).await,
            Command::Verify(args) => verify::verify(&mut self, &args, topology).await,
            Command::Graph(args) => return graph::graph(self, args, topology).await,
            Command::State(state::StateCommand::Place(command)) => {
                return state_backend::place(self, command, topology).await;
            }
            Command::History => history::history(&self),
            Command::Output(args) => output::output(&self, &args),
            Command::State(state::StateCommand::Edit(command)) => {
                state::state(&self, &command).await
            }
            Command::Stack => stack::stack(&self),
            Command::Config(command) => config::config(&self, &command),
            Command::Emulator(command) => emulator::emulator(&mut self, &command).await,
        };
        done.unwrap_or_else(|error| self.report(&error))
    }

    /// Shows an error on stderr.
    pub(crate) fn report(&self, error: &CliError) -> Exit {
        let paint = Paint::new(self.global.colour(&self.env, self.stderr.is_terminal()));
        self.stderr.text(&report::cli_error(error, paint));
        error.exit()
    }

    /// The state as the last run left it.
    pub(crate) fn state(&self) -> Result<State, CliError> {
        self.store()?.read().map_err(|error| CliError::from(&error))
    }

    pub(crate) fn world(&self) -> WorldRequest {
        WorldRequest {
            data_dir: self.project.emulator_dir(),
            env: self.env.clone(),
        }
    }

    /// Prints a JSON document for a program to read.
    pub(crate) fn document(&self, json: &Json) {
        self.stdout.json(&format!("{json:#}"));
    }

    /// Ready for use in a message: `cargo run -- up`.
    pub(crate) fn command_line(&self, command: &str) -> String {
        let stack = match self.project.stack.as_str() {
            "dev" => String::new(),
            stack => format!(" --stack {stack}"),
        };
        let cloud = match self.global.cloud(&self.env) {
            Ok(Cloud::Azure) => " --cloud azure".to_owned(),
            Ok(Cloud::Endpoint(address)) => format!(" --cloud {address}"),
            _ => String::new(),
        };
        format!("{} {command}{stack}{cloud}", self.project.invocation)
    }
}
