//! Image builds: pack, upload, schedule, follow.

use std::fs;

use lazuli_core::{Declared, Provider, ProviderErrorKind, Value};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::image::BuildContext;
use crate::provider::testing::*;

const TYPE: &str = "Lazuli.Azure/imageBuilds";
const IMAGE: &str = "team/site:v1";

fn registry() -> String {
    format!("{GROUP}/providers/Microsoft.ContainerRegistry/registries/r")
}

fn id() -> String {
    format!("{}/imageBuilds/{IMAGE}", registry())
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("source")).unwrap();
    fs::write(folder.path().join("source/Dockerfile"), "FROM nginx").unwrap();
    folder
}

fn build(folder: &TempDir) -> Declared {
    let digest = BuildContext::read(folder.path(), "source", "Dockerfile")
        .unwrap()
        .digest()
        .unwrap();
    let inputs = json!({"registryId": registry(), "image": IMAGE, "context": "source", "contextDigest": digest,
        "dockerfile": "Dockerfile", "platform": "linux/amd64"});
    desired(TYPE, &id(), inputs)
}

fn run(id: &str, status: &str) -> Json {
    json!({"name": id, "properties": {"runId": id, "status": status, "finishTime": format!("2026-01-0{}", &id[2..])}})
}

fn pushed(id: &str, digest: Json) -> Json {
    let mut run = run(id, "Succeeded");
    run["properties"]["outputImages"] = json!([{"registry": "r.azurecr.io", "repository": "team/site", "tag": "v1", "digest": digest}]);
    run
}

fn upload() -> [Answer; 2] {
    let place = json!({"uploadUrl": "{server}/blob/context?sig=signature", "relativePath": "source/x.tar.gz"});
    [ok(place), answer(201, Json::Null)]
}

fn asked(run_polls: usize) -> Vec<String> {
    let request = json!({"type": "DockerBuildRequest", "imageNames": [IMAGE], "isPushEnabled": true, "noCache": false,
        "sourceLocation": "source/x.tar.gz", "dockerFilePath": "Dockerfile", "agentConfiguration": {"cpu": 2},
        "platform": {"os": "Linux", "architecture": "amd64"}});
    let mut lines = vec![
        line(
            "POST",
            &format!("{}/listBuildSourceUploadUrl", registry()),
            Json::Null,
        ),
        "PUT /blob/context?sig=signature <gzip magic>".to_owned(),
        line("POST", &format!("{}/scheduleRun", registry()), request),
    ];
    lines.extend(vec![get(&format!("{}/runs/cs1", registry())); run_polls]);
    lines
}

#[tokio::test]
async fn a_build_is_uploaded_scheduled_noted_and_followed() {
    let folder = folder();
    let answers = upload().into_iter().chain([
        ok(run("cs1", "Queued")),
        ok(run("cs1", "Running")),
        ok(pushed("cs1", json!("sha256:1"))),
    ]);
    let azure = FakeArm::start(answers).await;
    let (provider, journal) = (azure.provider(folder.path()).await, Journal::default());
    let created = provider.create(&build(&folder), &journal).await.unwrap();
    assert_eq!(created.id, id());
    assert_eq!(
        created.outputs,
        Value::from(json!({"image": IMAGE, "digest": "sha256:1", "runId": "cs1",
        "loginServer": "r.azurecr.io", "reference": format!("r.azurecr.io/{IMAGE}")}))
    );
    azure.assert_asked(&asked(2));
    assert_eq!(azure.authorized(), [true, false, true, true, true]);
    assert_eq!(azure.versions(), ["2019-06-01-preview"; 4]);
    let token = journal.tokens.lock().unwrap()[0].clone();
    assert_eq!(
        token,
        Value::from(json!({"registryId": registry(), "runId": "cs1"}))
    );
}

#[tokio::test]
async fn a_failed_build_shows_the_end_of_its_log() {
    let folder = folder();
    let log: Vec<String> = (1..=40).map(|line| format!("line {line}")).collect();
    let answers = upload().into_iter().chain([
        ok(run("cs1", "Queued")),
        ok(run("cs1", "Failed")),
        ok(json!({"logLink": "{server}/blob/log?sig=signature"})),
        answer(200, json!(log.join("\n"))),
    ]);
    let azure = FakeArm::start(answers).await;
    let error = azure
        .provider(folder.path())
        .await
        .create(&build(&folder), &Journal::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.code.as_deref()),
        (ProviderErrorKind::Refused, Some("BuildFailed"))
    );
    assert!(
        error.message.contains("\nline 11\n") && error.message.ends_with("line 40"),
        "{error}"
    );
    assert!(
        !error.message.contains("line 10\n") && !error.message.contains("signature"),
        "{error}"
    );
    let mut expected = asked(1);
    expected.push(line(
        "POST",
        &format!("{}/runs/cs1/listLogSasUrl", registry()),
        Json::Null,
    ));
    expected.push(get("/blob/log?sig=signature"));
    azure.assert_asked(&expected);
}

#[tokio::test]
async fn a_registry_that_is_closed_to_builds_is_explained() {
    let folder = folder();
    let log = json!("failed: denied: client with IP '198.51.100.20' is not allowed access");
    let answers = upload().into_iter().chain([
        ok(run("cs1", "Queued")),
        ok(run("cs1", "Failed")),
        ok(json!({"logLink": "{server}/log"})),
        answer(200, log),
    ]);
    let azure = FakeArm::start(answers).await;
    let error = azure
        .provider(folder.path())
        .await
        .create(&build(&folder), &Journal::default())
        .await
        .unwrap_err();
    assert!(
        error
            .help
            .unwrap_or_default()
            .contains("networkRuleBypassAllowedForTasks")
    );
}

#[tokio::test]
async fn a_folder_that_changed_after_the_preview_is_not_built() {
    let folder = folder();
    let desired = build(&folder);
    fs::write(folder.path().join("source/index.html"), "new").unwrap();
    let azure = FakeArm::start([]).await;
    let error = azure
        .provider(folder.path())
        .await
        .create(&desired, &Journal::default())
        .await
        .unwrap_err();
    assert!(
        error.message.contains("`source` changed after the preview"),
        "{error}"
    );
    azure.assert_asked(&[]);
}

#[tokio::test]
async fn a_refused_upload_keeps_its_signature_to_itself() {
    let folder = folder();
    let [place, _] = upload();
    let azure = FakeArm::start([place, answer(403, Json::Null)]).await;
    let error = azure
        .provider(folder.path())
        .await
        .create(&build(&folder), &Journal::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Refused);
    assert!(
        error.message.contains("HTTP 403") && !format!("{error:?}").contains("signature"),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_newest_successful_run_of_the_image_is_read() {
    let mut other = pushed("cs9", json!("sha256:9"));
    other["properties"]["outputImages"][0]["tag"] = json!("v2");
    let runs = json!({"value": [pushed("cs1", json!("sha256:1")), pushed("cs3", Json::Null), run("cs4", "Failed"), other]});
    let azure = FakeArm::start([ok(runs), ok(json!({"value": []})), missing()]).await;
    let folder = folder();
    let provider = azure.provider(folder.path()).await;
    let known = existing(TYPE, &id(), json!({}), json!({}));
    let read = provider.read(&known).await.unwrap().unwrap();
    assert_eq!(read.outputs.at("runId"), Some(&Value::from("cs3")));
    assert_eq!(read.outputs.at("digest"), Some(&Value::Null));
    assert_eq!(provider.read(&known).await, Ok(None), "no run");
    assert_eq!(provider.read(&known).await, Ok(None), "no registry");
    azure.assert_asked(&vec![get(&format!("{}/runs?$top=100", registry())); 3]);
}

#[tokio::test]
async fn a_noted_run_is_waited_for_and_deleting_deletes_no_image() {
    let azure = FakeArm::start([ok(run("cs1", "Running")), ok(run("cs1", "Failed"))]).await;
    let folder = folder();
    let provider = azure.provider(folder.path()).await;
    let token = Value::from(json!({"registryId": registry(), "runId": "cs1"}));
    assert_eq!(provider.resume(&urn(TYPE), &token).await, Ok(()));
    let known = existing(TYPE, &id(), json!({}), json!({}));
    assert_eq!(provider.delete(&known, &Journal::default()).await, Ok(()));
    azure.assert_asked(&vec![get(&format!("{}/runs/cs1", registry())); 2]);
}
