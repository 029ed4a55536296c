//! The Dockerfile language: text to instructions, without executing any.
//!
//! Rules follow the Dockerfile reference: comments and parser directives, continuation lines, JSON and
//! shell forms, flags before arguments. Variables are substituted later, by `assemble`, because their
//! values depend on the instructions before.

use std::collections::BTreeMap;

/// One instruction with the line it starts at (counted from 1) and its text for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) instruction: Instruction,
}

/// What an instruction asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
    From {
        image: String,
        alias: Option<String>,
    },
    Copy(Copy),
    Env(Vec<(String, String)>),
    Label(Vec<(String, String)>),
    Arg {
        name: String,
        default: Option<String>,
    },
    Expose(Vec<String>),
    Volume(Vec<String>),
    Cmd(Vec<String>),
    Entrypoint(Vec<String>),
    Workdir(String),
    User(String),
    StopSignal(String),
    /// A word of the language that needs a running container or is not modelled.
    NotModelled(String),
}

/// `COPY` and `ADD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copy {
    pub(crate) sources: Vec<String>,
    pub(crate) destination: String,
    pub(crate) from: Option<String>,
    pub(crate) mode: Option<u32>,
    pub(crate) is_add: bool,
}

/// A text that is not a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("dockerfile parse error on line {line}: {message}")]
pub(crate) struct ParseError {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Reads a Dockerfile.
///
/// # Errors
/// The first line that cannot be understood, in the words of the Docker builder where it has some.
pub(crate) fn parse(text: &str) -> Result<Vec<Located>, ParseError> {
    let mut found = Vec::new();
    for (line, text) in logical_lines(text) {
        let instruction = instruction(&text).map_err(|message| ParseError { line, message })?;
        found.push(Located {
            line,
            text,
            instruction,
        });
    }
    match found
        .iter()
        .find(|i| !matches!(i.instruction, Instruction::Arg { .. }))
    {
        None => Err(ParseError {
            line: 1,
            message: "file with no instructions".into(),
        }),
        Some(Located {
            instruction: Instruction::From { .. },
            ..
        }) => Ok(found),
        Some(other) => Err(ParseError {
            line: other.line,
            message: "no build stage in current context: the first instruction must be FROM".into(),
        }),
    }
}

/// Joins continuation lines and drops comments and empty lines, also inside a continuation.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let escape = escape_character(text);
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, raw) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = raw.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (start, mut joined) = open.take().unwrap_or((index + 1, String::new()));
        match line.strip_suffix(escape) {
            Some(head) => {
                joined.push_str(head);
                open = Some((start, joined));
            }
            None => {
                joined.push_str(line);
                lines.push((start, joined));
            }
        }
    }
    lines.extend(open);
    lines
}

/// The `# escape=` directive may only stand before anything else.
fn escape_character(text: &str) -> char {
    let directives = text.lines().map_while(|line| line.trim().strip_prefix('#'));
    let mut values = directives.filter_map(|d| {
        let (key, value) = d.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case("escape")
            .then(|| value.trim().chars().next())?
    });
    values.next().filter(|c| *c == '`').unwrap_or('\\')
}

fn instruction(text: &str) -> Result<Instruction, String> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let keyword = word.to_ascii_uppercase();
    let (flags, rest) = flags(rest.trim());
    if rest.is_empty() && keyword != "CMD" && keyword != "ENTRYPOINT" && is_known(&keyword) {
        return Err(format!("{keyword} requires at least one argument"));
    }
    match keyword.as_str() {
        "FROM" => from(rest),
        "COPY" | "ADD" => copy(&keyword, &flags, rest),
        "ENV" => Ok(Instruction::Env(pairs(&keyword, rest)?)),
        "LABEL" => Ok(Instruction::Label(pairs(&keyword, rest)?)),
        "ARG" => Ok(arg(rest)),
        "EXPOSE" => Ok(Instruction::Expose(words(rest)?)),
        "VOLUME" => Ok(Instruction::Volume(
            json_list(rest).map_or_else(|| words(rest), Ok)?,
        )),
        "CMD" => Ok(Instruction::Cmd(command(rest))),
        "ENTRYPOINT" => Ok(Instruction::Entrypoint(command(rest))),
        "WORKDIR" => Ok(Instruction::Workdir(unquote(rest))),
        "USER" => Ok(Instruction::User(unquote(rest))),
        "STOPSIGNAL" => Ok(Instruction::StopSignal(rest.to_owned())),
        "RUN" | "SHELL" | "HEALTHCHECK" | "ONBUILD" | "MAINTAINER" => {
            Ok(Instruction::NotModelled(keyword))
        }
        _ => Err(format!("unknown instruction: {word}")),
    }
}

fn is_known(keyword: &str) -> bool {
    const WORDS: [&str; 16] = [
        "FROM",
        "COPY",
        "ADD",
        "ENV",
        "LABEL",
        "ARG",
        "EXPOSE",
        "VOLUME",
        "WORKDIR",
        "USER",
        "STOPSIGNAL",
        "RUN",
        "SHELL",
        "HEALTHCHECK",
        "ONBUILD",
        "MAINTAINER",
    ];
    WORDS.contains(&keyword)
}

fn flags(mut rest: &str) -> (BTreeMap<String, String>, &str) {
    let mut flags = BTreeMap::new();
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, tail) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        flags.insert(name.to_owned(), value.to_owned());
        rest = tail.trim_start();
    }
    (flags, rest)
}

fn from(rest: &str) -> Result<Instruction, String> {
    match rest.split_whitespace().collect::<Vec<_>>()[..] {
        [image] => Ok(Instruction::From {
            image: image.to_owned(),
            alias: None,
        }),
        [image, word, alias] if word.eq_ignore_ascii_case("as") => Ok(Instruction::From {
            image: image.to_owned(),
            alias: Some(alias.to_lowercase()),
        }),
        _ => Err("FROM requires either one or three arguments".into()),
    }
}

fn copy(
    keyword: &str,
    flags: &BTreeMap<String, String>,
    rest: &str,
) -> Result<Instruction, String> {
    const FLAGS: [&str; 5] = ["from", "chmod", "chown", "link", "checksum"];
    if let Some(flag) = flags.keys().find(|flag| !FLAGS.contains(&flag.as_str())) {
        return Err(format!("unknown flag: {flag}"));
    }
    let mut paths = json_list(rest).map_or_else(|| words(rest), Ok)?;
    let destination = paths.pop().unwrap_or_default();
    if paths.is_empty() {
        return Err(format!(
            "{keyword} requires at least two arguments, but only one was provided"
        ));
    }
    let mode = match flags.get("chmod") {
        None => None,
        Some(text) => Some(
            u32::from_str_radix(text, 8)
                .map_err(|_| format!("invalid chmod parameter: {text:?}"))?,
        ),
    };
    let from = flags.get("from").cloned();
    Ok(Instruction::Copy(Copy {
        sources: paths,
        destination,
        from,
        mode,
        is_add: keyword == "ADD",
    }))
}

fn arg(rest: &str) -> Instruction {
    match rest.split_once('=') {
        Some((name, value)) => Instruction::Arg {
            name: name.trim().to_owned(),
            default: Some(unquote(value)),
        },
        None => Instruction::Arg {
            name: rest.to_owned(),
            default: None,
        },
    }
}

/// `KEY=value KEY2="two words"`, or the old form `KEY the rest`.
fn pairs(keyword: &str, rest: &str) -> Result<Vec<(String, String)>, String> {
    let words = words(rest)?;
    if words.first().is_some_and(|word| !word.contains('=')) {
        return match rest.split_once(char::is_whitespace) {
            Some((key, value)) => Ok(vec![(key.to_owned(), unquote(value))]),
            None => Err(format!("{keyword} must have two arguments")),
        };
    }
    let pair = |word: String| match word.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!(
            "Syntax error - can't find = in {word:?}. Must be of the form: name=value"
        )),
    };
    words.into_iter().map(pair).collect()
}

/// Splits at blanks, honouring quotes and backslashes; quotes are removed.
fn words(rest: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            // A `\$` stays as it is: substitution turns it into a plain dollar.
            ('\\', _) if quote != Some('\'') && chars.peek().is_some_and(|next| *next != '$') => {
                word.get_or_insert_default().extend(chars.next());
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(quote) = quote {
        return Err(format!(
            "unexpected end of statement while looking for matching {quote}"
        ));
    }
    words.extend(word);
    Ok(words)
}

fn unquote(text: &str) -> String {
    let text = text.trim();
    let inner = |q: char| text.strip_prefix(q).and_then(|t| t.strip_suffix(q));
    inner('"')
        .or_else(|| inner('\''))
        .unwrap_or(text)
        .to_owned()
}

fn json_list(rest: &str) -> Option<Vec<String>> {
    rest.starts_with('[')
        .then(|| serde_json::from_str(rest).ok())?
}

/// The exec form is JSON; everything else is handed to a shell.
fn command(rest: &str) -> Vec<String> {
    json_list(rest).unwrap_or_else(|| vec!["/bin/sh".into(), "-c".into(), rest.to_owned()])
}

/// Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`.
pub(crate) fn substitute(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        if let Some(head) = rest[..at].strip_suffix('\\') {
            out.push_str(head);
            out.push('$');
            rest = &rest[at + 1..];
            continue;
        }
        out.push_str(&rest[..at]);
        let (replacement, used) = variable(&rest[at + 1..], value);
        out.push_str(&replacement);
        rest = &rest[at + 1 + used..];
    }
    out.push_str(rest);
    out
}

/// Reads one variable after its `$`: the text that replaces it and the bytes it took.
fn variable(rest: &str, value: &dyn Fn(&str) -> Option<String>) -> (String, usize) {
    if let Some(body) = rest.strip_prefix('{')
        && let Some(end) = body.find('}')
    {
        return (braced(&body[..end], value), end + 2);
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    if length == 0 {
        return ("$".into(), 0);
    }
    (value(&rest[..length]).unwrap_or_default(), length)
}

fn braced(body: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let set = |name: &str| value(name).filter(|text| !text.is_empty());
    if let Some((name, default)) = body.split_once(":-") {
        return set(name).unwrap_or_else(|| substitute(default, value));
    }
    if let Some((name, other)) = body.split_once(":+") {
        return set(name)
            .map(|_| substitute(other, value))
            .unwrap_or_default();
    }
    value(body).unwrap_or_default()
}

#[cfg(test)]
#[path = "dockerfile_tests.rs"]
mod tests;
