//! Findings that the program allows: notes, with the reason.

use lazuli_core::{Allowance, Diagnostic};

/// Applies what the program allows to the findings of checks and rules. What
/// cannot be allowed is a finding itself; `has_rule` knows the codes that can.
pub(crate) fn apply(
    findings: &mut Vec<Diagnostic>,
    allowed: &[Allowance],
    has_rule: impl Fn(&str) -> bool,
) {
    let useless = |allowance: &Allowance| {
        let message = if !has_rule(&allowance.code) {
            format!(
                "no rule has the code `{}`, which the program allows",
                allowance.code
            )
        } else if allowance.reason.trim().is_empty() {
            format!("`{}` is allowed without a reason", allowance.code)
        } else {
            return None;
        };
        let help = "name the code of a finding as it is shown, and say who sees to it instead";
        let finding = Diagnostic::error("LZ0050", message).help(help);
        Some(finding.at(allowance.location.clone()))
    };
    let (mut wrong, mut good) = (Vec::new(), Vec::new());
    for allowance in allowed {
        match useless(allowance) {
            Some(finding) => wrong.push(finding),
            None => good.push(allowance),
        }
    }
    for finding in findings.iter_mut() {
        let same = |allowance: &&&Allowance| allowance.code.eq_ignore_ascii_case(finding.code);
        if let Some(allowance) = good.iter().find(same) {
            *finding = finding.clone().allowed(allowance.reason.trim());
        }
    }
    findings.extend(wrong);
}

#[cfg(test)]
mod tests {
    use lazuli_core::{Severity, SourceLocation};

    use super::*;

    fn check(code: &str, reason: &str, expected: &[(&str, Severity)]) {
        let mut findings = vec![Diagnostic::error("KNOWN1", "no zone is linked")];
        let location = SourceLocation {
            file: "main.rs".into(),
            line: 3,
        };
        let allowance = Allowance {
            code: code.to_owned(),
            reason: reason.to_owned(),
            location,
        };
        apply(&mut findings, &[allowance], |code| {
            code == "KNOWN1" || code == "known1"
        });
        let found: Vec<_> = findings
            .iter()
            .map(|one| (one.code, one.severity))
            .collect();
        assert_eq!(found, expected, "{code} {reason}");
    }

    #[test]
    fn an_allowed_finding_is_a_note_and_what_cannot_be_allowed_an_error() {
        check("KNOWN1", "the hub links it", &[("KNOWN1", Severity::Note)]);
        check("known1", "the hub links it", &[("KNOWN1", Severity::Note)]);
        let refused = [("KNOWN1", Severity::Error), ("LZ0050", Severity::Error)];
        check("KNOWN1", " ", &refused);
        check("KNOWN2", "the hub links it", &refused);
    }
}
