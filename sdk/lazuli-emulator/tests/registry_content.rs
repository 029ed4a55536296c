//! What is in a registry, by clients that are not ours, through the proxy and under real names: `oci-client` for
//! images, a plain HTTP client for the rest.

mod support;

use oci_client::client::{
    Certificate, CertificateEncoding, Client, ClientConfig, Config, ImageLayer,
};
use oci_client::secrets::RegistryAuth;
use oci_client::{Reference, RegistryOperation};
use reqwest::header::{LOCATION, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use support::Azure;

const VERSION: &str = "2025-11-01";
const HOST: &str = "https://contentreg.azurecr.io";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

struct Bench {
    azure: Azure,
    id: String,
    /// Through the proxy, and without following redirects.
    http: reqwest::Client,
    password: String,
}

impl Bench {
    async fn start() -> Bench {
        let azure = Azure::start().await;
        let group = azure.group("content").await;
        let id = format!("{group}/providers/Microsoft.ContainerRegistry/registries/contentreg");
        let body = json!({ "location": "westus", "sku": { "name": "Premium" }, "properties": { "adminUserEnabled": true } });
        azure.make(&id, VERSION, body).await;
        let credentials = azure
            .send("POST", &format!("{id}/listCredentials"), VERSION, None)
            .await;
        let password = credentials.body["passwords"][0]["value"]
            .as_str()
            .expect("a password")
            .to_owned();
        let root = reqwest::Certificate::from_pem(azure.emulator.ca_pem().as_bytes())
            .expect("a certificate");
        let http = reqwest::Client::builder()
            .tls_certs_only([root])
            .proxy(reqwest::Proxy::https(proxy(&azure)).expect("a proxy"))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Bench {
            azure,
            id,
            http,
            password,
        }
    }

    async fn set(&self, properties: Value) {
        let patch = json!({ "properties": properties });
        let reply = self
            .azure
            .send("PATCH", &self.id, VERSION, Some(patch))
            .await;
        assert!(reply.status < 300, "{}", reply.body);
        self.azure.finish(&reply).await;
    }

    fn oci(&self) -> Client {
        Client::new(ClientConfig {
            tls_certs_only: vec![Certificate {
                encoding: CertificateEncoding::Pem,
                data: self.azure.emulator.ca_pem().as_bytes().to_vec(),
            }],
            https_proxy: Some(proxy(&self.azure)),
            ..Default::default()
        })
    }

    async fn push(&self, auth: &RegistryAuth, name: &str, layer: &[u8]) -> Result<(), String> {
        let layers = [ImageLayer::new(layer.to_vec(), LAYER.into(), None)];
        let config = Config::oci_v1(b"{}".to_vec(), None);
        let pushed = self
            .oci()
            .push(&image(name), &layers, config, auth, None)
            .await;
        pushed.map(|_| ()).map_err(|error| error.to_string())
    }

    async fn pull(&self, auth: &RegistryAuth, name: &str) -> Result<Vec<u8>, String> {
        let pulled = self.oci().pull(&image(name), auth, vec![LAYER]).await;
        pulled
            .map(|image| image.layers[0].data.to_vec())
            .map_err(|error| error.to_string())
    }

    fn admin(&self) -> RegistryAuth {
        RegistryAuth::Basic("contentreg".into(), self.password.clone())
    }

    fn request(&self, method: &str, url: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        self.http
            .request(method, url)
            .basic_auth("contentreg", Some(&self.password))
    }

    async fn send(&self, method: &str, url: &str) -> reqwest::Response {
        self.request(method, url).send().await.expect("answered")
    }

    /// A token user of the registry with these actions.
    async fn token(&self, name: &str, actions: &[&str]) -> RegistryAuth {
        let map = format!("{}/scopeMaps/{name}", self.id);
        self.azure
            .make(
                &map,
                VERSION,
                json!({ "properties": { "actions": actions } }),
            )
            .await;
        let token = format!("{}/tokens/{name}", self.id);
        self.azure
            .make(
                &token,
                VERSION,
                json!({ "properties": { "scopeMapId": map } }),
            )
            .await;
        let path = format!("{}/generateCredentials", self.id);
        let made = self
            .azure
            .send("POST", &path, VERSION, Some(json!({ "tokenId": token })))
            .await;
        let password = made.body["passwords"][0]["value"]
            .as_str()
            .expect("a password");
        RegistryAuth::Basic(name.into(), password.into())
    }
}

fn proxy(azure: &Azure) -> String {
    let endpoint = azure.emulator.endpoint();
    format!("http://127.0.0.1:{}", endpoint.port().expect("a port"))
}

fn image(name: &str) -> Reference {
    format!("contentreg.azurecr.io/{name}")
        .parse()
        .expect("a reference")
}

fn header(response: &reqwest::Response, name: reqwest::header::HeaderName) -> String {
    let value = response
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

async fn error_code(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap_or_default();
    (
        status,
        body["errors"][0]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    )
}

#[tokio::test]
async fn a_token_reaches_what_its_scope_map_names() {
    let bench = Bench::start().await;
    bench
        .push(&bench.admin(), "team/web:1", b"layer")
        .await
        .expect("the admin pushes");
    bench
        .push(&bench.admin(), "other:1", b"layer")
        .await
        .expect("the admin pushes");
    let reader = bench
        .token("reader", &["repositories/team/*/content/read"])
        .await;
    assert_eq!(
        bench.pull(&reader, "team/web:1").await.as_deref(),
        Ok(&b"layer"[..])
    );
    assert!(bench.pull(&reader, "other:1").await.is_err());
    assert!(bench.push(&reader, "team/web:2", b"x").await.is_err());
    let writer = bench
        .token(
            "writer",
            &[
                "repositories/team/web/content/read",
                "repositories/team/web/content/write",
            ],
        )
        .await;
    bench
        .push(&writer, "team/web:2", b"x")
        .await
        .expect("the writer pushes");
    let off = json!({ "properties": { "status": "disabled" } });
    let patched = bench
        .azure
        .send(
            "PATCH",
            &format!("{}/tokens/reader", bench.id),
            VERSION,
            Some(off),
        )
        .await;
    assert_eq!(patched.status, 201);
    assert!(
        bench.pull(&reader, "team/web:1").await.is_err(),
        "a disabled token"
    );
}

#[tokio::test]
async fn anonymous_pull_is_off_until_it_is_on() {
    let bench = Bench::start().await;
    bench
        .push(&bench.admin(), "web:1", b"layer")
        .await
        .expect("pushes");
    assert!(bench.pull(&RegistryAuth::Anonymous, "web:1").await.is_err());
    bench.set(json!({ "anonymousPullEnabled": true })).await;
    assert_eq!(
        bench
            .pull(&RegistryAuth::Anonymous, "web:1")
            .await
            .as_deref(),
        Ok(&b"layer"[..])
    );
    assert!(
        bench
            .push(&RegistryAuth::Anonymous, "web:2", b"x")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn layers_come_from_an_address_that_carries_its_permission() {
    let bench = Bench::start().await;
    bench
        .push(&bench.admin(), "web:1", b"a layer of bytes")
        .await
        .expect("pushes");
    let manifest: Value = bench
        .request("GET", &format!("{HOST}/v2/web/manifests/1"))
        .header("accept", MANIFEST)
        .send()
        .await
        .expect("answered")
        .json()
        .await
        .expect("JSON");
    let blob = format!(
        "{HOST}/v2/web/blobs/{}",
        manifest["layers"][0]["digest"].as_str().expect("a digest")
    );
    for (dedicated, host) in [
        (false, ".blob.core.windows.net/"),
        (true, "https://contentreg.westus.data.azurecr.io/"),
    ] {
        bench.set(json!({ "dataEndpointEnabled": dedicated })).await;
        let sent_on = bench.send("GET", &blob).await;
        let location = header(&sent_on, LOCATION);
        assert_eq!(sent_on.status(), 307);
        assert!(location.contains(host), "{location}");
        let part = bench
            .http
            .get(&location)
            .header("range", "bytes=2-6")
            .send()
            .await
            .expect("answered");
        assert_eq!(
            (
                part.status().as_u16(),
                part.text().await.expect("text").as_str()
            ),
            (206, "layer")
        );
        let forged = location.replace("sig=", "sig=x");
        assert_eq!(
            error_code(bench.http.get(&forged).send().await.expect("answered")).await,
            (403, "AuthenticationFailed".into())
        );
    }
    let location = header(&bench.send("GET", &blob).await, LOCATION);
    bench
        .set(json!({ "networkRuleSet": { "defaultAction": "Deny" } }))
        .await;
    for url in [&location, &blob] {
        assert_eq!(
            error_code(bench.send("GET", url).await).await,
            (403, "DENIED".into()),
            "{url}"
        );
    }
    let rules = json!({ "defaultAction": "Deny", "ipRules": [{ "value": "203.0.113.0/24", "action": "Allow" }] });
    bench.set(json!({ "networkRuleSet": rules })).await;
    assert_eq!(bench.send("GET", &location).await.status(), 200);
}

#[tokio::test]
async fn who_pushes_first_and_asks_for_a_token_later_gets_the_challenge() {
    let bench = Bench::start().await;
    let url = format!("{HOST}/v2/web/blobs/uploads/0b1f6471-1bf0-4dda-aec3-111122223333");
    let answer = bench
        .http
        .patch(&url)
        .body(vec![7; 8 << 20])
        .send()
        .await
        .expect("the answer arrives");
    assert_eq!(answer.status(), 401);
    let challenge = header(&answer, WWW_AUTHENTICATE);
    assert_eq!(
        challenge,
        format!(
            "Bearer realm=\"{HOST}/oauth2/token\",service=\"contentreg.azurecr.io\",scope=\"repository:web:push\""
        )
    );
}

#[tokio::test]
async fn what_a_registry_has_no_answer_to_is_said() {
    let bench = Bench::start().await;
    let cases = [
        ("/acr/v1/_deleted/_catalog", 501, "NotModelledByEmulator"),
        ("/helm/v1/repo/index.yaml", 501, "NotModelledByEmulator"),
        ("/nowhere", 404, "NOT_FOUND"),
        ("/acr/v1/absent", 404, "NAME_UNKNOWN"),
        ("/v2/absent/manifests/1", 404, "MANIFEST_UNKNOWN"),
    ];
    for (path, status, code) in cases {
        let answer = bench.send("GET", &format!("{HOST}{path}")).await;
        assert_eq!(error_code(answer).await, (status, code.into()), "{path}");
    }
}

#[tokio::test]
async fn signatures_are_found_by_what_they_sign() {
    let bench = Bench::start().await;
    let admin = bench.admin();
    bench.push(&admin, "web:1", b"layer").await.expect("pushes");
    let oci = bench.oci();
    oci.auth(&image("web:1"), &admin, RegistryOperation::Pull)
        .await
        .expect("signs in");
    let digest = oci
        .fetch_manifest_digest(&image("web:1"), &admin)
        .await
        .expect("a digest");
    let empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let signature = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/example.signature",
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": empty, "size": 2 }, "layers": [],
        "subject": { "mediaType": MANIFEST, "digest": digest, "size": 1 },
    });
    let put = bench
        .request("PUT", &format!("{HOST}/v2/web/manifests/signature"))
        .header("content-type", MANIFEST)
        .body(signature.to_string())
        .send()
        .await
        .expect("answered");
    assert_eq!(
        (
            put.status().as_u16(),
            put.headers()
                .get("oci-subject")
                .and_then(|v| v.to_str().ok())
        ),
        (201, Some(digest.as_str()))
    );
    let count = async |query: &str| {
        let url = format!("{HOST}/v2/web/referrers/{digest}{query}");
        let index: Value = bench.send("GET", &url).await.json().await.expect("JSON");
        index["manifests"].as_array().map(Vec::len)
    };
    assert_eq!(count("").await, Some(1));
    assert_eq!(
        count("?artifactType=application/example.signature").await,
        Some(1)
    );
    assert_eq!(count("?artifactType=application/other").await, Some(0));
}

#[tokio::test]
async fn a_locked_tag_is_not_pushed_again_and_a_webhook_hears_of_the_rest() {
    let bench = Bench::start().await;
    let admin = bench.admin();
    let hook = format!("{}/webhooks/hook01", bench.id);
    let properties = json!({ "serviceUri": "https://example.com", "actions": ["push", "delete"], "scope": "web:*" });
    bench
        .azure
        .make(
            &hook,
            VERSION,
            json!({ "location": "westus", "properties": properties }),
        )
        .await;
    bench.push(&admin, "web:1", b"one").await.expect("pushes");
    bench.push(&admin, "other:1", b"one").await.expect("pushes");
    let tag = format!("{HOST}/acr/v1/web/_tags/1");
    let lock = |on: bool| {
        bench
            .request("PATCH", &tag)
            .json(&json!({ "writeEnabled": !on }))
            .send()
    };
    assert_eq!(lock(true).await.expect("answered").status(), 200);
    let refused = bench
        .push(&admin, "web:1", b"two")
        .await
        .expect_err("locked");
    assert!(refused.contains("disallowed"), "{refused}");
    lock(false).await.expect("answered");
    assert_eq!(bench.send("DELETE", &tag).await.status(), 202);
    let events = bench
        .azure
        .send("POST", &format!("{hook}/listEvents"), VERSION, None)
        .await;
    let events: Vec<_> = events.body["value"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| &event["eventRequestMessage"]["content"])
        .map(|content| {
            (
                content["action"].as_str(),
                content["target"]["repository"].as_str(),
                content["target"]["tag"].as_str(),
            )
        })
        .collect();
    let expect = [("delete", "web", "1"), ("push", "web", "1")];
    assert_eq!(events, expect.map(|(a, r, t)| (Some(a), Some(r), Some(t))));
}
