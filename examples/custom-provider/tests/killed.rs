//! The process is killed at random points of every command; the cloud's log shows
//! afterwards whether anything was lost, doubled or left behind.
//!
//! `LAZULI_KILLS=COUNT` with `cargo test --release -p custom-provider --test killed`
//! kills more often.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Things in the graph.
const THINGS: usize = 40;
/// Kills of each story, unless set otherwise.
const KILLS: usize = 20;

struct Stack {
    folder: tempfile::TempDir,
    refuses_existing: bool,
    random: StdRng,
    kills: usize,
}

impl Stack {
    fn command(&self, word: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_custom-provider"));
        command.arg(word).current_dir(self.folder.path());
        for name in [
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_NAME",
            "LAZULI_STACK",
            "LAZULI_CLOUD",
            "CLOUD_EXISTS",
        ] {
            command.env_remove(name);
        }
        if self.refuses_existing {
            command.env("CLOUD_EXISTS", "error");
        }
        command
            .env("CLOUD_LOG", self.folder.path().join("cloud.log"))
            .env("BENCH_PAR", "8");
        command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    fn write_graph(&mut self, v: i64) {
        let nodes = (0..THINGS).map(|at| {
            let deps: Vec<_> = (0..at.min(2))
                .map(|step| format!("t{}", (at - 1) / (step + 1)))
                .collect();
            let lat_ms = self.random.random_range(0.0..8.0);
            serde_json::json!({ "id": format!("t{at}"), "deps": deps, "lat_ms": lat_ms, "v": v })
        });
        let graph = serde_json::Value::from(nodes.collect::<Vec<_>>());
        std::fs::write(self.folder.path().join("graph.json"), graph.to_string()).unwrap();
    }

    fn run(&self, word: &str) -> String {
        let output = self.command(word).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{word}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    }

    /// Starts a command again and again, each time killed after some entries of
    /// the journal or some time; until one of them comes to its end.
    fn run_with_kills(&mut self, word: &str) {
        loop {
            let mut child = self.command(word).stdout(Stdio::null()).spawn().unwrap();
            let until =
                Instant::now() + Duration::from_micros(self.random.random_range(0..120_000));
            while Instant::now() < until && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            if child.try_wait().unwrap().is_some() {
                let output = child.wait_with_output().unwrap();
                let errors = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.success(), "{word}: {errors}");
                return;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            self.kills += 1;
        }
    }

    /// The state is the cloud, and the next run has nothing to do.
    fn assert_settled(&self, word: &str, things: usize) {
        let cloud = living(&self.folder.path().join("cloud.log"));
        let mut ids: Vec<_> = self.run("ids").lines().map(str::to_owned).collect();
        ids.sort();
        assert!(ids.iter().eq(cloud.keys()), "{word}: {ids:?} {cloud:?}");
        assert_eq!(ids.len(), things, "{word}");
        if things > 0 {
            let plan = self.run("plan");
            assert!(
                plan.contains("no changes") && !plan.contains("update"),
                "{word}: {plan}"
            );
        }
    }
}

/// What lives in the cloud, by name. Panics at what is made twice, or deleted without being there.
fn living(log: &Path) -> BTreeMap<String, String> {
    let mut living = BTreeMap::new();
    for line in std::fs::read_to_string(log).unwrap_or_default().lines() {
        let words: Vec<_> = line.split(' ').collect();
        let [action, name, id] = words[..] else {
            panic!("half a line: {line:?}")
        };
        let before = match action {
            "create" => living.insert(name.to_owned(), id.to_owned()),
            _ => living.remove(name),
        };
        let expect = Some(id.to_owned()).filter(|_| action == "delete");
        assert_eq!(before, expect, "{line}: doubled, or an orphan");
    }
    living
}

fn story(seed: u64, refuses_existing: bool) {
    let kills = std::env::var("LAZULI_KILLS").ok();
    let kills = kills.and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let mut stack = Stack {
        folder: tempfile::tempdir().unwrap(),
        refuses_existing,
        random: StdRng::seed_from_u64(seed),
        kills: 0,
    };
    for round in 0.. {
        stack.write_graph(2 * round);
        stack.run_with_kills("create");
        stack.assert_settled("create", THINGS);
        stack.write_graph(2 * round + 1);
        stack.run_with_kills("plan");
        stack.run_with_kills("apply");
        stack.assert_settled("apply", THINGS);
        stack.run_with_kills("destroy");
        stack.assert_settled("destroy", 0);
        if stack.kills >= kills {
            return;
        }
    }
}

#[test]
fn nothing_is_lost_however_often_the_process_is_killed() {
    story(1, false);
}

#[test]
fn nothing_is_made_twice_in_a_cloud_that_refuses_what_exists() {
    story(2, true);
}
