//! `Microsoft.Resources/tags/default` on any scope, and the tag names of the subscription.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::locks;
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, errors, ids, json};
use crate::world::{Resource, World};

const KIND: &str = "Microsoft.Resources/tags";
pub(crate) const KINDS: [Kind; 1] = [Kind {
    put: Some(put),
    patch: Some(patch),
    get: Some(get),
    delete: Some(delete),
    ..Kind::new(KIND)
}];

/// Where the subscription's own tags are kept.
const OF_SUBSCRIPTION: &str = "/lazuli/subscription-tags";
const NAMES: &str = "Lazuli/tagNames";
const MAX_TAGS: usize = 50;

fn is_subscription(scope: &str) -> bool {
    scope.matches('/').count() == 2
}

fn holder(call: &Call<'_>) -> Result<String, Answer> {
    let scope = call.target.scope.clone();
    if !json::same(call.target.name(), "default") {
        return Err(Answer::error(
            400,
            "InvalidTagsResourceName",
            format!(
                "The tags of {scope} are a resource named 'default', not '{}'.",
                call.target.name()
            ),
        ));
    }
    if is_subscription(&scope) {
        return Ok(OF_SUBSCRIPTION.into());
    }
    locks::check_scope(call)?;
    if !call.world.contains(&scope) {
        return Err(call.not_found());
    }
    Ok(scope)
}

fn tags_of(world: &World, holder: &str) -> Map<String, Value> {
    let found = world.get(holder);
    found
        .and_then(|one| one.body["tags"].as_object().cloned())
        .unwrap_or_default()
}

fn shown(call: &Call<'_>, holder: &str) -> Answer {
    Answer::ok(json!({
        "id": call.id(), "name": "default", "type": KIND, "properties": { "tags": tags_of(call.world, holder) },
    }))
}

fn store(call: &Call<'_>, holder: &str, tags: Map<String, Value>) -> Result<Answer, Answer> {
    check(&tags)?;
    if holder == OF_SUBSCRIPTION && !call.world.contains(holder) {
        call.world.put(Resource {
            id: holder.into(),
            kind: "Lazuli/tags".into(),
            body: json!({}),
            private: Value::Null,
        });
    }
    call.world
        .update(holder, |one| json::set(&mut one.body, "tags", tags));
    Ok(shown(call, holder))
}

/// The limits of the tag documentation.
fn check(tags: &Map<String, Value>) -> Result<(), Answer> {
    if tags.len() > MAX_TAGS {
        let message = format!(
            "The number of tags, {}, exceeds the maximum of {MAX_TAGS}.",
            tags.len()
        );
        return Err(Answer::error(400, "TooManyTags", message));
    }
    let reserved = |name: &&String| {
        name.contains(['<', '>', '%', '&', '\\', '?', '/']) || name.chars().any(char::is_control)
    };
    if let Some(name) = tags.keys().find(reserved) {
        let message = format!(
            "The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters."
        );
        return Err(Answer::error(400, "InvalidTagNameCharacters", message));
    }
    let too_long =
        |(name, value): &(&String, &Value)| name.len() > 512 || json::text(value).len() > 256;
    if let Some((name, _)) = tags.iter().find(too_long) {
        let message = format!(
            "The tag '{name}' is too long: names have up to 512 characters, values up to 256."
        );
        return Err(Answer::error(400, "InvalidTagLength", message));
    }
    match tags.iter().find(|(_, value)| !value.is_string()) {
        Some((name, _)) => Err(errors::invalid_content(format!(
            "The value of the tag '{name}' must be a string."
        ))),
        None => Ok(()),
    }
}

fn given(call: &Call<'_>) -> Result<Map<String, Value>, Answer> {
    match &call.object()?["properties"]["tags"] {
        Value::Object(tags) => Ok(tags.clone()),
        Value::Null => Ok(Map::new()),
        _ => Err(errors::invalid_content(
            "'properties.tags' must be an object.",
        )),
    }
}

fn get(call: &Call<'_>) -> Result<Answer, Answer> {
    holder(call).map(|holder| shown(call, &holder))
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let holder = holder(call)?;
    store(call, &holder, given(call)?)
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let holder = holder(call)?;
    let operation = json::one_of(
        &call.object()?["operation"],
        "operation",
        &["Merge", "Replace", "Delete"],
    )?;
    let given = given(call)?;
    let mut tags = tags_of(call.world, &holder);
    match operation {
        Some("Replace") => tags = given,
        Some("Delete") => tags.retain(|name, value| {
            let named = given.iter().find(|(other, _)| json::same(other, name));
            // An empty value names the tag whatever its value is.
            named.is_none_or(|(_, other)| !json::text(other).is_empty() && other != value)
        }),
        Some(_) => merge(&mut tags, given),
        None => {
            return Err(errors::invalid_content(
                "'operation' must be Merge, Replace or Delete.",
            ));
        }
    }
    store(call, &holder, tags)
}

/// Names are compared without case; the casing that is there stays.
fn merge(tags: &mut Map<String, Value>, given: Map<String, Value>) {
    for (name, value) in given {
        let known = tags.keys().find(|other| json::same(other, &name)).cloned();
        tags.insert(known.unwrap_or(name), value);
    }
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let holder = holder(call)?;
    store(call, &holder, Map::new())?;
    Ok(Answer::empty(StatusCode::OK))
}

/// `/subscriptions/{s}/tagNames…`: `rest` are the segments behind `tagNames`.
pub(crate) fn names(
    call: &Call<'_>,
    subscription: &str,
    rest: &[String],
) -> Result<Answer, Answer> {
    let base = format!("{subscription}/tagNames");
    match (call.method(), rest) {
        ("GET", []) => Ok(Answer::list(summary(call.world, &base))),
        ("PUT", [name]) => Ok(predefine(call, &base, name, None)),
        ("PUT", [name, word, value]) if json::same(word, "tagValues") => {
            Ok(predefine(call, &base, name, Some(value)))
        }
        ("DELETE", [name]) => forget(call, name, None),
        ("DELETE", [name, word, value]) if json::same(word, "tagValues") => {
            forget(call, name, Some(value))
        }
        _ => Err(errors::method_not_allowed(
            &call.incoming.method,
            "tagNames",
        )),
    }
}

fn record(name: &str) -> String {
    format!("/lazuli/tag-names/{}", ids::name_of(name))
}

fn predefine(call: &Call<'_>, base: &str, name: &str, value: Option<&str>) -> Answer {
    let id = record(name);
    let new = !call.world.contains(&id);
    if new {
        call.world.put(Resource {
            id: id.clone(),
            kind: NAMES.into(),
            body: json!({ "name": name, "values": [] }),
            private: Value::Null,
        });
    }
    let Some(value) = value else {
        let shown = json!({ "id": format!("{base}/{name}"), "tagName": name, "count": { "type": "Total", "value": 0 }, "values": [] });
        return Answer::created(new, shown);
    };
    let added = call.world.update(&id, |one| {
        let mut values = one.body["values"].as_array().cloned().unwrap_or_default();
        let known = values
            .iter()
            .any(|other| json::same(json::text(other), value));
        if !known {
            values.push(value.into());
        }
        json::set(&mut one.body, "values", values);
        !known
    });
    let shown = json!({ "id": format!("{base}/{name}/tagValues/{value}"), "tagValue": value, "count": { "type": "Total", "value": 0 } });
    Answer::created(added == Some(true), shown)
}

fn forget(call: &Call<'_>, name: &str, value: Option<&str>) -> Result<Answer, Answer> {
    let used = counts(call.world).into_iter().any(|(tag, other, count)| {
        count > 0 && json::same(&tag, name) && value.is_none_or(|value| json::same(&other, value))
    });
    if used {
        let message = format!(
            "The tag '{name}' cannot be deleted, because resources or resource groups carry it."
        );
        return Err(Answer::error(409, "TagNameInUse", message));
    }
    let found = match value {
        None => call.world.remove(&record(name)).is_some(),
        Some(value) => call
            .world
            .update(&record(name), |one| {
                let kept: Vec<Value> = json::items(&one.body["values"])
                    .filter(|other| !json::same(json::text(other), value))
                    .cloned()
                    .collect();
                json::set(&mut one.body, "values", kept);
            })
            .is_some(),
    };
    Ok(Answer::empty(if found {
        StatusCode::OK
    } else {
        StatusCode::NO_CONTENT
    }))
}

/// Tag, value, and how many resources and groups carry it.
fn counts(world: &World) -> Vec<(String, String, usize)> {
    let mut all: Vec<(String, String, usize)> = Vec::new();
    for resource in world.under("/subscriptions") {
        for (name, value) in resource.body["tags"].as_object().into_iter().flatten() {
            let value = json::text(value);
            match all
                .iter_mut()
                .find(|(tag, other, _)| json::same(tag, name) && other == value)
            {
                Some((_, _, count)) => *count += 1,
                None => all.push((name.clone(), value.to_owned(), 1)),
            }
        }
    }
    for one in world.of_kind(NAMES) {
        let name = json::text(&one.body["name"]).to_owned();
        let mut values: Vec<String> = json::items(&one.body["values"])
            .map(|value| json::text(value).to_owned())
            .collect();
        if values.is_empty() && !all.iter().any(|(tag, _, _)| json::same(tag, &name)) {
            all.push((name.clone(), String::new(), 0));
        }
        values.retain(|value| {
            !all.iter()
                .any(|(tag, other, _)| json::same(tag, &name) && other == value)
        });
        all.extend(values.into_iter().map(|value| (name.clone(), value, 0)));
    }
    all.sort();
    all
}

fn summary(world: &World, base: &str) -> Vec<Value> {
    let all = counts(world);
    let mut names: Vec<&str> = all.iter().map(|(name, _, _)| name.as_str()).collect();
    names.dedup_by(|left, right| json::same(left, right));
    let entry = |name: &str| {
        let own: Vec<_> = all
            .iter()
            .filter(|(tag, _, _)| json::same(tag, name))
            .collect();
        let total: usize = own.iter().map(|(_, _, count)| count).sum();
        let values: Vec<Value> = own.iter().filter(|(_, value, count)| *count > 0 || !value.is_empty()).map(|(_, value, count)| {
            json!({ "id": format!("{base}/{name}/tagValues/{value}"), "tagValue": value, "count": { "type": "Total", "value": count } })
        }).collect();
        json!({ "id": format!("{base}/{name}"), "tagName": name, "count": { "type": "Total", "value": total }, "values": values })
    };
    names.into_iter().map(entry).collect()
}
