//! Refusals, throttling, lost answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lazuli_arm::{ArmClient, ArmErrorKind, NoProgress};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer};

use crate::stage::{
    API, Diary, GROUP, NET, Stage, client_of, group, json as body, net, options, refusal, reply,
};

#[tokio::test]
async fn the_service_hiccups_and_the_request_goes_again() {
    let stage = Stage::new()
        .await
        .plays([reply(503), reply(500), body(200, json!({"id": NET}))]);
    let diary = Diary::default();
    stage
        .client()
        .await
        .put(&net(), API, &json!({}), &diary)
        .await
        .unwrap();
    assert_eq!(stage.asked().len(), 3);
    assert!(
        diary.texts.lock().unwrap()[0].starts_with("again in"),
        "{:?}",
        diary.texts
    );
}

#[tokio::test]
async fn patience_ends() {
    let stage = Stage::new()
        .await
        .plays([reply(500), reply(500), reply(500), reply(500)]);
    let error = stage
        .client()
        .await
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), stage.asked().len()),
        (ArmErrorKind::Server, 3)
    );
    assert!(error.may_have_been_applied() && error.is_retryable());
}

#[tokio::test]
async fn a_doubt_outlives_the_attempt_that_raised_it() {
    let stage = Stage::new()
        .await
        .plays([reply(504), refusal(400, "InvalidParameter")]);
    let error = stage
        .client()
        .await
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameter"));
    assert!(
        error.may_have_been_applied(),
        "the first attempt may have done the work"
    );
}

#[tokio::test]
async fn mistakes_are_not_repeated() {
    for (status, code) in [
        (400, "InvalidParameter"),
        (403, "AuthorizationFailed"),
        (409, "ScopeLocked"),
        (501, "X"),
    ] {
        let stage = Stage::new().await.plays([refusal(status, code)]);
        let error = stage
            .client()
            .await
            .put(&net(), API, &json!({}), &NoProgress)
            .await
            .unwrap_err();
        assert_eq!((error.code(), stage.asked().len()), (Some(code), 1));
        assert!(
            !error.may_have_been_applied() && !error.is_retryable(),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_action_is_not_repeated_once_it_may_have_happened() {
    let stage = Stage::new()
        .await
        .plays([reply(500), reply(500), body(200, json!({}))]);
    let client = stage.client().await;
    let error = client
        .post(&net(), "scheduleRun", API, None, &NoProgress)
        .await
        .unwrap_err();
    assert!(error.may_have_been_applied());
    client
        .post(&net(), "listKeys", API, None, &NoProgress)
        .await
        .unwrap();
    assert_eq!(stage.asked().len(), 3);
}

#[tokio::test]
async fn a_missing_group_is_waited_for_only_when_it_is_new() {
    let missing = || refusal(404, "ResourceGroupNotFound");
    let stage = Stage::new().await.plays([
        missing(),
        body(201, json!({"id": GROUP})),
        missing(),
        missing(),
        body(200, json!({"id": NET})),
    ]);
    let client = stage.client().await;
    let error = client
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    client
        .put(&group(), API, &json!({}), &NoProgress)
        .await
        .unwrap();
    client
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap();
    assert_eq!(stage.asked().len(), 5);
}

#[tokio::test]
async fn deletions_wait_for_what_lingers_and_take_gone_for_done() {
    let stage = Stage::new().await.plays([
        refusal(400, "InUseSubnetCannotBeDeleted"),
        refusal(409, "CannotDeleteResource"),
        reply(202).insert_header("location", "/op/1"),
        reply(204),
        refusal(404, "ResourceGroupNotFound"),
    ]);
    let client = stage.client().await;
    client.delete(&net(), API, &[], &NoProgress).await.unwrap();
    client.delete(&net(), API, &[], &NoProgress).await.unwrap();
    assert_eq!(stage.asked()[3], "GET /op/1");
    assert_eq!(stage.asked().len(), 5);
}

#[tokio::test]
async fn a_429_makes_everybody_wait_as_long_as_it_says() {
    let wait = Duration::from_millis(300);
    let throttled =
        refusal(429, "SubscriptionRequestsThrottled").insert_header("retry-after-ms", "300");
    let stage = Stage::new()
        .await
        .plays([throttled, body(200, json!({})), body(200, json!({}))]);
    let (client, started) = (stage.client().await, Instant::now());
    let other = client.clone();
    let second = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        other.get(&net(), API).await.map(|_| Instant::now())
    });
    client.get(&net(), API).await.unwrap();
    assert!(started.elapsed() >= wait, "{:?}", started.elapsed());
    let second = second.await.unwrap().unwrap();
    assert!(
        second.duration_since(started) >= wait,
        "the other one waited as well"
    );
    assert_eq!(stage.asked().len(), 3);
}

#[tokio::test]
async fn one_registers_for_all_and_each_request_goes_again() {
    let server = MockServer::start().await;
    let missing = json!({"error": {"code": "MissingSubscriptionRegistration", "message":
        "The subscription is not registered to use namespace 'Microsoft.Network'. See https://aka.ms/rps-not-found"}});
    Mock::given(method("PUT"))
        .respond_with(body(409, missing))
        .up_to_n_times(4)
        .mount(&server)
        .await;
    Mock::given(method("PUT"))
        .respond_with(body(200, json!({"id": NET})))
        .mount(&server)
        .await;
    let provider = "/subscriptions/s1/providers/Microsoft.Network";
    let state = |state: &str| body(200, json!({"registrationState": state}));
    Mock::given(method("POST"))
        .and(path(format!("{provider}/register")))
        .respond_with(state("Registering"))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path(provider))
        .respond_with(state("Registering"))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path(provider))
        .respond_with(state("Registered"))
        .mount(&server)
        .await;
    let client = client_of(&server.uri()).await;
    let write =
        |client: ArmClient| async move { client.put(&net(), API, &json!({}), &NoProgress).await };
    let all = [0; 4].map(|_| tokio::spawn(write(client.clone())));
    for one in all {
        one.await.unwrap().unwrap();
    }
    server.verify().await;
}

#[tokio::test]
async fn a_registration_that_is_refused_says_so() {
    let stage = Stage::new().await.plays([
        refusal(409, "MissingSubscriptionRegistration"),
        refusal(403, "AuthorizationFailed"),
    ]);
    let error = stage
        .client()
        .await
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("not registered to use Microsoft.Network"),
        "{error}"
    );
    assert!(error.is_auth());
}

/// A server that reads each request and then does `end` to the connection.
async fn rude_server(end: &'static [u8], stall: bool) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (endpoint, count) = (
        format!("http://{}", listener.local_addr().unwrap()),
        Arc::new(AtomicUsize::new(0)),
    );
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let read = stream.read(&mut buffer).await.unwrap_or(0);
                counted.fetch_add(usize::from(read > 0), Ordering::SeqCst);
                let _ = stream.write_all(end).await;
                if stall {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    (endpoint, count)
}

#[tokio::test]
async fn a_lost_answer_leaves_the_write_in_doubt() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":";
    for end in [&b""[..], half] {
        let (endpoint, count) = rude_server(end, false).await;
        let client = client_of(&endpoint).await;
        let error = client
            .put(&net(), API, &json!({"password": "hunter2"}), &NoProgress)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ArmErrorKind::Interrupted, "{error}");
        assert!(error.may_have_been_applied() && error.is_retryable());
        assert_eq!(
            count.load(Ordering::SeqCst),
            3,
            "a put is idempotent and goes again"
        );
        let shown = format!("{error} {error:?} {}", error.hint().unwrap());
        assert!(
            !shown.contains("hunter2") && !shown.contains("top-secret-token"),
            "{shown}"
        );

        let error = client
            .post(&net(), "restart", API, None, &NoProgress)
            .await
            .unwrap_err();
        assert!(error.may_have_been_applied());
        assert_eq!(count.load(Ordering::SeqCst), 4, "an action does not");
    }
}

#[tokio::test]
async fn a_stalled_server_is_a_timeout_that_names_the_resource() {
    let (endpoint, _) = rude_server(b"", true).await;
    let mut options = options(&endpoint);
    options.transport.request_timeout = Duration::from_millis(50);
    let client = ArmClient::connect(options).await.unwrap();
    let error = client
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ArmErrorKind::Timeout);
    assert!(
        error.to_string().contains(NET) && error.may_have_been_applied(),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_listening_is_unreachable_and_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client_of(&endpoint)
        .await
        .put(&net(), API, &json!({}), &NoProgress)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ArmErrorKind::Unreachable, "{error}");
    assert!(!error.may_have_been_applied() && error.is_retryable());
    assert!(error.hint().unwrap().contains("is the endpoint up"));
}

#[tokio::test]
async fn a_wait_that_no_one_can_sit_out_ends_the_call_and_is_named() {
    for status in [429, 500, 503] {
        for asked in [
            "31536000",
            "18446744073709551615",
            "99999999999999999999999",
        ] {
            let refused = || refusal(status, "X").insert_header("retry-after", asked);
            let stage = Stage::new().await.plays([refused(), refused()]);
            let client = stage.client().await;
            let error = client
                .put(&net(), API, &json!({}), &NoProgress)
                .await
                .unwrap_err();
            assert_eq!(error.status(), Some(status));
            assert!(
                error.to_string().contains("its Retry-After asks to wait"),
                "{error}"
            );
            assert_eq!(stage.asked().len(), 1);
            // Whoever asks next is held back by the same answer only where it was about limits.
            let error = client.get(&net(), API).await.unwrap_err();
            assert_eq!(stage.asked().len(), if status == 429 { 1 } else { 2 });
            assert!(
                error.to_string().contains("Retry-After asks to wait"),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn the_time_of_an_operation_ends_every_wait() {
    let started = Instant::now();
    let limit = Duration::from_millis(100);
    let creating = || {
        body(
            200,
            json!({"id": NET, "properties": {"provisioningState": "Creating"}}),
        )
    };
    let busy = || refusal(409, "AnotherOperationInProgress").insert_header("retry-after", "1");
    let gone = || refusal(404, "ResourceNotFound");
    let endless: [&dyn Fn() -> wiremock::ResponseTemplate; 3] = [&creating, &busy, &gone];
    for answer in endless {
        let stage = Stage::new().await.plays((0..1000).map(|_| answer()));
        let client = stage.client().await.with_operation_timeout(limit);
        client
            .put(&net(), API, &json!({}), &NoProgress)
            .await
            .unwrap_err();
        assert!(client.time_left().is_some_and(|left| left <= limit));
    }
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn who_always_says_that_no_wait_is_needed_is_asked_ever_less_often() {
    let refused = || refusal(429, "TooManyRequests").insert_header("retry-after", "0");
    let stage = Stage::new().await.plays((0..1000).map(|_| refused()));
    let client = stage
        .client()
        .await
        .with_operation_timeout(Duration::from_millis(1500));
    let diary = Diary::default();
    client
        .put(&net(), API, &json!({}), &diary)
        .await
        .unwrap_err();
    let asked = stage.asked().len();
    assert!((3..10).contains(&asked), "{asked} requests in 1.5 s");
    let texts = diary.texts.lock().unwrap();
    assert!(texts.len() < asked, "{texts:?}");
}
