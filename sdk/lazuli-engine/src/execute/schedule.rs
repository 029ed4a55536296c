//! Which step next: those whose predecessors are done, longest remaining path
//! first, never two at once that exclude each other. Linear in steps and edges.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use crate::plan::Step;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Waiting,
    Ready,
    Running,
    Done,
    /// It failed; what follows it never becomes ready.
    Dropped,
}

/// Who follows whom: the followers of all steps one after the other, and where
/// those of each begin.
struct Followers {
    begins: Vec<u32>,
    all: Vec<u32>,
}

impl Followers {
    fn of(steps: &[Step]) -> Self {
        let mut begins = vec![0_u32; steps.len() + 1];
        for before in steps.iter().flat_map(|step| &step.after) {
            begins[before + 1] += 1;
        }
        for at in 0..steps.len() {
            begins[at + 1] += begins[at];
        }
        let mut next = begins.clone();
        let mut all = vec![0; begins[steps.len()] as usize];
        for (at, step) in steps.iter().enumerate() {
            for before in &step.after {
                // Resources are counted in 32 bits, and each has at most two steps.
                all[next[*before] as usize] = at as u32;
                next[*before] += 1;
            }
        }
        Self { begins, all }
    }

    fn of_step(&self, at: usize) -> &[u32] {
        &self.all[self.begins[at] as usize..self.begins[at + 1] as usize]
    }
}

/// Ready queue over the steps of a plan.
pub(crate) struct Schedule {
    open: Vec<usize>,
    followers: Followers,
    weight: Vec<Duration>,
    status: Vec<Status>,
    ready: BinaryHeap<(Duration, Reverse<usize>)>,
    running: usize,
    settled: usize,
    keys: HashMap<usize, Vec<String>>,
    busy: HashSet<String>,
    excluded: HashMap<String, VecDeque<usize>>,
}

impl Schedule {
    /// `weigh` estimates the duration of a step.
    pub(crate) fn new(steps: &[Step], weigh: impl Fn(usize, &Step) -> Duration) -> Self {
        let followers = Followers::of(steps);
        // A step follows all in its `after`, so the remaining path of followers is known first.
        let mut weight = vec![Duration::ZERO; steps.len()];
        for at in (0..steps.len()).rev() {
            let rest = followers.of_step(at).iter();
            let rest = rest.map(|next| weight[*next as usize]).max();
            let rest = rest.unwrap_or_default();
            weight[at] = rest + weigh(at, &steps[at]);
        }
        let mut schedule = Self {
            open: steps.iter().map(|step| step.after.len()).collect(),
            followers,
            weight,
            status: vec![Status::Waiting; steps.len()],
            ready: BinaryHeap::new(),
            running: 0,
            settled: 0,
            keys: HashMap::new(),
            busy: HashSet::new(),
            excluded: HashMap::new(),
        };
        for at in 0..steps.len() {
            if schedule.open[at] == 0 {
                schedule.ready_again(at);
            }
        }
        schedule
    }

    /// The most urgent ready step.
    pub(crate) fn pop(&mut self) -> Option<usize> {
        self.ready.pop().map(|(_, Reverse(at))| at)
    }

    /// Whether a step could start now.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// How many steps run.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// Whether every step has ended.
    pub(crate) fn is_done(&self) -> bool {
        self.settled == self.status.len()
    }

    /// Puts a step (back) into the queue.
    pub(crate) fn ready_again(&mut self, at: usize) {
        self.status[at] = Status::Ready;
        self.ready.push((self.weight[at], Reverse(at)));
    }

    /// A popped step waits for its inputs.
    pub(crate) fn wait(&mut self, at: usize) {
        self.status[at] = Status::Waiting;
    }

    /// Marks a popped step as running, unless one of its keys is taken; then it
    /// comes back when that key is free.
    pub(crate) fn take(&mut self, at: usize, keys: Vec<String>) -> bool {
        if let Some(taken) = keys.iter().find(|key| self.busy.contains(*key)) {
            self.excluded
                .entry(taken.clone())
                .or_default()
                .push_back(at);
            self.status[at] = Status::Waiting;
            return false;
        }
        self.busy.extend(keys.iter().cloned());
        self.keys.insert(at, keys);
        self.status[at] = Status::Running;
        self.running += 1;
        true
    }

    /// The step succeeded: its followers may become ready.
    pub(crate) fn finish(&mut self, at: usize) {
        self.end(at, Status::Done);
        for index in 0..self.followers.of_step(at).len() {
            let next = self.followers.of_step(at)[index] as usize;
            self.open[next] -= 1;
            if self.open[next] == 0 {
                self.ready_again(next);
            }
        }
    }

    /// The step did not succeed: what follows it stays where it is.
    pub(crate) fn release(&mut self, at: usize) {
        self.end(at, Status::Dropped);
    }

    fn end(&mut self, at: usize, status: Status) {
        if self.status[at] == Status::Running {
            self.running -= 1;
        }
        self.status[at] = status;
        self.settled += 1;
        for key in self.keys.remove(&at).unwrap_or_default() {
            self.busy.remove(&key);
            for waiting in self.excluded.remove(&key).unwrap_or_default() {
                self.ready_again(waiting);
            }
        }
    }

    /// Steps that were never started.
    pub(crate) fn unstarted(&self) -> Vec<usize> {
        let waits = |at: &usize| matches!(self.status[*at], Status::Waiting | Status::Ready);
        (0..self.status.len()).filter(waits).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Op;
    use lazuli_core::{Urn, Value};

    fn step(name: &str, after: &[usize]) -> Step {
        Step {
            urn: Urn::new("dev", "p", "", "t", name),
            op: Op::Create,
            id: None,
            location: None,
            changes: Vec::new(),
            reasons: Vec::new(),
            inputs: Value::Null,
            pending: Default::default(),
            after: after.to_vec(),
        }
    }

    fn seconds(_: usize, step: &Step) -> Duration {
        Duration::from_secs(if step.urn.name().starts_with("slow") {
            10
        } else {
            1
        })
    }

    #[test]
    fn the_longest_remaining_path_goes_first() {
        let steps = [step("a", &[]), step("b", &[]), step("slow", &[1])];
        let mut schedule = Schedule::new(&steps, seconds);
        assert_eq!(
            (schedule.pop(), schedule.pop(), schedule.pop()),
            (Some(1), Some(0), None)
        );
        assert!(schedule.take(1, Vec::new()));
        schedule.finish(1);
        assert_eq!(schedule.pop(), Some(2));
    }

    #[test]
    fn steps_with_a_common_key_run_one_after_the_other() {
        let steps = [step("a", &[]), step("b", &[])];
        let mut schedule = Schedule::new(&steps, seconds);
        let key = || vec!["vnet".to_owned()];
        let (first, second) = (schedule.pop().unwrap(), schedule.pop().unwrap());
        assert!(schedule.take(first, key()));
        assert!(!schedule.take(second, key()));
        assert!(!schedule.has_ready());
        schedule.finish(first);
        assert_eq!(schedule.pop(), Some(second));
        assert!(schedule.take(second, key()));
        schedule.finish(second);
        assert!(schedule.is_done());
    }

    #[test]
    fn what_follows_a_failed_step_never_starts() {
        let steps = [step("a", &[]), step("b", &[0])];
        let mut schedule = Schedule::new(&steps, seconds);
        let first = schedule.pop().unwrap();
        assert!(schedule.take(first, Vec::new()));
        schedule.release(first);
        assert_eq!(schedule.pop(), None);
        assert_eq!(schedule.unstarted(), [1]);
    }
}
