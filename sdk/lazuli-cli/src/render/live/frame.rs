//! One picture of the moving part: a line of totals, then what runs (with how
//! long and what the cloud says) and what waits (with what for), each under the
//! names it is declared under.

use std::time::{Duration, Instant};

use lazuli_core::Urn;
use lazuli_engine::{Event, Op, Plan};
use lazuli_picture::brief::span;

use crate::render::Paint;

/// How much room there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Window {
    pub(super) fn of_terminal() -> Self {
        let (rows, columns) = console::Term::stdout().size();
        Self {
            rows: usize::from(rows),
            columns: usize::from(columns),
        }
    }
}

#[derive(Debug)]
enum Progress {
    Waiting,
    Running { since: Instant, status: String },
    Over,
}

#[derive(Debug)]
struct Row {
    urn: Urn,
    op: Op,
    after: Vec<usize>,
    progress: Progress,
}

/// The steps of a wave and how far they are.
#[derive(Debug, Default)]
pub(super) struct Board {
    rows: Vec<Row>,
    begun: Option<Instant>,
}

impl Board {
    pub(super) fn new(plan: &Plan) -> Self {
        let rows = plan.steps.iter().map(|step| Row {
            urn: step.urn.clone(),
            op: step.op,
            after: step.after.clone(),
            progress: Progress::Waiting,
        });
        Self {
            rows: rows.collect(),
            begun: None,
        }
    }

    /// Takes in what happened.
    pub(super) fn event(&mut self, event: &Event, now: Instant) {
        match event {
            Event::StepStarted { urn, op } => {
                self.begun.get_or_insert(now);
                self.set(
                    urn,
                    Some(*op),
                    Progress::Running {
                        since: now,
                        status: String::new(),
                    },
                );
            }
            Event::StepStatus { urn, text } => self.status(urn, text),
            Event::StepDone { urn, op, .. } | Event::StepSkipped { urn, op, .. } => {
                self.set(urn, Some(*op), Progress::Over);
            }
            Event::StepUnchanged { urn } => self.set(urn, None, Progress::Over),
            Event::StepFailed { failure, .. } => {
                self.set(&failure.urn, Some(failure.op), Progress::Over)
            }
            _ => {}
        }
    }

    fn set(&mut self, urn: &Urn, op: Option<Op>, progress: Progress) {
        let wanted = |row: &&mut Row| row.urn == *urn && op.is_none_or(|op| row.op == op);
        if let Some(row) = self.rows.iter_mut().find(wanted) {
            row.progress = progress;
        }
    }

    fn status(&mut self, urn: &Urn, text: &str) {
        for row in self.rows.iter_mut().filter(|row| row.urn == *urn) {
            if let Progress::Running { status, .. } = &mut row.progress {
                text.clone_into(status);
            }
        }
    }

    fn is_over(&self, index: usize) -> bool {
        self.rows
            .get(index)
            .is_none_or(|row| matches!(row.progress, Progress::Over))
    }

    /// The picture. Running steps come before waiting ones where room is short.
    pub(super) fn frame(&self, now: Instant, window: Window, paint: Paint) -> String {
        let mut lines = vec![paint.bold(&self.totals(now))];
        // One row for the totals, one for what is left out, one for the cursor.
        let room = window.rows.saturating_sub(3).max(1);
        let chosen = self.chosen(room);
        let left_out = self
            .rows
            .iter()
            .filter(|row| !matches!(row.progress, Progress::Over))
            .count()
            - chosen.len();
        let mut above: Vec<&str> = Vec::new();
        for index in chosen {
            let row = &self.rows[index];
            let path: Vec<&str> = row
                .urn
                .path()
                .split('/')
                .filter(|name| !name.is_empty())
                .collect();
            let common = above.iter().zip(&path).take_while(|(a, b)| a == b).count();
            let header = path.get(common..).filter(|rest| !rest.is_empty());
            if let Some(rest) = header.filter(|_| lines.len() < room) {
                lines.push(format!(
                    "{}{}",
                    "  ".repeat(common + 1),
                    paint.dim(&rest.join("/"))
                ));
            }
            lines.push(format!(
                "{}{}",
                "  ".repeat(path.len() + 1),
                self.line(row, now, paint)
            ));
            above = path;
            above.push(row.urn.name());
        }
        if left_out > 0 {
            lines.push(paint.dim(&format!("  and {left_out} more")));
        }
        let fit = |line: &String| {
            console::truncate_str(line, window.columns.saturating_sub(1), "…").into_owned()
        };
        lines.iter().map(fit).collect::<Vec<_>>().join("\n")
    }

    fn totals(&self, now: Instant) -> String {
        let count = |test: fn(&Progress) -> bool| {
            self.rows.iter().filter(|row| test(&row.progress)).count()
        };
        let over = count(|progress| matches!(progress, Progress::Over));
        let running = count(|progress| matches!(progress, Progress::Running { .. }));
        let waiting = count(|progress| matches!(progress, Progress::Waiting));
        let time = since(self.begun.unwrap_or(now), now);
        format!(
            "{over} of {} done, {running} running, {waiting} waiting  {time}",
            self.rows.len()
        )
    }

    /// Positions of the rows to draw, in plan order.
    fn chosen(&self, room: usize) -> Vec<usize> {
        let of = |running: bool| {
            let rows = self.rows.iter().enumerate();
            rows.filter(move |(_, row)| match row.progress {
                Progress::Over => false,
                Progress::Running { .. } => running,
                Progress::Waiting => !running,
            })
        };
        let mut chosen: Vec<usize> = of(true)
            .chain(of(false))
            .map(|(index, _)| index)
            .take(room)
            .collect();
        chosen.sort_by_key(|index| (self.rows[*index].urn.address(), *index));
        chosen
    }

    fn line(&self, row: &Row, now: Instant, paint: Paint) -> String {
        let name = row.urn.name();
        match &row.progress {
            Progress::Running {
                since: begun,
                status,
            } => {
                let time = since(*begun, now);
                format!(
                    "{} {name}  {time}  {}",
                    paint.glyph(row.op),
                    paint.dim(status)
                )
                .trim_end()
                .to_owned()
            }
            _ => {
                let open = row.after.iter().filter(|index| !self.is_over(**index));
                let names: Vec<&str> = open
                    .filter_map(|index| self.rows.get(*index))
                    .map(|row| row.urn.name())
                    .collect();
                let waits = if names.is_empty() {
                    "is next".to_owned()
                } else {
                    format!("waits for {}", names.join(", "))
                };
                paint.dim(&format!("· {name}  {waits}"))
            }
        }
    }
}

fn since(begun: Instant, now: Instant) -> String {
    let passed = now.saturating_duration_since(begun);
    // Tenths of a second at most: more digits only flicker.
    span(Duration::from_millis(
        (passed.as_millis() / 100 * 100)
            .try_into()
            .unwrap_or(u64::MAX),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    fn board(now: Instant) -> Board {
        let mut board = Board::new(&sample::first());
        let rows: Vec<_> = board.rows.iter().map(|row| row.urn.clone()).collect();
        let later = now + Duration::from_secs(2);
        board.event(
            &Event::StepStarted {
                urn: rows[0].clone(),
                op: Op::Create,
            },
            now,
        );
        let done = Event::StepDone {
            urn: rows[0].clone(),
            op: Op::Create,
            id: "i".into(),
            duration: Duration::ZERO,
        };
        board.event(&done, later);
        board.event(
            &Event::StepStarted {
                urn: rows[1].clone(),
                op: Op::Create,
            },
            later,
        );
        board.event(
            &Event::StepStatus {
                urn: rows[1].clone(),
                text: "pulling the image".into(),
            },
            later,
        );
        board
    }

    #[test]
    fn running_steps_show_time_and_waiting_ones_their_reason() {
        let now = Instant::now();
        let window = Window {
            rows: 24,
            columns: 80,
        };
        let text = board(now).frame(now + Duration::from_secs(5), window, Paint::new(false));
        let expect = "1 of 3 done, 1 running, 1 waiting  5.0s\n  rg/web\n      + app  3.0s  pulling the image\n      \
                      · app-pulls  waits for app";
        assert_eq!(text, expect);
    }

    #[test]
    fn a_small_terminal_shows_what_runs() {
        let now = Instant::now();
        let window = Window {
            rows: 4,
            columns: 22,
        };
        let text = board(now).frame(now + Duration::from_secs(5), window, Paint::new(false));
        assert_eq!(
            text,
            "1 of 3 done, 1 runni…\n      + app  3.0s  p…\n  and 1 more"
        );
    }
}
