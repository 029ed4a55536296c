//! Wrapping by Azure Key Vault, against a small double of its published REST
//! contract: the challenge, `wrapkey`, `unwrapkey`, a refusal. The double does no
//! RSA; what it answers is opaque to the client, as the vault's answer is. No real
//! vault has been asked.

#![cfg(feature = "azure")]

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lazuli_arm::{Credential, Env, SecretString};
use lazuli_engine::{KeyProvider as _, PlainKey, WrappedKey};
use lazuli_remote::{Access, KeyVault};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use wiremock::matchers::{header, header_exists, method, path, query_param_contains};
use wiremock::{Match, Mock, MockServer, Request, Respond, ResponseTemplate};

const TOKEN: &str = "token-of-the-test";
const VERSION: &str = "78deebed173b48e48f55abf87ed4cf71";

struct NotSignedIn;

impl Match for NotSignedIn {
    fn matches(&self, request: &Request) -> bool {
        !request.headers.contains_key("authorization")
    }
}

/// What the vault makes of a value, and back: each byte turned over.
struct Turned {
    kid: String,
}

impl Respond for Turned {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["alg"], "RSA-OAEP-256");
        let value = URL_SAFE_NO_PAD
            .decode(body["value"].as_str().unwrap().trim_end_matches('='))
            .unwrap();
        let turned: Vec<u8> = value.iter().map(|byte| !byte).collect();
        let answer = json!({ "kid": self.kid, "value": URL_SAFE_NO_PAD.encode(turned) });
        ResponseTemplate::new(200).set_body_json(answer)
    }
}

/// The double, and TLS in front of it: the client sends no token without.
struct Vault {
    url: String,
    pem: Vec<u8>,
    _server: MockServer,
}

/// Passes bytes on to the double; ends with the test's runtime.
async fn with_tls(to: std::net::SocketAddr) -> (u16, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut client = acceptor.accept(client).await.unwrap();
                let mut server = TcpStream::connect(to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (port, made.cert.pem().into_bytes())
}

async fn vault() -> Vault {
    let server = MockServer::start().await;
    let (port, pem) = with_tls(*server.address()).await;
    let url = format!("https://127.0.0.1:{port}");
    let challenge = "Bearer authorization=\"https://login.microsoftonline.com/t\", resource=\"https://vault.azure.net\"";
    Mock::given(NotSignedIn)
        .respond_with(ResponseTemplate::new(401).insert_header("WWW-Authenticate", challenge))
        .mount(&server)
        .await;
    let kid = format!("{url}/keys/state/{VERSION}");
    let signed_in = || header("authorization", format!("Bearer {TOKEN}").as_str());
    for (verb, at) in [
        ("wrapkey", "/keys/state//wrapkey".to_owned()),
        ("unwrapkey", format!("/keys/state/{VERSION}/unwrapkey")),
    ] {
        Mock::given(method("POST"))
            .and(path(at))
            .and(signed_in())
            .and(query_param_contains("api-version", "20"))
            .respond_with(Turned { kid: kid.clone() })
            .named(verb)
            .mount(&server)
            .await;
    }
    let refusal = json!({ "error": { "code": "Forbidden", "message": "no permission wrapKey" } });
    Mock::given(header_exists("authorization"))
        .and(path("/keys/closed//wrapkey"))
        .respond_with(ResponseTemplate::new(403).set_body_json(refusal))
        .mount(&server)
        .await;
    Vault {
        url,
        pem,
        _server: server,
    }
}

fn provider(vault: &Vault, key: Option<&str>) -> KeyVault {
    let access = Access {
        azure: Env::empty(),
        variables: BTreeMap::new(),
        ca_bundle: Some(vault.pem.clone()),
    };
    let address = key.map(|name| format!("{}/keys/{name}", vault.url));
    let vault = KeyVault::new(address.as_deref(), access).unwrap();
    vault.with_credential(Credential::static_token(SecretString::from(
        TOKEN.to_owned(),
    )))
}

/// The vault answers on other threads: the provider blocks this one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_wrapped_and_opened_by_the_version_that_wrapped_it() {
    let server = vault().await;
    let plain = PlainKey::from_bytes(&[7; 32]).unwrap();
    let wrapped = provider(&server, Some("state")).wrap(&plain).unwrap();
    let text = wrapped.to_text();
    assert!(
        text.contains(VERSION) && text.contains("azure-key-vault"),
        "{text}"
    );
    assert_eq!(wrapped.wrapped().unwrap(), [!7; 32]);
    // Another process, which knows of no key but what is written.
    let wrapped = WrappedKey::parse(&text).unwrap();
    let opened = provider(&server, None).unwrap(&wrapped).unwrap();
    assert_eq!(opened.bytes(), plain.bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_names_key_reason_and_the_role_that_is_missing() {
    let server = vault().await;
    let plain = PlainKey::from_bytes(&[7; 32]).unwrap();
    let error = provider(&server, Some("closed")).wrap(&plain).unwrap_err();
    assert!(
        error.message.contains("closed") && error.message.contains("no permission wrapKey"),
        "{error}"
    );
    assert!(
        error.help.contains("Key Vault Crypto User"),
        "{}",
        error.help
    );
    let text = format!("{error:?}");
    assert!(!text.contains(TOKEN), "{text}");
}
