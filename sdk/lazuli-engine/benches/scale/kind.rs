//! The resource of the benches: it takes the ids of others, and its time.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use lazuli_core::custom::{Custom, Draft, Facts, Failure, Inputs, Known, Made, Wanted, serve};
use lazuli_core::{FromValue as _, Input, IntoList as _, Lifecycle, Output, Stack, Value};
use lazuli_engine::{Decision, Event, Frontend, Operation, Plan, Settings, Store, stop_channel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(crate) struct Thing {
    deps: Vec<String>,
    seconds: f64,
    v: u32,
}

impl Inputs for Thing {
    const TYPE: &'static str = "bench:Thing";
}

/// Serves things.
#[derive(Clone, Copy)]
pub(crate) struct Things {
    /// It says beforehand how long each takes.
    pub(crate) tells: bool,
}

#[async_trait]
impl Custom for Things {
    type Inputs = Thing;
    type Outputs = ();

    fn facts(&self) -> Facts {
        Facts::in_place()
    }

    fn takes(&self, inputs: &Value, _: Lifecycle) -> Option<Duration> {
        let seconds = f64::from_value(inputs.at("seconds")?).ok()?;
        self.tells.then(|| Duration::from_secs_f64(seconds))
    }

    async fn create(&self, wanted: Wanted<'_, Thing>) -> Result<Made<()>, Failure> {
        if wanted.inputs.seconds > 0.0 {
            exactly(Duration::from_secs_f64(wanted.inputs.seconds)).await;
        }
        Ok(Made::new(format!("thing-{}", wanted.name), ()))
    }

    async fn update(&self, _: Known<'_, Thing, ()>, _: Wanted<'_, Thing>) -> Result<(), Failure> {
        Ok(())
    }
}

/// Sleeps on a thread: the runtime's timer rounds up to the next millisecond,
/// and it is the engine that is measured here.
#[expect(clippy::disallowed_methods, reason = "the thread is its own")]
async fn exactly(time: Duration) {
    let (done, wait) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(time);
        // The run may have ended.
        let _ = done.send(());
    });
    wait.await.expect("a thread that sleeps");
}

/// Declares a graph.
pub(crate) fn declare(stack: &Stack, edges: &[Vec<usize>], seconds: &[f64], v: u32) {
    let mut ids: Vec<Output<String>> = Vec::with_capacity(edges.len());
    for (at, edges) in edges.iter().enumerate() {
        let deps: Vec<_> = edges.iter().map(|edge| ids[*edge].clone()).collect();
        let mut draft = Draft::new::<Thing>(stack, &format!("r{at}"));
        draft.set_list::<String>("deps", deps.into_list());
        draft.set(
            "seconds",
            Input::Value(seconds.get(at).copied().unwrap_or_default()),
        );
        draft.set("v", Input::Value(v));
        ids.push(draft.declare().id());
    }
}

struct Quiet;

#[async_trait]
impl Frontend for Quiet {
    fn event(&mut self, _: &Event) {}

    async fn approve(&mut self, _: &Plan) -> Decision {
        Decision::Approved
    }
}

/// One run of the engine, on a runtime of its own.
pub(crate) fn run<F, Fut>(
    operation: Operation,
    folder: &Path,
    parallel: usize,
    things: Things,
    topology: F,
) where
    F: FnOnce(Stack) -> Fut + Send + 'static,
    Fut: Future<Output = lazuli_core::Result<()>> + 'static,
{
    let settings = Settings {
        providers: [serve(things)].into(),
        parallel,
        settle: Duration::from_secs(3),
        actor: "bench".into(),
        ..Settings::new("p", "dev", folder.to_owned())
    };
    let store = Store::local(folder, "bench", "dev");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (_stopper, stop) = stop_channel();
    let mut quiet = Quiet;
    let run = lazuli_engine::run(operation, settings, store, topology, &mut quiet, stop);
    runtime.block_on(run).expect("a run without failures");
}
