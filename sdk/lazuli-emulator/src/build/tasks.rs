//! The ARM face of builds: source upload, `scheduleRun`, runs and their logs.
//!
//! Called by the control plane for every path below a registry that starts with one of these words. A
//! build is carried out by a thread of its own, beside the control plane; see [`super::under_way`].

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::log::Log;
use super::run::{Order, carry_out};
use super::{agent, runs, under_way};
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
    /// Who asks.
    pub(crate) caller: &'a str,
    /// Conditions of a list: field in lower case, and value.
    pub(crate) filter: &'a [(String, String)],
}

/// Answers a build request; `None` when the path is not about builds or the registry is not there.
pub(crate) fn action(world: &World, action: &Action<'_>) -> Option<Answer> {
    let registry = world.get(action.registry)?;
    let path: Vec<String> = action.path.iter().map(|part| part.to_lowercase()).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let answer = match (action.method.as_str(), &path[..]) {
        ("POST", ["listbuildsourceuploadurl"]) => upload_url(world, &registry, action.base_url),
        ("POST", ["schedulerun"]) => schedule(world, &registry, action.body, action.caller),
        ("GET", ["runs"]) => Ok(list(world, &registry, action.filter)),
        ("GET", ["runs", run]) => Ok(poll(world, &registry, run)),
        ("PATCH", ["runs", run]) => Ok(update(world, &registry, run, action.body)),
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
    let path = format!("source/{}.tar.gz", world.uuid(&registry.id).simple());
    let name = BlobName {
        container: container(registry),
        path: path.clone(),
    };
    let url = blob::signed_url(world, base_url, &name, "rw")?;
    Ok(Answer::ok(
        json!({ "uploadUrl": url, "relativePath": path }),
    ))
}

/// Starts a run, and answers when it is over or under way.
pub(crate) fn schedule(
    world: &World,
    registry: &Resource,
    request: &Value,
    caller: &str,
) -> std::io::Result<Answer> {
    let request = match resolved(world, registry, request).and_then(|r| check(&r).map(|()| r)) {
        Ok(request) => request,
        Err(answer) => return Ok(answer),
    };
    let pool = match agent::pool(world, registry, request["agentPoolName"].as_str()) {
        Ok(pool) => pool,
        Err(name) => {
            let message = format!("The agent pool {name} was not found in this registry.");
            return Ok(Answer::error(
                StatusCode::NOT_FOUND,
                "AgentPoolNotFound",
                message,
            ));
        }
    };
    let run_id = runs::reserve(world, registry, &request, caller);
    let key = runs::key(world, registry, &run_id);
    let work = under_way::Work::begin(key.clone());
    let reach = agent::reach(world, registry, pool.as_ref());
    blob::write(world, &log_blob(registry, &run_id), b"", &Metadata::new())?;
    let (at, of, id) = (world.clone(), registry.clone(), run_id.clone());
    std::thread::Builder::new()
        .name(format!("build {run_id}"))
        .spawn(move || {
            build(&at, &of, &id, &request, reach);
            drop(work);
        })?;
    under_way::wait_a_moment(&key);
    let fresh = world.get(&registry.id);
    let run = fresh.as_ref().and_then(|fresh| runs::find(fresh, &run_id));
    Ok(Answer {
        status: StatusCode::ACCEPTED,
        body: runs::present_queued(registry, run.unwrap_or(&Value::Null)),
    })
}

/// The work of a run, on a thread of its own.
fn build(
    world: &World,
    registry: &Resource,
    run_id: &str,
    request: &Value,
    reach: Result<(), String>,
) {
    let name = log_blob(registry, run_id);
    let sink = |line: &str| {
        let stamp = world.now().strftime("%Y/%m/%d %H:%M:%S");
        if let Err(error) = blob::append(world, &name, format!("{stamp} {line}\r\n").as_bytes()) {
            tracing::error!(%error, run_id, "the log of a run could not be written");
        }
    };
    let source = request["sourceLocation"].as_str().unwrap_or_default();
    let order = Order {
        run_id,
        login_server: &registry::login_server(registry),
        reach,
        request,
        source: source_blob(registry, source).and_then(|blob| blob::read(world, &blob).ok()),
        store: &registry::store(world, registry),
    };
    let result = carry_out(&order, &mut Log::to(&sink));
    runs::finish(world, &registry.id, run_id, &result);
    // A reader of the log knows by this mark that no more will come.
    let status = if result.is_ok() {
        "successful"
    } else {
        "failed"
    };
    let mark = Metadata::from([("Complete".to_owned(), status.to_owned())]);
    if let Err(error) = blob::set_metadata(world, &name, &mark) {
        tracing::error!(%error, run_id, "the log of a run could not be completed");
    }
}

/// A run of a task is the run that its step describes.
fn resolved(world: &World, registry: &Resource, request: &Value) -> Result<Value, Answer> {
    if request["type"] != "TaskRunRequest" {
        return Ok(request.clone());
    }
    let id = request["taskId"].as_str().unwrap_or_default();
    let inside = id
        .to_lowercase()
        .starts_with(&format!("{}/tasks/", registry.id.to_lowercase()));
    let Some(task) = world.get(id).filter(|_| inside) else {
        let message = format!("The task {id} was not found in this registry.");
        return Err(Answer::error(
            StatusCode::NOT_FOUND,
            "TaskNotFound",
            message,
        ));
    };
    let properties = &task.body["properties"];
    let step = &properties["step"];
    let kind = match step["type"].as_str() {
        Some("Docker") => "DockerBuildRequest",
        Some("EncodedTask") => "EncodedTaskRunRequest",
        _ => "FileTaskRunRequest",
    };
    let changed = &request["overrideTaskStepProperties"];
    let over = |key: &str, own: &Value| match &changed[key] {
        Value::Null => own.clone(),
        value => value.clone(),
    };
    Ok(json!({
        "type": kind, "task": task.name(), "imageNames": step["imageNames"], "isPushEnabled": step["isPushEnabled"],
        "sourceLocation": over("contextPath", &step["contextPath"]), "dockerFilePath": over("file", &step["dockerFilePath"]),
        "arguments": over("arguments", &step["arguments"]), "target": over("target", &step["target"]),
        "platform": properties["platform"], "agentConfiguration": properties["agentConfiguration"],
        "agentPoolName": over_pool(request, properties),
    }))
}

fn over_pool(request: &Value, task: &Value) -> Value {
    match &request["agentPoolName"] {
        Value::Null => task["agentPoolName"].clone(),
        name => name.clone(),
    }
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

fn list(world: &World, registry: &Resource, filter: &[(String, String)]) -> Answer {
    let shown = runs::all(registry).map(|run| runs::present(world, registry, run));
    let fits = |run: &Value| {
        filter.iter().all(|(field, value)| {
            let field = match field.as_str() {
                "runid" => "runId",
                "taskname" => "task",
                "status" => "status",
                "runtype" => "runType",
                "agentpoolname" => "agentPoolName",
                _ => return false,
            };
            run["properties"][field]
                .as_str()
                .is_some_and(|found| found.eq_ignore_ascii_case(value))
        })
    };
    Answer::ok(json!({ "value": shown.filter(fits).collect::<Vec<_>>() }))
}

/// A run of a registry as ARM shows it.
pub(crate) fn run_of(world: &World, registry: &str, run: &str) -> Option<Value> {
    let registry = world.get(registry)?;
    Some(runs::present(world, &registry, runs::find(&registry, run)?))
}

fn poll(world: &World, registry: &Resource, run: &str) -> Answer {
    match runs::find(registry, run) {
        None => return unknown_run(run),
        Some(found) if runs::is_seen_through(found) => {
            under_way::wait_a_moment(&runs::key(world, registry, run));
        }
        Some(_) => {}
    }
    runs::advance(world, registry, run, 1);
    show(world, registry, run)
}

fn show(world: &World, registry: &Resource, run: &str) -> Answer {
    let fresh = world.get(&registry.id);
    let found = fresh
        .as_ref()
        .and_then(|fresh| Some((fresh, runs::find(fresh, run)?)));
    match found {
        Some((fresh, found)) => Answer::ok(runs::present(world, fresh, found)),
        None => unknown_run(run),
    }
}

fn update(world: &World, registry: &Resource, run: &str, body: &Value) -> Answer {
    if let Some(keep) = body["isArchiveEnabled"].as_bool() {
        runs::archive(world, registry, run, keep);
    }
    show(world, registry, run)
}

fn log_url(
    world: &World,
    registry: &Resource,
    run: &str,
    base_url: &str,
) -> std::io::Result<Answer> {
    if runs::find(registry, run).is_none() {
        return Ok(unknown_run(run));
    }
    // Who reads the log to its end has seen the run to its end.
    runs::advance_to_end(world, registry, run);
    let link = blob::signed_url(world, base_url, &log_blob(registry, run), "r")?;
    Ok(Answer::ok(json!({ "logLink": link })))
}

/// A run that is over keeps its result; another counts as canceled, whatever its build still does.
fn cancel(world: &World, registry: &Resource, run: &str) -> Answer {
    if runs::find(registry, run).is_none() {
        return unknown_run(run);
    }
    runs::cancel(world, registry, run);
    Answer::ok(Value::Null)
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
