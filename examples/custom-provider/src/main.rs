//! A kind of resource of its own, in a graph that a file describes.
//!
//! Run it in a folder that holds `graph.json`, a list of `{id, deps, lat_ms, v}`
//! with dependencies first:
//!
//! | command | |
//! |---|---|
//! | `create`, `apply` | deploys what is missing or differs, without questions |
//! | `plan` | shows what `apply` would do |
//! | `destroy` | deletes everything, without questions |
//! | `ids` | prints the names that the state holds, one a line |
//!
//! `CLOUD_LOG` names the file that plays the cloud ([`cloud`]); with
//! `CLOUD_EXISTS=error` it refuses a name that exists. `BENCH_PAR` says how many
//! operations run at once. The state is in `.lazuli`, in the same folder.

mod cloud;
mod graph;
mod thing;

use lazuli::engine::Store;
use lazuli::prelude::*;

use crate::cloud::Cloud;
use crate::thing::Things;

const PROJECT: &str = "custom-provider";
const STATE: &str = ".lazuli";

#[tokio::main]
async fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    let tool: &[&str] = match command.as_str() {
        "create" | "apply" => &["up", "--yes"],
        "plan" => &["preview"],
        "destroy" => &["destroy", "--yes"],
        "ids" => return ids(),
        _ => return fail("use it as: custom-provider create|plan|apply|destroy|ids"),
    };
    let parallel = std::env::var("BENCH_PAR").unwrap_or_else(|_| "32".to_owned());
    let always = ["--state-dir", STATE, "--parallel", &parallel];
    lazuli::only(Things::new(Cloud::of_process()))
        .project(PROJECT)
        .arguments(tool.iter().chain(&always))
        .run(topology)
        .await
}

async fn topology(stack: Stack) -> Result<()> {
    graph::declare(&stack, &graph::read("graph.json")?)
}

/// Prints what the state holds.
fn ids() -> ExitCode {
    let names = Store::local(STATE.as_ref(), PROJECT, "dev").read();
    match names {
        Ok(state) => {
            let names = state
                .resources
                .keys()
                .map(|urn| format!("{}\n", urn.name()));
            write(
                &mut std::io::stdout(),
                &names.collect::<String>(),
                ExitCode::SUCCESS,
            )
        }
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(message: &str) -> ExitCode {
    write(
        &mut std::io::stderr(),
        &format!("{message}\n"),
        ExitCode::FAILURE,
    )
}

fn write(to: &mut dyn std::io::Write, text: &str, code: ExitCode) -> ExitCode {
    match to.write_all(text.as_bytes()) {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}
