//! What is said to a person: a severity, a stable code, the resource, the location
//! in the user's program, the reason and the next step.

use std::cell::RefCell;
use std::panic::Location;
use std::sync::Arc;

use crate::Urn;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is stopped.
    Note,
    /// Probably not what was meant; nothing is stopped.
    Warning,
    /// Stops before anything is deployed.
    Error,
}

impl Severity {
    /// `note`, `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A location in the user's program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceLocation {
    /// File as the compiler names it; shared by places in the same file.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
}

thread_local! {
    /// The file of the last location: most programs have one or two.
    static LAST_FILE: RefCell<Arc<str>> = RefCell::new("".into());
}

impl SourceLocation {
    /// A line, from 1, of a file.
    pub fn new(file: &str, line: u32) -> Self {
        let file = LAST_FILE.with_borrow_mut(|last| {
            if **last != *file {
                *last = file.into();
            }
            last.clone()
        });
        Self { file, line }
    }
}

impl From<&Location<'_>> for SourceLocation {
    fn from(location: &Location<'_>) -> Self {
        Self::new(location.file(), location.line())
    }
}

impl std::fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Another location that a finding is about: the other side of a clash, the owner
/// of what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The resource there.
    pub urn: Urn,
    /// Where it is declared.
    pub location: SourceLocation,
    /// What it has to do with the finding, in a few words.
    pub text: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable code, for example `LZ1001`.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The resource it is about.
    pub urn: Option<Urn>,
    /// Where that resource is declared.
    pub location: Option<SourceLocation>,
    /// The next step.
    pub help: Option<String>,
    /// Other places that it is about.
    pub related: Vec<Related>,
    /// The address of the public documentation that the rule comes from.
    pub source: Option<&'static str>,
}

impl Diagnostic {
    /// An error with a code and a sentence.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            urn: None,
            location: None,
            help: None,
            related: Vec::new(),
            source: None,
        }
    }

    /// A warning with a code and a sentence.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// Names the resource.
    #[must_use]
    pub fn on(mut self, urn: &Urn) -> Self {
        self.urn = Some(urn.clone());
        self
    }

    /// Names the location in the program.
    #[must_use]
    pub fn at(mut self, location: impl Into<SourceLocation>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// Says the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names another resource that it is about.
    #[must_use]
    pub fn related(
        mut self,
        urn: &Urn,
        location: impl Into<SourceLocation>,
        text: impl Into<String>,
    ) -> Self {
        self.related.push(Related {
            urn: urn.clone(),
            location: location.into(),
            text: text.into(),
        });
        self
    }

    /// Names the public documentation that the rule comes from.
    #[must_use]
    pub fn source(mut self, url: &'static str) -> Self {
        self.source = Some(url);
        self
    }

    /// The finding as a note: somebody allowed it, for this reason.
    #[must_use]
    pub fn allowed(mut self, reason: &str) -> Self {
        self.severity = Severity::Note;
        self.message = format!("{} (allowed: {reason})", self.message);
        self
    }
}

/// A finding that the program allows, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The code, as written.
    pub code: String,
    /// Why.
    pub reason: String,
    /// Where the program says so.
    pub location: SourceLocation,
}
