//! What the body of a type may hold, as data: a [`Shape`] and its rules.
//!
//! A rule is a row: a path below `properties`, and what holds there. [`apply`] takes a request's
//! properties through the rows in their order and gives what may be stored, or Azure's refusal; what is
//! special about a type stays in its `put`. A tracked type about which nothing is special has no `put` of
//! its own: its shape is all of it, see [`super::providers::tracked`].

use serde_json::{Value, json};

use crate::wire::locations::same_location;
use crate::wire::{Answer, json};
use crate::world::{Resource, World};

/// The body of a tracked type.
pub(crate) struct Shape {
    pub(crate) name: Name,
    pub(crate) identity: bool,
    pub(crate) rules: &'static [Rule],
}

/// Which names a type takes: so many characters, from and to, of letters, digits and these others.
pub(crate) struct Name(pub(crate) (usize, usize), pub(crate) &'static str);

/// A path below `properties`, with dots, and what holds for what is there.
pub(crate) type Rule = (&'static str, Holds);

/// What holds for a property.
pub(crate) enum Holds {
    /// Azure's alone: what a request says of it does not count.
    Computed,
    /// The same, made with the resource and kept.
    Made(fn(&Asked<'_>) -> Value),
    /// The same, made anew by each write.
    Stamped(fn(&Asked<'_>) -> Value),
    /// One of these texts, in any casing; it is kept in this one.
    OneOf(&'static [&'static str]),
    /// What it is when the request leaves it out, as JSON.
    Default(&'static str),
    /// `{ "id": .. }`, or a list of these, of resources of this type; where a location is known, in it.
    Ref(&'static str),
    /// A feature of some SKUs: its name, the value that asks for it, and the SKUs that have it.
    Only(&'static str, When, &'static [&'static str]),
    /// Shown by versions of the API from these dates on: previews, and stable ones if any. See [`hide`].
    Since(&'static str, Option<&'static str>),
    /// As it is given; named only so that [`closed`] keeps it.
    Given,
    /// The same for `true` and `false`; anything else does not count.
    Flag,
}

/// When a request asks for a feature.
pub(crate) enum When {
    Is(&'static str),
    True,
    NotEmpty,
}

impl When {
    fn holds(&self, value: &Value) -> bool {
        match self {
            When::Is(text) => value == text,
            When::True => value == true,
            When::NotEmpty => json::items(value).next().is_some(),
        }
    }
}

/// For whom rules are judged.
pub(crate) struct Asked<'a> {
    pub(crate) world: &'a World,
    pub(crate) id: &'a str,
    /// Empty where it does not matter.
    pub(crate) location: &'a str,
    /// Empty for types without.
    pub(crate) sku: &'a str,
    /// The properties that are stored, null for a new resource.
    pub(crate) old: &'a Value,
}

impl<'a> Asked<'a> {
    /// About a resource, wherever it is.
    pub(crate) fn about(world: &'a World, id: &'a str) -> Asked<'a> {
        Asked {
            world,
            id,
            location: "",
            sku: "",
            old: &Value::Null,
        }
    }
}

/// The time, as most of ARM prints it.
pub(crate) fn now(asked: &Asked<'_>) -> Value {
    asked.world.now().to_string().into()
}

/// A GUID for the resource.
pub(crate) fn guid(asked: &Asked<'_>) -> Value {
    asked.world.uuid(asked.id).to_string().into()
}

/// The properties of a request as the rules let them pass. What no rule names passes as it is.
///
/// # Errors
/// The refusal of the first rule that does not hold.
pub(crate) fn apply(rules: &[Rule], asked: &Asked<'_>, given: &Value) -> Result<Value, Answer> {
    let mut properties = given.clone();
    for (path, holds) in rules {
        judge(path, holds, asked, &mut properties)?;
    }
    Ok(properties)
}

/// The same, without what no rule names.
///
/// # Errors
/// As [`apply`].
pub(crate) fn closed(rules: &[Rule], asked: &Asked<'_>, given: &Value) -> Result<Value, Answer> {
    let mut properties = apply(rules, asked, given)?;
    if let Some(object) = properties.as_object_mut() {
        object.retain(|name, _| rules.iter().any(|(path, _)| first(path) == name));
    }
    Ok(json::without_nulls(properties))
}

/// Takes out of a body what a version of the API does not know.
pub(crate) fn hide(rules: &[Rule], version: &str, body: &mut Value) {
    let date = version.get(..10).unwrap_or(version);
    let is_preview = version.ends_with("-preview");
    for (path, holds) in rules {
        let Holds::Since(preview, stable) = holds else {
            continue;
        };
        let is_known = match stable {
            Some(stable) if !is_preview => date >= *stable,
            None if !is_preview => false,
            _ => date >= *preview,
        };
        if !is_known {
            unset(&mut body["properties"], path);
        }
    }
}

fn judge(
    path: &str,
    holds: &Holds,
    asked: &Asked<'_>,
    properties: &mut Value,
) -> Result<(), Answer> {
    match holds {
        Holds::Computed => unset(properties, path),
        Holds::Made(make) => {
            let old = at(asked.old, path).clone();
            let made = if old.is_null() { make(asked) } else { old };
            set(properties, path, made);
        }
        Holds::Stamped(make) => set(properties, path, make(asked)),
        Holds::OneOf(allowed) => {
            if let Some(one) = json::one_of(at(properties, path), path, allowed)? {
                set(properties, path, one.into());
            }
        }
        Holds::Default(text) if at(properties, path).is_null() => {
            // The texts are constants, which a test of this module reads.
            set(
                properties,
                path,
                serde_json::from_str(text).unwrap_or_default(),
            );
        }
        Holds::Ref(kind) => check_references(asked, at(properties, path), kind)?,
        Holds::Only(feature, when, skus)
            if when.holds(at(properties, path)) && !skus.contains(&asked.sku) =>
        {
            return Err(not_in_sku(feature, asked.sku, skus));
        }
        Holds::Flag if !at(properties, path).is_boolean() => unset(properties, path),
        Holds::Default(_) | Holds::Only(..) | Holds::Since(..) | Holds::Given | Holds::Flag => {}
    }
    Ok(())
}

fn check_references(asked: &Asked<'_>, value: &Value, kind: &str) -> Result<(), Answer> {
    let check = |id: &str| {
        let found = referenced(asked.world, id, kind, asked.id)?;
        let there = found.text("/location").unwrap_or_default();
        if asked.location.is_empty() || same_location(asked.location, there) {
            return Ok(());
        }
        Err(invalid_reference(id, asked.id))
    };
    let mut listed = json::items(value).map(|one| json::text(&one["id"]));
    match value["id"].as_str() {
        Some(id) => check(id),
        None => listed.try_for_each(check),
    }
}

fn not_in_sku(feature: &str, sku: &str, skus: &[&str]) -> Answer {
    let needed = skus.join(" or ");
    let message =
        format!("The property '{feature}' is not supported for the SKU {sku}; it needs {needed}.");
    Answer::error(400, "SkuFeatureNotSupported", message)
}

fn first(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

fn at<'a>(properties: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(properties, |value, name| &value[name])
}

fn set(properties: &mut Value, path: &str, value: Value) {
    match path.split_once('.') {
        None => json::set(properties, path, value),
        Some((name, rest)) => {
            if !properties[name].is_object() {
                json::set(properties, name, json!({}));
            }
            set(&mut properties[name], rest, value);
        }
    }
}

fn unset(properties: &mut Value, path: &str) {
    match path.rsplit_once('.') {
        None => {
            json::unset(properties, path);
        }
        Some((above, name)) => {
            let above = format!("/{}", above.replace('.', "/"));
            if let Some(above) = properties.pointer_mut(&above) {
                json::unset(above, name);
            }
        }
    }
}

/// So many letters, digits and others, in the words that most providers use.
///
/// # Errors
/// The refusal of a name that is none.
pub(crate) fn check_letters(
    name: &str,
    (least, most): (usize, usize),
    others: &str,
) -> Result<(), Answer> {
    let fits = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    if (least..=most).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    let others = if others.is_empty() {
        String::new()
    } else {
        format!(" or any of '{others}'")
    };
    let message = format!(
        "The specified resource name '{name}' is invalid. It must have between {least} and {most} letters and digits{others}."
    );
    Err(Answer::error(400, "InvalidResourceName", message))
}

/// The referenced resource, which must be of the type that the property asks for.
pub(crate) fn referenced(
    world: &World,
    id: &str,
    kind: &str,
    by: &str,
) -> Result<Resource, Answer> {
    world
        .get(id)
        .filter(|found| found.kind == kind)
        .ok_or_else(|| invalid_reference(id, by))
}

/// A resource that another one names and that is not there.
pub(crate) fn invalid_reference(referenced: &str, by: &str) -> Answer {
    let message = format!(
        "Resource {referenced} referenced by resource {by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region."
    );
    Answer::network(400, "InvalidResourceReference", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world;

    const RULES: &[Rule] = &[
        ("state", Holds::Computed),
        ("guid", Holds::Made(guid)),
        ("access", Holds::OneOf(&["Enabled", "Disabled"])),
        ("sku.name", Holds::OneOf(&["Basic", "Premium"])),
        ("sku.name", Holds::Default(r#""Basic""#)),
        ("open", Holds::Flag),
        (
            "rules.ip",
            Holds::Only("rules", When::NotEmpty, &["Premium", "Big"]),
        ),
    ];

    fn judged(sku: &str, given: Value) -> Result<Value, Answer> {
        let world = world::tests::empty();
        let asked = Asked {
            sku,
            old: &json!({ "guid": "g" }),
            ..Asked::about(&world, "/a")
        };
        apply(RULES, &asked, &given)
    }

    #[test]
    fn rows_strip_keep_spell_and_fill_in() {
        let given =
            json!({ "state": "x", "guid": "mine", "access": "enabled", "open": 3, "odd": true });
        assert_eq!(
            judged("Big", given),
            Ok(
                json!({ "guid": "g", "access": "Enabled", "odd": true, "sku": { "name": "Basic" } })
            )
        );
    }

    #[test]
    fn what_a_sku_has_not_is_refused() {
        let given = json!({ "rules": { "ip": [1] } });
        assert!(judged("Premium", given.clone()).is_ok());
        let refused = judged("Basic", given).expect_err("refused");
        let message =
            "The property 'rules' is not supported for the SKU Basic; it needs Premium or Big.";
        assert_eq!(
            refused,
            Answer::error(400, "SkuFeatureNotSupported", message)
        );
        assert!(judged("Basic", json!({ "rules": { "ip": [] } })).is_ok());
    }

    #[test]
    fn a_closed_list_drops_what_it_does_not_name() {
        let world = world::tests::empty();
        let given = json!({ "open": true, "odd": true, "access": null });
        let kept = closed(&RULES[5..], &Asked::about(&world, "/a"), &given);
        assert_eq!(kept, Ok(json!({ "open": true })));
    }
}
