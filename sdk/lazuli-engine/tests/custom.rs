//! Custom kinds under the engine: what a kind without names of its own needs
//! after a death, and that the work for many of them stays linear.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lazuli_core::custom::{Custom, Draft, Facts, Failure, Inputs, Known, Made, Wanted, serve};
use lazuli_core::{Input, Output, Stack};
use lazuli_engine::{
    Decision, EngineError, Event, Frontend, Operation, Plan, Settings, Stopper, Store, Summary,
    stop_channel,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Thing {
    text: String,
}

impl Inputs for Thing {
    const TYPE: &'static str = "test:Thing";
}

#[derive(Default)]
struct World {
    /// Name, id and text of what is there.
    things: Vec<(String, String, String)>,
    made: usize,
    dies: bool,
    stopper: Option<Stopper>,
}

/// Finds things by name, and gives each a new id.
#[derive(Clone, Default)]
struct Things {
    world: Arc<Mutex<World>>,
    asked_for_facts: Arc<AtomicUsize>,
    in_place: bool,
}

impl Things {
    fn texts(&self) -> Vec<String> {
        let world = self.world.lock().unwrap();
        world
            .things
            .iter()
            .map(|(_, _, text)| text.clone())
            .collect()
    }

    /// The process dies here, if it is to.
    async fn die(&self) {
        let stopper = {
            let mut world = self.world.lock().unwrap();
            let dies = std::mem::take(&mut world.dies);
            world.stopper.clone().filter(|_| dies)
        };
        if let Some(stopper) = stopper {
            stopper.stop();
            stopper.stop();
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Custom for Things {
    type Inputs = Thing;
    type Outputs = Thing;

    fn facts(&self) -> Facts {
        self.asked_for_facts.fetch_add(1, Ordering::Relaxed);
        if self.in_place {
            Facts::in_place()
        } else {
            Facts::default()
        }
    }

    async fn create(&self, wanted: Wanted<'_, Thing>) -> Result<Made<Thing>, Failure> {
        self.die().await;
        let mut world = self.world.lock().unwrap();
        world.made += 1;
        let id = format!("id-{}", world.made);
        let text = wanted.inputs.text.clone();
        world
            .things
            .push((wanted.name.to_owned(), id.clone(), text));
        Ok(Made::new(id, wanted.inputs))
    }

    async fn read(&self, known: Known<'_, Thing, Thing>) -> Result<Option<Made<Thing>>, Failure> {
        if self.in_place {
            return Ok(known.as_recorded());
        }
        let world = self.world.lock().unwrap();
        let found = world.things.iter().rfind(|(name, id, _)| match &known.id {
            Some(known) => id == known,
            None => name == known.name,
        });
        Ok(found.map(|(_, id, text)| Made::new(id, Thing { text: text.clone() })))
    }

    async fn update(
        &self,
        known: Known<'_, Thing, Thing>,
        wanted: Wanted<'_, Thing>,
    ) -> Result<Thing, Failure> {
        self.die().await;
        let old = known
            .outputs
            .ok_or_else(|| Failure::refused("what was it before?"))?;
        let text = format!("{}, {}", old.text, wanted.inputs.text);
        Ok(Thing { text })
    }

    async fn delete(&self, known: Known<'_, Thing, Thing>) -> Result<(), Failure> {
        let mut world = self.world.lock().unwrap();
        world
            .things
            .retain(|(_, id, _)| Some(id) != known.id.as_ref());
        Ok(())
    }
}

struct Yes;

#[async_trait]
impl Frontend for Yes {
    fn event(&mut self, _: &Event) {}

    async fn approve(&mut self, _: &Plan) -> Decision {
        Decision::Approved
    }
}

struct Bench {
    folder: tempfile::TempDir,
    things: Things,
}

impl Bench {
    fn new(in_place: bool) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            things: Things {
                in_place,
                ..Things::default()
            },
        }
    }

    async fn run<F, Fut>(&self, operation: Operation, topology: F) -> Result<Summary, EngineError>
    where
        F: FnOnce(Stack) -> Fut + Send + 'static,
        Fut: Future<Output = lazuli_core::Result<()>> + 'static,
    {
        let (stopper, stop) = stop_channel();
        self.things.world.lock().unwrap().stopper = Some(stopper);
        let settings = Settings {
            providers: [serve(self.things.clone())].into(),
            parallel: 8,
            settle: Duration::from_millis(500),
            actor: "tester@bench".into(),
            ..Settings::new("p", "dev", self.folder.path().to_owned())
        };
        let store = Store::local(self.folder.path(), "p", "dev");
        lazuli_engine::run(operation, settings, store, topology, &mut Yes, stop).await
    }

    async fn up(&self, text: &'static str) -> Result<Summary, EngineError> {
        let one = async move |stack: Stack| {
            declare(&stack, "one", Input::Value(text.to_owned()));
            Ok(())
        };
        self.run(Operation::Up, one).await
    }
}

fn declare(stack: &Stack, name: &str, text: Input<String>) -> Output<String> {
    let mut draft = Draft::new::<Thing>(stack, name);
    draft.set("text", text);
    draft.declare().id()
}

#[tokio::test]
async fn a_replacement_that_was_never_made_is_not_taken_for_the_former_one() {
    let bench = Bench::new(false);
    bench.up("old").await.unwrap();
    bench.things.world.lock().unwrap().dies = true;
    assert!(matches!(
        bench.up("new").await,
        Err(EngineError::Stopped { in_flight: 1, .. })
    ));
    bench.up("new").await.unwrap();
    assert_eq!(bench.things.texts(), ["new"]);
}

#[tokio::test]
async fn an_interrupted_update_knows_what_was_before() {
    let bench = Bench::new(true);
    bench.up("old").await.unwrap();
    bench.things.world.lock().unwrap().dies = true;
    assert!(matches!(
        bench.up("new").await,
        Err(EngineError::Stopped { in_flight: 1, .. })
    ));
    bench.up("new").await.unwrap();
    let state = Store::local(bench.folder.path(), "p", "dev")
        .read()
        .unwrap();
    let text = state
        .resources
        .values()
        .next()
        .and_then(|thing| thing.outputs.at("text"));
    assert_eq!(text.and_then(lazuli_core::Value::as_str), Some("old, new"));
}

#[tokio::test]
async fn what_waits_for_many_is_looked_at_once() {
    const MANY: usize = 300;
    let bench = Bench::new(true);
    let fan_in = async |stack: Stack| {
        let ids: Vec<_> = (0..MANY)
            .map(|at| declare(&stack, &format!("t{at}"), Input::Value(String::new())))
            .collect();
        declare(
            &stack,
            "all",
            Input::Output(Output::all(ids).map(|ids| ids.concat())),
        );
        Ok(())
    };
    bench.run(Operation::Up, fan_in).await.unwrap();
    bench.things.asked_for_facts.store(0, Ordering::Relaxed);
    bench.run(Operation::Preview, fan_in).await.unwrap();
    let looks = bench.things.asked_for_facts.load(Ordering::Relaxed);
    assert!(looks < MANY + 10, "{looks} looks at {MANY} resources");
}
