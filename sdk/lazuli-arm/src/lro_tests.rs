//! Each dialect, one answer at a time.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::*;

const BASE: &str = "https://management.azure.com";
const ID: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/n";
const OP: &str = "https://management.azure.com/subscriptions/s/op/1?api-version=1&t=1&s=a%2fb";

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let header = |(name, value): &(&'static str, &str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    };
    let headers = headers.iter().map(header).collect::<HeaderMap>();
    Answer::new(status, headers, body.as_bytes().to_vec())
}

fn accept(method: Method, answer: &Answer) -> Result<Accepted> {
    let url = Url::parse(&format!("{BASE}{ID}?api-version=1")).unwrap();
    let sent = Sent {
        method,
        url: &url,
        resource_url: &url,
        resource_id: ID,
        api_version: "1",
    };
    accepted(&sent, answer)
}

fn shown(result: Result<Accepted>) -> String {
    match result {
        Ok(Accepted::Done(body)) => format!("done {body}"),
        Ok(Accepted::Running { token, after }) => {
            let result = if token.result_url.is_some() {
                " +result"
            } else {
                ""
            };
            format!(
                "{:?} after {:?}{result}",
                token.kind,
                after.map(|after| after.as_secs())
            )
        }
        Err(error) => format!("{:?} {}", error.kind(), error.code().unwrap_or_default()),
    }
}

#[test]
fn what_an_answer_to_a_write_means() {
    use Method::{Delete, Patch, Post, Put};
    let state = |state: &str| format!(r#"{{"properties":{{"provisioningState":"{state}"}}}}"#);
    let (aao, loc) = ((ASYNC_OPERATION, OP), (LOCATION, OP));
    let own = format!("{BASE}{ID}?api-version=9");
    let cases: Vec<(&str, Method, Answer, &str)> = vec![
        (
            "1: created",
            Put,
            answer(201, &[aao, ("retry-after", "10")], &state("Updating")),
            "AsyncOperation after Some(10)",
        ),
        (
            "1: nothing changed",
            Put,
            answer(200, &[aao], &state("Succeeded")),
            "AsyncOperation after Some(0)",
        ),
        (
            "2: both headers",
            Put,
            answer(202, &[aao, loc], "{}"),
            "AsyncOperation after None",
        ),
        (
            "2: delete, empty",
            Delete,
            answer(202, &[aao, loc], ""),
            "AsyncOperation after None",
        ),
        (
            "3: location only",
            Delete,
            answer(202, &[loc, ("retry-after", "15")], ""),
            "Location after Some(15)",
        ),
        (
            "3: a null body",
            Delete,
            answer(202, &[loc, ("retry-after", "0")], "null"),
            "Location after Some(0)",
        ),
        (
            "3: text body",
            Delete,
            answer(202, &[loc], "accepted"),
            "Location after None",
        ),
        (
            "4: still registering",
            Put,
            answer(200, &[], &state("RegisteringDns")),
            "Resource after None",
        ),
        (
            "4: finished",
            Put,
            answer(200, &[], r#"{"a":1}"#),
            r#"done {"a":1}"#,
        ),
        (
            "4: failed",
            Put,
            answer(200, &[], &state("Failed")),
            "OperationFailed ProvisioningStateFailed",
        ),
        (
            "4: cancelled",
            Patch,
            answer(200, &[], &state("Canceled")),
            "Cancelled ProvisioningStateCanceled",
        ),
        (
            "201 with a Location is not an operation",
            Put,
            answer(201, &[loc], "{}"),
            "done {}",
        ),
        (
            "the link is the request",
            Put,
            answer(201, &[(ASYNC_OPERATION, &own)], &state("Creating")),
            "Resource after None",
        ),
        (
            "202 without a link",
            Put,
            answer(202, &[], ""),
            "Resource after None",
        ),
        (
            "202 without a link",
            Delete,
            answer(202, &[], ""),
            "Resource after None",
        ),
        ("deleted", Delete, answer(204, &[], ""), "done null"),
        (
            "deleted, resource in the body",
            Delete,
            answer(200, &[], r#"{"id":1}"#),
            "done null",
        ),
        (
            "an action with a result elsewhere",
            Post,
            answer(202, &[aao, loc], ""),
            "AsyncOperation after None +result",
        ),
        (
            "an action that is done",
            Post,
            answer(200, &[], r#"{"k":1}"#),
            r#"done {"k":1}"#,
        ),
        (
            "an action without a link",
            Post,
            answer(202, &[], ""),
            "done null",
        ),
        (
            "a relative link",
            Delete,
            answer(202, &[(LOCATION, "/subscriptions/s/op/1")], ""),
            "Location after None",
        ),
        ("not JSON", Put, answer(200, &[], "<html>"), "BadAnswer "),
    ];
    for (name, method, answer, expected) in cases {
        assert_eq!(shown(accept(method, &answer)), expected, "{name}");
    }
}

#[test]
fn links_are_kept_byte_for_byte_and_never_leave_the_origin() {
    let here = Url::parse(&format!("{BASE}/x")).unwrap();
    let kept = [
        OP,
        "https://management.azure.com:443/op?h=Zz%2F%2b==&c=MII-_",
        "https://MANAGEMENT.azure.com/op",
    ];
    for link in kept {
        assert_eq!(trusted(&here, link).unwrap().expose(), link);
    }
    assert_eq!(
        trusted(&here, "/op?s=a%2fb").unwrap().expose(),
        "https://management.azure.com/op?s=a%2fb"
    );
    let refused = [
        "https://evil.example/op",
        "http://management.azure.com/op",
        "https://management.azure.com:444/op",
        "https://management.azure.com.evil.example/op",
        "https://management.azure.com@evil.example/op",
        "https://user:pass@management.azure.com/op",
        "//evil.example/op",
        "https://",
    ];
    for link in refused {
        assert_eq!(
            trusted(&here, link).unwrap_err().kind(),
            ArmErrorKind::ForeignUrl,
            "{link}"
        );
        let error = accept(Method::Put, &answer(202, &[(ASYNC_OPERATION, link)], "")).unwrap_err();
        assert_eq!(error.kind(), ArmErrorKind::ForeignUrl, "{link}");
    }
}

fn poll(kind: PollKind, method: Method, answer: &Answer) -> String {
    let token = OperationToken {
        kind,
        method,
        poll_url: PollUrl::new(OP),
        result_url: None,
        resource_id: ID.to_owned(),
        api_version: "1".to_owned(),
    };
    match read(&token, &Url::parse(OP).unwrap(), answer) {
        Reading::Running { next, state, .. } => {
            format!("{state}{}", if next.is_some() { " moved" } else { "" })
        }
        Reading::Done(body) => format!("done {body}"),
        Reading::Failed(error) => format!(
            "{:?} {}",
            error.kind(),
            error.innermost_code().unwrap_or_default()
        ),
        Reading::Unreadable { passing, .. } => format!("unreadable, passing: {passing}"),
    }
}

#[test]
fn what_a_status_document_says() {
    let busy = r#"{"status":"Failed","error":{"code":"AnotherOperationInProgress","message":"m"}}"#;
    let nested = r#"{"status":"Failed","error":{"code":"X","details":[{"code":"NetcfgSubnetRangesOverlap"}]}}"#;
    let cases = [
        (answer(200, &[], r#"{"status":"InProgress"}"#), "InProgress"),
        (answer(202, &[], r#"{"status":"InProgress"}"#), "InProgress"),
        (
            answer(200, &[(ASYNC_OPERATION, OP)], r#"{"status":"Updating"}"#),
            "Updating moved",
        ),
        (
            answer(200, &[], r#"{"status":"Frobnicating"}"#),
            "Frobnicating",
        ),
        (
            answer(200, &[], r#"{"status":"succeeded"}"#),
            r#"done {"status":"succeeded"}"#,
        ),
        (
            answer(202, &[], r#"{"status":"Succeeded"}"#),
            r#"done {"status":"Succeeded"}"#,
        ),
        (answer(200, &[], ""), "done null"),
        (answer(202, &[], ""), "Accepted"),
        (answer(200, &[], r#"{"status":"Canceled"}"#), "Cancelled "),
        (answer(200, &[], r#"{"status":"Cancelled"}"#), "Cancelled "),
        (
            answer(200, &[], r#"{"status":"Failed"}"#),
            "OperationFailed ",
        ),
        (answer(200, &[], busy), "Busy AnotherOperationInProgress"),
        (
            answer(200, &[], nested),
            "OperationFailed NetcfgSubnetRangesOverlap",
        ),
        (answer(404, &[], ""), "unreadable, passing: true"),
        (answer(503, &[], ""), "unreadable, passing: true"),
        (
            answer(400, &[], r#"{"error":{"code":"X"}}"#),
            "unreadable, passing: false",
        ),
        (answer(200, &[], "<html>"), "unreadable, passing: true"),
        (
            answer(200, &[(ASYNC_OPERATION, "https://evil.example")], "{}"),
            "ForeignUrl ",
        ),
    ];
    for (answer, expected) in cases {
        assert_eq!(
            poll(PollKind::AsyncOperation, Method::Put, &answer),
            expected,
            "{answer:?}"
        );
    }
}

#[test]
fn what_a_location_says() {
    let cases = [
        (answer(200, &[], r#"{"status":"InProgress"}"#), "InProgress"),
        (
            answer(
                200,
                &[],
                r#"{"status":"Failed","error":{"code":"X","message":"m"}}"#,
            ),
            "OperationFailed X",
        ),
        (
            answer(200, &[], r#"{"status":"Succeeded"}"#),
            r#"done {"status":"Succeeded"}"#,
        ),
        (
            answer(200, &[], r#"{"status":"Queued","runId":1}"#),
            r#"done {"status":"Queued","runId":1}"#,
        ),
        (
            answer(200, &[], r#"{"type":"M.X/y","status":"Failed"}"#),
            r#"done {"type":"M.X/y","status":"Failed"}"#,
        ),
        (answer(202, &[], ""), "Accepted"),
        (answer(202, &[(LOCATION, OP)], ""), "Accepted moved"),
        (answer(200, &[], ""), "done null"),
        (answer(204, &[], ""), "done null"),
        (answer(201, &[], r#"{"id":1}"#), r#"done {"id":1}"#),
        (
            answer(409, &[], r#"{"error":{"code":"X","message":"m"}}"#),
            "Conflict X",
        ),
        (answer(429, &[], ""), "unreadable, passing: true"),
        (answer(404, &[], ""), "unreadable, passing: true"),
        (answer(403, &[], ""), "unreadable, passing: false"),
        (answer(307, &[], ""), "unreadable, passing: false"),
    ];
    for (answer, expected) in cases {
        assert_eq!(
            poll(PollKind::Location, Method::Delete, &answer),
            expected,
            "{answer:?}"
        );
    }
}

#[test]
fn what_the_resource_itself_says() {
    use Method::{Delete, Put};
    let state = |state: &str| {
        answer(
            200,
            &[],
            &format!(r#"{{"properties":{{"provisioningState":"{state}"}}}}"#),
        )
    };
    let gone = || {
        answer(
            404,
            &[],
            r#"{"error":{"code":"ResourceNotFound","message":"m"}}"#,
        )
    };
    let page = || answer(404, &[], "<html>no</html>");
    let reasoned = r#"{"properties":{"provisioningState":"Failed","provisioningError":{"code":"X","message":"m"}}}"#;
    let cases = [
        (Put, state("Updating"), "Updating"),
        (Put, answer(200, &[], "{}"), "done {}"),
        (
            Put,
            state("Failed"),
            "OperationFailed ProvisioningStateFailed",
        ),
        (Put, answer(200, &[], reasoned), "OperationFailed X"),
        (Put, gone(), "NotVisibleYet"),
        (Put, page(), "unreadable, passing: true"),
        (Delete, gone(), "done null"),
        (Delete, page(), "unreadable, passing: true"),
        (Delete, state("Deleting"), "Deleting"),
        (Delete, state("Succeeded"), "Succeeded"),
    ];
    for (method, answer, expected) in cases {
        assert_eq!(
            poll(PollKind::Resource, method, &answer),
            expected,
            "{method} {answer:?}"
        );
    }
}
