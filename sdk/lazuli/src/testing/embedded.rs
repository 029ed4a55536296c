//! Tests of a program against an embedded Azure of its own: the real engine, the
//! real provider, the real protocol, on loopback.
//!
//! ```
//! use lazuli::prelude::*;
//! use lazuli::testing::Embedded;
//!
//! async fn topology(stack: Stack) -> Result<()> {
//!     ResourceGroup::builder(&stack, "shop").location("westeurope").build();
//!     Ok(())
//! }
//!
//! # #[tokio::main]
//! # async fn main() {
//! let azure = Embedded::start(".").await.unwrap();
//! assert_eq!(azure.up(topology).await.unwrap().created, 1);
//! assert_eq!(azure.up(topology).await.unwrap().unchanged, 1);
//! assert_eq!(azure.destroy(topology).await.unwrap().deleted, 1);
//! # }
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use lazuli_arm::{ArmClient, CloudSource, ConnectOptions, CredentialSource, SecretString};
use lazuli_azure::provider::AzureProvider;
use lazuli_core::{Error, Provider, Result, Stack, Value};
use lazuli_emulator::{Emulator, Options};
use lazuli_engine::{
    Decision, EngineError, Event, Frontend, Operation, Plan, Settings, Store, Summary, stop_channel,
};

use super::Watch;

const PROJECT: &str = "embedded";

/// An embedded Azure, and the state of one stack in it.
#[derive(Clone)]
pub struct Embedded {
    emulator: Arc<Emulator>,
    provider: Arc<dyn Provider>,
    target: BTreeMap<String, String>,
    config: BTreeMap<String, Value>,
    folder: PathBuf,
    state: Arc<tempfile::TempDir>,
    stack: String,
}

/// A page of a web app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The body as a text.
    pub text: String,
}

impl Embedded {
    /// Starts an empty Azure. `folder` is what the program's relative paths start at.
    ///
    /// # Errors
    /// It cannot listen on loopback, or there is no place for the state.
    pub async fn start(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        let failed = |what: String| Error::new(format!("the embedded Azure cannot start: {what}"));
        let emulator = Emulator::start(Options::default())
            .await
            .map_err(|error| failed(error.to_string()))?;
        let options = ConnectOptions::new(CloudSource::Endpoint(emulator.endpoint()))
            .without_least_delay()
            .ca_bundle(emulator.ca_pem().as_bytes().to_vec())
            .subscription(emulator.subscription())
            .credential(CredentialSource::ClientSecret {
                tenant: emulator.tenant().to_owned(),
                client: emulator.client().to_owned(),
                secret: SecretString::from(emulator.secret().to_owned()),
            });
        let arm = ArmClient::connect(options)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let target = crate::cloud::target(&arm);
        let provider = AzureProvider::new(arm, folder.clone())
            .blob_authority(emulator.ca_pem().as_bytes())
            .and_then(|provider| provider.registry_proxy(&crate::cloud::proxy(&emulator)))
            .map_err(|error| failed(error.message))?;
        let state = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            emulator: Arc::new(emulator),
            provider: Arc::new(provider),
            target,
            config: BTreeMap::new(),
            folder,
            state: Arc::new(state),
            stack: "test".to_owned(),
        })
    }

    /// Another stack in the same Azure, for what other programs deploy.
    #[must_use]
    pub fn beside(&self, stack: &str) -> Self {
        Self {
            stack: stack.to_owned(),
            ..self.clone()
        }
    }

    /// Sets a config value of the stack.
    #[must_use]
    pub fn config(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.config.insert(key.to_owned(), value.into());
        self
    }

    /// Deploys the program.
    ///
    /// # Errors
    /// What the program, its checks, its rules or Azure refuse.
    pub async fn up<F, Fut>(&self, topology: F) -> std::result::Result<Summary, EngineError>
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + 'static,
    {
        self.run(Operation::Up, topology, &mut Watch::default())
            .await
    }

    /// Deploys the program, and calls `after_step` after each step, with the place of
    /// its resource: for what must hold at every moment of a deployment.
    ///
    /// # Errors
    /// What the program, its checks, its rules or Azure refuse.
    pub async fn up_watching<F, Fut>(
        &self,
        topology: F,
        after_step: impl FnMut(&str) + Send,
    ) -> std::result::Result<Summary, EngineError>
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + 'static,
    {
        let mut watch = Stepwise(after_step);
        self.run(Operation::Up, topology, &mut watch).await
    }

    /// Deletes everything that was deployed.
    ///
    /// # Errors
    /// What Azure refuses.
    pub async fn destroy<F, Fut>(&self, topology: F) -> std::result::Result<Summary, EngineError>
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + 'static,
    {
        self.run(Operation::Destroy, topology, &mut Watch::default())
            .await
    }

    /// An export of the last deployment.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn output(&self, name: &str) -> std::result::Result<Option<Value>, EngineError> {
        let state = self.store().read()?;
        Ok(state.exports.get(name).cloned())
    }

    /// What a browser on the internet is shown.
    pub async fn page(&self, url: &str) -> Page {
        let page = self.emulator.browse(url).await;
        Page {
            status: page.status,
            text: page.text(),
        }
    }

    /// Why a web app runs, or does not.
    pub fn container_log(&self, app: &str) -> String {
        self.emulator.container_log(app).join("\n")
    }

    /// Client id and secret of the service principal that deploys: an owner of the
    /// subscription, for programs that sign in to something.
    pub fn service_principal(&self) -> (String, String) {
        let emulator = &self.emulator;
        (emulator.client().to_owned(), emulator.secret().to_owned())
    }

    /// Ids of everything that exists.
    pub fn resources(&self) -> Vec<String> {
        self.emulator.resources()
    }

    fn store(&self) -> Store {
        Store::local(self.state.path(), PROJECT, &self.stack).on(Arc::new(super::Unsynced))
    }

    async fn run<F, Fut>(
        &self,
        operation: Operation,
        topology: F,
        frontend: &mut dyn Frontend,
    ) -> std::result::Result<Summary, EngineError>
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + 'static,
    {
        let settings = Settings {
            target: self.target.clone(),
            providers: [("azure".to_owned(), self.provider.clone())].into(),
            ..super::settings((PROJECT, &self.stack), &self.config, &self.folder)
        };
        let (_stopper, stop) = stop_channel();
        lazuli_engine::run(operation, settings, self.store(), topology, frontend, stop).await
    }
}

/// Tells of each step that is done.
struct Stepwise<C>(C);

#[async_trait]
impl<C: FnMut(&str) + Send> Frontend for Stepwise<C> {
    fn event(&mut self, event: &Event) {
        if let Event::StepDone { urn, .. } = event {
            (self.0)(&urn.address());
        }
    }

    async fn approve(&mut self, _: &Plan) -> Decision {
        Decision::Approved
    }
}
