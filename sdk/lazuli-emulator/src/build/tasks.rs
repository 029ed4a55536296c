//! The ARM face of builds: source upload, `scheduleRun`, runs and their logs.
//!
//! Called by the control plane for every path below a registry that starts with one of these words. A
//! build is carried out inside `scheduleRun`; the *reported* status still goes Queued, Running,
//! Succeeded from one poll to the next, so that clients meet every state.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::run::{Order, Outcome, carry_out};
use crate::data::blob::{self, BlobName, Metadata};
use crate::data::digest::Digest;
use crate::data::registry;
use crate::world::{Resource, World};

/// An answer for the control plane to send: status and JSON body.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body,
        }
    }

    fn error(status: StatusCode, code: &str, message: impl AsRef<str>) -> Self {
        Self {
            status,
            body: json!({ "error": { "code": code, "message": message.as_ref() } }),
        }
    }
}

/// A request below a registry.
pub(crate) struct Action<'a> {
    /// ARM id of the registry.
    pub(crate) registry: &'a str,
    pub(crate) method: &'a Method,
    /// What follows the registry's id, such as `["runs", "cs1", "listLogSasUrl"]`.
    pub(crate) path: &'a [&'a str],
    pub(crate) body: &'a Value,
    /// Where the emulator is reached, for blob addresses: `https://127.0.0.1:1234`.
    pub(crate) base_url: &'a str,
}

type Runs = serde_json::Map<String, Value>;

/// Statuses a run shows before its real one, one a poll.
const EARLIER: [&str; 2] = ["Queued", "Running"];

/// Answers a build request; `None` when the path is not about builds or the registry is not there.
pub(crate) fn action(world: &World, action: &Action<'_>) -> Option<Answer> {
    let registry = world.get(action.registry)?;
    let path: Vec<String> = action.path.iter().map(|part| part.to_lowercase()).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let answer = match (action.method.as_str(), &path[..]) {
        ("POST", ["listbuildsourceuploadurl"]) => upload_url(world, &registry, action.base_url),
        ("POST", ["schedulerun"]) => schedule(world, &registry, action.body),
        ("GET", ["runs"]) => Ok(list(&registry)),
        ("GET", ["runs", run]) => Ok(poll(world, &registry, run)),
        ("POST", ["runs", run, "listlogsasurl"]) => log_url(world, &registry, run, action.base_url),
        ("POST", ["runs", run, "cancel"]) => Ok(cancel(world, &registry, run)),
        (_, ["runs", ..] | ["schedulerun"] | ["listbuildsourceuploadurl"]) => {
            Ok(not_modelled("This request on runs"))
        }
        _ => return None,
    };
    Some(answer.unwrap_or_else(|error: std::io::Error| {
        Answer::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            error.to_string(),
        )
    }))
}

fn container(registry: &Resource) -> String {
    let digest = Digest::of(registry.id.to_lowercase().as_bytes());
    format!("registry-{}", &digest.hex()[..16])
}

fn source_blob(registry: &Resource, relative: &str) -> Option<BlobName> {
    let path = crate::build::image::clean_path(relative)?;
    path.starts_with("source/").then(|| BlobName {
        container: container(registry),
        path,
    })
}

fn log_blob(registry: &Resource, run: &str) -> BlobName {
    BlobName {
        container: container(registry),
        path: format!("logs/{run}/rawtext.log"),
    }
}

fn upload_url(world: &World, registry: &Resource, base_url: &str) -> std::io::Result<Answer> {
    let path = format!("source/{}.tar.gz", Uuid::new_v4().simple());
    let name = BlobName {
        container: container(registry),
        path: path.clone(),
    };
    let url = blob::signed_url(world, base_url, &name, "rw")?;
    Ok(Answer::ok(
        json!({ "uploadUrl": url, "relativePath": path }),
    ))
}

fn schedule(world: &World, registry: &Resource, request: &Value) -> std::io::Result<Answer> {
    if let Err(answer) = check(request) {
        return Ok(answer);
    }
    let run_id = reserve(world, registry);
    let login_server = registry.body["properties"]["loginServer"]
        .as_str()
        .unwrap_or_default()
        .to_lowercase();
    let source = source_blob(
        registry,
        request["sourceLocation"].as_str().unwrap_or_default(),
    );
    let order = Order {
        run_id: &run_id,
        login_server: &login_server,
        registry: &registry.body["properties"],
        request,
        source: source.and_then(|blob| blob::read(world, &blob).ok()),
        store: &registry::store(world, registry),
    };
    let outcome = carry_out(&order);
    write_log(world, registry, &run_id, &outcome)?;
    let run = record(&run_id, request, &outcome);
    save(world, registry, &run_id, run.clone());
    Ok(Answer {
        status: StatusCode::ACCEPTED,
        body: present(registry, &run),
    })
}

fn check(request: &Value) -> Result<(), Answer> {
    let bad = |message: &str| Answer::error(StatusCode::BAD_REQUEST, "InvalidParameter", message);
    match request["type"].as_str() {
        Some("DockerBuildRequest") => {}
        Some(other @ ("EncodedTaskRunRequest" | "FileTaskRunRequest" | "TaskRunRequest")) => {
            return Err(not_modelled(&format!("A run of type {other}")));
        }
        _ => return Err(bad("The run request must have a type: DockerBuildRequest.")),
    }
    if request["dockerFilePath"].as_str().is_none_or(str::is_empty) {
        return Err(bad("The run request must name its dockerFilePath."));
    }
    let platform = &request["platform"];
    let os = platform["os"].as_str().unwrap_or_default();
    let architecture = platform["architecture"].as_str().unwrap_or("amd64");
    if os.is_empty() {
        return Err(bad("The run request must name platform.os."));
    }
    if !os.eq_ignore_ascii_case("linux") || !architecture.eq_ignore_ascii_case("amd64") {
        return Err(not_modelled(&format!("A build for {os}/{architecture}")));
    }
    match request["sourceLocation"].as_str() {
        Some(location) if location.contains("://") => {
            Err(not_modelled("A build from a remote source"))
        }
        Some(location) if !location.is_empty() => Ok(()),
        _ => Err(bad("The run request must name its sourceLocation.")),
    }
}

/// Takes the next run id, `cs1`, `cs2`, ..., and shows the run as queued while it is carried out.
fn reserve(world: &World, registry: &Resource) -> String {
    let take = |runs: &mut Runs| {
        let id = format!("cs{}", runs.len() + 1);
        runs.insert(
            id.clone(),
            json!({ "runId": id, "status": "Queued", "polls": 0 }),
        );
        id
    };
    world
        .update(&registry.id, |resource| with_runs(resource, take))
        .unwrap_or_else(|| "cs1".to_owned())
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

fn save(world: &World, registry: &Resource, id: &str, run: Value) {
    world.update(&registry.id, |resource| {
        with_runs(resource, |runs| runs.insert(id.to_owned(), run))
    });
}

fn record(run_id: &str, request: &Value, outcome: &Outcome) -> Value {
    let now = Timestamp::now().to_string();
    let (status, images, error) = match &outcome.result {
        Ok(images) => ("Succeeded", json!(images), Value::Null),
        Err(reason) => ("Failed", json!([]), json!(reason)),
    };
    json!({
        "runId": run_id, "status": status, "polls": 0, "createTime": now, "startTime": now, "finishTime": now,
        "platform": request["platform"], "outputImages": images, "runErrorMessage": error,
    })
}

/// The log is a blob; its `Complete` mark tells a reader that no more will come.
fn write_log(
    world: &World,
    registry: &Resource,
    run: &str,
    outcome: &Outcome,
) -> std::io::Result<()> {
    let stamp = Timestamp::now().strftime("%Y/%m/%d %H:%M:%S").to_string();
    let text: String = outcome
        .log
        .iter()
        .map(|line| format!("{stamp} {line}\r\n"))
        .collect();
    let status = if outcome.result.is_ok() {
        "successful"
    } else {
        "failed"
    };
    let metadata = Metadata::from([("Complete".to_owned(), status.to_owned())]);
    blob::write(world, &log_blob(registry, run), text.as_bytes(), &metadata)
}

fn find<'a>(registry: &'a Resource, run: &str) -> Option<&'a Value> {
    registry.private["runs"].get(run)
}

fn list(registry: &Resource) -> Answer {
    let runs = registry.private["runs"].as_object().into_iter().flatten();
    let newest_first: Vec<Value> = runs.map(|(_, run)| present(registry, run)).rev().collect();
    Answer::ok(json!({ "value": newest_first }))
}

fn poll(world: &World, registry: &Resource, run: &str) -> Answer {
    advance(world, registry, run, 1);
    match world
        .get(&registry.id)
        .as_ref()
        .and_then(|fresh| Some(present(fresh, find(fresh, run)?)))
    {
        Some(body) => Answer::ok(body),
        None => unknown_run(run),
    }
}

fn advance(world: &World, registry: &Resource, run: &str, polls: u64) {
    world.update(&registry.id, |resource| {
        with_runs(resource, |runs| {
            if let Some(run) = runs.get_mut(run).and_then(Value::as_object_mut) {
                let before = run.get("polls").and_then(Value::as_u64).unwrap_or_default();
                run.insert("polls".to_owned(), (before + polls).into());
            }
        });
    });
}

fn log_url(
    world: &World,
    registry: &Resource,
    run: &str,
    base_url: &str,
) -> std::io::Result<Answer> {
    if find(registry, run).is_none() {
        return Ok(unknown_run(run));
    }
    // Who reads the log to its end has seen the run to its end.
    advance(world, registry, run, EARLIER.len() as u64);
    let link = blob::signed_url(world, base_url, &log_blob(registry, run), "r")?;
    Ok(Answer::ok(
        json!({ "logLink": link, "logArtifactLink": null }),
    ))
}

/// A build is over before a client can ask to stop it, so the run keeps its result.
fn cancel(world: &World, registry: &Resource, run: &str) -> Answer {
    if find(registry, run).is_none() {
        return unknown_run(run);
    }
    advance(world, registry, run, EARLIER.len() as u64);
    Answer::ok(Value::Null)
}

/// A run as ARM shows it.
fn present(registry: &Resource, run: &Value) -> Value {
    let id = run["runId"].as_str().unwrap_or_default();
    let polls = run["polls"].as_u64().unwrap_or_default() as usize;
    let over = EARLIER.get(polls).is_none();
    let status = EARLIER
        .get(polls)
        .map_or_else(|| run["status"].clone(), |status| json!(status));
    let later = |key: &str| if over { run[key].clone() } else { Value::Null };
    let images = if over {
        run["outputImages"].clone()
    } else {
        json!([])
    };
    json!({
        "id": format!("{}/runs/{id}", registry.id),
        "name": id,
        "type": "Microsoft.ContainerRegistry/registries/runs",
        "properties": {
            "runId": id, "status": status, "runType": "QuickBuild", "provisioningState": "Succeeded",
            "createTime": run["createTime"], "startTime": run["startTime"], "finishTime": later("finishTime"),
            "lastUpdatedTime": run["createTime"], "platform": run["platform"], "agentConfiguration": { "cpu": 2 },
            "isArchiveEnabled": false, "outputImages": images, "runErrorMessage": later("runErrorMessage"),
        },
    })
}

fn unknown_run(run: &str) -> Answer {
    Answer::error(
        StatusCode::NOT_FOUND,
        "RunNotFound",
        format!("The run {run} was not found in this registry."),
    )
}

fn not_modelled(what: &str) -> Answer {
    let message = format!(
        "{what} is not modelled by this emulator: it builds Linux images from an uploaded source and a Dockerfile."
    );
    Answer::error(
        StatusCode::NOT_IMPLEMENTED,
        "NotModelledByEmulator",
        message,
    )
}

#[cfg(test)]
#[path = "tasks_tests.rs"]
mod tests;
