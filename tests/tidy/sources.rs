//! Rust sources: nothing unfinished, nothing endless, no world behind the caller's back.

use super::{assert_tidy, tree};

/// Lines of a file that is written by hand.
const LONGEST: usize = 700;

/// In pieces, so that this file does not hold what it looks for.
const UNFINISHED: &[&str] = &[
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[ign", "ore"),
];

/// What core must not touch: it has no files, no sockets, no environment and no clock.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::io",
    "Instant::now",
    "SystemTime::now",
];

/// Where the process environment is read; everybody else is handed what they need.
const MAY_READ_ENVIRONMENT: &[&str] = &[
    "sdk/lazuli-arm/src/env.rs",
    "sdk/lazuli-cli/src/project.rs",
    "sdk/lazuli-cli/src/screen.rs",
    "sdk/lazuli/src/cloud.rs",
];

const ENVIRONMENT: &[&str] = &["env::var(", "env::var_os(", "env::vars(", "env::vars_os("];

/// Whatever a generated file begins with.
const GENERATED: &str = "// @generated";

fn is_generated(path: &str) -> bool {
    path.contains("/generated/")
}

fn with_line(path: &str, text: &str, words: &[&str], why: &str) -> Vec<String> {
    let found = text.lines().enumerate().filter_map(|(number, line)| {
        let word = words.iter().find(|word| line.contains(**word))?;
        Some(format!("{path}:{}: `{word}`: {why}", number + 1))
    });
    found.collect()
}

fn unfinished(path: &str, text: &str) -> Vec<String> {
    with_line(path, text, UNFINISHED, "finish it, or leave it out")
}

fn too_long(path: &str, text: &str) -> Option<String> {
    if is_generated(path) {
        return None;
    }
    let lines = text.lines().count();
    (lines > LONGEST).then(|| format!("{path} has {lines} lines, more than {LONGEST}: split it"))
}

fn unmarked(path: &str, text: &str) -> Option<String> {
    (is_generated(path) != text.starts_with(GENERATED)).then(|| match is_generated(path) {
        true => format!("{path} does not begin with `{GENERATED}`: `cargo gen` writes it"),
        false => format!("{path} begins with `{GENERATED}`, but is in no folder `generated`"),
    })
}

fn outside_of_core(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("sdk/lazuli-core/src/") {
        return Vec::new();
    }
    with_line(
        path,
        text,
        OUTSIDE,
        "core does no I/O and has no clock; take it as an argument",
    )
}

fn reads_environment(path: &str, text: &str) -> Vec<String> {
    let is_library =
        path.starts_with("components/src/") || (path.starts_with("sdk/") && path.contains("/src/"));
    if !is_library || MAY_READ_ENVIRONMENT.contains(&path) {
        return Vec::new();
    }
    with_line(
        path,
        text,
        ENVIRONMENT,
        "take it as an argument; the command line reads the environment",
    )
}

/// Every rule about a single file.
fn violations(path: &str, text: &str) -> Vec<String> {
    let mut found = unfinished(path, text);
    found.extend(too_long(path, text));
    found.extend(unmarked(path, text));
    found.extend(outside_of_core(path, text));
    found.extend(reads_environment(path, text));
    found
}

#[test]
fn sources_are_finished_short_and_closed() {
    let files = tree::files(&[".rs"]);
    let all = files
        .iter()
        .flat_map(|file| violations(&file.path, &file.text));
    assert_tidy("sources", &all.collect::<Vec<_>>());
}

#[test]
fn every_kind_of_violation_is_found() {
    let lines = |count: usize| "//\n".repeat(count);
    let check = |path: &str, text: &str, expect: usize| {
        let found = violations(path, text);
        assert_eq!(found.len(), expect, "{path}: {found:?}");
    };
    for word in UNFINISHED {
        check(
            "sdk/lazuli-arm/src/a.rs",
            &format!("fn a() {{}}\n  {word})\n"),
            1,
        );
    }
    check("components/src/a.rs", &lines(LONGEST), 0);
    check("components/src/a.rs", &lines(LONGEST + 1), 1);
    check(
        "sdk/a/src/generated/a.rs",
        &format!("{GENERATED}\n{}", lines(2 * LONGEST)),
        0,
    );
    check("sdk/a/src/generated/a.rs", "//! By hand.\n", 1);
    check("sdk/a/src/a.rs", &format!("{GENERATED}\n"), 1);
    check(
        "sdk/lazuli-core/src/a.rs",
        "use std::fs;\nlet now = Instant::now();\n",
        2,
    );
    check("sdk/lazuli-engine/src/a.rs", "use std::fs;\n", 0);
    check(
        "sdk/lazuli-engine/src/a.rs",
        "let home = std::env::var(\"HOME\");\n",
        1,
    );
    check("sdk/lazuli-arm/src/env.rs", "std::env::vars()\n", 0);
    check("sdk/lazuli-arm/tests/a.rs", "std::env::var(\"HOME\")\n", 0);
}
