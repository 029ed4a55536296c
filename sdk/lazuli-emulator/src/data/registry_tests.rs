use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::BodyExt;

use super::*;
use crate::arm::entra::{Claims, issue};
use crate::web::fixture::{PRINCIPAL, article, change, registry_id, role_id};

const HOST: &str = "secureacr2021.azurecr.io";
const INSIDE: [u8; 4] = [10, 0, 0, 4];
const OUTSIDE: [u8; 4] = [203, 0, 113, 7];

struct Reply {
    status: u16,
    challenge: String,
    body: Value,
}

async fn send(
    world: &World,
    from: [u8; 4],
    method: &str,
    path: &str,
    authorization: &str,
    form: &str,
) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    if !authorization.is_empty() {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    let request = request.body(Body::from(form.to_owned())).expect("request");
    let (parts, body) = handle(world, HOST, IpAddr::from(from), request)
        .await
        .into_parts();
    let body = body.collect().await.expect("body").to_bytes();
    let challenge = parts
        .headers
        .get(header::WWW_AUTHENTICATE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    Reply {
        status: parts.status.as_u16(),
        challenge,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

fn entra_token(world: &World, principal: &str) -> String {
    let claims = Claims {
        principal: principal.into(),
        client: "c".into(),
        audience: "https://management.azure.com/".into(),
    };
    issue(world, &claims, 60)
}

async fn exchange(world: &World, principal: &str) -> Reply {
    let form = format!(
        "grant_type=access_token&service={HOST}&access_token={}",
        entra_token(world, principal)
    );
    send(world, INSIDE, "POST", "/oauth2/exchange", "", &form).await
}

async fn access_token(world: &World, refresh: &str, scope: &str) -> Reply {
    let form =
        format!("grant_type=refresh_token&service={HOST}&scope={scope}&refresh_token={refresh}");
    send(world, INSIDE, "POST", "/oauth2/token", "", &form).await
}

#[tokio::test]
async fn a_principal_gets_exactly_what_its_role_gives() {
    let world = article();
    let manifest = "/v2/privatewebsite/manifests/lnx-v1";
    let stranger = send(&world, INSIDE, "GET", manifest, "", "").await;
    assert_eq!(stranger.status, 401);
    assert_eq!(
        stranger.challenge,
        "Bearer realm=\"https://secureacr2021.azurecr.io/oauth2/token\",service=\"secureacr2021.azurecr.io\",scope=\"repository:privatewebsite:pull\""
    );
    assert_eq!(stranger.body["errors"][0]["code"], "UNAUTHORIZED");
    let refresh = exchange(&world, PRINCIPAL).await.body["refresh_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let token = access_token(&world, &refresh, "repository:privatewebsite:pull,push").await;
    let bearer = format!(
        "Bearer {}",
        token.body["access_token"].as_str().expect("a token")
    );
    assert_eq!(
        send(&world, INSIDE, "GET", manifest, &bearer, "")
            .await
            .status,
        200
    );
    assert_eq!(
        send(
            &world,
            INSIDE,
            "POST",
            "/v2/privatewebsite/blobs/uploads/",
            &bearer,
            ""
        )
        .await
        .status,
        401
    );
    assert_eq!(
        send(&world, INSIDE, "GET", "/v2/other/manifests/v1", &bearer, "")
            .await
            .status,
        401
    );
    assert_eq!(
        send(
            &world,
            INSIDE,
            "GET",
            manifest,
            &format!("Bearer {refresh}"),
            ""
        )
        .await
        .status,
        401,
        "a refresh token is not an access token"
    );
}

#[tokio::test]
async fn rights_are_judged_at_the_exchange() {
    let world = article();
    assert_eq!(exchange(&world, "nobody").await.status, 401);
    let refresh = exchange(&world, PRINCIPAL).await.body["refresh_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    world.remove(&role_id());
    assert_eq!(exchange(&world, PRINCIPAL).await.status, 401);
    let old = access_token(&world, &refresh, "repository:privatewebsite:pull").await;
    assert_eq!(old.status, 200, "an issued token keeps its rights");
    change(&world, &registry_id(), |r| {
        r.body["properties"]["roleAssignmentMode"] = "AbacRepositoryPermissions".into()
    });
    assert_eq!(
        access_token(&world, &refresh, "repository:privatewebsite:pull")
            .await
            .status,
        401,
        "a switch of mode ends it"
    );
    let forged = send(
        &world,
        INSIDE,
        "POST",
        "/oauth2/exchange",
        "",
        "grant_type=access_token&access_token=a.b.c",
    )
    .await;
    assert_eq!(forged.status, 401);
}

#[tokio::test]
async fn the_admin_user_signs_in_while_it_is_enabled() {
    let world = article();
    let basic = |user: &str, password: &str| {
        format!(
            "Basic {}",
            BASE64_STANDARD.encode(format!("{user}:{password}"))
        )
    };
    let good = basic("secureacr2021", "first-password");
    let tags = "/v2/privatewebsite/tags/list";
    assert_eq!(
        send(&world, INSIDE, "GET", tags, &good, "").await.status,
        401
    );
    change(&world, &registry_id(), |r| {
        r.body["properties"]["adminUserEnabled"] = true.into()
    });
    assert_eq!(
        send(&world, INSIDE, "GET", tags, &good, "").await.status,
        200
    );
    assert_eq!(
        send(
            &world,
            INSIDE,
            "GET",
            tags,
            &basic("secureacr2021", "wrong"),
            ""
        )
        .await
        .status,
        401
    );
    let grant = send(
        &world,
        INSIDE,
        "GET",
        "/oauth2/token?scope=repository:privatewebsite:push",
        &good,
        "",
    )
    .await;
    assert_eq!(grant.status, 200);
    let form = "grant_type=password&username=secureacr2021&password=second-password&scope=registry:catalog:*";
    let token = send(&world, INSIDE, "POST", "/oauth2/token", "", form).await;
    let bearer = format!(
        "Bearer {}",
        token.body["access_token"].as_str().expect("a token")
    );
    let catalog = send(&world, INSIDE, "GET", "/v2/_catalog", &bearer, "").await;
    assert_eq!(catalog.body, json!({ "repositories": ["privatewebsite"] }));
}

#[tokio::test]
async fn the_firewall_comes_first_and_spares_the_private_endpoint() {
    let world = article();
    let refused = send(&world, OUTSIDE, "GET", "/v2/", "", "").await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.body["errors"][0]["code"], "DENIED");
    let message = refused.body["errors"][0]["message"]
        .as_str()
        .unwrap_or_default();
    assert!(
        message.starts_with("client with IP '203.0.113.7' is not allowed access"),
        "{message}"
    );
    assert_eq!(
        send(&world, INSIDE, "GET", "/v2/", "", "").await.status,
        401
    );
    change(&world, &registry_id(), |r| {
        r.body["properties"]["publicNetworkAccess"] = "Enabled".into();
        r.body["properties"]["networkRuleSet"]["ipRules"] = json!([{ "value": "203.0.113.7" }]);
    });
    assert_eq!(
        send(&world, OUTSIDE, "GET", "/v2/", "", "").await.status,
        401
    );
}

#[tokio::test]
async fn a_mount_needs_the_right_to_read_its_source() {
    let world = article();
    change(&world, &registry_id(), |r| {
        r.body["properties"]["adminUserEnabled"] = true.into()
    });
    let digest = store(&world, &world.get(&registry_id()).expect("registry"))
        .put_blob("base", b"layer")
        .expect("blob");
    let path = format!("/v2/site/blobs/uploads/?mount={digest}&from=base");
    let both = "scope=repository:site:pull,push&scope=repository:base:pull";
    for (scope, expect) in [("scope=repository:site:pull,push", 202), (both, 201)] {
        let form =
            format!("grant_type=password&username=secureacr2021&password=first-password&{scope}");
        let token = send(&world, INSIDE, "POST", "/oauth2/token", "", &form).await;
        let bearer = format!(
            "Bearer {}",
            token.body["access_token"].as_str().expect("a token")
        );
        assert_eq!(
            send(&world, INSIDE, "POST", &path, &bearer, "")
                .await
                .status,
            expect,
            "{scope}"
        );
    }
}
