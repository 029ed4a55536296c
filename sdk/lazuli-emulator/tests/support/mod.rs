//! A started emulator and a client that trusts it.
#![allow(dead_code, reason = "each test file uses a part of this")]

use lazuli_emulator::{Emulator, Options};
use serde_json::{Value, json};

pub(crate) struct Azure {
    pub(crate) emulator: Emulator,
    pub(crate) http: reqwest::Client,
    pub(crate) bearer: String,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The error code of any of Azure's shapes, empty when there is none.
pub(crate) fn code(body: &Value) -> String {
    let candidates = [&body["error"]["code"], &body["Code"], &body["code"]];
    candidates
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

impl Azure {
    pub(crate) async fn start() -> Azure {
        Azure::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Azure {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Azure::of(Emulator::start(options).await.expect("the emulator starts")).await
    }

    pub(crate) async fn of(emulator: Emulator) -> Azure {
        let ca =
            reqwest::Certificate::from_pem(emulator.ca_pem().as_bytes()).expect("a certificate");
        let http = reqwest::Client::builder()
            .tls_certs_only([ca])
            .no_proxy()
            .build()
            .expect("a client");
        let mut azure = Azure {
            emulator,
            http,
            bearer: String::new(),
        };
        azure.sign_in().await;
        azure
    }

    /// Gets a token for ARM, as at the start.
    pub(crate) async fn sign_in(&mut self) {
        let azure = self;
        let form = [
            ("client_id", azure.emulator.client().to_owned()),
            ("client_secret", azure.emulator.secret().to_owned()),
            ("grant_type", "client_credentials".to_owned()),
            ("scope", "https://management.azure.com/.default".to_owned()),
        ];
        let (status, token) = azure.token(azure.emulator.tenant(), &form).await;
        assert_eq!(status, 200, "{token}");
        azure.bearer = token["access_token"].as_str().expect("a token").to_owned();
    }

    fn url(&self, path: &str) -> String {
        format!(
            "{}{path}",
            self.emulator.endpoint().as_str().trim_end_matches('/')
        )
    }

    pub(crate) async fn token(&self, tenant: &str, form: &[(&str, String)]) -> (u16, Value) {
        let url = self.url(&format!("/{tenant}/oauth2/v2.0/token"));
        let answer = self
            .http
            .post(url)
            .form(form)
            .send()
            .await
            .expect("answered");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    pub(crate) async fn anonymous(&self, path: &str) -> Reply {
        reply(self.http.get(self.url(path))).await
    }

    /// `version` may carry further query parameters; an empty one leaves the query out.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        version: &str,
        body: Option<Value>,
    ) -> Reply {
        let request = self.request(method, path, version);
        reply(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    pub(crate) async fn send_text(
        &self,
        method: &str,
        path: &str,
        version: &str,
        body: &str,
    ) -> Reply {
        reply(
            self.request(method, path, version)
                .header("content-type", "application/json")
                .body(body.to_owned()),
        )
        .await
    }

    fn request(&self, method: &str, path: &str, version: &str) -> reqwest::RequestBuilder {
        let query = if version.is_empty() {
            String::new()
        } else {
            format!("?api-version={version}")
        };
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        self.http
            .request(method, self.url(&format!("{path}{query}")))
            .bearer_auth(&self.bearer)
    }

    pub(crate) async fn get(&self, path: &str, version: &str) -> Reply {
        self.send("GET", path, version, None).await
    }

    /// The body of something that is there.
    pub(crate) async fn read(&self, path: &str, version: &str) -> Value {
        let reply = self.get(path, version).await;
        assert_eq!(reply.status, 200, "GET {path}: {}", reply.body);
        reply.body
    }

    pub(crate) async fn follow(&self, url: &str) -> Reply {
        reply(self.http.get(url).bearer_auth(&self.bearer)).await
    }

    /// A request to a host of the data plane, as a client that resolved its name to the emulator.
    pub(crate) async fn at_host(
        &self,
        host: &str,
        bearer: Option<&str>,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Reply {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let ca = reqwest::Certificate::from_pem(self.emulator.ca_pem().as_bytes());
        // HTTP/2 would take the host from the address.
        let http = reqwest::Client::builder()
            .tls_certs_only([ca.expect("a certificate")])
            .http1_only()
            .no_proxy()
            .build()
            .expect("a client");
        let mut request = http.request(method, self.url(path)).header("host", host);
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        reply(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    /// Polls an operation to its end and answers its last body.
    pub(crate) async fn finish(&self, started: &Reply) -> Value {
        let Some(url) = started
            .header("azure-asyncoperation")
            .or(started.header("location"))
        else {
            return json!({});
        };
        for _ in 0..20 {
            let poll = self.follow(url).await;
            let running = poll.status == 202
                || ["InProgress", "Running"]
                    .iter()
                    .any(|word| poll.body["status"] == *word);
            if !running {
                return poll.body;
            }
        }
        panic!("the operation at {url} does not end");
    }

    /// Creates something and waits for it.
    pub(crate) async fn make(&self, path: &str, version: &str, body: Value) -> Value {
        let started = self.send("PUT", path, version, Some(body)).await;
        assert!(
            (200..300).contains(&started.status),
            "PUT {path}: {} {}",
            started.status,
            started.body
        );
        let end = self.finish(&started).await;
        assert_ne!(end["status"], "Failed", "PUT {path}: {end}");
        started.body
    }

    pub(crate) async fn delete(&self, path: &str, version: &str) {
        let started = self.send("DELETE", path, version, None).await;
        assert!(
            (200..300).contains(&started.status),
            "DELETE {path}: {} {}",
            started.status,
            started.body
        );
        let end = self.finish(&started).await;
        assert_ne!(end["status"], "Failed", "DELETE {path}: {end}");
    }

    pub(crate) async fn group(&self, name: &str) -> String {
        let id = format!(
            "/subscriptions/{}/resourceGroups/{name}",
            self.emulator.subscription()
        );
        self.make(&id, "2024-11-01", json!({ "location": "westcentralus" }))
            .await;
        id
    }
}

async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let answer = request.send().await.expect("answered");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await.expect("text");
    Reply {
        status,
        headers,
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
        text,
    }
}
