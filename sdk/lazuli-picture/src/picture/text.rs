//! Text in pictures: how wide it is, how it is shortened, how it is escaped.

/// How wide a text is at a size in pixels, in the sans-serif fonts of browsers.
/// Rather too wide than too narrow: the font is the reader's.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(share).sum::<f64>() * size
}

/// The width of a letter, as a share of the font's size.
fn share(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | '\'' | '|' | '.' | ',' | ':' | ';' | '!' | '·' => 0.29,
        'f' | 't' | 'r' | 'I' | ' ' | '(' | ')' | '[' | ']' | '/' | '-' | '"' => 0.38,
        'm' | 'w' | 'M' | 'W' | '@' | '…' | '→' => 0.93,
        '0'..='9' => 0.64,
        'a'..='z' | '_' | '$' | '?' | '*' => 0.58,
        'A'..='Z' | '&' | '+' | '<' | '>' | '=' | '~' | '#' | '%' => 0.71,
        letter if letter.is_ascii() => 0.6,
        // Scripts whose letters are as wide as high.
        letter if u32::from(letter) >= 0x1100 => 1.05,
        _ => 0.68,
    }
}

/// The text, with its middle left out where it would be wider than that.
pub(crate) fn fit(text: &str, size: f64, widest: f64) -> String {
    if width(text, size) <= widest {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let (mut begin, mut end) = (0, letters.len());
    let mut used = width("…", size);
    // Of the beginning a little more than of the end, until nothing fits any more.
    loop {
        let from_begin = begin <= (letters.len() - end) * 3 / 2;
        let letter = match from_begin {
            true => letters.get(begin),
            false => letters.get(end - 1),
        };
        let Some(letter) = letter.filter(|_| begin < end) else {
            break;
        };
        used += share(*letter) * size;
        if used > widest {
            break;
        }
        match from_begin {
            true => begin += 1,
            false => end -= 1,
        }
    }
    let begin: String = letters[..begin].iter().collect();
    let end: String = letters[end..].iter().collect();
    format!("{begin}…{end}")
}

/// Safe between tags and in attributes of XML and HTML. Characters that XML cannot
/// hold become blanks.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

/// Safe inside of a `<script type="application/json">`.
pub(crate) fn json_in_html(json: &serde_json::Value) -> String {
    json.to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_keep_their_beginning_and_their_end() {
        assert_eq!(fit("short", 13.0, 100.0), "short");
        let long = "a-very-long-name-of-a-resource-in-westeurope-001";
        let fitted = fit(long, 13.0, 150.0);
        assert!(width(&fitted, 13.0) <= 150.0, "{fitted}");
        assert!(fitted.starts_with("a-very") && fitted.ends_with("001") && fitted.contains('…'));
        // Hopelessly narrow, and letters of several bytes.
        assert_eq!(fit("äöüß", 13.0, 5.0), "…");
        assert!(width(&fit("漢字漢字漢字漢字", 13.0, 60.0), 13.0) <= 60.0);
    }

    #[test]
    fn nothing_of_a_text_is_taken_for_markup() {
        assert_eq!(
            xml("<script>\"&'\u{0}\n</script>"),
            "&lt;script&gt;&quot;&amp;&#39;  &lt;/script&gt;"
        );
        let json = serde_json::json!({"name": "</script><!--&\u{2028}"});
        let text = json_in_html(&json);
        assert!(!text.contains(['<', '>', '&', '\u{2028}']), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            json
        );
    }
}
