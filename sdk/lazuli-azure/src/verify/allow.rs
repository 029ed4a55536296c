//! Findings that somebody allows, with a reason.
//!
//! Called by the provider with what the command line says (`--allow CODE=REASON`).

use lazuli_core::Diagnostic;

use super::catalog::{RULES, rule};

/// An allowance that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AllowError {
    /// No rule has the code.
    #[error("no rule has the code `{code}`; the codes that are closest: {closest}")]
    UnknownCode {
        /// The code as given.
        code: String,
        /// Codes that it may have been meant for.
        closest: String,
    },
    /// A finding is allowed for a reason, or not at all.
    #[error("`{code}` is allowed without a reason; say who makes sure of it instead")]
    NoReason {
        /// The code as given.
        code: String,
    },
}

/// Turns the findings with these codes into notes that show the reason.
///
/// # Errors
/// A code that no rule has, or an empty reason; the findings are untouched then.
pub fn allow(findings: &mut [Diagnostic], allowed: &[(&str, &str)]) -> Result<(), AllowError> {
    for (code, reason) in allowed {
        check(code, reason)?;
    }
    for finding in findings {
        let reason = allowed
            .iter()
            .find(|(code, _)| code.eq_ignore_ascii_case(finding.code));
        if let Some((_, reason)) = reason {
            *finding = finding.clone().allowed(reason.trim());
        }
    }
    Ok(())
}

/// Whether a code can be allowed for a reason.
///
/// # Errors
/// No rule has the code, or the reason is empty.
pub fn check(code: &str, reason: &str) -> Result<(), AllowError> {
    if rule(code).is_none() {
        return Err(AllowError::UnknownCode {
            code: code.to_owned(),
            closest: closest(code),
        });
    }
    if reason.trim().is_empty() {
        return Err(AllowError::NoReason {
            code: code.to_owned(),
        });
    }
    Ok(())
}

/// The codes that differ in the fewest characters.
fn closest(code: &str) -> String {
    let code = code.to_ascii_uppercase();
    let distance = |other: &str| {
        let same = other.chars().zip(code.chars()).filter(|(a, b)| a == b);
        other.len().max(code.len()) - same.count()
    };
    let mut codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    codes.sort_by_key(|other| distance(other));
    codes.truncate(3);
    codes.join(", ")
}

#[cfg(test)]
mod tests {
    use lazuli_core::Severity;

    use super::*;

    #[test]
    fn an_allowed_finding_is_a_note_with_the_reason() {
        let mut findings = [
            Diagnostic::error("LZ2011", "no zone is linked"),
            Diagnostic::error("LZ2003", "no delegation"),
        ];
        allow(&mut findings, &[("lz2011", " the hub links it ")]).unwrap();
        assert_eq!(findings[0].severity, Severity::Note);
        assert_eq!(
            findings[0].message,
            "no zone is linked (allowed: the hub links it)"
        );
        assert_eq!(findings[1].severity, Severity::Error);
    }

    #[test]
    fn a_code_that_no_rule_has_and_a_missing_reason_are_errors() {
        let mut findings = [Diagnostic::error("LZ2011", "no zone is linked")];
        let untouched = findings.clone();
        let error = allow(&mut findings, &[("LZ2011", "hub"), ("LZ2910", "hub")]).unwrap_err();
        assert!(error.to_string().contains("LZ2010"), "{error}");
        let error = allow(&mut findings, &[("LZ2011", " ")]).unwrap_err();
        assert!(matches!(error, AllowError::NoReason { .. }));
        assert_eq!(findings, untouched);
    }
}
