//! The order in which events are reported. Work goes on while the end of a step is
//! on its way to the disk; whoever listens hears of that end first.

use std::collections::VecDeque;

use crate::event::Event;

/// What is to be reported, in order.
#[derive(Default)]
pub(super) struct EventQueue {
    queue: VecDeque<Slot>,
}

enum Slot {
    Said(Event),
    /// The end of that step, once it is on disk.
    Awaited(usize),
}

impl EventQueue {
    /// A step ended; nothing that happens from now on is reported before that is.
    pub(super) fn expect(&mut self, at: usize) {
        self.queue.push_back(Slot::Awaited(at));
    }

    /// Something happened.
    pub(super) fn say(&mut self, event: Event, tell: &mut (dyn FnMut(Event) + Send)) {
        if self.queue.is_empty() {
            tell(event);
        } else {
            self.queue.push_back(Slot::Said(event));
        }
    }

    /// The end of a step is on disk.
    pub(super) fn recorded(
        &mut self,
        at: usize,
        event: Event,
        tell: &mut (dyn FnMut(Event) + Send),
    ) {
        let mut queue = self.queue.iter_mut();
        match queue.find(|told| matches!(told, Slot::Awaited(step) if *step == at)) {
            Some(told) => *told = Slot::Said(event),
            None => self.queue.push_back(Slot::Said(event)),
        }
        while let Some(Slot::Said(_)) = self.queue.front() {
            if let Some(Slot::Said(event)) = self.queue.pop_front() {
                tell(event);
            }
        }
    }

    /// Nothing more comes to the disk: the rest is reported, without such ends.
    pub(super) fn finish(&mut self, tell: &mut (dyn FnMut(Event) + Send)) {
        for told in self.queue.drain(..) {
            if let Slot::Said(event) = told {
                tell(event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_step_is_told_after_its_end() {
        let mut heard = Vec::new();
        let status = |text: &str| Event::StepStatus {
            urn: lazuli_core::Urn::new("dev", "p", "", "t", "a"),
            text: text.to_owned(),
        };
        let mut tell = |event: Event| {
            if let Event::StepStatus { text, .. } = event {
                heard.push(text);
            }
        };
        let mut event_queue = EventQueue::default();
        event_queue.say(status("1"), &mut tell);
        event_queue.expect(7);
        event_queue.expect(8);
        event_queue.say(status("4"), &mut tell);
        event_queue.recorded(8, status("3"), &mut tell);
        event_queue.recorded(7, status("2"), &mut tell);
        event_queue.expect(9);
        event_queue.say(status("5"), &mut tell);
        event_queue.finish(&mut tell);
        assert_eq!(heard, ["1", "2", "3", "4", "5"]);
    }
}
