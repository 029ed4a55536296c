//! Resource groups: synchronous to make, and gone with everything in them.

use http::StatusCode;
use serde_json::{Value, json};

use super::role_assignments;
use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::lro::{self, Effect};
use crate::arm::{Answer, Call, errors, json};
use crate::wire::dialect::{Dialect, Token};
use crate::wire::locations;
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Resources/resourceGroups";
pub(crate) const KINDS: [Kind; 1] = [Kind {
    removing: Some(empty),
    removed: Some(removed),
    ..Kind::new(KIND)
}];

/// 202 with `Location` only, ending in an empty 200.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "Group",
    status: "{subscription}/operationstatuses",
    result: "{subscription}/operationresults",
    token: Token::Encoded,
    wait_s: 15,
    ..Dialect::USUAL
};

/// Order in which a group's resources go: what others hold on to goes last.
const LAST: &[&str] = &[
    "Microsoft.Web/serverfarms",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/virtualNetworks",
];

/// Answers `/subscriptions/{s}/resourceGroups/{g}`; `id` and `name` in the caller's casing.
pub(crate) fn answer(call: &Call<'_>, id: &str, name: &str) -> Result<Answer, Answer> {
    match call.method() {
        "PUT" => put(call, id, name),
        "PATCH" => patch(call, id, name),
        "GET" => Ok(Answer::ok(required(call.world, id, name)?.body)),
        "HEAD" => Ok(Answer::empty(if call.world.contains(id) {
            StatusCode::NO_CONTENT
        } else {
            StatusCode::NOT_FOUND
        })),
        "DELETE" => delete(call, id, name),
        _ => Err(errors::method_not_allowed(&call.incoming.method, KIND)),
    }
}

pub(crate) fn required(world: &World, id: &str, name: &str) -> Result<Resource, Answer> {
    world
        .get(id)
        .filter(|group| group.kind == KIND)
        .ok_or_else(|| errors::group_not_found(name))
}

fn put(call: &Call<'_>, id: &str, name: &str) -> Result<Answer, Answer> {
    let body = call.object()?;
    check_name(name)?;
    let existing = call.world.get(id);
    let location = location(call, existing.as_ref(), name)?;
    let mut group = json!({ "id": id, "name": name, "type": KIND, "location": location });
    if let Some(tags) = call.tags() {
        json::set(&mut group, "tags", tags);
    }
    if let Some(manager) = body["managedBy"].as_str() {
        json::set(&mut group, "managedBy", manager);
    }
    json::set(
        &mut group,
        "properties",
        json!({ "provisioningState": "Succeeded" }),
    );
    call.world.put(Resource {
        id: id.to_owned(),
        kind: KIND.into(),
        body: group.clone(),
        private: Value::Null,
    });
    Ok(Answer::created(existing.is_none(), group))
}

fn location(call: &Call<'_>, existing: Option<&Resource>, name: &str) -> Result<String, Answer> {
    let Some(given) = call.body["location"]
        .as_str()
        .filter(|text| !text.is_empty())
    else {
        return Err(Answer::error(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    };
    let location = locations::location_name(given).map_err(|()| {
        let message = format!(
            "The provided location '{given}' is not available for resource group. List of available regions is '{}'.",
            locations::location_names().join(","),
        );
        Answer::error(400, "LocationNotAvailableForResourceGroup", message)
    })?;
    let stored = existing.and_then(|group| group.text("/location"));
    if let Some(stored) = stored.filter(|stored| !locations::same_location(stored, &location)) {
        let message = format!(
            "Invalid resource group location '{location}'. The Resource group already exists in location '{stored}'. Resource group '{name}' cannot be moved."
        );
        return Err(Answer::error(409, "InvalidResourceGroupLocation", message));
    }
    Ok(location)
}

/// 1 to 90 characters: letters, digits, `_ - ( ) .`, not ending in a dot.
fn check_name(name: &str) -> Result<(), Answer> {
    let good = |c: char| c.is_alphanumeric() || "_-().".contains(c);
    if name.chars().count() <= 90 && name.chars().all(good) && !name.ends_with('.') {
        return Ok(());
    }
    let message = format!(
        "The provided resource group name '{name}' has these invalid characters or is too long. The name can only be a letter, digit, '-', '.', '(', ')' or '_', can have up to 90 characters and cannot end with '.'."
    );
    Err(Answer::error(400, "InvalidResourceGroup", message))
}

fn patch(call: &Call<'_>, id: &str, name: &str) -> Result<Answer, Answer> {
    required(call.world, id, name)?;
    if let Some(tags) = call.tags() {
        call.world
            .update(id, |group| json::set(&mut group.body, "tags", tags));
    }
    Ok(Answer::ok(required(call.world, id, name)?.body))
}

fn delete(call: &Call<'_>, id: &str, name: &str) -> Result<Answer, Answer> {
    required(call.world, id, name)?;
    call.world.update(id, |group| {
        json::set(
            &mut group.body["properties"],
            "provisioningState",
            "Deleting",
        )
    });
    let addresses = lro::start_on(call, id, &DIALECT, Effect::Remove);
    Ok(Answer::empty(StatusCode::ACCEPTED)
        .with("location", addresses.result)
        .with("retry-after", "0"))
}

/// Takes what is left in the group with it, in an order that every provider would accept.
fn empty(world: &World, group: &Resource) {
    lro::end_all_below(world, &group.id);
    let mut content = world.under(&group.id);
    content.sort_by_key(|resource| {
        LAST.iter()
            .position(|last| resource.kind.starts_with(last))
            .map_or(0, |at| at + 1)
    });
    for resource in content {
        if world.contains(&resource.id) {
            lifecycle::remove(world, &resource.id);
        }
    }
}

fn removed(world: &World, group: &Resource) {
    role_assignments::forget_scope(world, &group.id);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(check_name("secureacr-setup_(1).x").is_ok());
        for bad in ["a.", "a b", "a/b", &"a".repeat(91)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
