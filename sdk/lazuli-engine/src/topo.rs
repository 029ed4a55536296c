//! Orders and reachability in graphs of small integers, or of anything with an order.
//! `after[at]` holds the nodes that come before `at`. Everything is linear, up to the
//! logarithm of a heap.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashSet};

/// The nodes in a possible order, the smallest key first among those that may come
/// next; and the nodes that have no place in one, because they are on a circle or
/// follow one.
pub(crate) fn sort<K: Ord>(
    after: &[HashSet<usize>],
    key: impl Fn(usize) -> K,
) -> (Vec<usize>, Vec<usize>) {
    let followers = followers(after);
    let mut open: Vec<usize> = after.iter().map(HashSet::len).collect();
    let entry = |at: usize| Reverse((key(at), at));
    let ready = (0..after.len()).filter(|at| open[*at] == 0);
    let mut ready: BinaryHeap<_> = ready.map(entry).collect();
    let mut order = Vec::with_capacity(after.len());
    while let Some(Reverse((_, at))) = ready.pop() {
        order.push(at);
        for next in &followers[at] {
            open[*next] -= 1;
            if open[*next] == 0 {
                ready.push(entry(*next));
            }
        }
    }
    let stuck = (0..after.len()).filter(|at| open[*at] > 0).collect();
    (order, stuck)
}

/// The nodes of circles, and those on ways from one circle to another.
pub(crate) fn circles(after: &[HashSet<usize>]) -> HashSet<usize> {
    let followers = followers(after);
    let mut left = vec![true; after.len()];
    // What comes before all circles, then what follows all of them.
    peel(&mut left, after, &followers);
    peel(&mut left, &followers, after);
    (0..after.len()).filter(|at| left[*at]).collect()
}

/// Takes out nodes that have no neighbour on one side, again and again.
fn peel<A, B>(left: &mut [bool], before: &[A], behind: &[B])
where
    for<'a> &'a A: IntoIterator<Item = &'a usize>,
    for<'a> &'a B: IntoIterator<Item = &'a usize>,
{
    let count = |neighbours: &A| neighbours.into_iter().filter(|at| left[**at]).count();
    let mut open: Vec<usize> = before.iter().map(count).collect();
    let ready = (0..left.len()).filter(|at| left[*at] && open[*at] == 0);
    let mut ready: Vec<usize> = ready.collect();
    while let Some(at) = ready.pop() {
        left[at] = false;
        for next in &behind[at] {
            if left[*next] {
                open[*next] -= 1;
                if open[*next] == 0 {
                    ready.push(*next);
                }
            }
        }
    }
}

fn followers(after: &[HashSet<usize>]) -> Vec<Vec<usize>> {
    let mut followers = vec![Vec::new(); after.len()];
    for (at, before) in after.iter().enumerate() {
        for before in before {
            followers[*before].push(at);
        }
    }
    followers
}

/// Everything that is reached from these by at least one step.
pub(crate) fn reach<N, I>(from: impl IntoIterator<Item = N>, next: impl Fn(N) -> I) -> BTreeSet<N>
where
    N: Ord + Copy,
    I: IntoIterator<Item = N>,
{
    let mut found = BTreeSet::new();
    let mut open: Vec<N> = from.into_iter().collect();
    while let Some(at) = open.pop() {
        open.extend(next(at).into_iter().filter(|to| found.insert(*to)));
    }
    found
}

/// Whether one step has to end before another can start. Ends as soon as that is known.
pub(crate) fn precedes(after: &[HashSet<usize>], first: usize, then: usize) -> bool {
    let (mut open, mut seen) = (vec![then], HashSet::new());
    while let Some(at) = open.pop() {
        if at == first {
            return true;
        }
        if seen.insert(at) {
            open.extend(&after[at]);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(usize, usize)], count: usize) -> Vec<HashSet<usize>> {
        let mut after = vec![HashSet::new(); count];
        for (before, at) in edges {
            after[*at].insert(*before);
        }
        after
    }

    #[test]
    fn the_smallest_key_comes_first_and_circles_have_no_place() {
        let after = graph(&[(3, 0), (1, 2), (4, 5), (5, 4), (5, 6)], 7);
        let (order, stuck) = sort(&after, |at| at);
        assert_eq!(order, [1, 2, 3, 0]);
        assert_eq!(stuck, [4, 5, 6], "6 follows the circle");
        let (order, _) = sort(&after, Reverse);
        assert_eq!(order, [3, 1, 2, 0]);
    }

    #[test]
    fn what_lies_before_or_behind_circles_is_on_none() {
        // 0 -> (1 <-> 2) -> 3 -> (4 <-> 5) -> 6; 3 lies between two circles.
        let edges = [
            (0, 1),
            (1, 2),
            (2, 1),
            (2, 3),
            (3, 4),
            (4, 5),
            (5, 4),
            (5, 6),
        ];
        assert_eq!(circles(&graph(&edges, 7)), HashSet::from([1, 2, 3, 4, 5]));
        assert_eq!(circles(&graph(&[(0, 1), (1, 2)], 3)), HashSet::new());
    }

    #[test]
    fn what_is_reached_holds_the_start_on_a_circle_only() {
        let next = |at: usize| match at {
            0 => vec![1],
            1 => vec![2],
            2 => vec![1],
            _ => vec![],
        };
        assert_eq!(reach([0], next), BTreeSet::from([1, 2]));
        assert_eq!(reach([1], next), BTreeSet::from([1, 2]));
        assert_eq!(reach([3], next), BTreeSet::new());
        let after = graph(&[(0, 1), (1, 2)], 4);
        assert!(precedes(&after, 0, 2) && !precedes(&after, 2, 0) && !precedes(&after, 3, 2));
    }
}
