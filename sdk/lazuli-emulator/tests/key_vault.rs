//! Key Vault over the wire: the vault's life through ARM, its secrets through its own host.

mod support;

use serde_json::{Value, json};
use support::{Azure, Reply, code};

const VAULT: &str = "2023-07-01";
const SECRETS: &str = "7.5";

struct Vault {
    azure: Azure,
    group: String,
    id: String,
    bearer: String,
}

impl Vault {
    async fn start() -> Vault {
        let azure = Azure::start().await;
        let group = azure.group("vaults").await;
        let id = format!("{group}/providers/Microsoft.KeyVault/vaults/lazuli-kv1");
        let form = [
            ("client_id", azure.emulator.client().to_owned()),
            ("client_secret", azure.emulator.secret().to_owned()),
            ("grant_type", "client_credentials".to_owned()),
            ("scope", "https://vault.azure.net/.default".to_owned()),
        ];
        let (status, token) = azure.token(azure.emulator.tenant(), &form).await;
        assert_eq!(status, 200, "{token}");
        let bearer = token["access_token"].as_str().expect("a token").to_owned();
        Vault {
            azure,
            group,
            id,
            bearer,
        }
    }

    fn body(&self, secrets: &[&str], more: Value) -> Value {
        let me = self.principal();
        let tenant = self.azure.emulator.tenant();
        let mut properties = json!({
            "tenantId": tenant, "sku": { "family": "A", "name": "standard" },
            "accessPolicies": [{ "tenantId": tenant, "objectId": me, "permissions": { "secrets": secrets } }],
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            properties[name] = value.clone();
        }
        json!({ "location": "westus2", "properties": properties })
    }

    /// The object id of the signed-in principal, as its token says.
    fn principal(&self) -> String {
        use base64::Engine;
        let payload = self.bearer.split('.').nth(1).expect("a JWT");
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(payload)
            .expect("base64");
        let claims: Value = serde_json::from_slice(&bytes).expect("JSON");
        claims["oid"].as_str().expect("an object id").to_owned()
    }

    async fn put(&self, body: Value) -> Reply {
        self.azure.send("PUT", &self.id, VAULT, Some(body)).await
    }

    /// A call of the data plane, at the vault's host name.
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.azure
            .at_host(
                "lazuli-kv1.vault.azure.net",
                Some(&self.bearer),
                method,
                &format!("{path}?api-version={SECRETS}"),
                body,
            )
            .await
    }
}

#[tokio::test]
async fn a_vault_is_deleted_softly_recovered_and_purged() {
    let vault = Vault::start().await;
    let made = vault
        .put(vault.body(&["get"], json!({ "enableSoftDelete": true })))
        .await;
    assert_eq!(made.status, 200);
    let properties = &made.body["properties"];
    assert_eq!(properties["provisioningState"], "RegisteringDns");
    assert_eq!(properties["vaultUri"], "https://lazuli-kv1.vault.azure.net");
    assert!(
        properties["softDeleteRetentionInDays"].is_null(),
        "{properties}"
    );
    for expect in ["RegisteringDns", "Succeeded"] {
        let read = vault.azure.send("GET", &vault.id, VAULT, None).await;
        assert_eq!(read.body["properties"]["provisioningState"], expect);
    }
    assert_eq!(
        vault
            .azure
            .send("DELETE", &vault.id, VAULT, None)
            .await
            .status,
        200
    );
    let bin = format!(
        "/subscriptions/{}/providers/Microsoft.KeyVault/locations/westus2/deletedVaults/lazuli-kv1",
        vault.azure.emulator.subscription()
    );
    let deleted = vault.azure.send("GET", &bin, VAULT, None).await;
    assert_eq!(
        (deleted.status, &deleted.body["properties"]["vaultId"]),
        (200, &json!(vault.id))
    );
    let refused = vault.put(vault.body(&["get"], json!({}))).await;
    assert_eq!(
        (refused.status, code(&refused.body).as_str()),
        (409, "ConflictError")
    );
    let recover = json!({ "location": "westus2", "properties": {
        "tenantId": vault.azure.emulator.tenant(), "sku": { "family": "A", "name": "standard" }, "createMode": "recover" } });
    // Out of the bin, and once more on the vault that is there: what is left out stays.
    for _ in 0..2 {
        let back = vault.put(recover.clone()).await;
        assert_eq!(
            (
                back.status,
                &back.body["properties"]["accessPolicies"][0]["permissions"]["secrets"]
            ),
            (200, &json!(["get"]))
        );
    }
    assert_eq!(vault.azure.send("GET", &bin, VAULT, None).await.status, 404);
    assert_eq!(
        vault
            .azure
            .send("DELETE", &vault.id, VAULT, None)
            .await
            .status,
        200
    );
    let purge = vault
        .azure
        .send("POST", &format!("{bin}/purge"), VAULT, None)
        .await;
    assert_eq!(purge.status, 202);
    let end = vault.azure.finish(&purge).await;
    assert_eq!(end["status"], "Succeeded");
    assert_eq!(vault.put(vault.body(&[], json!({}))).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_undone_is_refused() {
    let vault = Vault::start().await;
    let first = json!({ "enablePurgeProtection": true, "softDeleteRetentionInDays": 7 });
    assert_eq!(vault.put(vault.body(&[], first)).await.status, 200);
    for (change, word) in [
        (json!({ "enablePurgeProtection": false }), "irreversible"),
        (
            json!({ "softDeleteRetentionInDays": 8 }),
            "can't be modified",
        ),
        (json!({ "enableSoftDelete": false }), "irreversible"),
        (
            json!({ "sku": { "family": "A", "name": "gold" } }),
            "sku.name",
        ),
        (
            json!({ "networkAcls": { "ipRules": [{ "value": "nowhere" }] } }),
            "nowhere",
        ),
    ] {
        let refused = vault.put(vault.body(&[], change.clone())).await;
        assert_eq!(refused.status, 400, "{change}");
        let message = refused.body["error"]["message"]
            .as_str()
            .unwrap_or_default();
        assert!(message.contains(word), "{change}: {message}");
    }
    assert_eq!(
        vault
            .azure
            .send("DELETE", &vault.id, VAULT, None)
            .await
            .status,
        200
    );
    let bin = format!(
        "/subscriptions/{}/providers/Microsoft.KeyVault/locations/westus2/deletedVaults/lazuli-kv1/purge",
        vault.azure.emulator.subscription()
    );
    let refused = vault.azure.send("POST", &bin, VAULT, None).await;
    assert_eq!(
        (refused.status, code(&refused.body).as_str()),
        (405, "MethodNotAllowed")
    );
}

#[tokio::test]
async fn secrets_live_behind_challenge_policies_and_firewall() {
    let vault = Vault::start().await;
    vault.put(vault.body(&["all"], json!({}))).await;
    let host = "lazuli-kv1.vault.azure.net";
    let path = format!("/secrets?api-version={SECRETS}");
    let anonymous = vault.azure.at_host(host, None, "GET", &path, None).await;
    let challenge = anonymous
        .header("www-authenticate")
        .unwrap_or_default()
        .to_owned();
    assert_eq!(anonymous.status, 401);
    assert!(
        challenge.contains("resource=\"https://vault.azure.net\""),
        "{challenge}"
    );
    let wrong = vault
        .azure
        .at_host(host, Some(&vault.azure.bearer), "GET", &path, None)
        .await;
    assert_eq!(wrong.status, 401);

    let set = vault
        .call(
            "PUT",
            "/secrets/db-password",
            Some(json!({ "value": "s3cret", "contentType": "text/plain" })),
        )
        .await;
    assert_eq!((set.status, &set.body["value"]), (200, &json!("s3cret")));
    vault
        .call(
            "PUT",
            "/secrets/db-password",
            Some(json!({ "value": "second" })),
        )
        .await;
    let got = vault.call("GET", "/secrets/db-password", None).await;
    assert_eq!(got.body["value"], "second");
    let versions = vault
        .call("GET", "/secrets/db-password/versions", None)
        .await;
    assert_eq!(versions.body["value"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        vault.call("GET", "/secrets/other", None).await.body["error"]["code"],
        "SecretNotFound"
    );
    assert_eq!(
        vault
            .call("DELETE", "/secrets/db-password", None)
            .await
            .status,
        200
    );
    let again = vault
        .call("PUT", "/secrets/db-password", Some(json!({ "value": "x" })))
        .await;
    assert_eq!(
        (again.status, &again.body["error"]["innererror"]["code"]),
        (409, &json!("ObjectIsDeletedButRecoverable"))
    );
    let refused = vault
        .call("DELETE", "/deletedsecrets/db-password", None)
        .await;
    assert_eq!(refused.status, 403, "'all' does not hold purge");
    assert_eq!(
        vault
            .call("POST", "/deletedsecrets/db-password/recover", None)
            .await
            .status,
        200
    );
    assert_eq!(vault.call("GET", "/keys/k", None).await.status, 501);

    vault
        .put(vault.body(&["get"], json!({ "publicNetworkAccess": "Disabled" })))
        .await;
    let closed = vault.call("GET", "/secrets/db-password", None).await;
    assert_eq!(
        closed.body["error"]["innererror"]["code"],
        "ForbiddenByConnection"
    );
    let open = json!({ "publicNetworkAccess": "Enabled", "enableRbacAuthorization": true });
    vault.put(vault.body(&["get"], open)).await;
    let no_role = vault.call("GET", "/secrets/db-password", None).await;
    assert_eq!(
        no_role.body["error"]["innererror"]["code"],
        "ForbiddenByRbac"
    );
    let role = format!(
        "{}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-0000000000a1",
        vault.id
    );
    let body = json!({ "properties": {
        "roleDefinitionId": format!("/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6", vault.azure.emulator.subscription()),
        "principalId": vault.principal(), "principalType": "ServicePrincipal" } });
    assert_eq!(
        vault
            .azure
            .send("PUT", &role, "2022-04-01", Some(body))
            .await
            .status,
        201
    );
    assert_eq!(
        vault.call("GET", "/secrets/db-password", None).await.status,
        200
    );
    let write = vault
        .call("PUT", "/secrets/db-password", Some(json!({ "value": "x" })))
        .await;
    assert_eq!(write.status, 403);
}

#[cfg(feature = "az")]
#[tokio::test]
async fn templates_read_secrets_of_vaults_that_let_them() {
    let vault = Vault::start().await;
    vault.put(vault.body(&["all"], json!({}))).await;
    let value = json!({ "value": "from-the-vault" });
    assert_eq!(
        vault.call("PUT", "/secrets/db", Some(value)).await.status,
        200
    );
    let id = format!(
        "{}/providers/Microsoft.Resources/deployments/main",
        vault.group
    );
    let body = |name: &str| {
        let reference = json!({ "keyVault": { "id": vault.id }, "secretName": name });
        json!({ "properties": { "mode": "Incremental", "parameters": { "p": { "reference": reference } }, "template": {
            "$schema": "s", "contentVersion": "1.0.0.0", "resources": [], "parameters": { "p": { "type": "securestring" } },
            "outputs": { "length": { "type": "int", "value": "[length(parameters('p'))]" } } } } })
    };
    let version = "2022-09-01";
    let closed = vault
        .azure
        .send("PUT", &id, version, Some(body("db")))
        .await;
    assert_eq!(
        code(&closed.body),
        "KeyVaultParameterReferenceAuthorizationFailed"
    );
    let open = json!({ "enabledForTemplateDeployment": true });
    vault.put(vault.body(&["all"], open)).await;
    let missing = vault
        .azure
        .send("PUT", &id, version, Some(body("no")))
        .await;
    assert_eq!(
        code(&missing.body),
        "KeyVaultParameterReferenceSecretRetrieveFailed"
    );
    vault.azure.make(&id, version, body("db")).await;
    let done = vault.azure.read(&id, version).await;
    assert_eq!(done["properties"]["outputs"]["length"]["value"], 14);
    assert!(!done.to_string().contains("from-the-vault"));
}

#[tokio::test]
async fn locks_hold_vault_and_group() {
    let vault = Vault::start().await;
    vault.put(vault.body(&[], json!({}))).await;
    let lock = format!("{}/providers/Microsoft.Authorization/locks/keep", vault.id);
    let body = json!({ "properties": { "level": "CanNotDelete", "notes": "mine" } });
    let made = vault
        .azure
        .send("PUT", &lock, "2016-09-01", Some(body))
        .await;
    assert_eq!(
        (made.status, &made.body["properties"]["level"]),
        (201, &json!("CanNotDelete"))
    );
    for id in [&vault.id, &vault.group] {
        let refused = vault.azure.send("DELETE", id, VAULT, None).await;
        assert_eq!(
            (refused.status, code(&refused.body).as_str()),
            (409, "ScopeLocked"),
            "{id}"
        );
    }
    assert_eq!(
        vault
            .azure
            .send("DELETE", &lock, "2016-09-01", None)
            .await
            .status,
        200
    );
    assert_eq!(
        vault
            .azure
            .send("DELETE", &vault.id, VAULT, None)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_decision_about_an_endpoint_is_asked_for_at_the_connection_itself() {
    let vault = Vault::start().await;
    let azure = &vault.azure;
    azure
        .make(&vault.id, VAULT, vault.body(&[], json!({})))
        .await;
    let network = format!("{}/providers/Microsoft.Network", vault.group);
    let space = json!({
        "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] },
        "subnets": [{ "name": "s", "properties": { "addressPrefix": "10.0.0.0/24" } }],
    });
    let located = |properties: Value| json!({ "location": "westus2", "properties": properties });
    let vnet = format!("{network}/virtualNetworks/v");
    azure.make(&vnet, "2024-05-01", located(space)).await;
    let link = json!({ "privateLinkServiceId": vault.id, "groupIds": ["vault"] });
    let endpoint = json!({
        "subnet": { "id": format!("{vnet}/subnets/s") },
        "manualPrivateLinkServiceConnections": [{ "name": "c", "properties": link }],
    });
    let endpoint_id = format!("{network}/privateEndpoints/pe");
    azure
        .make(&endpoint_id, "2024-05-01", located(endpoint))
        .await;
    let connection = format!("{}/privateEndpointConnections/c", vault.id);
    for status in ["Approved", "Rejected"] {
        let state = json!({ "status": status, "description": "so be it" });
        let body = json!({ "properties": { "privateLinkServiceConnectionState": state } });
        let decided = azure.send("PUT", &connection, VAULT, Some(body)).await;
        assert_eq!(decided.status, 200, "{}", decided.body);
        assert_eq!(decided.body["properties"]["provisioningState"], "Updating");
        let address = decided.header("azure-asyncoperation").expect("an address");
        assert!(address.contains(&format!("{connection}?")), "{address}");
        assert!(address.contains("&kv-operation="), "{address}");
        let mut shown = Value::Null;
        for _ in 0..3 {
            shown = azure.follow(address).await.body["properties"].clone();
        }
        assert_eq!(shown["provisioningState"], "Succeeded");
        let state = &shown["privateLinkServiceConnectionState"];
        assert_eq!(state["status"], status);
    }
}
