//! The environment variables a caller lends to this crate.
//!
//! The library never reads the process environment on its own: the command line takes [`Env::process`], a test takes
//! a map. Values may be secrets, so `Debug` shows names only.

use std::collections::BTreeMap;
use std::fmt;

/// A set of environment variables.
#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, String>,
    process: bool,
}

impl Env {
    /// An environment with nothing in it, and no machine around it.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The environment of this process.
    ///
    /// Only with this one may a credential come from the machine (its managed identity, the tools somebody signed in
    /// to): an environment made of a map is all there is.
    #[must_use]
    pub fn process() -> Self {
        let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            variables: std::env::vars_os().filter_map(readable).collect(),
            process: true,
        }
    }

    /// The same environment with one variable set.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A variable's value; one that is set to nothing counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn is_process(&self) -> bool {
        self.process
    }

    /// Those of `names` that are absent.
    pub(crate) fn missing<'a>(&self, names: &[&'a str]) -> Vec<&'a str> {
        names
            .iter()
            .copied()
            .filter(|name| self.get(name).is_none())
            .collect()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let variables = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self {
            variables,
            process: false,
        }
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("names", &self.variables.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_names_variables_and_never_shows_values() {
        let env = Env::from_iter([("AZURE_CLIENT_SECRET", "hunter2")]);
        let shown = format!("{env:?}");
        assert!(
            shown.contains("AZURE_CLIENT_SECRET") && !shown.contains("hunter2"),
            "{shown}"
        );
    }

    #[test]
    fn blank_is_absent() {
        let env = Env::from_iter([("A", " "), ("B", "b")]);
        assert_eq!((env.get("A"), env.get("B")), (None, Some("b")));
        assert_eq!(env.missing(&["A", "B", "C"]), ["A", "C"]);
    }
}
