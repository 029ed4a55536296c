//! LZ1008 for ids inside of the inputs.

use lazuli_arm::ResourceId;

use super::Findings;
use crate::record::{Bare, Reference};

pub(super) fn check(findings: &mut Findings<'_>) {
    let references = findings
        .record()
        .map_or(&[][..], |record| record.references);
    for reference in references {
        if let Some(id) = findings.text(reference.path) {
            one(findings, reference, id);
        }
    }
}

fn one(findings: &mut Findings<'_>, reference: &Reference, id: &str) {
    let stands_bare = match reference.bare {
        Bare::No => false,
        Bare::AnyName => !id.contains('/'),
        Bare::Word(word) => id.eq_ignore_ascii_case(word),
    };
    if id.is_empty() || stands_bare {
        return;
    }
    let (path, expected) = (reference.path, reference.ty);
    let found = match ResourceId::parse(id) {
        Ok(found) if found.is_of(expected) => return,
        Ok(found) => format!("the id of a {}", found.resource_type()),
        Err(_) => "no resource id".to_owned(),
    };
    findings.error(
        "LZ1008",
        format!("`{path}` is `{id}`, which is {found}"),
        format!("give the id of a {expected}"),
    );
}
