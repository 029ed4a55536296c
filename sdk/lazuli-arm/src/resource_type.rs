//! The types of resources, compared as ARM compares them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A resource type such as `Microsoft.Network/virtualNetworks/subnets`.
///
/// `Eq`, `Hash` and `Ord` ignore ASCII case, as ARM does (ARM contract); [`ResourceType::as_str`] gives the text back
/// unchanged. A borrowed text, so that the type of an id, of a declaration or of a record costs nothing to name.
#[derive(Clone, Copy)]
pub struct ResourceType<'a>(&'a str);

impl<'a> ResourceType<'a> {
    /// The type of that name. The text is not checked: a type that nobody serves equals no other.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The text as it was given.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// The type of what contains such a resource: `Microsoft.Network/virtualNetworks` of its subnets. None for a type
    /// that is not a child of another.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        let (above, _) = self.0.rsplit_once('/')?;
        above.contains('/').then_some(Self(above))
    }

    /// The last part: `subnets`.
    #[must_use]
    pub fn last_segment(self) -> &'a str {
        self.0.rsplit('/').next().unwrap_or(self.0)
    }

    /// The namespace of the provider that serves it: `Microsoft.Network`.
    #[must_use]
    pub fn namespace(self) -> &'a str {
        self.0.split('/').next().unwrap_or(self.0)
    }

    fn letters(self) -> impl Iterator<Item = u8> + 'a {
        self.0.bytes().map(|letter| letter.to_ascii_lowercase())
    }
}

impl<'a> From<&'a str> for ResourceType<'a> {
    fn from(text: &'a str) -> Self {
        Self(text)
    }
}

impl PartialEq for ResourceType<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for ResourceType<'_> {}

impl PartialEq<str> for ResourceType<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl PartialEq<&str> for ResourceType<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl Ord for ResourceType<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.letters().cmp(other.letters())
    }
}

impl PartialOrd for ResourceType<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for ResourceType<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for letter in self.letters() {
            state.write_u8(letter);
        }
        state.write_u8(0xff);
    }
}

impl fmt::Display for ResourceType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for ResourceType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const SUBNET: ResourceType<'static> =
        ResourceType::new("Microsoft.Network/virtualNetworks/subnets");

    #[test]
    fn casing_is_no_difference() {
        let other = ResourceType::new("microsoft.network/VIRTUALNETWORKS/subnets");
        assert_eq!(SUBNET, other);
        assert_eq!(SUBNET, *other.as_str());
        assert_eq!(SUBNET.cmp(&other), Ordering::Equal);
        assert_eq!(HashSet::from([SUBNET, other]).len(), 1);
        assert_eq!(
            other.to_string(),
            "microsoft.network/VIRTUALNETWORKS/subnets"
        );
        assert_ne!(Some(SUBNET), SUBNET.parent());
    }

    #[test]
    fn a_type_has_a_namespace_a_parent_and_a_last_part() {
        let network = SUBNET.parent().unwrap();
        assert_eq!(network, "microsoft.network/virtualnetworks");
        assert_eq!(network.parent(), None);
        assert_eq!(SUBNET.last_segment(), "subnets");
        assert_eq!(network.namespace(), "Microsoft.Network");
    }
}
