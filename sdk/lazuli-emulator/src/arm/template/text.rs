//! Requests that carry templates are read as the service's JSON reader does: comments, names without
//! quotes, strings over several lines, a comma too many. Recorded requests of the Azure CLI have all of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Line and column, from 1, right behind the opening brace of an object.
pub(crate) type Position = (usize, usize);

/// A document, and where its objects begin, by path (`properties.template.parameters.x`).
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) objects: BTreeMap<String, Position>,
}

const MAX_DEPTH: usize = 100;

/// Reads a document.
///
/// # Errors
/// What is wrong, and where.
pub(crate) fn read(text: &str) -> Result<Document, String> {
    let mut reader = Reader {
        text,
        at: 0,
        path: Vec::new(),
        objects: BTreeMap::new(),
    };
    reader.space()?;
    let value = reader.value()?;
    reader.space()?;
    if reader.at < text.len() {
        return Err(reader.wrong("additional text after the end of the document"));
    }
    Ok(Document {
        value,
        objects: reader.objects,
    })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    path: Vec<String>,
    objects: BTreeMap<String, Position>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn position(&self) -> Position {
        let before = &self.text[..self.at];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before[start..].chars().count())
    }

    fn wrong(&self, what: &str) -> String {
        let (line, column) = self.position();
        format!(
            "{what}. Path '{}', line {line}, position {column}",
            self.path.join(".")
        )
    }

    /// Spaces and comments.
    fn space(&mut self) -> Result<(), String> {
        loop {
            let rest = self.rest();
            self.at += rest.len()
                - rest
                    .trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}'])
                    .len();
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let end = rest
                    .find("*/")
                    .ok_or_else(|| self.wrong("a comment does not end"))?;
                self.at += end + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.path.len() > MAX_DEPTH {
            return Err(self.wrong("the document is nested too deeply"));
        }
        match self.peek() {
            Some('{') => self.object(),
            Some('[') => self.array(),
            Some(quote @ ('"' | '\'')) => self.string(quote).map(Value::from),
            Some(_) => self.word(),
            None => Err(self.wrong("unexpected end of the document")),
        }
    }

    fn object(&mut self) -> Result<Value, String> {
        self.at += 1;
        self.objects.insert(self.path.join("."), self.position());
        let mut object = Map::new();
        loop {
            self.space()?;
            match self.peek() {
                Some('}') => {
                    self.at += 1;
                    return Ok(Value::Object(object));
                }
                Some(',') if !object.is_empty() => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let name = self.name()?;
            self.space()?;
            if self.peek() != Some(':') {
                return Err(self.wrong("a colon is missing after a property name"));
            }
            self.at += 1;
            self.space()?;
            self.path.push(name.clone());
            let value = self.value()?;
            self.path.pop();
            object.insert(name, value);
            self.space()?;
            if !matches!(self.peek(), Some(',' | '}')) {
                return Err(self.wrong("a comma or a closing brace is missing"));
            }
        }
    }

    fn name(&mut self) -> Result<String, String> {
        if let Some(quote @ ('"' | '\'')) = self.peek() {
            return self.string(quote);
        }
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && !"_$".contains(c))
            .unwrap_or(rest.len());
        if end == 0 {
            return Err(self.wrong("a property name is missing"));
        }
        self.at += end;
        Ok(rest[..end].to_owned())
    }

    fn array(&mut self) -> Result<Value, String> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.space()?;
            match self.peek() {
                Some(']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                Some(',') if !items.is_empty() => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            self.path.push(items.len().to_string());
            let item = self.value()?;
            self.path.pop();
            items.push(item);
            self.space()?;
            if !matches!(self.peek(), Some(',' | ']')) {
                return Err(self.wrong("a comma or a closing bracket is missing"));
            }
        }
    }

    fn string(&mut self, quote: char) -> Result<String, String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let end = rest
                .find([quote, '\\'])
                .ok_or_else(|| self.wrong("a string does not end"))?;
            text.push_str(&rest[..end]);
            self.at += end + 1;
            if rest[end..].starts_with(quote) {
                return Ok(text);
            }
            let escape = self
                .peek()
                .ok_or_else(|| self.wrong("a string does not end"))?;
            self.at += escape.len_utf8();
            match escape {
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                'b' => text.push('\u{8}'),
                'f' => text.push('\u{c}'),
                'u' => text.push(self.unicode()?),
                other => text.push(other),
            }
        }
    }

    fn unicode(&mut self) -> Result<char, String> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if !self.rest().starts_with("\\u") {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        self.at += 2;
        let second = self.hex()?;
        let code = 0x10000 + ((first - 0xd800) << 10) + (second.wrapping_sub(0xdc00) & 0x3ff);
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits = self
            .rest()
            .get(..4)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = digits.ok_or_else(|| self.wrong("an escape in a string is not valid"))?;
        self.at += 4;
        Ok(code)
    }

    /// `true`, `null`, numbers.
    fn word(&mut self) -> Result<Value, String> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c))
            .unwrap_or(rest.len());
        let value =
            serde_json::from_str(&rest[..end]).map_err(|_| self.wrong("unexpected character"))?;
        self.at += end;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_cli_sends_is_read() {
        let text = "{\"properties\": {\"mode\": 'Incremental', template:{\n  // comment\n  \"a\": \"two\nlines\", /* more */\n  \"p\": {\n    \"x\": { \"n\": -1.5e2, \"u\": \"\\u00fc\\ud83d\\ude00\" }, },\n}}}";
        let document = read(text).expect("readable");
        let expect = json!({ "properties": { "mode": "Incremental", "template": { "a": "two\nlines", "p": { "x": { "n": -1.5e2, "u": "ü😀" } } } } });
        assert_eq!(document.value, expect);
        assert_eq!(document.objects["properties.template.p.x"], (6, 10));
    }

    #[test]
    fn what_is_broken_says_where() {
        for (text, place) in [
            ("{\"a\" 1}", "position 5"),
            ("{\"a\": [1", "line 1"),
            ("{\"a\": 'x", "does not end"),
            ("{} x", "additional"),
            ("{\"a\": tru}", "unexpected"),
            ("", "end of the document"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(place), "{text}: {error}");
        }
        assert!(read(&"[".repeat(5000)).is_err());
    }
}
