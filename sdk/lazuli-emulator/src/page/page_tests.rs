use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::*;
use crate::traffic::Exchange;
use crate::web::fixture;
use crate::world::{self, World};

async fn get(world: &World, host: &str) -> (u16, String, String) {
    get_from(&Cloud::new(world.clone(), Default::default()), host).await
}

async fn get_from(cloud: &Cloud, host: &str) -> (u16, String, String) {
    let request = Request::builder()
        .uri("/")
        .header("host", host)
        .body(Body::empty())
        .expect("a request");
    let response = respond(cloud, request, Some(8080)).await;
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .expect("text")
        .to_owned();
    let status = response.status().as_u16();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    (
        status,
        String::from_utf8(body.to_vec()).expect("UTF-8"),
        policy,
    )
}

#[tokio::test]
async fn an_empty_world_has_a_page() {
    let (status, page, policy) = get(&world::tests::empty(), "127.0.0.1:8443").await;
    assert_eq!(status, 200);
    assert!(page.contains("Nothing is deployed"), "{page}");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for outside in ["src=", "<link", "url(", "@import"] {
        assert!(!page.contains(outside), "the page needs {outside}");
    }
}

#[tokio::test]
async fn the_way_to_the_image_is_shown_with_its_broken_hop() {
    let world = fixture::article();
    fixture::push_page(&world, "lnx-v1", "hello");
    let (_, page, _) = get(&world, "localhost").await;
    assert!(
        page.contains("secureacrweb2021") && !page.contains("hop broken"),
        "{page}"
    );
    for part in [
        "secureacr-pe",
        "privatelink.azurecr.io",
        "10.0.",
        "http://secureacrweb2021.azurewebsites.net.localhost:8080/",
    ] {
        assert!(page.contains(part), "the picture lacks {part}");
    }
    world.remove(&fixture::link_id());
    let (_, page, _) = get(&world, "localhost").await;
    assert!(
        page.contains("hop broken") && page.contains("Broken here"),
        "{page}"
    );
    assert_eq!(page.matches("hop broken").count(), 1);
}

#[tokio::test]
async fn in_a_large_world_groups_are_folded_and_what_is_broken_is_not() {
    let world = fixture::article();
    fixture::push_page(&world, "lnx-v1", "hello");
    let site = fixture::site_id();
    let (group, _) = site.split_once("/providers/").expect("an id");
    world.put(crate::world::Resource {
        id: group.to_owned(),
        kind: "Microsoft.Resources/resourceGroups".into(),
        body: json!({ "location": "westcentralus" }),
        private: Value::Null,
    });
    let (_, small, _) = get(&world, "localhost").await;
    assert!(small.contains("<details class=\"group\" id=\"group-secureacrsetup\" open"));
    let (sites, _) = site.rsplit_once('/').expect("an id");
    for number in 0..70 {
        let broken = world.get(&fixture::site_id()).expect("a site");
        let mut body = broken.body.clone();
        let name = format!("other{number:02}");
        body["properties"]["serverFarmId"] = "/nowhere".into();
        body["properties"]["defaultHostName"] = format!("{name}.azurewebsites.net").into();
        fixture::put(&world, &format!("{sites}/{name}"), body, broken.private);
    }
    let (_, large, _) = get(&world, "localhost").await;
    assert!(large.contains("<details class=\"group\" id=\"group-secureacrsetup\">"));
    let at = |text: &str| {
        large
            .find(text)
            .unwrap_or_else(|| panic!("{text} is not there"))
    };
    let good = at("<details class=\"app-card\" id=\"app-secureacrweb2021\">");
    assert!(
        at("id=\"app-other00\" open") < good,
        "the broken ones come first"
    );
}

#[tokio::test]
async fn whatever_a_resource_is_called_stays_text() {
    const EVIL: &str = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>";
    let world = fixture::article();
    let group = format!("/subscriptions/s/resourceGroups/{EVIL}");
    fixture::put(
        &world,
        &format!("{group}/providers/Microsoft.Network/virtualNetworks/{EVIL}"),
        json!({ "location": EVIL, "properties": { "provisioningState": EVIL, "addressSpace": { "addressPrefixes": [EVIL] } } }),
        Value::Null,
    );
    world.put(crate::world::Resource {
        id: group,
        kind: "Microsoft.Resources/resourceGroups".into(),
        body: json!({ "location": EVIL }),
        private: Value::Null,
    });
    world.update(&fixture::site_id(), |site| {
        site.private["containerLog"] = json!([format!("2026 ERROR - {EVIL}")]);
        site.private["config"]["linuxFxVersion"] = format!("DOCKER|{EVIL}").into();
    });
    world.update(&fixture::registry_id(), |registry| {
        registry.private["runs"] = json!({ "cs1": { "runId": EVIL, "status": EVIL, "polls": 9,
            "outputImages": [{ "repository": EVIL, "tag": EVIL }], "runErrorMessage": EVIL, "startTime": EVIL } });
    });
    let cloud = Cloud::new(world, Default::default());
    cloud.traffic.note(Exchange {
        at_ms: 0,
        method: EVIL.into(),
        path: EVIL.into(),
        status: Some(200),
        code: Some(EVIL.into()),
    });
    let (_, page, _) = get_from(&cloud, "[::1]:1").await;
    assert!(page.contains("&lt;img src=x"), "the texts are on the page");
    assert!(!page.contains("<img"), "{page}");
    assert_eq!(page.matches("<script>").count(), 1, "only the page's own");
    assert_eq!(page.matches("</script>").count(), 1);
}

#[tokio::test]
async fn names_of_others_do_not_get_the_page() {
    let world = fixture::article();
    let (status, page, _) = get(&world, "rebound.example:8443").await;
    assert_eq!(status, 421);
    assert!(!page.contains("secureacr"), "{page}");
}
