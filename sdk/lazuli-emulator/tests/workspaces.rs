//! A type that is nothing but its shape: Log Analytics workspaces, from PUT to DELETE.

mod support;

use serde_json::{Value, json};
use support::{Azure, code};

const VERSION: &str = "2025-07-01";

async fn workspace() -> (Azure, String, String) {
    let azure = Azure::start().await;
    let group = azure.group("logs").await;
    let list = format!("{group}/providers/Microsoft.OperationalInsights/workspaces");
    let id = format!("{list}/lazuli-logs");
    (azure, list, id)
}

fn body(properties: Value) -> Value {
    json!({ "location": "westcentralus", "tags": { "team": "web" }, "properties": properties })
}

#[tokio::test]
async fn a_workspace_is_made_changed_listed_and_removed() {
    let (azure, list, id) = workspace().await;
    let asked = json!({ "sku": { "name": "pergb2018" }, "customerId": "mine" });
    let made = azure.send("PUT", &id, VERSION, Some(body(asked))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let properties = &made.body["properties"];
    for (name, expect) in [
        ("provisioningState", json!("Succeeded")),
        ("retentionInDays", json!(30)),
        ("publicNetworkAccessForQuery", json!("Enabled")),
        (
            "workspaceCapping",
            json!({ "dailyQuotaGb": -1.0, "dataIngestionStatus": "RespectQuota" }),
        ),
    ] {
        assert_eq!(properties[name], expect, "{name}");
    }
    assert_eq!(properties["sku"]["name"], "PerGB2018");
    let customer = properties["customerId"]
        .as_str()
        .expect("a GUID")
        .to_owned();
    assert_eq!(customer.len(), 36);

    let again = body(json!({ "retentionInDays": 90 }));
    let again = azure.send("PUT", &id, VERSION, Some(again)).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.body["properties"]["retentionInDays"], 90);
    assert_eq!(again.body["properties"]["customerId"], json!(customer));

    let tags = json!({ "tags": { "team": "data" } });
    let patched = azure.send("PATCH", &id, VERSION, Some(tags)).await;
    assert_eq!(patched.status, 200, "{}", patched.body);
    let read = azure.read(&id, VERSION).await;
    assert_eq!(read["tags"], json!({ "team": "data" }));
    assert_eq!(read["properties"]["retentionInDays"], 90);
    assert_eq!(read["identity"], Value::Null);

    let everywhere = format!(
        "/subscriptions/{}/providers/Microsoft.OperationalInsights/workspaces",
        azure.emulator.subscription()
    );
    for path in [&list, &everywhere] {
        let listed = azure.read(path, VERSION).await;
        assert_eq!(listed["value"], json!([read]), "{path}");
    }
    for expect in [200, 204] {
        let gone = azure.send("DELETE", &id, VERSION, None).await;
        assert_eq!(gone.status, expect);
    }
    assert_eq!(azure.get(&id, VERSION).await.status, 404);
}

#[tokio::test]
async fn keys_are_drawn_once_and_the_rest_says_what_it_is_not() {
    let (azure, _, id) = workspace().await;
    azure.make(&id, VERSION, body(json!({}))).await;
    let post = |word: &str| {
        let path = format!("{id}/{word}");
        let azure = &azure;
        async move { azure.send("POST", &path, VERSION, None).await }
    };
    let keys = post("sharedKeys").await;
    assert_eq!(keys.status, 200, "{}", keys.body);
    let key = |name: &str| keys.body[name].as_str().map(str::len);
    assert_eq!(
        (key("primarySharedKey"), key("secondarySharedKey")),
        (Some(88), Some(88))
    );
    assert_eq!(post("SharedKeys").await.body, keys.body);
    assert_eq!(post("schema").await.status, 501);
    let read = azure.read(&id, VERSION).await;
    assert!(
        !read
            .to_string()
            .contains(keys.body["primarySharedKey"].as_str().expect("a key"))
    );

    let odd = body(json!({ "sku": { "name": "Odd" } }));
    let refused = azure.send("PUT", &id, VERSION, Some(odd)).await;
    assert_eq!(
        (refused.status, code(&refused.body).as_str()),
        (400, "InvalidParameter")
    );
    let short = id.replace("lazuli-logs", "l");
    let refused = azure
        .send("PUT", &short, VERSION, Some(body(json!({}))))
        .await;
    assert_eq!(
        (refused.status, code(&refused.body).as_str()),
        (400, "InvalidResourceName")
    );
}
