//! Edits of the state by hand: `state taint`, `unprotect`, `remove`, `move`.
//!
//! What an edit does is worked out of the state alone, so that it can be shown
//! and refused before anything is written; it is written as entries of the
//! journal like everything else. The cloud is never asked or changed.

use std::sync::Arc;

use lazuli_core::Urn;

use crate::error::EngineError;
use crate::journal::Journal;
use crate::state::{Entry, Resource, State};
use crate::store::Store;

/// What is to be done to a resource of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// The next `up` replaces it.
    Taint,
    /// It is not replaced after all.
    Untaint,
    /// It may be deleted and replaced.
    Unprotect,
    /// It is forgotten; the cloud keeps it.
    Remove {
        /// What depends on it is forgotten, too.
        dependents: bool,
    },
    /// It, and what lies under it, gets another place in the program.
    Move {
        /// The new place, or the whole new urn.
        to: String,
    },
}

/// What an edit does to one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The resource.
    pub urn: Urn,
    /// The cloud's id.
    pub id: String,
    /// How it is called afterwards, if it moves.
    pub to: Option<Urn>,
    entry: Entry,
}

impl Edit {
    /// `taint`, `untaint`, `unprotect`, `remove`, `move`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Taint => "taint",
            Self::Untaint => "untaint",
            Self::Unprotect => "unprotect",
            Self::Remove { .. } => "remove",
            Self::Move { .. } => "move",
        }
    }

    /// What the edit would do, resource by resource. `place` is a place in the
    /// program (`group/network`) or a urn.
    ///
    /// # Errors
    /// [`EngineError::Edit`] when there is no such resource, or the state would
    /// not be whole afterwards.
    pub fn on(&self, state: &State, place: &str) -> Result<Vec<Edited>, EngineError> {
        if let Some(in_flight) = state.in_flight.values().next() {
            let place = in_flight.resource.urn.address();
            let message = format!("{} of {place} was interrupted", in_flight.op.as_str());
            return Err(refused(
                message,
                "run `refresh` first: it settles what is in flight by reading the cloud",
            ));
        }
        let edited = match self {
            Self::Taint => change(state, place, |resource| resource.tainted = true),
            Self::Untaint => change(state, place, |resource| resource.tainted = false),
            Self::Unprotect => change(state, place, |resource| resource.protect = false),
            Self::Remove { dependents } => remove(state, place, *dependents),
            Self::Move { to } => moved(state, place, to),
        }?;
        let mut after = state.clone();
        for one in &edited {
            after
                .apply(&one.entry)
                .map_err(|illegal| refused(illegal.to_string(), "nothing was written"))?;
        }
        match after.problems().first() {
            Some(problem) if state.problems().is_empty() => Err(refused(
                format!("the state would not be whole afterwards: {problem}"),
                "nothing was written",
            )),
            _ => Ok(edited),
        }
    }

    /// Does what [`Edit::on`] said it would.
    ///
    /// # Errors
    /// [`EngineError::Edit`] when the state is another one by now, and the
    /// errors of the store.
    pub fn write(
        &self,
        store: &Store,
        actor: &str,
        place: &str,
        shown: &[Edited],
    ) -> Result<(), EngineError> {
        store.prepare()?;
        let _lock = store.lock(actor, &format!("state {}", self.as_str()))?;
        let mut journal = Journal::open(store)?;
        if self.on(journal.state(), place)? != shown {
            return Err(refused(
                "the state has changed since".to_owned(),
                "run the command again",
            ));
        }
        for one in shown {
            drop(journal.append(one.entry.clone()));
        }
        journal.close().map(drop)
    }
}

fn refused(message: String, help: &str) -> EngineError {
    EngineError::Edit {
        message,
        help: help.to_owned(),
    }
}

impl State {
    /// A resource by its place in the program, or by its urn.
    ///
    /// # Errors
    /// [`EngineError::Edit`] when there is none, or several have that place.
    pub fn find(&self, place: &str) -> Result<&Resource, EngineError> {
        let mut found = self
            .resources
            .values()
            .filter(|resource| resource.urn.as_str() == place || resource.urn.address() == place);
        match (found.next(), found.next()) {
            (Some(resource), None) => Ok(resource),
            (Some(_), Some(_)) => Err(refused(
                format!("several resources are at {place}"),
                "give the whole urn, as `state list` shows it",
            )),
            (None, _) => Err(refused(
                format!("the state has no resource at {place}"),
                "`state list` shows all of them",
            )),
        }
    }
}

fn noted(old: &Resource, resource: Resource) -> Edited {
    let from = (old.urn != resource.urn).then(|| old.urn.clone());
    Edited {
        urn: old.urn.clone(),
        id: old.id.clone(),
        to: from.is_some().then(|| resource.urn.clone()),
        entry: Entry::Noted {
            from,
            resource: Arc::new(resource),
        },
    }
}

fn change(
    state: &State,
    place: &str,
    change: impl Fn(&mut Resource),
) -> Result<Vec<Edited>, EngineError> {
    let old = state.find(place)?;
    let mut resource = old.clone();
    change(&mut resource);
    Ok(if resource == *old {
        Vec::new()
    } else {
        vec![noted(old, resource)]
    })
}

/// Forgets a resource and the old halves of its replacements.
fn remove(state: &State, place: &str, dependents: bool) -> Result<Vec<Edited>, EngineError> {
    let mut leaving = vec![&state.find(place)?.urn];
    let mut at = 0;
    while let Some(urn) = leaving.get(at).copied() {
        at += 1;
        let all = state.resources.values().chain(state.superseded.values());
        for other in all.filter(|other| other.edges().any(|edge| edge == urn)) {
            if leaving.contains(&&other.urn) {
                continue;
            }
            if !dependents {
                return Err(refused(
                    format!("{} depends on it", other.urn.address()),
                    "take that first, or give --dependents to forget all that depends on it",
                ));
            }
            leaving.push(&other.urn);
        }
    }
    let mut edited = Vec::new();
    for urn in leaving.into_iter().rev() {
        let old = state.superseded.values().filter(|old| old.urn == *urn);
        for resource in old.chain(state.resources.get(urn)) {
            if resource.protect {
                return Err(refused(
                    format!("{} is protected", urn.address()),
                    "`state unprotect` it first",
                ));
            }
            edited.push(Edited {
                urn: urn.clone(),
                id: resource.id.clone(),
                to: None,
                entry: Entry::Forgotten {
                    urn: urn.clone(),
                    id: resource.id.clone(),
                },
            });
        }
    }
    Ok(edited)
}

/// Moves a resource, or all that lies in a component or scope.
fn moved(state: &State, from: &str, to: &str) -> Result<Vec<Edited>, EngineError> {
    let own = state
        .resources
        .contains_key(&urn_of(from))
        .then(|| urn_of(from));
    let from_place = own.as_ref().map_or_else(|| from.to_owned(), Urn::address);
    let to_urn = Urn::parse(to).ok();
    let to_place = to_urn.as_ref().map_or_else(|| to.to_owned(), Urn::address);
    for segment in to_place.split('/') {
        lazuli_core::urn::check_name(segment).map_err(|problem| {
            refused(
                problem.to_string(),
                "choose another name; nothing was written",
            )
        })?;
    }
    let below = format!("{from_place}/");
    let mut edited = Vec::new();
    for old in state.resources.values() {
        let place = old.urn.address();
        let is_named = place == from_place && own.as_ref().is_none_or(|own| *own == old.urn);
        let rest = match place.strip_prefix(&below) {
            _ if is_named => "",
            Some(rest) => rest,
            None => continue,
        };
        let place = match rest {
            "" => to_place.clone(),
            rest => format!("{to_place}/{rest}"),
        };
        let (path, name) = place.rsplit_once('/').unwrap_or(("", &place));
        let urn = match &to_urn {
            Some(urn) if rest.is_empty() => urn.clone(),
            _ => Urn::new(old.urn.stack(), old.urn.project(), path, old.urn.ty(), name),
        };
        if urn == old.urn {
            continue;
        }
        if state.resources.contains_key(&urn) {
            return Err(refused(
                format!("there is a resource at {} already", urn.address()),
                "move or remove that one first",
            ));
        }
        edited.push(noted(
            old,
            Resource {
                urn,
                ..(**old).clone()
            },
        ));
    }
    if edited.is_empty() {
        state.find(from)?;
    }
    Ok(renamed(edited))
}

/// Entries carry whole resources: those that come later hold the new names of
/// what moved before them.
fn renamed(mut edited: Vec<Edited>) -> Vec<Edited> {
    let names: Vec<_> = edited
        .iter()
        .filter_map(|one| Some((one.urn.clone(), one.to.clone()?)))
        .collect();
    for one in &mut edited {
        if let Entry::Noted { resource, .. } = &mut one.entry {
            for (from, to) in &names {
                Arc::make_mut(resource).rename_edges(from, to);
            }
        }
    }
    edited
}

fn urn_of(text: &str) -> Urn {
    Urn::parse(text).unwrap_or_else(|_| Urn::new("", "", "", "", text))
}
