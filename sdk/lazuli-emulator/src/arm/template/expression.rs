//! The expression language of templates: `[concat('a', parameters('b').c[0])]` to a tree.

use serde_json::Value;

use super::{Result, TemplateError};

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    Literal(Value),
    Call(String, Vec<Expression>),
    Property(Box<Expression>, String),
    Index(Box<Expression>, Box<Expression>),
}

/// The text between the brackets, when a string is an expression. `[[` escapes.
pub(crate) fn inner(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    (!text.starts_with("[[")).then_some(inner)
}

/// Nesting beyond this is refused, so that no input can exhaust the stack.
const MAX_DEPTH: usize = 64;

/// Parses what stands between the brackets.
///
/// # Errors
/// ARM's sentence about an expression it cannot read.
pub(crate) fn parse(text: &str) -> Result<Expression> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    let expression = reader.expression()?;
    reader.spaces();
    if reader.at < text.len() {
        return Err(reader.unexpected());
    }
    Ok(expression)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.spaces();
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn unexpected(&self) -> TemplateError {
        TemplateError::new(format!(
            "The language expression '{}' is not valid: unexpected {} at position {}. Please see https://aka.ms/arm-template-expressions for usage details.",
            self.text,
            self.peek().map_or("end".to_owned(), |c| format!("'{c}'")),
            self.at,
        ))
    }

    fn expression(&mut self) -> Result<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(TemplateError::new(format!(
                "The language expression '{}' is nested too deeply: {MAX_DEPTH} levels are the limit.",
                self.text
            )));
        }
        let mut value = self.primary()?;
        loop {
            if self.eat('.') {
                let name = self.word()?;
                value = Expression::Property(Box::new(value), name);
            } else if self.eat('[') {
                let index = self.expression()?;
                self.close(']')?;
                value = Expression::Index(Box::new(value), Box::new(index));
            } else {
                break;
            }
        }
        self.depth -= 1;
        Ok(value)
    }

    fn close(&mut self, wanted: char) -> Result<()> {
        if self.eat(wanted) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn primary(&mut self) -> Result<Expression> {
        self.spaces();
        match self.peek() {
            Some('\'') => self.string().map(|text| Expression::Literal(text.into())),
            Some(c) if c.is_ascii_digit() || c == '-' => self.number(),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.call(),
            _ => Err(self.unexpected()),
        }
    }

    /// Two quotes stand for one.
    fn string(&mut self) -> Result<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(end) = rest.find('\'') else {
                return Err(self.unexpected());
            };
            text.push_str(&rest[..end]);
            self.at += end + 1;
            if self.peek() != Some('\'') {
                return Ok(text);
            }
            text.push('\'');
            self.at += 1;
        }
    }

    fn number(&mut self) -> Result<Expression> {
        let rest = self.rest();
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| !c.is_ascii_digit() && *c != '.')
            .map_or(rest.len(), |(at, _)| at);
        let value: Value = serde_json::from_str(&rest[..end]).map_err(|_| self.unexpected())?;
        self.at += end;
        Ok(Expression::Literal(value))
    }

    fn word(&mut self) -> Result<String> {
        self.spaces();
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && !"_$".contains(c))
            .unwrap_or(rest.len());
        if end == 0 {
            return Err(self.unexpected());
        }
        let word = rest[..end].to_owned();
        self.at += end;
        Ok(word)
    }

    fn call(&mut self) -> Result<Expression> {
        let mut name = self.word()?;
        // `namespace.function(` of the template's own functions.
        if self.peek() == Some('.') {
            self.at += 1;
            name = format!("{name}.{}", self.word()?);
        }
        self.close('(')?;
        let mut arguments = Vec::new();
        if self.eat(')') {
            return Ok(Expression::Call(name, arguments));
        }
        loop {
            arguments.push(self.expression()?);
            if self.eat(')') {
                return Ok(Expression::Call(name, arguments));
            }
            self.close(',')?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read() {
        let call =
            |name: &str, arguments: Vec<Expression>| Expression::Call(name.into(), arguments);
        let literal = |value: Value| Expression::Literal(value);
        let check = |text: &str, expect: Expression| assert_eq!(parse(text), Ok(expect), "{text}");
        check(
            "concat('it''s', -3)",
            call("concat", vec![literal("it's".into()), literal((-3).into())]),
        );
        check(
            "a().b[0].c",
            Expression::Property(
                Box::new(Expression::Index(
                    Box::new(Expression::Property(
                        Box::new(call("a", vec![])),
                        "b".into(),
                    )),
                    Box::new(literal(0.into())),
                )),
                "c".into(),
            ),
        );
        for bad in [
            "concat(",
            "concat('a'",
            "a",
            "a() b",
            "'open",
            "a(,)",
            "a().",
            "",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse(&format!("{}{}", "a(".repeat(500), ")".repeat(500))).is_err());
    }

    #[test]
    fn brackets_make_an_expression() {
        assert_eq!(inner("[a()]"), Some("a()"));
        assert_eq!(inner("[[a()]"), None);
        assert_eq!(inner("a()"), None);
        assert_eq!(inner("[a()] b"), None);
    }
}
