//! Random programs, clouds and faults. Whatever happens, the state stays
//! whole; and once the faults are over, the same run leads where a run without
//! faults leads.
//!
//! A case that fails is printed with its seed and as a scenario in the language
//! of `scenario/language.rs`, ready for a theme. The tests run a bounded number;
//! `LAZULI_FUZZ=COUNT[,SEED]` with `cargo test --release -p lazuli-tests fuzz`
//! runs more.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::scenario::language::{Given, Line, Run, Thing};
use super::scenario::{Play, told};

const CASES: u64 = 150;

struct Case {
    generation: u32,
    lines: Vec<Line>,
    random: StdRng,
}

impl Case {
    fn of(seed: u64) -> Self {
        Self {
            generation: 10,
            lines: Vec::new(),
            random: StdRng::seed_from_u64(seed),
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.random.random_range(0..of.len())].clone()
    }

    /// A first program, a changed one, and what happens in between.
    fn write(&mut self) {
        let count = self.random.random_range(1..8);
        let first = self.program(count);
        self.lines.push(Line::Program(first.clone()));
        self.lines.push(run("up", &[]));
        if self.chance(25) {
            let half_done = self.changed(&first);
            self.lines.push(Line::Program(half_done.clone()));
            self.add_fault(&half_done);
            self.lines.push(run("up", &[]));
        }
        let second = self.changed(&first);
        self.lines.push(Line::Program(second.clone()));
        if self.chance(25) {
            let victim = self.pick(&first);
            if !victim.is_retained() {
                self.lines
                    .push(Line::Cloud(format!("gone {}", victim.name)));
            }
        }
        if self.chance(15) {
            let victim = self.pick(&first);
            let (verb, place) = (self.pick(&["taint", "taint", "unprotect"]), place(&victim));
            self.lines.push(run("edit", &[verb, &place]));
        }
        self.add_fault(&second);
        let last = self.operation(&second);
        self.lines.push(last);
    }

    fn program(&mut self, count: usize) -> Vec<Thing> {
        let mut things: Vec<Thing> = Vec::new();
        for at in 0..count {
            let name = char::from(b'a' + at as u8).to_string();
            let thing = self.thing(name, &things);
            things.push(thing);
        }
        things
    }

    fn thing(&mut self, name: String, before: &[Thing]) -> Thing {
        let mut thing = Thing {
            name,
            ty: self.pick(&["thing", "thing", "named", "dated"]).to_owned(),
            component: if self.chance(20) {
                "app".into()
            } else {
                String::new()
            },
            ..Thing::default()
        };
        let text = self.pick(&["1", "2", "3"]).to_owned();
        thing.inputs.insert("v".into(), Given::Text(text));
        if self.chance(60) {
            let fixed = self.pick(&["1", "2"]).to_owned();
            thing.inputs.insert("fixed".into(), Given::Text(fixed));
        }
        if self.chance(15) {
            thing.inputs.insert("w".into(), Given::Secret("s".into()));
        }
        if before.is_empty() {
            return thing;
        }
        for key in ["from", "also"] {
            if self.chance(40) {
                let other = self.pick(before).name;
                let given = match self.random.random_range(0..3) {
                    0 => Given::Output(other, "serial".into()),
                    1 => Given::Output(other, "v".into()),
                    _ => Given::Id(other),
                };
                thing.inputs.insert(key.into(), given);
            }
        }
        self.options(&mut thing, before);
        thing
    }

    fn options(&mut self, thing: &mut Thing, before: &[Thing]) {
        if self.chance(15) {
            thing.add("after", self.pick(before).name);
        }
        if self.chance(10) {
            thing.add("user", self.pick(before).name);
        }
        if self.chance(6) {
            thing.add("ignore", "v".into());
        }
        if self.chance(12) {
            thing.add("with", self.pick(before).name);
        }
        if self.chance(10) {
            thing.add("replaceWith", self.pick(before).name);
        }
        if self.chance(10) {
            thing.add("trigger", self.pick(&["x", "y"]).to_owned());
        }
        if self.chance(12) {
            thing.add("dbr", String::new());
        } else if self.chance(5) && thing.ty == "thing" {
            // What is retained under a name of its own would stand in the way of its successor.
            thing.add("retain", String::new());
        }
        if self.chance(10) {
            thing.add("replaceOn", "v".into());
        }
        let parent = self.pick(before);
        if self.chance(15) && thing.component.is_empty() && !parent.is_retained() {
            thing.add("in", parent.name);
        }
    }

    /// A later version: things leave, change, come, and are renamed.
    fn changed(&mut self, first: &[Thing]) -> Vec<Thing> {
        let mut things: Vec<Thing> = Vec::new();
        for thing in first {
            let known: BTreeSet<_> = things.iter().map(|thing| thing.name.clone()).collect();
            // What lies in something goes with it, whatever a program says.
            let inside = |option: &str| matches!(option, "with" | "in");
            let mut options = thing.options.iter();
            let lost = options.any(|(option, of)| inside(option) && !known.contains(of));
            if lost || self.chance(20) {
                continue;
            }
            let mut thing = thing.without_others(&known);
            if self.chance(35) {
                let text = self.pick(&["1", "2", "3"]).to_owned();
                thing.inputs.insert("v".into(), Given::Text(text));
            }
            if self.chance(25) && thing.inputs.contains_key("fixed") {
                // What comes back may meet its own old half. What is retained never goes.
                self.generation += 1;
                let fixed = if self.chance(25) && !thing.is_retained() {
                    self.pick(&["1", "2"]).to_owned()
                } else {
                    self.generation.to_string()
                };
                thing.inputs.insert("fixed".into(), Given::Text(fixed));
            }
            things.push(thing);
        }
        for _ in 0..2 {
            if self.chance(25) {
                self.generation += 1;
                let name = format!("x{}", self.generation);
                let thing = self.thing(name, &things);
                things.push(thing);
            }
        }
        things
    }

    fn add_fault(&mut self, things: &[Thing]) {
        for _ in 0..self.random.random_range(0..3) {
            if things.is_empty() {
                return;
            }
            let verb = self.pick(&["create", "update", "delete"]);
            let call = format!("{verb} {}", self.pick(things).name);
            let kind = self.pick(&["refuse", "lose", "die before", "die after"]);
            self.lines.push(Line::Fault(kind.to_owned(), call));
        }
    }

    fn operation(&mut self, things: &[Thing]) -> Line {
        let target = match things {
            [] => None,
            things => Some(self.pick(things)),
        };
        let place = target.map(|thing| place(&thing));
        match (self.random.random_range(0..10), place) {
            (0, _) => run("destroy", &[]),
            (1, _) => run("up", &["--continue-on-error"]),
            (2, _) => run("refresh", &[]),
            (3, Some(place)) => run("up", &["--exclude", &place]),
            (4, Some(place)) => run("destroy", &["--target", &place, "--target-dependents"]),
            _ => run("up", &["--refresh"]),
        }
    }
}

impl Thing {
    fn add(&mut self, option: &str, argument: String) {
        self.options.push((option.to_owned(), argument));
    }

    fn is_retained(&self) -> bool {
        self.options.iter().any(|(option, _)| option == "retain")
    }

    /// The same without references to what is not declared (any more).
    fn without_others(&self, known: &BTreeSet<String>) -> Self {
        let mut thing = self.clone();
        thing.inputs.retain(|_, given| match given {
            Given::Id(other) | Given::Output(other, _) | Given::Late(other) => {
                known.contains(other)
            }
            _ => true,
        });
        let refers = ["after", "user", "with", "replaceWith", "in"];
        thing.options.retain(|(option, argument)| {
            !refers.contains(&option.as_str()) || known.contains(argument)
        });
        thing
    }
}

fn place(thing: &Thing) -> String {
    match thing.component.as_str() {
        "" => thing.name.clone(),
        component => format!("{component}/{}", thing.name),
    }
}

fn run(verb: &str, flags: &[&str]) -> Line {
    Line::Run(Run {
        verb: verb.to_owned(),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        ..Run::default()
    })
}

/// The case as a scenario.
fn printed(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        match line {
            Line::Program(things) if things.is_empty() => text.push_str("|\n"),
            Line::Program(things) => {
                for thing in things {
                    text.push_str(&format!("{thing}\n"));
                }
            }
            Line::Run(run) => text.push_str(&format!("{} {}\n", run.verb, run.flags.join(" "))),
            Line::Other(name, _) => text.push_str(&format!("other: {name}\n")),
            Line::Cloud(what) => text.push_str(&format!("cloud: {what}\n")),
            Line::Fault(kind, call) => text.push_str(&format!("fault: {kind} {call}\n")),
        }
    }
    text
}

/// Plays a case; afterwards an `up` without faults must succeed, leave the
/// declared resources, and a second one must find nothing to do.
async fn survive(lines: &[Line]) {
    let mut play = Play::new();
    let mut retained = BTreeSet::new();
    for line in lines {
        let before: BTreeSet<_> = play.bench.cloud.names().into_iter().collect();
        if let Line::Cloud(_) = line {
            // What the faults before kept from being made cannot be taken away.
            let known = |text: &str| {
                let name = text.rsplit(' ').next().unwrap_or_default().to_owned();
                before
                    .iter()
                    .any(|id| id.starts_with(&format!("{name}#")) || *id == format!("/{name}"))
            };
            let Line::Cloud(text) = line else { continue };
            if !known(text) {
                continue;
            }
        }
        play.play(line).await;
        retained.extend(play.forgotten(&before));
    }
    let Line::Run(again) = run("up", &["--refresh"]) else {
        return;
    };
    let before: BTreeSet<_> = play.bench.cloud.names().into_iter().collect();
    let ran = play.run(&again).await;
    if let Err(error) = &ran.result {
        panic!("the next run does not converge: {}", told(error));
    }
    retained.extend(play.forgotten(&before));
    play.assert_settled(&retained);
    assert!(
        play.bench.state().superseded.is_empty(),
        "an old half is left"
    );
    let quiet = play.run(&again).await;
    let planned = quiet.watch.plans.first().map(super::cloud::steps);
    assert_eq!(
        planned,
        Some(Vec::new()),
        "a second run finds something to do"
    );
}

fn play(seed: u64) {
    let mut case = Case::of(seed);
    case.write();
    let lines = case.lines.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        runtime.block_on(async {
            let limit = std::time::Duration::from_secs(60);
            tokio::time::timeout(limit, survive(&lines))
                .await
                .expect("it never ends");
        });
    }));
    if let Err(panic) = outcome {
        let why = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default();
        panic!("seed {seed}: {why}\n\n{}", printed(&case.lines));
    }
}

#[test]
fn random_programs_survive_random_faults() {
    let wanted = std::env::var("LAZULI_FUZZ").unwrap_or_default();
    let (count, first) = wanted.split_once(',').unwrap_or((&wanted, "0"));
    let count = count.parse().unwrap_or(CASES);
    let first: u64 = first.parse().unwrap_or(0);
    for seed in first..first + count {
        play(seed);
    }
}
