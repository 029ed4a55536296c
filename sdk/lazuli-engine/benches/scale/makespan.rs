//! How close a deployment comes to the shortest possible one, with real latencies.

use std::time::Instant;

use lazuli_core::Stack;
use lazuli_engine::Operation;

use crate::graphs::Timed;
use crate::kind::{Things, declare, run};

const RESOURCES: usize = 400;
/// Mean latency of a create, in seconds.
const MEAN: f64 = 0.1;

/// A row of the table: without and with a provider that knows how long each takes.
pub(crate) fn row(layered: bool, seed: u64, parallel: usize) -> String {
    let graph = if layered {
        Timed::layered(seed, RESOURCES, MEAN)
    } else {
        Timed::random(seed, RESOURCES, MEAN)
    };
    let bound = graph.bound(parallel);
    let cells = [false, true].map(|tells| {
        let makespan = makespan(&graph, parallel, Things { tells });
        format!("{makespan:.2} s, {:.1} %", (makespan / bound - 1.0) * 100.0)
    });
    let word = if layered { "layered" } else { "random" };
    format!(
        "| {word} {seed} | {parallel} | {bound:.2} s | {} | {} |\n",
        cells[0], cells[1]
    )
}

fn makespan(graph: &Timed, parallel: usize, things: Things) -> f64 {
    let folder = crate::folder();
    let began = Instant::now();
    let (edges, seconds) = (graph.edges.clone(), graph.seconds.clone());
    let topology = async move |stack: Stack| {
        declare(&stack, &edges, &seconds, 1);
        Ok(())
    };
    run(Operation::Up, folder.path(), parallel, things, topology);
    began.elapsed().as_secs_f64()
}
