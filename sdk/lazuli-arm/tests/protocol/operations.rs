//! Writes from the request to the end of their operation, in each dialect.

use lazuli_arm::{ArmErrorKind, NoProgress, OperationToken, PollKind, Value};
use serde_json::json;

use crate::stage::{API, Diary, GROUP, NET, OP, Stage, group, json as body, net, refusal, reply};

const AAO: &str = "azure-asyncoperation";

fn vnet(state: &str) -> Value {
    json!({"id": NET, "properties": {"provisioningState": state}})
}

fn status(state: &str) -> Value {
    json!({"status": state})
}

#[tokio::test]
async fn dialect_1_polls_the_status_and_reads_the_resource() {
    let stage = Stage::new().await;
    let first = stage.link(&format!("{OP}?t=1&s=a%2fb%2B-_&h=Zz=="));
    let second = stage.link(&format!("{OP}?t=2&s=Q%2fq"));
    let stage = stage.plays([
        body(201, vnet("Updating")).insert_header(AAO, first.as_str()),
        body(200, status("InProgress"))
            .insert_header(AAO, second.as_str())
            .insert_header("retry-after", "0"),
        body(200, status("Succeeded")),
        body(200, vnet("Succeeded")),
    ]);
    let diary = Diary::default();
    let made = stage
        .client()
        .await
        .put(&net(), API, &json!({"location": "x"}), &diary)
        .await
        .unwrap();
    assert_eq!(made, vnet("Succeeded"));
    let expected = [
        format!("PUT {NET}"),
        format!("GET {OP}?t=1&s=a%2fb%2B-_&h=Zz=="),
        format!("GET {OP}?t=2&s=Q%2fq"),
        format!("GET {NET}"),
    ];
    assert_eq!(
        stage.asked(),
        expected,
        "signed links are replayed as they are, and replaced"
    );
    assert_eq!(
        (diary.token().kind, diary.token().poll_url.expose()),
        (PollKind::AsyncOperation, first.as_str())
    );
    assert_eq!(*diary.texts.lock().unwrap(), ["InProgress"]);
}

#[tokio::test]
async fn dialect_2_takes_a_202_with_a_status_for_a_status() {
    let stage = Stage::new().await;
    let (aao, location) = (
        stage.link(&format!("{OP}/status")),
        stage.link(&format!("{OP}/result")),
    );
    let stage = stage.plays([
        body(202, json!({}))
            .insert_header(AAO, aao.as_str())
            .insert_header("location", location.as_str()),
        body(202, status("InProgress")),
        body(200, status("Succeeded")),
        body(200, json!({"id": NET})),
    ]);
    let made = stage
        .client()
        .await
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap();
    assert_eq!(made, json!({"id": NET}));
    let polls = [format!("GET {OP}/status"), format!("GET {OP}/status")];
    assert_eq!(
        stage.asked()[1..3],
        polls,
        "the status is preferred to the location"
    );
}

#[tokio::test]
async fn dialect_3_follows_the_location_to_any_final_answer() {
    for last in [reply(200), reply(201), reply(204), body(200, Value::Null)] {
        let stage = Stage::new().await;
        let location = stage.link(OP);
        let stage = stage.plays([
            body(202, Value::Null).insert_header("location", location.as_str()),
            reply(202).insert_header("location", location.as_str()),
            last,
        ]);
        stage
            .client()
            .await
            .delete(&group(), API, &[("force", "true")], &NoProgress)
            .await
            .unwrap();
        assert_eq!(
            stage.asked(),
            [
                format!("DELETE {GROUP}&force=true"),
                format!("GET {OP}"),
                format!("GET {OP}")
            ]
        );
    }
}

#[tokio::test]
async fn dialect_4_polls_the_resource() {
    let stage = Stage::new().await.plays([
        body(200, vnet("RegisteringDns")),
        body(200, vnet("RegisteringDns")),
        body(200, vnet("Succeeded")),
    ]);
    let diary = Diary::default();
    let made = stage
        .client()
        .await
        .put(&net(), API, &json!({}), &diary)
        .await
        .unwrap();
    assert_eq!(made, vnet("Succeeded"));
    assert_eq!(
        stage.asked(),
        [
            format!("PUT {NET}"),
            format!("GET {NET}"),
            format!("GET {NET}")
        ]
    );
    assert_eq!(diary.token().kind, PollKind::Resource);
}

#[tokio::test]
async fn what_is_done_at_once_is_not_polled() {
    let stage = Stage::new().await.plays([
        body(200, vnet("Succeeded")),
        reply(204),
        body(200, json!({"key": 1})),
    ]);
    let (client, diary) = (stage.client().await, Diary::default());
    assert_eq!(
        client
            .patch(&net(), API, &json!({"tags": {}}), &diary)
            .await
            .unwrap(),
        vnet("Succeeded")
    );
    client.delete(&net(), API, &[], &diary).await.unwrap();
    assert_eq!(
        client
            .post(&net(), "listKeys", API, None, &diary)
            .await
            .unwrap(),
        json!({"key": 1})
    );
    let lines = [
        format!("PATCH {NET}"),
        format!("DELETE {NET}"),
        format!("POST {NET}/listKeys"),
    ];
    assert_eq!(stage.asked(), lines);
    assert!(diary.tokens.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_action_gives_the_result_at_its_location() {
    let stage = Stage::new().await;
    let (aao, location) = (
        stage.link(&format!("{OP}/status")),
        stage.link(&format!("{OP}/result")),
    );
    let stage = stage.plays([
        reply(202)
            .insert_header(AAO, aao.as_str())
            .insert_header("location", location.as_str()),
        body(200, status("Succeeded")),
        body(200, json!({"run": 7})),
    ]);
    let result = stage
        .client()
        .await
        .post(&net(), "scheduleRun", API, Some(&json!({})), &NoProgress)
        .await
        .unwrap();
    assert_eq!(result, json!({"run": 7}));
}

#[tokio::test]
async fn an_operation_that_fails_tells_its_code_and_its_doubt() {
    let stage = Stage::new().await;
    let link = stage.link(OP);
    let failed = json!({"status": "Failed", "error": {"code": "NetcfgSubnetRangesOverlap", "message": "overlap"}});
    let stage = stage.plays([
        body(201, vnet("Updating")).insert_header(AAO, link.as_str()),
        body(200, failed),
    ]);
    let error = stage
        .client()
        .await
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (
            ArmErrorKind::OperationFailed,
            Some("NetcfgSubnetRangesOverlap")
        )
    );
    assert!(error.may_have_been_applied() && !error.is_retryable());
    assert_eq!(error.resource(), Some(NET));
}

#[tokio::test]
async fn a_write_that_met_another_operation_is_written_again() {
    let stage = Stage::new().await;
    let link = stage.link(OP);
    let failed = json!({"status": "Failed", "error": {"code": "AnotherOperationInProgress", "message": "m"}});
    let stage = stage.plays([
        body(201, vnet("Updating")).insert_header(AAO, link.as_str()),
        body(200, failed),
        refusal(429, "RetryableErrorDueToAnotherOperation"),
        body(200, vnet("Succeeded")),
    ]);
    let diary = Diary::default();
    let made = stage
        .client()
        .await
        .put(&net(), API, &json!({"a": 1}), &diary)
        .await
        .unwrap();
    assert_eq!(made, vnet("Succeeded"));
    assert_eq!(
        stage.asked(),
        [
            format!("PUT {NET}"),
            format!("GET {OP}"),
            format!("PUT {NET}"),
            format!("PUT {NET}")
        ]
    );
    let sent: Value = serde_json::from_slice(&stage.requests()[3].body).unwrap();
    assert_eq!(sent, json!({"a": 1}));
}

#[tokio::test]
async fn a_poll_that_cannot_be_read_is_not_a_failure_of_the_operation() {
    let stage = Stage::new().await;
    let link = stage.link(OP);
    let stage = stage.plays([
        body(201, vnet("Updating")).insert_header(AAO, link.as_str()),
        reply(503),
        refusal(404, "NotFound"),
        body(200, status("InProgress")),
        reply(502),
        reply(502),
        reply(502),
        body(200, vnet("Updating")),
        body(200, vnet("Succeeded")),
    ]);
    let made = stage
        .client()
        .await
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap();
    assert_eq!(made, vnet("Succeeded"));
    let asked = stage.asked();
    assert_eq!(
        asked[6..],
        [
            format!("GET {OP}"),
            format!("GET {NET}"),
            format!("GET {NET}")
        ],
        "then the resource is asked"
    );
}

#[tokio::test]
async fn a_link_to_another_origin_is_refused_and_gets_no_token() {
    let elsewhere = Stage::new().await;
    let link = elsewhere.link(OP);
    for header in [AAO, "location"] {
        let stage = Stage::new()
            .await
            .plays([reply(202).insert_header(header, link.as_str())]);
        let error = stage
            .client()
            .await
            .put(&net(), API, &json!({}), &NoProgress)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ArmErrorKind::ForeignUrl);
        assert!(error.may_have_been_applied());
    }
    let stage = Stage::new().await;
    let mut token = serde_json::to_value(recorded(&stage.link(OP), "PUT")).unwrap();
    token["pollUrl"] = json!(link);
    let token: OperationToken = serde_json::from_value(token).unwrap();
    let error = stage
        .client()
        .await
        .resume(&token, &NoProgress)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ArmErrorKind::ForeignUrl);
    assert!(elsewhere.asked().is_empty(), "the token must not travel");
}

fn recorded(poll_url: &str, method: &str) -> OperationToken {
    let token = json!({"kind": "asyncOperation", "method": method, "pollUrl": poll_url, "resourceId": NET, "apiVersion": API});
    serde_json::from_value(token).unwrap()
}

#[tokio::test]
async fn a_recorded_operation_is_resumed() {
    let stage = Stage::new().await;
    let link = stage.link(&format!("{OP}?s=a%2fb"));
    let stage = stage.plays([
        body(200, status("InProgress")),
        body(200, status("Succeeded")),
        body(200, vnet("Succeeded")),
    ]);
    let token = recorded(&link, "PUT");
    assert_eq!(
        stage
            .client()
            .await
            .resume(&token, &NoProgress)
            .await
            .unwrap(),
        vnet("Succeeded")
    );
    assert_eq!(stage.asked()[0], format!("GET {OP}?s=a%2fb"));
}

#[tokio::test]
async fn an_expired_link_falls_back_to_the_resource() {
    // The link is refused for good: a deletion is settled by the resource being gone.
    let stage = Stage::new().await;
    let link = stage.link(OP);
    let stage = stage.plays([
        refusal(403, "LinkExpired"),
        refusal(404, "ResourceNotFound"),
    ]);
    let token = recorded(&link, "DELETE");
    assert_eq!(
        stage
            .client()
            .await
            .resume(&token, &NoProgress)
            .await
            .unwrap(),
        Value::Null
    );
    assert_eq!(stage.asked(), [format!("GET {OP}"), format!("GET {NET}")]);
}

#[tokio::test]
async fn an_operation_without_end_ends_at_the_deadline() {
    let stage = Stage::new().await;
    let link = stage.link(OP);
    let running = || body(200, status("InProgress")).insert_header("retry-after", "3600");
    let stage = stage.plays([
        body(201, vnet("Updating")).insert_header(AAO, link.as_str()),
        running(),
    ]);
    let client = stage
        .client()
        .await
        .with_operation_timeout(std::time::Duration::from_secs(60));
    let error = client
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ArmErrorKind::Timeout);
    assert!(
        error.to_string().contains("within 60 s") && error.to_string().contains(NET),
        "{error}"
    );
    assert!(error.may_have_been_applied() && !error.is_retryable());
}

#[tokio::test]
async fn the_final_read_waits_until_the_resource_is_visible_and_settled() {
    let stage = Stage::new().await;
    let link = stage.link(OP);
    let stage = stage.plays([
        body(202, json!({})).insert_header(AAO, link.as_str()),
        body(200, status("Succeeded")),
        refusal(404, "ResourceNotFound"),
        body(200, vnet("Updating")),
        body(200, vnet("Succeeded")),
    ]);
    let made = stage
        .client()
        .await
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap();
    assert_eq!(made, vnet("Succeeded"));
}

#[tokio::test]
async fn polls_are_bounded_and_a_state_is_said_once() {
    let stage = Stage::new().await;
    let link = stage.link(OP);
    let running = |wait: &str| body(200, status("InProgress")).insert_header("retry-after", wait);
    let stage = stage.plays([
        body(201, vnet("Updating")).insert_header(AAO, link.as_str()),
        running("0"),
        running("0"),
        running("0"),
        running("18446744073709551615"),
    ]);
    let client = stage
        .client()
        .await
        .with_operation_timeout(std::time::Duration::from_secs(60));
    let diary = Diary::default();
    let error = client
        .put(&net(), API, &json!({}), &diary)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ArmErrorKind::Timeout, "{error}");
    assert!(error.may_have_been_applied());
    assert_eq!(*diary.texts.lock().unwrap(), ["InProgress"]);
}
