//! `GET …/resources` and `GET …/resourcegroups`: filters, expansion, and pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::groups;
use crate::arm::{Answer, Call, ids, json};
use crate::wire::locations;
use crate::world::Resource;

/// The most that one page holds.
const PAGE: usize = 1000;
/// Types with a location that are not tracked resources.
const NOT_LISTED: &[&str] = &[groups::KIND, "Microsoft.Resources/deployments"];

/// The members of a group or a subscription: tracked resources only.
///
/// # Errors
/// A filter that ARM would not read, or a page size out of range.
pub(crate) fn resources(call: &Call<'_>, scope: &str) -> Result<Answer, Answer> {
    let wanted = filter(call)?;
    let expand = call.incoming.query_value("$expand").unwrap_or_default();
    let tracked = call.world.under(scope).into_iter().filter(|resource| {
        resource.kind.matches('/').count() == 1
            && resource.at("/location").is_some()
            && !NOT_LISTED.contains(&resource.kind.as_str())
    });
    let fitting = tracked.filter(|resource| wanted.iter().all(|term| term.fits(resource)));
    page(
        call,
        fitting
            .map(|resource| summary(&resource, &expand))
            .collect(),
    )
}

/// The groups of the subscription.
///
/// # Errors
/// As [`resources`].
pub(crate) fn groups(call: &Call<'_>) -> Result<Answer, Answer> {
    let wanted = filter(call)?;
    let all = call.world.of_kind(groups::KIND).into_iter();
    let fitting = all.filter(|group| wanted.iter().all(|term| term.fits(group)));
    page(call, fitting.map(|group| group.body).collect())
}

/// One term of a filter; all terms must hold.
#[derive(Debug, PartialEq)]
struct Term {
    field: String,
    value: String,
    /// `eq` or its opposite.
    equal: bool,
    /// `substringof('x', name)`.
    part: bool,
}

impl Term {
    fn fits(&self, resource: &Resource) -> bool {
        self.holds(resource) == self.equal
    }

    fn holds(&self, resource: &Resource) -> bool {
        let value = self.value.as_str();
        let text = match self.field.as_str() {
            "resourcetype" => resource.kind.clone(),
            "name" => resource.name().to_owned(),
            "resourcegroup" => ids::group_of(&resource.id).unwrap_or_default().to_owned(),
            "location" => {
                return resource
                    .text("/location")
                    .is_some_and(|place| locations::same_location(place, value));
            }
            "tagname" => return tags(resource).any(|(name, _)| json::same(name, value)),
            "tagvalue" => return tags(resource).any(|(_, other)| other == value),
            "identity/principalid" => resource
                .text("/identity/principalId")
                .unwrap_or_default()
                .to_owned(),
            _ => resource
                .text(&format!("/{}", self.field))
                .unwrap_or_default()
                .to_owned(),
        };
        if self.part {
            return text.to_lowercase().contains(&value.to_lowercase());
        }
        json::same(&text, value)
    }
}

fn tags(resource: &Resource) -> impl Iterator<Item = (&String, &str)> {
    let all = resource.body["tags"].as_object().into_iter().flatten();
    all.map(|(name, value)| (name, json::text(value)))
}

fn filter(call: &Call<'_>) -> Result<Vec<Term>, Answer> {
    let text = call.incoming.query_value("$filter").unwrap_or_default();
    terms(&text).ok_or_else(|| {
        let message = format!("Invalid $filter '{text}' specified in the query string.");
        Answer::error(400, "InvalidFilterInQueryString", message)
    })
}

/// `field eq 'value'`, `ne`, `substringof('x', field)`, joined by `and`.
fn terms(filter: &str) -> Option<Vec<Term>> {
    const FIELDS: &[&str] = &[
        "resourcetype",
        "name",
        "location",
        "resourcegroup",
        "tagname",
        "tagvalue",
        "identity/principalid",
        "plan",
        "kind",
    ];
    let term = |text: &str| {
        let text = text.trim();
        let (field, value, equal, part) = match text.strip_prefix("substringof(") {
            Some(inner) => {
                let (value, field) = inner.strip_suffix(')')?.split_once(',')?;
                (field.trim(), value.trim(), true, true)
            }
            None => {
                let mut parts = text.splitn(3, ' ');
                let (field, operator, value) = (parts.next()?, parts.next()?, parts.next()?);
                let equal = match operator.to_ascii_lowercase().as_str() {
                    "eq" => true,
                    "ne" => false,
                    _ => return None,
                };
                (field, value.trim(), equal, false)
            }
        };
        let field = field.to_ascii_lowercase();
        let value = value
            .strip_prefix('\'')?
            .strip_suffix('\'')?
            .replace("''", "'");
        FIELDS.contains(&field.as_str()).then_some(Term {
            field,
            value,
            equal,
            part,
        })
    };
    let parts = filter.split(" and ").filter(|part| !part.trim().is_empty());
    parts.map(term).collect()
}

fn page(call: &Call<'_>, all: Vec<Value>) -> Result<Answer, Answer> {
    let query = |name: &str| call.incoming.query_value(name);
    let size = match query("$top") {
        None => PAGE,
        Some(text) => text
            .parse()
            .ok()
            .filter(|size| (1..=PAGE).contains(size))
            .ok_or_else(|| {
                Answer::error(
                    400,
                    "InvalidTopInQueryString",
                    format!("The $top '{text}' must be a number from 1 to {PAGE}."),
                )
            })?,
    };
    let start: usize = query("$skiptoken")
        .and_then(|token| String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let more = start + size < all.len();
    let shown: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    let mut body = json!({ "value": shown });
    if more {
        let mut next = url::form_urlencoded::Serializer::new(String::new());
        for name in ["api-version", "$filter", "$expand", "$top"] {
            if let Some(value) = query(name) {
                next.append_pair(name, &value);
            }
        }
        next.append_pair(
            "$skiptoken",
            &URL_SAFE_NO_PAD.encode((start + size).to_string()),
        );
        let link = format!(
            "{}{}?{}",
            call.incoming.base,
            call.incoming.path,
            next.finish()
        );
        json::set(&mut body, "nextLink", link);
    }
    Ok(Answer::ok(body))
}

fn summary(resource: &Resource, expand: &str) -> Value {
    let mut summary = json!({ "id": resource.id, "name": resource.name(), "type": resource.kind });
    for field in [
        "kind",
        "managedBy",
        "sku",
        "identity",
        "zones",
        "plan",
        "location",
        "tags",
    ] {
        if let Some(value) = resource.body.get(field).filter(|value| !value.is_null()) {
            json::set(&mut summary, field, value.clone());
        }
    }
    for wanted in expand.split(',').map(str::trim) {
        let value = match wanted {
            "provisioningState" => resource.at("/properties/provisioningState"),
            "createdTime" => resource.at("/systemData/createdAt"),
            "changedTime" => resource.at("/systemData/lastModifiedAt"),
            _ => None,
        };
        if let Some(value) = value {
            json::set(&mut summary, wanted, value.clone());
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let check = |text: &str, expect: Option<&[(&str, &str, bool, bool)]>| {
            let expect = expect.map(|all| {
                let term = |(field, value, equal, part): &(&str, &str, bool, bool)| Term {
                    field: (*field).into(),
                    value: (*value).into(),
                    equal: *equal,
                    part: *part,
                };
                all.iter().map(term).collect::<Vec<_>>()
            });
            assert_eq!(terms(text), expect, "{text}");
        };
        check("", Some(&[]));
        check(
            "resourceType eq 'A/b'",
            Some(&[("resourcetype", "A/b", true, false)]),
        );
        check(
            "tagName eq 'a' and tagValue eq 'it''s b'",
            Some(&[
                ("tagname", "a", true, false),
                ("tagvalue", "it's b", true, false),
            ]),
        );
        check(
            "substringof('x', name) and location ne 'westus'",
            Some(&[
                ("name", "x", true, true),
                ("location", "westus", false, false),
            ]),
        );
        check("name like 'x'", None);
        check("colour eq 'red'", None);
        check("name eq x", None);
    }
}
