//! What a provider can prove of a program before anything is deployed: that an
//! app will get what it needs, question by question.

use crate::{SourceLocation, Urn};

/// What is known of a question, or of a whole proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It holds.
    Holds,
    /// It does not, for certain.
    Broken,
    /// It does not as far as this program says; somebody else may have seen to it.
    Doubtful,
    /// It cannot be judged until something is known.
    Open,
    /// It is not asked: an earlier question is broken, or makes it needless.
    NotApplicable,
}

impl Status {
    /// `holds`, `broken`, `doubtful`, `open` or `moot`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::Doubtful => "doubtful",
            Self::Open => "open",
            Self::NotApplicable => "moot",
        }
    }

    /// Whether it does not hold, for certain or as far as one knows.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Broken | Self::Doubtful)
    }
}

/// One question of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofStep {
    /// The question, in a word: `dns`, `role`.
    pub question: &'static str,
    /// The answer.
    pub status: Status,
    /// What was found, in a sentence.
    pub detail: String,
    /// The code of the rule that is broken.
    pub code: Option<&'static str>,
    /// What to do.
    pub fix: Option<String>,
    /// The resource that the fix belongs to, and where it is declared.
    pub at: Option<(Urn, SourceLocation)>,
    /// The resource that was looked at.
    pub on: Option<Urn>,
    /// The way from the resource to what it needs leads through that one, instead
    /// of only depending on it.
    pub is_passed: bool,
}

/// A claim about a resource, and the questions that it comes down to, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The resource.
    pub urn: Urn,
    /// Where it is declared.
    pub location: SourceLocation,
    /// What it is to do, as what follows its name: `pulls contoso.azurecr.io/site:v1`.
    pub claim: String,
    /// What it leads to, where that is declared.
    pub target: Option<Urn>,
    /// The questions.
    pub steps: Vec<ProofStep>,
}

impl Proof {
    /// What the questions together say.
    #[must_use]
    pub fn status(&self) -> Status {
        let any = |status| self.steps.iter().any(|step| step.status == status);
        if any(Status::Broken) {
            Status::Broken
        } else if any(Status::Doubtful) {
            Status::Doubtful
        } else if any(Status::Open) {
            Status::Open
        } else {
            Status::Holds
        }
    }
}
