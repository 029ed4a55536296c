//! What the types of `Microsoft.Network` share: etags, address arithmetic, the answers of the dialect.

use std::net::Ipv4Addr;

use http::StatusCode;
use ipnet::Ipv4Net;
use serde_json::{Value, json};
use uuid::Uuid;

use super::present;
use crate::arm::lro::{self, Dialect, Effect};
use crate::arm::{Answer, Call, ids, json};
use crate::world::{Resource, World};

/// Addresses that Azure keeps in every subnet: four at the start, one at the end.
const RESERVED_AT_START: u32 = 4;

/// A weak etag as the Network provider writes it.
pub(crate) fn new_etag() -> String {
    format!("W/\"{}\"", Uuid::new_v4())
}

/// A new etag on a body and on every child written into it: one transition, one etag.
pub(crate) fn touch(body: &mut Value) {
    let etag = new_etag();
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

/// The virtual network a subnet belongs to.
pub(crate) fn network_of(subnet: &str) -> &str {
    ids::parent(subnet)
}

/// Stores a network resource and answers in the dialect: 201/200, `Updating`, `Azure-AsyncOperation`.
///
/// A write that changes nothing is `Succeeded` at once. While another write on `lock` is under way the
/// new one is accepted and its operation fails, which is what Azure does and what clients get wrong.
pub(crate) fn write(call: &Call<'_>, lock: Option<&str>, mut resource: Resource) -> Answer {
    let existing = call.world.get(&resource.id);
    if let Some(lock) = lock.filter(|lock| lro::busy(call.world, lock)) {
        return refuse_later(call, &resource, existing.is_none(), lock);
    }
    let unchanged = existing
        .as_ref()
        .is_some_and(|old| settled_form(&old.body) == settled_form(&resource.body));
    touch(&mut resource.body);
    if unchanged {
        mark(&mut resource.body, "Succeeded");
    }
    call.world.put(resource.clone());
    let effect = if unchanged {
        Effect::Nothing
    } else {
        Effect::Settle
    };
    let addresses = lro::start_on(call, &resource.id, Dialect::Network, effect);
    answer(
        existing.is_none(),
        present(call.world, &resource),
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
    let addresses = lro::start_on(call, &resource.id, Dialect::Network, effect);
    answer(new, present(call.world, resource), addresses.status)
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
    let addresses = lro::start(call, Dialect::Network, effect);
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

/// A body without what changes by itself, for "did this write change anything".
fn settled_form(body: &Value) -> Value {
    let mut form = body.clone();
    strip(&mut form);
    form
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.shift_remove("etag");
            object.shift_remove("provisioningState");
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

fn taken_addresses(world: &World, subnet: &str) -> Vec<Ipv4Addr> {
    let mut taken = Vec::new();
    for nic in world.of_kind("Microsoft.Network/networkInterfaces") {
        for config in json::items(&nic.body["properties"]["ipConfigurations"]) {
            let properties = &config["properties"];
            if json::same(json::text(&properties["subnet"]["id"]), subnet) {
                taken.extend(json::text(&properties["privateIPAddress"]).parse::<Ipv4Addr>());
            }
        }
    }
    taken
}

/// A resource that another one names and that is not there.
pub(crate) fn invalid_reference(referenced: &str, by: &str) -> Answer {
    let message = format!(
        "Resource {referenced} referenced by resource {by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region."
    );
    Answer::network(400, "InvalidResourceReference", message)
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
        touch(&mut body);
        assert_eq!(body["etag"], body["properties"]["children"][0]["etag"]);
        assert_ne!(body["etag"], "a");
    }
}
