//! Resource types and their namespaces as records; [`super::providers`] has the table of them.

use http::StatusCode;
use serde_json::Value;

use super::shape::Shape;
use super::{Answer, Call};
use crate::conditions::Conditions;
use crate::wire::dialect::Dialect;
use crate::wire::errors::parent_not_found;
use crate::world::{Resource, World};

/// A handler either answers or refuses; both are answers.
pub(crate) type Handler = fn(&Call<'_>) -> Result<Answer, Answer>;
/// A handler of an action, given its name.
pub(crate) type Action = fn(&Call<'_>, &str) -> Result<Answer, Answer>;

/// A resource type: what it can do and how it looks. `None` means ARM answers that itself.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// What its body may hold, where that is data.
    pub(crate) shape: Option<&'static Shape>,
    pub(crate) put: Option<Handler>,
    pub(crate) patch: Option<Handler>,
    pub(crate) get: Option<Handler>,
    pub(crate) list: Option<Handler>,
    pub(crate) delete: Option<Handler>,
    pub(crate) action: Option<Action>,
    /// What GET adds to the stored body.
    pub(crate) view: Option<fn(&World, &mut Value)>,
    /// What the end of a create or update does, besides `Succeeded`.
    pub(crate) settle: Option<fn(&World, &Resource)>,
    /// What goes away before the resource.
    pub(crate) removing: Option<fn(&World, &Resource)>,
    /// What goes away with the resource, besides what lies below it.
    pub(crate) removed: Option<fn(&World, &Resource)>,
    /// The work that an operation does at its end, see `Effect::Run`.
    pub(crate) run: Option<fn(&World, &Conditions, &str)>,
    /// What the status address of an ended operation answers, where it is more than `Succeeded`.
    pub(crate) status: Option<fn(&World, &str) -> Answer>,
    /// How a request's body is read, where it may be more than JSON.
    pub(crate) read: Option<fn(&str) -> Option<Value>>,
    /// Whether everybody has their own, so that no scope is asked who may use it.
    pub(crate) is_own: bool,
}

impl Kind {
    pub(crate) const fn new(name: &'static str) -> Kind {
        Kind {
            name,
            shape: None,
            put: None,
            patch: None,
            get: None,
            list: None,
            delete: None,
            action: None,
            view: None,
            settle: None,
            removing: None,
            removed: None,
            run: None,
            status: None,
            read: None,
            is_own: false,
        }
    }
}

/// A namespace of resource types: what holds for all of them.
pub(crate) struct Namespace {
    pub(crate) name: &'static str,
    /// Its types, by family.
    pub(crate) kinds: &'static [&'static [Kind]],
    /// Api-versions, newest stable first, by what their types begin with; the longest beginning counts.
    pub(crate) versions: &'static [(&'static str, &'static [&'static str])],
    /// How its long-running operations are reported.
    pub(crate) dialects: &'static [&'static Dialect],
    /// Actions on the namespace itself, such as `checkNameAvailability`.
    pub(crate) action: Option<Action>,
    /// What GET answers for a resource that does not exist.
    pub(crate) missing: fn(&Call<'_>) -> Answer,
    /// Answers a request (`read`, `write`, `delete` or `action`) below a parent that does not exist.
    /// `None` when the handlers look for parents themselves: not everything on the path is a resource.
    pub(crate) missing_parent: Option<fn(&Call<'_>, &str, &str) -> Answer>,
    /// What every end of a create or update does to the resource.
    pub(crate) settling: Option<fn(&World, &mut Resource)>,
    /// Types that may stand below a group without `providers` and the namespace.
    pub(crate) short: &'static [&'static str],
}

impl Namespace {
    /// What most namespaces do; a namespace names what it does otherwise.
    pub(crate) const fn new(name: &'static str, kinds: &'static [&'static [Kind]]) -> Namespace {
        Namespace {
            name,
            kinds,
            versions: &[],
            dialects: &[],
            action: None,
            missing: |call| call.not_found(),
            missing_parent: Some(missing_parent),
            settling: None,
            short: &[],
        }
    }

    /// The api-versions that a type is offered in.
    pub(crate) fn versions_of(&self, kind: &str) -> &'static [&'static str] {
        let path = kind.split_once('/').map_or("", |(_, path)| path);
        let fitting = self
            .versions
            .iter()
            .filter(|(start, _)| path.starts_with(start));
        fitting
            .max_by_key(|(start, _)| start.len())
            .map_or(OTHER_VERSIONS, |(_, versions)| *versions)
    }
}

/// For namespaces whose versions are not listed.
const OTHER_VERSIONS: &[&str] = &["2024-11-01", "2023-12-01", "2022-09-01"];

/// ARM's own words about a parent that does not exist.
pub(crate) fn missing_parent(call: &Call<'_>, verb: &str, parent: &str) -> Answer {
    match verb {
        "write" | "delete" => parent_not_found(verb, &call.target.kind, parent),
        _ => call.not_found(),
    }
}

/// The answer of providers for which what lies below nothing is gone already.
pub(crate) fn gone_already() -> Answer {
    Answer::empty(StatusCode::NO_CONTENT)
}
