//! `sites/host/default`: the keys that callers of a function app show.
//!
//! The platform keeps them with the app; they are made with the first question. No function runs here, so
//! only the resource manager asks for them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use http::StatusCode;
use serde_json::{Value, json};

use super::sites;
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, errors, json};
use crate::world::Resource;

pub(super) const KINDS: [Kind; 6] = [
    host_kind("Microsoft.Web/sites/host"),
    host_kind("Microsoft.Web/sites/slots/host"),
    key_kind("Microsoft.Web/sites/host/functionKeys"),
    key_kind("Microsoft.Web/sites/slots/host/functionKeys"),
    key_kind("Microsoft.Web/sites/host/systemKeys"),
    key_kind("Microsoft.Web/sites/slots/host/systemKeys"),
];

const fn host_kind(name: &'static str) -> Kind {
    Kind {
        action: Some(action),
        ..Kind::new(name)
    }
}

const fn key_kind(name: &'static str) -> Kind {
    Kind {
        put: Some(put),
        delete: Some(delete),
        ..Kind::new(name)
    }
}

/// Where the keys are in the private part of an app.
const KEPT: &str = "hostKeys";

/// The function app of the path; other apps have no host.
fn function_app(call: &Call<'_>) -> Result<Resource, Answer> {
    let app = sites::site_of(call)?;
    let host = call
        .target
        .names
        .iter()
        .any(|name| json::same(name, "default"));
    if host
        && app
            .text("/kind")
            .is_some_and(|kind| kind.contains("functionapp"))
    {
        return Ok(app);
    }
    Err(call.not_found())
}

/// 40 random bytes, as long as real ones.
fn new_key(call: &Call<'_>) -> String {
    URL_SAFE.encode(call.world.random::<40>(&call.id()))
}

/// The keys as they are, made if there are none yet.
fn keys(call: &Call<'_>, app: &Resource) -> Value {
    if app.private[KEPT].is_null() {
        let made = json!({
            "masterKey": new_key(call), "functionKeys": { "default": new_key(call) }, "systemKeys": {},
        });
        call.world
            .update(&app.id, |app| json::set(&mut app.private, KEPT, made));
    }
    let kept = call.world.get(&app.id);
    kept.map(|app| app.private[KEPT].clone())
        .unwrap_or_default()
}

fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let app = function_app(call)?;
    match word.to_ascii_lowercase().as_str() {
        "listkeys" => Ok(Answer::ok(keys(call, &app))),
        "sync" | "synctriggers" => Ok(Answer::empty(StatusCode::NO_CONTENT)),
        _ => Err(errors::not_modelled(&format!(
            "The action '{word}' of a function app's host"
        ))),
    }
}

/// `functionKeys` or `systemKeys`.
fn list_name(call: &Call<'_>) -> &'static str {
    if call.target.kind.ends_with("functionKeys") {
        "functionKeys"
    } else {
        "systemKeys"
    }
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = function_app(call)?;
    let given = json::properties(call.object()?)?;
    let name = call.target.name();
    let value = given["value"]
        .as_str()
        .map_or_else(|| new_key(call), str::to_owned);
    let list = list_name(call);
    let new = keys(call, &app)[list][name].is_null();
    call.world.update(&app.id, |app| {
        json::set(&mut app.private[KEPT][list], name, value.clone());
    });
    Ok(Answer::created(
        new,
        json!({
            "id": call.id(), "name": name, "type": call.target.kind, "location": app.body["location"],
            "properties": { "name": name, "value": value },
        }),
    ))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = function_app(call)?;
    let (list, name) = (list_name(call), call.target.name());
    if keys(call, &app)[list][name].is_null() {
        return Err(call.not_found());
    }
    call.world.update(&app.id, |app| {
        json::unset(&mut app.private[KEPT][list], name);
    });
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}
