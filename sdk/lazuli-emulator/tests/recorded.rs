//! Recorded exchanges with the real services, replayed against this emulator by their own judge.
//!
//! Recordings are not part of this repository. `LAZULI_RECORDINGS` names a folder of them (`*.jsonl`, one
//! exchange a line), with the judge `replay_recordings.py` in it or beside it; without the variable, a
//! folder `recordings` beside the repository is looked for. docs/emulator.md says which differences stay.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use lazuli_emulator::{Emulator, Options};
use serde_json::{Value, json};

/// What the replay reaches at least, in percent.
const EXCHANGES: f64 = 95.0;
const PROPERTIES: f64 = 99.0;
const EACH_PROVIDER: f64 = 80.0;

const JUDGE: &str = "replay_recordings.py";

#[derive(Default)]
struct Score {
    exchanges: u64,
    matched: u64,
    properties: u64,
    right: u64,
}

impl Score {
    fn add(&mut self, result: &Value) {
        self.exchanges += 1;
        self.matched += u64::from(result["match"] == true);
        let properties = result["n"].as_u64().unwrap_or_default();
        self.properties += properties;
        // The judge counts what it forgives in lists as right, beyond what it asked for.
        self.right += result["ok"].as_u64().unwrap_or_default().min(properties);
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few thousand")]
fn percent(part: u64, whole: u64) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// To the terminal, whether or not the test passes.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "recorded exchanges: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_exchanges_are_answered_as_recorded() {
    let Some((files, judge)) = recordings() else {
        return say("skipped, no recordings (LAZULI_RECORDINGS names a folder of them)");
    };
    if Command::new("python3").arg("--version").output().is_err() {
        return say("skipped, there is no python3 to run their judge with");
    }
    let work = tempfile::tempdir().expect("a folder");
    let prepared: Vec<PathBuf> = files
        .iter()
        .map(|file| prepare(file, work.path()))
        .collect();
    let results = replay(&judge, &prepared, work.path()).await;
    let mut all = Score::default();
    let mut providers: BTreeMap<String, Score> = BTreeMap::new();
    for line in results.lines() {
        let result: Value = serde_json::from_str(line).expect("a result is JSON");
        let kind = result["type"].as_str().unwrap_or_default();
        let provider = kind.split('/').next().unwrap_or_default().to_owned();
        all.add(&result);
        providers.entry(provider).or_default().add(&result);
    }
    assert!(all.exchanges > 0, "the judge had nothing to say");
    for (provider, score) in &providers {
        say(&format!(
            "{provider}: {} of {}",
            score.matched, score.exchanges
        ));
    }
    say(&format!(
        "{} of {} exchanges, {} of {} properties",
        all.matched, all.exchanges, all.right, all.properties
    ));
    for (provider, score) in &providers {
        let reached = percent(score.matched, score.exchanges);
        assert!(reached >= EACH_PROVIDER, "{provider}: {reached:.1} %");
    }
    assert!(percent(all.matched, all.exchanges) >= EXCHANGES);
    assert!(percent(all.right, all.properties) >= PROPERTIES);
}

/// The files, and their judge.
fn recordings() -> Option<(Vec<PathBuf>, PathBuf)> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../recordings");
    let folder = std::env::var_os("LAZULI_RECORDINGS").map_or(beside, PathBuf::from);
    let places = [folder.join(JUDGE), folder.join("..").join(JUDGE)];
    let judge = places.into_iter().find(|judge| judge.is_file())?;
    let entries = std::fs::read_dir(&folder).ok()?.flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    files.sort();
    (!files.is_empty()).then_some((files, judge))
}

/// A copy of a recording that first makes what its test found there.
fn prepare(file: &Path, work: &Path) -> PathBuf {
    let text = std::fs::read_to_string(file).expect("a recording can be read");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("an exchange is JSON"))
        .collect();
    let lines: Vec<String> = with_missing_vaults(lines)
        .iter()
        .map(Value::to_string)
        .collect();
    let copy = work.join(file.file_name().unwrap_or_default());
    std::fs::write(&copy, lines.join("\n") + "\n").expect("a copy can be written");
    copy
}

/// Several recordings read, recover or purge a vault whose creation was cut out of them. A line marked
/// `setup` makes it, as the recordings do for other things that were there: sent, and not scored.
fn with_missing_vaults(lines: Vec<Value>) -> Vec<Value> {
    let mut made = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        if let Some(name) = vault_name(line).filter(|name| !known.contains(name)) {
            if uses_what_exists(line) {
                made.extend(creation(&lines[place..], &name, line));
            }
            known.push(name);
        }
        made.push(line.clone());
    }
    made
}

fn vault_name(line: &Value) -> Option<String> {
    let path = line["path"].as_str()?.to_ascii_lowercase();
    let (_, rest) = path.split_once("vaults/")?;
    let name = rest.split(['/', '?']).next()?;
    Some(name.to_owned())
}

/// Whether the line succeeded without making the vault.
fn uses_what_exists(line: &Value) -> bool {
    let succeeded = line["status"].as_u64().is_some_and(|status| status < 400);
    let makes = line["method"] == "PUT"
        && line["request_body"]["properties"]["createMode"] != "recover"
        && !line["path"].as_str().unwrap_or_default().contains("/keys/");
    succeeded && !makes
}

/// The vault as an answer shows it later; deleted again if the recording begins with it in the bin.
fn creation(rest: &[Value], name: &str, first: &Value) -> Vec<Value> {
    let shows = |line: &&Value| {
        let body = &line["response_body"];
        body["type"] == "Microsoft.KeyVault/vaults"
            && body["name"]
                .as_str()
                .is_some_and(|shown| shown.eq_ignore_ascii_case(name))
    };
    let Some(shown) = rest.iter().find(shows) else {
        return Vec::new();
    };
    let mut properties = shown["response_body"]["properties"].clone();
    if let Some(properties) = properties.as_object_mut() {
        for computed in [
            "vaultUri",
            "provisioningState",
            "privateEndpointConnections",
        ] {
            properties.remove(computed);
        }
    }
    let path = format!(
        "/{}",
        shown["path"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches('/')
    );
    let line = |method: &str, body: Value| {
        json!({
            "source": "setup", "seq": -1, "method": method, "path": path, "api_version": shown["api_version"],
            "request_body": body, "status": 200, "headers": {}, "response_body": null, "setup": true,
        })
    };
    let body = json!({ "location": shown["response_body"]["location"], "properties": properties });
    let mut lines = vec![line("PUT", body)];
    let path = first["path"].as_str().unwrap_or_default();
    if path.contains("/deletedVaults/") || first["method"] == "PUT" {
        lines.push(line("DELETE", Value::Null));
    }
    lines
}

/// The judge's verdicts, one a line.
async fn replay(judge: &Path, files: &[PathBuf], work: &Path) -> String {
    let emulator = Emulator::start(Options::default())
        .await
        .expect("the emulator starts");
    let ca = work.join("ca.pem");
    std::fs::write(&ca, emulator.ca_pem()).expect("the authority can be written");
    let verdicts = work.join("verdicts");
    let endpoint = emulator.endpoint().as_str().to_owned();
    let mut command = Command::new("python3");
    command
        .arg(judge)
        .args(["--quiet", "--endpoint", &endpoint])
        .arg("--ca")
        .arg(&ca)
        .args([
            "--subscription",
            emulator.subscription(),
            "--tenant",
            emulator.tenant(),
        ])
        .args([
            "--client-id",
            emulator.client(),
            "--client-secret",
            emulator.secret(),
        ])
        .arg("--json")
        .arg(&verdicts)
        .args(files);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("the judge is waited for")
        .expect("the judge starts");
    // 1: not every exchange matched. 2: the emulator could not be reached.
    let code = output.status.code();
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        matches!(code, Some(0 | 1)),
        "the judge ended with {code:?}: {why}"
    );
    std::fs::read_to_string(&verdicts).expect("verdicts")
}

#[test]
fn a_vault_that_a_recording_never_makes_is_made_first() {
    let vault = json!({ "type": "Microsoft.KeyVault/vaults", "name": "v1", "location": "westus", "properties": {
        "sku": { "name": "standard" }, "vaultUri": "https://v1.vault.azure.net/" } });
    let line = |method: &str, path: &str, status: u16, request: Value, answer: &Value| json!({ "method": method, "path": path, "api_version": "2023-07-01", "status": status, "request_body": request, "response_body": answer });
    let path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v1";
    let read = line("GET", path, 200, Value::Null, &vault);
    let methods = |lines: Vec<Value>| -> Vec<String> {
        let lines = with_missing_vaults(lines).into_iter();
        lines
            .map(|line| {
                format!(
                    "{}{}",
                    line["method"].as_str().unwrap_or_default(),
                    if line["setup"] == true { " setup" } else { "" }
                )
            })
            .collect()
    };
    assert_eq!(methods(vec![read.clone()]), ["PUT setup", "GET"]);
    let made = line("PUT", path, 200, json!({ "properties": {} }), &vault);
    assert_eq!(methods(vec![made, read.clone()]), ["PUT", "GET"]);
    let missing = line("GET", path, 404, Value::Null, &Value::Null);
    assert_eq!(methods(vec![missing]), ["GET"]);
    let bin = "/subscriptions/s/providers/Microsoft.KeyVault/locations/westus/deletedVaults/v1";
    let deleted = line("GET", bin, 200, Value::Null, &json!({ "name": "v1" }));
    assert_eq!(
        methods(vec![deleted, read]),
        ["PUT setup", "DELETE setup", "GET", "GET"]
    );
}
