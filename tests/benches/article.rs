//! The article's stack on an Azure that is as slow as the real one: how far the
//! deployment is from its critical path. `cargo bench -p lazuli-tests --bench article`
//! runs at a tenth of the recorded latencies, `-- realistic` at all of them.
//!
//! The critical path is the longest chain of steps that wait for each other, each
//! as long as it took: no engine could be faster with this cloud.

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
use lazuli_core::{Provider, Urn};
use lazuli_emulator::{Emulator, Latency, Options};
use lazuli_engine::{Decision, Event, Frontend, Operation, Plan, Settings, Store, stop_channel};

use topology::{APP, Without, topology};

/// Keeps the plan, and how long each step took.
#[derive(Default)]
struct Watch {
    plan: Plan,
    took: HashMap<Urn, Duration>,
}

#[async_trait]
impl Frontend for Watch {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Planned(plan) => self.plan = plan.clone(),
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
    fn critical_path(&self) -> (Duration, Vec<&str>) {
        let steps = &self.plan.steps;
        let mut ends: Vec<(Duration, Option<usize>)> = Vec::new();
        // A step follows all that it waits for.
        for step in steps {
            let before = step
                .after
                .iter()
                .copied()
                .max_by_key(|before| ends[*before].0);
            let begins = before.map_or(Duration::ZERO, |before| ends[before].0);
            ends.push((begins + self.took[&step.urn], before));
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
    let latency = match words.iter().any(|word| word == "realistic") {
        true => Latency::Realistic,
        false => Latency::Scaled(0.1),
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
        providers: [("azure".to_owned(), provider)].into(),
        ..Settings::new("p", "dev", folder.path().to_owned())
    };
    let store = Store::local(folder.path(), "p", "dev");
    let (_stopper, stop) = stop_channel();
    let mut watch = Watch::default();
    let began = Instant::now();
    let program = |stack| topology(stack, Without::Nothing);
    let run = lazuli_engine::run(Operation::Up, settings, store, program, &mut watch, stop);
    let summary = run.await.expect("a deployment without failures");
    let makespan = began.elapsed();
    let page = emulator
        .browse(&format!("https://{APP}.azurewebsites.net/"))
        .await;
    assert_eq!(page.status, 200, "{}", page.text());
    let (path, names) = watch.critical_path();
    let table = format!(
        "\n| article's stack, latency {latency} | steps | critical path | makespan | above |\n|---|---|---|---|---|\n\
         | {} | {} | {:.2} s | {:.2} s | {:.1} % |\n",
        names.join(" > "),
        summary.created,
        path.as_secs_f64(),
        makespan.as_secs_f64(),
        (makespan.as_secs_f64() / path.as_secs_f64() - 1.0) * 100.0,
    );
    let mut out = std::io::stdout();
    out.write_all(table.as_bytes())
        .expect("somewhere to print to");
}

async fn connect(emulator: &Emulator, folder: &std::path::Path) -> (Arc<dyn Provider>, String) {
    let options = ConnectOptions::new(CloudSource::Endpoint(emulator.endpoint()))
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
