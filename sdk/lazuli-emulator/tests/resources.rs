//! What ARM itself offers around resources: tags, lists with pages, storage accounts.

mod support;

use serde_json::{Value, json};
use support::{Azure, code};

const STORAGE: &str = "2023-05-01";

async fn account(azure: &Azure, group: &str, name: &str) -> String {
    let id = format!("{group}/providers/Microsoft.Storage/storageAccounts/{name}");
    let body = json!({ "location": "westus", "kind": "StorageV2", "sku": { "name": "Standard_LRS" }, "tags": { "env": name } });
    let made = azure.send("PUT", &id, STORAGE, Some(body)).await;
    assert_eq!(made.status, 202, "{}", made.body);
    let end = azure.finish(&made).await;
    assert_eq!(end["name"], name);
    id
}

#[tokio::test]
async fn storage_accounts_have_keys_and_services() {
    let azure = Azure::start().await;
    let group = azure.group("stores").await;
    let id = account(&azure, &group, "store1").await;
    let keys = azure
        .send("POST", &format!("{id}/listKeys"), STORAGE, None)
        .await;
    assert_eq!(keys.body["keys"].as_array().map(Vec::len), Some(2));
    let container = format!("{id}/blobServices/default/containers/data");
    assert_eq!(
        azure
            .send("PUT", &container, STORAGE, Some(json!({})))
            .await
            .status,
        201
    );
    let other = azure.group("stores2").await;
    let taken = format!("{other}/providers/Microsoft.Storage/storageAccounts/store1");
    let body =
        json!({ "location": "westus", "kind": "StorageV2", "sku": { "name": "Standard_LRS" } });
    let refused = azure.send("PUT", &taken, STORAGE, Some(body)).await;
    assert_eq!(
        (refused.status, code(&refused.body).as_str()),
        (409, "StorageAccountAlreadyTaken")
    );
    let check = format!(
        "/subscriptions/{}/providers/Microsoft.Storage/checkNameAvailability",
        azure.emulator.subscription()
    );
    for (name, reason) in [
        ("store1", json!("AlreadyExists")),
        ("Store", json!("AccountNameInvalid")),
        ("store2", Value::Null),
    ] {
        let body = json!({ "name": name, "type": "Microsoft.Storage/storageAccounts" });
        let answer = azure.send("POST", &check, STORAGE, Some(body)).await;
        assert_eq!(answer.body["reason"], reason, "{name}");
    }
}

#[tokio::test]
async fn lists_have_pages_and_filters() {
    let azure = Azure::start().await;
    let group = azure.group("lists").await;
    for name in ["store1", "store2", "store3"] {
        account(&azure, &group, name).await;
    }
    let path = format!("{group}/resources");
    let first = azure.send("GET", &path, "2021-04-01&$top=2", None).await;
    assert_eq!(first.body["value"].as_array().map(Vec::len), Some(2));
    let next = first.body["nextLink"]
        .as_str()
        .expect("a next page")
        .to_owned();
    let second = azure.follow(&next).await;
    assert_eq!(second.body["value"].as_array().map(Vec::len), Some(1));
    assert!(second.body["nextLink"].is_null());
    let tagged = azure
        .send(
            "GET",
            &path,
            "2021-04-01&$filter=tagName eq 'env' and tagValue eq 'store2'",
            None,
        )
        .await;
    assert_eq!(tagged.body["value"][0]["name"], "store2");
    let wrong = azure
        .send("GET", &path, "2021-04-01&$filter=nonsense", None)
        .await;
    assert_eq!(code(&wrong.body), "InvalidFilterInQueryString");
}

#[tokio::test]
async fn tags_merge_replace_and_go() {
    let azure = Azure::start().await;
    let group = azure.group("tagged").await;
    let tags = format!("{group}/providers/Microsoft.Resources/tags/default");
    let patch = |operation: &str, tags: Value| json!({ "operation": operation, "properties": { "tags": tags } });
    for (body, expect) in [
        (
            patch("Merge", json!({ "a": "1", "b": "2" })),
            json!({ "a": "1", "b": "2" }),
        ),
        (
            patch("Merge", json!({ "B": "3" })),
            json!({ "a": "1", "b": "3" }),
        ),
        (
            patch("Delete", json!({ "a": "2", "b": "" })),
            json!({ "a": "1" }),
        ),
        (patch("Replace", json!({ "c": "4" })), json!({ "c": "4" })),
    ] {
        let answer = azure
            .send("PATCH", &tags, "2021-04-01", Some(body.clone()))
            .await;
        assert_eq!(answer.body["properties"]["tags"], expect, "{body}");
    }
    let read = azure.send("GET", &group, "2021-04-01", None).await;
    assert_eq!(read.body["tags"], json!({ "c": "4" }));
    let bad = azure
        .send(
            "PATCH",
            &tags,
            "2021-04-01",
            Some(patch("Merge", json!({ "a/b": "1" }))),
        )
        .await;
    assert_eq!(code(&bad.body), "InvalidTagNameCharacters");
}
