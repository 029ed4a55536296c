//! The record of a registry's runs, and how ARM shows them.
//!
//! The status that a client sees goes Queued, Running and then the end, one step a poll and never ahead of the
//! build itself, so that clients meet every state.

use serde_json::{Map, Value, json};

use super::under_way;
use crate::world::{Resource, World};

type Runs = Map<String, Value>;

/// Statuses a run shows before its real one, one a poll.
const EARLIER: [&str; 2] = ["Queued", "Running"];

/// Names a build in this process.
pub(super) fn key(world: &World, registry: &Resource, run: &str) -> String {
    let folder = world.data_dir();
    format!("{} {} {run}", folder.display(), registry.id.to_lowercase())
}

/// Takes the next run id, `ch1`, `ch2`, ..., for a run that is queued from now on.
pub(super) fn reserve(world: &World, registry: &Resource, request: &Value, by: &str) -> String {
    let now = world.now().to_string();
    let take = |runs: &mut Runs| {
        let id = format!("ch{}", runs.len() + 1);
        let mut run = json!({
            "runId": id, "polls": 0, "createTime": now, "platform": platform(request), "createdBy": by,
            "cpu": request["agentConfiguration"]["cpu"].as_u64().unwrap_or(2),
            "isArchiveEnabled": request["isArchiveEnabled"] == true,
        });
        for key in ["agentPoolName", "task"] {
            if request[key].is_string() {
                run[key] = request[key].clone();
            }
        }
        runs.insert(id.clone(), run);
        id
    };
    let reserved = world.update(&registry.id, |resource| with_runs(resource, take));
    reserved.unwrap_or_else(|| "ch1".to_owned())
}

/// The platform in the service's own spelling; only Linux is built.
fn platform(request: &Value) -> Value {
    let mut platform = request["platform"].clone();
    platform["os"] = "Linux".into();
    platform
}

/// Files how a run ended.
pub(super) fn finish(
    world: &World,
    registry: &str,
    run: &str,
    result: &Result<Vec<Value>, String>,
) {
    let (status, images, error) = match result {
        Ok(images) => ("Succeeded", json!(images), Value::Null),
        Err(reason) => ("Failed", json!([]), json!(reason)),
    };
    change(world, registry, run, |run| {
        // Who canceled a run does not want to see it succeed.
        if run["status"].is_null() {
            run["status"] = status.into();
            run["outputImages"] = images;
            run["runErrorMessage"] = error;
        }
        run["finishTime"] = world.now().to_string().into();
    });
}

/// Lets a client see the next step.
pub(super) fn advance(world: &World, registry: &Resource, run: &str, polls: u64) {
    change(world, &registry.id, run, |run| {
        run["polls"] = (run["polls"].as_u64().unwrap_or_default() + polls).into();
    });
}

/// Lets a client see the end at once.
pub(super) fn advance_to_end(world: &World, registry: &Resource, run: &str) {
    advance(world, registry, run, EARLIER.len() as u64);
}

/// Whether the next look at a run may show its end.
pub(super) fn is_seen_through(run: &Value) -> bool {
    run["polls"].as_u64().unwrap_or_default() as usize + 1 >= EARLIER.len()
}

/// Marks a run that is not over yet as canceled.
pub(super) fn cancel(world: &World, registry: &Resource, run: &str) {
    change(world, &registry.id, run, |run| {
        if run["status"].is_null() {
            run["status"] = "Canceled".into();
            run["outputImages"] = json!([]);
            run["finishTime"] = world.now().to_string().into();
        }
    });
    advance_to_end(world, registry, run);
}

/// Keeps a run's log and images from the clean-up of old runs, or no longer.
pub(super) fn archive(world: &World, registry: &Resource, run: &str, keep: bool) {
    change(world, &registry.id, run, |run| {
        run["isArchiveEnabled"] = keep.into()
    });
}

fn change(world: &World, registry: &str, run: &str, change: impl FnOnce(&mut Value)) {
    world.update(registry, |resource| {
        with_runs(resource, |runs| runs.get_mut(run).map(change));
    });
}

/// Lets `change` work on the runs of a registry.
fn with_runs<R>(resource: &mut Resource, change: impl FnOnce(&mut Runs) -> R) -> R {
    let mut runs = resource.private["runs"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let result = change(&mut runs);
    resource.private["runs"] = runs.into();
    result
}

pub(super) fn find<'a>(registry: &'a Resource, run: &str) -> Option<&'a Value> {
    registry.private["runs"].get(run)
}

/// All runs, newest first.
pub(super) fn all(registry: &Resource) -> impl Iterator<Item = &Value> {
    let runs = registry.private["runs"].as_object().into_iter().flatten();
    runs.map(|(_, run)| run).rev()
}

/// A run as ARM shows it.
pub(super) fn present(world: &World, registry: &Resource, run: &Value) -> Value {
    let id = run["runId"].as_str().unwrap_or_default();
    let polls = run["polls"].as_u64().unwrap_or_default() as usize;
    let is_over = run["status"].is_string();
    let is_lost = !is_over && !under_way::is_at_work(&key(world, registry, id));
    let shown = if is_lost {
        "Error"
    } else if let Some(earlier) = EARLIER.get(polls) {
        earlier
    } else {
        run["status"].as_str().unwrap_or("Running")
    };
    let mut properties = json!({
        "runId": id, "status": shown, "lastUpdatedTime": run["finishTime"].as_str().or(run["createTime"].as_str()),
        "runType": "QuickRun", "createTime": run["createTime"],
    });
    if shown != "Queued" {
        properties["startTime"] = run["createTime"].clone();
    }
    if is_over && polls >= EARLIER.len() {
        properties["finishTime"] = run["finishTime"].clone();
        properties["outputImages"] = run["outputImages"].clone();
        if run["runErrorMessage"].is_string() {
            properties["runErrorMessage"] = run["runErrorMessage"].clone();
        }
    }
    if is_lost {
        properties["runErrorMessage"] = "The emulator stopped while the build was at work.".into();
    }
    for key in ["task", "agentPoolName", "platform"] {
        if !run[key].is_null() {
            properties[key] = run[key].clone();
        }
    }
    properties["agentConfiguration"] = json!({ "cpu": run["cpu"] });
    properties["provisioningState"] = "Succeeded".into();
    properties["isArchiveEnabled"] = run["isArchiveEnabled"].clone();
    frame(registry, run, properties)
}

/// A run as `scheduleRun` answers it: recorded to say little more than its id.
pub(super) fn present_queued(registry: &Resource, run: &Value) -> Value {
    let properties = json!({
        "runId": run["runId"], "status": "Queued", "lastUpdatedTime": run["createTime"],
        "provisioningState": "Succeeded", "isArchiveEnabled": run["isArchiveEnabled"],
    });
    frame(registry, run, properties)
}

fn frame(registry: &Resource, run: &Value, properties: Value) -> Value {
    let id = run["runId"].as_str().unwrap_or_default();
    json!({
        "type": "Microsoft.ContainerRegistry/registries/runs", "properties": properties,
        "id": format!("{}/runs/{id}", registry.id), "name": id,
        "systemData": {
            "lastModifiedBy": run["createdBy"], "lastModifiedByType": "Application", "lastModifiedAt": run["createTime"],
        },
    })
}
