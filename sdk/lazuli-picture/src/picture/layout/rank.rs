//! Which column: whatever a line leads from stands left of what it leads to. Lines
//! that would close a circle are turned round, the later ones of a list first.

use std::collections::{BTreeMap, BTreeSet};

/// The column of each item. No two ends of an edge are in the same one, and no
/// column is much longer than the others need to be.
pub(super) fn rank(items: &[usize], edges: &[(usize, usize)]) -> BTreeMap<usize, usize> {
    let mut after: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut before: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (from, to) in edges {
        if from == to {
            continue;
        }
        let (from, to) = match leads(&after, *to, *from) {
            true => (to, from),
            false => (from, to),
        };
        after.entry(*from).or_default().insert(*to);
        before.entry(*to).or_default().insert(*from);
    }
    let order = in_order(items, &before, &after);
    let longest = longest_column(&order, &before);
    let mut filled: BTreeMap<usize, usize> = BTreeMap::new();
    let mut ranks: BTreeMap<usize, usize> = BTreeMap::new();
    for item in &order {
        let least = before.get(item).into_iter().flatten();
        let mut rank = least.map(|one| ranks[one] + 1).max().unwrap_or(0);
        while filled.get(&rank).is_some_and(|count| *count >= longest) {
            rank += 1;
        }
        *filled.entry(rank).or_default() += 1;
        ranks.insert(*item, rank);
    }
    // What nothing leads to stands beside what it leads to.
    for item in order.iter().rev().filter(|item| !before.contains_key(item)) {
        let next = after.get(item).into_iter().flatten();
        let Some(nearest) = next.map(|one| ranks[one]).min() else {
            continue;
        };
        let wanted = nearest.saturating_sub(1);
        let own = ranks[item];
        if wanted > own && filled.get(&wanted).copied().unwrap_or(0) < longest {
            *filled.entry(own).or_default() -= 1;
            *filled.entry(wanted).or_default() += 1;
            ranks.insert(*item, wanted);
        }
    }
    without_holes(ranks)
}

/// How many things stand below each other at most: of many about as many as beside,
/// and evenly where one column becomes several.
fn longest_column(order: &[usize], before: &BTreeMap<usize, BTreeSet<usize>>) -> usize {
    let mut ranks: BTreeMap<usize, usize> = BTreeMap::new();
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for item in order {
        let least = before.get(item).into_iter().flatten();
        let rank = least.map(|one| ranks[one] + 1).max().unwrap_or(0);
        ranks.insert(*item, rank);
        *counts.entry(rank).or_default() += 1;
    }
    let limit = ((order.len() as f64 * 2.2).sqrt().ceil() as usize).max(8);
    let most = counts.into_values().max().unwrap_or(1);
    most.div_ceil(most.div_ceil(limit))
}

/// Whether a way leads from one item to another.
fn leads(after: &BTreeMap<usize, BTreeSet<usize>>, from: usize, to: usize) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(next) = open.pop() {
        if next == to {
            return true;
        }
        if seen.insert(next) {
            open.extend(after.get(&next).into_iter().flatten());
        }
    }
    false
}

/// The items so that each comes after those that lead to it; otherwise as given.
fn in_order(
    items: &[usize],
    before: &BTreeMap<usize, BTreeSet<usize>>,
    after: &BTreeMap<usize, BTreeSet<usize>>,
) -> Vec<usize> {
    let mut open: BTreeMap<usize, usize> = items
        .iter()
        .map(|item| (*item, before.get(item).map_or(0, BTreeSet::len)))
        .collect();
    let mut ready: BTreeSet<usize> = items
        .iter()
        .filter(|item| open[item] == 0)
        .copied()
        .collect();
    let mut order = Vec::with_capacity(items.len());
    while let Some(item) = ready.pop_first() {
        order.push(item);
        for next in after.get(&item).into_iter().flatten() {
            if let Some(count) = open.get_mut(next) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(*next);
                }
            }
        }
    }
    order
}

fn without_holes(mut ranks: BTreeMap<usize, usize>) -> BTreeMap<usize, usize> {
    let used: BTreeSet<usize> = ranks.values().copied().collect();
    let new: BTreeMap<usize, usize> = used.into_iter().zip(0..).collect();
    ranks.values_mut().for_each(|rank| *rank = new[rank]);
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(items: usize, edges: &[(usize, usize)], expect: &[usize]) {
        let items: Vec<usize> = (0..items).collect();
        let ranks: Vec<usize> = rank(&items, edges).into_values().collect();
        assert_eq!(ranks, expect);
    }

    #[test]
    fn the_longest_way_decides_and_sources_stand_beside_what_they_lead_to() {
        check(4, &[(0, 1), (1, 2), (0, 2), (3, 2)], &[0, 1, 2, 1]);
    }

    #[test]
    fn the_later_line_of_a_circle_is_turned_round() {
        check(3, &[(0, 1), (1, 2), (2, 0)], &[0, 1, 2]);
        check(2, &[(1, 0), (0, 1), (0, 0)], &[1, 0]);
    }

    #[test]
    fn many_in_one_column_become_several() {
        let edges: Vec<_> = (1..30).map(|at| (at, 0)).collect();
        let items: Vec<usize> = (0..30).collect();
        let ranks = rank(&items, &edges);
        let mut counts = BTreeMap::new();
        ranks
            .values()
            .for_each(|rank| *counts.entry(*rank).or_insert(0) += 1);
        // The one that they lead to, and 29 in columns of 8 at most, evenly filled.
        let mut counts: Vec<_> = counts.into_values().collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 5, 8, 8, 8]);
        assert!((1..30).all(|at| ranks[&at] < ranks[&0]));
    }
}
