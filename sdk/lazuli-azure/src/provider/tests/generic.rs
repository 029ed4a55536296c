//! PUT, GET, DELETE, and what failures mean.

use std::path::Path;

use lazuli_core::{Provider, ProviderErrorKind, Value};
use serde_json::{Value as Json, json};

use crate::provider::testing::*;

const NET_TYPE: &str = "Microsoft.Network/virtualNetworks";

fn net() -> String {
    format!("{GROUP}/providers/{NET_TYPE}/net")
}

fn operation(state: &str) -> Answer {
    ok(json!({"status": state}))
}

fn accepted() -> Answer {
    answer(
        201,
        json!({"properties": {"provisioningState": "Updating"}}),
    )
    .header(
        "Azure-AsyncOperation",
        "{server}/op?t=1&s=secret%2bsignature",
    )
}

#[tokio::test]
async fn an_accepted_operation_is_noted_and_read_once_at_its_end() {
    let done = json!({"location": "West US", "properties": {"provisioningState": "Succeeded"}});
    let azure = FakeArm::start([accepted(), operation("Succeeded"), ok(done)]).await;
    let inputs = json!({"location": "westus", "apiVersion": "2024-01-01"});
    let journal = Journal::default();
    let provider = azure.provider(Path::new(".")).await;
    let created = provider
        .create(&desired(NET_TYPE, &net(), inputs), &journal)
        .await
        .unwrap();
    assert_eq!(created.id, net());
    assert_eq!(created.outputs.at("location"), Some(&Value::from("westus")));
    azure.assert_asked(&[
        line("PUT", &net(), json!({"location": "westus"})),
        get("/op?t=1&s=secret+signature"),
        get(&net()),
    ]);
    assert_eq!(azure.versions(), ["2024-01-01", "2024-01-01"]);
    let tokens = journal.tokens.lock().unwrap();
    assert_eq!(tokens.len(), 1);
    assert!(!format!("{tokens:?}").contains("signature"), "{tokens:?}");
}

#[tokio::test]
async fn a_recorded_operation_is_resumed() {
    let azure = FakeArm::start([
        accepted(),
        operation("Succeeded"),
        ok(json!({})),
        operation("Failed"),
        missing(),
    ])
    .await;
    let (provider, journal) = (azure.provider(Path::new(".")).await, Journal::default());
    provider
        .create(
            &desired(NET_TYPE, &net(), json!({"location": "westus"})),
            &journal,
        )
        .await
        .unwrap();
    let token = journal.tokens.lock().unwrap()[0].clone();
    // That it failed is for the engine to find out by reading.
    assert_eq!(provider.resume(&urn(NET_TYPE), &token).await, Ok(()));
    assert_eq!(
        provider
            .resume(&urn(NET_TYPE), &Value::from("of another version"))
            .await,
        Ok(())
    );
}

#[tokio::test]
async fn a_broken_journal_ends_the_work_with_its_error() {
    let azure = FakeArm::start([accepted()]).await;
    let journal = Journal {
        broken: true,
        ..Journal::default()
    };
    let provider = azure.provider(Path::new(".")).await;
    let error = provider
        .create(
            &desired(NET_TYPE, &net(), json!({"location": "westus"})),
            &journal,
        )
        .await
        .unwrap_err();
    assert_eq!(error.message, "the journal cannot be written");
}

#[tokio::test]
async fn an_answer_at_once_is_read_again() {
    let azure = FakeArm::start([
        ok(json!({"properties": {"echo": true}})),
        ok(json!({"properties": {"echo": false}})),
    ])
    .await;
    let provider = azure.provider(Path::new(".")).await;
    let plan = format!("{GROUP}/providers/Microsoft.Web/serverfarms/p");
    let wanted = desired(
        "Microsoft.Web/serverfarms",
        &plan,
        json!({"location": "westus"}),
    );
    let created = provider.create(&wanted, &Journal::default()).await.unwrap();
    assert_eq!(
        created.outputs.at("properties.echo"),
        Some(&Value::Bool(false))
    );
    azure.assert_asked(&[
        line("PUT", &plan, json!({"location": "westus"})),
        get(&plan),
    ]);
}

#[tokio::test]
async fn failures_say_what_is_known_of_the_outcome() {
    let failed =
        ok(json!({"status": "Failed", "error": {"code": "Broken", "message": "it broke"}}));
    let body = |state: &str| ok(json!({"properties": {"provisioningState": state}}));
    for (answers, kind, said) in [
        (
            vec![refusal(400, "InvalidThing", "no")],
            ProviderErrorKind::Refused,
            "InvalidThing: no (request r-1)",
        ),
        (
            vec![refusal(401, "InvalidAuthenticationToken", "who")],
            ProviderErrorKind::Credentials,
            "who",
        ),
        (
            vec![refusal(500, "InternalServerError", "oh")],
            ProviderErrorKind::Unknown,
            "oh",
        ),
        (
            vec![
                ok(json!({})),
                refusal(403, "AuthorizationFailed", "may write, not read"),
            ],
            ProviderErrorKind::Unknown,
            "not read",
        ),
        (
            vec![accepted(), failed, body("Failed")],
            ProviderErrorKind::Unhealthy,
            "it broke",
        ),
        (
            vec![ok(json!({})), body("Failed")],
            ProviderErrorKind::Unhealthy,
            "provisioning state is Failed",
        ),
    ] {
        let azure = FakeArm::start(answers).await;
        let provider = azure.provider(Path::new(".")).await;
        let wanted = desired(NET_TYPE, &net(), json!({"location": "westus"}));
        let error = provider
            .create(&wanted, &Journal::default())
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(
            error.message.contains(said) && error.message.contains(&net()),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_rejected_endpoint_is_unhealthy() {
    let state = json!({"privateLinkServiceConnectionState": {"status": "Rejected"}});
    let body = json!({"properties": {"privateLinkServiceConnections": [{"properties": state}]}});
    let azure = FakeArm::start([ok(json!({})), ok(body)]).await;
    let ty = "Microsoft.Network/privateEndpoints";
    let wanted = desired(
        ty,
        &format!("{GROUP}/providers/{ty}/e"),
        json!({"location": "westus"}),
    );
    let error = azure
        .provider(Path::new("."))
        .await
        .create(&wanted, &Journal::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Unhealthy);
    assert!(error.message.contains("rejected"), "{error}");
}

#[tokio::test]
async fn well_known_refusals_have_help() {
    let ty = "Microsoft.ContainerRegistry/registries";
    let azure = FakeArm::start([refusal(
        409,
        "AlreadyInUse",
        "The registry DNS name r.azurecr.io is already in use.",
    )])
    .await;
    let wanted = desired(
        ty,
        &format!("{GROUP}/providers/{ty}/registry"),
        json!({"location": "westus"}),
    );
    let error = azure
        .provider(Path::new("."))
        .await
        .create(&wanted, &Journal::default())
        .await
        .unwrap_err();
    assert_eq!(error.code.as_deref(), Some("AlreadyInUse"));
    assert!(
        error
            .help
            .unwrap_or_default()
            .contains("unique in all of Azure")
    );
}

#[tokio::test]
async fn reading_waits_until_nobody_works_on_it() {
    let body = |state: &str| ok(json!({"properties": {"provisioningState": state}}));
    let azure = FakeArm::start([
        body("Updating"),
        body("Succeeded"),
        missing(),
        answer(404, json!("<html>proxy</html>")),
    ])
    .await;
    let provider = azure.provider(Path::new(".")).await;
    let known = existing(NET_TYPE, &net(), json!({}), json!({}));
    let read = provider.read(&known).await.unwrap().unwrap();
    assert_eq!(
        read.outputs.at("properties.provisioningState"),
        Some(&Value::from("Succeeded"))
    );
    assert_eq!(provider.read(&known).await, Ok(None));
    // A proxy's 404 is not Azure's.
    assert!(provider.read(&known).await.is_err());
}

#[tokio::test]
async fn an_update_keeps_what_others_have_set() {
    let current = json!({"location": "westus", "sku": {"name": "Premium", "tier": "Premium"}, "tags": {"policy": "on"},
        "properties": {"loginServer": "r.azurecr.io", "adminUserEnabled": true, "publicNetworkAccess": "Enabled"}});
    let azure = FakeArm::start([ok(current.clone()), ok(json!({})), ok(current)]).await;
    let ty = "Microsoft.ContainerRegistry/registries";
    let id = format!("{GROUP}/providers/{ty}/registry");
    let declared = json!({"location": "westus", "sku": {"name": "Premium"}, "properties": {"publicNetworkAccess": "Disabled"}});
    let provider = azure.provider(Path::new(".")).await;
    let before = existing(ty, &id, json!({"location": "westus"}), Json::Null);
    provider
        .update(&before, &desired(ty, &id, declared), &Journal::default())
        .await
        .unwrap();
    let sent = json!({"location": "westus", "sku": {"name": "Premium"}, "tags": {"policy": "on"},
        "properties": {"adminUserEnabled": true, "publicNetworkAccess": "Disabled"}});
    azure.assert_asked(&[get(&id), line("PUT", &id, sent), get(&id)]);
}

#[tokio::test]
async fn deleting_what_is_gone_is_success() {
    let azure = FakeArm::start([missing()]).await;
    let provider = azure.provider(Path::new(".")).await;
    let known = existing(NET_TYPE, &net(), json!({}), json!({}));
    assert_eq!(provider.delete(&known, &Journal::default()).await, Ok(()));
    azure.assert_asked(&[line("DELETE", &net(), Json::Null)]);
}

#[tokio::test]
async fn a_type_without_a_version_is_refused_before_anything_is_sent() {
    let azure = FakeArm::start([]).await;
    let wanted = desired(
        "Microsoft.X/y",
        &format!("{GROUP}/providers/Microsoft.X/y/z"),
        json!({}),
    );
    let error = azure
        .provider(Path::new("."))
        .await
        .create(&wanted, &Journal::default())
        .await
        .unwrap_err();
    assert!(
        error
            .message
            .contains("no API version is known for the type Microsoft.X/y"),
        "{error}"
    );
    azure.assert_asked(&[]);
}
