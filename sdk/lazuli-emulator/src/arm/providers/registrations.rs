//! Whether the subscription is registered for a resource provider. All are, until somebody unregisters one.

use serde_json::{Value, json};

use crate::arm::{Answer, Call, json};
use crate::world::{Resource, World};

const KIND: &str = "Lazuli/registrations";
/// Providers that every subscription has and cannot give up.
const FREE: &[&str] = &[
    "Microsoft.Resources",
    "Microsoft.Authorization",
    "Microsoft.Features",
];

fn record(namespace: &str) -> String {
    format!("/lazuli/registrations/{namespace}")
}

pub(crate) fn is_free(namespace: &str) -> bool {
    FREE.iter().any(|free| json::same(free, namespace))
}

/// `Registered`, `Registering`, `Unregistering` or `NotRegistered`. Asking ends a change that is under way.
pub(crate) fn state(world: &World, namespace: &str) -> String {
    let Some(found) = world.get(&record(namespace)) else {
        return "Registered".into();
    };
    let shown = json::text(&found.body["state"]).to_owned();
    match shown.as_str() {
        "Registering" => {
            world.remove(&found.id);
        }
        "Unregistering" => set(world, namespace, "NotRegistered"),
        _ => {}
    }
    shown
}

fn set(world: &World, namespace: &str, state: &str) {
    world.put(Resource {
        id: record(namespace),
        kind: KIND.into(),
        body: json!({ "state": state }),
        private: Value::Null,
    });
}

/// `POST …/register` and `…/unregister`.
pub(crate) fn change(world: &World, namespace: &str, register: bool) {
    let known = world.get(&record(namespace));
    if is_free(namespace) || (register && known.is_none()) {
        return;
    }
    set(
        world,
        namespace,
        if register {
            "Registering"
        } else {
            "Unregistering"
        },
    );
}

/// Refuses writes to a provider that the subscription gave up.
///
/// # Errors
/// 409 `MissingSubscriptionRegistration`, which tells clients to register and try again.
pub(crate) fn check(call: &Call<'_>) -> Result<(), Answer> {
    let namespace = call.target.namespace();
    let known = call.world.get(&record(namespace));
    if known.is_none_or(|one| one.body["state"] == "Registering") || call.method() != "PUT" {
        return Ok(());
    }
    let message = format!(
        "The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions."
    );
    let details = json!([{ "code": "MissingSubscriptionRegistration", "target": namespace, "message": message }]);
    Err(Answer::json(
        http::StatusCode::CONFLICT,
        json!({ "error": { "code": "MissingSubscriptionRegistration", "message": message, "details": details } }),
    ))
}
