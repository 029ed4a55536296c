//! `registries/webhooks`: whom a registry notifies of pushes and deletions.
//!
//! The emulator reaches no address outside of itself, so an event is *recorded* with a response that says
//! it was not delivered; `listEvents` shows what would have been sent.

use serde_json::{Value, json};

use super::child::{self, Child};
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, errors, json};
use crate::views::registry_events::{WEBHOOK as KIND, event, record};

pub(super) const WEBHOOK: Kind = Kind {
    put: Some(put),
    patch: Some(patch),
    delete: Some(child::delete_at_once),
    action: Some(action),
    ..Kind::new(KIND)
};
const ACTIONS: [&str; 5] = ["push", "delete", "quarantine", "chart_push", "chart_delete"];

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = json::properties(call.object()?)?;
    child::check_name(call.target.name(), (5, 50), "")?;
    check_uri(&given)?;
    if json::items(&given["actions"]).next().is_none() {
        return Err(child::invalid("A webhook must have at least one action."));
    }
    let existing = call.existing();
    let mut properties = json!({ "status": "enabled", "scope": "", "actions": [] });
    let mut private = json!({ "customHeaders": {}, "events": [] });
    if let Some(old) = &existing {
        json::overlay(&mut private, &old.private);
    }
    apply(&mut properties, &mut private, &given)?;
    let mut made = Child::of(properties).at(call, existing.as_ref())?;
    made.private = private;
    Ok(child::write_at_once(call, existing.as_ref(), made))
}

fn patch(call: &Call<'_>) -> Result<Answer, Answer> {
    let existing = call.required()?;
    let given = json::properties(call.object()?)?;
    let (mut properties, mut private) = (
        existing.body["properties"].clone(),
        existing.private.clone(),
    );
    if !given["serviceUri"].is_null() {
        check_uri(&given)?;
    }
    apply(&mut properties, &mut private, &given)?;
    let mut made = Child::of(properties).at(call, Some(&existing))?;
    made.private = private;
    Ok(child::write_at_once(call, Some(&existing), made))
}

fn check_uri(given: &Value) -> Result<(), Answer> {
    let uri = json::text(&given["serviceUri"]);
    match url::Url::parse(uri) {
        Ok(parsed) if ["http", "https"].contains(&parsed.scheme()) => Ok(()),
        _ => Err(child::invalid(format!(
            "The serviceUri '{uri}' of the webhook is not a valid http or https address."
        ))),
    }
}

fn apply(properties: &mut Value, private: &mut Value, given: &Value) -> Result<(), Answer> {
    if let Some(status) = json::one_of(&given["status"], "status", &["enabled", "disabled"])? {
        json::set(properties, "status", status);
    }
    for action in json::items(&given["actions"]) {
        json::one_of(action, "actions", &ACTIONS)?;
    }
    for key in ["scope", "actions"] {
        if !given[key].is_null() {
            json::set(properties, key, given[key].clone());
        }
    }
    // Where it goes, and with which headers, is never shown again but by getCallbackConfig.
    for key in ["serviceUri", "customHeaders"] {
        if !given[key].is_null() {
            json::set(private, key, given[key].clone());
        }
    }
    Ok(())
}

fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    let webhook = call.required()?;
    match word.to_ascii_lowercase().as_str() {
        "getcallbackconfig" => Ok(Answer::ok(json!({
            "serviceUri": webhook.private["serviceUri"], "customHeaders": webhook.private["customHeaders"],
        }))),
        "ping" => {
            let event = event(call.world, &webhook, json!({ "action": "ping" }));
            let id = event["id"].clone();
            record(call.world, &webhook, event);
            Ok(Answer::ok(json!({ "id": id })))
        }
        "listevents" => Ok(Answer::ok(json!({ "value": webhook.private["events"] }))),
        _ => Err(errors::not_modelled(&format!(
            "The action '{word}' of a webhook"
        ))),
    }
}
