//! The directory of the tenant: who exists, what their secrets are, who belongs to which group.
//!
//! Objects are records of the world, written through [`super::graph`]; the seeded service principal and
//! the principals of managed identities are worked out from the settings and the resources. Sign-in,
//! role assignments and the registry's Basic authentication ask here.

use jiff::Timestamp;
use ring::hmac;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::wire::json::{items, same, text};
use crate::world::{Resource, World};

/// The type of identities that are resources of their own.
pub(crate) const USER_ASSIGNED_IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
pub(crate) const APPLICATION: &str = "Entra/applications";
pub(crate) const SERVICE_PRINCIPAL: &str = "Entra/servicePrincipals";
pub(crate) const USER: &str = "Entra/users";
pub(crate) const GROUP: &str = "Entra/groups";

/// The record of an object.
pub(crate) fn record_id(kind: &str, object: &str) -> String {
    format!("/{}/{object}", kind.to_ascii_lowercase())
}

/// The stored objects of a kind, as Graph shows them.
pub(crate) fn stored(world: &World, kind: &str) -> Vec<Value> {
    let all = world.of_kind(kind).into_iter();
    all.map(|record| record.body).collect()
}

/// Every service principal: the seeded one, those of applications, those of managed identities.
pub(crate) fn service_principals(world: &World) -> Vec<Value> {
    let mut all = vec![seeded(world)];
    all.extend(stored(world, SERVICE_PRINCIPAL));
    all.extend(managed_identities(world));
    all
}

fn seeded(world: &World) -> Value {
    let settings = world.settings();
    let names = json!([settings.client]);
    principal(
        world,
        &settings.principal,
        &settings.client,
        "Lazuli",
        "Application",
        names,
    )
}

/// A service principal as Graph shows it.
pub(crate) fn principal(
    world: &World,
    id: &str,
    app: &str,
    name: &str,
    kind: &str,
    names: Value,
) -> Value {
    json!({
        "id": id, "deletedDateTime": null, "accountEnabled": true, "alternativeNames": [],
        "appDisplayName": name, "appDescription": null, "appId": app, "applicationTemplateId": null,
        "appOwnerOrganizationId": world.settings().tenant, "appRoleAssignmentRequired": false,
        "createdDateTime": Timestamp::UNIX_EPOCH.to_string(), "description": null, "disabledByMicrosoftStatus": null,
        "displayName": name, "homepage": null, "loginUrl": null, "logoutUrl": null, "notes": null,
        "notificationEmailAddresses": [], "preferredSingleSignOnMode": null, "replyUrls": [],
        "servicePrincipalNames": names, "servicePrincipalType": kind, "signInAudience": "AzureADMyOrg",
        "tags": [], "tokenEncryptionKeyId": null, "samlSingleSignOnSettings": null, "addIns": [], "appRoles": [],
        "info": { "logoUrl": null, "marketingUrl": null, "privacyStatementUrl": null, "supportUrl": null, "termsOfServiceUrl": null },
        "keyCredentials": [], "oauth2PermissionScopes": [], "passwordCredentials": [], "resourceSpecificApplicationPermissions": [],
        "verifiedPublisher": { "displayName": null, "verifiedPublisherId": null, "addedDateTime": null },
    })
}

/// Principals that stand for resources: user-assigned identities and those a resource has itself.
fn managed_identities(world: &World) -> Vec<Value> {
    let mut all = Vec::new();
    for resource in world.under("/subscriptions") {
        let (id, app) = if resource.kind == USER_ASSIGNED_IDENTITY {
            (
                resource.text("/properties/principalId"),
                resource.text("/properties/clientId"),
            )
        } else {
            (resource.text("/identity/principalId"), None)
        };
        let Some(id) = id else { continue };
        let app = app.map_or_else(|| client_of(id), str::to_owned);
        let names = json!([app]);
        let mut shown = principal(world, id, &app, resource.name(), "ManagedIdentity", names);
        let explicit = resource.kind == USER_ASSIGNED_IDENTITY;
        super::json::set(
            &mut shown,
            "alternativeNames",
            json!([
                format!("isExplicit={}", if explicit { "True" } else { "False" }),
                resource.id
            ]),
        );
        all.push(shown);
    }
    all
}

/// The client id of a system-assigned identity, which only the directory knows.
pub(crate) fn client_of(principal: &str) -> String {
    Uuid::new_v5(
        &Uuid::NAMESPACE_OID,
        format!("{principal}/client").to_lowercase().as_bytes(),
    )
    .to_string()
}

/// Any object by its id, with the type that `@odata.type` names.
pub(crate) fn object(world: &World, id: &str) -> Option<(&'static str, Value)> {
    let has = |object: &Value| same(text(&object["id"]), id);
    for (kind, word) in [
        (USER, "user"),
        (GROUP, "group"),
        (APPLICATION, "application"),
    ] {
        if let Some(found) = world.get(&record_id(kind, id)) {
            return Some((word, found.body));
        }
    }
    let found = service_principals(world).into_iter().find(has)?;
    Some(("servicePrincipal", found))
}

/// What role assignments call the type of a principal; `None` for one that the directory does not
/// know.
pub(crate) fn principal_type(world: &World, id: &str) -> Option<&'static str> {
    let (word, _) = object(world, id)?;
    match word {
        "user" => Some("User"),
        "group" => Some("Group"),
        "servicePrincipal" => Some("ServicePrincipal"),
        _ => None,
    }
}

/// The principal and the groups it belongs to, directly or through other groups.
pub(crate) fn memberships(world: &World, principal: &str) -> Vec<String> {
    let groups = world.of_kind(GROUP);
    let mut all = vec![principal.to_owned()];
    let mut at = 0;
    while let Some(member) = all.get(at).cloned() {
        for group in &groups {
            let inside = members(group).any(|id| same(id, &member));
            if inside && !all.iter().any(|known| same(known, group.name())) {
                all.push(group.name().to_owned());
            }
        }
        at += 1;
    }
    all
}

/// Object ids of a group's direct members.
pub(crate) fn members(group: &Resource) -> impl Iterator<Item = &str> {
    items(&group.private["members"]).map(text)
}

/// Who signs in with a client id and a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignIn {
    /// The principal's object id, and the client id as registered.
    Principal { object: String, client: String },
    /// No application has this client id.
    UnknownClient,
    /// The application has no service principal in the tenant.
    NoPrincipal,
    /// The application has no such secret.
    WrongSecret,
    /// The secret was right once.
    ExpiredSecret,
}

/// Checks a client secret.
pub(crate) fn sign_in(world: &World, client: &str, secret: &str) -> SignIn {
    let settings = world.settings();
    if same(client, &settings.client) {
        return if same_secret(secret, &settings.secret) {
            SignIn::Principal {
                object: settings.principal.clone(),
                client: settings.client.clone(),
            }
        } else {
            SignIn::WrongSecret
        };
    }
    let is_client = |record: &Resource| record.text("/appId").is_some_and(|id| same(id, client));
    let Some(application) = world.of_kind(APPLICATION).into_iter().find(is_client) else {
        return SignIn::UnknownClient;
    };
    let Some(principal) = world.of_kind(SERVICE_PRINCIPAL).into_iter().find(is_client) else {
        return SignIn::NoPrincipal;
    };
    let checked = [&application, &principal].map(|holder| check_secret(world, holder, secret));
    match checked {
        _ if checked.contains(&Some(true)) => SignIn::Principal {
            object: principal.name().to_owned(),
            client: text(&application.body["appId"]).to_owned(),
        },
        _ if checked.contains(&Some(false)) => SignIn::ExpiredSecret,
        _ => SignIn::WrongSecret,
    }
}

/// Whether an application or principal has this secret: still (`true`), or no longer (`false`).
fn check_secret(world: &World, holder: &Resource, secret: &str) -> Option<bool> {
    let known = holder.private["secrets"].as_object()?;
    let (key, _) = known
        .iter()
        .find(|(_, value)| same_secret(secret, text(value)))?;
    let mut credentials = items(&holder.body["passwordCredentials"]);
    let credential = credentials.find(|one| one["keyId"].as_str() == Some(key))?;
    let end = text(&credential["endDateTime"]).parse::<Timestamp>();
    Some(end.is_ok_and(|end| end > world.now()))
}

/// Compares digests, so that the time taken says nothing about the secret.
fn same_secret(given: &str, expected: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
    let expected = hmac::sign(&key, expected.as_bytes());
    hmac::verify(&key, given.as_bytes(), expected.as_ref()).is_ok()
}
