//! Which crate of the workspace may use which, and what the innermost ones stay away from.

use std::process::Command;

use serde_json::Value;

use super::{assert_tidy, tree};

/// Every edge that may exist. A crate that is not listed may use no other.
const ARROWS: &[(&str, &[&str])] = &[
    ("lazuli-core", &[]),
    ("lazuli-macros", &[]),
    ("lazuli-arm", &[]),
    ("lazuli-emulator", &[]),
    ("lazuli-codegen", &[]),
    ("lazuli-engine", &["lazuli-core"]),
    ("lazuli-azure", &["lazuli-core", "lazuli-arm"]),
    ("lazuli-remote", &["lazuli-engine", "lazuli-arm"]),
    ("lazuli-picture", &["lazuli-core", "lazuli-engine"]),
    (
        "lazuli-cli",
        &["lazuli-core", "lazuli-engine", "lazuli-picture"],
    ),
    (
        "lazuli",
        &[
            "lazuli-core",
            "lazuli-engine",
            "lazuli-arm",
            "lazuli-azure",
            "lazuli-emulator",
            "lazuli-cli",
            "lazuli-macros",
            "lazuli-remote",
        ],
    ),
    ("lazuli-components", &["lazuli"]),
];

/// What examples may use.
const FOR_EXAMPLES: &[&str] = &["lazuli", "lazuli-components"];

/// The package whose tests may use everything.
const TESTS: &str = "lazuli-tests";

/// Crates of others that would give a crate what it must not have.
const CLOSED_DOORS: &[(&str, &[&str])] = &[
    (
        "lazuli-core",
        &[
            "tokio", "reqwest", "hyper", "axum", "rand", "jiff", "tempfile", "ring",
        ],
    ),
    (
        "lazuli-engine",
        &[
            "reqwest",
            "hyper",
            "axum",
            "console",
            "indicatif",
            "clap",
            "object_store",
        ],
    ),
    (
        "lazuli-picture",
        &[
            "tokio",
            "reqwest",
            "hyper",
            "axum",
            "console",
            "indicatif",
            "clap",
            "tempfile",
        ],
    ),
    ("lazuli-cli", &["reqwest", "hyper", "axum", "object_store"]),
    ("lazuli-emulator", &["azure_core", "azure_identity"]),
];

/// A dependency that a manifest declares.
struct Edge<'a> {
    /// Folder of the manifest, from the top.
    folder: &'a str,
    from: &'a str,
    to: &'a str,
    /// Used by tests only.
    is_dev: bool,
}

fn edge_between_members(edge: &Edge<'_>) -> Option<String> {
    if edge.from == TESTS && edge.is_dev {
        return None;
    }
    let allowed = if edge.folder.starts_with("examples/") {
        FOR_EXAMPLES
    } else {
        let known = ARROWS.iter().find(|(from, _)| *from == edge.from);
        known.map_or(&[][..], |(_, to)| to)
    };
    (!allowed.contains(&edge.to)).then(|| {
        format!(
            "{} must not use {} (allowed: {allowed:?}); tests that need both belong into `tests`",
            edge.from, edge.to
        )
    })
}

fn closed_door(edge: &Edge<'_>) -> Option<String> {
    let (_, closed) = CLOSED_DOORS.iter().find(|(from, _)| *from == edge.from)?;
    let is_open = edge.is_dev || !closed.contains(&edge.to);
    (!is_open).then(|| {
        format!(
            "{} must not use {}: docs/ARCHITECTURE.md says why",
            edge.from, edge.to
        )
    })
}

/// What every package of `cargo metadata` breaks.
fn violations(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let root = metadata["workspace_root"].as_str().unwrap_or_default();
    let members: Vec<_> = packages
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    let mut found = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let folder = manifest
            .strip_prefix(root)
            .unwrap_or(manifest)
            .replace('\\', "/");
        let folder = folder
            .trim_start_matches('/')
            .trim_end_matches("/Cargo.toml");
        found.extend(folder_name(folder, name));
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let edge = Edge {
                folder,
                from: name,
                to: dependency["name"].as_str().unwrap_or_default(),
                is_dev: dependency["kind"].as_str() == Some("dev"),
            };
            if members.contains(&edge.to) {
                found.extend(edge_between_members(&edge));
            } else {
                found.extend(closed_door(&edge));
            }
        }
    }
    found
}

/// In `sdk` and `examples` a folder is named after its package.
fn folder_name(folder: &str, package: &str) -> Option<String> {
    let (room, name) = folder.split_once('/')?;
    (["sdk", "examples"].contains(&room) && name != package)
        .then(|| format!("the folder {folder} holds the package {package}: name them alike"))
}

#[test]
fn crates_use_only_what_the_map_allows() {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(tree::top())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let known = metadata["packages"].as_array().map_or(0, Vec::len);
    assert!(known > ARROWS.len(), "only {known} packages were found");
    assert_tidy("arrows between crates", &violations(&metadata));
}

#[test]
fn a_forbidden_arrow_is_found() {
    let check = |folder: &str, from: &str, to: &str, kind: Value, expect: usize| {
        let metadata = serde_json::json!({
            "workspace_root": "/w",
            "packages": [
                {
                    "name": from,
                    "manifest_path": format!("/w/{folder}/Cargo.toml"),
                    "dependencies": [{ "name": to, "kind": kind }],
                },
                { "name": "lazuli-azure", "manifest_path": "/w/sdk/lazuli-azure/Cargo.toml", "dependencies": [] },
                { "name": "lazuli", "manifest_path": "/w/sdk/lazuli/Cargo.toml", "dependencies": [] },
            ],
        });
        assert_eq!(violations(&metadata).len(), expect, "{from} -> {to}");
    };
    check(
        "sdk/lazuli-engine",
        "lazuli-engine",
        "lazuli-azure",
        Value::Null,
        1,
    );
    check(
        "sdk/lazuli-emulator",
        "lazuli-emulator",
        "lazuli-azure",
        "dev".into(),
        1,
    );
    check("sdk/lazuli-new", "lazuli-new", "lazuli", Value::Null, 1);
    check("components", "lazuli-components", "lazuli", Value::Null, 0);
    check(
        "components",
        "lazuli-components",
        "lazuli-azure",
        Value::Null,
        1,
    );
    check("examples/shop", "shop", "lazuli", Value::Null, 0);
    check("examples/shop", "shop", "lazuli-azure", "build".into(), 1);
    check("examples/shop", "store", "lazuli", Value::Null, 1);
    check("tests", TESTS, "lazuli-azure", "dev".into(), 0);
    check("tests", TESTS, "lazuli-azure", Value::Null, 1);
    check("sdk/lazuli-core", "lazuli-core", "tokio", Value::Null, 1);
    check("sdk/lazuli-core", "lazuli-core", "tokio", "dev".into(), 0);
    check("sdk/lazuli-core", "lazuli-core", "serde", Value::Null, 0);
}
