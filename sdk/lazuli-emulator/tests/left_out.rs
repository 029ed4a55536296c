//! A build without the feature `az` says what is left out of it.

#![cfg(not(feature = "az"))]

mod support;

use serde_json::json;
use support::{Azure, code};

#[tokio::test]
async fn deployments_and_graph_are_refused_by_name() {
    let azure = Azure::start().await;
    let group = azure.group("g").await;
    let deployment = format!("{group}/providers/Microsoft.Resources/deployments/main");
    let body = json!({ "properties": { "mode": "Incremental", "template": {} } });
    let requests = [
        ("PUT", deployment.clone(), "2022-09-01", Some(body)),
        ("GET", deployment, "2022-09-01", None),
        ("GET", "/v1.0/applications".to_owned(), "", None),
    ];
    for (method, path, version, body) in requests {
        let reply = azure.send(method, &path, version, body).await;
        assert_eq!(reply.status, 501, "{method} {path}");
        assert_eq!(code(&reply.body), "NotModelledByEmulator");
        let message = reply.body["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("feature `az`"), "{message}");
    }
}
