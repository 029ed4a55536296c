//! The program as a tool: arguments, rendering, exit codes.
//!
//! A user's `main` calls `lazuli::run`, which calls [`run`] here with what
//! connects to a cloud (a [`Platform`]). This crate parses the command line,
//! starts the engine, shows what happens and ends with an [`Exit`] that says
//! how it went. It knows of no cloud, and everything of the process enters
//! through [`Surroundings`], so that tests drive the whole tool in process
//! with [`run_with`].
//!
//! Each command is one file in `commands/`; everything that is shown is made in
//! `render/`.

mod args;
mod backend;
mod commands;
mod config_file;
mod config_secrets;
mod error;
mod exit;
mod frontend;
mod log;
mod platform;
mod project;
mod render;
mod run_args;
mod screen;

#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::sync::Arc;

use lazuli_core::{Result, Stack};

pub use error::CliError;
pub use exit::{EXITS, Exit};
pub use platform::{
    Cloud, ConnectRequest, Connection, OfflineTarget, OpenWorld, Page, Platform, ServiceRequest,
    WorldRequest,
};
pub use project::ProgramInfo;
pub use screen::{Input, Interrupts, Prompt, Screen, Surroundings};

use crate::backend::PassphraseCache;
use crate::commands::{Session, Topology};
use crate::project::Project;
use crate::render::{Paint, report};

/// Runs the program as a tool: reads the process's arguments and environment,
/// carries out the command, and returns the exit code.
pub async fn run<F, Fut>(program: ProgramInfo, topology: F, platform: impl Platform) -> ExitCode
where
    F: FnOnce(Stack) -> Fut + Send + 'static,
    Fut: Future<Output = Result<()>> + 'static,
{
    run_with(Surroundings::of_process(), program, topology, platform)
        .await
        .into()
}

/// The same in surroundings of the caller's making, for tests.
pub async fn run_with<F, Fut>(
    surroundings: Surroundings,
    program: ProgramInfo,
    topology: F,
    platform: impl Platform,
) -> Exit
where
    F: FnOnce(Stack) -> Fut + Send + 'static,
    Fut: Future<Output = Result<()>> + 'static,
{
    let topology: Topology = Box::new(move |stack| Box::pin(topology(stack)));
    carry_out(surroundings, &program, topology, Arc::new(platform)).await
}

async fn carry_out(
    mut surroundings: Surroundings,
    program: &ProgramInfo,
    topology: Topology,
    platform: Arc<dyn Platform>,
) -> Exit {
    let arguments = match args::parse(&surroundings) {
        Ok(arguments) => arguments,
        Err(error) => return show_usage(&surroundings, &error),
    };
    let global = arguments.global;
    for screen in [&mut surroundings.stdout, &mut surroundings.stderr] {
        let colour = global.colour(&surroundings.env, screen.is_terminal());
        *screen = screen.clone().coloured(colour);
    }
    let colour = global.colour(&surroundings.env, surroundings.stderr.is_terminal());
    let project = Project::resolve(
        program,
        &surroundings,
        global.stack.clone(),
        global.state_dir.clone(),
    );
    let logged = if surroundings.log {
        log::install(&surroundings.env, global.verbose, colour)
    } else {
        Ok(())
    };
    let project = match logged.and(project) {
        Ok(project) => project,
        Err(error) => {
            surroundings
                .stderr
                .text(&report::cli_error(&error, Paint::new(colour)));
            return error.exit();
        }
    };
    let session = Session {
        project,
        global,
        env: surroundings.env,
        current_dir: surroundings.current_dir,
        stdout: surroundings.stdout,
        stderr: surroundings.stderr,
        prompt: surroundings.prompt,
        input: surroundings.input,
        told: PassphraseCache::default(),
        interrupts: surroundings.interrupts.listen(),
        platform,
    };
    // Before, for a folder of an earlier version or of a run that was killed; after, for
    // one that the command has made.
    let project = session.project.clone();
    project.ignore_state_dir();
    let exit = session.carry_out(arguments.command, topology).await;
    project.ignore_state_dir();
    exit
}

/// Help goes to stdout and is a success; anything else is a wrong command line.
fn show_usage(surroundings: &Surroundings, error: &clap::Error) -> Exit {
    let (screen, exit) = match error.exit_code() {
        0 => (&surroundings.stdout, Exit::Ok),
        _ => (&surroundings.stderr, Exit::Usage),
    };
    let text = error.render();
    let colour = screen.is_terminal() && project::variable(&surroundings.env, "NO_COLOR").is_none();
    screen.text(&if colour {
        text.ansi().to_string()
    } else {
        text.to_string()
    });
    exit
}
