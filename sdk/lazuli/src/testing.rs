//! Tests of a program. [`Mocks`]: a mock of every resource, the real engine, no
//! server. [`Embedded`]: a deployment to an embedded Azure.
//!
//! ```
//! use lazuli::prelude::*;
//! use lazuli::testing::Mocks;
//!
//! async fn topology(stack: Stack) -> Result<()> {
//!     let group = ResourceGroup::builder(&stack, "shop").location("westeurope").build();
//!     VirtualNetwork::builder(&group, "shop-net").address_space(["10.0.0.0/16"]).build();
//!     Ok(())
//! }
//!
//! # #[tokio::main]
//! # async fn main() {
//! let stack = Mocks::new().up(topology).await.unwrap();
//! let network = stack.resource("Microsoft.Network/virtualNetworks", "shop-net").unwrap();
//! assert_eq!(network.input("properties.addressSpace.addressPrefixes.0"), Some("10.0.0.0/16".into()));
//! # }
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[cfg(feature = "emulator")]
mod embedded;

#[cfg(feature = "emulator")]
pub use embedded::{Embedded, Page};

use async_trait::async_trait;
use lazuli_azure::provider::AzureSchema;
use lazuli_core::custom::{Custom, Inputs};
use lazuli_core::{
    Declared, Observed, Progress, Provider, ProviderError, ProviderErrorKind, Recorded, Result,
    Schema, Stack, Value,
};
use lazuli_engine::{
    Decision, Disk, EngineError, Event, Frontend, Operation, Plan, Settings, Store, stop_channel,
};

/// The provider of everything that is not a custom kind.
const AZURE: &str = "azure";

/// A resource as a mock sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct MockResource {
    /// The type, `Microsoft.Web/sites`.
    pub ty: String,
    /// The name in the program.
    pub name: String,
    /// The id; made up where it does not follow from names.
    pub id: String,
    /// The inputs, all known.
    pub inputs: Value,
}

impl MockResource {
    /// An input at a dotted path.
    pub fn input(&self, path: &str) -> Option<Value> {
        self.inputs.at(path).cloned()
    }
}

type Answer = dyn Fn(&MockResource) -> std::result::Result<Value, String> + Send + Sync;

/// Answers for every resource, and what the program may know.
#[derive(Clone)]
pub struct Mocks {
    answer: Arc<Answer>,
    config: BTreeMap<String, Value>,
    project: String,
    stack: String,
    tenant: String,
    references: BTreeMap<String, BTreeMap<String, Value>>,
    folder: PathBuf,
    custom: BTreeMap<String, Arc<dyn Provider>>,
    mocked: Vec<&'static str>,
    after: Option<Arc<tempfile::TempDir>>,
    looked_at: LookedAt,
}

/// What exists without the program, as mocks were asked for it.
type LookedAt = Arc<Mutex<Vec<MockResource>>>;

impl Default for Mocks {
    fn default() -> Self {
        Self::new()
    }
}

impl Mocks {
    /// Mocks that answer each resource with its inputs, its id, and a made-up
    /// `identity.principalId` where an identity is asked for.
    pub fn new() -> Self {
        Self {
            answer: Arc::new(|_| Ok(Value::map())),
            config: BTreeMap::new(),
            project: "mocked".to_owned(),
            stack: "test".to_owned(),
            tenant: TENANT.to_owned(),
            references: BTreeMap::new(),
            folder: PathBuf::from("."),
            custom: BTreeMap::new(),
            mocked: vec![AZURE],
            after: None,
            looked_at: LookedAt::default(),
        }
    }

    /// Serves a custom kind by its own code.
    #[must_use]
    pub fn with(mut self, kind: impl Custom) -> Self {
        self.custom.extend([lazuli_core::custom::serve(kind)]);
        self
    }

    /// Mocks a custom kind: it answers with its inputs, and what
    /// [`Mocks::answering`] says of it.
    #[must_use]
    pub fn mocking<I: Inputs>(mut self) -> Self {
        self.mocked.push(I::TYPE);
        self
    }

    /// Further outputs of a resource, laid over the usual ones; an `Err` is a
    /// cloud that refuses.
    #[must_use]
    pub fn answering<V: Into<Value>>(
        mut self,
        answer: impl Fn(&MockResource) -> std::result::Result<V, String> + Send + Sync + 'static,
    ) -> Self {
        self.answer = Arc::new(move |resource| answer(resource).map(Into::into));
        self
    }

    /// A config value of the stack.
    #[must_use]
    pub fn config(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.config.insert(key.to_owned(), value.into());
        self
    }

    /// The name of the stack, which the program reads with `stack.name()`. Default: `test`.
    #[must_use]
    pub fn stack(mut self, name: &str) -> Self {
        name.clone_into(&mut self.stack);
        self
    }

    /// The name of the project, which the program reads with `stack.project()`. Default: `mocked`.
    #[must_use]
    pub fn project(mut self, name: &str) -> Self {
        name.clone_into(&mut self.project);
        self
    }

    /// The tenant of mocked identities. Default: a made-up one.
    #[must_use]
    pub fn tenant(mut self, id: &str) -> Self {
        id.clone_into(&mut self.tenant);
        self
    }

    /// What another stack exports, for a program that reads it with `stack.reference(..)`:
    /// `STACK` of the same project, or `PROJECT/STACK`.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// # use lazuli::testing::Mocks;
    /// let mocks = Mocks::new()
    ///     .stack("dev")
    ///     .reference("network", [("subnet", "/subscriptions/s/subnets/apps")]);
    /// ```
    #[must_use]
    pub fn reference<V: Into<Value>, const N: usize>(
        mut self,
        stack: &str,
        exports: [(&str, V); N],
    ) -> Self {
        let exports = exports.map(|(name, value)| (name.to_owned(), value.into()));
        self.references.insert(stack.to_owned(), exports.into());
        self
    }

    /// The folder that the program's relative paths start at. Default: the current one.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// Goes on from a stack that was deployed to mocks, instead of an empty one:
    /// what a changed program would do to it.
    #[must_use]
    pub fn after(mut self, stack: &MockedStack) -> Self {
        self.after = Some(stack.folder.clone());
        self
    }

    /// Plans the program against an empty stack, or the one it goes on from.
    ///
    /// # Errors
    /// What the program, its checks or its rules find wrong.
    pub async fn preview<F, Fut>(&self, topology: F) -> std::result::Result<Plan, EngineError>
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + 'static,
    {
        let mut watch = Watch::default();
        self.run(Operation::Preview, topology, &mut watch).await?;
        Ok(watch.plan.unwrap_or_default())
    }

    /// Deploys the program to the mocks.
    ///
    /// # Errors
    /// What the program, its checks, its rules or a mock refuse.
    pub async fn up<F, Fut>(&self, topology: F) -> std::result::Result<MockedStack, EngineError>
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + 'static,
    {
        let looked_at = LookedAt::default();
        let mocks = Self {
            looked_at: looked_at.clone(),
            ..self.clone()
        };
        let (state, folder) = mocks
            .run(Operation::Up, topology, &mut Watch::default())
            .await?;
        let mut existing = looked_at
            .lock()
            .map(|mut found| std::mem::take(&mut *found))
            .unwrap_or_default();
        existing.retain(|one| !state.resources.values().any(|made| made.id == one.id));
        existing.sort_by(|a, b| a.id.cmp(&b.id));
        existing.dedup_by(|a, b| a.id == b.id);
        let resources = state.resources.into_values().map(|resource| MockResource {
            ty: resource.urn.ty().to_owned(),
            name: resource.urn.name().to_owned(),
            id: resource.id.clone(),
            inputs: resource.inputs.clone(),
        });
        Ok(MockedStack {
            resources: resources.collect(),
            existing,
            exports: state.exports,
            folder,
        })
    }

    async fn run<F, Fut>(
        &self,
        operation: Operation,
        topology: F,
        watch: &mut Watch,
    ) -> std::result::Result<(lazuli_engine::State, Arc<tempfile::TempDir>), EngineError>
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + 'static,
    {
        let folder = match &self.after {
            Some(folder) => folder.clone(),
            None => Arc::new(empty_folder()?),
        };
        let store = self.store(folder.path(), &self.project, &self.stack);
        self.deploy_references(folder.path()).await?;
        let mut providers = self.custom.clone();
        for name in &self.mocked {
            let mocked: Arc<dyn Provider> = Arc::new(Mocked {
                answer: self.answer.clone(),
                schema: if *name == AZURE {
                    Arc::new(AzureSchema)
                } else {
                    Arc::new(Unknown)
                },
                tenant: self.tenant.clone(),
                looked_at: self.looked_at.clone(),
            });
            providers.insert((*name).to_owned(), mocked);
        }
        let settings = Settings {
            providers,
            ..settings((&self.project, &self.stack), &self.config, &self.folder)
        };
        let (_stopper, stop) = stop_channel();
        lazuli_engine::run(operation, settings, store.clone(), topology, watch, stop).await?;
        Ok((store.read()?, folder))
    }

    fn store(&self, folder: &Path, project: &str, stack: &str) -> Store {
        Store::local(folder, project, stack).on(Arc::new(Unsynced))
    }

    /// The other stacks are real ones that declare nothing and export the given values.
    async fn deploy_references(&self, folder: &Path) -> std::result::Result<(), EngineError> {
        for (name, exports) in &self.references {
            let (project, stack) = name.rsplit_once('/').unwrap_or((&self.project, name));
            let (store, exports) = (self.store(folder, project, stack), exports.clone());
            let program = move |stack: Stack| async move {
                for (name, value) in exports {
                    stack.export(&name, value);
                }
                Ok(())
            };
            let settings = settings((project, stack), &BTreeMap::new(), &self.folder);
            let (_stopper, stop) = stop_channel();
            let mut watch = Watch::default();
            lazuli_engine::run(Operation::Up, settings, store, program, &mut watch, stop).await?;
        }
        Ok(())
    }
}

/// The settings of a test's run: as plain as can be.
fn settings(
    (project, stack): (&str, &str),
    config: &BTreeMap<String, Value>,
    folder: &Path,
) -> Settings {
    Settings {
        config: config.clone(),
        parallel: 64,
        settle: Duration::from_millis(500),
        actor: "a test".to_owned(),
        ..Settings::new(project, stack, folder.to_owned())
    }
}

/// A disk whose content need not outlive the process: waiting for it is most of
/// what a unit test would take.
#[derive(Debug)]
struct Unsynced;

impl Disk for Unsynced {
    fn sync(&self, _: &std::fs::File) -> std::io::Result<()> {
        Ok(())
    }
}

fn empty_folder() -> std::result::Result<tempfile::TempDir, EngineError> {
    tempfile::tempdir().map_err(|cause| EngineError::State {
        file: std::env::temp_dir(),
        message: format!("no folder for the mocked state: {cause}"),
        help: "make the temporary folder writable".to_owned(),
    })
}

/// A stack after its deployment to mocks.
#[derive(Debug, Clone)]
pub struct MockedStack {
    /// Every resource, sorted by urn.
    pub resources: Vec<MockResource>,
    /// What exists without the program, and that it refers to, sorted by id.
    pub existing: Vec<MockResource>,
    exports: BTreeMap<String, Value>,
    folder: Arc<tempfile::TempDir>,
}

impl MockedStack {
    /// A resource by type and name.
    pub fn resource(&self, ty: &str, name: &str) -> Option<&MockResource> {
        self.resources
            .iter()
            .find(|resource| resource.ty == ty && resource.name == name)
    }

    /// An export.
    pub fn output(&self, name: &str) -> Option<&Value> {
        self.exports.get(name)
    }
}

#[derive(Default)]
struct Watch {
    plan: Option<Plan>,
}

#[async_trait]
impl Frontend for Watch {
    fn event(&mut self, event: &Event) {
        if let Event::Planned(plan) = event {
            self.plan.get_or_insert_with(|| plan.clone());
        }
    }

    async fn approve(&mut self, _: &Plan) -> Decision {
        Decision::Approved
    }
}

/// The schema of a mocked custom kind, of which nothing is known.
struct Unknown;

impl Schema for Unknown {}

/// A mocked cloud, with the schema of the real one.
struct Mocked {
    answer: Arc<Answer>,
    schema: Arc<dyn Schema>,
    tenant: String,
    looked_at: LookedAt,
}

impl Mocked {
    fn answer(&self, desired: &Declared) -> std::result::Result<Observed, ProviderError> {
        let made_up = || format!("/mocked/{}", desired.urn.address());
        let resource = MockResource {
            ty: desired.urn.ty().to_owned(),
            name: desired.urn.name().to_owned(),
            id: desired.id.clone().unwrap_or_else(made_up),
            inputs: desired.inputs.clone(),
        };
        let refused = |reason: String| ProviderError::new(ProviderErrorKind::Refused, reason);
        let mut outputs = desired.inputs.clone();
        overlay(&mut outputs, usual(&resource, &self.tenant));
        overlay(&mut outputs, (self.answer)(&resource).map_err(refused)?);
        Ok(Observed {
            id: resource.id,
            outputs,
        })
    }
}

/// The object id that mocks give to the identity of a resource of that name.
pub fn principal_of(name: &str) -> String {
    lazuli_arm::Uuid::new_v5(&lazuli_arm::Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

/// The client id that mocks give to a user-assigned identity of that name.
pub fn client_of(name: &str) -> String {
    lazuli_arm::Uuid::new_v5(&lazuli_arm::Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}

/// The tenant of mocked identities, unless the test sets another.
const TENANT: &str = "00000000-0000-0000-0000-00000000000a";

/// What Azure adds to the inputs of a resource, as far as programs read it.
fn usual(resource: &MockResource, tenant: &str) -> Value {
    let mut outputs = BTreeMap::from([("id".to_owned(), Value::from(resource.id.as_str()))]);
    let principal = || Value::from(principal_of(&resource.name));
    if resource.inputs.at("identity").is_some() {
        outputs.insert(
            "identity".to_owned(),
            Value::from(BTreeMap::from([("principalId".to_owned(), principal())])),
        );
    }
    if resource.ty == lazuli_azure::UserAssignedIdentity::TYPE {
        outputs.insert(
            "properties".to_owned(),
            Value::from(BTreeMap::from([
                ("principalId".to_owned(), principal()),
                (
                    "clientId".to_owned(),
                    Value::from(client_of(&resource.name)),
                ),
                ("tenantId".to_owned(), Value::from(tenant)),
            ])),
        );
    }
    let credentials = [
        lazuli_azure::RegistryCredentials::TYPE,
        lazuli_azure::TokenCredentials::TYPE,
    ];
    if credentials.contains(&resource.ty.as_str()) {
        let password = BTreeMap::from([(
            "value".to_owned(),
            Value::from("mocked-password").into_secret(),
        )]);
        let passwords = Value::List(vec![Value::from(password)]);
        outputs.insert("passwords".to_owned(), passwords);
        outputs.insert("username".to_owned(), Value::from("mocked-user"));
    }
    if resource.ty == lazuli_azure::ImageBuild::TYPE {
        outputs.insert(
            "digest".to_owned(),
            Value::from(format!("sha256:{:0>64}", 0)),
        );
    }
    Value::from(outputs)
}

fn overlay(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Map(base), Value::Map(over)) => {
            for (key, value) in over {
                overlay(base.entry(key).or_default(), value);
            }
        }
        (base, over) => *base = over,
    }
}

#[async_trait]
impl Provider for Mocked {
    fn schema(&self) -> Arc<dyn Schema> {
        self.schema.clone()
    }

    async fn create(
        &self,
        desired: &Declared,
        _: &dyn Progress,
    ) -> std::result::Result<Observed, ProviderError> {
        self.answer(desired)
    }

    async fn read(
        &self,
        existing: &Recorded,
    ) -> std::result::Result<Option<Observed>, ProviderError> {
        if let Ok(mut looked_at) = self.looked_at.lock() {
            looked_at.push(MockResource {
                ty: existing.urn.ty().to_owned(),
                name: existing.urn.name().to_owned(),
                id: existing.id.clone(),
                inputs: existing.inputs.clone(),
            });
        }
        Ok(Some(Observed {
            id: existing.id.clone(),
            outputs: existing.outputs.clone(),
        }))
    }

    async fn update(
        &self,
        _: &Recorded,
        desired: &Declared,
        _: &dyn Progress,
    ) -> std::result::Result<Observed, ProviderError> {
        self.answer(desired)
    }

    async fn delete(
        &self,
        _: &Recorded,
        _: &dyn Progress,
    ) -> std::result::Result<(), ProviderError> {
        Ok(())
    }
}
