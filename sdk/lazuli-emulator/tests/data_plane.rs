//! The article's main path over the wire: deploy with ARM, build, lock down, browse, and break a link.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use lazuli_emulator::{Emulator, Options};
use serde_json::{Value, json};

const DOCKERFILE: &str = "FROM nginx\nCOPY index.html /usr/share/nginx/html\n";
const PAGE: &str = "<h1>Hello Linux v1 from private Azure Container Registry</h1>";
const SITE: &str = "https://secureacrweb2021.azurewebsites.net/";
const ACR_PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

struct Azure {
    emulator: Emulator,
    http: reqwest::Client,
    token: String,
}

struct Reply {
    status: u16,
    poll: Option<String>,
    body: Value,
}

impl Azure {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let emulator = Emulator::start(Options::default()).await.expect("starts");
        let root =
            reqwest::Certificate::from_pem(emulator.ca_pem().as_bytes()).expect("a certificate");
        let http = reqwest::Client::builder()
            .tls_certs_only([root])
            .no_proxy()
            .build()
            .expect("a client");
        let mut azure = Self {
            emulator,
            http,
            token: String::new(),
        };
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", azure.emulator.client()),
            ("client_secret", azure.emulator.secret()),
            ("scope", "https://management.azure.com/.default"),
        ];
        let url = format!(
            "{}{}/oauth2/v2.0/token",
            azure.emulator.endpoint(),
            azure.emulator.tenant()
        );
        let answer = azure
            .http
            .post(url)
            .form(&form)
            .send()
            .await
            .expect("sends");
        let answer: Value = answer.json().await.expect("json");
        azure.token = answer["access_token"].as_str().expect("a token").to_owned();
        azure
    }

    fn id(&self, rest: &str) -> String {
        let group = format!(
            "/subscriptions/{}/resourceGroups/secureacrsetup",
            self.emulator.subscription()
        );
        if rest.is_empty() {
            group
        } else {
            format!("{group}/providers/{rest}")
        }
    }

    async fn send(&self, method: &str, url: &str, body: Option<&Value>) -> Reply {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.expect("sends");
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|v| v.to_str().ok())
                .map(str::to_owned)
        };
        let poll = header("azure-asyncoperation").or_else(|| header("location"));
        let status = response.status().as_u16();
        let text = response.text().await.expect("text");
        Reply {
            status,
            poll,
            body: serde_json::from_str(&text).unwrap_or_default(),
        }
    }

    /// Sends a request and polls what it started to its end.
    async fn settle(&self, method: &str, id: &str, version: &str, body: Option<Value>) -> Value {
        let url = format!(
            "{}{}?api-version={version}",
            self.emulator.endpoint(),
            id.trim_start_matches('/')
        );
        let reply = self.send(method, &url, body.as_ref()).await;
        assert!(
            reply.status < 300,
            "{method} {id}: {} {}",
            reply.status,
            reply.body
        );
        let Some(poll) = reply.poll else {
            return reply.body;
        };
        for _ in 0..50 {
            let state = self.send("GET", &poll, None).await;
            let status = state.body["status"]
                .as_str()
                .unwrap_or("Succeeded")
                .to_owned();
            assert!(
                state.status < 300 && status != "Failed",
                "{method} {id}: {}",
                state.body
            );
            if state.status != 202 && status == "Succeeded" {
                return reply.body;
            }
        }
        panic!("{method} {id} never ends");
    }

    async fn put(&self, rest: &str, version: &str, body: Value) -> Value {
        self.settle("PUT", &self.id(rest), version, Some(body))
            .await
    }

    async fn post(&self, rest: &str, body: Value) -> Value {
        self.settle("POST", &self.id(rest), "2025-03-01-preview", Some(body))
            .await
    }

    async fn network(&self) {
        self.put("", "2024-11-01", json!({ "location": "westcentralus" }))
            .await;
        let vnet = "Microsoft.Network/virtualNetworks/secureacr-vnet";
        let space = json!({ "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } });
        self.put(
            vnet,
            "2025-07-01",
            json!({ "location": "westcentralus", "properties": space }),
        )
        .await;
        let delegation =
            json!([{ "name": "0", "properties": { "serviceName": "Microsoft.Web/serverfarms" } }]);
        let subnet =
            json!({ "properties": { "addressPrefix": "10.0.0.0/24", "delegations": delegation } });
        self.put(
            &format!("{vnet}/subnets/vnet-integration-subnet"),
            "2024-07-01",
            subnet,
        )
        .await;
        let subnet = json!({ "properties": { "addressPrefix": "10.0.1.0/24", "privateEndpointNetworkPolicies": "Disabled" } });
        self.put(
            &format!("{vnet}/subnets/private-endpoint-subnet"),
            "2024-07-01",
            subnet,
        )
        .await;
        let zone = "Microsoft.Network/privateDnsZones/privatelink.azurecr.io";
        self.put(zone, "2018-09-01", json!({ "location": "global" }))
            .await;
        let link =
            json!({ "registrationEnabled": false, "virtualNetwork": { "id": self.id(vnet) } });
        let link = json!({ "location": "global", "properties": link });
        self.put(
            &format!("{zone}/virtualNetworkLinks/acr-zonelink"),
            "2024-06-01",
            link,
        )
        .await;
    }

    async fn registry(&self) {
        let body = json!({ "location": "westcentralus", "sku": { "name": "Premium" }, "properties": { "adminUserEnabled": false } });
        self.put(REGISTRY, "2025-11-01", body).await;
    }

    async fn build(&self, tag: &str) -> String {
        let upload = self
            .post(&format!("{REGISTRY}/listBuildSourceUploadUrl"), json!({}))
            .await;
        let url = upload["uploadUrl"].as_str().expect("uploadUrl");
        let put = self
            .http
            .put(url)
            .header("x-ms-blob-type", "BlockBlob")
            .body(source());
        assert_eq!(put.send().await.expect("sends").status(), 201);
        let run = self
            .post(
                &format!("{REGISTRY}/scheduleRun"),
                json!({ "type": "DockerBuildRequest", "imageNames": [format!("privatewebsite:{tag}")], "isPushEnabled": true,
                    "sourceLocation": upload["relativePath"], "dockerFilePath": "Dockerfile",
                    "platform": { "os": "linux", "architecture": "amd64" } }),
            )
            .await;
        let run = run["properties"]["runId"]
            .as_str()
            .expect("runId")
            .to_owned();
        let link = self
            .post(&format!("{REGISTRY}/runs/{run}/listLogSasUrl"), json!({}))
            .await;
        let link = link["logLink"].as_str().expect("logLink");
        while !self.is_complete(link).await {}
        let log = self
            .http
            .get(link)
            .header("x-ms-range", "bytes=0-65535")
            .send()
            .await
            .expect("sends");
        assert_eq!(log.status(), 206);
        log.text().await.expect("text")
    }

    /// Whether no more will come into a log.
    async fn is_complete(&self, link: &str) -> bool {
        let head = self.http.head(link).send().await.expect("sends");
        assert_eq!(head.status(), 200);
        head.headers().contains_key("x-ms-meta-complete")
    }

    async fn lock_down(&self) {
        let connection = json!({ "name": "secureacr-pc", "properties": { "groupIds": ["registry"], "privateLinkServiceId": self.id(REGISTRY) } });
        let subnet = self
            .id("Microsoft.Network/virtualNetworks/secureacr-vnet/subnets/private-endpoint-subnet");
        let endpoint =
            json!({ "privateLinkServiceConnections": [connection], "subnet": { "id": subnet } });
        let path = "Microsoft.Network/privateEndpoints/secureacr-pe";
        self.put(
            path,
            "2026-01-01",
            json!({ "location": "westcentralus", "properties": endpoint }),
        )
        .await;
        let zone = self.id("Microsoft.Network/privateDnsZones/privatelink.azurecr.io");
        let config = json!([{ "name": "privatelink.azurecr.io", "properties": { "privateDnsZoneId": zone } }]);
        let group = json!({ "properties": { "privateDnsZoneConfigs": config } });
        self.put(
            &format!("{path}/privateDnsZoneGroups/secureacr-zg"),
            "2022-01-01",
            group,
        )
        .await;
        let closed = json!({ "properties": { "publicNetworkAccess": "Disabled", "networkRuleSet": { "defaultAction": "Deny" } } });
        self.settle("PATCH", &self.id(REGISTRY), "2025-11-01", Some(closed))
            .await;
    }

    async fn web_app(&self) {
        let plan = "Microsoft.Web/serverfarms/secureacrplan";
        let body = json!({ "location": "westcentralus", "kind": "linux", "properties": { "reserved": true }, "sku": { "name": "P1V3" } });
        self.put(plan, "2025-03-01", body).await;
        let subnet = self
            .id("Microsoft.Network/virtualNetworks/secureacr-vnet/subnets/vnet-integration-subnet");
        let config =
            json!({ "linuxFxVersion": "DOCKER|mcr.microsoft.com/appsvc/staticsite:latest" });
        let properties = json!({ "serverFarmId": self.id(plan), "siteConfig": config, "httpsOnly": true, "virtualNetworkSubnetId": subnet });
        let body = json!({ "location": "westcentralus", "identity": { "type": "SystemAssigned" }, "properties": properties });
        let site = self.put(WEB_APP, "2025-05-01", body).await;
        let principal = site["identity"]["principalId"]
            .as_str()
            .expect("a principal")
            .to_owned();
        let role = format!(
            "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{ACR_PULL}",
            self.emulator.subscription()
        );
        let name = format!(
            "{REGISTRY}/providers/Microsoft.Authorization/roleAssignments/0b1f6471-1bf0-4dda-aec3-111122223333"
        );
        let properties = json!({ "roleDefinitionId": role, "principalId": principal, "principalType": "ServicePrincipal" });
        self.put(&name, "2022-04-01", json!({ "properties": properties }))
            .await;
    }

    async fn use_image(&self, tag: &str) {
        let settings = json!({ "properties": { "WEBSITE_PULL_IMAGE_OVER_VNET": "true" } });
        self.put(
            &format!("{WEB_APP}/config/appsettings"),
            "2025-05-01",
            settings,
        )
        .await;
        let config = json!({ "linuxFxVersion": format!("DOCKER|secureacr2021.azurecr.io/privatewebsite:{tag}"), "acrUseManagedIdentityCreds": true });
        let path = self.id(&format!("{WEB_APP}/config/web"));
        self.settle(
            "PATCH",
            &path,
            "2025-05-01",
            Some(json!({ "properties": config })),
        )
        .await;
    }
}

const REGISTRY: &str = "Microsoft.ContainerRegistry/registries/secureacr2021";
const WEB_APP: &str = "Microsoft.Web/sites/secureacrweb2021";

fn source() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, text) in [("Dockerfile", DOCKERFILE), ("index.html", PAGE)] {
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

#[tokio::test]
async fn the_article_serves_its_page_until_a_link_is_missing() {
    let azure = Azure::start().await;
    azure.network().await;
    azure.registry().await;
    let log = azure.build("lnx-v1").await;
    assert!(log.contains("Run ID: ch1 was successful"), "{log}");
    azure.lock_down().await;
    let refused = azure.build("lnx-v2").await;
    assert!(refused.contains("denied: client with IP"), "{refused}");
    azure.web_app().await;
    let placeholder = azure.emulator.browse(SITE).await;
    assert!(
        placeholder.status == 200 && placeholder.text().contains("Your app is up"),
        "{placeholder:?}"
    );
    azure.use_image("lnx-v1").await;
    let page = azure.emulator.browse(SITE).await;
    assert_eq!(
        (page.status, page.text().as_str()),
        (200, PAGE),
        "{:#?}",
        azure.emulator.container_log("secureacrweb2021")
    );
    azure.use_image("lnx-v9").await;
    assert_eq!(
        azure.emulator.browse(SITE).await.text(),
        PAGE,
        "the last good image keeps serving"
    );
    azure.use_image("lnx-v1").await;
    let link = azure.id(
        "Microsoft.Network/privateDnsZones/privatelink.azurecr.io/virtualNetworkLinks/acr-zonelink",
    );
    azure.settle("DELETE", &link, "2024-06-01", None).await;
    assert_eq!(azure.emulator.browse(SITE).await.status, 503);
    let log = azure.emulator.container_log("secureacrweb2021").join("\n");
    for cause in [
        "CAUSE - tag lnx-v9 not found in repository privatewebsite of secureacr2021.azurecr.io; tags: lnx-v1",
        "resolves to the public address because no private DNS zone privatelink.azurecr.io linked to secureacr-vnet holds a record for it",
    ] {
        assert!(log.contains(cause), "{cause:?} in {log}");
    }
}

#[tokio::test]
async fn a_registry_made_again_under_its_name_is_empty() {
    let azure = Azure::start().await;
    azure.network().await;
    azure.registry().await;
    azure.build("lnx-v1").await;
    azure
        .settle("DELETE", &azure.id(REGISTRY), "2025-11-01", None)
        .await;
    azure.registry().await;
    azure.web_app().await;
    azure.use_image("lnx-v1").await;
    azure.emulator.browse(SITE).await;
    let log = azure.emulator.container_log("secureacrweb2021").join("\n");
    assert!(
        log.contains("CAUSE - repository privatewebsite not found in secureacr2021.azurecr.io"),
        "{log}"
    );
}
