//! `registries/taskRuns`: a run as a resource, so that templates can start one.

use http::StatusCode;
use serde_json::{Value, json};

use super::child::{self, Child};
use super::runs;
use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::{Answer, Call, errors, json};
use crate::build::tasks;
use crate::world::World;

pub(super) const TASK_RUN: Kind = Kind {
    put: Some(write),
    patch: Some(write),
    delete: Some(child::delete_at_once),
    action: Some(action),
    view: Some(view),
    ..Kind::new("Microsoft.ContainerRegistry/registries/taskRuns")
};

/// Runs when it is new, when its request changes, and when `forceUpdateTag` does.
fn write(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    child::check_name(call.target.name(), (5, 50), "-")?;
    let registry = child::registry(call)?;
    let existing = match call.method() {
        "PATCH" => Some(call.required()?),
        _ => call.existing(),
    };
    let mut properties = existing
        .as_ref()
        .map_or_else(|| json!({}), |old| old.body["properties"].clone());
    let before = properties.clone();
    for key in ["runRequest", "forceUpdateTag"] {
        if !given[key].is_null() {
            json::set(&mut properties, key, given[key].clone());
        }
    }
    let mut private = existing
        .as_ref()
        .map_or_else(|| json!({}), |old| old.private.clone());
    let changed = ["runRequest", "forceUpdateTag"]
        .iter()
        .any(|key| before[*key] != properties[*key]);
    if changed || existing.is_none() {
        let run = start(call, &registry, &properties["runRequest"])?;
        json::set(&mut private, "run", run);
    }
    let location = call.body["location"]
        .as_str()
        .or(registry.text("/location"));
    let mut made = Child::of(properties);
    made.location = location.map(str::to_owned);
    made.private = private;
    Ok(child::write(call, existing.as_ref(), made))
}

/// Starts the run and answers its id; what is wrong with the request is wrong with the task run.
fn start(
    call: &Call<'_>,
    registry: &crate::world::Resource,
    request: &Value,
) -> Result<Value, Answer> {
    let scheduled = tasks::schedule(call.world, registry, request, &call.caller.client);
    let answer = scheduled.map_err(|error| {
        Answer::error(
            500,
            "InternalServerError",
            format!("The run could not be started: {error}"),
        )
    })?;
    if answer.status != StatusCode::ACCEPTED {
        return Err(runs::translated(answer));
    }
    Ok(answer.body["name"].clone())
}

fn view(world: &World, body: &mut Value) {
    let id = json::text(&body["id"]).to_owned();
    let run = world
        .get(&id)
        .map(|stored| stored.private["run"].clone())
        .unwrap_or_default();
    let registry = crate::wire::ids::parent(&id);
    if let Some(result) = tasks::run_of(world, registry, json::text(&run)) {
        json::set(&mut body["properties"], "runResult", result);
    }
}

fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let run = call.required()?;
    if json::same(word, "listDetails") {
        return Ok(lifecycle::shown(call.world, &run));
    }
    Err(errors::not_modelled(&format!(
        "The action '{word}' of a task run"
    )))
}
