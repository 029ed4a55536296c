//! An embedded Azure, a client that signed into it, and a stack's folder.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lazuli_arm::{ArmClient, CloudSource, ConnectOptions, CredentialSource, SecretString};
use lazuli_azure::provider::AzureProvider;
use lazuli_core::{Allowance, Provider, Stack};
use lazuli_emulator::Emulator;
use lazuli_engine::{
    Decision, EngineError, Event, Frontend, Operation, Plan, Settings, State, Stopper, Store,
    Summary, stop_channel,
};

use super::topology::{APP, Without, topology};

pub(crate) struct Bench {
    pub(crate) emulator: Emulator,
    arm: ArmClient,
    provider: Arc<dyn Provider>,
    target: BTreeMap<String, String>,
    folder: tempfile::TempDir,
    allowed: Vec<Allowance>,
}

/// Sees everything; kills the run at the event of that number.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) plans: Vec<Plan>,
    pub(crate) boundaries: usize,
    pub(crate) kill_at: Option<usize>,
    pub(crate) stopper: Option<Stopper>,
}

#[async_trait]
impl Frontend for Watch {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Planned(plan) => self.plans.push(plan.clone()),
            // Each stands right behind an entry of the journal.
            Event::StepStarted { .. } | Event::StepDone { .. } => {
                self.boundaries += 1;
                if let Some(stopper) = self
                    .stopper
                    .as_ref()
                    .filter(|_| self.kill_at == Some(self.boundaries))
                {
                    stopper.stop();
                    stopper.stop();
                }
            }
            _ => {}
        }
    }

    async fn approve(&mut self, _: &Plan) -> Decision {
        Decision::Approved
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::allowing(&[]).await
    }

    /// A bench on which findings with these codes stop nothing.
    pub(crate) async fn allowing(codes: &[&str]) -> Self {
        let emulator = Emulator::start(lazuli_emulator::Options::default())
            .await
            .unwrap();
        let options = ConnectOptions::new(CloudSource::Endpoint(emulator.endpoint()))
            .without_least_delay()
            .ca_bundle(emulator.ca_pem().as_bytes().to_vec())
            .credential(CredentialSource::ClientSecret {
                tenant: emulator.tenant().to_owned(),
                client: emulator.client().to_owned(),
                secret: SecretString::from(emulator.secret().to_owned()),
            });
        let arm = ArmClient::connect(options).await.unwrap();
        let target = BTreeMap::from([("subscription".to_owned(), arm.subscription().to_owned())]);
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        std::fs::create_dir(&source).unwrap();
        std::fs::write(
            source.join("Dockerfile"),
            "FROM nginx\nCOPY index.html /usr/share/nginx/html\n",
        )
        .unwrap();
        std::fs::write(
            source.join("index.html"),
            "<h1>Hello from the private registry</h1>\n",
        )
        .unwrap();
        let provider = AzureProvider::new(arm.clone(), folder.path().to_owned());
        let allowed = codes.iter().map(|code| Allowance {
            code: (*code).to_owned(),
            reason: "this test deploys what is broken".to_owned(),
            location: std::panic::Location::caller().into(),
        });
        let provider = provider
            .blob_authority(emulator.ca_pem().as_bytes())
            .unwrap();
        // Names of registries lead into the embedded Azure through its own proxy.
        let port = emulator.endpoint().port().unwrap();
        let provider = provider
            .registry_proxy(&format!("http://127.0.0.1:{port}"))
            .unwrap();
        let provider = Arc::new(provider);
        Self {
            emulator,
            arm,
            provider,
            target,
            folder,
            allowed: allowed.collect(),
        }
    }

    /// A bench with the folder `image` out of another one, to push from.
    pub(crate) async fn pushing(from: &str) -> Self {
        let bench = Self::new().await;
        let image = std::path::Path::new(from).join("image");
        copy(&image, &bench.folder.path().join("image"));
        bench
    }

    /// Puts something between the engine and the provider.
    pub(crate) fn wrap(&mut self, around: impl FnOnce(Arc<dyn Provider>) -> Arc<dyn Provider>) {
        self.provider = around(self.provider.clone());
    }

    /// Stops the embedded Azure; what is left has nobody to talk to.
    pub(crate) async fn stop(self) -> Arc<dyn Provider> {
        self.emulator.stop().await;
        self.provider
    }

    pub(crate) fn provider(&self) -> &dyn Provider {
        &*self.provider
    }

    /// Asks the resource manager by itself.
    pub(crate) fn arm(&self) -> &ArmClient {
        &self.arm
    }

    pub(crate) fn store(&self) -> Store {
        Store::local(self.folder.path(), "p", "dev")
    }

    pub(crate) fn state(&self) -> State {
        self.store().read().unwrap()
    }

    pub(crate) fn write_page(&self, text: &str) {
        std::fs::write(self.folder.path().join("source/index.html"), text).unwrap();
    }

    pub(crate) async fn run(
        &self,
        operation: Operation,
        without: Without,
        watch: &mut Watch,
    ) -> Result<Summary, EngineError> {
        self.run_program(operation, move |stack| topology(stack, without), watch)
            .await
    }

    pub(crate) async fn run_program<F, Fut>(
        &self,
        operation: Operation,
        program: F,
        watch: &mut Watch,
    ) -> Result<Summary, EngineError>
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = lazuli_core::Result<()>> + 'static,
    {
        let settings = Settings {
            target: self.target.clone(),
            providers: [("azure".to_owned(), self.provider.clone())].into(),
            allowed: self.allowed.clone(),
            parallel: 16,
            settle: Duration::from_millis(500),
            actor: "tester@bench".into(),
            ..Settings::new("p", "dev", self.folder.path().to_owned())
        };
        let (stopper, stop) = stop_channel();
        watch.stopper = Some(stopper);
        lazuli_engine::run(operation, settings, self.store(), program, watch, stop).await
    }

    pub(crate) async fn up(&self, without: Without) -> Summary {
        self.run(Operation::Up, without, &mut Watch::default())
            .await
            .unwrap()
    }

    pub(crate) async fn destroy(&self) -> Result<Summary, EngineError> {
        self.run(Operation::Destroy, Without::Nothing, &mut Watch::default())
            .await
    }

    /// What the web front answers: status and text.
    pub(crate) async fn page(&self) -> (u16, String) {
        let page = self
            .emulator
            .browse(&format!("https://{APP}.azurewebsites.net/"))
            .await;
        (page.status, page.text())
    }

    pub(crate) fn log(&self) -> String {
        self.emulator.container_log(APP).join("\n")
    }

    /// Every resource of the state is in the world; nothing else is, but what Azure makes itself.
    pub(crate) fn assert_settled(&self) {
        let state = self.state();
        assert!(
            state.in_flight.is_empty() && state.superseded.is_empty(),
            "{:?}",
            state.in_flight
        );
        let own = |id: &str| {
            id.contains("/networkInterfaces/")
                || id.contains("/privateEndpointConnections/")
                || id.contains("/privateDnsZones/privatelink.azurecr.io/A/")
                || id.contains("/privateDnsZones/privatelink.azurecr.io/SOA/")
                || id.contains("/roleDefinitions/")
                || id.contains("/runs/")
        };
        let world: Vec<_> = self
            .emulator
            .resources()
            .into_iter()
            .filter(|id| !own(id))
            .map(|id| id.to_ascii_lowercase())
            .collect();
        let recorded: Vec<_> = state
            .resources
            .values()
            .map(|resource| resource.id.to_ascii_lowercase())
            .collect();
        for id in recorded.iter().filter(|id| !id.contains("/imagebuilds/")) {
            assert!(
                world.contains(id),
                "{id} is recorded but is not in {world:#?}"
            );
        }
        for id in &world {
            assert!(recorded.contains(id), "{id} is an orphan");
        }
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
