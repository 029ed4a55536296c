//! Which resources a run is about: `--target`, `--exclude`, `--replace`.
//!
//! A pattern names a resource by its place (`group/network/subnet`) or its whole
//! urn. `*` stands for anything within a segment, `**` for any number of
//! segments. The name of a component or scope stands for everything in it.

use globset::{GlobBuilder, GlobMatcher};
use lazuli_core::Urn;

/// One pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    glob: GlobMatcher,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Why it is none, in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(text)
            .literal_separator(true)
            .backslash_escape(false)
            .build()
            .map_err(|cause| format!("{text:?} is not a pattern: {}", cause.kind()))?;
        Ok(Self {
            text: text.to_owned(),
            glob: glob.compile_matcher(),
        })
    }

    /// The pattern as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it names exactly this resource.
    pub fn names(&self, urn: &Urn) -> bool {
        self.text == urn.as_str() || self.names_place(&urn.address())
    }

    fn names_place(&self, place: &str) -> bool {
        self.text == place || self.glob.is_match(place)
    }

    /// Whether it names this resource, or a group around it.
    fn covers(&self, urn: &Urn, is_resource: &dyn Fn(&str) -> bool) -> bool {
        self.names(urn)
            || ancestors(urn).any(|place| !is_resource(place) && self.names_place(place))
    }

    fn covers_any_ancestor(&self, urn: &Urn) -> bool {
        self.names(urn) || ancestors(urn).any(|place| self.names_place(place))
    }
}

/// Places above a resource, outermost first.
fn ancestors(urn: &Urn) -> impl Iterator<Item = &str> {
    let path = urn.path();
    let ends = path.match_indices('/').map(|(at, _)| at);
    let whole = (!path.is_empty()).then_some(path.len());
    ends.chain(whole).map(move |end| &path[..end])
}

/// What a run is about; everything by default.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only these; empty for all.
    pub targets: Vec<Pattern>,
    /// Not these, nor what lies in them.
    pub excludes: Vec<Pattern>,
    /// Targets bring what depends on them along.
    pub target_dependents: bool,
    /// Replace these, whatever differs.
    pub replace: Vec<Pattern>,
}

impl Selection {
    /// Whether the run is about everything.
    pub fn is_everything(&self) -> bool {
        self.targets.is_empty() && self.excludes.is_empty()
    }

    /// Whether a resource is selected by name; `is_resource` distinguishes resources
    /// from components and scopes by their place.
    pub(crate) fn selects(&self, urn: &Urn, is_resource: &dyn Fn(&str) -> bool) -> bool {
        let targeted = self.targets.is_empty()
            || self
                .targets
                .iter()
                .any(|pattern| pattern.covers(urn, is_resource));
        targeted && !self.excludes(urn)
    }

    /// Whether a resource is left out by name.
    pub(crate) fn excludes(&self, urn: &Urn) -> bool {
        let mut patterns = self.excludes.iter();
        patterns.any(|pattern| pattern.covers_any_ancestor(urn))
    }

    /// Whether a replacement was asked for.
    pub(crate) fn replaces(&self, urn: &Urn) -> bool {
        self.replace.iter().any(|pattern| pattern.names(urn))
    }

    /// Patterns that name nothing.
    pub(crate) fn unmatched<'a>(&'a self, urns: &[&Urn]) -> Vec<&'a Pattern> {
        let all = self
            .targets
            .iter()
            .chain(&self.excludes)
            .chain(&self.replace);
        all.filter(|pattern| !urns.iter().any(|urn| pattern.covers_any_ancestor(urn)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urn(path: &str, name: &str) -> Urn {
        Urn::new("dev", "p", path, "t", name)
    }

    fn check(pattern: &str, path: &str, name: &str, expect: bool) {
        let selection = Selection {
            targets: vec![Pattern::parse(pattern).unwrap()],
            ..Selection::default()
        };
        let is_resource = |place: &str| place == "group" || place == "group/network";
        assert_eq!(
            selection.selects(&urn(path, name), &is_resource),
            expect,
            "{pattern} {path}/{name}"
        );
    }

    #[test]
    fn places_urns_groups_and_wildcards_select() {
        check("group", "", "group", true);
        check("group", "group", "network", false);
        check("group/**", "group/network", "subnet", true);
        check("group/*", "group/network", "subnet", false);
        check("app", "app", "site", true);
        check("app", "app/slot", "x", true);
        check("*", "app", "site", true);
        check("urn:lazuli:dev::p::a::t::b", "a", "b", true);
        check("site", "app", "site", false);
    }

    #[test]
    fn what_lies_in_something_excluded_is_excluded() {
        let selection = Selection {
            excludes: vec![Pattern::parse("group/network").unwrap()],
            ..Selection::default()
        };
        assert!(selection.excludes(&urn("group/network", "subnet")));
        assert!(!selection.excludes(&urn("", "group")));
    }

    #[test]
    fn nonsense_is_refused_and_idle_patterns_are_named() {
        assert!(Pattern::parse("a[").unwrap_err().contains("\"a[\""));
        let selection = Selection {
            targets: vec![Pattern::parse("a").unwrap(), Pattern::parse("zz").unwrap()],
            ..Selection::default()
        };
        let (a, b) = (urn("", "a"), urn("", "b"));
        let idle: Vec<_> = selection
            .unmatched(&[&a, &b])
            .iter()
            .map(|p| p.as_str())
            .collect();
        assert_eq!(idle, ["zz"]);
    }
}
