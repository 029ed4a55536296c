//! `registries/tokens`: users of a registry that are not principals, each with a scope map and up to two
//! passwords. Only digests of passwords are kept; a password is shown once, when it is made.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::child::{self, Child};
use super::{registries, scope_maps};
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, ids, json};
use crate::views::registry_view::TOKEN as KIND;
use crate::wire::digest::Digest;
use crate::world::Resource;

pub(super) const TOKEN: Kind = Kind {
    put: Some(put),
    patch: Some(patch),
    delete: Some(child::delete),
    ..Kind::new(KIND)
};
const NAMES: [&str; 2] = ["password1", "password2"];

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    child::check_name(call.target.name(), (5, 50), "-")?;
    let existing = call.existing();
    if given["scopeMapId"].as_str().is_none_or(str::is_empty) {
        return Err(child::invalid("A token must name its scopeMapId."));
    }
    let mut properties = match &existing {
        Some(old) => old.body["properties"].clone(),
        None => json!({
            "creationDate": call.now().to_string(), "provisioningState": "Creating", "scopeMapId": null,
            "credentials": { "certificates": [], "passwords": [] }, "status": "enabled",
        }),
    };
    apply(call, &mut properties, &given)?;
    let private = existing
        .as_ref()
        .map_or(Value::Null, |old| old.private.clone());
    Ok(write(call, existing.as_ref(), properties, private))
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let mut properties = existing.body["properties"].clone();
    apply(call, &mut properties, &json::properties(call.object()?)?)?;
    let private = kept(&properties, &existing.private);
    Ok(write(call, Some(&existing), properties, private))
}

fn write(
    call: &Call<'_>,
    existing: Option<&Resource>,
    properties: Value,
    private: Value,
) -> Answer {
    let mut made = Child::of(properties);
    made.private = private;
    child::write(call, existing, made)
}

fn apply(call: &Call<'_>, properties: &mut Value, given: &Value) -> Result<(), Answer> {
    if let Some(map) = given["scopeMapId"].as_str() {
        let registry = child::registry(call)?;
        if !scope_maps::exists(call.world, &registry, map) {
            let message = format!("The scope map '{map}' of the token was not found.");
            return Err(Answer::error(404, "ScopeMapNotFound", message));
        }
        json::set(properties, "scopeMapId", ids::normalise(map, call.world));
    }
    if let Some(status) = json::one_of(&given["status"], "status", &["enabled", "disabled"])? {
        json::set(properties, "status", status);
    }
    if json::items(&given["credentials"]["certificates"])
        .next()
        .is_some()
    {
        return Err(crate::wire::errors::not_modelled(
            "A token with certificates",
        ));
    }
    // A list of passwords in the request keeps those it names, and drops the others.
    if given["credentials"]["passwords"].is_array() {
        let wanted: Vec<&str> = json::items(&given["credentials"]["passwords"])
            .map(|password| json::text(&password["name"]))
            .collect();
        let stored = json::items(&properties["credentials"]["passwords"]);
        let kept: Vec<Value> = stored
            .filter(|one| wanted.contains(&json::text(&one["name"])))
            .cloned()
            .collect();
        json::set(&mut properties["credentials"], "passwords", kept);
    }
    Ok(())
}

/// The digests of the passwords that are still listed.
fn kept(properties: &Value, private: &Value) -> Value {
    let mut private = private.clone();
    let listed: Vec<&str> = json::items(&properties["credentials"]["passwords"])
        .map(|one| json::text(&one["name"]))
        .collect();
    for name in NAMES.iter().filter(|name| !listed.contains(name)) {
        json::unset(&mut private, name);
    }
    private
}

/// `POST …/generateCredentials`: makes one password of a token, or both.
pub(super) fn generate(call: &Call<'_>) -> Result<Answer, Answer> {
    let body = call.object()?;
    let id = json::text(&body["tokenId"]);
    let inside = ids::parent(&ids::normalise(id, call.world)).to_owned();
    let token = call
        .world
        .get(id)
        .filter(|token| token.kind == KIND && json::same(&inside, &call.id()))
        .ok_or_else(|| {
            Answer::error(
                404,
                "TokenNotFound",
                format!("The token '{id}' was not found."),
            )
        })?;
    let chosen = json::one_of(&body["name"], "name", &NAMES)?;
    let expiry = expiry(call, &body["expiry"])?;
    let names = NAMES
        .into_iter()
        .filter(|name| chosen.is_none_or(|one| one == *name));
    let made: Vec<Value> = names.map(|name| password(call, name, &expiry)).collect();
    call.world.update(&token.id, |token| remember(token, &made));
    Ok(Answer::ok(
        json!({ "username": token.name(), "passwords": shown(call, &token.id, &made) }),
    ))
}

fn expiry(call: &Call<'_>, given: &Value) -> Result<Value, Answer> {
    match given.as_str() {
        None => Ok(Value::Null),
        Some(text) => match text.parse::<Timestamp>() {
            Ok(at) if at > call.now() => Ok(at.to_string().into()),
            _ => Err(child::invalid(format!(
                "The expiry '{text}' is not a time in the future."
            ))),
        },
    }
}

fn password(call: &Call<'_>, name: &str, expiry: &Value) -> Value {
    let mut made = json!({
        "creationTime": call.now().to_string(), "name": name, "value": registries::password(call),
    });
    if expiry.is_string() {
        json::set(&mut made, "expiry", expiry.clone());
    }
    made
}

fn remember(token: &mut Resource, made: &[Value]) {
    let listed = &token.body["properties"]["credentials"]["passwords"];
    let replaced = |one: &Value| made.iter().any(|new| new["name"] == one["name"]);
    let mut passwords: Vec<Value> = json::items(listed)
        .filter(|one| !replaced(one))
        .cloned()
        .collect();
    for one in made {
        let digest = Digest::of(json::text(&one["value"]).as_bytes());
        json::set(
            &mut token.private,
            json::text(&one["name"]),
            digest.as_str(),
        );
        let mut public = one.clone();
        json::unset(&mut public, "value");
        passwords.push(public);
    }
    passwords.sort_by_key(|one| json::text(&one["name"]).to_owned());
    json::set(
        &mut token.body["properties"]["credentials"],
        "passwords",
        passwords,
    );
}

/// All passwords of the token; only the new ones with their values.
fn shown(call: &Call<'_>, token: &str, made: &[Value]) -> Vec<Value> {
    let stored = call.world.get(token);
    let listed = stored
        .iter()
        .flat_map(|token| json::items(&token.body["properties"]["credentials"]["passwords"]));
    let value = |one: &Value| made.iter().find(|new| new["name"] == one["name"]).cloned();
    listed
        .map(|one| value(one).unwrap_or_else(|| one.clone()))
        .collect()
}
