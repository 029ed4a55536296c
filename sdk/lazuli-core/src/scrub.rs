//! Keeping known secrets out of text that somebody else wrote.
//!
//! A cloud may repeat what it was sent: in an error, in the state of an operation, in an output. It may have encoded
//! it on the way. [`Secrets`] finds each known secret in the forms in which it travels (plain, in JSON, in a URL, in
//! base64 and hexadecimal) and takes it out.

use std::collections::BTreeSet;
use std::fmt;

use crate::{Diagnostic, ProviderError, Value};

/// What stands where a secret was.
pub const MARK: &str = "(secret)";

/// Texts shorter than this are words more often than secrets: taking them out would make messages unreadable.
const SHORTEST: usize = 4;
/// Shorter pieces of base64 occur by chance.
const SHORTEST_ENCODED: usize = 6;
/// An output that only contains a secret this short is not sealed; one that equals it is.
const SHORTEST_INSIDE: usize = 8;

/// The secrets that are known. `Debug` shows only how many they are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeSet<String>);

impl Secrets {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    pub fn add(&mut self, secret: &str) {
        if secret.chars().count() >= SHORTEST && !self.0.contains(secret) {
            self.0.insert(secret.to_owned());
        }
    }

    /// Adds every text that is marked secret anywhere inside of a value, and those of a secret list or object.
    pub fn add_from(&mut self, value: &Value) {
        match value {
            Value::Secret(inner) => self.add_texts(inner),
            Value::List(list) => list.iter().for_each(|item| self.add_from(item)),
            Value::Map(map) => map.values().for_each(|item| self.add_from(item)),
            _ => {}
        }
    }

    fn add_texts(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Secret(inner) => self.add_texts(inner),
            Value::List(list) => list.iter().for_each(|item| self.add_texts(item)),
            Value::Map(map) => map.values().for_each(|item| self.add_texts(item)),
            _ => {}
        }
    }

    /// Adds those of another collection.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text without the secrets.
    pub fn scrub(&self, text: &str) -> String {
        // Longer ones first: a secret may contain another one.
        let mut forms: Vec<String> = self.0.iter().flat_map(|secret| forms(secret)).collect();
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        let mut text = text.to_owned();
        for form in &forms {
            if text.contains(form.as_str()) {
                text = text.replace(form.as_str(), MARK);
            }
        }
        text
    }

    fn scrub_all(&self, texts: &mut [&mut String]) {
        for text in texts {
            **text = self.scrub(text);
        }
    }

    /// The error without the secrets.
    #[must_use]
    pub fn scrub_error(&self, mut error: ProviderError) -> ProviderError {
        if !self.is_empty() {
            self.scrub_all(&mut [&mut error.message]);
            error.code = error.code.map(|code| self.scrub(&code));
            error.help = error.help.map(|help| self.scrub(&help));
        }
        error
    }

    /// The finding without the secrets.
    #[must_use]
    pub fn scrub_finding(&self, mut finding: Diagnostic) -> Diagnostic {
        if !self.is_empty() {
            self.scrub_all(&mut [&mut finding.message]);
            finding.help = finding.help.map(|help| self.scrub(&help));
            for related in &mut finding.related {
                self.scrub_all(&mut [&mut related.text]);
            }
        }
        finding
    }

    /// The value with every text marked secret in which a secret recurs.
    #[must_use]
    pub fn seal(&self, value: Value) -> Value {
        let inside: Vec<String> = self
            .0
            .iter()
            .filter(|secret| secret.chars().count() >= SHORTEST_INSIDE)
            .flat_map(|secret| forms(secret))
            .collect();
        let recurs = |text: &str| {
            self.0.contains(text) || inside.iter().any(|form| text.contains(form.as_str()))
        };
        if any_text(&value, &recurs) {
            seal_where(&recurs, value)
        } else {
            // Most answers repeat nothing, and stay shared with what holds them.
            value
        }
    }
}

fn any_text(value: &Value, test: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => test(text),
        Value::List(list) => list.iter().any(|item| any_text(item, test)),
        Value::Map(map) => map.values().any(|item| any_text(item, test)),
        _ => false,
    }
}

fn seal_where(test: &dyn Fn(&str) -> bool, value: Value) -> Value {
    match value {
        Value::String(text) if test(&text) => Value::String(text).into_secret(),
        Value::List(list) => {
            let sealed = list.into_iter().map(|item| seal_where(test, item));
            Value::List(sealed.collect())
        }
        Value::Map(map) => {
            let sealed = map
                .iter()
                .map(|(key, item)| (key.clone(), seal_where(test, item.clone())));
            Value::Map(sealed.collect())
        }
        other => other,
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl<S: AsRef<str>> FromIterator<S> for Secrets {
    fn from_iter<I: IntoIterator<Item = S>>(secrets: I) -> Self {
        let mut all = Self::new();
        secrets
            .into_iter()
            .for_each(|secret| all.add(secret.as_ref()));
        all
    }
}

/// The forms in which a secret travels. Those that are too short to reveal anything are left out.
fn forms(secret: &str) -> BTreeSet<String> {
    let bytes = secret.as_bytes();
    let in_json = serde_json::Value::from(secret).to_string();
    let mut forms: BTreeSet<String> = [
        secret.to_owned(),
        in_json.trim_matches('"').to_owned(),
        percent(bytes, true, false),
        percent(bytes, false, false),
        percent(bytes, true, true),
        hex(bytes, false),
        hex(bytes, true),
    ]
    .into();
    for phase in 0..3 {
        let inner = base64_inside(bytes, phase);
        if inner.len() < SHORTEST_ENCODED {
            continue;
        }
        forms.insert(inner.replace('+', "-").replace('/', "_"));
        // In a URL, the base64 alphabet itself is encoded.
        forms.insert(percent(inner.as_bytes(), true, false));
        forms.insert(inner);
    }
    forms.retain(|form| form.chars().count() >= SHORTEST);
    forms
}

fn hex(bytes: &[u8], upper: bool) -> String {
    let digit = |byte: &u8| {
        if upper {
            format!("{byte:02X}")
        } else {
            format!("{byte:02x}")
        }
    };
    bytes.iter().map(digit).collect()
}

/// Percent encoding (RFC 3986), or that of forms, where a blank is a plus sign.
fn percent(bytes: &[u8], upper: bool, form: bool) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                text.push(char::from(*byte));
            }
            b'~' if !form => text.push('~'),
            b'*' if form => text.push('*'),
            b' ' if form => text.push('+'),
            _ if upper => text.push_str(&format!("%{byte:02X}")),
            _ => text.push_str(&format!("%{byte:02x}")),
        }
    }
    text
}

/// The characters of base64 that follow from the secret alone when `phase` bytes, counted in threes, stand before it.
fn base64_inside(bytes: &[u8], phase: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    // Groups of six bits begin at multiples of six of the whole stream.
    let first = (6 - phase * 8 % 6) % 6;
    let groups = (bytes.len() * 8).saturating_sub(first) / 6;
    (0..groups)
        .map(|group| {
            let start = first + group * 6;
            let index = (start..start + 6).fold(0, |index, at| index << 1 | bit(at));
            char::from(ALPHABET[usize::from(index)])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "p@ss w\"rd/7+ü";

    fn secrets() -> Secrets {
        Secrets::from_iter([SECRET])
    }

    #[test]
    fn every_form_goes_and_what_stands_around_it_stays() {
        let forms = [
            SECRET,
            r#"p@ss w\"rd/7+ü"#,
            "p%40ss%20w%22rd%2F7%2B%C3%BC",
            "p%40ss%20w%22rd%2f7%2b%c3%bc",
            "p%40ss+w%22rd%2F7%2B%C3%BC",
            "7040737320772272642f372bc3bc",
        ];
        for form in forms {
            let text = secrets().scrub(&format!("before {form} after"));
            assert_eq!(text, "before (secret) after", "{form}");
        }
    }

    #[test]
    fn base64_is_found_in_every_phase() {
        // Of `SECRET` behind zero, one and two bytes `x`, and before `yy`.
        let encoded = [
            "cEBzcyB3InJkLzcrw7x5eQ==",
            "eHBAc3MgdyJyZC83K8O8eXk=",
            "eHhwQHNzIHcicmQvNyvDvHl5",
        ];
        for text in encoded {
            let left = secrets().scrub(text);
            assert!(left.contains(MARK), "{text}");
            assert!(left.len() < MARK.len() + 9, "{text}: {left}");
        }
    }

    #[test]
    fn longer_secrets_go_before_those_inside_of_them() {
        let secrets = Secrets::from_iter(["hunter", "hunter2-and-more"]);
        assert_eq!(
            secrets.scrub("a hunter2-and-more b hunter c"),
            "a (secret) b (secret) c"
        );
    }

    #[test]
    fn short_texts_are_words() {
        let secrets = Secrets::from_iter(["a", "to", ""]);
        assert!(secrets.is_empty());
        assert_eq!(secrets.scrub("a way to go"), "a way to go");
    }

    #[test]
    fn outputs_are_sealed_where_a_secret_recurs() {
        let secrets = Secrets::from_iter(["hunter2-long", "word"]);
        let outputs = serde_json::json!({
            "same": "hunter2-long",
            "inside": ["https://u:hunter2-long@h/"],
            "encoded": "aHVudGVyMi1sb25n",
            "short": "word",
            "longer": "password rules",
            "other": 7,
        });
        let sealed = secrets.seal(Value::from(outputs));
        for path in ["same", "inside.0", "encoded", "short"] {
            assert!(sealed.is_secret_at(path), "{path}");
        }
        for path in ["longer", "other"] {
            assert!(!sealed.is_secret_at(path), "{path}");
        }
    }

    #[test]
    fn marked_texts_are_collected_and_never_shown() {
        let inner = Value::from(serde_json::json!({"a": ["deep-secret"], "b": 1}));
        let mut value = Value::from(serde_json::json!({"plain": "text"}));
        if let Value::Map(map) = &mut value {
            map.insert("s".into(), inner.into_secret());
        }
        let mut secrets = Secrets::new();
        secrets.add_from(&value);
        assert_eq!(secrets, Secrets::from_iter(["deep-secret"]));
        assert_eq!(format!("{secrets:?}"), "Secrets(1)");
        let error = ProviderError::new(crate::ProviderErrorKind::Refused, "no deep-secret")
            .code("deep-secret")
            .help("not deep-secret");
        let shown = format!("{:?}", secrets.scrub_error(error));
        assert!(!shown.contains("deep"), "{shown}");
    }
}
