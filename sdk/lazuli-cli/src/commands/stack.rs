//! `stack`: what the state says is deployed.

use lazuli_engine::State;
use serde_json::{Value as Json, json};

use super::Session;
use crate::CliError;
use crate::exit::Exit;

pub(crate) fn stack(session: &Session) -> Result<Exit, CliError> {
    let state = session.state()?;
    if session.global.json {
        session.document(&document(session, &state));
    } else {
        session.stdout.text(&text(session, &state));
    }
    Ok(Exit::Ok)
}

fn document(session: &Session, state: &State) -> Json {
    let resources = state.resources.values().map(|resource| {
        let (urn, id) = (resource.urn.as_str(), &resource.id);
        json!({ "urn": urn, "id": id, "type": resource.urn.ty(), "place": resource.location.to_string() })
    });
    let in_flight = state.in_flight.values().map(
        |operation| json!({ "urn": operation.resource.urn.as_str(), "op": operation.op.as_str() }),
    );
    json!({
        "schema": "lazuli.stack/1",
        "project": session.project.name,
        "stack": session.project.stack,
        "serial": state.serial,
        "resources": resources.collect::<Vec<_>>(),
        "in_flight": in_flight.collect::<Vec<_>>(),
    })
}

fn text(session: &Session, state: &State) -> String {
    let stack = &session.project.stack;
    let mut lines: Vec<String> = Vec::new();
    if state.resources.is_empty() {
        lines.push(format!(
            "nothing is deployed in the stack `{stack}`; `{}` does it",
            session.command_line("up")
        ));
    }
    for resource in state.resources.values() {
        lines.push(format!(
            "{}  {}\n    {}\n    {}",
            resource.urn.address(),
            resource.urn.ty(),
            resource.id,
            resource.urn
        ));
    }
    for operation in state.in_flight.values() {
        let (op, place) = (operation.op.as_str(), operation.resource.urn.address());
        lines.push(format!(
            "{op} of {place} was interrupted; the next run settles it by reading the cloud"
        ));
    }
    lines.join("\n")
}
