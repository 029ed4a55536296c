//! How time, memory and written bytes grow with the stack: `cargo bench --bench scale`.
//!
//! Prints tables; nothing is asserted, figures belong to a machine. Each phase is
//! a process of its own, started by this one, so that its peak memory is its own.
//! `cargo bench --bench scale -- quick` leaves the largest graphs out, `makespan`
//! prints the last table only.

mod graphs;
mod kind;
mod makespan;
mod phase;

use std::io::Write as _;

use graphs::Shape;
use phase::{Measured, Phase};

/// Every shape at every size that ends within a minute.
const CASES: &[(Shape, &[usize])] = &[
    (Shape::Independent, &[1_000, 10_000, 100_000]),
    (Shape::Layered, &[1_000, 10_000, 100_000]),
    (Shape::FanOut, &[10_000]),
    (Shape::FanIn, &[10_000]),
    (Shape::Chain, &[1_000, 10_000]),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["phase", rest @ ..] => print(&phase::carry_out(rest)),
        words if words.contains(&"--bench") => {
            let quick = words.contains(&"quick");
            if !words.contains(&"makespan") {
                tables(quick);
            }
            makespans(quick);
        }
        // `cargo test --benches` only wants to know that it runs.
        _ => {
            let folder = folder();
            for phase in Phase::ALL {
                phase::measure(Shape::Layered, 200, phase, folder.path());
            }
        }
    }
}

fn tables(quick: bool) {
    print("\n| graph | resources | phase | time | peak memory | a resource | written a step |\n");
    print("|---|---|---|---|---|---|---|\n");
    for (shape, sizes) in CASES {
        for size in sizes.iter().filter(|size| !quick || **size <= 10_000) {
            let folder = folder();
            for phase in Phase::ALL {
                let measured = phase::measure(*shape, *size, phase, folder.path());
                print(&row(*shape, *size, phase, &measured));
            }
        }
    }
}

fn makespans(quick: bool) {
    print(
        "\n| graph of 400, latencies of 0 to 200 ms | parallel | bound | makespan, above it | with known latencies |\n",
    );
    print("|---|---|---|---|---|\n");
    for layered in [true, false] {
        for seed in 1..=if quick { 2 } else { 5 } {
            for parallel in [8, 32] {
                print(&makespan::row(layered, seed, parallel));
            }
        }
    }
}

fn row(shape: Shape, size: usize, phase: Phase, measured: &Measured) -> String {
    let each = |bytes: u64| bytes as f64 / size as f64;
    let base = phase::baseline(phase);
    format!(
        "| {} | {size} | {} | {:.2} s | {:.0} MB | {:.1} KB | {:.0} B |\n",
        shape.word(),
        phase.word(),
        measured.seconds,
        measured.peak_bytes as f64 / 1e6,
        each(measured.peak_bytes.saturating_sub(base.peak_bytes)) / 1e3,
        each(measured.written_bytes),
    )
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the state")
}

fn print(text: &str) {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .expect("somewhere to print to");
}
