//! The field's words: what this repository used to call otherwise stays gone.
//!
//! A pattern is a regular expression; a blank in it stands for any white space, and line ends
//! inside of comments count as such. `docs/adr/0012-words.md` gives the reasons.

use std::collections::BTreeMap;

use regex::{Regex, RegexSet};

use super::prose::{self, Parts};
use super::{assert_tidy, tree};

/// Where a word must not stand.
#[derive(Clone, Copy, PartialEq)]
enum Area {
    /// In code, and between backticks.
    Names,
    /// In comments, literals and documents.
    Sentences,
}
use Area::{Names, Sentences};

/// A pattern, and what to say instead.
type Word = (Area, &'static str, &'static str);

const WORDS: &[Word] = &[
    // Names.
    (Names, r"[Dd]eed", "Action, or hook"),
    (Names, r"\bResId\b", "NodeId"),
    (Names, r"\bTaint\b", "Provenance"),
    (Names, r"\bPlace\b", "Scope"),
    (Names, r"\bSourcePlace\b", "SourceLocation"),
    (Names, r"\bTypeFacts\b", "TypeSchema"),
    (Names, r"\bDesired\b", "Declared"),
    (Names, r"\bExisting\b", "Recorded"),
    (Names, r"\bCreated\b", "Observed"),
    (Names, r"\bexclusive\b", "lock_keys"),
    (Names, r"[Pp]ortra(y|it)", "display"),
    (Names, r"\bLook\b", "NodeStyle"),
    (Names, r"\bTone\b", "Category"),
    (Names, r"\bStanding\b", "Status"),
    (Names, r"\bMoot\b", "NotApplicable"),
    (Names, r"\bMurky\b", "Unproven"),
    (Names, r"\bBook\b", "RunState"),
    (Names, r"\bWish\b|grant_wishes", "Candidate"),
    (Names, r"swept_along", "propagate_replacement"),
    (Names, r"stands_on_what", "depends_on_delete_first"),
    (Names, r"\bTelling\b", "EventQueue"),
    (Names, r"\bTold\b", "PassphraseCache"),
    (Names, r"\b[Cc]ourse\b", "RunArgs, or analysis of a run"),
    (Names, r"\bkeeping\b", "backend"),
    (Names, r"state_place", "state_backend"),
    (Names, r"\bConversation\b", "CliFrontend"),
    (Names, r"[Ww]hereabouts", "Lookup"),
    (Names, r"\bUnsaid\b", "None, or Unknown"),
    (Names, r"\bAnchor\b", "ParentRef"),
    (Names, r"\bLasting\b", "NoDelete"),
    (Names, r"spoken_for", "reported_elsewhere"),
    (Names, r"[Bb]reach|BREACH", "Violation"),
    (Names, r"\bDoor\b", "Exposure"),
    (Names, r"\bWays?\b", "Path"),
    (Names, r"\bGoal\b", "Destination"),
    (Names, r"is_lesser", "is_below_premium"),
    (Names, r"\bJudge\b", "OfflineProvider"),
    (Names, r"haunt|[Gg]host", "lingering"),
    (Names, r"\bveil", "mark_secret"),
    (Names, r"trouble|weather", "faults, conditions"),
    // Sentences.
    (Sentences, r"\b[Dd]eeds?\b", "action, hook, operation"),
    (Sentences, r"\b(is|are|was) no [A-Za-z`]+", "`is not a ..`"),
    (Sentences, NOBODY, "what is missing, and what to do"),
    (Sentences, r"\bwhat one [a-z]+", "the fact"),
    (
        Sentences,
        r"\b[Tt]old\b",
        "given, passed, returned, recorded",
    ),
    (Sentences, r"\b[Tt]ells?\b", "returns, says, reports, shows"),
    (Sentences, r"\bcourse\b", "run, history"),
    (Sentences, r"com(es?|ing) to life", "is created"),
    (Sentences, r"\bIt goes away", "Deletes the resource"),
    (
        Sentences,
        r"ha(s|ve|d) no way to",
        "does not support, cannot",
    ),
    (Sentences, r"\bgives? way\b", "is dropped"),
    (Sentences, r"\bin (a )?circles?\b", "in a cycle"),
    (Sentences, r"\bstands? against\b", "conflicts with"),
    (Sentences, r"\b[Mm]urky\b", "unproven"),
    (Sentences, r"\b[Mm]oot\b", "not applicable"),
    (Sentences, r"\bhaunt|\b[Gg]hosts?\b", "lingering"),
    (
        Sentences,
        r"\b[Tt]roubles?\b|\bweather\b",
        "faults, conditions",
    ),
    (Sentences, r"\b[Mm]end(s|ed|ing)?\b", "fix, repair"),
    (Sentences, r"\bspoken for\b", "reported elsewhere, taken"),
    (
        Sentences,
        r"\bhow-manieth\b",
        "the position, counted from 1",
    ),
    (Sentences, r"\b[Bb]reach(es)?\b", "violation"),
    (Sentences, r"\bregrets?\b", "the fact"),
    // Idioms of Rust.
    (Names, r"\bmatch\b[^;{}]*\{ (true|false) =>", "if and else"),
    (Names, r"\bmatch \(\) \{", "if and else"),
];

const NOBODY: &str = r"\b[Nn]obody (tells|told|says|said|asks|asked|can ask|knows)";

/// Where a word is right: beginning of the path, the text that is there, and why.
const STAYS: &[(&str, &str, &str)] = &[
    ("", "there is no", "says what is missing"),
    ("", "there are no", "says what is missing"),
    ("", "there was no", "says what is missing"),
    ("", "is no longer", "speaks of time"),
    ("", "is no smaller", "compares"),
    ("", "is no larger", "compares"),
    ("tests/engine/", "taint", "the command `state taint`"),
    ("", "are no longer", "speaks of time"),
    (
        "sdk/lazuli-cli/src/commands/state.rs",
        "taint",
        "the command `state taint`",
    ),
    (
        "sdk/lazuli-engine/src/edit.rs",
        "taint",
        "the command `state taint`",
    ),
    (
        "sdk/lazuli-picture/src/picture/",
        "existing",
        "a resource that is only looked at",
    ),
];

/// How often a word is still there. The list only gets shorter, the numbers smaller.
const LEFT: &[(&str, usize)] = &[
    (r"[Bb]reach|BREACH", 50),
    (r"[Dd]eed", 45),
    (r"[Pp]ortra(y|it)", 40),
    (r"\b(is|are|was) no [A-Za-z`]+", 98),
    (r"\bDoor\b", 26),
    (r"\bExisting\b", 9),
    (r"\bIt goes away", 1),
    (r"\bPlace\b", 64),
    (r"\bUnsaid\b", 7),
    (r"\bWays?\b", 24),
    (r"\bWish\b|grant_wishes", 8),
    (r"\b[Bb]reach(es)?\b", 4),
    (r"\b[Cc]ourse\b", 42),
    (r"\b[Dd]eeds?\b", 9),
    (r"\b[Mm]oot\b", 2),
    (NOBODY, 12),
    (r"\b[Tt]ells?\b", 59),
    (r"\b[Tt]old\b", 73),
    (r"\b[Tt]roubles?\b|\bweather\b", 21),
    (r"\bgives? way\b", 1),
    (r"\bhaunt|\b[Gg]hosts?\b", 3),
    (r"\bhow-manieth\b", 1),
    (r"\bin (a )?circles?\b", 4),
    (r"\bmatch \(\) \{", 16),
    (r"\bmatch\b[^;{}]*\{ (true|false) =>", 145),
    (r"\bregrets?\b", 1),
    (r"\bstands? against\b", 2),
    (r"\bveil", 5),
    (r"\bwhat one [a-z]+", 2),
    (r"com(es?|ing) to life", 4),
    (r"ha(s|ve|d) no way to", 7),
    (r"haunt|[Gg]host", 30),
    (r"stands_on_what", 1),
    (r"trouble|weather", 38),
];

/// Files that hold the words on purpose.
const MAY_SAY_ALL: &[&str] = &[
    "CHANGELOG.md",
    "docs/adr/0012-words.md",
    "tests/tidy/words.rs",
];

struct Found {
    pattern: &'static str,
    line: String,
}

struct Rules {
    sets: [(Area, RegexSet); 2],
    words: Vec<(Word, Regex)>,
}

impl Rules {
    fn new() -> Self {
        let source = |pattern: &str| {
            let ascii = pattern.replace(r"\b", r"(?-u:\b)");
            ascii.replace(' ', r"(?-u:\s)+")
        };
        let compiled = |word: &Word| Regex::new(&source(word.1)).expect("the pattern is valid");
        let set = |area: Area| {
            let own = WORDS.iter().filter(|word| word.0 == area);
            let set = RegexSet::new(own.map(|word| source(word.1)));
            (area, set.expect("the patterns are valid"))
        };
        Self {
            sets: [set(Names), set(Sentences)],
            words: WORDS.iter().map(|word| (*word, compiled(word))).collect(),
        }
    }

    /// Every banned word of a file.
    fn found(&self, path: &str, text: &str) -> Vec<Found> {
        if MAY_SAY_ALL.contains(&path) || path.contains("/generated/") {
            return Vec::new();
        }
        let Parts { names, sentences } = prose::parts(path, text);
        let mut found = Vec::new();
        for (area, set) in &self.sets {
            let text = if *area == Names { &names } else { &sentences };
            let own: Vec<_> = self
                .words
                .iter()
                .filter(|(word, _)| word.0 == *area)
                .collect();
            for at in set.matches(text) {
                let ((_, pattern, say), regex) = own[at];
                let hits = regex.find_iter(text).map(|hit| hit.range());
                let wrong = hits.filter(|hit| !stays(path, text, hit.start, hit.end));
                found.extend(wrong.map(|hit| {
                    let line = text[..hit.start].matches('\n').count() + 1;
                    let words: Vec<_> = text[hit].split_whitespace().collect();
                    Found {
                        pattern,
                        line: format!("{path}:{line}: `{}`: say {say}", words.join(" ")),
                    }
                }));
            }
        }
        found
    }
}

/// Whether a hit is part of a text that may stay.
fn stays(path: &str, text: &str, start: usize, end: usize) -> bool {
    STAYS.iter().any(|(folder, phrase, _)| {
        let begin = text.floor_char_boundary(start.saturating_sub(2 * phrase.len() + 8));
        let finish = text.ceil_char_boundary((end + 2 * phrase.len() + 8).min(text.len()));
        let around: Vec<_> = text[begin..finish].split_whitespace().collect();
        path.starts_with(folder) && around.join(" ").to_lowercase().contains(phrase)
    })
}

/// The words that there are more of than may be, with the lines.
fn too_many(found: Vec<Found>) -> Vec<String> {
    let mut by_pattern: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in found {
        by_pattern.entry(one.pattern).or_default().push(one.line);
    }
    let left = |pattern: &str| {
        let known = LEFT.iter().find(|(known, _)| *known == pattern);
        known.map_or(0, |(_, count)| *count)
    };
    let grown = by_pattern
        .into_iter()
        .filter(|(pattern, lines)| lines.len() > left(pattern));
    grown
        .map(|(pattern, lines)| {
            format!(
                "`{pattern}` is there {} times, at most {} may:\n    {}",
                lines.len(),
                left(pattern),
                lines.join("\n    ")
            )
        })
        .collect()
}

#[test]
fn the_words_are_those_of_the_field() {
    let rules = Rules::new();
    let files = tree::files(&[".rs", ".md", ".stderr", ".toml"]);
    let is_prose = |path: &str| !path.ends_with(".toml") || path.contains("/lazuli-codegen/types/");
    let found = files
        .iter()
        .filter(|file| is_prose(&file.path))
        .flat_map(|file| rules.found(&file.path, &file.text));
    assert_tidy("words", &too_many(found.collect()));
}

#[test]
fn an_old_word_is_found_where_it_counts() {
    let rules = Rules::new();
    let check = |path: &str, text: &str, expect: usize| {
        let found = rules.found(path, text);
        let lines: Vec<_> = found.iter().map(|one| &one.line).collect();
        assert_eq!(found.len(), expect, "{text}: {lines:?}");
    };
    check("a.rs", "struct ResId;", 1);
    check("a.rs", "/// See [`ResId`].", 1);
    check("a.rs", "struct NodeId; // formerly ResId", 0);
    check("a.rs", "fn f() { err(\"the value is no JSON\") }", 1);
    check("a.rs", "/// The value is\n/// no JSON.", 1);
    check(
        "a.rs",
        "/// There is no value, and it is no longer needed.",
        0,
    );
    check("docs/a.md", "A key is no secret. Run it.", 1);
    check("CHANGELOG.md", "A key is no secret.", 0);
    check("sdk/a/src/generated/a.rs", "struct ResId;", 0);
    check(
        "a.rs",
        "match flag {\n    true => 1,\n    false => 2,\n}",
        1,
    );
    check(
        "a.rs",
        "match () {\n    () if flag => 1,\n    () => 2,\n}",
        1,
    );
    check(
        "a.rs",
        "match pair {\n    (true, _) => 1,\n    _ => 2,\n}",
        0,
    );
    check("sdk/lazuli-engine/src/edit.rs", "enum Edit { Taint }", 0);
}

#[test]
fn the_list_of_words_that_are_left_names_words() {
    for (pattern, count) in LEFT {
        let is_known = WORDS.iter().any(|(_, known, _)| known == pattern);
        assert!(is_known && *count > 0, "take `{pattern}` off the list");
    }
}
