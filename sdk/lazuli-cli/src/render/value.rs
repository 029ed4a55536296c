//! Values for people and for programs. Neither shows a secret unless asked to.

use lazuli_core::Value;
use lazuli_core::value::Reveal;
use lazuli_picture::brief::shorten;
use serde_json::{Value as Json, json};

pub(crate) use lazuli_picture::brief::line;

/// Texts up to this length are shown whole beside what they become.
const WHOLE: usize = 48;
/// How much of a common beginning stays visible.
const KEPT: usize = 12;

/// JSON for programs: a secret is `{"secret":true}`, a value not known yet
/// `{"pending":["what it waits for"]}`.
pub(crate) fn json(value: &Value, reveal: Reveal) -> Json {
    match value {
        Value::List(list) => Json::Array(list.iter().map(|item| json(item, reveal)).collect()),
        Value::Map(map) => Json::Object(
            map.iter()
                .map(|(key, item)| (key.clone(), json(item, reveal)))
                .collect(),
        ),
        Value::Unknown(waits) => json!({ "pending": waits.to_vec() }),
        Value::Secret(_) if reveal == Reveal::No => json!({ "secret": true }),
        Value::Secret(inner) => json(inner, reveal),
        plain => plain.to_json(reveal),
    }
}

/// Before and after. Where two long texts begin alike, the beginning is left out.
pub(crate) fn pair(old: &Value, new: &Value) -> (String, String) {
    if let (Value::String(old), Value::String(new)) = (old, new)
        && old.chars().count().max(new.chars().count()) > WHOLE
    {
        let cut = common(old, new);
        return (tail(old, cut), tail(new, cut));
    }
    (line(old), line(new))
}

/// Bytes at the beginning that can be left out of both.
fn common(old: &str, new: &str) -> usize {
    let alike = old
        .char_indices()
        .zip(new.chars())
        .take_while(|((_, a), b)| a == b);
    let starts: Vec<usize> = alike.map(|((index, _), _)| index).collect();
    let kept = starts.len().saturating_sub(KEPT);
    starts.get(kept).copied().filter(|_| kept > 0).unwrap_or(0)
}

fn tail(text: &str, cut: usize) -> String {
    let mark = if cut > 0 { "…" } else { "" };
    let rest = text.get(cut..).unwrap_or_default();
    shorten(&Json::String(format!("{mark}{rest}")).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_see_marks_instead_of_secrets_and_unknowns() {
        let waits = Value::Unknown(["app: identity.principalId".to_owned()].into());
        let map = [
            ("a", waits),
            ("b", Value::from("hunter2").into_secret()),
            ("c", Value::from(true)),
        ];
        let value = Value::Map(map.map(|(key, value)| (key.to_owned(), value)).into());
        let expect = json!({"a": {"pending": ["app: identity.principalId"]}, "b": {"secret": true}, "c": true});
        assert_eq!(json(&value, Reveal::No), expect);
        assert_eq!(json(&value, Reveal::Yes)["b"], json!("hunter2"));
    }

    #[test]
    fn long_texts_show_where_they_differ() {
        let image = |tag: &str| {
            Value::from(format!(
                "DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-{tag}"
            ))
        };
        let (old, new) = pair(&image("v1"), &image("v2"));
        assert_eq!(
            (old.as_str(), new.as_str()),
            (r#""…ebsite:lnx-v1""#, r#""…ebsite:lnx-v2""#)
        );
        let (old, new) = pair(&Value::from("P1v3"), &Value::from("P0v3"));
        assert_eq!((old.as_str(), new.as_str()), (r#""P1v3""#, r#""P0v3""#));
    }

    #[test]
    fn very_long_values_stay_short_in_pairs() {
        let long = Value::from("ä\n".repeat(500));
        let (old, _) = pair(&long, &Value::from("x"));
        assert!(old.chars().count() <= 100 && !old.contains('\n'), "{old}");
    }
}
