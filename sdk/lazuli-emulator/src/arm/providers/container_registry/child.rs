//! What all types below a registry share: their frame around `properties`, and how they are made,
//! changed and removed.
//!
//! As recorded: a PUT or PATCH answers 201 with `Azure-AsyncOperation`, a DELETE 202 with `null` and
//! `Location` only.

use http::StatusCode;
use serde_json::{Value, json};

use crate::arm::lifecycle;
pub(super) use crate::arm::lifecycle::delete as delete_at_once;
use crate::arm::lro::{self, Effect};
pub(super) use crate::arm::shape::check_letters as check_name;
use crate::arm::{Answer, Call, json};
use crate::wire::dialect::{Dialect, Token};
use crate::world::Resource;

/// 201 with `Azure-AsyncOperation` below the resource; other verbs 202 with `Location` only, ending in 200.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "Registry",
    status: "{resource}/operationStatuses",
    result: "{subscription}/providers/Microsoft.ContainerRegistry/locations/{location}/operationResults",
    token: Token::AfterType,
    post_ends_in_status: true,
    ..Dialect::USUAL
};

/// The parts of a child that its type decides about.
pub(super) struct Child {
    /// `None` for types without a location.
    pub(super) location: Option<String>,
    pub(super) identity: Value,
    pub(super) properties: Value,
    /// What GET never shows.
    pub(super) private: Value,
}

impl Child {
    /// A child without location, identity and secrets.
    pub(super) fn of(properties: Value) -> Child {
        Child {
            location: None,
            identity: Value::Null,
            properties,
            private: Value::Null,
        }
    }

    /// The same with the location of the request, or of what is stored.
    pub(super) fn at(
        mut self,
        call: &Call<'_>,
        existing: Option<&Resource>,
    ) -> Result<Child, Answer> {
        self.location = Some(call.location(existing)?);
        Ok(self)
    }
}

/// Who made and changed something, in the form of `systemData`.
pub(super) fn system_data(call: &Call<'_>, existing: Option<&Resource>) -> Value {
    let now = call.now().to_string();
    let creator = || json!({ "createdBy": call.caller.client, "createdByType": "Application", "createdAt": now });
    let mut data = existing
        .map(|old| old.body["systemData"].clone())
        .filter(Value::is_object)
        .unwrap_or_else(creator);
    json::set(&mut data, "lastModifiedBy", call.caller.client.clone());
    json::set(&mut data, "lastModifiedByType", "Application");
    json::set(&mut data, "lastModifiedAt", now);
    data
}

/// Stores a child and starts the operation that ends in `Succeeded`.
pub(super) fn write(call: &Call<'_>, existing: Option<&Resource>, child: Child) -> Answer {
    let state = if existing.is_some() {
        "Updating"
    } else {
        "Creating"
    };
    let stored = save(call, existing, child, state);
    let addresses = lro::start(call, &DIALECT, Effect::Settle);
    Answer::json(StatusCode::CREATED, lifecycle::present(call.world, &stored))
        .with("azure-asyncoperation", addresses.status)
        .with("retry-after", "0")
}

/// Stores a child that is there at once.
pub(super) fn write_at_once(call: &Call<'_>, existing: Option<&Resource>, child: Child) -> Answer {
    let stored = save(call, existing, child, "Succeeded");
    Answer::created(existing.is_none(), lifecycle::present(call.world, &stored))
}

fn save(call: &Call<'_>, existing: Option<&Resource>, child: Child, state: &str) -> Resource {
    let mut body = json!({ "type": call.target.kind, "id": call.id(), "name": call.target.name() });
    if let Some(location) = child.location {
        let stored = existing.map(|old| old.body["tags"].clone());
        let kept = stored.filter(|_| call.method() == "PATCH");
        json::set(&mut body, "location", location);
        json::set(
            &mut body,
            "tags",
            call.tags().or(kept).unwrap_or_else(|| json!({})),
        );
    }
    if !child.identity.is_null() {
        json::set(&mut body, "identity", child.identity);
    }
    json::set(&mut body, "systemData", system_data(call, existing));
    let mut properties = child.properties;
    json::set(&mut properties, "provisioningState", state);
    json::set(&mut body, "properties", properties);
    lifecycle::store(call, body, child.private)
}

/// Removes a child as an operation.
pub(super) fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    if call.existing().is_none() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    call.world.update(&call.id(), |child| {
        json::set(
            &mut child.body["properties"],
            "provisioningState",
            "Deleting",
        );
    });
    let addresses = lro::start(call, &DIALECT, Effect::Remove);
    Ok(Answer::json(StatusCode::ACCEPTED, Value::Null)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}

/// The registry around a child; ARM has checked that it is there.
pub(super) fn registry(call: &Call<'_>) -> Result<Resource, Answer> {
    let parent = call.target.parent_id().unwrap_or_default();
    call.world.get(&parent).ok_or_else(|| call.not_found())
}

/// A complaint about one property of a request.
pub(super) fn invalid(message: impl AsRef<str>) -> Answer {
    Answer::error(400, "InvalidParameter", message)
}

/// Needs a Premium registry, as the service tiers document.
pub(super) fn check_premium(registry: &Resource, feature: &str) -> Result<(), Answer> {
    let sku = registry.text("/sku/name").unwrap_or_default();
    if sku == "Premium" {
        return Ok(());
    }
    let message = format!(
        "{feature} is not supported for the registry {} of SKU {sku}; it needs Premium.",
        registry.name()
    );
    Err(Answer::error(400, "SkuFeatureNotSupported", message))
}
