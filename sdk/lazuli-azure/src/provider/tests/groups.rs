//! Resource groups, which are never deleted with strangers in them.

use std::path::Path;

use lazuli_core::{Provider, ProviderErrorKind};
use serde_json::{Value as Json, json};

use crate::provider::testing::*;

const TYPE: &str = "Microsoft.Resources/resourceGroups";

fn listed(resources: &[(&str, &str)]) -> Answer {
    let entry = |(ty, name): &(&str, &str)| json!({"id": format!("{GROUP}/providers/{ty}/{name}"), "type": ty, "name": name});
    ok(json!({"value": resources.iter().map(entry).collect::<Vec<_>>()}))
}

fn list() -> String {
    get(&format!("{GROUP}/resources"))
}

#[tokio::test]
async fn a_group_is_created_when_it_can_be_read() {
    let azure = FakeArm::start([answer(201, json!({})), ok(json!({"location": "westus"}))]).await;
    let provider = azure.provider(Path::new(".")).await;
    provider
        .create(
            &desired(TYPE, GROUP, json!({"location": "westus"})),
            &Journal::default(),
        )
        .await
        .unwrap();
    azure.assert_asked(&[
        line("PUT", GROUP, json!({"location": "westus"})),
        get(GROUP),
    ]);
}

#[tokio::test]
async fn an_empty_group_is_deleted_by_its_location() {
    let deleted = answer(202, Json::Null)
        .header("Location", "{server}/subscriptions/s/operationresults/x")
        .header("Retry-After", "0");
    let azure = FakeArm::start([
        listed(&[]),
        deleted,
        answer(202, Json::Null).header("Retry-After", "0"),
        ok(Json::Null),
    ])
    .await;
    let (provider, journal) = (azure.provider(Path::new(".")).await, Journal::default());
    provider
        .delete(&existing(TYPE, GROUP, json!({}), json!({})), &journal)
        .await
        .unwrap();
    let poll = get("/subscriptions/s/operationresults/x");
    azure.assert_asked(&[
        list(),
        line("DELETE", GROUP, Json::Null),
        poll.clone(),
        poll,
    ]);
    assert_eq!(journal.tokens.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_group_with_strangers_in_it_stays() {
    let azure = FakeArm::start([listed(&[("Microsoft.Compute/disks", "precious")])]).await;
    let provider = azure.provider(Path::new(".")).await;
    let error = provider
        .delete(
            &existing(TYPE, GROUP, json!({}), json!({})),
            &Journal::default(),
        )
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.code.as_deref()),
        (ProviderErrorKind::Refused, Some("ResourceGroupNotEmpty"))
    );
    assert!(
        error.message.contains("precious (Microsoft.Compute/disks)"),
        "{error}"
    );
    azure.assert_asked(&[list()]);
}

#[tokio::test]
async fn what_the_list_still_shows_but_is_gone_is_no_stranger() {
    let interface = ("Microsoft.Network/networkInterfaces", "end.nic.1");
    let plan = ("Microsoft.Web/serverfarms", "plan");
    let answers = [
        listed(&[plan, interface]),
        missing(),
        listed(&[]),
        ok(Json::Null),
    ];
    let azure = FakeArm::start(answers).await;
    let provider = azure.provider(Path::new(".")).await;
    provider
        .delete(
            &existing(TYPE, GROUP, json!({}), json!({})),
            &Journal::default(),
        )
        .await
        .unwrap();
    let plan = get(&format!("{GROUP}/providers/Microsoft.Web/serverfarms/plan"));
    azure.assert_asked(&[list(), plan, list(), line("DELETE", GROUP, Json::Null)]);
}

#[tokio::test]
async fn a_group_that_is_gone_is_deleted() {
    let gone = || refusal(404, "ResourceGroupNotFound", "gone");
    let azure = FakeArm::start([gone(), gone()]).await;
    let provider = azure.provider(Path::new(".")).await;
    provider
        .delete(
            &existing(TYPE, GROUP, json!({}), json!({})),
            &Journal::default(),
        )
        .await
        .unwrap();
    azure.assert_asked(&[list(), line("DELETE", GROUP, Json::Null)]);
}
