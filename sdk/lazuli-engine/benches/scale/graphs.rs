//! The graphs: for each resource, the positions of those before it that it takes
//! an input from.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Resources in one layer.
const LAYER: usize = 100;
/// Edges of a resource in a layered graph.
const EDGES: usize = 3;

/// The shape of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Independent,
    Layered,
    FanOut,
    FanIn,
    Chain,
}

impl Shape {
    pub(crate) const ALL: [Self; 5] = [
        Self::Independent,
        Self::Layered,
        Self::FanOut,
        Self::FanIn,
        Self::Chain,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Independent => "independent",
            Self::Layered => "layered, 3 edges each",
            Self::FanOut => "fan-out",
            Self::FanIn => "fan-in",
            Self::Chain => "chain",
        }
    }

    pub(crate) fn edges(self, size: usize) -> Vec<Vec<usize>> {
        let mut random = StdRng::seed_from_u64(1);
        (0..size)
            .map(|at| self.edges_of(at, size, &mut random))
            .collect()
    }

    fn edges_of(self, at: usize, size: usize, random: &mut StdRng) -> Vec<usize> {
        match self {
            Self::Independent => Vec::new(),
            Self::Chain => at.checked_sub(1).into_iter().collect(),
            Self::FanOut if at == 0 => Vec::new(),
            Self::FanOut => vec![0],
            Self::FanIn if at + 1 == size => (0..at).collect(),
            Self::FanIn => Vec::new(),
            Self::Layered => {
                let Some(first) = (at / LAYER).checked_sub(1).map(|layer| layer * LAYER) else {
                    return Vec::new();
                };
                (0..EDGES)
                    .map(|_| random.random_range(first..first + LAYER))
                    .collect()
            }
        }
    }
}

/// A graph of any shape, with latencies in seconds.
pub(crate) struct Timed {
    pub(crate) edges: Vec<Vec<usize>>,
    pub(crate) seconds: Vec<f64>,
}

impl Timed {
    /// Layers of 20, each resource with up to three edges into the one before.
    pub(crate) fn layered(seed: u64, size: usize, mean: f64) -> Self {
        const LAYER: usize = 20;
        let mut random = StdRng::seed_from_u64(seed);
        let edges = (0..size).map(|at| {
            let first = (at / LAYER).checked_sub(1).map(|layer| layer * LAYER);
            let count = random.random_range(1..=EDGES);
            let edge = |_| first.map(|first| random.random_range(first..first + LAYER));
            (0..count).filter_map(edge).collect()
        });
        let edges = edges.collect();
        Self::of(edges, &mut random, mean)
    }

    pub(crate) fn random(seed: u64, size: usize, mean: f64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let edges = (0..size).map(|at| {
            let count = random.random_range(0..=EDGES).min(at);
            (0..count).map(|_| random.random_range(0..at)).collect()
        });
        let edges = edges.collect();
        Self::of(edges, &mut random, mean)
    }

    fn of(edges: Vec<Vec<usize>>, random: &mut StdRng, mean: f64) -> Self {
        let seconds = edges.iter().map(|_| random.random_range(0.0..2.0 * mean));
        let seconds = seconds.collect();
        Self { edges, seconds }
    }

    /// No schedule can be shorter: the critical path, or the work spread evenly.
    pub(crate) fn bound(&self, parallel: usize) -> f64 {
        let mut ends: Vec<f64> = Vec::with_capacity(self.edges.len());
        for (edges, seconds) in self.edges.iter().zip(&self.seconds) {
            let begin = edges.iter().map(|at| ends[*at]).fold(0.0, f64::max);
            ends.push(begin + seconds);
        }
        let path = ends.into_iter().fold(0.0, f64::max);
        path.max(self.seconds.iter().sum::<f64>() / parallel as f64)
    }
}
