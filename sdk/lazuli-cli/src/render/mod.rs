//! Rendering: the same events as a live tree, as plain lines, or as JSON lines.
//!
//! [`plain`] is for logs and pipes, [`live`] for a terminal, [`json`] for
//! programs. What a person reads of a plan ([`plan_text`]), of an ending
//! ([`ending`]) and of a finding ([`report`]) is the same in the first two.

pub(crate) mod ending;
mod json;
mod live;
mod plain;
pub(crate) mod plan_text;
pub(crate) mod report;
pub(crate) mod survey;
pub(crate) mod value;
pub(crate) mod visible;
mod wire;
mod wrap;

#[cfg(test)]
pub(crate) mod sample;

use std::path::PathBuf;

use lazuli_engine::{EngineError, Event, Op, Operation, Summary};

use crate::CliError;
use crate::screen::Screen;

pub(crate) use json::JsonLines;
pub(crate) use live::LiveTree;
pub(crate) use plain::PlainLines;

/// Shows a run. One method for each thing that can happen to it.
pub(crate) trait Renderer: Send {
    /// The target is connected; the program is about to run.
    fn started(&mut self);
    /// The engine says something.
    fn event(&mut self, event: &Event);
    /// A question is about to be asked on the terminal.
    fn pause(&mut self) {}
    /// The run succeeded.
    fn finished(&mut self, summary: &Summary);
    /// The run ended badly.
    fn failed(&mut self, error: &EngineError, refusal: Option<&CliError>);
    /// The run could not begin.
    fn not_started(&mut self, error: &CliError);
}

/// What every renderer knows about the run.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) operation: Operation,
    pub(crate) project: String,
    pub(crate) stack: String,
    /// What people call the target; empty until it is connected.
    pub(crate) target: String,
    /// What to do after a successful `up`, see `Connection::hints`.
    pub(crate) hints: Vec<String>,
    /// How the user starts the program.
    pub(crate) invocation: String,
    /// Where the program's sources may be found, for quoting a line of them.
    pub(crate) folder: PathBuf,
    /// Show all inputs of new resources.
    pub(crate) details: bool,
    pub(crate) paint: Paint,
    /// Columns of the terminal, or of a page.
    pub(crate) width: usize,
}

impl Scene {
    /// The name of the operation on the command line.
    pub(crate) fn verb(&self) -> &'static str {
        self.operation.as_str()
    }

    /// `cargo run -- up`, with the stack where it is not the default one.
    pub(crate) fn command(&self, command: &str) -> String {
        match self.stack.as_str() {
            "dev" => format!("{} {command}", self.invocation),
            stack => format!("{} {command} --stack {stack}", self.invocation),
        }
    }

    /// The first line of a run.
    pub(crate) fn headline(&self) -> String {
        let (verb, project, stack) = (self.verb(), &self.project, &self.stack);
        let target = match self.target.as_str() {
            "" => String::new(),
            target => format!(" on {target}"),
        };
        format!("{verb} {project}, stack {stack}{target}")
    }
}

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    colour: bool,
}

impl Paint {
    pub(crate) fn new(colour: bool) -> Self {
        Self { colour }
    }

    pub(crate) fn is_colour(self) -> bool {
        self.colour
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// The sign of an operation in its colour: `+ ~ - ±`, `=` for imports, `?` for readings.
    pub(crate) fn glyph(self, op: Op) -> String {
        match op {
            Op::Create => self.green("+"),
            Op::Update => self.yellow("~"),
            Op::Delete => self.red("-"),
            Op::CreateReplacement | Op::DeleteReplaced => self.wrap("35", "±"),
            Op::Import => self.wrap("36", "="),
            Op::Read => self.dim("?"),
        }
    }
}

/// Chooses how to show a run.
pub(crate) fn renderer(scene: Scene, screen: &Screen, json: bool, logs: bool) -> Box<dyn Renderer> {
    if json {
        Box::new(JsonLines::new(scene, screen.clone()))
    } else if screen.is_terminal() && !logs {
        Box::new(LiveTree::new(
            scene,
            indicatif::ProgressDrawTarget::stdout(),
        ))
    } else {
        // Log lines on stderr would tear a live tree.
        Box::new(PlainLines::new(scene, screen.clone()))
    }
}
