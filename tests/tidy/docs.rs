//! The documentation names what is there: links lead somewhere, tests exist, codes are explained.

use std::collections::BTreeSet;

use super::{assert_tidy, tree};

/// All that a machine with only Rust needs.
const TWO_COMMANDS: &[&str] = &[
    "cargo run -p private-webapp -- up --yes",
    "cargo test --workspace",
];

/// Backticked names with at least this many underscores are taken for names of functions.
const UNDERSCORES: usize = 3;

fn without_commands(readme: &str) -> Vec<String> {
    let missing = TWO_COMMANDS
        .iter()
        .filter(|command| !readme.lines().any(|line| line == **command));
    missing
        .map(|command| format!("README.md: no line is `{command}`"))
        .collect()
}

/// A decision record is `NNNN-words.md` and begins with `# NNNN: words`.
fn untitled(path: &str, text: &str) -> Option<String> {
    let name = path.strip_prefix("docs/adr/")?;
    let number = name.split('-').next().unwrap_or_default();
    let is_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    let title = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix(&format!("# {number}: ")));
    (!is_number || title.is_none_or(|title| title.trim().is_empty()))
        .then(|| format!("{path} must be named `NNNN-words.md` and begin with `# NNNN: words`"))
}

/// Targets of links in Markdown that are files, from the top.
fn links(path: &str, text: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    let from_top = local.map(|target| {
        let target = target.split('#').next().unwrap_or_default();
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in target.split('/') {
            match part {
                "." | "" => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        parts.join("/")
    });
    from_top.collect()
}

/// Words in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Names of functions (tests, mostly) that the text relies on.
fn functions(text: &str) -> BTreeSet<&str> {
    let is_name = |word: &&str| {
        word.matches('_').count() >= UNDERSCORES
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    quoted(text).filter(is_name).collect()
}

/// Paths of this repository that the text names.
fn paths(text: &str) -> BTreeSet<&str> {
    let rooms = ["sdk/", "components/", "examples/", "tests/", "docs/"];
    let is_path = |word: &&str| {
        rooms.iter().any(|room| word.starts_with(room)) && !word.contains(['*', ' ', '<', '{'])
    };
    quoted(text).filter(is_path).collect()
}

/// Codes of findings in a source.
fn codes(text: &str) -> BTreeSet<String> {
    let found = text.match_indices("\"LZ").filter_map(|(at, _)| {
        let code = text.get(at + 1..at + 7)?;
        let is_code =
            code[2..].bytes().all(|byte| byte.is_ascii_digit()) && text[at + 7..].starts_with('"');
        is_code.then(|| code.to_owned())
    });
    found.collect()
}

#[test]
fn the_readme_holds_the_two_commands() {
    assert_tidy("README", &without_commands(&tree::file("README.md").text));
    assert_eq!(
        without_commands("# Lazuli\n\ncargo test --workspace\n").len(),
        1
    );
}

#[test]
fn decision_records_have_titles() {
    let files = tree::files(&[".md"]);
    let all: Vec<_> = files
        .iter()
        .filter_map(|file| untitled(&file.path, &file.text))
        .collect();
    assert_tidy("decision records", &all);
    let check = |path: &str, text: &str, good: bool| {
        assert_eq!(untitled(path, text).is_none(), good, "{path}")
    };
    check("docs/adr/0007-new.md", "# 0007: New\n", true);
    check("docs/adr/0007-new.md", "# New\n", false);
    check("docs/adr/0007-new.md", "# 0008: New\n", false);
    check("docs/adr/new.md", "# new: New\n", false);
    check("docs/emulator.md", "The emulator\n", true);
}

#[test]
fn what_documents_name_is_there() {
    let sources: String = tree::files(&[".rs"])
        .iter()
        .map(|file| file.text.as_str())
        .collect();
    let mut lost = Vec::new();
    for file in tree::files(&[".md"]) {
        let links = links(&file.path, &file.text);
        let named = paths(&file.text).into_iter().map(str::to_owned);
        let gone = links
            .into_iter()
            .chain(named)
            .filter(|path| !tree::top().join(path).exists());
        lost.extend(gone.map(|path| format!("{}: {path} is not there", file.path)));
        let unknown = functions(&file.text)
            .into_iter()
            .filter(|name| !sources.contains(&format!("fn {name}(")));
        lost.extend(unknown.map(|name| format!("{}: no function is called {name}", file.path)));
    }
    assert_tidy("documents", &lost);
}

#[test]
fn every_code_of_the_engine_is_explained() {
    let document = tree::file("docs/engine.md").text;
    let sources = tree::files(&[".rs"]);
    let engine = sources
        .iter()
        .filter(|file| file.path.starts_with("sdk/lazuli-engine/src/"));
    let known: BTreeSet<_> = engine.flat_map(|file| codes(&file.text)).collect();
    assert!(known.len() > 5, "{known:?}");
    let lost = known
        .iter()
        .filter(|code| !document.contains(&format!("| {code} |")));
    let lost: Vec<_> = lost
        .map(|code| format!("docs/engine.md does not explain {code}"))
        .collect();
    assert_tidy("codes", &lost);
}

#[test]
fn links_names_and_codes_are_found() {
    assert_eq!(
        links(
            "docs/engine.md",
            "[a](adr/0001.md#why) [b](../README.md) [c](https://x.y) [d](#here)"
        ),
        ["docs/adr/0001.md", "README.md"]
    );
    let text = "`a_test_of_this` `two_words_only` `sdk/lazuli/src/lib.rs` `sdk/*` `A_B_C_D`";
    assert_eq!(
        functions(text).into_iter().collect::<Vec<_>>(),
        ["a_test_of_this"]
    );
    assert_eq!(
        paths(text).into_iter().collect::<Vec<_>>(),
        ["sdk/lazuli/src/lib.rs"]
    );
    let source = r#"error("LZ0001", "LZ12", "LZ00011", LZ0002)"#;
    assert_eq!(codes(source).into_iter().collect::<Vec<_>>(), ["LZ0001"]);
}
