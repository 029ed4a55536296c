//! The real process, killed without warning: what it answered for is still there afterwards.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

const CLIENT: &str = "33333333-3333-3333-3333-333333333333";
const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const SUBSCRIPTION: &str = "22222222-2222-2222-2222-222222222222";

/// A server process; it is killed when this is dropped, never stopped.
struct Process {
    child: Child,
    endpoint: String,
}

impl Process {
    fn start(dir: &Path) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lazuli-emulator"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir.join("data"))
            .arg("--cert-dir")
            .arg(dir.join("certs"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the emulator starts");
        let out = child.stdout.take().expect("a pipe");
        let first = BufReader::new(out).lines().next();
        let line = first.expect("a greeting").expect("text");
        let endpoint = line.split_whitespace().last().expect("an address");
        Process {
            child,
            endpoint: endpoint.to_owned(),
        }
    }

    fn kill(&mut self) {
        // SIGKILL: the process gets no chance to write anything.
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone)]
struct Client {
    http: reqwest::Client,
    endpoint: String,
    bearer: String,
}

impl Client {
    async fn sign_in(process: &Process, dir: &Path) -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pem = std::fs::read(dir.join("certs/ca.pem")).expect("the authority");
        let ca = reqwest::Certificate::from_pem(&pem).expect("a certificate");
        let http = reqwest::Client::builder()
            .tls_certs_only([ca])
            .no_proxy()
            .build()
            .expect("a client");
        let form = [
            ("client_id", CLIENT),
            ("client_secret", "mock-secret"),
            ("grant_type", "client_credentials"),
            ("scope", "https://management.azure.com/.default"),
        ];
        let url = format!("{}/{TENANT}/oauth2/v2.0/token", process.endpoint);
        let token = http.post(url).form(&form).send().await.expect("answered");
        let token: Value = token.json().await.expect("JSON");
        Client {
            http,
            endpoint: process.endpoint.clone(),
            bearer: token["access_token"].as_str().expect("a token").to_owned(),
        }
    }

    fn url(&self, name: &str) -> String {
        format!(
            "{}/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}?api-version=2024-11-01",
            self.endpoint
        )
    }

    /// Whether the PUT was answered; the process may die meanwhile.
    async fn put(&self, name: &str) -> bool {
        let body = json!({ "location": "westus", "tags": { "name": name } });
        let request = self.http.put(self.url(name)).bearer_auth(&self.bearer);
        let answer = request.json(&body).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    async fn read(&self, name: &str) -> (u16, Value) {
        let request = self.http.get(self.url(name)).bearer_auth(&self.bearer);
        let answer = request.send().await.expect("answered");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }
}

/// Four writers put groups until the process is gone; answers what each of them was answered for.
async fn write_until_killed(
    client: &Client,
    round: usize,
    process: &mut Process,
    after: usize,
) -> Vec<String> {
    let answered = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (client, answered) = (client.clone(), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut kept = Vec::new();
                for number in 0.. {
                    let name = format!("g-{round}-{writer}-{number}");
                    if !client.put(&name).await {
                        break;
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                    kept.push(name);
                }
                kept
            })
        })
        .collect();
    // The moment is one of progress, not of time, so that slow machines kill in the middle too.
    while answered.load(Ordering::SeqCst) < after {
        tokio::task::yield_now().await;
    }
    process.kill();
    let mut kept = Vec::new();
    for writer in writers {
        kept.extend(writer.await.expect("a writer ends"));
    }
    kept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_kill_at_any_moment() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut kept: Vec<String> = Vec::new();
    for (round, after) in [1, 7, 20, 33, 58].into_iter().enumerate() {
        let mut process = Process::start(dir.path());
        let client = Client::sign_in(&process, dir.path()).await;
        for name in &kept {
            let (status, body) = client.read(name).await;
            assert_eq!(status, 200, "round {round}: {name} is gone");
            assert_eq!(body["tags"]["name"], **name, "round {round}");
        }
        let written = write_until_killed(&client, round, &mut process, after).await;
        assert!(written.len() >= after);
        kept.extend(written);
    }
    // A kill in the middle of a write leaves a torn line, at whatever byte.
    let world = dir.path().join("data/world.jsonl");
    let whole = std::fs::read(&world).expect("the world");
    for cut in [1, 2, 17, 60] {
        let mut torn = whole.clone();
        torn.extend_from_slice(&whole[whole.len() - 100..whole.len() - cut]);
        std::fs::write(&world, torn).expect("written");
        let process = Process::start(dir.path());
        let client = Client::sign_in(&process, dir.path()).await;
        assert_eq!(
            client.read(&kept[0]).await.0,
            200,
            "torn {cut} bytes before its end"
        );
    }
}
