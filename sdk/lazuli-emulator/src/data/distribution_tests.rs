use std::sync::Arc;

use super::*;

struct Fixture {
    _folder: tempfile::TempDir,
    store: OciStore,
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let store = OciStore::at(folder.path(), Arc::default());
        Self {
            _folder: folder,
            store,
        }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_vec())).expect("request");
        let route = Route::parse(request.uri().path()).expect("a route");
        let response = serve(&self.store, &route, &|_| true, request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("body").to_bytes();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
    }

    fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).expect("an error body");
        body["errors"][0]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

#[test]
fn paths_name_their_part_of_a_registry() {
    let text = |s: &str| s.to_owned();
    let cases = [
        ("/v2/", Some(Route::Base)),
        ("/v2/_catalog", Some(Route::Catalog)),
        ("/v2/a/b/tags/list", Some(Route::Tags(text("a/b")))),
        (
            "/v2/a/b/manifests/v1",
            Some(Route::Manifest(text("a/b"), text("v1"))),
        ),
        ("/v2/a/blobs/uploads/", Some(Route::Uploads(text("a")))),
        (
            "/v2/a/blobs/uploads/7",
            Some(Route::Upload(text("a"), text("7"))),
        ),
        (
            "/v2/a/blobs/sha256%3A0",
            Some(Route::Blob(text("a"), text("sha256:0"))),
        ),
        ("/v2/a", None),
        ("/other", None),
    ];
    for (path, expect) in cases {
        assert_eq!(Route::parse(path), expect, "{path}");
    }
}

#[tokio::test]
async fn an_upload_in_pieces_checks_order_and_digest() {
    let f = Fixture::new();
    let begun = f.send("POST", "/v2/site/blobs/uploads/", &[], b"").await;
    assert_eq!(begun.status, 202);
    let at = begun.header("location").to_owned();
    let first = f
        .send("PATCH", &at, &[("content-range", "0-4")], b"hello")
        .await;
    assert_eq!((first.status, first.header("range")), (202, "0-4"));
    let skipped = f
        .send("PATCH", &at, &[("content-range", "9-9")], b"x")
        .await;
    assert_eq!(
        (skipped.status, skipped.code().as_str()),
        (416, "BLOB_UPLOAD_INVALID")
    );
    let stands = f.send("GET", &at, &[], b"").await;
    assert_eq!((stands.status, stands.header("range")), (204, "0-4"));
    let wrong = f
        .send(
            "PUT",
            &format!("{at}?digest={}", Digest::of(b"other")),
            &[],
            b"",
        )
        .await;
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (400, "DIGEST_INVALID")
    );
    let digest = Digest::of(b"hello world");
    let done = f
        .send("PUT", &format!("{at}?digest={digest}"), &[], b" world")
        .await;
    assert_eq!(
        (done.status, done.header(DIGEST_HEADER)),
        (201, digest.as_str())
    );
    let part = f
        .send(
            "GET",
            &format!("/v2/site/blobs/{digest}"),
            &[("range", "bytes=6-")],
            b"",
        )
        .await;
    assert_eq!(
        (part.status, part.header("content-range"), &part.body[..]),
        (206, "bytes 6-10/11", &b"world"[..])
    );
    let head = f
        .send("HEAD", &format!("/v2/site/blobs/{digest}"), &[], b"")
        .await;
    assert_eq!(
        (head.status, head.header("content-length"), head.body.len()),
        (200, "11", 0)
    );
}

#[tokio::test]
async fn manifests_are_checked_negotiated_and_deleted() {
    let f = Fixture::new();
    let config = f.store.put_blob("site", b"{}").expect("config");
    let oci = "application/vnd.oci.image.manifest.v1+json";
    let body = json!({ "schemaVersion": 2, "config": { "digest": config.as_str() }, "layers": [] })
        .to_string();
    let orphan = json!({ "schemaVersion": 2, "config": { "digest": Digest::of(b"no").as_str() } })
        .to_string();
    let kind = [("content-type", oci)];
    let refused = f
        .send("PUT", "/v2/site/manifests/v1", &kind, orphan.as_bytes())
        .await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (404, "MANIFEST_BLOB_UNKNOWN")
    );
    let untyped = f
        .send("PUT", "/v2/site/manifests/v1", &[], body.as_bytes())
        .await;
    assert_eq!(
        (untyped.status, untyped.code().as_str()),
        (400, "MANIFEST_INVALID")
    );
    let put = f
        .send("PUT", "/v2/site/manifests/v1", &kind, body.as_bytes())
        .await;
    assert_eq!(put.status, 201);
    let got = f
        .send("GET", "/v2/site/manifests/v1", &[("accept", oci)], b"")
        .await;
    assert_eq!(
        (got.status, got.header("content-type"), &got.body[..]),
        (200, oci, body.as_bytes())
    );
    let old = f
        .send(
            "GET",
            "/v2/site/manifests/v1",
            &[(
                "accept",
                "application/vnd.docker.distribution.manifest.v2+json",
            )],
            b"",
        )
        .await;
    assert_eq!((old.status, old.code().as_str()), (404, "MANIFEST_UNKNOWN"));
    let deleted = f
        .send(
            "DELETE",
            &format!("/v2/site/manifests/{}", put.header(DIGEST_HEADER)),
            &[],
            b"",
        )
        .await;
    assert_eq!(deleted.status, 202);
    assert_eq!(
        f.send("GET", "/v2/site/manifests/v1", &[], b"")
            .await
            .code(),
        "MANIFEST_UNKNOWN"
    );
}

#[tokio::test]
async fn a_blob_is_mounted_or_an_upload_begins() {
    let f = Fixture::new();
    let digest = f.store.put_blob("base", b"layer").expect("blob");
    let cases = [("base", 201), ("nowhere", 202)];
    for (from, expect) in cases {
        let path = format!("/v2/site/blobs/uploads/?mount={digest}&from={from}");
        assert_eq!(
            f.send("POST", &path, &[], b"").await.status,
            expect,
            "{from}"
        );
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let f = Fixture::new();
    for tag in ["a", "b", "c"] {
        let config = f.store.put_blob("site", b"{}").expect("config");
        let body =
            json!({ "schemaVersion": 2, "config": { "digest": config.as_str() } }).to_string();
        f.store
            .put_manifest("site", tag, "x", body.as_bytes())
            .expect("manifest");
    }
    let first = f.send("GET", "/v2/site/tags/list?n=2", &[], b"").await;
    assert_eq!(
        first.header("link"),
        "</v2/site/tags/list?last=b&n=2&orderby=>; rel=\"next\""
    );
    let second = f
        .send("GET", "/v2/site/tags/list?n=2&last=b", &[], b"")
        .await;
    assert_eq!(
        (second.header("link"), &second.body[..]),
        ("", &br#"{"name":"site","tags":["c"]}"#[..])
    );
    assert_eq!(
        f.send("GET", "/v2/_catalog?n=x", &[], b"").await.code(),
        "PAGINATION_NUMBER_INVALID"
    );
    assert_eq!(
        f.send("GET", "/v2/none/tags/list", &[], b"").await.code(),
        "NAME_UNKNOWN"
    );
}
