//! Scenarios: what happens, written as data, run through one [`check`].
//!
//! Each is run as it stands; then again with faults at every call of every run
//! (refused, answer lost, died before and after the effect), after which the
//! same run, without the fault, must lead to the same state. Two faults at each
//! call, or all four with `LAZULI_SWEEP=all`.

pub(crate) mod language;
mod program;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use lazuli_core::{Output, Value};
use lazuli_engine::{
    Edit, EngineError, Operation, Pattern, SavedPlan, Selection, Settings, Store, Summary,
};

use self::language::{Given, Line, Run, Thing, parse};
use super::cloud::{Bench, Faults, Ran, Watch, name_of, steps};

/// A scenario being played.
pub(crate) struct Play {
    pub(crate) bench: Bench,
    program: Vec<Thing>,
    faults: Vec<(String, String)>,
    /// Ids that other people made.
    foreign: BTreeSet<String>,
    /// What `preview --save` kept.
    saved: Arc<Mutex<Option<SavedPlan>>>,
}

impl Play {
    pub(crate) fn new() -> Self {
        Self {
            bench: Bench::new(),
            program: Vec::new(),
            faults: Vec::new(),
            foreign: BTreeSet::new(),
            saved: Arc::default(),
        }
    }

    /// The same play up to here, to go on differently.
    fn fork(&self) -> Self {
        Self {
            bench: self.bench.fork(),
            program: self.program.clone(),
            faults: self.faults.clone(),
            foreign: self.foreign.clone(),
            saved: self.saved.clone(),
        }
    }

    /// Plays one line; whatever a run leaves must be whole.
    pub(crate) async fn play(&mut self, line: &Line) -> Option<Ran> {
        match line {
            Line::Program(things) => self.program.clone_from(things),
            Line::Fault(kind, call) => self.faults.push((kind.clone(), call.clone())),
            Line::Cloud(text) => self.cloud(text),
            Line::Other(name, exports) => self.other(name, exports).await,
            Line::Run(run) if run.verb == "edit" => return Some(self.edit(run)),
            Line::Run(run) => return Some(self.run(run).await),
        }
        None
    }

    /// Another stack is deployed, with nothing but exports.
    async fn other(&self, name: &str, exports: &[(String, Given)]) {
        let exports = exports.to_vec();
        let store = Store::local(self.bench.folder(), "p", name).on(self.bench.disk.clone());
        let settings = Settings {
            stack: name.to_owned(),
            ..self.bench.settings()
        };
        let declare = move |stack: lazuli_core::Stack| async move {
            for (key, given) in exports {
                let value = match given {
                    Given::Text(text) => Output::of(text),
                    Given::Secret(text) => Output::of(text).as_secret(),
                    other => panic!("no export can be {other:?}"),
                };
                stack.export(&key, value);
            }
            Ok(())
        };
        let mut watch = Watch::default();
        let (_stopper, stop) = lazuli_engine::stop_channel();
        let run = lazuli_engine::run(Operation::Up, settings, store, declare, &mut watch, stop);
        run.await.expect("the other stack is deployed");
    }

    /// Edits the state by hand.
    fn edit(&mut self, run: &Run) -> Ran {
        let words: Vec<&str> = run.flags.iter().map(String::as_str).collect();
        let (place, edit) = match words[..] {
            ["taint", place] => (place, Edit::Taint),
            ["untaint", place] => (place, Edit::Untaint),
            ["unprotect", place] => (place, Edit::Unprotect),
            ["remove", place] => (place, Edit::Remove { dependents: false }),
            ["remove", place, "--dependents"] => (place, Edit::Remove { dependents: true }),
            ["move", place, to] => (place, Edit::Move { to: to.to_owned() }),
            _ => panic!("no edit: {words:?}"),
        };
        if words[0] == "remove"
            && let Ok(edited) = edit.on(&self.bench.state(), place)
        {
            // The cloud keeps it, and it is not recorded any more.
            self.foreign.extend(edited.into_iter().map(|one| one.id));
        }
        let store = self.bench.store();
        let result = edit
            .on(&self.bench.state(), place)
            .and_then(|shown| edit.write(&store, "tester@bench", place, &shown));
        let problems = self.bench.state().problems();
        assert!(problems.is_empty(), "the state is broken: {problems:?}");
        self.bench.cloud.log();
        Ran {
            result: result.map(|()| Summary::default()),
            watch: Watch::default(),
        }
    }

    pub(crate) async fn run(&mut self, run: &Run) -> Ran {
        let faults = std::mem::take(&mut self.faults);
        self.bench
            .cloud
            .with(|world| world.faults = faulty(&faults));
        let (operation, mut settings) = settings(&self.bench, run);
        if run.flags.iter().any(|flag| flag == "--save") {
            let saved = self.saved.clone();
            settings.save_plan = Some(Arc::new(move |plan| *saved.lock().unwrap() = Some(plan)));
        }
        if run.flags.iter().any(|flag| flag == "--plan") {
            settings.saved_plan = self.saved.lock().unwrap().clone();
            assert!(settings.saved_plan.is_some(), "no plan was saved");
        }
        let program = self.program.clone();
        let members = program
            .iter()
            .map(|thing| (thing.name.clone(), container_of(thing, &program)));
        let members: Vec<_> = members.collect();
        let retained = program
            .iter()
            .filter(|thing| thing.options.iter().any(|(option, _)| option == "retain"));
        let retained: Vec<_> = retained.map(|thing| thing.name.clone()).collect();
        self.bench.cloud.with(|world| {
            for (name, container) in members {
                match container {
                    Some(container) => world.members.insert(name, container),
                    None => world.members.remove(&name),
                };
            }
            world.retained.extend(retained);
        });
        let cloud = self.bench.cloud.clone();
        let declare = move |stack| program::declare(stack, program, cloud);
        self.bench.cloud.log();
        let ran = self
            .bench
            .run_with(operation, settings, declare, Watch::default())
            .await;
        self.bench
            .cloud
            .with(|world| world.faults = Faults::default());
        let problems = self.bench.state().problems();
        assert!(problems.is_empty(), "the state is broken: {problems:?}");
        ran
    }

    /// The calls that changed something since the last run began.
    pub(crate) fn calls(&self) -> Vec<String> {
        let log = self.bench.cloud.log().into_iter();
        log.filter(|call| !call.starts_with("read")).collect()
    }

    fn cloud(&mut self, text: &str) {
        let foreign = &mut self.foreign;
        self.bench.cloud.with(|world| {
            let (verb, rest) = text.split_once(' ').expect("VERB WHAT");
            let id_of = |name: &str| {
                let mut ids = world.things.keys();
                let prefix = format!("{name}#");
                ids.find(|id| *id == name || id.starts_with(&prefix) || **id == format!("/{name}"))
                    .unwrap_or_else(|| panic!("no {name} in the cloud"))
                    .clone()
            };
            match verb {
                "gone" => {
                    let id = id_of(rest);
                    // What lies in it goes with it, as when the engine deletes it.
                    world.remove(&id);
                    foreign.remove(&id);
                }
                "set" => {
                    let (path, value) = rest.split_once('=').expect("NAME.KEY=VALUE");
                    let (name, key) = path.split_once('.').expect("NAME.KEY");
                    let id = id_of(name);
                    let Some(Value::Map(outputs)) = world.things.get_mut(&id) else {
                        panic!("{id} has no outputs");
                    };
                    outputs.insert(key.to_owned(), Value::from(value));
                }
                "rekey" => {
                    let (name, to) = rest.split_once(' ').expect("NAME ID");
                    let id = id_of(name);
                    let thing = world.things.remove(&id).expect("a thing");
                    world.things.insert(to.to_owned(), thing);
                    world.moved.insert(id, to.to_owned());
                }
                "make" => {
                    let mut words = rest.split_whitespace();
                    let id = words.next().expect("an id").to_owned();
                    let members = words.filter_map(|word| word.split_once('='));
                    let mut outputs: lazuli_core::Members<Value> = members
                        .map(|(key, value)| (key.to_owned(), Value::from(value)))
                        .collect();
                    outputs.insert("id".into(), Value::from(id.as_str()));
                    foreign.insert(id.clone());
                    world.things.insert(id, Value::Map(outputs));
                }
                other => panic!("the cloud cannot {other}"),
            }
        });
    }

    /// Names in the state, sorted.
    pub(crate) fn state(&self) -> Vec<String> {
        let state = self.bench.state();
        state.resources.keys().map(|urn| urn.address()).collect()
    }

    /// What the last run left in the cloud on purpose: it was there before, and
    /// the state, which knew it as retained, does not know it any more.
    pub(crate) fn forgotten(&self, before: &BTreeSet<String>) -> BTreeSet<String> {
        let state = self.bench.state();
        let known: BTreeSet<_> = state
            .resources
            .values()
            .chain(state.superseded.values())
            .chain(
                state
                    .in_flight
                    .values()
                    .map(|in_flight| &in_flight.resource),
            )
            .map(|resource| resource.id.clone())
            .collect();
        let retained = self.bench.cloud.with(|world| world.retained.clone());
        before
            .iter()
            .filter(|id| !known.contains(*id) && retained.contains(name_of(id)))
            .cloned()
            .collect()
    }

    /// Nothing in flight, and state and cloud agree, other people's things aside.
    pub(crate) fn assert_settled(&self, forgotten: &BTreeSet<String>) {
        let state = self.bench.state();
        assert!(state.in_flight.is_empty(), "in flight: {state:?}");
        let recorded: BTreeSet<_> = state
            .resources
            .values()
            .chain(state.superseded.values())
            .map(|resource| resource.id.clone())
            .collect();
        let names = self.bench.cloud.names().into_iter();
        let existing: BTreeSet<_> = names
            .filter(|id| {
                recorded.contains(id) || !(self.foreign.contains(id) || forgotten.contains(id))
            })
            .collect();
        assert_eq!(recorded, existing, "state (left) and cloud (right)");
    }
}

/// What a thing is deleted with: its own option, or that of what it lies in.
fn container_of(thing: &Thing, program: &[Thing]) -> Option<String> {
    let argument = |wanted: &str| {
        let mut options = thing.options.iter();
        options
            .find(|(option, _)| option == wanted)
            .map(|(_, argument)| argument.clone())
    };
    argument("with").or_else(|| {
        let parent = argument("in")?;
        container_of(program.iter().find(|thing| thing.name == parent)?, program)
    })
}

fn faulty(faults: &[(String, String)]) -> Faults {
    let of = |kind: &str| {
        let of_kind = faults.iter().filter(|(fault, _)| fault == kind);
        of_kind.map(|(_, call)| call.clone()).collect()
    };
    Faults {
        refuse: of("refuse"),
        lose_answer: of("lose"),
        die_before: of("die before"),
        die_after: of("die after"),
        panic: of("panic"),
        hang: of("hang"),
        sick: of("sick"),
    }
}

fn settings(bench: &Bench, run: &Run) -> (Operation, Settings) {
    let mut settings = Settings {
        parallel: 1,
        ..bench.settings()
    };
    let mut selection = Selection::default();
    let mut words = run.flags.iter();
    while let Some(flag) = words.next() {
        let mut pattern = || Pattern::parse(words.next().expect("a pattern")).unwrap();
        match flag.as_str() {
            "--target" => selection.targets.push(pattern()),
            "--exclude" => selection.excludes.push(pattern()),
            "--replace" => selection.replace.push(pattern()),
            "--target-dependents" => selection.target_dependents = true,
            "--refresh" => settings.refresh = true,
            "--continue-on-error" => settings.continue_on_error = true,
            "--ignore-protect" => settings.ignore_protect = true,
            "--run-program" => settings.run_program = true,
            "--save" | "--plan" => {}
            "--expect-no-changes" => settings.expect_no_changes = true,
            "--import" => {
                let (place, id) = words
                    .next()
                    .and_then(|w| w.split_once('='))
                    .expect("PLACE=ID");
                settings.imports.insert(place.to_owned(), id.to_owned());
            }
            other => panic!("unknown flag {other}"),
        }
    }
    settings.selection = selection;
    let operation = match run.verb.as_str() {
        "up" => Operation::Up,
        "preview" => Operation::Preview,
        "destroy" => Operation::Destroy,
        _ => Operation::Refresh,
    };
    (operation, settings)
}

/// Everything an error says, for `fails:`.
pub(crate) fn told(error: &EngineError) -> String {
    let mut text = error.to_string();
    match error {
        EngineError::Program { findings, .. } => {
            for finding in findings {
                text.push_str(&format!("; {} {}", finding.code, finding.message));
            }
        }
        EngineError::Steps { failures, .. } => {
            for failure in failures {
                text.push_str(&format!("; {}: {}", failure.urn.address(), failure.message));
            }
        }
        _ => {}
    }
    text
}

fn compare(theme: &str, play: &Play, run: &Run, ran: &Ran) {
    let at = format!("{theme}: {} {}", run.verb, run.flags.join(" "));
    match (&ran.result, &run.fails) {
        (Ok(_), None) => {}
        (Err(error), Some(text)) => {
            let shown = told(error);
            assert!(
                shown.contains(text.as_str()),
                "{at}: {shown:?} has no {text:?}"
            );
        }
        (Ok(_), Some(text)) => panic!("{at}: succeeded, instead of failing with {text:?}"),
        (Err(error), None) => panic!("{at}: failed: {}", told(error)),
    }
    let plans = &ran.watch.plans;
    if let Some(code) = &run.finds {
        let mut findings = plans.iter().flat_map(|plan| &plan.findings);
        assert!(
            findings.any(|finding| finding.code == code.as_str()),
            "{at}: finds no {code}"
        );
    }
    if let Some(waves) = run.waves {
        assert_eq!(plans.len(), waves, "{at}: waves");
    }
    if let Some(undecided) = &run.undecided {
        let kept = plans.first().map(|plan| plan.undecided.as_slice());
        let kept = kept.unwrap_or_default().iter();
        let names: Vec<_> = kept.map(|one| one.urn.name().to_owned()).collect();
        assert_eq!(&names, undecided, "{at}: undecided");
    }
    for (name, text) in &run.why {
        let chains = plans.iter().flat_map(|plan| {
            let steps = plan.steps.iter().filter(|step| step.urn.name() == name);
            steps.flat_map(|step| plan.chain(&step.urn))
        });
        let shown: Vec<_> = chains.map(|link| link.reason.to_string()).collect();
        assert!(
            shown.join("; ").contains(text.as_str()),
            "{at}: why {name}: {shown:?}"
        );
    }
    if let Some(told) = &run.told {
        assert_eq!(&ran.watch.events, told, "{at}: events");
    }
    if let Some(plan) = &run.plan {
        let planned = ran.watch.plans.first().map(steps).unwrap_or_default();
        assert_eq!(&planned, plan, "{at}: plan");
    }
    if let Some(calls) = &run.calls {
        assert_eq!(&play.calls(), calls, "{at}: calls");
    }
    let recorded = || play.bench.state();
    if let Some(secrets) = &run.secrets {
        let state = recorded();
        let found = state.resources.values().flat_map(|resource| {
            let outputs = resource.outputs.as_map().into_iter().flatten();
            let hidden = outputs.filter(|(_, value)| matches!(value, Value::Secret(_)));
            hidden.map(|(key, _)| format!("{}.{key}", resource.urn.name()))
        });
        assert_eq!(&found.collect::<Vec<_>>(), secrets, "{at}: secrets");
    }
    if let Some(exports) = &run.exports {
        let found: Vec<_> = recorded().exports.into_keys().collect();
        assert_eq!(&found, exports, "{at}: exports");
    }
    if let Some(state) = &run.state {
        let mut expect = state.clone();
        expect.sort();
        let mut names = play.state();
        names.sort();
        assert_eq!(names, expect, "{at}: state");
    }
}

/// Plays a scenario and compares what is expected.
pub(crate) async fn check(theme: &str, text: &str) {
    let lines = parse(text);
    let mut play = Play::new();
    for line in &lines {
        if let (Some(ran), Line::Run(run)) = (play.play(line).await, line) {
            compare(theme, &play, run, &ran);
        }
    }
    sweep(theme, &lines).await;
}

/// Plays it again for every fault at every call of every run that succeeds.
async fn sweep(theme: &str, lines: &[Line]) {
    let mut play = Play::new();
    for (at, line) in lines.iter().enumerate() {
        if let Line::Run(run) = line
            && is_swept(run, at.checked_sub(1).map(|at| &lines[at]))
        {
            let clean = attempt(play.fork(), None, run).await;
            for (index, call) in clean.calls.iter().enumerate() {
                for kind in kinds(at + index) {
                    let hit = attempt(play.fork(), Some((kind, call)), run).await;
                    assert_eq!(
                        hit.state,
                        clean.state,
                        "{theme}: `{} {}` after `{kind} {call}`",
                        run.verb,
                        run.flags.join(" ")
                    );
                }
            }
        }
        play.play(line).await;
    }
}

/// Every call meets two of the faults, neighbours the other two; all of them
/// with `LAZULI_SWEEP=all`.
fn kinds(at: usize) -> &'static [&'static str] {
    const ALL: [&str; 4] = ["refuse", "die after", "lose", "die before"];
    match std::env::var_os("LAZULI_SWEEP") {
        Some(_) => &ALL,
        None if at.is_multiple_of(2) => &ALL[..2],
        None => &ALL[2..],
    }
}

/// What changes nothing, what is to fail, and what is bound to one state is not repeated.
fn is_swept(run: &Run, before: Option<&Line>) -> bool {
    let is_bound = run.flags.iter().any(|flag| flag == "--plan");
    let is_read_only = ["preview", "edit"].contains(&run.verb.as_str());
    let is_faulted = matches!(before, Some(Line::Fault(..)));
    !(run.fails.is_some() || is_read_only || is_bound || is_faulted)
}

struct Attempt {
    calls: Vec<String>,
    state: Vec<String>,
}

/// A run with a fault, then the same run until it succeeds.
async fn attempt(mut play: Play, fault: Option<(&str, &str)>, run: &Run) -> Attempt {
    let kept: BTreeSet<_> = play.bench.cloud.names().into_iter().collect();
    if let Some((kind, call)) = fault {
        play.faults.push((kind.to_owned(), call.to_owned()));
    }
    let mut ran = play.run(run).await;
    let calls = play.calls();
    if fault.is_some() && ran.result.is_err() {
        ran = play.run(run).await;
    }
    // What a target names may be gone already.
    let failed = ran
        .result
        .as_ref()
        .err()
        .filter(|error| !told(error).contains("LZ0018"));
    if let Some(error) = failed {
        panic!(
            "`{}` after {fault:?} does not converge: {}",
            run.verb,
            told(error)
        );
    }
    // What the state forgot on purpose (retain_on_delete) may stay in the cloud.
    let state: BTreeSet<_> = play
        .bench
        .state()
        .resources
        .values()
        .map(|r| r.id.clone())
        .collect();
    let forgotten = kept.difference(&state).cloned().collect();
    play.assert_settled(&forgotten);
    Attempt {
        calls,
        state: play.state(),
    }
}
