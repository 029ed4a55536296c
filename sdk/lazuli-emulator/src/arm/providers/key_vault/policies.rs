//! `vaults/accessPolicies/{add|replace|remove}`: access policies changed without the rest of the vault.

use serde_json::{Value, json};

use super::{bad_request, body, vaults};
use crate::arm::{Answer, Call, json};

pub(super) fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let vault = vaults::parent(call)?;
    let given = json::properties(call.object()?)?;
    let tenant = vault.text("/properties/tenantId").unwrap_or_default();
    let entries: Result<Vec<Value>, Answer> = json::items(&given["accessPolicies"])
        .map(|entry| body::policy(entry, tenant))
        .collect();
    let entries = entries?;
    if vault.body["properties"]["enableRbacAuthorization"] == true && !entries.is_empty() {
        // The service takes them; they count once the vault goes back to access policies.
        tracing::debug!(
            vault = vault.id,
            "access policies of a vault that uses role assignments"
        );
    }
    let mut list = vault.body["properties"]["accessPolicies"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let operation = call.target.name().to_ascii_lowercase();
    for entry in entries {
        match operation.as_str() {
            "add" => add(&mut list, entry),
            "replace" => replace(&mut list, entry),
            "remove" => remove(&mut list, &entry),
            other => {
                return Err(bad_request(format!(
                    "The operation '{other}' on access policies is not valid: use add, replace or remove."
                )));
            }
        }
    }
    call.world.update(&vault.id, |stored| {
        json::set(
            &mut stored.body["properties"],
            "accessPolicies",
            list.clone(),
        );
    });
    Ok(Answer::ok(json!({
        "id": format!("{}/accessPolicies/", vault.id), "type": "Microsoft.KeyVault/vaults/accessPolicies",
        "location": vault.body["location"], "properties": { "accessPolicies": list },
    })))
}

/// Entries are of one identity when object and application agree.
fn same(left: &Value, right: &Value) -> bool {
    ["objectId", "applicationId"]
        .iter()
        .all(|name| json::same(json::text(&left[*name]), json::text(&right[*name])))
}

fn add(list: &mut Vec<Value>, entry: Value) {
    let Some(found) = list.iter_mut().find(|one| same(one, &entry)) else {
        list.push(entry);
        return;
    };
    for (what, words) in entry["permissions"].as_object().into_iter().flatten() {
        let mut all = found["permissions"][what]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for word in json::items(words) {
            let known = |one: &Value| json::same(json::text(one), json::text(word));
            if !all.iter().any(known) {
                all.push(word.clone());
            }
        }
        json::set(&mut found["permissions"], what, all);
    }
}

fn replace(list: &mut Vec<Value>, entry: Value) {
    match list.iter_mut().find(|one| same(one, &entry)) {
        Some(found) => *found = entry,
        None => list.push(entry),
    }
}

/// Takes the named permissions away; an entry without any is gone.
fn remove(list: &mut Vec<Value>, entry: &Value) {
    for found in list.iter_mut().filter(|one| same(one, entry)) {
        for (what, words) in entry["permissions"].as_object().into_iter().flatten() {
            let gone = |one: &Value| {
                json::items(words).any(|word| json::same(json::text(word), json::text(one)))
            };
            let kept: Vec<Value> = json::items(&found["permissions"][what])
                .filter(|one| !gone(one))
                .cloned()
                .collect();
            json::set(&mut found["permissions"], what, kept);
        }
    }
    list.retain(|one| {
        let all = one["permissions"].as_object();
        all.is_some_and(|all| {
            all.values()
                .any(|words| json::items(words).next().is_some())
        })
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(object: &str, secrets: &[&str]) -> Value {
        json!({ "tenantId": "t", "objectId": object, "permissions": { "secrets": secrets } })
    }

    #[test]
    fn add_joins_replace_replaces_remove_takes_away() {
        let check = |change: fn(&mut Vec<Value>, Value), given: Value, expect: Vec<Value>| {
            let mut list = vec![entry("a", &["get"])];
            change(&mut list, given);
            assert_eq!(list, expect);
        };
        check(
            add,
            entry("A", &["GET", "list"]),
            vec![entry("a", &["get", "list"])],
        );
        check(
            add,
            entry("b", &["set"]),
            vec![entry("a", &["get"]), entry("b", &["set"])],
        );
        check(replace, entry("a", &["set"]), vec![entry("a", &["set"])]);
        check(|list, one| remove(list, &one), entry("a", &["get"]), vec![]);
        check(
            |list, one| remove(list, &one),
            entry("a", &["set"]),
            vec![entry("a", &["get"])],
        );
    }
}
