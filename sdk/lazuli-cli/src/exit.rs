//! Exit codes: one for each kind of ending, so that scripts can tell them apart.

use std::process::ExitCode;

use lazuli_engine::EngineError;

/// How the program ended, as its caller sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Exit {
    /// Done as asked.
    Ok,
    /// Steps failed, or a page did not answer with success.
    Steps,
    /// The command line or the config file is wrong.
    Usage,
    /// The program or what it declares is wrong.
    Program,
    /// There are changes and `--expect-no-changes` was given.
    UnexpectedChanges,
    /// The plan was not approved.
    NotApproved,
    /// Somebody else works on the stack.
    Locked,
    /// The state cannot be read or written.
    State,
    /// The cloud cannot be reached, or refused to sign in.
    Cloud,
    /// Stopped by Ctrl-C.
    Stopped,
}

/// Every ending with the words that `--help` has for it, in order of their codes.
pub const EXITS: &[(Exit, &str)] = &[
    (Exit::Ok, "done as asked"),
    (Exit::Steps, "steps failed; what succeeded is recorded"),
    (Exit::Usage, "wrong command line or config file"),
    (
        Exit::Program,
        "the program failed, or checks found errors in what it declares",
    ),
    (
        Exit::UnexpectedChanges,
        "--expect-no-changes was given, but there are changes",
    ),
    (Exit::NotApproved, "the plan was not approved"),
    (Exit::Locked, "somebody else works on the stack"),
    (Exit::State, "the state cannot be read or written"),
    (
        Exit::Cloud,
        "the cloud cannot be reached, or signing in failed",
    ),
    (
        Exit::Stopped,
        "stopped by Ctrl-C; what succeeded is recorded",
    ),
];

impl Exit {
    /// The process exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Steps => 1,
            Self::Usage => 2,
            Self::Program => 3,
            Self::UnexpectedChanges => 4,
            Self::NotApproved => 5,
            Self::Locked => 6,
            Self::State => 7,
            Self::Cloud => 8,
            Self::Stopped => 130,
        }
    }

    /// The name that JSON output has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Steps => "steps",
            Self::Usage => "usage",
            Self::Program => "program",
            Self::UnexpectedChanges => "unexpected_changes",
            Self::NotApproved => "not_approved",
            Self::Locked => "locked",
            Self::State => "state",
            Self::Cloud => "cloud",
            Self::Stopped => "stopped",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<&EngineError> for Exit {
    fn from(error: &EngineError) -> Self {
        match error {
            EngineError::Program { .. } => Self::Program,
            EngineError::UnexpectedChanges { .. } | EngineError::OtherPlan { .. } => {
                Self::UnexpectedChanges
            }
            EngineError::Steps { failures, .. } if only_credentials(failures) => Self::Cloud,
            EngineError::Refused { .. } => Self::NotApproved,
            EngineError::Stopped { .. } => Self::Stopped,
            EngineError::Locked { .. } | EngineError::TakenOver { .. } => Self::Locked,
            EngineError::State { .. } => Self::State,
            EngineError::Edit { .. } => Self::Usage,
            _ => Self::Steps,
        }
    }
}

/// Whether nothing but signing in failed.
fn only_credentials(failures: &[lazuli_engine::Failure]) -> bool {
    let kind = lazuli_core::ProviderErrorKind::Credentials;
    !failures.is_empty() && failures.iter().all(|failure| failure.kind == kind)
}

/// The last part of `--help`.
pub(crate) fn help_text() -> String {
    let lines = EXITS
        .iter()
        .map(|(exit, words)| format!("  {:>3}  {words}", exit.code()));
    format!("Exit codes:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn codes_are_distinct_ordered_and_in_the_help() {
        let codes: Vec<u8> = EXITS.iter().map(|(exit, _)| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 130]);
        let help = help_text();
        for (exit, words) in EXITS {
            assert!(
                help.contains(&format!("{:>3}  {words}", exit.code())),
                "{help}"
            );
        }
    }

    #[test]
    fn each_engine_error_has_its_own_code() {
        let summary = Box::default;
        let check =
            |error: EngineError, code: u8| assert_eq!(Exit::from(&error).code(), code, "{error}");
        check(
            EngineError::Steps {
                failures: Vec::new(),
                summary: summary(),
            },
            1,
        );
        check(
            EngineError::Program {
                findings: Vec::new(),
                summary: summary(),
            },
            3,
        );
        check(EngineError::UnexpectedChanges { changes: 2 }, 4);
        check(EngineError::Refused { summary: summary() }, 5);
        check(
            EngineError::Locked {
                holder: "ann".into(),
                file: PathBuf::new(),
            },
            6,
        );
        check(
            EngineError::State {
                file: PathBuf::new(),
                message: "m".into(),
                help: "h".into(),
            },
            7,
        );
        check(
            EngineError::Stopped {
                summary: summary(),
                in_flight: 1,
            },
            130,
        );
    }
}
