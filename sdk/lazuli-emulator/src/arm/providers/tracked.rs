//! Tracked types that are nothing but their shape: written and removed at once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::identities;
use crate::arm::kind::Kind;
use crate::arm::shape::{self, Asked, Shape};
use crate::arm::{Answer, Call, json, lifecycle};
use crate::world::Resource;

impl Kind {
    /// A tracked type that is nothing but its shape: written and removed at once.
    pub(crate) const fn tracked(name: &'static str, shape: &'static Shape) -> Kind {
        Kind {
            shape: Some(shape),
            put: Some(put),
            patch: Some(patch),
            delete: Some(lifecycle::delete),
            ..Kind::new(name)
        }
    }
}

fn of(call: &Call<'_>) -> Result<&'static Shape, Answer> {
    let kind = super::find(&call.target.kind);
    kind.and_then(|kind| kind.shape)
        .ok_or_else(|| call.not_found())
}

/// Makes or replaces a resource: what the request leaves out is what it is for a new one.
fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let rules = of(call)?;
    let given = json::properties(call.object()?)?;
    shape::check_letters(call.target.name(), rules.name.0, rules.name.1)?;
    write(call, rules, call.existing(), &given)
}

/// Changes what the request names.
fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let mut properties = existing.body["properties"].clone();
    json::merge_patch(&mut properties, &json::properties(call.object()?)?);
    write(call, of(call)?, Some(existing), &properties)
}

fn write(
    call: &Call<'_>,
    rules: &Shape,
    existing: Option<Resource>,
    given: &Value,
) -> Result<Answer, Answer> {
    let location = call.location(existing.as_ref())?;
    let old = existing.as_ref().map(|old| old.body.clone());
    let old = old.unwrap_or_default();
    let id = call.id();
    let asked = Asked {
        location: &location,
        old: &old["properties"],
        ..Asked::about(call.world, &id)
    };
    let mut properties = shape::apply(rules.rules, &asked, given)?;
    json::set(&mut properties, "provisioningState", "Succeeded");
    let kept =
        Some(old["tags"].clone()).filter(|tags| call.method() == "PATCH" && tags.is_object());
    let tags = call.tags().or(kept).unwrap_or_else(|| json!({}));
    let mut body = json!({
        "properties": properties, "location": location, "tags": tags, "id": id, "name": call.target.name(),
        "type": call.target.kind, "etag": format!("\"{}\"", call.uuid()),
    });
    if rules.identity {
        let identity = identities::merge(call, &call.body["identity"], &old["identity"])?;
        if !identity.is_null() {
            json::set(&mut body, "identity", identity);
        }
    }
    let is_new = existing.is_none();
    let private = existing.map_or(Value::Null, |old| old.private);
    let stored = lifecycle::store(call, body, private);
    Ok(Answer::created(
        is_new,
        lifecycle::present(call.world, &stored),
    ))
}

/// Keys of 64 random bytes under these names, drawn when they are first asked for.
///
/// # Errors
/// 404 without the resource.
pub(crate) fn keys(call: &Call<'_>, names: &[&str]) -> Result<Value, Answer> {
    call.required()?;
    let kept = call.world.update(&call.id(), |resource| {
        let mut keys = resource.private["keys"].clone();
        for name in names {
            if keys[name].is_null() {
                let key = STANDARD.encode(call.world.random::<64>(&resource.id));
                json::set(&mut keys, name, key);
            }
        }
        json::set(&mut resource.private, "keys", keys.clone());
        keys
    });
    Ok(kept.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::shape::Holds;

    #[test]
    fn defaults_of_all_types_are_json() {
        let shapes = super::super::kinds().filter_map(|kind| kind.shape);
        for (path, holds) in shapes.flat_map(|shape| shape.rules) {
            if let Holds::Default(text) = holds {
                assert!(serde_json::from_str::<Value>(text).is_ok(), "{path}");
            }
        }
    }
}
