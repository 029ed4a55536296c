//! Role assignments.

use std::path::Path;

use lazuli_core::Provider;
use serde_json::{Value as Json, json};

use crate::provider::testing::*;

const TYPE: &str = "Microsoft.Authorization/roleAssignments";
const ROLE: &str = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d";

fn id(name: &str) -> String {
    format!("{GROUP}/providers/{TYPE}/{name}")
}

fn inputs() -> Json {
    json!({"properties": {"principalId": "p-1", "roleDefinitionId": ROLE}})
}

fn sent() -> Json {
    json!({"properties": {"principalId": "p-1", "roleDefinitionId": ROLE, "principalType": "ServicePrincipal"}})
}

#[tokio::test]
async fn the_kind_of_principal_is_always_said_and_replication_waited_out() {
    let answers = [
        refusal(400, "PrincipalNotFound", "not yet"),
        answer(201, sent()),
        ok(sent()),
    ];
    let azure = FakeArm::start(answers).await;
    let provider = azure.provider(Path::new(".")).await;
    let created = provider
        .create(&desired(TYPE, &id("a"), inputs()), &Journal::default())
        .await
        .unwrap();
    assert_eq!(created.id, id("a"));
    let put = line("PUT", &id("a"), sent());
    azure.assert_asked(&[put.clone(), put, get(&id("a"))]);
}

#[tokio::test]
async fn an_equal_assignment_under_another_name_is_adopted() {
    let other = |principal: &str, scope: &str| json!({"id": id("b"), "properties": {"principalId": principal, "scope": scope, "roleDefinitionId": ROLE.to_uppercase()}});
    let list =
        json!({"value": [other("p-1", "/subscriptions/s"), other("P-1", &GROUP.to_uppercase())]});
    let azure = FakeArm::start([
        refusal(409, "RoleAssignmentExists", "exists"),
        missing(),
        ok(list),
    ])
    .await;
    let provider = azure.provider(Path::new(".")).await;
    let created = provider
        .create(&desired(TYPE, &id("a"), inputs()), &Journal::default())
        .await
        .unwrap();
    assert_eq!(created.id, id("b"));
    azure.assert_asked(&[
        line("PUT", &id("a"), sent()),
        get(&id("a")),
        get(&format!(
            "{GROUP}/providers/{TYPE}?$filter=principalId eq 'p-1'"
        )),
    ]);
}

#[tokio::test]
async fn without_an_equal_one_the_refusal_stands() {
    let azure = FakeArm::start([
        refusal(409, "RoleAssignmentExists", "exists"),
        missing(),
        ok(json!({"value": []})),
    ])
    .await;
    let provider = azure.provider(Path::new(".")).await;
    let error = provider
        .create(&desired(TYPE, &id("a"), inputs()), &Journal::default())
        .await
        .unwrap_err();
    assert_eq!(error.code.as_deref(), Some("RoleAssignmentExists"));
}
