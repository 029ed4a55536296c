//! Which steps the run had to wait for, and how much time all others had.

use std::time::Duration;

use super::record::{Bar, Recorder};

/// What is made of a record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Analysis {
    /// From the first start to the last end.
    pub(crate) total: Duration,
    /// What all steps lasted together.
    pub(crate) work: Duration,
    /// How many ran at once, at most.
    pub(crate) peak: usize,
    /// The chain that determined the total, in order.
    pub(crate) chain: Vec<Link>,
    /// When each step could have begun; none for steps that did not.
    pub(crate) ready: Vec<Option<Duration>>,
    /// How much longer each could have lasted without the run ending later, all
    /// else being as it was.
    pub(crate) slack: Vec<Option<Duration>>,
}

/// A step of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) bar: usize,
    /// Why it did not begin earlier.
    pub(crate) held_by: Held,
    /// From the end of what held it to its start.
    pub(crate) gap: Duration,
}

/// Why a step did not begin earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// Nothing held it.
    Nothing,
    /// It needs that one.
    Needs(usize),
    /// That one had its place: a limit of steps at once, or something that only one may write to.
    Place(usize),
    /// That one ended the wave before.
    Wave(usize),
}

impl Analysis {
    /// How many steps ran at once in the mean.
    pub(crate) fn parallelism(&self) -> f64 {
        match self.total.is_zero() {
            true => 0.0,
            false => self.work.as_secs_f64() / self.total.as_secs_f64(),
        }
    }

    /// How long the steps of the chain lasted.
    pub(crate) fn chain_work(&self, record: &Recorder) -> Duration {
        let bars = self.chain.iter().map(|link| &record.bars[link.bar]);
        bars.map(Bar::lasted).sum()
    }
}

pub(crate) fn analyse(record: &Recorder) -> Analysis {
    let bars = &record.bars;
    let spans: Vec<_> = bars.iter().filter_map(Bar::span).collect();
    let Some(first) = spans.iter().map(|(start, _)| *start).min() else {
        return Analysis {
            ready: vec![None; bars.len()],
            slack: vec![None; bars.len()],
            ..Analysis::default()
        };
    };
    let last = spans.iter().map(|(_, end)| *end).max().unwrap_or(first);
    let ready: Vec<_> = (0..bars.len()).map(|at| ready(bars, at, first)).collect();
    Analysis {
        total: last - first,
        work: bars.iter().map(Bar::lasted).sum(),
        peak: peak(&spans),
        chain: chain(bars, first, last - first),
        slack: slack(bars, last),
        ready: bars
            .iter()
            .zip(ready)
            .map(|(bar, ready)| bar.start.map(|start| ready.min(start)))
            .collect(),
    }
}

/// The end of the last of those that it had to come after.
fn latest(bars: &[Bar], of: usize) -> Option<(Duration, Held)> {
    let needs = bars[of].after.iter();
    let needs = needs.filter_map(|at| Some((bars[*at].end?, Held::Needs(*at))));
    let wave = (0..bars.len()).filter(|at| bars[*at].wave + 1 == bars[of].wave);
    let wave = wave.filter_map(|at| Some((bars[at].end?, Held::Wave(at))));
    needs.chain(wave).max_by_key(|(end, _)| *end)
}

fn ready(bars: &[Bar], of: usize, first: Duration) -> Duration {
    latest(bars, of).map_or(first, |(end, _)| end)
}

/// Back from the step that ended last: what each waited for last.
fn chain(bars: &[Bar], first: Duration, total: Duration) -> Vec<Link> {
    // Less than this is the engine's own doing (recording, dispatching).
    let small = Duration::from_millis(20).max(total / 100);
    let ran = (0..bars.len()).filter(|at| bars[*at].span().is_some());
    let mut here = ran
        .clone()
        .max_by_key(|at| (bars[*at].end, std::cmp::Reverse(*at)));
    let mut chain = Vec::new();
    while let Some(at) = here {
        let start = bars[at].start.unwrap_or(first);
        let mut held = latest(bars, at);
        let since = held.as_ref().map_or(first, |(end, _)| *end);
        // What it needs had ended, even where that is told a moment later.
        if start.saturating_sub(since) > small {
            // It could have begun earlier: whoever ended just before made room for it.
            let others = ran
                .clone()
                .filter(|other| *other != at && bars[*other].wave == bars[at].wave);
            let before = others.filter_map(|other| Some((bars[other].end?, Held::Place(other))));
            let before = before.filter(|(end, _)| *end <= start && *end > since);
            held = before.max_by_key(|(end, _)| *end).or(held);
        }
        chain.push(Link {
            bar: at,
            held_by: held.map_or(Held::Nothing, |(_, held)| held),
            gap: start.saturating_sub(held.map_or(first, |(end, _)| end)),
        });
        here = match held.map(|(_, held)| held) {
            Some(Held::Needs(next) | Held::Place(next) | Held::Wave(next)) => Some(next),
            _ => None,
        };
        // Steps that lasted nothing may name each other.
        if chain.len() > bars.len() {
            break;
        }
    }
    chain.reverse();
    chain
}

fn slack(bars: &[Bar], last: Duration) -> Vec<Option<Duration>> {
    let mut latest_end = vec![last; bars.len()];
    let waves = bars.iter().map(|bar| bar.wave).max().unwrap_or(0);
    // Plans are in a possible order, so that followers are known first.
    for wave in (0..=waves).rev() {
        for at in (0..bars.len()).rev().filter(|at| bars[*at].wave == wave) {
            let starts_by = latest_end[at].saturating_sub(bars[at].lasted());
            for before in &bars[at].after {
                if bars[at].span().is_some() {
                    latest_end[*before] = latest_end[*before].min(starts_by);
                }
            }
        }
        let begins =
            (0..bars.len()).filter(|at| bars[*at].wave == wave && bars[*at].span().is_some());
        let begins = begins
            .map(|at| latest_end[at].saturating_sub(bars[at].lasted()))
            .min();
        if let Some(begins) = begins {
            for at in (0..bars.len()).filter(|at| bars[*at].wave + 1 == wave) {
                latest_end[at] = latest_end[at].min(begins);
            }
        }
    }
    let slack = bars.iter().zip(latest_end);
    slack
        .map(|(bar, latest)| bar.end.map(|end| latest.saturating_sub(end)))
        .collect()
}

fn peak(spans: &[(Duration, Duration)]) -> usize {
    let starts = spans.iter().map(|(start, _)| (*start, 1_isize));
    let ends = spans.iter().map(|(_, end)| (*end, -1_isize));
    let mut changes: Vec<_> = starts.chain(ends).collect();
    changes.sort_unstable();
    let (mut now, mut peak) = (0, 0);
    for (_, change) in changes {
        now += change;
        peak = peak.max(now);
    }
    usize::try_from(peak).unwrap_or(0)
}
