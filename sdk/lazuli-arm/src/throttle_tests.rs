//! Time is paused: the clock moves only while everybody waits.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::operation::NoProgress;

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let header = |(name, value): &(&'static str, &str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    };
    Answer::new(
        status,
        headers.iter().map(header).collect::<HeaderMap>(),
        body.as_bytes().to_vec(),
    )
}

fn lane(method: Method, namespace: &str) -> Lane {
    Lane::of(method, Some("S1"), namespace)
}

async fn waited(throttle: &Arc<Throttle>, lane: &Lane) -> Duration {
    let started = Instant::now();
    throttle
        .enter(lane, Duration::MAX, &NoProgress)
        .await
        .unwrap();
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_429_holds_back_everybody_on_the_same_road_only() {
    let throttle = Arc::new(Throttle::default());
    let (puts, gets) = (
        lane(Method::Put, "Microsoft.Network"),
        lane(Method::Get, "microsoft.network"),
    );
    let permit = throttle
        .enter(&puts, Duration::MAX, &NoProgress)
        .await
        .unwrap();
    permit.observe(&answer(
        429,
        &[("retry-after", "17")],
        r#"{"error":{"code":"TooManyRequests","message":""}}"#,
    ));
    assert_eq!(
        waited(&throttle, &lane(Method::Put, "Microsoft.Web")).await,
        Duration::ZERO
    );
    let held = waited(&throttle, &gets).await;
    assert!((17.0..17.1).contains(&held.as_secs_f64()), "{held:?}");
    assert_eq!(waited(&throttle, &puts).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_429_about_another_operation_holds_back_nobody() {
    let throttle = Arc::new(Throttle::default());
    let puts = lane(Method::Put, "Microsoft.Network");
    let permit = throttle
        .enter(&puts, Duration::MAX, &NoProgress)
        .await
        .unwrap();
    permit.observe(&answer(
        429,
        &[("retry-after", "17")],
        r#"{"error":{"code":"RetryableError","message":""}}"#,
    ));
    assert_eq!(waited(&throttle, &puts).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn it_slows_before_nothing_is_left() {
    let throttle = Arc::new(Throttle::default());
    let puts = lane(Method::Put, "Microsoft.Network");
    let permit = throttle
        .enter(&puts, Duration::MAX, &NoProgress)
        .await
        .unwrap();
    permit.observe(&answer(
        200,
        &[("x-ms-ratelimit-remaining-subscription-writes", "12")],
        "",
    ));
    drop(permit);
    // One in flight was counted by nobody yet: 11 left, 10 of them reserved.
    assert_eq!(waited(&throttle, &puts).await, Duration::ZERO);
    let second = waited(&throttle, &puts).await;
    assert!(
        (0.09..0.2).contains(&second.as_secs_f64()),
        "one refill of 10/s, not {second:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn providers_with_limits_of_their_own_are_paced_by_those() {
    let throttle = Arc::new(Throttle::default());
    let gets = lane(Method::Get, "Microsoft.Network");
    let name = "x-ms-ratelimit-remaining-subscription-resource-requests";
    let permit = throttle
        .enter(&gets, Duration::MAX, &NoProgress)
        .await
        .unwrap();
    permit.observe(&answer(200, &[(name, "499")], ""));
    permit.observe(&answer(200, &[(name, "5")], ""));
    drop(permit);
    // 500 in 5 minutes is 1.67 a second; from 4 up to 11 takes 4.2 s.
    let wait = waited(&throttle, &gets).await;
    assert!((4.0..4.5).contains(&wait.as_secs_f64()), "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_spread_at_the_refill_rate_without_starving() {
    let throttle = Arc::new(Throttle::default());
    let deletes = lane(Method::Delete, "Microsoft.Network");
    let started = Instant::now();
    for _ in 0..290 {
        throttle
            .enter(&deletes, Duration::MAX, &NoProgress)
            .await
            .unwrap();
    }
    // 190 at once, 100 more at 10 a second.
    let spent = started.elapsed().as_secs_f64();
    assert!((9.5..11.0).contains(&spent), "{spent}");
}

#[tokio::test(start_paused = true)]
async fn a_road_that_is_closed_for_too_long_is_an_error_at_once() {
    let throttle = Arc::new(Throttle::default());
    let puts = lane(Method::Put, "Microsoft.Network");
    let enter = async |longest| throttle.enter(&puts, longest, &NoProgress).await;
    let permit = enter(Duration::MAX).await.unwrap();
    for asked in ["31536000", "18446744073709551615"] {
        permit.observe(&answer(429, &[("retry-after", asked)], ""));
        let error = enter(Duration::from_secs(20)).await.err().expect("closed");
        assert_eq!(error.kind(), ArmErrorKind::Throttled);
        assert!(
            error
                .retry_after()
                .is_some_and(|wait| wait > Duration::from_secs(30_000_000))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_for_the_limits_is_said() {
    #[derive(Default)]
    struct Heard(std::sync::Mutex<Vec<String>>);
    impl Progress for Heard {
        fn operation_started(&self, _: &crate::operation::OperationToken) {}
        fn status(&self, text: &str) {
            self.0.lock().unwrap().push(text.to_owned());
        }
    }
    let (throttle, heard) = (Arc::new(Throttle::default()), Heard::default());
    let puts = lane(Method::Put, "Microsoft.Network");
    let permit = throttle.enter(&puts, Duration::MAX, &heard).await.unwrap();
    permit.observe(&answer(429, &[("retry-after", "17")], ""));
    throttle.enter(&puts, Duration::MAX, &heard).await.unwrap();
    assert_eq!(
        *heard.0.lock().unwrap(),
        ["throttled by microsoft.network: goes on in 17 s"]
    );
}
