//! `.dockerignore`: which files of a build context the builder does not see.

use super::image::Tree;

/// Patterns in file order; the last one that matches decides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ignore(Vec<Pattern>);

#[derive(Clone, Debug)]
struct Pattern {
    glob: String,
    keeps: bool,
}

impl Ignore {
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty() && !l.starts_with('#'));
        let pattern = |line: &str| {
            let keeps = line.starts_with('!');
            let glob = line
                .trim_start_matches('!')
                .trim()
                .trim_matches('/')
                .to_owned();
            Pattern { glob, keeps }
        };
        Self(lines.map(pattern).collect())
    }

    /// A path is ignored when it or one of its folders matches.
    pub(crate) fn ignores(&self, path: &str) -> bool {
        let last = self.0.iter().rev().find(|p| covers(&p.glob, path));
        last.is_some_and(|pattern| !pattern.keeps)
    }

    /// Takes everything ignored out of a context, except the Dockerfile, which the builder needs.
    pub(crate) fn apply(&self, context: &mut Tree, dockerfile: &str) {
        context.retain(|path, _| path == dockerfile || !self.ignores(path));
    }
}

fn covers(glob: &str, path: &str) -> bool {
    let ends = path
        .match_indices('/')
        .map(|(at, _)| at)
        .chain([path.len()]);
    ends.into_iter().any(|end| matches(glob, &path[..end]))
}

/// Shell globs as the Dockerfile reference uses them: `*` and `?` stay inside one path component,
/// `**` crosses components.
pub(crate) fn matches(glob: &str, path: &str) -> bool {
    if let Some(rest) = glob.strip_prefix("**/") {
        let starts = path.match_indices('/').map(|(at, _)| at + 1);
        return [0]
            .into_iter()
            .chain(starts)
            .any(|at| matches(rest, &path[at..]));
    }
    if glob == "**" {
        return true;
    }
    let mut glob_chars = glob.chars();
    match glob_chars.next() {
        None => path.is_empty(),
        Some('*') => {
            let rest = glob_chars.as_str();
            let component = path.find('/').unwrap_or(path.len());
            let mut ends = path[..component]
                .char_indices()
                .map(|(at, _)| at)
                .chain([component]);
            ends.any(|at| matches(rest, &path[at..]))
        }
        Some(expected) => {
            let mut path_chars = path.chars();
            let found = path_chars.next();
            let same = found.is_some_and(|c| c == expected || (expected == '?' && c != '/'));
            same && matches(glob_chars.as_str(), path_chars.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_matching_pattern_decides() {
        let ignore = Ignore::parse("# c\n*.md\n!README.md\nnode_modules\n**/*.log\n/dist/*.map\n");
        let cases = [
            ("a.md", true),
            ("README.md", false),
            ("docs/a.md", false),
            ("node_modules/x/y.js", true),
            ("deep/er/x.log", true),
            ("x.log", true),
            ("dist/a.map", true),
            ("dist/sub/a.map", false),
            ("index.html", false),
        ];
        for (path, expect) in cases {
            assert_eq!(ignore.ignores(path), expect, "{path}");
        }
    }

    #[test]
    fn globs_stay_inside_a_component() {
        let cases = [
            ("*.html", "a.html", true),
            ("*", "a/b", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("a*c*", "abcd", true),
        ];
        for (glob, path, expect) in cases {
            assert_eq!(matches(glob, path), expect, "{glob} {path}");
        }
    }
}
