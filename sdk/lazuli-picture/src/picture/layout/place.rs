//! How high things stand in their columns: as near to what they are connected with
//! as their order and their sizes allow.

use super::GAP;

const SWEEPS: usize = 12;
/// Between a lane and what is beside it.
const LANE_GAP: f64 = 6.0;

/// Vertices in columns, with edges between columns that stand side by side.
pub(super) struct Columns {
    pub(super) columns: Vec<Vec<usize>>,
    pub(super) heights: Vec<f64>,
    pub(super) is_lane: Vec<bool>,
    /// To the left and to the right: the other vertex, own offset, its offset.
    left: Vec<Vec<Tie>>,
    right: Vec<Vec<Tie>>,
    left_of: Vec<Vec<usize>>,
    right_of: Vec<Vec<usize>>,
}

#[derive(Debug, Clone, Copy)]
struct Tie {
    to: usize,
    own: f64,
    its: f64,
    weight: f64,
}

impl Columns {
    pub(super) fn new(columns: usize) -> Self {
        Self {
            columns: vec![Vec::new(); columns],
            heights: Vec::new(),
            is_lane: Vec::new(),
            left: Vec::new(),
            right: Vec::new(),
            left_of: Vec::new(),
            right_of: Vec::new(),
        }
    }

    /// A vertex of a height; a lane is where a line only passes.
    pub(super) fn add(&mut self, column: usize, height: f64, is_lane: bool) -> usize {
        let vertex = self.heights.len();
        self.heights.push(height);
        self.is_lane.push(is_lane);
        self.left.push(Vec::new());
        self.right.push(Vec::new());
        self.left_of.push(Vec::new());
        self.right_of.push(Vec::new());
        self.columns[column].push(vertex);
        vertex
    }

    /// Connects two vertices of neighbouring columns, each at an offset from its top.
    pub(super) fn connect(&mut self, (from, own): (usize, f64), (to, its): (usize, f64)) {
        if self.right_of[from].contains(&to) {
            return;
        }
        // Lanes are kept straight first.
        let weight = match (self.is_lane[from], self.is_lane[to]) {
            (true, true) => 6.0,
            (true, false) | (false, true) => 2.0,
            (false, false) => 1.0,
        };
        self.right[from].push(Tie {
            to,
            own,
            its,
            weight,
        });
        self.left[to].push(Tie {
            to: from,
            own: its,
            its: own,
            weight,
        });
        self.right_of[from].push(to);
        self.left_of[to].push(from);
    }

    /// The vertices that one is connected with on one side.
    pub(super) fn beside(&self, vertex: usize, left: bool) -> &[usize] {
        match left {
            true => &self.left_of[vertex],
            false => &self.right_of[vertex],
        }
    }

    /// How many lines run from a column to the next.
    pub(super) fn between(&self, column: usize) -> usize {
        self.columns[column]
            .iter()
            .map(|vertex| self.right[*vertex].len())
            .sum()
    }

    fn gap(&self, above: usize, below: usize) -> f64 {
        match self.is_lane[above] || self.is_lane[below] {
            true => LANE_GAP,
            false => GAP,
        }
    }
}

/// The top of each vertex.
pub(super) fn heights(graph: &Columns, orders: &[Vec<usize>]) -> Vec<f64> {
    let mut tops = vec![0.0; graph.heights.len()];
    for order in orders {
        let mut y = 0.0;
        for (at, vertex) in order.iter().enumerate() {
            if at > 0 {
                y += graph.gap(order[at - 1], *vertex);
            }
            tops[*vertex] = y;
            y += graph.heights[*vertex];
        }
    }
    for sweep in 0..SWEEPS {
        let columns: Vec<usize> = match sweep % 2 {
            0 => (0..orders.len()).collect(),
            _ => (0..orders.len()).rev().collect(),
        };
        for column in columns {
            settle(graph, &orders[column], &mut tops);
        }
    }
    tops
}

/// Moves a column as near as possible to where its neighbours want it: the sum of
/// weighted squares is least, in this order and without overlaps (pool adjacent
/// violators).
fn settle(graph: &Columns, order: &[usize], tops: &mut [f64]) {
    // Without the room between them, vertices need only not be out of order.
    let mut room = 0.0;
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    let mut rooms = Vec::with_capacity(order.len());
    for (at, vertex) in order.iter().enumerate() {
        if at > 0 {
            room += graph.heights[order[at - 1]] + graph.gap(order[at - 1], *vertex);
        }
        rooms.push(room);
        let ties = graph.left[*vertex].iter().chain(&graph.right[*vertex]);
        let (mut sum, mut weight) = (0.0, 0.0);
        for tie in ties {
            sum += tie.weight * (tops[tie.to] + tie.its - tie.own);
            weight += tie.weight;
        }
        let (wanted, weight) = match weight > 0.0 {
            true => (sum / weight, weight),
            false => (tops[*vertex], 0.01),
        };
        let mut pool = (wanted - room, weight, 1);
        while let Some(last) = pools.last().filter(|last| last.0 >= pool.0) {
            let total = last.1 + pool.1;
            let mean = (last.0 * last.1 + pool.0 * pool.1) / total;
            pool = (mean, total, last.2 + pool.2);
            pools.pop();
        }
        pools.push(pool);
    }
    let wanted = pools
        .iter()
        .flat_map(|(mean, _, count)| std::iter::repeat_n(*mean, *count));
    for ((vertex, room), wanted) in order.iter().zip(rooms).zip(wanted) {
        tops[*vertex] = wanted + room;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_straight_where_nothing_is_in_its_way() {
        let mut graph = Columns::new(3);
        let a = graph.add(0, 40.0, false);
        let lane = graph.add(1, 8.0, true);
        let beside = graph.add(1, 100.0, false);
        let b = graph.add(2, 60.0, false);
        graph.connect((a, 20.0), (lane, 4.0));
        graph.connect((lane, 4.0), (b, 30.0));
        let tops = heights(&graph, &graph.columns);
        let straight = tops[lane] + 4.0;
        assert!((tops[a] + 20.0 - straight).abs() < 0.5, "{tops:?}");
        assert!((tops[b] + 30.0 - straight).abs() < 0.5, "{tops:?}");
        assert!(
            tops[beside] >= tops[lane] + 8.0 + LANE_GAP - 1e-6,
            "{tops:?}"
        );
    }
}
