//! What goes wrong outside of the engine: arguments, files, the way to a cloud.

use lazuli_engine::EngineError;

use crate::exit::Exit;

/// An error with the kind that decides the exit code, and the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CliError {
    exit: Exit,
    message: String,
    help: Option<String>,
}

impl CliError {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            help: None,
        }
    }

    /// The command line, a config file or a named thing in it is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Something asked of a running world failed: a page, a log.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Steps, message)
    }

    /// A file that keeps state cannot be read or written.
    pub fn state(message: impl Into<String>) -> Self {
        Self::new(Exit::State, message)
    }

    /// The cloud cannot be reached, or refused to sign in.
    pub fn cloud(message: impl Into<String>) -> Self {
        Self::new(Exit::Cloud, message)
    }

    /// Nobody agreed to it.
    pub(crate) fn not_approved(message: impl Into<String>) -> Self {
        Self::new(Exit::NotApproved, message)
    }

    /// Ctrl-C was heard before anything was begun.
    pub(crate) fn stopped() -> Self {
        Self::new(Exit::Stopped, "stopped before anything was touched")
    }

    /// Says the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The kind of ending.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// What failed and why.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The next step, if one is known.
    pub fn next_step(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

/// Errors of the engine outside of a run.
impl From<&EngineError> for CliError {
    fn from(error: &EngineError) -> Self {
        let plain = Self::new(Exit::from(error), error.to_string());
        match error {
            EngineError::State { help, .. } | EngineError::Edit { help, .. } => plain.help(help),
            EngineError::Locked { file, .. } => {
                // The lock of a folder is the operating system's.
                let way = match file.to_string_lossy().contains("://") {
                    true => "`state unlock` takes the lock away from a dead process",
                    false => "ending that process frees the lock at once",
                };
                plain.help(format!(
                    "wait until it is done, then run the command again; `state lock` shows who works on the stack; {way}"
                ))
            }
            EngineError::TakenOver { .. } => plain.help(
                "wait until it is done, then run the command again; `state lock` shows who works on the stack",
            ),
            _ => plain,
        }
    }
}

impl std::fmt::Display for CliError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CliError {}
