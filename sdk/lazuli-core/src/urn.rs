//! The identity of a resource across runs: `urn:lazuli:STACK::PROJECT::PATH::TYPE::NAME`.
//!
//! PATH holds the scopes, components and ARM parents above the resource, joined
//! by `/` (empty at the top). A resource of the state that was declared under a
//! scope can therefore be recognised by its urn alone, which is what makes
//! deletes decidable while other scopes are still open.

use std::fmt;
use std::sync::Arc;

/// A parsed, cheap to clone urn. Ordered by its text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Urn(Arc<str>);

/// Why a text is not a urn, or a name cannot be part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrnError {
    /// A name that a urn cannot hold.
    #[error("{name:?} cannot be a name: {reason}")]
    Name {
        /// The name as given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A text that is not an urn at all.
    #[error("{0:?} is not a urn (urn:lazuli:STACK::PROJECT::PATH::TYPE::NAME)")]
    Text(String),
}

const PREFIX: &str = "urn:lazuli:";
const LONGEST_NAME: usize = 200;

impl Urn {
    /// Composes a urn from parts that were checked by [`check_name`].
    pub fn new(stack: &str, project: &str, path: &str, ty: &str, name: &str) -> Self {
        Self(format!("{PREFIX}{stack}::{project}::{path}::{ty}::{name}").into())
    }

    /// Parses the text form.
    ///
    /// # Errors
    /// [`UrnError::Text`] when the text has not the five parts of a urn.
    pub fn parse(text: &str) -> std::result::Result<Self, UrnError> {
        let parts = text
            .strip_prefix(PREFIX)
            .map(|rest| rest.split("::").collect::<Vec<_>>());
        match parts.as_deref() {
            Some([stack, project, _, ty, name])
                if ![stack, project, ty, name]
                    .iter()
                    .any(|part| part.is_empty()) =>
            {
                Ok(Self(text.into()))
            }
            _ => Err(UrnError::Text(text.to_owned())),
        }
    }

    fn part(&self, index: usize) -> &str {
        self.0[PREFIX.len()..]
            .split("::")
            .nth(index)
            .unwrap_or_default()
    }

    /// The stack's name.
    pub fn stack(&self) -> &str {
        self.part(0)
    }

    /// The project's name.
    pub fn project(&self) -> &str {
        self.part(1)
    }

    /// Scopes, components and parents above the resource, joined by `/`.
    pub fn path(&self) -> &str {
        self.part(2)
    }

    /// The resource's type, for example `Microsoft.Network/virtualNetworks`.
    pub fn ty(&self) -> &str {
        self.part(3)
    }

    /// The resource's logical name.
    pub fn name(&self) -> &str {
        self.part(4)
    }

    /// Path and name, the short form shown to people: `group/network/subnet`.
    pub fn address(&self) -> String {
        match self.path() {
            "" => self.name().to_owned(),
            path => format!("{path}/{}", self.name()),
        }
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the resource was declared at or below the scope of that path.
    pub fn is_under(&self, scope: &str) -> bool {
        let path = self.path();
        scope.is_empty()
            || path
                .strip_prefix(scope)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for Urn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Urn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks a name that becomes part of a urn: 1 to 200 characters, no `::`, `/`,
/// control characters or blanks at its ends. (Azure's own rules for a type's
/// names are the provider's to check.)
///
/// # Errors
/// [`UrnError::Name`] with the reason.
pub fn check_name(name: &str) -> std::result::Result<(), UrnError> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.chars().count() > LONGEST_NAME {
        "it is longer than 200 characters"
    } else if name.contains("::") {
        "it contains `::`, which separates the parts of a urn"
    } else if name.starts_with(':') || name.ends_with(':') {
        "it begins or ends with `:`, which separates the parts of a urn"
    } else if name.contains('/') {
        "it contains `/`, which separates scopes"
    } else if name.chars().any(char::is_control) {
        "it contains a control character"
    } else if name.trim() != name {
        "it begins or ends with a blank"
    } else {
        return Ok(());
    };
    Err(UrnError::Name {
        name: name.to_owned(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_survive_the_text_form() {
        let urn = Urn::new(
            "dev",
            "shop",
            "group/net",
            "Microsoft.Network/virtualNetworks/subnets",
            "apps",
        );
        let parsed = Urn::parse(urn.as_str()).unwrap();
        assert_eq!(
            (
                parsed.stack(),
                parsed.project(),
                parsed.path(),
                parsed.ty(),
                parsed.name()
            ),
            (
                "dev",
                "shop",
                "group/net",
                "Microsoft.Network/virtualNetworks/subnets",
                "apps"
            )
        );
        assert_eq!(parsed.address(), "group/net/apps");
    }

    #[test]
    fn texts_that_are_no_urns_are_refused() {
        for text in [
            "",
            "urn:lazuli:a",
            "urn:pulumi:a::b::c::d::e",
            "urn:lazuli:a::b::c::d",
            "urn:lazuli:::b::c::d::e",
        ] {
            assert!(Urn::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_that_would_break_a_urn_are_refused() {
        let long = "x".repeat(201);
        for name in ["", "a::b", ":a", "a:", "a/b", "a\n", " a", long.as_str()] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        for name in ["privatewebsite:lnx-v1", "privatelink.azurecr.io", "grüße"] {
            assert_eq!(check_name(name), Ok(()));
        }
    }

    #[test]
    fn scopes_match_whole_segments() {
        let urn = Urn::new("dev", "p", "web/dns", "t", "n");
        assert!(urn.is_under("") && urn.is_under("web") && urn.is_under("web/dns"));
        assert!(!urn.is_under("we") && !urn.is_under("web/dns/n"));
    }
}
