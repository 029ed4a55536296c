//! `sites/sitecontainers`: the containers of an app whose stack is `SITECONTAINERS`, one of them main.
//!
//! The emulator starts the main one; the others are recorded. What says how to sign in at the registry
//! stands with the container here, not in the app's settings.

use http::StatusCode;
use serde_json::{Value, json};

use super::naming::AppName;
use super::{plans, sites};
use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, json};
use crate::world::{Resource, World};

pub(super) const KINDS: [Kind; 2] = [
    kind("Microsoft.Web/sites/sitecontainers"),
    kind("Microsoft.Web/sites/slots/sitecontainers"),
];

const fn kind(name: &'static str) -> Kind {
    Kind {
        put: Some(put),
        list: Some(list),
        delete: Some(delete),
        ..Kind::new(name)
    }
}

const AUTH_TYPES: [&str; 4] = [
    "Anonymous",
    "UserCredentials",
    "SystemIdentity",
    "UserAssigned",
];
const SETTABLE: [&str; 10] = [
    "image",
    "targetPort",
    "isMain",
    "startUpCommand",
    "authType",
    "userName",
    "userManagedIdentityClientId",
    "volumeMounts",
    "environmentVariables",
    "inheritAppSettingsAndConnectionStrings",
];

/// The containers of an app.
fn of(world: &World, app: &Resource) -> Vec<Resource> {
    let kind = format!("{}/sitecontainers", app.kind);
    let below = world.under(&app.id).into_iter();
    below.filter(|one| one.kind == kind).collect()
}

fn put(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    let given = json::properties(call.object()?)?;
    let existing = call.existing();
    check(call, &app, &given)?;
    let before = |name: &str| existing.as_ref().and_then(|old| old.at(name)).cloned();
    let mut properties = json!({});
    for name in SETTABLE {
        json::set(&mut properties, name, given[name].clone());
    }
    let auth = json::one_of(&given["authType"], "authType", &AUTH_TYPES)?;
    json::set(&mut properties, "authType", auth.unwrap_or("Anonymous"));
    let now = plans::timestamp(call);
    let created = before("/properties/createdTime").unwrap_or_else(|| now.clone().into());
    json::set(&mut properties, "createdTime", created);
    json::set(&mut properties, "lastModifiedTime", now);
    let name = AppName::of(&app).resource();
    let body = json!({
        "id": call.id(), "name": format!("{name}/{}", call.target.name()), "type": call.target.kind,
        "location": app.body["location"], "properties": properties,
    });
    let container = Resource {
        id: call.id(),
        kind: call.target.kind.clone(),
        body: body.clone(),
        private: json!({ "passwordSecret": given["passwordSecret"] }),
    };
    call.world.put(container);
    Ok(Answer::created(existing.is_none(), body))
}

fn check(call: &Call<'_>, app: &Resource, given: &Value) -> Result<(), Answer> {
    let bad = |message: String| Err(Answer::web(400, "BadRequest", message));
    let name = call.target.name();
    if json::text(&given["image"]).is_empty() || !given["isMain"].is_boolean() {
        return bad(format!(
            "The container '{name}' must have properties.image and properties.isMain."
        ));
    }
    let mut others = of(call.world, app).into_iter();
    let main = others
        .find(|one| one.at("/properties/isMain") == Some(&Value::Bool(true)))
        .filter(|one| given["isMain"] == true && !json::same(&one.id, &call.id()));
    match main {
        Some(main) => bad(format!(
            "The app '{}' has a main container already, '{}'; make that one no main container first.",
            AppName::of(app).shown(),
            main.name()
        )),
        None => Ok(()),
    }
}

fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let app = sites::site_of(call)?;
    let rows = of(call.world, &app).into_iter().map(|one| one.body);
    Ok(super::listing(rows.collect()))
}

fn delete(call: &Call<'_>) -> Result<Answer, Answer> {
    match call.world.remove(&call.id()) {
        Some(_) => Ok(Answer::empty(StatusCode::OK)),
        None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}

/// Gives each of two apps the containers of the other.
pub(super) fn exchange(world: &World, left: &Resource, right: &Resource) {
    let (of_left, of_right) = (of(world, left), of(world, right));
    for one in of_left.iter().chain(&of_right) {
        world.remove(&one.id);
    }
    for (containers, owner) in [(of_left, right), (of_right, left)] {
        for mut one in containers {
            let name = one.name().to_owned();
            one.id = format!("{}/sitecontainers/{name}", owner.id);
            one.kind = format!("{}/sitecontainers", owner.kind);
            let full = format!("{}/{name}", AppName::of(owner).resource());
            json::set(&mut one.body, "id", one.id.clone());
            json::set(&mut one.body, "type", one.kind.clone());
            json::set(&mut one.body, "name", full);
            world.put(one);
        }
    }
}
