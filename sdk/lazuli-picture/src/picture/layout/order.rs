//! In which order things stand in a column, so that few lines cross: repeated
//! sweeps, each putting a column in the order of the means of its neighbours.

use super::place::Columns;

const SWEEPS: usize = 16;

/// The vertices of each column, from top to bottom.
pub(super) fn order(graph: &Columns) -> Vec<Vec<usize>> {
    let columns = graph.columns.iter();
    let mut orders: Vec<Vec<usize>> = columns.map(|column| balanced(graph, column)).collect();
    let mut best = orders.clone();
    let mut fewest = crossings(graph, &orders);
    for sweep in 0..SWEEPS {
        if fewest == 0 {
            break;
        }
        let to_right = sweep % 2 == 0;
        let columns: Vec<usize> = match to_right {
            true => (1..orders.len()).collect(),
            false => (0..orders.len().saturating_sub(1)).rev().collect(),
        };
        for column in columns {
            let beside = if to_right { column - 1 } else { column + 1 };
            let position = positions(graph, &orders[beside]);
            let own = positions(graph, &orders[column]);
            let mut keyed: Vec<(f64, f64, usize)> = orders[column]
                .iter()
                .map(|vertex| {
                    let edges = graph.beside(*vertex, to_right);
                    let sum: f64 = edges.iter().map(|other| position[*other]).sum();
                    let mean = match edges.len() {
                        0 => own[*vertex],
                        count => sum / count as f64,
                    };
                    (mean, own[*vertex], *vertex)
                })
                .collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
            orders[column] = keyed.into_iter().map(|(.., vertex)| vertex).collect();
        }
        let now = crossings(graph, &orders);
        if now < fewest {
            fewest = now;
            best.clone_from(&orders);
        }
    }
    best
}

/// Lanes in the middle, so that what they lead to fans out to both sides.
fn balanced(graph: &Columns, column: &[usize]) -> Vec<usize> {
    let (lanes, items): (Vec<usize>, Vec<usize>) =
        column.iter().partition(|vertex| graph.is_lane[**vertex]);
    let (above, below) = items.split_at(items.len() / 2);
    [above, &lanes, below].concat()
}

/// Where each vertex of a column stands, from 0 to 1.
fn positions(graph: &Columns, order: &[usize]) -> Vec<f64> {
    let mut positions = vec![0.0; graph.heights.len()];
    for (at, vertex) in order.iter().enumerate() {
        positions[*vertex] = (at as f64 + 0.5) / order.len() as f64;
    }
    positions
}

/// How many pairs of lines cross.
pub(super) fn crossings(graph: &Columns, orders: &[Vec<usize>]) -> usize {
    let mut total = 0;
    for pair in orders.windows(2) {
        let right: Vec<usize> = {
            let mut right = vec![0; graph.heights.len()];
            pair[1]
                .iter()
                .enumerate()
                .for_each(|(at, vertex)| right[*vertex] = at);
            right
        };
        // Ends in the order of their beginnings; each inversion is a crossing.
        let mut seen: Vec<usize> = vec![0; pair[1].len() + 1];
        let mut count = 0;
        for vertex in &pair[0] {
            let mut ends: Vec<usize> = graph
                .beside(*vertex, false)
                .iter()
                .map(|to| right[*to])
                .collect();
            ends.sort_unstable();
            for end in &ends {
                let below: usize = sum(&seen, *end);
                total += count - below;
            }
            for end in ends {
                add(&mut seen, end);
                count += 1;
            }
        }
    }
    total
}

/// How many ends at or above this one were seen (a Fenwick tree).
fn sum(seen: &[usize], end: usize) -> usize {
    let (mut at, mut total) = (end + 1, 0);
    while at > 0 {
        total += seen[at];
        at &= at - 1;
    }
    total
}

fn add(seen: &mut [usize], end: usize) {
    let mut at = end + 1;
    while at < seen.len() {
        seen[at] += 1;
        at += at & at.wrapping_neg();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crossing_is_seen_and_undone() {
        let mut graph = Columns::new(2);
        let left: Vec<usize> = (0..3).map(|_| graph.add(0, 10.0, false)).collect();
        let right: Vec<usize> = (0..3).map(|_| graph.add(1, 10.0, false)).collect();
        for (from, to) in [(0, 2), (1, 1), (2, 0)] {
            graph.connect((left[from], 5.0), (right[to], 5.0));
        }
        assert_eq!(crossings(&graph, &graph.columns), 3);
        assert_eq!(crossings(&graph, &order(&graph)), 0);
    }
}
