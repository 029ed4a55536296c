//! How close a deployment comes to the shortest possible one, with real latencies.

use std::time::Instant;

use lazuli_engine::Operation;

use crate::graphs::Timed;
use crate::kind::{declare, run};

const RESOURCES: usize = 400;
/// Mean latency of a create, in seconds.
const MEAN: f64 = 0.1;

/// A row of the table.
pub(crate) fn row(seed: u64, parallel: usize) -> String {
    let graph = Timed::random(seed, RESOURCES, MEAN);
    let bound = graph.bound(parallel);
    let folder = crate::folder();
    let began = Instant::now();
    run(Operation::Up, folder.path(), parallel, async move |stack| {
        declare(&stack, &graph.edges, &graph.seconds, 1);
        Ok(())
    });
    let makespan = began.elapsed().as_secs_f64();
    let above = (makespan / bound - 1.0) * 100.0;
    format!(
        "| seed {seed}, {RESOURCES} | {parallel} | {bound:.2} s | {makespan:.2} s | {above:.1} % |\n"
    )
}
