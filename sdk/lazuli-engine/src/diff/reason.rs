//! Why a resource changes: each reason names the property, where its value comes
//! from, and the upstream resource behind it.

use std::fmt;

use lazuli_core::Urn;

/// One reason of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The dotted input path it is about, if it is about one.
    pub path: Option<String>,
    /// What is behind it.
    pub because: Because,
}

/// What is behind a step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Because {
    /// The program declares something else than last time.
    Declared,
    /// The value comes from a resource that this plan changes.
    From(Urn),
    /// The value comes from a resource that this plan replaces.
    FromReplaced(Urn),
    /// It lies in a resource that is replaced.
    Inside(Urn),
    /// `replace_with` names a resource that is replaced.
    ReplacedWith(Urn),
    /// `deleted_with` names a resource that is replaced.
    DeletedWith(Urn),
    /// The value of its replacement trigger differs.
    Trigger,
    /// It gets another id.
    NewId(String),
    /// Another provider serves it now.
    NewProvider(String),
    /// It was asked for on the command line.
    Asked,
    /// `state taint` asked for it.
    Tainted,
    /// Its last operation was interrupted or left it unhealthy.
    Interrupted,
    /// An earlier run replaced it and did not come to deleting the old one.
    ReplacedEarlier,
    /// It is not declared any more.
    NotDeclared,
    /// The stack is destroyed.
    Destroyed,
    /// It is deleted with that resource; no request is sent.
    GoneWith(Urn),
    /// The cloud keeps it: `retain_on_delete`.
    Retained,
    /// It stands on a resource that has to go first, and may be declared again later.
    InTheWay(Urn),
}

impl Reason {
    pub(crate) fn new(because: Because) -> Self {
        Self {
            path: None,
            because,
        }
    }

    pub(crate) fn at(path: &str, because: Because) -> Self {
        Self {
            path: Some(path.to_owned()),
            because,
        }
    }

    /// The resource whose own step is the next link of the chain.
    pub fn upstream(&self) -> Option<&Urn> {
        match &self.because {
            Because::From(urn)
            | Because::FromReplaced(urn)
            | Because::Inside(urn)
            | Because::ReplacedWith(urn)
            | Because::DeletedWith(urn)
            | Because::GoneWith(urn)
            | Because::InTheWay(urn) => Some(urn),
            _ => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "`{path}` ")?;
        }
        match (&self.because, &self.path) {
            (Because::Declared, _) => f.write_str("is declared differently"),
            (Because::From(urn), _) => write!(f, "comes from {}", urn.address()),
            (Because::FromReplaced(urn), _) => {
                write!(f, "comes from {}, which is replaced", urn.address())
            }
            (Because::Inside(urn), _) => {
                write!(f, "it lies in {}, which is replaced", urn.address())
            }
            (Because::ReplacedWith(urn), _) => {
                write!(f, "it is replaced with {}", urn.address())
            }
            (Because::DeletedWith(urn), _) => {
                write!(f, "it is deleted with {}, which is replaced", urn.address())
            }
            (Because::Trigger, _) => f.write_str("its replacement trigger differs"),
            (Because::NewId(id), _) => write!(f, "its id becomes {id}"),
            (Because::NewProvider(name), _) => write!(f, "it is served by {name} now"),
            (Because::Asked, _) => f.write_str("asked for"),
            (Because::Tainted, _) => f.write_str("it is tainted"),
            (Because::Interrupted, _) => {
                f.write_str("its last operation was interrupted or left it unhealthy")
            }
            (Because::ReplacedEarlier, _) => f.write_str("it was replaced earlier"),
            (Because::NotDeclared, _) => f.write_str("it is not declared any more"),
            (Because::Destroyed, _) => f.write_str("the stack is destroyed"),
            (Because::GoneWith(urn), _) => {
                write!(f, "the cloud deletes it with {}", urn.address())
            }
            (Because::Retained, _) => f.write_str("kept in the cloud (retain_on_delete)"),
            (Because::InTheWay(urn), _) => write!(
                f,
                "{} has to be deleted first; this is created again if the program declares it",
                urn.address()
            ),
        }
    }
}
