//! The corner of Microsoft Graph that clients ask about principals: who is behind an id or a name.
//!
//! The Azure CLI looks up its own object id before it writes an access policy, and the names of
//! principals when it lists role assignments. Nothing can be written, and users and groups are unknown.

use serde_json::{Value, json};

use super::providers::identities;
use super::{Answer, Incoming, json};
use crate::world::World;

/// A service principal of the directory.
struct Principal {
    object: String,
    application: String,
    name: String,
    managed: bool,
}

/// Answers paths below `/v1.0`, `None` for every other path. The caller has signed in.
pub(crate) fn answer(world: &World, incoming: &Incoming, segments: &[String]) -> Option<Answer> {
    let lower: Vec<String> = segments
        .iter()
        .map(|part| part.to_ascii_lowercase())
        .collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    let [version, rest @ ..] = words.as_slice() else {
        return None;
    };
    if *version != "v1.0" {
        return None;
    }
    Some(match (incoming.method.as_str(), rest) {
        ("GET", ["serviceprincipals"]) => list(world, incoming),
        ("GET", ["serviceprincipals", id]) => one(world, id),
        ("POST", ["directoryobjects", "getbyids"]) => by_ids(world, incoming),
        _ => not_modelled(incoming),
    })
}

fn not_modelled(incoming: &Incoming) -> Answer {
    let message = format!(
        "{} {} of Microsoft Graph is not modelled by this emulator: it knows service principals by id and by name. Give object ids instead of names, for example with --assignee-object-id.",
        incoming.method, incoming.path
    );
    Answer::error(501, "NotModelledByEmulator", message)
}

/// The seeded principal and the managed identities.
fn principals(world: &World) -> Vec<Principal> {
    let settings = world.settings();
    let mut all = vec![Principal {
        object: settings.principal.clone(),
        application: settings.client.clone(),
        name: "Lazuli Emulator".into(),
        managed: false,
    }];
    for identity in world.of_kind(identities::KIND) {
        let text = |pointer: &str| identity.text(pointer).unwrap_or_default().to_owned();
        all.push(Principal {
            object: text("/properties/principalId"),
            application: text("/properties/clientId"),
            name: identity.name().to_owned(),
            managed: true,
        });
    }
    for resource in world.under("/subscriptions") {
        if let Some(object) = resource.text("/identity/principalId") {
            // The service gives system-assigned identities an application id that is shown nowhere else.
            let application = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, object.as_bytes());
            all.push(Principal {
                object: object.to_owned(),
                application: application.to_string(),
                name: resource.name().to_owned(),
                managed: true,
            });
        }
    }
    all
}

fn shown(principal: &Principal) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.servicePrincipal", "id": principal.object, "appId": principal.application,
        "displayName": principal.name, "servicePrincipalNames": [principal.application], "accountEnabled": true,
        "servicePrincipalType": if principal.managed { "ManagedIdentity" } else { "Application" },
    })
}

/// `servicePrincipalNames/any(c:c eq 'x')`, `appId eq 'x'`, `displayName eq 'x'`, `id eq 'x'`.
fn list(world: &World, incoming: &Incoming) -> Answer {
    let filter = incoming.query_value("$filter").unwrap_or_default();
    let wanted = filter.split('\'').nth(1).unwrap_or_default();
    let all = principals(world).into_iter();
    let field = filter.trim_start().to_ascii_lowercase();
    let fits = |one: &Principal| match field.as_str() {
        "" => true,
        text if text.starts_with("displayname") => one.name == wanted,
        text if text.starts_with("serviceprincipalnames") || text.starts_with("appid") => {
            json::same(&one.application, wanted)
        }
        text if text.starts_with("id ") => json::same(&one.object, wanted),
        _ => false,
    };
    Answer::list(all.filter(fits).map(|one| shown(&one)).collect())
}

fn one(world: &World, id: &str) -> Answer {
    let found = principals(world)
        .into_iter()
        .find(|one| json::same(&one.object, id));
    found.map_or_else(
        || {
            let message = format!(
                "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
            );
            Answer::error(404, "Request_ResourceNotFound", message)
        },
        |one| Answer::ok(shown(&one)),
    )
}

fn by_ids(world: &World, incoming: &Incoming) -> Answer {
    let body: Value = serde_json::from_slice(&incoming.body).unwrap_or_default();
    let asked = |one: &Principal| {
        json::items(&body["ids"]).any(|id| json::same(json::text(id), &one.object))
    };
    let all = principals(world).into_iter();
    Answer::list(all.filter(asked).map(|one| shown(&one)).collect())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;
    use crate::arm::Body;
    use crate::world;

    fn ask(
        world: &World,
        method: Method,
        path: &str,
        query: &str,
        body: Value,
    ) -> Option<(u16, Value)> {
        let incoming = Incoming {
            method,
            path: path.into(),
            query: query.into(),
            headers: HeaderMap::new(),
            body: body.to_string().into_bytes(),
            base: String::new(),
        };
        let segments: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
        let answer = answer(world, &incoming, &segments)?;
        let Body::Json(body) = answer.body else {
            return Some((answer.status.as_u16(), Value::Null));
        };
        Some((answer.status.as_u16(), body))
    }

    #[test]
    fn principals_are_found_by_name_and_id() {
        let world = world::tests::empty();
        let (client, object) = (
            world.settings().client.clone(),
            world.settings().principal.clone(),
        );
        let filter = format!("$filter=servicePrincipalNames/any(c:c eq '{client}')");
        let found = ask(
            &world,
            Method::GET,
            "/v1.0/servicePrincipals",
            &filter,
            Value::Null,
        );
        assert_eq!(
            found.map(|(_, body)| body["value"][0]["id"].clone()),
            Some(json!(object))
        );
        let none = ask(
            &world,
            Method::GET,
            "/v1.0/servicePrincipals",
            "$filter=appId eq 'x'",
            Value::Null,
        );
        assert_eq!(none, Some((200, json!({ "value": [] }))));
        let body = json!({ "ids": [object, "other"] });
        let some = ask(
            &world,
            Method::POST,
            "/v1.0/directoryObjects/getByIds",
            "",
            body,
        );
        assert_eq!(
            some.map(|(_, body)| body["value"].as_array().map(Vec::len)),
            Some(Some(1))
        );
        assert_eq!(
            ask(&world, Method::GET, "/v1.0/users", "", Value::Null).map(|(status, _)| status),
            Some(501)
        );
        assert_eq!(
            ask(&world, Method::GET, "/subscriptions", "", Value::Null),
            None
        );
    }
}
