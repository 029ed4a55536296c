//! One run of the engine, as `preview`, `up` and `destroy` have it: config and
//! target first, then the engine with a renderer, then the ending.

use std::collections::BTreeMap;
use std::time::Duration;

use lazuli_core::Value;
use lazuli_engine::{Operation, Settings, Stop, Stopper, stop_channel};
use lazuli_picture::timeline::{self, Ending, Recorder};
use tokio::sync::mpsc;

use super::{Session, Topology};
use crate::CliError;
use crate::config_file::ConfigFile;
use crate::exit::Exit;
use crate::frontend::{Approval, CliFrontend};
use crate::platform::{ConnectRequest, Connection};
use crate::project::actor;
use crate::render::{Paint, Scene, renderer};
use crate::run_args::RunArgs;

/// How long a program may stand still on something that is no output before the
/// plan is made without it.
const SETTLE: Duration = Duration::from_secs(3);

/// Columns of a text that goes to no terminal.
const PAGE_WIDTH: usize = 100;
/// The widest text that reads well.
const WIDEST: usize = 120;

/// What a run is asked to do beside its operation.
#[derive(Default)]
pub(crate) struct Job {
    pub(crate) course: RunArgs,
    /// Places of resources to adopt, with ids.
    pub(crate) imports: BTreeMap<String, String>,
}

impl Job {
    pub(crate) fn of(course: RunArgs) -> Self {
        Self {
            course,
            ..Self::default()
        }
    }
}

pub(crate) async fn run(
    mut session: Session,
    operation: Operation,
    job: Job,
    topology: Topology,
) -> Exit {
    let mut scene = scene(&session, operation);
    if let Some(error) = session.under_another_name() {
        if matches!(operation, Operation::Destroy | Operation::Refresh) {
            return not_started(&session, scene, &error);
        }
        session.stderr.text(&format!(
            "note: {error}; {}",
            error.next_step().unwrap_or_default()
        ));
    }
    if operation != Operation::Preview && session.keeps_here() {
        // That this fails is said by what is written there, if anything is.
        let _ = session.project.make_state_dir();
    }
    if let Some(error) = without_timeline(operation, &job.course) {
        return not_started(&session, scene, &error);
    }
    let prepared = match config(&session) {
        Ok(config) => connect(&mut session)
            .await
            .and_then(|connection| Ok((config, connection, session.store()?))),
        Err(error) => Err(error),
    };
    let (config, connection, store) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return not_started(&session, scene, &error),
    };
    scene.target.clone_from(&connection.label);
    scene.hints.clone_from(&connection.hints);
    let settings = Settings {
        imports: job.imports,
        providers: connection.providers.clone(),
        ..settings(&session, config, &connection.target)
    };
    let settings = match job.course.apply(settings, &session.current_dir) {
        Ok(settings) => settings,
        Err(error) => return not_started(&session, scene, &error),
    };
    let screen = renderer(
        scene.clone(),
        &session.stdout,
        session.global.json,
        session.global.verbose > 0,
    );
    let mut conversation = CliFrontend::new(screen, approval(&session), &scene);
    conversation.renderer.started();
    let (stopper, stop) = stop_channel();
    if job.course.timeline.is_some() {
        conversation.recorder = Some(Recorder::new(scene.project.clone(), scene.headline()));
    }
    let (_, never) = mpsc::channel(1);
    let interrupts = std::mem::replace(&mut session.interrupts, never);
    let watch = tokio::spawn(pass_on(interrupts, stopper));
    let exit = drive(
        operation,
        settings,
        store,
        topology,
        &mut conversation,
        stop,
    )
    .await;
    watch.abort();
    drop(connection.keep);
    let recorded = conversation.recorded(match exit {
        Exit::Ok => Ending::Finished,
        Exit::Stopped => Ending::Stopped,
        _ => Ending::Failed,
    });
    if let Some((recorder, file)) = recorded.zip(job.course.timeline.as_deref())
        && let Err(error) = session.put(Some(file), &timeline::write(&recorder, file))
    {
        // The run is what counts; it has been told already.
        session.report(&error);
    }
    exit
}

/// Where nothing is carried out there is nothing to draw.
fn without_timeline(operation: Operation, course: &RunArgs) -> Option<CliError> {
    let carries_out = matches!(operation, Operation::Up | Operation::Destroy);
    (course.timeline.is_some() && !carries_out).then(|| {
        let verb = operation.as_str();
        CliError::usage(format!("--timeline: a {verb} carries out no steps"))
            .help("give it to `up` or `destroy`; `graph` draws what a preview knows")
    })
}

async fn drive(
    operation: Operation,
    settings: Settings,
    store: lazuli_engine::Store,
    topology: Topology,
    conversation: &mut CliFrontend,
    stop: Stop,
) -> Exit {
    match lazuli_engine::run(operation, settings, store, topology, conversation, stop).await {
        Ok(summary) => {
            conversation.renderer.finished(&summary);
            Exit::Ok
        }
        Err(error) => {
            let exit = Exit::from(&error);
            let refusal = conversation.refusal.take();
            conversation.renderer.failed(&error, refusal.as_ref());
            exit
        }
    }
}

/// Hands each stop request to the engine.
pub(super) async fn pass_on(mut interrupts: mpsc::Receiver<()>, stopper: Stopper) {
    while interrupts.recv().await.is_some() {
        stopper.stop();
    }
}

/// The config file, with what `--set` says on top.
pub(super) fn config(session: &Session) -> Result<BTreeMap<String, Value>, CliError> {
    let file = ConfigFile::read(session.project.config_file())?;
    let mut values = session.config_values(&file)?;
    values.extend(session.global.settings()?);
    Ok(values)
}

/// The target that the command line names.
pub(super) fn connection_request(session: &Session) -> Result<ConnectRequest, CliError> {
    Ok(ConnectRequest {
        cloud: session.global.cloud(&session.env)?,
        ca_bundle: session.global.ca_bundle(&session.current_dir)?,
        subscription: session.global.subscription.clone(),
        data_dir: session.project.emulator_dir(),
        folder: session.project.folder.clone(),
        env: session.env.clone(),
    })
}

pub(super) async fn connect(session: &mut Session) -> Result<Connection, CliError> {
    let request = connection_request(session)?;
    tokio::select! {
        connection = session.platform.connect(&request) => connection,
        Some(()) = session.interrupts.recv() => Err(CliError::stopped()),
    }
}

/// Without a connection nothing moves on the screen: plain lines or JSON will do.
fn not_started(session: &Session, scene: Scene, error: &CliError) -> Exit {
    if session.global.json {
        renderer(scene, &session.stdout, true, false).not_started(error);
        return error.exit();
    }
    session.report(error)
}

pub(super) fn settings(
    session: &Session,
    config: BTreeMap<String, Value>,
    target: &BTreeMap<String, String>,
) -> Settings {
    Settings {
        config,
        target: target.clone(),
        parallel: usize::from(session.global.parallel),
        settle: SETTLE,
        expect_no_changes: session.global.expect_no_changes,
        actor: actor(&session.env),
        ..Settings::new(
            &session.project.name,
            &session.project.stack,
            session.project.folder.clone(),
        )
    }
}

fn approval(session: &Session) -> Approval {
    match &session.prompt {
        _ if session.global.yes => Approval::Given,
        Some(prompt) if !session.global.json => Approval::Ask(prompt.clone()),
        _ => Approval::Nobody,
    }
}

pub(super) fn scene(session: &Session, operation: Operation) -> Scene {
    let width = match session.stdout.is_terminal() {
        true => usize::from(console::Term::stdout().size().1).clamp(40, WIDEST),
        false => PAGE_WIDTH,
    };
    Scene {
        operation,
        project: session.project.name.clone(),
        stack: session.project.stack.clone(),
        target: String::new(),
        hints: Vec::new(),
        invocation: session.project.invocation.clone(),
        folder: session.project.folder.clone(),
        details: session.global.details,
        paint: Paint::new(
            session
                .global
                .colour(&session.env, session.stdout.is_terminal()),
        ),
        width,
    }
}
