//! Bodies as services write them, and what is made of them.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::Method;

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let header = |(name, value): &(&str, &str)| {
        (
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        )
    };
    Answer::new(
        status,
        headers.iter().map(header).collect::<HeaderMap>(),
        body.as_bytes().to_vec(),
    )
}

#[test]
fn every_shape_yields_code_message_and_innermost_code() {
    // body, code, part of the message, innermost code
    let cases = [
        (
            r#"{"error":{"code":"A","message":"m"}}"#,
            Some("A"),
            "m",
            Some("A"),
        ),
        (
            r#"{"error":{"code":"A","message":"m","details":[{"code":"B","message":"n","details":[{"code":"C"}]}]}}"#,
            Some("A"),
            "m",
            Some("C"),
        ),
        (
            r#"{"code":"A","message":"m","details":[]}"#,
            Some("A"),
            "m",
            Some("A"),
        ),
        (
            r#"{"Code":"Conflict","Message":"exists","Target":null,"Details":[{"Message":"exists"},{"Code":"Conflict"},
               {"ErrorEntity":{"ExtendedCode":"54001","Code":"Conflict","Message":"exists"}}],"Innererror":null}"#,
            Some("Conflict"),
            "exists",
            Some("Conflict"),
        ),
        (
            r#"{"Error":{"Code":"A","Message":"m"}}"#,
            Some("A"),
            "m",
            Some("A"),
        ),
        (
            r#"{"status":"Failed","error":{"code":"A","message":"m"}}"#,
            Some("A"),
            "m",
            Some("A"),
        ),
        (
            r#"{"properties":{"error":{"code":"A","message":"m"}}}"#,
            Some("A"),
            "m",
            Some("A"),
        ),
        (
            "\u{feff}{\"error\":{\"code\":\"A\",\"message\":\"m\"}}",
            Some("A"),
            "m",
            Some("A"),
        ),
        (
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: no"}"#,
            Some("invalid_client"),
            "AADSTS",
            None,
        ),
        (
            r#"{"error":{"code":"A","message":"{\"error\":{\"code\":\"B\",\"message\":\"inner\"}}"}}"#,
            Some("A"),
            "inner",
            Some("B"),
        ),
        (
            r#"{"error":{"code":"A"}}"#,
            Some("A"),
            "no message",
            Some("A"),
        ),
        ("", None, "no body", None),
        (
            "<html><body><h1>502 Bad Gateway</h1></body></html>",
            None,
            "502 Bad Gateway",
            None,
        ),
        ("[1,2]", None, "[1,2]", None),
    ];
    for (body, code, message, innermost) in cases {
        let error = ArmError::from_answer(&answer(400, &[], body));
        assert_eq!(error.code(), code, "{body}");
        assert!(
            error.message().contains(message),
            "{body}: {}",
            error.message()
        );
        if innermost.is_some() {
            assert_eq!(error.innermost_code(), innermost, "{body}");
        }
    }
}

#[test]
fn pages_are_shortened() {
    let page = format!(
        "<html><head><title>Blocked</title></head><body>{}</body></html>",
        "word ".repeat(5000)
    );
    let error = ArmError::from_answer(&answer(403, &[], &page));
    assert!(error.message().contains("Blocked word"), "{error}");
    assert!(
        error.message().chars().count() < 400 && !error.message().contains('<'),
        "{error}"
    );
}

#[test]
fn only_azures_own_404_means_not_found() {
    let arm = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
    let trace = [("x-ms-request-id", "r1")];
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], ArmErrorKind);
    let cases: [Case<'_>; 12] = [
        (
            &arm("RoleDefinitionDoesNotExist"),
            &[],
            ArmErrorKind::NotFound,
        ),
        (&arm("ResourceNotFound"), &[], ArmErrorKind::NotFound),
        (&arm("ResourceGroupNotFound"), &[], ArmErrorKind::NotFound),
        (&arm("ParentResourceNotFound"), &[], ArmErrorKind::NotFound),
        (&arm("NotFound"), &[], ArmErrorKind::NotFound),
        (&arm("RoleAssignmentNotFound"), &[], ArmErrorKind::NotFound),
        (
            r#"{"Code":"NotFound","Message":"Cannot find"}"#,
            &[],
            ArmErrorKind::NotFound,
        ),
        (&arm("SubscriptionNotFound"), &[], ArmErrorKind::Rejected),
        (&arm("InvalidResourceType"), &[], ArmErrorKind::Rejected),
        ("<html>Not Found</html>", &trace, ArmErrorKind::BadAnswer),
        ("", &[], ArmErrorKind::BadAnswer),
        ("", &trace, ArmErrorKind::NotFound),
    ];
    for (body, headers, kind) in cases {
        let error = ArmError::from_answer(&answer(404, headers, body));
        assert_eq!(error.kind(), kind, "{body}");
        assert_eq!(error.is_not_found(), kind == ArmErrorKind::NotFound);
    }
}

#[test]
fn statuses_and_codes_decide_the_kind() {
    let cases = [
        (
            401,
            "InvalidAuthenticationToken",
            ArmErrorKind::Unauthenticated,
        ),
        (403, "AuthorizationFailed", ArmErrorKind::Forbidden),
        (409, "Conflict", ArmErrorKind::Conflict),
        (412, "PreconditionFailed", ArmErrorKind::Conflict),
        (409, "AnotherOperationInProgress", ArmErrorKind::Busy),
        (429, "TooManyRequests", ArmErrorKind::Throttled),
        (400, "InvalidParameter", ArmErrorKind::Rejected),
        (503, "ServiceUnavailable", ArmErrorKind::Server),
        (307, "", ArmErrorKind::BadAnswer),
    ];
    for (status, code, kind) in cases {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
        assert_eq!(
            ArmError::from_answer(&answer(status, &[], &body)).kind(),
            kind,
            "{status} {code}"
        );
    }
}

#[test]
fn display_names_the_resource_and_the_request() {
    let headers = [
        ("x-ms-request-id", "r1"),
        ("x-ms-correlation-request-id", "c1"),
    ];
    let body = r#"{"error":{"code":"A","message":"m","details":[{"code":"B","message":"n"}]}}"#;
    let error =
        ArmError::from_answer(&answer(409, &headers, body)).about(Method::Put, "/subscriptions/s");
    assert_eq!(
        error.to_string(),
        "PUT /subscriptions/s: HTTP 409: A: m; B: n (request r1)"
    );
    assert_eq!(error.correlation_id(), Some("c1"));
    assert!(error.is_conflict());
}

#[test]
fn deep_and_wide_bodies_are_bounded() {
    let deep = (0..200).fold(r#"{"code":"Z"}"#.to_owned(), |inner, n| {
        format!(r#"{{"code":"C{n}","details":[{inner}]}}"#)
    });
    let wide = format!(
        r#"{{"code":"A","details":[{}{{}}]}}"#,
        r#"{"code":"B","message":"x"},"#.repeat(500)
    );
    for body in [deep, wide] {
        let error = ArmError::from_answer(&answer(400, &[], &body));
        assert!(error.details().len() <= 40, "{}", error.details().len());
    }
}
