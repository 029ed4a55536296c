//! Manifests: one place for versions, the same lints for everybody, and a lock file without
//! libraries that need a C compiler or a system library.

use super::{assert_tidy, tree};

/// What would make a static binary impossible, or a build slow.
const UNWANTED: &[&str] = &["aws-lc-sys", "openssl-sys"];

/// A member takes every version, its own included, from the root manifest.
fn own_versions(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut section = String::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        if is_own_version(&section, key.trim(), value.trim()) {
            found.push(format!(
                "{path}:{}: write `workspace = true`, and the version into the root manifest",
                number + 1
            ));
        }
    }
    found
}

fn is_own_version(section: &str, key: &str, value: &str) -> bool {
    if section == "package" {
        return key == "version";
    }
    let Some(at) = section.rfind("dependencies") else {
        return false;
    };
    // `[dependencies.tokio]` has the keys of one dependency.
    if section[at..].contains('.') {
        return ["version", "path", "git", "registry"].contains(&key);
    }
    !key.ends_with(".workspace") && !value.contains("workspace = true")
}

fn without_lints(path: &str, text: &str) -> Option<String> {
    let (_, lints) = text.split_once("\n[lints]\n").unwrap_or_default();
    let first = lints.lines().next().unwrap_or_default();
    (first != "workspace = true").then(|| format!("{path}: add `[lints]` with `workspace = true`"))
}

fn unwanted(lock: &str) -> Vec<String> {
    let named = |name: &&&str| {
        lock.lines()
            .any(|line| line == format!("name = \"{name}\""))
    };
    UNWANTED
        .iter()
        .filter(named)
        .map(|name| format!("{name} is in Cargo.lock; `cargo tree -i {name}` says why"))
        .collect()
}

#[test]
fn members_take_versions_and_lints_from_the_workspace() {
    let members: Vec<_> = tree::files(&["Cargo.toml"])
        .into_iter()
        .filter(|file| file.path != "Cargo.toml")
        .collect();
    let versions = members
        .iter()
        .flat_map(|file| own_versions(&file.path, &file.text));
    let lints = members
        .iter()
        .filter_map(|file| without_lints(&file.path, &file.text));
    assert_tidy("manifests", &versions.chain(lints).collect::<Vec<_>>());
}

/// Clippy reads the nearest file only, so a crate with a list of its own repeats the workspace's.
fn missing_bans(root: &str, path: &str, text: &str) -> Vec<String> {
    root.lines()
        .filter(|line| line.trim_start().starts_with("{ path") && !text.contains(line.trim()))
        .map(|line| format!("{path}: repeat `{}`", line.trim()))
        .collect()
}

#[test]
fn lists_of_banned_calls_repeat_the_workspaces() {
    let root = tree::file("clippy.toml");
    let lists = tree::files(&["clippy.toml"]);
    let own = lists.iter().filter(|file| file.path != "clippy.toml");
    let missing = own.flat_map(|file| missing_bans(&root.text, &file.path, &file.text));
    assert_tidy("banned calls", &missing.collect::<Vec<_>>());
}

#[test]
fn the_lock_file_needs_neither_a_c_library_nor_a_slow_build() {
    assert_tidy("Cargo.lock", &unwanted(&tree::file("Cargo.lock").text));
}

#[test]
fn a_version_of_ones_own_is_found() {
    let check = |text: &str, expect: usize| {
        assert_eq!(own_versions("Cargo.toml", text).len(), expect, "{text}")
    };
    check(
        "[package]\nversion.workspace = true\n[dependencies]\ntokio.workspace = true\n",
        0,
    );
    check(
        "[dependencies]\ntokio = { workspace = true, features = [\"test-util\"] }\n# a = \"1\"\n",
        0,
    );
    check(
        "[dev-dependencies.tokio]\nworkspace = true\nfeatures = []\n",
        0,
    );
    check(
        "[lib]\npath = \"lib.rs\"\n[features]\ndefault = [\"emulator\"]\n",
        0,
    );
    check("[package]\nversion = \"0.1.0\"\n", 1);
    check("[dependencies]\ntokio = \"1\"\n", 1);
    check(
        "[target.'cfg(unix)'.dependencies]\ntokio = { version = \"1\" }\n",
        1,
    );
    check(
        "[build-dependencies]\nlazuli = { path = \"../lazuli\" }\n",
        1,
    );
    check("[dev-dependencies.tokio]\nversion = \"1\"\n", 1);
}

#[test]
fn a_manifest_without_lints_is_found() {
    let check = |text: &str, good: bool| {
        assert_eq!(without_lints("Cargo.toml", text).is_none(), good, "{text}")
    };
    check("[package]\n\n[lints]\nworkspace = true\n", true);
    check("[package]\n", false);
    check(
        "[package]\n\n[lints]\nrust.unsafe_code = \"allow\"\n",
        false,
    );
}

#[test]
fn an_unwanted_library_is_found() {
    assert_eq!(unwanted("[[package]]\nname = \"openssl-sys\"\n").len(), 1);
    assert!(unwanted("[[package]]\nname = \"openssl-probe\"\n").is_empty());
}

#[test]
fn a_ban_that_is_not_repeated_is_found() {
    let root = "x = [\n    { path = \"a::b\", reason = \"c\" },\n]\n";
    assert_eq!(missing_bans(root, "own", "").len(), 1);
    assert!(missing_bans(root, "own", root).is_empty());
}
