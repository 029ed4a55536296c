//! Time and chance come from the clock and the seed: the same story gives the same bytes, and what
//! expires, expires by the clock.

mod support;

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use lazuli_emulator::{Clock, Emulator, EmulatorError, Latency, Options, VirtualClock};
use serde_json::{Value, json};
use support::{Azure, Reply, code};

const START: Duration = Duration::from_secs(1_800_000_000);
const DAY: Duration = Duration::from_secs(86_400);
const NETWORK: &str = "2024-05-01";
const REGISTRY: &str = "2025-03-01-preview";
const WEB: &str = "2025-05-01";
const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

fn options(listen: Option<SocketAddr>, clock: VirtualClock) -> Options {
    let defaults = Options::default();
    Options {
        listen: listen.unwrap_or(defaults.listen),
        latency: Latency::Realistic,
        clock: Clock::Virtual(clock),
        seed: Some(7),
        ..defaults
    }
}

/// An Azure, and every byte that it answered.
struct Story {
    azure: Azure,
    group: String,
    heard: Vec<String>,
}

impl Story {
    /// Where the emulator listened, and what it said.
    async fn play(listen: Option<SocketAddr>) -> Result<(SocketAddr, Vec<String>), EmulatorError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = VirtualClock::starting_at(SystemTime::UNIX_EPOCH + START);
        let emulator = Emulator::start(options(listen, clock)).await?;
        let port = emulator.endpoint().port().expect("a port");
        let azure = Azure::of(emulator).await;
        let group = azure.group("secureacr").await;
        let mut story = Story {
            heard: vec![azure.bearer.clone()],
            azure,
            group,
        };
        story.network().await;
        story.registry().await;
        story.web_app().await;
        story.others().await;
        story.azure.emulator.stop().await;
        Ok((SocketAddr::from(([127, 0, 0, 1], port)), story.heard))
    }

    fn id(&self, rest: &str) -> String {
        format!("{}/providers/{rest}", self.group)
    }

    fn hear(&mut self, what: &str, reply: &Reply) {
        let mut headers: Vec<String> = reply
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        headers.sort();
        let (status, headers) = (reply.status, headers.join("\n"));
        self.heard
            .push(format!("{what}\n{status}\n{headers}\n\n{}", reply.text));
    }

    async fn send(&mut self, method: &str, id: &str, version: &str, body: Value) -> Reply {
        let body = Some(body).filter(|body| !body.is_null());
        let reply = self.azure.send(method, id, version, body).await;
        assert!(reply.status < 300, "{method} {id}: {}", reply.body);
        self.hear(&format!("{method} {id}"), &reply);
        reply
    }

    /// Sends, follows what it starts to its end, and reads what is there then.
    async fn make(&mut self, rest: &str, version: &str, body: Value) -> Value {
        let id = self.id(rest);
        let started = self.send("PUT", &id, version, body).await;
        let poll = started
            .header("azure-asyncoperation")
            .or(started.header("location"))
            .filter(|url| url.starts_with("https:"))
            .map(str::to_owned);
        for _ in 0..20 {
            let Some(url) = &poll else { break };
            let state = self.azure.follow(url).await;
            assert_ne!(state.body["status"], "Failed", "{rest}: {}", state.body);
            self.hear("poll", &state);
            let goes_on = state.body["status"] == "InProgress" || state.status == 202;
            if !goes_on {
                break;
            }
        }
        self.send("GET", &id, version, Value::Null).await.body
    }

    async fn network(&mut self) {
        let network = "Microsoft.Network/virtualNetworks/vnet";
        let space = json!({ "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } });
        let body = json!({ "location": "westcentralus", "properties": space });
        self.make(network, NETWORK, body).await;
        let delegation =
            json!([{ "name": "0", "properties": { "serviceName": "Microsoft.Web/serverfarms" } }]);
        let web = json!({ "addressPrefix": "10.0.0.0/24", "delegations": delegation });
        let endpoints = json!({ "addressPrefix": "10.0.1.0/24" });
        for (name, properties) in [("web", web), ("endpoints", endpoints)] {
            let subnet = format!("{network}/subnets/{name}");
            let body = json!({ "properties": properties });
            self.make(&subnet, NETWORK, body).await;
        }
        let zone = "Microsoft.Network/privateDnsZones/privatelink.azurecr.io";
        self.make(zone, "2024-06-01", json!({ "location": "global" }))
            .await;
        let link = json!({ "location": "global", "properties": {
            "registrationEnabled": false, "virtualNetwork": { "id": self.id(network) } } });
        let path = format!("{zone}/virtualNetworkLinks/link");
        self.make(&path, "2024-06-01", link).await;
    }

    async fn registry(&mut self) {
        let registry = "Microsoft.ContainerRegistry/registries/secureacr2021";
        let body = json!({ "location": "westcentralus", "sku": { "name": "Premium" },
            "properties": { "adminUserEnabled": true } });
        self.make(registry, REGISTRY, body).await;
        let id = self.id(registry);
        let keys = format!("{id}/listCredentials");
        self.send("POST", &keys, REGISTRY, json!({})).await;
        self.build(&id).await;
        let connection = json!({ "name": "pc", "properties": {
            "groupIds": ["registry"], "privateLinkServiceId": id } });
        let subnet = self.id("Microsoft.Network/virtualNetworks/vnet/subnets/endpoints");
        let body = json!({ "location": "westcentralus", "properties": {
            "privateLinkServiceConnections": [connection], "subnet": { "id": subnet } } });
        let endpoint = "Microsoft.Network/privateEndpoints/pe";
        self.make(endpoint, NETWORK, body).await;
        let zone = self.id("Microsoft.Network/privateDnsZones/privatelink.azurecr.io");
        let config = json!([{ "name": "acr", "properties": { "privateDnsZoneId": zone } }]);
        let body = json!({ "properties": { "privateDnsZoneConfigs": config } });
        let path = format!("{endpoint}/privateDnsZoneGroups/zg");
        self.make(&path, NETWORK, body).await;
        let list = format!("{zone}/ALL");
        self.send("GET", &list, "2024-06-01", Value::Null).await;
        self.send("GET", &id, REGISTRY, Value::Null).await;
    }

    async fn build(&mut self, registry: &str) {
        let place = format!("{registry}/listBuildSourceUploadUrl");
        let place = self.send("POST", &place, REGISTRY, json!({})).await.body;
        let url = place["uploadUrl"].as_str().expect("an address");
        let upload = self.azure.http.put(url).body(source());
        let upload = upload.header("x-ms-blob-type", "BlockBlob").send().await;
        assert_eq!(upload.expect("answered").status(), 201);
        let order = json!({ "type": "DockerBuildRequest", "imageNames": ["web:v1"], "isPushEnabled": true,
            "sourceLocation": place["relativePath"], "dockerFilePath": "Dockerfile",
            "platform": { "os": "linux", "architecture": "amd64" } });
        let path = format!("{registry}/scheduleRun");
        let run = self.send("POST", &path, REGISTRY, order).await.body;
        let run = run["properties"]["runId"].as_str().expect("an id");
        let run = format!("{registry}/runs/{run}");
        let path = format!("{run}/listLogSasUrl");
        let link = self.send("POST", &path, REGISTRY, json!({})).await.body;
        let link = link["logLink"].as_str().expect("an address");
        // How often one has to ask is the machine's business.
        loop {
            let head = self.azure.http.head(link).send().await.expect("answered");
            if head.headers().contains_key("x-ms-meta-complete") {
                break;
            }
        }
        let log = self.azure.follow(link).await;
        assert!(log.text.contains("was successful"), "{}", log.text);
        self.hear("log", &log);
        self.send("GET", &run, REGISTRY, Value::Null).await;
    }

    async fn web_app(&mut self) {
        let plan = "Microsoft.Web/serverfarms/plan";
        let body = json!({ "location": "westcentralus", "kind": "linux", "properties": { "reserved": true },
            "sku": { "name": "P1V3" } });
        self.make(plan, WEB, body).await;
        let properties = json!({ "serverFarmId": self.id(plan), "httpsOnly": true,
            "siteConfig": { "linuxFxVersion": "DOCKER|secureacr2021.azurecr.io/web:v1", "acrUseManagedIdentityCreds": true },
            "virtualNetworkSubnetId": self.id("Microsoft.Network/virtualNetworks/vnet/subnets/web") });
        let site = "Microsoft.Web/sites/secureacrweb2021";
        let body = json!({ "location": "westcentralus", "identity": { "type": "SystemAssigned" }, "properties": properties });
        let site = self.make(site, WEB, body).await;
        let role = format!(
            "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{ACR_PULL}",
            self.azure.emulator.subscription()
        );
        let body = json!({ "properties": { "roleDefinitionId": role,
            "principalId": site["identity"]["principalId"], "principalType": "ServicePrincipal" } });
        let path = "Microsoft.ContainerRegistry/registries/secureacr2021/providers/Microsoft.Authorization/roleAssignments/0b1f6471-1bf0-4dda-aec3-111122223333";
        self.make(path, "2022-04-01", body).await;
        let browse = self
            .azure
            .emulator
            .browse("https://secureacrweb2021.azurewebsites.net/");
        let page = browse.await;
        assert_eq!(page.status, 200, "{page:?}");
        self.heard.push(format!("{page:?} {}", page.text()));
        let log = self.azure.emulator.container_log("secureacrweb2021");
        self.heard.push(log.join("\n"));
    }

    /// What draws keys, ids and secrets beside the article.
    async fn others(&mut self) {
        let identity = "Microsoft.ManagedIdentity/userAssignedIdentities/who";
        let body = json!({ "location": "westcentralus" });
        self.make(identity, "2023-01-31", body).await;
        let account = "Microsoft.Storage/storageAccounts/secureacrdata";
        let body = json!({ "location": "westcentralus", "kind": "StorageV2", "sku": { "name": "Standard_LRS" } });
        self.make(account, "2023-05-01", body).await;
        let keys = format!("{}/listKeys", self.id(account));
        self.send("POST", &keys, "2023-05-01", Value::Null).await;
        let tenant = self.azure.emulator.tenant().to_owned();
        let body = json!({ "location": "westcentralus", "properties": {
            "tenantId": tenant, "sku": { "family": "A", "name": "standard" }, "accessPolicies": [] } });
        let vault = "Microsoft.KeyVault/vaults/secureacr-kv";
        self.make(vault, "2023-07-01", body).await;
        let secret = json!({ "properties": { "value": "v" } });
        let path = format!("{vault}/secrets/db");
        self.make(&path, "2023-07-01", secret).await;
        let absent = self.id("Microsoft.Network/virtualNetworks/absent");
        let absent = self.azure.get(&absent, NETWORK).await;
        self.hear("absent", &absent);
        if cfg!(feature = "az") {
            let app = json!({ "displayName": "ci" });
            let app = self.send("POST", "/v1.0/applications", "", app).await.body;
            let path = format!("/v1.0/applications/{}/addPassword", text(&app, "id"));
            self.send("POST", &path, "", json!({})).await;
        }
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().expect("a text").to_owned()
}

fn source() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let files = [
        (
            "Dockerfile",
            "FROM nginx\nCOPY index.html /usr/share/nginx/html\n",
        ),
        ("index.html", "<h1>Hello</h1>"),
    ];
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes())
            .expect("appends");
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar.into_inner().expect("an archive"))
        .expect("compresses");
    gzip.finish().expect("compresses")
}

/// Both listen on the same port, one after the other, because answers name it. Another process may take
/// the port in between; then the story begins again.
#[tokio::test]
async fn the_same_seed_and_clock_give_the_same_bytes() {
    for _ in 0..5 {
        let (address, first) = Story::play(None).await.expect("starts");
        let second = match Story::play(Some(address)).await {
            Ok((_, second)) => second,
            Err(EmulatorError::Listen { .. }) => continue,
            Err(error) => panic!("{error}"),
        };
        for (one, other) in first.iter().zip(&second) {
            assert_eq!(one, other);
        }
        assert_eq!(first.len(), second.len());
        return;
    }
    panic!("the port was taken by somebody else five times");
}

async fn with_clock() -> (Azure, VirtualClock) {
    let clock = VirtualClock::new();
    let options = Options {
        clock: Clock::Virtual(clock.clone()),
        ..Options::default()
    };
    (Azure::with(options).await, clock)
}

#[tokio::test]
async fn a_token_expires_by_the_clock() {
    let (mut azure, clock) = with_clock().await;
    let group = azure.group("g").await;
    clock.advance(Duration::from_secs(3598));
    assert_eq!(azure.get(&group, "2024-11-01").await.status, 200);
    clock.advance(Duration::from_secs(1));
    let refused = azure.get(&group, "2024-11-01").await;
    let found = (refused.status, code(&refused.body));
    assert_eq!(found, (401, "ExpiredAuthenticationToken".to_owned()));
    azure.sign_in().await;
    assert_eq!(azure.get(&group, "2024-11-01").await.status, 200);
}

#[tokio::test]
async fn a_deleted_vault_is_purged_by_the_clock() {
    let (mut azure, clock) = with_clock().await;
    let group = azure.group("g").await;
    let id = format!("{group}/providers/Microsoft.KeyVault/vaults/lazuli-kv7");
    let body = json!({ "location": "westus2", "properties": { "softDeleteRetentionInDays": 7,
        "tenantId": azure.emulator.tenant(), "sku": { "family": "A", "name": "standard" }, "accessPolicies": [] } });
    azure.make(&id, "2023-07-01", body.clone()).await;
    azure.delete(&id, "2023-07-01").await;
    let bin = format!(
        "/subscriptions/{}/providers/Microsoft.KeyVault/locations/westus2/deletedVaults/lazuli-kv7",
        azure.emulator.subscription()
    );
    clock.advance(DAY * 7 - Duration::from_secs(10));
    azure.sign_in().await;
    assert_eq!(azure.get(&bin, "2023-07-01").await.status, 200);
    let taken = azure
        .send("PUT", &id, "2023-07-01", Some(body.clone()))
        .await;
    assert_eq!(taken.status, 409, "{}", taken.body);
    clock.advance(Duration::from_secs(10));
    assert_eq!(azure.get(&bin, "2023-07-01").await.status, 404);
    azure.make(&id, "2023-07-01", body).await;
}

#[cfg(feature = "az")]
#[tokio::test]
async fn a_client_secret_expires_by_the_clock() {
    let (azure, clock) = with_clock().await;
    let app = json!({ "displayName": "ci" });
    let app = azure
        .send("POST", "/v1.0/applications", "", Some(app))
        .await;
    let (app, client) = (text(&app.body, "id"), text(&app.body, "appId"));
    let principal = json!({ "appId": client });
    let made = azure
        .send("POST", "/v1.0/servicePrincipals", "", Some(principal))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/v1.0/applications/{app}/addPassword");
    let secret = azure.send("POST", &path, "", Some(json!({}))).await;
    let form = [
        ("client_id", client),
        ("client_secret", text(&secret.body, "secretText")),
        ("grant_type", "client_credentials".to_owned()),
        ("scope", "https://management.azure.com/.default".to_owned()),
    ];
    let sign_in = || azure.token(azure.emulator.tenant(), &form);
    clock.advance(DAY * 729);
    assert_eq!(sign_in().await.0, 200);
    clock.advance(DAY * 2);
    let (status, refused) = sign_in().await;
    assert_eq!(
        (status, &refused["error_codes"][0]),
        (401, &json!(7_000_222))
    );
}
