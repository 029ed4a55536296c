use http::HeaderMap;
use serde_json::json;

use super::*;
use crate::arm::entra::{Claims, issue};
use crate::arm::{Body, rbac};
use crate::world;

fn send(world: &World, principal: &str, method: Method, path: &str, body: Value) -> Answer {
    let claims = Claims {
        principal: principal.into(),
        client: "the-client".into(),
        audience: "https://management.azure.com".into(),
    };
    let mut headers = HeaderMap::new();
    let bearer = format!("Bearer {}", issue(world, &claims, 60));
    headers.insert("authorization", bearer.parse().expect("a header value"));
    let body = if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    };
    let (path, query) = (path.to_owned(), "api-version=2024-05-01".to_owned());
    let incoming = Incoming {
        method,
        path,
        query,
        headers,
        body,
        base: "https://127.0.0.1".into(),
    };
    answer(world, &Conditions::default(), &incoming)
}

fn code(answer: &Answer) -> (u16, String, String) {
    let Body::Json(body) = &answer.body else {
        return (answer.status.as_u16(), String::new(), String::new());
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (
        answer.status.as_u16(),
        text(&body["error"]["code"]),
        text(&body["error"]["message"]),
    )
}

#[test]
fn callers_need_a_role_on_the_scope() {
    let world = world::tests::empty();
    rbac::seed(&world);
    let owner = world.settings().principal.clone();
    let group = format!(
        "/subscriptions/{}/resourceGroups/g",
        world.settings().subscription
    );
    let place = json!({ "location": "westus" });
    let (status, code_, message) = code(&send(
        &world,
        "stranger",
        Method::PUT,
        &group,
        place.clone(),
    ));
    assert_eq!((status, code_.as_str()), (403, "AuthorizationFailed"));
    for part in [
        "the-client",
        "stranger",
        "Microsoft.Resources/subscriptions/resourceGroups/write",
        group.as_str(),
    ] {
        assert!(message.contains(part), "{message} lacks {part}");
    }
    assert_eq!(
        send(&world, &owner, Method::PUT, &group, place)
            .status
            .as_u16(),
        201
    );
    let reader = format!(
        "{group}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-000000000001"
    );
    let role =
        "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7";
    let stranger = "99999999-9999-9999-9999-999999999999";
    let assignment = json!({ "properties": { "roleDefinitionId": role, "principalId": stranger, "principalType": "User" } });
    assert_eq!(
        send(&world, &owner, Method::PUT, &reader, assignment)
            .status
            .as_u16(),
        201
    );
    assert_eq!(
        send(&world, stranger, Method::GET, &group, Value::Null)
            .status
            .as_u16(),
        200
    );
    let network = format!("{group}/providers/Microsoft.Network/virtualNetworks/v");
    assert_eq!(
        code(&send(&world, stranger, Method::PUT, &network, json!({}))).1,
        "AuthorizationFailed"
    );
}

#[test]
fn what_is_not_modelled_says_so() {
    let world = world::tests::empty();
    rbac::seed(&world);
    let owner = world.settings().principal.clone();
    let subscription = format!("/subscriptions/{}", world.settings().subscription);
    send(
        &world,
        &owner,
        Method::PUT,
        &format!("{subscription}/resourceGroups/g"),
        json!({ "location": "westus" }),
    );
    let server = format!("{subscription}/resourceGroups/g/providers/Microsoft.Sql/servers/v");
    for (method, path) in [
        (Method::PUT, server.clone()),
        (Method::GET, server.clone()),
        (Method::POST, format!("{server}/odd")),
    ] {
        let (status, code, message) = code(&send(&world, &owner, method, &path, Value::Null));
        assert_eq!(
            (status, code.as_str()),
            (501, "NotModelledByEmulator"),
            "{path}"
        );
        assert!(
            message.contains("Microsoft.Sql/servers") && message.contains("Microsoft.Web/sites"),
            "{message}"
        );
    }
}

#[test]
fn versions_are_dates() {
    let check = |version: &str, expect: bool| {
        let query = format!("api-version={version}");
        let incoming = Incoming {
            method: Method::GET,
            path: "/".into(),
            query,
            headers: HeaderMap::new(),
            body: Vec::new(),
            base: String::new(),
        };
        assert_eq!(api_version(&incoming).is_ok(), expect, "{version}");
    };
    for good in ["2026-09-01-preview", "2018-09-01", "2025-01-01-alpha"] {
        check(good, true);
    }
    for bad in [
        "",
        "2024",
        "2024-13-01",
        "2024-01-01-",
        "latest",
        "2024-01-01preview",
    ] {
        check(bad, false);
    }
}

#[test]
fn python_is_told_to_wait_a_second_where_others_need_not() {
    let world = crate::world::tests::empty();
    let check = |agent: &str, expect: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", agent.parse().expect("a header value"));
        let incoming = Incoming {
            method: Method::GET,
            path: "/".into(),
            query: String::new(),
            headers,
            body: Vec::new(),
            base: "https://127.0.0.1".into(),
        };
        let accepted = Answer::empty(StatusCode::ACCEPTED).with("retry-after", "0");
        let answer = with_standard_headers(&world, &incoming, None, accepted);
        let mut waits = answer
            .headers
            .iter()
            .filter(|(name, _)| *name == "retry-after");
        assert_eq!(
            waits.next().map(|(_, value)| value.as_str()),
            Some(expect),
            "{agent}"
        );
    };
    check(
        "AZURECLI/2.91.0 (PIP) azsdk-python-core/1.38.0 Python/3.11",
        "1",
    );
    check("lazuli/0.1.0", "0");
}
