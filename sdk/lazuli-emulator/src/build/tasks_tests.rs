use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;

use super::*;
use crate::web::fixture::{article, change, content, registry_id};

/// Paths and texts.
type Files = &'static [(&'static str, &'static str)];

const BASE: &str = "https://127.0.0.1:8443";
const DOCKERFILE: &str = "FROM nginx\nCOPY index.html /usr/share/nginx/html\n";

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes())
            .expect("appends");
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar.into_inner().expect("archive"))
        .expect("compresses");
    gzip.finish().expect("compresses")
}

fn open_world() -> World {
    let world = article();
    change(&world, &registry_id(), |r| {
        r.body["properties"]["publicNetworkAccess"] = "Enabled".into();
        r.body["properties"]["networkRuleSet"]["defaultAction"] = "Allow".into();
    });
    world
}

fn send(world: &World, method: Method, path: &[&str], body: &Value) -> (u16, Value) {
    let id = registry_id();
    let request = Action {
        registry: &id,
        method: &method,
        path,
        body,
        base_url: BASE,
        caller: "33333333-3333-3333-3333-333333333333",
        filter: &[],
    };
    let answer = action(world, &request).expect("a build request");
    (answer.status.as_u16(), answer.body)
}

async fn blob(
    world: &World,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (http::response::Parts, String) {
    let mut request = http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(axum::body::Body::from(body)).expect("request");
    let (parts, body) = blob::handle(world, request).await.into_parts();
    let bytes = body.collect().await.expect("body").to_bytes();
    (parts, String::from_utf8_lossy(&bytes).into_owned())
}

async fn upload(world: &World, files: &[(&str, &str)]) -> String {
    let (_, answer) = send(
        world,
        Method::POST,
        &["listBuildSourceUploadUrl"],
        &Value::Null,
    );
    let url = answer["uploadUrl"].as_str().expect("uploadUrl");
    let (parts, _) = blob(
        world,
        "PUT",
        url,
        &[("x-ms-blob-type", "BlockBlob")],
        archive(files),
    )
    .await;
    assert_eq!(parts.status, 201);
    answer["relativePath"]
        .as_str()
        .expect("relativePath")
        .to_owned()
}

fn order(source: &str) -> Value {
    json!({ "type": "DockerBuildRequest", "imageNames": ["privatewebsite:lnx-v3"], "isPushEnabled": true, "sourceLocation": source,
        "dockerFilePath": "Dockerfile", "platform": { "os": "linux", "architecture": "amd64" }, "arguments": [] })
}

async fn log_of(world: &World, run: &str) -> (String, String) {
    let (_, answer) = send(
        world,
        Method::POST,
        &["runs", run, "listLogSasUrl"],
        &Value::Null,
    );
    let link = answer["logLink"].as_str().expect("logLink");
    let complete = loop {
        let (head, _) = blob(world, "HEAD", link, &[], Vec::new()).await;
        if let Some(mark) = head.headers.get("x-ms-meta-complete") {
            break mark.to_str().expect("text").to_owned();
        }
        tokio::task::yield_now().await;
    };
    let (parts, text) = blob(
        world,
        "GET",
        link,
        &[("x-ms-range", "bytes=0-65535")],
        Vec::new(),
    )
    .await;
    assert_eq!(parts.status, 206);
    let total = format!("bytes 0-{}/{}", text.len() - 1, text.len());
    assert_eq!(parts.headers["content-range"], total.as_str());
    (complete, text)
}

#[tokio::test]
async fn a_build_puts_the_articles_image_into_the_registry() {
    let world = open_world();
    let source = upload(
        &world,
        &[("Dockerfile", DOCKERFILE), ("index.html", "<h1>v3</h1>")],
    )
    .await;
    let (status, run) = send(&world, Method::POST, &["scheduleRun"], &order(&source));
    assert_eq!(
        (
            status,
            &run["properties"]["status"],
            &run["properties"]["runId"]
        ),
        (202, &json!("Queued"), &json!("ch1"))
    );
    let poll = || send(&world, Method::GET, &["runs", "ch1"], &Value::Null).1["properties"].clone();
    assert_eq!(poll()["status"], "Running");
    let done = poll();
    assert_eq!(done["status"], "Succeeded");
    let store = content(&world);
    let manifest = store.manifest("privatewebsite", "lnx-v3").expect("pushed");
    assert_eq!(done["outputImages"][0]["digest"], manifest.digest.as_str());
    let image =
        crate::build::image::Image::pull(&store, "privatewebsite", "lnx-v3").expect("image");
    let page = super::super::context::text(
        &image.tree().expect("tree"),
        "usr/share/nginx/html/index.html",
    );
    assert_eq!(page.as_deref(), Some("<h1>v3</h1>"));
    let (complete, log) = log_of(&world, "ch1").await;
    assert_eq!(complete, "successful");
    for line in [
        "Step 1/2 : FROM nginx\r\n",
        "Successfully tagged secureacr2021.azurecr.io/privatewebsite:lnx-v3\r\n",
        "Run ID: ch1 was successful",
    ] {
        assert!(log.contains(line), "{line:?} in {log}");
    }
    let (_, runs) = send(&world, Method::GET, &["runs"], &Value::Null);
    assert_eq!(runs["value"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn failed_builds_say_why_in_their_log() {
    let cases: [(&str, Files, &str); 4] = [
        (
            "no Dockerfile",
            &[("index.html", "x")],
            "lstat Dockerfile: no such file or directory",
        ),
        (
            "broken Dockerfile",
            &[("Dockerfile", "FROM nginx\nCOPPY a b")],
            "dockerfile parse error on line 2: unknown instruction: COPPY",
        ),
        (
            "absent source",
            &[("Dockerfile", DOCKERFILE)],
            "stat index.html: file does not exist",
        ),
        (
            "ignored source",
            &[
                ("Dockerfile", DOCKERFILE),
                ("index.html", "x"),
                (".dockerignore", "*.html"),
            ],
            "excluded by .dockerignore",
        ),
    ];
    for (name, files, reason) in cases {
        let world = open_world();
        let source = upload(&world, files).await;
        send(&world, Method::POST, &["scheduleRun"], &order(&source));
        let (complete, log) = log_of(&world, "ch1").await;
        assert!(
            complete == "failed" && log.contains(reason),
            "{name}: {log}"
        );
        let (_, run) = send(&world, Method::GET, &["runs", "ch1"], &Value::Null);
        assert_eq!(run["properties"]["status"], "Failed", "{name}");
        assert!(
            content(&world)
                .manifest("privatewebsite", "lnx-v3")
                .is_err(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_closed_registry_refuses_the_push_unless_tasks_may_pass() {
    let world = article();
    let source = upload(&world, &[("Dockerfile", DOCKERFILE), ("index.html", "x")]).await;
    send(&world, Method::POST, &["scheduleRun"], &order(&source));
    let (complete, log) = log_of(&world, "ch1").await;
    assert!(
        complete == "failed"
            && log.contains("denied: client with IP")
            && log.contains("networkRuleBypassAllowedForTasks"),
        "{log}"
    );
    change(&world, &registry_id(), |r| {
        r.body["properties"]["networkRuleBypassAllowedForTasks"] = true.into()
    });
    send(&world, Method::POST, &["scheduleRun"], &order(&source));
    assert_eq!(log_of(&world, "ch2").await.0, "successful");
}

#[test]
fn what_is_not_modelled_or_not_a_request_is_refused() {
    let world = open_world();
    let with = |key: &str, value: Value| {
        let mut request = order("source/x.tar.gz");
        request[key] = value;
        request
    };
    let cases = [
        (with("type", json!("EncodedTaskRunRequest")), 501),
        (with("type", Value::Null), 400),
        (with("dockerFilePath", Value::Null), 400),
        (with("platform", json!({ "os": "Windows" })), 501),
        (
            with("sourceLocation", json!("https://github.com/x/y.git")),
            501,
        ),
        (with("sourceLocation", Value::Null), 400),
    ];
    for (request, expect) in cases {
        assert_eq!(
            send(&world, Method::POST, &["scheduleRun"], &request).0,
            expect,
            "{request}"
        );
    }
    assert_eq!(
        send(&world, Method::GET, &["runs", "ch9"], &Value::Null).0,
        404
    );
    assert_eq!(
        send(&world, Method::DELETE, &["runs", "ch9"], &Value::Null).0,
        501
    );
}

#[tokio::test]
async fn blobs_open_only_to_their_signed_address() {
    let world = open_world();
    let (_, answer) = send(
        &world,
        Method::POST,
        &["listBuildSourceUploadUrl"],
        &Value::Null,
    );
    let url = answer["uploadUrl"].as_str().expect("uploadUrl");
    let other = url.replace("source/", "source/other-");
    let stretched = url.replace("sp=rw", "sp=rwd");
    let typed = [("x-ms-blob-type", "BlockBlob")];
    let cases = [
        (
            "unsigned",
            url.split('?').next().unwrap_or_default(),
            &typed[..],
            403,
            "AuthenticationFailed",
        ),
        (
            "another blob",
            other.as_str(),
            &typed[..],
            403,
            "AuthenticationFailed",
        ),
        (
            "more rights",
            stretched.as_str(),
            &typed[..],
            403,
            "AuthenticationFailed",
        ),
        ("no blob type", url, &[], 400, "MissingRequiredHeader"),
    ];
    for (name, url, headers, status, code) in cases {
        let (parts, body) = blob(&world, "PUT", url, headers, b"x".to_vec()).await;
        assert!(
            parts.status == status && body.contains(&format!("<Code>{code}</Code>")),
            "{name}: {} {body}",
            parts.status
        );
    }
    let (parts, body) = blob(&world, "GET", url, &[], Vec::new()).await;
    assert!(
        parts.status == 404 && body.contains("BlobNotFound"),
        "{body}"
    );
}

#[test]
fn a_run_is_running_while_its_build_works_and_lost_when_that_is_gone() {
    let world = open_world();
    let registry = world.get(&registry_id()).expect("a registry");
    let run = runs::reserve(&world, &registry, &order("source/x.tar.gz"), "somebody");
    let work = under_way::Work::begin(runs::key(&world, &registry, &run));
    let path = ["runs", run.as_str()];
    let status =
        || send(&world, Method::GET, &path, &Value::Null).1["properties"]["status"].clone();
    assert_eq!([status(), status()], ["Running", "Running"]);
    drop(work);
    assert_eq!(status(), "Error");
}

#[test]
fn a_canceled_run_stays_canceled_whatever_its_build_still_does() {
    let world = open_world();
    let registry = world.get(&registry_id()).expect("a registry");
    let run = runs::reserve(&world, &registry, &order("source/x.tar.gz"), "somebody");
    let _work = under_way::Work::begin(runs::key(&world, &registry, &run));
    let cancel = ["runs", run.as_str(), "cancel"];
    assert_eq!(send(&world, Method::POST, &cancel, &Value::Null).0, 200);
    runs::finish(&world, &registry.id, &run, &Ok(Vec::new()));
    let (_, shown) = send(&world, Method::GET, &["runs", &run], &Value::Null);
    assert_eq!(shown["properties"]["status"], "Canceled");
}

#[tokio::test]
async fn a_task_runs_what_its_step_describes() {
    let world = open_world();
    let source = upload(&world, &[("Dockerfile", DOCKERFILE), ("index.html", "x")]).await;
    let id = format!("{}/tasks/site", registry_id());
    let step = json!({ "type": "Docker", "dockerFilePath": "Dockerfile", "imageNames": ["site:{{.Run.ID}}"], "isPushEnabled": true });
    world.put(Resource {
        id: id.clone(),
        kind: "Microsoft.ContainerRegistry/registries/tasks".into(),
        body: json!({ "properties": { "platform": { "os": "Linux" }, "step": step } }),
        private: Value::Null,
    });
    let with_source = json!({ "type": "TaskRunRequest", "taskId": id, "overrideTaskStepProperties": { "contextPath": source } });
    let cases = [
        (with_source, 202),
        (json!({ "type": "TaskRunRequest", "taskId": id }), 400),
        (
            json!({ "type": "TaskRunRequest", "taskId": format!("{id}x") }),
            404,
        ),
    ];
    for (request, expect) in cases {
        let (status, _) = send(&world, Method::POST, &["scheduleRun"], &request);
        assert_eq!(status, expect, "{request}");
    }
    assert_eq!(log_of(&world, "ch1").await.0, "successful");
    assert!(content(&world).manifest("site", "ch1").is_ok());
    let (_, run) = send(&world, Method::GET, &["runs", "ch1"], &Value::Null);
    assert_eq!(run["properties"]["task"], "site");
}
