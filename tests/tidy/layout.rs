//! What lies at the top, so that a newcomer finds everything at one glance.

use super::{assert_tidy, tree};

/// Besides these there are only licences, dotfiles, and what builds leave in `target`.
const TOP: &[&str] = &[
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "clippy.toml",
    "components",
    "deny.toml",
    "docs",
    "examples",
    "rust-toolchain.toml",
    "sdk",
    "target",
    "tests",
];

fn stranger(name: &str) -> Option<String> {
    let known = TOP.contains(&name) || name.starts_with("LICENSE-") || name.starts_with('.');
    (!known).then(|| format!("{name} does not belong at the top: put it into sdk, components, examples, tests or docs"))
}

#[test]
fn only_known_entries_are_at_the_top() {
    let entries = std::fs::read_dir(tree::top()).expect("the top can be read");
    let names: Vec<_> = entries
        .map_while(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let missing = TOP
        .iter()
        .filter(|name| **name != "target" && !names.iter().any(|found| found == *name))
        .map(|name| format!("{name} is missing"));
    let all: Vec<_> = names
        .iter()
        .filter_map(|name| stranger(name))
        .chain(missing)
        .collect();
    assert_tidy("the top level", &all);
}

#[test]
fn a_stranger_at_the_top_is_found() {
    for good in ["sdk", "LICENSE-MIT", ".ci", "target"] {
        assert_eq!(stranger(good), None);
    }
    for bad in ["src", "scripts", "LICENSE", "NOTES.md", "readme.md"] {
        assert!(stranger(bad).is_some(), "{bad}");
    }
}
