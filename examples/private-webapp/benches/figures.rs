//! What a person at a keyboard waits for: `cargo bench -p private-webapp --bench figures`.
//!
//! Prints a table; nothing is asserted, figures belong to a machine. `-- edit` adds
//! the time from a saved `main.rs` to its preview, which builds the example again.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lazuli::prelude::*;
use lazuli::testing::Mocks;

const ROUNDS: usize = 15;
/// Networks, each with a subnet, and the group around them.
const NETWORKS: usize = 500;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    // `cargo test --benches` only wants to know that it builds.
    if !words.iter().any(|word| word == "--bench") {
        return;
    }
    let state = tempfile::tempdir().expect("a folder for the state");
    run(&program(state.path(), &["up", "--yes"]));
    let mut table = "\n| what | median | slowest |\n|---|---|---|\n".to_owned();
    table += &row(
        "unit test of a program of 1,001 resources, mocked",
        unit_test,
    );
    table += &row("start to preview of the article's stack, warm", || {
        run(&program(state.path(), &["preview"]));
    });
    table += &row("start to `--help`", || {
        run(&program(state.path(), &["--help"]))
    });
    if words.iter().any(|word| word == "edit") {
        table += &format!(
            "| `main.rs` saved to its preview, with the build | {:.1} s | |\n",
            edit(state.path()).as_secs_f64()
        );
    }
    std::io::stdout()
        .write_all(table.as_bytes())
        .expect("somewhere to print to");
}

fn row(what: &str, mut act: impl FnMut()) -> String {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            act();
            began.elapsed()
        })
        .collect();
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    format!(
        "| {what} | {:.1} ms | {:.1} ms |\n",
        ms(times[ROUNDS / 2]),
        ms(times[ROUNDS - 1])
    )
}

/// What a unit test does: deploys to mocks and looks at what came.
fn unit_test() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let stack = runtime
        .block_on(Mocks::new().up(many))
        .expect("a program without mistakes");
    assert_eq!(stack.resources.len(), 2 * NETWORKS + 1);
}

async fn many(stack: Stack) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "many")
        .location("westeurope")
        .build();
    for number in 0..NETWORKS {
        let network = VirtualNetwork::builder(&group, &format!("net-{number}"))
            .address_space(["10.0.0.0/16"])
            .build();
        IntegrationSubnet::builder(&network, "apps")
            .address_prefix("10.0.0.0/24")
            .build();
    }
    Ok(())
}

fn program(state: &Path, arguments: &[&str]) -> Vec<String> {
    let words = [env!("CARGO_BIN_EXE_private-webapp")].into_iter();
    let words = words.chain(arguments.iter().copied()).map(str::to_owned);
    let state = ["--state-dir".to_owned(), state.display().to_string()];
    words.chain(state).collect()
}

/// A touched `main.rs`, built as `cargo run` builds it, and previewed.
fn edit(state: &Path) -> Duration {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs");
    let command = |word: &str| {
        let words = ["cargo", word, "--quiet", "-p", "private-webapp"];
        words.map(str::to_owned).to_vec()
    };
    run(&command("build"));
    let text = std::fs::read(&file).expect("the program's source");
    std::fs::write(&file, text).expect("the program's source");
    let began = Instant::now();
    let rest = ["--", "preview", "--state-dir"].map(str::to_owned);
    let state = [state.display().to_string()];
    run(&command("run")
        .into_iter()
        .chain(rest)
        .chain(state)
        .collect::<Vec<_>>());
    began.elapsed()
}

fn run(words: &[String]) {
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_PKG_NAME", "private-webapp")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    for name in ["LAZULI_STACK", "LAZULI_CLOUD"] {
        command.env_remove(name);
    }
    let status = command.status().expect("the program starts");
    assert!(status.success(), "{words:?}");
}
