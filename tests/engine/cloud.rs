//! A scripted cloud: resources in memory, a log of every call, and faults.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use lazuli_core::{
    Declared, Handle, IntoInput, Observed, Options, Output, Progress, Property, Provider,
    ProviderError, ProviderErrorKind, Recorded, ResourceSpec, Schema, Scope, Stack, TypeSchema,
    Value,
};
use lazuli_engine::{
    Decision, Disk, EngineError, Event, Frontend, KeyFile, Keyring, Objects, Op, Operation, Plan,
    Settings, State, Stopper, Store, Summary, stop_channel,
};

/// What goes wrong in the cloud, by `verb name` (`create web`).
#[derive(Clone, Default)]
pub(crate) struct Faults {
    /// The cloud refuses.
    pub(crate) refuse: BTreeSet<String>,
    /// It is done, but the answer never arrives.
    pub(crate) lose_answer: BTreeSet<String>,
    /// The whole process dies: before the effect, or after it.
    pub(crate) die_before: BTreeSet<String>,
    pub(crate) die_after: BTreeSet<String>,
    /// The provider panics.
    pub(crate) panic: BTreeSet<String>,
    /// It is done, and nothing is ever heard of it.
    pub(crate) hang: BTreeSet<String>,
    /// It is done, and the cloud says that the resource is not healthy.
    pub(crate) sick: BTreeSet<String>,
}

#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) things: BTreeMap<String, Value>,
    pub(crate) log: Vec<String>,
    pub(crate) faults: Faults,
    pub(crate) running: usize,
    pub(crate) most_running: usize,
    /// Which container a thing lies in, by names; it goes when the container goes.
    pub(crate) members: BTreeMap<String, String>,
    /// Names of things that were ever declared to be retained.
    pub(crate) retained: BTreeSet<String>,
    /// Ids that the cloud changed, and what they are now.
    pub(crate) moved: BTreeMap<String, String>,
    /// The same by ids, as of the creation.
    inside: BTreeMap<String, String>,
    serial: u32,
}

impl World {
    fn join_container(&mut self, name: &str, id: &str) {
        let Some(container) = self.members.get(name) else {
            return;
        };
        let born = |id: &&String| {
            let serial = self.things[*id].at("serial").and_then(Value::as_str);
            serial.and_then(|serial| serial[1..].parse::<u32>().ok())
        };
        let named = self.things.keys().filter(|id| name_of(id) == container);
        if let Some(container) = named.max_by_key(born) {
            self.inside.insert(id.to_owned(), container.clone());
        }
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.things.remove(id);
        let members: Vec<_> = self
            .inside
            .iter()
            .filter(|(_, container)| *container == id)
            .map(|(member, _)| member.clone())
            .collect();
        for member in members {
            self.inside.remove(&member);
            self.remove(&member);
        }
    }
}

/// The cloud, shared by all runs of one test.
#[derive(Clone, Default)]
pub(crate) struct Cloud {
    pub(crate) world: Arc<Mutex<World>>,
    stopper: Arc<Mutex<Option<Stopper>>>,
    /// Which instance of the provider this is; shown in the log.
    instance: &'static str,
}

impl Cloud {
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        act(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another instance of the provider: the same cloud.
    pub(crate) fn instance(&self, name: &'static str) -> Self {
        Self {
            instance: name,
            ..self.clone()
        }
    }

    /// The log since the last call.
    pub(crate) fn log(&self) -> Vec<String> {
        self.with(|world| std::mem::take(&mut world.log))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.with(|world| world.things.keys().cloned().collect())
    }

    async fn act<R>(
        &self,
        verb: &str,
        urn: &lazuli_core::Urn,
        effect: impl FnOnce(&mut World) -> Result<R, ProviderError>,
    ) -> Result<R, ProviderError> {
        let call = format!("{verb} {}", urn.name());
        self.with(|world| {
            world.running += 1;
            world.most_running = world.most_running.max(world.running);
        });
        tokio::task::yield_now().await;
        let died = self.with(|world| world.faults.die_before.contains(&call));
        if died {
            self.die().await;
        }
        let (result, die, lose, hang) = self.with(|world| {
            world.running -= 1;
            world.log.push(format!("{call}{}", self.instance));
            assert!(!world.faults.panic.contains(&call), "cannot {call}");
            if world.faults.refuse.contains(&call) {
                let error = ProviderError::new(
                    ProviderErrorKind::Refused,
                    format!("the cloud refuses to {call}"),
                );
                return (Err(error.code("Refused")), false, false, false);
            }
            let result = effect(world).and_then(|done| {
                let sick = world.faults.sick.contains(&call);
                let unhealthy = || format!("{} is not healthy", urn.name());
                if sick {
                    Err(ProviderError::new(
                        ProviderErrorKind::Unhealthy,
                        unhealthy(),
                    ))
                } else {
                    Ok(done)
                }
            });
            (
                result,
                world.faults.die_after.contains(&call),
                world.faults.lose_answer.contains(&call),
                world.faults.hang.contains(&call),
            )
        });
        if hang {
            std::future::pending::<()>().await;
        }
        if die {
            self.die().await;
        }
        if lose {
            return Err(ProviderError::new(
                ProviderErrorKind::Unknown,
                "the connection broke",
            ));
        }
        result
    }

    /// A killed process: nothing after this point happens.
    async fn die(&self) {
        let stopper = self.stopper.lock().unwrap().clone();
        if let Some(stopper) = stopper {
            stopper.stop();
            stopper.stop();
        }
        std::future::pending::<()>().await;
    }
}

/// The name of a thing by its id: `name#serial`, `/name` or `/name-generation`.
pub(crate) fn name_of(id: &str) -> &str {
    let id = id.trim_start_matches('/');
    id.split(['#', '-']).next().unwrap_or_default()
}

fn refused(text: String) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Refused, text)
}

struct CloudSchema;

impl Schema for CloudSchema {
    fn type_schema(&self, ty: &str) -> Arc<TypeSchema> {
        Arc::new(TypeSchema {
            immutable: vec!["fixed".into()],
            delete_before_replace: ty == "test:Named",
            stable_outputs: vec![("serial".into(), vec!["reset".into()])],
            ..TypeSchema::default()
        })
    }

    fn lock_keys(&self, desired: &Declared) -> Vec<String> {
        desired
            .inputs
            .at("lock")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .into_iter()
            .collect()
    }
}

#[async_trait]
impl Provider for Cloud {
    fn schema(&self) -> Arc<dyn Schema> {
        Arc::new(CloudSchema)
    }

    async fn create(
        &self,
        desired: &Declared,
        _: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        self.act("create", &desired.urn, |world| {
            world.serial += 1;
            let id = desired
                .id
                .clone()
                .unwrap_or_else(|| format!("{}#{}", desired.urn.name(), world.serial));
            if world.things.contains_key(&id) {
                return Err(refused(format!("{id} exists already")));
            }
            let mut outputs = desired.inputs.as_map().cloned().unwrap_or_default();
            outputs.insert("id".into(), Value::from(id.as_str()));
            outputs.insert("serial".into(), Value::from(format!("s{}", world.serial)));
            world.join_container(desired.urn.name(), &id);
            world.things.insert(id.clone(), Value::Map(outputs.clone()));
            Ok(Observed {
                id,
                outputs: Value::Map(outputs),
            })
        })
        .await
    }

    async fn read(&self, existing: &Recorded) -> Result<Option<Observed>, ProviderError> {
        let call = format!("read {}", existing.urn.name());
        if self.with(|world| world.faults.die_before.contains(&call)) {
            self.die().await;
        }
        self.with(|world| {
            world.log.push(call.clone());
            if world.faults.refuse.contains(&call) {
                return Err(refused(format!("the cloud refuses to {call}")));
            }
            if world.faults.sick.contains(&call) {
                let text = format!("{} is not healthy", existing.urn.name());
                return Err(ProviderError::new(ProviderErrorKind::Unhealthy, text));
            }
            let id = if existing.id.is_empty() {
                // A provider that gives ids itself finds its resource by name.
                let prefix = format!("{}#", existing.urn.name());
                world
                    .things
                    .keys()
                    .find(|id| id.starts_with(&prefix))
                    .cloned()
                    .unwrap_or_default()
            } else {
                let moved = world.moved.get(&existing.id);
                moved.unwrap_or(&existing.id).clone()
            };
            Ok(world.things.get(&id).map(|outputs| Observed {
                id: id.clone(),
                outputs: outputs.clone(),
            }))
        })
    }

    async fn find(
        &self,
        lost: &Recorded,
        known: &[String],
    ) -> Result<Option<Observed>, ProviderError> {
        self.with(|world| {
            world.log.push(format!("read {}", lost.urn.name()));
            let prefix = format!("{}#", lost.urn.name());
            let mut things = world.things.iter();
            let found = things.find(|(id, _)| id.starts_with(&prefix) && !known.contains(id));
            Ok(found.map(|(id, outputs)| Observed {
                id: id.clone(),
                outputs: outputs.clone(),
            }))
        })
    }

    async fn update(
        &self,
        existing: &Recorded,
        desired: &Declared,
        _: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let id = existing.id.clone();
        self.act("update", &desired.urn, |world| {
            let Some(Value::Map(outputs)) = world.things.get_mut(&id) else {
                return Err(refused(format!("{id} does not exist")));
            };
            outputs.extend(desired.inputs.as_map().cloned().unwrap_or_default());
            Ok(Observed {
                id: id.clone(),
                outputs: Value::Map(outputs.clone()),
            })
        })
        .await
    }

    async fn delete(&self, existing: &Recorded, _: &dyn Progress) -> Result<(), ProviderError> {
        self.act("delete", &existing.urn, |world| {
            world.remove(&existing.id);
            Ok(())
        })
        .await
    }
}

/// Declares a thing of the scripted cloud; a `Named` one has its id from its name.
#[track_caller]
pub(crate) fn thing(
    place: &Scope,
    name: &str,
    inputs: impl IntoIterator<Item = (&'static str, Input)>,
) -> Handle {
    thing_with(place, "test:Thing", name, inputs, Options::new())
}

#[track_caller]
pub(crate) fn named(
    place: &Scope,
    name: &str,
    inputs: impl IntoIterator<Item = (&'static str, Input)>,
) -> Handle {
    thing_with(place, "test:Named", name, inputs, Options::new())
}

#[track_caller]
pub(crate) fn thing_with(
    place: &Scope,
    ty: &str,
    name: &str,
    inputs: impl IntoIterator<Item = (&'static str, Input)>,
    options: Options,
) -> Handle {
    let id = (ty == "test:Named").then(|| format!("/{name}"));
    declare(place, ty, name, id, inputs, options)
}

/// A thing whose id holds its generation: two generations can live side by side.
#[track_caller]
pub(crate) fn dated(place: &Scope, name: &str, generation: &str) -> Handle {
    let id = Some(format!("/{name}-{generation}"));
    declare(
        place,
        "test:Dated",
        name,
        id,
        [("fixed", put(generation))],
        Options::new(),
    )
}

#[track_caller]
fn declare(
    place: &Scope,
    ty: &str,
    name: &str,
    id: Option<String>,
    inputs: impl IntoIterator<Item = (&'static str, Input)>,
    options: Options,
) -> Handle {
    let members = inputs
        .into_iter()
        .map(|(key, input)| (key.to_owned(), input.0));
    place.register(ResourceSpec {
        provider: "test",
        ty: ty.to_owned(),
        name: name.to_owned(),
        id: id.map(Output::of),
        inputs: Property::Map(members.collect()),
        options,
        at: std::panic::Location::caller(),
    })
}

/// An input of a thing.
pub(crate) struct Input(Property);

pub(crate) fn put(value: impl IntoInput<String>) -> Input {
    Input(value.into_input().into_property())
}

/// The frontend of a test: approves, and keeps what it saw.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) plans: Vec<Plan>,
    pub(crate) events: Vec<String>,
    pub(crate) refuse: bool,
    /// The wave from which on it refuses.
    pub(crate) refuse_from: Option<u32>,
}

#[async_trait]
impl Frontend for Watch {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Planned(plan) => self.plans.push(plan.clone()),
            Event::StepDone { urn, op, .. } => {
                self.events.push(format!("{} {}", op.as_str(), urn.name()))
            }
            Event::StepUnchanged { urn } => self.events.push(format!("unchanged {}", urn.name())),
            Event::StepSkipped { urn, .. } => self.events.push(format!("skipped {}", urn.name())),
            Event::StepFailed { failure, .. } => {
                self.events.push(format!("failed {}", failure.urn.name()))
            }
            Event::Settled { urn, op, .. } => {
                self.events
                    .push(format!("settled {} {}", op.as_str(), urn.name()))
            }
            _ => {}
        }
    }

    async fn approve(&mut self, plan: &Plan) -> Decision {
        if self.refuse || self.refuse_from.is_some_and(|wave| plan.wave >= wave) {
            Decision::Refused
        } else {
            Decision::Approved
        }
    }
}

/// `+create ~update -delete ±replacement` of a plan, by name.
pub(crate) fn steps(plan: &Plan) -> Vec<String> {
    let mark = |op| match op {
        Op::Create => "+",
        Op::Update => "~",
        Op::Delete => "-",
        Op::CreateReplacement => "+/",
        Op::DeleteReplaced => "-/",
        Op::Import => "=",
        Op::Read => "?",
    };
    plan.steps
        .iter()
        .map(|step| format!("{}{}", mark(step.op), step.urn.name()))
        .collect()
}

/// One run and what was seen of it.
pub(crate) struct Ran {
    pub(crate) result: Result<Summary, EngineError>,
    pub(crate) watch: Watch,
}

impl Ran {
    pub(crate) fn plan(&self) -> Vec<String> {
        steps(self.watch.plans.first().expect("a plan was made"))
    }
}

/// A stack on the scripted cloud, in a folder of its own.
pub(crate) struct Bench {
    pub(crate) cloud: Cloud,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) expect_no_changes: bool,
    pub(crate) disk: Arc<dyn Disk>,
    /// Where the state is, if not in the folder; the key to it is in the folder.
    pub(crate) objects: Option<Arc<dyn Objects>>,
    pub(crate) actor: &'static str,
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A disk that is believed: these tests kill tasks, not machines.
#[derive(Debug)]
struct QuickDisk;

impl Disk for QuickDisk {
    fn sync(&self, _: &std::fs::File) -> std::io::Result<()> {
        Ok(())
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            cloud: Cloud::default(),
            folder: tempfile::tempdir().unwrap(),
            expect_no_changes: false,
            disk: Arc::new(QuickDisk),
            objects: None,
            actor: "tester@bench",
        }
    }

    /// The same stack and the same cloud once more, to go on from here differently.
    pub(crate) fn fork(&self) -> Self {
        let fork = Self::new();
        let world = self.cloud.with(|world| world.clone());
        fork.cloud.with(|other| *other = world);
        copy(self.folder(), fork.folder());
        Self {
            expect_no_changes: self.expect_no_changes,
            disk: self.disk.clone(),
            ..fork
        }
    }

    pub(crate) fn store(&self) -> Store {
        let Some(objects) = &self.objects else {
            return Store::local(self.folder.path(), "p", "dev").on(self.disk.clone());
        };
        let key = KeyFile::new(self.folder.path().join("outer-key"));
        Store::remote(objects.clone(), "p", "dev")
            .keys(Keyring::default().wrapping(Arc::new(key)))
            .patience(std::time::Duration::from_secs(3))
    }

    pub(crate) fn state(&self) -> State {
        self.store().read().unwrap()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn settings(&self) -> Settings {
        let provider: Arc<dyn Provider> = Arc::new(self.cloud.clone());
        let other: Arc<dyn Provider> = Arc::new(self.cloud.instance("@other"));
        Settings {
            providers: [
                ("test".to_owned(), provider),
                ("test/other".to_owned(), other),
            ]
            .into(),
            parallel: 8,
            settle: std::time::Duration::from_millis(200),
            expect_no_changes: self.expect_no_changes,
            actor: self.actor.into(),
            ..Settings::new("p", "dev", self.folder().to_owned())
        }
    }

    pub(crate) async fn run<F, Fut>(&self, operation: Operation, program: F) -> Ran
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = lazuli_core::Result<()>> + 'static,
    {
        self.run_watched(operation, program, Watch::default()).await
    }

    pub(crate) async fn run_watched<F, Fut>(
        &self,
        operation: Operation,
        program: F,
        watch: Watch,
    ) -> Ran
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = lazuli_core::Result<()>> + 'static,
    {
        self.run_with(operation, self.settings(), program, watch)
            .await
    }

    pub(crate) async fn run_with<F, Fut>(
        &self,
        operation: Operation,
        settings: Settings,
        program: F,
        watch: Watch,
    ) -> Ran
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = lazuli_core::Result<()>> + 'static,
    {
        self.run_in(self.store(), operation, settings, program, watch)
            .await
    }

    /// A run on a state at another place.
    pub(crate) async fn run_at<F, Fut>(
        &self,
        store: Store,
        operation: Operation,
        settings: Settings,
        program: F,
    ) -> Ran
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = lazuli_core::Result<()>> + 'static,
    {
        self.run_in(store, operation, settings, program, Watch::default())
            .await
    }

    async fn run_in<F, Fut>(
        &self,
        store: Store,
        operation: Operation,
        settings: Settings,
        program: F,
        mut watch: Watch,
    ) -> Ran
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = lazuli_core::Result<()>> + 'static,
    {
        let (stopper, stop) = stop_channel();
        *self.cloud.stopper.lock().unwrap() = Some(stopper);
        let result =
            lazuli_engine::run(operation, settings, store, program, &mut watch, stop).await;
        Ran { result, watch }
    }

    pub(crate) async fn up<F, Fut>(&self, program: F) -> Ran
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = lazuli_core::Result<()>> + 'static,
    {
        self.run(Operation::Up, program).await
    }

    pub(crate) async fn preview<F, Fut>(&self, program: F) -> Ran
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = lazuli_core::Result<()>> + 'static,
    {
        self.run(Operation::Preview, program).await
    }

    pub(crate) async fn destroy(&self) -> Ran {
        self.run(Operation::Destroy, |_| async { Ok(()) }).await
    }

    /// State and world agree, nothing is in flight, nothing is left over.
    pub(crate) fn assert_settled(&self) {
        let state = self.state();
        assert!(
            state.in_flight.is_empty() && state.superseded.is_empty(),
            "{state:?}"
        );
        let recorded: BTreeSet<_> = state
            .resources
            .values()
            .map(|resource| resource.id.clone())
            .collect();
        let existing: BTreeSet<_> = self.cloud.names().into_iter().collect();
        assert_eq!(recorded, existing);
    }
}
