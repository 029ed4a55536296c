//! The page on `verify` says what the catalogue says.

use std::path::Path;

use lazuli_azure::verify::{RULES, Rule, Weight};

fn line(rule: &Rule) -> String {
    let severity = match rule.weight {
        Weight::Error => "error",
        Weight::Warning => "warning",
        Weight::Proof => "error if certain",
    };
    let title = rule.title.replace('|', "\\|");
    format!(
        "| {} | {title} | {severity} | [docs]({}) |",
        rule.code, rule.source
    )
}

#[test]
fn the_document_lists_every_rule_as_the_catalogue_has_it() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify.md");
    let text = std::fs::read_to_string(file).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| LZ"));
    assert_eq!(rows.count(), RULES.len());
    for rule in RULES {
        let line = line(rule);
        assert!(
            text.lines().any(|row| row.starts_with(&line)),
            "docs/verify.md needs a row that begins with\n{line}"
        );
    }
}
