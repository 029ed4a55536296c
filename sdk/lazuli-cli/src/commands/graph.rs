//! `graph`: draws what the program declares, with what a preview says of it, or
//! what is deployed. Touches nothing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use clap::{Args, ValueEnum};
use lazuli_engine::{
    Decision, EngineError, Event, Frontend, Operation, Plan, Settings, Topology as Declared,
    stop_channel,
};
use lazuli_picture::{Displayed, Format, Picture, data};

use super::run::{config, connect, connection_request, pass_on, scene, settings};
use super::{Session, Topology};
use crate::CliError;
use crate::exit::Exit;
use crate::platform::OfflineTarget;
use crate::render::{PlainLines, Renderer as _};

/// Flags of `graph`.
#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    /// The form of the picture [default: as the file's name says, else svg]
    #[arg(long, value_name = "FORM")]
    format: Option<FormatArg>,
    /// Write the picture to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Draw what is deployed; the program does not run
    #[arg(long)]
    from_state: bool,
}

/// The forms of a picture, as arguments name them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    /// A picture that stands alone
    Svg,
    /// One page with details of everything, that needs nothing else
    Html,
    /// Text for Mermaid
    Mermaid,
    /// Text for Graphviz
    Dot,
}

impl From<FormatArg> for Format {
    fn from(argument: FormatArg) -> Self {
        match argument {
            FormatArg::Svg => Self::Svg,
            FormatArg::Html => Self::Html,
            FormatArg::Mermaid => Self::Mermaid,
            FormatArg::Dot => Self::Dot,
        }
    }
}

pub(crate) async fn graph(mut session: Session, args: GraphArgs, topology: Topology) -> Exit {
    match draw(&mut session, &args, topology).await {
        Ok(exit) => exit,
        Err(error) => session.report(&error),
    }
}

async fn draw(
    session: &mut Session,
    args: &GraphArgs,
    topology: Topology,
) -> Result<Exit, CliError> {
    let form = args.form(session.global.json)?;
    let config = config(session)?;
    let (target, seen, ended) = if args.from_state {
        (offline(session).await?, deployed(session)?, Ok(()))
    } else {
        let connection = connect(session).await?;
        let settings = Settings {
            providers: connection.providers.clone(),
            ..settings(session, config, &connection.target)
        };
        let (seen, ended) = preview(session, settings, topology).await?;
        (connection.offline(), seen, ended)
    };
    // A program that failed at once has nothing to show.
    let shown = seen
        .declared
        .filter(|declared| ended.is_ok() || !declared.members.is_empty());
    if let Some(declared) = &shown {
        let picture = picture(session, &target, declared, seen.plan.as_ref(), args);
        let text = match form {
            Some(form) => form.write(&picture),
            None => format!("{:#}\n", data(&picture)),
        };
        session.put(args.output.as_deref(), &text)?;
    }
    let Err(error) = ended else {
        return Ok(Exit::Ok);
    };
    // The picture shows what is wrong; whoever asks for it by a script hears of it, too.
    let scene = scene(session, Operation::Preview);
    PlainLines::new(scene, session.stderr.clone()).failed(&error, None);
    Ok(Exit::from(&error))
}

/// The schemas that describe the state: nobody needs to sign in for them.
async fn offline(session: &mut Session) -> Result<OfflineTarget, CliError> {
    let request = connection_request(session)?;
    tokio::select! {
        offline = session.platform.survey(&request) => offline,
        Some(()) = session.interrupts.recv() => Err(CliError::stopped()),
    }
}

impl GraphArgs {
    /// The form that is asked for; none for JSON.
    fn form(&self, json: bool) -> Result<Option<Format>, CliError> {
        if json {
            return match self.format {
                None => Ok(None),
                Some(_) => Err(
                    CliError::usage("--json and --format are two forms of one picture")
                        .help("leave one of them out"),
                ),
            };
        }
        let of_file = self.output.as_deref().and_then(Format::of_file);
        let asked = self.format.map(Format::from);
        Ok(Some(asked.or(of_file).unwrap_or(Format::Svg)))
    }
}

/// What is to be drawn.
#[derive(Default)]
struct Seen {
    declared: Option<Declared>,
    plan: Option<Plan>,
}

fn deployed(session: &Session) -> Result<Seen, CliError> {
    let state = session.state()?;
    if state.resources.is_empty() {
        let stack = &session.project.stack;
        let error = CliError::failed(format!("nothing is deployed in the stack `{stack}`"));
        let up = session.command_line("up");
        return Err(error.help(format!("deploy it with `{up}`, or leave --from-state out")));
    }
    Ok(Seen {
        declared: Some(Declared::of_state(&state)),
        plan: None,
    })
}

async fn preview(
    session: &mut Session,
    settings: Settings,
    topology: Topology,
) -> Result<(Seen, Result<(), EngineError>), CliError> {
    let seen: Arc<Mutex<Option<Declared>>> = Arc::default();
    let keep = seen.clone();
    let settings = Settings {
        inspect: Some(Arc::new(move |declared| {
            *keep.lock().expect("nobody panics with it") = Some(declared);
        })),
        ..settings
    };
    let store = session.store()?;
    let (stopper, stop) = stop_channel();
    let (_, never) = tokio::sync::mpsc::channel(1);
    let interrupts = std::mem::replace(&mut session.interrupts, never);
    let watch = tokio::spawn(pass_on(interrupts, stopper));
    let mut listener = Listener::default();
    let ended = lazuli_engine::run(
        Operation::Preview,
        settings,
        store,
        topology,
        &mut listener,
        stop,
    )
    .await;
    watch.abort();
    let declared = seen.lock().expect("nobody panics with it").take();
    let plan = listener.plan;
    Ok((Seen { declared, plan }, ended.map(|_| ())))
}

/// Keeps the plan.
#[derive(Default)]
struct Listener {
    plan: Option<Plan>,
}

#[async_trait]
impl Frontend for Listener {
    fn event(&mut self, event: &Event) {
        if let Event::Planned(plan) = event {
            self.plan = Some(plan.clone());
        }
    }

    async fn approve(&mut self, _: &Plan) -> Decision {
        Decision::Refused
    }
}

fn picture(
    session: &Session,
    target: &OfflineTarget,
    declared: &Declared,
    plan: Option<&Plan>,
    args: &GraphArgs,
) -> Picture {
    let displayeds = target.schemas.iter().map(|(name, schema)| {
        let (positions, declared) = declared.declared(name);
        Displayed {
            positions,
            looks: schema.display(&declared),
            proofs: schema.proofs(&declared),
        }
    });
    let displayeds: Vec<_> = displayeds.collect();
    let (stack, target) = (&session.project.stack, &target.label);
    let state = if args.from_state {
        "as it is deployed"
    } else {
        "as the program declares it"
    };
    let mut drawn = Picture::new(declared, &displayeds, plan);
    let mut notes = plan.map(notes).unwrap_or_default();
    if drawn.is_new {
        notes.insert(0, "Nothing of this is deployed yet.".to_owned());
    }
    drawn.title.clone_from(&session.project.name);
    drawn.subtitle = format!("stack {stack} on {target}, {state}");
    drawn.notes = notes;
    drawn
}

/// What the program may declare later.
fn notes(plan: &Plan) -> Vec<String> {
    let more = &plan.more_after;
    let more = (!more.is_empty()).then(|| {
        format!(
            "The program may declare more once this is known: {}.",
            more.join(", ")
        )
    });
    let assumed = plan.assumed.then(|| {
        "The program was waiting for something of its own; it may declare more after that."
            .to_owned()
    });
    more.into_iter().chain(assumed).collect()
}

impl Session {
    /// Writes a document to a file, or to stdout.
    pub(crate) fn put(&self, file: Option<&Path>, text: &str) -> Result<(), CliError> {
        let Some(file) = file else {
            self.stdout.data(text);
            return Ok(());
        };
        let path = self.current_dir.join(file);
        std::fs::write(&path, text).map_err(|cause| {
            CliError::failed(format!("{} cannot be written: {cause}", file.display()))
                .help("name a file in a folder that exists and that you may write to")
        })?;
        self.stderr.text(&format!("wrote {}\n", file.display()));
        Ok(())
    }
}
