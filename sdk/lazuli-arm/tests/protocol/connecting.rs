//! Connecting: discovery, sign-in over a private authority, and the choice of the subscription.

use std::sync::{Arc, Mutex};

use lazuli_arm::{
    ArmClient, ArmErrorKind, CloudSource, ConnectOptions, Credential, CredentialSource, Env,
    SecretString, Url,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::stage::{Stage, json as body, options};

/// A small Azure behind TLS with an authority of its own: metadata, token endpoint, subscriptions.
struct PrivateCloud {
    endpoint: Url,
    ca_pem: Vec<u8>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl PrivateCloud {
    async fn start() -> Self {
        let certified =
            rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()])
                .unwrap();
        let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Url::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let cloud = Self {
            endpoint,
            ca_pem: certified.cert.pem().into_bytes(),
            asked: Arc::clone(&asked),
        };
        let (acceptor, base) = (
            TlsAcceptor::from(Arc::new(config)),
            cloud.endpoint.to_string(),
        );
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, asked, base) = (acceptor.clone(), Arc::clone(&asked), base.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let request = read_request(&mut stream).await;
                    let (status, answer) = answer(&request, &base);
                    asked.lock().unwrap().push(request);
                    let head = format!(
                        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                        answer.len()
                    );
                    let _ = stream.write_all((head + &answer).as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        cloud
    }

    fn options(&self, secret: &str) -> ConnectOptions {
        let variables = [
            ("AZURE_TENANT_ID", "t1"),
            ("AZURE_CLIENT_ID", "c1"),
            ("AZURE_CLIENT_SECRET", secret),
        ];
        ConnectOptions::new(CloudSource::Endpoint(self.endpoint.clone()))
            .env(Env::from_iter(variables))
            .ca_bundle(self.ca_pem.clone())
    }
}

async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
        let length = text.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        });
        if read == 0 || body.is_some_and(|body| body >= length.unwrap_or(0)) {
            return text;
        }
    }
}

fn answer(request: &str, base: &str) -> (u16, String) {
    let metadata = json!({"name": "Private", "suffixes": {"acrLoginServer": "azurecr.test"},
        "authentication": {"loginEndpoint": base, "audiences": ["https://arm.test/"]}});
    let wrong = json!({"error": "invalid_client", "error_codes": [7000215],
        "error_description": "AADSTS7000215: Invalid client secret provided."});
    let token = json!({"token_type": "Bearer", "expires_in": 3600, "access_token": "issued-token"});
    let (status, value) = match request {
        r if r.starts_with("GET /metadata/endpoints?api-version=2022-09-01") => (200, metadata),
        r if r.starts_with("GET /oidc?job=1&audience=api%3A%2F%2FAzureADTokenExchange")
            && r.to_ascii_lowercase()
                .contains("authorization: bearer runner") =>
        {
            (200, json!({"value": "proof-of-job"}))
        }
        r if r.starts_with("POST /t1/oauth2/v2.0/token")
            && [
                "client_assertion=proof-of-job",
                "client_assertion=proof-of-pod",
            ]
            .iter()
            .any(|p| r.contains(p)) =>
        {
            (200, token)
        }
        r if r.starts_with("POST /t1/oauth2/v2.0/token") && r.contains("client_secret=right") => {
            (200, token)
        }
        r if r.starts_with("POST /t1/oauth2/v2.0/token") && r.contains("client_secret=flood") => {
            (200, json!({"access_token": "x".repeat(9 * 1024 * 1024)}))
        }
        r if r.starts_with("POST /t1/oauth2/v2.0/token") && r.contains("client_secret=past") => (
            200,
            json!({"access_token": "issued-token", "expires_in": -99_999_999_999_999_i64}),
        ),
        r if r.starts_with("POST /t1/oauth2/v2.0/token") && r.contains("client_secret=ages") => (
            200,
            json!({"access_token": "issued-token", "expires_in": i64::MAX}),
        ),
        r if r.starts_with("POST /t1/oauth2/v2.0/token") => (401, wrong),
        r if r.starts_with("GET /subscriptions?")
            && r.to_ascii_lowercase()
                .contains("authorization: bearer issued-token") =>
        {
            (
                200,
                json!({"value": [{"subscriptionId": "only-one", "displayName": "One", "state": "Enabled"}]}),
            )
        }
        _ => (
            500,
            json!({"error": {"code": "Unexpected", "message": request.lines().next()}}),
        ),
    };
    (status, value.to_string())
}

#[tokio::test]
async fn a_private_cloud_is_discovered_and_signed_in_to_with_its_own_authority() {
    let cloud = PrivateCloud::start().await;
    let client = ArmClient::connect(cloud.options("right")).await.unwrap();
    assert_eq!(client.subscription(), "only-one");
    assert_eq!(
        (
            client.cloud().name.as_str(),
            client.cloud().suffixes.acr_login_server.as_str()
        ),
        ("Private", "azurecr.test")
    );
    let asked = cloud.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 3, "metadata, token, subscriptions");
    assert!(
        asked[1].contains("scope=https%3A%2F%2Farm.test%2F.default"),
        "{}",
        asked[1]
    );
    assert!(!format!("{client:?}").contains("right"));
}

#[tokio::test]
async fn jobs_and_pods_sign_in_without_a_secret() {
    let cloud = PrivateCloud::start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "proof-of-pod").unwrap();
    let identity = || Env::from_iter([("AZURE_TENANT_ID", "t1"), ("AZURE_CLIENT_ID", "c1")]);
    let pod = identity().with("AZURE_FEDERATED_TOKEN_FILE", file.path().to_str().unwrap());
    let job = identity()
        .with(
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            &format!("{}oidc?job=1", cloud.endpoint),
        )
        .with("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner");
    for env in [pod, job] {
        let client = ArmClient::connect(cloud.options("unused").env(env))
            .await
            .unwrap();
        assert_eq!(client.subscription(), "only-one");
    }
    let proof = |proof: &str| {
        cloud
            .asked
            .lock()
            .unwrap()
            .iter()
            .any(|request| request.contains(proof))
    };
    assert!(proof("client_assertion=proof-of-pod") && proof("client_assertion=proof-of-job"));
}

#[tokio::test]
async fn a_wrong_secret_says_which_variable_to_check() {
    let cloud = PrivateCloud::start().await;
    let error = ArmClient::connect(cloud.options("wrong-secret-value"))
        .await
        .unwrap_err();
    assert!(
        error.is_auth() && error.to_string().contains("AADSTS7000215"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("AZURE_CLIENT_SECRET"));
    assert!(!format!("{error} {error:?}").contains("wrong-secret-value"));
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn an_unknown_authority_is_told_apart_from_a_dead_endpoint() {
    let cloud = PrivateCloud::start().await;
    let mut options = cloud.options("right");
    options.transport.ca_bundle = None;
    let error = ArmClient::connect(options).await.unwrap_err();
    assert_eq!(error.kind(), ArmErrorKind::Tls, "{error}");
    assert!(error.hint().unwrap().contains("--ca-bundle"));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Url::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let error = ArmClient::connect(ConnectOptions::new(CloudSource::Endpoint(endpoint)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ArmErrorKind::Unreachable, "{error}");
}

#[tokio::test]
async fn the_subscription_must_be_clear() {
    let entry = |id: &str, state: &str| json!({"subscriptionId": id, "displayName": id.to_uppercase(), "state": state});
    let list = |entries: &[(&str, &str)]| {
        let entries: Vec<_> = entries.iter().map(|(id, state)| entry(id, state)).collect();
        body(200, json!({"value": entries}))
    };
    type Case<'a> = (&'a [(&'a str, &'a str)], Result<&'a str, &'a str>);
    let cases: [Case<'_>; 4] = [
        (&[("a", "Enabled")], Ok("a")),
        (&[("a", "Enabled"), ("b", "Disabled")], Ok("a")),
        (&[("a", "Enabled"), ("b", "Enabled")], Err("- b (B)")),
        (&[], Err("no usable subscription")),
    ];
    for (entries, expected) in cases {
        let stage = Stage::new().await.plays([list(entries)]);
        let mut options = options(&stage.link(""));
        options.subscription = None;
        match (ArmClient::connect(options).await, expected) {
            (Ok(client), Ok(id)) => assert_eq!(client.subscription(), id),
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
            (other, _) => panic!("{entries:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn the_environment_names_the_subscription_without_asking() {
    let stage = Stage::new().await;
    let mut options =
        options(&stage.link("")).env(Env::from_iter([("AZURE_SUBSCRIPTION_ID", "from-env")]));
    options.subscription = None;
    assert_eq!(
        ArmClient::connect(options).await.unwrap().subscription(),
        "from-env"
    );
    assert!(stage.asked().is_empty());
}

#[tokio::test]
async fn tokens_do_not_travel_in_clear() {
    let far = ArmClient::connect(options("http://192.0.2.1"))
        .await
        .unwrap_err();
    assert!(far.to_string().contains("has no TLS"), "{far}");
    let secret = CredentialSource::ClientSecret {
        tenant: "t".to_owned(),
        client: "c".to_owned(),
        secret: SecretString::from("s"),
    };
    let near = ArmClient::connect(options("http://127.0.0.1:1").credential(secret))
        .await
        .unwrap_err();
    assert!(near.to_string().contains("has no TLS"), "{near}");
    let given = Credential::static_token(SecretString::from("hunter2"));
    assert!(
        !format!(
            "{:?}",
            options("http://127.0.0.1:1").credential(CredentialSource::Given(given))
        )
        .contains("hunter2")
    );
}

#[tokio::test]
async fn an_endpoint_that_is_no_cloud_says_what_it_answered() {
    let page = crate::stage::reply(404).set_body_raw("<html>It works!</html>", "text/html");
    let stage = Stage::new().await.plays([page]);
    let endpoint = Url::parse(&stage.link("")).unwrap();
    let error = ArmClient::connect(ConnectOptions::new(CloudSource::Endpoint(endpoint)))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("HTTP 404") && text.contains("does not describe a cloud: It works!"),
        "{text}"
    );
    assert_eq!(
        stage.asked().len(),
        1,
        "a page that is not there is not asked for again"
    );
}

fn metadata(login: &str, audience: &str) -> serde_json::Value {
    json!({"name": "Local", "authentication": {"loginEndpoint": login, "audiences": [audience]}})
}

fn discovering(endpoint: &str) -> ConnectOptions {
    let mut options = options(endpoint);
    options.cloud = CloudSource::Endpoint(Url::parse(endpoint).unwrap());
    options
}

#[tokio::test]
async fn the_first_request_is_repeated_like_all_others() {
    let stage = Stage::new().await;
    let base = stage.link("");
    let page = crate::stage::reply(200).set_body_raw("<html>proxy</html>", "text/html");
    let stage = stage.plays([
        crate::stage::reply(503),
        page,
        body(200, metadata(&base, &base)),
    ]);
    let client = ArmClient::connect(discovering(&base)).await.unwrap();
    assert_eq!(client.cloud().name, "Local");
    assert_eq!(stage.asked().len(), 3);
}

#[tokio::test]
async fn an_endpoint_that_sends_secrets_elsewhere_is_refused_before_they_go() {
    let stage = Stage::new().await;
    let base = stage.link("");
    let stage = stage.plays([body(200, metadata("https://elsewhere.test/", &base))]);
    let error = ArmClient::connect(discovering(&base)).await.unwrap_err();
    assert_eq!(error.kind(), ArmErrorKind::ForeignUrl, "{error}");
    let stage = stage.plays([body(200, metadata("https://elsewhere.test/", &base))]);
    let env = Env::from_iter([("AZURE_AUTHORITY_HOST", "elsewhere.test")]);
    ArmClient::connect(discovering(&base).env(env))
        .await
        .unwrap();
    let stage = stage.plays([body(200, metadata(&base, "https://management.azure.com"))]);
    let error = ArmClient::connect(discovering(&base)).await.unwrap_err();
    assert_eq!(error.kind(), ArmErrorKind::ForeignUrl, "{error}");
    assert_eq!(stage.asked().len(), 3);
}

#[tokio::test]
async fn an_answer_of_the_token_endpoint_is_read_up_to_the_limit() {
    let cloud = PrivateCloud::start().await;
    let error = ArmClient::connect(cloud.options("flood"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("larger than 8 MB"), "{error}");
}

#[tokio::test]
async fn a_token_that_has_expired_before_it_was_given_is_an_error_that_says_so() {
    let cloud = PrivateCloud::start().await;
    let error = ArmClient::connect(cloud.options("past")).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`expires_in` is -99999999999999"),
        "{error}"
    );
    let client = ArmClient::connect(cloud.options("ages")).await.unwrap();
    assert_eq!(client.subscription(), "only-one");
}
