//! `verify`: checks the program by itself. Nobody signs in, no state is read and
//! nothing is written: findings, and for each app the proof that it gets what it
//! needs.

use clap::Args;
use lazuli_core::Severity;
use lazuli_engine::{EngineError, Survey, stop_channel};

use super::run::{config, connection_request, pass_on, scene, settings};
use super::{Session, Topology};
use crate::CliError;
use crate::exit::Exit;
use crate::render::survey;
use crate::run_args::allowances;

/// Flags of `verify`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct VerifyArgs {
    /// Accept a finding of this code; the reason is shown with it. Repeatable
    #[arg(long, value_name = "CODE=REASON")]
    allow: Vec<String>,
}

pub(crate) async fn verify(
    session: &mut Session,
    args: &VerifyArgs,
    topology: Topology,
) -> Result<Exit, CliError> {
    let allowed = allowances(&args.allow)?;
    let config = config(session)?;
    let request = connection_request(session)?;
    let offline = tokio::select! {
        offline = session.platform.survey(&request) => offline?,
        Some(()) = session.interrupts.recv() => return Err(CliError::stopped()),
    };
    let mut settings = settings(session, config, &offline.target);
    settings.allowed = allowed;
    let mut scene = scene(session, lazuli_engine::Operation::Preview);
    scene.target.clone_from(&offline.label);
    let store = session.store()?;
    let (stopper, stop) = stop_channel();
    let interrupts = std::mem::replace(&mut session.interrupts, tokio::sync::mpsc::channel(1).1);
    let watch = tokio::spawn(pass_on(interrupts, stopper));
    let surveyed = lazuli_engine::survey(settings, offline.schemas, store, topology, stop).await;
    watch.abort();
    let survey = surveyed.map_err(not_checked)?;
    if session.global.json {
        session.document(&survey::json(&survey, &scene));
    } else {
        session.stdout.text(&survey::text(&survey, &scene));
    }
    Ok(exit(&survey))
}

fn exit(survey: &Survey) -> Exit {
    let is_error = |finding: &lazuli_core::Diagnostic| finding.severity == Severity::Error;
    if survey.findings.iter().any(is_error) {
        Exit::Program
    } else {
        Exit::Ok
    }
}

fn not_checked(error: EngineError) -> CliError {
    match error {
        EngineError::Stopped { .. } => CliError::stopped(),
        EngineError::State { message, help, .. } => CliError::state(message).help(help),
        other => CliError::failed(other.to_string()),
    }
}
