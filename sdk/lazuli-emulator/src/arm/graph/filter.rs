//! `$filter` of Graph: equality, `startswith` and `any` with equality, joined by `and`.

use serde_json::Value;

use crate::wire::json::{items, same, text};

/// One condition.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Term {
    Equals(String, String),
    StartsWith(String, String),
    Any(String, String),
}

impl Term {
    pub(super) fn fits(&self, object: &Value) -> bool {
        match self {
            Self::Equals(field, value) => match &object[field.as_str()] {
                Value::Bool(flag) => same(&flag.to_string(), value),
                other => same(text(other), value),
            },
            Self::StartsWith(field, value) => {
                let found = text(&object[field.as_str()]).to_lowercase();
                found.starts_with(&value.to_lowercase())
            }
            Self::Any(field, value) => {
                items(&object[field.as_str()]).any(|one| same(text(one), value))
            }
        }
    }
}

/// `None` for what this Graph does not support.
pub(super) fn parse(filter: &str) -> Option<Vec<Term>> {
    let terms = filter.split(" and ").map(str::trim);
    terms.filter(|term| !term.is_empty()).map(term).collect()
}

fn term(text: &str) -> Option<Term> {
    if let Some(inner) = text.strip_prefix("startswith(") {
        let (field, value) = inner.strip_suffix(')')?.split_once(',')?;
        return Some(Term::StartsWith(field.trim().to_owned(), unquoted(value)));
    }
    if let Some((field, inner)) = text.split_once("/any(") {
        let (_, condition) = inner.strip_suffix(')')?.split_once(':')?;
        let (_, value) = condition.split_once(" eq ")?;
        return Some(Term::Any(field.trim().to_owned(), unquoted(value)));
    }
    let (field, value) = text.split_once(" eq ")?;
    Some(Term::Equals(field.trim().to_owned(), unquoted(value)))
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inner = value
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    inner.unwrap_or(value).replace("''", "'")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_choose_objects() {
        let object = json!({ "displayName": "It's me", "appId": "A", "servicePrincipalNames": ["a", "b"], "accountEnabled": true });
        let check = |filter: &str, expect: Option<bool>| {
            let found = parse(filter).map(|terms| terms.iter().all(|term| term.fits(&object)));
            assert_eq!(found, expect, "{filter}");
        };
        check("", Some(true));
        check("displayName eq 'it''s me'", Some(true));
        check("displayName eq 'me'", Some(false));
        check("startswith(displayName,'it')", Some(true));
        check("servicePrincipalNames/any(c:c eq 'b')", Some(true));
        check("servicePrincipalNames/any(c:c eq 'c')", Some(false));
        check("appId eq 'a' and accountEnabled eq false", Some(false));
        check("createdDateTime ge 2024", None);
    }
}
