//! LZ1001: names, by type.

use super::Findings;
use crate::record::NameRule;

pub(super) fn check(findings: &mut Findings<'_>) {
    let Some(record) = findings.record() else {
        return;
    };
    let Some(rule) = &record.name else { return };
    let Some(name) = findings
        .desired
        .id
        .as_deref()
        .and_then(|id| id.rsplit('/').next())
    else {
        return;
    };
    let Some(why) = breach(rule, name) else {
        return;
    };
    let (ty, least, most, said) = (record.ty, rule.least, rule.most, rule.said);
    findings.error(
        "LZ1001",
        format!("`{name}` cannot be the name of a {ty}: {why}"),
        format!("choose a name of {least} to {most} characters: {said}; `.name(..)` gives another name in Azure than in the program"),
    );
}

fn breach(rule: &NameRule, name: &str) -> Option<String> {
    let length = name.chars().count();
    let allowed = |letter: char| {
        letter.is_ascii_alphanumeric()
            || rule.marks.contains(letter)
            || (rule.unicode && letter.is_alphanumeric())
    };
    if length < rule.least || length > rule.most {
        return Some(format!("it has {length} characters"));
    }
    if let Some(letter) = name.chars().find(|&letter| !allowed(letter)) {
        return Some(format!("`{letter}` is not allowed"));
    }
    if name.starts_with(|letter| rule.not_first.contains(letter)) {
        return Some("its first character is not allowed there".to_owned());
    }
    if name.ends_with(|letter| rule.not_last.contains(letter)) {
        return Some("its last character is not allowed there".to_owned());
    }
    let (labels, (least, most)) = (name.split('.').count(), rule.labels?);
    (labels < least || labels > most)
        .then(|| format!("it has {labels} label(s), and needs {least} to {most}"))
}
