//! Former identities of a resource: how it keeps its place in the cloud when the
//! program renames or moves it.

use crate::urn::Urn;

/// A urn that the resource had before. Parts that are not given are those of
/// the resource as it is declared now.
///
/// ```
/// use lazuli_core::{Alias, Options};
/// // It was called `web`, and lay at the top of the program.
/// let options = Options::new().aliases([Alias::name("web").and_path("")]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alias {
    urn: Option<Urn>,
    name: Option<String>,
    ty: Option<String>,
    path: Option<String>,
    stack: Option<String>,
    project: Option<String>,
}

impl Alias {
    /// It had exactly this urn.
    pub fn urn(urn: Urn) -> Self {
        Self {
            urn: Some(urn),
            ..Self::default()
        }
    }

    /// It had another logical name.
    pub fn name(name: impl Into<String>) -> Self {
        Self::default().and_name(name)
    }

    /// It was declared elsewhere: scopes, components and parents above it,
    /// joined by `/`; empty for the top.
    pub fn path(path: impl Into<String>) -> Self {
        Self::default().and_path(path)
    }

    /// It had another type (an older name of the same kind of resource).
    pub fn ty(ty: impl Into<String>) -> Self {
        Self {
            ty: Some(ty.into()),
            ..Self::default()
        }
    }

    /// It was in a stack of another name, or in another project.
    pub fn stack(stack: impl Into<String>, project: impl Into<String>) -> Self {
        Self {
            stack: Some(stack.into()),
            project: Some(project.into()),
            ..Self::default()
        }
    }

    /// Adds another name.
    #[must_use]
    pub fn and_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds another place, see [`Alias::path`].
    #[must_use]
    pub fn and_path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The urn that this alias means for a resource that is now called `now`
    /// and whose parent has, or had, the path `path`.
    pub(crate) fn resolve(&self, now: &Urn, path: &str) -> Urn {
        if let Some(urn) = &self.urn {
            return urn.clone();
        }
        let or = |given: &Option<String>, now: &str| given.clone().unwrap_or_else(|| now.into());
        Urn::new(
            &or(&self.stack, now.stack()),
            &or(&self.project, now.project()),
            &or(&self.path, path),
            &or(&self.ty, now.ty()),
            &or(&self.name, now.name()),
        )
    }
}

/// All former urns of a resource: its own aliases, and what follows when
/// something above it was renamed. The present urn is not among them.
pub(crate) fn former_urns(now: &Urn, own: &[Alias], former_paths: &[String]) -> Vec<Urn> {
    let paths = || std::iter::once(now.path()).chain(former_paths.iter().map(String::as_str));
    let own = own
        .iter()
        .flat_map(|alias| paths().map(move |path| alias.resolve(now, path)));
    let inherited = former_paths
        .iter()
        .map(|path| Alias::default().resolve(now, path));
    let mut urns: Vec<Urn> = Vec::new();
    for urn in own.chain(inherited) {
        if urn != *now && !urns.contains(&urn) {
            urns.push(urn);
        }
    }
    urns
}

/// Paths under which children of a resource or scope lay when it had those urns.
pub(crate) fn former_paths(former: &[Urn]) -> Vec<String> {
    former.iter().map(Urn::address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_multiply_with_what_was_renamed_above() {
        let now = Urn::new("dev", "p", "app/net", "t", "new");
        let former = former_urns(&now, &[Alias::name("old")], &["web/net".into()]);
        let places: Vec<_> = former.iter().map(Urn::address).collect();
        assert_eq!(places, ["app/net/old", "web/net/old", "web/net/new"]);
        assert_eq!(former_paths(&former), places);
    }

    #[test]
    fn a_full_urn_and_a_moved_stack_are_taken_as_they_are() {
        let now = Urn::new("dev", "p", "", "t", "a");
        let other = Urn::new("x", "y", "z", "t", "n");
        assert_eq!(
            former_urns(&now, &[Alias::urn(other.clone())], &[]),
            [other]
        );
        let former = former_urns(&now, &[Alias::stack("prod", "shop")], &[]);
        assert_eq!((former[0].stack(), former[0].project()), ("prod", "shop"));
        assert_eq!(former_urns(&now, &[Alias::name("a")], &[]), []);
    }
}
