//! `state`: looks at what is recorded of the stack, and edits it by hand. An
//! edit changes the state only, never the cloud; it is shown and asked for first.

use clap::{Args, Subcommand};
use lazuli_core::value::Reveal;
use lazuli_engine::{Edit, Edited, EngineError, Resource, State};
use serde_json::{Value as Json, json};

use super::state_backend::PlaceCommand;
use super::{Session, state_log};
use crate::CliError;
use crate::exit::Exit;
use crate::project::actor;
use crate::render::value;

/// What to do with the state.
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    #[command(flatten)]
    Edit(EditCommand),
    #[command(flatten)]
    Place(PlaceCommand),
}

/// What to do with what is recorded.
#[derive(Debug, Subcommand)]
pub(crate) enum EditCommand {
    /// List the recorded resources, with what is special about each
    #[command(visible_alias = "ls")]
    List,
    /// Show all that is recorded of one resource; secrets stay hidden
    Show(At),
    /// Tell what the journal says: each operation of the last run, and what is still open
    Log,
    /// Have the next `up` replace a resource
    Taint(At),
    /// Take a taint back
    Untaint(At),
    /// Lift the protection of a resource
    Unprotect(At),
    /// Forget a resource; the cloud keeps it
    #[command(visible_alias = "rm")]
    Remove {
        #[command(flatten)]
        at: At,
        /// Forget what depends on it, too
        #[arg(long)]
        dependents: bool,
    },
    /// Give a resource, or all that lies in a component, another place in the program
    #[command(visible_alias = "mv")]
    Move {
        #[command(flatten)]
        at: At,
        /// The new place (`app/network`), or the whole new urn
        #[arg(value_name = "NEW")]
        to: String,
    },
}

/// A resource of the state.
#[derive(Debug, Args)]
pub(crate) struct At {
    /// Its place in the program (`group/network`), or its urn
    #[arg(value_name = "PLACE")]
    place: String,
}

pub(crate) async fn state(session: &Session, command: &EditCommand) -> Result<Exit, CliError> {
    if let EditCommand::Log = command {
        return state_log::log(session);
    }
    let state = session.state()?;
    let (place, edit) = match command {
        EditCommand::Log => return Ok(Exit::Ok),
        EditCommand::List => {
            list(session, &state);
            return Ok(Exit::Ok);
        }
        EditCommand::Show(at) => {
            let resource = state
                .find(&at.place)
                .map_err(|error| CliError::from(&error))?;
            show(session, resource);
            return Ok(Exit::Ok);
        }
        EditCommand::Taint(at) => (&at.place, Edit::Taint),
        EditCommand::Untaint(at) => (&at.place, Edit::Untaint),
        EditCommand::Unprotect(at) => (&at.place, Edit::Unprotect),
        EditCommand::Remove { at, dependents } => {
            let dependents = *dependents;
            (&at.place, Edit::Remove { dependents })
        }
        EditCommand::Move { at, to } => (&at.place, Edit::Move { to: to.clone() }),
    };
    change(session, &state, place, &edit).await
}

/// Shows what an edit does, asks, and does it.
async fn change(
    session: &Session,
    state: &State,
    place: &str,
    edit: &Edit,
) -> Result<Exit, CliError> {
    let store = session.store()?;
    // What is in flight may be somebody's run, not an interrupted one.
    if let Some(holder) = store.holder().map_err(|error| CliError::from(&error))? {
        return Err(CliError::from(&EngineError::Locked {
            holder: holder.text,
            file: holder.place,
        }));
    }
    let edited = edit
        .on(state, place)
        .map_err(|error| CliError::from(&error))?;
    if !session.global.json {
        for one in &edited {
            session.stdout.text(&line(edit, one));
        }
    }
    if !edited.is_empty() {
        approve(session, edit, edited.len()).await?;
        edit.write(&store, &actor(&session.env), place, &edited)
            .map_err(|error| CliError::from(&error))?;
    }
    if session.global.json {
        session.document(&json!({
            "schema": "lazuli.state_edit/1",
            "edit": edit.as_str(),
            "resources": edited.iter().map(edited_json).collect::<Vec<_>>(),
        }));
    } else if edited.is_empty() {
        session
            .stdout
            .text("nothing to do: it is like that already");
    } else {
        session.stdout.text("done");
    }
    Ok(Exit::Ok)
}

async fn approve(session: &Session, edit: &Edit, count: usize) -> Result<(), CliError> {
    let resources = match count {
        1 => "this resource".to_owned(),
        count => format!("these {count} resources"),
    };
    let question = match edit {
        Edit::Taint => format!("Have the next `up` replace {resources}?"),
        Edit::Untaint => format!("Keep {resources}?"),
        Edit::Unprotect => format!("Lift the protection of {resources}?"),
        Edit::Remove { .. } => format!("Forget {resources}? The cloud keeps what is forgotten."),
        Edit::Move { .. } => format!("Move {resources}?"),
    };
    let prompt = match &session.prompt {
        _ if session.global.yes => return Ok(()),
        Some(prompt) if !session.global.json => prompt.clone(),
        _ => {
            let message =
                "the edit was not approved: there is no terminal to ask on, it needs --yes";
            return Err(CliError::not_approved(message).help("add --yes"));
        }
    };
    let yes = tokio::task::spawn_blocking(move || prompt.confirm(&question)).await;
    match yes.unwrap_or(false) {
        true => Ok(()),
        false => Err(CliError::not_approved(
            "the edit was not approved; nothing was written",
        )),
    }
}

fn line(edit: &Edit, one: &Edited) -> String {
    let place = one.urn.address();
    match (&one.to, edit) {
        (Some(to), _) => format!("{} {place} → {}", edit.as_str(), to.address()),
        (None, Edit::Remove { .. }) => format!("remove {place}  {}", one.id),
        (None, _) => format!("{} {place}", edit.as_str()),
    }
}

fn edited_json(one: &Edited) -> Json {
    let mut json = json!({ "urn": one.urn.as_str(), "id": one.id });
    if let Some(to) = &one.to {
        json["to"] = to.as_str().into();
    }
    json
}

/// What is special about a resource, in words.
fn marks(resource: &Resource) -> Vec<&'static str> {
    let all = [
        (resource.tainted, "tainted"),
        (resource.protect, "protected"),
        (resource.retain_on_delete, "retained"),
        (resource.uncertain, "uncertain"),
    ];
    all.into_iter()
        .filter_map(|(holds, mark)| holds.then_some(mark))
        .collect()
}

fn list(session: &Session, state: &State) {
    if session.global.json {
        let resources: Vec<_> = state
            .resources
            .values()
            .map(|one| short_json(one))
            .collect();
        let superseded: Vec<_> = state
            .superseded
            .values()
            .map(|one| short_json(one))
            .collect();
        return session.document(&json!({
            "schema": "lazuli.state/1",
            "serial": state.serial,
            "resources": resources,
            "superseded": superseded,
        }));
    }
    let mut lines: Vec<String> = Vec::new();
    for resource in state.resources.values() {
        let mut words = vec![resource.urn.address(), resource.urn.ty().to_owned()];
        words.extend(marks(resource).into_iter().map(str::to_owned));
        lines.push(words.join("  "));
    }
    for old in state.superseded.values() {
        let (place, id) = (old.urn.address(), &old.id);
        lines.push(format!("{place}  replaced, to be deleted  {id}"));
    }
    if lines.is_empty() {
        lines.push("the state holds no resource".to_owned());
    }
    session.stdout.text(&lines.join("\n"));
}

fn short_json(resource: &Resource) -> Json {
    json!({
        "urn": resource.urn.as_str(),
        "place": resource.urn.address(),
        "type": resource.urn.ty(),
        "id": resource.id,
        "marks": marks(resource),
    })
}

fn show(session: &Session, resource: &Resource) {
    let document = document(resource);
    if session.global.json {
        return session.document(&document);
    }
    let Json::Object(members) = document else {
        return;
    };
    let mut lines: Vec<String> = Vec::new();
    for (key, member) in members {
        match member {
            Json::String(text) => lines.push(format!("{key}: {text}")),
            Json::Array(list) if list.is_empty() => {}
            Json::Null => {}
            Json::Object(_) | Json::Array(_) => {
                let text = format!("{member:#}").replace('\n', "\n  ");
                lines.push(format!("{key}: {text}"));
            }
            other => lines.push(format!("{key}: {other}")),
        }
    }
    session.stdout.text(&lines.join("\n"));
}

/// All that is recorded of a resource; secrets are marked, not shown.
fn document(resource: &Resource) -> Json {
    let urns = |urns: &[lazuli_core::Urn]| -> Vec<String> {
        urns.iter().map(|urn| urn.as_str().to_owned()).collect()
    };
    let urn = |urn: &Option<lazuli_core::Urn>| urn.as_ref().map(|urn| urn.as_str().to_owned());
    let hidden = |value: &lazuli_core::Value| value::json(value, Reveal::No);
    json!({
        "urn": resource.urn.as_str(),
        "type": resource.urn.ty(),
        "id": resource.id,
        "provider": *resource.provider,
        "declared_at": resource.location.to_string(),
        "marks": marks(resource),
        "parent": urn(&resource.parent),
        "depends_on": urns(&resource.depends_on),
        "deleted_with": urn(&resource.deleted_with),
        "delete_after": urns(&resource.delete_after),
        "secret_outputs": resource.secret_outputs,
        "trigger": resource.trigger.as_ref().map(hidden),
        "delete_hooks": resource.delete_hooks,
        "inputs": hidden(&resource.inputs),
        "outputs": hidden(&resource.outputs),
    })
}
