//! Users, groups, and objects of any type by their ids.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Query, filtered, list, missing, no_content, referenced, refuse, required, unsupported,
};
use crate::arm::Answer;
use crate::arm::directory::{self, GROUP, USER, record_id};
use crate::wire::json::{self, items, same, text};
use crate::world::Resource;

pub(super) fn users(query: &Query<'_>, rest: &[&str]) -> Result<Answer, Answer> {
    match (&query.incoming.method, rest) {
        (&Method::GET, []) => filtered(query, directory::stored(query.world, USER)),
        (&Method::POST, []) => create_user(query),
        (&Method::GET, [id]) => Ok(Answer::ok(user(query, id)?.body)),
        (&Method::DELETE, [id]) => Ok(delete(query, &user(query, id)?)),
        (&Method::POST, [id, "getmembergroups"]) => member_groups(query, user(query, id)?.name()),
        _ => Err(unsupported(query)),
    }
}

/// A user by object id or by its principal name.
fn user(query: &Query<'_>, id: &str) -> Result<Resource, Answer> {
    let named = |one: &Resource| {
        one.text("/userPrincipalName")
            .is_some_and(|name| same(name, id))
    };
    let all = query.world.of_kind(USER).into_iter();
    let mut found = all.filter(|one| same(one.name(), id) || named(one));
    found.next().ok_or_else(|| missing(id))
}

fn create_user(query: &Query<'_>) -> Result<Answer, Answer> {
    let given = &query.body;
    for property in ["displayName", "userPrincipalName", "mailNickname"] {
        if text(&given[property]).is_empty() {
            return Err(required(property, "User"));
        }
    }
    if user(query, &text(&given["userPrincipalName"]).to_lowercase()).is_ok() {
        let message =
            "Another object with the same value for property userPrincipalName already exists.";
        return Err(refuse(400, "Request_BadRequest", message));
    }
    let id = query.uuid().to_string();
    // The password is not kept: users cannot sign in here.
    let body = json!({
        "id": id, "businessPhones": [], "displayName": given["displayName"], "givenName": given["givenName"],
        "jobTitle": null, "mail": given["mail"], "mobilePhone": null, "officeLocation": null, "preferredLanguage": null,
        "surname": given["surname"], "userPrincipalName": given["userPrincipalName"], "mailNickname": given["mailNickname"],
        "accountEnabled": given["accountEnabled"].as_bool().unwrap_or(true),
    });
    Ok(created(query, USER, &id, body))
}

fn created(query: &Query<'_>, kind: &str, id: &str, body: Value) -> Answer {
    query.world.put(Resource {
        id: record_id(kind, id),
        kind: kind.into(),
        body: body.clone(),
        private: json!({ "members": [] }),
    });
    Answer::json(StatusCode::CREATED, body)
}

fn delete(query: &Query<'_>, found: &Resource) -> Answer {
    query.world.remove(&found.id);
    for group in query.world.of_kind(GROUP) {
        remove_member(query, &group, found.name());
    }
    no_content()
}

pub(super) fn groups(query: &Query<'_>, rest: &[&str]) -> Result<Answer, Answer> {
    match (&query.incoming.method, rest) {
        (&Method::GET, []) => filtered(query, directory::stored(query.world, GROUP)),
        (&Method::POST, []) => create_group(query),
        (&Method::GET, [id]) => Ok(Answer::ok(group(query, id)?.body)),
        (&Method::DELETE, [id]) => Ok(delete(query, &group(query, id)?)),
        (&Method::GET, [id, "members"]) => {
            let group = group(query, id)?;
            let members = directory::members(&group).filter_map(|member| shown(query, member));
            Ok(list(members.collect()))
        }
        (&Method::GET, [id, "owners"]) => group(query, id).map(|_| list(Vec::new())),
        (&Method::POST, [id, "owners", "$ref"]) => group(query, id).map(|_| no_content()),
        (&Method::POST, [id, "members", "$ref"]) => add_member(query, &group(query, id)?),
        (&Method::DELETE, [id, "members", member, "$ref"]) => {
            remove_member(query, &group(query, id)?, member);
            Ok(no_content())
        }
        (&Method::POST, [id, "getmembergroups"]) => member_groups(query, group(query, id)?.name()),
        _ => Err(unsupported(query)),
    }
}

fn group(query: &Query<'_>, id: &str) -> Result<Resource, Answer> {
    let found = query.world.get(&record_id(GROUP, id));
    found
        .filter(|one| one.kind == GROUP)
        .ok_or_else(|| missing(id))
}

fn create_group(query: &Query<'_>) -> Result<Answer, Answer> {
    let given = &query.body;
    for property in ["displayName", "mailNickname"] {
        if text(&given[property]).is_empty() {
            return Err(required(property, "Group"));
        }
    }
    let id = query.uuid().to_string();
    let body = json!({
        "id": id, "deletedDateTime": null, "createdDateTime": query.world.now().to_string(), "description": given["description"],
        "displayName": given["displayName"], "groupTypes": [], "mail": null, "mailEnabled": false,
        "mailNickname": given["mailNickname"], "securityEnabled": true, "visibility": null,
    });
    Ok(created(query, GROUP, &id, body))
}

fn add_member(query: &Query<'_>, group: &Resource) -> Result<Answer, Answer> {
    let member = referenced(query)?;
    if directory::members(group).any(|known| same(known, &member)) {
        let message = "One or more added object references already exist for the following modified properties: 'members'.";
        return Err(refuse(400, "Request_BadRequest", message));
    }
    query.world.update(&group.id, |group| {
        if let Some(list) = group.private["members"].as_array_mut() {
            list.push(member.into());
        }
    });
    Ok(no_content())
}

fn remove_member(query: &Query<'_>, group: &Resource, member: &str) {
    query.world.update(&group.id, |group| {
        if let Some(list) = group.private["members"].as_array_mut() {
            list.retain(|known| !same(text(known), member));
        }
    });
}

/// Any object with the name of its type, as lists of mixed objects show it.
fn shown(query: &Query<'_>, id: &str) -> Option<Value> {
    let (word, mut object) = directory::object(query.world, id)?;
    json::set(
        &mut object,
        "@odata.type",
        format!("#microsoft.graph.{word}"),
    );
    Some(object)
}

pub(super) fn objects(query: &Query<'_>, rest: &[&str]) -> Result<Answer, Answer> {
    match (&query.incoming.method, rest) {
        (&Method::POST, ["getbyids"]) => {
            let ids = items(&query.body["ids"]).filter_map(Value::as_str);
            Ok(list(ids.filter_map(|id| shown(query, id)).collect()))
        }
        (&Method::GET, [id]) => shown(query, id).map(Answer::ok).ok_or_else(|| missing(id)),
        (&Method::POST, [id, "getmembergroups" | "checkmembergroups"]) => member_groups(query, id),
        _ => Err(unsupported(query)),
    }
}

fn member_groups(query: &Query<'_>, id: &str) -> Result<Answer, Answer> {
    let all = directory::memberships(query.world, id).into_iter().skip(1);
    Ok(list(all.map(Value::from).collect()))
}
