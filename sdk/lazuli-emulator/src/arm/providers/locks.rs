//! `Microsoft.Authorization/locks`, on any scope, and the question every write asks of them.
//!
//! A lock counts on its scope and below; one that forbids deletion also keeps what is above it, because
//! a group cannot go while something in it must stay (documentation of management locks).

use http::StatusCode;
use serde_json::{Value, json};

use super::groups;
use crate::arm::kind::Kind;
use crate::arm::lifecycle;
use crate::arm::{Answer, Call, errors, json};
use crate::wire::ids::Target;
use crate::world::{Resource, World};

pub(crate) const KIND: &str = "Microsoft.Authorization/locks";
pub(crate) const KINDS: [Kind; 1] = [Kind {
    put: Some(put),
    list: Some(list),
    delete: Some(delete),
    ..Kind::new(KIND)
}];

/// What somebody is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Write,
    Delete,
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    check_scope(call)?;
    let given = json::properties(call.object()?)?;
    let level = json::one_of(&given["level"], "level", &["CanNotDelete", "ReadOnly"])?;
    let Some(level) = level else {
        return Err(Answer::error(
            400,
            "LockLevelRequired",
            format!(
                "The lock {} must have properties.level: CanNotDelete or ReadOnly.",
                call.id()
            ),
        ));
    };
    let mut properties = json!({ "level": level });
    for name in ["notes", "owners"] {
        if !given[name].is_null() {
            json::set(&mut properties, name, given[name].clone());
        }
    }
    let new = call.existing().is_none();
    let body = json!({ "properties": properties, "id": call.id(), "type": KIND, "name": call.target.name() });
    lifecycle::store(call, body.clone(), Value::Null);
    Ok(Answer::created(new, body))
}

/// The scope of an extension must be there.
pub(crate) fn check_scope(call: &Call<'_>) -> Result<(), Answer> {
    let scope = &call.target.scope;
    if !scope.contains("/providers/") || call.world.contains(scope) {
        return Ok(());
    }
    let segments: Vec<String> = scope
        .split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    Err(match Target::parse(&segments, call.world) {
        Some(target) => errors::resource_not_found(&target.kind, &target.names, target.group()),
        None => call.not_found(),
    })
}

/// Those on the scope and below it.
fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let scope = call.target.scope.to_ascii_lowercase();
    let all = call.world.of_kind(KIND).into_iter();
    let exact = call
        .incoming
        .query_value("$filter")
        .is_some_and(|filter| json::same(filter.trim(), "atScope()"));
    let fits = |lock: &Resource| {
        let own = scope_of(lock).to_ascii_lowercase();
        own == scope || (!exact && own.starts_with(&format!("{scope}/")))
    };
    Ok(Answer::list(
        all.filter(fits).map(|lock| lock.body).collect(),
    ))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::empty(match call.world.remove(&call.id()) {
        Some(_) => StatusCode::OK,
        None => StatusCode::NO_CONTENT,
    }))
}

/// What a lock locks.
fn scope_of(lock: &Resource) -> &str {
    let end = lock
        .id
        .to_ascii_lowercase()
        .rfind("/providers/microsoft.authorization/locks/");
    &lock.id[..end.unwrap_or(lock.id.len())]
}

/// Refuses what a lock forbids; locks themselves can always be changed.
///
/// # Errors
/// 409 `ScopeLocked` with the locked scopes.
pub(crate) fn guard(world: &World, id: &str, verb: Verb) -> Result<(), Answer> {
    let asked = id.to_ascii_lowercase();
    if asked.contains("/providers/microsoft.authorization/locks/") {
        return Ok(());
    }
    let forbids = |lock: &Resource| {
        let scope = scope_of(lock).to_ascii_lowercase();
        let covers = asked == scope || asked.starts_with(&format!("{scope}/"));
        match verb {
            Verb::Write => covers && lock.body["properties"]["level"] == "ReadOnly",
            Verb::Delete => covers || scope.starts_with(&format!("{asked}/")),
        }
    };
    let locks = world.of_kind(KIND);
    let mut scopes: Vec<&str> = locks
        .iter()
        .filter(|lock| forbids(lock))
        .map(scope_of)
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Ok(());
    }
    let what = match verb {
        Verb::Write => "write",
        Verb::Delete => "delete",
    };
    let message = format!(
        "The scope '{id}' cannot perform {what} operation because following scope(s) are locked: '{}'. Please remove the lock and try again.",
        scopes.join(","),
    );
    Err(Answer::error(409, "ScopeLocked", message))
}

/// The guard for a request on a resource. Questions asked with POST change nothing and pass.
///
/// # Errors
/// As [`guard`].
pub(crate) fn guard_call(call: &Call<'_>) -> Result<(), Answer> {
    const QUESTIONS: [&str; 4] = [
        "validate",
        "whatif",
        "exporttemplate",
        "checknameavailability",
    ];
    let is_question = || {
        let word = call.target.word.as_deref().unwrap_or_default();
        QUESTIONS.contains(&word.to_ascii_lowercase().as_str())
    };
    match call.method() {
        "DELETE" => guard(call.world, &call.id(), Verb::Delete),
        "PUT" | "PATCH" => guard(call.world, &call.id(), Verb::Write),
        "POST" if call.target.kind != groups::KIND && !is_question() => {
            guard(call.world, &call.id(), Verb::Write)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world;

    #[test]
    fn locks_count_below_their_scope_and_keep_what_is_above() {
        let world = world::tests::empty();
        let vault = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v";
        let lock = |scope: &str, level: &str| {
            let id = format!("{scope}/providers/Microsoft.Authorization/locks/l");
            world.put(Resource {
                id,
                kind: KIND.into(),
                body: json!({ "properties": { "level": level } }),
                private: Value::Null,
            });
        };
        let check = |id: &str, verb: Verb, free: bool| {
            assert_eq!(guard(&world, id, verb).is_ok(), free, "{id} {verb:?}");
        };
        lock(vault, "CanNotDelete");
        check(vault, Verb::Write, true);
        check(vault, Verb::Delete, false);
        check(
            &format!("{vault}/secrets/x").to_uppercase(),
            Verb::Delete,
            false,
        );
        check("/subscriptions/s/resourceGroups/g", Verb::Delete, false);
        check("/subscriptions/s/resourceGroups/g", Verb::Write, true);
        check("/subscriptions/s/resourceGroups/g2", Verb::Delete, true);
        check(&format!("{vault}2"), Verb::Delete, true);
        lock("/subscriptions/s/resourceGroups/g", "ReadOnly");
        check(vault, Verb::Write, false);
        check(
            &format!("{vault}/providers/Microsoft.Authorization/locks/l"),
            Verb::Delete,
            true,
        );
    }
}
