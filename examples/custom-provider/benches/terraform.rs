//! The same graph as whole processes: this example, and Terraform with
//! `terraform_data`. Prints a table; skips Terraform where it is not installed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Resources of the graph; each takes the ids of up to three in the layer before.
const RESOURCES: usize = 1_000;
const LAYER: usize = 50;

fn main() -> std::io::Result<()> {
    // `cargo test --benches` only wants to know that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let mut table = format!(
        "\n| {RESOURCES} resources, layered | create | plan, unchanged | destroy |\n|---|---|---|---|\n"
    );
    std::fs::write(folder.path().join("graph.json"), graph())?;
    let ours = [&["create"][..], &["plan"], &["destroy"]];
    table += &row(
        "lazuli",
        folder.path(),
        env!("CARGO_BIN_EXE_custom-provider"),
        ours,
    )?;
    std::fs::write(folder.path().join("main.tf"), terraform())?;
    match run(folder.path(), "terraform", &["init", "-no-color"]) {
        Err(_) => table += "| terraform | not installed, skipped | | |\n",
        Ok(_) => {
            let theirs = [
                &["apply", "-auto-approve", "-no-color"][..],
                &["plan", "-no-color"],
                &["destroy", "-auto-approve", "-no-color"],
            ];
            table += &row("terraform", folder.path(), "terraform", theirs)?;
        }
    }
    std::io::Write::write_all(&mut std::io::stdout(), table.as_bytes())
}

fn row(
    name: &str,
    folder: &Path,
    program: &str,
    commands: [&[&str]; 3],
) -> std::io::Result<String> {
    let times = commands.iter().map(|command| run(folder, program, command));
    let times = times.collect::<Result<Vec<_>, _>>()?;
    Ok(format!(
        "| {name} | {:.2} s | {:.2} s | {:.2} s |\n",
        times[0], times[1], times[2]
    ))
}

/// Seconds of a process that must succeed.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> std::io::Result<f64> {
    let began = Instant::now();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CLOUD_LOG"] {
        command.env_remove(name);
    }
    if command.status()?.success() {
        Ok(began.elapsed().as_secs_f64())
    } else {
        Err(std::io::Error::other(format!(
            "{program} {arguments:?} failed"
        )))
    }
}

/// The same edges for both.
fn edges(at: usize) -> Vec<usize> {
    match (at / LAYER).checked_sub(1).map(|layer| layer * LAYER) {
        None => Vec::new(),
        Some(first) => [1, 7, 31]
            .iter()
            .map(|step| first + (at * step) % LAYER)
            .collect(),
    }
}

fn graph() -> String {
    let nodes = (0..RESOURCES).map(|at| {
        let deps: Vec<_> = edges(at)
            .into_iter()
            .map(|edge| format!("r{edge}"))
            .collect();
        serde_json::json!({ "id": format!("r{at}"), "deps": deps, "lat_ms": 0, "v": 1 })
    });
    serde_json::Value::from(nodes.collect::<Vec<_>>()).to_string()
}

fn terraform() -> String {
    let blocks = (0..RESOURCES).map(|at| {
        let deps: Vec<_> = edges(at)
            .into_iter()
            .map(|edge| format!("terraform_data.r{edge}.id"))
            .collect();
        format!(
            "resource \"terraform_data\" \"r{at}\" {{\n  input = [{}]\n}}\n",
            deps.join(", ")
        )
    });
    blocks.collect()
}
