//! A cloud that is a map, a program with two resources, and a desk to run the
//! tool at.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::panic::Location;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lazuli_core::{
    Declared, DeclaredNode, Diagnostic, Handle, Observed, Options, Output, Progress, Proof,
    ProofStep, Property, Provider, ProviderError, ProviderErrorKind, Recorded, ResourceSpec,
    Schema, Stack, Status, Value,
};
use tokio::sync::{Notify, mpsc};

use crate::render::sample::Written;
use crate::{
    CliError, Cloud, ConnectRequest, Connection, Interrupts, OpenWorld, Page, Platform,
    ProgramInfo, Prompt, Screen, Surroundings, WorldRequest, run_with,
};

/// The password of the site; in no text but on request.
pub(super) const SECRET: &str = "hunter2";

/// What is piped into the tool.
pub(super) const PIPED: &str = "piped-secret";

/// What somebody who is asked for a secret types.
pub(super) const PASSPHRASE: &str = "typed in by hand";

/// A group, and a site in it that needs the group's key.
pub(super) async fn topology(stack: Stack) -> lazuli_core::Result<()> {
    let config = stack.config();
    if config.get::<String>("fail")?.is_some() {
        return Err(lazuli_core::Error::new("the topology says no"));
    }
    let image = config
        .get::<String>("image")?
        .unwrap_or_else(|| "v1".to_owned());
    let group = declare(stack.as_scope(), "test:group", "group", Property::map());
    let mut inputs = Property::map();
    inputs.set("image", Property::Value(Value::from(image)));
    if let Some(token) = config.find_secret::<String>("token")? {
        inputs.set("token", Property::Output(token.map(Value::from)));
    }
    inputs.set(
        "password",
        Property::Value(Value::from(SECRET).into_secret()),
    );
    inputs.set("key", Property::Output(group.property::<Value>("key")));
    let site = declare(group.as_scope(), "test:site", "site", inputs);
    stack.export("host", site.property::<String>("host"));
    stack.export("password", site.property::<String>("password").as_secret());
    Ok(())
}

#[track_caller]
fn declare(place: &lazuli_core::Scope, ty: &str, name: &str, inputs: Property) -> Handle {
    place.register(ResourceSpec {
        provider: "test",
        ty: ty.to_owned(),
        name: name.to_owned(),
        id: Some(Output::of(format!("/id/{name}"))),
        inputs,
        options: Options::new(),
        at: Location::caller(),
    })
}

/// The cloud.
#[derive(Default)]
pub(super) struct Clouds {
    resources: Mutex<BTreeMap<String, Value>>,
    refused: Mutex<BTreeSet<String>>,
    held: Mutex<BTreeMap<String, Arc<Gate>>>,
}

/// A create that waits until it is let through.
#[derive(Default)]
pub(super) struct Gate {
    reached: Notify,
    open: Notify,
}

impl Gate {
    pub(super) async fn reached(&self) {
        self.reached.notified().await;
    }

    pub(super) fn open(&self) {
        self.open.notify_one();
    }
}

impl Clouds {
    pub(super) fn names(&self) -> Vec<String> {
        let resources = self.resources.lock().unwrap();
        resources
            .keys()
            .map(|id| id.trim_start_matches("/id/").to_owned())
            .collect()
    }

    pub(super) fn input(&self, name: &str, path: &str) -> String {
        let resources = self.resources.lock().unwrap();
        resources[&format!("/id/{name}")]
            .at(path)
            .unwrap()
            .to_string()
    }

    pub(super) fn refuse(&self, name: &str) {
        self.refused.lock().unwrap().insert(name.to_owned());
    }

    pub(super) fn hold(&self, name: &str) -> Arc<Gate> {
        let gate = Arc::<Gate>::default();
        self.held
            .lock()
            .unwrap()
            .insert(name.to_owned(), gate.clone());
        gate
    }

    /// Lets other tasks run until something is seen.
    pub(super) async fn until_stopping(&self, seen: impl Fn() -> bool) {
        while !seen() {
            tokio::task::yield_now().await;
        }
    }

    fn put(&self, desired: &Declared) -> Observed {
        let name = desired.urn.name();
        let id = format!("/id/{name}");
        let mut outputs = desired
            .inputs
            .unwrapped()
            .as_map()
            .cloned()
            .unwrap_or_default();
        outputs.insert("id".into(), Value::from(id.as_str()));
        outputs.insert("host".into(), Value::from(format!("{name}.test")));
        outputs
            .entry("key".into())
            .or_insert_with(|| Value::from("k1"));
        let outputs = Value::Map(outputs);
        self.resources
            .lock()
            .unwrap()
            .insert(id.clone(), outputs.clone());
        Observed { id, outputs }
    }
}

struct Scripted(Arc<Clouds>);

struct ScriptedSchema;

impl Schema for ScriptedSchema {
    fn check(&self, desired: &Declared) -> Vec<Diagnostic> {
        match desired.inputs.at("image").and_then(Value::as_str) {
            Some("bad") => vec![
                Diagnostic::error("T1", "the image is bad")
                    .on(&desired.urn)
                    .help("take a good one"),
            ],
            _ => Vec::new(),
        }
    }

    fn has_rule(&self, code: &str) -> bool {
        code == "T1"
    }

    fn proofs(&self, declared: &[DeclaredNode]) -> Vec<Proof> {
        let sites = declared
            .iter()
            .filter(|one| one.desired.urn.ty() == "test:site");
        let proof = |site: &DeclaredNode| {
            let is_bad = !self.check(&site.desired).is_empty();
            let step = ProofStep {
                question: "image",
                status: if is_bad {
                    Status::Broken
                } else {
                    Status::Holds
                },
                detail: "looked at the image".to_owned(),
                code: is_bad.then_some("T1"),
                fix: is_bad.then(|| "take a good one".to_owned()),
                at: is_bad.then(|| (site.desired.urn.clone(), site.location.clone())),
                on: None,
                is_passed: false,
            };
            Proof {
                urn: site.desired.urn.clone(),
                location: site.location.clone(),
                claim: "runs its image".to_owned(),
                target: None,
                steps: vec![step],
            }
        };
        sites.map(proof).collect()
    }
}

#[async_trait]
impl Provider for Scripted {
    fn schema(&self) -> Arc<dyn Schema> {
        Arc::new(ScriptedSchema)
    }

    async fn create(
        &self,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let name = desired.urn.name();
        let gate = self.0.held.lock().unwrap().remove(name);
        if let Some(gate) = gate {
            gate.reached.notify_one();
            gate.open.notified().await;
        }
        progress.status("working");
        if self.0.refused.lock().unwrap().contains(name) {
            let error = ProviderError::new(
                ProviderErrorKind::Refused,
                format!("{name} is taken (request 6f1c)"),
            );
            return Err(error.code("Taken").help("choose another name"));
        }
        Ok(self.0.put(desired))
    }

    async fn read(&self, existing: &Recorded) -> Result<Option<Observed>, ProviderError> {
        let outputs = self.0.resources.lock().unwrap().get(&existing.id).cloned();
        Ok(outputs.map(|outputs| Observed {
            id: existing.id.clone(),
            outputs,
        }))
    }

    async fn update(
        &self,
        _: &Recorded,
        desired: &Declared,
        _: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        Ok(self.0.put(desired))
    }

    async fn delete(&self, existing: &Recorded, _: &dyn Progress) -> Result<(), ProviderError> {
        self.0.resources.lock().unwrap().remove(&existing.id);
        Ok(())
    }
}

struct TestPlatform(Arc<Clouds>);

#[async_trait]
impl Platform for TestPlatform {
    async fn connect(&self, request: &ConnectRequest) -> Result<Connection, CliError> {
        if let Cloud::Endpoint(address) = &request.cloud {
            return Err(CliError::cloud(format!("{address} does not answer")).help("start it"));
        }
        let provider: Arc<dyn Provider> = Arc::new(Scripted(self.0.clone()));
        Ok(Connection {
            providers: [("test".to_owned(), provider)].into(),
            target: BTreeMap::new(),
            label: "the test cloud".to_owned(),
            hints: vec!["open {output:host} with {run}".to_owned()],
            keep: Box::new(()),
        })
    }

    async fn page(&self, _: &WorldRequest, url: &str) -> Result<Page, CliError> {
        let (status, body) = if url.contains("down") {
            (503, "unavailable")
        } else {
            (200, "<h1>hello</h1>")
        };
        Ok(Page {
            status,
            headers: vec![("server".into(), "test".into())],
            body: body.into(),
        })
    }

    async fn open(
        &self,
        _: &WorldRequest,
        listen: Option<SocketAddr>,
    ) -> Result<OpenWorld, CliError> {
        let address = listen.map_or_else(|| "a free port".to_owned(), |listen| listen.to_string());
        Ok(OpenWorld {
            lines: vec![format!("on {address}")],
            keep: Box::new(()),
        })
    }

    async fn log(&self, _: &WorldRequest, site: &str) -> Result<Vec<String>, CliError> {
        match site {
            "site" => Ok(vec!["pulling".into(), "started".into()]),
            other => Err(CliError::failed(format!("there is no site `{other}`"))),
        }
    }
}

/// Gives one answer to every question and remembers them.
pub(super) struct Answers {
    answer: bool,
    asked: Mutex<Vec<String>>,
}

impl Answers {
    pub(super) fn new(answer: bool) -> Arc<Self> {
        Arc::new(Self {
            answer,
            asked: Mutex::default(),
        })
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Prompt for Answers {
    fn confirm(&self, question: &str) -> bool {
        self.asked.lock().unwrap().push(question.to_owned());
        self.answer
    }

    fn secret(&self, question: &str) -> Option<String> {
        self.asked.lock().unwrap().push(question.to_owned());
        self.answer.then(|| PASSPHRASE.to_owned())
    }
}

/// A project folder, a cloud, and the tool.
pub(super) struct Desk {
    pub(super) folder: tempfile::TempDir,
    pub(super) cloud: Arc<Clouds>,
    /// What the run that was begun last writes.
    latest: Mutex<Vec<Written>>,
    interrupts: (mpsc::Sender<()>, Mutex<Option<mpsc::Receiver<()>>>),
}

/// What a command left behind.
pub(super) struct Ran {
    pub(super) exit: u8,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    /// Checks the exit code and that each part was said, on either stream.
    #[track_caller]
    pub(super) fn expect(&self, exit: u8, parts: &[&str]) {
        let said = format!("{}\n--- stderr\n{}", self.stdout, self.stderr);
        assert_eq!(self.exit, exit, "{said}");
        for part in parts {
            assert!(said.contains(part), "{part:?} is not in:\n{said}");
        }
        assert!(!said.contains(SECRET), "{said}");
    }
}

impl Desk {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(4);
        Self {
            folder: tempfile::tempdir().unwrap(),
            cloud: Arc::default(),
            latest: Mutex::default(),
            interrupts: (sender, Mutex::new(Some(receiver))),
        }
    }

    pub(super) async fn run(&self, args: &[&str]) -> Ran {
        self.drive(args, &[], None).await
    }

    pub(super) async fn run_with(&self, args: &[&str], answers: Option<Arc<Answers>>) -> Ran {
        self.drive(args, &[], answers).await
    }

    pub(super) async fn run_env(&self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        self.drive(args, env, None).await
    }

    /// Ctrl-C for the first command that was begun (or is begun next).
    pub(super) async fn interrupt(&self) {
        self.interrupts.0.send(()).await.unwrap();
    }

    /// What all commands wrote to stdout so far.
    pub(super) fn written(&self) -> String {
        self.latest
            .lock()
            .unwrap()
            .iter()
            .map(Written::read)
            .collect()
    }

    async fn drive(
        &self,
        args: &[&str],
        env: &[(&str, &str)],
        answers: Option<Arc<Answers>>,
    ) -> Ran {
        let (stdout, stderr) = (Written::default(), Written::default());
        self.latest.lock().unwrap().push(stdout.clone());
        let mut env: BTreeMap<String, String> = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        env.extend([
            ("USER".to_owned(), "ann".to_owned()),
            ("HOSTNAME".to_owned(), "host".to_owned()),
        ]);
        let interrupts = match self.takes_interrupts(args) {
            Some(receiver) => receiver,
            None => mpsc::channel(1).1,
        };
        let surroundings = Surroundings {
            args: ["/bin/site"].iter().chain(args).map(Into::into).collect(),
            env,
            current_dir: self.folder.path().to_owned(),
            stdout: Screen::new(stdout.clone(), false),
            stderr: Screen::new(stderr.clone(), false),
            prompt: answers.map(|answers| answers as Arc<dyn Prompt>),
            input: Arc::new(|| Ok(format!("{PIPED}\n"))),
            interrupts: Interrupts::Channel(interrupts),
            log: false,
        };
        let program = ProgramInfo {
            name: "site".to_owned(),
        };
        let exit = run_with(
            surroundings,
            program,
            topology,
            TestPlatform(self.cloud.clone()),
        )
        .await;
        Ran {
            exit: exit.code(),
            stdout: stdout.read(),
            stderr: stderr.read(),
        }
    }

    /// The first `up` and `emulator open` can be interrupted.
    fn takes_interrupts(&self, args: &[&str]) -> Option<mpsc::Receiver<()>> {
        let can = args.first() == Some(&"up") || args.get(1) == Some(&"open");
        can.then(|| self.interrupts.1.lock().unwrap().take())
            .flatten()
    }
}
