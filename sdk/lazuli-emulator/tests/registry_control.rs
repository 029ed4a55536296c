//! What is configured below a registry, over the wire: how it comes and goes, and what is refused.

mod support;

use serde_json::{Value, json};
use support::{Azure, code};

const VERSION: &str = "2025-11-01";
const PREVIEW: &str = "2025-03-01-preview";

/// A registry in a group of its own.
async fn registry(azure: &Azure, name: &str, sku: &str) -> String {
    let group = azure.group("registries").await;
    let id = format!("{group}/providers/Microsoft.ContainerRegistry/registries/{name}");
    let body = json!({ "location": "westus", "sku": { "name": sku } });
    azure.make(&id, VERSION, body).await;
    id
}

/// Puts `images` of Docker Hub into a registry.
async fn seed(azure: &Azure, registry: &str, images: &[&str]) {
    for image in images {
        let source =
            json!({ "registryUri": "docker.io", "sourceImage": format!("library/{image}") });
        let body = json!({ "source": source, "targetTags": [image], "mode": "Force" });
        assert_eq!(import(azure, registry, body).await, "Succeeded", "{image}");
    }
}

/// Imports, and answers how that ended: `Succeeded`, or the error code.
async fn import(azure: &Azure, registry: &str, body: Value) -> String {
    let started = azure
        .send(
            "POST",
            &format!("{registry}/importImage"),
            VERSION,
            Some(body),
        )
        .await;
    if started.status != 202 {
        return code(&started.body);
    }
    let end = azure.finish(&started).await;
    let status = end["status"].as_str().map(str::to_owned);
    status.unwrap_or_else(|| code(&end))
}

#[tokio::test]
async fn children_come_and_go_in_the_dialect_of_their_type() {
    let azure = Azure::start().await;
    let id = registry(&azure, "childreg01", "Premium").await;
    let scope_map = format!("{id}/scopeMaps/_repositories_pull");
    let task =
        json!({ "type": "Docker", "dockerFilePath": "Dockerfile", "contextPath": "/dev/null" });
    // Child, API version, body, whether it takes an operation.
    let cases = [
        (
            "replications/eastus",
            VERSION,
            json!({ "location": "eastus" }),
            true,
        ),
        (
            "scopeMaps/readers",
            VERSION,
            json!({ "properties": { "actions": ["repositories/a/content/read"] } }),
            true,
        ),
        (
            "tokens/reader-1",
            VERSION,
            json!({ "properties": { "scopeMapId": scope_map } }),
            true,
        ),
        (
            "cacheRules/rule-1",
            VERSION,
            json!({ "properties": { "sourceRepository": "docker.io/library/nginx", "targetRepository": "nginx" } }),
            true,
        ),
        (
            "credentialSets/hub-1",
            VERSION,
            json!({ "properties": { "loginServer": "docker.io" } }),
            true,
        ),
        (
            "agentPools/pool-1",
            PREVIEW,
            json!({ "location": "westus", "properties": { "tier": "S1" } }),
            true,
        ),
        (
            "webhooks/hook01",
            VERSION,
            json!({ "location": "westus", "properties": { "serviceUri": "https://example.com", "actions": ["push"] } }),
            false,
        ),
        (
            "tasks/task-1",
            "2019-04-01",
            json!({ "location": "westus", "properties": { "platform": { "os": "Linux" }, "step": task } }),
            false,
        ),
    ];
    for (child, version, body, is_slow) in cases {
        let path = format!("{id}/{child}");
        let made = azure.send("PUT", &path, version, Some(body)).await;
        assert_eq!(made.status, 201, "{child}: {}", made.body);
        assert_eq!(
            made.header("azure-asyncoperation").is_some(),
            is_slow,
            "{child}"
        );
        azure.finish(&made).await;
        let read = azure.read(&path, version).await;
        assert_eq!(
            read["properties"]["provisioningState"], "Succeeded",
            "{child}"
        );
        let list = azure
            .read(path.rsplit_once('/').expect("a list").0, version)
            .await;
        let listed = list["value"].as_array().expect("a list").iter();
        assert!(
            listed.clone().any(|one| one["id"] == read["id"]),
            "{child} in {list}"
        );
        let gone = azure.send("DELETE", &path, version, None).await;
        assert_eq!(
            (gone.status, gone.header("location").is_some()),
            if is_slow { (202, true) } else { (200, false) },
            "{child}"
        );
        azure.finish(&gone).await;
        assert_eq!(azure.get(&path, version).await.status, 404, "{child}");
    }
}

#[tokio::test]
async fn what_is_wrong_below_a_registry_is_refused() {
    let azure = Azure::start().await;
    let id = registry(&azure, "refusereg1", "Standard").await;
    let check = async |child: &str, body: Value, status: u16, expect: &str| {
        let reply = azure
            .send("PUT", &format!("{id}/{child}"), VERSION, Some(body))
            .await;
        assert_eq!(
            (reply.status, code(&reply.body).as_str()),
            (status, expect),
            "{child}: {}",
            reply.body
        );
    };
    check(
        "replications/eastus",
        json!({ "location": "eastus" }),
        400,
        "SkuFeatureNotSupported",
    )
    .await;
    check(
        "scopeMaps/readers",
        json!({ "properties": { "actions": ["repositories/a/content/eat"] } }),
        400,
        "InvalidParameter",
    )
    .await;
    check(
        "scopeMaps/_repositories_pull",
        json!({ "properties": { "actions": [] } }),
        400,
        "SystemScopeMapNotModifiable",
    )
    .await;
    check(
        "tokens/reader-1",
        json!({ "properties": { "scopeMapId": format!("{id}/scopeMaps/absent") } }),
        404,
        "ScopeMapNotFound",
    )
    .await;
    check(
        "tokens/a",
        json!({ "properties": {} }),
        400,
        "InvalidResourceName",
    )
    .await;
    check("webhooks/hook01", json!({ "location": "westus", "properties": { "serviceUri": "nowhere", "actions": ["push"] } }), 400, "InvalidParameter").await;
    check(
        "cacheRules/rule-1",
        json!({ "properties": { "sourceRepository": "x" } }),
        400,
        "InvalidParameter",
    )
    .await;
    check(
        "connectedRegistries/edge1",
        json!({ "properties": {} }),
        501,
        "NotModelledByEmulator",
    )
    .await;
}

#[tokio::test]
async fn a_replicated_registry_is_in_all_its_regions() {
    let azure = Azure::start().await;
    let id = registry(&azure, "replicated1", "Premium").await;
    azure
        .make(
            &format!("{id}/replications/eastus"),
            VERSION,
            json!({ "location": "eastus" }),
        )
        .await;
    let patch = json!({ "properties": { "dataEndpointEnabled": true } });
    let patched = azure.send("PATCH", &id, VERSION, Some(patch)).await;
    let hosts = [
        "replicated1.eastus.data.azurecr.io",
        "replicated1.westus.data.azurecr.io",
    ];
    assert_eq!(
        patched.body["properties"]["dataEndpointHostNames"],
        json!(hosts)
    );
    let list = azure.read(&format!("{id}/replications"), VERSION).await;
    let names: Vec<_> = list["value"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["eastus", "westus"]);
    let group = azure
        .read(&format!("{id}/privateLinkResources/registry"), VERSION)
        .await;
    let members = ["registry_data_eastus", "registry_data_westus", "registry"];
    assert_eq!(group["properties"]["requiredMembers"], json!(members));
    let home = azure
        .send(
            "DELETE",
            &format!("{id}/replications/westus"),
            VERSION,
            None,
        )
        .await;
    assert_eq!(home.status, 400, "{}", home.body);
    let gone = azure.send("DELETE", &id, VERSION, None).await;
    assert_eq!(
        (gone.status, &gone.body["properties"]["provisioningState"]),
        (202, &json!("Deleting"))
    );
    azure.finish(&gone).await;
    assert_eq!(azure.get(&id, VERSION).await.status, 404);
}

#[tokio::test]
async fn imports_end_as_their_source_and_target_allow() {
    let azure = Azure::start().await;
    let source = registry(&azure, "sourcereg1", "Premium").await;
    let target = registry(&azure, "targetreg1", "Premium").await;
    seed(&azure, &source, &["nginx:latest"]).await;
    let by_id = |image: &str| json!({ "resourceId": source, "sourceImage": image });
    let at = |server: &str| json!({ "registryUri": server, "sourceImage": "nginx:latest" });
    let check = async |source: Value, mode: &str, expect: &str| {
        let body = json!({ "source": source, "targetTags": ["web:v1"], "mode": mode });
        assert_eq!(
            import(&azure, &target, body.clone()).await,
            expect,
            "{body}"
        );
    };
    check(by_id("nginx:latest"), "NoForce", "Succeeded").await;
    check(by_id("nginx:latest"), "NoForce", "Conflict").await;
    check(by_id("nginx:latest"), "Force", "Succeeded").await;
    check(by_id("nginx:absent"), "Force", "ManifestUnknown").await;
    check(
        json!({ "resourceId": format!("{source}x"), "sourceImage": "nginx:latest" }),
        "Force",
        "NotFound",
    )
    .await;
    check(at("sourcereg1.azurecr.io"), "Force", "Unauthorized").await;
    check(at("mcr.microsoft.com"), "Force", "ManifestUnknown").await;
    check(
        json!({ "sourceImage": "nginx:latest" }),
        "Force",
        "InvalidParameter",
    )
    .await;
    let closed = json!({ "properties": { "publicNetworkAccess": "Disabled", "networkRuleBypassOptions": "AzureServices" } });
    azure.send("PATCH", &target, VERSION, Some(closed)).await;
    check(by_id("nginx:latest"), "Force", "Succeeded").await;
    let bypass = json!({ "properties": { "networkRuleBypassOptions": "None" } });
    azure.send("PATCH", &target, VERSION, Some(bypass)).await;
    check(by_id("nginx:latest"), "Force", "Forbidden").await;
}

#[tokio::test]
async fn a_password_of_a_token_is_shown_once() {
    let azure = Azure::start().await;
    let id = registry(&azure, "tokenreg01", "Premium").await;
    let token = format!("{id}/tokens/reader-1");
    let body =
        json!({ "properties": { "scopeMapId": format!("{id}/scopeMaps/_repositories_pull") } });
    azure.make(&token, VERSION, body).await;
    let ask = |name: &str| json!({ "tokenId": token, "name": name });
    let path = format!("{id}/generateCredentials");
    let made = azure
        .send("POST", &path, VERSION, Some(ask("password1")))
        .await;
    let value = made.body["passwords"][0]["value"]
        .as_str()
        .expect("a password")
        .to_owned();
    assert_eq!(made.body["username"], "reader-1");
    let more = azure
        .send("POST", &path, VERSION, Some(ask("password2")))
        .await;
    assert!(!more.body.to_string().contains(&value), "{}", more.body);
    let read = azure.read(&token, VERSION).await;
    let passwords = &read["properties"]["credentials"]["passwords"];
    assert_eq!(passwords.as_array().map(Vec::len), Some(2));
    assert!(passwords[0].get("value").is_none(), "{passwords}");
    let absent = azure
        .send(
            "POST",
            &path,
            VERSION,
            Some(json!({ "tokenId": format!("{token}x") })),
        )
        .await;
    assert_eq!(
        (absent.status, code(&absent.body).as_str()),
        (404, "TokenNotFound")
    );
}

#[tokio::test]
async fn a_webhook_keeps_its_address_to_itself_and_records_what_it_would_send() {
    let azure = Azure::start().await;
    let id = registry(&azure, "hookreg001", "Basic").await;
    let hook = format!("{id}/webhooks/hook01");
    let properties = json!({ "serviceUri": "https://user:pass@example.com/x", "actions": ["push"], "customHeaders": { "X-A": "b" } });
    let made = azure
        .make(
            &hook,
            VERSION,
            json!({ "location": "westus", "properties": properties }),
        )
        .await;
    assert!(!made.to_string().contains("example.com"), "{made}");
    let config = azure
        .send("POST", &format!("{hook}/getCallbackConfig"), VERSION, None)
        .await;
    assert_eq!(config.body["customHeaders"]["X-A"], "b");
    let ping = azure
        .send("POST", &format!("{hook}/ping"), VERSION, None)
        .await;
    let events = azure
        .send("POST", &format!("{hook}/listEvents"), VERSION, None)
        .await;
    let event = &events.body["value"][0];
    assert_eq!(event["id"], ping.body["id"]);
    assert_eq!(event["eventRequestMessage"]["content"]["action"], "ping");
    assert_eq!(event["eventResponseMessage"]["statusCode"], "0");
}

#[tokio::test]
async fn an_agent_pool_in_the_network_of_the_endpoint_reaches_a_closed_registry() {
    let azure = Azure::start().await;
    let id = registry(&azure, "poolreg001", "Premium").await;
    let group = azure.group("registries").await;
    let network = format!("{group}/providers/Microsoft.Network");
    let vnet = format!("{network}/virtualNetworks/v");
    let subnet =
        |name: &str, range: &str| json!({ "name": name, "properties": { "addressPrefix": range } });
    let space = json!({ "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] }, "subnets": [subnet("pe", "10.0.1.0/24"), subnet("pool", "10.0.2.0/24")] });
    azure
        .make(
            &vnet,
            "2024-05-01",
            json!({ "location": "westus", "properties": space }),
        )
        .await;
    let connection = json!({ "name": "c", "properties": { "groupIds": ["registry"], "privateLinkServiceId": id } });
    let endpoint = json!({ "privateLinkServiceConnections": [connection], "subnet": { "id": format!("{vnet}/subnets/pe") } });
    let pe = format!("{network}/privateEndpoints/pe");
    azure
        .make(
            &pe,
            "2024-05-01",
            json!({ "location": "westus", "properties": endpoint }),
        )
        .await;
    let pool = json!({ "location": "westus", "properties": { "virtualNetworkSubnetResourceId": format!("{vnet}/subnets/pool") } });
    azure
        .make(&format!("{id}/agentPools/pool-1"), PREVIEW, pool)
        .await;
    azure
        .send(
            "PATCH",
            &id,
            VERSION,
            Some(json!({ "properties": { "publicNetworkAccess": "Disabled" } })),
        )
        .await;

    assert_eq!(build(&azure, &id, None).await, "Failed");
    assert_eq!(
        build(&azure, &id, Some("pool-1")).await,
        "Failed",
        "nothing resolves the private name yet"
    );
    let zone = format!("{network}/privateDnsZones/privatelink.azurecr.io");
    azure
        .make(&zone, "2024-06-01", json!({ "location": "global" }))
        .await;
    let link = json!({ "location": "global", "properties": { "registrationEnabled": false, "virtualNetwork": { "id": vnet } } });
    azure
        .make(&format!("{zone}/virtualNetworkLinks/l"), "2024-06-01", link)
        .await;
    let config = json!([{ "name": "z", "properties": { "privateDnsZoneId": zone } }]);
    azure
        .make(
            &format!("{pe}/privateDnsZoneGroups/z"),
            "2024-05-01",
            json!({ "properties": { "privateDnsZoneConfigs": config } }),
        )
        .await;
    assert_eq!(build(&azure, &id, Some("pool-1")).await, "Succeeded");
    assert_eq!(
        build(&azure, &id, None).await,
        "Failed",
        "shared agents stay outside"
    );
    assert_eq!(
        build(&azure, &id, Some("pool-2")).await,
        "AgentPoolNotFound"
    );
}

/// Builds an image out of a Dockerfile alone, and answers how that ended.
async fn build(azure: &Azure, registry: &str, pool: Option<&str>) -> String {
    let upload = azure
        .send(
            "POST",
            &format!("{registry}/listBuildSourceUploadUrl"),
            PREVIEW,
            None,
        )
        .await;
    let url = upload.body["uploadUrl"].as_str().expect("an address");
    let put = azure
        .http
        .put(url)
        .header("x-ms-blob-type", "BlockBlob")
        .body(source());
    assert_eq!(put.send().await.expect("sends").status(), 201);
    let request = json!({
        "type": "DockerBuildRequest", "imageNames": ["x:1"], "isPushEnabled": true, "dockerFilePath": "Dockerfile",
        "sourceLocation": upload.body["relativePath"], "platform": { "os": "Linux" }, "agentPoolName": pool,
    });
    let run = azure
        .send(
            "POST",
            &format!("{registry}/scheduleRun"),
            PREVIEW,
            Some(request),
        )
        .await;
    let Some(name) = run.body["name"].as_str() else {
        return code(&run.body);
    };
    loop {
        let run = azure
            .read(&format!("{registry}/runs/{name}"), PREVIEW)
            .await;
        match run["properties"]["status"].as_str() {
            Some("Queued" | "Running") => {}
            status => return status.unwrap_or_default().to_owned(),
        }
    }
}

fn source() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let text = "FROM scratch\nLABEL a=b\nCOPY Dockerfile /\n";
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "Dockerfile", text.as_bytes())
        .expect("appends");
    tar.into_inner().expect("an archive")
}

#[tokio::test]
async fn encryption_needs_a_premium_registry_and_a_key() {
    let azure = Azure::start().await;
    let group = azure.group("registries").await;
    let id = format!("{group}/providers/Microsoft.ContainerRegistry/registries/keyreg0001");
    let check = async |sku: &str, key: &str, status: u16| {
        let key = json!({ "keyIdentifier": key });
        let encryption = json!({ "status": "enabled", "keyVaultProperties": key });
        let body = json!({ "location": "westus", "sku": { "name": sku }, "properties": { "encryption": encryption } });
        let reply = azure.send("PUT", &id, VERSION, Some(body)).await;
        assert_eq!(reply.status, status, "{sku} {key}: {}", reply.body);
        reply.body["properties"]["encryption"]["keyVaultProperties"].clone()
    };
    check("Standard", "https://v.vault.azure.net/keys/k", 400).await;
    check("Premium", "k", 400).await;
    let key = check("Premium", "https://v.vault.azure.net/keys/k", 200).await;
    assert_eq!(key["keyRotationEnabled"], true);
    let version = key["versionedKeyIdentifier"].as_str().expect("a version");
    assert!(
        version.starts_with("https://v.vault.azure.net/keys/k/"),
        "{version}"
    );
}

#[tokio::test]
async fn a_put_that_is_silent_about_exports_allows_them_and_a_patch_leaves_them() {
    let azure = Azure::start().await;
    let id = registry(&azure, "exports01", "Premium").await;
    let status = async |method: &str, properties: Value| {
        let body =
            json!({ "location": "westus", "sku": { "name": "Premium" }, "properties": properties });
        let started = azure.send(method, &id, VERSION, Some(body)).await;
        assert!(started.status < 300, "{}", started.body);
        azure.finish(&started).await;
        let shown = azure.read(&id, VERSION).await;
        shown["properties"]["policies"]["exportPolicy"]["status"].clone()
    };
    let off = json!({ "publicNetworkAccess": "Disabled", "policies": { "exportPolicy": { "status": "disabled" } } });
    assert_eq!(status("PUT", off).await, "disabled");
    let silent = json!({ "publicNetworkAccess": "Disabled" });
    assert_eq!(status("PATCH", silent.clone()).await, "disabled");
    assert_eq!(status("PUT", silent).await, "enabled");
}

#[tokio::test]
async fn login_servers_with_a_hash_in_their_name_are_not_modelled() {
    let azure = Azure::start().await;
    let id = registry(&azure, "labels01", "Basic").await;
    let scoped = |scope: &str| json!({ "location": "westus", "sku": { "name": "Basic" }, "properties": { "autoGeneratedDomainNameLabelScope": scope } });
    for (scope, expect) in [("Unsecure", 200), ("NoReuse", 501)] {
        let reply = azure.send("PUT", &id, VERSION, Some(scoped(scope))).await;
        assert_eq!(reply.status, expect, "{scope}: {}", reply.body);
    }
}

#[tokio::test]
async fn a_cache_rule_has_the_identity_it_was_given() {
    let azure = Azure::start().await;
    let id = registry(&azure, "cached01", "Standard").await;
    let group = id.split("/providers/").next().expect("a group");
    let mut identities = Vec::new();
    for name in ["one", "two"] {
        let identity =
            format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}");
        let body = Some(json!({ "location": "westus" }));
        let made = azure.send("PUT", &identity, "2023-01-31", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        identities.push(identity);
    }
    let rule = format!("{id}/cacheRules/rule-1");
    let held = async |method: &str, identity: Option<&String>| {
        let mut body = json!({ "properties": { "sourceRepository": "upstream.azurecr.io/a", "targetRepository": "a" } });
        if let Some(identity) = identity {
            body["identity"] =
                json!({ "type": "UserAssigned", "userAssignedIdentities": { identity: {} } });
        }
        let started = azure.send(method, &rule, PREVIEW, Some(body)).await;
        assert_eq!(started.status, 201, "{}", started.body);
        azure.finish(&started).await;
        let shown = azure.read(&rule, PREVIEW).await;
        let ids = shown["identity"]["userAssignedIdentities"]
            .as_object()
            .cloned();
        ids.unwrap_or_default().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(held("PUT", identities.first()).await, identities[..1]);
    assert_eq!(held("PATCH", None).await, identities[..1]);
    assert_eq!(held("PATCH", identities.last()).await, identities[1..]);
}

/// `deny` in small letters once passed both the tier and the firewall.
#[tokio::test]
async fn a_default_action_counts_in_any_casing() {
    let azure = Azure::start().await;
    let id = registry(&azure, "casingreg1", "Premium").await;
    let rules = json!({ "properties": { "networkRuleSet": { "defaultAction": "deny" } } });
    let closed = azure.send("PATCH", &id, VERSION, Some(rules.clone())).await;
    assert_eq!(
        closed.body["properties"]["networkRuleSet"]["defaultAction"],
        "Deny"
    );
    let basic = registry(&azure, "casingreg2", "Basic").await;
    let refused = azure.send("PATCH", &basic, VERSION, Some(rules)).await;
    assert_eq!(
        (refused.status, code(&refused.body).as_str()),
        (400, "SkuFeatureNotSupported")
    );
}
