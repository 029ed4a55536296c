//! The article's stack on an Azure that is as slow as the real one: how far the
//! deployment is from its critical path. `cargo bench -p lazuli-tests --bench article`
//! runs at a tenth of the recorded latencies, `-- realistic` at all of them.
//!
//! The critical path is the longest chain of steps that wait for each other, each
//! as long as it took. What must not be written at once (everything that touches
//! one network) waits for each other, too, in the order in which it ran.

#[path = "../stack/topology.rs"]
#[expect(dead_code, reason = "what is left out is for the tests")]
mod topology;

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use lazuli_arm::{ArmClient, CloudSource, ConnectOptions, CredentialSource, SecretString};
use lazuli_azure::provider::AzureProvider;
use lazuli_core::{Provider, Schema, Urn};
use lazuli_emulator::{Emulator, Latency, Options};
use lazuli_engine::{Decision, Event, Frontend, Operation, Plan, Settings, Store, stop_channel};

use topology::{APP, Without, topology};

/// Keeps the plan, and how long each step took.
#[derive(Default)]
struct Watch {
    plan: Plan,
    took: HashMap<Urn, Duration>,
    /// When each started, since the program did.
    started: HashMap<Urn, Duration>,
    began: Option<Instant>,
}

#[async_trait]
impl Frontend for Watch {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Planned(plan) => self.plan = plan.clone(),
            Event::StepStarted { urn, .. } => {
                let began = self.began.map_or(Duration::ZERO, |began| began.elapsed());
                self.started.insert(urn.clone(), began);
            }
            Event::StepDone { urn, duration, .. } => {
                self.took.insert(urn.clone(), *duration);
            }
            _ => {}
        }
    }

    async fn approve(&mut self, _: &Plan) -> Decision {
        Decision::Approved
    }
}

impl Watch {
    /// The longest chain: its length, and the names along it.
    fn critical_path(&self, schema: &dyn Schema) -> (Duration, Vec<&str>) {
        let steps = &self.plan.steps;
        let mut order: Vec<usize> = (0..steps.len()).collect();
        order.sort_by_key(|at| self.started[&steps[*at].urn]);
        let mut ends: Vec<(Duration, Option<usize>)> = vec![Default::default(); steps.len()];
        let mut last: HashMap<String, usize> = HashMap::new();
        for at in order {
            let step = &steps[at];
            let keys = schema.lock_keys(&lazuli_core::Declared {
                urn: step.urn.clone(),
                id: step.id.clone(),
                inputs: step.inputs.clone(),
                timeout: None,
            });
            let beside = keys.iter().filter_map(|key| last.get(key)).copied();
            let before = step.after.iter().copied().chain(beside);
            let before = before.max_by_key(|before| ends[*before].0);
            let begins = before.map_or(Duration::ZERO, |before| ends[before].0);
            ends[at] = (begins + self.took[&step.urn], before);
            last.extend(keys.into_iter().map(|key| (key, at)));
        }
        let mut at = (0..steps.len()).max_by_key(|at| ends[*at].0);
        let length = at.map_or(Duration::ZERO, |at| ends[at].0);
        let mut names = Vec::new();
        while let Some(step) = at {
            names.push(steps[step].urn.name());
            at = ends[step].1;
        }
        names.reverse();
        (length, names)
    }
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().collect();
    // `cargo test --benches` only wants to know that it builds.
    if !words.iter().any(|word| word == "--bench") {
        return;
    }
    let latency = if words.iter().any(|word| word == "realistic") {
        Latency::Realistic
    } else {
        Latency::Scaled(0.1)
    };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("source")).expect("a folder for the image");
    let dockerfile = "FROM nginx\nCOPY index.html /usr/share/nginx/html\n";
    for (name, text) in [
        ("Dockerfile", dockerfile),
        ("index.html", "<h1>Hello</h1>\n"),
    ] {
        std::fs::write(folder.path().join("source").join(name), text).expect("a file of the image");
    }
    let options = Options {
        latency,
        seed: Some(1),
        ..Options::default()
    };
    let emulator = Emulator::start(options).await.expect("an embedded Azure");
    let (provider, subscription) = connect(&emulator, folder.path()).await;
    let settings = Settings {
        target: BTreeMap::from([("subscription".to_owned(), subscription)]),
        providers: [("azure".to_owned(), provider.clone())].into(),
        ..Settings::new("p", "dev", folder.path().to_owned())
    };
    let store = Store::local(folder.path(), "p", "dev");
    let (_stopper, stop) = stop_channel();
    let began = Instant::now();
    let mut watch = Watch {
        began: Some(began),
        ..Watch::default()
    };
    let program = |stack| topology(stack, Without::Nothing);
    let run = lazuli_engine::run(Operation::Up, settings, store, program, &mut watch, stop);
    let summary = run.await.expect("a deployment without failures");
    let makespan = began.elapsed();
    let page = emulator
        .browse(&format!("https://{APP}.azurewebsites.net/"))
        .await;
    assert_eq!(page.status, 200, "{}", page.text());
    let (path, names) = watch.critical_path(&*provider.schema());
    let table = format!(
        "\n| article's stack, latency {latency} | steps | critical path | makespan | above |\n|---|---|---|---|---|\n\
         | {} | {} | {:.2} s | {:.2} s | {:.1} % |\n",
        names.join(" > "),
        summary.created,
        path.as_secs_f64(),
        makespan.as_secs_f64(),
        (makespan.as_secs_f64() / path.as_secs_f64() - 1.0) * 100.0,
    );
    let first = watch.started.values().min().copied().unwrap_or_default();
    let table = format!(
        "{table}\nThe first step started after {:.2} s: program, checks, names asked of the cloud.\n",
        first.as_secs_f64()
    );
    let mut out = std::io::stdout();
    out.write_all(table.as_bytes())
        .expect("somewhere to print to");
}

async fn connect(emulator: &Emulator, folder: &std::path::Path) -> (Arc<dyn Provider>, String) {
    let options = ConnectOptions::new(CloudSource::Endpoint(emulator.endpoint()))
        .without_least_delay()
        .ca_bundle(emulator.ca_pem().as_bytes().to_vec())
        .credential(CredentialSource::ClientSecret {
            tenant: emulator.tenant().to_owned(),
            client: emulator.client().to_owned(),
            secret: SecretString::from(emulator.secret().to_owned()),
        });
    let arm = ArmClient::connect(options)
        .await
        .expect("a client that is signed in");
    let subscription = arm.subscription().to_owned();
    let provider = AzureProvider::new(arm, folder.to_owned());
    let provider = provider
        .blob_authority(emulator.ca_pem().as_bytes())
        .expect("its authority");
    (Arc::new(provider), subscription)
}
