//! Wrapping by Azure Key Vault, against a small double of its published REST
//! contract: the challenge, `wrapkey`, `unwrapkey`, a refusal. The double does no
//! RSA; what it answers is opaque to the client, as the vault's answer is. No real
//! vault has been asked.

#![cfg(feature = "azure")]

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lazuli_arm::{Credential, Env, SecretString};
use lazuli_engine::{KeyProvider as _, PlainKey, WrappedKey};
use lazuli_remote::{Access, KeyVault};
use serde_json::{Value, json};
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

async fn vault() -> MockServer {
    let server = MockServer::start().await;
    let challenge = "Bearer authorization=\"https://login.microsoftonline.com/t\", resource=\"https://vault.azure.net\"";
    Mock::given(NotSignedIn)
        .respond_with(ResponseTemplate::new(401).insert_header("WWW-Authenticate", challenge))
        .mount(&server)
        .await;
    let kid = format!("{}/keys/state/{VERSION}", server.uri());
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
    server
}

fn provider(server: &MockServer, key: Option<&str>) -> KeyVault {
    let access = Access {
        azure: Env::empty(),
        variables: BTreeMap::new(),
        ca_bundle: None,
    };
    let address = key.map(|name| format!("{}/keys/{name}", server.uri()));
    let vault = KeyVault::new(address.as_deref(), access).unwrap();
    vault.with_credential(Credential::static_token(SecretString::from(
        TOKEN.to_owned(),
    )))
}

#[tokio::test]
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

#[tokio::test]
async fn a_refusal_names_key_reason_and_the_role_that_is_missing() {
    let server = vault().await;
    let plain = PlainKey::from_bytes(&[7; 32]).unwrap();
    let error = provider(&server, Some("closed")).wrap(&plain).unwrap_err();
    assert!(
        error.message.contains("closed") && error.message.contains("Forbidden"),
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
