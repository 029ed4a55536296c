//! `.dockerignore`: which files of a context are not sent (Dockerfile reference).

use std::fs;
use std::io;
use std::path::Path;

use super::context::ContextError;

/// Patterns in the file's order; the last that matches decides.
pub(super) struct Ignore(Vec<(bool, String)>);

impl Ignore {
    /// Reads the file of a context, if it has one.
    pub(super) fn of(folder: &Path) -> Result<Self, ContextError> {
        let path = folder.join(".dockerignore");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(Self(Vec::new())),
            Err(source) => Err(ContextError::File { path, source }),
        }
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let pattern = |line: &str| {
            let (keeps, glob) = match line.strip_prefix('!') {
                Some(glob) => (true, glob.trim()),
                None => (false, line),
            };
            (keeps, glob.trim_matches('/').to_owned())
        };
        Self(lines.map(pattern).collect())
    }

    /// Whether a path, or a folder above it, is left out.
    pub(super) fn ignores(&self, path: &str) -> bool {
        let decides = self.0.iter().rev().find(|(_, glob)| covers(glob, path));
        decides.is_some_and(|(keeps, _)| !keeps)
    }
}

fn covers(glob: &str, path: &str) -> bool {
    let glob: Vec<&str> = glob.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    (1..=path.len()).any(|end| parts_match(&glob, &path[..end]))
}

/// `**` stands for any number of components, also none.
fn parts_match(glob: &[&str], path: &[&str]) -> bool {
    match (glob.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => (0..=path.len()).any(|skip| parts_match(rest, &path[skip..])),
        (Some((first, globs)), Some((name, names))) => {
            let (first, name): (Vec<_>, Vec<_>) = (first.chars().collect(), name.chars().collect());
            part_matches(&first, &name) && parts_match(globs, names)
        }
        _ => false,
    }
}

/// `*` and `?` stay inside of one component.
fn part_matches(glob: &[char], name: &[char]) -> bool {
    match (glob.split_first(), name.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => (0..=name.len()).any(|skip| part_matches(rest, &name[skip..])),
        (Some(('?', globs)), Some((_, names))) => part_matches(globs, names),
        (Some((letter, globs)), Some((found, names))) => {
            letter == found && part_matches(globs, names)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_docker_says() {
        for (patterns, path, ignored) in [
            ("*.log", "a.log", true),
            ("*.log", "b/a.log", false),
            ("**/*.log", "b/c/a.log", true),
            ("**/*.log", "a.log", true),
            ("target/", "target/debug/x", true),
            ("/target", "target", true),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("*\n!keep", "keep", false),
            ("*\n!keep", "drop", true),
            ("# note\n\n", "note", false),
        ] {
            let found = Ignore::parse(patterns).ignores(path);
            assert_eq!(found, ignored, "{patterns:?} {path}");
        }
    }
}
