//! Long lines of a plan on a terminal: broken between words and segments, instead
//! of wherever the terminal ends, with the lines of the tree carried on.

/// How much further in the rest of a line begins.
const FURTHER: &str = "    ";

/// Breaks every line that is wider than so many columns. Escape sequences have no
/// width and stay whole.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let lines = text.split('\n').map(|line| broken(line, width));
    lines.collect::<Vec<_>>().join("\n")
}

fn broken(line: &str, width: usize) -> String {
    let indent = continued(line);
    let room = console::measure_text_width(&indent);
    if console::measure_text_width(line) <= width || width < room + 20 {
        return line.to_owned();
    }
    let mut lines = Vec::new();
    let mut rest = line.to_owned();
    while console::measure_text_width(&rest) > width {
        // The guides at the beginning are no place to break.
        let at = place_to_break(&rest, width, room);
        let next = rest.split_off(at);
        lines.push(rest.trim_end().to_owned());
        rest = format!("{indent}{}", next.trim_start());
    }
    lines.push(rest);
    lines.join("\n")
}

/// What the further lines of a line begin with.
fn continued(line: &str) -> String {
    let guides = line.chars().take_while(|letter| " │├└─".contains(*letter));
    let guides = guides.map(|letter| match letter {
        '│' | '├' => '│',
        _ => ' ',
    });
    guides.chain(FURTHER.chars()).collect()
}

/// The byte behind the last blank or slash that is within the width, or where the
/// width ends.
fn place_to_break(line: &str, width: usize, least: usize) -> usize {
    let (mut column, mut best, mut is_escape) = (0, None, false);
    for (at, letter) in line.char_indices() {
        if is_escape {
            is_escape = !letter.is_ascii_alphabetic();
            continue;
        }
        if letter == '\u{1b}' {
            is_escape = true;
            continue;
        }
        let wide = console::measure_text_width(letter.encode_utf8(&mut [0; 4]));
        if column + wide > width {
            return best.unwrap_or(at);
        }
        column += wide;
        if column > least && matches!(letter, ' ' | '/') {
            best = Some(at + letter.len_utf8());
        }
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_go_on_below_their_tree() {
        let text =
            "├─ + secureacr2021-zg  Microsoft.Network/privateEndpoints/privateDnsZoneGroups\nshort";
        assert_eq!(
            wrap(text, 60),
            "├─ + secureacr2021-zg  Microsoft.Network/privateEndpoints/\n│      privateDnsZoneGroups\nshort"
        );
        let words = "   key: (known after the group: identity.principalId)";
        assert_eq!(
            wrap(words, 40),
            "   key: (known after the group:\n       identity.principalId)"
        );
    }

    #[test]
    fn colours_take_no_room_and_what_has_no_blank_is_cut() {
        let dim = "a  \u{1b}[2mMicrosoft.Web/sites\u{1b}[0m";
        assert_eq!(wrap(dim, 25), dim);
        let long = "x".repeat(90);
        let wrapped = wrap(&long, 40);
        assert!(
            wrapped.lines().all(|line| line.chars().count() <= 40),
            "{wrapped}"
        );
        assert_eq!(wrapped.replace(['\n', ' '], ""), long);
        // Where there is no room nothing is broken.
        assert_eq!(wrap(&long, 10), long);
    }
}
