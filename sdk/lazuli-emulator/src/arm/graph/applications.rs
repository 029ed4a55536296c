//! Applications and their service principals: what signs in with a client secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use jiff::ToSpan;
use serde_json::{Value, json};

use super::{Query, filtered, list, missing, no_content, refuse, required, unsupported};
use crate::arm::Answer;
use crate::arm::directory::{self, APPLICATION, SERVICE_PRINCIPAL, record_id};
use crate::arm::lifecycle;
use crate::wire::json::{self, items, same, text};
use crate::world::{Resource, World};

/// Bytes of a generated secret.
const SECRET_BYTES: usize = 30;

/// Properties of an application that clients write.
const WRITABLE: [&str; 12] = [
    "displayName",
    "identifierUris",
    "signInAudience",
    "keyCredentials",
    "web",
    "spa",
    "publicClient",
    "requiredResourceAccess",
    "appRoles",
    "optionalClaims",
    "isFallbackPublicClient",
    "notes",
];

pub(super) fn application(query: &Query<'_>, rest: &[&str]) -> Result<Answer, Answer> {
    match (&query.incoming.method, rest) {
        (&Method::GET, []) => filtered(query, directory::stored(query.world, APPLICATION)),
        (&Method::POST, []) => create_application(query),
        (&Method::GET, [id]) => Ok(Answer::ok(stored(query, APPLICATION, id)?.body)),
        (&Method::PATCH, [id]) => update(query, &stored(query, APPLICATION, id)?),
        (&Method::DELETE, [id]) => Ok(delete_application(query, &stored(query, APPLICATION, id)?)),
        (&Method::POST, [id, "addpassword"]) => {
            add_password(query, &stored(query, APPLICATION, id)?)
        }
        (&Method::POST, [id, "removepassword"]) => {
            remove_password(query, &stored(query, APPLICATION, id)?)
        }
        (&Method::GET, [id, "owners" | "federatedidentitycredentials"]) => {
            stored(query, APPLICATION, id).map(|_| list(Vec::new()))
        }
        (&Method::POST, [id, "owners", "$ref"]) => {
            stored(query, APPLICATION, id).map(|_| no_content())
        }
        _ => Err(unsupported(query)),
    }
}

pub(super) fn principal(query: &Query<'_>, rest: &[&str]) -> Result<Answer, Answer> {
    match (&query.incoming.method, rest) {
        (&Method::GET, []) => filtered(query, directory::service_principals(query.world)),
        (&Method::POST, []) => create_principal(query),
        (&Method::GET, [id]) => shown_principal(query, id),
        (&Method::PATCH, [id]) => update(query, &stored(query, SERVICE_PRINCIPAL, id)?),
        (&Method::DELETE, [id]) => {
            let found = stored(query, SERVICE_PRINCIPAL, id)?;
            query.world.remove(&found.id);
            Ok(no_content())
        }
        (&Method::POST, [id, "addpassword"]) => {
            add_password(query, &stored(query, SERVICE_PRINCIPAL, id)?)
        }
        (&Method::POST, [id, "removepassword"]) => {
            remove_password(query, &stored(query, SERVICE_PRINCIPAL, id)?)
        }
        (
            &Method::GET,
            [
                id,
                "owners" | "approleassignments" | "oauth2permissiongrants",
            ],
        ) => shown_principal(query, id).map(|_| list(Vec::new())),
        _ => Err(unsupported(query)),
    }
}

/// An object by its id, or by `appId='…'` of an application.
fn stored(query: &Query<'_>, kind: &str, id: &str) -> Result<Resource, Answer> {
    let by_app = |record: &Resource| {
        app_in(id).is_some_and(|app| record.text("/appId").is_some_and(|own| same(own, app)))
    };
    query
        .world
        .get(&record_id(kind, id))
        .filter(|record| record.kind == kind)
        .or_else(|| query.world.of_kind(kind).into_iter().find(by_app))
        .ok_or_else(|| missing(id))
}

/// `x` of `…(appid='x')`.
fn app_in(id: &str) -> Option<&str> {
    let (_, rest) = id.split_once("(appid='")?;
    rest.strip_suffix("')")
}

fn shown_principal(query: &Query<'_>, id: &str) -> Result<Answer, Answer> {
    let all = directory::service_principals(query.world).into_iter();
    let fits = |one: &Value| {
        same(text(&one["id"]), id) || app_in(id).is_some_and(|app| same(text(&one["appId"]), app))
    };
    let mut found = all.filter(fits);
    found.next().map(Answer::ok).ok_or_else(|| missing(id))
}

fn create_application(query: &Query<'_>) -> Result<Answer, Answer> {
    let name = text(&query.body["displayName"]);
    if name.is_empty() {
        return Err(required("displayName", "Application"));
    }
    let id = query.uuid().to_string();
    let mut body = json!({
        "id": id, "deletedDateTime": null, "appId": query.uuid().to_string(), "applicationTemplateId": null,
        "disabledByMicrosoftStatus": null, "createdDateTime": query.world.now().to_string(), "displayName": name,
        "description": null, "groupMembershipClaims": null, "identifierUris": [], "isDeviceOnlyAuthSupported": null,
        "isFallbackPublicClient": null, "notes": null, "publisherDomain": super::domain(query.world),
        "serviceManagementReference": null, "signInAudience": "AzureADMyOrg", "tags": [], "tokenEncryptionKeyId": null,
        "defaultRedirectUri": null, "certification": null, "optionalClaims": null, "addIns": [],
        "api": { "acceptMappedClaims": null, "knownClientApplications": [], "requestedAccessTokenVersion": null, "oauth2PermissionScopes": [], "preAuthorizedApplications": [] },
        "appRoles": [], "info": { "logoUrl": null, "marketingUrl": null, "privacyStatementUrl": null, "supportUrl": null, "termsOfServiceUrl": null },
        "keyCredentials": [], "parentalControlSettings": { "countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow" },
        "passwordCredentials": [], "publicClient": { "redirectUris": [] }, "requiredResourceAccess": [],
        "verifiedPublisher": { "displayName": null, "verifiedPublisherId": null, "addedDateTime": null },
        "web": { "homePageUrl": null, "logoutUrl": null, "redirectUris": [], "implicitGrantSettings": { "enableAccessTokenIssuance": false, "enableIdTokenIssuance": false } },
        "spa": { "redirectUris": [] },
    });
    write(&mut body, &query.body);
    Ok(created(query.world, APPLICATION, &id, body))
}

fn write(body: &mut Value, given: &Value) {
    for property in WRITABLE {
        if !given[property].is_null() {
            json::overlay(&mut body[property], &given[property]);
        }
    }
}

fn created(world: &World, kind: &str, id: &str, body: Value) -> Answer {
    world.put(Resource {
        id: record_id(kind, id),
        kind: kind.into(),
        body: body.clone(),
        private: json!({ "secrets": {} }),
    });
    Answer::json(StatusCode::CREATED, body)
}

fn create_principal(query: &Query<'_>) -> Result<Answer, Answer> {
    let app = text(&query.body["appId"]);
    if app.is_empty() {
        return Err(required("appId", "ServicePrincipal"));
    }
    let applications = directory::stored(query.world, APPLICATION).into_iter();
    let mut found = applications.filter(|one| same(text(&one["appId"]), app));
    let Some(application) = found.next() else {
        let message = format!(
            "The appId '{app}' of the service principal does not reference a valid application object."
        );
        return Err(refuse(400, "Request_BadRequest", &message));
    };
    let taken = directory::service_principals(query.world);
    if taken.iter().any(|one| same(text(&one["appId"]), app)) {
        let message = format!(
            "The service principal cannot be created, updated, or restored because the service principal name {app} is already in use."
        );
        return Err(refuse(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            &message,
        ));
    }
    let id = query.uuid().to_string();
    let mut names = vec![application["appId"].clone()];
    names.extend(items(&application["identifierUris"]).cloned());
    let name = text(&application["displayName"]);
    let mut body = directory::principal(query.world, &id, app, name, "Application", names.into());
    json::set(&mut body, "createdDateTime", query.world.now().to_string());
    Ok(created(query.world, SERVICE_PRINCIPAL, &id, body))
}

fn update(query: &Query<'_>, found: &Resource) -> Result<Answer, Answer> {
    query
        .world
        .update(&found.id, |record| write(&mut record.body, &query.body));
    Ok(no_content())
}

/// An application goes with its service principal.
fn delete_application(query: &Query<'_>, found: &Resource) -> Answer {
    let app = text(&found.body["appId"]);
    for principal in query.world.of_kind(SERVICE_PRINCIPAL) {
        if principal.text("/appId").is_some_and(|own| same(own, app)) {
            query.world.remove(&principal.id);
        }
    }
    lifecycle::remove(query.world, &found.id);
    no_content()
}

/// Makes a secret. It is answered here and never again.
fn add_password(query: &Query<'_>, found: &Resource) -> Result<Answer, Answer> {
    let given = &query.body["passwordCredential"];
    let secret = URL_SAFE_NO_PAD.encode(query.world.random::<SECRET_BYTES>(&found.id));
    let now = query.world.now();
    let start = text(&given["startDateTime"]);
    let end = text(&given["endDateTime"]);
    let two_years = now.checked_add((2 * 365 * 24).hours()).unwrap_or(now);
    let credential = json!({
        "customKeyIdentifier": null, "displayName": given["displayName"],
        "endDateTime": if end.is_empty() { two_years.to_string() } else { end.to_owned() },
        "hint": secret.get(..3), "keyId": query.uuid().to_string(), "secretText": null,
        "startDateTime": if start.is_empty() { now.to_string() } else { start.to_owned() },
    });
    let key = text(&credential["keyId"]).to_owned();
    query.world.update(&found.id, |record| {
        if let Some(list) = record.body["passwordCredentials"].as_array_mut() {
            list.push(credential.clone());
        }
        json::set(&mut record.private["secrets"], &key, secret.clone());
    });
    let mut shown = credential;
    json::set(&mut shown, "secretText", secret);
    Ok(Answer::ok(shown))
}

fn remove_password(query: &Query<'_>, found: &Resource) -> Result<Answer, Answer> {
    let key = text(&query.body["keyId"]).to_owned();
    let known = items(&found.body["passwordCredentials"]).any(|one| text(&one["keyId"]) == key);
    if !known {
        let message = format!("No password credential found with keyId '{key}'.");
        return Err(refuse(400, "Request_BadRequest", &message));
    }
    query.world.update(&found.id, |record| {
        if let Some(list) = record.body["passwordCredentials"].as_array_mut() {
            list.retain(|one| text(&one["keyId"]) != key);
        }
        json::unset(&mut record.private["secrets"], &key);
    });
    Ok(no_content())
}
