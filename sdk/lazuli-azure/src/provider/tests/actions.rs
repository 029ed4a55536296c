//! Deeds, existing resources, and vaults that come back.

use std::path::Path;

use lazuli_core::{Provider, ProviderErrorKind, Value};
use serde_json::{Value as Json, json};

use crate::provider::testing::*;

fn registry() -> String {
    format!("{GROUP}/providers/Microsoft.ContainerRegistry/registries/r")
}

fn action(what: Json) -> Json {
    let mut inputs = json!({"resourceId": registry(), "apiVersion": "2025-11-01"});
    for (key, value) in what.as_object().into_iter().flatten() {
        inputs[key] = value.clone();
    }
    inputs
}

#[tokio::test]
async fn each_deed_is_one_request_and_undoing_it_is_none() {
    let import = json!({"source": {"registryUri": "mcr.microsoft.com", "sourceImage": "a:b"}});
    let lock = json!({"properties": {"publicNetworkAccess": "Disabled"}});
    for (ty, inputs, expected) in [
        (
            "Lazuli.Azure/imageImports",
            action(json!({"action": "importImage", "body": import})),
            line(
                "POST",
                &format!("{}/importImage", registry()),
                import.clone(),
            ),
        ),
        (
            "Lazuli.Azure/registryLocks",
            action(json!({ "patch": lock })),
            line("PATCH", &registry(), lock.clone()),
        ),
    ] {
        let azure = FakeArm::start([ok(json!({"id": registry()}))]).await;
        let provider = azure.provider(Path::new(".")).await;
        let id = format!("{}/actions/x", registry());
        let created = provider
            .create(&desired(ty, &id, inputs.clone()), &Journal::default())
            .await
            .unwrap();
        assert_eq!((created.id, created.outputs), (id.clone(), Value::map()));
        let known = existing(ty, &id, inputs, json!({}));
        provider.delete(&known, &Journal::default()).await.unwrap();
        azure.assert_asked(&[expected]);
        assert_eq!(azure.versions(), ["2025-11-01"]);
    }
}

#[tokio::test]
async fn an_import_is_followed_to_its_end_and_noted() {
    let accepted = answer(202, Json::Null)
        .header("Location", "{server}/subscriptions/s/operationresults/i")
        .header("Retry-After", "0");
    let azure = FakeArm::start([accepted, ok(Json::Null)]).await;
    let (provider, journal) = (azure.provider(Path::new(".")).await, Journal::default());
    let inputs = action(json!({"action": "importImage", "body": {"mode": "Force"}}));
    let id = format!("{}/imageImports/site:v1", registry());
    provider
        .create(&desired("Lazuli.Azure/imageImports", &id, inputs), &journal)
        .await
        .unwrap();
    let post = format!("{}/importImage", registry());
    azure.assert_asked(&[
        line("POST", &post, json!({"mode": "Force"})),
        get("/subscriptions/s/operationresults/i"),
    ]);
    assert_eq!(journal.tokens.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn credentials_are_secrets_to_the_last_text() {
    let answered =
        json!({"username": "r", "passwords": [{"name": "password", "value": "hunter2"}]});
    let azure =
        FakeArm::start([ok(answered.clone()), ok(json!({})), ok(answered), missing()]).await;
    let provider = azure.provider(Path::new(".")).await;
    let (ty, id) = ("Lazuli.Azure/registryCredentials", "/x");
    let inputs = action(json!({"action": "listCredentials"}));
    let created = provider
        .create(&desired(ty, id, inputs.clone()), &Journal::default())
        .await
        .unwrap();
    assert!(created.outputs.is_secret_at("passwords.0.value"));
    assert!(!format!("{created:?}").contains("hunter2"), "{created:?}");
    let known = existing(ty, id, inputs, json!({}));
    let read = provider.read(&known).await.unwrap().unwrap();
    assert_eq!(read.outputs, created.outputs);
    assert_eq!(
        provider.read(&known).await.unwrap(),
        None,
        "its registry is gone"
    );
}

#[tokio::test]
async fn what_exists_is_read_and_never_written() {
    let ty = "Lazuli.Azure/existing";
    let id = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/hub");
    let inputs = json!({"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2025-09-01"});
    let answered = json!({"id": id, "location": "West US", "properties": {"resourceGuid": "g"}});
    let azure = FakeArm::start([ok(answered), missing()]).await;
    let provider = azure.provider(Path::new(".")).await;
    let wanted = desired(ty, &id, inputs.clone());
    assert_eq!(provider.schema().check(&wanted), []);
    let found = provider.create(&wanted, &Journal::default()).await.unwrap();
    assert_eq!(found.outputs.at("location"), Some(&Value::from("westus")));
    let absent = provider
        .create(&wanted, &Journal::default())
        .await
        .unwrap_err();
    assert_eq!(absent.kind, ProviderErrorKind::Refused);
    assert!(absent.message.contains("does not exist"), "{absent}");
    let known = existing(ty, &id, inputs, json!({}));
    provider.delete(&known, &Journal::default()).await.unwrap();
    azure.assert_asked(&[get(&id), get(&id)]);
}

const VAULT: &str = "Microsoft.KeyVault/vaults";

fn vault() -> String {
    format!("{GROUP}/providers/{VAULT}/kv")
}

#[tokio::test]
async fn a_vault_that_was_deleted_lately_is_recovered_first() {
    let deleted = "/subscriptions/s/providers/Microsoft.KeyVault/locations/westus/deletedVaults/kv";
    let body = json!({"location": "westus", "properties": {"tenantId": "t"}});
    let recover =
        json!({"location": "westus", "properties": {"tenantId": "t", "createMode": "recover"}});
    let there =
        || ok(json!({"location": "westus", "properties": {"provisioningState": "Succeeded"}}));
    for (answers, expected) in [
        (
            vec![missing(), there(), there()],
            vec![
                get(deleted),
                line("PUT", &vault(), body.clone()),
                get(&vault()),
            ],
        ),
        (
            vec![ok(json!({})), there(), there(), there(), there()],
            vec![
                get(deleted),
                line("PUT", &vault(), recover.clone()),
                get(&vault()),
                line("PUT", &vault(), body.clone()),
                get(&vault()),
            ],
        ),
    ] {
        let azure = FakeArm::start(answers).await;
        let provider = azure.provider(Path::new(".")).await;
        provider
            .create(&desired(VAULT, &vault(), body.clone()), &Journal::default())
            .await
            .unwrap();
        azure.assert_asked(&expected);
    }
}

#[tokio::test]
async fn a_secret_goes_with_its_vault_and_not_before() {
    let azure = FakeArm::start([]).await;
    let provider = azure.provider(Path::new(".")).await;
    let id = format!("{}/secrets/password", vault());
    let known = existing(
        "Microsoft.KeyVault/vaults/secrets",
        &id,
        json!({}),
        json!({}),
    );
    provider.delete(&known, &Journal::default()).await.unwrap();
    azure.assert_asked(&[]);
}
