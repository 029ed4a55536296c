use std::sync::Arc;

use http_body_util::BodyExt;

use super::*;
use crate::build::base_images;

fn shelf_of(names: &[(&str, &str)]) -> (tempfile::TempDir, OciStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = OciStore::at(folder.path(), Arc::default());
    let image = base_images::find("docker.io", "library/nginx", "latest").expect("known");
    for (name, tag) in names {
        image.push(&store, name, tag).expect("pushed");
    }
    (folder, store)
}

async fn send(store: &OciStore, method: &str, path: &str, body: Value) -> (u16, Value, String) {
    let shelf = Shelf {
        store,
        login_server: "r.azurecr.io",
    };
    let route = AcrRoute::parse(path.split('?').next().unwrap_or(path)).expect("a route");
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Body::from(body.to_string()))
        .expect("a request");
    let (parts, body) = serve(&shelf, &route, request).await.into_parts();
    let bytes = body.collect().await.expect("body").to_bytes();
    let link = parts.headers.get("link").and_then(|v| v.to_str().ok());
    (
        parts.status.as_u16(),
        serde_json::from_slice(&bytes).unwrap_or_default(),
        link.unwrap_or_default().to_owned(),
    )
}

#[test]
fn paths_name_repositories_with_slashes() {
    let check =
        |path: &str, expect: Option<AcrRoute>| assert_eq!(AcrRoute::parse(path), expect, "{path}");
    check("/acr/v1/_catalog", Some(AcrRoute::Catalog));
    check("/acr/v1/a/b", Some(AcrRoute::Repository("a/b".into())));
    check("/acr/v1/a/b/_tags", Some(AcrRoute::Tags("a/b".into())));
    check(
        "/acr/v1/a/_tags/v1",
        Some(AcrRoute::Tag("a".into(), "v1".into())),
    );
    check(
        "/acr/v1/a/_manifests/sha256:1",
        Some(AcrRoute::Manifest("a".into(), "sha256:1".into())),
    );
    check("/acr/v1/_deleted/_catalog", None);
    check("/v2/a", None);
}

#[tokio::test]
async fn lists_come_in_pages_that_name_the_next() {
    let (_folder, store) = shelf_of(&[("a", "v1"), ("a", "v2"), ("a", "v3"), ("b/c", "v1")]);
    let (_, catalog, link) = send(&store, "GET", "/acr/v1/_catalog?n=1", Value::Null).await;
    assert_eq!(catalog, json!({ "repositories": ["a"] }));
    assert_eq!(link, "</acr/v1/_catalog?last=a&n=1&orderby=>; rel=\"next\"");
    let (_, rest, link) = send(&store, "GET", "/acr/v1/_catalog?n=1&last=a", Value::Null).await;
    assert_eq!(
        (rest, link.as_str()),
        (json!({ "repositories": ["b/c"] }), "")
    );
    let (_, tags, _) = send(
        &store,
        "GET",
        "/acr/v1/a/_tags?orderby=timedesc&n=2",
        Value::Null,
    )
    .await;
    let names: Vec<&str> = tags["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .filter_map(|t| t["name"].as_str())
        .collect();
    assert_eq!(names, ["v3", "v2"]);
    let path = "/acr/v1/a/_tags?orderby=timedesc&n=2&last=v2";
    let (_, tags, _) = send(&store, "GET", path, Value::Null).await;
    assert_eq!(tags["tags"][0]["name"], "v1");
}

#[tokio::test]
async fn a_manifest_says_what_it_is_for() {
    let (_folder, store) = shelf_of(&[("a", "v1"), ("a", "v2")]);
    let (status, all, _) = send(&store, "GET", "/acr/v1/a/_manifests", Value::Null).await;
    let manifest = &all["manifests"][0];
    assert_eq!(status, 200);
    assert_eq!(
        (
            &manifest["architecture"],
            &manifest["os"],
            &manifest["tags"]
        ),
        (&json!("amd64"), &json!("linux"), &json!(["v1", "v2"]))
    );
    let (_, repository, _) = send(&store, "GET", "/acr/v1/a", Value::Null).await;
    assert_eq!(
        (&repository["tagCount"], &repository["manifestCount"]),
        (&json!(2), &json!(1))
    );
}

#[tokio::test]
async fn what_is_locked_stays_and_what_is_deleted_is_gone() {
    let (_folder, store) = shelf_of(&[("a", "v1"), ("a", "v2")]);
    let lock = json!({ "writeEnabled": false });
    let (status, tag, _) = send(&store, "PATCH", "/acr/v1/a/_tags/v1", lock).await;
    assert_eq!(
        (status, &tag["tag"]["changeableAttributes"]["writeEnabled"]),
        (200, &json!(false))
    );
    for path in ["/acr/v1/a/_tags/v1", "/acr/v1/a"] {
        let (status, body, _) = send(&store, "DELETE", path, Value::Null).await;
        assert_eq!(
            (status, &body["errors"][0]["code"]),
            (405, &json!("REGISTRY_DISALLOWED_OPERATION")),
            "{path}"
        );
    }
    assert_eq!(
        send(&store, "DELETE", "/acr/v1/a/_tags/v2", Value::Null)
            .await
            .0,
        202
    );
    let (status, body, _) = send(&store, "GET", "/acr/v1/a/_tags/v2", Value::Null).await;
    assert_eq!(
        (status, &body["errors"][0]["code"]),
        (404, &json!("TAG_UNKNOWN"))
    );
    send(
        &store,
        "PATCH",
        "/acr/v1/a/_tags/v1",
        json!({ "writeEnabled": true }),
    )
    .await;
    let (status, body, _) = send(&store, "DELETE", "/acr/v1/a", Value::Null).await;
    assert_eq!((status, &body["tagsDeleted"]), (202, &json!(["v1"])));
    let (status, body, _) = send(&store, "GET", "/acr/v1/a", Value::Null).await;
    assert_eq!(
        (status, &body["errors"][0]["code"]),
        (404, &json!("NAME_UNKNOWN"))
    );
}
