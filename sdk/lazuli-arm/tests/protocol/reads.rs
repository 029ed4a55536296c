//! Reading, listing, and what counts as absent.

use lazuli_arm::{ArmErrorKind, NoProgress};
use serde_json::json;

use crate::stage::{API, GROUP, NET, Stage, group, json as body, net, refusal, reply};

#[tokio::test]
async fn absent_is_what_azure_says_is_absent() {
    for code in [
        "ResourceNotFound",
        "ResourceGroupNotFound",
        "ParentResourceNotFound",
        "NotFound",
    ] {
        let stage = Stage::new().await.plays([refusal(404, code)]);
        assert_eq!(
            stage.client().await.get(&net(), API).await.unwrap(),
            None,
            "{code}"
        );
    }
    let stage = Stage::new().await.plays([body(200, json!({"id": NET}))]);
    assert_eq!(
        stage.client().await.get(&net(), API).await.unwrap(),
        Some(json!({"id": NET}))
    );
}

#[tokio::test]
async fn a_proxys_404_is_an_error_never_an_absent_resource() {
    let page = reply(404).set_body_raw(
        "<html><body>Web filter: page not found</body></html>",
        "text/html",
    );
    let stage = Stage::new().await.plays([
        page.clone(),
        page,
        reply(404),
        refusal(404, "SubscriptionNotFound"),
    ]);
    let client = stage.client().await;
    let error = client.get(&net(), API).await.unwrap_err();
    assert_eq!(error.kind(), ArmErrorKind::BadAnswer);
    assert!(
        error.to_string().contains("Web filter: page not found")
            && !error.to_string().contains('<'),
        "{error}"
    );
    assert!(
        client.delete(&net(), API, &[], &NoProgress).await.is_err(),
        "and never a finished deletion"
    );
    assert!(
        client.get(&net(), API).await.is_err(),
        "an empty 404 that is nobody's"
    );
    let error = client.get(&net(), API).await.unwrap_err();
    assert!(
        error.hint().unwrap().contains("AZURE_SUBSCRIPTION_ID"),
        "{error}"
    );
}

#[tokio::test]
async fn what_was_just_written_gets_a_second_look() {
    let stage = Stage::new().await.plays([
        body(200, json!({"id": NET})),
        refusal(404, "ResourceNotFound"),
        body(200, json!({"id": NET})),
        reply(204),
        refusal(404, "ResourceNotFound"),
    ]);
    let client = stage.client().await;
    client
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap();
    assert!(client.get(&net(), API).await.unwrap().is_some());
    client.delete(&net(), API, &[], &NoProgress).await.unwrap();
    assert!(client.get(&net(), API).await.unwrap().is_none());
    assert_eq!(stage.asked().len(), 5);
}

#[tokio::test]
async fn pages_are_followed_even_when_empty() {
    let stage = Stage::new().await;
    let (second, third) = (
        stage.link("/x?$skipToken=2%2f"),
        stage.link("/x?$skipToken=3"),
    );
    let stage = stage.plays([
        body(200, json!({"value": [1], "nextLink": second})),
        body(200, json!({"value": [], "nextLink": third})),
        body(200, json!({"value": [2, 3], "nextLink": null})),
    ]);
    let items = stage
        .client()
        .await
        .list(&format!("{GROUP}/resources?$filter=a%20eq%20'b'"), API)
        .await
        .unwrap();
    assert_eq!(items, [json!(1), json!(2), json!(3)]);
    assert_eq!(
        stage.asked()[1..],
        [
            "GET /x?$skipToken=2%2f".to_owned(),
            "GET /x?$skipToken=3".to_owned()
        ]
    );
    assert!(
        stage.asked()[0].contains("$filter=a%20eq%20%27b%27"),
        "{:?}",
        stage.asked()
    );
}

#[tokio::test]
async fn lists_that_lead_astray_are_errors() {
    let stage = Stage::new().await;
    let again = stage.link("/x?p=1");
    let page = || body(200, json!({"value": [1], "nextLink": again}));
    let stage = stage.plays([page(), page()]);
    let error = stage.client().await.list("/x", API).await.unwrap_err();
    assert!(
        error.to_string().contains("leads back to an earlier page"),
        "{error}"
    );

    let away = body(
        200,
        json!({"value": [], "nextLink": "https://evil.example/x"}),
    );
    let stage = Stage::new()
        .await
        .plays([away, body(200, json!({"id": 1}))]);
    let client = stage.client().await;
    assert_eq!(
        client.list("/x", API).await.unwrap_err().kind(),
        ArmErrorKind::ForeignUrl
    );
    let error = client.list("/x", API).await.unwrap_err();
    assert!(error.to_string().contains("no `value` array"), "{error}");
}

#[tokio::test]
async fn unusable_answers_end_in_clear_errors() {
    let huge = reply(200).set_body_bytes(vec![b' '; 8 * 1024 * 1024 + 1]);
    let stage =
        Stage::new()
            .await
            .plays([huge, reply(200).set_body_string("{\"id\": "), reply(307)]);
    let client = stage.client().await;
    for expected in ["larger than 8 MB", "is not JSON", "HTTP 307"] {
        let error = client.get(&net(), API).await.unwrap_err();
        assert_eq!(error.kind(), ArmErrorKind::BadAnswer);
        assert!(
            error.to_string().contains(expected) && error.to_string().contains(NET),
            "{error}"
        );
    }
}

#[tokio::test]
async fn every_request_carries_its_ids_and_names_are_encoded() {
    let stage = Stage::new()
        .await
        .plays([body(200, json!({})), body(200, json!({}))]);
    let client = stage.client().await;
    client.get(&group(), API).await.unwrap();
    let spaced = group()
        .resource("Microsoft.Portal/dashboards", &["my board"])
        .unwrap();
    client.get(&spaced, API).await.unwrap();
    let requests = stage.requests();
    let header = |at: usize, name: &str| {
        requests[at]
            .headers
            .get(name)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(header(0, "authorization"), "Bearer top-secret-token");
    assert_eq!(
        header(0, "x-ms-correlation-request-id"),
        header(1, "x-ms-correlation-request-id")
    );
    assert_ne!(
        header(0, "x-ms-client-request-id"),
        header(1, "x-ms-client-request-id")
    );
    assert!(
        stage.asked()[1].ends_with("/dashboards/my%20board"),
        "{:?}",
        stage.asked()
    );
}
