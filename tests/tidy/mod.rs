//! The rules of the house that no compiler checks: which crate may use which, what lies where,
//! and that the documentation speaks of what is there.
//!
//! Each rule is a pure function over a path and a text, with a test that shows a violation being
//! found, and one test that holds it against this repository. `docs/ARCHITECTURE.md` gives the
//! reasons.

mod arrows;
mod cycles;
mod docs;
mod imports;
mod layout;
mod manifests;
mod modules;
mod prose;
mod sources;
mod tree;
mod types;
mod words;

/// Fails with every violation at once.
fn assert_tidy(rule: &str, violations: &[String]) {
    assert!(
        violations.is_empty(),
        "{rule}:\n  {}",
        violations.join("\n  ")
    );
}
