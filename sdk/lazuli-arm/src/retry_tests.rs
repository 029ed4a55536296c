//! The table of what is tried again, and the arithmetic of waiting.

use reqwest::header::HeaderMap;
use serde_json::json;

use super::*;
use crate::answer::Answer;

fn sync(status: u16, code: &str, message: &str) -> ArmError {
    let body = json!({"error": {"code": code, "message": message}}).to_string();
    ArmError::from_answer(&Answer::new(status, HeaderMap::new(), body.into_bytes()))
}

fn in_operation(code: &str, message: &str) -> ArmError {
    ArmError::from_operation(false, &json!({"code": code, "message": message}))
}

fn network(kind: ArmErrorKind) -> ArmError {
    ArmError::new(kind, "broken")
}

#[test]
fn what_is_tried_again() {
    use Method::{Delete, Get, Patch, Post, Put};
    use RetryClass::{Busy, Lingering, Replicating, Throttled, TimedOut, Transient};
    let updating = "resource is in Updating state";
    let cases = [
        (Get, sync(500, "InternalServerError", ""), Some(Transient)),
        (Put, sync(502, "", ""), Some(Transient)),
        (Put, sync(504, "GatewayTimeout", ""), Some(Transient)),
        (Get, sync(501, "NotImplemented", ""), None),
        (Put, sync(408, "", ""), Some(TimedOut)),
        (Put, sync(424, "", ""), Some(Transient)),
        (Post, sync(500, "", "").with_doubt(true), None),
        (
            Post,
            network(ArmErrorKind::Interrupted).with_doubt(true),
            None,
        ),
        (Post, network(ArmErrorKind::Unreachable), Some(Transient)),
        (
            Put,
            network(ArmErrorKind::Interrupted).with_doubt(true),
            Some(Transient),
        ),
        (Put, network(ArmErrorKind::Tls), None),
        (Put, sync(429, "TooManyRequests", ""), Some(Throttled)),
        (
            Put,
            sync(429, "RetryableErrorDueToAnotherOperation", ""),
            Some(Busy),
        ),
        (Put, sync(429, "QuotaExceeded", ""), None),
        (Put, sync(409, "AnotherOperationInProgress", ""), Some(Busy)),
        (
            Put,
            sync(409, "StorageAccountOperationInProgress", ""),
            Some(Busy),
        ),
        (
            Put,
            sync(400, "ReferencedResourceNotProvisioned", updating),
            Some(Busy),
        ),
        (
            Put,
            sync(
                400,
                "ReferencedResourceNotProvisioned",
                "is in Failed state",
            ),
            None,
        ),
        (
            Put,
            sync(409, "Conflict", "Website with given name x already exists."),
            None,
        ),
        (
            Delete,
            sync(
                409,
                "Conflict",
                "Server farm 'x' cannot be deleted because it has web app(s)",
            ),
            Some(Lingering),
        ),
        (
            Delete,
            sync(409, "CannotDeleteResource", ""),
            Some(Lingering),
        ),
        (
            Delete,
            sync(400, "InUseSubnetCannotBeDeleted", ""),
            Some(Lingering),
        ),
        (Put, sync(400, "InUseSubnetCannotBeDeleted", ""), None),
        (Delete, sync(409, "ScopeLocked", ""), None),
        (Put, sync(400, "PrincipalNotFound", ""), Some(Replicating)),
        (Put, sync(404, "ResourceGroupNotFound", ""), None),
        (Put, sync(412, "PreconditionFailed", ""), None),
        (Put, sync(403, "AuthorizationFailed", ""), None),
        (
            Put,
            in_operation("AnotherOperationInProgress", ""),
            Some(Busy),
        ),
        (Patch, in_operation("RetryableError", ""), Some(Busy)),
        (
            Put,
            in_operation("ReferencedResourceNotProvisioned", updating),
            Some(Busy),
        ),
        (
            Delete,
            in_operation("InUseSubnetCannotBeDeleted", ""),
            Some(Lingering),
        ),
        (Post, in_operation("AnotherOperationInProgress", ""), None),
        (Put, in_operation("InternalServerError", ""), None),
        (Put, network(ArmErrorKind::Timeout).in_operation(), None),
    ];
    for (method, error, expected) in cases {
        assert_eq!(
            classify(method, false, &error),
            expected,
            "{method} {error:?}"
        );
    }
}

#[test]
fn a_missing_parent_is_a_matter_of_time_only_when_it_is_new() {
    for code in ["ResourceGroupNotFound", "ParentResourceNotFound"] {
        let error = sync(404, code, "");
        assert_eq!(
            classify(Method::Put, true, &error),
            Some(RetryClass::Replicating)
        );
        assert_eq!(classify(Method::Put, false, &error), None);
        assert_eq!(classify(Method::Delete, true, &error), None);
    }
}

#[test]
fn inner_codes_count() {
    let error = json!({"code": "Conflict", "message": "", "details": [{"code": "AnotherOperationInProgress"}]});
    assert_eq!(
        classify(Method::Put, false, &ArmError::from_operation(false, &error)),
        Some(RetryClass::Busy)
    );
}

#[test]
fn attempts_and_windows_end() {
    let policy = RetryPolicy {
        transient_attempts: 3,
        busy_window: Duration::from_secs(60),
        ..RetryPolicy::default()
    };
    let mut budget = Budget::new(policy.clone(), Jitter::seeded(1));
    let transient = |budget: &mut Budget| {
        budget
            .next(RetryClass::Transient, Duration::ZERO, None)
            .is_some()
    };
    assert_eq!(
        [
            transient(&mut budget),
            transient(&mut budget),
            transient(&mut budget)
        ],
        [true, true, false]
    );

    let mut budget = Budget::new(policy, Jitter::seeded(1));
    let asked = Some(Duration::from_secs(40));
    assert_eq!(budget.next(RetryClass::Busy, Duration::ZERO, asked), asked);
    assert_eq!(
        budget.next(RetryClass::Busy, Duration::from_secs(40), asked),
        None
    );
}

#[test]
fn delays_grow_stay_below_their_ceiling_and_replay_from_the_seed() {
    let delays = |seed| {
        let mut budget = Budget::new(RetryPolicy::default(), Jitter::seeded(seed));
        (0..12)
            .filter_map(|_| budget.next(RetryClass::Busy, Duration::ZERO, None))
            .collect::<Vec<_>>()
    };
    let first = delays(7);
    assert_eq!(first, delays(7));
    assert_ne!(first, delays(8));
    for (at, delay) in first.iter().enumerate() {
        let ceiling = Duration::from_secs(1 << at.min(5)).min(Duration::from_secs(30));
        assert!(*delay <= ceiling, "{at}: {delay:?}");
    }
    assert!(
        first.iter().any(|delay| *delay > Duration::from_secs(4)),
        "{first:?}"
    );
}

#[test]
fn asking_for_no_wait_is_believed_twice_and_then_less() {
    let most = Duration::from_secs(1);
    let millis = |asked| after_zero(asked, most).as_millis();
    let first: Vec<_> = (0..9).map(millis).collect();
    assert_eq!(first, [0, 0, 62, 125, 250, 500, 1000, 1000, 1000]);
    assert_eq!(millis(u32::MAX), 1000);
}
