//! How a deployment looks: when it is accepted, when it is validated, when it ended, and its template.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{KIND, Prepared};
use crate::arm::template::{Plan, Planned, hash, parameters};
use crate::arm::{Call, json};
use crate::wire::ids::location_key;
use crate::world::{Resource, World};

/// The moment in ARM's seven digits.
pub(super) fn now(world: &World) -> String {
    world.now().strftime("%Y-%m-%dT%H:%M:%S.%7fZ").to_string()
}

/// An ISO 8601 duration since a moment in ARM's form.
pub(super) fn since(world: &World, start: &str) -> String {
    let now = world.now();
    let started = start.parse::<Timestamp>().unwrap_or(now);
    let seconds = (now.as_microsecond() - started.as_microsecond()).max(0) as f64 / 1e6;
    format!("PT{seconds}S")
}

pub(super) fn accepted(call: &Call<'_>, prepared: &Prepared) -> Value {
    let correlation = call
        .incoming
        .header("x-ms-correlation-request-id")
        .map_or_else(|| correlation(&call.id(), prepared), str::to_owned);
    let mut body = json!({ "id": call.id(), "name": call.target.name(), "type": KIND });
    for name in ["location", "tags"] {
        if !call.body[name].is_null() {
            json::set(&mut body, name, call.body[name].clone());
        }
    }
    let mut properties = facts(prepared);
    json::set(&mut properties, "provisioningState", "Accepted");
    json::set(&mut properties, "timestamp", now(call.world));
    json::set(&mut properties, "duration", "PT0.0003034S");
    json::set(&mut properties, "correlationId", correlation);
    close(&mut properties, &prepared.plan);
    json::set(&mut body, "properties", properties);
    body
}

/// The same template under the same name has the same correlation, unless the caller brings one.
pub(super) fn correlation(id: &str, prepared: &Prepared) -> String {
    let text = format!(
        "{}#{}",
        id.to_ascii_lowercase(),
        hash::template_hash(&prepared.template)
    );
    Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes()).to_string()
}

pub(super) fn validated(call: &Call<'_>, prepared: &Prepared) -> Value {
    let mut body = accepted(call, prepared);
    let properties = &mut body["properties"];
    json::set(properties, "provisioningState", "Succeeded");
    json::set(properties, "timestamp", "0001-01-01T00:00:00Z");
    json::set(properties, "duration", "PT0S");
    let made = prepared.plan.resources.iter().filter(|one| !one.existing);
    let all: Vec<Value> = made.map(|one| json!({ "id": one.id })).collect();
    json::set(properties, "validatedResources", all);
    body
}

fn facts(prepared: &Prepared) -> Value {
    json!({
        "templateHash": hash::template_hash(&prepared.template),
        "parameters": parameters::shown(&prepared.template, &prepared.inputs.parameters), "mode": prepared.mode,
    })
}

/// The facts of a deployment that another one makes.
pub(super) fn nested(world: &World, record: &mut Value, prepared: &Prepared, correlation: &Value) {
    let mut properties = facts(prepared);
    json::set(&mut properties, "provisioningState", "Accepted");
    json::set(&mut properties, "timestamp", now(world));
    json::set(&mut properties, "duration", "PT0.0003034S");
    json::set(&mut properties, "correlationId", correlation.clone());
    close(&mut properties, &prepared.plan);
    json::set(record, "properties", properties);
}

fn close(properties: &mut Value, plan: &Plan) {
    json::set(properties, "providers", providers(plan));
    json::set(properties, "dependencies", dependencies(plan));
}

/// Entries with names, in the order of their first appearance.
type Named<T> = Vec<(String, T)>;

/// Namespaces and types in the order of the template, each type with its locations.
fn providers(plan: &Plan) -> Value {
    let mut all: Named<Named<Vec<Value>>> = Vec::new();
    for one in plan.resources.iter().filter(|one| !one.existing) {
        let Some((namespace, kind)) = one.kind.split_once('/') else {
            continue;
        };
        let location = one
            .location
            .as_deref()
            .map_or(Value::Null, |place| location_key(place).into());
        let types = entry(&mut all, namespace);
        let locations = entry(types, kind);
        if !locations.contains(&location) {
            locations.push(location);
        }
    }
    let shown = all.into_iter().map(|(namespace, types)| {
        let types: Vec<Value> = types
            .into_iter()
            .map(|(kind, locations)| json!({ "resourceType": kind, "locations": locations }))
            .collect();
        json!({ "namespace": namespace, "resourceTypes": types })
    });
    shown.collect()
}

fn entry<'a, T: Default>(all: &'a mut Vec<(String, T)>, name: &str) -> &'a mut T {
    let at = all
        .iter()
        .position(|(known, _)| json::same(known, name))
        .unwrap_or_else(|| {
            all.push((name.to_owned(), T::default()));
            all.len() - 1
        });
    &mut all[at].1
}

fn dependencies(plan: &Plan) -> Value {
    let named =
        |one: &Planned| json!({ "id": one.id, "resourceType": one.kind, "resourceName": one.name });
    let waiting = plan
        .resources
        .iter()
        .filter(|one| !one.existing && !one.depends.is_empty());
    let shown = waiting.map(|one| {
        let before: Vec<Value> = one
            .depends
            .iter()
            .map(|at| named(&plan.resources[*at]))
            .collect();
        let mut shown = json!({ "dependsOn": before });
        json::overlay(&mut shown, &named(one));
        shown
    });
    shown.collect()
}

/// Writes the end of a deployment into its record.
pub(super) fn ended(world: &World, record: &mut Resource, state: &str) {
    let properties = super::properties(record);
    let started = json::text(&properties["timestamp"]).to_owned();
    json::set(properties, "provisioningState", state);
    json::set(properties, "timestamp", now(world));
    json::set(properties, "duration", since(world, &started));
}

/// `NewNSG` is shown as `newNSG`, `URL` as `url`.
pub(super) fn camel_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let lower = |at: usize| {
        at == 0
            || characters
                .get(at + 1)
                .is_none_or(|next| next.is_uppercase())
    };
    let mut end = 0;
    while end < characters.len() && characters[end].is_uppercase() && lower(end) {
        end += 1;
    }
    let head = characters[..end].iter().flat_map(|c| c.to_lowercase());
    head.chain(characters[end..].iter().copied()).collect()
}

/// The template as `exportTemplate` answers it: types in canonical casing.
pub(super) fn exported(template: &Value) -> Value {
    let mut shown = template.clone();
    for part in ["parameters", "outputs"] {
        let all = shown[part]
            .as_object_mut()
            .map(|all| all as &mut Map<String, Value>);
        for (_, one) in all.into_iter().flatten() {
            if let Some(kind) = parameters::type_name(&one["type"]) {
                json::set(one, "type", kind);
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_names_begin_small() {
        let check = |name: &str, expect: &str| assert_eq!(camel_case(name), expect);
        check("NewNSG", "newNSG");
        check("Empty", "empty");
        check("URL", "url");
        check("storageAccountId", "storageAccountId");
        check("VNetId", "vNetId");
        check("", "");
    }
}
