//! Which entry may follow. One match of the status of an operation and an entry
//! decides; whatever it refuses is named and changes nothing.

use lazuli_core::Urn;

use super::{Entry, InFlight, Outcome, Resource, State};
use crate::op::Op;

/// Why an entry cannot follow what was recorded before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Illegal {
    /// An operation starts that has started and not ended.
    #[error("operation {0} starts, but it is open already")]
    StartedTwice(u64),
    /// A token of an operation that is not open.
    #[error("operation {0} is accepted, but it is not open")]
    AcceptedUnopened(u64),
    /// The end of an operation that is not open.
    #[error("operation {0} ends, but it is not open")]
    EndedUnopened(u64),
    /// An operation cannot leave that.
    #[error("operation {operation} ({op}) cannot end with `{outcome}`", op = .op.as_str())]
    WrongOutcome {
        /// The operation's number.
        operation: u64,
        /// What was being done.
        op: Op,
        /// How it is said to have ended.
        outcome: &'static str,
    },
    /// An operation ends with another resource than it started with.
    #[error("operation {operation} started with {started} and ends with {ended}")]
    OtherResource {
        /// The operation's number.
        operation: u64,
        /// The resource in flight.
        started: Urn,
        /// The resource that it is said to have left.
        ended: Urn,
    },
    /// A resource moves from where none is.
    #[error("{0} moves, but it is not recorded")]
    MovedFromNowhere(Urn),
    /// A resource moves to where another one is.
    #[error("{from} moves to {to}, where another resource is recorded")]
    MovedOntoAnother {
        /// Its former urn.
        from: Urn,
        /// The urn that is taken.
        to: Urn,
    },
    /// A resource is forgotten that is not recorded.
    #[error("{urn} ({id}) is forgotten, but it is not recorded")]
    ForgottenUnknown {
        /// The resource.
        urn: Urn,
        /// Its id.
        id: String,
    },
}

impl State {
    /// Applies one entry. This is the only way in which a state changes.
    ///
    /// # Errors
    /// See [`Illegal`]; the state is as it was then.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Illegal> {
        self.permits(entry)?;
        self.fold(entry);
        Ok(())
    }

    /// Whether an entry may follow.
    fn permits(&self, entry: &Entry) -> Result<(), Illegal> {
        let status = entry
            .operation()
            .and_then(|number| self.in_flight.get(&number));
        match (status, entry) {
            (None, Entry::Started { .. })
            | (Some(_), Entry::Accepted { .. })
            | (_, Entry::Noted { from: None, .. } | Entry::Exports { .. }) => Ok(()),
            (Some(_), Entry::Started { operation, .. }) => Err(Illegal::StartedTwice(*operation)),
            (None, Entry::Accepted { operation, .. }) => Err(Illegal::AcceptedUnopened(*operation)),
            (None, Entry::Ended { operation, .. }) => Err(Illegal::EndedUnopened(*operation)),
            (Some(open), Entry::Ended { operation, outcome }) => open.may_end(*operation, outcome),
            (
                _,
                Entry::Noted {
                    from: Some(from),
                    resource,
                },
            ) => match (self.resources.get(from), self.resources.get(&resource.urn)) {
                (None, _) => Err(Illegal::MovedFromNowhere(from.clone())),
                (Some(_), Some(taken)) if taken.id != resource.id => {
                    Err(Illegal::MovedOntoAnother {
                        from: from.clone(),
                        to: resource.urn.clone(),
                    })
                }
                (Some(_), _) => Ok(()),
            },
            (_, Entry::Forgotten { urn, id }) => {
                if self.holds(urn, id) {
                    Ok(())
                } else {
                    Err(Illegal::ForgottenUnknown {
                        urn: urn.clone(),
                        id: id.clone(),
                    })
                }
            }
        }
    }

    fn holds(&self, urn: &Urn, id: &str) -> bool {
        let living = self.resources.get(urn);
        living.is_some_and(|living| living.id.eq_ignore_ascii_case(id))
            || self.superseded.contains_key(id)
    }
}

impl InFlight {
    fn may_end(&self, operation: u64, outcome: &Outcome) -> Result<(), Illegal> {
        match (self.op, outcome) {
            (
                Op::Create | Op::CreateReplacement | Op::Update | Op::Import,
                Outcome::Is(resource),
            )
            | (Op::CreateReplacement | Op::Import, Outcome::Superseded(resource)) => {
                if resource.urn == self.resource.urn {
                    return Ok(());
                }
                Err(Illegal::OtherResource {
                    operation,
                    started: self.resource.urn.clone(),
                    ended: resource.urn.clone(),
                })
            }
            (_, Outcome::Nothing)
            | (Op::Update | Op::Delete | Op::DeleteReplaced, Outcome::Gone) => Ok(()),
            (op, outcome) => Err(Illegal::WrongOutcome {
                operation,
                op,
                outcome: outcome.as_str(),
            }),
        }
    }
}

impl Entry {
    /// Number of the operation that it is about.
    pub fn operation(&self) -> Option<u64> {
        match self {
            Self::Started { operation, .. }
            | Self::Accepted { operation, .. }
            | Self::Ended { operation, .. } => Some(*operation),
            Self::Noted { .. } | Self::Forgotten { .. } | Self::Exports { .. } => None,
        }
    }
}

impl Outcome {
    /// The resource that it left.
    pub fn resource(&self) -> Option<&Resource> {
        match self {
            Self::Is(resource) | Self::Superseded(resource) => Some(resource),
            Self::Gone | Self::Nothing => None,
        }
    }

    /// `is`, `superseded`, `gone` or `nothing`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Is(_) => "is",
            Self::Superseded(_) => "superseded",
            Self::Gone => "gone",
            Self::Nothing => "nothing",
        }
    }
}
