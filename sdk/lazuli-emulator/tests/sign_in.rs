//! Signing in, protocol rules that hold for every provider, and what survives a restart.

mod support;

use lazuli_emulator::{Emulator, EmulatorError, Options};
use serde_json::json;
use support::{Azure, code};

#[tokio::test]
async fn entra_refuses_with_its_own_codes() {
    let azure = Azure::start().await;
    let (tenant, client) = (azure.emulator.tenant(), azure.emulator.client());
    let form = |client: &str, secret: &str, grant: &str| {
        vec![
            ("client_id", client.to_owned()),
            ("client_secret", secret.to_owned()),
            ("grant_type", grant.to_owned()),
            ("scope", "https://management.azure.com//.default".to_owned()),
        ]
    };
    for (tenant, form, status, expect) in [
        (
            tenant,
            form(client, "mock-secret", "client_credentials"),
            200,
            None,
        ),
        (
            tenant,
            form(client, "wrong", "client_credentials"),
            401,
            Some(7_000_215),
        ),
        (
            tenant,
            form(
                "00000000-0000-0000-0000-000000000000",
                "mock-secret",
                "client_credentials",
            ),
            400,
            Some(700_016),
        ),
        (
            tenant,
            form(client, "mock-secret", "password"),
            400,
            Some(70003),
        ),
        (
            "00000000-0000-0000-0000-000000000000",
            form(client, "mock-secret", "client_credentials"),
            400,
            Some(90002),
        ),
    ] {
        let (found, body) = azure.token(tenant, &form).await;
        assert_eq!(
            (found, body["error_codes"][0].as_u64()),
            (status, expect),
            "{body}"
        );
    }
}

#[tokio::test]
async fn metadata_is_an_object_since_2022_and_a_list_before() {
    let azure = Azure::start().await;
    let new = azure
        .anonymous("/metadata/endpoints?api-version=2022-09-01")
        .await;
    assert_eq!(
        new.body["authentication"]["loginEndpoint"],
        azure.emulator.endpoint().as_str().trim_end_matches('/')
    );
    let old = azure
        .anonymous("//metadata/endpoints?api-version=2019-05-01")
        .await;
    assert_eq!(old.body[0]["suffixes"]["acrLoginServer"], "azurecr.io");
    let oldest = azure
        .anonymous("/metadata/endpoints?api-version=2015-01-01")
        .await;
    let here = azure.emulator.endpoint();
    let here = here.as_str().trim_end_matches('/');
    assert_eq!(oldest.body["graphEndpoint"], here);
    assert_eq!(oldest.body["authentication"]["loginEndpoint"], here);
}

#[tokio::test]
async fn protocol_errors_have_the_arm_shape() {
    let azure = Azure::start().await;
    let subscription = format!("/subscriptions/{}", azure.emulator.subscription());
    let anonymous = azure
        .anonymous(&format!("{subscription}?api-version=2022-12-01"))
        .await;
    assert_eq!(
        (anonymous.status, code(&anonymous.body)),
        (401, "AuthenticationFailed".to_owned())
    );
    assert!(
        anonymous
            .header("www-authenticate")
            .is_some_and(|value| value.starts_with("Bearer authorization_uri="))
    );
    let group = format!("{subscription}/resourceGroups/g");
    for (method, path, version, body, status, expect) in [
        (
            "GET",
            subscription.as_str(),
            "",
            None,
            400,
            "MissingApiVersionParameter",
        ),
        (
            "GET",
            &subscription,
            "yesterday",
            None,
            400,
            "InvalidApiVersionParameter",
        ),
        (
            "GET",
            "/subscriptions/00000000-0000-0000-0000-000000000000",
            "2022-12-01",
            None,
            404,
            "SubscriptionNotFound",
        ),
        (
            "PUT",
            &group,
            "2024-11-01",
            Some(json!({})),
            400,
            "LocationRequired",
        ),
        (
            "PUT",
            &group,
            "2024-11-01",
            Some(json!([])),
            400,
            "InvalidRequestContent",
        ),
        (
            "GET",
            &group,
            "2024-11-01",
            None,
            404,
            "ResourceGroupNotFound",
        ),
    ] {
        let answer = azure.send(method, path, version, body).await;
        assert_eq!(
            (answer.status, code(&answer.body)),
            (status, expect.to_owned()),
            "{method} {path}"
        );
        assert!(
            answer.header("x-ms-request-id").is_some()
                && answer.header("x-ms-correlation-request-id").is_some()
        );
    }
    let broken = azure
        .send_text("PUT", &group, "2024-11-01", "{\"location\":")
        .await;
    assert_eq!(
        (broken.status, code(&broken.body)),
        (400, "InvalidRequestContent".to_owned())
    );
    let large = format!("{{\"location\":\"{}\"}}", "x".repeat(5 << 20));
    assert_eq!(
        azure
            .send_text("PUT", &group, "2024-11-01", &large)
            .await
            .status,
        413
    );
}

#[tokio::test]
async fn everything_survives_a_restart_even_operations_and_tokens() {
    let dir = tempfile::tempdir().expect("tempdir");
    let options = || Options {
        data_dir: Some(dir.path().into()),
        cert_dir: Some(dir.path().join("certs")),
        ..Options::default()
    };
    let azure = Azure::with(options()).await;
    let group = azure.group("g").await;
    let network = format!("{group}/providers/Microsoft.Network/virtualNetworks/v");
    let body = json!({ "location": "westus", "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } } });
    let started = azure.send("PUT", &network, "2024-05-01", Some(body)).await;
    let operation = started
        .header("azure-asyncoperation")
        .expect("an operation")
        .to_owned();
    let (token, before) = (azure.bearer.clone(), azure.emulator.endpoint());
    azure.emulator.stop().await;

    let mut azure = Azure::with(options()).await;
    azure.bearer = token;
    let operation = operation.replace(before.as_str(), azure.emulator.endpoint().as_str());
    assert_eq!(azure.follow(&operation).await.body["status"], "InProgress");
    assert_eq!(azure.follow(&operation).await.body["status"], "Succeeded");
    assert_eq!(
        azure.read(&network, "2024-05-01").await["properties"]["provisioningState"],
        "Succeeded"
    );
    let error = Emulator::start(options())
        .await
        .expect_err("the folder is in use");
    assert!(error.to_string().contains("in use"), "{error}");
}

#[tokio::test]
async fn plain_http_is_told_to_use_https() {
    let azure = Azure::start().await;
    let url = azure
        .emulator
        .endpoint()
        .as_str()
        .replacen("https", "http", 1)
        + "subscriptions";
    let answer = azure.http.get(url).send().await.expect("answered");
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.expect("text").contains("use https"));
}

#[tokio::test]
async fn remote_addresses_and_odd_ids_are_refused() {
    let remote = Options {
        listen: ([0, 0, 0, 0], 0).into(),
        ..Options::default()
    };
    assert!(matches!(
        Emulator::start(remote).await,
        Err(EmulatorError::Remote { .. })
    ));
    let odd = Options {
        tenant: "contoso".into(),
        ..Options::default()
    };
    assert!(matches!(
        Emulator::start(odd).await,
        Err(EmulatorError::NotGuid { what: "tenant", .. })
    ));
}

#[tokio::test]
async fn the_request_log_has_no_secrets() {
    let dir = tempfile::tempdir().expect("tempdir");
    let log = dir.path().join("requests.jsonl");
    let azure = Azure::with(Options {
        request_log: Some(log.clone()),
        ..Options::default()
    })
    .await;
    let group = azure.group("g").await;
    let registry = format!("{group}/providers/Microsoft.ContainerRegistry/registries/secureacr");
    let body = json!({ "location": "westus", "sku": { "name": "Basic" }, "properties": { "adminUserEnabled": true } });
    azure.make(&registry, "2025-11-01", body).await;
    let credentials = azure
        .send(
            "POST",
            &format!("{registry}/listCredentials"),
            "2025-11-01",
            None,
        )
        .await;
    let password = credentials.body["passwords"][0]["value"]
        .as_str()
        .expect("a password")
        .to_owned();
    let text = std::fs::read_to_string(&log).expect("a log");
    assert!(text.lines().count() >= 4 && text.contains("listCredentials"));
    for secret in [password.as_str(), "mock-secret", azure.bearer.as_str()] {
        assert!(!text.contains(secret), "a secret is in the log");
    }
}
