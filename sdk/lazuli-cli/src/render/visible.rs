//! The boundary to the terminal: text of others is shown, and never obeyed.
//!
//! Clouds, programs and files may hold control characters. A terminal takes them for commands: to clear the screen,
//! to set its title, to overwrite a line that was read before. [`visible`] writes them out instead. It runs on every
//! text that leaves for a person, so no renderer has to think of it.

use std::fmt::Write as _;

/// How much of a message of others is shown, in characters. `--json` has the whole.
const LONGEST: usize = 2_000;

/// The text with control characters written out, such as `\x1b`. Line feeds and tabs stay, and so do colours where
/// `colour` allows them.
pub(crate) fn visible(text: &str, colour: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let Some(code) = sgr(rest).filter(|_| colour) {
            shown.push_str(code);
            rest = &rest[code.len()..];
            continue;
        }
        rest = &rest[letter.len_utf8()..];
        match letter {
            '\r' if rest.starts_with('\n') => {}
            '\n' | '\t' => shown.push(letter),
            letter if letter.is_control() && letter.is_ascii() => {
                let _ = write!(shown, "\\x{:02x}", u32::from(letter));
            }
            letter if is_command(letter) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(letter));
            }
            letter => shown.push(letter),
        }
    }
    shown
}

/// JSON in which what a terminal would obey is escaped, as JSON escapes it. Serializers do so only for ASCII.
pub(crate) fn visible_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for letter in json.chars() {
        match is_command(letter) {
            true => {
                let _ = write!(shown, "\\u{:04x}", u32::from(letter));
            }
            false => shown.push(letter),
        }
    }
    shown
}

/// Beyond ASCII: the second set of control characters, and what changes the direction of writing.
fn is_command(letter: char) -> bool {
    let beyond_ascii = !letter.is_ascii() && letter.is_control();
    let direction = matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    beyond_ascii || direction
}

/// The colour sequence at the beginning of a text: `ESC [ numbers m`. The one that hides text is none.
fn sgr(text: &str) -> Option<&str> {
    let numbers = text.strip_prefix("\u{1b}[")?;
    let end = numbers.find(|letter: char| !(letter.is_ascii_digit() || letter == ';'))?;
    let hides = numbers[..end].split(';').any(|number| number == "8");
    (numbers[end..].starts_with('m') && !hides).then(|| &text[..end + 3])
}

/// As much of a message as people read.
pub(crate) fn shortened(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(LONGEST) else {
        return text.to_owned();
    };
    let left = text[end..].chars().count();
    format!(
        "{}… ({left} more characters, which --json shows)",
        &text[..end]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        let check = |text: &str, expect: &str| {
            assert_eq!(visible(text, false), expect, "{text:?}");
        };
        check("plain – text\n\twith lines", "plain – text\n\twith lines");
        check("a\r\nb", "a\nb");
        check("\u{1b}]0;title\u{7}", "\\x1b]0;title\\x07");
        check("\u{1b}[2J\u{1b}[31mRED", "\\x1b[2J\\x1b[31mRED");
        check("one\rtwo\u{8}", "one\\x0dtwo\\x08");
        check("\u{9b}31m \u{202e}x\u{7f}", "\\u{9b}31m \\u{202e}x\\x7f");
    }

    #[test]
    fn colours_stay_where_they_are_wanted_and_nothing_else_does() {
        let check = |text: &str, expect: &str| assert_eq!(visible(text, true), expect, "{text:?}");
        check("\u{1b}[31mred\u{1b}[0m", "\u{1b}[31mred\u{1b}[0m");
        check("\u{1b}[38;5;1mx\u{1b}[m", "\u{1b}[38;5;1mx\u{1b}[m");
        check("\u{1b}[2J", "\\x1b[2J");
        check("\u{1b}[8mhidden", "\\x1b[8mhidden");
        check("\u{1b}[31", "\\x1b[31");
        check("\u{1b}[1;8m", "\\x1b[1;8m");
        check("\u{1b}", "\\x1b");
    }

    #[test]
    fn json_stays_json_and_means_the_same() {
        let value = serde_json::json!({"a": "\u{1b}[2J\u{9b}31m\u{202e}é"});
        let text = visible_json(&value.to_string());
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text}");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, value);
    }

    #[test]
    fn long_messages_are_shortened() {
        assert_eq!(shortened("short"), "short");
        let text = shortened(&"é".repeat(1_000_000));
        assert!(text.ends_with("… (998000 more characters, which --json shows)"));
        assert_eq!(
            text.chars().filter(|letter| *letter == 'é').count(),
            LONGEST
        );
    }
}
