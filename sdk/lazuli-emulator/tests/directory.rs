//! Who may do what: principals of the directory that sign in themselves, their roles and their groups.
#![cfg(feature = "az")]

mod support;

use serde_json::{Value, json};
use support::{Azure, Reply, code};

const ROLES: &str = "2022-04-01";
const GROUPS: &str = "2024-11-01";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

/// A service principal that a test made, with its secret.
struct Principal {
    client: String,
    object: String,
    application: String,
    secret: String,
}

async fn graph(azure: &Azure, method: &str, path: &str, body: Option<Value>) -> Reply {
    azure.send(method, &format!("/v1.0/{path}"), "", body).await
}

async fn principal(azure: &Azure, name: &str) -> Principal {
    let made = graph(
        azure,
        "POST",
        "applications",
        Some(json!({ "displayName": name })),
    )
    .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let text = |body: &Value, property: &str| body[property].as_str().expect("text").to_owned();
    let (application, client) = (text(&made.body, "id"), text(&made.body, "appId"));
    let object = graph(
        azure,
        "POST",
        "servicePrincipals",
        Some(json!({ "appId": client })),
    )
    .await;
    assert_eq!(object.status, 201, "{}", object.body);
    let path = format!("applications/{application}/addPassword");
    let secret = graph(
        azure,
        "POST",
        &path,
        Some(json!({ "passwordCredential": { "displayName": "rbac" } })),
    )
    .await;
    Principal {
        client,
        object: text(&object.body, "id"),
        application,
        secret: text(&secret.body, "secretText"),
    }
}

async fn token(azure: &Azure, client: &str, secret: &str) -> (u16, Value) {
    let form = [
        ("client_id", client.to_owned()),
        ("client_secret", secret.to_owned()),
        ("grant_type", "client_credentials".to_owned()),
        ("scope", "https://management.azure.com/.default".to_owned()),
    ];
    azure.token(azure.emulator.tenant(), &form).await
}

/// Does something as another principal.
async fn send_as(
    azure: &mut Azure,
    who: &Principal,
    method: &str,
    path: &str,
    version: &str,
    body: Option<Value>,
) -> Reply {
    let (status, answer) = token(azure, &who.client, &who.secret).await;
    assert_eq!(status, 200, "{answer}");
    let theirs = answer["access_token"].as_str().expect("a token").to_owned();
    let own = std::mem::replace(&mut azure.bearer, theirs);
    let reply = azure.send(method, path, version, body).await;
    azure.bearer = own;
    reply
}

fn assignment(scope: &str, last: u8) -> String {
    format!(
        "{scope}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-0000000000{last:02}"
    )
}

fn role(azure: &Azure, id: &str) -> String {
    let subscription = azure.emulator.subscription();
    format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{id}")
}

fn grant(role: &str, principal: &str) -> Option<Value> {
    Some(json!({ "properties": { "roleDefinitionId": role, "principalId": principal } }))
}

#[tokio::test]
async fn a_new_principal_may_what_its_roles_say() {
    let mut azure = Azure::start().await;
    let group = azure.group("rg").await;
    let who = principal(&azure, "reader").await;

    let refused = send_as(&mut azure, &who, "GET", &group, GROUPS, None).await;
    let message = refused.body["error"]["message"]
        .as_str()
        .unwrap_or_default();
    assert_eq!(
        (refused.status, code(&refused.body).as_str()),
        (403, "AuthorizationFailed")
    );
    for part in [
        &who.object,
        &who.client,
        "'Microsoft.Resources/subscriptions/resourceGroups/read'",
        &group,
    ] {
        assert!(
            message.contains(part.to_string().as_str()),
            "{part} in {message}"
        );
    }

    let made = azure
        .send(
            "PUT",
            &assignment(&group, 1),
            ROLES,
            grant(&role(&azure, READER), &who.object),
        )
        .await;
    assert_eq!(
        (made.status, &made.body["properties"]["principalType"]),
        (201, &json!("ServicePrincipal"))
    );
    let allowed = send_as(&mut azure, &who, "GET", &group, GROUPS, None).await;
    assert_eq!(allowed.status, 200, "{}", allowed.body);
    let permissions = format!("{group}/providers/Microsoft.Authorization/permissions");
    let permissions = send_as(&mut azure, &who, "GET", &permissions, ROLES, None).await;
    assert_eq!(permissions.body["value"][0]["actions"], json!(["*/read"]));
    let network = format!("{group}/providers/Microsoft.Network/virtualNetworks/v");
    let write = send_as(
        &mut azure,
        &who,
        "PUT",
        &network,
        "2024-05-01",
        Some(json!({})),
    )
    .await;
    assert_eq!(code(&write.body), "AuthorizationFailed");

    azure.delete(&assignment(&group, 1), ROLES).await;
    let after = send_as(&mut azure, &who, "GET", &group, GROUPS, None).await;
    assert_eq!(after.status, 403);
}

#[tokio::test]
async fn secrets_are_checked_and_can_be_taken_back() {
    let azure = Azure::start().await;
    let who = principal(&azure, "app").await;
    assert_eq!(token(&azure, &who.client, &who.secret).await.0, 200);
    let wrong = token(&azure, &who.client, "wrong").await.1;
    assert_eq!(wrong["error_codes"][0], 7_000_215);

    let path = format!("applications/{}", who.application);
    let application = graph(&azure, "GET", &path, None).await.body;
    assert_eq!(
        application["passwordCredentials"][0]["secretText"],
        Value::Null
    );
    let key = json!({ "keyId": application["passwordCredentials"][0]["keyId"] });
    let removed = graph(&azure, "POST", &format!("{path}/removePassword"), Some(key)).await;
    assert_eq!(removed.status, 204, "{}", removed.body);
    assert_eq!(token(&azure, &who.client, &who.secret).await.0, 401);

    let past = json!({ "passwordCredential": { "endDateTime": "2020-01-01T00:00:00Z" } });
    let old = graph(&azure, "POST", &format!("{path}/addPassword"), Some(past))
        .await
        .body;
    let expired = token(
        &azure,
        &who.client,
        old["secretText"].as_str().expect("a secret"),
    )
    .await
    .1;
    assert_eq!(expired["error_codes"][0], 7_000_222);

    graph(&azure, "DELETE", &path, None).await;
    let gone = token(&azure, &who.client, &who.secret).await.1;
    assert_eq!(gone["error_codes"][0], 700_016);
}

#[tokio::test]
async fn the_directory_is_asked_before_a_role_is_given() {
    let azure = Azure::start().await;
    let group = azure.group("rg").await;
    let who = principal(&azure, "app").await;
    let stranger = "99999999-9999-9999-9999-999999999999";
    let with_type = |principal: &str, kind: &str| {
        Some(
            json!({ "properties": { "roleDefinitionId": role(&azure, READER), "principalId": principal, "principalType": kind } }),
        )
    };
    for (last, body, status, expect) in [
        (
            1,
            grant(&role(&azure, READER), stranger),
            400,
            "PrincipalNotFound",
        ),
        (2, with_type(stranger, "ServicePrincipal"), 201, ""),
        (
            3,
            with_type(&who.object, "User"),
            400,
            "UnmatchedPrincipalType",
        ),
        (
            4,
            grant(&role(&azure, stranger), &who.object),
            404,
            "RoleDefinitionDoesNotExist",
        ),
        (5, grant(&role(&azure, READER), &who.object), 201, ""),
        (
            6,
            grant(&role(&azure, READER), &who.object),
            409,
            "RoleAssignmentExists",
        ),
    ] {
        let reply = azure
            .send("PUT", &assignment(&group, last), ROLES, body)
            .await;
        assert_eq!(
            (reply.status, code(&reply.body).as_str()),
            (status, expect),
            "{}",
            reply.body
        );
    }
}

#[tokio::test]
async fn members_have_the_roles_of_their_groups() {
    let mut azure = Azure::start().await;
    let scope = azure.group("rg").await;
    let who = principal(&azure, "member").await;
    let made = graph(
        &azure,
        "POST",
        "groups",
        Some(json!({ "displayName": "g", "mailNickname": "g" })),
    )
    .await;
    let group = made.body["id"].as_str().expect("an id").to_owned();
    let reference = json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{}", who.object) });
    let added = graph(
        &azure,
        "POST",
        &format!("groups/{group}/members/$ref"),
        Some(reference),
    )
    .await;
    assert_eq!(added.status, 204, "{}", added.body);
    let made = azure
        .send(
            "PUT",
            &assignment(&scope, 1),
            ROLES,
            grant(&role(&azure, READER), &group),
        )
        .await;
    assert_eq!(made.body["properties"]["principalType"], "Group");

    assert_eq!(
        send_as(&mut azure, &who, "GET", &scope, GROUPS, None)
            .await
            .status,
        200
    );
    let list = format!("{scope}/providers/Microsoft.Authorization/roleAssignments");
    let filter = format!("{ROLES}&$filter=assignedTo('{}')", who.object);
    assert_eq!(
        azure.read(&list, &filter).await["value"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    graph(
        &azure,
        "DELETE",
        &format!("groups/{group}/members/{}/$ref", who.object),
        None,
    )
    .await;
    assert_eq!(
        send_as(&mut azure, &who, "GET", &scope, GROUPS, None)
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn graph_finds_objects_and_lets_only_the_administrator_write() {
    let mut azure = Azure::start().await;
    let group = azure.group("rg").await;
    let identity =
        format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/uai");
    let located = Some(json!({ "location": "westcentralus" }));
    let identity = azure
        .send("PUT", &identity, "2023-01-31", located)
        .await
        .body;
    let who = principal(&azure, "app").await;
    let check = async |filter: &str, expect: &str| {
        let found = graph(
            &azure,
            "GET",
            &format!("servicePrincipals?$filter={filter}"),
            None,
        )
        .await;
        assert_eq!(found.body["value"][0]["id"], expect, "{filter}");
    };
    check("displayName eq 'app'", &who.object).await;
    check(
        &format!("servicePrincipalNames/any(c:c eq '{}')", who.client),
        &who.object,
    )
    .await;
    let client = identity["properties"]["clientId"]
        .as_str()
        .expect("a client id");
    let object = identity["properties"]["principalId"]
        .as_str()
        .expect("a principal");
    check(&format!("appId eq '{client}'"), object).await;
    let both = json!({ "ids": [who.object, object, "99999999-9999-9999-9999-999999999999"], "types": ["servicePrincipal"] });
    let found = graph(&azure, "POST", "directoryObjects/getByIds", Some(both))
        .await
        .body;
    assert_eq!(found["value"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        found["value"][0]["@odata.type"],
        "#microsoft.graph.servicePrincipal"
    );

    let body = Some(json!({ "displayName": "theirs" }));
    let refused = send_as(&mut azure, &who, "POST", "/v1.0/applications", "", body).await;
    assert_eq!(
        (refused.status, code(&refused.body).as_str()),
        (403, "Authorization_RequestDenied")
    );
    let unknown = graph(&azure, "GET", "devices", None).await;
    assert_eq!(
        (unknown.status, code(&unknown.body).as_str()),
        (501, "NotModelledByEmulator")
    );
}

#[tokio::test]
async fn custom_roles_count_in_their_scopes_only() {
    let azure = Azure::start().await;
    let (here, there) = (azure.group("here").await, azure.group("there").await);
    let who = principal(&azure, "app").await;
    let id = role(&azure, "12121212-1212-1212-1212-121212121212");
    let body = |name: &str| {
        Some(json!({ "properties": {
        "roleName": name, "description": "", "assignableScopes": [here],
        "permissions": [{ "actions": ["Microsoft.Network/*/read"], "notActions": [] }],
    } }))
    };
    let made = azure.send("PUT", &id, ROLES, body("Watcher")).await;
    assert_eq!(
        (made.status, &made.body["properties"]["type"]),
        (201, &json!("CustomRole"))
    );
    let other = role(&azure, "13131313-1313-1313-1313-131313131313");
    let twin = azure.send("PUT", &other, ROLES, body("watcher")).await;
    assert_eq!(code(&twin.body), "RoleDefinitionWithSameNameExists");

    let outside = azure
        .send(
            "PUT",
            &assignment(&there, 1),
            ROLES,
            grant(&id, &who.object),
        )
        .await;
    assert_eq!(code(&outside.body), "RoleDefinitionDoesNotExist");
    let inside = azure
        .send("PUT", &assignment(&here, 2), ROLES, grant(&id, &who.object))
        .await;
    assert_eq!(inside.status, 201, "{}", inside.body);
    let kept = azure.send("DELETE", &id, ROLES, None).await;
    assert_eq!(code(&kept.body), "RoleDefinitionHasAssignments");
    azure.delete(&assignment(&here, 2), ROLES).await;
    assert_eq!(azure.send("DELETE", &id, ROLES, None).await.status, 200);
}

#[tokio::test]
async fn using_a_subnet_needs_the_right_to_join_it() {
    let mut azure = Azure::start().await;
    let (nets, apps) = (azure.group("nets").await, azure.group("apps").await);
    let network = format!("{nets}/providers/Microsoft.Network/virtualNetworks/v");
    let body = json!({ "location": "westcentralus", "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] },
        "subnets": [{ "name": "a", "properties": { "addressPrefix": "10.0.0.0/24" } }] } });
    azure.make(&network, "2024-05-01", body).await;
    let who = principal(&azure, "app").await;
    let contributor = role(&azure, "b24988ac-6180-42a0-ab88-20f7382dd24c");
    azure
        .make(
            &assignment(&apps, 1),
            ROLES,
            grant(&contributor, &who.object).expect("a body"),
        )
        .await;
    let nic = format!("{apps}/providers/Microsoft.Network/networkInterfaces/n");
    let body = json!({ "location": "westcentralus", "properties": { "ipConfigurations": [
        { "name": "one", "properties": { "subnet": { "id": format!("{network}/subnets/a") } } }] } });
    let refused = send_as(
        &mut azure,
        &who,
        "PUT",
        &nic,
        "2024-05-01",
        Some(body.clone()),
    )
    .await;
    assert_eq!(
        (refused.status, code(&refused.body).as_str()),
        (403, "LinkedAuthorizationFailed")
    );
    let message = refused.body["error"]["message"]
        .as_str()
        .unwrap_or_default();
    assert!(
        message.contains("subnets/join/action") && message.contains(&who.object),
        "{message}"
    );
    let joiner = role(&azure, "4d97b98b-1d4f-4787-a291-c67834d212e7");
    azure
        .make(
            &assignment(&network, 2),
            ROLES,
            grant(&joiner, &who.object).expect("a body"),
        )
        .await;
    let made = send_as(&mut azure, &who, "PUT", &nic, "2024-05-01", Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

#[tokio::test]
async fn an_identity_trusts_an_issuer_and_subject_once() {
    let azure = Azure::start().await;
    let group = azure.group("rg").await;
    let identity =
        format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/uai");
    let located = Some(json!({ "location": "westcentralus" }));
    let made = azure.send("PUT", &identity, "2023-01-31", located).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let trust = async |name: &str, subject: &str| {
        let path = format!("{identity}/federatedIdentityCredentials/{name}");
        let properties = json!({
            "issuer": "https://issuer.example.com", "subject": subject, "audiences": ["api://AzureADTokenExchange"],
        });
        let body = Some(json!({ "properties": properties }));
        let reply = azure.send("PUT", &path, "2023-01-31", body).await;
        (reply.status, code(&reply.body))
    };
    assert_eq!(trust("one", "a").await.0, 201);
    assert_eq!(trust("one", "a").await.0, 200);
    assert_eq!(trust("two", "a").await, (409, "Conflict".to_owned()));
    assert_eq!(trust("two", "b").await.0, 201);
}
