//! Values and times in few characters, for people.

use std::time::Duration;

use lazuli_core::Value;
use lazuli_core::value::Reveal;

/// How much of one value fits into a line.
const LONGEST: usize = 100;

/// One line for people: texts in quotes, long ones shortened.
pub fn line(value: &Value) -> String {
    match value {
        Value::Secret(_) | Value::Unknown(_) => value.to_string(),
        other => shorten(&other.to_json(Reveal::No).to_string()),
    }
}

/// A text, without its middle where it is long.
pub fn shorten(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let begin: String = text.chars().take(LONGEST - 21).collect();
    let total = text.chars().count();
    let end: String = text.chars().skip(total - 18).collect();
    format!("{begin} … {end}")
}

/// A length of time for people: `640ms`, `1.2s`, `3m 04s`, `1h 02m`.
pub fn span(duration: Duration) -> String {
    let (millis, seconds) = (duration.as_millis(), duration.as_secs());
    match seconds {
        0 => format!("{millis}ms"),
        // Tenths, cut rather than rounded, so that 59.96 s does not become 60.0 s.
        1..60 => format!("{}.{}s", seconds, duration.subsec_millis() / 100),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let check =
            |millis: u64, expect: &str| assert_eq!(span(Duration::from_millis(millis)), expect);
        check(0, "0ms");
        check(999, "999ms");
        check(1_250, "1.2s");
        check(59_990, "59.9s");
        check(184_000, "3m 04s");
        check(3_720_000, "1h 02m");
    }

    #[test]
    fn very_long_values_stay_on_one_line() {
        let long = Value::from("ä\n".repeat(500));
        let text = line(&long);
        assert!(
            text.chars().count() <= LONGEST && !text.contains('\n'),
            "{text}"
        );
        assert_eq!(line(&Value::from("x").into_secret()), "(secret)");
    }
}
