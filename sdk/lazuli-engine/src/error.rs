//! Why a run failed. Each variant asks for a different action by the user.

use std::path::{Path, PathBuf};

use lazuli_core::Diagnostic;

use crate::event::{Failure, Summary};
use crate::secrets::KeyError;

/// What to do where a file cannot be written.
pub(crate) const FREE_SPACE: &str = "free space or make the folder writable, then run the command again; what was in flight is settled then";

/// Why a run did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The program is wrong: its own error, findings of checks, duplicate names,
    /// a deadlock. Nothing (more) was touched.
    #[error("{}", in_short(.findings))]
    Program {
        /// All findings.
        findings: Vec<Diagnostic>,
        /// What was done before (in earlier waves).
        summary: Box<Summary>,
    },
    /// Steps failed. What succeeded is recorded.
    #[error("{} of the steps failed", .failures.len())]
    Steps {
        /// The failures, in order of time.
        failures: Vec<Failure>,
        /// What was done.
        summary: Box<Summary>,
    },
    /// `expect_no_changes` was asked for and there are changes. Nothing was touched.
    #[error("no changes were expected, but {changes} resources would change")]
    UnexpectedChanges {
        /// How many resources would change.
        changes: usize,
    },
    /// The plan is another one than the saved plan. Nothing was touched.
    #[error("the plan is not the one that was saved: {}", .differences.join("; "))]
    OtherPlan {
        /// How it differs, in sentences.
        differences: Vec<String>,
    },
    /// The plan was not approved. Nothing was touched.
    #[error("the plan was not approved")]
    Refused {
        /// What was done in earlier waves.
        summary: Box<Summary>,
    },
    /// The run was stopped from outside. What succeeded is recorded.
    #[error("the run was stopped")]
    Stopped {
        /// What was done.
        summary: Box<Summary>,
        /// Operations whose end was not awaited; the next run settles them.
        in_flight: usize,
    },
    /// Somebody else works on the stack.
    #[error("the stack is locked by {holder}")]
    Locked {
        /// Who, since when, doing what.
        holder: String,
        /// The lock's file.
        file: PathBuf,
    },
    /// The state cannot be edited like that. Nothing was written.
    #[error("{message}")]
    Edit {
        /// Why not.
        message: String,
        /// The next step.
        help: String,
    },
    /// A provider broke its contract.
    #[error("{message}")]
    Internal {
        /// What happened.
        message: String,
    },
    /// Somebody took the stack's lock over while this run held it.
    #[error("the lock of this stack was taken over by {by}; this run writes nothing more")]
    TakenOver {
        /// Who has it now, or had it since.
        by: String,
    },
    /// The state cannot be read or written.
    #[error("{file}: {message}", file = .file.display())]
    State {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the line where that helps.
        message: String,
        /// The next step.
        help: String,
    },
}

fn in_short(findings: &[Diagnostic]) -> String {
    match findings {
        [one] => one.message.clone(),
        several => format!("the program has {} problems", several.len()),
    }
}

/// What a run did before it failed is added at its end, by `with_summary`.
impl EngineError {
    pub(crate) fn program(findings: Vec<Diagnostic>) -> Self {
        Self::Program {
            findings,
            summary: Box::default(),
        }
    }

    pub(crate) fn steps(failures: Vec<Failure>) -> Self {
        Self::Steps {
            failures,
            summary: Box::default(),
        }
    }

    pub(crate) fn refused() -> Self {
        Self::Refused {
            summary: Box::default(),
        }
    }

    pub(crate) fn stopped(in_flight: usize) -> Self {
        Self::Stopped {
            summary: Box::default(),
            in_flight,
        }
    }

    /// The error with what was done before, where anything can have been.
    pub(crate) fn with_summary(mut self, done: Summary) -> Self {
        match &mut self {
            Self::Program { summary, .. }
            | Self::Steps { summary, .. }
            | Self::Refused { summary }
            | Self::Stopped { summary, .. } => **summary = done,
            _ => {}
        }
        self
    }

    /// The data key of a stack cannot be had.
    pub(crate) fn key(file: PathBuf, error: KeyError) -> Self {
        Self::State {
            file,
            message: error.message,
            help: error.help,
        }
    }

    /// A file of the state cannot be written.
    pub(crate) fn unwritable(file: &Path, cause: &std::io::Error) -> Self {
        Self::State {
            file: file.to_owned(),
            message: format!("it cannot be written: {cause}"),
            help: FREE_SPACE.into(),
        }
    }

    /// What was done before it came to that, where anything can have been.
    pub fn summary(&self) -> Option<&Summary> {
        match self {
            Self::Program { summary, .. }
            | Self::Steps { summary, .. }
            | Self::Refused { summary }
            | Self::Stopped { summary, .. } => Some(summary),
            _ => None,
        }
    }
}
