//! `.dockerignore`: which files of a context are not sent (Dockerfile reference).

use std::fs;
use std::io;
use std::path::Path;

use super::context::{ContextError, irregular};

/// Patterns in the file's order; the last that matches decides.
pub(super) struct Ignore(Vec<(bool, Pattern)>);

impl Ignore {
    /// Reads the file of a context, if it has one.
    pub(super) fn of(folder: &Path) -> Result<Self, ContextError> {
        let path = folder.join(".dockerignore");
        match fs::metadata(&path) {
            Ok(found) if !found.is_file() => return Err(irregular(path, found.file_type())),
            _ => {}
        }
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
            (keeps, Pattern::parse(&cleaned(glob)))
        };
        Self(lines.map(pattern).collect())
    }

    /// Whether a path, or a folder above it, is left out.
    pub(super) fn ignores(&self, path: &str) -> bool {
        let decides = self.0.iter().rev().find(|(_, glob)| glob.covers(path));
        decides.is_some_and(|(keeps, _)| !keeps)
    }
}

/// Without slashes at its ends, and without components that mean nothing.
fn cleaned(glob: &str) -> String {
    let parts = glob
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    parts.collect::<Vec<_>>().join("/")
}

/// A part of a pattern.
enum Token {
    /// This letter.
    Letter(char),
    /// `?`: any letter but a slash.
    Any,
    /// `[a-z]`, `[^a]`: one of these letters, or none of them.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// `*`: any number of letters but slashes.
    Star,
    /// `**`: any number of letters.
    Deep,
    /// `**/`: any number of folders.
    Folders,
}

impl Token {
    fn takes(&self, letter: char) -> bool {
        match self {
            Self::Letter(own) => *own == letter,
            Self::Any | Self::Star => letter != '/',
            Self::Class { negated, ranges } => {
                let inside = ranges
                    .iter()
                    .any(|(from, to)| (*from..=*to).contains(&letter));
                letter != '/' && inside != *negated
            }
            Self::Deep | Self::Folders => true,
        }
    }

    /// Whether it may stand for nothing.
    fn may_be_empty(&self) -> bool {
        matches!(self, Self::Star | Self::Deep | Self::Folders)
    }
}

/// A pattern, matched in time proportional to its length times the path's: all ways through it are followed at once.
struct Pattern(Vec<Token>);

impl Pattern {
    fn parse(glob: &str) -> Self {
        let mut rest = glob.chars().peekable();
        let mut tokens = Vec::new();
        while let Some(letter) = rest.next() {
            tokens.push(match letter {
                '*' if rest.next_if_eq(&'*').is_some() => match rest.next_if_eq(&'/') {
                    Some(_) => Token::Folders,
                    None => Token::Deep,
                },
                '*' => Token::Star,
                '?' => Token::Any,
                '\\' => Token::Letter(rest.next().unwrap_or('\\')),
                '[' => class(&mut rest),
                letter => Token::Letter(letter),
            });
        }
        Self(tokens)
    }

    /// Whether the path, or a folder above it, matches.
    fn covers(&self, path: &str) -> bool {
        let mut ways = Ways::at_start(&self.0);
        for letter in path.chars() {
            if letter == '/' && ways.are_through() {
                return true;
            }
            ways = ways.after(&self.0, letter);
        }
        ways.are_through()
    }
}

/// `[...]`, up to its end or the pattern's.
fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Token {
    let negated = rest.next_if(|letter| ['^', '!'].contains(letter)).is_some();
    let mut ranges = Vec::new();
    while let Some(letter) = rest.next() {
        let from = match letter {
            ']' if !ranges.is_empty() => break,
            '\\' => rest.next().unwrap_or('\\'),
            letter => letter,
        };
        let to = match rest.next_if_eq(&'-') {
            Some(_) => rest.next().unwrap_or(from),
            None => from,
        };
        ranges.push((from, to));
    }
    Token::Class { negated, ranges }
}

/// How far into a pattern one may be after some letters.
struct Ways {
    /// Whether the pattern may go on with the token of that index; the last entry is its end.
    before: Vec<bool>,
    /// Whether one may be inside of the folders of that index, which end with a slash.
    inside: Vec<bool>,
}

impl Ways {
    fn nowhere(tokens: &[Token]) -> Self {
        Self {
            before: vec![false; tokens.len() + 1],
            inside: vec![false; tokens.len()],
        }
    }

    fn at_start(tokens: &[Token]) -> Self {
        let mut ways = Self::nowhere(tokens);
        ways.before[0] = true;
        ways.skip_empty(tokens);
        ways
    }

    fn skip_empty(&mut self, tokens: &[Token]) {
        for (at, token) in tokens.iter().enumerate() {
            self.before[at + 1] |= self.before[at] && token.may_be_empty();
        }
    }

    fn after(&self, tokens: &[Token], letter: char) -> Self {
        let mut next = Self::nowhere(tokens);
        for (at, token) in tokens.iter().enumerate() {
            let here = self.before[at] || self.inside[at];
            if !here || !token.takes(letter) {
                continue;
            }
            match token {
                Token::Star | Token::Deep => next.before[at] = true,
                Token::Folders => {
                    next.inside[at] = true;
                    next.before[at + 1] |= letter == '/';
                }
                _ => next.before[at + 1] = true,
            }
        }
        next.skip_empty(tokens);
        next
    }

    fn are_through(&self) -> bool {
        self.before.last().copied().unwrap_or(true)
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
            ("./target", "target", true),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("a/**/b", "ab", false),
            ("a/**", "a/x/y", true),
            ("**", "x/y", true),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[^a-c]x", "zx", true),
            ("\\*x", "*x", true),
            ("\\*x", "ax", false),
            ("*\n!keep", "keep", false),
            ("*\n!keep", "drop", true),
            ("# note\n\n", "note", false),
        ] {
            let found = Ignore::parse(patterns).ignores(path);
            assert_eq!(found, ignored, "{patterns:?} {path}");
        }
    }

    #[test]
    fn no_pattern_takes_longer_than_its_length_times_the_paths() {
        // Trying one way after the other takes more steps here than a lifetime has.
        let stars = "*a".repeat(200) + "*b";
        assert!(!Ignore::parse(&stars).ignores(&"a".repeat(2_000)));
        let folders = "**/".repeat(200) + "b";
        assert!(!Ignore::parse(&folders).ignores(&("a/".repeat(1_000) + "c")));
    }
}
