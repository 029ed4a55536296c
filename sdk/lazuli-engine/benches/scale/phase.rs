//! One phase in the life of a stack, in a process of its own.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use lazuli_core::Stack;
use lazuli_engine::Operation;

use crate::graphs::Shape;
use crate::kind::{Things, declare, run};

/// How many operations run at once.
const PARALLEL: usize = 64;

/// What is done to the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Create,
    Unchanged,
    UpdateAll,
    Destroy,
}

impl Phase {
    pub(crate) const ALL: [Self; 4] = [
        Self::Create,
        Self::Unchanged,
        Self::UpdateAll,
        Self::Destroy,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Unchanged => "preview, unchanged",
            Self::UpdateAll => "update all",
            Self::Destroy => "destroy",
        }
    }

    fn operation(self) -> (Operation, u32) {
        match self {
            Self::Create => (Operation::Up, 1),
            Self::Unchanged => (Operation::Preview, 1),
            Self::UpdateAll => (Operation::Up, 2),
            Self::Destroy => (Operation::Destroy, 2),
        }
    }
}

/// What a phase cost.
#[derive(Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    /// Peak resident memory of the process.
    pub(crate) peak_bytes: u64,
    /// Bytes handed to the system for writing: journal and snapshot.
    pub(crate) written_bytes: u64,
}

/// The cost of the process itself, with one resource.
pub(crate) fn baseline(phase: Phase) -> Measured {
    let folder = crate::folder();
    let until = Phase::ALL
        .iter()
        .position(|one| *one == phase)
        .unwrap_or_default();
    // Each phase needs those before it; the last one is what was asked for.
    let phases = Phase::ALL[..=until].iter();
    let measured = phases.fold(None, |_, one| {
        Some(measure(Shape::Independent, 1, *one, folder.path()))
    });
    measured.expect("a phase")
}

/// Carries a phase out in a child and reads what it says.
pub(crate) fn measure(shape: Shape, size: usize, phase: Phase, folder: &Path) -> Measured {
    let place = |all: &[&str], word: &str| all.iter().position(|one| *one == word);
    let shape = place(&Shape::ALL.map(Shape::word), shape.word()).expect("a shape");
    let phase = place(&Phase::ALL.map(Phase::word), phase.word()).expect("a phase");
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "phase",
            &shape.to_string(),
            &size.to_string(),
            &phase.to_string(),
        ])
        .arg(folder)
        .output()
        .expect("a child");
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [seconds, peak, written] = numbers[..] else {
        panic!("{}", String::from_utf8_lossy(&output.stderr));
    };
    Measured {
        seconds,
        peak_bytes: peak as u64,
        written_bytes: written as u64,
    }
}

/// The child's side: seconds, peak and written bytes, in that order.
pub(crate) fn carry_out(words: &[&str]) -> String {
    let [shape, size, phase, folder] = words else {
        panic!("{words:?}")
    };
    let number = |word: &str| word.parse::<usize>().expect("a number");
    let (shape, phase) = (Shape::ALL[number(shape)], Phase::ALL[number(phase)]);
    let edges = shape.edges(number(size));
    let (operation, v) = phase.operation();
    let before = written();
    let began = Instant::now();
    let things = Things { tells: false };
    let topology = async move |stack: Stack| {
        declare(&stack, &edges, &[], v);
        Ok(())
    };
    run(operation, Path::new(folder), PARALLEL, things, topology);
    let seconds = began.elapsed().as_secs_f64();
    format!("{seconds} {} {}", peak(), written() - before)
}

/// Peak resident memory; 0 where the system does not report it.
fn peak() -> u64 {
    of_process("/proc/self/status", "VmHWM:") * 1024
}

fn written() -> u64 {
    of_process("/proc/self/io", "wchar:")
}

fn of_process(file: &str, key: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
