//! ARM resource ids: the one name by which a resource is known before it exists.
//!
//! An id is a path of `type/name` pairs behind a scope. Azure compares ids without regard to case but hands back
//! whatever casing it was given last, so [`ResourceId`] keeps the text as it is and compares case-insensitively
//! (ARM contract). Nothing here does I/O.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ResourceType;

const RESOURCES_NAMESPACE: &str = "Microsoft.Resources";

/// The id of a subscription, a resource group, a resource, or an extension resource.
///
/// `Eq`, `Hash` and `Ord` ignore ASCII case; [`ResourceId::as_str`] gives the text back unchanged.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceId(String);

impl ResourceId {
    /// Reads an id.
    ///
    /// # Errors
    /// When the text is not the path of a subscription, a resource group, or a resource; the error says where it
    /// departs from the grammar.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        grammar(text).map_err(|reason| IdError {
            text: text.to_owned(),
            reason,
        })?;
        Ok(Self(text.to_owned()))
    }

    /// `/subscriptions/{subscription}`.
    ///
    /// # Errors
    /// When `subscription` cannot be a path segment.
    pub fn for_subscription(subscription: &str) -> Result<Self, IdError> {
        Self::parse(&format!("/subscriptions/{subscription}"))
    }

    /// `/subscriptions/{subscription}/resourceGroups/{group}`.
    ///
    /// # Errors
    /// When a name cannot be a path segment.
    pub fn for_group(subscription: &str, group: &str) -> Result<Self, IdError> {
        Self::parse(&format!(
            "/subscriptions/{subscription}/resourceGroups/{group}"
        ))
    }

    /// A resource inside a group: `resource_type` is the full type, `names` has one name for each of its segments.
    ///
    /// # Errors
    /// When the type is malformed, the number of names differs, or a name cannot be a path segment.
    pub fn in_group(
        subscription: &str,
        group: &str,
        resource_type: &str,
        names: &[&str],
    ) -> Result<Self, IdError> {
        Self::for_group(subscription, group)?.resource(resource_type, names)
    }

    /// A resource under this scope, written `{self}/providers/{namespace}/{type}/{name}...`.
    ///
    /// On a group or a subscription this is an ordinary resource, on a resource it is an extension (a role
    /// assignment, a lock, a diagnostic setting).
    ///
    /// # Errors
    /// When the type is malformed, the number of names differs, or a name cannot be a path segment.
    pub fn resource(&self, resource_type: &str, names: &[&str]) -> Result<Self, IdError> {
        let mut segments = resource_type.split('/');
        let namespace = segments.next().unwrap_or_default();
        let types: Vec<&str> = segments.collect();
        if types.len() != names.len() || types.is_empty() {
            let reason = IdProblem::NameCount {
                types: types.len(),
                names: names.len(),
            };
            return Err(IdError {
                text: format!("{resource_type} {names:?}"),
                reason,
            });
        }
        let mut text = format!("{self}/providers/{namespace}");
        for (kind, name) in types.iter().zip(names) {
            // A name with a slash would silently become another resource.
            segment(name).map_err(|reason| IdError {
                text: (*name).to_owned(),
                reason,
            })?;
            text.push_str(&format!("/{kind}/{name}"));
        }
        Self::parse(&text)
    }

    /// A role assignment under this scope.
    ///
    /// # Errors
    /// When `name` cannot be a path segment. Azure itself wants a GUID: see [`crate::role_assignment_name`].
    pub fn role_assignment(&self, name: &str) -> Result<Self, IdError> {
        self.resource("Microsoft.Authorization/roleAssignments", &[name])
    }

    /// The child `{self}/{type_segment}/{name}`, for example a subnet of a virtual network.
    ///
    /// # Errors
    /// When either part cannot be a path segment, or the result is not a resource.
    pub fn child(&self, type_segment: &str, name: &str) -> Result<Self, IdError> {
        for part in [type_segment, name] {
            segment(part).map_err(|reason| IdError {
                text: part.to_owned(),
                reason,
            })?;
        }
        Self::parse(&format!("{self}/{type_segment}/{name}"))
    }

    /// The id as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment: the resource's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The full type, such as `Microsoft.Network/virtualNetworks/subnets`.
    ///
    /// A group is a `Microsoft.Resources/resourceGroups`, a subscription a `Microsoft.Resources/subscriptions`.
    #[must_use]
    pub fn resource_type(&self) -> String {
        match self.provider_part() {
            Some(part) => {
                let mut segments = part.split('/');
                let namespace = segments.next().unwrap_or_default();
                segments
                    .step_by(2)
                    .fold(namespace.to_owned(), |text, kind| text + "/" + kind)
            }
            None if self.resource_group().is_some() => {
                format!("{RESOURCES_NAMESPACE}/resourceGroups")
            }
            None => format!("{RESOURCES_NAMESPACE}/subscriptions"),
        }
    }

    /// Whether the resource is of a type, whatever the casing of either.
    #[must_use]
    pub fn is_of(&self, resource_type: ResourceType<'_>) -> bool {
        resource_type == *self.resource_type()
    }

    /// The namespace of the provider that serves the resource, such as `Microsoft.Network`.
    #[must_use]
    pub fn provider_namespace(&self) -> &str {
        match self.provider_part() {
            Some(part) => part.split('/').next().unwrap_or_default(),
            None => RESOURCES_NAMESPACE,
        }
    }

    /// The subscription's id, absent for tenant-level resources.
    #[must_use]
    pub fn subscription(&self) -> Option<&str> {
        let mut segments = self.segments();
        let first = segments.next()?;
        first
            .eq_ignore_ascii_case("subscriptions")
            .then(|| segments.next())
            .flatten()
    }

    /// The resource group's name, if the resource lives in one.
    #[must_use]
    pub fn resource_group(&self) -> Option<&str> {
        let mut segments = self.segments().skip(2);
        let kind = segments.next()?;
        self.subscription()?;
        kind.eq_ignore_ascii_case("resourceGroups")
            .then(|| segments.next())
            .flatten()
    }

    /// What contains this resource: the parent resource, the extended resource, the group, or the subscription.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let segments: Vec<&str> = self.segments().collect();
        let keep = match last_provider_keyword(&segments) {
            Some(at) if segments.len() - at <= 4 => at,
            _ => segments.len() - 2,
        };
        (keep > 0).then(|| {
            Self(
                segments[..keep]
                    .iter()
                    .fold(String::new(), |text, s| text + "/" + s),
            )
        })
    }

    /// Whether `self` is `other` or lives somewhere below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        mine.len() >= theirs.len()
            && mine[..theirs.len()].eq_ignore_ascii_case(theirs)
            && matches!(mine.get(theirs.len()), None | Some(b'/'))
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &str> {
        self.0[1..].split('/')
    }

    /// What follows the last `/providers/` keyword: `Microsoft.X/type/name...`.
    fn provider_part(&self) -> Option<&str> {
        let segments: Vec<&str> = self.segments().collect();
        let at = last_provider_keyword(&segments)?;
        let skipped: usize = segments[..=at].iter().map(|s| s.len() + 1).sum();
        self.0.get(skipped + 1..)
    }
}

/// Where the last `providers` keyword is: keywords sit where a type would, so a resource may be named `providers`.
fn last_provider_keyword(segments: &[&str]) -> Option<usize> {
    (0..segments.len())
        .step_by(2)
        .rev()
        .find(|&at| segments[at].eq_ignore_ascii_case("providers"))
}

/// Checks the grammar; the keyword `providers` and its namespace form a pair like any other, so an id is pairs only.
fn grammar(text: &str) -> Result<(), IdProblem> {
    let path = text.strip_prefix('/').ok_or(IdProblem::NoLeadingSlash)?;
    let segments: Vec<&str> = path.split('/').collect();
    for part in &segments {
        segment(part)?;
    }
    if !segments.len().is_multiple_of(2) {
        return Err(IdProblem::Unpaired(segments[segments.len() - 1].to_owned()));
    }
    let pairs: Vec<(&str, &str)> = segments
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    scope_then_resources(&pairs)
}

fn scope_then_resources(pairs: &[(&str, &str)]) -> Result<(), IdProblem> {
    let is = |at: usize, keyword: &str| {
        pairs
            .get(at)
            .is_some_and(|(kind, _)| kind.eq_ignore_ascii_case(keyword))
    };
    let scope = match (is(0, "subscriptions"), is(1, "resourceGroups")) {
        (true, true) => 2,
        (true, false) => 1,
        (false, _) if is(0, "providers") => 0,
        (false, _) => return Err(IdProblem::UnknownRoot(pairs[0].0.to_owned())),
    };
    let rest = &pairs[scope..];
    match rest.first() {
        Some((kind, _)) if !kind.eq_ignore_ascii_case("providers") => {
            return Err(IdProblem::NoProvider((*kind).to_owned()));
        }
        _ => {}
    }
    for (at, (kind, namespace)) in rest.iter().enumerate() {
        if kind.eq_ignore_ascii_case("providers") {
            let followed = rest
                .get(at + 1)
                .is_some_and(|(next, _)| !next.eq_ignore_ascii_case("providers"));
            if !followed || !namespace.contains('.') {
                return Err(IdProblem::BareProvider((*namespace).to_owned()));
            }
        }
    }
    Ok(())
}

/// One path segment: not empty, no traversal, nothing that would end or escape the path.
fn segment(part: &str) -> Result<(), IdProblem> {
    if part.is_empty() {
        return Err(IdProblem::EmptySegment);
    }
    let forbidden = |c: char| matches!(c, '/' | '\\' | '?' | '#' | '%') || c.is_control();
    match part.chars().find(|&c| forbidden(c)) {
        Some(c) => Err(IdProblem::ForbiddenCharacter(c)),
        None if part == "." || part == ".." => Err(IdProblem::Traversal),
        None => Ok(()),
    }
}

/// Why a text is not an ARM id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an ARM resource id: {reason}")]
pub struct IdError {
    text: String,
    reason: IdProblem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum IdProblem {
    #[error("it must begin with `/`, as in `/subscriptions/{{id}}/resourceGroups/{{name}}`")]
    NoLeadingSlash,
    #[error("it has an empty segment (two slashes in a row, a slash at the end, or an empty name)")]
    EmptySegment,
    #[error("the character {0:?} cannot be part of a name")]
    ForbiddenCharacter(char),
    #[error("`.` and `..` cannot be names")]
    Traversal,
    #[error("segments come in pairs of type and name, and `{0}` has no partner")]
    Unpaired(String),
    #[error("it must begin with `/subscriptions/` or `/providers/`, not `/{0}/`")]
    UnknownRoot(String),
    #[error("expected `providers/{{namespace}}` before `{0}`")]
    NoProvider(String),
    #[error(
        "`providers/{0}` must be a namespace such as `Microsoft.Network`, followed by a type and a name"
    )]
    BareProvider(String),
    #[error("the type has {types} segment(s) but {names} name(s) were given")]
    NameCount { types: usize, names: usize },
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceId {}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // In pieces: a call for each byte is most of what an unoptimised lookup costs.
        let mut buffer = [0_u8; 64];
        for piece in self.0.as_bytes().chunks(buffer.len()) {
            let lowered = &mut buffer[..piece.len()];
            lowered.copy_from_slice(piece);
            lowered.make_ascii_lowercase();
            state.write(lowered);
        }
        state.write_u8(0xff);
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        let lowered = |text: &str| {
            text.bytes()
                .map(|b| b.to_ascii_lowercase())
                .collect::<Vec<_>>()
        };
        lowered(&self.0).cmp(&lowered(&other.0))
    }
}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceId({})", self.0)
    }
}

impl FromStr for ResourceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ResourceId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> Self {
        id.0
    }
}

#[cfg(test)]
#[path = "ids_tests.rs"]
mod tests;
