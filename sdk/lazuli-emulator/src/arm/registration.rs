//! Resource providers that must be registered first, when the world is opened that way.
//!
//! A new subscription knows few providers; a write to any other is refused with
//! `MissingSubscriptionRegistration` until somebody registers it, which takes a while. Off by default:
//! then every provider is registered from the start.

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Call};
use crate::conditions::{REGISTRATION, Verb, Work};
use crate::world::Resource;

const KIND: &str = "Lazuli/registrations";
/// Registered in every subscription.
const ALWAYS: &[&str] = &["Microsoft.Resources", "Microsoft.Authorization"];

/// `Registered`, `Registering` or `NotRegistered`.
pub(crate) fn state(call: &Call<'_>, namespace: &str) -> &'static str {
    let world = call.world;
    let free = ALWAYS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(namespace));
    if !call.conditions.requires_registration || free {
        return "Registered";
    }
    let Some(record) = world.get(&record_id(namespace)) else {
        return "NotRegistered";
    };
    match record.body["ready_ms"].as_i64() {
        Some(ready) if world.clock().now_ms() < ready => "Registering",
        _ => "Registered",
    }
}

/// Starts the registration of a namespace and answers the state to show; registering again changes
/// nothing. Without latency it is over when somebody looks again.
pub(crate) fn register(call: &Call<'_>, namespace: &str) -> &'static str {
    let before = state(call, namespace);
    if before != "NotRegistered" {
        return before;
    }
    let work = Work {
        kind: REGISTRATION,
        verb: Verb::Action,
        sku: "",
    };
    let conditions = call.conditions;
    let who = conditions.under_way(&format!("register {namespace}").to_lowercase());
    call.world.put(Resource {
        id: record_id(namespace),
        kind: KIND.into(),
        body: json!({ "ready_ms": conditions.ends_at_ms(&work, &who) }),
        private: Value::Null,
    });
    "Registering"
}

/// Refuses writes to a provider that is not registered.
pub(crate) fn check(call: &Call<'_>) -> Result<(), Answer> {
    let is_write = [Method::PUT, Method::PATCH, Method::POST].contains(&call.incoming.method);
    let namespace = call.target.namespace();
    if !is_write || state(call, namespace) == "Registered" {
        return Ok(());
    }
    let message = format!(
        "The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions."
    );
    let body = json!({ "error": {
        "code": "MissingSubscriptionRegistration", "message": message,
        "details": [{ "code": "MissingSubscriptionRegistration", "target": namespace, "message": message }],
    } });
    Err(Answer::json(http::StatusCode::CONFLICT, body))
}

fn record_id(namespace: &str) -> String {
    format!("/lazuli/registrations/{}", namespace.to_ascii_lowercase())
}
