//! What the types of `Microsoft.Network` share: etags, address arithmetic, the answers of the dialect.

use std::net::Ipv4Addr;

use http::StatusCode;
use ipnet::Ipv4Net;
use serde_json::{Value, json};

use crate::arm::lifecycle;
use crate::arm::lro::{self, Effect};
pub(crate) use crate::arm::shape::{invalid_reference, referenced};
use crate::arm::{Answer, Call, ids, json};
use crate::wire::dialect::Dialect;
use crate::world::{Resource, World};

/// 200 or 201 with `Azure-AsyncOperation`; DELETE 202 with both headers, `Location` ends in 204.
pub(crate) static DIALECT: Dialect = Dialect {
    name: "Network",
    status: "{subscription}/providers/Microsoft.Network/locations/{location}/operations",
    result: "{subscription}/providers/Microsoft.Network/locations/{location}/operationResults",
    gone: StatusCode::NO_CONTENT,
    ..Dialect::USUAL
};

/// Addresses that Azure keeps in every subnet: four at the start, one at the end.
pub(crate) const RESERVED_AT_START: u32 = 4;

/// A weak etag as the Network provider writes it.
pub(crate) fn new_etag(world: &World, id: &str) -> String {
    format!("W/\"{}\"", world.uuid(id))
}

/// A new etag on a body and on every child written into it: one transition, one etag.
pub(crate) fn touch(world: &World, body: &mut Value) {
    let etag = new_etag(world, json::text(&body["id"]));
    stamp(body, &etag);
}

fn stamp(value: &mut Value, etag: &str) {
    match value {
        Value::Object(object) => {
            if let Some(old) = object.get_mut("etag") {
                *old = etag.into();
            }
            object.values_mut().for_each(|child| stamp(child, etag));
        }
        Value::Array(items) => items.iter_mut().for_each(|child| stamp(child, etag)),
        _ => {}
    }
}

/// `{name, id, etag, type}` of a child that lives inside its parent's body.
pub(crate) fn inline_child(
    parent: &str,
    word: &str,
    kind: &str,
    name: &str,
    properties: Value,
) -> Value {
    json!({
        "name": name, "id": format!("{parent}/{word}/{name}"), "etag": "", "properties": properties, "type": kind,
    })
}

/// A tracked resource of this provider, its parts in the order in which the provider writes them.
pub(crate) fn tracked(call: &Call<'_>, location: &str, properties: Value) -> Resource {
    let mut body = json!({
        "name": call.target.name(), "id": call.id(), "etag": "", "type": call.target.kind, "location": location,
    });
    if let Some(tags) = call.tags() {
        json::set(&mut body, "tags", tags);
    }
    for part in ["sku", "zones", "extendedLocation"] {
        if !call.body[part].is_null() {
            json::set(&mut body, part, call.body[part].clone());
        }
    }
    json::set(&mut body, "properties", properties);
    Resource {
        id: call.id(),
        kind: call.target.kind.clone(),
        body,
        private: Value::Null,
    }
}

/// A child that is a resource of its own and has neither location nor tags.
pub(crate) fn child(id: &str, kind: &str, properties: Value) -> Resource {
    let body = json!({
        "name": ids::name_of(id), "id": id, "etag": "", "properties": properties, "type": kind,
    });
    Resource {
        id: id.to_owned(),
        kind: kind.to_owned(),
        body,
        private: Value::Null,
    }
}

/// The identifier a resource keeps through its life.
pub(crate) fn resource_guid(call: &Call<'_>, existing: Option<&Resource>) -> String {
    existing
        .and_then(|old| old.text("/properties/resourceGuid"))
        .map_or_else(|| call.uuid().to_string(), str::to_owned)
}

/// `[{ "id": … }]` of references.
pub(crate) fn references(ids: impl IntoIterator<Item = String>) -> Vec<Value> {
    ids.into_iter().map(|id| json!({ "id": id })).collect()
}

/// PATCH of this provider changes tags only, and at once.
pub(crate) fn patch_tags(call: &Call<'_>) -> Result<Answer, Answer> {
    call.required()?;
    if let Some(tags) = call.tags() {
        call.world.update(&call.id(), |resource| {
            json::set(&mut resource.body, "tags", tags);
            touch(call.world, &mut resource.body);
        });
    }
    Ok(lifecycle::shown(call.world, &call.required()?))
}

/// The virtual network a subnet belongs to.
pub(crate) fn network_of(subnet: &str) -> &str {
    ids::parent(subnet)
}

/// Stores a network resource and answers in the dialect: 201/200, `Updating`, `Azure-AsyncOperation`.
///
/// A write that changes nothing but tags is `Succeeded` at once. While another write on `lock` is under way the
/// new one is accepted and its operation fails, which is what Azure does and what clients get wrong.
pub(crate) fn write(call: &Call<'_>, lock: Option<&str>, resource: Resource) -> Answer {
    write_with(call, lock, resource, false)
}

/// The same for a resource whose children may change with it.
pub(crate) fn write_with(
    call: &Call<'_>,
    lock: Option<&str>,
    mut resource: Resource,
    children_change: bool,
) -> Answer {
    let existing = call.world.get(&resource.id);
    if let Some(lock) = lock.filter(|lock| lro::busy(call.world, lock)) {
        return refuse_later(call, &resource, existing.is_none(), lock);
    }
    let unchanged = !children_change
        && existing
            .as_ref()
            .is_some_and(|old| settled_form(&old.body) == settled_form(&resource.body));
    if unchanged && let Some(old) = &existing {
        keep_computed(&old.body, &mut resource.body);
    }
    touch(call.world, &mut resource.body);
    if unchanged {
        mark(&mut resource.body, "Succeeded");
    }
    call.world.put(resource.clone());
    let effect = if unchanged {
        Effect::Nothing
    } else {
        Effect::Settle
    };
    let addresses = lro::start_on(call, &resource.id, &DIALECT, effect);
    answer(
        existing.is_none(),
        lifecycle::present(call.world, &resource),
        addresses.status,
    )
}

fn answer(new: bool, body: Value, operation: String) -> Answer {
    Answer::created(new, body)
        .with("azure-asyncoperation", operation)
        .with("azure-asyncnotification", "Enabled")
        .with("retry-after", "0")
}

fn refuse_later(call: &Call<'_>, resource: &Resource, new: bool, lock: &str) -> Answer {
    let message = format!(
        "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: {}{lock}.",
        call.incoming.base,
    );
    let effect = Effect::Fail {
        code: "AnotherOperationInProgress".into(),
        message,
    };
    let addresses = lro::start_on(call, &resource.id, &DIALECT, effect);
    answer(
        new,
        lifecycle::present(call.world, resource),
        addresses.status,
    )
}

/// DELETE in the dialect: 202 and both headers; 204 for what is not there.
pub(crate) fn delete(call: &Call<'_>, lock: Option<&str>) -> Answer {
    let Some(existing) = call.existing() else {
        return Answer::empty(StatusCode::NO_CONTENT);
    };
    let effect = match lock.filter(|lock| lro::busy(call.world, lock)) {
        None => Effect::Remove,
        Some(_) => Effect::Fail {
            code: "AnotherOperationInProgress".into(),
            message: "Another operation on this or dependent resource is in progress.".into(),
        },
    };
    if matches!(effect, Effect::Remove) {
        call.world.update(&existing.id, |resource| {
            mark(&mut resource.body, "Deleting")
        });
    }
    let addresses = lro::start(call, &DIALECT, effect);
    Answer::empty(StatusCode::ACCEPTED)
        .with("azure-asyncoperation", addresses.status)
        .with("location", addresses.result)
        .with("azure-asyncnotification", "Enabled")
        .with("retry-after", "0")
}

pub(crate) fn mark(body: &mut Value, state: &str) {
    if let Some(properties) = body.get_mut("properties") {
        json::set(properties, "provisioningState", state);
    }
}

/// What the provider worked out for a resource stays when nothing was asked of it.
fn keep_computed(old: &Value, new: &mut Value) {
    for name in ["customDnsConfigs", "privateDnsZoneConfigs"] {
        if !old["properties"][name].is_null() {
            json::set(
                &mut new["properties"],
                name,
                old["properties"][name].clone(),
            );
        }
    }
}

/// Whether two bodies differ in more than tags, states and etags.
pub(crate) fn differs(old: &Value, new: &Value) -> bool {
    settled_form(old) != settled_form(new)
}

/// A body without what changes by itself, for "did this write change anything". Tags do not count:
/// they are not the provider's (recorded answers of the service).
fn settled_form(body: &Value) -> Value {
    let mut form = body.clone();
    json::unset(&mut form, "tags");
    strip(&mut form);
    form
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.shift_remove("etag");
            object.shift_remove("provisioningState");
            object.shift_remove("recordSets");
            object.shift_remove("customDnsConfigs");
            object.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// An IPv4 range with no bits set below its length, as Azure demands.
pub(crate) fn range(text: &str) -> Option<Ipv4Net> {
    let range: Ipv4Net = text.parse().ok()?;
    (range.trunc() == range).then_some(range)
}

pub(crate) fn overlap(left: Ipv4Net, right: Ipv4Net) -> bool {
    left.contains(&right) || right.contains(&left)
}

/// `addressPrefix` and `addressPrefixes` of a subnet's properties.
pub(crate) fn prefixes(properties: &Value) -> Vec<&str> {
    let many = json::items(&properties["addressPrefixes"]).filter_map(Value::as_str);
    properties["addressPrefix"]
        .as_str()
        .into_iter()
        .chain(many)
        .collect()
}

/// The first `count` free addresses of a subnet, from `.4` on; `None` when it is full.
pub(crate) fn free_addresses(
    world: &World,
    subnet: &Resource,
    count: usize,
) -> Option<Vec<Ipv4Addr>> {
    let taken = taken_addresses(world, &subnet.id);
    let ranges: Vec<Ipv4Net> = prefixes(&subnet.body["properties"])
        .into_iter()
        .filter_map(range)
        .collect();
    let usable = ranges.into_iter().flat_map(|net| {
        let (first, last) = (
            u32::from(net.network()).saturating_add(RESERVED_AT_START),
            u32::from(net.broadcast()),
        );
        (first..last).map(Ipv4Addr::from)
    });
    let free: Vec<Ipv4Addr> = usable
        .filter(|address| !taken.contains(address))
        .take(count)
        .collect();
    (free.len() == count).then_some(free)
}

/// Addresses of a subnet that interfaces hold.
pub(crate) fn taken_addresses(world: &World, subnet: &str) -> Vec<Ipv4Addr> {
    let held = held_addresses(world, subnet).into_iter();
    held.map(|(address, _)| address).collect()
}

/// The interface that holds an address.
pub(crate) fn holder_of(world: &World, subnet: &str, address: Ipv4Addr) -> Option<String> {
    let held = held_addresses(world, subnet).into_iter();
    held.filter(|(one, _)| *one == address)
        .map(|(_, holder)| holder)
        .next()
}

fn held_addresses(world: &World, subnet: &str) -> Vec<(Ipv4Addr, String)> {
    let mut held = Vec::new();
    for nic in world.of_kind("Microsoft.Network/networkInterfaces") {
        for config in json::items(&nic.body["properties"]["ipConfigurations"]) {
            let properties = &config["properties"];
            if json::same(json::text(&properties["subnet"]["id"]), subnet)
                && let Ok(address) = json::text(&properties["privateIPAddress"]).parse()
            {
                held.push((address, nic.id.clone()));
            }
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world;

    #[test]
    fn ranges_must_be_clean() {
        assert!(range("10.0.0.0/24").is_some());
        for bad in ["10.0.0.1/24", "10.0.0.0", "10.0.0.0/33", "x"] {
            assert!(range(bad).is_none(), "{bad}");
        }
        assert!(overlap(
            range("10.0.0.0/16").unwrap(),
            range("10.0.3.0/24").unwrap()
        ));
        assert!(!overlap(
            range("10.0.0.0/24").unwrap(),
            range("10.0.1.0/24").unwrap()
        ));
    }

    #[test]
    fn a_subnet_starts_at_four_and_ends_before_broadcast() {
        let world = world::tests::empty();
        let body = json!({ "properties": { "addressPrefix": "10.0.1.0/29" } });
        let subnet = Resource {
            id: "/s/v/subnets/a".into(),
            kind: "x".into(),
            body,
            private: Value::Null,
        };
        let free = |count| {
            free_addresses(&world, &subnet, count)
                .map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(free(2), Some(vec!["10.0.1.4".into(), "10.0.1.5".into()]));
        assert_eq!(free(3).map(|all| all.len()), Some(3));
        assert_eq!(free(4), None);
    }

    #[test]
    fn one_transition_one_etag() {
        let mut body = json!({ "etag": "a", "properties": { "children": [{ "etag": "b" }] } });
        touch(&crate::world::tests::empty(), &mut body);
        assert_eq!(body["etag"], body["properties"]["children"][0]["etag"]);
        assert_ne!(body["etag"], "a");
    }
}
